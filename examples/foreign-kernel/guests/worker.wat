;; A long loop with something live everywhere: integers and floats in registers, a memory,
;; a global, and a call in the middle of an expression.
(module
  (memory (export "memory") 4)
  (global $steps (mut i64) (i64.const 0))

  ;; One step of a linear congruential generator.
  (func $next (param i64) (result i64)
    (global.set $steps (i64.add (global.get $steps) (i64.const 1)))
    (i64.add
      (i64.mul (local.get 0) (i64.const 6364136223846793005))
      (i64.const 1442695040888963407)))

  (func (export "work") (param $count i32) (result i64)
    (local $state i64) (local $sum f64) (local $address i32)
    (local.set $sum (f64.const 1))
    (loop $again
      (local.set $state
        (i64.xor
          (call $next (local.get $state))
          (i64.load (local.get $address))))
      (i64.store (local.get $address) (local.get $state))
      (local.set $sum
        (f64.add
          (f64.mul (local.get $sum) (f64.const 0.999))
          (f64.convert_i64_s (local.get $state))))
      (local.set $address
        (i32.and (i32.add (local.get $address) (i32.const 4104)) (i32.const 0x3fff8)))
      (br_if $again
        (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
    (i64.xor
      (i64.add (local.get $state) (global.get $steps))
      (i64.reinterpret_f64 (local.get $sum)))))
