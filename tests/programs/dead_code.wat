;; Covers: code after br, return, unreachable and br_table: every kind of block in it, stack-polymorphic operands,
;; values of unknown type, else arms that are alive again.
;; invoke: after_br
;; invoke: after_return 3
;; invoke: after_br_table 1
;; invoke: polymorphic 0
;; invoke: polymorphic 1
;; invoke: blocks_in_dead_code 2
;; invoke: alive_again 0
;; invoke: alive_again 1
;; invoke: dead_loop 3
;; invoke: unreachable_arm 0
;; invoke: unreachable_arm 1
;; invoke: end_unreached
;; invoke: dead_calls
(module
  (memory 1)
  (table 1 funcref)
  (type $t (func (param i32) (result i32)))
  (func $id (type $t) (local.get 0))
  (func (export "after_br") (result i32)
    (block $b (result i32)
      (br $b (i32.const 5))
      (i32.add) (i32.load) (i32.store8 (i32.const 0)) (i64.const 7) (i32.wrap_i64) (call $id) (drop)
      (f64.sqrt) (f64.const 2) (f64.lt) (if (then (br $b (i32.const 6)))) (i32.const 8)))
  (func (export "after_return") (param $x i32) (result i32)
    (return (i32.mul (local.get $x) (i32.const 2)))
    (local.set $x (i32.const 1))
    (loop (br 0))
    (i32.const 0))
  (func (export "after_br_table") (param $x i32) (result i32)
    (block $a (result i32) (block $b (result i32)
      (i32.const 11) (br_table $a $b (local.get $x))
      (select) (i32.div_s) (call_indirect (type $t)) (br_table 0 1 (i32.const 3)))
      (i32.add (i32.const 1))))
  (func (export "polymorphic") (param $c i32) (result i64)
    (if (local.get $c) (then
      (return (i64.const 9))
      (select) (drop) (select (result i64)) (i64.add) (drop)
      (block (param i32 f32) (drop) (drop))
      (block (result i32 f64) (unreachable)) (f64.neg) (drop) (i32.eqz) (br_if 0)
      (ref.is_null) (drop) (memory.fill) (memory.copy) (table.set 0)))
    (i64.const 10))
  (func (export "blocks_in_dead_code") (param $x i32) (result i32)
    (block $out (result i32)
      (br $out (local.get $x))
      (block (result i32)
        (loop (result i32) (if (result i32) (i32.const 1) (then (br 1 )) (else (i32.const 2))))
        (br 1)
        (block (loop (if (local.get $x) (then (nop)) (else (br 2))))))
      (if (param i32) (result i32) (then (i32.const 1) (i32.add)) (else (br_if $out (i32.const 4))))))
  (func (export "alive_again") (param $c i32) (result i32)
    (i32.const 1000)
    (if (param i32) (result i32) (local.get $c)
      (then (drop) (unreachable))
      (else (i32.add (i32.const 1))))
    (i32.add (i32.const 2)))
  (func (export "dead_loop") (param $n i32) (result i32)
    (loop $l
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))
      (return (i32.add (local.get $n) (i32.const 77)))
      (br $l))
    (unreachable))
  (func (export "unreachable_arm") (param $c i32) (result f64)
    (f64.const 4)
    (if (param f64) (result f64) (i32.eqz (local.get $c)) (then (f64.sqrt)) (else (unreachable) (f64.add))))
  (func (export "end_unreached") (result i32 f64)
    (block $b (result i32 f64)
      (i32.const 1) (f64.const 2) (br $b) (i32.const 3) (f64.const 4)))
  (func (export "dead_calls") (result i32)
    (call $id (i32.const 12))
    (return)
    (call $id) (call $id (i32.const 1)) (call_indirect (type $t) (i32.const 1) (i32.const 0)) (drop) (memory.grow) (drop))
)
