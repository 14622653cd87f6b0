;; Covers: call stack exhausted: by direct, mutual and indirect recursion, with small and large frames, and that a trap
;; leaves the engine able to run the next invocation.
;; freeze: never
;; invoke: direct
;; invoke: finite 5000
;; invoke: mutual
;; invoke: indirect
;; invoke: large_frames
;; invoke: many_arguments
;; invoke: in_loop
;; invoke: finite 5000
(module
  (type $void (func))
  (table funcref (elem $indirect))
  (func $direct (export "direct") (call $direct))
  (func $finite (export "finite") (param i32) (result i32)
    (if (result i32) (local.get 0) (then (i32.add (i32.const 1) (call $finite (i32.sub (local.get 0) (i32.const 1)))))
      (else (i32.const 0))))
  (func $mutual (export "mutual") (call $mutual2 (i64.const 1)))
  (func $mutual2 (param i64) (call $mutual))
  (func $indirect (export "indirect") (call_indirect (type $void) (i32.const 0)))
  (func $large_frames (export "large_frames") (result i64)
    (local i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
    (local i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
    (local i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
    (local i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
    (local.set 50 (i64.const 7))
    (i64.add (local.get 50) (call $large_frames)))
  (func $many (param i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64) (result i64)
    (call $many (local.get 11) (local.get 10) (local.get 9) (local.get 8) (local.get 7) (local.get 6) (local.get 5)
      (local.get 4) (local.get 3) (local.get 2) (local.get 1) (local.get 0)))
  (func (export "many_arguments") (result i64)
    (call $many (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4) (i64.const 5) (i64.const 6) (i64.const 7)
      (i64.const 8) (i64.const 9) (i64.const 10) (i64.const 11) (i64.const 12)))
  (func $in_loop (export "in_loop") (loop $l (call $in_loop) (br $l)))
)
