//! Linear memories of a store.
//!
//! A memory reserves all the address space that accesses of machine code can
//! reach, so its base never changes and machine code does not ask for the size: pages
//! behind the current size are not committed, and a touch faults.

#![expect(unsafe_code, reason = "makes slices of guest memory")]

use super::code_memory::Reservation;
use super::lazy::{PageError, SharedPages, Withheld};
use super::store_core::StoreCore;
use super::vmctx::Pinned;
use super::{AsContext, AsContextMut, InterruptHandle, LimitError};
use crate::abi::vmctx::VmMemory;
use crate::limits::{MEMORY_RESERVATION, MEMORY64_RESERVATION, WASM_PAGE};
use crate::module::{AddressType, MemoryType};
use crate::platform::tracking::Tracker;
use crate::platform::{Platform, PlatformError};
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;

/// A linear memory of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    pub(super) store: u64,
    pub(super) addr: u32,
}

/// Why a memory could not be made or grown.
#[derive(Debug, thiserror::Error)]
pub enum MemoryError {
    /// More pages than the maximum.
    #[error("{wanted} pages of at most {maximum}")]
    TooLarge {
        /// How many pages were wanted.
        wanted: u64,
        /// The maximum.
        maximum: u64,
    },
    /// The store's limiter does not admit it.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// The platform has no memory left.
    #[error(transparent)]
    Platform(#[from] PlatformError),
}

/// Why guest memory could not be accessed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MemoryAccessError {
    /// The range is not within the memory.
    #[error("{len} bytes at {address} are not within a memory of {size} bytes")]
    OutOfBounds {
        /// First address.
        address: u64,
        /// How many bytes.
        len: u64,
        /// The memory's size in bytes.
        size: u64,
    },
    /// The calling instance does not export a memory of that name.
    #[error("no such memory is exported")]
    NoMemory,
    /// The store was thawed lazily, and a page cannot be read now that it is needed.
    #[error(transparent)]
    Page(#[from] PageError),
}

/// A memory in the store: its pages and limits.
pub(super) struct MemoryEntry {
    pub(super) vm: Pinned<VmMemory>,
    /// Knows what was written to since the last checkpoint; None before the first one.
    tracker: Option<Arc<dyn Tracker>>,
    pub(super) reservation: Reservation,
    /// The pages that it does not have yet, if it was thawed lazily.
    pub(super) withheld: Option<Withheld>,
    /// The type it was made with.
    pub(super) declared: MemoryType,
}

impl MemoryEntry {
    /// Reserves a memory, which has no pages yet.
    pub(super) fn new(platform: &Arc<dyn Platform>, ty: MemoryType) -> Result<Self, MemoryError> {
        let size = match ty.address {
            AddressType::I32 => MEMORY_RESERVATION,
            AddressType::I64 => MEMORY64_RESERVATION,
        };
        let reservation = Reservation::new(platform, size as usize)?;
        Ok(Self {
            vm: Pinned::new(VmMemory {
                base: reservation.start().as_ptr(),
                pages: 0,
            }),
            tracker: None,
            withheld: None,
            reservation,
            declared: ty,
        })
    }

    /// Its tracker, which is made when first asked for; None: the platform cannot. It suspends the
    /// store by the handle when spare pages get short.
    pub(super) fn tracker(
        &mut self,
        spare_pages: usize,
        store: &InterruptHandle,
    ) -> Option<Arc<dyn Tracker>> {
        if self.tracker.is_none() {
            let tracker = self.reservation.track(spare_pages)?;
            let store = store.clone();
            tracker.set_waker(Box::new(move || store.request_suspend()));
            self.tracker = Some(tracker);
        }
        self.tracker.clone()
    }

    /// Whether it had better not be written to, because spare pages are short.
    pub(super) fn is_short(&self) -> bool {
        let tracker = self.tracker.as_ref();
        tracker.is_some_and(|tracker| tracker.is_short())
    }

    /// Forgets what is known of writes.
    pub(super) fn untrack(&mut self) {
        self.tracker = None;
    }

