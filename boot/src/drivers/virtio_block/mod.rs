//! The disk: a virtio block device (virtio 1.2, section 5.2).
//!
//! What is to be read and written becomes [`transfer`]s: rows of blocks with the pieces of memory that
//! they come from or go to, which are cut into requests as large as the device takes them
//! ([`limits`]). As many as possible are with the device at once ([`ring`]). Data go
//! straight from and to where they are, be it a guest's memory. Who waits for the device halts
//! until it interrupts, or lets a guest run ([`meanwhile`]); or does not wait ([`behind`],
//! [`VirtioDisk::start_writes`]).

#![expect(
    unsafe_code,
    reason = "gives memory to a device for as long as requests take"
)]

mod behind;
mod error;
mod limits;
mod meanwhile;
mod ring;
mod transfer;

pub use error::{DiskError, RequestError};
pub use meanwhile::Meanwhile;

use super::messages::Messages;
use super::{pci, virtio_mmio};
use crate::arch::{clock, device_interrupts, io_apic};
use alloc::collections::{BTreeMap, VecDeque};
use alloc::rc::Rc;
use alloc::vec;
use alloc::vec::Vec;
use behind::Behind;
use core::cell::RefCell;
use core::ptr::NonNull;
use limits::{INDIRECT, Limits, SECTOR, VERSION_1, WANTED};
use ring::Ring;
use transfer::{Operation, Piece, Transfer};
use virtio_drivers::transport::{DeviceStatus, SomeTransport, Transport};
use woodfrog::checkpoint::{BlockDevice, DeviceError, ReadRequest, WriteRequest};

/// How long a device may complete nothing.
const PATIENCE_NS: u64 = 60_000_000_000;
/// How long to halt at most: an interrupt that gets lost costs no more.
const MAX_HALT_NS: u64 = 100_000_000;
/// How often to look before halting: many requests are done sooner than an interrupt comes.
const LOOKS: u32 = 1000;

/// A virtio block device: the machine's first, or what an image brings along.
pub struct VirtioDisk<T: Transport = SomeTransport<'static>> {
    /// Dropped first: what is below belongs to requests.
    ring: Ring<T>,
    limits: Limits,
    /// What the device is still to be asked for.
    transfers: VecDeque<Transfer>,
    groups: BTreeMap<u64, Group>,
    next_group: u64,
    behind: Behind,
    meanwhile: Option<Rc<RefCell<dyn Meanwhile>>>,
    interrupt: Interrupt,
    /// When the device completed something last, or was idle.
    last_progress_ns: u64,
    is_given_up: bool,
}

/// Requests that somebody waits for together.
#[derive(Default)]
struct Group {
    /// Transfers that are not over, and requests that the device has.
    unfinished: usize,
    /// What went wrong first.
    error: Option<RequestError>,
    /// The data of writes that nobody keeps meanwhile.
    data: Vec<Vec<u8>>,
}

/// How the device says that it has completed something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Interrupt {
    /// Not at all: one has to look.
    None,
    /// By a message.
    Message,
    /// By the line of this pin of an I/O APIC.
    Pin(u8),
}

/// Writes that go on while something else runs.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "whether the writes succeed is known when they are finished"]
pub struct Started(u64);

impl VirtioDisk {
    /// Finds and starts the device, over PCI if there is one, else memory-mapped.
    ///
    /// # Errors
    ///
    /// [`DiskError`].
    pub fn find() -> Result<Self, DiskError> {
        if let Some(found) = pci::find_block_device() {
            let (transport, messages) = found.map_err(DiskError::Pci)?;
            return Self::new(transport.into(), messages);
        }
        let transport = virtio_mmio::find_block_device().ok_or(DiskError::NotFound)?;
        let mut disk = Self::new(transport.into(), None)?;
        disk.find_pin();
        Ok(disk)
    }
}

impl<T: Transport> VirtioDisk<T> {
    /// Starts a device that does not interrupt. When the transport is dropped, it resets
    /// the device.
    ///
    /// # Errors
    ///
    /// [`DiskError`].
    pub fn with_transport(transport: T) -> Result<Self, DiskError> {
        Self::new(transport, None)
    }

