;; Covers: recursion: direct, mutual, with many live values in every frame, floats across calls, results combined
;; after the call; pinned locals preserved by callees; depth of some hundreds.
;; invoke: factorial 15
;; invoke: fibonacci 9
;; invoke: even 30
;; invoke: odd 31
;; invoke: ackermann 2 2
;; invoke: hanoi 5
;; invoke: live_locals 20
;; invoke: floats 20
;; invoke: depth 150
;; invoke: tree 4
;; invoke: stack_values 12
(module
  (memory 1)
  (func $factorial (export "factorial") (param i64) (result i64)
    (if (result i64) (i64.eqz (local.get 0)) (then (i64.const 1))
      (else (i64.mul (local.get 0) (call $factorial (i64.sub (local.get 0) (i64.const 1)))))))
  (func $fibonacci (export "fibonacci") (param i32) (result i32)
    (if (result i32) (i32.lt_s (local.get 0) (i32.const 2)) (then (local.get 0))
      (else (i32.add (call $fibonacci (i32.sub (local.get 0) (i32.const 1)))
          (call $fibonacci (i32.sub (local.get 0) (i32.const 2)))))))
  (func $even (export "even") (param i32) (result i32)
    (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 1)) (else (call $odd (i32.sub (local.get 0) (i32.const 1))))))
  (func $odd (export "odd") (param i32) (result i32)
    (if (result i32) (local.get 0) (then (call $even (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 0))))
  (func $ackermann (export "ackermann") (param $m i32) (param $n i32) (result i32)
    (if (i32.eqz (local.get $m)) (then (return (i32.add (local.get $n) (i32.const 1)))))
    (if (i32.eqz (local.get $n)) (then (return (call $ackermann (i32.sub (local.get $m) (i32.const 1)) (i32.const 1)))))
    (call $ackermann (i32.sub (local.get $m) (i32.const 1))
      (call $ackermann (local.get $m) (i32.sub (local.get $n) (i32.const 1)))))
  (global $moves (mut i32) (i32.const 0))
  (func $hanoi (param $n i32) (param $from i32) (param $to i32) (param $over i32)
    (if (local.get $n) (then
      (call $hanoi (i32.sub (local.get $n) (i32.const 1)) (local.get $from) (local.get $over) (local.get $to))
      (global.set $moves (i32.add (i32.mul (global.get $moves) (i32.const 3)) (i32.sub (local.get $to) (local.get $from))))
      (call $hanoi (i32.sub (local.get $n) (i32.const 1)) (local.get $over) (local.get $to) (local.get $from)))))
  (func (export "hanoi") (param $n i32) (result i32)
    (call $hanoi (local.get $n) (i32.const 1) (i32.const 2) (i32.const 3)) (global.get $moves))
  (func $live_locals (export "live_locals") (param $n i32) (result i64)
    (local $a i32) (local $b i64) (local $c i32) (local $d i64) (local $e i32) (local $f i64)
    (local.set $a (i32.mul (local.get $n) (i32.const 3))) (local.set $b (i64.extend_i32_s (i32.sub (local.get $n) (i32.const 9))))
    (local.set $c (i32.xor (local.get $n) (i32.const 21))) (local.set $d (i64.const 0x100000000))
    (local.set $e (i32.add (local.get $a) (local.get $c))) (local.set $f (i64.mul (local.get $b) (local.get $d)))
    (if (local.get $n) (then (local.set $d (call $live_locals (i32.sub (local.get $n) (i32.const 1))))))
    (i64.add (i64.add (i64.extend_i32_s (i32.add (local.get $a) (i32.mul (local.get $c) (local.get $e)))) (local.get $b))
      (i64.add (i64.mul (local.get $d) (i64.const 5)) (local.get $f))))
  (func $floats (export "floats") (param $n i32) (result f64) (local $a f64) (local $b f32) (local $c f64)
    (local.set $a (f64.convert_i32_s (local.get $n)))
    (local.set $b (f32.convert_i32_s (i32.sub (i32.const 3) (local.get $n))))
    (local.set $c (f64.sqrt (local.get $a)))
    (if (result f64) (local.get $n)
      (then (f64.add (f64.mul (local.get $a) (f64.const 0.5))
          (f64.sub (call $floats (i32.sub (local.get $n) (i32.const 1))) (f64.add (local.get $c) (f64.promote_f32 (local.get $b))))))
      (else (f64.const 1))))
  (func $depth (export "depth") (param $n i32) (result i32)
    (if (i32.eqz (local.get $n)) (then (return (i32.const 0))))
    (i32.add (call $depth (i32.sub (local.get $n) (i32.const 1))) (local.get $n)))
  (func $tree (export "tree") (param $n i32) (result i32) (local $i i32) (local $sum i32)
    (local.set $sum (local.get $n))
    (if (local.get $n) (then
      (loop $children
        (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 7)) (call $tree (i32.sub (local.get $n) (i32.const 1)))))
        (br_if $children (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 3))))))
    (local.get $sum))
  (func $stack_values (export "stack_values") (param $n i32) (result i32)
    ;; constants, locals and results of both kinds below the recursive call
    (i32.const 3) (local.get $n) (i32.mul (local.get $n) (local.get $n)) (f64.convert_i32_s (local.get $n)) (f64.const 0.5)
    (if (result i32) (local.get $n) (then (call $stack_values (i32.sub (local.get $n) (i32.const 1)))) (else (i32.const 1)))
    (local.set $n)
    (f64.mul) (i32.trunc_f64_s) (i32.add) (i32.sub) (i32.mul) (i32.add (local.get $n)))
)
