;; Covers: call_indirect through several tables, types that are equal but declared twice, arguments of all types, the
;; index computed or constant; null, out-of-bounds and mismatched elements as traps at their offsets.
;; invoke: binary 0 30 12
;; invoke: binary 1 30 12
;; invoke: binary 2 30 12
;; invoke: binary 3 30 12
;; invoke: binary 4 30 12
;; invoke: binary 5 30 12
;; invoke: binary 6 30 12
;; invoke: binary 100 30 12
;; invoke: binary -1 30 12
;; invoke: same_type_again 1
;; invoke: mixed 0
;; invoke: mixed 1
;; invoke: mixed 2
;; invoke: constant_index
;; invoke: constant_index_null
;; invoke: sum_of_all 3
;; invoke: nested_trap 4
;; invoke: nested_trap 5
;; invoke: nested_trap 6
;; invoke: many_results 1
;; invoke: recursive 12
;; invoke: index_from_call
(module
  (type $binary (func (param i32 i32) (result i32)))
  (type $binary_again (func (param i32 i32) (result i32)))
  (type $mixed (func (param f64 i64 f32 i32 funcref) (result f64)))
  (type $many (func (param i32) (result i32 i64 f32 f64)))
  (table $ops 6 funcref)
  (table $mix funcref (elem $mixed0 $mixed1))
  (elem (table $ops) (i32.const 0) func $add $sub $mul $div)
  (elem (table $ops) (i32.const 5) func $mixed0)
  (func $add (type $binary) (i32.add (local.get 0) (local.get 1)))
  (func $sub (type $binary_again) (i32.sub (local.get 0) (local.get 1)))
  (func $mul (param i32 i32) (result i32) (i32.mul (local.get 0) (local.get 1)))
  (func $div (type $binary) (i32.div_u (local.get 0) (local.get 1)))
  (func $mixed0 (type $mixed)
    (f64.add (local.get 0) (f64.sub (f64.convert_i64_s (local.get 1)) (f64.promote_f32 (local.get 2)))))
  (func $mixed1 (type $mixed)
    (f64.mul (local.get 0) (f64.convert_i32_s (i32.add (local.get 3) (ref.is_null (local.get 4))))))
  (func (export "binary") (param $op i32) (param $a i32) (param $b i32) (result i32)
    (i32.add (i32.const 1000) (call_indirect $ops (type $binary) (local.get $a) (local.get $b) (local.get $op))))
  (func (export "same_type_again") (param $op i32) (result i32)
    (call_indirect $ops (type $binary_again) (i32.const 5) (i32.const 7) (local.get $op)))
  (func (export "mixed") (param $i i32) (result f64)
    (call_indirect $mix (type $mixed) (f64.const 1.5) (i64.const -7) (f32.const 0.25) (i32.const 11) (ref.null func)
      (local.get $i)))
  (func (export "constant_index") (result i32)
    (call_indirect $ops (type $binary) (i32.const 9) (i32.const 4) (i32.const 2)))
  (func (export "constant_index_null") (result i32)
    (call_indirect $ops (type $binary) (i32.const 9) (i32.const 4) (i32.const 4)))
  (func (export "sum_of_all") (param $n i32) (result i32) (local $i i32) (local $sum i32)
    (loop $outer
      (local.set $i (i32.const 0))
      (loop $inner
        (local.set $sum
          (call_indirect $ops (type $binary)
            (local.get $sum)
            (call_indirect $ops (type $binary) (local.get $i) (i32.const 3) (i32.and (local.get $i) (i32.const 1)))
            (i32.and (i32.add (local.get $i) (local.get $n)) (i32.const 1))))
        (br_if $inner (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 7))))
      (br_if $outer (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum))
  (func $deep (param $i i32) (param $keep f64) (result f64)
    (f64.add
      (f64.mul (local.get $keep) (f64.const 2))
      (f64.convert_i32_s (call_indirect $ops (type $binary) (i32.const 1) (i32.const 2) (local.get $i)))))
  (func (export "nested_trap") (param $i i32) (result f64)
    (f64.sub (f64.const 1) (call $deep (local.get $i) (f64.const 8))))
  (table $m 2 funcref)
  (elem (table $m) (i32.const 1) func $many)
  (func $many (type $many)
    (i32.add (local.get 0) (i32.const 1)) (i64.extend_i32_s (local.get 0)) (f32.const 2.5) (f64.const -0.125))
  (func (export "many_results") (param $i i32) (result i32 i64 f32 f64 i32)
    (call_indirect $m (type $many) (i32.const 41) (local.get $i))
    (local.get $i))
  (type $rec (func (param i32) (result i32)))
  (table $r funcref (elem $half $down))
  (func $half (type $rec) (if (result i32) (i32.le_s (local.get 0) (i32.const 1)) (then (i32.const 1))
      (else (i32.add (local.get 0) (call_indirect $r (type $rec) (i32.shr_u (local.get 0) (i32.const 1)) (i32.const 1))))))
  (func $down (type $rec) (if (result i32) (i32.le_s (local.get 0) (i32.const 0)) (then (i32.const 1))
      (else (i32.mul (i32.const 3)
        (call_indirect $r (type $rec) (i32.sub (local.get 0) (i32.const 1)) (i32.le_s (local.get 0) (i32.const 2)))))))
  (func (export "recursive") (param $n i32) (result i32) (call_indirect $r (type $rec) (local.get $n) (i32.const 0)))
  (func $one (result i32) (i32.const 1))
  (func (export "index_from_call") (result i32)
    (call_indirect $ops (type $binary) (call $one) (i32.add (call $one) (call $one)) (call $one)))
)
