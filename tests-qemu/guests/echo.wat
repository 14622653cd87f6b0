;; Sleeps for a second and says ">", then copies standard
;; input to standard output until its end, waiting by poll_oneoff for each piece.
(module
  (import "wasi_snapshot_preview1" "poll_oneoff"
    (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)

  ;; A subscription at 0, events at 64, a buffer list at 200, the buffer at 1024.
  (func $wait
    (if (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128))
      (then unreachable)))

  (func $say (param $len i32)
    (i32.store (i32.const 200) (i32.const 1024))
    (i32.store (i32.const 204) (local.get $len))
    (if (call $write (i32.const 1) (i32.const 200) (i32.const 1) (i32.const 208))
      (then unreachable)))

  (func (export "_start")
    ;; One second of monotonic time.
    (i32.store (i32.const 16) (i32.const 1))
    (i64.store (i32.const 24) (i64.const 1000000000))
    (call $wait)
    (i32.store8 (i32.const 1024) (i32.const 0x3e))
    (call $say (i32.const 1))
    (loop $next
      ;; Something to read from descriptor 0.
      (i32.store8 (i32.const 8) (i32.const 1))
      (i32.store (i32.const 16) (i32.const 0))
      (call $wait)
      (i32.store (i32.const 200) (i32.const 1024))
      (i32.store (i32.const 204) (i32.const 100))
      (if (call $read (i32.const 0) (i32.const 200) (i32.const 1) (i32.const 208))
        (then unreachable))
      (if (i32.load (i32.const 208))
        (then (call $say (i32.load (i32.const 208))) (br $next))))))
