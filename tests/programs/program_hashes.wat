;; Covers: CRC-32 with a table made at the start, FNV, SHA-256-like rounds with eight working values in locals, Adler-32.
;; invoke: crc 43
;; invoke: fnv 43
;; invoke: adler 43
;; invoke: rounds 24
(module
  (memory 1)
  (data (i32.const 2048) "The quick brown fox jumps over the lazy dog")
  (func $table (local $i i32) (local $j i32) (local $c i32)
    (loop $entries
      (local.set $c (local.get $i))
      (local.set $j (i32.const 8))
      (loop $bits
        (local.set $c (i32.xor (i32.shr_u (local.get $c) (i32.const 1))
            (select (i32.const 0xedb88320) (i32.const 0) (i32.and (local.get $c) (i32.const 1)))))
        (br_if $bits (local.tee $j (i32.sub (local.get $j) (i32.const 1)))))
      (i32.store (i32.shl (local.get $i) (i32.const 2)) (local.get $c))
      (br_if $entries (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 256)))))
  (func (export "crc") (param $n i32) (result i32) (local $p i32) (local $c i32)
    (call $table)
    (local.set $p (i32.const 2048)) (local.set $c (i32.const -1))
    (loop $bytes
      (local.set $c (i32.xor (i32.shr_u (local.get $c) (i32.const 8))
          (i32.load (i32.shl (i32.and (i32.xor (local.get $c) (i32.load8_u (local.get $p))) (i32.const 255)) (i32.const 2)))))
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (br_if $bytes (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.xor (local.get $c) (i32.const -1)))
  (func (export "fnv") (param $n i32) (result i64) (local $p i32)
    (i64.const 0xcbf29ce484222325)
    (loop $bytes (param i64) (result i64)
      (i64.xor (i64.load8_u offset=2048 (local.get $p)))
      (i64.mul (i64.const 0x100000001b3))
      (br_if $bytes (i32.ne (local.tee $p (i32.add (local.get $p) (i32.const 1))) (local.get $n)))))
  (func (export "adler") (param $n i32) (result i32) (local $p i32) (local $a i32) (local $b i32)
    (local.set $a (i32.const 1))
    (loop $bytes
      (local.set $a (i32.rem_u (i32.add (local.get $a) (i32.load8_u offset=2048 (local.get $p))) (i32.const 65521)))
      (local.set $b (i32.rem_u (i32.add (local.get $b) (local.get $a)) (i32.const 65521)))
      (br_if $bytes (i32.lt_s (local.tee $p (i32.add (local.get $p) (i32.const 1))) (local.get $n))))
    (i32.or (i32.shl (local.get $b) (i32.const 16)) (local.get $a)))
  (func (export "rounds") (param $n i32) (result i32 i32 i32 i32 i32 i32 i32 i32)
    (local $a i32) (local $b i32) (local $c i32) (local $d i32) (local $e i32) (local $f i32) (local $g i32) (local $h i32)
    (local $t1 i32) (local $t2 i32)
    (local.set $a (i32.const 0x6a09e667)) (local.set $b (i32.const 0xbb67ae85)) (local.set $c (i32.const 0x3c6ef372))
    (local.set $d (i32.const 0xa54ff53a)) (local.set $e (i32.const 0x510e527f)) (local.set $f (i32.const 0x9b05688c))
    (local.set $g (i32.const 0x1f83d9ab)) (local.set $h (i32.const 0x5be0cd19))
    (loop $round
      (local.set $t1 (i32.add (i32.add (i32.add (local.get $h)
            (i32.xor (i32.xor (i32.rotr (local.get $e) (i32.const 6)) (i32.rotr (local.get $e) (i32.const 11))) (i32.rotr (local.get $e) (i32.const 25))))
          (i32.xor (i32.and (local.get $e) (local.get $f)) (i32.and (i32.xor (local.get $e) (i32.const -1)) (local.get $g))))
          (i32.load offset=2048 (i32.shl (i32.and (local.get $n) (i32.const 7)) (i32.const 2)))))
      (local.set $t2 (i32.add
          (i32.xor (i32.xor (i32.rotr (local.get $a) (i32.const 2)) (i32.rotr (local.get $a) (i32.const 13))) (i32.rotr (local.get $a) (i32.const 22)))
          (i32.xor (i32.xor (i32.and (local.get $a) (local.get $b)) (i32.and (local.get $a) (local.get $c))) (i32.and (local.get $b) (local.get $c)))))
      (local.set $h (local.get $g)) (local.set $g (local.get $f)) (local.set $f (local.get $e))
      (local.set $e (i32.add (local.get $d) (local.get $t1)))
      (local.set $d (local.get $c)) (local.set $c (local.get $b)) (local.set $b (local.get $a))
      (local.set $a (i32.add (local.get $t1) (local.get $t2)))
      (br_if $round (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $a) (local.get $b) (local.get $c) (local.get $d) (local.get $e) (local.get $f) (local.get $g) (local.get $h))
)
