;; Covers: a local's value on the operand stack while the local changes: by local.set, local.tee, in branches, loops,
;; through calls; several copies; parameters and pinned locals alike; tee results used twice.
;; invoke: set_after_get 5
;; invoke: tee_after_get 5
;; invoke: many_copies 3
;; invoke: swap 1 2
;; invoke: swap_floats
;; invoke: rotate 1 2 3
;; invoke: in_loop 6
;; invoke: increment_idioms 10
;; invoke: across_branch 0
;; invoke: across_branch 1
;; invoke: across_call 4
;; invoke: set_to_itself 9
;; invoke: operand_of_own_set 3
;; invoke: address_waits 16
;; invoke: call_argument_waits 2
;; invoke: condition_waits 0
;; invoke: condition_waits 1
;; invoke: loop_entry_waits 5
;; invoke: tee_chain 7
;; invoke: result_waits 8
;; invoke: constants_in_locals
;; invoke: floats_wait 4
(module
  (memory 1)
  (global $g (mut i32) (i32.const 0))
  (func $add3 (param i32 i32 i32) (result i32)
    (i32.add (i32.mul (local.get 0) (i32.const 100)) (i32.add (i32.mul (local.get 1) (i32.const 10)) (local.get 2))))
  (func $noise (local i32 i64 f64)
    (local.set 0 (i32.const -1)) (local.set 1 (i64.const -1)) (local.set 2 (f64.const -1))
    (global.set $g (i32.add (global.get $g) (local.get 0))))
  (func (export "set_after_get") (param $x i32) (result i32)
    (local.get $x) (local.set $x (i32.const 100)) (i32.sub (local.get $x)))
  (func (export "tee_after_get") (param $x i32) (result i32)
    (i32.sub (i32.mul (local.get $x) (i32.const 1)) (local.tee $x (i32.mul (local.get $x) (i32.const 7))))
    (i32.add (local.get $x)))
  (func (export "many_copies") (param $x i32) (result i32 i32 i32 i32 i32)
    (local.get $x) (local.get $x)
    (local.set $x (i32.add (local.get $x) (i32.const 1)))
    (local.get $x)
    (local.set $x (i32.add (local.get $x) (i32.const 1)))
    (local.get $x)
    (local.tee $x (i32.add (local.get $x) (i32.const 1))))
  (func (export "swap") (param $a i32) (param $b i32) (result i32 i32)
    (local.get $a) (local.get $b) (local.set $a) (local.set $b) (local.get $a) (local.get $b))
  (func (export "swap_floats") (result f64 f64 f32 f32) (local $a f64) (local $b f64) (local $c f32) (local $d f32)
    (local.set $a (f64.const 1)) (local.set $b (f64.const 2)) (local.set $c (f32.const 3)) (local.set $d (f32.const 4))
    (local.get $a) (local.get $b) (local.set $a) (local.set $b)
    (local.get $c) (local.get $d) (local.set $c) (local.set $d)
    (local.get $a) (local.get $b) (local.get $c) (local.get $d))
  (func (export "rotate") (param $a i32) (param $b i32) (param $c i32) (result i32 i32 i32)
    (local.get $a) (local.get $b) (local.get $c) (local.set $a) (local.set $c) (local.set $b)
    (local.get $a) (local.get $b) (local.get $c))
  (func (export "in_loop") (param $n i32) (result i32) (local $a i32) (local $b i32)
    (local.set $b (i32.const 1))
    (loop $again
      (local.get $b)
      (local.set $b (i32.add (local.get $a) (local.get $b)))
      (local.set $a)
      (local.get $n) (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $again (i32.gt_s (i32.const 1)))
    )
    (i32.add (i32.mul (local.get $a) (i32.const 1000)) (local.get $b)))
  (func (export "increment_idioms") (param $p i32) (result i32 i32)
    ;; *p++ = x, as compilers write it
    (local.get $p) (local.set $p (i32.add (local.get $p) (i32.const 4))) (i32.const 17) (i32.store)
    (i32.store (local.tee $p (i32.add (local.get $p) (i32.const 4))) (i32.const 18))
    (i32.load (i32.sub (local.get $p) (i32.const 8)))
    (i32.load (local.get $p)))
  (func (export "across_branch") (param $c i32) (result i32) (local $x i32)
    (local.set $x (i32.const 7))
    (local.get $x)
    (block $b (br_if $b (local.get $c)) (local.set $x (i32.const 70)))
    (i32.mul (local.get $x)))
  (func (export "across_call") (param $x i32) (result i32)
    (local.get $x)
    (call $add3 (local.get $x) (local.tee $x (i32.add (local.get $x) (i32.const 1))) (local.get $x))
    (call $noise)
    (i32.sub) (i32.add (local.get $x)))
  (func (export "set_to_itself") (param $x i32) (result i32)
    (local.set $x (local.get $x)) (local.set $x (local.tee $x (local.get $x))) (local.get $x))
  (func (export "operand_of_own_set") (param $x i32) (result i32)
    (local.set $x (i32.sub (i32.const 100) (local.get $x)))
    (local.set $x (i32.shl (i32.const 1) (local.get $x)))
    (local.set $x (i32.sub (local.get $x) (local.get $x)))
    (local.set $x (i32.sub (i32.const 5) (i32.add (local.get $x) (local.get $x))))
    (local.set $x (i32.div_s (i32.const 100) (local.get $x)))
    (local.get $x))
  (func (export "address_waits") (param $p i32) (result i32)
    (local.get $p)
    (i32.store offset=4 (local.get $p) (i32.const 5))
    (local.set $p (i32.const 0))
    (i32.load offset=4) (i32.add (local.get $p)))
  (func (export "call_argument_waits") (param $x i32) (result i32)
    (local.get $x)
    (local.tee $x (i32.add (local.get $x) (i32.const 1)))
    (local.set $x (i32.const 9))
    (local.get $x)
    (local.set $x (i32.const 0))
    (call $add3) (i32.add (local.get $x)))
  (func (export "condition_waits") (param $c i32) (result i32)
    (local.get $c)
    (local.set $c (i32.const 50))
    (if (then (local.set $c (i32.const 60))))
    (i32.lt_s (local.get $c) (i32.const 55))
    (local.set $c (i32.const 70))
    (if (result i32) (then (local.get $c)) (else (i32.const 3))))
  (func (export "loop_entry_waits") (param $n i32) (result i32) (local $x i32)
    (local.set $x (i32.const 3))
    (local.get $x)
    (loop $again
      (local.set $x (i32.mul (local.get $x) (i32.const 2)))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.sub (local.get $x)))
  (func (export "tee_chain") (param $x i32) (result i32) (local $y i32) (local $z i32)
    (local.set $x (local.tee $y (local.tee $z (i32.add (local.get $x) (i32.const 1)))))
    (local.set $z (i32.const 0))
    (i32.add (i32.add (local.get $x) (local.get $y)) (local.get $z)))
  (func (export "result_waits") (param $x i32) (result i32 i32)
    (i32.mul (local.get $x) (local.get $x)) (local.set $x) (local.get $x)
    (local.set $x (i32.const 1))
    (local.get $x)
    (return))
  (func (export "constants_in_locals") (result i32 i64 f64) (local $a i32) (local $b i64) (local $c f64)
    (local.set $a (i32.const 5)) (local.get $a) (local.set $a (i32.const 6)) (i32.add (local.get $a))
    (local.set $b (i64.const 0x1234567890)) (local.get $b) (local.set $b (i64.const -1)) (i64.xor (local.get $b))
    (local.set $c (f64.const 2)) (local.get $c) (local.set $c (f64.const 8)) (f64.div (local.get $c)))
  (func (export "floats_wait") (param $n i32) (result f64) (local $x f64) (local $y f64)
    (local.set $x (f64.const 1.5))
    (loop $again
      (local.get $x)
      (local.set $x (f64.mul (local.get $x) (f64.const 2)))
      (local.set $y (f64.sub (local.get $y)))
      (local.get $x) (call $noise) (local.set $y (f64.add (local.get $y)))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (f64.add (local.get $x) (local.get $y)))
)
