;; Unreachable code whose operands are of any type.
(module (memory i64 1) (table $t 1 funcref)
 (func (export "a") (result v128 i32) (return (v128.const i64x2 1 2) (i32.const 3)) (i8x16.add) (i32.const 1) (i8x16.shl) (i32.const 1) (select) (v128.bitselect) (i32.const 2) (i32x4.replace_lane 1) (v128.load8_lane 3) (block (param v128) (result v128 v128) (drop) (unreachable) (i64x2.splat) (br 0)) (i64x2.mul) (v128.any_true) (if (result f32) (then (f32.const 1)) (else (unreachable))) (drop) (memory.copy) (memory.grow) (drop) (table.grow $t) (drop) (return_call 0))
 (func (export "b") (param i32) (result v128) (block $o (result v128) (v128.const i64x2 7 8) (br_table 0 0 $o (local.get 0)) (br_if 0 (i32.const 1)) (drop) (loop (result v128) (br 0)) (v128.and)))
 (func (export "c") (param i32) (result v128 i64) (block $o (result v128 i64) (block $p (result v128 i64) (unreachable) (br_table $o $p $o)) (i64.const 1) (i64.add)))
)
(assert_return (invoke "a") (v128.const i64x2 1 2) (i32.const 3))
(assert_return (invoke "b" (i32.const 5)) (v128.const i64x2 7 8))
(assert_trap (invoke "c" (i32.const 5)) "unreachable")

