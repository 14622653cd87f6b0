;; Covers: every unary f64 operator, demotion and reinterpretation over edge values, NaN payloads kept where
;; the specification says so.
;; invoke: abs
;; invoke: neg
;; invoke: ceil
;; invoke: floor
;; invoke: trunc
;; invoke: nearest
;; invoke: sqrt
;; invoke: demote
;; invoke: reinterpret
(module
  (memory 1)
  (data (i32.const 0)
    "\00\00\00\00\00\00\00\00"
    "\00\00\00\00\00\00\00\80"
    "\00\00\00\00\00\00\f0\3f"
    "\00\00\00\00\00\00\f0\bf"
    "\00\00\00\00\00\00\e0\3f"
    "\00\00\00\00\00\00\f8\3f"
    "\00\00\00\00\00\00\04\40"
    "\00\00\00\00\00\00\04\c0"
    "\66\66\66\66\66\66\e6\bf"
    "\18\2d\44\54\fb\21\09\40"
    "\ff\ff\ff\ff\ff\ff\2f\43"
    "\01\00\00\00\00\00\30\c3"
    "\00\00\00\00\00\00\e0\41"
    "\00\00\00\00\00\00\e0\c3"
    "\01\00\00\00\00\00\00\00"
    "\ff\ff\ff\ff\ff\ff\0f\80"
    "\00\00\00\00\00\00\10\00"
    "\ff\ff\ff\ff\ff\ff\ef\7f"
    "\00\00\00\00\00\00\f0\7f"
    "\00\00\00\00\00\00\f0\ff"
    "\00\00\00\00\00\00\f8\7f"
    "\45\23\01\00\00\00\f8\ff"
    "\21\43\05\00\00\00\f0\7f")
  (func (export "abs") (result i64)
    (local $i i32) (local $x f64) (local $h i64) (local $t f64)
    (loop $values
      (local.set $x (f64.load (local.get $i)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (f64.abs (local.get $x)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (f64.abs (f64.load (local.get $i))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (local.get $x))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.reinterpret_f64 (local.tee $t (f64.mul (f64.abs (local.get $x)) (f64.abs (f64.neg (local.get $x)))))) (i64.and (i64.reinterpret_f64 (local.get $t)) (i64.const 0x7ff8000000000000)) (f64.eq (local.get $t) (local.get $t)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (f64.abs (f64.abs (local.get $x))))) (i64.const 0x100000001b3)))
      (br_if $values (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 184))))
    (local.get $h))
  (func (export "neg") (result i64)
    (local $i i32) (local $x f64) (local $h i64) (local $t f64)
    (loop $values
      (local.set $x (f64.load (local.get $i)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (f64.neg (local.get $x)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (f64.neg (f64.load (local.get $i))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (local.get $x))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.reinterpret_f64 (local.tee $t (f64.mul (f64.neg (local.get $x)) (f64.neg (f64.neg (local.get $x)))))) (i64.and (i64.reinterpret_f64 (local.get $t)) (i64.const 0x7ff8000000000000)) (f64.eq (local.get $t) (local.get $t)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (f64.neg (f64.neg (local.get $x))))) (i64.const 0x100000001b3)))
      (br_if $values (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 184))))
    (local.get $h))
  (func (export "ceil") (result i64)
    (local $i i32) (local $x f64) (local $h i64) (local $t f64)
    (loop $values
      (local.set $x (f64.load (local.get $i)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.reinterpret_f64 (local.tee $t (f64.ceil (local.get $x)))) (i64.and (i64.reinterpret_f64 (local.get $t)) (i64.const 0x7ff8000000000000)) (f64.eq (local.get $t) (local.get $t)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.reinterpret_f64 (local.tee $t (f64.ceil (f64.load (local.get $i))))) (i64.and (i64.reinterpret_f64 (local.get $t)) (i64.const 0x7ff8000000000000)) (f64.eq (local.get $t) (local.get $t)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (local.get $x))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.reinterpret_f64 (local.tee $t (f64.mul (f64.ceil (local.get $x)) (f64.ceil (f64.neg (local.get $x)))))) (i64.and (i64.reinterpret_f64 (local.get $t)) (i64.const 0x7ff8000000000000)) (f64.eq (local.get $t) (local.get $t)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.reinterpret_f64 (local.tee $t (f64.ceil (f64.ceil (local.get $x))))) (i64.and (i64.reinterpret_f64 (local.get $t)) (i64.const 0x7ff8000000000000)) (f64.eq (local.get $t) (local.get $t)))) (i64.const 0x100000001b3)))
      (br_if $values (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 184))))
    (local.get $h))
  (func (export "floor") (result i64)
    (local $i i32) (local $x f64) (local $h i64) (local $t f64)
    (loop $values
      (local.set $x (f64.load (local.get $i)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.reinterpret_f64 (local.tee $t (f64.floor (local.get $x)))) (i64.and (i64.reinterpret_f64 (local.get $t)) (i64.const 0x7ff8000000000000)) (f64.eq (local.get $t) (local.get $t)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.reinterpret_f64 (local.tee $t (f64.floor (f64.load (local.get $i))))) (i64.and (i64.reinterpret_f64 (local.get $t)) (i64.const 0x7ff8000000000000)) (f64.eq (local.get $t) (local.get $t)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (local.get $x))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.reinterpret_f64 (local.tee $t (f64.mul (f64.floor (local.get $x)) (f64.floor (f64.neg (local.get $x)))))) (i64.and (i64.reinterpret_f64 (local.get $t)) (i64.const 0x7ff8000000000000)) (f64.eq (local.get $t) (local.get $t)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.reinterpret_f64 (local.tee $t (f64.floor (f64.floor (local.get $x))))) (i64.and (i64.reinterpret_f64 (local.get $t)) (i64.const 0x7ff8000000000000)) (f64.eq (local.get $t) (local.get $t)))) (i64.const 0x100000001b3)))
      (br_if $values (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 184))))
    (local.get $h))
  (func (export "trunc") (result i64)
    (local $i i32) (local $x f64) (local $h i64) (local $t f64)
    (loop $values
      (local.set $x (f64.load (local.get $i)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.reinterpret_f64 (local.tee $t (f64.trunc (local.get $x)))) (i64.and (i64.reinterpret_f64 (local.get $t)) (i64.const 0x7ff8000000000000)) (f64.eq (local.get $t) (local.get $t)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.reinterpret_f64 (local.tee $t (f64.trunc (f64.load (local.get $i))))) (i64.and (i64.reinterpret_f64 (local.get $t)) (i64.const 0x7ff8000000000000)) (f64.eq (local.get $t) (local.get $t)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (local.get $x))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.reinterpret_f64 (local.tee $t (f64.mul (f64.trunc (local.get $x)) (f64.trunc (f64.neg (local.get $x)))))) (i64.and (i64.reinterpret_f64 (local.get $t)) (i64.const 0x7ff8000000000000)) (f64.eq (local.get $t) (local.get $t)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.reinterpret_f64 (local.tee $t (f64.trunc (f64.trunc (local.get $x))))) (i64.and (i64.reinterpret_f64 (local.get $t)) (i64.const 0x7ff8000000000000)) (f64.eq (local.get $t) (local.get $t)))) (i64.const 0x100000001b3)))
      (br_if $values (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 184))))
    (local.get $h))
  (func (export "nearest") (result i64)
    (local $i i32) (local $x f64) (local $h i64) (local $t f64)
    (loop $values
      (local.set $x (f64.load (local.get $i)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.reinterpret_f64 (local.tee $t (f64.nearest (local.get $x)))) (i64.and (i64.reinterpret_f64 (local.get $t)) (i64.const 0x7ff8000000000000)) (f64.eq (local.get $t) (local.get $t)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.reinterpret_f64 (local.tee $t (f64.nearest (f64.load (local.get $i))))) (i64.and (i64.reinterpret_f64 (local.get $t)) (i64.const 0x7ff8000000000000)) (f64.eq (local.get $t) (local.get $t)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (local.get $x))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.reinterpret_f64 (local.tee $t (f64.mul (f64.nearest (local.get $x)) (f64.nearest (f64.neg (local.get $x)))))) (i64.and (i64.reinterpret_f64 (local.get $t)) (i64.const 0x7ff8000000000000)) (f64.eq (local.get $t) (local.get $t)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.reinterpret_f64 (local.tee $t (f64.nearest (f64.nearest (local.get $x))))) (i64.and (i64.reinterpret_f64 (local.get $t)) (i64.const 0x7ff8000000000000)) (f64.eq (local.get $t) (local.get $t)))) (i64.const 0x100000001b3)))
      (br_if $values (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 184))))
    (local.get $h))
  (func (export "sqrt") (result i64)
    (local $i i32) (local $x f64) (local $h i64) (local $t f64)
    (loop $values
      (local.set $x (f64.load (local.get $i)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.reinterpret_f64 (local.tee $t (f64.sqrt (local.get $x)))) (i64.and (i64.reinterpret_f64 (local.get $t)) (i64.const 0x7ff8000000000000)) (f64.eq (local.get $t) (local.get $t)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.reinterpret_f64 (local.tee $t (f64.sqrt (f64.load (local.get $i))))) (i64.and (i64.reinterpret_f64 (local.get $t)) (i64.const 0x7ff8000000000000)) (f64.eq (local.get $t) (local.get $t)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (local.get $x))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.reinterpret_f64 (local.tee $t (f64.mul (f64.sqrt (local.get $x)) (f64.sqrt (f64.neg (local.get $x)))))) (i64.and (i64.reinterpret_f64 (local.get $t)) (i64.const 0x7ff8000000000000)) (f64.eq (local.get $t) (local.get $t)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.reinterpret_f64 (local.tee $t (f64.sqrt (f64.sqrt (local.get $x))))) (i64.and (i64.reinterpret_f64 (local.get $t)) (i64.const 0x7ff8000000000000)) (f64.eq (local.get $t) (local.get $t)))) (i64.const 0x100000001b3)))
      (br_if $values (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 184))))
    (local.get $h))
  (func (export "demote") (result i64)
    (local $i i32) (local $x f64) (local $h i64) (local $t f64) (local $s f32)
    (loop $values
      (local.set $x (f64.load (local.get $i)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (select (i32.reinterpret_f32 (local.tee $s (f32.demote_f64 (local.get $x)))) (i32.and (i32.reinterpret_f32 (local.get $s)) (i32.const 0x7fc00000)) (f32.eq (local.get $s) (local.get $s))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.reinterpret_f64 (local.tee $t (f64.sub (local.get $x) (f64.promote_f32 (f32.demote_f64 (local.get $x)))))) (i64.and (i64.reinterpret_f64 (local.get $t)) (i64.const 0x7ff8000000000000)) (f64.eq (local.get $t) (local.get $t)))) (i64.const 0x100000001b3)))
      (br_if $values (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 184))))
    (local.get $h))
  (func (export "reinterpret") (result i64)
    (local $i i32) (local $x f64) (local $h i64)
    (loop $values
      (local.set $x (f64.load (local.get $i)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (f64.reinterpret_i64 (i64.load (local.get $i))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (local.get $x))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (f64.load (local.get $i)))) (i64.const 0x100000001b3)))
      (br_if $values (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 184))))
    (local.get $h)))
