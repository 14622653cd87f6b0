;; Covers: quicksort with comparison through a table, insertion sort, and merge of both; recursion, pointers, swaps.
;; invoke: quick 40 0
;; invoke: quick 40 1
;; invoke: quick 40 2
;; invoke: insertion 20
(module
  (type $less (func (param i32 i32) (result i32)))
  (memory 1)
  (table funcref (elem $up $down $absolute))
  (func $up (type $less) (i32.lt_s (local.get 0) (local.get 1)))
  (func $down (type $less) (i32.gt_s (local.get 0) (local.get 1)))
  (func $abs (param i32) (result i32)
    (select (i32.sub (i32.const 0) (local.get 0)) (local.get 0) (i32.lt_s (local.get 0) (i32.const 0))))
  (func $absolute (type $less) (i32.lt_u (call $abs (local.get 0)) (call $abs (local.get 1))))
  (func $fill (param $n i32) (local $x i32) (local $i i32)
    (local.set $x (i32.const 12345))
    (loop $again
      (local.set $x (i32.add (i32.mul (local.get $x) (i32.const 1103515245)) (i32.const 12345)))
      (i32.store (i32.shl (local.get $i) (i32.const 2)) (i32.shr_s (local.get $x) (i32.const 8)))
      (br_if $again (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n)))))
  (func $hash (param $n i32) (result i64) (local $i i32) (local $h i64)
    (loop $again
      (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 1000003)) (i64.load32_s (i32.shl (local.get $i) (i32.const 2)))))
      (br_if $again (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.get $h))
  (func $sort (param $lo i32) (param $hi i32) (param $order i32) (local $i i32) (local $j i32) (local $pivot i32) (local $t i32)
    (if (i32.ge_s (local.get $lo) (local.get $hi)) (then (return)))
    (local.set $pivot (i32.load (i32.shl (i32.shr_u (i32.add (local.get $lo) (local.get $hi)) (i32.const 1)) (i32.const 2))))
    (local.set $i (i32.sub (local.get $lo) (i32.const 1)))
    (local.set $j (i32.add (local.get $hi) (i32.const 1)))
    (block $split
      (loop $partition
        (loop $right
          (br_if $right (call_indirect (type $less)
              (i32.load (i32.shl (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 2)))
              (local.get $pivot) (local.get $order))))
        (loop $left
          (br_if $left (call_indirect (type $less)
              (local.get $pivot)
              (i32.load (i32.shl (local.tee $j (i32.sub (local.get $j) (i32.const 1))) (i32.const 2)))
              (local.get $order))))
        (br_if $split (i32.ge_s (local.get $i) (local.get $j)))
        (local.set $t (i32.load (i32.shl (local.get $i) (i32.const 2))))
        (i32.store (i32.shl (local.get $i) (i32.const 2)) (i32.load (i32.shl (local.get $j) (i32.const 2))))
        (i32.store (i32.shl (local.get $j) (i32.const 2)) (local.get $t))
        (br $partition)))
    (call $sort (local.get $lo) (local.get $j) (local.get $order))
    (call $sort (i32.add (local.get $j) (i32.const 1)) (local.get $hi) (local.get $order)))
  (func (export "quick") (param $n i32) (param $order i32) (result i64 i32 i32)
    (call $fill (local.get $n))
    (call $sort (i32.const 0) (i32.sub (local.get $n) (i32.const 1)) (local.get $order))
    (call $hash (local.get $n)) (i32.load (i32.const 0)) (i32.load (i32.const 40)))
  (func (export "insertion") (param $n i32) (result i64) (local $i i32) (local $j i32) (local $x i32)
    (call $fill (local.get $n))
    (local.set $i (i32.const 1))
    (loop $outer
      (local.set $x (i32.load (i32.shl (local.get $i) (i32.const 2))))
      (local.set $j (local.get $i))
      (block $placed
        (loop $shift
          (br_if $placed (i32.eqz (local.get $j)))
          (br_if $placed (i32.le_s (i32.load (i32.shl (i32.sub (local.get $j) (i32.const 1)) (i32.const 2))) (local.get $x)))
          (i32.store (i32.shl (local.get $j) (i32.const 2)) (i32.load (i32.shl (i32.sub (local.get $j) (i32.const 1)) (i32.const 2))))
          (local.set $j (i32.sub (local.get $j) (i32.const 1)))
          (br $shift)))
      (i32.store (i32.shl (local.get $j) (i32.const 2)) (local.get $x))
      (br_if $outer (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (call $hash (local.get $n)))
)
