//! How much of its host a store may take: memories, tables, instances.
//!
//! A [`ResourceLimiter`] is part of the store's data, as in Wasmtime, and is asked before
//! anything grows, whoever wants it: machine code, the embedder, an instance being made or an image
//! being restored. [`StoreLimits`] is one that compares with fixed numbers.

#![expect(
    unsafe_code,
    reason = "finds the store's data, whose type the core does not know"
)]

use super::store::StoreInner;
use super::store_core::StoreCore;
use super::{AsContextMut, HostError, MemoryError, Store, TableError};
use crate::limits::WASM_PAGE;
use alloc::boxed::Box;
use core::fmt;
use core::ptr::NonNull;

/// How many instances, tables and memories a store may have of each, if its limiter does not say.
pub const DEFAULT_COUNT_LIMIT: usize = 10_000;

/// Decides how much a store may take. A store has one by [`Store::limiter`].
pub trait ResourceLimiter {
    /// Whether a memory of `current` bytes may grow to `desired`; a new one grows from 0.
    /// `maximum` is what its type declares. It is asked even where that is exceeded; what it
    /// admits may still fail.
    ///
    /// If not, `memory.grow` returns -1, and making a memory fails with [`LimitError::MemorySize`].
    ///
    /// # Errors
    ///
    /// An error ends the call that `memory.grow` is part of, as one of a host function does.
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool, HostError>;

    /// Hears that a memory could not grow though that was admitted.
    ///
    /// # Errors
    ///
    /// As for [`Self::memory_growing`].
    fn memory_grow_failed(&mut self, error: &MemoryError) -> Result<(), HostError> {
        let _ = error;
        Ok(())
    }

    /// Whether a table of `current` elements may grow to `desired`, as
    /// [`Self::memory_growing`]. An element takes 8 bytes of the host's heap, and up to 24 while
    /// the table grows.
    ///
    /// # Errors
    ///
    /// As for [`Self::memory_growing`].
    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool, HostError>;

    /// Hears that a table could not grow though that was admitted.
    ///
    /// # Errors
    ///
    /// As for [`Self::memory_growing`].
    fn table_grow_failed(&mut self, error: &TableError) -> Result<(), HostError> {
        let _ = error;
        Ok(())
    }

    /// How many instances the store may have.
    fn instances(&self) -> usize {
        DEFAULT_COUNT_LIMIT
    }

    /// How many tables the store may have.
    fn tables(&self) -> usize {
        DEFAULT_COUNT_LIMIT
    }

    /// How many memories the store may have.
    fn memories(&self) -> usize {
        DEFAULT_COUNT_LIMIT
    }
}

/// What a store may have a limited number of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Instances.
    Instances,
    /// Tables.
    Tables,
    /// Memories.
    Memories,
}

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Instances => "instances",
            Self::Tables => "tables",
            Self::Memories => "memories",
        })
    }
}

/// What a store's limiter did not admit.
#[derive(Debug, thiserror::Error)]
pub enum LimitError {
    /// One more than the store may have.
    #[error("the store's limiter admits {limit} {counted}")]
    Count {
        /// Of what.
        counted: Counted,
        /// How many it may have.
        limit: usize,
    },
    /// A memory of so many bytes.
    #[error("the store's limiter refuses a memory of {0} bytes")]
    MemorySize(usize),
    /// A table of so many elements.
    #[error("the store's limiter refuses a table of {0} elements")]
    TableSize(usize),
    /// The limiter's own error.
    #[error(transparent)]
    Limiter(HostError),
}

/// Fixed limits. By default there is none but [`DEFAULT_COUNT_LIMIT`].
#[derive(Clone, Debug)]
pub struct StoreLimits {
    memory_size: Option<usize>,
    table_elements: Option<usize>,
    total_table_elements: Option<usize>,
    instances: usize,
    tables: usize,
    memories: usize,
    traps_on_grow_failure: bool,
    /// Elements that all tables have been admitted.
    admitted_elements: usize,
    /// How many of them by the last growth.
    last_admitted: usize,
}

/// Makes [`StoreLimits`].
#[derive(Clone, Debug, Default)]
#[must_use = "the limits are made by `build`"]
pub struct StoreLimitsBuilder {
    limits: StoreLimits,
}

impl Default for StoreLimits {
    fn default() -> Self {
        Self {
            memory_size: None,
            table_elements: None,
            total_table_elements: None,
            instances: DEFAULT_COUNT_LIMIT,
            tables: DEFAULT_COUNT_LIMIT,
            memories: DEFAULT_COUNT_LIMIT,
            traps_on_grow_failure: false,
            admitted_elements: 0,
            last_admitted: 0,
        }
    }
}

