;; Covers: every binary f32 operator over all pairs of edge values: signed zeros, subnormals, infinities, NaNs with
;; payloads. Bits of NaN results are reduced to what is deterministic.
;; invoke: add
;; invoke: sub
;; invoke: mul
;; invoke: div
;; invoke: min
;; invoke: max
;; invoke: copysign
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
  (func (export "add") (result i64)
    (local $i i32) (local $j i32) (local $x f32) (local $y f32) (local $h i64) (local $t f32)
    (loop $rows
      (local.set $x (f32.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (f32.load (local.get $j)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (select (i32.reinterpret_f32 (local.tee $t (f32.add (local.get $x) (local.get $y)))) (i32.and (i32.reinterpret_f32 (local.get $t)) (i32.const 0x7fc00000)) (f32.eq (local.get $t) (local.get $t))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (select (i32.reinterpret_f32 (local.tee $t (f32.add (local.get $x) (f32.load (local.get $j))))) (i32.and (i32.reinterpret_f32 (local.get $t)) (i32.const 0x7fc00000)) (f32.eq (local.get $t) (local.get $t))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (select (i32.reinterpret_f32 (local.tee $t (f32.add (f32.load (local.get $i)) (local.get $x)))) (i32.and (i32.reinterpret_f32 (local.get $t)) (i32.const 0x7fc00000)) (f32.eq (local.get $t) (local.get $t))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (select (i32.reinterpret_f32 (local.tee $t (f32.add (f32.add (local.get $y) (local.get $x)) (f32.add (local.get $x) (local.get $x))))) (i32.and (i32.reinterpret_f32 (local.get $t)) (i32.const 0x7fc00000)) (f32.eq (local.get $t) (local.get $t))))) (i64.const 0x100000001b3)))
        ;; the operands are unharmed
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (local.get $x)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (local.get $y)))) (i64.const 0x100000001b3)))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 4))) (i32.const 92))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 92))))
    (local.get $h))
  (func (export "sub") (result i64)
    (local $i i32) (local $j i32) (local $x f32) (local $y f32) (local $h i64) (local $t f32)
    (loop $rows
      (local.set $x (f32.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (f32.load (local.get $j)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (select (i32.reinterpret_f32 (local.tee $t (f32.sub (local.get $x) (local.get $y)))) (i32.and (i32.reinterpret_f32 (local.get $t)) (i32.const 0x7fc00000)) (f32.eq (local.get $t) (local.get $t))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (select (i32.reinterpret_f32 (local.tee $t (f32.sub (local.get $x) (f32.load (local.get $j))))) (i32.and (i32.reinterpret_f32 (local.get $t)) (i32.const 0x7fc00000)) (f32.eq (local.get $t) (local.get $t))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (select (i32.reinterpret_f32 (local.tee $t (f32.sub (f32.load (local.get $i)) (local.get $x)))) (i32.and (i32.reinterpret_f32 (local.get $t)) (i32.const 0x7fc00000)) (f32.eq (local.get $t) (local.get $t))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (select (i32.reinterpret_f32 (local.tee $t (f32.sub (f32.sub (local.get $y) (local.get $x)) (f32.sub (local.get $x) (local.get $x))))) (i32.and (i32.reinterpret_f32 (local.get $t)) (i32.const 0x7fc00000)) (f32.eq (local.get $t) (local.get $t))))) (i64.const 0x100000001b3)))
        ;; the operands are unharmed
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (local.get $x)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (local.get $y)))) (i64.const 0x100000001b3)))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 4))) (i32.const 92))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 92))))
    (local.get $h))
  (func (export "mul") (result i64)
    (local $i i32) (local $j i32) (local $x f32) (local $y f32) (local $h i64) (local $t f32)
    (loop $rows
      (local.set $x (f32.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (f32.load (local.get $j)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (select (i32.reinterpret_f32 (local.tee $t (f32.mul (local.get $x) (local.get $y)))) (i32.and (i32.reinterpret_f32 (local.get $t)) (i32.const 0x7fc00000)) (f32.eq (local.get $t) (local.get $t))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (select (i32.reinterpret_f32 (local.tee $t (f32.mul (local.get $x) (f32.load (local.get $j))))) (i32.and (i32.reinterpret_f32 (local.get $t)) (i32.const 0x7fc00000)) (f32.eq (local.get $t) (local.get $t))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (select (i32.reinterpret_f32 (local.tee $t (f32.mul (f32.load (local.get $i)) (local.get $x)))) (i32.and (i32.reinterpret_f32 (local.get $t)) (i32.const 0x7fc00000)) (f32.eq (local.get $t) (local.get $t))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (select (i32.reinterpret_f32 (local.tee $t (f32.mul (f32.mul (local.get $y) (local.get $x)) (f32.mul (local.get $x) (local.get $x))))) (i32.and (i32.reinterpret_f32 (local.get $t)) (i32.const 0x7fc00000)) (f32.eq (local.get $t) (local.get $t))))) (i64.const 0x100000001b3)))
        ;; the operands are unharmed
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (local.get $x)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (local.get $y)))) (i64.const 0x100000001b3)))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 4))) (i32.const 92))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 92))))
    (local.get $h))
  (func (export "div") (result i64)
    (local $i i32) (local $j i32) (local $x f32) (local $y f32) (local $h i64) (local $t f32)
    (loop $rows
      (local.set $x (f32.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (f32.load (local.get $j)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (select (i32.reinterpret_f32 (local.tee $t (f32.div (local.get $x) (local.get $y)))) (i32.and (i32.reinterpret_f32 (local.get $t)) (i32.const 0x7fc00000)) (f32.eq (local.get $t) (local.get $t))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (select (i32.reinterpret_f32 (local.tee $t (f32.div (local.get $x) (f32.load (local.get $j))))) (i32.and (i32.reinterpret_f32 (local.get $t)) (i32.const 0x7fc00000)) (f32.eq (local.get $t) (local.get $t))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (select (i32.reinterpret_f32 (local.tee $t (f32.div (f32.load (local.get $i)) (local.get $x)))) (i32.and (i32.reinterpret_f32 (local.get $t)) (i32.const 0x7fc00000)) (f32.eq (local.get $t) (local.get $t))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (select (i32.reinterpret_f32 (local.tee $t (f32.div (f32.div (local.get $y) (local.get $x)) (f32.div (local.get $x) (local.get $x))))) (i32.and (i32.reinterpret_f32 (local.get $t)) (i32.const 0x7fc00000)) (f32.eq (local.get $t) (local.get $t))))) (i64.const 0x100000001b3)))
        ;; the operands are unharmed
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (local.get $x)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (local.get $y)))) (i64.const 0x100000001b3)))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 4))) (i32.const 92))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 92))))
    (local.get $h))
  (func (export "min") (result i64)
    (local $i i32) (local $j i32) (local $x f32) (local $y f32) (local $h i64) (local $t f32)
    (loop $rows
      (local.set $x (f32.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (f32.load (local.get $j)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (select (i32.reinterpret_f32 (local.tee $t (f32.min (local.get $x) (local.get $y)))) (i32.and (i32.reinterpret_f32 (local.get $t)) (i32.const 0x7fc00000)) (f32.eq (local.get $t) (local.get $t))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (select (i32.reinterpret_f32 (local.tee $t (f32.min (local.get $x) (f32.load (local.get $j))))) (i32.and (i32.reinterpret_f32 (local.get $t)) (i32.const 0x7fc00000)) (f32.eq (local.get $t) (local.get $t))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (select (i32.reinterpret_f32 (local.tee $t (f32.min (f32.load (local.get $i)) (local.get $x)))) (i32.and (i32.reinterpret_f32 (local.get $t)) (i32.const 0x7fc00000)) (f32.eq (local.get $t) (local.get $t))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (select (i32.reinterpret_f32 (local.tee $t (f32.min (f32.min (local.get $y) (local.get $x)) (f32.min (local.get $x) (local.get $x))))) (i32.and (i32.reinterpret_f32 (local.get $t)) (i32.const 0x7fc00000)) (f32.eq (local.get $t) (local.get $t))))) (i64.const 0x100000001b3)))
        ;; the operands are unharmed
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (local.get $x)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (local.get $y)))) (i64.const 0x100000001b3)))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 4))) (i32.const 92))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 92))))
    (local.get $h))
  (func (export "max") (result i64)
    (local $i i32) (local $j i32) (local $x f32) (local $y f32) (local $h i64) (local $t f32)
    (loop $rows
      (local.set $x (f32.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (f32.load (local.get $j)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (select (i32.reinterpret_f32 (local.tee $t (f32.max (local.get $x) (local.get $y)))) (i32.and (i32.reinterpret_f32 (local.get $t)) (i32.const 0x7fc00000)) (f32.eq (local.get $t) (local.get $t))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (select (i32.reinterpret_f32 (local.tee $t (f32.max (local.get $x) (f32.load (local.get $j))))) (i32.and (i32.reinterpret_f32 (local.get $t)) (i32.const 0x7fc00000)) (f32.eq (local.get $t) (local.get $t))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (select (i32.reinterpret_f32 (local.tee $t (f32.max (f32.load (local.get $i)) (local.get $x)))) (i32.and (i32.reinterpret_f32 (local.get $t)) (i32.const 0x7fc00000)) (f32.eq (local.get $t) (local.get $t))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (select (i32.reinterpret_f32 (local.tee $t (f32.max (f32.max (local.get $y) (local.get $x)) (f32.max (local.get $x) (local.get $x))))) (i32.and (i32.reinterpret_f32 (local.get $t)) (i32.const 0x7fc00000)) (f32.eq (local.get $t) (local.get $t))))) (i64.const 0x100000001b3)))
        ;; the operands are unharmed
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (local.get $x)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (local.get $y)))) (i64.const 0x100000001b3)))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 4))) (i32.const 92))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 92))))
    (local.get $h))
  (func (export "copysign") (result i64)
    (local $i i32) (local $j i32) (local $x f32) (local $y f32) (local $h i64) (local $t f32)
    (loop $rows
      (local.set $x (f32.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (f32.load (local.get $j)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (f32.copysign (local.get $x) (local.get $y))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (f32.copysign (local.get $x) (f32.load (local.get $j)))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (f32.copysign (f32.load (local.get $i)) (local.get $x))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (f32.copysign (f32.copysign (local.get $y) (local.get $x)) (f32.copysign (local.get $x) (local.get $x)))))) (i64.const 0x100000001b3)))
        ;; the operands are unharmed
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (local.get $x)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (local.get $y)))) (i64.const 0x100000001b3)))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 4))) (i32.const 92))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 92))))
    (local.get $h)))
