;; Covers: every trap kind some frames down, at its exact offset, with every frame's offset; traps in loops, in branches,
;; with operands live, after side effects.
;; invoke: run 0
;; invoke: run 1
;; invoke: run 2
;; invoke: run 3
;; invoke: run 4
;; invoke: run 5
;; invoke: run 6
;; invoke: run 7
;; invoke: run 8
;; invoke: run 9
;; invoke: run 10
;; invoke: run 11
;; invoke: run 12
;; invoke: run 13
;; invoke: run 14
;; invoke: run 15
;; invoke: run 16
;; invoke: run 17
;; invoke: run 18
;; invoke: run 19
;; invoke: run 20
;; invoke: in_loop 5
;; invoke: in_loop 0
;; invoke: second_of_two 0 1
;; invoke: second_of_two 1 0
;; invoke: divisor_places 0
;; invoke: divisor_places 1
;; invoke: divisor_places 2
;; invoke: divisor_places 3
;; invoke: divisor_places 4
;; invoke: divisor_places 5
;; invoke: divisor_places 6
;; invoke: in_else 0
;; invoke: deep 12
(module
  (type $unary (func (param i32) (result i32)))
  (type $other (func (param i64) (result i32)))
  (memory 1 1)
  (table $t 4 funcref)
  (data $d "data")
  (elem $e func $fine)
  (elem (table $t) (i32.const 0) func $fine)
  (global $side (mut i32) (i32.const 0))
  (func $fine (type $unary) (local.get 0))
  (func $kind (param $k i32) (param $zero i32) (result i32) (local $l i64)
    (global.set $side (local.get $k))
    (block $k20 (block $k19 (block $k18 (block $k17 (block $k16 (block $k15 (block $k14 (block $k13 (block $k12 (block $k11
    (block $k10 (block $k9 (block $k8 (block $k7 (block $k6 (block $k5 (block $k4 (block $k3 (block $k2 (block $k1 (block $k0
      (br_table $k0 $k1 $k2 $k3 $k4 $k5 $k6 $k7 $k8 $k9 $k10 $k11 $k12 $k13 $k14 $k15 $k16 $k17 $k18 $k19 $k20
        (local.get $k)))
      (unreachable))
      (return (i32.load offset=4 (i32.sub (local.get $zero) (i32.const 1)))))
      (i64.store16 (i32.const 65535) (i64.const 1)) (return (i32.const 1)))
      (return (i32.div_s (local.get $k) (local.get $zero))))
      (return (i32.rem_u (i32.const 100) (local.get $zero))))
      (return (i32.wrap_i64 (i64.div_u (local.get $l) (local.get $l)))))
      (return (i32.wrap_i64 (i64.rem_s (i64.const 5) (i64.extend_i32_s (local.get $zero))))))
      (return (i32.div_s (i32.sub (i32.const 0x80000000) (local.get $zero)) (i32.const -1))))
      (return (i32.wrap_i64 (i64.div_s (i64.const 0x8000000000000000) (i64.sub (local.get $l) (i64.const 1))))))
      (return (i32.trunc_f32_s (f32.div (f32.convert_i32_s (local.get $zero)) (f32.convert_i32_s (local.get $zero))))))
      (return (i32.trunc_f64_u (f64.const -1))))
      (return (i32.wrap_i64 (i64.trunc_f64_s (f64.const 1e19)))))
      (return (ref.is_null (table.get $t (i32.const 4)))))
      (table.set $t (i32.sub (local.get $zero) (i32.const 1)) (ref.null func)) (return (i32.const 1)))
      (return (call_indirect $t (type $unary) (i32.const 1) (i32.const 4))))
      (return (call_indirect $t (type $unary) (i32.const 1) (i32.add (local.get $zero) (i32.const 2)))))
      (return (call_indirect $t (type $other) (i64.const 1) (local.get $zero))))
      (memory.copy (i32.const 65530) (local.get $zero) (i32.const 7)) (return (i32.const 1)))
      (memory.init $d (i32.const 0) (i32.const 2) (i32.const 3)) (return (i32.const 1)))
      (table.init $t $e (i32.const 4) (i32.const 0) (i32.const 1)) (return (i32.const 1)))
      (table.fill $t (i32.const 3) (ref.null func) (i32.const 2)) (i32.const 1))
  (func $middle (param $k i32) (result i64) (local $x i64)
    (local.set $x (i64.const 7))
    (i64.sub (i64.mul (local.get $x) (i64.const 3)) (i64.extend_i32_s (call $kind (local.get $k) (i32.const 0)))))
  (func (export "run") (param $k i32) (result f64)
    (f64.const 0.5)
    (f64.add (f64.convert_i64_s (call $middle (local.get $k)))))
  (func (export "in_loop") (param $n i32) (result i32) (local $sum i32)
    (loop $again
      (local.set $sum (i32.add (local.get $sum) (i32.div_u (i32.const 60) (local.get $n))))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $again (i32.lt_s (local.get $sum) (i32.const 10000))))
    (local.get $sum))
  (func (export "second_of_two") (param $a i32) (param $b i32) (result i32)
    (i32.add (i32.div_u (i32.const 7) (local.get $a)) (i32.div_u (i32.const 7) (local.get $b))))
  (func $divisor (param $n i32) (param $d i32) (param $which i32) (result i32)
    (block $r (block $q (block $p (block $o (block $n1 (block $m
      (br_table $m $n1 $o $p $q $r (local.get $which)))
      (return (i32.div_s (local.get $d) (local.get $d))))
      (return (i32.div_u (i32.load (local.get $d)) (i32.load (i32.const 8)))))
      (return (i32.rem_s (i32.const 9) (i32.mul (local.get $d) (i32.const 3)))))
      (return (i32.rem_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.eqz (local.get $n)))))
      (return (i32.add (i32.rem_s (i32.const 0x80000000) (i32.const -1)) (i32.div_u (local.get $n) (i32.const 0)))))
    (i32.sub (i32.mul (local.get $n) (i32.const 2))
      (i32.div_s (call $fine (local.get $n)) (call $fine (local.get $d)))))
  (func (export "divisor_places") (param $which i32) (result i32)
    (call $divisor (i32.const 40) (i32.const 0) (local.get $which)))
  (func (export "in_else") (param $c i32) (result i32)
    (if (result i32) (local.get $c) (then (i32.const 1)) (else (i32.load8_u offset=65536 (local.get $c)))))
  (func $deep (export "deep") (param $n i32) (result i32)
    (if (i32.eqz (local.get $n)) (then (unreachable)))
    (i32.add (local.get $n) (call $deep (i32.sub (local.get $n) (i32.const 1)))))
)
