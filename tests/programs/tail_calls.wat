;; Covers: return_call and return_call_indirect between functions with few and many parameters of all types and several
;; results; arguments permuted; out of blocks and loops with values below; a state machine through a table; callee-saved
;; registers and operands of the caller of a chain; recursion in the middle of chains; traps, which show the callee only.
;; invoke: even 0
;; invoke: even 301
;; invoke: even 302
;; invoke: sum 500
;; invoke: permute 1
;; invoke: permute 10
;; invoke: permute 121
;; invoke: grow_and_shrink 0
;; invoke: grow_and_shrink 1
;; invoke: grow_and_shrink 97
;; invoke: machine 5
;; invoke: machine 64
;; invoke: machine -1
;; invoke: keep 40
;; invoke: tree 9
;; invoke: from_loop 12
;; invoke: from_blocks 0
;; invoke: from_blocks 1
;; invoke: from_blocks 2
;; invoke: reference
;; invoke: trap_in_callee 3
;; invoke: trap_in_callee 0
;; invoke: trap_by_table 0
;; invoke: trap_by_table 1
;; invoke: trap_by_table 2
;; invoke: trap_by_table 7
(module
  (type $step (func (param i32 i64) (result i64)))
  (type $eleven (func (param i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64) (result i64 i64 i32)))
  (table $steps funcref (elem $halve $triple $stop))
  (table $mix 7 funcref)
  (elem (table $mix) (i32.const 0) func $halve $sum)

  (func $even (export "even") (param i32) (result i32)
    (if (result i32) (i32.eqz (local.get 0))
      (then (i32.const 1))
      (else (return_call $odd (i32.sub (local.get 0) (i32.const 1))))))
  (func $odd (param i32) (result i32)
    (if (i32.eqz (local.get 0)) (then (return (i32.const 0))))
    (return_call $even (i32.sub (local.get 0) (i32.const 1))))

  (func (export "sum") (param i64) (result i64) (return_call $sum (local.get 0) (i64.const 0)))
  (func $sum (param i64 i64) (result i64)
    (if (i64.eqz (local.get 0)) (then (return (local.get 1))))
    (return_call $sum (i64.sub (local.get 0) (i64.const 1)) (i64.add (local.get 1) (local.get 0))))

  ;; Each turn all eleven move on by three places.
  (func (export "permute") (param i64) (result i64 i64 i32)
    (call $permute (local.get 0) (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4) (i64.const 5)
      (i64.const 6) (i64.const 7) (i64.const 8) (i64.const 9) (i64.const 10)))
  (func $permute (type $eleven)
    (if (i64.eqz (local.get 0)) (then
      (return
        (i64.add (local.get 1) (i64.mul (i64.const 100) (i64.add (local.get 2)
          (i64.mul (i64.const 100) (i64.add (local.get 3) (i64.mul (i64.const 100) (local.get 4)))))))
        (i64.add (local.get 5) (i64.mul (i64.const 100) (i64.add (local.get 6)
          (i64.mul (i64.const 100) (i64.add (local.get 7) (i64.mul (i64.const 100) (local.get 8)))))))
        (i32.wrap_i64 (i64.add (local.get 9) (i64.mul (i64.const 100) (local.get 10)))))))
    (return_call $permute (i64.sub (local.get 0) (i64.const 1))
      (local.get 4) (local.get 5) (local.get 6) (local.get 7) (local.get 8)
      (local.get 9) (local.get 10) (local.get 1) (local.get 2) (local.get 3)))

  ;; Stack arguments: none, then twelve words, then three, then none.
  (func $grow_and_shrink (export "grow_and_shrink") (param i32) (result f64 i64 f32)
    (if (i32.eqz (local.get 0)) (then (return (f64.const 0.5) (i64.const 7) (f32.const -0))))
    (return_call $large (i32.const 1) (f64.const 2) (i64.const 3) (f32.const 4) (i32.const 5) (f64.const 6)
      (i64.const 7) (f32.const 8) (i32.const 9) (f64.const 10) (i64.const 11) (f32.const 12) (i32.const 13)
      (f64.const 14) (i64.const 15) (f32.const 16) (i32.const 17) (f64.const 18) (i64.const 19) (f32.const 20)
      (i32.const 21) (f64.const 22) (i64.const 23) (f32.const 24) (i32.const 25) (local.get 0)))
  (func $large
    (param i32 f64 i64 f32 i32 f64 i64 f32 i32 f64 i64 f32 i32 f64 i64 f32 i32 f64 i64 f32 i32 f64 i64 f32 i32 i32)
    (result f64 i64 f32)
    (return_call $medium (local.get 25) (local.get 24) (local.get 16) (local.get 8) (local.get 4) (local.get 0)
      (i64.extend_i32_u (local.get 20)) (local.get 22) (i64.add (local.get 2) (local.get 18))
      (f64.add (local.get 21) (local.get 17))))
  (func $medium (param i32 i32 i32 i32 i32 i32 i64 i64 i64 f64) (result f64 i64 f32)
    (if (i32.eq (local.get 0) (i32.const 1)) (then
      (return (local.get 9)
        (i64.add (local.get 6) (i64.mul (i64.const 1000) (i64.add (local.get 7) (i64.mul (i64.const 1000) (local.get 8)))))
        (f32.convert_i32_s (i32.add (local.get 1) (i32.mul (i32.const 2) (i32.add (local.get 2)
          (i32.mul (i32.const 2) (i32.add (local.get 3) (i32.mul (i32.const 2)
            (i32.add (local.get 4) (local.get 5))))))))))))
    (return_call $grow_and_shrink (i32.sub (local.get 0) (i32.const 1))))

  ;; The Collatz sequence; counts its steps.
  (func (export "machine") (param i64) (result i64)
    (local.get 0)
    (i64.add (call $dispatch (i32.const 0) (local.get 0))))
  (func $dispatch (type $step)
    (local.get 0) (local.get 1)
    (select (i32.const 2) (i32.wrap_i64 (i64.and (local.get 1) (i64.const 1)))
      (i64.le_s (local.get 1) (i64.const 1)))
    (return_call_indirect $steps (type $step)))
  (func $halve (type $step)
    (return_call $dispatch (i32.add (local.get 0) (i32.const 1)) (i64.div_s (local.get 1) (i64.const 2))))
  (func $triple (type $step)
    (return_call $dispatch (i32.add (local.get 0) (i32.const 1))
      (i64.add (i64.mul (local.get 1) (i64.const 3)) (i64.const 1))))
  (func $stop (type $step) (i64.extend_i32_s (local.get 0)))

  ;; Locals in callee-saved registers on both sides, operands across the call.
  (func (export "keep") (param i64) (result i64) (local i64 i64 i64 i64)
    (local.set 1 (i64.mul (local.get 0) (i64.const 3)))
    (local.set 2 (i64.mul (local.get 1) (local.get 1)))
    (local.set 3 (i64.add (local.get 2) (local.get 1)))
    (local.set 4 (i64.sub (local.get 3) (local.get 0)))
    (i64.mul (local.get 4) (i64.const 11))
    (call $busy (local.get 0) (local.get 1) (local.get 2))
    (i64.add (i64.mul (local.get 1) (local.get 2)))
    (i64.add (i64.mul (local.get 3) (local.get 4)))
    (i64.add (i64.mul (local.get 1) (local.get 3)))
    i64.add)
  (func $busy (param i64 i64 i64) (result i64) (local i64 i64)
    (local.set 3 (i64.add (local.get 1) (local.get 2)))
    (local.set 4 (i64.mul (local.get 3) (local.get 1)))
    (local.set 3 (i64.xor (call $twice (local.get 4)) (local.get 3)))
    (if (i64.eqz (local.get 0)) (then (return (i64.add (local.get 3) (local.get 4)))))
    (return_call $busy (i64.sub (local.get 0) (i64.const 1)) (local.get 4) (local.get 3)))
  (func $twice (param i64) (result i64) (i64.add (local.get 0) (local.get 0)))

  ;; Counts the leaves of a tree: one branch by a call, the other by a tail call.
  (func (export "tree") (param i32) (result i32) (return_call $tree (local.get 0) (i32.const 0)))
  (func $tree (param $depth i32) (param $leaves i32) (result i32)
    (if (i32.le_s (local.get $depth) (i32.const 0)) (then (return (i32.add (local.get $leaves) (i32.const 1)))))
    (return_call $tree (i32.sub (local.get $depth) (i32.const 2))
      (call $tree (i32.sub (local.get $depth) (i32.const 1)) (local.get $leaves))))

  (func (export "from_loop") (param i32) (result i64) (local $i i64)
    (i64.const 5) (f32.const 6)
    (loop $next (param i64 f32) (result i64 f32)
      (local.set $i (i64.add (local.get $i) (i64.const 3)))
      (i64.const 9)
      (if (i64.ge_u (local.get $i) (i64.extend_i32_u (local.get 0)))
        (then (return_call $sum (local.get $i) (i64.const 1000))))
      drop
      (br $next))
    drop)
  (func (export "from_blocks") (param i32) (result i64)
    (i64.const 1)
    (block $outer (result i64)
      (i64.const 2)
      (block $two
        (block $one
          (br_table $one $two (local.get 0)))
        (i64.const 3)
        (return_call $sum (i64.const 4) (i64.const 0)))
      (br_if $outer (i32.eq (local.get 0) (i32.const 1)))
      (return_call_indirect $mix (type $sum) (i64.const 10) (i32.const 1)))
    i64.add)
  (type $sum (func (param i64 i64) (result i64)))

  (func (export "reference") (result i32) (return_call $is_null (ref.null func) (ref.func $even)))
  (elem declare func $even)
  (func $is_null (param funcref funcref) (result i32)
    (i32.add (i32.mul (i32.const 2) (ref.is_null (local.get 0))) (ref.is_null (local.get 1))))

  (func (export "trap_in_callee") (param i32) (result i32)
    (i32.add (i32.const 1) (call $first (local.get 0))))
  (func $first (param i32) (result i32)
    (return_call $second (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4) (i32.const 5) (i32.const 6)
      (i32.const 7) (local.get 0)))
  (func $second (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    (i32.div_u (i32.const 100) (local.get 7)))

  (func (export "trap_by_table") (param i32) (result i64)
    (i64.add (i64.const 1) (call $by_table (local.get 0))))
  (func $by_table (param i32) (result i64)
    (return_call_indirect $mix (type $step) (i32.const 0) (i64.const 8) (local.get 0))))
