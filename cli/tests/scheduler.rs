//! Many guests under one scheduler, on Linux.

use std::num::NonZeroU64;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use std::{env, fs, thread};
use woodfrog::image::RawImage;
use woodfrog::runtime::{
    Config, Engine, InterruptHandle, Linker, Module, Outcome, Pending, Store, SuspendReason,
};
use woodfrog::scheduler::{Body, Event, GuestId, Host, Scheduler, SchedulerError, Slice, Wait};
use woodfrog_cli::LinuxPlatform;
use woodfrog_suite::guests::{self, Machine, Options, VirtualTime};

fn engine() -> Engine {
    let config = Config {
        stack_size: 256 << 10,
        ..Config::default()
    };
    Engine::new(Arc::new(LinuxPlatform::new()), config)
}

fn points(most: u64) -> Slice {
    Slice::Points(NonZeroU64::new(most).unwrap())
}

/// `BLESS=1` makes it again.
#[test]
fn the_guest_is_what_its_text_says() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../suite/src");
    let wasm = wat::parse_file(directory.join("guest.wat")).unwrap();
    if env::var_os("BLESS").is_some() {
        fs::write(directory.join("guest.wasm"), &wasm).unwrap();
    }
    assert!(wasm == guests::GUEST, "run this test with BLESS=1");
}

#[test]
fn a_thousand_guests_of_which_900_are_parked_end_as_alone() {
    let options = Options {
        guests: 1000,
        max_live: 100,
        slice: points(1500),
        park_every: 50,
        checkpoint_every: None,
        compares_images: false,
        seed: 1,
    };
    let report = guests::check(&engine(), Arc::new(VirtualTime::default()), &options).unwrap();
    assert_eq!(
        (report.ended, report.most_parked >= 900),
        (1000, true),
        "{report:?}"
    );
    assert!(
        report.preempted > 1000 && report.waits >= 4000,
        "{report:?}"
    );
    assert!(report.thawed >= 900, "{report:?}");
}

#[test]
fn random_slices_parking_and_checkpoints_change_nothing() {
    let mut checkpoints = 0;
    for seed in 0..12 {
        let options = Options {
            guests: 20,
            max_live: 1 + seed as usize,
            slice: points(1 << (seed % 12)),
            park_every: 1 + seed % 4,
            checkpoint_every: Some(1 + seed % 5),
            compares_images: true,
            seed,
        };
        let report = guests::check(&engine(), Arc::new(VirtualTime::default()), &options).unwrap();
        assert_eq!(report.ended, 20, "seed {seed}: {report:?}");
        assert!(report.thawed > 20, "seed {seed}: {report:?}");
        checkpoints += report.checkpoints;
    }
    match checkpoints {
        0 => eprintln!("not tested: userfaultfd is not allowed"),
        _ => assert!(checkpoints > 100, "{checkpoints}"),
    }
}

/// Calls `host.step` as often as the parameter says, and returns how often; `host.wait` first if
/// it is 0.
const STEPS: &str = r#"(module
  (import "host" "step" (func $step))
  (import "host" "wait" (func $wait))
  (func (export "run") (param $steps i32) (result i32)
    (local $n i32)
    (if (i32.eqz (local.get $steps)) (then (call $wait)))
    (loop $again
      (if (i32.lt_u (local.get $n) (local.get $steps))
        (then
          (call $step)
          (local.set $n (i32.add (local.get $n) (i32.const 1)))
          (br $again))))
    (local.get $n)))"#;

/// A host whose clock is set by hand, and which fails on demand.
struct Simple {
    engine: Engine,
    linker: Linker<()>,
    // Held for thawing.
    module: Module,
    steps: i32,
    now_ns: u64,
    wait: Wait,
    fails: bool,
}

impl Simple {
    fn new(steps: i32) -> Self {
        let engine = engine();
        let module = Module::new(&engine, &wat::parse_str(STEPS).unwrap()).unwrap();
        let mut linker = Linker::new();
        linker.func_wrap("host", "step", || {});
        linker.func_wrap("host", "wait", || Err::<(), _>(Pending));
        Self {
            engine,
            linker,
            module,
            steps,
            now_ns: 0,
            wait: Wait::Event,
            fails: false,
        }
    }

    fn store(&self) -> Store<()> {
        let mut store = Store::new(&self.engine, ());
        self.linker.instantiate(&mut store, &self.module).unwrap();
        store
    }
}

impl Host for Simple {
    type Data = ();
    type Parked = Vec<u8>;
    type End = i32;
    type Error = &'static str;

    fn now_ns(&mut self) -> u64 {
        self.now_ns
    }

    fn step(&mut self, _guest: GuestId, store: &mut Store<()>) -> Outcome<i32> {
        let instance = store.instances().next().unwrap();
        let run = instance.get_typed_func::<i32, i32>(&*store, "run").unwrap();
        match store.is_suspended() {
            true => run.resume(store).unwrap(),
            false => run.call(store, self.steps).unwrap(),
        }
    }

