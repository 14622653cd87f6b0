//! Many guests on one processor: slices in turn, and images of those that need no store.
//!
//! A [`Scheduler`] owns guests and decides whose turn it is; everything else is the embedder's,
//! behind the trait [`Host`]: the time, how a guest begins and goes on, what it waits for, and
//! where the image of a parked one is kept. [`Scheduler::run_next`] runs one guest for one
//! [`Slice`] and says what came of it. There is no thread, no interrupt and no loop in here.
//!
//! ```text
//!             add                                           ends: the store is given back
//!              |                                                     ^
//!              v             its turn            the slice is over   |
//!   +----->  ready  ------------------------>  runs  ---------+------+
//!   |          ^                                 |            |
//!   |          +---------------------------------|------------+
//!   |  wake, or the time                         | a host function answers Pending
//!   +--------------------------  waits  <--------+
//! ```
//!
//! A guest that is ready or waits has a store, or is *parked*: then it is an image, and takes
//! what its pages take that are not zero. [`Scheduler::park`] does that, and so does the
//! scheduler itself where there would be more stores than [`Scheduler::set_max_live`]
//! allows: first those that have waited longest, then those whose turn is last. A parked
//! guest whose turn it is is thawed. The guest does not know.
//!
//! A guest of which the embedder writes a checkpoint
//! ([`begin_checkpoint`](Store::begin_checkpoint), of the store in [`Scheduler::body_mut`]) takes its
//! turns meanwhile, but for those when it is short of spare pages ([`Event::Short`]). The embedder
//! writes pages between turns, and all the time while no guest can run ([`Event::Idle`]). A guest
//! that is parked meanwhile loses the checkpoint, and the next one is of everything: pinned ones
//! ([`Scheduler::set_pinned`]) do not.
//!
//! A guest runs before all of lower priority, for as long as it does not wait; guests of one
//! priority take turns. A guest that becomes ready while another one runs waits for the end
//! of the slice: whoever wakes it may end that by the handle that [`Host::slice_begins`] got.

mod queue;
mod turn;

use crate::runtime::{InterruptHandle, Outcome, Store};
use alloc::collections::BTreeMap;
use core::num::NonZeroU64;
use queue::{ReadyQueue, WaitKey, Waiting};

/// A guest of a scheduler, which gives no number twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GuestId(pub u64);

/// What the embedder does for its guests.
pub trait Host {
    /// The data of the guests' stores.
    type Data: 'static;
    /// What there is of a parked guest: the bytes of its image, or where they are.
    type Parked;
    /// How a guest ends: such as its results, or its error.
    type End;
    /// Why a guest could not be parked or thawed.
    type Error;

    /// The time in nanoseconds, by a clock that does not go back.
    fn now_ns(&mut self) -> u64;

    /// Lets a guest begin or go on until it ends or is suspended: calls a function of a store
    /// that is not suspended ([`Store::is_suspended`]), or [`Store::resume`]. It leaves the
    /// store's deadline and budget as they are.
    fn step(&mut self, guest: GuestId, store: &mut Store<Self::Data>) -> Outcome<Self::End>;

    /// Says what a guest waits for, of which a host function has just answered
    /// [`Pending`](crate::runtime::Pending): by [`Store::pending_call`], or by what the function
    /// has left in the data.
    fn wait(&mut self, guest: GuestId, store: &mut Store<Self::Data>) -> Wait;

    /// Makes a guest an image, and keeps that: `store.freeze()?.to_bytes()` in memory, or
    /// [`write_to`](crate::image::InstanceImage::write_to) somewhere else. The store is dropped
    /// then.
    ///
    /// # Errors
    ///
    /// The guest stays as it is, and is pinned ([`Scheduler::set_pinned`]).
    fn park(
        &mut self,
        guest: GuestId,
        store: &mut Store<Self::Data>,
    ) -> Result<Self::Parked, Self::Error>;

    /// Makes a guest of its image: `engine.thaw(RawImage::parse(bytes)?, linker, data)?`.
    /// `parked` is dropped then.
    ///
    /// # Errors
    ///
    /// The guest stays parked, and is not run until it is woken ([`Scheduler::wake`]).
    fn thaw(
        &mut self,
        guest: GuestId,
        parked: &Self::Parked,
    ) -> Result<Store<Self::Data>, Self::Error>;

