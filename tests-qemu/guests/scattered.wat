;; Takes a memory of as many MiB as its first argument says, writes to each of its 4 KiB pages, and then changes
;; as many of them as its second argument says, always the same ones, spread evenly, as often as its third
;; argument says. Prints a digest of all that it has read as 16 hexadecimal digits, and exits with status 5.
(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  ;; Page 0 is for arguments and printing; what is changed lies behind it.
  (memory (export "memory") 1)
  (func $number (param $at i32) (result i32) (local $n i32) (local $byte i32)
    (block $end
      (loop $digits
        (br_if $end (i32.eqz (local.tee $byte (i32.load8_u (local.get $at)))))
        (local.set $n (i32.add (i32.mul (local.get $n) (i32.const 10)) (i32.sub (local.get $byte) (i32.const 48))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $digits)))
    (local.get $n))
  ;; Zeros, which take no room on a disk, but a page each in memory.
  (func $touch (param $pages i32) (local $page i32)
    (loop $again
      (i32.store offset=65536 (i32.shl (local.get $page) (i32.const 12)) (i32.const 0))
      (br_if $again (i32.lt_u (local.tee $page (i32.add (local.get $page) (i32.const 1))) (local.get $pages)))))
  (func $change (param $pages i32) (param $count i32) (param $x i64) (result i64) (local $index i32) (local $at i32)
    (local $step i32)
    (local.set $step (i32.shl (i32.div_u (local.get $pages) (local.get $count)) (i32.const 12)))
    (loop $again
      (local.set $x (i64.add (i64.rotl (local.get $x) (i64.const 7)) (i64.load offset=65536 (local.get $at))))
      (i64.store offset=65536 (local.get $at) (i64.add (local.get $x) (i64.const 0x9e3779b97f4a7c15)))
      (local.set $at (i32.add (local.get $at) (local.get $step)))
      (br_if $again (i32.lt_u (local.tee $index (i32.add (local.get $index) (i32.const 1))) (local.get $count))))
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
  (func (export "_start") (local $mib i32) (local $count i32) (local $rounds i32) (local $pages i32) (local $x i64)
    ;; Pointers from 1024 on, strings from 2048 on; the first is the program's name.
    (drop (call $args_sizes_get (i32.const 0) (i32.const 4)))
    (drop (call $args_get (i32.const 1024) (i32.const 2048)))
    (local.set $mib (call $number (i32.load (i32.const 1028))))
    (local.set $count (call $number (i32.load (i32.const 1032))))
    (local.set $rounds (call $number (i32.load (i32.const 1036))))
    (local.set $pages (i32.shl (local.get $mib) (i32.const 8)))
    (if (i32.eq (memory.grow (i32.shl (local.get $mib) (i32.const 4))) (i32.const -1)) (then (call $proc_exit (i32.const 1))))
    (call $touch (local.get $pages))
    (loop $again
      (local.set $x (call $change (local.get $pages) (local.get $count) (local.get $x)))
      (br_if $again (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
    (call $print (local.get $x))
    (call $proc_exit (i32.const 5))))
