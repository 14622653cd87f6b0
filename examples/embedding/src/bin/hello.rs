//! Runs a function of a WebAssembly module and prints what it returns.

use std::error::Error;
use std::sync::Arc;
use woodfrog::runtime::{Config, Engine, Linker, Module, Outcome, Store};
use woodfrog_cli::LinuxPlatform;

/// The greatest common divisor, by Euclid.
const MODULE: &str = r#"
(module
  (func (export "gcd") (param $a i64) (param $b i64) (result i64)
    (if (result i64) (i64.eqz (local.get $b))
      (then (local.get $a))
      (else
        (return_call 0
          (local.get $b)
          (i64.rem_u (local.get $a) (local.get $b)))))))
"#;

fn main() -> Result<(), Box<dyn Error>> {
    // What all guests share. The platform says where memory comes from: here from Linux, in a
    // kernel from `platform::bare` or an implementation of its own.
    let engine = Engine::new(Arc::new(LinuxPlatform::new()), Config::default());

    // Decoded, validated and compiled. From here on the bytes are not needed any more.
    let wasm = wat::parse_str(MODULE)?;
    let module = Module::new(&engine, &wasm)?;

    // Everything that a running program consists of is in a store; `()` is the data that
    // this host keeps beside it: none. Nothing is imported, so the linker is empty.
    let mut store = Store::new(&engine, ());
    let instance = Linker::new().instantiate(&mut store, &module)?;

    // The types are checked once, here, and then known to Rust.
    let gcd = instance.get_typed_func::<(i64, i64), i64>(&store, "gcd")?;
    match gcd.call(&mut store, (1_071, 462))? {
        Outcome::Returned(divisor) => println!("gcd(1071, 462) = {divisor}"),
        // Nobody has asked for that: see `freeze_and_thaw`.
        Outcome::Suspended => unreachable!("suspended without a request"),
    }
    Ok(())
}
