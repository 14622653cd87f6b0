;; Covers: every binary f64 operator over all pairs of edge values: signed zeros, subnormals, infinities, NaNs with
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
  (func (export "add") (result i64)
    (local $i i32) (local $j i32) (local $x f64) (local $y f64) (local $h i64) (local $t f64)
    (loop $rows
      (local.set $x (f64.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (f64.load (local.get $j)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.reinterpret_f64 (local.tee $t (f64.add (local.get $x) (local.get $y)))) (i64.and (i64.reinterpret_f64 (local.get $t)) (i64.const 0x7ff8000000000000)) (f64.eq (local.get $t) (local.get $t)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.reinterpret_f64 (local.tee $t (f64.add (local.get $x) (f64.load (local.get $j))))) (i64.and (i64.reinterpret_f64 (local.get $t)) (i64.const 0x7ff8000000000000)) (f64.eq (local.get $t) (local.get $t)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.reinterpret_f64 (local.tee $t (f64.add (f64.load (local.get $i)) (local.get $x)))) (i64.and (i64.reinterpret_f64 (local.get $t)) (i64.const 0x7ff8000000000000)) (f64.eq (local.get $t) (local.get $t)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.reinterpret_f64 (local.tee $t (f64.add (f64.add (local.get $y) (local.get $x)) (f64.add (local.get $x) (local.get $x))))) (i64.and (i64.reinterpret_f64 (local.get $t)) (i64.const 0x7ff8000000000000)) (f64.eq (local.get $t) (local.get $t)))) (i64.const 0x100000001b3)))
        ;; the operands are unharmed
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (local.get $x))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (local.get $y))) (i64.const 0x100000001b3)))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 8))) (i32.const 184))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 184))))
    (local.get $h))
  (func (export "sub") (result i64)
    (local $i i32) (local $j i32) (local $x f64) (local $y f64) (local $h i64) (local $t f64)
    (loop $rows
      (local.set $x (f64.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (f64.load (local.get $j)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.reinterpret_f64 (local.tee $t (f64.sub (local.get $x) (local.get $y)))) (i64.and (i64.reinterpret_f64 (local.get $t)) (i64.const 0x7ff8000000000000)) (f64.eq (local.get $t) (local.get $t)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.reinterpret_f64 (local.tee $t (f64.sub (local.get $x) (f64.load (local.get $j))))) (i64.and (i64.reinterpret_f64 (local.get $t)) (i64.const 0x7ff8000000000000)) (f64.eq (local.get $t) (local.get $t)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.reinterpret_f64 (local.tee $t (f64.sub (f64.load (local.get $i)) (local.get $x)))) (i64.and (i64.reinterpret_f64 (local.get $t)) (i64.const 0x7ff8000000000000)) (f64.eq (local.get $t) (local.get $t)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.reinterpret_f64 (local.tee $t (f64.sub (f64.sub (local.get $y) (local.get $x)) (f64.sub (local.get $x) (local.get $x))))) (i64.and (i64.reinterpret_f64 (local.get $t)) (i64.const 0x7ff8000000000000)) (f64.eq (local.get $t) (local.get $t)))) (i64.const 0x100000001b3)))
        ;; the operands are unharmed
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (local.get $x))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (local.get $y))) (i64.const 0x100000001b3)))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 8))) (i32.const 184))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 184))))
    (local.get $h))
  (func (export "mul") (result i64)
    (local $i i32) (local $j i32) (local $x f64) (local $y f64) (local $h i64) (local $t f64)
    (loop $rows
      (local.set $x (f64.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (f64.load (local.get $j)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.reinterpret_f64 (local.tee $t (f64.mul (local.get $x) (local.get $y)))) (i64.and (i64.reinterpret_f64 (local.get $t)) (i64.const 0x7ff8000000000000)) (f64.eq (local.get $t) (local.get $t)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.reinterpret_f64 (local.tee $t (f64.mul (local.get $x) (f64.load (local.get $j))))) (i64.and (i64.reinterpret_f64 (local.get $t)) (i64.const 0x7ff8000000000000)) (f64.eq (local.get $t) (local.get $t)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.reinterpret_f64 (local.tee $t (f64.mul (f64.load (local.get $i)) (local.get $x)))) (i64.and (i64.reinterpret_f64 (local.get $t)) (i64.const 0x7ff8000000000000)) (f64.eq (local.get $t) (local.get $t)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.reinterpret_f64 (local.tee $t (f64.mul (f64.mul (local.get $y) (local.get $x)) (f64.mul (local.get $x) (local.get $x))))) (i64.and (i64.reinterpret_f64 (local.get $t)) (i64.const 0x7ff8000000000000)) (f64.eq (local.get $t) (local.get $t)))) (i64.const 0x100000001b3)))
        ;; the operands are unharmed
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (local.get $x))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (local.get $y))) (i64.const 0x100000001b3)))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 8))) (i32.const 184))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 184))))
    (local.get $h))
  (func (export "div") (result i64)
    (local $i i32) (local $j i32) (local $x f64) (local $y f64) (local $h i64) (local $t f64)
    (loop $rows
      (local.set $x (f64.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (f64.load (local.get $j)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.reinterpret_f64 (local.tee $t (f64.div (local.get $x) (local.get $y)))) (i64.and (i64.reinterpret_f64 (local.get $t)) (i64.const 0x7ff8000000000000)) (f64.eq (local.get $t) (local.get $t)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.reinterpret_f64 (local.tee $t (f64.div (local.get $x) (f64.load (local.get $j))))) (i64.and (i64.reinterpret_f64 (local.get $t)) (i64.const 0x7ff8000000000000)) (f64.eq (local.get $t) (local.get $t)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.reinterpret_f64 (local.tee $t (f64.div (f64.load (local.get $i)) (local.get $x)))) (i64.and (i64.reinterpret_f64 (local.get $t)) (i64.const 0x7ff8000000000000)) (f64.eq (local.get $t) (local.get $t)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.reinterpret_f64 (local.tee $t (f64.div (f64.div (local.get $y) (local.get $x)) (f64.div (local.get $x) (local.get $x))))) (i64.and (i64.reinterpret_f64 (local.get $t)) (i64.const 0x7ff8000000000000)) (f64.eq (local.get $t) (local.get $t)))) (i64.const 0x100000001b3)))
        ;; the operands are unharmed
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (local.get $x))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (local.get $y))) (i64.const 0x100000001b3)))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 8))) (i32.const 184))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 184))))
    (local.get $h))
  (func (export "min") (result i64)
    (local $i i32) (local $j i32) (local $x f64) (local $y f64) (local $h i64) (local $t f64)
    (loop $rows
      (local.set $x (f64.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (f64.load (local.get $j)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.reinterpret_f64 (local.tee $t (f64.min (local.get $x) (local.get $y)))) (i64.and (i64.reinterpret_f64 (local.get $t)) (i64.const 0x7ff8000000000000)) (f64.eq (local.get $t) (local.get $t)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.reinterpret_f64 (local.tee $t (f64.min (local.get $x) (f64.load (local.get $j))))) (i64.and (i64.reinterpret_f64 (local.get $t)) (i64.const 0x7ff8000000000000)) (f64.eq (local.get $t) (local.get $t)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.reinterpret_f64 (local.tee $t (f64.min (f64.load (local.get $i)) (local.get $x)))) (i64.and (i64.reinterpret_f64 (local.get $t)) (i64.const 0x7ff8000000000000)) (f64.eq (local.get $t) (local.get $t)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.reinterpret_f64 (local.tee $t (f64.min (f64.min (local.get $y) (local.get $x)) (f64.min (local.get $x) (local.get $x))))) (i64.and (i64.reinterpret_f64 (local.get $t)) (i64.const 0x7ff8000000000000)) (f64.eq (local.get $t) (local.get $t)))) (i64.const 0x100000001b3)))
        ;; the operands are unharmed
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (local.get $x))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (local.get $y))) (i64.const 0x100000001b3)))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 8))) (i32.const 184))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 184))))
    (local.get $h))
  (func (export "max") (result i64)
    (local $i i32) (local $j i32) (local $x f64) (local $y f64) (local $h i64) (local $t f64)
    (loop $rows
      (local.set $x (f64.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (f64.load (local.get $j)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.reinterpret_f64 (local.tee $t (f64.max (local.get $x) (local.get $y)))) (i64.and (i64.reinterpret_f64 (local.get $t)) (i64.const 0x7ff8000000000000)) (f64.eq (local.get $t) (local.get $t)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.reinterpret_f64 (local.tee $t (f64.max (local.get $x) (f64.load (local.get $j))))) (i64.and (i64.reinterpret_f64 (local.get $t)) (i64.const 0x7ff8000000000000)) (f64.eq (local.get $t) (local.get $t)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.reinterpret_f64 (local.tee $t (f64.max (f64.load (local.get $i)) (local.get $x)))) (i64.and (i64.reinterpret_f64 (local.get $t)) (i64.const 0x7ff8000000000000)) (f64.eq (local.get $t) (local.get $t)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.reinterpret_f64 (local.tee $t (f64.max (f64.max (local.get $y) (local.get $x)) (f64.max (local.get $x) (local.get $x))))) (i64.and (i64.reinterpret_f64 (local.get $t)) (i64.const 0x7ff8000000000000)) (f64.eq (local.get $t) (local.get $t)))) (i64.const 0x100000001b3)))
        ;; the operands are unharmed
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (local.get $x))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (local.get $y))) (i64.const 0x100000001b3)))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 8))) (i32.const 184))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 184))))
    (local.get $h))
  (func (export "copysign") (result i64)
    (local $i i32) (local $j i32) (local $x f64) (local $y f64) (local $h i64) (local $t f64)
    (loop $rows
      (local.set $x (f64.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (f64.load (local.get $j)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (f64.copysign (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (f64.copysign (local.get $x) (f64.load (local.get $j))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (f64.copysign (f64.load (local.get $i)) (local.get $x)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (f64.copysign (f64.copysign (local.get $y) (local.get $x)) (f64.copysign (local.get $x) (local.get $x))))) (i64.const 0x100000001b3)))
        ;; the operands are unharmed
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (local.get $x))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (local.get $y))) (i64.const 0x100000001b3)))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 8))) (i32.const 184))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 184))))
    (local.get $h)))