    /// Starts a device, in the order of virtio 1.2, section 3.1.1.
    fn new(mut transport: T, messages: Option<Messages>) -> Result<Self, DiskError> {
        let found = DeviceStatus::ACKNOWLEDGE | DeviceStatus::DRIVER;
        transport.set_status(DeviceStatus::empty());
        transport.set_status(found);
        let features = transport.read_device_features() & WANTED;
        if features & VERSION_1 == 0 {
            return Err(DiskError::Legacy);
        }
        transport.write_driver_features(features);
        transport.set_status(found | DeviceStatus::FEATURES_OK);
        if !transport.get_status().contains(DeviceStatus::FEATURES_OK) {
            return Err(DiskError::Legacy);
        }
        let limits = Limits::read(&transport, features)?;
        let interrupt = match messages.filter(Messages::enable) {
            Some(_) => Interrupt::Message,
            None => Interrupt::None,
        };
        let is_indirect = features & INDIRECT != 0;
        let mut ring = Ring::new(transport, is_indirect)?;
        ring.set_interrupts(interrupt != Interrupt::None);
        Ok(Self {
            ring,
            limits,
            transfers: VecDeque::new(),
            groups: BTreeMap::new(),
            next_group: 0,
            behind: Behind::default(),
            meanwhile: None,
            interrupt,
            last_progress_ns: 0,
            is_given_up: false,
        })
    }

    /// How many interrupts of the device there were; None if it makes none, so that one
    /// has to look what it has done.
    pub fn interrupt_count(&self) -> Option<u64> {
        match self.interrupt {
            Interrupt::None => None,
            Interrupt::Message => Some(device_interrupts::count(device_interrupts::MESSAGE_VECTOR)),
            Interrupt::Pin(pin) => Some(count_of_pin(pin)),
        }
    }

    /// Finds out by which pin the device interrupts, if it does.
    fn find_pin(&mut self) {
        const ROUNDS: u32 = 4;
        const WAIT_NS: u64 = 20_000_000;
        let mut block = vec![0; self.limits.block];
        let mut pins: Vec<u8> = (0..device_interrupts::PINS).collect();
        self.ring.set_interrupts(true);
        for _ in 0..ROUNDS {
            self.ring.acknowledge();
            io_apic::choose_pins(|pin| pins.contains(&pin));
            let before: Vec<u64> = pins.iter().map(|&pin| count_of_pin(pin)).collect();
            if self.read_blocks(0, &mut block).is_err() {
                pins.clear();
                break;
            }
            let start = clock::monotonic_ns();
            let has_come = |(&pin, &before): (&u8, &u64)| count_of_pin(pin) > before;
            while !pins.iter().zip(&before).any(has_come) && clock::monotonic_ns() - start < WAIT_NS
            {
                core::hint::spin_loop();
            }
            let have_come = pins.iter().zip(&before).filter(|&pair| has_come(pair));
            pins = have_come.map(|(&pin, _)| pin).collect();
        }
        match pins[..] {
            [pin] => self.interrupt = Interrupt::Pin(pin),
            _ => self.ring.set_interrupts(false),
        }
        io_apic::choose_pins(|pin| self.interrupt == Interrupt::Pin(pin));
    }

    /// Writes data to blocks while something else runs. The device gets its next requests
    /// whenever [`Self::advance`] or anything else of the disk is called; its interrupts tell when
    /// that is worth while ([`device_interrupts::set_waker`]). Until they are finished, what
    /// is in these blocks is one or the other.
    ///
    /// # Errors
    ///
    /// [`DeviceError`], if they cannot even begin.
    pub fn start_writes(&mut self, writes: Vec<(u64, Vec<u8>)>) -> Result<Started, DeviceError> {
        self.check_writable()?;
        for (first, data) in &writes {
            self.check_range(*first, data.len())?;
        }
        let pieces = writes
            .iter()
            .map(|(first, data)| (*first, NonNull::from(&data[..])));
        // SAFETY: the group keeps the data until it is finished, or the disk is dropped.
        let group = unsafe { self.begin(Operation::Write, pieces) };
        let entry = self.groups.get_mut(&group).expect("just begun");
        entry.data = writes.into_iter().map(|(_, data)| data).collect();
        self.advance();
        Ok(Started(group))
    }

    /// Whether writes are finished, as far as is known.
    pub fn are_finished(&self, writes: &Started) -> bool {
        self.groups[&writes.0].unfinished == 0
    }

    /// Waits until writes are finished. They are durable after a flush.
    ///
    /// # Errors
    ///
    /// [`DeviceError`]; any of the sectors may then have been written.
    pub fn finish_writes(&mut self, writes: Started) -> Result<(), DeviceError> {
        self.wait(writes.0)
    }

