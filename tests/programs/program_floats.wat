;; Covers: matrix product, Newton's method, Simpson's rule, a simple n-body step and a series: f32 and f64 in loops with
;; many floats live.
;; invoke: matrix 6
;; invoke: newton 2
;; invoke: newton 12345
;; invoke: simpson 40
;; invoke: bodies 20
;; invoke: series 30
;; invoke: horner 2
(module
  (memory 1)
  (func (export "matrix") (param $n i32) (result f64) (local $i i32) (local $j i32) (local $k i32) (local $sum f64) (local $trace f64)
    (local.set $i (i32.const 0))
    (loop $rows
      (f64.store (i32.shl (local.get $i) (i32.const 3)) (f64.div (f64.convert_i32_s (i32.add (local.get $i) (i32.const 1))) (f64.const 7)))
      (f64.store offset=1024 (i32.shl (local.get $i) (i32.const 3)) (f64.sqrt (f64.convert_i32_s (local.get $i))))
      (br_if $rows (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.mul (local.get $n) (local.get $n)))))
    (local.set $i (i32.const 0))
    (loop $i
      (local.set $j (i32.const 0))
      (loop $j
        (local.set $k (i32.const 0))
        (local.set $sum (f64.const 0))
        (loop $k
          (local.set $sum (f64.add (local.get $sum) (f64.mul
                (f64.load (i32.shl (i32.add (i32.mul (local.get $i) (local.get $n)) (local.get $k)) (i32.const 3)))
                (f64.load offset=1024 (i32.shl (i32.add (i32.mul (local.get $k) (local.get $n)) (local.get $j)) (i32.const 3))))))
          (br_if $k (i32.lt_s (local.tee $k (i32.add (local.get $k) (i32.const 1))) (local.get $n))))
        (local.set $trace (f64.add (f64.mul (local.get $trace) (f64.const 0.99)) (local.get $sum)))
        (br_if $j (i32.lt_s (local.tee $j (i32.add (local.get $j) (i32.const 1))) (local.get $n))))
      (br_if $i (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.get $trace))
  (func (export "newton") (param $x i32) (result f64 f32) (local $r f64) (local $v f64) (local $old f64)
    (local.set $v (f64.convert_i32_u (local.get $x)))
    (local.set $r (local.get $v))
    (loop $again
      (local.set $old (local.get $r))
      (local.set $r (f64.mul (f64.const 0.5) (f64.add (local.get $r) (f64.div (local.get $v) (local.get $r)))))
      (br_if $again (f64.gt (f64.abs (f64.sub (local.get $r) (local.get $old))) (f64.const 1e-12))))
    (local.get $r) (f32.demote_f64 (local.get $r)))
  (func $f (param $x f64) (result f64)
    (f64.div (f64.const 4) (f64.add (f64.const 1) (f64.mul (local.get $x) (local.get $x)))))
  (func (export "simpson") (param $n i32) (result f64) (local $h f64) (local $i i32)
    (local.set $h (f64.div (f64.const 1) (f64.convert_i32_s (local.get $n))))
    (f64.add (call $f (f64.const 0)) (call $f (f64.const 1)))
    (local.set $i (i32.const 1))
    (loop $again (param f64) (result f64)
      (f64.add (f64.mul
          (select (f64.const 4) (f64.const 2) (i32.and (local.get $i) (i32.const 1)))
          (call $f (f64.mul (f64.convert_i32_s (local.get $i)) (local.get $h)))))
      (br_if $again (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (f64.mul (f64.div (local.get $h) (f64.const 3))))
  (func (export "bodies") (param $n i32) (result f64 f64 f64 f64)
    (local $x f64) (local $y f64) (local $vx f64) (local $vy f64) (local $ax f64) (local $ay f64) (local $d f64) (local $r f64)
    (local.set $x (f64.const 1)) (local.set $vy (f64.const 0.75))
    (loop $again
      (local.set $d (f64.add (f64.mul (local.get $x) (local.get $x)) (f64.mul (local.get $y) (local.get $y))))
      (local.set $r (f64.mul (local.get $d) (f64.sqrt (local.get $d))))
      (local.set $ax (f64.neg (f64.div (local.get $x) (local.get $r))))
      (local.set $ay (f64.neg (f64.div (local.get $y) (local.get $r))))
      (local.set $vx (f64.add (local.get $vx) (f64.mul (local.get $ax) (f64.const 0.05))))
      (local.set $vy (f64.add (local.get $vy) (f64.mul (local.get $ay) (f64.const 0.05))))
      (local.set $x (f64.add (local.get $x) (f64.mul (local.get $vx) (f64.const 0.05))))
      (local.set $y (f64.add (local.get $y) (f64.mul (local.get $vy) (f64.const 0.05))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $x) (local.get $y) (local.get $vx) (local.get $vy))
  (func (export "series") (param $n i32) (result f32 f64) (local $t f32) (local $s f32) (local $d f64) (local $i f32)
    (local.set $t (f32.const 1)) (local.set $s (f32.const 1))
    (loop $again
      (local.set $i (f32.add (local.get $i) (f32.const 1)))
      (local.set $t (f32.div (local.get $t) (local.get $i)))
      (local.set $s (f32.add (local.get $s) (local.get $t)))
      (local.set $d (f64.add (f64.promote_f32 (local.get $t)) (f64.mul (local.get $d) (f64.promote_f32 (f32.nearest (local.get $s))))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $s) (local.get $d))
  (func (export "horner") (param $n i32) (result f64) (local $x f64)
    (local.set $x (f64.convert_i32_s (local.get $n)))
    (f64.add (f64.const 1) (f64.mul (local.get $x) (f64.add (f64.const -2) (f64.mul (local.get $x) (f64.add (f64.const 3)
      (f64.mul (local.get $x) (f64.sub (f64.const 4) (f64.mul (local.get $x) (f64.add (f64.const 5) (f64.mul (local.get $x)
      (f64.sub (f64.const 6) (f64.div (local.get $x) (f64.add (f64.const 7) (f64.mul (local.get $x) (f64.sub (f64.const 8)
      (f64.mul (local.get $x) (f64.add (f64.const 9) (f64.mul (local.get $x) (f64.sub (f64.const 10) (local.get $x)))))))))))))))))))))
)