    pub(super) fn ty(&self) -> MemoryType {
        MemoryType {
            minimum: self.pages(),
            ..self.declared
        }
    }

    pub(super) fn pages(&self) -> u64 {
        self.vm.get().pages
    }

    /// Size in bytes.
    pub(super) fn len(&self) -> u64 {
        self.pages() * WASM_PAGE
    }

    pub(super) fn base(&self) -> *mut u8 {
        self.reservation.start().as_ptr()
    }

    /// Whether an access to an address is one to this memory, in bounds or not.
    pub(super) fn reserves(&self, address: u64) -> bool {
        self.reservation.contains(address)
    }

    /// Grows by `delta` pages and returns the old number.
    pub(super) fn grow(&mut self, delta: u64) -> Result<u64, MemoryError> {
        let old = self.pages();
        let maximum = self.declared.size_limit();
        let wanted = old.saturating_add(delta);
        if wanted > maximum {
            return Err(MemoryError::TooLarge { wanted, maximum });
        }
        let (offset, size) = (old * WASM_PAGE, delta * WASM_PAGE);
        self.reservation.commit(offset as usize, size as usize)?;
        self.vm.set(VmMemory {
            base: self.base(),
            pages: wanted,
        });
        Ok(old)
    }

    /// Withholds all of its pages, which nobody has touched, until they are needed.
    pub(super) fn withhold(&mut self, memory: u32, shared: &SharedPages) {
        let size = self.len() as usize;
        self.withheld = Some(Withheld::new(&self.reservation, size, memory, shared));
    }

    /// How many pages it does not have yet. Neither locks nor allocates.
    pub(super) fn withheld_count(&self) -> usize {
        self.withheld.as_ref().map_or(0, Withheld::count)
    }

    /// Whether the page of an address of the machine is one that it does not have yet.
    pub(super) fn withholds(&self, address: u64) -> bool {
        let offset = || address as usize - self.base() as usize;
        let withheld = self.withheld.as_ref().filter(|_| self.reserves(address));
        withheld.is_some_and(|withheld| withheld.has(offset()))
    }

    /// Has the page of an address of the machine, which it reserves, read if it is withheld.
    pub(super) fn load_address(&self, address: u64) -> Result<(), PageError> {
        let offset = address as usize - self.base() as usize;
        self.load(offset..offset + 1)
    }

    /// Has all pages read that it does not have yet.
    pub(super) fn load_all(&self) -> Result<(), PageError> {
        self.load_ahead(0..self.len() as usize)
    }

    /// Has the pages of a range read that it does not have yet. Whoever touches memory
    /// in Rust has done this before: it must not fault there.
    #[inline]
    pub(super) fn load(&self, range: Range<usize>) -> Result<(), PageError> {
        match &self.withheld {
            Some(withheld) if withheld.count() > 0 => withheld.load(&self.reservation, range),
            _ => Ok(()),
        }
    }

    /// All of its bytes.
    ///
    /// # Errors
    ///
    /// As for [`Self::load_all`].
    pub(super) fn bytes(&self) -> Result<&[u8], PageError> {
        self.load_all()?;
        // SAFETY: the pages up to the size are committed, readable and supplied. Machine code, which
        // writes to them, does not run while the store is borrowed.
        Ok(unsafe { core::slice::from_raw_parts(self.base(), self.len() as usize) })
    }

    /// The ranges of its bytes that may hold something else than zeros, in ascending order.
    pub(super) fn touched(&self) -> Vec<Range<usize>> {
        self.reservation.touched(self.len() as usize)
    }

    /// All of its bytes, to change.
    ///
    /// # Errors
    ///
    /// As for [`Self::load_all`].
    pub(super) fn bytes_mut(&mut self) -> Result<&mut [u8], PageError> {
        self.load_all()?;
        // SAFETY: as for `bytes`; the entry is borrowed exclusively.
        Ok(unsafe { core::slice::from_raw_parts_mut(self.base(), self.len() as usize) })
    }

