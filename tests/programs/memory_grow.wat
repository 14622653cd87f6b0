;; Covers: memory.size and memory.grow: success, failure at the maximum and beyond, growth by zero, zeroed new pages,
;; accesses to new pages at once, the edge moving in nested calls.
;; invoke: sizes
;; invoke: fail
;; invoke: new_page
;; invoke: edge_before
;; invoke: edge_after
;; invoke: edge_in_call
;; invoke: grow_in_loop
;; invoke: empty
(module
  (memory 1 10)
  (func $grow (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "sizes") (result i32 i32 i32 i32 i32)
    (memory.size) (memory.grow (i32.const 2)) (memory.size) (memory.grow (i32.const 0)) (call $grow (i32.const 3)))
  (func (export "fail") (result i32 i32 i32 i32)
    (memory.grow (i32.const 10)) (memory.grow (i32.const -1)) (memory.grow (i32.const 65536)) (memory.size))
  (func (export "new_page") (result i64) (local $base i32)
    (local.set $base (i32.mul (memory.grow (i32.const 1)) (i32.const 65536)))
    (i64.store (local.get $base) (i64.const 0x0102030405060708))
    (i64.store offset=65528 (local.get $base) (i64.const 0x1111111111111111))
    (i64.add (i64.load offset=4 (local.get $base)) (i64.load offset=65528 (local.get $base))))
  (func (export "edge_before") (result i32) (i32.load (i32.const 65536)))
  (func (export "edge_after") (result i32)
    (drop (memory.grow (i32.const 1)))
    (i32.store (i32.const 131068) (i32.const 5))
    (i32.rotl (i32.load (i32.const 131068)) (i32.load (i32.const 131069))))
  (func (export "edge_in_call") (result i32)
    ;; memory grows below a caller that has its address in use
    (i32.store (call $store_to_new) (i32.const 42))
    (i32.load (i32.const 196604)))
  (func $store_to_new (result i32)
    (drop (call $grow (i32.const 2)))
    (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 4)))
  (func (export "grow_in_loop") (result i32) (local $n i32) (local $sum i32)
    (loop $again
      (i32.store (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 4)) (memory.size))
      (local.set $sum (i32.add (local.get $sum) (memory.grow (i32.const 1))))
      (br_if $again (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 12))))
    (loop $read
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 3))
          (i32.load (i32.sub (i32.mul (i32.add (i32.rem_u (local.get $n) (i32.const 10)) (i32.const 1)) (i32.const 65536)) (i32.const 4)))))
      (br_if $read (local.get $n)))
    (local.get $sum))
  (func (export "empty") (result i32) (i32.load8_u (i32.const 0)))
)
