;; Covers: Conway's game of life on a torus: index arithmetic with remainders, two buffers swapped by locals.
;; invoke: generations 4
(module
  (memory 1)
  (global $size i32 (i32.const 8))
  (data (i32.const 0) "\00\01\00\00\00\00\00\00\00\00\01\00\00\00\00\00\01\01\01\00\00\00\00\00")
  (func $cell (param $board i32) (param $x i32) (param $y i32) (result i32)
    (i32.load8_u (i32.add (local.get $board) (i32.add (i32.and (local.get $x) (i32.const 7))
          (i32.mul (i32.and (local.get $y) (i32.const 7)) (global.get $size))))))
  (func (export "generations") (param $n i32) (result i64 i64 i64 i64)
    (local $from i32) (local $to i32) (local $x i32) (local $y i32) (local $around i32)
    (local.set $to (i32.const 64))
    (loop $generation
      (local.set $y (i32.const 0))
      (loop $rows
        (local.set $x (i32.const 0))
        (loop $columns
          (local.set $around
            (i32.add
              (i32.add
                (i32.add (call $cell (local.get $from) (i32.sub (local.get $x) (i32.const 1)) (local.get $y))
                  (call $cell (local.get $from) (i32.add (local.get $x) (i32.const 1)) (local.get $y)))
                (i32.add (call $cell (local.get $from) (local.get $x) (i32.sub (local.get $y) (i32.const 1)))
                  (call $cell (local.get $from) (local.get $x) (i32.add (local.get $y) (i32.const 1)))))
              (i32.add
                (i32.add (call $cell (local.get $from) (i32.sub (local.get $x) (i32.const 1)) (i32.sub (local.get $y) (i32.const 1)))
                  (call $cell (local.get $from) (i32.add (local.get $x) (i32.const 1)) (i32.add (local.get $y) (i32.const 1))))
                (i32.add (call $cell (local.get $from) (i32.add (local.get $x) (i32.const 1)) (i32.sub (local.get $y) (i32.const 1)))
                  (call $cell (local.get $from) (i32.sub (local.get $x) (i32.const 1)) (i32.add (local.get $y) (i32.const 1)))))))
          (i32.store8 (i32.add (local.get $to) (i32.add (local.get $x) (i32.mul (local.get $y) (global.get $size))))
            (i32.or (i32.eq (local.get $around) (i32.const 3))
              (i32.and (i32.eq (local.get $around) (i32.const 2)) (call $cell (local.get $from) (local.get $x) (local.get $y)))))
          (br_if $columns (i32.lt_u (local.tee $x (i32.add (local.get $x) (i32.const 1))) (global.get $size))))
        (br_if $rows (i32.lt_u (local.tee $y (i32.add (local.get $y) (i32.const 1))) (global.get $size))))
      (local.get $from) (local.get $to) (local.set $from) (local.set $to)
      (br_if $generation (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i64.load (local.get $from)) (i64.load offset=8 (local.get $from)) (i64.load offset=16 (local.get $from)) (i64.load offset=24 (local.get $from)))
)
