;; An indirect call: its three checks, the change of context, a float local that lives in a
;; caller-saved register.
(module
  (type $unary (func (param i32) (result i32)))
  (table 4 funcref)
  (func (param $index i32) (param $x f64) (result f64)
    (loop $next
      (local.set $x (f64.add (local.get $x) (local.get $x)))
      (br_if $next (f64.lt (local.get $x) (f64.const 1000))))
    (f64.div (local.get $x)
      (f64.convert_i32_s (call_indirect (type $unary) (local.get $index) (local.get $index))))))
