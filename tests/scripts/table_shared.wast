;; What one module puts into the table of another, the next one calls, though nothing else refers to
;; the first any more.

(module
  (import "spectest" "table" (table 10 funcref))
  (global $calls (mut i32) (i32.const 0))
  (func $count (result i32)
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (global.get $calls))
  (elem (i32.const 2) $count))
(module
  (import "spectest" "table" (table 10 funcref))
  (func (export "call") (result i32) (call_indirect (result i32) (i32.const 2))))
(assert_return (invoke "call") (i32.const 1))
(module
  (import "spectest" "table" (table 10 funcref))
  (func (export "call") (result i32) (call_indirect (result i32) (i32.const 2))))
(assert_return (invoke "call") (i32.const 2))
