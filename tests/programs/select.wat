;; Covers: select of every type, typed and untyped, with operands in registers, locals, constants and memory, the
;; condition from a comparison, a local, a constant; chains; both operands the same local; floats and NaN bits.
;; invoke: all_types 0
;; invoke: all_types 1
;; invoke: all_types -1
;; invoke: chain 5
;; invoke: chain -5
;; invoke: chain 50
;; invoke: same_local 3
;; invoke: condition_is_operand 0
;; invoke: condition_is_operand 8
;; invoke: of_calls 0
;; invoke: of_calls 1
;; invoke: from_memory 0
;; invoke: from_memory 1
;; invoke: high_bits 4294967296
;; invoke: high_bits 1
;; invoke: minmax 3 9
;; invoke: minmax 9 3
;; invoke: sort 5 -2 9 0
(module
  (memory 1)
  (data (i32.const 8) "\01\02\03\04\05\06\07\08\11\12\13\14\15\16\17\18")
  (func $id (param i32) (result i32) (local.get 0))
  (func (export "all_types") (param $c i32) (result i32 i64 i32 i64 i32 i64) (local $f f32) (local $d f64)
    (local.set $f (f32.const -nan:0x12345))
    (local.set $d (f64.const -0))
    (select (i32.const 11) (local.get $c) (local.get $c))
    (select (i64.const -1) (i64.const 0x123456789a) (local.get $c))
    (i32.reinterpret_f32 (select (local.get $f) (f32.const 1.5) (local.get $c)))
    (i64.reinterpret_f64 (select (f64.const 2.5) (local.get $d) (local.get $c)))
    (i32.reinterpret_f32 (select (result f32) (f32.const 0.1) (local.get $f) (local.get $c)))
    (i64.reinterpret_f64 (select (result f64) (local.get $d) (f64.sqrt (f64.const 9)) (local.get $c))))
  (func (export "chain") (param $x i32) (result i32)
    (select
      (select (i32.const 1) (i32.const 2) (i32.gt_s (local.get $x) (i32.const 10)))
      (select (i32.const 3) (local.get $x) (i32.lt_s (local.get $x) (i32.const -10)))
      (select (i32.gt_s (local.get $x) (i32.const 0)) (i32.eq (local.get $x) (i32.const -5)) (i32.and (local.get $x) (i32.const 1)))))
  (func (export "same_local") (param $x i32) (result i32 i32)
    (select (local.get $x) (local.get $x) (local.get $x))
    (select (local.tee $x (i32.add (local.get $x) (i32.const 1))) (local.get $x) (local.get $x)))
  (func (export "condition_is_operand") (param $x i32) (result i32 i32)
    (select (local.get $x) (i32.const 5) (local.get $x))
    (local.get $x) (i32.const 6) (local.get $x) (local.set $x (i32.const 100)) (select))
  (func (export "of_calls") (param $c i32) (result i32)
    (select (call $id (i32.const 21)) (call $id (i32.const 22)) (call $id (local.get $c))))
  (func (export "from_memory") (param $c i32) (result i64 f64)
    (select (i64.load (i32.const 8)) (i64.load (i32.const 16)) (local.get $c))
    (select (f64.load (i32.const 8)) (f64.load (i32.const 16)) (i32.load8_u (local.get $c))))
  (func (export "high_bits") (param $x i64) (result i32)
    ;; only the low half of the wrapped value counts
    (select (i32.const 1) (i32.const 2) (i32.wrap_i64 (local.get $x))))
  (func (export "minmax") (param $a i32) (param $b i32) (result i32 i32)
    (select (local.get $a) (local.get $b) (i32.lt_s (local.get $a) (local.get $b)))
    (select (local.get $a) (local.get $b) (i32.gt_s (local.get $a) (local.get $b))))
  (func $order (param $a i32) (param $b i32) (result i32 i32)
    (select (local.get $a) (local.get $b) (i32.le_s (local.get $a) (local.get $b)))
    (select (local.get $b) (local.get $a) (i32.le_s (local.get $a) (local.get $b))))
  (func (export "sort") (param $a i32) (param $b i32) (param $c i32) (param $d i32) (result i32 i32 i32 i32)
    (call $order (local.get $a) (local.get $b)) (local.set $b) (local.set $a)
    (call $order (local.get $c) (local.get $d)) (local.set $d) (local.set $c)
    (call $order (local.get $a) (local.get $c)) (local.set $c) (local.set $a)
    (call $order (local.get $b) (local.get $d)) (local.set $d) (local.set $b)
    (local.get $a)
    (call $order (local.get $b) (local.get $c))
    (local.get $d))
)
