;; Covers: if with and without else, with parameters and results, constant and compared conditions, branches out of
;; arms, arms that end in unreachable code, values below, locals changed in one arm while their value waits.
;; invoke: params_no_else 0 5
;; invoke: params_no_else 1 5
;; invoke: results 0
;; invoke: results 1
;; invoke: multi 0 3
;; invoke: multi 1 3
;; invoke: one_arm_leaves 0
;; invoke: one_arm_leaves 1
;; invoke: both_arms_leave 0
;; invoke: both_arms_leave 1
;; invoke: waiting_local 0
;; invoke: waiting_local 1
;; invoke: nested 0
;; invoke: nested 1
;; invoke: nested 2
;; invoke: nested 3
;; invoke: float_arms 0
;; invoke: float_arms 1
;; invoke: condition_forms 7
;; invoke: condition_forms 0
;; invoke: call_in_arm 0
;; invoke: call_in_arm 1
;; invoke: constant_conditions 3
;; invoke: else_if_chain 1
;; invoke: else_if_chain 2
;; invoke: else_if_chain 5
;; invoke: register_pressure 0
;; invoke: register_pressure 1
(module
  (func $twice (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
  (func (export "params_no_else") (param $c i32) (param $x i32) (result i32)
    (local.get $x)
    (if (param i32) (result i32) (local.get $c) (then (i32.add (i32.const 100))))
    (f64.const 1) (i32.const 9)
    (if (param f64 i32) (result f64 i32) (i32.eqz (local.get $c)) (then (i32.sub (local.get $x))))
    (local.set $x) (drop) (i32.add (local.get $x)))
  (func (export "results") (param $c i32) (result i32 i64 f32 f64)
    (if (result i32) (local.get $c) (then (i32.const 1)) (else (local.get $c)))
    (if (result i64) (i32.eqz (local.get $c)) (then (i64.const 1)) (else (i64.extend_i32_s (local.get $c))))
    (if (result f32) (local.get $c) (then (f32.const 1)) (else (f32.const -1)))
    (if (result f64) (i32.ne (local.get $c) (i32.const 1)) (then (f64.const 1)) (else (f64.sqrt (f64.const 2)))))
  (func (export "multi") (param $c i32) (param $x i32) (result i32 i32 i32)
    (i32.const 7) (local.get $x) (i32.mul (local.get $x) (local.get $x))
    (if (param i32 i32 i32) (result i32 i32 i32) (local.get $c)
      (then (i32.sub) (call $twice) (local.get $x))
      (else (i32.add) (i32.const 4) (local.set $x (i32.const 8)))))
  (func (export "one_arm_leaves") (param $c i32) (result i32)
    (i32.const 10)
    (block $out (param i32) (result i32)
      (if (param i32) (result i32) (local.get $c) (then (i32.const 20) (i32.add) (br $out)) (else (i32.const 30) (i32.mul)))
      (i32.sub (i32.const 1))))
  (func (export "both_arms_leave") (param $c i32) (result i32)
    (block $out (result i32)
      (if (local.get $c) (then (br $out (i32.const 1))) (else (return (i32.const 2))))
      unreachable))
  (func (export "waiting_local") (param $c i32) (result i32 i32) (local $x i32) (local $y i32)
    (local.set $x (i32.const 5)) (local.set $y (i32.const 6))
    (local.get $x)
    (local.get $y)
    (if (local.get $c) (then (local.set $x (i32.const 50))) (else (local.set $y (i32.const 60))))
    (i32.sub)
    (i32.add (local.get $x) (local.get $y)))
  (func (export "nested") (param $k i32) (result i32) (local $h i32)
    (if (i32.and (local.get $k) (i32.const 1))
      (then
        (local.set $h (i32.const 1))
        (if (i32.and (local.get $k) (i32.const 2)) (then (local.set $h (i32.add (local.get $h) (i32.const 10))))))
      (else
        (if (i32.and (local.get $k) (i32.const 2))
          (then (local.set $h (i32.sub (local.get $h) (i32.const 5))))
          (else (nop)))))
    (local.get $h))
  (func (export "float_arms") (param $c i32) (result f64) (local $d f64)
    (local.set $d (f64.const 3))
    (f64.const 100)
    (if (param f64) (result f64) (local.get $c) (then (f64.sub (local.get $d))) (else (drop) (local.get $d)))
    (f64.add (if (result f64) (f64.gt (local.get $d) (f64.const 4)) (then (f64.const 1000)) (else (f64.const 2000)))))
  (func (export "condition_forms") (param $x i32) (result i32) (local $h i32)
    (if (local.get $x) (then (local.set $h (i32.or (local.get $h) (i32.const 1)))))
    (if (i32.eqz (local.get $x)) (then (local.set $h (i32.or (local.get $h) (i32.const 2)))))
    (if (i32.and (local.get $x) (i32.const 4)) (then (local.set $h (i32.or (local.get $h) (i32.const 4)))))
    (if (i32.sub (local.get $x) (i32.const 7)) (then (local.set $h (i32.or (local.get $h) (i32.const 8)))))
    (if (i64.eqz (i64.extend_i32_u (local.get $x))) (then (local.set $h (i32.or (local.get $h) (i32.const 16)))))
    (if (call $twice (local.get $x)) (then (local.set $h (i32.or (local.get $h) (i32.const 32)))))
    (if (i32.wrap_i64 (i64.const 0x100000000)) (then (local.set $h (i32.or (local.get $h) (i32.const 64)))))
    (if (local.tee $x (i32.sub (local.get $x) (i32.const 1))) (then (local.set $h (i32.or (local.get $h) (i32.const 128)))))
    (if (i32.lt_s (local.get $x) (i32.const 0)) (then (local.set $h (i32.or (local.get $h) (i32.const 256)))))
    (if (i32.popcnt (local.get $x)) (then (local.set $h (i32.or (local.get $h) (i32.const 512)))))
    (local.get $h))
  (func (export "call_in_arm") (param $c i32) (result i32 i64) (local $a i32) (local $b i64)
    (local.set $a (i32.const 21)) (local.set $b (i64.const -21))
    (i64.mul (local.get $b) (i64.const 3))
    (if (local.get $c) (then (local.set $a (call $twice (local.get $a)))))
    (local.set $b)
    (i32.add (local.get $a) (local.get $c)) (local.get $b))
  (func (export "constant_conditions") (param $x i32) (result i32)
    (if (i32.const 0) (then unreachable))
    (if (i32.const 1) (then (local.set $x (i32.add (local.get $x) (i32.const 1)))) (else unreachable))
    (if (result i32) (i32.const 2) (then (local.get $x)) (else (i32.const 0)))
    (if (param i32) (result i32) (i32.const 0) (then (drop) (i32.const 0)) (else (i32.mul (i32.const 5)))))
  (func (export "else_if_chain") (param $x i32) (result i32)
    (if (result i32) (i32.eq (local.get $x) (i32.const 1)) (then (i32.const 100)) (else
      (if (result i32) (i32.eq (local.get $x) (i32.const 2)) (then (i32.const 200)) (else
        (if (result i32) (i32.gt_u (local.get $x) (i32.const 4)) (then (i32.const 300)) (else (i32.const 400))))))))
  (func (export "register_pressure") (param $c i32) (result i32)
    ;; many registers are taken when the arms begin; each arm spills others
    (i32.add (local.get $c) (i32.const 1)) (i32.add (local.get $c) (i32.const 2)) (i32.add (local.get $c) (i32.const 3))
    (i32.add (local.get $c) (i32.const 4)) (i32.add (local.get $c) (i32.const 5)) (i32.add (local.get $c) (i32.const 6))
    (i32.add (local.get $c) (i32.const 7)) (i32.add (local.get $c) (i32.const 8)) (i32.add (local.get $c) (i32.const 9))
    (if (result i32) (local.get $c)
      (then
        (i32.mul (i32.shl (i32.const 3) (local.get $c)) (i32.div_u (i32.const 1000) (i32.add (local.get $c) (i32.const 2)))))
      (else (call $twice (i32.const 17))))
    (i32.add) (i32.xor) (i32.mul) (i32.sub) (i32.add) (i32.xor) (i32.mul) (i32.sub) (i32.add))
)
