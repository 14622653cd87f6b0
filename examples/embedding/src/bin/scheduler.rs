//! Runs six guests in turns on one thread, of which two at most have a store at a time: the
//! others, which sleep, are parked to images in memory.

use std::error::Error;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use woodfrog::abi::Val;
use woodfrog::image::RawImage;
use woodfrog::runtime::{CallError, Config, Engine, Linker, Module, Outcome, Pending, Store};
use woodfrog::scheduler::{Event, GuestId, Host, Scheduler, Slice, Wait};
use woodfrog_cli::LinuxPlatform;

/// Works, tells how far it has come and sleeps, three times, and returns its number squared.
const MODULE: &str = r#"
(module
  (import "host" "tell" (func $tell (param $guest i32) (param $round i32)))
  (import "host" "sleep" (func $sleep (param $ms i64)))
  (func $work (param $n i32)
    (loop $again
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $again (local.get $n))))
  (func (export "run") (param $guest i32) (result i32)
    (local $round i32)
    (loop $again
      (call $work (i32.const 3000))
      (local.set $round (i32.add (local.get $round) (i32.const 1)))
      (call $tell (local.get $guest) (local.get $round))
      (call $sleep (i64.const 5))
      (br_if $again (i32.lt_u (local.get $round) (i32.const 3))))
    (i32.mul (local.get $guest) (local.get $guest))))
"#;

/// What the scheduler leaves to us.
struct Machine {
    engine: Engine,
    linker: Linker<()>,
    start: Instant,
}

impl Host for Machine {
    /// Nothing is kept beside the guests' stores. What is must implement `HostParts`.
    type Data = ();
    /// Images stay in memory; they might be names of files as well.
    type Parked = Vec<u8>;
    type End = Result<i32, CallError>;
    type Error = Box<dyn Error>;

    fn now_ns(&mut self) -> u64 {
        self.start.elapsed().as_nanos() as u64
    }

    fn step(&mut self, guest: GuestId, store: &mut Store<()>) -> Outcome<Self::End> {
        // It is let go on when it has slept: that is the result of the call that waits.
        if store.pending_call().is_some() {
            let completed = store.complete_pending_call(&[]);
            completed.expect("`sleep` returns nothing");
        }
        let instance = store.instances().next().expect("one was made");
        let run = instance.get_typed_func::<i32, i32>(&*store, "run");
        let run = run.expect("the module exports it");
        let outcome = match store.is_suspended() {
            true => run.resume(store),
            false => run.call(store, guest.0 as i32),
        };
        match outcome {
            Ok(Outcome::Suspended) => Outcome::Suspended,
            Ok(Outcome::Returned(result)) => Outcome::Returned(Ok(result)),
            Err(error) => Outcome::Returned(Err(error)),
        }
    }

    fn wait(&mut self, _guest: GuestId, store: &mut Store<()>) -> Wait {
        let call = store.pending_call().expect("asked only then");
        match call.args[..] {
            [Val::I64(ms)] => Wait::Until(self.now_ns() + ms as u64 * 1_000_000),
            _ => Wait::Event,
        }
    }

    fn park(&mut self, guest: GuestId, store: &mut Store<()>) -> Result<Vec<u8>, Self::Error> {
        let image = store.freeze()?.to_bytes();
        println!("host: guest {} is parked, {} bytes", guest.0, image.len());
        Ok(image)
    }

    fn thaw(&mut self, guest: GuestId, image: &Vec<u8>) -> Result<Store<()>, Self::Error> {
        println!("host: guest {} is thawed", guest.0);
        let image = RawImage::parse(image)?;
        Ok(self.engine.thaw(image, &self.linker, ())?)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let engine = Engine::new(Arc::new(LinuxPlatform::new()), Config::default());
    let module = Module::new(&engine, &wat::parse_str(MODULE)?)?;
    let mut linker = Linker::new();
    linker.func_wrap("host", "tell", |guest: i32, round: i32| {
        println!("guest {guest}: round {round}");
    });
    // It does not wait itself: that would keep everybody waiting.
    linker.func_wrap("host", "sleep", |_ms: i64| Err::<(), _>(Pending));

    // Slices of 1,000 suspend points; with a timer they would be of time (`Slice::Time`).
    let slice = Slice::Points(NonZeroU64::new(1_000).ok_or("not zero")?);
    let start = Instant::now();
    let mut scheduler = Scheduler::new(
        Machine {
            engine: engine.clone(),
            linker,
            start,
        },
        slice,
    );
    scheduler.set_max_live(2);
    for _ in 0..6 {
        let mut store = Store::new(&engine, ());
        scheduler.host().linker.instantiate(&mut store, &module)?;
        scheduler.add(store, 0);
        scheduler.trim()?;
    }
    while !scheduler.is_empty() {
        match scheduler.run_next().map_err(|error| error.to_string())? {
            Event::Ran(_) | Event::Waits(_) => {}
            // Who writes checkpoints writes some more of this one's.
            Event::Short(guest) => {
                return Err(format!("no checkpoint of {guest:?} was begun").into());
            }
            Event::Ended { guest, end, .. } => println!("guest {} returns {}", guest.0, end?),
            // A kernel halts here until the next interrupt.
            Event::Idle { until_ns } => {
                let until = Duration::from_nanos(until_ns.ok_or("all guests sleep")?);
                thread::sleep(until.saturating_sub(start.elapsed()));
            }
        }
    }
    Ok(())
}
