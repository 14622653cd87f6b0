;; Covers: saturating truncation of f64: NaN, infinities, both ends of every integer range.
;; invoke: i32_s
;; invoke: i32_u
;; invoke: i64_s
;; invoke: i64_u
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
    "\21\43\05\00\00\00\f0\7f"
    "\00\00\c0\ff\ff\ff\df\41"
    "\9a\99\f9\ff\ff\ff\df\41"
    "\00\00\e0\ff\ff\ff\ef\41"
    "\00\00\00\00\00\00\f0\41"
    "\00\00\00\00\00\00\e0\c1"
    "\00\00\20\00\00\00\e0\c1"
    "\cd\cc\1c\00\00\00\e0\c1"
    "\ae\47\e1\7a\14\ae\ef\bf"
    "\00\00\00\00\00\00\f0\bf"
    "\ff\ff\ff\ff\ff\ff\df\43"
    "\ff\ff\ff\ff\ff\ff\ef\43"
    "\00\00\00\00\00\00\f0\43"
    "\ea\8c\a0\39\59\3e\29\46"
    "\ea\8c\a0\39\59\3e\29\c6"
    "\1e\a7\e8\48\2e\ff\ef\3f"
    "\00\00\00\10\00\00\70\41")
  (func (export "i32_s") (result i64)
    (local $i i32) (local $x f64) (local $h i64)
    (loop $values
      (local.set $x (f64.load (local.get $i)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.trunc_sat_f64_s (local.get $x)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.trunc_sat_f64_s (f64.load (local.get $i))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.sub (i32.trunc_sat_f64_s (f64.neg (local.get $x))) (i32.trunc_sat_f64_s (local.get $x))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (local.get $x))) (i64.const 0x100000001b3)))
      (br_if $values (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 312))))
    (local.get $h))
  (func (export "i32_u") (result i64)
    (local $i i32) (local $x f64) (local $h i64)
    (loop $values
      (local.set $x (f64.load (local.get $i)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.trunc_sat_f64_u (local.get $x)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.trunc_sat_f64_u (f64.load (local.get $i))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.extend_i32_u (i32.sub (i32.trunc_sat_f64_u (f64.neg (local.get $x))) (i32.trunc_sat_f64_u (local.get $x))))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (local.get $x))) (i64.const 0x100000001b3)))
      (br_if $values (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 312))))
    (local.get $h))
  (func (export "i64_s") (result i64)
    (local $i i32) (local $x f64) (local $h i64)
    (loop $values
      (local.set $x (f64.load (local.get $i)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.trunc_sat_f64_s (local.get $x))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.trunc_sat_f64_s (f64.load (local.get $i)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.sub (i64.trunc_sat_f64_s (f64.neg (local.get $x))) (i64.trunc_sat_f64_s (local.get $x)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (local.get $x))) (i64.const 0x100000001b3)))
      (br_if $values (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 312))))
    (local.get $h))
  (func (export "i64_u") (result i64)
    (local $i i32) (local $x f64) (local $h i64)
    (loop $values
      (local.set $x (f64.load (local.get $i)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.trunc_sat_f64_u (local.get $x))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.trunc_sat_f64_u (f64.load (local.get $i)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.sub (i64.trunc_sat_f64_u (f64.neg (local.get $x))) (i64.trunc_sat_f64_u (local.get $x)))) (i64.const 0x100000001b3)))
      (local.set $h (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 9)) (i64.reinterpret_f64 (local.get $x))) (i64.const 0x100000001b3)))
      (br_if $values (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 312))))
    (local.get $h)))
