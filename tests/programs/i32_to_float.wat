;; Covers: the conversions of i32 to both float types, rounding included.
;; invoke: f32_s
;; invoke: f32_u
;; invoke: f64_s
;; invoke: f64_u
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
  (func (export "f32_s") (result i64)
    (local $i i32) (local $x i32) (local $h i64)
    (loop $values
      (local.set $x (i32.load (local.get $i)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (f32.convert_i32_s (local.get $x))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (f32.convert_i32_s (i32.load (local.get $i)))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (f32.convert_i32_s (i32.sub (i32.const 0) (local.get $x)))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (f32.add (f32.convert_i32_s (local.get $x)) (f32.convert_i32_s (i32.add (local.get $x) (i32.const 0x1000001))))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (local.get $x))) (i64.const 0x100000001b3)))
      (br_if $values (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 72))))
    (local.get $h))
  (func (export "f32_u") (result i64)
    (local $i i32) (local $x i32) (local $h i64)
    (loop $values
      (local.set $x (i32.load (local.get $i)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (f32.convert_i32_u (local.get $x))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (f32.convert_i32_u (i32.load (local.get $i)))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (f32.convert_i32_u (i32.sub (i32.const 0) (local.get $x)))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (f32.add (f32.convert_i32_u (local.get $x)) (f32.convert_i32_u (i32.add (local.get $x) (i32.const 0x1000001))))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (local.get $x))) (i64.const 0x100000001b3)))
      (br_if $values (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 72))))
    (local.get $h))
  (func (export "f64_s") (result i64)
    (local $i i32) (local $x i32) (local $h i64)
    (loop $values
      (local.set $x (i32.load (local.get $i)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (f64.convert_i32_s (local.get $x)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (f64.convert_i32_s (i32.load (local.get $i))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (f64.convert_i32_s (i32.sub (i32.const 0) (local.get $x))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (f64.add (f64.convert_i32_s (local.get $x)) (f64.convert_i32_s (i32.add (local.get $x) (i32.const 0x1000001)))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (local.get $x))) (i64.const 0x100000001b3)))
      (br_if $values (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 72))))
    (local.get $h))
  (func (export "f64_u") (result i64)
    (local $i i32) (local $x i32) (local $h i64)
    (loop $values
      (local.set $x (i32.load (local.get $i)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (f64.convert_i32_u (local.get $x)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (f64.convert_i32_u (i32.load (local.get $i))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (f64.convert_i32_u (i32.sub (i32.const 0) (local.get $x))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (f64.add (f64.convert_i32_u (local.get $x)) (f64.convert_i32_u (i32.add (local.get $x) (i32.const 0x1000001)))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (local.get $x))) (i64.const 0x100000001b3)))
      (br_if $values (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 72))))
    (local.get $h)))
