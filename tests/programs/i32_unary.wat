;; Covers: every unary i32 operator and test over edge values; eqz fused with branches, selects and eqz.
;; invoke: clz
;; invoke: ctz
;; invoke: popcnt
;; invoke: extend8_s
;; invoke: extend16_s
;; invoke: eqz
;; invoke: extend_i32_s
;; invoke: extend_i32_u
(module
  (memory 1)
  (data (i32.const 0)
    "\00\00\00\00"
    "\01\00\00\00"
    "\02\00\00\00"
    "\03\00\00\00"
    "\07\00\00\00"
    "\1f\00\00\00"
    "\20\00\00\00"
    "\21\00\00\00"
    "\7f\00\00\00"
    "\80\00\00\00"
    "\ff\ff\00\00"
    "\00\80\00\00"
    "\ff\ff\ff\7f"
    "\00\00\00\80"
    "\ff\ff\ff\ff"
    "\fe\ff\ff\ff"
    "\78\56\34\12"
    "\01\00\00\80")
  (func (export "clz") (result i64)
    (local $i i32) (local $x i32) (local $h i64)
    (loop $values
      (local.set $x (i32.load (local.get $i)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.clz (local.get $x)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.xor (i32.clz (i32.load (local.get $i))) (local.get $x)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.clz (i32.clz (i32.add (local.get $x) (local.get $x)))))) (i64.const 0x100000001b3)))
      (br_if $values (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 72))))
    (local.get $h))
  (func (export "ctz") (result i64)
    (local $i i32) (local $x i32) (local $h i64)
    (loop $values
      (local.set $x (i32.load (local.get $i)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.ctz (local.get $x)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.xor (i32.ctz (i32.load (local.get $i))) (local.get $x)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.ctz (i32.ctz (i32.add (local.get $x) (local.get $x)))))) (i64.const 0x100000001b3)))
      (br_if $values (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 72))))
    (local.get $h))
  (func (export "popcnt") (result i64)
    (local $i i32) (local $x i32) (local $h i64)
    (loop $values
      (local.set $x (i32.load (local.get $i)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.popcnt (local.get $x)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.xor (i32.popcnt (i32.load (local.get $i))) (local.get $x)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.popcnt (i32.popcnt (i32.add (local.get $x) (local.get $x)))))) (i64.const 0x100000001b3)))
      (br_if $values (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 72))))
    (local.get $h))
  (func (export "extend8_s") (result i64)
    (local $i i32) (local $x i32) (local $h i64)
    (loop $values
      (local.set $x (i32.load (local.get $i)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.extend8_s (local.get $x)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.xor (i32.extend8_s (i32.load (local.get $i))) (local.get $x)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.extend8_s (i32.extend8_s (i32.add (local.get $x) (local.get $x)))))) (i64.const 0x100000001b3)))
      (br_if $values (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 72))))
    (local.get $h))
  (func (export "extend16_s") (result i64)
    (local $i i32) (local $x i32) (local $h i64)
    (loop $values
      (local.set $x (i32.load (local.get $i)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.extend16_s (local.get $x)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.xor (i32.extend16_s (i32.load (local.get $i))) (local.get $x)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.extend16_s (i32.extend16_s (i32.add (local.get $x) (local.get $x)))))) (i64.const 0x100000001b3)))
      (br_if $values (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 72))))
    (local.get $h))
  (func (export "eqz") (result i64)
    (local $i i32) (local $x i32) (local $h i64)
    (loop $values
      (local.set $x (i32.load (local.get $i)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.eqz (local.get $x)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.eqz (i32.eqz (local.get $x))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.eqz (i32.eqz (i32.eqz (local.get $x)))))) (i64.const 0x100000001b3)))
      (if (i32.eqz (local.get $x)) (then (local.set $h (i64.add (local.get $h) (i64.const 3)))))
      (if (i32.eqz (i32.eqz (local.get $x))) (then (local.set $h (i64.add (local.get $h) (i64.const 5)))) (else (local.set $h (i64.sub (local.get $h) (i64.const 7)))))
      (block $zero (br_if $zero (i32.eqz (local.get $x))) (local.set $h (i64.mul (local.get $h) (i64.const 11))))
      (block $nonzero (br_if $nonzero (i32.eqz (i32.eqz (local.get $x)))) (local.set $h (i64.mul (local.get $h) (i64.const 13))))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.const 17) (local.get $h) (i32.eqz (local.get $x)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (local.get $h) (i64.const 19) (i32.eqz (i32.eqz (local.get $x))))) (i64.const 0x100000001b3)))
      (br_if $values (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 72))))
    (local.get $h))
  (func (export "extend_i32_s") (result i64)
    (local $i i32) (local $x i32) (local $h i64)
    (loop $values
      (local.set $x (i32.load (local.get $i)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_s (local.get $x))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_s (i32.mul (local.get $x) (i32.const 0x10001)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_s (i32.load (local.get $i)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.sub (i64.extend_i32_s (local.get $x)) (i64.extend_i32_s (i32.load8_s (local.get $i))))) (i64.const 0x100000001b3)))
      (br_if $values (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 72))))
    (local.get $h))
  (func (export "extend_i32_u") (result i64)
    (local $i i32) (local $x i32) (local $h i64)
    (loop $values
      (local.set $x (i32.load (local.get $i)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (local.get $x))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.mul (local.get $x) (i32.const 0x10001)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.load (local.get $i)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.sub (i64.extend_i32_u (local.get $x)) (i64.extend_i32_u (i32.load8_s (local.get $i))))) (i64.const 0x100000001b3)))
      (br_if $values (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 72))))
    (local.get $h)))
