;; Covers: tail calls of imports and, through a shared table, back: with more stack arguments and with fewer; the
;; caller of such a chain finds its own instance's memory and globals again, be the call direct, of an import or by table.
;; preload: lib=lib/tail.wat
;; invoke: direct 0
;; invoke: direct 1
;; invoke: direct 30
;; invoke: direct 31
;; invoke: imported 0
;; invoke: imported 7
;; invoke: imported 8
;; invoke: by_table 0
;; invoke: by_table 9
;; invoke: by_table 10
;; invoke: away 5
;; invoke: away 6
;; invoke: recursive 4
;; invoke: recursive 9
;; invoke: trap_there 3
(module
  (type $long (func (param i32 i64 i64 i64 i64 i64 i64 i64 f32) (result i64 i32)))
  (type $short (func (param i32) (result i64 i32)))
  (import "lib" "long" (func $there (type $long)))
  (import "lib" "short" (func $there_short (type $short)))
  (import "lib" "table" (table 3 funcref))
  (elem (i32.const 1) $here)
  (memory 1)
  (data (i32.const 0) "\16")
  (global $state (mut i64) (i64.const 1000))

  (func $here (type $short)
    (global.set $state (i64.add (global.get $state) (i64.const 10)))
    (if (i32.eqz (local.get 0)) (then (return (global.get $state) (i32.load8_u (i32.const 0)))))
    (return_call $there (i32.sub (local.get 0) (i32.const 1)) (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4)
      (global.get $state) (i64.const 6) (i64.extend_i32_u (local.get 0)) (f32.const 2.5)))

  ;; What is ours, to be seen behind a call.
  (func $ours (param i64 i32) (result i64 i32 i64)
    (local.get 0) (local.get 1)
    (i64.add (global.get $state) (i64.extend_i32_u (i32.load8_u (i32.const 0)))))

  (func (export "direct") (param i32) (result i64 i32 i64)
    (call $here (local.get 0))
    (i32.add (i32.mul (i32.load8_u (i32.const 0)) (i32.const 1000)))
    (i64.add (global.get $state) (i64.extend_i32_u (i32.load8_u (i32.const 0)))))
  (func (export "imported") (param i32) (result i64 i32 i64)
    (call $there_short (local.get 0))
    (return_call $ours))
  (func (export "by_table") (param i32) (result i64 i32 i64)
    (call_indirect (type $short) (local.get 0) (i32.const 1))
    (return_call $ours))
  ;; Nothing of this instance is left on the stack.
  (func (export "away") (param i32) (result i64 i32) (return_call $there_short (local.get 0)))

  (func $recursive (export "recursive") (param i32) (result i64 i32 i64) (local $x i64) (local $y i32) (local $z i64)
    (if (i32.eqz (local.get 0)) (then (return (i64.const 1) (i32.const 2) (i64.const 3))))
    (call $recursive (i32.sub (local.get 0) (i32.const 1)))
    (local.set $z) (local.set $y) (local.set $x)
    (call $here (local.get 0))
    (i32.add (i32.add (local.get $y) (i32.load8_u (i32.const 0))))
    (local.set $y)
    (i64.add (local.get $x)) (local.set $x)
    (local.get $x) (local.get $y)
    (i64.add (local.get $z) (i64.mul (global.get $state) (local.get $x))))

  (elem (i32.const 2) $trap)
  (func $trap (type $short) unreachable)
  (func (export "trap_there") (param i32) (result i64)
    (call $trapping (local.get 0))
    (drop))
  (func $trapping (param i32) (result i64 i32)
    (return_call_indirect (type $short) (local.get 0) (i32.const 2))))
