;; Covers: every binary i32 operator over all pairs of edge values, with operands in locals,
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
  (func (export "add") (result i64)
    (local $i i32) (local $j i32) (local $x i32) (local $y i32) (local $h i64)
    (loop $rows
      (local.set $x (i32.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (i32.load (local.get $j)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.add (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.xor (i32.add (local.get $x) (local.get $y)) (i32.sub (local.get $x) (local.get $y))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.add (i32.add (local.get $y) (local.get $x)) (i32.load (local.get $j))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.add (local.get $x) (local.get $x)))) (i64.const 0x100000001b3)))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 4))) (i32.const 72))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 72))))
    (local.get $h))
  (func (export "sub") (result i64)
    (local $i i32) (local $j i32) (local $x i32) (local $y i32) (local $h i64)
    (loop $rows
      (local.set $x (i32.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (i32.load (local.get $j)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.sub (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.xor (i32.sub (local.get $x) (local.get $y)) (i32.sub (local.get $x) (local.get $y))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.sub (i32.sub (local.get $y) (local.get $x)) (i32.load (local.get $j))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.sub (local.get $x) (local.get $x)))) (i64.const 0x100000001b3)))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 4))) (i32.const 72))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 72))))
    (local.get $h))
  (func (export "mul") (result i64)
    (local $i i32) (local $j i32) (local $x i32) (local $y i32) (local $h i64)
    (loop $rows
      (local.set $x (i32.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (i32.load (local.get $j)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.mul (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.xor (i32.mul (local.get $x) (local.get $y)) (i32.sub (local.get $x) (local.get $y))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.mul (i32.mul (local.get $y) (local.get $x)) (i32.load (local.get $j))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.mul (local.get $x) (local.get $x)))) (i64.const 0x100000001b3)))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 4))) (i32.const 72))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 72))))
    (local.get $h))
  (func (export "and") (result i64)
    (local $i i32) (local $j i32) (local $x i32) (local $y i32) (local $h i64)
    (loop $rows
      (local.set $x (i32.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (i32.load (local.get $j)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.and (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.xor (i32.and (local.get $x) (local.get $y)) (i32.sub (local.get $x) (local.get $y))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.and (i32.and (local.get $y) (local.get $x)) (i32.load (local.get $j))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.and (local.get $x) (local.get $x)))) (i64.const 0x100000001b3)))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 4))) (i32.const 72))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 72))))
    (local.get $h))
  (func (export "or") (result i64)
    (local $i i32) (local $j i32) (local $x i32) (local $y i32) (local $h i64)
    (loop $rows
      (local.set $x (i32.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (i32.load (local.get $j)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.or (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.xor (i32.or (local.get $x) (local.get $y)) (i32.sub (local.get $x) (local.get $y))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.or (i32.or (local.get $y) (local.get $x)) (i32.load (local.get $j))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.or (local.get $x) (local.get $x)))) (i64.const 0x100000001b3)))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 4))) (i32.const 72))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 72))))
    (local.get $h))
  (func (export "xor") (result i64)
    (local $i i32) (local $j i32) (local $x i32) (local $y i32) (local $h i64)
    (loop $rows
      (local.set $x (i32.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (i32.load (local.get $j)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.xor (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.xor (i32.xor (local.get $x) (local.get $y)) (i32.sub (local.get $x) (local.get $y))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.xor (i32.xor (local.get $y) (local.get $x)) (i32.load (local.get $j))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.xor (local.get $x) (local.get $x)))) (i64.const 0x100000001b3)))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 4))) (i32.const 72))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 72))))
    (local.get $h))
  (func (export "shl") (result i64)
    (local $i i32) (local $j i32) (local $x i32) (local $y i32) (local $h i64)
    (loop $rows
      (local.set $x (i32.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (i32.load (local.get $j)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.shl (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.xor (i32.shl (local.get $x) (local.get $y)) (i32.sub (local.get $x) (local.get $y))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.shl (i32.shl (local.get $y) (local.get $x)) (i32.load (local.get $j))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.shl (local.get $x) (local.get $x)))) (i64.const 0x100000001b3)))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 4))) (i32.const 72))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 72))))
    (local.get $h))
  (func (export "shr_s") (result i64)
    (local $i i32) (local $j i32) (local $x i32) (local $y i32) (local $h i64)
    (loop $rows
      (local.set $x (i32.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (i32.load (local.get $j)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.shr_s (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.xor (i32.shr_s (local.get $x) (local.get $y)) (i32.sub (local.get $x) (local.get $y))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.shr_s (i32.shr_s (local.get $y) (local.get $x)) (i32.load (local.get $j))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.shr_s (local.get $x) (local.get $x)))) (i64.const 0x100000001b3)))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 4))) (i32.const 72))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 72))))
    (local.get $h))
  (func (export "shr_u") (result i64)
    (local $i i32) (local $j i32) (local $x i32) (local $y i32) (local $h i64)
    (loop $rows
      (local.set $x (i32.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (i32.load (local.get $j)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.shr_u (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.xor (i32.shr_u (local.get $x) (local.get $y)) (i32.sub (local.get $x) (local.get $y))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.shr_u (i32.shr_u (local.get $y) (local.get $x)) (i32.load (local.get $j))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.shr_u (local.get $x) (local.get $x)))) (i64.const 0x100000001b3)))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 4))) (i32.const 72))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 72))))
    (local.get $h))
  (func (export "rotl") (result i64)
    (local $i i32) (local $j i32) (local $x i32) (local $y i32) (local $h i64)
    (loop $rows
      (local.set $x (i32.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (i32.load (local.get $j)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.rotl (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.xor (i32.rotl (local.get $x) (local.get $y)) (i32.sub (local.get $x) (local.get $y))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.rotl (i32.rotl (local.get $y) (local.get $x)) (i32.load (local.get $j))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.rotl (local.get $x) (local.get $x)))) (i64.const 0x100000001b3)))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 4))) (i32.const 72))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 72))))
    (local.get $h))
  (func (export "rotr") (result i64)
    (local $i i32) (local $j i32) (local $x i32) (local $y i32) (local $h i64)
    (loop $rows
      (local.set $x (i32.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (i32.load (local.get $j)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.rotr (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.xor (i32.rotr (local.get $x) (local.get $y)) (i32.sub (local.get $x) (local.get $y))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.rotr (i32.rotr (local.get $y) (local.get $x)) (i32.load (local.get $j))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.rotr (local.get $x) (local.get $x)))) (i64.const 0x100000001b3)))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 4))) (i32.const 72))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 72))))
    (local.get $h))
  (func (export "div_s") (result i64)
    (local $i i32) (local $j i32) (local $x i32) (local $y i32) (local $h i64)
    (loop $rows
      (local.set $x (i32.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (i32.load (local.get $j)))
        (local.set $y (i32.add (local.get $y) (i32.eqz (local.get $y))))
        (local.set $x (i32.or (i32.load (local.get $i)) (i32.eq (local.get $y) (i32.const -1))))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.div_s (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.xor (i32.div_s (local.get $x) (local.get $y)) (i32.sub (local.get $x) (local.get $y))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.div_s (i32.shr_u (local.get $x) (i32.const 1)) (local.get $y)))) (i64.const 0x100000001b3)))
        ;; both operands of the first live below the second
        (local.get $x)
        (local.get $y)
        (i32.div_s (i32.shr_u (local.get $x) (i32.const 3)) (local.get $y))
        i32.add
        i32.add
        local.set $x
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (local.get $x))) (i64.const 0x100000001b3)))
        (local.set $x (i32.load (local.get $i)))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 4))) (i32.const 72))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 72))))
    (local.get $h))
  (func (export "div_u") (result i64)
    (local $i i32) (local $j i32) (local $x i32) (local $y i32) (local $h i64)
    (loop $rows
      (local.set $x (i32.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (i32.load (local.get $j)))
        (local.set $y (i32.add (local.get $y) (i32.eqz (local.get $y))))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.div_u (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.xor (i32.div_u (local.get $x) (local.get $y)) (i32.sub (local.get $x) (local.get $y))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.div_u (i32.add (local.get $x) (i32.const 1)) (i32.or (local.get $y) (i32.const 2))))) (i64.const 0x100000001b3)))
        ;; both operands of the first live below the second
        (local.get $x)
        (local.get $y)
        (i32.div_u (i32.shr_u (local.get $x) (i32.const 3)) (local.get $y))
        i32.add
        i32.add
        local.set $x
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (local.get $x))) (i64.const 0x100000001b3)))
        (local.set $x (i32.load (local.get $i)))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 4))) (i32.const 72))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 72))))
    (local.get $h))
  (func (export "rem_s") (result i64)
    (local $i i32) (local $j i32) (local $x i32) (local $y i32) (local $h i64)
    (loop $rows
      (local.set $x (i32.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (i32.load (local.get $j)))
        (local.set $y (i32.add (local.get $y) (i32.eqz (local.get $y))))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.rem_s (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.xor (i32.rem_s (local.get $x) (local.get $y)) (i32.sub (local.get $x) (local.get $y))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.rem_s (i32.add (local.get $x) (i32.const 1)) (i32.or (local.get $y) (i32.const 2))))) (i64.const 0x100000001b3)))
        ;; both operands of the first live below the second
        (local.get $x)
        (local.get $y)
        (i32.rem_s (i32.shr_u (local.get $x) (i32.const 3)) (local.get $y))
        i32.add
        i32.add
        local.set $x
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (local.get $x))) (i64.const 0x100000001b3)))
        (local.set $x (i32.load (local.get $i)))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 4))) (i32.const 72))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 72))))
    (local.get $h))
  (func (export "rem_u") (result i64)
    (local $i i32) (local $j i32) (local $x i32) (local $y i32) (local $h i64)
    (loop $rows
      (local.set $x (i32.load (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $y (i32.load (local.get $j)))
        (local.set $y (i32.add (local.get $y) (i32.eqz (local.get $y))))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.rem_u (local.get $x) (local.get $y)))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.xor (i32.rem_u (local.get $x) (local.get $y)) (i32.sub (local.get $x) (local.get $y))))) (i64.const 0x100000001b3)))
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.rem_u (i32.add (local.get $x) (i32.const 1)) (i32.or (local.get $y) (i32.const 2))))) (i64.const 0x100000001b3)))
        ;; both operands of the first live below the second
        (local.get $x)
        (local.get $y)
        (i32.rem_u (i32.shr_u (local.get $x) (i32.const 3)) (local.get $y))
        i32.add
        i32.add
        local.set $x
        (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (local.get $x))) (i64.const 0x100000001b3)))
        (local.set $x (i32.load (local.get $i)))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 4))) (i32.const 72))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 72))))
    (local.get $h)))
