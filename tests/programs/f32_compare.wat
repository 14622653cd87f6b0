;; Covers: every f32 comparison over all pairs of edge values, as a value and fused with if, br_if, select and
;; eqz, parity of unordered operands included.
;; invoke: eq
;; invoke: ne
;; invoke: lt
;; invoke: gt
;; invoke: le
;; invoke: ge
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
  (func (export "eq") (result i64)
    (local $i i32) (local $j i32) (local $x f32) (local $y f32) (local $h i64) (local $c i32)
    (loop $rows
      (local.set $x (f32.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (f32.load (local.get $j)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (f32.eq (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (if (f32.eq (local.get $x) (local.get $y)) (then (local.set $h (i64.add (local.get $h) (i64.const 3)))) (else (local.set $h (i64.add (local.get $h) (i64.const 5)))))
        (if (i32.eqz (f32.eq (local.get $x) (local.get $y))) (then (local.set $h (i64.add (local.get $h) (i64.const 7)))))
        (if (i32.eqz (i32.eqz (f32.eq (local.get $x) (local.get $y)))) (then (local.set $h (i64.add (local.get $h) (i64.const 11)))) (else (local.set $h (i64.add (local.get $h) (i64.const 13)))))
        (block $out (br_if $out (f32.eq (local.get $x) (local.get $y))) (local.set $h (i64.add (local.get $h) (i64.const 17))))
        (block $out (br_if $out (i32.eqz (f32.eq (local.get $x) (local.get $y)))) (local.set $h (i64.add (local.get $h) (i64.const 19))))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (block $value (result i64) (i64.const 23) (br_if $value (f32.eq (local.get $x) (local.get $y))) (drop) (i64.const 29))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.const 31) (i64.const 37) (f32.eq (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (local.get $h) (i64.const 41) (i32.eqz (f32.eq (local.get $x) (local.get $y))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (select (local.get $x) (local.get $y) (f32.eq (local.get $x) (local.get $y)))))) (i64.const 0x100000001b3)))
        ;; flags must not be kept over what comes between
        (f32.eq (local.get $x) (local.get $y))
        (local.set $h (i64.add (local.get $h) (i64.const 43)))
        (if (then (local.set $h (i64.add (local.get $h) (i64.const 47)))))
        (f32.eq (local.get $x) (local.get $y))
        (f32.eq (local.get $y) (local.get $x))
        (if (param i32) (then (if (then (local.set $h (i64.add (local.get $h) (i64.const 53)))) (else (local.set $h (i64.add (local.get $h) (i64.const 59)))))) (else (if (then (local.set $h (i64.add (local.get $h) (i64.const 61)))))))
        (if (local.tee $c (f32.eq (local.get $x) (local.get $y))) (then (local.set $h (i64.add (local.get $h) (i64.const 67)))))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (local.get $c))) (i64.const 0x100000001b3)))
        (if (i32.and (f32.eq (local.get $x) (local.get $y)) (i32.ne (local.get $i) (local.get $j))) (then (local.set $h (i64.add (local.get $h) (i64.const 71)))))
        (if (f32.eq (f32.load (local.get $i)) (f32.load (local.get $j))) (then (local.set $h (i64.add (local.get $h) (i64.const 73)))))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 4))) (i32.const 92))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 92))))
    (local.get $h))
  (func (export "ne") (result i64)
    (local $i i32) (local $j i32) (local $x f32) (local $y f32) (local $h i64) (local $c i32)
    (loop $rows
      (local.set $x (f32.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (f32.load (local.get $j)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (f32.ne (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (if (f32.ne (local.get $x) (local.get $y)) (then (local.set $h (i64.add (local.get $h) (i64.const 3)))) (else (local.set $h (i64.add (local.get $h) (i64.const 5)))))
        (if (i32.eqz (f32.ne (local.get $x) (local.get $y))) (then (local.set $h (i64.add (local.get $h) (i64.const 7)))))
        (if (i32.eqz (i32.eqz (f32.ne (local.get $x) (local.get $y)))) (then (local.set $h (i64.add (local.get $h) (i64.const 11)))) (else (local.set $h (i64.add (local.get $h) (i64.const 13)))))
        (block $out (br_if $out (f32.ne (local.get $x) (local.get $y))) (local.set $h (i64.add (local.get $h) (i64.const 17))))
        (block $out (br_if $out (i32.eqz (f32.ne (local.get $x) (local.get $y)))) (local.set $h (i64.add (local.get $h) (i64.const 19))))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (block $value (result i64) (i64.const 23) (br_if $value (f32.ne (local.get $x) (local.get $y))) (drop) (i64.const 29))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.const 31) (i64.const 37) (f32.ne (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (local.get $h) (i64.const 41) (i32.eqz (f32.ne (local.get $x) (local.get $y))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (select (local.get $x) (local.get $y) (f32.ne (local.get $x) (local.get $y)))))) (i64.const 0x100000001b3)))
        ;; flags must not be kept over what comes between
        (f32.ne (local.get $x) (local.get $y))
        (local.set $h (i64.add (local.get $h) (i64.const 43)))
        (if (then (local.set $h (i64.add (local.get $h) (i64.const 47)))))
        (f32.ne (local.get $x) (local.get $y))
        (f32.ne (local.get $y) (local.get $x))
        (if (param i32) (then (if (then (local.set $h (i64.add (local.get $h) (i64.const 53)))) (else (local.set $h (i64.add (local.get $h) (i64.const 59)))))) (else (if (then (local.set $h (i64.add (local.get $h) (i64.const 61)))))))
        (if (local.tee $c (f32.ne (local.get $x) (local.get $y))) (then (local.set $h (i64.add (local.get $h) (i64.const 67)))))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (local.get $c))) (i64.const 0x100000001b3)))
        (if (i32.and (f32.ne (local.get $x) (local.get $y)) (i32.ne (local.get $i) (local.get $j))) (then (local.set $h (i64.add (local.get $h) (i64.const 71)))))
        (if (f32.ne (f32.load (local.get $i)) (f32.load (local.get $j))) (then (local.set $h (i64.add (local.get $h) (i64.const 73)))))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 4))) (i32.const 92))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 92))))
    (local.get $h))
  (func (export "lt") (result i64)
    (local $i i32) (local $j i32) (local $x f32) (local $y f32) (local $h i64) (local $c i32)
    (loop $rows
      (local.set $x (f32.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (f32.load (local.get $j)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (f32.lt (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (if (f32.lt (local.get $x) (local.get $y)) (then (local.set $h (i64.add (local.get $h) (i64.const 3)))) (else (local.set $h (i64.add (local.get $h) (i64.const 5)))))
        (if (i32.eqz (f32.lt (local.get $x) (local.get $y))) (then (local.set $h (i64.add (local.get $h) (i64.const 7)))))
        (if (i32.eqz (i32.eqz (f32.lt (local.get $x) (local.get $y)))) (then (local.set $h (i64.add (local.get $h) (i64.const 11)))) (else (local.set $h (i64.add (local.get $h) (i64.const 13)))))
        (block $out (br_if $out (f32.lt (local.get $x) (local.get $y))) (local.set $h (i64.add (local.get $h) (i64.const 17))))
        (block $out (br_if $out (i32.eqz (f32.lt (local.get $x) (local.get $y)))) (local.set $h (i64.add (local.get $h) (i64.const 19))))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (block $value (result i64) (i64.const 23) (br_if $value (f32.lt (local.get $x) (local.get $y))) (drop) (i64.const 29))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.const 31) (i64.const 37) (f32.lt (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (local.get $h) (i64.const 41) (i32.eqz (f32.lt (local.get $x) (local.get $y))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (select (local.get $x) (local.get $y) (f32.lt (local.get $x) (local.get $y)))))) (i64.const 0x100000001b3)))
        ;; flags must not be kept over what comes between
        (f32.lt (local.get $x) (local.get $y))
        (local.set $h (i64.add (local.get $h) (i64.const 43)))
        (if (then (local.set $h (i64.add (local.get $h) (i64.const 47)))))
        (f32.lt (local.get $x) (local.get $y))
        (f32.lt (local.get $y) (local.get $x))
        (if (param i32) (then (if (then (local.set $h (i64.add (local.get $h) (i64.const 53)))) (else (local.set $h (i64.add (local.get $h) (i64.const 59)))))) (else (if (then (local.set $h (i64.add (local.get $h) (i64.const 61)))))))
        (if (local.tee $c (f32.lt (local.get $x) (local.get $y))) (then (local.set $h (i64.add (local.get $h) (i64.const 67)))))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (local.get $c))) (i64.const 0x100000001b3)))
        (if (i32.and (f32.lt (local.get $x) (local.get $y)) (i32.ne (local.get $i) (local.get $j))) (then (local.set $h (i64.add (local.get $h) (i64.const 71)))))
        (if (f32.lt (f32.load (local.get $i)) (f32.load (local.get $j))) (then (local.set $h (i64.add (local.get $h) (i64.const 73)))))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 4))) (i32.const 92))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 92))))
    (local.get $h))
  (func (export "gt") (result i64)
    (local $i i32) (local $j i32) (local $x f32) (local $y f32) (local $h i64) (local $c i32)
    (loop $rows
      (local.set $x (f32.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (f32.load (local.get $j)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (f32.gt (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (if (f32.gt (local.get $x) (local.get $y)) (then (local.set $h (i64.add (local.get $h) (i64.const 3)))) (else (local.set $h (i64.add (local.get $h) (i64.const 5)))))
        (if (i32.eqz (f32.gt (local.get $x) (local.get $y))) (then (local.set $h (i64.add (local.get $h) (i64.const 7)))))
        (if (i32.eqz (i32.eqz (f32.gt (local.get $x) (local.get $y)))) (then (local.set $h (i64.add (local.get $h) (i64.const 11)))) (else (local.set $h (i64.add (local.get $h) (i64.const 13)))))
        (block $out (br_if $out (f32.gt (local.get $x) (local.get $y))) (local.set $h (i64.add (local.get $h) (i64.const 17))))
        (block $out (br_if $out (i32.eqz (f32.gt (local.get $x) (local.get $y)))) (local.set $h (i64.add (local.get $h) (i64.const 19))))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (block $value (result i64) (i64.const 23) (br_if $value (f32.gt (local.get $x) (local.get $y))) (drop) (i64.const 29))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.const 31) (i64.const 37) (f32.gt (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (local.get $h) (i64.const 41) (i32.eqz (f32.gt (local.get $x) (local.get $y))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (select (local.get $x) (local.get $y) (f32.gt (local.get $x) (local.get $y)))))) (i64.const 0x100000001b3)))
        ;; flags must not be kept over what comes between
        (f32.gt (local.get $x) (local.get $y))
        (local.set $h (i64.add (local.get $h) (i64.const 43)))
        (if (then (local.set $h (i64.add (local.get $h) (i64.const 47)))))
        (f32.gt (local.get $x) (local.get $y))
        (f32.gt (local.get $y) (local.get $x))
        (if (param i32) (then (if (then (local.set $h (i64.add (local.get $h) (i64.const 53)))) (else (local.set $h (i64.add (local.get $h) (i64.const 59)))))) (else (if (then (local.set $h (i64.add (local.get $h) (i64.const 61)))))))
        (if (local.tee $c (f32.gt (local.get $x) (local.get $y))) (then (local.set $h (i64.add (local.get $h) (i64.const 67)))))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (local.get $c))) (i64.const 0x100000001b3)))
        (if (i32.and (f32.gt (local.get $x) (local.get $y)) (i32.ne (local.get $i) (local.get $j))) (then (local.set $h (i64.add (local.get $h) (i64.const 71)))))
        (if (f32.gt (f32.load (local.get $i)) (f32.load (local.get $j))) (then (local.set $h (i64.add (local.get $h) (i64.const 73)))))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 4))) (i32.const 92))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 92))))
    (local.get $h))
  (func (export "le") (result i64)
    (local $i i32) (local $j i32) (local $x f32) (local $y f32) (local $h i64) (local $c i32)
    (loop $rows
      (local.set $x (f32.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (f32.load (local.get $j)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (f32.le (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (if (f32.le (local.get $x) (local.get $y)) (then (local.set $h (i64.add (local.get $h) (i64.const 3)))) (else (local.set $h (i64.add (local.get $h) (i64.const 5)))))
        (if (i32.eqz (f32.le (local.get $x) (local.get $y))) (then (local.set $h (i64.add (local.get $h) (i64.const 7)))))
        (if (i32.eqz (i32.eqz (f32.le (local.get $x) (local.get $y)))) (then (local.set $h (i64.add (local.get $h) (i64.const 11)))) (else (local.set $h (i64.add (local.get $h) (i64.const 13)))))
        (block $out (br_if $out (f32.le (local.get $x) (local.get $y))) (local.set $h (i64.add (local.get $h) (i64.const 17))))
        (block $out (br_if $out (i32.eqz (f32.le (local.get $x) (local.get $y)))) (local.set $h (i64.add (local.get $h) (i64.const 19))))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (block $value (result i64) (i64.const 23) (br_if $value (f32.le (local.get $x) (local.get $y))) (drop) (i64.const 29))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.const 31) (i64.const 37) (f32.le (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (local.get $h) (i64.const 41) (i32.eqz (f32.le (local.get $x) (local.get $y))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (select (local.get $x) (local.get $y) (f32.le (local.get $x) (local.get $y)))))) (i64.const 0x100000001b3)))
        ;; flags must not be kept over what comes between
        (f32.le (local.get $x) (local.get $y))
        (local.set $h (i64.add (local.get $h) (i64.const 43)))
        (if (then (local.set $h (i64.add (local.get $h) (i64.const 47)))))
        (f32.le (local.get $x) (local.get $y))
        (f32.le (local.get $y) (local.get $x))
        (if (param i32) (then (if (then (local.set $h (i64.add (local.get $h) (i64.const 53)))) (else (local.set $h (i64.add (local.get $h) (i64.const 59)))))) (else (if (then (local.set $h (i64.add (local.get $h) (i64.const 61)))))))
        (if (local.tee $c (f32.le (local.get $x) (local.get $y))) (then (local.set $h (i64.add (local.get $h) (i64.const 67)))))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (local.get $c))) (i64.const 0x100000001b3)))
        (if (i32.and (f32.le (local.get $x) (local.get $y)) (i32.ne (local.get $i) (local.get $j))) (then (local.set $h (i64.add (local.get $h) (i64.const 71)))))
        (if (f32.le (f32.load (local.get $i)) (f32.load (local.get $j))) (then (local.set $h (i64.add (local.get $h) (i64.const 73)))))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 4))) (i32.const 92))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 92))))
    (local.get $h))
  (func (export "ge") (result i64)
    (local $i i32) (local $j i32) (local $x f32) (local $y f32) (local $h i64) (local $c i32)
    (loop $rows
      (local.set $x (f32.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (f32.load (local.get $j)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (f32.ge (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (if (f32.ge (local.get $x) (local.get $y)) (then (local.set $h (i64.add (local.get $h) (i64.const 3)))) (else (local.set $h (i64.add (local.get $h) (i64.const 5)))))
        (if (i32.eqz (f32.ge (local.get $x) (local.get $y))) (then (local.set $h (i64.add (local.get $h) (i64.const 7)))))
        (if (i32.eqz (i32.eqz (f32.ge (local.get $x) (local.get $y)))) (then (local.set $h (i64.add (local.get $h) (i64.const 11)))) (else (local.set $h (i64.add (local.get $h) (i64.const 13)))))
        (block $out (br_if $out (f32.ge (local.get $x) (local.get $y))) (local.set $h (i64.add (local.get $h) (i64.const 17))))
        (block $out (br_if $out (i32.eqz (f32.ge (local.get $x) (local.get $y)))) (local.set $h (i64.add (local.get $h) (i64.const 19))))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (block $value (result i64) (i64.const 23) (br_if $value (f32.ge (local.get $x) (local.get $y))) (drop) (i64.const 29))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.const 31) (i64.const 37) (f32.ge (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (local.get $h) (i64.const 41) (i32.eqz (f32.ge (local.get $x) (local.get $y))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (select (local.get $x) (local.get $y) (f32.ge (local.get $x) (local.get $y)))))) (i64.const 0x100000001b3)))
        ;; flags must not be kept over what comes between
        (f32.ge (local.get $x) (local.get $y))
        (local.set $h (i64.add (local.get $h) (i64.const 43)))
        (if (then (local.set $h (i64.add (local.get $h) (i64.const 47)))))
        (f32.ge (local.get $x) (local.get $y))
        (f32.ge (local.get $y) (local.get $x))
        (if (param i32) (then (if (then (local.set $h (i64.add (local.get $h) (i64.const 53)))) (else (local.set $h (i64.add (local.get $h) (i64.const 59)))))) (else (if (then (local.set $h (i64.add (local.get $h) (i64.const 61)))))))
        (if (local.tee $c (f32.ge (local.get $x) (local.get $y))) (then (local.set $h (i64.add (local.get $h) (i64.const 67)))))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (local.get $c))) (i64.const 0x100000001b3)))
        (if (i32.and (f32.ge (local.get $x) (local.get $y)) (i32.ne (local.get $i) (local.get $j))) (then (local.set $h (i64.add (local.get $h) (i64.const 71)))))
        (if (f32.ge (f32.load (local.get $i)) (f32.load (local.get $j))) (then (local.set $h (i64.add (local.get $h) (i64.const 73)))))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 4))) (i32.const 92))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 92))))
    (local.get $h)))
