;; Covers: two instances: functions called across, with stack arguments and several results; memory, table and globals
;; shared; a function of ours called by the other through the shared table; recursion between them; traps in each.
;; preload: lib=lib/shared.wat
;; invoke: call_imported 12
;; invoke: shared_memory
;; invoke: grow_there
;; invoke: grow_here
;; invoke: indirect 0 9
;; invoke: indirect 1 4
;; invoke: indirect 2 5
;; invoke: indirect 3 5
;; invoke: indirect 4 5
;; invoke: many_arguments 3
;; invoke: bounce 0
;; invoke: bounce 9
;; invoke: trap_there 1 0
;; invoke: trap_there -2147483648 -1
;; invoke: trap_there 7 2
;; invoke: trap_here_under_there 1
;; invoke: own_state 4
;; invoke: funcref_of_import 7
;; invoke: own_call_of_their_entry 3 0
;; invoke: own_call_of_their_entry 70000 1
(module
  (type $unary (func (param i32) (result i32)))
  (import "lib" "square" (func $square (type $unary)))
  (import "lib" "store" (func $store (param i32 i32)))
  (import "lib" "memory" (memory 1))
  (import "lib" "table" (table $t 4 funcref))
  (import "lib" "depth" (global $depth (mut i32)))
  (import "lib" "grow" (func $grow (type $unary)))
  (import "lib" "call" (func $call (param i32 i32) (result i32)))
  (import "lib" "divide" (func $divide (param i32 i32) (result i32)))
  (import "lib" "many" (func $many (param i32 i64 f32 f64 i32 i32 i32 i32 i64 i64) (result f64 i64 i32)))
  (import "lib" "bounce" (func $bounce (type $unary)))
  (import "lib" "load" (func $their_load (type $unary)))
  (table $own 2 funcref)
  (global $count (mut i64) (i64.const 0))
  (elem (table $t) (i32.const 3) func $back)
  (elem (table $own) (i32.const 0) func $square $their_load)
  (elem declare func $trapping)
  (data (i32.const 96) "\01\02\03\04\05\06\07\08")
  (func $back (type $unary)
    (global.set $count (i64.add (global.get $count) (i64.const 1)))
    (if (i32.eq (local.get 0) (i32.const 5)) (then (i32.store (i32.const 100) (i32.const 77))))
    (i32.mul (i32.const 3) (call $bounce (local.get 0))))
  (func (export "call_imported") (param $x i32) (result i32)
    (i32.sub (call $square (local.get $x)) (local.get $x)))
  (func (export "shared_memory") (result i32 i64)
    (i32.load (i32.const 4))
    (call $store (i32.const 4) (i32.const -5))
    (i32.sub (i32.load (i32.const 4)))
    (i64.load (i32.const 0)))
  (func (export "grow_there") (result i32 i32 i32)
    (memory.size)
    (call $grow (i32.const 2))
    (i32.store (i32.const 196600) (i32.const 5))
    (i32.add (memory.size) (i32.load (i32.const 196600))))
  (func (export "grow_here") (result i32 i32)
    (memory.grow (i32.const 1))
    (i32.store (i32.const 131068) (i32.const 6))
    (call $their_load (i32.const 131068)))
  (func (export "indirect") (param $i i32) (param $x i32) (result i32)
    (i32.add (i32.load (i32.const 96)) (call $call (local.get $x) (local.get $i))))
  (func (export "many_arguments") (param $x i32) (result f64 i64 i32)
    (call $many (local.get $x) (i64.const 2) (f32.const 0.5) (f64.const 4) (local.get $x) (i32.const 6) (i32.const 7)
      (i32.const 8) (i64.const 9) (i64.const 10)))
  (func (export "bounce") (param $n i32) (result i32 i32 i64)
    (call $bounce (local.get $n)) (global.get $depth) (global.get $count))
  (func (export "trap_there") (param $a i32) (param $b i32) (result i32)
    (i32.mul (i32.const 2) (call $divide (local.get $a) (local.get $b))))
  (func $trapping (type $unary) (i32.load (i32.sub (i32.const 0) (local.get 0))))
  (func (export "trap_here_under_there") (param $x i32) (result i32)
    (table.set $t (i32.const 2) (ref.func $trapping))
    (call $call (local.get $x) (i32.const 2)))
  (func (export "own_state") (param $n i32) (result i32) (local $sum i32)
    (loop $again
      (local.set $sum (i32.add (local.get $sum) (call $square (local.get $n))))
      (i32.store (i32.const 200) (local.get $sum))
      (local.set $sum (i32.add (call $their_load (i32.const 200)) (i32.load8_u (i32.const 3))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum))
  (func (export "funcref_of_import") (param $x i32) (result i32)
    (table.set $own (i32.const 1) (ref.func $square))
    (call_indirect $own (type $unary) (local.get $x) (i32.const 1)))
  (func (export "own_call_of_their_entry") (param $x i32) (param $i i32) (result i32)
    (i32.add (i32.const 1) (call_indirect $own (type $unary) (local.get $x) (local.get $i))))
)
