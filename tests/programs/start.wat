;; Covers: a start function with loops and calls that runs before the invocation, on memory, table and globals.
;; invoke: result
(module
  (memory 1)
  (table 3 funcref)
  (global $n (mut i32) (i32.const 1))
  (func $double (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
  (func $start (local $i i32)
    (loop $again
      (global.set $n (call $double (global.get $n)))
      (i32.store8 (local.get $i) (global.get $n))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 10))))
    (table.set 0 (i32.const 1) (ref.func $double)))
  (elem declare func $double)
  (start $start)
  (func (export "result") (result i32 i64 i32)
    (global.get $n) (i64.load (i32.const 0)) (ref.is_null (table.get 0 (i32.const 1))))
)
