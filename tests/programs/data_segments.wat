;; Covers: active data segments (several, overlapping, empty, placed by an imported global), passive ones, and a start
;; function that works before the invocation.
;; preload: env=lib/values.wat
;; invoke: read
;; invoke: passive
(module
  (import "env" "base" (global $base i32))
  (memory 1)
  (data (i32.const 8) "first second")
  (data (i32.const 14) "SECOND")
  (data (i32.const 65536) "")
  (data (global.get $base) "by global")
  (data $p "passive bytes")
  (global $started (mut i32) (i32.const 0))
  (func $start
    (global.set $started (i32.add (i32.load (i32.const 8)) (i32.const 1)))
    (memory.init $p (i32.const 200) (i32.const 8) (i32.const 5))
    (data.drop $p))
  (start $start)
  (func (export "read") (result i64 i64 i64 i32)
    (i64.load (i32.const 8)) (i64.load (i32.const 14)) (i64.load (global.get $base)) (global.get $started))
  (func (export "passive") (result i64)
    (i64.load (i32.const 200))
    (memory.init $p (i32.const 300) (i32.const 0) (i32.const 0))
    (memory.init $p (i32.const 300) (i32.const 0) (i32.const 1)))
)
