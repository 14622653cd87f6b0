;; One of many guests: computes from its seed, writes to four pages, and waits again and again,
;; every other time at the bottom of a recursion.
(module
  (import "host" "sleep" (func $sleep (param $ns i64)))
  (import "host" "receive" (func $receive (result i64)))
  (memory (export "memory") 4)
  (global $state (mut i64) (i64.const 0))
  (type $wait (func (param i64) (result i64)))
  (table 2 funcref)
  (elem (i32.const 0) $sleeper $receiver)

  (func $mix (param $x i64) (result i64)
    (local.set $x (i64.mul
      (i64.xor (local.get $x) (i64.shr_u (local.get $x) (i64.const 30)))
      (i64.const 0xbf58476d1ce4e5b9)))
    (local.set $x (i64.mul
      (i64.xor (local.get $x) (i64.shr_u (local.get $x) (i64.const 27)))
      (i64.const 0x94d049bb133111eb)))
    (i64.xor (local.get $x) (i64.shr_u (local.get $x) (i64.const 31))))

  (func $fib (param $n i32) (result i32)
    (if (result i32) (i32.lt_u (local.get $n) (i32.const 2))
      (then (local.get $n))
      (else (i32.add
        (call $fib (i32.sub (local.get $n) (i32.const 1)))
        (call $fib (i32.sub (local.get $n) (i32.const 2)))))))

  (func $sleeper (param $depth i64) (result i64)
    (if (result i64) (i64.eqz (local.get $depth))
      (then
        (call $sleep (i64.and (global.get $state) (i64.const 0xfffff)))
        (global.get $state))
      (else (i64.add
        (call $mix (local.get $depth))
        (call_indirect (type $wait)
          (i64.sub (local.get $depth) (i64.const 1)) (i32.const 0))))))

  (func $receiver (param $depth i64) (result i64)
    (i64.xor (call $receive) (local.get $depth)))

  (func (export "run") (param $seed i64) (param $rounds i32) (result i64)
    (local $n i32) (local $sum i64) (local $mean f64)
    (global.set $state (call $mix (local.get $seed)))
    (loop $round
      (local.set $n (i32.const 32))
      (loop $write
        (global.set $state
          (call $mix (i64.add (global.get $state) (i64.const 0x9e3779b97f4a7c15))))
        (i64.store
          (i32.or
            (i32.shl (i32.and (local.get $rounds) (i32.const 3)) (i32.const 16))
            (i32.and (i32.wrap_i64 (global.get $state)) (i32.const 0xff8)))
          (global.get $state))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br_if $write (local.get $n)))
      (local.set $sum (i64.add
        (i64.mul (local.get $sum) (i64.const 31))
        (i64.extend_i32_u (call $fib (i32.const 11)))))
      (local.set $mean (f64.div
        (f64.add (local.get $mean) (f64.convert_i64_s (global.get $state)))
        (f64.const 3)))
      (local.set $sum (i64.add
        (local.get $sum)
        (call_indirect (type $wait)
          (i64.and (global.get $state) (i64.const 15))
          (i32.and (local.get $rounds) (i32.const 1)))))
      (local.set $rounds (i32.sub (local.get $rounds) (i32.const 1)))
      (br_if $round (local.get $rounds)))
    (i64.xor (local.get $sum) (i64.reinterpret_f64 (local.get $mean)))))
