;; Covers: frames of hundreds of bytes, of more than a page, and of more than the part of the stack that functions may
;; use unchecked, in recursion.
;; invoke: small 3
;; invoke: page 3
;; invoke: large 0
;; invoke: large 3
(module
  (func $leaf (param i64) (result i64) (i64.add (local.get 0) (i64.const 1)))
  (func $small (export "small") (param $n i32) (result i64) (local $h i64)
    (local
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
    (local.set 2 (i64.add (i64.extend_i32_u (local.get $n)) (i64.const 2)))
    (local.set 5 (i64.add (i64.extend_i32_u (local.get $n)) (i64.const 5)))
    (local.set 8 (i64.add (i64.extend_i32_u (local.get $n)) (i64.const 8)))
    (local.set 11 (i64.add (i64.extend_i32_u (local.get $n)) (i64.const 11)))
    (local.set 14 (i64.add (i64.extend_i32_u (local.get $n)) (i64.const 14)))
    (local.set 17 (i64.add (i64.extend_i32_u (local.get $n)) (i64.const 17)))
    (local.set 20 (i64.add (i64.extend_i32_u (local.get $n)) (i64.const 20)))
    (local.set 23 (i64.add (i64.extend_i32_u (local.get $n)) (i64.const 23)))
    (local.set 26 (i64.add (i64.extend_i32_u (local.get $n)) (i64.const 26)))
    (local.set 29 (i64.add (i64.extend_i32_u (local.get $n)) (i64.const 29)))
    (local.set 32 (i64.add (i64.extend_i32_u (local.get $n)) (i64.const 32)))
    (local.set 35 (i64.add (i64.extend_i32_u (local.get $n)) (i64.const 35)))
    (local.set 38 (i64.add (i64.extend_i32_u (local.get $n)) (i64.const 38)))
    (local.set 41 (i64.add (i64.extend_i32_u (local.get $n)) (i64.const 41)))
    (local.set 44 (i64.add (i64.extend_i32_u (local.get $n)) (i64.const 44)))
    (local.set 47 (i64.add (i64.extend_i32_u (local.get $n)) (i64.const 47)))
    (local.set 49 (i64.const 47))
    (if (local.get $n) (then (local.set $h (call $small (i32.sub (local.get $n) (i32.const 1))))))
    (loop $again
      (local.set 49 (call $leaf (local.get 49)))
      (br_if $again (i64.lt_u (local.get 49) (i64.const 55))))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 2)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 5)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 8)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 11)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 14)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 17)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 20)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 23)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 26)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 29)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 32)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 35)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 38)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 41)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 44)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 47)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 49)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 50)))
    (local.get $h))
  (func $page (export "page") (param $n i32) (result i64) (local $h i64)
    (local
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
    (local.set 2 (i64.add (i64.extend_i32_u (local.get $n)) (i64.const 2)))
    (local.set 39 (i64.add (i64.extend_i32_u (local.get $n)) (i64.const 39)))
    (local.set 76 (i64.add (i64.extend_i32_u (local.get $n)) (i64.const 76)))
    (local.set 113 (i64.add (i64.extend_i32_u (local.get $n)) (i64.const 113)))
    (local.set 150 (i64.add (i64.extend_i32_u (local.get $n)) (i64.const 150)))
    (local.set 187 (i64.add (i64.extend_i32_u (local.get $n)) (i64.const 187)))
    (local.set 224 (i64.add (i64.extend_i32_u (local.get $n)) (i64.const 224)))
    (local.set 261 (i64.add (i64.extend_i32_u (local.get $n)) (i64.const 261)))
    (local.set 298 (i64.add (i64.extend_i32_u (local.get $n)) (i64.const 298)))
    (local.set 335 (i64.add (i64.extend_i32_u (local.get $n)) (i64.const 335)))
    (local.set 372 (i64.add (i64.extend_i32_u (local.get $n)) (i64.const 372)))
    (local.set 409 (i64.add (i64.extend_i32_u (local.get $n)) (i64.const 409)))
    (local.set 446 (i64.add (i64.extend_i32_u (local.get $n)) (i64.const 446)))
    (local.set 483 (i64.add (i64.extend_i32_u (local.get $n)) (i64.const 483)))
    (local.set 520 (i64.add (i64.extend_i32_u (local.get $n)) (i64.const 520)))
    (local.set 557 (i64.add (i64.extend_i32_u (local.get $n)) (i64.const 557)))
    (local.set 594 (i64.add (i64.extend_i32_u (local.get $n)) (i64.const 594)))
    (local.set 599 (i64.const 597))
    (if (local.get $n) (then (local.set $h (call $page (i32.sub (local.get $n) (i32.const 1))))))
    (loop $again
      (local.set 599 (call $leaf (local.get 599)))
      (br_if $again (i64.lt_u (local.get 599) (i64.const 605))))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 2)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 39)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 76)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 113)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 150)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 187)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 224)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 261)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 298)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 335)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 372)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 409)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 446)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 483)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 520)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 557)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 594)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 599)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 600)))
    (local.get $h))
  (func $large (export "large") (param $n i32) (result i64) (local $h i64)
    (local
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
    (local.set 2 (i64.add (i64.extend_i32_u (local.get $n)) (i64.const 2)))
    (local.set 189 (i64.add (i64.extend_i32_u (local.get $n)) (i64.const 189)))
    (local.set 376 (i64.add (i64.extend_i32_u (local.get $n)) (i64.const 376)))
    (local.set 563 (i64.add (i64.extend_i32_u (local.get $n)) (i64.const 563)))
    (local.set 750 (i64.add (i64.extend_i32_u (local.get $n)) (i64.const 750)))
    (local.set 937 (i64.add (i64.extend_i32_u (local.get $n)) (i64.const 937)))
    (local.set 1124 (i64.add (i64.extend_i32_u (local.get $n)) (i64.const 1124)))
    (local.set 1311 (i64.add (i64.extend_i32_u (local.get $n)) (i64.const 1311)))
    (local.set 1498 (i64.add (i64.extend_i32_u (local.get $n)) (i64.const 1498)))
    (local.set 1685 (i64.add (i64.extend_i32_u (local.get $n)) (i64.const 1685)))
    (local.set 1872 (i64.add (i64.extend_i32_u (local.get $n)) (i64.const 1872)))
    (local.set 2059 (i64.add (i64.extend_i32_u (local.get $n)) (i64.const 2059)))
    (local.set 2246 (i64.add (i64.extend_i32_u (local.get $n)) (i64.const 2246)))
    (local.set 2433 (i64.add (i64.extend_i32_u (local.get $n)) (i64.const 2433)))
    (local.set 2620 (i64.add (i64.extend_i32_u (local.get $n)) (i64.const 2620)))
    (local.set 2807 (i64.add (i64.extend_i32_u (local.get $n)) (i64.const 2807)))
    (local.set 2994 (i64.add (i64.extend_i32_u (local.get $n)) (i64.const 2994)))
    (local.set 2999 (i64.const 2997))
    (if (local.get $n) (then (local.set $h (call $large (i32.sub (local.get $n) (i32.const 1))))))
    (loop $again
      (local.set 2999 (call $leaf (local.get 2999)))
      (br_if $again (i64.lt_u (local.get 2999) (i64.const 3005))))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 2)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 189)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 376)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 563)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 750)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 937)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 1124)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 1311)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 1498)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 1685)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 1872)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 2059)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 2246)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 2433)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 2620)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 2807)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 2994)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 2999)))
    (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) (local.get 3000)))
    (local.get $h)))
