;; Counts down by turns with whoever is in the table behind it, by tail calls.
(module
  (type $long (func (param i32 i64 i64 i64 i64 i64 i64 i64 f32) (result i64 i32)))
  (type $short (func (param i32) (result i64 i32)))
  (table (export "table") 3 funcref)
  (elem (i32.const 0) $long)
  (memory 1)
  (data (i32.const 0) "\0b")
  (global $state (mut i64) (i64.const 100))
  (func $long (export "long") (type $long)
    (global.set $state (i64.add (global.get $state) (local.get 5)))
    (if (i32.eqz (local.get 0)) (then
      (return (i64.add (global.get $state) (i64.trunc_f32_s (local.get 8)))
        (i32.add (i32.load8_u (i32.const 0)) (i32.wrap_i64 (local.get 7))))))
    (return_call_indirect (type $short) (i32.sub (local.get 0) (i32.const 1)) (i32.const 1)))
  (func (export "short") (param i32) (result i64 i32)
    (i64.const 7)
    (return_call $long (local.get 0) (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4) (i64.const 5) (i64.const 6)
      (i64.extend_i32_u (local.get 0)) (f32.const 0.5))))
