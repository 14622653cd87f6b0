(module
  (table (export "table64") i64 10 20 funcref))
