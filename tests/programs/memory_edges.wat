;; Covers: the last byte in bounds and the first out of bounds for every access width, through address, static offset
;; and both; sums beyond 4 GiB; the exact offset of each trap.
;; invoke: load8 65535
;; invoke: load8 65536
;; invoke: load8 -1
;; invoke: load16 65534
;; invoke: load16 65535
;; invoke: load32 65532
;; invoke: load32 65533
;; invoke: load64 65528
;; invoke: load64 65529
;; invoke: load64 -4
;; invoke: loadf32 65532
;; invoke: loadf32 65534
;; invoke: loadf64 65528
;; invoke: loadf64 -8
;; invoke: offset_last 0
;; invoke: offset_last 1
;; invoke: offset_last -1
;; invoke: offset_huge 0
;; invoke: offset_huge 1
;; invoke: offset_huge -1
;; invoke: offset_max 0
;; invoke: offset_max -1
;; invoke: offset_2g 2147483647
;; invoke: offset_2g -2147483648
;; invoke: store8 65535
;; invoke: store8 65536
;; invoke: store16 65535
;; invoke: store32 65533
;; invoke: store64 65529
;; invoke: storef32 65533
;; invoke: storef64 65529
;; invoke: store_keeps 65532
;; invoke: constant_out
;; invoke: constant_out_store
;; invoke: dropped_load 70000
;; invoke: in_expression 65536
(module
  (memory 1 1)
  (data (i32.const 65524) "\01\02\03\04\05\06\07\08\09\0a\0b\0c")
  (func (export "load8") (param i32) (result i32) (i32.load8_u (local.get 0)))
  (func (export "load16") (param i32) (result i32) (i32.load16_s (local.get 0)))
  (func (export "load32") (param i32) (result i32) (i32.sub (i32.load (local.get 0)) (i32.const 1)))
  (func (export "load64") (param i32) (result i64) (i64.load align=1 (local.get 0)))
  (func (export "loadf32") (param i32) (result f32) (f32.load (local.get 0)))
  (func (export "loadf64") (param i32) (result f64) (f64.load (local.get 0)))
  (func (export "offset_last") (param i32) (result i32) (i32.load8_u offset=65535 (local.get 0)))
  (func (export "offset_huge") (param i32) (result i64) (i64.load offset=0xffff0000 (local.get 0)))
  (func (export "offset_max") (param i32) (result i64) (i64.load offset=0xffffffff (local.get 0)))
  (func (export "offset_2g") (param i32) (result i32) (i32.load16_u offset=0x80000000 (local.get 0)))
  (func (export "store8") (param i32) (result i32) (i32.store8 (local.get 0) (i32.const 77)) (i32.load8_u (i32.const 65535)))
  (func (export "store16") (param i32) (i32.store16 (local.get 0) (i32.const 77)))
  (func (export "store32") (param i32) (local $v i32) (local.set $v (i32.const 1)) (i32.store (local.get 0) (local.get $v)))
  (func (export "store64") (param i32) (i64.store (local.get 0) (i64.const 0x123456789abcdef0)))
  (func (export "storef32") (param i32) (f32.store (local.get 0) (f32.const 1)))
  (func (export "storef64") (param i32) (f64.store (local.get 0) (f64.sqrt (f64.const 2))))
  (func (export "store_keeps") (param i32) (result i64)
    (i32.store (local.get 0) (i32.const -1))
    (i64.load (i32.const 65524))
    (i64.load (i32.const 65528))
    i64.xor)
  (func (export "constant_out") (result i32) (i32.load (i32.const 65533)))
  (func (export "constant_out_store") (i32.store8 offset=0xfffffff0 (i32.const 0xfffffff0) (i32.const 1)))
  (func (export "dropped_load") (param i32) (drop (i32.load (local.get 0))))
  (func (export "in_expression") (param i32) (result i64)
    ;; values of both classes are live on the operand stack when it traps
    (i64.const 5)
    (f64.const 2.5)
    (i32.const 9)
    (f64.convert_i32_s (i32.add (i32.load (i32.const 16)) (i32.load (local.get 0))))
    (drop) (drop)
    (i64.trunc_f64_s)
    (i64.add))
)
