;; Makes the file "left" and calls proc_exit with 7, or traps if it has an argument.
(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get"
    (func $args_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "left")
  (func (export "_start")
    (if (call $path_open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 4)
        (i32.const 1) (i64.const 0x46) (i64.const 0) (i32.const 0) (i32.const 16))
      (then (call $proc_exit (i32.const 1))))
    (drop (call $args_sizes_get (i32.const 20) (i32.const 24)))
    (if (i32.gt_u (i32.load (i32.const 20)) (i32.const 1)) (then unreachable))
    (call $proc_exit (i32.const 7))))
