//! Stops a guest in the middle of a loop, makes it bytes, drops it, and goes on from the bytes.

use std::error::Error;
use std::sync::Arc;
use woodfrog::image::RawImage;
use woodfrog::runtime::{Config, Engine, Linker, Module, Outcome, Store};
use woodfrog_cli::LinuxPlatform;

/// Adds up 1 to n, and tells about each thousand.
const MODULE: &str = r#"
(module
  (import "host" "progress" (func $progress (param i64)))
  (func (export "sum") (param $n i64) (result i64)
    (local $i i64) (local $sum i64)
    (loop $again
      (local.set $i (i64.add (local.get $i) (i64.const 1)))
      (local.set $sum (i64.add (local.get $sum) (local.get $i)))
      (if (i64.eqz (i64.rem_u (local.get $i) (i64.const 1000)))
        (then (call $progress (local.get $i))))
      (br_if $again (i64.lt_u (local.get $i) (local.get $n))))
    (local.get $sum)))
"#;

fn main() -> Result<(), Box<dyn Error>> {
    let engine = Engine::new(Arc::new(LinuxPlatform::new()), Config::default());
    let module = Module::new(&engine, &wat::parse_str(MODULE)?)?;
    let mut linker = Linker::new();
    linker.func_wrap("host", "progress", |i: i64| println!("guest: at {i}"));

    // Suspend at the 2,500th loop header, call or function entry. In earnest it would be
    // a deadline (`set_deadline`), or a timer interrupt (`interrupt_handle`).
    let mut store = Store::new(&engine, ());
    store.set_budget(Some(2_500));
    let instance = linker.instantiate(&mut store, &module)?;
    let sum = instance.get_typed_func::<i64, i64>(&store, "sum")?;
    assert_eq!(sum.call(&mut store, 5_000)?, Outcome::Suspended);
    println!("{}", store.backtrace());

    // All that the program is: which function, where in it, with which locals. No address of
    // this process is in it. It could go to a file, a disk, or another machine.
    let bytes = store.freeze()?.to_bytes();
    drop(store);
    println!("frozen: {} bytes", bytes.len());
    // Fewer are in use: parts begin at multiples of a page, for the sake of disks.
    for line in bytes
        .chunks(24)
        .filter(|line| line.iter().any(|&byte| byte != 0))
    {
        let hex: Vec<String> = line.iter().map(|byte| format!("{byte:02x}")).collect();
        println!("  {}", hex.join(" "));
    }

    // The bytes are checked against the module, which the engine finds by its hash, and the
    // host functions against the linker, before anything is made of them.
    let mut store = engine.thaw(RawImage::parse(&bytes)?, &linker, ())?;
    let instance = store.instances().next().ok_or("there is one")?;
    let sum = instance.get_typed_func::<i64, i64>(&store, "sum")?;
    println!("thawed: {:?}", sum.resume(&mut store)?);
    Ok(())
}
