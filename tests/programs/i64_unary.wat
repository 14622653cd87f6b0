;; Covers: every unary i64 operator and test over edge values; eqz fused with branches, selects and eqz.
;; invoke: clz
;; invoke: ctz
;; invoke: popcnt
;; invoke: extend8_s
;; invoke: extend16_s
;; invoke: extend32_s
;; invoke: eqz
;; invoke: wrap
(module
  (memory 1)
  (data (i32.const 0)
    "\00\00\00\00\00\00\00\00"
    "\01\00\00\00\00\00\00\00"
    "\02\00\00\00\00\00\00\00"
    "\07\00\00\00\00\00\00\00"
    "\3f\00\00\00\00\00\00\00"
    "\40\00\00\00\00\00\00\00"
    "\41\00\00\00\00\00\00\00"
    "\80\00\00\00\00\00\00\00"
    "\00\80\00\00\00\00\00\00"
    "\ff\ff\ff\7f\00\00\00\00"
    "\00\00\00\80\00\00\00\00"
    "\ff\ff\ff\ff\00\00\00\00"
    "\00\00\00\00\01\00\00\00"
    "\ff\ff\ff\ff\ff\ff\ff\7f"
    "\00\00\00\00\00\00\00\80"
    "\ff\ff\ff\ff\ff\ff\ff\ff"
    "\fe\ff\ff\ff\ff\ff\ff\ff"
    "\f0\de\bc\9a\78\56\34\12")
  (func (export "clz") (result i64)
    (local $i i32) (local $x i64) (local $h i64)
    (loop $values
      (local.set $x (i64.load (local.get $i)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.clz (local.get $x))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.xor (i64.clz (i64.load (local.get $i))) (local.get $x))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.clz (i64.clz (i64.add (local.get $x) (local.get $x))))) (i64.const 0x100000001b3)))
      (br_if $values (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 144))))
    (local.get $h))
  (func (export "ctz") (result i64)
    (local $i i32) (local $x i64) (local $h i64)
    (loop $values
      (local.set $x (i64.load (local.get $i)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.ctz (local.get $x))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.xor (i64.ctz (i64.load (local.get $i))) (local.get $x))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.ctz (i64.ctz (i64.add (local.get $x) (local.get $x))))) (i64.const 0x100000001b3)))
      (br_if $values (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 144))))
    (local.get $h))
  (func (export "popcnt") (result i64)
    (local $i i32) (local $x i64) (local $h i64)
    (loop $values
      (local.set $x (i64.load (local.get $i)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.popcnt (local.get $x))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.xor (i64.popcnt (i64.load (local.get $i))) (local.get $x))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.popcnt (i64.popcnt (i64.add (local.get $x) (local.get $x))))) (i64.const 0x100000001b3)))
      (br_if $values (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 144))))
    (local.get $h))
  (func (export "extend8_s") (result i64)
    (local $i i32) (local $x i64) (local $h i64)
    (loop $values
      (local.set $x (i64.load (local.get $i)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend8_s (local.get $x))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.xor (i64.extend8_s (i64.load (local.get $i))) (local.get $x))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend8_s (i64.extend8_s (i64.add (local.get $x) (local.get $x))))) (i64.const 0x100000001b3)))
      (br_if $values (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 144))))
    (local.get $h))
  (func (export "extend16_s") (result i64)
    (local $i i32) (local $x i64) (local $h i64)
    (loop $values
      (local.set $x (i64.load (local.get $i)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend16_s (local.get $x))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.xor (i64.extend16_s (i64.load (local.get $i))) (local.get $x))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend16_s (i64.extend16_s (i64.add (local.get $x) (local.get $x))))) (i64.const 0x100000001b3)))
      (br_if $values (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 144))))
    (local.get $h))
  (func (export "extend32_s") (result i64)
    (local $i i32) (local $x i64) (local $h i64)
    (loop $values
      (local.set $x (i64.load (local.get $i)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend32_s (local.get $x))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.xor (i64.extend32_s (i64.load (local.get $i))) (local.get $x))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend32_s (i64.extend32_s (i64.add (local.get $x) (local.get $x))))) (i64.const 0x100000001b3)))
      (br_if $values (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 144))))
    (local.get $h))
  (func (export "eqz") (result i64)
    (local $i i32) (local $x i64) (local $h i64)
    (loop $values
      (local.set $x (i64.load (local.get $i)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i64.eqz (local.get $x)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.eqz (i64.eqz (local.get $x))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.eqz (i32.eqz (i64.eqz (local.get $x)))))) (i64.const 0x100000001b3)))
      (if (i64.eqz (local.get $x)) (then (local.set $h (i64.add (local.get $h) (i64.const 3)))))
      (if (i32.eqz (i64.eqz (local.get $x))) (then (local.set $h (i64.add (local.get $h) (i64.const 5)))) (else (local.set $h (i64.sub (local.get $h) (i64.const 7)))))
      (block $zero (br_if $zero (i64.eqz (local.get $x))) (local.set $h (i64.mul (local.get $h) (i64.const 11))))
      (block $nonzero (br_if $nonzero (i32.eqz (i64.eqz (local.get $x)))) (local.set $h (i64.mul (local.get $h) (i64.const 13))))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.const 17) (local.get $h) (i64.eqz (local.get $x)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (local.get $h) (i64.const 19) (i32.eqz (i64.eqz (local.get $x))))) (i64.const 0x100000001b3)))
      (br_if $values (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 144))))
    (local.get $h))
  (func (export "wrap") (result i64)
    (local $i i32) (local $x i64) (local $h i64)
    (loop $values
      (local.set $x (i64.load (local.get $i)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.wrap_i64 (local.get $x)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_s (i32.wrap_i64 (i64.shr_u (local.get $x) (i64.const 16))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.add (i32.wrap_i64 (local.get $x)) (i32.wrap_i64 (i64.load (local.get $i)))))) (i64.const 0x100000001b3)))
      ;; the wrapped value must have no upper half: as address, as shift count, as condition
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.load8_u (i32.and (i32.wrap_i64 (local.get $x)) (i32.const 127)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.shr_u (i32.const -1) (i32.wrap_i64 (local.get $x))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.wrap_i64 (i64.and (local.get $x) (i64.const 0xffffffff00000000))))) (i64.const 0x100000001b3)))
      (if (i32.wrap_i64 (i64.and (local.get $x) (i64.const 0xffffffff00000000))) (then unreachable))
      (block $no (br_if $no (i32.wrap_i64 (i64.shl (local.get $x) (i64.const 32)))) (local.set $h (i64.add (local.get $h) (i64.const 1))))
      (br_if $values (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 144))))
    (local.get $h)))
