;; A loop over memory: locals in registers, a compare fused with its branch, no bounds check.
(module
  (memory 1)
  (func (param $address i32) (param $count i32) (result i32) (local $sum i32) (local $i i32)
    (loop $next
      (local.set $sum
        (i32.add (local.get $sum)
          (i32.load (i32.add (i32.shl (local.get $i) (i32.const 2)) (local.get $address)))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $i) (local.get $count))))
    (local.get $sum)))
