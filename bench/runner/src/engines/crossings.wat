;; What crosses the boundary between host and guest, each in a loop of its own.
(module
  (import "host" "empty" (func $empty))
  (import "host" "add" (func $add (param i32 i32) (result i32)))
  (import "host" "look" (func $look))
  (memory 1)
  (func (export "nothing"))
  (func (export "loop") (param $count i32)
    (loop $again
      (br_if $again (local.tee $count (i32.sub (local.get $count) (i32.const 1))))))
  (func (export "call") (param $count i32)
    (loop $again
      (call $empty)
      (br_if $again (local.tee $count (i32.sub (local.get $count) (i32.const 1))))))
  (func (export "call_with_arguments") (param $count i32)
    (loop $again
      (br_if $again (local.tee $count (call $add (local.get $count) (i32.const -1))))))
  ;; Looks from `depth` frames.
  (func $descend (export "descend") (param $depth i32)
    (if (i32.eq (local.get $depth) (i32.const 1))
      (then (call $look))
      (else (call $descend (i32.sub (local.get $depth) (i32.const 1)))))))
