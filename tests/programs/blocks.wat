;; Covers: nested blocks with results and parameters of all types, branches outwards with values below that are
;; dropped, results that are constants, locals and registers merging from several branches.
;; invoke: merge_kinds 0
;; invoke: merge_kinds 1
;; invoke: merge_kinds 2
;; invoke: merge_kinds 3
;; invoke: junk_below 5
;; invoke: params 6 7
;; invoke: nested_results 1
;; invoke: nested_results 0
;; invoke: swap_results 0
;; invoke: swap_results 1
;; invoke: float_merge 0
;; invoke: float_merge 1
;; invoke: float_merge 2
;; invoke: three_results 0
;; invoke: three_results 1
;; invoke: local_changes_after_branch 1
;; invoke: local_changes_after_branch 0
;; invoke: fallthrough_constants
;; invoke: below_block 4
;; invoke: br_if_kept 0
;; invoke: br_if_kept 1
;; invoke: deep_out 13
(module
  (memory 1)
  (func $seven (result i32) (i32.const 7))
  (func (export "merge_kinds") (param $k i32) (result i32) (local $l i32)
    (local.set $l (i32.const 30))
    (i32.add (i32.const 1)
      (block $out (result i32)
        (br_if $out (i32.const 10) (i32.eqz (local.get $k)))
        (br_if $out (local.get $l) (i32.eq (local.get $k) (i32.const 1)))
        (br_if $out (i32.mul (local.get $l) (local.get $k)) (i32.eq (local.get $k) (i32.const 2)))
        (drop) (drop) (drop)
        (call $seven))))
  (func (export "junk_below") (param $n i32) (result i64)
    (i64.const 3)
    (block $out (result i64)
      (f64.const 1) (f32.const 2) (i32.const 3)
      (i64.mul (i64.extend_i32_s (local.get $n)) (i64.const 11))
      (br $out))
    (i64.add))
  (func (export "params") (param $a i32) (param $b i32) (result i32 i32)
    (local.get $a) (local.get $b) (f64.const 2)
    (block (param i32 i32 f64) (result i32 i32)
      (drop)
      (i32.sub)
      (local.set $a (i32.const 100))
      (block (param i32) (result i32) (i32.mul (i32.const 3)))
      (local.get $a)))
  (func (export "nested_results") (param $c i32) (result f64 i32)
    (block $o (result f64 i32)
      (block $i (result i32)
        (f64.const 0.5)
        (block $j (param f64) (result f64 i32)
          (if (param f64) (result f64) (local.get $c) (then (f64.add (f64.const 4))) (else (f64.neg)))
          (i32.const 12)
          (br_if $o (i32.eqz (local.get $c)))
          (drop) (drop)
          (br $i (i32.const 13)))
        (br $o))
      (local.set $c)
      (f64.convert_i32_u (local.get $c)) (i32.const 99)))
  (func (export "swap_results") (param $c i32) (result i32 i32 i64 i64) (local $x i32) (local $y i32)
    (local.set $x (i32.const 3)) (local.set $y (i32.const 4))
    (block $b (result i32 i32)
      (local.get $y) (local.get $x)
      (br_if $b (local.get $c))
      (local.set $x) (local.set $y)
      (local.get $x) (local.get $y))
    (if (result i64 i64) (local.get $c)
      (then (i64.extend_i32_u (local.get $x)) (i64.extend_i32_u (local.get $y)))
      (else (i64.const 50) (i64.extend_i32_u (local.get $x)))))
  (func (export "float_merge") (param $k i32) (result f64 f32) (local $d f64)
    (local.set $d (f64.const 1.25))
    (block $o (result f64 f32)
      (block $p
        (br_if $p (i32.eq (local.get $k) (i32.const 1)))
        (br $o
          (block $q (result f64)
            (br_if $q (local.get $d) (i32.eq (local.get $k) (i32.const 2)))
            (f64.mul (local.get $d)))
          (f32.const -0)))
      (local.set $d (f64.sqrt (local.get $d)))
      (f64.mul (local.get $d) (local.get $d))
      (f32.demote_f64 (local.get $d))))
  (func (export "three_results") (param $c i32) (result i32 i64 f64) (local $l i64) (local $d f64)
    (i32.const 1000)
    (block $b (result i32 i64 f64)
      (i32.const 5)
      (i64.extend_i32_s (i32.sub (local.get $c) (i32.const 9)))
      (f64.convert_i32_s (local.get $c))
      (br_if $b (local.get $c))
      (f64.add (f64.const 0.75))
      (br $b))
    (local.set $d)
    (local.set $l)
    (i32.add)
    (local.get $l)
    (local.get $d))
  (func (export "local_changes_after_branch") (param $c i32) (result i32 i32) (local $x i32)
    ;; the value on the stack is that of before the change on every way out
    (local.set $x (i32.const 11))
    (block $b (result i32)
      (local.get $x)
      (local.set $x (i32.const 22))
      (br_if $b (local.get $c))
      (local.set $x (i32.const 33))
      (i32.add (local.get $x)))
    (local.get $x))
  (func (export "fallthrough_constants") (result i32 i64 f32 f64)
    (block (result i32) (i32.const -1))
    (block (result i64) (i64.const -2))
    (block (result f32) (f32.const 3))
    (block (result f64) (f64.const inf)))
  (func (export "below_block") (param $n i32) (result i32) (local $i i32)
    ;; values computed before a block, used after it, over a branch out of it
    (i32.mul (local.get $n) (i32.const 10))
    (i32.load (local.get $n))
    (local.get $n)
    (block $b
      (local.set $n (i32.const 9))
      (br_if $b (i32.gt_u (local.get $n) (i32.const 8)))
      unreachable)
    (i32.sub) (i32.add) (i32.add (local.get $n)))
  (func (export "br_if_kept") (param $c i32) (result i32)
    (block $b (result i32)
      (i32.const 40)
      (br_if $b (i32.add (i32.const 2)) (local.get $c))
      (i32.mul (i32.const 2))
      (br_if $b (i32.const 7) (i32.eqz (i32.eqz (local.get $c))))
      (i32.sub)))
  (func (export "deep_out") (param $n i32) (result i32)
    (block $a (result i32) (block (result i32) (block (result i32) (block (result i32) (block (result i32) (block (result i32)
      (block (result i32) (block (result i32) (i32.const 1) (i32.const 2) (i32.const 3)
        (br $a (i32.mul (local.get $n) (local.get $n)))))))))))
    (i32.add (local.get $n)))
)
