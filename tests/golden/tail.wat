;; Tail calls: to itself, to a function with more stack arguments and back, through a table.
(module
  (table 1 funcref)
  (type $one (func (param i64) (result i64)))
  (func $count (param i64 i64) (result i64)
    (if (i64.eqz (local.get 0)) (then (return (local.get 1))))
    (return_call $count
      (i64.sub (local.get 0) (i64.const 1))
      (i64.add (local.get 1) (local.get 0))))
  (func $more (type $one)
    (return_call $less
      (i64.const 0) (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4)
      (i64.const 5) (local.get 0) (i64.const 7)))
  (func $less (param i64 i64 i64 i64 i64 i64 i64 i64) (result i64)
    (return_call_indirect (type $one) (local.get 6) (i32.const 0)))
  (func (export "run") (result i64)
    (i64.add (call $more (i64.const 8)) (call $count (i64.const 3) (i64.const 0)))))
