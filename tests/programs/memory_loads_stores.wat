;; Covers: every load and store, sign- and zero-extending, at unaligned addresses, with static offsets, with constant
;; addresses; stores of results straight from registers, constants and locals; neighbours are not written.
;; invoke: loads 0
;; invoke: loads 1
;; invoke: loads 13
;; invoke: stores 0
;; invoke: stores 3
;; invoke: stores 65500
;; invoke: constant_addresses
;; invoke: store_constants 40
;; invoke: floats 5
;; invoke: address_reuse 24
;; invoke: narrow_high_bits
(module
  (memory 1)
  (data (i32.const 0) "\80\81\fe\ff\7f\01\02\c3\84\f5\06\87\a8\09\ba\8b\7c\ff\fe\fd\00\12\34\56\78\9a\bc\de\f0\80\00\ff")
  (func $mix (param $h i64) (param $v i64) (result i64)
    (i64.mul (i64.xor (i64.rotl (local.get $h) (i64.const 7)) (local.get $v)) (i64.const 0x100000001b3)))

  (func (export "loads") (param $a i32) (result i64) (local $h i64) (local $n i32)
    (loop $again
      (local.set $h (call $mix (local.get $h) (i64.extend_i32_u (i32.load8_s (local.get $a)))))
      (local.set $h (call $mix (local.get $h) (i64.extend_i32_u (i32.load8_u (local.get $a)))))
      (local.set $h (call $mix (local.get $h) (i64.extend_i32_u (i32.load16_s offset=1 (local.get $a)))))
      (local.set $h (call $mix (local.get $h) (i64.extend_i32_u (i32.load16_u offset=3 (local.get $a)))))
      (local.set $h (call $mix (local.get $h) (i64.extend_i32_s (i32.load offset=2 (local.get $a)))))
      (local.set $h (call $mix (local.get $h) (i64.load8_s (local.get $a))))
      (local.set $h (call $mix (local.get $h) (i64.load8_u offset=1 (local.get $a))))
      (local.set $h (call $mix (local.get $h) (i64.load16_s (local.get $a))))
      (local.set $h (call $mix (local.get $h) (i64.load16_u offset=5 (local.get $a))))
      (local.set $h (call $mix (local.get $h) (i64.load32_s offset=4 (local.get $a))))
      (local.set $h (call $mix (local.get $h) (i64.load32_u offset=6 (local.get $a))))
      (local.set $h (call $mix (local.get $h) (i64.load offset=7 (local.get $a))))
      (local.set $h (call $mix (local.get $h) (i64.extend_i32_u (i32.reinterpret_f32 (f32.load offset=3 (local.get $a))))))
      (local.set $h (call $mix (local.get $h) (i64.reinterpret_f64 (f64.load offset=9 (local.get $a)))))
      (local.set $a (i32.add (local.get $a) (i32.const 1)))
      (br_if $again (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 16))))
    (local.get $h))

  (func (export "stores") (param $a i32) (result i64) (local $v i64) (local $w i32)
    (local.set $v (i64.const 0x8899aabbccddeeff))
    (local.set $w (i32.const 0xa1b2c3d4))
    (i64.store (local.get $a) (i64.const -1))
    (i64.store offset=8 (local.get $a) (i64.const -1))
    (i64.store offset=16 (local.get $a) (i64.const -1))
    (i64.store offset=24 (local.get $a) (i64.const -1))
    (i32.store8 (local.get $a) (local.get $w))
    (i32.store8 offset=1 (local.get $a) (i32.shr_u (local.get $w) (i32.const 8)))
    (i32.store16 offset=3 (local.get $a) (local.get $w))
    (i32.store offset=6 (local.get $a) (local.get $w))
    (i64.store8 offset=11 (local.get $a) (local.get $v))
    (i64.store16 offset=13 (local.get $a) (local.get $v))
    (i64.store32 offset=16 (local.get $a) (local.get $v))
    (i64.store offset=21 (local.get $a) (i64.add (local.get $v) (i64.const 1)))
    (call $mix
      (call $mix (call $mix (i64.load (local.get $a)) (i64.load offset=8 (local.get $a))) (i64.load offset=16 (local.get $a)))
      (i64.load offset=24 (local.get $a))))

  (func (export "constant_addresses") (result i64)
    (i64.store (i32.const 65528) (i64.load (i32.const 8)))
    (i32.store offset=65000 (i32.const 300) (i32.load (i32.const 3)))
    (i32.store8 (i32.const 65535) (i32.const 0x1ff))
    (call $mix
      (i64.add (i64.load offset=65528 (i32.const 0)) (i64.load32_u (i32.const 65300)))
      (i64.extend_i32_u (i32.load8_u offset=1 (i32.const 65534)))))

  (func (export "store_constants") (param $a i32) (result i64)
    (i32.store (local.get $a) (i32.const -2))
    (i32.store8 offset=4 (local.get $a) (i32.const 0x17f))
    (i32.store16 offset=5 (local.get $a) (i32.const 0x18001))
    (i64.store offset=8 (local.get $a) (i64.const 0x1122334455667788))
    (i64.store offset=16 (local.get $a) (i64.const -3))
    (i64.store32 offset=24 (local.get $a) (i64.const 0x1ffffffff))
    (f32.store offset=32 (local.get $a) (f32.const -0))
    (f64.store offset=40 (local.get $a) (f64.const nan:0x4000000000123))
    (f64.store offset=48 (local.get $a) (f64.const 0))
    (call $mix (call $mix (call $mix
          (call $mix (i64.load (local.get $a)) (i64.load offset=8 (local.get $a)))
          (call $mix (i64.load offset=16 (local.get $a)) (i64.load offset=24 (local.get $a))))
        (call $mix (i64.load offset=32 (local.get $a)) (i64.load offset=40 (local.get $a))))
      (i64.load offset=48 (local.get $a))))

  (func (export "floats") (param $a i32) (result i64) (local $f f32) (local $d f64)
    ;; a signalling NaN goes through registers, locals and memory unchanged
    (i32.store offset=100 (local.get $a) (i32.const 0x7f812345))
    (local.set $f (f32.load offset=100 (local.get $a)))
    (f32.store offset=104 (local.get $a) (local.get $f))
    (i64.store offset=112 (local.get $a) (i64.const 0xfff0000000000777))
    (local.set $d (f64.load offset=112 (local.get $a)))
    (f64.store offset=120 (local.get $a) (f64.neg (local.get $d)))
    (f32.store offset=128 (local.get $a) (f32.add (f32.const 1.5) (f32.load offset=132 (local.get $a))))
    (call $mix (call $mix (i64.load offset=104 (local.get $a)) (i64.load offset=120 (local.get $a)))
      (i64.load offset=128 (local.get $a))))

  (func (export "address_reuse") (param $a i32) (result i32)
    ;; the address is loaded from memory and the loaded value replaces it
    (i32.store (local.get $a) (i32.add (local.get $a) (i32.const 4)))
    (i32.store offset=4 (local.get $a) (i32.add (local.get $a) (i32.const 8)))
    (i32.store offset=8 (local.get $a) (i32.const 0x5a5a))
    (local.set $a (i32.load (i32.load (i32.load (local.get $a)))))
    (i32.add (local.get $a) (i32.load8_u (i32.and (local.get $a) (i32.const 15)))))

  (func (export "narrow_high_bits") (result i64) (local $i i32)
    ;; 32-bit results used as addresses have no upper half
    (local.set $i (i32.const -1))
    (i64.add
      (i64.load8_u (i32.add (local.get $i) (i32.const 2)))
      (i64.add
        (i64.load8_u (i32.sub (i32.load8_s (i32.const 2)) (i32.const -5)))
        (i64.load8_u (i32.mul (i32.const 0x10002) (i32.shl (local.get $i) (i32.const 31)))))))
)
