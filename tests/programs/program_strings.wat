;; Covers: string length, reverse in place, decimal printing and parsing, comparison, edit distance: bytes and pointers.
;; invoke: reverse
;; invoke: digits 1234567890
;; invoke: digits -9223372036854775808
;; invoke: parse
;; invoke: compare
;; invoke: distance
(module
  (memory 1)
  (data (i32.const 0) "a frozen frog\00")
  (data (i32.const 32) "-40967\00")
  (data (i32.const 48) "kitten\00")
  (data (i32.const 64) "sitting\00")
  (func $length (param $s i32) (result i32) (local $p i32)
    (local.set $p (local.get $s))
    (block $end (loop $again
      (br_if $end (i32.eqz (i32.load8_u (local.get $p))))
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (br $again)))
    (i32.sub (local.get $p) (local.get $s)))
  (func (export "reverse") (result i64 i64) (local $i i32) (local $j i32) (local $t i32)
    (local.set $j (i32.sub (call $length (i32.const 0)) (i32.const 1)))
    (loop $again
      (local.set $t (i32.load8_u (local.get $i)))
      (i32.store8 (local.get $i) (i32.load8_u (local.get $j)))
      (i32.store8 (local.get $j) (local.get $t))
      (br_if $again (i32.lt_s
          (local.tee $i (i32.add (local.get $i) (i32.const 1)))
          (local.tee $j (i32.sub (local.get $j) (i32.const 1))))))
    (i64.load (i32.const 0)) (i64.load (i32.const 8)))
  (func (export "digits") (param $x i64) (result i64 i64 i32) (local $p i32) (local $negative i32)
    (local.set $p (i32.const 224))
    (if (i64.lt_s (local.get $x) (i64.const 0))
      (then (local.set $negative (i32.const 1)) (local.set $x (i64.sub (i64.const 0) (local.get $x)))))
    (loop $again
      (local.set $p (i32.sub (local.get $p) (i32.const 1)))
      (i64.store8 (local.get $p) (i64.add (i64.rem_u (local.get $x) (i64.const 10)) (i64.const 48)))
      (br_if $again (i32.eqz (i64.eqz (local.tee $x (i64.div_u (local.get $x) (i64.const 10)))))))
    (if (local.get $negative) (then (i32.store8 (local.tee $p (i32.sub (local.get $p) (i32.const 1))) (i32.const 45))))
    (i64.load (local.get $p)) (i64.load (i32.const 216)) (i32.sub (i32.const 224) (local.get $p)))
  (func (export "parse") (result i64) (local $p i32) (local $v i64) (local $negative i32) (local $c i32)
    (local.set $p (i32.const 32))
    (if (i32.eq (i32.load8_u (local.get $p)) (i32.const 45))
      (then (local.set $negative (i32.const 1)) (local.set $p (i32.add (local.get $p) (i32.const 1)))))
    (block $end (loop $again
      (br_if $end (i32.gt_u (local.tee $c (i32.sub (i32.load8_u (local.get $p)) (i32.const 48))) (i32.const 9)))
      (local.set $v (i64.add (i64.mul (local.get $v) (i64.const 10)) (i64.extend_i32_u (local.get $c))))
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (br $again)))
    (select (i64.sub (i64.const 0) (local.get $v)) (local.get $v) (local.get $negative)))
  (func $compare (param $a i32) (param $b i32) (result i32) (local $x i32) (local $y i32)
    (loop $again
      (local.set $x (i32.load8_u (local.get $a)))
      (local.set $y (i32.load8_u (local.get $b)))
      (if (i32.ne (local.get $x) (local.get $y)) (then (return (i32.sub (local.get $x) (local.get $y)))))
      (local.set $a (i32.add (local.get $a) (i32.const 1)))
      (local.set $b (i32.add (local.get $b) (i32.const 1)))
      (br_if $again (local.get $x)))
    (i32.const 0))
  (func (export "compare") (result i32 i32)
    (call $compare (i32.const 48) (i32.const 64)) (call $compare (i32.const 49) (i32.const 49)))
  (func $min3 (param i32 i32 i32) (result i32) (local $m i32)
    (local.set $m (select (local.get 0) (local.get 1) (i32.lt_u (local.get 0) (local.get 1))))
    (select (local.get $m) (local.get 2) (i32.lt_u (local.get $m) (local.get 2))))
  (func (export "distance") (result i32) (local $n i32) (local $m i32) (local $i i32) (local $j i32) (local $diagonal i32) (local $up i32)
    (local.set $n (call $length (i32.const 48))) (local.set $m (call $length (i32.const 64)))
    (loop $first
      (i32.store offset=512 (i32.shl (local.get $j) (i32.const 2)) (local.get $j))
      (br_if $first (i32.le_s (local.tee $j (i32.add (local.get $j) (i32.const 1))) (local.get $m))))
    (loop $rows
      (local.set $diagonal (local.get $i))
      (i32.store (i32.const 512) (local.tee $i (i32.add (local.get $i) (i32.const 1))))
      (local.set $j (i32.const 1))
      (loop $columns
        (local.set $up (i32.load offset=512 (i32.shl (local.get $j) (i32.const 2))))
        (i32.store offset=512 (i32.shl (local.get $j) (i32.const 2))
          (call $min3
            (i32.add (local.get $up) (i32.const 1))
            (i32.add (i32.load offset=508 (i32.shl (local.get $j) (i32.const 2))) (i32.const 1))
            (i32.add (local.get $diagonal)
              (i32.ne (i32.load8_u offset=47 (local.get $i)) (i32.load8_u offset=63 (local.get $j))))))
        (local.set $diagonal (local.get $up))
        (br_if $columns (i32.le_s (local.tee $j (i32.add (local.get $j) (i32.const 1))) (local.get $m))))
      (br_if $rows (i32.lt_s (local.get $i) (local.get $n))))
    (i32.load offset=512 (i32.shl (local.get $m) (i32.const 2))))
)
