;; Covers: loops with parameters and results, back branches that carry values of all types, permute them, with others
;; below; nested loops, loops left from the middle, several back branches of one loop, loop results on top of a stack.
;; invoke: fibonacci 30
;; invoke: permute 10
;; invoke: permute 11
;; invoke: mixed 9
;; invoke: nested 6 5
;; invoke: two_back_branches 27
;; invoke: constant_params 5
;; invoke: left_in_middle 100
;; invoke: values_below 7
;; invoke: param_is_local 8
;; invoke: float_sum 20
;; invoke: not_looping
;; invoke: if_in_loop 16
;; invoke: gcd 1071 462
;; invoke: eight 4
(module
  (func (export "fibonacci") (param $n i32) (result i64) (local $a i64) (local $b i64)
    (i64.const 0) (i64.const 1)
    (loop $again (param i64 i64) (result i64 i64)
      (local.set $b) (local.set $a)
      (local.get $b)
      (i64.add (local.get $a) (local.get $b))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (drop))
  (func (export "permute") (param $n i32) (result i32 i32 i32) (local $x i32) (local $y i32) (local $z i32)
    (i32.const 1) (i32.const 2) (i32.const 3)
    (loop $again (param i32 i32 i32) (result i32 i32 i32)
      (local.set $z) (local.set $y) (local.set $x)
      (local.get $z) (local.get $x) (local.get $y)
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
  (func (export "mixed") (param $n i32) (result f64 i32 f32 i64)
    (local $d f64) (local $f f32) (local $l i64) (local $i i32)
    (f64.const 1) (local.get $n) (f32.const 0) (i64.const -1)
    (loop $again (param f64 i32 f32 i64) (result f64 i32 f32 i64)
      (local.set $l) (local.set $f) (local.set $i) (local.set $d)
      (f64.mul (local.get $d) (f64.const 1.5))
      (i32.xor (local.get $i) (local.get $n))
      (f32.add (local.get $f) (f32.convert_i32_s (local.get $i)))
      (i64.sub (i64.shl (local.get $l) (i64.const 1)) (i64.extend_i32_s (local.get $i)))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $again (local.get $n))))
  (func (export "nested") (param $n i32) (param $m i32) (result i32) (local $i i32) (local $j i32)
    (i32.const 0)
    (loop $outer (param i32) (result i32)
      (local.set $j (i32.const 0))
      (i32.const 1)
      (loop $inner (param i32) (result i32)
        (i32.mul (i32.add (local.get $j) (i32.const 2)))
        (i32.and (i32.const 0xffff))
        (br_if $inner (i32.lt_s (local.tee $j (i32.add (local.get $j) (i32.const 1))) (local.get $m))))
      (i32.add)
      (br_if $outer (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n)))))
  (func (export "two_back_branches") (param $n i64) (result i32) (local $steps i32)
    (block $done
      (loop $again
        (br_if $done (i64.le_u (local.get $n) (i64.const 1)))
        (local.set $steps (i32.add (local.get $steps) (i32.const 1)))
        (if (i64.eqz (i64.and (local.get $n) (i64.const 1)))
          (then (local.set $n (i64.shr_u (local.get $n) (i64.const 1))) (br $again)))
        (local.set $n (i64.add (i64.mul (local.get $n) (i64.const 3)) (i64.const 1)))
        (br $again)))
    (local.get $steps))
  (func (export "constant_params") (param $n i32) (result i32 i32)
    (i32.const 1) (i32.const 2)
    (loop $again (param i32 i32) (result i32 i32)
      (i32.add)
      (i32.const 5)
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
  (func (export "left_in_middle") (param $n i32) (result i32) (local $i i32)
    (block $found (result i32)
      (i32.const 5)
      (loop $again
        (br_if $found (i32.mul (local.get $i) (i32.const 3)) (i32.gt_u (i32.mul (local.get $i) (local.get $i)) (local.get $n)))
        (drop)
        (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 50))))
      (drop)
      (i32.const -1)))
  (func (export "values_below") (param $n i32) (result i32 f64 i64 i32)
    (i32.mul (local.get $n) (local.get $n))
    (f64.div (f64.const 1) (f64.convert_i32_s (local.get $n)))
    (i64.const 0x7000000000000000)
    (local.get $n)
    (loop $again
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $again (local.get $n))))
  (func (export "param_is_local") (param $n i32) (result i32) (local $x i32)
    (local.set $x (i32.const 100))
    (local.get $x)
    (loop $again (param i32) (result i32)
      (local.set $x (i32.add (local.get $x) (i32.const 1)))
      (i32.add (local.get $x))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $again (local.get $n)))
    (i32.sub (local.get $x)))
  (func (export "float_sum") (param $n i32) (result f64) (local $i f64)
    (f64.const 0)
    (loop $again (param f64) (result f64)
      (f64.add (f64.div (f64.const 1) (local.tee $i (f64.add (local.get $i) (f64.const 1)))))
      (br_if $again (f64.lt (local.get $i) (f64.convert_i32_s (local.get $n))))))
  (func (export "not_looping") (result i32)
    (i32.const 3)
    (loop (param i32) (result i32) (i32.add (loop (result i32) (i32.const 4)))))
  (func (export "if_in_loop") (param $n i32) (result i32 i32) (local $a i32) (local $b i32)
    (loop $again
      (if (i32.and (local.get $n) (i32.const 2))
        (then (local.set $a (i32.add (local.get $a) (local.get $n))))
        (else (if (i32.and (local.get $n) (i32.const 1))
          (then (local.set $b (i32.add (local.get $b) (i32.const 1))))
          (else (local.set $b (i32.mul (local.get $b) (i32.const 3)))))))
      (br_if $again (i32.gt_s (local.tee $n (i32.sub (local.get $n) (i32.const 1))) (i32.const -3))))
    (local.get $a) (local.get $b))
  (func (export "gcd") (param $a i32) (param $b i32) (result i32) (local $t i32)
    (loop $again
      (if (local.get $b)
        (then
          (local.set $t (i32.rem_u (local.get $a) (local.get $b)))
          (local.set $a (local.get $b))
          (local.set $b (local.get $t))
          (br $again))))
    (local.get $a))
  (func (export "eight") (param $n i32) (result i32 i32 i32 i32 i32 i32 i32 i32)
    (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4) (i32.const 5) (i32.const 6) (i32.const 7) (local.get $n)
    (loop $again
      (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32 i32 i32 i32 i32 i32 i32 i32)
      (i32.add)
      (local.get $n)
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
)
