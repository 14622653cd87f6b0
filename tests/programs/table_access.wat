;; Covers: table.get, table.set, table.size, table.grow, table.fill over several tables of funcref and externref, with
;; null and function references, at the edges.
;; invoke: get_is_null 0
;; invoke: get_is_null 1
;; invoke: get_is_null 9
;; invoke: get_is_null 10
;; invoke: get_is_null -1
;; invoke: set_and_call 9
;; invoke: set_and_call 10
;; invoke: sizes
;; invoke: grow_limits
;; invoke: grown_elements
;; invoke: fill 2 3
;; invoke: fill 7 3
;; invoke: fill 8 3
;; invoke: fill 10 0
;; invoke: fill 11 0
;; invoke: extern_table 4
;; invoke: extern_table 5
;; invoke: move_between 3
(module
  (type $number (func (result i32)))
  (table $funcs 10 12 funcref)
  (table $externs 5 externref)
  (table $more 1 funcref)
  (elem (table $funcs) (i32.const 1) func $one $two $three)
  (func $one (result i32) (i32.const 1))
  (func $two (result i32) (i32.const 2))
  (func $three (result i32) (i32.const 3))
  (func (export "get_is_null") (param $i i32) (result i32) (ref.is_null (table.get $funcs (local.get $i))))
  (func (export "set_and_call") (param $i i32) (result i32)
    (table.set $funcs (local.get $i) (ref.func $two))
    (i32.add (i32.const 100) (call_indirect $funcs (type $number) (local.get $i))))
  (func (export "sizes") (result i32 i32 i32 i32 i32)
    (table.size $funcs) (table.size $externs) (table.size $more)
    (table.grow $more (ref.null func) (i32.const 0))
    (table.grow $externs (ref.null extern) (i32.const 7)))
  (func (export "grow_limits") (result i32 i32 i32 i32 i32)
    (table.grow $funcs (ref.func $one) (i32.const 3))
    (table.grow $funcs (ref.func $one) (i32.const 2))
    (table.grow $funcs (ref.func $one) (i32.const 1))
    (table.grow $funcs (ref.null func) (i32.const -1))
    (table.size $funcs))
  (func (export "grown_elements") (result i32 i32 i32) (local $f funcref)
    (local.set $f (ref.func $three))
    (drop (table.grow $more (local.get $f) (i32.const 300)))
    (call_indirect $more (type $number) (i32.const 300))
    (call_indirect $more (type $number) (i32.const 1))
    (ref.is_null (table.get $more (i32.const 0))))
  (func (export "fill") (param $from i32) (param $count i32) (result i32) (local $i i32) (local $h i32)
    (table.fill $funcs (local.get $from) (ref.func $three) (local.get $count))
    (loop $again
      (local.set $h (i32.mul (local.get $h) (i32.const 2)))
      (if (i32.eqz (ref.is_null (table.get $funcs (local.get $i))))
        (then (local.set $h (i32.add (local.get $h) (call_indirect $funcs (type $number) (local.get $i))))))
      (br_if $again (i32.ne (local.tee $i (i32.add (local.get $i) (i32.const 1))) (table.size $funcs))))
    (local.get $h))
  (func (export "extern_table") (param $i i32) (result i32) (local $e externref)
    (table.set $externs (local.get $i) (local.get $e))
    (table.fill $externs (i32.const 0) (ref.null extern) (local.get $i))
    (ref.is_null (table.get $externs (local.get $i))))
  (func (export "move_between") (param $i i32) (result i32 i32)
    (table.set $more (i32.const 0) (table.get $funcs (local.get $i)))
    (table.set $funcs (local.get $i) (table.get $funcs (i32.const 0)))
    (call_indirect $more (type $number) (i32.const 0))
    (ref.is_null (table.get $funcs (local.get $i))))
)
