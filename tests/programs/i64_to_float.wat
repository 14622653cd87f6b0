;; Covers: the conversions of i64 to both float types, rounding included.
;; invoke: f32_s
;; invoke: f32_u
;; invoke: f64_s
;; invoke: f64_u
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
  (func (export "f32_s") (result i64)
    (local $i i32) (local $x i64) (local $h i64)
    (loop $values
      (local.set $x (i64.load (local.get $i)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (f32.convert_i64_s (local.get $x))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (f32.convert_i64_s (i64.load (local.get $i)))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (f32.convert_i64_s (i64.sub (i64.const 0) (local.get $x)))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (f32.add (f32.convert_i64_s (local.get $x)) (f32.convert_i64_s (i64.add (local.get $x) (i64.const 0x20000000000001))))))) (i64.const 0x100000001b3)))
      ;; halfway cases of rounding
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (f32.convert_i64_s (i64.xor (local.get $x) (i64.const 0x4000004000000001)))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (f32.convert_i64_s (i64.xor (local.get $x) (i64.const 0x8000008000000001)))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (f32.convert_i64_s (i64.xor (local.get $x) (i64.const 0x8000008000000000)))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (f32.convert_i64_s (i64.xor (local.get $x) (i64.const 0x8000000000000400)))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (f32.convert_i64_s (i64.xor (local.get $x) (i64.const 0x8000000000000401)))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (f32.convert_i64_s (i64.xor (local.get $x) (i64.const 0xfffffffffffffc00)))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (f32.convert_i64_s (i64.xor (local.get $x) (i64.const 0xfffffffffffffbff)))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (f32.convert_i64_s (i64.xor (local.get $x) (i64.const 0x0020000000000001)))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (local.get $x)) (i64.const 0x100000001b3)))
      (br_if $values (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 144))))
    (local.get $h))
  (func (export "f32_u") (result i64)
    (local $i i32) (local $x i64) (local $h i64)
    (loop $values
      (local.set $x (i64.load (local.get $i)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (f32.convert_i64_u (local.get $x))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (f32.convert_i64_u (i64.load (local.get $i)))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (f32.convert_i64_u (i64.sub (i64.const 0) (local.get $x)))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (f32.add (f32.convert_i64_u (local.get $x)) (f32.convert_i64_u (i64.add (local.get $x) (i64.const 0x20000000000001))))))) (i64.const 0x100000001b3)))
      ;; halfway cases of rounding
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (f32.convert_i64_u (i64.xor (local.get $x) (i64.const 0x4000004000000001)))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (f32.convert_i64_u (i64.xor (local.get $x) (i64.const 0x8000008000000001)))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (f32.convert_i64_u (i64.xor (local.get $x) (i64.const 0x8000008000000000)))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (f32.convert_i64_u (i64.xor (local.get $x) (i64.const 0x8000000000000400)))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (f32.convert_i64_u (i64.xor (local.get $x) (i64.const 0x8000000000000401)))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (f32.convert_i64_u (i64.xor (local.get $x) (i64.const 0xfffffffffffffc00)))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (f32.convert_i64_u (i64.xor (local.get $x) (i64.const 0xfffffffffffffbff)))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (f32.convert_i64_u (i64.xor (local.get $x) (i64.const 0x0020000000000001)))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (local.get $x)) (i64.const 0x100000001b3)))
      (br_if $values (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 144))))
    (local.get $h))
  (func (export "f64_s") (result i64)
    (local $i i32) (local $x i64) (local $h i64)
    (loop $values
      (local.set $x (i64.load (local.get $i)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (f64.convert_i64_s (local.get $x)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (f64.convert_i64_s (i64.load (local.get $i))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (f64.convert_i64_s (i64.sub (i64.const 0) (local.get $x))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (f64.add (f64.convert_i64_s (local.get $x)) (f64.convert_i64_s (i64.add (local.get $x) (i64.const 0x20000000000001)))))) (i64.const 0x100000001b3)))
      ;; halfway cases of rounding
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (f64.convert_i64_s (i64.xor (local.get $x) (i64.const 0x4000004000000001))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (f64.convert_i64_s (i64.xor (local.get $x) (i64.const 0x8000008000000001))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (f64.convert_i64_s (i64.xor (local.get $x) (i64.const 0x8000008000000000))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (f64.convert_i64_s (i64.xor (local.get $x) (i64.const 0x8000000000000400))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (f64.convert_i64_s (i64.xor (local.get $x) (i64.const 0x8000000000000401))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (f64.convert_i64_s (i64.xor (local.get $x) (i64.const 0xfffffffffffffc00))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (f64.convert_i64_s (i64.xor (local.get $x) (i64.const 0xfffffffffffffbff))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (f64.convert_i64_s (i64.xor (local.get $x) (i64.const 0x0020000000000001))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (local.get $x)) (i64.const 0x100000001b3)))
      (br_if $values (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 144))))
    (local.get $h))
  (func (export "f64_u") (result i64)
    (local $i i32) (local $x i64) (local $h i64)
    (loop $values
      (local.set $x (i64.load (local.get $i)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (f64.convert_i64_u (local.get $x)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (f64.convert_i64_u (i64.load (local.get $i))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (f64.convert_i64_u (i64.sub (i64.const 0) (local.get $x))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (f64.add (f64.convert_i64_u (local.get $x)) (f64.convert_i64_u (i64.add (local.get $x) (i64.const 0x20000000000001)))))) (i64.const 0x100000001b3)))
      ;; halfway cases of rounding
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (f64.convert_i64_u (i64.xor (local.get $x) (i64.const 0x4000004000000001))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (f64.convert_i64_u (i64.xor (local.get $x) (i64.const 0x8000008000000001))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (f64.convert_i64_u (i64.xor (local.get $x) (i64.const 0x8000008000000000))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (f64.convert_i64_u (i64.xor (local.get $x) (i64.const 0x8000000000000400))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (f64.convert_i64_u (i64.xor (local.get $x) (i64.const 0x8000000000000401))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (f64.convert_i64_u (i64.xor (local.get $x) (i64.const 0xfffffffffffffc00))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (f64.convert_i64_u (i64.xor (local.get $x) (i64.const 0xfffffffffffffbff))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (f64.convert_i64_u (i64.xor (local.get $x) (i64.const 0x0020000000000001))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (local.get $x)) (i64.const 0x100000001b3)))
      (br_if $values (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 144))))
    (local.get $h)))