    /// The bytes at `address`.
    pub(super) fn range(&self, address: u64, len: u64) -> Result<&[u8], MemoryAccessError> {
        let range = self.check(address, len)?;
        self.load(range.clone())?;
        let start = self.base().wrapping_add(range.start);
        // SAFETY: the range was checked to lie in the memory, and its pages are there; the rest is
        // as for `bytes`.
        Ok(unsafe { core::slice::from_raw_parts(start, range.len()) })
    }

    /// The bytes at `address`, to change.
    pub(super) fn range_mut(
        &mut self,
        address: u64,
        len: u64,
    ) -> Result<&mut [u8], MemoryAccessError> {
        let range = self.check(address, len)?;
        self.load(range.clone())?;
        let start = self.base().wrapping_add(range.start);
        // SAFETY: as for `range`; the entry is borrowed exclusively.
        Ok(unsafe { core::slice::from_raw_parts_mut(start, range.len()) })
    }

    /// Copies the `count` bytes at `from` to `to`, which may overlap.
    pub(super) fn copy_within(
        &mut self,
        from: u64,
        to: u64,
        count: u64,
    ) -> Result<(), MemoryAccessError> {
        let (from, to) = (self.check(from, count)?, self.check(to, count)?);
        self.load(from.clone())?;
        self.load(to.clone())?;
        let (source, target) = (
            self.base().wrapping_add(from.start),
            self.base().wrapping_add(to.start),
        );
        // SAFETY: both ranges were checked to lie in the memory, which is borrowed exclusively, and
        // their pages are there.
        unsafe { source.copy_to(target, from.len()) };
        Ok(())
    }

    fn check(&self, address: u64, len: u64) -> Result<Range<usize>, MemoryAccessError> {
        let size = self.len();
        match address.checked_add(len) {
            Some(end) if end <= size => Ok(address as usize..end as usize),
            _ => Err(MemoryAccessError::OutOfBounds { address, len, size }),
        }
    }
}

/// A memory that is borrowed exclusively, of which ranges can be had.
pub struct MemoryRanges<'a>(&'a mut MemoryEntry);

impl MemoryRanges<'_> {
    /// The `len` bytes at `address`.
    ///
    /// # Errors
    ///
    /// [`MemoryAccessError`].
    pub fn get(&self, address: u64, len: u64) -> Result<&[u8], MemoryAccessError> {
        self.0.range(address, len)
    }

    /// The `len` bytes at `address`, to change.
    ///
    /// # Errors
    ///
    /// As [`Self::get`].
    pub fn get_mut(&mut self, address: u64, len: u64) -> Result<&mut [u8], MemoryAccessError> {
        self.0.range_mut(address, len)
    }
}

/// What a function that returns no error cannot do without.
fn needed<T>(bytes: Result<T, PageError>) -> T {
    bytes.unwrap_or_else(|error| panic!("{error}; Store::load_pages would have said so"))
}

impl Memory {
    /// Makes a memory.
    ///
    /// # Errors
    ///
    /// [`MemoryError`].
    pub fn new(mut store: impl AsContextMut, ty: MemoryType) -> Result<Self, MemoryError> {
        let mut context = store.as_context_mut();
        let core = context.core_mut();
        let addr = core.add_memory(ty, ty.minimum)?;
        Ok(Self {
            store: core.id,
            addr,
        })
    }

    /// Its type, with the current size as minimum.
    ///
    /// # Panics
    ///
    /// This and all below panic if the memory is of another store.
    pub fn ty(&self, store: impl AsContext) -> MemoryType {
        self.entry(store.as_context().core()).ty()
    }

    /// Its size in pages of 64 KiB.
    pub fn size(&self, store: impl AsContext) -> u64 {
        self.entry(store.as_context().core()).pages()
    }

