;; A loop over memory with vectors in locals, a constant from the pool, and a call that
;; the vectors outlive.
(module
  (memory 1)
  (func $mix (param $state v128) (param $data v128) (result v128)
    (i8x16.add (i32x4.mul (local.get $state) (v128.const i32x4 3 5 7 9)) (local.get $data)))
  (func (param $at i32) (param $end i32) (result v128) (local $sum v128) (local $limit v128)
    (local.set $limit (i32x4.splat (local.get $end)))
    loop $next
      (local.set $sum (i32x4.add (local.get $sum)
        (v128.and (v128.load (local.get $at)) (v128.const i64x2 0xff00ff00ff00ff00 0xff00ff00ff00ff00))))
      (v128.store offset=64 (local.get $at) (i32x4.min_u (local.get $sum) (local.get $limit)))
      (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 16))) (local.get $end)))
    end
    (v128.xor (local.get $limit) (call $mix (local.get $sum) (local.get $limit)))))