    /// Takes from the device what it has completed, and gives it what is next.
    pub fn advance(&mut self) {
        loop {
            self.take_completed();
            self.make_requests();
            // What is completed from here on interrupts.
            self.acknowledge();
            if !self.ring.has_completed() || self.is_given_up {
                break;
            }
        }
        self.reap();
    }

    fn acknowledge(&mut self) {
        if let Interrupt::Pin(_) = self.interrupt {
            self.ring.acknowledge();
        }
    }

    fn take_completed(&mut self) {
        while !self.is_given_up {
            match self.ring.pop() {
                Ok(None) => return,
                Ok(Some(completed)) => {
                    self.last_progress_ns = clock::monotonic_ns();
                    self.leave(completed.group, completed.result);
                }
                Err(error) => self.give_up(error),
            }
        }
    }

    fn make_requests(&mut self) {
        if self.ring.is_empty() {
            self.last_progress_ns = clock::monotonic_ns();
        }
        let mut is_new = false;
        while self.ring.has_room()
            && let Some(transfer) = self.transfers.front_mut()
        {
            let group = transfer.group;
            let request = transfer.next_request(&self.limits);
            if request.is_err() || transfer.is_over() {
                self.transfers.pop_front();
            } else {
                self.entry(group).unfinished += 1;
            }
            // SAFETY: whoever began the transfer keeps its memory until the group is finished.
            let result = request.and_then(|request| unsafe { self.ring.add(request) });
            match result {
                Ok(()) => is_new = true,
                Err(error) => self.leave(group, Err(error)),
            }
        }
        if is_new {
            self.ring.notify();
        }
    }

    /// One less of what a group waits for.
    fn leave(&mut self, group: u64, result: Result<(), RequestError>) {
        let entry = self.entry(group);
        entry.unfinished -= 1;
        let Err(error) = result else { return };
        entry.error.get_or_insert(error);
        // Nobody needs the rest.
        let queued = self.transfers.len();
        self.transfers.retain(|transfer| transfer.group != group);
        let dropped = queued - self.transfers.len();
        self.entry(group).unfinished -= dropped;
    }

    fn entry(&mut self, group: u64) -> &mut Group {
        let entry = self.groups.get_mut(&group);
        entry.expect("a group is there until it is finished")
    }

    /// Stops a device that does not do as it should. What it had may have been done or not.
    fn give_up(&mut self, error: RequestError) {
        self.is_given_up = true;
        self.ring.reset();
        self.transfers.clear();
        for group in self
            .groups
            .values_mut()
            .filter(|group| group.unfinished > 0)
        {
            group.unfinished = 0;
            group.error.get_or_insert(error);
        }
    }

    /// Begins a group of requests of one kind, for pieces of memory and the blocks from
    /// a first one on.
    ///
    /// # Safety
    ///
    /// Until the group is finished, or the disk is dropped, the pieces are valid to read; and if
    /// the operation is reading, to write, and nobody else uses them.
    unsafe fn begin(
        &mut self,
        operation: Operation,
        pieces: impl Iterator<Item = (u64, NonNull<[u8]>)>,
    ) -> u64 {
        let group = self.next_group;
        self.next_group += 1;
        let queued = self.transfers.len();
        for (first, piece) in pieces.filter(|(_, piece)| !piece.is_empty()) {
            let sector = first * (self.limits.block as u64 / SECTOR);
            let piece = Piece {
                start: piece.cast(),
                length: piece.len(),
            };
            let is_same = |transfer: &&mut Transfer| transfer.group == group;
            let last = self.transfers.back_mut().filter(is_same);
            if !last.is_some_and(|transfer| transfer.append(sector, piece)) {
                // SAFETY: the caller's.
                let mut transfer = unsafe { Transfer::new(operation, group, sector) };
                transfer.append(sector, piece);
                self.transfers.push_back(transfer);
            }
        }
        let unfinished = self.transfers.len() - queued;
        let group_entry = Group {
            unfinished,
            ..Group::default()
        };
        self.groups.insert(group, group_entry);
        group
    }

    fn begin_flush(&mut self) -> u64 {
        // SAFETY: there is no memory.
        let group = unsafe { self.begin(Operation::Flush, core::iter::empty()) };
        // SAFETY: as above.
        let transfer = unsafe { Transfer::new(Operation::Flush, group, 0) };
        self.transfers.push_back(transfer);
        self.entry(group).unfinished = 1;
        group
    }

