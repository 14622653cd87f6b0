;; Merges: several results of a block, of which the last is in a register; a value below the
;; block in its slot; an operand that still is a local when the local changes.
(module
  (func (param $x i32) (param $y i64) (result i64)
    (local.get $y)
    (block $out (result i32 i64)
      (local.get $x)
      (local.set $x (i32.const 7))
      (local.get $y)
      (br_if $out (local.get $x))
      (drop)
      (i64.const -1))
    (local.set $y)
    (i64.extend_i32_u)
    (i64.add)
    (i64.div_s (local.get $y))))
