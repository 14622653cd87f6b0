;; A tight loop with no calls and no memory accesses, for some seconds, then the result as 16 hexadecimal digits on
;; standard output and exit status 0. `run` takes the number of turns; `_start` makes 200 million.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (func $run (export "run") (param $turns i64) (result i64) (local $x i64) (local $y i64)
    (local.set $x (i64.const 0x9e3779b97f4a7c15))
    (loop $again
      ;; xorshift64, and a sum that depends on the order
      (local.set $x (i64.xor (local.get $x) (i64.shl (local.get $x) (i64.const 13))))
      (local.set $x (i64.xor (local.get $x) (i64.shr_u (local.get $x) (i64.const 7))))
      (local.set $x (i64.xor (local.get $x) (i64.shl (local.get $x) (i64.const 17))))
      (local.set $y (i64.add (i64.rotl (local.get $y) (i64.const 1)) (local.get $x)))
      (br_if $again (i64.ne (local.tee $turns (i64.sub (local.get $turns) (i64.const 1))) (i64.const 0))))
    (local.get $y))
  (func $print (param $v i64) (local $i i32) (local $digit i32)
    (loop $digits
      (local.set $digit (i32.wrap_i64 (i64.and (i64.shr_u (local.get $v) (i64.extend_i32_u (i32.sub (i32.const 60)
                (i32.mul (local.get $i) (i32.const 4))))) (i64.const 15))))
      (i32.store8 offset=64 (local.get $i)
        (i32.add (local.get $digit) (select (i32.const 48) (i32.const 87) (i32.lt_u (local.get $digit) (i32.const 10)))))
      (br_if $digits (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 16))))
    (i32.store8 offset=64 (local.get $i) (i32.const 10))
    (i32.store (i32.const 0) (i32.const 64))
    (i32.store (i32.const 4) (i32.const 17))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))
  (func (export "_start")
    (call $print (call $run (i64.const 200000000)))
    (call $proc_exit (i32.const 0)))
)
