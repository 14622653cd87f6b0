;; Covers: multiplication of 128-bit numbers by halves, carries by comparison, division by shifts, powers modulo a
;; number, population counts: 64-bit work with several results.
;; invoke: multiply -1 -1
;; invoke: multiply 123456789123456789 987654321987654321
;; invoke: factorial 28
;; invoke: divide 1000 7
;; invoke: divide -1 10
;; invoke: power 3 1000 1000000007
;; invoke: fibonacci 120
(module
  (func $multiply (export "multiply") (param $a i64) (param $b i64) (result i64 i64)
    (local $al i64) (local $ah i64) (local $bl i64) (local $bh i64) (local $m1 i64) (local $m2 i64) (local $low i64) (local $carry i64)
    (local.set $al (i64.and (local.get $a) (i64.const 0xffffffff))) (local.set $ah (i64.shr_u (local.get $a) (i64.const 32)))
    (local.set $bl (i64.and (local.get $b) (i64.const 0xffffffff))) (local.set $bh (i64.shr_u (local.get $b) (i64.const 32)))
    (local.set $low (i64.mul (local.get $al) (local.get $bl)))
    (local.set $m1 (i64.add (i64.mul (local.get $ah) (local.get $bl)) (i64.shr_u (local.get $low) (i64.const 32))))
    (local.set $m2 (i64.add (i64.mul (local.get $al) (local.get $bh)) (i64.and (local.get $m1) (i64.const 0xffffffff))))
    (i64.or (i64.shl (local.get $m2) (i64.const 32)) (i64.and (local.get $low) (i64.const 0xffffffff)))
    (i64.add (i64.add (i64.mul (local.get $ah) (local.get $bh)) (i64.shr_u (local.get $m1) (i64.const 32)))
      (i64.shr_u (local.get $m2) (i64.const 32))))
  (func $add (param $al i64) (param $ah i64) (param $bl i64) (param $bh i64) (result i64 i64) (local $low i64)
    (local.tee $low (i64.add (local.get $al) (local.get $bl)))
    (i64.add (i64.add (local.get $ah) (local.get $bh)) (i64.extend_i32_u (i64.lt_u (local.get $low) (local.get $al)))))
  (func (export "factorial") (param $n i64) (result i64 i64) (local $low i64) (local $high i64) (local $i i64)
    (local.set $low (i64.const 1))
    (loop $again
      (local.set $i (i64.add (local.get $i) (i64.const 1)))
      (call $multiply (local.get $low) (local.get $i))
      (local.set $high (i64.add (i64.mul (local.get $high) (local.get $i))))
      (local.set $low)
      (br_if $again (i64.lt_u (local.get $i) (local.get $n))))
    (local.get $low) (local.get $high))
  (func (export "fibonacci") (param $n i32) (result i64 i64)
    (local $al i64) (local $ah i64) (local $bl i64) (local $bh i64)
    (local.set $bl (i64.const 1))
    (loop $again
      (local.get $bl) (local.get $bh)
      (call $add (local.get $al) (local.get $ah) (local.get $bl) (local.get $bh))
      (local.set $bh) (local.set $bl)
      (local.set $ah) (local.set $al)
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $al) (local.get $ah))
  (func (export "divide") (param $a i64) (param $b i64) (result i64 i64) (local $bit i64) (local $q i64) (local $r i64)
    (local.set $bit (i64.sub (i64.const 63) (i64.clz (local.get $a))))
    (loop $bits
      (local.set $r (i64.or (i64.shl (local.get $r) (i64.const 1)) (i64.and (i64.shr_u (local.get $a) (local.get $bit)) (i64.const 1))))
      (if (i64.ge_u (local.get $r) (local.get $b))
        (then
          (local.set $r (i64.sub (local.get $r) (local.get $b)))
          (local.set $q (i64.or (local.get $q) (i64.shl (i64.const 1) (local.get $bit))))))
      (br_if $bits (i64.ge_s (local.tee $bit (i64.sub (local.get $bit) (i64.const 1))) (i64.const 0))))
    (local.get $q) (local.get $r))
  (func (export "power") (param $base i64) (param $exponent i64) (param $modulus i64) (result i64)
    (i64.const 1)
    (loop $again (param i64) (result i64)
      (if (param i64) (result i64) (i32.wrap_i64 (i64.and (local.get $exponent) (i64.const 1)))
        (then (i64.rem_u (i64.mul (local.get $base)) (local.get $modulus))))
      (local.set $base (i64.rem_u (i64.mul (local.get $base) (local.get $base)) (local.get $modulus)))
      (br_if $again (i32.eqz (i64.eqz (local.tee $exponent (i64.shr_u (local.get $exponent) (i64.const 1))))))))
)
