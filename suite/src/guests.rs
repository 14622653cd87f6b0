//! Many guests under one scheduler, on whatever machine: each ends as if it had run alone.

use crate::checkpointed::Checkpointer;
use crate::freezing::Random;
use alloc::collections::{BTreeSet, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, Ordering};
use woodfrog::abi::Val;
use woodfrog::image::{ImageError, RawImage};
use woodfrog::runtime::{
    CallError, Caller, Engine, FreezeError, HostError, HostPart, InterruptHandle, Linker, Module,
    Outcome, Pending, Store, ThawError, TypedFunc, UnsupportedVersion,
};
use woodfrog::scheduler::{Body, Event, GuestId, Host, Scheduler, SchedulerError, Slice, Wait};

/// What every guest runs: `guest.wat`.
pub const GUEST: &[u8] = include_bytes!("guest.wasm");

/// How often each guest waits.
const ROUNDS: i32 = 4;

/// The time, and who interrupts guests.
pub trait Machine: Send + Sync {
    /// The time in nanoseconds.
    fn now_ns(&self) -> u64;
    /// Lets time pass.
    fn idle(&self, until_ns: u64);
    /// As for [`Host::slice_begins`].
    fn slice_begins(&self, _handle: InterruptHandle, _end_ns: u64) {}
    /// As for [`Host::slice_ends`].
    fn slice_ends(&self) {}
}

/// A time that passes when somebody looks.
#[derive(Default)]
pub struct VirtualTime(AtomicU64);

impl Machine for VirtualTime {
    fn now_ns(&self) -> u64 {
        self.0.fetch_add(1000, Ordering::Relaxed)
    }

    fn idle(&self, until_ns: u64) {
        self.0.fetch_max(until_ns, Ordering::Relaxed);
    }
}

/// How many guests, and how they are treated.
pub struct Options {
    /// How many guests.
    pub guests: u64,
    /// How many of them may have a store.
    pub max_live: usize,
    /// Slices, of points up to as many at random.
    pub slice: Slice,
    /// One turn in so many another guest is parked, chosen at random.
    pub park_every: u64,
    /// One turn in so many, at random, a checkpoint is begun of the guest that has just run, which is
    /// written out between turns. None: never.
    pub checkpoint_every: Option<u64>,
    /// Whether each thawed guest is frozen again, and the images compared.
    pub compares_images: bool,
    /// For all that is random.
    pub seed: u64,
}

/// What was seen.
#[derive(Clone, Copy, Debug, Default)]
pub struct Report {
    /// How many slices came to their end.
    pub preempted: u64,
    /// How often a guest waited.
    pub waits: u64,
    /// How often a guest was parked.
    pub parked: u64,
    /// How often a guest was thawed.
    pub thawed: u64,
    /// Most guests that were parked at a time.
    pub most_parked: usize,
    /// How many checkpoints were written, each as the guest was when it began.
    pub checkpoints: u64,
    /// How often a guest had its turn and was short of spare pages.
    pub shortages: u64,
    /// How many guests ended as they do alone.
    pub ended: u64,
}

/// What the host keeps for a guest.
pub(crate) struct Data {
    machine: Arc<dyn Machine>,
    is_alone: bool,
    saved: Saved,
}

/// The part of it that images hold.
#[derive(Default, serde::Serialize, serde::Deserialize)]
struct Saved {
    number: u64,
    /// How many messages it has got.
    received: u64,
    /// Until when it sleeps.
    until_ns: Option<u64>,
}

impl HostPart for Data {
    fn name(&self) -> &str {
        "guest"
    }

    fn version(&self) -> u32 {
        1
    }

    fn save(&mut self) -> Result<Vec<u8>, HostError> {
        postcard::to_allocvec(&self.saved).map_err(HostError::new)
    }

    fn restore(&mut self, version: u32, bytes: &[u8]) -> Result<(), HostError> {
        if version != 1 {
            return Err(UnsupportedVersion.into());
        }
        self.saved = postcard::from_bytes(bytes).map_err(HostError::new)?;
        Ok(())
    }
}

impl Saved {
    /// The next message, which depends on nothing but the guest.
    fn next_message(&mut self) -> i64 {
        self.received += 1;
        Random::new(self.number << 8 | self.received).any() as i64
    }
}

/// Called again when the guest is woken.
fn sleep(mut caller: Caller<'_, Data>, ns: i64) -> Result<(), Pending> {
    let data = caller.data_mut();
    if data.is_alone {
        return Ok(());
    }
    let now_ns = data.machine.now_ns();
    let until_ns = *data.saved.until_ns.get_or_insert(now_ns + ns as u64);
    if now_ns < until_ns {
        return Err(Pending);
    }
    data.saved.until_ns = None;
    Ok(())
}

