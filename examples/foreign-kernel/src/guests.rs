//! What the kernel does with guests: calls, host functions, traps, freezing and thawing.

use crate::interrupts::{self, CHECKS, LAZY, PAGE_FAULTS, TICKS};
use crate::println;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::arch::asm;
use core::error::Error;
use core::sync::atomic::Ordering;
use woodfrog::image::RawImage;
use woodfrog::runtime::{
    CallError, Caller, Engine, HostError, HostPart, Linker, Module, Outcome, Store, TypedFunc,
    UnsupportedVersion,
};

const GREETER: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/greeter.wasm"));
const WORKER: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/worker.wasm"));

type Result<T> = core::result::Result<T, Box<dyn Error>>;

/// What the kernel keeps for a guest.
#[derive(Default)]
struct Data {
    lines: u32,
}

/// It is part of the guest's images.
impl HostPart for Data {
    fn name(&self) -> &str {
        "kernel"
    }

    fn version(&self) -> u32 {
        1
    }

    fn save(&mut self) -> core::result::Result<Vec<u8>, HostError> {
        Ok(self.lines.to_le_bytes().to_vec())
    }

    fn restore(&mut self, version: u32, bytes: &[u8]) -> core::result::Result<(), HostError> {
        if version != 1 {
            return Err(UnsupportedVersion.into());
        }
        self.lines = u32::from_le_bytes(bytes.try_into().map_err(HostError::new)?);
        Ok(())
    }
}

/// Goes through all of it.
pub fn run(engine: &Engine) -> Result<()> {
    use_own_exceptions()?;
    greet(engine)?;
    use_own_exceptions()?;
    freeze_and_thaw(engine)?;
    use_own_exceptions()
}

/// The functions that guests can import.
fn linker() -> Linker<Data> {
    let mut linker = Linker::new();
    linker.func_wrap("kernel", "print", print);
    linker
}

/// Prints a line of the guest's memory. What the guest passes is not to be trusted: beyond the
/// memory's end is an error, which ends the call, and nobody says how long the line is.
fn print(
    mut caller: Caller<'_, Data>,
    start: i32,
    len: i32,
) -> core::result::Result<(), HostError> {
    let mut line = [0; 80];
    let line = &mut line[..80.min(len as u32 as usize)];
    caller.read("memory", u64::from(start as u32), line)?;
    println!("guest: {}", String::from_utf8_lossy(line));
    caller.data_mut().lines += 1;
    Ok(())
}

/// Calls functions of a guest, which calls back, and goes wrong.
fn greet(engine: &Engine) -> Result<()> {
    let module = Module::new(engine, GREETER)?;
    let mut store = Store::new(engine, Data::default());
    let instance = linker().instantiate(&mut store, &module)?;

    let add = instance.get_typed_func::<(i32, i32), i32>(&store, "add")?;
    if let Outcome::Returned(sum) = add.call(&mut store, (2, 40))? {
        println!("kernel: 2 + 40 = {sum}");
    }

    let greet = instance.get_typed_func::<(), ()>(&store, "greet")?;
    greet.call(&mut store, ())?;
    println!("kernel: the guest has printed {} line", store.data().lines);

    let outside = instance.get_typed_func::<(), i32>(&store, "outside")?;
    report(outside.call(&mut store, ()));
    let divide = instance.get_typed_func::<i32, i32>(&store, "divide")?;
    report(divide.call(&mut store, 0));
    Ok(())
}

/// A guest's trap is a result like any other.
fn report(result: core::result::Result<Outcome<i32>, CallError>) {
    match result {
        Err(CallError::Trap(trap)) => println!("kernel: {trap}"),
        other => println!("kernel: expected a trap: {other:?}"),
    }
}

/// Rounds of the worker's loop: some hundred milliseconds in an emulator.
const ROUNDS: i32 = 3_000_000;
/// How many ticks of the timer a guest may run at once.
const SLICE: u64 = 5;