impl StoreLimitsBuilder {
    /// Begins with the default limits.
    pub fn new() -> Self {
        Self::default()
    }

    /// Most bytes of each memory.
    pub fn memory_size(mut self, limit: usize) -> Self {
        self.limits.memory_size = Some(limit);
        self
    }

    /// Most elements of each table.
    pub fn table_elements(mut self, limit: usize) -> Self {
        self.limits.table_elements = Some(limit);
        self
    }

    /// Most elements of all tables of the store together: for a host whose heap guests must not
    /// exhaust. Of an instance that could not be made, what it had been admitted stays counted;
    /// so does what a store before had, where limits go on with another one: give that new ones.
    pub fn total_table_elements(mut self, limit: usize) -> Self {
        self.limits.total_table_elements = Some(limit);
        self
    }

    /// Most instances.
    pub fn instances(mut self, limit: usize) -> Self {
        self.limits.instances = limit;
        self
    }

    /// Most tables.
    pub fn tables(mut self, limit: usize) -> Self {
        self.limits.tables = limit;
        self
    }

    /// Most memories.
    pub fn memories(mut self, limit: usize) -> Self {
        self.limits.memories = limit;
        self
    }

    /// Whether a `memory.grow` or `table.grow` that fails, for whatever reason, ends the call
    /// with [`GrowFailed`] rather than returning -1.
    pub fn trap_on_grow_failure(mut self, traps: bool) -> Self {
        self.limits.traps_on_grow_failure = traps;
        self
    }

    /// The limits.
    pub fn build(self) -> StoreLimits {
        self.limits
    }
}

/// Why a call ended in which a memory or table could not grow; see
/// [`StoreLimitsBuilder::trap_on_grow_failure`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GrowFailed {
    /// A memory could not grow to so many bytes.
    #[error("a memory could not grow to {0} bytes")]
    Memory(usize),
    /// A table could not grow to so many elements.
    #[error("a table could not grow to {0} elements")]
    Table(usize),
    /// A memory or table could not grow though its limiter admitted it.
    #[error("a memory or table could not grow")]
    Admitted,
}

impl StoreLimits {
    fn answer(&self, is_admitted: bool, failed: GrowFailed) -> Result<bool, HostError> {
        match is_admitted || !self.traps_on_grow_failure {
            true => Ok(is_admitted),
            false => Err(HostError::new(failed)),
        }
    }
}

impl ResourceLimiter for StoreLimits {
    fn memory_growing(
        &mut self,
        _current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool, HostError> {
        let limit = self.memory_size.into_iter().chain(maximum).min();
        let is_admitted = limit.is_none_or(|limit| desired <= limit);
        self.answer(is_admitted, GrowFailed::Memory(desired))
    }

    fn memory_grow_failed(&mut self, _error: &MemoryError) -> Result<(), HostError> {
        self.answer(false, GrowFailed::Admitted).map(drop)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool, HostError> {
        let added = desired.saturating_sub(current);
        let total = self.admitted_elements.saturating_add(added);
        let limit = self.table_elements.into_iter().chain(maximum).min();
        let is_admitted = limit.is_none_or(|limit| desired <= limit)
            && self.total_table_elements.is_none_or(|limit| total <= limit);
        if is_admitted {
            (self.admitted_elements, self.last_admitted) = (total, added);
        }
        self.answer(is_admitted, GrowFailed::Table(desired))
    }

    fn table_grow_failed(&mut self, _error: &TableError) -> Result<(), HostError> {
        self.admitted_elements -= core::mem::take(&mut self.last_admitted);
        self.answer(false, GrowFailed::Admitted).map(drop)
    }

    fn instances(&self) -> usize {
        self.instances
    }

    fn tables(&self) -> usize {
        self.tables
    }

    fn memories(&self) -> usize {
        self.memories
    }
}

/// Finds the limiter in a store's data.
pub(super) type FindLimiter<T> =
    dyn (FnMut(&mut T) -> &mut dyn ResourceLimiter) + Send + Sync + 'static;

/// Asks the limiter of a store, whose data's type it knows; nobody if there is none.
pub(super) type LimiterDispatch =
    unsafe fn(NonNull<StoreCore>, &mut dyn FnMut(&mut dyn ResourceLimiter));

/// Asks the limiter of a store.
///
/// # Safety
///
/// `core` is that of a `StoreInner<T>`, and nothing refers to its data or limiter.
pub(super) unsafe fn dispatch<T: 'static>(
    core: NonNull<StoreCore>,
    ask: &mut dyn FnMut(&mut dyn ResourceLimiter),
) {
    let inner: *mut StoreInner<T> = core.cast().as_ptr();
    // SAFETY: the caller vouches for the type. Only these two fields are referred to: the core
    // is borrowed by whoever asks.
    let find = unsafe { &mut (*inner).find_limiter };
    // SAFETY: as above.
    let data = unsafe { &mut (*inner).data };
    if let Some(find) = find {
        ask(find(data));
    }
}

impl<T: 'static> Store<T> {
    /// Has the limiter that `find` finds in the store's data asked before anything grows. It is
    /// not asked about what the store has already, but that counts among its instances, tables
    /// and memories.
    ///
    /// # Examples
    ///
    #[doc = include_str!("examples/limits.md")]
    pub fn limiter(
        &mut self,
        find: impl (FnMut(&mut T) -> &mut dyn ResourceLimiter) + Send + Sync + 'static,
    ) {
        let mut context = self.as_context_mut();
        context.inner_mut().find_limiter = Some(Box::new(find));
    }
}

