;; Copies the file "given" to standard output; writes 16 bytes at a time to "dir/log", and to
;; a file that has no name any more, with some work in between; and at last copies
;; both, read back, to standard output.
(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_create_directory"
    (func $mkdir (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_unlink_file"
    (func $unlink (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_seek" (func $fd_seek (param i32 i64 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0x000) "given")
  (data (i32.const 0x010) "dir")
  (data (i32.const 0x020) "dir/log")
  (data (i32.const 0x030) "gone")
  (data (i32.const 0x040) "0000000 of 2000\n")

  ;; Traps unless a call has succeeded.
  (func $ok (param $errno i32)
    (if (local.get $errno) (then unreachable)))

  ;; Opens a path in the program's directory: made if it is not there, to read and write.
  (func $open (param $path i32) (param $len i32) (result i32)
    (call $ok (call $path_open (i32.const 3) (i32.const 0) (local.get $path) (local.get $len)
      (i32.const 1) (i64.const 0x46) (i64.const 0) (i32.const 0) (i32.const 0x100)))
    (i32.load (i32.const 0x100)))

  ;; Writes bytes at an address.
  (func $write (param $fd i32) (param $address i32) (param $len i32)
    (i32.store (i32.const 0x110) (local.get $address))
    (i32.store (i32.const 0x114) (local.get $len))
    (call $ok (call $fd_write (local.get $fd) (i32.const 0x110) (i32.const 1) (i32.const 0x118)))
    (if (i32.ne (i32.load (i32.const 0x118)) (local.get $len)) (then unreachable)))

  ;; Copies a file from its beginning to standard output.
  (func $copy (param $fd i32)
    (call $ok (call $fd_seek (local.get $fd) (i64.const 0) (i32.const 0) (i32.const 0x120)))
    (loop $next
      (i32.store (i32.const 0x110) (i32.const 0x1000))
      (i32.store (i32.const 0x114) (i32.const 0x800))
      (call $ok (call $fd_read (local.get $fd) (i32.const 0x110) (i32.const 1) (i32.const 0x118)))
      (if (i32.load (i32.const 0x118))
        (then
          (call $write (i32.const 1) (i32.const 0x1000) (i32.load (i32.const 0x118)))
          (br $next)))))

  ;; Adds one to the decimal number at 0x40.
  (func $count
    (local $digit i32)
    (local.set $digit (i32.const 0x46))
    (loop $carry
      (if (i32.eq (i32.load8_u (local.get $digit)) (i32.const 0x39))
        (then
          (i32.store8 (local.get $digit) (i32.const 0x30))
          (local.set $digit (i32.sub (local.get $digit) (i32.const 1)))
          (br $carry))
        (else
          (i32.store8 (local.get $digit)
            (i32.add (i32.load8_u (local.get $digit)) (i32.const 1)))))))

  (func $work
    (local $left i32)
    (local.set $left (i32.const 200000))
    (loop $more
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $more (local.get $left))))

  (func (export "_start")
    (local $log i32) (local $gone i32) (local $left i32)
    (call $copy (call $open (i32.const 0x000) (i32.const 5)))
    (call $ok (call $mkdir (i32.const 3) (i32.const 0x010) (i32.const 3)))
    (local.set $log (call $open (i32.const 0x020) (i32.const 7)))
    (local.set $gone (call $open (i32.const 0x030) (i32.const 4)))
    (call $ok (call $unlink (i32.const 3) (i32.const 0x030) (i32.const 4)))
    (local.set $left (i32.const 2000))
    (loop $next
      (call $count)
      (call $write (local.get $log) (i32.const 0x040) (i32.const 16))
      (if (i32.eqz (i32.and (local.get $left) (i32.const 63)))
        (then (call $write (local.get $gone) (i32.const 0x040) (i32.const 16))))
      (call $work)
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $next (local.get $left)))
    (call $copy (local.get $log))
    (call $copy (local.get $gone))))
