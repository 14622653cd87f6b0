;; Covers: a start function that traps in a callee.
;; invoke: never
(module
  (memory 1)
  (func $fail (param i32) (drop (i32.load (i32.mul (local.get 0) (i32.const 65536)))))
  (func $start (call $fail (i32.const 0)) (call $fail (i32.const 1)))
  (start $start)
  (func (export "never") (result i32) (i32.const 1))
)