    fn wait(&mut self, _guest: GuestId, _store: &mut Store<()>) -> Wait {
        self.wait
    }

    fn park(&mut self, _guest: GuestId, store: &mut Store<()>) -> Result<Vec<u8>, &'static str> {
        match self.fails {
            true => Err("the disk is full"),
            false => Ok(store.freeze().unwrap().to_bytes()),
        }
    }

    fn thaw(&mut self, _guest: GuestId, parked: &Vec<u8>) -> Result<Store<()>, &'static str> {
        match self.fails {
            true => Err("the disk is gone"),
            false => {
                let image = RawImage::parse(parked).unwrap();
                Ok(self.engine.thaw(image, &self.linker, ()).unwrap())
            }
        }
    }
}

/// Guests of these priorities.
fn scheduler(host: Simple, slice: Slice, priorities: &[u8]) -> Scheduler<Simple> {
    let mut scheduler = Scheduler::new(host, slice);
    for &priority in priorities {
        let store = scheduler.host().store();
        scheduler.add(store, priority);
    }
    scheduler
}

/// Runs until no guest can run; the guests whose turns it was, with a mark at the end of each.
fn turns(scheduler: &mut Scheduler<Simple>) -> String {
    let mut turns = String::new();
    loop {
        let turn = match scheduler.run_next().unwrap() {
            Event::Ran(guest) => format!("{} ", guest.0),
            Event::Waits(guest) => format!("{}... ", guest.0),
            Event::Ended { guest, .. } => format!("{}. ", guest.0),
            Event::Short(guest) => panic!("no checkpoint of {guest:?} was begun"),
            Event::Idle { .. } => return turns,
        };
        turns += &turn;
    }
}

#[test]
fn guests_of_one_priority_take_turns_and_higher_ones_go_first() {
    // A slice ends at a return from the host or the loop's header: every five steps or so.
    let mut scheduler = scheduler(Simple::new(12), points(10), &[1, 2, 1, 2]);
    let turns = turns(&mut scheduler);
    assert_eq!(turns, "1 3 1 3 1. 3. 0 2 0 2 0. 2. ");
    assert!(scheduler.is_empty());
    assert_eq!(scheduler.live_count(), 0);
}

#[test]
fn waiting_guests_are_woken_by_time_or_by_somebody() {
    let mut scheduler = scheduler(Simple::new(0), points(10), &[0, 0]);
    scheduler.host_mut().wait = Wait::Until(50);
    assert_eq!(turns(&mut scheduler), "0... 1... ");
    let idle = |scheduler: &mut Scheduler<Simple>| match scheduler.run_next().unwrap() {
        Event::Idle { until_ns } => until_ns,
        _ => panic!("a guest ran"),
    };
    assert_eq!(idle(&mut scheduler), Some(50));
    assert!(scheduler.wake(GuestId(1)));
    assert!(!scheduler.wake(GuestId(1)), "it is awake");
    assert!(!scheduler.wake(GuestId(7)), "there is none");
    scheduler.host_mut().wait = Wait::Event;
    // Its host function has it wait on.
    assert_eq!(turns(&mut scheduler), "1... ");
    scheduler.host_mut().now_ns = 50;
    assert_eq!(turns(&mut scheduler), "0... ");
    assert_eq!(idle(&mut scheduler), None);
    // The embedder gives the result of the call that is pending.
    let Some(Body::Live(store)) = scheduler.body_mut(GuestId(0)) else {
        panic!("it has a store")
    };
    assert_eq!(store.suspend_reason(), Some(SuspendReason::Pending));
    store.complete_pending_call(&[]).unwrap();
    scheduler.wake(GuestId(0));
    assert_eq!(turns(&mut scheduler), "0. ");
    let removed = scheduler.remove(GuestId(1));
    assert!(matches!(removed, Some(Body::Live(store)) if store.is_suspended()));
    assert!(scheduler.is_empty() && scheduler.remove(GuestId(1)).is_none());
}

#[test]
fn those_that_have_waited_longest_are_parked_first_and_pinned_ones_never() {
    let mut scheduler = scheduler(Simple::new(0), points(10), &[0, 0, 0, 0]);
    assert_eq!(turns(&mut scheduler), "0... 1... 2... 3... ");
    scheduler.wake(GuestId(1));
    assert_eq!(turns(&mut scheduler), "1... ");
    scheduler.set_pinned(GuestId(0), true);
    scheduler.set_max_live(2);
    scheduler.trim().unwrap();
    let live = |scheduler: &Scheduler<Simple>| -> Vec<u64> {
        let is_live = |&guest: &GuestId| matches!(scheduler.body(guest), Some(Body::Live(_)));
        scheduler
            .guests()
            .filter(is_live)
            .map(|guest| guest.0)
            .collect()
    };
    assert_eq!(live(&scheduler), [0, 1]);
    scheduler.wake(GuestId(3));
    assert_eq!(turns(&mut scheduler), "3... ");
    assert_eq!(live(&scheduler), [0, 3]);
    // More are pinned than there is room for.
    scheduler.set_pinned(GuestId(3), true);
    scheduler.wake(GuestId(2));
    assert_eq!(turns(&mut scheduler), "2... ");
    assert_eq!(live(&scheduler), [0, 2, 3]);
    assert_eq!(scheduler.live_count(), 3);
}

