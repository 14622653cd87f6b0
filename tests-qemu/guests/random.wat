;; Prints 16 random bytes as letters, two for each, with a loop in between so that it can be frozen there.
(module
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start") (local $i i32)
    (drop (call $random_get (i32.const 0) (i32.const 8)))
    (drop (call $random_get (i32.const 8) (i32.const 8)))
    (loop $next
      (i32.store8 offset=100 (i32.shl (local.get $i) (i32.const 1))
        (i32.add (i32.const 97) (i32.shr_u (i32.load8_u (local.get $i)) (i32.const 4))))
      (i32.store8 offset=101 (i32.shl (local.get $i) (i32.const 1))
        (i32.add (i32.const 97) (i32.and (i32.load8_u (local.get $i)) (i32.const 15))))
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 16))))
    (i32.store (i32.const 32) (i32.const 100))
    (i32.store (i32.const 36) (i32.const 32))
    (drop (call $fd_write (i32.const 1) (i32.const 32) (i32.const 1) (i32.const 40)))))