    /// Its bytes.
    ///
    /// # Panics
    ///
    /// This and other ways to all bytes at once read all pages that a store that was thawed lazily
    /// does not have yet, and panic if one cannot be read. [`Store::load_pages`](super::Store::load_pages)
    /// before returns the error; [`Self::read`] and [`Self::write`] read what they need.
    pub fn data<'a, T: 'static>(&self, store: &'a impl AsContext<Data = T>) -> &'a [u8] {
        needed(self.entry(store.as_context().into_core()).bytes())
    }

    /// Its bytes, to change.
    ///
    /// They are not for system calls to write to: on Linux, those fail with `EFAULT` at a page that
    /// has not been written to since a checkpoint began ([`Store::begin_checkpoint`](super::Store::begin_checkpoint)).
    /// [`Self::write`] what they have put elsewhere.
    ///
    /// # Panics
    ///
    /// As [`Self::data`].
    pub fn data_mut<'a, T: 'static>(
        &self,
        store: &'a mut impl AsContextMut<Data = T>,
    ) -> &'a mut [u8] {
        let entry = self.entry_mut(store.as_context_mut().into_core_mut());
        needed(entry.bytes_mut())
    }

    /// Its size in bytes.
    pub fn data_size(&self, store: impl AsContext) -> usize {
        self.entry(store.as_context().core()).len() as usize
    }

    /// Its bytes, to change, and the embedder's data at once; see [`Self::data_mut`].
    ///
    /// # Panics
    ///
    /// As [`Self::data`].
    pub fn data_and_store_mut<'a, T: 'static>(
        &self,
        store: &'a mut impl AsContextMut<Data = T>,
    ) -> (&'a mut [u8], &'a mut T) {
        let (memory, data) = self.ranges_and_store_mut(store);
        (needed(memory.0.bytes_mut()), data)
    }

    /// The memory, range by range, and the embedder's data at once. Of a store that was thawed
    /// lazily it reads only the pages that are asked for.
    pub fn ranges_and_store_mut<'a, T: 'static>(
        &self,
        store: &'a mut impl AsContextMut<Data = T>,
    ) -> (MemoryRanges<'a>, &'a mut T) {
        let inner = store.as_context_mut().into_inner_mut();
        let entry = self.entry_mut(&mut inner.core);
        (MemoryRanges(entry), &mut inner.data)
    }

    /// Copies its bytes at `address` to `buffer`.
    ///
    /// # Errors
    ///
    /// [`MemoryAccessError::OutOfBounds`] and [`MemoryAccessError::Page`].
    pub fn read(
        &self,
        store: impl AsContext,
        address: u64,
        buffer: &mut [u8],
    ) -> Result<(), MemoryAccessError> {
        let context = store.as_context();
        let source = self
            .entry(context.core())
            .range(address, buffer.len() as u64)?;
        buffer.copy_from_slice(source);
        Ok(())
    }

    /// Copies `bytes` to it at `address`.
    ///
    /// # Errors
    ///
    /// [`MemoryAccessError::OutOfBounds`] and [`MemoryAccessError::Page`]; nothing is written then.
    pub fn write(
        &self,
        mut store: impl AsContextMut,
        address: u64,
        bytes: &[u8],
    ) -> Result<(), MemoryAccessError> {
        let mut context = store.as_context_mut();
        let entry = self.entry_mut(context.core_mut());
        entry
            .range_mut(address, bytes.len() as u64)?
            .copy_from_slice(bytes);
        Ok(())
    }

    /// Grows it by `delta` pages and returns the old size.
    ///
    /// # Errors
    ///
    /// [`MemoryError`]; the memory is then as it was.
    pub fn grow(&self, mut store: impl AsContextMut, delta: u64) -> Result<u64, MemoryError> {
        let mut context = store.as_context_mut();
        let core = context.core_mut();
        core.check_store(self.store);
        core.grow_memory(self.addr, delta)
    }

    fn entry<'a>(&self, core: &'a StoreCore) -> &'a MemoryEntry {
        core.check_store(self.store);
        &core.memories[self.addr as usize]
    }

    fn entry_mut<'a>(&self, core: &'a mut StoreCore) -> &'a mut MemoryEntry {
        core.check_store(self.store);
        &mut core.memories[self.addr as usize]
    }
}
