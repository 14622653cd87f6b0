;; Covers: br_table: dense, sparse, with one target, with only the default, to loops and blocks of different depths,
;; carrying values of all types with others below, indices negative and huge, the same target twice.
;; invoke: dense 0
;; invoke: dense 3
;; invoke: dense 4
;; invoke: dense 5
;; invoke: dense -1
;; invoke: dense 2147483647
;; invoke: only_default 7
;; invoke: values 0
;; invoke: values 1
;; invoke: values 2
;; invoke: values 3
;; invoke: many_values 0
;; invoke: many_values 1
;; invoke: many_values 9
;; invoke: state_machine 40
;; invoke: to_loop_and_out 6
;; invoke: from_depth 0
;; invoke: from_depth 1
;; invoke: from_depth 2
;; invoke: from_depth 3
;; invoke: returns 0
;; invoke: returns 1
;; invoke: floats 0
;; invoke: floats 1
;; invoke: big 0
;; invoke: big 17
;; invoke: big 39
;; invoke: big 40
;; invoke: index_live 2
(module
  (func $dense (export "dense") (param $i i32) (result i32)
    (block $d (block $c (block $b (block $a
      (br_table $a $b $c $a $b $d (local.get $i)))
      (return (i32.add (local.get $i) (i32.const 100))))
      (return (i32.add (local.get $i) (i32.const 200))))
      (return (i32.add (local.get $i) (i32.const 300))))
    (i32.sub (i32.const 400) (local.get $i)))
  (func (export "only_default") (param $i i32) (result i32)
    (block $a (result i32) (i32.const 5) (br_table $a (i32.mul (local.get $i) (local.get $i)))))
  (func (export "values") (param $i i32) (result i32)
    (i32.const 1000)
    (block $two (result i32)
      (block $one (result i32)
        (block $zero (result i32)
          (i32.const 77) (i32.const 88)
          (i32.add (local.get $i) (i32.const 5))
          (br_table $zero $one $two $one (local.get $i)))
        (i32.add (i32.const 10)))
      (i32.mul (i32.const 3)))
    (i32.sub))
  (func (export "many_values") (param $i i32) (result i32 f64 i64)
    (block $b (result i32 f64 i64)
      (block $a (result i32 f64 i64)
        (f32.const 9) (i64.const 8)
        (local.get $i) (f64.convert_i32_s (local.get $i)) (i64.extend_i32_s (i32.sub (i32.const 0) (local.get $i)))
        (br_table $a $b $a (local.get $i)))
      (i64.add (i64.const 100))
      (br $b)))
  (func (export "state_machine") (param $n i32) (result i64) (local $state i32) (local $h i64)
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $n)))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (block $s3 (block $s2 (block $s1 (block $s0
          (br_table $s0 $s1 $s2 $s3 $done (local.get $state)))
          (local.set $h (i64.add (local.get $h) (i64.const 1)))
          (local.set $state (i32.const 2))
          (br $next))
          (local.set $h (i64.mul (local.get $h) (i64.const 3)))
          (local.set $state (i32.and (local.get $n) (i32.const 3)))
          (br $next))
          (local.set $h (i64.xor (local.get $h) (i64.extend_i32_u (local.get $n))))
          (local.set $state (i32.const 3))
          (br $next))
        (local.set $h (i64.rotl (local.get $h) (i64.const 5)))
        (local.set $state (i32.rem_u (local.get $n) (i32.const 3)))
        (br $next)))
    (local.get $h))
  (func (export "to_loop_and_out") (param $n i32) (result i32)
    (i32.const 1)
    (block $out (param i32) (result i32)
      (loop $again (param i32) (result i32)
        (i32.mul (i32.const 3))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br_table $out $again (i32.gt_s (local.get $n) (i32.const 0))))))
  (func (export "from_depth") (param $i i32) (result i64) (local $x i64)
    (i64.const 1)
    (block $o (result i64)
      (i64.const 2) (f64.const 3) (f64.const 4)
      (block $p (result i64)
        (i64.const 5) (i64.const 6)
        (loop $never (result i64)
          (i64.const 7)
          (block $q (result i64)
            (f32.const 8) (i64.const 9)
            (br_table $q $q $p $o (local.get $i)))
          (i64.mul (i64.const 2)) (i64.add)) (i64.add) (i64.add))
      (i64.add (i64.const 1000))
      (local.set $x) (i64.trunc_f64_s (f64.mul)) (i64.add) (i64.add (local.get $x)))
    (i64.sub) (local.set $x) (local.get $x))
  (func (export "returns") (param $i i32) (result i32)
    (block $a (result i32)
      (i32.const 3) (i32.const 4)
      (br_table $a 1 (local.get $i)))
    (i32.add (i32.const 50)))
  (func (export "floats") (param $i i32) (result f64)
    (block $b (result f64)
      (block $a (result f64)
        (f64.const 100) (f64.sqrt (f64.const 6.25))
        (br_table $a $b (local.get $i)))
      (f64.add (f64.const 0.5)))
    (f64.neg))
  (func (export "big") (param $i i32) (result i32)
    (block $x (block $y (block $z
      (br_table $x $y $z $x $y $z $x $y $z $x $y $z $x $y $z $x $y $z $x $y $z $x $y $z $x $y $z $x $y $z $x $y $z $x $y $z
        $x $y $z $x $y (local.get $i)))
      (return (i32.const 3)))
      (return (i32.const 2)))
    (i32.const 1))
  (func (export "index_live") (param $i i32) (result i32)
    ;; the index is used again after the branch, and so are values computed before
    (i32.mul (local.get $i) (local.get $i))
    (block $b (block $a (br_table $a $b (i32.sub (local.get $i) (i32.const 2)))) (local.set $i (i32.const 50)))
    (i32.add (local.get $i)))
)