/// Stops a guest in the middle of its loop, makes bytes of it, drops everything, and goes on
/// from the bytes, elsewhere in memory.
fn freeze_and_thaw(engine: &Engine) -> Result<()> {
    let expected = undisturbed_result(engine)?;

    let mut store = start_worker(engine)?;
    let place = place_of(&store);
    let work = function(&store)?;
    interrupts::stop_after(SLICE, store.interrupt_handle());
    let Outcome::Suspended = work.call(&mut store, ROUNDS)? else {
        return Err("the worker was not stopped".into());
    };
    println!("kernel: stopped by the timer");
    println!("kernel: {}", store.backtrace());

    // Freeze: all that the guest is, as bytes.
    let bytes = store.freeze()?.to_bytes();
    drop(store);
    println!("kernel: frozen");

    // Somebody else moves in.
    let other = start_worker(engine)?;
    assert!(place_of(&other) == place, "the guest is not gone");

    // Thaw: the bytes are checked first, then laid down as a guest.
    let _worker = Module::new(engine, WORKER)?;
    let mut store = engine.thaw(RawImage::parse(&bytes)?, &linker(), Data::default())?;
    assert!(place_of(&store) != place, "two guests are in one place");
    println!("kernel: thawed elsewhere");

    let work = function(&store)?;
    let mut slices = 1;
    let result = loop {
        slices += 1;
        interrupts::stop_after(SLICE, store.interrupt_handle());
        if let Outcome::Returned(result) = work.resume(&mut store)? {
            break result;
        }
    };
    println!("kernel: finished after {slices} slices: {result:#018x}");
    if result != expected {
        return Err(alloc::format!("the result should be {expected:#018x}").into());
    }
    println!("kernel: the result is that of an undisturbed run");
    Ok(())
}

/// What the worker returns when nobody stops it.
fn undisturbed_result(engine: &Engine) -> Result<i64> {
    let mut store = start_worker(engine)?;
    let before = TICKS.load(Ordering::Relaxed);
    match function(&store)?.call(&mut store, ROUNDS)? {
        Outcome::Returned(result) => {
            let ticks = TICKS.load(Ordering::Relaxed) - before;
            println!("kernel: the worker works for {ticks} ticks");
            Ok(result)
        }
        Outcome::Suspended => Err("nobody has stopped it".into()),
    }
}

/// A worker that has not begun.
fn start_worker(engine: &Engine) -> Result<Store<Data>> {
    let module = Module::new(engine, WORKER)?;
    let mut store = Store::new(engine, Data::default());
    linker().instantiate(&mut store, &module)?;
    Ok(store)
}

/// The function of the store's instance.
fn function(store: &Store<Data>) -> Result<TypedFunc<i32, i64>> {
    let instance = store.instances().next().ok_or("there is no instance")?;
    Ok(instance.get_typed_func(store, "work")?)
}

/// Where the guest's memory is.
fn place_of(store: &Store<Data>) -> Option<*const u8> {
    let instance = store.instances().next()?;
    let memory = instance.get_memory(store, "memory")?;
    Some(memory.data(store).as_ptr())
}

/// Causes exceptions that are the kernel's, and sees that its own handlers get them.
fn use_own_exceptions() -> Result<()> {
    let seen = || [&PAGE_FAULTS, &CHECKS].map(|count| count.load(Ordering::Relaxed));
    let before = seen();
    // A page that has not been touched before.
    let page: *mut u64 =
        core::ptr::with_exposed_provenance_mut((LAZY.start + before[0] * 4096) as usize);
    // SAFETY: the page fault handler maps it.
    unsafe { page.write_volatile(42) };
    // SAFETY: its handler passes over it.
    unsafe { asm!("ud2") };
    if seen() != before.map(|count| count + 1) {
        return Err("the kernel's handlers were not called".into());
    }
    let ticks = TICKS.load(Ordering::Relaxed);
    while TICKS.load(Ordering::Relaxed) == ticks {
        core::hint::spin_loop();
    }
    println!("kernel: its own page fault, check and timer were handled");
    Ok(())
}
