;; Covers: functions of 1 to 8 results of all types, results passed straight on as arguments, through blocks and
;; branches, indirect calls, recursion; the last result's register merging with others.
;; invoke: r1 7
;; invoke: again1 5
;; invoke: indirect1 -2
;; invoke: branch1 3
;; invoke: branch1 4
;; invoke: reverse1 6
;; invoke: r2 7
;; invoke: again2 5
;; invoke: indirect2 -2
;; invoke: branch2 3
;; invoke: branch2 4
;; invoke: reverse2 6
;; invoke: r3 7
;; invoke: again3 5
;; invoke: indirect3 -2
;; invoke: branch3 3
;; invoke: branch3 4
;; invoke: reverse3 6
;; invoke: r4 7
;; invoke: again4 5
;; invoke: indirect4 -2
;; invoke: branch4 3
;; invoke: branch4 4
;; invoke: reverse4 6
;; invoke: r5 7
;; invoke: again5 5
;; invoke: indirect5 -2
;; invoke: branch5 3
;; invoke: branch5 4
;; invoke: reverse5 6
;; invoke: r6 7
;; invoke: again6 5
;; invoke: indirect6 -2
;; invoke: branch6 3
;; invoke: branch6 4
;; invoke: reverse6 6
;; invoke: r7 7
;; invoke: again7 5
;; invoke: indirect7 -2
;; invoke: branch7 3
;; invoke: branch7 4
;; invoke: reverse7 6
;; invoke: r8 7
;; invoke: again8 5
;; invoke: indirect8 -2
;; invoke: branch8 3
;; invoke: branch8 4
;; invoke: reverse8 6
(module
  (table funcref (elem $r1 $r2 $r3 $r4 $r5 $r6 $r7 $r8))
  (func $noise (result i32) (local i64 f64) (local.set 0 (i64.const -1)) (local.set 1 (f64.const -1)) (i32.const -1))
  (type $t1 (func (param i32) (result i64)))
  (func $r1 (export "r1") (param $x i32) (result i64)
    (i64.extend_i32_s (i32.mul (local.get $x) (i32.const 1))))
  (func $again1 (export "again1") (param $x i32) (result i64)
    (drop (call $noise))
    (call $r1 (i32.mul (local.get $x) (i32.const 3))))
  (func (export "indirect1") (param $x i32) (result i64)
    (call_indirect (type $t1) (local.get $x) (i32.const 0)))
  (func (export "branch1") (param $x i32) (result i64)
    (i64.const 99) (f64.const 98)
    (block $out (result i64)
      (call $r1 (local.get $x))
      (br_if $out (i32.and (local.get $x) (i32.const 1)))
      (drop)
      (call $again1 (local.get $x)))
    (return))
  (func $take1 (param i64) (result i64)
    (local.get 0))
  (func (export "reverse1") (param $x i32) (result i64)
    (call $take1 (call $again1 (local.get $x))))
  (type $t2 (func (param i32) (result f32 i64)))
  (func $r2 (export "r2") (param $x i32) (result f32 i64)
    (f32.convert_i32_s (i32.sub (local.get $x) (i32.const 1))) (i64.extend_i32_s (i32.mul (local.get $x) (i32.const 2))))
  (func $again2 (export "again2") (param $x i32) (result f32 i64)
    (drop (call $noise))
    (call $r2 (i32.mul (local.get $x) (i32.const 3))))
  (func (export "indirect2") (param $x i32) (result f32 i64)
    (call_indirect (type $t2) (local.get $x) (i32.const 1)))
  (func (export "branch2") (param $x i32) (result f32 i64)
    (i64.const 99) (f64.const 98)
    (block $out (result f32 i64)
      (call $r2 (local.get $x))
      (br_if $out (i32.and (local.get $x) (i32.const 1)))
      (drop)
      (drop)
      (call $again2 (local.get $x)))
    (return))
  (func $take2 (param f32 i64) (result i64 f32)
    (local.get 1) (local.get 0))
  (func (export "reverse2") (param $x i32) (result i64 f32)
    (call $take2 (call $again2 (local.get $x))))
  (type $t3 (func (param i32) (result f64 i32 i64)))
  (func $r3 (export "r3") (param $x i32) (result f64 i32 i64)
    (f64.div (f64.convert_i32_s (local.get $x)) (f64.const 1)) (i32.add (local.get $x) (i32.const 2)) (i64.extend_i32_s (i32.mul (local.get $x) (i32.const 3))))
  (func $again3 (export "again3") (param $x i32) (result f64 i32 i64)
    (drop (call $noise))
    (call $r3 (i32.mul (local.get $x) (i32.const 3))))
  (func (export "indirect3") (param $x i32) (result f64 i32 i64)
    (call_indirect (type $t3) (local.get $x) (i32.const 2)))
  (func (export "branch3") (param $x i32) (result f64 i32 i64)
    (i64.const 99) (f64.const 98)
    (block $out (result f64 i32 i64)
      (call $r3 (local.get $x))
      (br_if $out (i32.and (local.get $x) (i32.const 1)))
      (drop)
      (drop)
      (drop)
      (call $again3 (local.get $x)))
    (return))
  (func $take3 (param f64 i32 i64) (result i64 i32 f64)
    (local.get 2) (local.get 1) (local.get 0))
  (func (export "reverse3") (param $x i32) (result i64 i32 f64)
    (call $take3 (call $again3 (local.get $x))))
  (type $t4 (func (param i32) (result i32 f64 f32 i64)))
  (func $r4 (export "r4") (param $x i32) (result i32 f64 f32 i64)
    (i32.add (local.get $x) (i32.const 1)) (f64.div (f64.convert_i32_s (local.get $x)) (f64.const 2)) (f32.convert_i32_s (i32.sub (local.get $x) (i32.const 3))) (i64.extend_i32_s (i32.mul (local.get $x) (i32.const 4))))
  (func $again4 (export "again4") (param $x i32) (result i32 f64 f32 i64)
    (drop (call $noise))
    (call $r4 (i32.mul (local.get $x) (i32.const 3))))
  (func (export "indirect4") (param $x i32) (result i32 f64 f32 i64)
    (call_indirect (type $t4) (local.get $x) (i32.const 3)))
  (func (export "branch4") (param $x i32) (result i32 f64 f32 i64)
    (i64.const 99) (f64.const 98)
    (block $out (result i32 f64 f32 i64)
      (call $r4 (local.get $x))
      (br_if $out (i32.and (local.get $x) (i32.const 1)))
      (drop)
      (drop)
      (drop)
      (drop)
      (call $again4 (local.get $x)))
    (return))
  (func $take4 (param i32 f64 f32 i64) (result i64 f32 f64 i32)
    (local.get 3) (local.get 2) (local.get 1) (local.get 0))
  (func (export "reverse4") (param $x i32) (result i64 f32 f64 i32)
    (call $take4 (call $again4 (local.get $x))))
  (type $t5 (func (param i32) (result i64 f32 f64 i32 i64)))
  (func $r5 (export "r5") (param $x i32) (result i64 f32 f64 i32 i64)
    (i64.extend_i32_s (i32.mul (local.get $x) (i32.const 1))) (f32.convert_i32_s (i32.sub (local.get $x) (i32.const 2))) (f64.div (f64.convert_i32_s (local.get $x)) (f64.const 3)) (i32.add (local.get $x) (i32.const 4)) (i64.extend_i32_s (i32.mul (local.get $x) (i32.const 5))))
  (func $again5 (export "again5") (param $x i32) (result i64 f32 f64 i32 i64)
    (drop (call $noise))
    (call $r5 (i32.mul (local.get $x) (i32.const 3))))
  (func (export "indirect5") (param $x i32) (result i64 f32 f64 i32 i64)
    (call_indirect (type $t5) (local.get $x) (i32.const 4)))
  (func (export "branch5") (param $x i32) (result i64 f32 f64 i32 i64)
    (i64.const 99) (f64.const 98)
    (block $out (result i64 f32 f64 i32 i64)
      (call $r5 (local.get $x))
      (br_if $out (i32.and (local.get $x) (i32.const 1)))
      (drop)
      (drop)
      (drop)
      (drop)
      (drop)
      (call $again5 (local.get $x)))
    (return))
  (func $take5 (param i64 f32 f64 i32 i64) (result i64 i32 f64 f32 i64)
    (local.get 4) (local.get 3) (local.get 2) (local.get 1) (local.get 0))
  (func (export "reverse5") (param $x i32) (result i64 i32 f64 f32 i64)
    (call $take5 (call $again5 (local.get $x))))
  (type $t6 (func (param i32) (result f32 i64 i32 f64 f32 i64)))
  (func $r6 (export "r6") (param $x i32) (result f32 i64 i32 f64 f32 i64)
    (f32.convert_i32_s (i32.sub (local.get $x) (i32.const 1))) (i64.extend_i32_s (i32.mul (local.get $x) (i32.const 2))) (i32.add (local.get $x) (i32.const 3)) (f64.div (f64.convert_i32_s (local.get $x)) (f64.const 4)) (f32.convert_i32_s (i32.sub (local.get $x) (i32.const 5))) (i64.extend_i32_s (i32.mul (local.get $x) (i32.const 6))))
  (func $again6 (export "again6") (param $x i32) (result f32 i64 i32 f64 f32 i64)
    (drop (call $noise))
    (call $r6 (i32.mul (local.get $x) (i32.const 3))))
  (func (export "indirect6") (param $x i32) (result f32 i64 i32 f64 f32 i64)
    (call_indirect (type $t6) (local.get $x) (i32.const 5)))
  (func (export "branch6") (param $x i32) (result f32 i64 i32 f64 f32 i64)
    (i64.const 99) (f64.const 98)
    (block $out (result f32 i64 i32 f64 f32 i64)
      (call $r6 (local.get $x))
      (br_if $out (i32.and (local.get $x) (i32.const 1)))
      (drop)
      (drop)
      (drop)
      (drop)
      (drop)
      (drop)
      (call $again6 (local.get $x)))
    (return))
  (func $take6 (param f32 i64 i32 f64 f32 i64) (result i64 f32 f64 i32 i64 f32)
    (local.get 5) (local.get 4) (local.get 3) (local.get 2) (local.get 1) (local.get 0))
  (func (export "reverse6") (param $x i32) (result i64 f32 f64 i32 i64 f32)
    (call $take6 (call $again6 (local.get $x))))
  (type $t7 (func (param i32) (result f64 i32 i64 f32 f64 i32 i64)))
  (func $r7 (export "r7") (param $x i32) (result f64 i32 i64 f32 f64 i32 i64)
    (f64.div (f64.convert_i32_s (local.get $x)) (f64.const 1)) (i32.add (local.get $x) (i32.const 2)) (i64.extend_i32_s (i32.mul (local.get $x) (i32.const 3))) (f32.convert_i32_s (i32.sub (local.get $x) (i32.const 4))) (f64.div (f64.convert_i32_s (local.get $x)) (f64.const 5)) (i32.add (local.get $x) (i32.const 6)) (i64.extend_i32_s (i32.mul (local.get $x) (i32.const 7))))
  (func $again7 (export "again7") (param $x i32) (result f64 i32 i64 f32 f64 i32 i64)
    (drop (call $noise))
    (call $r7 (i32.mul (local.get $x) (i32.const 3))))
  (func (export "indirect7") (param $x i32) (result f64 i32 i64 f32 f64 i32 i64)
    (call_indirect (type $t7) (local.get $x) (i32.const 6)))
  (func (export "branch7") (param $x i32) (result f64 i32 i64 f32 f64 i32 i64)
    (i64.const 99) (f64.const 98)
    (block $out (result f64 i32 i64 f32 f64 i32 i64)
      (call $r7 (local.get $x))
      (br_if $out (i32.and (local.get $x) (i32.const 1)))
      (drop)
      (drop)
      (drop)
      (drop)
      (drop)
      (drop)
      (drop)
      (call $again7 (local.get $x)))
    (return))
  (func $take7 (param f64 i32 i64 f32 f64 i32 i64) (result i64 i32 f64 f32 i64 i32 f64)
    (local.get 6) (local.get 5) (local.get 4) (local.get 3) (local.get 2) (local.get 1) (local.get 0))
  (func (export "reverse7") (param $x i32) (result i64 i32 f64 f32 i64 i32 f64)
    (call $take7 (call $again7 (local.get $x))))
  (type $t8 (func (param i32) (result i32 f64 f32 i64 i32 f64 f32 i64)))
  (func $r8 (export "r8") (param $x i32) (result i32 f64 f32 i64 i32 f64 f32 i64)
    (i32.add (local.get $x) (i32.const 1)) (f64.div (f64.convert_i32_s (local.get $x)) (f64.const 2)) (f32.convert_i32_s (i32.sub (local.get $x) (i32.const 3))) (i64.extend_i32_s (i32.mul (local.get $x) (i32.const 4))) (i32.add (local.get $x) (i32.const 5)) (f64.div (f64.convert_i32_s (local.get $x)) (f64.const 6)) (f32.convert_i32_s (i32.sub (local.get $x) (i32.const 7))) (i64.extend_i32_s (i32.mul (local.get $x) (i32.const 8))))
  (func $again8 (export "again8") (param $x i32) (result i32 f64 f32 i64 i32 f64 f32 i64)
    (drop (call $noise))
    (call $r8 (i32.mul (local.get $x) (i32.const 3))))
  (func (export "indirect8") (param $x i32) (result i32 f64 f32 i64 i32 f64 f32 i64)
    (call_indirect (type $t8) (local.get $x) (i32.const 7)))
  (func (export "branch8") (param $x i32) (result i32 f64 f32 i64 i32 f64 f32 i64)
    (i64.const 99) (f64.const 98)
    (block $out (result i32 f64 f32 i64 i32 f64 f32 i64)
      (call $r8 (local.get $x))
      (br_if $out (i32.and (local.get $x) (i32.const 1)))
      (drop)
      (drop)
      (drop)
      (drop)
      (drop)
      (drop)
      (drop)
      (drop)
      (call $again8 (local.get $x)))
    (return))
  (func $take8 (param i32 f64 f32 i64 i32 f64 f32 i64) (result i64 f32 f64 i32 i64 f32 f64 i32)
    (local.get 7) (local.get 6) (local.get 5) (local.get 4) (local.get 3) (local.get 2) (local.get 1) (local.get 0))
  (func (export "reverse8") (param $x i32) (result i64 f32 f64 i32 i64 f32 f64 i32)
    (call $take8 (call $again8 (local.get $x)))))
