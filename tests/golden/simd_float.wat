;; Vectors of floats: what is masked together, and where results and operands are.
(module
  (memory 1)

  (func $minimum_into_a_local (param $a v128) (param $b v128) (result v128)
    (local.set $a (f32x4.min (local.get $a) (local.get $b)))
    (local.get $a))

  (func $maximum_over_the_second_operand (param $a v128) (param $b v128) (result v128)
    (local.set $b (f64x2.max (local.get $a) (local.get $b)))
    (local.get $b))

  (func $compare_swapped (param $a v128) (param $b v128) (result v128)
    (local.set $b (f32x4.gt (local.get $a) (local.get $b)))
    (local.get $b))

  (func $signs (param $a v128) (result v128)
    (f64x2.neg (f64x2.abs (local.get $a))))

  (func $multiply_add (param $a v128) (param $b v128) (param $c v128) (result v128)
    (local.set $c
      (f32x4.relaxed_madd (local.get $a) (local.get $b)
        (f32x4.relaxed_nmadd (local.get $a) (local.get $b) (local.get $c))))
    (local.get $c))

  (func $truncate_f32x4_s (param $a v128) (result v128)
    (i32x4.trunc_sat_f32x4_s (local.get $a)))
  (func $truncate_f32x4_u (param $a v128) (result v128)
    (i32x4.trunc_sat_f32x4_u (local.get $a)))
  (func $truncate_f64x2_s (param $a v128) (result v128)
    (i32x4.trunc_sat_f64x2_s_zero (local.get $a)))
  (func $truncate_f64x2_u (param $a v128) (result v128)
    (i32x4.trunc_sat_f64x2_u_zero (local.get $a)))
  (func $convert_u (param $a v128) (result v128)
    (f32x4.convert_i32x4_u (local.get $a)))
  (func $convert_low_u (param $a v128) (result v128)
    (f64x2.convert_low_i32x4_u (local.get $a)))

  (func $splats (param $i i32) (param $l i64) (param $f f32) (param $d f64)
    (result v128 v128 v128 v128 v128 v128 v128)
    (i8x16.splat (local.get $i))
    (i16x8.splat (local.get $i))
    (i32x4.splat (local.get $i))
    (i64x2.splat (local.get $l))
    (f32x4.splat (local.get $f))
    (f64x2.splat (local.get $d))
    (i16x8.splat (i32.const -2)))

  (func $lanes (param $v v128) (param $i i32) (param $f f32) (param $d f64)
    (result i32 i64 f32 f64)
    (local.set $v (i8x16.replace_lane 3 (local.get $v) (local.get $i)))
    (local.set $v (f32x4.replace_lane 1 (local.get $v) (local.get $f)))
    (local.set $v (f64x2.replace_lane 1 (local.get $v) (local.get $d)))
    (local.set $v (f32x4.replace_lane 2 (local.get $v) (f32.const 1.5)))
    (i16x8.extract_lane_s 5 (local.get $v))
    (i64x2.extract_lane 0 (local.get $v))
    (f32x4.extract_lane 3 (local.get $v))
    (f64x2.extract_lane 1 (local.get $v)))

  ;; A value in the frame is read there, one lane of it.
  (func $lane_of_a_slot (param $v v128) (result i32 f64)
    (i8x16.extract_lane_s 15 (local.get $v))
    (f64x2.extract_lane 1 (block (result v128) (v128.load (i32.const 16)))))

  (func $accesses (param $at i32) (param $v v128) (result v128 v128)
    (local.set $v (v128.load16_lane offset=2 5 (local.get $at) (local.get $v)))
    (v128.store8_lane offset=4 9 (local.get $at) (local.get $v))
    (v128.store64_lane 0 (local.get $at) (local.get $v))
    (local.set $v (v128.load8_splat offset=6 (local.get $at)))
    (v128.load64_lane 1 (local.get $at) (v128.load32_splat (local.get $at)))
    (local.set $v (v128.load8x8_s (local.get $at)))
    (i16x8.add (v128.load32_zero (local.get $at)) (local.get $v)))
)
