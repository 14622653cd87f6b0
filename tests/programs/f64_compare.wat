;; Covers: every f64 comparison over all pairs of edge values, as a value and fused with if, br_if, select and
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
  (func (export "eq") (result i64)
    (local $i i32) (local $j i32) (local $x f64) (local $y f64) (local $h i64) (local $c i32)
    (loop $rows
      (local.set $x (f64.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (f64.load (local.get $j)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (f64.eq (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (if (f64.eq (local.get $x) (local.get $y)) (then (local.set $h (i64.add (local.get $h) (i64.const 3)))) (else (local.set $h (i64.add (local.get $h) (i64.const 5)))))
        (if (i32.eqz (f64.eq (local.get $x) (local.get $y))) (then (local.set $h (i64.add (local.get $h) (i64.const 7)))))
        (if (i32.eqz (i32.eqz (f64.eq (local.get $x) (local.get $y)))) (then (local.set $h (i64.add (local.get $h) (i64.const 11)))) (else (local.set $h (i64.add (local.get $h) (i64.const 13)))))
        (block $out (br_if $out (f64.eq (local.get $x) (local.get $y))) (local.set $h (i64.add (local.get $h) (i64.const 17))))
        (block $out (br_if $out (i32.eqz (f64.eq (local.get $x) (local.get $y)))) (local.set $h (i64.add (local.get $h) (i64.const 19))))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (block $value (result i64) (i64.const 23) (br_if $value (f64.eq (local.get $x) (local.get $y))) (drop) (i64.const 29))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.const 31) (i64.const 37) (f64.eq (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (local.get $h) (i64.const 41) (i32.eqz (f64.eq (local.get $x) (local.get $y))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (select (local.get $x) (local.get $y) (f64.eq (local.get $x) (local.get $y))))) (i64.const 0x100000001b3)))
        ;; flags must not be kept over what comes between
        (f64.eq (local.get $x) (local.get $y))
        (local.set $h (i64.add (local.get $h) (i64.const 43)))
        (if (then (local.set $h (i64.add (local.get $h) (i64.const 47)))))
        (f64.eq (local.get $x) (local.get $y))
        (f64.eq (local.get $y) (local.get $x))
        (if (param i32) (then (if (then (local.set $h (i64.add (local.get $h) (i64.const 53)))) (else (local.set $h (i64.add (local.get $h) (i64.const 59)))))) (else (if (then (local.set $h (i64.add (local.get $h) (i64.const 61)))))))
        (if (local.tee $c (f64.eq (local.get $x) (local.get $y))) (then (local.set $h (i64.add (local.get $h) (i64.const 67)))))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (local.get $c))) (i64.const 0x100000001b3)))
        (if (i32.and (f64.eq (local.get $x) (local.get $y)) (i32.ne (local.get $i) (local.get $j))) (then (local.set $h (i64.add (local.get $h) (i64.const 71)))))
        (if (f64.eq (f64.load (local.get $i)) (f64.load (local.get $j))) (then (local.set $h (i64.add (local.get $h) (i64.const 73)))))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 8))) (i32.const 184))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 184))))
    (local.get $h))
  (func (export "ne") (result i64)
    (local $i i32) (local $j i32) (local $x f64) (local $y f64) (local $h i64) (local $c i32)
    (loop $rows
      (local.set $x (f64.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (f64.load (local.get $j)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (f64.ne (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (if (f64.ne (local.get $x) (local.get $y)) (then (local.set $h (i64.add (local.get $h) (i64.const 3)))) (else (local.set $h (i64.add (local.get $h) (i64.const 5)))))
        (if (i32.eqz (f64.ne (local.get $x) (local.get $y))) (then (local.set $h (i64.add (local.get $h) (i64.const 7)))))
        (if (i32.eqz (i32.eqz (f64.ne (local.get $x) (local.get $y)))) (then (local.set $h (i64.add (local.get $h) (i64.const 11)))) (else (local.set $h (i64.add (local.get $h) (i64.const 13)))))
        (block $out (br_if $out (f64.ne (local.get $x) (local.get $y))) (local.set $h (i64.add (local.get $h) (i64.const 17))))
        (block $out (br_if $out (i32.eqz (f64.ne (local.get $x) (local.get $y)))) (local.set $h (i64.add (local.get $h) (i64.const 19))))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (block $value (result i64) (i64.const 23) (br_if $value (f64.ne (local.get $x) (local.get $y))) (drop) (i64.const 29))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.const 31) (i64.const 37) (f64.ne (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (local.get $h) (i64.const 41) (i32.eqz (f64.ne (local.get $x) (local.get $y))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (select (local.get $x) (local.get $y) (f64.ne (local.get $x) (local.get $y))))) (i64.const 0x100000001b3)))
        ;; flags must not be kept over what comes between
        (f64.ne (local.get $x) (local.get $y))
        (local.set $h (i64.add (local.get $h) (i64.const 43)))
        (if (then (local.set $h (i64.add (local.get $h) (i64.const 47)))))
        (f64.ne (local.get $x) (local.get $y))
        (f64.ne (local.get $y) (local.get $x))
        (if (param i32) (then (if (then (local.set $h (i64.add (local.get $h) (i64.const 53)))) (else (local.set $h (i64.add (local.get $h) (i64.const 59)))))) (else (if (then (local.set $h (i64.add (local.get $h) (i64.const 61)))))))
        (if (local.tee $c (f64.ne (local.get $x) (local.get $y))) (then (local.set $h (i64.add (local.get $h) (i64.const 67)))))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (local.get $c))) (i64.const 0x100000001b3)))
        (if (i32.and (f64.ne (local.get $x) (local.get $y)) (i32.ne (local.get $i) (local.get $j))) (then (local.set $h (i64.add (local.get $h) (i64.const 71)))))
        (if (f64.ne (f64.load (local.get $i)) (f64.load (local.get $j))) (then (local.set $h (i64.add (local.get $h) (i64.const 73)))))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 8))) (i32.const 184))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 184))))
    (local.get $h))
  (func (export "lt") (result i64)
    (local $i i32) (local $j i32) (local $x f64) (local $y f64) (local $h i64) (local $c i32)
    (loop $rows
      (local.set $x (f64.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (f64.load (local.get $j)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (f64.lt (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (if (f64.lt (local.get $x) (local.get $y)) (then (local.set $h (i64.add (local.get $h) (i64.const 3)))) (else (local.set $h (i64.add (local.get $h) (i64.const 5)))))
        (if (i32.eqz (f64.lt (local.get $x) (local.get $y))) (then (local.set $h (i64.add (local.get $h) (i64.const 7)))))
        (if (i32.eqz (i32.eqz (f64.lt (local.get $x) (local.get $y)))) (then (local.set $h (i64.add (local.get $h) (i64.const 11)))) (else (local.set $h (i64.add (local.get $h) (i64.const 13)))))
        (block $out (br_if $out (f64.lt (local.get $x) (local.get $y))) (local.set $h (i64.add (local.get $h) (i64.const 17))))
        (block $out (br_if $out (i32.eqz (f64.lt (local.get $x) (local.get $y)))) (local.set $h (i64.add (local.get $h) (i64.const 19))))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (block $value (result i64) (i64.const 23) (br_if $value (f64.lt (local.get $x) (local.get $y))) (drop) (i64.const 29))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.const 31) (i64.const 37) (f64.lt (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (local.get $h) (i64.const 41) (i32.eqz (f64.lt (local.get $x) (local.get $y))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (select (local.get $x) (local.get $y) (f64.lt (local.get $x) (local.get $y))))) (i64.const 0x100000001b3)))
        ;; flags must not be kept over what comes between
        (f64.lt (local.get $x) (local.get $y))
        (local.set $h (i64.add (local.get $h) (i64.const 43)))
        (if (then (local.set $h (i64.add (local.get $h) (i64.const 47)))))
        (f64.lt (local.get $x) (local.get $y))
        (f64.lt (local.get $y) (local.get $x))
        (if (param i32) (then (if (then (local.set $h (i64.add (local.get $h) (i64.const 53)))) (else (local.set $h (i64.add (local.get $h) (i64.const 59)))))) (else (if (then (local.set $h (i64.add (local.get $h) (i64.const 61)))))))
        (if (local.tee $c (f64.lt (local.get $x) (local.get $y))) (then (local.set $h (i64.add (local.get $h) (i64.const 67)))))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (local.get $c))) (i64.const 0x100000001b3)))
        (if (i32.and (f64.lt (local.get $x) (local.get $y)) (i32.ne (local.get $i) (local.get $j))) (then (local.set $h (i64.add (local.get $h) (i64.const 71)))))
        (if (f64.lt (f64.load (local.get $i)) (f64.load (local.get $j))) (then (local.set $h (i64.add (local.get $h) (i64.const 73)))))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 8))) (i32.const 184))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 184))))
    (local.get $h))
  (func (export "gt") (result i64)
    (local $i i32) (local $j i32) (local $x f64) (local $y f64) (local $h i64) (local $c i32)
    (loop $rows
      (local.set $x (f64.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (f64.load (local.get $j)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (f64.gt (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (if (f64.gt (local.get $x) (local.get $y)) (then (local.set $h (i64.add (local.get $h) (i64.const 3)))) (else (local.set $h (i64.add (local.get $h) (i64.const 5)))))
        (if (i32.eqz (f64.gt (local.get $x) (local.get $y))) (then (local.set $h (i64.add (local.get $h) (i64.const 7)))))
        (if (i32.eqz (i32.eqz (f64.gt (local.get $x) (local.get $y)))) (then (local.set $h (i64.add (local.get $h) (i64.const 11)))) (else (local.set $h (i64.add (local.get $h) (i64.const 13)))))
        (block $out (br_if $out (f64.gt (local.get $x) (local.get $y))) (local.set $h (i64.add (local.get $h) (i64.const 17))))
        (block $out (br_if $out (i32.eqz (f64.gt (local.get $x) (local.get $y)))) (local.set $h (i64.add (local.get $h) (i64.const 19))))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (block $value (result i64) (i64.const 23) (br_if $value (f64.gt (local.get $x) (local.get $y))) (drop) (i64.const 29))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.const 31) (i64.const 37) (f64.gt (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (local.get $h) (i64.const 41) (i32.eqz (f64.gt (local.get $x) (local.get $y))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (select (local.get $x) (local.get $y) (f64.gt (local.get $x) (local.get $y))))) (i64.const 0x100000001b3)))
        ;; flags must not be kept over what comes between
        (f64.gt (local.get $x) (local.get $y))
        (local.set $h (i64.add (local.get $h) (i64.const 43)))
        (if (then (local.set $h (i64.add (local.get $h) (i64.const 47)))))
        (f64.gt (local.get $x) (local.get $y))
        (f64.gt (local.get $y) (local.get $x))
        (if (param i32) (then (if (then (local.set $h (i64.add (local.get $h) (i64.const 53)))) (else (local.set $h (i64.add (local.get $h) (i64.const 59)))))) (else (if (then (local.set $h (i64.add (local.get $h) (i64.const 61)))))))
        (if (local.tee $c (f64.gt (local.get $x) (local.get $y))) (then (local.set $h (i64.add (local.get $h) (i64.const 67)))))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (local.get $c))) (i64.const 0x100000001b3)))
        (if (i32.and (f64.gt (local.get $x) (local.get $y)) (i32.ne (local.get $i) (local.get $j))) (then (local.set $h (i64.add (local.get $h) (i64.const 71)))))
        (if (f64.gt (f64.load (local.get $i)) (f64.load (local.get $j))) (then (local.set $h (i64.add (local.get $h) (i64.const 73)))))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 8))) (i32.const 184))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 184))))
    (local.get $h))
  (func (export "le") (result i64)
    (local $i i32) (local $j i32) (local $x f64) (local $y f64) (local $h i64) (local $c i32)
    (loop $rows
      (local.set $x (f64.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (f64.load (local.get $j)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (f64.le (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (if (f64.le (local.get $x) (local.get $y)) (then (local.set $h (i64.add (local.get $h) (i64.const 3)))) (else (local.set $h (i64.add (local.get $h) (i64.const 5)))))
        (if (i32.eqz (f64.le (local.get $x) (local.get $y))) (then (local.set $h (i64.add (local.get $h) (i64.const 7)))))
        (if (i32.eqz (i32.eqz (f64.le (local.get $x) (local.get $y)))) (then (local.set $h (i64.add (local.get $h) (i64.const 11)))) (else (local.set $h (i64.add (local.get $h) (i64.const 13)))))
        (block $out (br_if $out (f64.le (local.get $x) (local.get $y))) (local.set $h (i64.add (local.get $h) (i64.const 17))))
        (block $out (br_if $out (i32.eqz (f64.le (local.get $x) (local.get $y)))) (local.set $h (i64.add (local.get $h) (i64.const 19))))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (block $value (result i64) (i64.const 23) (br_if $value (f64.le (local.get $x) (local.get $y))) (drop) (i64.const 29))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.const 31) (i64.const 37) (f64.le (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (local.get $h) (i64.const 41) (i32.eqz (f64.le (local.get $x) (local.get $y))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (select (local.get $x) (local.get $y) (f64.le (local.get $x) (local.get $y))))) (i64.const 0x100000001b3)))
        ;; flags must not be kept over what comes between
        (f64.le (local.get $x) (local.get $y))
        (local.set $h (i64.add (local.get $h) (i64.const 43)))
        (if (then (local.set $h (i64.add (local.get $h) (i64.const 47)))))
        (f64.le (local.get $x) (local.get $y))
        (f64.le (local.get $y) (local.get $x))
        (if (param i32) (then (if (then (local.set $h (i64.add (local.get $h) (i64.const 53)))) (else (local.set $h (i64.add (local.get $h) (i64.const 59)))))) (else (if (then (local.set $h (i64.add (local.get $h) (i64.const 61)))))))
        (if (local.tee $c (f64.le (local.get $x) (local.get $y))) (then (local.set $h (i64.add (local.get $h) (i64.const 67)))))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (local.get $c))) (i64.const 0x100000001b3)))
        (if (i32.and (f64.le (local.get $x) (local.get $y)) (i32.ne (local.get $i) (local.get $j))) (then (local.set $h (i64.add (local.get $h) (i64.const 71)))))
        (if (f64.le (f64.load (local.get $i)) (f64.load (local.get $j))) (then (local.set $h (i64.add (local.get $h) (i64.const 73)))))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 8))) (i32.const 184))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 184))))
    (local.get $h))
  (func (export "ge") (result i64)
    (local $i i32) (local $j i32) (local $x f64) (local $y f64) (local $h i64) (local $c i32)
    (loop $rows
      (local.set $x (f64.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (f64.load (local.get $j)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (f64.ge (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (if (f64.ge (local.get $x) (local.get $y)) (then (local.set $h (i64.add (local.get $h) (i64.const 3)))) (else (local.set $h (i64.add (local.get $h) (i64.const 5)))))
        (if (i32.eqz (f64.ge (local.get $x) (local.get $y))) (then (local.set $h (i64.add (local.get $h) (i64.const 7)))))
        (if (i32.eqz (i32.eqz (f64.ge (local.get $x) (local.get $y)))) (then (local.set $h (i64.add (local.get $h) (i64.const 11)))) (else (local.set $h (i64.add (local.get $h) (i64.const 13)))))
        (block $out (br_if $out (f64.ge (local.get $x) (local.get $y))) (local.set $h (i64.add (local.get $h) (i64.const 17))))
        (block $out (br_if $out (i32.eqz (f64.ge (local.get $x) (local.get $y)))) (local.set $h (i64.add (local.get $h) (i64.const 19))))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (block $value (result i64) (i64.const 23) (br_if $value (f64.ge (local.get $x) (local.get $y))) (drop) (i64.const 29))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (i64.const 31) (i64.const 37) (f64.ge (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (select (local.get $h) (i64.const 41) (i32.eqz (f64.ge (local.get $x) (local.get $y))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (select (local.get $x) (local.get $y) (f64.ge (local.get $x) (local.get $y))))) (i64.const 0x100000001b3)))
        ;; flags must not be kept over what comes between
        (f64.ge (local.get $x) (local.get $y))
        (local.set $h (i64.add (local.get $h) (i64.const 43)))
        (if (then (local.set $h (i64.add (local.get $h) (i64.const 47)))))
        (f64.ge (local.get $x) (local.get $y))
        (f64.ge (local.get $y) (local.get $x))
        (if (param i32) (then (if (then (local.set $h (i64.add (local.get $h) (i64.const 53)))) (else (local.set $h (i64.add (local.get $h) (i64.const 59)))))) (else (if (then (local.set $h (i64.add (local.get $h) (i64.const 61)))))))
        (if (local.tee $c (f64.ge (local.get $x) (local.get $y))) (then (local.set $h (i64.add (local.get $h) (i64.const 67)))))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (local.get $c))) (i64.const 0x100000001b3)))
        (if (i32.and (f64.ge (local.get $x) (local.get $y)) (i32.ne (local.get $i) (local.get $j))) (then (local.set $h (i64.add (local.get $h) (i64.const 71)))))
        (if (f64.ge (f64.load (local.get $i)) (f64.load (local.get $j))) (then (local.set $h (i64.add (local.get $h) (i64.const 73)))))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 8))) (i32.const 184))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 184))))
    (local.get $h)))
