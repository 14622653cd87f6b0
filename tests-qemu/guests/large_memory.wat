;; Fills 16 MiB with numbers, then changes some of them all over the memory, 4000 times; every 200 times it prints a
;; digest as 16 hexadecimal digits. Exits with status 3. Checkpoints of it are large, so writing them takes long.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 257)
  ;; The numbers are in pages 1 to 256; page 0 is for printing.
  (func $fill (local $at i32) (local $x i64)
    (local.set $x (i64.const 0x9e3779b97f4a7c15))
    (local.set $at (i32.const 0x10000))
    (loop $again
      (local.set $x (i64.xor (local.get $x) (i64.shl (local.get $x) (i64.const 13))))
      (local.set $x (i64.xor (local.get $x) (i64.shr_u (local.get $x) (i64.const 7))))
      (local.set $x (i64.xor (local.get $x) (i64.shl (local.get $x) (i64.const 17))))
      (i64.store (local.get $at) (local.get $x))
      (br_if $again (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 8))) (i32.const 0x1010000)))))
  ;; One number of each 4 KiB, each depending on the one before.
  (func $change (param $round i32) (param $x i64) (result i64) (local $at i32)
    (local.set $at (i32.add (i32.const 0x10000) (i32.and (i32.mul (local.get $round) (i32.const 8)) (i32.const 0xff8))))
    (loop $again
      (local.set $x (i64.add (i64.rotl (local.get $x) (i64.const 7)) (i64.load (local.get $at))))
      (i64.store (local.get $at) (local.get $x))
      (br_if $again (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 4096))) (i32.const 0x1010000))))
    (local.get $x))
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
  (func (export "_start") (local $round i32) (local $x i64)
    (call $fill)
    (loop $again
      (local.set $x (call $change (local.get $round) (local.get $x)))
      (local.set $round (i32.add (local.get $round) (i32.const 1)))
      (if (i32.eqz (i32.rem_u (local.get $round) (i32.const 200))) (then (call $print (local.get $x))))
      (br_if $again (i32.lt_u (local.get $round) (i32.const 4000))))
    (call $proc_exit (i32.const 3)))
)
