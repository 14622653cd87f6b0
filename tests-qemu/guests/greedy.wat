;; Grows its memory until it gets no more, fills all of it with one bulk operation, then writes to every page by
;; itself. Exits with status 3 if it was refused memory on the way, with 4 if not.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1 16384)
  (func (export "_start") (local $at i32)
    (loop $grow
      (br_if $grow (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))
    (memory.fill (i32.const 0) (i32.const 7) (i32.shl (memory.size) (i32.const 16)))
    (loop $again
      (if (i32.ne (i32.load8_u (local.get $at)) (i32.const 7)) (then (unreachable)))
      (i32.store8 (local.get $at) (i32.const 1))
      (local.set $at (i32.add (local.get $at) (i32.const 4096)))
      (br_if $again (i32.lt_u (local.get $at) (i32.shl (memory.size) (i32.const 16)))))
    (call $proc_exit (select (i32.const 3) (i32.const 4) (i32.lt_u (memory.size) (i32.const 16369))))))
