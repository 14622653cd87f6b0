;; Grows tables until they get no more elements, one after the other and by more and more at a time, and then does
;; it all again. Exits with status 3 if the program was refused elements before their types would have it, with 4
;; if not.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (table $a 1 10000000 funcref)
  (table $b 1 10000000 externref)
  (table $c 1 10000000 funcref)
  (memory (export "memory") 1)
  (func $grow (local $delta i32) (local $rounds i32)
    (local.set $delta (i32.const 4096))
    (loop $again
      (drop (table.grow $a (ref.null func) (local.get $delta)))
      (drop (table.grow $b (ref.null extern) (local.get $delta)))
      (drop (table.grow $c (ref.null func) (local.get $delta)))
      (local.set $delta (i32.add (local.get $delta) (i32.const 4096)))
      (local.set $rounds (i32.add (local.get $rounds) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $rounds) (i32.const 1000)))))
  (func $size (result i32)
    (i32.add (table.size $a) (i32.add (table.size $b) (table.size $c))))
  (func (export "_start")
    (call $grow)
    (call $grow)
    (call $proc_exit (select (i32.const 3) (i32.const 4) (i32.lt_u (call $size) (i32.const 30000000))))))