#[test]
fn guests_that_cannot_be_parked_or_thawed_are_not_lost() {
    let mut scheduler = scheduler(Simple::new(3), points(1), &[0, 0]);
    scheduler.park(GuestId(1)).unwrap();
    scheduler.set_max_live(1);
    assert!(matches!(scheduler.run_next(), Ok(Event::Ran(GuestId(0)))));
    scheduler.host_mut().fails = true;
    // Guest 1 needs room, which guest 0 cannot make: it is pinned then.
    let park = SchedulerError::Park {
        guest: GuestId(0),
        error: "the disk is full",
    };
    assert_eq!(scheduler.run_next().err(), Some(park));
    // Guest 1 is first in turn still, and cannot be thawed: others run, until it is woken.
    let thaw = SchedulerError::Thaw {
        guest: GuestId(1),
        error: "the disk is gone",
    };
    assert_eq!(scheduler.run_next().err(), Some(thaw.clone()));
    assert!(turns(&mut scheduler).ends_with("0 0. "));
    assert_eq!(scheduler.len(), 1);
    scheduler.wake(GuestId(1));
    assert_eq!(scheduler.run_next().err(), Some(thaw));
    scheduler.host_mut().fails = false;
    scheduler.wake(GuestId(1));
    assert!(turns(&mut scheduler).ends_with("1 1. "));
    assert!(scheduler.is_empty());
}

#[test]
fn a_guest_is_added_as_an_image_and_its_end_gives_its_store() {
    let mut other = scheduler(Simple::new(6), points(4), &[0]);
    assert!(matches!(other.run_next(), Ok(Event::Ran(_))));
    other.park(GuestId(0)).unwrap();
    let Some(Body::Parked(image)) = other.remove(GuestId(0)) else {
        panic!("it is parked")
    };
    let mut scheduler = Scheduler::new(other.into_host(), points(100));
    let guest = scheduler.add_parked(image, 0);
    assert_eq!(scheduler.live_count(), 0);
    match scheduler.run_next() {
        Ok(Event::Ended {
            guest: ended,
            store,
            end,
        }) => {
            assert_eq!((ended, end), (guest, 6));
            assert_eq!((store.budget(), store.is_suspended()), (None, false));
        }
        _ => panic!("it ends"),
    }
}

/// Real time, and a thread in the place of a timer's interrupts. A busy system may not let the
/// thread run in time, so that every third slice is over as it begins.
struct Ticking {
    start: Instant,
    slices: AtomicU64,
    running: Mutex<Option<InterruptHandle>>,
    is_over: AtomicBool,
}

impl Machine for Ticking {
    fn now_ns(&self) -> u64 {
        self.start.elapsed().as_nanos() as u64
    }

    fn idle(&self, until_ns: u64) {
        let remaining = until_ns.saturating_sub(self.now_ns());
        thread::sleep(Duration::from_nanos(remaining));
    }

    fn slice_begins(&self, handle: InterruptHandle, end_ns: u64) {
        if self.slices.fetch_add(1, Ordering::SeqCst).is_multiple_of(3) {
            handle.tick(end_ns);
        }
        *self.running.lock().unwrap() = Some(handle);
    }

    fn slice_ends(&self) {
        *self.running.lock().unwrap() = None;
    }
}

#[test]
fn slices_of_time_end_by_ticks_and_change_nothing() {
    let machine = Arc::new(Ticking {
        start: Instant::now(),
        slices: AtomicU64::new(0),
        running: Mutex::new(None),
        is_over: AtomicBool::new(false),
    });
    let ticker = thread::spawn({
        let machine = machine.clone();
        move || {
            while !machine.is_over.load(Ordering::SeqCst) {
                if let Some(handle) = &*machine.running.lock().unwrap() {
                    handle.tick(machine.now_ns());
                }
                thread::yield_now();
            }
        }
    });
    let options = Options {
        guests: 60,
        max_live: 10,
        slice: Slice::Time(2_000),
        park_every: 10,
        checkpoint_every: None,
        compares_images: true,
        seed: 3,
    };
    let report = guests::check(&engine(), machine.clone(), &options).unwrap();
    machine.is_over.store(true, Ordering::SeqCst);
    ticker.join().unwrap();
    assert_eq!(report.ended, 60);
    assert!(report.preempted > 0, "{report:?}");
}
