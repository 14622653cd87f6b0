;; Greets by the kernel's function, and goes wrong when asked to.
(module
  (import "kernel" "print" (func $print (param i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "hello from the guest")

  (func (export "add") (param i32 i32) (result i32)
    (i32.add (local.get 0) (local.get 1)))

  (func (export "greet")
    (call $print (i32.const 16) (i32.const 20)))

  (func $read (param $address i32) (result i32)
    (i32.load (local.get $address)))
  (func (export "outside") (result i32)
    (call $read (i32.const 0x7fff0000)))
  (func (export "divide") (param i32) (result i32)
    (i32.div_s (i32.const 1) (local.get 0))))
