;; Covers: an interpreter of a small stack machine: dispatch by br_table in a loop, an operand stack in memory, traps of
;; the interpreted program as traps of ours.
;; invoke: run 0 10
;; invoke: run 64 7
;; invoke: run 128 3
;; invoke: run 160 4
;; invoke: run 192 0
(module
  ;; opcodes: 0 halt, 1 push byte, 2 add, 3 mul, 4 dup, 5 swap, 6 jump-if-nonzero signed byte, 7 argument, 8 dec,
  ;; 9 over, 10 drop, 11 div, 12 rot (a b c -- b c a)
  (memory 1)
  ;; the sum from 1 to the argument
  (data (i32.const 0) "\01\00\07\05\09\02\05\08\04\06\f8\0a\00")
  ;; its factorial
  (data (i32.const 64) "\01\01\07\05\09\03\05\08\04\06\f8\0a\00")
  ;; two to its power
  (data (i32.const 128) "\01\01\07\05\04\02\05\08\04\06\f8\0a\00")
  ;; three values in another order, then a loop without end
  (data (i32.const 160) "\01\05\07\01\09\0c\02\03\04\06\fc\00")
  ;; a division by zero
  (data (i32.const 192) "\01\05\07\0b\00")
  (func (export "run") (param $pc i32) (param $argument i32) (result i32)
    (local $sp i32) (local $a i32) (local $b i32) (local $steps i32)
    (local.set $sp (i32.const 1024))
    (loop $next
      (if (i32.gt_u (local.tee $steps (i32.add (local.get $steps) (i32.const 1))) (i32.const 500)) (then (return (i32.const -1))))
      (i32.load8_u (local.get $pc))
      (local.set $pc (i32.add (local.get $pc) (i32.const 1)))
      (local.set $a)
      (block $rot (block $div (block $drop (block $over (block $dec (block $arg (block $jump (block $swap (block $dup (block $mul
        (block $add (block $push (block $halt
          (br_table $halt $push $add $mul $dup $swap $jump $arg $dec $over $drop $div $rot (local.get $a)))
        (return (i32.load (i32.sub (local.get $sp) (i32.const 4)))))
        (i32.store (local.get $sp) (i32.load8_u (local.get $pc)))
        (local.set $pc (i32.add (local.get $pc) (i32.const 1)))
        (local.set $sp (i32.add (local.get $sp) (i32.const 4)))
        (br $next))
        (local.set $sp (i32.sub (local.get $sp) (i32.const 4)))
        (i32.store (i32.sub (local.get $sp) (i32.const 4))
          (i32.add (i32.load (i32.sub (local.get $sp) (i32.const 4))) (i32.load (local.get $sp))))
        (br $next))
        (local.set $sp (i32.sub (local.get $sp) (i32.const 4)))
        (i32.store (i32.sub (local.get $sp) (i32.const 4))
          (i32.mul (i32.load (i32.sub (local.get $sp) (i32.const 4))) (i32.load (local.get $sp))))
        (br $next))
        (i32.store (local.get $sp) (i32.load (i32.sub (local.get $sp) (i32.const 4))))
        (local.set $sp (i32.add (local.get $sp) (i32.const 4)))
        (br $next))
        (i32.sub (local.get $sp) (i32.const 8)) (i32.load (i32.sub (local.get $sp) (i32.const 4)))
        (i32.sub (local.get $sp) (i32.const 4)) (i32.load (i32.sub (local.get $sp) (i32.const 8)))
        i32.store i32.store
        (br $next))
        (local.set $sp (i32.sub (local.get $sp) (i32.const 4)))
        (local.set $pc (i32.add (i32.add (local.get $pc) (i32.const 1))
            (select (i32.load8_s (local.get $pc)) (i32.const 0) (i32.load (local.get $sp)))))
        (br $next))
        (i32.store (local.get $sp) (local.get $argument))
        (local.set $sp (i32.add (local.get $sp) (i32.const 4)))
        (br $next))
        (i32.store (i32.sub (local.get $sp) (i32.const 4)) (i32.sub (i32.load (i32.sub (local.get $sp) (i32.const 4))) (i32.const 1)))
        (br $next))
        (i32.store (local.get $sp) (i32.load (i32.sub (local.get $sp) (i32.const 8))))
        (local.set $sp (i32.add (local.get $sp) (i32.const 4)))
        (br $next))
        (local.set $sp (i32.sub (local.get $sp) (i32.const 4)))
        (br $next))
        (local.set $sp (i32.sub (local.get $sp) (i32.const 4)))
        (i32.store (i32.sub (local.get $sp) (i32.const 4))
          (i32.div_s (i32.load (i32.sub (local.get $sp) (i32.const 4))) (i32.load (local.get $sp))))
        (br $next))
      (local.set $a (i32.load (i32.sub (local.get $sp) (i32.const 12))))
      (local.set $b (i32.load (i32.sub (local.get $sp) (i32.const 4))))
      (i32.store (i32.sub (local.get $sp) (i32.const 12)) (i32.load (i32.sub (local.get $sp) (i32.const 8))))
      (i32.store (i32.sub (local.get $sp) (i32.const 8)) (local.get $b))
      (i32.store (i32.sub (local.get $sp) (i32.const 4)) (local.get $a))
      (br $next))
    (unreachable))
)
