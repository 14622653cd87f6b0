;; Covers: a memory of no pages: every access traps, it can grow, bulk operations of length zero at its end work.
;; invoke: load
;; invoke: store
;; invoke: grow
;; invoke: bulk 0
;; invoke: bulk 1
(module
  (memory 0)
  (func (export "load") (result i32) (i32.load8_u (i32.const 0)))
  (func (export "store") (i64.store (i32.const 0) (i64.const 1)))
  (func (export "grow") (result i32 i32 i32)
    (memory.size) (memory.grow (i32.const 1)) (i32.store (i32.const 0) (i32.const 3)) (i32.load (i32.const 0)))
  (func (export "bulk") (param $n i32) (result i32)
    (memory.fill (i32.const 0) (i32.const 1) (local.get $n))
    (memory.copy (i32.const 0) (i32.const 0) (local.get $n))
    (memory.size))
)
