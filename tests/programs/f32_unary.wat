;; Covers: every unary f32 operator, promotion and reinterpretation over edge values, NaN payloads kept where
;; the specification says so.
;; invoke: abs
;; invoke: neg
;; invoke: ceil
;; invoke: floor
;; invoke: trunc
;; invoke: nearest
;; invoke: sqrt
;; invoke: promote
;; invoke: reinterpret
(module
  (memory 1)
  (data (i32.const 0)
    "\00\00\00\00"
    "\00\00\00\80"
    "\00\00\80\3f"
    "\00\00\80\bf"
    "\00\00\00\3f"
    "\00\00\c0\3f"
    "\00\00\20\40"
    "\00\00\20\c0"
    "\33\33\33\bf"
    "\db\0f\49\40"
    "\ff\ff\ff\4a"
    "\01\00\00\cb"
    "\00\00\00\4f"
    "\00\00\00\df"
    "\01\00\00\00"
    "\ff\ff\7f\80"
    "\00\00\80\00"
    "\ff\ff\7f\7f"
    "\00\00\80\7f"
    "\00\00\80\ff"
    "\00\00\c0\7f"
    "\45\23\c1\ff"
    "\45\23\81\7f")
  (func (export "abs") (result i64)
    (local $i i32) (local $x f32) (local $h i64) (local $t f32)
    (loop $values
      (local.set $x (f32.load (local.get $i)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (f32.abs (local.get $x))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (f32.abs (f32.load (local.get $i)))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (local.get $x)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (select (i32.reinterpret_f32 (local.tee $t (f32.mul (f32.abs (local.get $x)) (f32.abs (f32.neg (local.get $x)))))) (i32.and (i32.reinterpret_f32 (local.get $t)) (i32.const 0x7fc00000)) (f32.eq (local.get $t) (local.get $t))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (f32.abs (f32.abs (local.get $x)))))) (i64.const 0x100000001b3)))
      (br_if $values (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 92))))
    (local.get $h))
  (func (export "neg") (result i64)
    (local $i i32) (local $x f32) (local $h i64) (local $t f32)
    (loop $values
      (local.set $x (f32.load (local.get $i)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (f32.neg (local.get $x))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (f32.neg (f32.load (local.get $i)))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (local.get $x)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (select (i32.reinterpret_f32 (local.tee $t (f32.mul (f32.neg (local.get $x)) (f32.neg (f32.neg (local.get $x)))))) (i32.and (i32.reinterpret_f32 (local.get $t)) (i32.const 0x7fc00000)) (f32.eq (local.get $t) (local.get $t))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (f32.neg (f32.neg (local.get $x)))))) (i64.const 0x100000001b3)))
      (br_if $values (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 92))))
    (local.get $h))
  (func (export "ceil") (result i64)
    (local $i i32) (local $x f32) (local $h i64) (local $t f32)
    (loop $values
      (local.set $x (f32.load (local.get $i)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (select (i32.reinterpret_f32 (local.tee $t (f32.ceil (local.get $x)))) (i32.and (i32.reinterpret_f32 (local.get $t)) (i32.const 0x7fc00000)) (f32.eq (local.get $t) (local.get $t))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (select (i32.reinterpret_f32 (local.tee $t (f32.ceil (f32.load (local.get $i))))) (i32.and (i32.reinterpret_f32 (local.get $t)) (i32.const 0x7fc00000)) (f32.eq (local.get $t) (local.get $t))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (local.get $x)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (select (i32.reinterpret_f32 (local.tee $t (f32.mul (f32.ceil (local.get $x)) (f32.ceil (f32.neg (local.get $x)))))) (i32.and (i32.reinterpret_f32 (local.get $t)) (i32.const 0x7fc00000)) (f32.eq (local.get $t) (local.get $t))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (select (i32.reinterpret_f32 (local.tee $t (f32.ceil (f32.ceil (local.get $x))))) (i32.and (i32.reinterpret_f32 (local.get $t)) (i32.const 0x7fc00000)) (f32.eq (local.get $t) (local.get $t))))) (i64.const 0x100000001b3)))
      (br_if $values (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 92))))
    (local.get $h))
  (func (export "floor") (result i64)
    (local $i i32) (local $x f32) (local $h i64) (local $t f32)
    (loop $values
      (local.set $x (f32.load (local.get $i)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (select (i32.reinterpret_f32 (local.tee $t (f32.floor (local.get $x)))) (i32.and (i32.reinterpret_f32 (local.get $t)) (i32.const 0x7fc00000)) (f32.eq (local.get $t) (local.get $t))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (select (i32.reinterpret_f32 (local.tee $t (f32.floor (f32.load (local.get $i))))) (i32.and (i32.reinterpret_f32 (local.get $t)) (i32.const 0x7fc00000)) (f32.eq (local.get $t) (local.get $t))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (local.get $x)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (select (i32.reinterpret_f32 (local.tee $t (f32.mul (f32.floor (local.get $x)) (f32.floor (f32.neg (local.get $x)))))) (i32.and (i32.reinterpret_f32 (local.get $t)) (i32.const 0x7fc00000)) (f32.eq (local.get $t) (local.get $t))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (select (i32.reinterpret_f32 (local.tee $t (f32.floor (f32.floor (local.get $x))))) (i32.and (i32.reinterpret_f32 (local.get $t)) (i32.const 0x7fc00000)) (f32.eq (local.get $t) (local.get $t))))) (i64.const 0x100000001b3)))
      (br_if $values (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 92))))
    (local.get $h))
  (func (export "trunc") (result i64)
    (local $i i32) (local $x f32) (local $h i64) (local $t f32)
    (loop $values
      (local.set $x (f32.load (local.get $i)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (select (i32.reinterpret_f32 (local.tee $t (f32.trunc (local.get $x)))) (i32.and (i32.reinterpret_f32 (local.get $t)) (i32.const 0x7fc00000)) (f32.eq (local.get $t) (local.get $t))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (select (i32.reinterpret_f32 (local.tee $t (f32.trunc (f32.load (local.get $i))))) (i32.and (i32.reinterpret_f32 (local.get $t)) (i32.const 0x7fc00000)) (f32.eq (local.get $t) (local.get $t))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (local.get $x)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (select (i32.reinterpret_f32 (local.tee $t (f32.mul (f32.trunc (local.get $x)) (f32.trunc (f32.neg (local.get $x)))))) (i32.and (i32.reinterpret_f32 (local.get $t)) (i32.const 0x7fc00000)) (f32.eq (local.get $t) (local.get $t))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (select (i32.reinterpret_f32 (local.tee $t (f32.trunc (f32.trunc (local.get $x))))) (i32.and (i32.reinterpret_f32 (local.get $t)) (i32.const 0x7fc00000)) (f32.eq (local.get $t) (local.get $t))))) (i64.const 0x100000001b3)))
      (br_if $values (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 92))))
    (local.get $h))
  (func (export "nearest") (result i64)
    (local $i i32) (local $x f32) (local $h i64) (local $t f32)
    (loop $values
      (local.set $x (f32.load (local.get $i)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (select (i32.reinterpret_f32 (local.tee $t (f32.nearest (local.get $x)))) (i32.and (i32.reinterpret_f32 (local.get $t)) (i32.const 0x7fc00000)) (f32.eq (local.get $t) (local.get $t))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (select (i32.reinterpret_f32 (local.tee $t (f32.nearest (f32.load (local.get $i))))) (i32.and (i32.reinterpret_f32 (local.get $t)) (i32.const 0x7fc00000)) (f32.eq (local.get $t) (local.get $t))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (local.get $x)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (select (i32.reinterpret_f32 (local.tee $t (f32.mul (f32.nearest (local.get $x)) (f32.nearest (f32.neg (local.get $x)))))) (i32.and (i32.reinterpret_f32 (local.get $t)) (i32.const 0x7fc00000)) (f32.eq (local.get $t) (local.get $t))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (select (i32.reinterpret_f32 (local.tee $t (f32.nearest (f32.nearest (local.get $x))))) (i32.and (i32.reinterpret_f32 (local.get $t)) (i32.const 0x7fc00000)) (f32.eq (local.get $t) (local.get $t))))) (i64.const 0x100000001b3)))
      (br_if $values (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 92))))
    (local.get $h))
  (func (export "sqrt") (result i64)
    (local $i i32) (local $x f32) (local $h i64) (local $t f32)
    (loop $values
      (local.set $x (f32.load (local.get $i)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (select (i32.reinterpret_f32 (local.tee $t (f32.sqrt (local.get $x)))) (i32.and (i32.reinterpret_f32 (local.get $t)) (i32.const 0x7fc00000)) (f32.eq (local.get $t) (local.get $t))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (select (i32.reinterpret_f32 (local.tee $t (f32.sqrt (f32.load (local.get $i))))) (i32.and (i32.reinterpret_f32 (local.get $t)) (i32.const 0x7fc00000)) (f32.eq (local.get $t) (local.get $t))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (local.get $x)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (select (i32.reinterpret_f32 (local.tee $t (f32.mul (f32.sqrt (local.get $x)) (f32.sqrt (f32.neg (local.get $x)))))) (i32.and (i32.reinterpret_f32 (local.get $t)) (i32.const 0x7fc00000)) (f32.eq (local.get $t) (local.get $t))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (select (i32.reinterpret_f32 (local.tee $t (f32.sqrt (f32.sqrt (local.get $x))))) (i32.and (i32.reinterpret_f32 (local.get $t)) (i32.const 0x7fc00000)) (f32.eq (local.get $t) (local.get $t))))) (i64.const 0x100000001b3)))
      (br_if $values (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 92))))
    (local.get $h))
  (func (export "promote") (result i64)
    (local $i i32) (local $x f32) (local $h i64) (local $t f32) (local $d f64)
    (loop $values
      (local.set $x (f32.load (local.get $i)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.reinterpret_f64 (local.tee $d (f64.promote_f32 (local.get $x)))) (i64.and (i64.reinterpret_f64 (local.get $d)) (i64.const 0x7ff8000000000000)) (f64.eq (local.get $d) (local.get $d)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (select (i32.reinterpret_f32 (local.tee $t (f32.demote_f64 (f64.mul (f64.promote_f32 (local.get $x)) (f64.const 1.0000000001))))) (i32.and (i32.reinterpret_f32 (local.get $t)) (i32.const 0x7fc00000)) (f32.eq (local.get $t) (local.get $t))))) (i64.const 0x100000001b3)))
      (br_if $values (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 92))))
    (local.get $h))
  (func (export "reinterpret") (result i64)
    (local $i i32) (local $x f32) (local $h i64)
    (loop $values
      (local.set $x (f32.load (local.get $i)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (f32.reinterpret_i32 (i32.load (local.get $i)))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (local.get $x)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (f32.load (local.get $i))))) (i64.const 0x100000001b3)))
      (br_if $values (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 92))))
    (local.get $h)))