impl StoreCore {
    /// Asks the store's limiter, if it has one.
    fn ask_limiter<R>(&mut self, ask: impl FnOnce(&mut dyn ResourceLimiter) -> R) -> Option<R> {
        // SAFETY: the context is owned by the store, which `attach` has given its address.
        let core = unsafe { (*self.vm.as_ptr()).runtime }.cast();
        let core = NonNull::new(core).expect("a store knows its address");
        let (mut ask, mut answer) = (Some(ask), None);
        let mut once = |limiter: &mut dyn ResourceLimiter| {
            answer = ask.take().map(|ask| ask(limiter));
        };
        // SAFETY: the store made `limiter_dispatch` for its own data type. Whoever has the core
        // exclusively has the store, so nobody refers to its data.
        unsafe { (self.limiter_dispatch)(core, &mut once) };
        answer
    }

    /// Checks that the store may have one more of something.
    pub(super) fn admit(&mut self, counted: Counted) -> Result<(), LimitError> {
        let count = match counted {
            Counted::Instances => self.instances.len(),
            Counted::Tables => self.tables.len(),
            Counted::Memories => self.memories.len(),
        };
        let limit = self.ask_limiter(|limiter| match counted {
            Counted::Instances => limiter.instances(),
            Counted::Tables => limiter.tables(),
            Counted::Memories => limiter.memories(),
        });
        match limit {
            Some(limit) if count >= limit => Err(LimitError::Count { counted, limit }),
            _ => Ok(()),
        }
    }

    /// Grows a memory by `delta` pages, if the limiter admits it, and returns the old size.
    pub(super) fn grow_memory(&mut self, addr: u32, delta: u64) -> Result<u64, MemoryError> {
        let memory = &self.memories[addr as usize];
        let (old, maximum) = (memory.pages(), memory.declared.maximum);
        if delta == 0 {
            return Ok(old);
        }
        let bytes = |pages: u64| pages.saturating_mul(WASM_PAGE) as usize;
        let (current, desired) = (bytes(old), bytes(old.saturating_add(delta)));
        let ask = |limiter: &mut dyn ResourceLimiter| {
            limiter.memory_growing(current, desired, maximum.map(bytes))
        };
        let is_admitted = self.ask_limiter(ask).transpose();
        if is_admitted.map_err(LimitError::Limiter)? == Some(false) {
            return Err(LimitError::MemorySize(desired).into());
        }
        let grown = self.memories[addr as usize].grow(delta);
        if let Err(error) = &grown {
            let heard = self.ask_limiter(|limiter| limiter.memory_grow_failed(error));
            heard.transpose().map_err(LimitError::Limiter)?;
        }
        grown
    }

    /// Grows a table by `delta` elements that are `raw`, if the limiter admits it, and
    /// returns the old size.
    pub(super) fn grow_table(
        &mut self,
        addr: u32,
        delta: u64,
        raw: u64,
    ) -> Result<u64, TableError> {
        let table = &self.tables[addr as usize];
        let (old, maximum) = (table.len(), table.declared.maximum);
        if delta == 0 {
            return Ok(old);
        }
        let (current, desired) = (old as usize, old.saturating_add(delta) as usize);
        let ask = |limiter: &mut dyn ResourceLimiter| {
            limiter.table_growing(current, desired, maximum.map(|maximum| maximum as usize))
        };
        let is_admitted = self.ask_limiter(ask).transpose();
        if is_admitted.map_err(LimitError::Limiter)? == Some(false) {
            return Err(LimitError::TableSize(desired).into());
        }
        let grown = self.tables[addr as usize].grow(delta, raw);
        if let Err(error) = &grown {
            let heard = self.ask_limiter(|limiter| limiter.table_grow_failed(error));
            heard.transpose().map_err(LimitError::Limiter)?;
        }
        grown
    }
}