    /// Waits until a group is finished.
    fn wait(&mut self, group: u64) -> Result<(), DeviceError> {
        loop {
            self.advance();
            if self.entry(group).unfinished == 0 {
                break;
            }
            self.idle();
        }
        self.take_result(group).map_err(DeviceError::from)
    }

    fn take_result(&mut self, group: u64) -> Result<(), RequestError> {
        let entry = self.groups.remove(&group).expect("it is finished");
        entry.error.map_or(Ok(()), Err)
    }

    /// Does nothing until the device has completed something, or for a while.
    fn idle(&mut self) {
        if self.run_meanwhile() {
            return self.check_patience();
        }
        for _ in 0..LOOKS {
            if self.ring.has_completed() {
                return;
            }
            core::hint::spin_loop();
        }
        self.check_patience();
        if !self.is_given_up && self.interrupt != Interrupt::None {
            self.halt();
        }
    }

    fn check_patience(&mut self) {
        if !self.ring.has_completed() && clock::monotonic_ns() - self.last_progress_ns > PATIENCE_NS
        {
            self.give_up(RequestError::NoAnswer);
        }
    }

    fn check_range(&self, first: u64, length: usize) -> Result<(), DeviceError> {
        if self.is_given_up {
            return Err(RequestError::GivenUp.into());
        }
        let count = (length / self.limits.block) as u64;
        match first.checked_add(count) {
            Some(end) if end <= self.limits.blocks() => Ok(()),
            _ => Err(DeviceError::OutOfRange { first, count }),
        }
    }

    fn check_writable(&self) -> Result<(), DeviceError> {
        match self.limits.is_read_only {
            true => Err(RequestError::ReadOnly.into()),
            false => Ok(()),
        }
    }
}

fn count_of_pin(pin: u8) -> u64 {
    device_interrupts::count(device_interrupts::VECTORS.start + pin)
}

impl<T: Transport> BlockDevice for VirtioDisk<T> {
    fn block_size(&self) -> usize {
        self.limits.block
    }

    fn block_count(&self) -> u64 {
        self.limits.blocks()
    }

    fn has_flush(&self) -> bool {
        self.limits.has_flush
    }

    fn read_blocks(&mut self, first: u64, buffer: &mut [u8]) -> Result<(), DeviceError> {
        self.read_batch(&mut [ReadRequest { first, buffer }])
    }

    fn write_blocks(&mut self, first: u64, data: &[u8]) -> Result<(), DeviceError> {
        self.write_batch(&[WriteRequest { first, data }])
    }

    fn write_batch(&mut self, requests: &[WriteRequest<'_>]) -> Result<(), DeviceError> {
        self.check_writable()?;
        for request in requests {
            self.check_range(request.first, request.data.len())?;
            self.settle(&self.blocks_of(request.first, request.data.len()));
        }
        if let Some(buffer) = self.shared_by(requests) {
            return self.write_behind(requests, buffer);
        }
        let pieces = requests.iter();
        let pieces = pieces.map(|request| (request.first, NonNull::from(request.data)));
        // SAFETY: the data are borrowed until the group is finished.
        let group = unsafe { self.begin(Operation::Write, pieces) };
        self.wait(group)
    }

    fn read_batch(&mut self, requests: &mut [ReadRequest<'_>]) -> Result<(), DeviceError> {
        for request in &*requests {
            self.check_range(request.first, request.buffer.len())?;
            self.settle(&self.blocks_of(request.first, request.buffer.len()));
        }
        let pieces = requests.iter_mut();
        let pieces = pieces.map(|request| (request.first, NonNull::from(&mut *request.buffer)));
        // SAFETY: the buffers are borrowed until the group is finished.
        let group = unsafe { self.begin(Operation::Read, pieces) };
        self.wait(group)
    }

    /// All writes that were started are finished first, so that they are durable, too.
    fn flush(&mut self) -> Result<(), DeviceError> {
        self.check_range(0, 0)?;
        if !self.limits.has_flush {
            return Err(RequestError::Unsupported.into());
        }
        while self.groups.values().any(|group| group.unfinished > 0) {
            self.advance();
            self.idle();
        }
        self.finish_behind()?;
        let group = self.begin_flush();
        self.wait(group)
    }

    fn yield_now(&mut self) {
        // Who computes may be what could run.
        if let Some(Ok(mut meanwhile)) = self.meanwhile.as_ref().map(|it| it.try_borrow_mut()) {
            meanwhile.take_turn();
        }
    }
}
