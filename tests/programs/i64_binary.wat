;; Covers: every binary i64 operator over all pairs of edge values, with operands in locals,
;; in memory, aliased, and live afterwards.
;; invoke: add
;; invoke: sub
;; invoke: mul
;; invoke: and
;; invoke: or
;; invoke: xor
;; invoke: shl
;; invoke: shr_s
;; invoke: shr_u
;; invoke: rotl
;; invoke: rotr
;; invoke: div_s
;; invoke: div_u
;; invoke: rem_s
;; invoke: rem_u
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
  (func (export "add") (result i64)
    (local $i i32) (local $j i32) (local $x i64) (local $y i64) (local $h i64)
    (loop $rows
      (local.set $x (i64.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (i64.load (local.get $j)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.add (local.get $x) (local.get $y))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.xor (i64.add (local.get $x) (local.get $y)) (i64.sub (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.add (i64.add (local.get $y) (local.get $x)) (i64.load (local.get $j)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.add (local.get $x) (local.get $x))) (i64.const 0x100000001b3)))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 8))) (i32.const 144))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 144))))
    (local.get $h))
  (func (export "sub") (result i64)
    (local $i i32) (local $j i32) (local $x i64) (local $y i64) (local $h i64)
    (loop $rows
      (local.set $x (i64.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (i64.load (local.get $j)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.sub (local.get $x) (local.get $y))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.xor (i64.sub (local.get $x) (local.get $y)) (i64.sub (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.sub (i64.sub (local.get $y) (local.get $x)) (i64.load (local.get $j)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.sub (local.get $x) (local.get $x))) (i64.const 0x100000001b3)))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 8))) (i32.const 144))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 144))))
    (local.get $h))
  (func (export "mul") (result i64)
    (local $i i32) (local $j i32) (local $x i64) (local $y i64) (local $h i64)
    (loop $rows
      (local.set $x (i64.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (i64.load (local.get $j)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.mul (local.get $x) (local.get $y))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.xor (i64.mul (local.get $x) (local.get $y)) (i64.sub (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.mul (i64.mul (local.get $y) (local.get $x)) (i64.load (local.get $j)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.mul (local.get $x) (local.get $x))) (i64.const 0x100000001b3)))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 8))) (i32.const 144))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 144))))
    (local.get $h))
  (func (export "and") (result i64)
    (local $i i32) (local $j i32) (local $x i64) (local $y i64) (local $h i64)
    (loop $rows
      (local.set $x (i64.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (i64.load (local.get $j)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.and (local.get $x) (local.get $y))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.xor (i64.and (local.get $x) (local.get $y)) (i64.sub (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.and (i64.and (local.get $y) (local.get $x)) (i64.load (local.get $j)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.and (local.get $x) (local.get $x))) (i64.const 0x100000001b3)))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 8))) (i32.const 144))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 144))))
    (local.get $h))
  (func (export "or") (result i64)
    (local $i i32) (local $j i32) (local $x i64) (local $y i64) (local $h i64)
    (loop $rows
      (local.set $x (i64.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (i64.load (local.get $j)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.or (local.get $x) (local.get $y))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.xor (i64.or (local.get $x) (local.get $y)) (i64.sub (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.or (i64.or (local.get $y) (local.get $x)) (i64.load (local.get $j)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.or (local.get $x) (local.get $x))) (i64.const 0x100000001b3)))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 8))) (i32.const 144))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 144))))
    (local.get $h))
  (func (export "xor") (result i64)
    (local $i i32) (local $j i32) (local $x i64) (local $y i64) (local $h i64)
    (loop $rows
      (local.set $x (i64.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (i64.load (local.get $j)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.xor (local.get $x) (local.get $y))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.xor (i64.xor (local.get $x) (local.get $y)) (i64.sub (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.xor (i64.xor (local.get $y) (local.get $x)) (i64.load (local.get $j)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.xor (local.get $x) (local.get $x))) (i64.const 0x100000001b3)))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 8))) (i32.const 144))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 144))))
    (local.get $h))
  (func (export "shl") (result i64)
    (local $i i32) (local $j i32) (local $x i64) (local $y i64) (local $h i64)
    (loop $rows
      (local.set $x (i64.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (i64.load (local.get $j)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.shl (local.get $x) (local.get $y))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.xor (i64.shl (local.get $x) (local.get $y)) (i64.sub (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.shl (i64.shl (local.get $y) (local.get $x)) (i64.load (local.get $j)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.shl (local.get $x) (local.get $x))) (i64.const 0x100000001b3)))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 8))) (i32.const 144))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 144))))
    (local.get $h))
  (func (export "shr_s") (result i64)
    (local $i i32) (local $j i32) (local $x i64) (local $y i64) (local $h i64)
    (loop $rows
      (local.set $x (i64.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (i64.load (local.get $j)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.shr_s (local.get $x) (local.get $y))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.xor (i64.shr_s (local.get $x) (local.get $y)) (i64.sub (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.shr_s (i64.shr_s (local.get $y) (local.get $x)) (i64.load (local.get $j)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.shr_s (local.get $x) (local.get $x))) (i64.const 0x100000001b3)))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 8))) (i32.const 144))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 144))))
    (local.get $h))
  (func (export "shr_u") (result i64)
    (local $i i32) (local $j i32) (local $x i64) (local $y i64) (local $h i64)
    (loop $rows
      (local.set $x (i64.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (i64.load (local.get $j)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.shr_u (local.get $x) (local.get $y))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.xor (i64.shr_u (local.get $x) (local.get $y)) (i64.sub (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.shr_u (i64.shr_u (local.get $y) (local.get $x)) (i64.load (local.get $j)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.shr_u (local.get $x) (local.get $x))) (i64.const 0x100000001b3)))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 8))) (i32.const 144))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 144))))
    (local.get $h))
  (func (export "rotl") (result i64)
    (local $i i32) (local $j i32) (local $x i64) (local $y i64) (local $h i64)
    (loop $rows
      (local.set $x (i64.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (i64.load (local.get $j)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.rotl (local.get $x) (local.get $y))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.xor (i64.rotl (local.get $x) (local.get $y)) (i64.sub (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.rotl (i64.rotl (local.get $y) (local.get $x)) (i64.load (local.get $j)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.rotl (local.get $x) (local.get $x))) (i64.const 0x100000001b3)))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 8))) (i32.const 144))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 144))))
    (local.get $h))
  (func (export "rotr") (result i64)
    (local $i i32) (local $j i32) (local $x i64) (local $y i64) (local $h i64)
    (loop $rows
      (local.set $x (i64.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (i64.load (local.get $j)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.rotr (local.get $x) (local.get $y))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.xor (i64.rotr (local.get $x) (local.get $y)) (i64.sub (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.rotr (i64.rotr (local.get $y) (local.get $x)) (i64.load (local.get $j)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.rotr (local.get $x) (local.get $x))) (i64.const 0x100000001b3)))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 8))) (i32.const 144))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 144))))
    (local.get $h))
  (func (export "div_s") (result i64)
    (local $i i32) (local $j i32) (local $x i64) (local $y i64) (local $h i64)
    (loop $rows
      (local.set $x (i64.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (i64.load (local.get $j)))
        (local.set $y (i64.add (local.get $y) (i64.extend_i32_u (i64.eqz (local.get $y)))))
        (local.set $x (i64.or (i64.load (local.get $i)) (i64.extend_i32_u (i64.eq (local.get $y) (i64.const -1)))))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.div_s (local.get $x) (local.get $y))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.xor (i64.div_s (local.get $x) (local.get $y)) (i64.sub (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.div_s (i64.shr_u (local.get $x) (i64.const 1)) (local.get $y))) (i64.const 0x100000001b3)))
        ;; both operands of the first live below the second
        (local.get $x)
        (local.get $y)
        (i64.div_s (i64.shr_u (local.get $x) (i64.const 3)) (local.get $y))
        i64.add
        i64.add
        local.set $x
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (local.get $x)) (i64.const 0x100000001b3)))
        (local.set $x (i64.load (local.get $i)))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 8))) (i32.const 144))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 144))))
    (local.get $h))
  (func (export "div_u") (result i64)
    (local $i i32) (local $j i32) (local $x i64) (local $y i64) (local $h i64)
    (loop $rows
      (local.set $x (i64.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (i64.load (local.get $j)))
        (local.set $y (i64.add (local.get $y) (i64.extend_i32_u (i64.eqz (local.get $y)))))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.div_u (local.get $x) (local.get $y))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.xor (i64.div_u (local.get $x) (local.get $y)) (i64.sub (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.div_u (i64.add (local.get $x) (i64.const 1)) (i64.or (local.get $y) (i64.const 2)))) (i64.const 0x100000001b3)))
        ;; both operands of the first live below the second
        (local.get $x)
        (local.get $y)
        (i64.div_u (i64.shr_u (local.get $x) (i64.const 3)) (local.get $y))
        i64.add
        i64.add
        local.set $x
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (local.get $x)) (i64.const 0x100000001b3)))
        (local.set $x (i64.load (local.get $i)))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 8))) (i32.const 144))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 144))))
    (local.get $h))
  (func (export "rem_s") (result i64)
    (local $i i32) (local $j i32) (local $x i64) (local $y i64) (local $h i64)
    (loop $rows
      (local.set $x (i64.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (i64.load (local.get $j)))
        (local.set $y (i64.add (local.get $y) (i64.extend_i32_u (i64.eqz (local.get $y)))))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.rem_s (local.get $x) (local.get $y))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.xor (i64.rem_s (local.get $x) (local.get $y)) (i64.sub (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.rem_s (i64.add (local.get $x) (i64.const 1)) (i64.or (local.get $y) (i64.const 2)))) (i64.const 0x100000001b3)))
        ;; both operands of the first live below the second
        (local.get $x)
        (local.get $y)
        (i64.rem_s (i64.shr_u (local.get $x) (i64.const 3)) (local.get $y))
        i64.add
        i64.add
        local.set $x
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (local.get $x)) (i64.const 0x100000001b3)))
        (local.set $x (i64.load (local.get $i)))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 8))) (i32.const 144))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 144))))
    (local.get $h))
  (func (export "rem_u") (result i64)
    (local $i i32) (local $j i32) (local $x i64) (local $y i64) (local $h i64)
    (loop $rows
      (local.set $x (i64.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (i64.load (local.get $j)))
        (local.set $y (i64.add (local.get $y) (i64.extend_i32_u (i64.eqz (local.get $y)))))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.rem_u (local.get $x) (local.get $y))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.xor (i64.rem_u (local.get $x) (local.get $y)) (i64.sub (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.rem_u (i64.add (local.get $x) (i64.const 1)) (i64.or (local.get $y) (i64.const 2)))) (i64.const 0x100000001b3)))
        ;; both operands of the first live below the second
        (local.get $x)
        (local.get $y)
        (i64.rem_u (i64.shr_u (local.get $x) (i64.const 3)) (local.get $y))
        i64.add
        i64.add
        local.set $x
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (local.get $x)) (i64.const 0x100000001b3)))
        (local.set $x (i64.load (local.get $i)))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 8))) (i32.const 144))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 144))))
    (local.get $h)))
