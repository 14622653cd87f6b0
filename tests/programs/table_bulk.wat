;; Covers: table.copy (within a table overlapping both ways, between tables), table.init, elem.drop of passive, active
;; and declared segments, with bounds checked before anything is written.
;; invoke: copy 4 0 6
;; invoke: copy 0 4 6
;; invoke: copy 2 2 5
;; invoke: copy 10 0 0
;; invoke: copy 11 0 0
;; invoke: copy 10 0 1
;; invoke: copy 0 9 2
;; invoke: copy 5 0 -1
;; invoke: init 1 0 4
;; invoke: init 6 0 4
;; invoke: init 7 0 4
;; invoke: init 0 3 2
;; invoke: init 0 4 0
;; invoke: init 0 5 0
;; invoke: drop_then_init 0
;; invoke: drop_then_init 1
;; invoke: declared_is_dropped 0
;; invoke: declared_is_dropped 1
;; invoke: between 3
;; invoke: between 4
;; invoke: expressions
(module
  (type $number (func (result i32)))
  (table $t 10 funcref)
  (table $u 3 funcref)
  (elem $active (table $t) (i32.const 0) func $f0 $f1 $f2 $f3 $f4)
  (elem $passive func $f4 $f3 $f2 $f1)
  (elem $items funcref (ref.func $f5) (ref.null func) (ref.func $f0))
  (elem declare func $f6)
  (elem (table $u) (i32.const 1) funcref (ref.func $f2) (ref.null func))
  (func $f0 (result i32) (i32.const 1))
  (func $f1 (result i32) (i32.const 2))
  (func $f2 (result i32) (i32.const 3))
  (func $f3 (result i32) (i32.const 4))
  (func $f4 (result i32) (i32.const 5))
  (func $f5 (result i32) (i32.const 6))
  (func $f6 (result i32) (i32.const 7))
  (func $sum (result i64) (local $i i32) (local $h i64)
    (loop $again
      (local.set $h (i64.mul (local.get $h) (i64.const 10)))
      (block $null
        (br_if $null (ref.is_null (table.get $t (local.get $i))))
        (local.set $h (i64.add (local.get $h) (i64.extend_i32_u (call_indirect $t (type $number) (local.get $i))))))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 10))))
    (local.get $h))
  (func (export "copy") (param i32 i32 i32) (result i64)
    (table.copy $t $t (local.get 0) (local.get 1) (local.get 2)) (call $sum))
  (func (export "init") (param i32 i32 i32) (result i64)
    (table.init $t $passive (local.get 0) (local.get 1) (local.get 2)) (call $sum))
  (func (export "drop_then_init") (param $n i32) (result i64)
    (table.init $t $passive (i32.const 5) (i32.const 1) (i32.const 3))
    (elem.drop $passive) (elem.drop $passive)
    (table.init $t $passive (i32.const 0) (i32.const 0) (local.get $n))
    (call $sum))
  (func (export "declared_is_dropped") (param $n i32) (result i64)
    (table.set $t (i32.const 9) (ref.func $f6))
    (table.init $t $active (i32.const 3) (i32.const 0) (local.get $n)) (call $sum))
  (func (export "between") (param $n i32) (result i64)
    (table.copy $t $u (i32.const 6) (i32.const 0) (local.get $n))
    (table.copy $u $t (i32.const 0) (i32.const 2) (i32.const 3))
    (i64.add (call $sum) (i64.extend_i32_u (call_indirect $u (type $number) (i32.const 2)))))
  (func (export "expressions") (result i64)
    (table.init $t $items (i32.const 7) (i32.const 0) (i32.const 3))
    (elem.drop $items)
    (call $sum))
)
