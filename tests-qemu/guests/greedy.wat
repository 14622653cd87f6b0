;; Writes to every page of 1 GiB.
(module
  (memory (export "memory") 16384)
  (func (export "_start") (local $at i32)
    (loop $again
      (i32.store8 (local.get $at) (i32.const 1))
      (local.set $at (i32.add (local.get $at) (i32.const 4096)))
      (br_if $again (i32.lt_u (local.get $at) (i32.const 0x40000000)))))
)
