;; What one module writes to the memory of another, the next one finds there, though nothing refers to
;; the writer any more.

(module
  (import "spectest" "memory" (memory 1))
  (data (i32.const 8) "frog"))
(module
  (import "spectest" "memory" (memory 1))
  (func (export "load") (result i32) (i32.load (i32.const 8))))
(assert_return (invoke "load") (i32.const 0x676f7266))
