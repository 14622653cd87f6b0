;; Covers: saturating truncation of f32: NaN, infinities, both ends of every integer range.
;; invoke: i32_s
;; invoke: i32_u
;; invoke: i64_s
;; invoke: i64_u
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
    "\45\23\81\7f"
    "\00\00\00\4f"
    "\00\00\00\4f"
    "\00\00\80\4f"
    "\00\00\80\4f"
    "\00\00\00\cf"
    "\00\00\00\cf"
    "\00\00\00\cf"
    "\a4\70\7d\bf"
    "\00\00\80\bf"
    "\00\00\00\5f"
    "\00\00\80\5f"
    "\00\00\80\5f"
    "\ca\f2\49\71"
    "\ca\f2\49\f1"
    "\72\f9\7f\3f"
    "\00\00\80\4b")
  (func (export "i32_s") (result i64)
    (local $i i32) (local $x f32) (local $h i64)
    (loop $values
      (local.set $x (f32.load (local.get $i)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.trunc_sat_f32_s (local.get $x)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.trunc_sat_f32_s (f32.load (local.get $i))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.sub (i32.trunc_sat_f32_s (f32.neg (local.get $x))) (i32.trunc_sat_f32_s (local.get $x))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (local.get $x)))) (i64.const 0x100000001b3)))
      (br_if $values (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 156))))
    (local.get $h))
  (func (export "i32_u") (result i64)
    (local $i i32) (local $x f32) (local $h i64)
    (loop $values
      (local.set $x (f32.load (local.get $i)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.trunc_sat_f32_u (local.get $x)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.trunc_sat_f32_u (f32.load (local.get $i))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.sub (i32.trunc_sat_f32_u (f32.neg (local.get $x))) (i32.trunc_sat_f32_u (local.get $x))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (local.get $x)))) (i64.const 0x100000001b3)))
      (br_if $values (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 156))))
    (local.get $h))
  (func (export "i64_s") (result i64)
    (local $i i32) (local $x f32) (local $h i64)
    (loop $values
      (local.set $x (f32.load (local.get $i)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.trunc_sat_f32_s (local.get $x))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.trunc_sat_f32_s (f32.load (local.get $i)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.sub (i64.trunc_sat_f32_s (f32.neg (local.get $x))) (i64.trunc_sat_f32_s (local.get $x)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (local.get $x)))) (i64.const 0x100000001b3)))
      (br_if $values (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 156))))
    (local.get $h))
  (func (export "i64_u") (result i64)
    (local $i i32) (local $x f32) (local $h i64)
    (loop $values
      (local.set $x (f32.load (local.get $i)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.trunc_sat_f32_u (local.get $x))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.trunc_sat_f32_u (f32.load (local.get $i)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.sub (i64.trunc_sat_f32_u (f32.neg (local.get $x))) (i64.trunc_sat_f32_u (local.get $x)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.reinterpret_f32 (local.get $x)))) (i64.const 0x100000001b3)))
      (br_if $values (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 156))))
    (local.get $h)))