    /// A slice of [`Slice::Time`] begins: until [`Self::slice_ends`], something like a timer's
    /// interrupt has to call [`InterruptHandle::tick`], at `end_ns` at the latest.
    fn slice_begins(&mut self, _handle: InterruptHandle, _end_ns: u64) {}

    /// The slice is over.
    fn slice_ends(&mut self) {}
}

/// What a guest waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// A time in nanoseconds, by [`Host::now_ns`], or [`Scheduler::wake`].
    Until(u64),
    /// [`Scheduler::wake`].
    Event,
}

/// How long a guest runs until it is another one's turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slice {
    /// As many nanoseconds, by [`Host::now_ns`]; see [`Store::set_deadline`].
    Time(u64),
    /// As many suspend points, the same on every machine; see [`Store::set_budget`].
    Points(NonZeroU64),
}

/// What came of [`Scheduler::run_next`].
pub enum Event<H: Host> {
    /// A guest has run, and could go on.
    Ran(GuestId),
    /// A guest has run, and waits now.
    Waits(GuestId),
    /// It was the turn of a guest that has written to as much as may be kept while a checkpoint of it
    /// is written out ([`Store::is_short_of_spare_pages`]): no guest has run, and it is the turn of
    /// others of its priority. Some more of the checkpoint is to be written.
    Short(GuestId),
    /// A guest has run, and is over. The scheduler has forgotten it.
    Ended {
        /// The guest.
        guest: GuestId,
        /// Its store.
        store: Store<H::Data>,
        /// How it ended.
        end: H::End,
    },
    /// No guest can run.
    Idle {
        /// When the next one can, by [`Host::now_ns`]; None: not before one is woken or added.
        until_ns: Option<u64>,
    },
}

/// Why a guest could not be parked or thawed. No guest is lost, and others can run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchedulerError<E> {
    /// As for [`Host::park`].
    #[error("guest {} could not be parked: {error}", guest.0)]
    Park {
        /// The guest.
        guest: GuestId,
        /// What the host says.
        error: E,
    },
    /// As for [`Host::thaw`].
    #[error("guest {} could not be thawed: {error}", guest.0)]
    Thaw {
        /// The guest.
        guest: GuestId,
        /// What the host says.
        error: E,
    },
}

/// What there is of a guest.
pub enum Body<H: Host> {
    /// A store.
    Live(Store<H::Data>),
    /// An image.
    Parked(H::Parked),
}

/// A guest that is not running.
struct Guest<H: Host> {
    priority: u8,
    is_pinned: bool,
    state: State,
    body: Body<H>,
}

#[derive(Clone, Copy)]
enum State {
    Ready,
    Waiting(WaitKey),
}

/// Guests, and whose turn it is.
pub struct Scheduler<H: Host> {
    host: H,
    slice: Slice,
    max_live: usize,
    guests: BTreeMap<GuestId, Guest<H>>,
    ready: ReadyQueue,
    waiting: Waiting,
    live_count: usize,
    next_id: u64,
}

impl<H: Host> Scheduler<H> {
    /// Makes a scheduler without guests, or a bound on their stores.
    pub fn new(host: H, slice: Slice) -> Self {
        Self {
            host,
            slice,
            max_live: usize::MAX,
            guests: BTreeMap::new(),
            ready: ReadyQueue::default(),
            waiting: Waiting::default(),
            live_count: 0,
            next_id: 0,
        }
    }

    /// The embedder's part.
    pub fn host(&self) -> &H {
        &self.host
    }

    /// The embedder's part, to change.
    pub fn host_mut(&mut self) -> &mut H {
        &mut self.host
    }

    /// Drops all guests, and gives the embedder's part back.
    pub fn into_host(self) -> H {
        self.host
    }

    /// Sets how long guests run from now on.
    pub fn set_slice(&mut self, slice: Slice) {
        self.slice = slice;
    }

    /// Bounds how many guests have a store at a time, the running one included; the others are
    /// parked, but those that are pinned: if there are too many of these, so there are stores.
    pub fn set_max_live(&mut self, max_live: usize) {
        self.max_live = max_live;
    }

    /// Adds a guest that can run: one that has not begun or one that is suspended. Higher
    /// priorities run first. Call [`Self::trim`] if there may be too many stores now.
    pub fn add(&mut self, store: Store<H::Data>, priority: u8) -> GuestId {
        self.live_count += 1;
        self.insert(Body::Live(store), priority)
    }

