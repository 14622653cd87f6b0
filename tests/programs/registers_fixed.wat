;; Covers: divisions and shifts, which want RAX, RDX and RCX, while values live there: arguments that arrived in them,
;; results of other divisions, counts that are locals, operands that are the same local, both widths.
;; invoke: arguments 100 7 3 2 5 6
;; invoke: chain 1000000 7 3
;; invoke: same 9
;; invoke: counts 1 2 3 4
;; invoke: shift_of_quotient 1000 3
;; invoke: quotient_of_shift 1000 3
;; invoke: all_live 1000 7
;; invoke: wide 1000000000000 7
;; invoke: in_loop 30
;; invoke: result_as_count 5
;; invoke: local_divisor_kept 40 8
;; invoke: narrow_then_wide -7 2
(module
  (func $id (param i32) (result i32) (local.get 0))
  (func (export "arguments") (param $a i32) (param $b i32) (param $c i32) (param $d i32) (param $e i32) (param $f i32)
    (result i32 i32 i32 i32 i32)
    ;; the fourth argument arrives in RCX, the third in RDX
    (i32.div_s (local.get $a) (local.get $d))
    (i32.rem_u (local.get $a) (local.get $c))
    (i32.shl (local.get $c) (local.get $d))
    (i32.div_u (local.get $c) (local.get $d))
    (i32.add (i32.add (local.get $a) (local.get $b)) (i32.add (i32.add (local.get $c) (local.get $d)) (i32.add (local.get $e) (local.get $f)))))
  (func (export "chain") (param $a i32) (param $b i32) (param $c i32) (result i32)
    (i32.sub
      (i32.div_s (i32.div_u (local.get $a) (local.get $b)) (i32.rem_s (local.get $b) (i32.add (local.get $c) (i32.const 1))))
      (i32.rem_u (i32.div_s (local.get $a) (local.get $c)) (i32.div_s (i32.rem_u (local.get $a) (i32.const 999)) (i32.const -3)))))
  (func (export "same") (param $x i32) (result i32 i32 i32 i32)
    (i32.div_s (local.get $x) (local.get $x))
    (i32.rem_u (local.get $x) (local.get $x))
    (i32.shl (local.get $x) (local.get $x))
    (i32.rotr (local.get $x) (local.get $x)))
  (func (export "counts") (param $a i32) (param $b i32) (param $c i32) (param $d i32) (result i32 i32)
    (i32.shl (i32.shl (i32.shl (local.get $a) (local.get $b)) (local.get $c)) (local.get $d))
    (i32.rotl (i32.shr_u (i32.const -1) (i32.shl (local.get $a) (local.get $b))) (i32.shr_u (local.get $d) (i32.sub (local.get $c) (local.get $b)))))
  (func (export "shift_of_quotient") (param $a i32) (param $b i32) (result i32)
    (i32.shl (i32.div_u (local.get $a) (local.get $b)) (i32.rem_u (local.get $a) (local.get $b))))
  (func (export "quotient_of_shift") (param $a i32) (param $b i32) (result i32)
    (i32.div_u (i32.shl (local.get $a) (local.get $b)) (i32.shr_u (local.get $a) (local.get $b))))
  (func (export "all_live") (param $a i32) (param $b i32) (result i32)
    ;; ten values live while the machine divides and shifts
    (i32.add (local.get $a) (i32.const 1)) (i32.add (local.get $a) (i32.const 2)) (i32.add (local.get $a) (i32.const 3))
    (i32.add (local.get $b) (i32.const 4)) (i32.add (local.get $b) (i32.const 5)) (i32.add (local.get $b) (i32.const 6))
    (i32.mul (local.get $a) (local.get $b)) (i32.xor (local.get $a) (local.get $b)) (i32.sub (local.get $a) (local.get $b))
    (i32.div_s (local.get $a) (local.get $b))
    (i32.rem_s) (i32.shl) (i32.div_u) (i32.rotl) (i32.rem_u (i32.const 977)) (i32.add) (i32.sub) (i32.xor) (i32.div_s) (i32.add))
  (func (export "wide") (param $a i64) (param $b i64) (result i64 i64 i64)
    (i64.rem_s (i64.div_u (local.get $a) (local.get $b)) (i64.shl (local.get $b) (local.get $b)))
    (i64.rotr (local.get $a) (i64.div_s (local.get $a) (i64.mul (local.get $b) (local.get $b))))
    (i64.add (local.get $a) (local.get $b)))
  (func (export "in_loop") (param $n i32) (result i32 i32) (local $q i32) (local $r i32)
    (local.set $q (i32.const 0x7fffffff))
    (loop $again
      (local.set $r (i32.add (i32.shl (local.get $r) (i32.and (local.get $n) (i32.const 3)))
          (i32.rem_u (local.get $q) (i32.add (local.get $n) (i32.const 1)))))
      (local.set $q (i32.sub (i32.const 0x7fffffff) (i32.div_u (local.get $r) (local.get $n))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $q) (local.get $r))
  (func (export "result_as_count") (param $x i32) (result i32)
    (i32.shl (i32.const 3) (call $id (local.get $x)))
    (i32.shr_u (i32.const -1) (call $id (i32.const 4)))
    (i32.div_u (call $id (i32.const 77)))
    (i32.sub))
  (func (export "local_divisor_kept") (param $a i32) (param $b i32) (result i32 i32 i32)
    (i32.div_u (local.get $a) (local.get $b))
    (local.set $a (i32.rem_u (local.get $a) (i32.add (local.get $b) (i32.const 3))))
    (local.get $a) (local.get $b))
  (func (export "narrow_then_wide") (param $a i32) (param $b i32) (result i64)
    (i64.div_s (i64.extend_i32_s (i32.div_s (local.get $a) (local.get $b)))
      (i64.extend_i32_u (i32.rem_s (i32.sub (i32.const 0) (local.get $a)) (local.get $b)))))
)
