;; Covers: loaded values waiting on the operand stack while stores, grows and calls change memory; order of evaluation.
;; invoke: load_then_store 16
;; invoke: swap_words 0 8
;; invoke: load_call_store 32
;; invoke: rotate_three 64
;; invoke: load_across_loop 10
;; invoke: evaluation_order
(module
  (memory 1 4)
  (data (i32.const 0) "\11\22\33\44\55\66\77\88\99\aa\bb\cc\dd\ee\ff\01")
  (func $clobber (param $a i32) (result i32)
    (i64.store (local.get $a) (i64.const 0x5555555555555555))
    (i32.load offset=4 (local.get $a)))
  (func (export "load_then_store") (param $a i32) (result i64)
    (i64.store (local.get $a) (i64.const 1234567))
    (i64.load (local.get $a))
    (i64.store (local.get $a) (i64.const 7))
    (i64.load (local.get $a))
    (i64.store (local.get $a) (i64.const 9))
    (i64.mul)
    (i64.add (i64.load (local.get $a))))
  (func (export "swap_words") (param $a i32) (param $b i32) (result i64 i64)
    (local.get $a) (i64.load (local.get $b))
    (local.get $b) (i64.load (local.get $a))
    i64.store i64.store
    (i64.load (local.get $a)) (i64.load (local.get $b)))
  (func (export "load_call_store") (param $a i32) (result i32)
    (i32.store (local.get $a) (i32.const 10))
    (i32.sub
      (i32.mul (i32.load (local.get $a)) (i32.const 100))
      (i32.add (call $clobber (local.get $a)) (i32.load (local.get $a)))))
  (func (export "rotate_three") (param $a i32) (result i32 i32 i32)
    (i32.store (local.get $a) (i32.const 1)) (i32.store offset=4 (local.get $a) (i32.const 2))
    (i32.store offset=8 (local.get $a) (i32.const 3))
    (local.get $a) (i32.load offset=4 (local.get $a))
    (local.get $a) (i32.load offset=8 (local.get $a))
    (local.get $a) (i32.load (local.get $a))
    i32.store offset=8 i32.store offset=4 i32.store
    (i32.load (local.get $a)) (i32.load offset=4 (local.get $a)) (i32.load offset=8 (local.get $a)))
  (func (export "load_across_loop") (param $n i32) (result i32)
    (i32.store (i32.const 100) (i32.const 1000))
    (i32.load (i32.const 100))
    (loop $again
      (i32.store (i32.const 100) (i32.add (i32.load (i32.const 100)) (local.get $n)))
      (drop (memory.grow (i32.const 0)))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.sub (i32.load (i32.const 100))))
  (global $order (mut i64) (i64.const 0))
  (func $log (param $d i32) (result i32)
    (global.set $order (i64.add (i64.mul (global.get $order) (i64.const 10)) (i64.extend_i32_u (local.get $d))))
    (local.get $d))
  (func (export "evaluation_order") (result i64)
    (i32.store (call $log (i32.const 1)) (i32.add (call $log (i32.const 2)) (call $log (i32.const 3))))
    (drop (select (call $log (i32.const 4)) (call $log (i32.const 5)) (call $log (i32.const 6))))
    (if (call $log (i32.const 7)) (then (drop (call $log (i32.const 8)))))
    (global.get $order))
)
