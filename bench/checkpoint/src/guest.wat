;; A program that writes to some pages of a large memory in each second, chosen at random, and
;; reads all the time. MEMORY, RATE, SEED and ALL_EVERY (ns) are put in by whoever makes a module of this.
(module
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  ;; Page 0 (4 KiB) is for the calls above.
  (memory (export "memory") MEMORY)
  (global $x (mut i64) (i64.const SEED))
  ;; Pages that it has read from end to end: what it is for.
  (global $units (export "units") (mut i64) (i64.const 0))
  (global $writes (export "writes") (mut i64) (i64.const 0))

  (func $now (result i64)
    (drop (call $clock (i32.const 1) (i64.const 1) (i32.const 16)))
    (i64.load (i32.const 16)))

  ;; The address of a page but the first.
  (func $any_page (result i32)
    (global.set $x (i64.add (i64.mul (global.get $x) (i64.const 6364136223846793005))
                            (i64.const 1442695040888963407)))
    (i32.shl
      (i32.add (i32.const 1)
        (i32.rem_u (i32.wrap_i64 (i64.shr_u (global.get $x) (i64.const 33)))
                   (i32.sub (i32.shl (memory.size) (i32.const 4)) (i32.const 1))))
      (i32.const 12)))

  (func $write (param $at i32)
    (i64.store offset=8 (local.get $at)
      (i64.add (i64.load offset=8 (local.get $at)) (i64.const 0x9e3779b97f4a7c15))))

  (func $read (param $at i32) (result i64) (local $end i32) (local $sum i64)
    (local.set $end (i32.add (local.get $at) (i32.const 4096)))
    (loop $again
      (local.set $sum (i64.add (i64.rotl (local.get $sum) (i64.const 1)) (i64.load (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br_if $again (i32.ne (local.get $at) (local.get $end))))
    (local.get $sum))

  ;; Writes to every page.
  (func $write_all (export "write_all") (local $page i32)
    (loop $again
      (call $write (i32.shl (local.get $page) (i32.const 12)))
      (local.set $page (i32.add (local.get $page) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $page) (i32.shl (memory.size) (i32.const 4))))))

  ;; Reads every page.
  (func (export "read_all") (result i64) (local $page i32) (local $sum i64)
    (loop $again
      (local.set $sum (i64.xor (local.get $sum) (call $read (i32.shl (local.get $page) (i32.const 12)))))
      (local.set $page (i32.add (local.get $page) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $page) (i32.shl (memory.size) (i32.const 4)))))
    (local.get $sum))

  ;; Three numbers of 8 bytes on standard output: the time, units and writes.
  (func $report (param $now i64)
    (i64.store (i32.const 64) (local.get $now))
    (i64.store (i32.const 72) (global.get $units))
    (i64.store (i32.const 80) (global.get $writes))
    (i32.store (i32.const 32) (i32.const 64))
    (i32.store (i32.const 36) (i32.const 24))
    (drop (call $fd_write (i32.const 1) (i32.const 32) (i32.const 1) (i32.const 40))))

  (func (export "_start")
    (local $now i64) (local $last i64) (local $credit i64) (local $next i64) (local $sum i64)
    (local $all i64)
    ;; Half-way between the checkpoints that are as far apart.
    (local.set $all (i64.add (call $now) (i64.div_u (i64.const ALL_EVERY) (i64.const 2))))
    (call $write_all)
    (local.set $last (call $now))
    (loop $again
      (local.set $sum (i64.add (local.get $sum) (call $read (call $any_page))))
      (global.set $units (i64.add (global.get $units) (i64.const 1)))
      (br_if $again (i64.ne (i64.and (global.get $units) (i64.const 31)) (i64.const 0)))
      (local.set $now (call $now))
      ;; What it did not do while it was stopped for long it need not make up for.
      (local.set $credit (i64.add (local.get $credit)
        (i64.mul (i64.const RATE) (call $least (i64.sub (local.get $now) (local.get $last)) (i64.const 20000000)))))
      (local.set $last (local.get $now))
      (block $paid
        (loop $pay
          (br_if $paid (i64.lt_u (local.get $credit) (i64.const 1000000000)))
          (local.set $credit (i64.sub (local.get $credit) (i64.const 1000000000)))
          (call $write (call $any_page))
          (global.set $writes (i64.add (global.get $writes) (i64.const 1)))
          (br $pay)))
      (if (i32.and (i64.ne (i64.const ALL_EVERY) (i64.const 0)) (i64.ge_u (local.get $now) (local.get $all)))
        (then
          (call $write_all)
          (local.set $all (i64.add (local.get $all) (i64.const ALL_EVERY)))))
      (if (i64.ge_u (local.get $now) (local.get $next))
        (then
          (call $report (local.get $now))
          (local.set $next (i64.add (local.get $now) (i64.const 200000000)))))
      ;; It never ends; the sum is there to be used.
      (br_if $again (i64.ne (local.get $sum) (i64.const 1)))
      (br $again)))

  (func $least (param $a i64) (param $b i64) (result i64)
    (select (local.get $a) (local.get $b) (i64.lt_u (local.get $a) (local.get $b)))))
