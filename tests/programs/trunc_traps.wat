;; Covers: trapping truncation at the last value in range and the first outside, NaN and infinities.
;; invoke: i32_f32_s -822083584
;; invoke: i32_f32_s -822083583
;; invoke: i32_f32_s 1325400063
;; invoke: i32_f32_s 1325400064
;; invoke: i32_f32_s 2143289344
;; invoke: i32_f32_s -4194303
;; invoke: i32_f32_s 2139095040
;; invoke: i32_f32_s -8388608
;; invoke: i32_f32_s -2147483648
;; invoke: i32_f32_s 1
;; invoke: i32_f32_s 1120501760
;; invoke: i32_f32_u -1082130433
;; invoke: i32_f32_u -1082130432
;; invoke: i32_f32_u 1333788671
;; invoke: i32_f32_u 1333788672
;; invoke: i32_f32_u 2143289344
;; invoke: i32_f32_u -4194303
;; invoke: i32_f32_u 2139095040
;; invoke: i32_f32_u -8388608
;; invoke: i32_f32_u -2147483648
;; invoke: i32_f32_u 1
;; invoke: i32_f32_u 1120501760
;; invoke: i32_f64_s -4476578029604176082
;; invoke: i32_f64_s -4476578029604175872
;; invoke: i32_f64_s 4746794007248502365
;; invoke: i32_f64_s 4746794007248502784
;; invoke: i32_f64_s 9221120237041090560
;; invoke: i32_f64_s -4503599627370495
;; invoke: i32_f64_s 9218868437227405312
;; invoke: i32_f64_s -4503599627370496
;; invoke: i32_f64_s -9223372036854775808
;; invoke: i32_f64_s 1
;; invoke: i32_f64_s 4636790067912769536
;; invoke: i32_f64_u -4616189618054758401
;; invoke: i32_f64_u -4616189618054758400
;; invoke: i32_f64_u 4751297606875873070
;; invoke: i32_f64_u 4751297606875873280
;; invoke: i32_f64_u 9221120237041090560
;; invoke: i32_f64_u -4503599627370495
;; invoke: i32_f64_u 9218868437227405312
;; invoke: i32_f64_u -4503599627370496
;; invoke: i32_f64_u -9223372036854775808
;; invoke: i32_f64_u 1
;; invoke: i32_f64_u 4636790067912769536
;; invoke: i64_f32_s -553648128
;; invoke: i64_f32_s -553648127
;; invoke: i64_f32_s 1593835519
;; invoke: i64_f32_s 1593835520
;; invoke: i64_f32_s 2143289344
;; invoke: i64_f32_s -4194303
;; invoke: i64_f32_s 2139095040
;; invoke: i64_f32_s -8388608
;; invoke: i64_f32_s -2147483648
;; invoke: i64_f32_s 1
;; invoke: i64_f32_s 1120501760
;; invoke: i64_f32_u -1082130433
;; invoke: i64_f32_u -1082130432
;; invoke: i64_f32_u 1602224127
;; invoke: i64_f32_u 1602224128
;; invoke: i64_f32_u 2143289344
;; invoke: i64_f32_u -4194303
;; invoke: i64_f32_u 2139095040
;; invoke: i64_f32_u -8388608
;; invoke: i64_f32_u -2147483648
;; invoke: i64_f32_u 1
;; invoke: i64_f32_u 1120501760
;; invoke: i64_f64_s -4332462841530417152
;; invoke: i64_f64_s -4332462841530417151
;; invoke: i64_f64_s 4890909195324358655
;; invoke: i64_f64_s 4890909195324358656
;; invoke: i64_f64_s 9221120237041090560
;; invoke: i64_f64_s -4503599627370495
;; invoke: i64_f64_s 9218868437227405312
;; invoke: i64_f64_s -4503599627370496
;; invoke: i64_f64_s -9223372036854775808
;; invoke: i64_f64_s 1
;; invoke: i64_f64_s 4636790067912769536
;; invoke: i64_f64_u -4616189618054758401
;; invoke: i64_f64_u -4616189618054758400
;; invoke: i64_f64_u 4895412794951729151
;; invoke: i64_f64_u 4895412794951729152
;; invoke: i64_f64_u 9221120237041090560
;; invoke: i64_f64_u -4503599627370495
;; invoke: i64_f64_u 9218868437227405312
;; invoke: i64_f64_u -4503599627370496
;; invoke: i64_f64_u -9223372036854775808
;; invoke: i64_f64_u 1
;; invoke: i64_f64_u 4636790067912769536
(module
  (func $i32_f32_s (param $bits i32) (result i32)
    (local $x f32)
    (local.set $x (f32.reinterpret_i32 (local.get $bits)))
    (i32.xor (i32.trunc_f32_s (local.get $x)) (i32.trunc_f32_s (f32.mul (local.get $x) (f32.const 0.5)))))
  (func (export "i32_f32_s") (param $bits i32) (result i32) (local $spare i32)
    (local.set $spare (i32.const 99))
    (i32.add (local.get $spare) (call $i32_f32_s (local.get $bits))))
  (func $i32_f32_u (param $bits i32) (result i32)
    (local $x f32)
    (local.set $x (f32.reinterpret_i32 (local.get $bits)))
    (i32.xor (i32.trunc_f32_u (local.get $x)) (i32.trunc_f32_u (f32.mul (local.get $x) (f32.const 0.5)))))
  (func (export "i32_f32_u") (param $bits i32) (result i32) (local $spare i32)
    (local.set $spare (i32.const 99))
    (i32.add (local.get $spare) (call $i32_f32_u (local.get $bits))))
  (func $i32_f64_s (param $bits i64) (result i32)
    (local $x f64)
    (local.set $x (f64.reinterpret_i64 (local.get $bits)))
    (i32.xor (i32.trunc_f64_s (local.get $x)) (i32.trunc_f64_s (f64.mul (local.get $x) (f64.const 0.5)))))
  (func (export "i32_f64_s") (param $bits i64) (result i32) (local $spare i32)
    (local.set $spare (i32.const 99))
    (i32.add (local.get $spare) (call $i32_f64_s (local.get $bits))))
  (func $i32_f64_u (param $bits i64) (result i32)
    (local $x f64)
    (local.set $x (f64.reinterpret_i64 (local.get $bits)))
    (i32.xor (i32.trunc_f64_u (local.get $x)) (i32.trunc_f64_u (f64.mul (local.get $x) (f64.const 0.5)))))
  (func (export "i32_f64_u") (param $bits i64) (result i32) (local $spare i32)
    (local.set $spare (i32.const 99))
    (i32.add (local.get $spare) (call $i32_f64_u (local.get $bits))))
  (func $i64_f32_s (param $bits i32) (result i64)
    (local $x f32)
    (local.set $x (f32.reinterpret_i32 (local.get $bits)))
    (i64.xor (i64.trunc_f32_s (local.get $x)) (i64.trunc_f32_s (f32.mul (local.get $x) (f32.const 0.5)))))
  (func (export "i64_f32_s") (param $bits i32) (result i64) (local $spare i64)
    (local.set $spare (i64.const 99))
    (i64.add (local.get $spare) (call $i64_f32_s (local.get $bits))))
  (func $i64_f32_u (param $bits i32) (result i64)
    (local $x f32)
    (local.set $x (f32.reinterpret_i32 (local.get $bits)))
    (i64.xor (i64.trunc_f32_u (local.get $x)) (i64.trunc_f32_u (f32.mul (local.get $x) (f32.const 0.5)))))
  (func (export "i64_f32_u") (param $bits i32) (result i64) (local $spare i64)
    (local.set $spare (i64.const 99))
    (i64.add (local.get $spare) (call $i64_f32_u (local.get $bits))))
  (func $i64_f64_s (param $bits i64) (result i64)
    (local $x f64)
    (local.set $x (f64.reinterpret_i64 (local.get $bits)))
    (i64.xor (i64.trunc_f64_s (local.get $x)) (i64.trunc_f64_s (f64.mul (local.get $x) (f64.const 0.5)))))
  (func (export "i64_f64_s") (param $bits i64) (result i64) (local $spare i64)
    (local.set $spare (i64.const 99))
    (i64.add (local.get $spare) (call $i64_f64_s (local.get $bits))))
  (func $i64_f64_u (param $bits i64) (result i64)
    (local $x f64)
    (local.set $x (f64.reinterpret_i64 (local.get $bits)))
    (i64.xor (i64.trunc_f64_u (local.get $x)) (i64.trunc_f64_u (f64.mul (local.get $x) (f64.const 0.5)))))
  (func (export "i64_f64_u") (param $bits i64) (result i64) (local $spare i64)
    (local.set $spare (i64.const 99))
    (i64.add (local.get $spare) (call $i64_f64_u (local.get $bits)))))
