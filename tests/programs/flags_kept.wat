;; Covers: conditions that are results of arithmetic, whose flags a compiler may use: with zeros, constants and values
;; for the branch loaded in between, shifts by zero, results that are kept, wrap-around to zero, both widths.
;; invoke: sub_then_zero 1
;; invoke: sub_then_zero 2
;; invoke: carried_zero 1
;; invoke: carried_zero 5
;; invoke: carried_mixed 0
;; invoke: carried_mixed 1
;; invoke: shift_by_zero 5 0
;; invoke: shift_by_zero 0 0
;; invoke: shift_by_zero 1 31
;; invoke: shift_by_zero 2 63
;; invoke: wraps 0
;; invoke: wraps -1
;; invoke: wraps 1
;; invoke: each_operator 0
;; invoke: each_operator 1
;; invoke: each_operator -1
;; invoke: each_operator 256
;; invoke: each_operator64 0
;; invoke: each_operator64 4294967296
;; invoke: each_operator64 -1
;; invoke: set_between 0
;; invoke: set_between 7
;; invoke: call_between 0
;; invoke: call_between 7
;; invoke: store_between 0
;; invoke: store_between 7
;; invoke: eqz_of_arithmetic 3
;; invoke: eqz_of_arithmetic 4
;; invoke: select_of_arithmetic 8
;; invoke: select_of_arithmetic 9
;; invoke: loop_of_and 21
;; invoke: compare_overflow 2147483647 -1
;; invoke: compare_overflow -2147483648 1
;; invoke: compare_overflow 5 5
(module
  (memory 1)
  (global $g (mut i32) (i32.const 9))
  (func $noise (result i32) (local i32 i64 f64) (local.set 1 (i64.const -1)) (i32.sub (local.get 0) (i32.const 0)))
  (func (export "sub_then_zero") (param $n i32) (result i32 i32) (local $x i32)
    (local.set $x (i32.const 5))
    (local.set $n (i32.sub (local.get $n) (i32.const 1)))
    (local.set $x (i32.const 0))
    (if (local.get $n) (then (local.set $x (i32.add (local.get $x) (i32.const 10)))))
    (local.tee $n (i32.sub (local.get $n) (i32.const 1)))
    (local.set $x (i32.or (local.get $x) (i32.const 1)))
    (if (result i32) (then (i32.const 0)) (else (i32.const 100)))
    (local.get $x))
  (func (export "carried_zero") (param $n i32) (result i32 i64 f64)
    (block $out (result i32 i64 f64)
      (i32.const 0) (i64.const 0) (f64.const 0)
      (br_if $out (i32.sub (local.get $n) (i32.const 1)))
      (drop) (drop) (drop)
      (i32.const 7) (i64.const 8) (f64.const 9)))
  (func (export "carried_mixed") (param $n i32) (result i32) (local $z i32)
    (i32.const 50)
    (block $out (result i32)
      (local.get $z)
      (br_if $out (i32.and (local.get $n) (i32.const 1)))
      (br_if $out (i32.add (i32.const 3)) (i32.xor (local.get $n) (i32.const 1)))
      (i32.const 1000) (i32.add))
    (i32.add))
  (func (export "shift_by_zero") (param $x i32) (param $n i32) (result i32) (local $h i32)
    (if (i32.shl (local.get $x) (local.get $n)) (then (local.set $h (i32.const 1))))
    (if (i32.shr_u (local.get $x) (local.get $n)) (then (local.set $h (i32.or (local.get $h) (i32.const 2)))))
    (if (i32.shr_s (local.get $x) (local.get $n)) (then (local.set $h (i32.or (local.get $h) (i32.const 4)))))
    (if (i32.rotl (local.get $x) (local.get $n)) (then (local.set $h (i32.or (local.get $h) (i32.const 8)))))
    (if (i32.eqz (i32.shl (local.get $x) (local.get $n))) (then (local.set $h (i32.or (local.get $h) (i32.const 16)))))
    (if (i32.shr_u (local.get $x) (i32.const 32)) (then (local.set $h (i32.or (local.get $h) (i32.const 32)))))
    (if (i32.shl (local.get $x) (i32.const 31)) (then (local.set $h (i32.or (local.get $h) (i32.const 64)))))
    (if (i32.rotr (local.get $x) (i32.const 0)) (then (local.set $h (i32.or (local.get $h) (i32.const 128)))))
    (local.get $h))
  (func (export "wraps") (param $x i32) (result i32) (local $h i32)
    (if (i32.add (local.get $x) (i32.const 1)) (then (local.set $h (i32.const 1))))
    (if (i32.sub (i32.const 0) (local.get $x)) (then (local.set $h (i32.or (local.get $h) (i32.const 2)))))
    (if (i32.mul (local.get $x) (i32.const 0x10000)) (then (local.set $h (i32.or (local.get $h) (i32.const 4)))))
    (if (i32.mul (local.get $x) (local.get $x)) (then (local.set $h (i32.or (local.get $h) (i32.const 8)))))
    (if (i32.wrap_i64 (i64.mul (i64.extend_i32_s (local.get $x)) (i64.const 0x100000000))) (then (local.set $h (i32.or (local.get $h) (i32.const 16)))))
    (if (i64.eqz (i64.add (i64.extend_i32_s (local.get $x)) (i64.const 1))) (then (local.set $h (i32.or (local.get $h) (i32.const 32)))))
    (if (i32.wrap_i64 (i64.add (i64.extend_i32_u (local.get $x)) (i64.const 1))) (then (local.set $h (i32.or (local.get $h) (i32.const 64)))))
    (local.get $h))
  (func (export "each_operator") (param $x i32) (result i32) (local $h i32) (local $y i32)
    (local.set $y (i32.const 255))
    (block $a (br_if $a (i32.and (local.get $x) (local.get $y))) (local.set $h (i32.const 1)))
    (block $a (br_if $a (i32.or (local.get $x) (i32.const 0))) (local.set $h (i32.or (local.get $h) (i32.const 2))))
    (block $a (br_if $a (i32.xor (local.get $x) (i32.const -1))) (local.set $h (i32.or (local.get $h) (i32.const 4))))
    (block $a (br_if $a (i32.add (local.get $x) (local.get $x))) (local.set $h (i32.or (local.get $h) (i32.const 8))))
    (block $a (br_if $a (i32.clz (local.get $x))) (local.set $h (i32.or (local.get $h) (i32.const 16))))
    (block $a (br_if $a (i32.ctz (local.get $x))) (local.set $h (i32.or (local.get $h) (i32.const 32))))
    (block $a (br_if $a (i32.popcnt (local.get $x))) (local.set $h (i32.or (local.get $h) (i32.const 64))))
    (block $a (br_if $a (i32.extend8_s (local.get $x))) (local.set $h (i32.or (local.get $h) (i32.const 128))))
    (block $a (br_if $a (i32.rem_u (local.get $x) (i32.const 3))) (local.set $h (i32.or (local.get $h) (i32.const 256))))
    (block $a (br_if $a (i32.div_u (local.get $x) (i32.const 3))) (local.set $h (i32.or (local.get $h) (i32.const 512))))
    (block $a (br_if $a (i32.rem_s (local.get $x) (i32.const -1))) (local.set $h (i32.or (local.get $h) (i32.const 1024))))
    (block $a (br_if $a (i32.load8_u (i32.and (local.get $x) (i32.const 15)))) (local.set $h (i32.or (local.get $h) (i32.const 2048))))
    (block $a (br_if $a (i32.trunc_sat_f64_s (f64.convert_i32_s (local.get $x)))) (local.set $h (i32.or (local.get $h) (i32.const 4096))))
    (block $a (br_if $a (global.get $g)) (local.set $h (i32.or (local.get $h) (i32.const 8192))))
    (local.get $h))
  (func (export "each_operator64") (param $x i64) (result i32) (local $h i32)
    (block $a (br_if $a (i64.eqz (i64.and (local.get $x) (i64.const 0xff00000000)))) (local.set $h (i32.const 1)))
    (block $a (br_if $a (i64.eqz (i64.sub (local.get $x) (i64.const 0x100000000)))) (local.set $h (i32.or (local.get $h) (i32.const 2))))
    (block $a (br_if $a (i32.wrap_i64 (i64.and (local.get $x) (i64.const -1)))) (local.set $h (i32.or (local.get $h) (i32.const 4))))
    (block $a (br_if $a (i32.wrap_i64 (i64.sub (local.get $x) (i64.const 1)))) (local.set $h (i32.or (local.get $h) (i32.const 8))))
    (block $a (br_if $a (i64.eqz (i64.xor (local.get $x) (i64.const -1)))) (local.set $h (i32.or (local.get $h) (i32.const 16))))
    (block $a (br_if $a (i32.eqz (i32.wrap_i64 (i64.or (local.get $x) (i64.const 0x100000000))))) (local.set $h (i32.or (local.get $h) (i32.const 32))))
    (local.get $h))
  (func (export "set_between") (param $x i32) (result i32) (local $a i32) (local $b i32)
    (i32.sub (local.get $x) (i32.const 7))
    (local.set $a (i32.add (local.get $x) (i32.const 0)))
    (local.set $b (i32.const 0))
    (if (result i32) (then (i32.const 1)) (else (i32.const 0)))
    (i32.add (i32.mul (local.get $a) (i32.const 10)))
    (i32.add (local.get $b)))
  (func (export "call_between") (param $x i32) (result i32)
    (i32.sub (local.get $x) (i32.const 7))
    (drop (call $noise))
    (if (result i32) (then (i32.const 1)) (else (i32.const 2))))
  (func (export "store_between") (param $x i32) (result i32)
    (local.tee $x (i32.and (local.get $x) (i32.const 6)))
    (i32.store (i32.const 64) (i32.add (local.get $x) (i32.const 1)))
    (global.set $g (i32.sub (global.get $g) (i32.const 9)))
    (if (result i32) (then (i32.load (i32.const 64))) (else (i32.const 200))))
  (func (export "eqz_of_arithmetic") (param $x i32) (result i32 i32 i32)
    (i32.eqz (i32.sub (local.get $x) (i32.const 3)))
    (i32.eqz (local.tee $x (i32.and (local.get $x) (i32.const 3))))
    (i32.add (local.get $x) (i32.eqz (i32.eqz (local.get $x)))))
  (func (export "select_of_arithmetic") (param $x i32) (result i32 f64)
    (select (i32.const 0) (i32.const 5) (i32.and (local.get $x) (i32.const 1)))
    (select (f64.const 0) (f64.const 1) (local.tee $x (i32.sub (local.get $x) (i32.const 8)))))
  (func (export "loop_of_and") (param $x i32) (result i32) (local $bits i32)
    (loop $again
      (local.set $bits (i32.add (local.get $bits) (i32.const 1)))
      (br_if $again (local.tee $x (i32.and (local.get $x) (i32.sub (local.get $x) (i32.const 1))))))
    (local.get $bits))
  (func (export "compare_overflow") (param $a i32) (param $b i32) (result i32)
    ;; a difference that overflows has the wrong sign: comparisons must not go by it
    (i32.or
      (i32.lt_s (local.get $a) (local.get $b))
      (i32.or
        (i32.shl (i32.lt_s (i32.sub (local.get $a) (local.get $b)) (i32.const 0)) (i32.const 1))
        (i32.or
          (i32.shl (i32.gt_s (i32.sub (local.get $a) (local.get $b)) (i32.const 0)) (i32.const 2))
          (i32.or
            (i32.shl (i32.ge_u (i32.add (local.get $a) (local.get $b)) (i32.const 0)) (i32.const 3))
            (i32.shl (i32.le_s (i32.add (local.get $a) (local.get $b)) (i32.const 0)) (i32.const 4)))))))
)
