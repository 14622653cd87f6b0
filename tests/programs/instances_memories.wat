;; Covers: two instances with memories of their own: the base register is ours again after every kind of call.
;; preload: other=lib/other_memory.wat
;; invoke: alternate 6
;; invoke: sizes
;; invoke: through_table 5
;; invoke: live_across 9
(module
  (type $poke (func (param i32 i32) (result i32)))
  (import "other" "poke" (func $poke (type $poke)))
  (import "other" "size" (func $size (result i32)))
  (import "other" "grow" (func $grow (result i32)))
  (memory 2)
  (table funcref (elem $poke $own))
  (func $own (type $poke)
    (i32.store (local.get 0) (i32.sub (i32.load (local.get 0)) (local.get 1)))
    (i32.load (local.get 0)))
  (func (export "alternate") (param $n i32) (result i32 i32)
    (loop $again
      (drop (call $poke (i32.const 16) (local.get $n)))
      (drop (call $own (i32.const 16) (local.get $n)))
      (i32.store (i32.const 20) (i32.add (i32.load (i32.const 20)) (call $poke (i32.const 16) (i32.const 1))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.load (i32.const 16)) (i32.load (i32.const 20)))
  (func (export "sizes") (result i32 i32 i32 i32)
    (call $size) (call $grow) (call $size) (memory.size))
  (func (export "through_table") (param $n i32) (result i32) (local $sum i32)
    (i32.store (i32.const 8) (i32.const 1000))
    (loop $again
      (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 3))
          (i32.add (call_indirect (type $poke) (i32.const 8) (local.get $n) (i32.and (local.get $n) (i32.const 1)))
            (i32.load (i32.const 8)))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum))
  (func (export "live_across") (param $n i32) (result i32)
    ;; the address is computed before the call, used after it
    (i32.store (local.get $n) (i32.const 3))
    (local.get $n)
    (i32.load (local.get $n))
    (call $poke (local.get $n) (i32.const 50))
    (i32.add)
    (i32.store)
    (i32.load (local.get $n)))
)
