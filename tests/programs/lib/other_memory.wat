;; An instance with a memory of its own.
(module
  (memory 1)
  (func (export "poke") (param i32 i32) (result i32)
    (i32.store (local.get 0) (i32.add (local.get 1) (i32.load (local.get 0))))
    (i32.load (local.get 0)))
  (func (export "size") (result i32) (memory.size))
  (func (export "grow") (result i32) (memory.grow (i32.const 3)))
)