/// Called once: the host gives the result when there is one.
fn receive(mut caller: Caller<'_, Data>) -> Result<i64, Pending> {
    let data = caller.data_mut();
    match data.is_alone {
        true => Ok(data.saved.next_message()),
        false => Err(Pending),
    }
}

/// Why a guest could not be parked or thawed.
#[derive(Debug, thiserror::Error)]
pub enum ParkingError {
    /// It cannot be frozen.
    #[error(transparent)]
    Freeze(#[from] FreezeError),
    /// Its image is damaged.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// It cannot be thawed.
    #[error(transparent)]
    Thaw(#[from] ThawError),
}

/// The host of all guests.
struct Party {
    engine: Engine,
    module: Module,
    linker: Linker<Data>,
    machine: Arc<dyn Machine>,
    compares_images: bool,
    report: Report,
    turn: u64,
    /// Messages under way: the turn in which each arrives, and for whom.
    under_way: VecDeque<(u64, GuestId)>,
    /// For whom a message has arrived.
    arrived: BTreeSet<GuestId>,
}

impl Party {
    fn new(engine: &Engine, machine: Arc<dyn Machine>, compares_images: bool) -> Self {
        let mut linker = Linker::new();
        linker.func_wrap("host", "sleep", sleep);
        linker.func_wrap("host", "receive", receive);
        Self {
            engine: engine.clone(),
            module: Module::new(engine, GUEST).expect("a valid module"),
            linker,
            machine,
            compares_images,
            report: Report::default(),
            turn: 0,
            under_way: VecDeque::new(),
            arrived: BTreeSet::new(),
        }
    }

    fn data(&self, number: u64, is_alone: bool) -> Data {
        Data {
            machine: self.machine.clone(),
            is_alone,
            saved: Saved {
                number,
                ..Saved::default()
            },
        }
    }

    /// A guest that has not begun; None if there is no memory for it.
    fn guest(&self, number: u64, is_alone: bool) -> Option<Store<Data>> {
        let mut store = Store::new(&self.engine, self.data(number, is_alone));
        self.linker.instantiate(&mut store, &self.module).ok()?;
        Some(store)
    }

    /// How a guest ends that runs alone, and all it has left.
    fn alone(&self, number: u64) -> (i64, Vec<u8>) {
        let mut store = self.guest(number, true).expect("memory for a guest");
        match begin(&mut store) {
            Ok(Outcome::Returned(result)) => (result, image(&mut store)),
            _ => panic!("guest {number} does not end alone"),
        }
    }
}

fn entry(store: &Store<Data>) -> TypedFunc<(i64, i32), i64> {
    let instance = store.instances().next().expect("an instance");
    instance.get_typed_func(store, "run").expect("the export")
}

fn begin(store: &mut Store<Data>) -> Result<Outcome<i64>, CallError> {
    let number = store.data().saved.number;
    entry(store).call(store, (number as i64, ROUNDS))
}

pub(crate) fn image(store: &mut Store<Data>) -> Vec<u8> {
    store.freeze().expect("it can be frozen").to_bytes()
}

impl Host for Party {
    type Data = Data;
    type Parked = Vec<u8>;
    type End = Result<i64, CallError>;
    type Error = ParkingError;

    fn now_ns(&mut self) -> u64 {
        self.machine.now_ns()
    }

    fn step(&mut self, guest: GuestId, store: &mut Store<Data>) -> Outcome<Self::End> {
        if self.arrived.remove(&guest) {
            let message = store.data_mut().saved.next_message();
            let completed = store.complete_pending_call(&[Val::I64(message)]);
            completed.expect("it waits for a message");
        }
        let outcome = match store.is_suspended() {
            true => entry(store).resume(store),
            false => begin(store),
        };
        match outcome {
            Ok(Outcome::Returned(result)) => Outcome::Returned(Ok(result)),
            Ok(Outcome::Suspended) => Outcome::Suspended,
            Err(error) => Outcome::Returned(Err(error)),
        }
    }

    fn wait(&mut self, guest: GuestId, store: &mut Store<Data>) -> Wait {
        if let Some(until_ns) = store.data().saved.until_ns {
            return Wait::Until(until_ns);
        }
        self.under_way.push_back((self.turn + 20, guest));
        Wait::Event
    }

    fn park(&mut self, _guest: GuestId, store: &mut Store<Data>) -> Result<Vec<u8>, ParkingError> {
        self.report.parked += 1;
        Ok(store.freeze()?.to_bytes())
    }

    fn thaw(&mut self, _guest: GuestId, parked: &Vec<u8>) -> Result<Store<Data>, ParkingError> {
        self.report.thawed += 1;
        let data = self.data(0, false);
        let parsed = RawImage::parse(parked)?;
        let mut store = self.engine.thaw(parsed, &self.linker, data)?;
        if self.compares_images {
            assert!(image(&mut store) == *parked, "an image is another one");
        }
        Ok(store)
    }

    fn slice_begins(&mut self, handle: InterruptHandle, end_ns: u64) {
        self.machine.slice_begins(handle, end_ns);
    }

    fn slice_ends(&mut self) {
        self.machine.slice_ends();
    }
}

/// How many guests have room at a time, counted up to `most`.
pub fn room(engine: &Engine, machine: Arc<dyn Machine>, most: u64) -> u64 {
    let party = Party::new(engine, machine, false);
    let mut stores = Vec::new();
    for number in 0..most {
        // Its stack comes with the first call.
        let Some(mut store) = party.guest(number, false) else {
            break;
        };
        match begin(&mut store) {
            Ok(_) => stores.push(store),
            Err(_) => break,
        }
    }
    stores.len() as u64
}

/// Runs guests until all have ended.
///
/// # Errors
///
/// A guest could not be parked or thawed.
///
/// # Panics
///
/// Panics if a guest ends otherwise than alone, or has left something else.
pub fn check(
    engine: &Engine,
    machine: Arc<dyn Machine>,
    options: &Options,
) -> Result<Report, SchedulerError<ParkingError>> {
    let party = Party::new(engine, machine.clone(), options.compares_images);
    let mut scheduler = Scheduler::new(party, options.slice);
    scheduler.set_max_live(options.max_live);
    let mut random = Random::new(options.seed);
    for number in 0..options.guests {
        let store = scheduler.host().guest(number, false);
        scheduler.add(store.expect("memory for a guest"), (number % 3) as u8);
        scheduler.trim()?;
    }
    let mut checkpointer = Checkpointer::new();
    let mut checkpoint_every = options.checkpoint_every;
    while !scheduler.is_empty() {
        let host = scheduler.host_mut();
        host.turn += 1;
        if let Some(&(turn, guest)) = host.under_way.front()
            && turn <= host.turn
        {
            deliver(&mut scheduler, guest);
        }
        if random.any().is_multiple_of(options.park_every) {
            scheduler.park(GuestId(random.any() % options.guests))?;
        }
        if let Slice::Points(most) = options.slice {
            scheduler.set_slice(Slice::Points(random.up_to(most.get())));
        }
        let parked = scheduler.len() - scheduler.live_count();
        let report = &mut scheduler.host_mut().report;
        report.most_parked = report.most_parked.max(parked);
        let event = scheduler.run_next()?;
        // Seldom enough that the guest has more turns before all is written.
        if !matches!(event, Event::Ran(_) | Event::Waits(_)) || random.any().is_multiple_of(20) {
            checkpointer.step();
        }
        if let Event::Ran(guest) | Event::Waits(guest) = event
            && checkpoint_every.is_some_and(|every| random.any().is_multiple_of(every))
            && let Some(Body::Live(store)) = scheduler.body_mut(guest)
            && !checkpointer.begin(guest, store)
        {
            checkpoint_every = None;
        }
        match event {
            Event::Ran(_) => scheduler.host_mut().report.preempted += 1,
            Event::Waits(_) => scheduler.host_mut().report.waits += 1,
            Event::Short(_) => scheduler.host_mut().report.shortages += 1,
            Event::Ended {
                guest,
                mut store,
                end,
            } => {
                let end = end.expect("the guest ends");
                let alone = scheduler.host().alone(guest.0);
                assert!(
                    (end, image(&mut store)) == alone,
                    "{guest:?} ends otherwise"
                );
                scheduler.host_mut().report.ended += 1;
            }
            Event::Idle { until_ns } => {
                let first = scheduler.host().under_way.front().copied();
                match (first, until_ns) {
                    (Some((_, guest)), _) => deliver(&mut scheduler, guest),
                    (None, Some(until_ns)) => machine.idle(until_ns),
                    (None, None) => panic!("nothing wakes the guests that are left"),
                }
            }
        }
        assert!(scheduler.live_count() <= options.max_live);
    }
    Ok(Report {
        checkpoints: checkpointer.written,
        ..scheduler.host().report
    })
}

/// Lets the first message under way arrive.
fn deliver(scheduler: &mut Scheduler<Party>, guest: GuestId) {
    let host = scheduler.host_mut();
    host.under_way.pop_front();
    host.arrived.insert(guest);
    assert!(scheduler.wake(guest), "it waits for a message");
}
