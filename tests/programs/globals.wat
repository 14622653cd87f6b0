;; Covers: global.get and global.set of every type, mutable and immutable, own and imported, initialised from others;
;; a global's value waiting on the operand stack while the global changes, by an instruction and by a call.
;; preload: env=lib/values.wat
;; invoke: immutable
;; invoke: imported
;; invoke: initialised
;; invoke: waiting
;; invoke: waiting_over_call
;; invoke: swap
;; invoke: loop 50
;; invoke: bits
;; invoke: shared
(module
  (import "env" "base" (global $base i32))
  (import "env" "wide" (global $wide i64))
  (import "env" "single" (global $single f32))
  (import "env" "double" (global $double f64))
  (import "env" "counter" (global $counter (mut i32)))
  (import "env" "total" (global $total (mut i64)))
  (import "env" "mean" (global $mean (mut f64)))
  (import "env" "ratio" (global $ratio (mut f32)))
  (import "env" "bump" (func $bump (result i32)))
  (global $copy i64 (global.get $wide))
  (global $copied_double (mut f64) (global.get $double))
  (global $i (mut i32) (i32.const -1))
  (global $l (mut i64) (i64.const 0x8000000000000000))
  (global $f (mut f32) (f32.const nan:0x1234))
  (global $d (mut f64) (f64.const -0))
  (func (export "immutable") (result i32 i64 f32 i64)
    (global.get $base) (global.get $wide) (global.get $single) (i64.reinterpret_f64 (global.get $double)))
  (func (export "imported") (result i32 i64 f64 f32 i32)
    (global.set $counter (i32.add (global.get $counter) (i32.const 100)))
    (global.get $counter)
    (global.set $total (i64.const 55))
    (drop (call $bump))
    (global.get $total) (global.get $mean) (global.get $ratio) (global.get $counter))
  (func (export "initialised") (result i64 i64)
    (global.get $copy) (i64.reinterpret_f64 (global.get $copied_double)))
  (func (export "waiting") (result i32 i32 i64)
    (global.get $i)
    (global.set $i (i32.const 7))
    (global.get $i)
    (global.set $i (i32.const 9))
    (global.get $l)
    (global.set $l (i64.const 1))
    (i64.sub (global.get $l)))
  (func $change (param i32)
    (global.set $i (i32.add (global.get $i) (local.get 0)))
    (global.set $d (f64.sub (global.get $d) (f64.const 1.5)))
    (global.set $f (f32.const 3)))
  (func (export "waiting_over_call") (result i32 i32 f64 f64 i32)
    (global.get $i) (call $change (i32.const 5)) (global.get $i)
    (global.get $d) (call $change (i32.const 6)) (global.get $d)
    (i32.reinterpret_f32 (global.get $f)))
  (func (export "swap") (result i32 i32)
    (global.set $i (i32.const 3))
    (global.get $i) (global.get $counter) (global.set $i) (global.set $counter)
    (global.get $i) (global.get $counter))
  (func (export "loop") (param $n i32) (result i32 i64 f64)
    (loop $again
      (global.set $i (i32.mul (global.get $i) (i32.const 3)))
      (global.set $l (i64.add (i64.rotl (global.get $l) (i64.const 1)) (i64.extend_i32_s (global.get $i))))
      (global.set $d (f64.div (f64.add (global.get $d) (f64.const 1)) (f64.const 3)))
      (if (i32.and (local.get $n) (i32.const 8)) (then (drop (call $bump))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.xor (global.get $i) (global.get $counter)) (global.get $l) (f64.add (global.get $d) (global.get $mean)))
  (func (export "bits") (result i32 i64)
    (i32.reinterpret_f32 (global.get $f)) (i64.reinterpret_f64 (global.get $d)))
  (func (export "shared") (result i32 i32)
    ;; the other instance sees our write and we see its
    (global.set $counter (i32.const 40))
    (call $bump)
    (global.get $counter))
)
