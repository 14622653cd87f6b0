;; A bulk operation: its operands in their slots, a rebuilt frame executes it again.
(module
  (memory 1)
  (func (param $to i32) (param $count i32)
    (memory.fill (local.get $to) (i32.const 0) (local.get $count))
    (memory.copy (i32.const 0) (local.get $to) (local.get $count))))
