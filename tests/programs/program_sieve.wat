;; Covers: a sieve of Eratosthenes: byte stores and loads in nested loops, counters in locals over both.
;; invoke: count 300
;; invoke: nth 40
(module
  (memory 1)
  (func $sieve (param $n i32) (local $i i32) (local $j i32)
    (memory.fill (i32.const 0) (i32.const 1) (local.get $n))
    (i32.store16 (i32.const 0) (i32.const 0))
    (local.set $i (i32.const 2))
    (loop $outer
      (if (i32.load8_u (local.get $i)) (then
        (local.set $j (i32.mul (local.get $i) (local.get $i)))
        (block $done (loop $inner
          (br_if $done (i32.ge_u (local.get $j) (local.get $n)))
          (i32.store8 (local.get $j) (i32.const 0))
          (local.set $j (i32.add (local.get $j) (local.get $i)))
          (br $inner)))))
      (br_if $outer (i32.lt_u (i32.mul (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $i)) (local.get $n)))))
  (func (export "count") (param $n i32) (result i32) (local $i i32) (local $count i32)
    (call $sieve (local.get $n))
    (loop $again
      (local.set $count (i32.add (local.get $count) (i32.load8_u (local.get $i))))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.get $count))
  (func (export "nth") (param $k i32) (result i32) (local $i i32)
    (call $sieve (i32.const 400))
    (block $found (loop $again
      (br_if $found (i32.eqz (local.get $k)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (local.set $k (i32.sub (local.get $k) (i32.load8_u (local.get $i))))
      (br $again)))
    (local.get $i))
)