    /// Adds a guest that can run, of which there is an image.
    pub fn add_parked(&mut self, parked: H::Parked, priority: u8) -> GuestId {
        self.insert(Body::Parked(parked), priority)
    }

    fn insert(&mut self, body: Body<H>, priority: u8) -> GuestId {
        let id = GuestId(self.next_id);
        self.next_id += 1;
        let guest = Guest {
            priority,
            is_pinned: false,
            state: State::Ready,
            body,
        };
        self.guests.insert(id, guest);
        self.ready.push(priority, id);
        id
    }

    /// Takes a guest out of the scheduler.
    pub fn remove(&mut self, guest: GuestId) -> Option<Body<H>> {
        let entry = self.guests.remove(&guest)?;
        match entry.state {
            State::Ready => self.ready.remove(entry.priority, guest),
            State::Waiting(key) => self.waiting.remove(guest, key),
        }
        if let Body::Live(_) = entry.body {
            self.live_count -= 1;
        }
        Some(entry.body)
    }

    /// What there is of a guest.
    pub fn body(&self, guest: GuestId) -> Option<&Body<H>> {
        Some(&self.guests.get(&guest)?.body)
    }

    /// What there is of a guest, to change: such as to complete its pending call.
    pub fn body_mut(&mut self, guest: GuestId) -> Option<&mut Body<H>> {
        Some(&mut self.guests.get_mut(&guest)?.body)
    }

    /// All guests, in the order in which they were added.
    pub fn guests(&self) -> impl Iterator<Item = GuestId> + '_ {
        self.guests.keys().copied()
    }

    /// How many guests there are.
    pub fn len(&self) -> usize {
        self.guests.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.guests.is_empty()
    }

    /// How many guests have a store.
    pub fn live_count(&self) -> usize {
        self.live_count
    }

    /// Makes a waiting guest ready, and says whether it was one. A host function that it
    /// waits in is called again, and may answer that it waits on: so nothing is lost by waking
    /// once too often. To be called when what a guest waits for has happened, by whoever has
    /// the scheduler; interrupt handlers leave it a note.
    pub fn wake(&mut self, guest: GuestId) -> bool {
        let Some(entry) = self.guests.get_mut(&guest) else {
            return false;
        };
        let State::Waiting(key) = entry.state else {
            return false;
        };
        entry.state = State::Ready;
        self.waiting.remove(guest, key);
        self.ready.push(entry.priority, guest);
        true
    }

    /// Keeps a guest from being parked by the scheduler itself, or no longer. Guests that there
    /// are not are ignored.
    pub fn set_pinned(&mut self, guest: GuestId, is_pinned: bool) {
        if let Some(entry) = self.guests.get_mut(&guest) {
            entry.is_pinned = is_pinned;
        }
    }

    /// Parks guests until no more of them than the bound have a store.
    ///
    /// # Errors
    ///
    /// [`SchedulerError::Park`].
    pub fn trim(&mut self) -> Result<(), SchedulerError<H::Error>> {
        self.make_room(0)
    }

    /// Parks a guest that is ready or waits; one that there is not or that is parked already is
    /// ignored.
    ///
    /// # Errors
    ///
    /// [`SchedulerError::Park`].
    pub fn park(&mut self, guest: GuestId) -> Result<(), SchedulerError<H::Error>> {
        let Some(entry) = self.guests.get_mut(&guest) else {
            return Ok(());
        };
        let Body::Live(store) = &mut entry.body else {
            return Ok(());
        };
        match self.host.park(guest, store) {
            Ok(parked) => {
                entry.body = Body::Parked(parked);
                self.live_count -= 1;
                Ok(())
            }
            Err(error) => {
                entry.is_pinned = true;
                Err(SchedulerError::Park { guest, error })
            }
        }
    }

    /// Parks guests until there is room for so many stores more.
    fn make_room(&mut self, more: usize) -> Result<(), SchedulerError<H::Error>> {
        while self.live_count + more > self.max_live {
            let Some(victim) = self.victim() else {
                break;
            };
            self.park(victim)?;
        }
        Ok(())
    }

    /// The guest with a store that needs it least.
    fn victim(&self) -> Option<GuestId> {
        let mut candidates = self.waiting.longest_first().chain(self.ready.last_first());
        let can_be_parked = |guest: &GuestId| {
            let entry = &self.guests[guest];
            !entry.is_pinned && matches!(entry.body, Body::Live(_))
        };
        candidates.find(can_be_parked)
    }
}
