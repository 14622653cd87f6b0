//! Gives a guest functions of the host: one that reads the guest's memory, one that works on the
//! host's data, and one that fails.

use std::error::Error;
use std::sync::Arc;
use woodfrog::runtime::{
    CallError, Caller, Config, Engine, HostError, Linker, Module, Outcome, Store,
};
use woodfrog_cli::LinuxPlatform;

/// Buys things until the money is gone.
const MODULE: &str = r#"
(module
  (import "host" "log" (func $log (param $address i32) (param $length i32)))
  (import "shop" "buy" (func $buy (param $price i64) (result i64)))
  (memory (export "memory") 1)
  (data (i32.const 16) "shopping")
  (func (export "run") (param $price i64)
    (call $log (i32.const 16) (i32.const 8))
    (loop $again
      (drop (call $buy (local.get $price)))
      (local.set $price (i64.mul (local.get $price) (i64.const 2)))
      (br $again))))
"#;

/// What the host keeps for each guest, beside its store.
struct Purse {
    money: i64,
}

/// Why nothing was bought. Any error type will do.
#[derive(Debug)]
struct TooExpensive {
    price: i64,
    money: i64,
}

impl std::fmt::Display for TooExpensive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} wanted, {} there", self.price, self.money)
    }
}

impl Error for TooExpensive {}

/// Prints a string of the guest's. Address and length are the guest's claim: reading checks them.
fn log(caller: Caller<'_, Purse>, address: i32, length: i32) -> Result<(), HostError> {
    let mut text = vec![0; length.clamp(0, 1000) as usize];
    caller.read("memory", u64::from(address as u32), &mut text)?;
    println!("guest: {}", String::from_utf8_lossy(&text));
    Ok(())
}

/// Takes money from the guest's purse and returns what is left.
fn buy(mut caller: Caller<'_, Purse>, price: i64) -> Result<i64, HostError> {
    let Purse { money } = caller.data_mut();
    if price > *money {
        let money = *money;
        return Err(HostError::new(TooExpensive { price, money }));
    }
    *money -= price;
    println!("host: sold for {price}");
    Ok(*money)
}

fn main() -> Result<(), Box<dyn Error>> {
    let engine = Engine::new(Arc::new(LinuxPlatform::new()), Config::default());
    let module = Module::new(&engine, &wat::parse_str(MODULE)?)?;

    // The types that the guest must import them with are those of the Rust functions. By
    // their names they are found again when a frozen guest is thawed.
    let mut linker = Linker::new();
    linker.func_wrap("host", "log", log);
    linker.func_wrap("shop", "buy", buy);

    let mut store = Store::new(&engine, Purse { money: 100 });
    let instance = linker.instantiate(&mut store, &module)?;
    let run = instance.get_typed_func::<i64, ()>(&store, "run")?;

    // An error of a host function ends the call, and comes out as it went in.
    match run.call(&mut store, 10) {
        Err(CallError::Host(error)) => {
            let TooExpensive { price, .. } = error.downcast()?;
            println!("host: {price} is too much");
        }
        Err(error) => return Err(error.into()),
        Ok(Outcome::Returned(()) | Outcome::Suspended) => unreachable!("it buys until it fails"),
    }
    println!("host: {} left", store.data().money);
    Ok(())
}
