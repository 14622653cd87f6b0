;; 64-bit indices: the upper bits are checked, the size is left to the fault; a large offset
;; is added first. The second memory's base is loaded for each access.
(module
  (memory i64 1)
  (memory $other i64 1)
  (func (param $address i64) (param $count i64) (result i32) (local $sum i32) (local $i i64)
    (loop $next
      (local.set $sum
        (i32.add (local.get $sum)
          (i32.load offset=8 (i64.add (i64.shl (local.get $i) (i64.const 2)) (local.get $address)))))
      (local.set $i (i64.add (local.get $i) (i64.const 1)))
      (br_if $next (i64.lt_u (local.get $i) (local.get $count))))
    (local.get $sum))
  (func (param $address i64) (result i32)
    (i32.store $other (local.get $address) (i32.const 7))
    (i32.store8 $other (i64.const 0x80000000) (i32.const 7))
    (i32.load offset=0x80000000 (local.get $address))))
