;; Declares more memory than the machine of the tests has.
(module
  (memory (export "memory") 16384)
  (func (export "_start")))
