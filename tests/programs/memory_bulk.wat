;; Covers: memory.copy (overlapping both ways, to itself, empty), memory.fill, memory.init, data.drop, with bounds
;; checked before anything is written, and values live around them.
;; invoke: copy 100 0 16
;; invoke: copy 4 0 60
;; invoke: copy 0 4 60
;; invoke: copy 8 8 20
;; invoke: copy 65536 0 0
;; invoke: copy 65536 0 1
;; invoke: copy 0 65535 2
;; invoke: copy 1 65536 -1
;; invoke: fill 10 171 20
;; invoke: fill 65530 511 6
;; invoke: fill 65530 1 7
;; invoke: fill 65536 1 0
;; invoke: fill 65537 1 0
;; invoke: init 200 3 9
;; invoke: init 200 0 26
;; invoke: init 200 0 27
;; invoke: init 200 26 0
;; invoke: init 200 27 0
;; invoke: init 65535 0 2
;; invoke: drop_then_init 0
;; invoke: drop_then_init 1
;; invoke: active_is_dropped 0
;; invoke: active_is_dropped 1
;; invoke: partial_not_written
;; invoke: live_around
;; invoke: in_loop 12
(module
  (memory 1 1)
  (data $active (i32.const 0) "\00\01\02\03\04\05\06\07\08\09\0a\0b\0c\0d\0e\0f\10\11\12\13\14\15\16\17\18\19\1a\1b\1c\1d\1e\1f")
  (data $passive "abcdefghijklmnopqrstuvwxyz")
  (data $other "0123456789")
  (func $sum (result i64) (local $i i32) (local $h i64)
    (loop $again
      (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 0x100000001b3)) (i64.load (local.get $i))))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 256))))
    (i64.add (local.get $h) (i64.load (i32.const 65528))))
  (func (export "copy") (param i32 i32 i32) (result i64)
    (memory.copy (local.get 0) (local.get 1) (local.get 2)) (call $sum))
  (func (export "fill") (param i32 i32 i32) (result i64)
    (memory.fill (local.get 0) (local.get 1) (local.get 2)) (call $sum))
  (func (export "init") (param i32 i32 i32) (result i64)
    (memory.init $passive (local.get 0) (local.get 1) (local.get 2)) (call $sum))
  (func (export "drop_then_init") (param $n i32) (result i64)
    (memory.init $passive (i32.const 50) (i32.const 5) (i32.const 10))
    (data.drop $passive) (data.drop $passive)
    (memory.init $other (i32.const 70) (i32.const 0) (i32.const 10))
    (memory.init $passive (i32.const 60) (i32.const 0) (local.get $n))
    (call $sum))
  (func (export "active_is_dropped") (param $n i32) (result i64)
    (memory.init $active (i32.const 60) (i32.const 0) (local.get $n)) (call $sum))
  (func $try (param $d i32)
    (memory.copy (local.get $d) (i32.const 0) (i32.const 32)))
  (func (export "partial_not_written") (result i64)
    ;; traps in the callee; the byte below the end must be unharmed, as the trap's frames show no write
    (i32.store8 (i32.const 65535) (i32.const 99))
    (call $try (i32.const 65520))
    (call $sum))
  (func (export "live_around") (result i64 f64 i32) (local $a i32) (local $b i64)
    (local.set $a (i32.const 40)) (local.set $b (i64.const 77))
    (i64.add (local.get $b) (i64.const 1))
    (f64.const 3.25)
    (i32.add (local.get $a) (i32.const 2))
    (memory.copy (local.get $a) (i32.const 0) (i32.const 8))
    (memory.fill (i32.add (local.get $a) (i32.const 8)) (local.get $a) (i32.const 4))
    (i32.add (i32.load (local.get $a)))
    (i32.add (i32.load offset=8 (local.get $a))))
  (func (export "in_loop") (param $n i32) (result i64)
    (i64.const 1)
    (loop $again (param i64) (result i64)
      (memory.copy (i32.add (local.get $n) (i32.const 100)) (local.get $n) (i32.const 30))
      (memory.fill (local.get $n) (local.get $n) (i32.const 3))
      (i64.add (call $sum))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
)
