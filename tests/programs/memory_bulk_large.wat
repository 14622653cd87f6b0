;; Covers: bulk operations of megabytes, which are done in pieces that a suspension may come between: copies that
;; overlap in both directions, fills, and what is live around them.
;; invoke: forward
;; invoke: backward
;; invoke: fill
;; invoke: init
(module
  (memory 48 48)
  (data $seed "0123456789abcdef")
  (func $seed (local $i i32)
    (loop $again
      (memory.init $seed (i32.mul (local.get $i) (i32.const 100003)) (i32.const 0) (i32.const 16))
      (i32.store offset=16 (i32.mul (local.get $i) (i32.const 100003)) (local.get $i))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 31)))))
  (func $sum (result i64) (local $i i32) (local $h i64)
    (loop $again
      (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (i64.load (local.get $i))))
      (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (i64.load offset=13 (local.get $i))))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 39989))) (i32.const 3100000))))
    (local.get $h))
  (func (export "forward") (result i64 i64)
    (call $seed)
    (i64.const 17)
    (memory.copy (i32.const 0) (i32.const 100003) (i32.const 3000000))
    (call $sum))
  (func (export "backward") (result i64 i64)
    (call $seed)
    (i64.const 18)
    (memory.copy (i32.const 100003) (i32.const 0) (i32.const 3000000))
    (call $sum))
  (func (export "fill") (result i64 f64 i64)
    (call $seed)
    (i64.const 19)
    (f64.const -0)
    (memory.fill (i32.const 77) (i32.const 0xa5) (i32.const 2500000))
    (call $sum))
  (func (export "init") (result i64)
    (call $seed)
    (memory.copy (i32.const 1000000) (i32.const 0) (i32.const 1000000))
    (memory.copy (i32.const 2000000) (i32.const 500000) (i32.const 1100000))
    (call $sum))
)
