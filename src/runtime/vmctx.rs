//! Allocation of what machine code points to, and the store's list of contexts.
//!
//! [`ContextList`] owns every [`VmCtx`] of a store and outlives it while
//! somebody holds an interrupt handle, so a suspension request may walk it at
//! any time. Contexts are only ever added.

#![expect(
    unsafe_code,
    reason = "allocates, links and frees structures that machine code points to"
)]

use super::SuspendReason;
use crate::abi::vmctx::{VmCtx, VmFuncRef, VmHostFunc, VmOffsets};
use alloc::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use alloc::boxed::Box;
use core::marker::PhantomData;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicPtr, AtomicU8, AtomicU64, Ordering};

/// A heap object that machine code holds addresses of: like a box, but
/// without a claim to be the only pointer.
pub(super) struct Pinned<T> {
    pointer: NonNull<T>,
    owns: PhantomData<T>,
}

impl<T> Pinned<T> {
    pub(super) fn new(value: T) -> Self {
        Self {
            pointer: NonNull::from(Box::leak(Box::new(value))),
            owns: PhantomData,
        }
    }

    pub(super) fn as_ptr(&self) -> *mut T {
        self.pointer.as_ptr()
    }
}

impl<T> Pinned<T> {
    pub(super) fn get(&self) -> &T {
        // SAFETY: the object lives as long as `self`, and machine code does not run
        // while Rust code looks at a store.
        unsafe { self.pointer.as_ref() }
    }

    pub(super) fn set(&mut self, value: T) {
        // SAFETY: as for `get`, and `self` is borrowed exclusively.
        unsafe { *self.pointer.as_ptr() = value }
    }
}

impl<T> Drop for Pinned<T> {
    fn drop(&mut self) {
        // SAFETY: the pointer came from a box in `new`, and this is its one owner.
        drop(unsafe { Box::from_raw(self.pointer.as_ptr()) });
    }
}

/// What a host function is to machine code: the funcref and its context.
pub(super) struct HostContext {
    pub(super) func_ref: Pinned<VmFuncRef>,
    // Held for the address in `func_ref`.
    _host_func: Pinned<VmHostFunc>,
}

impl HostContext {
    pub(super) fn new(
        host_func: VmHostFunc,
        thunk: *const u8,
        signature: u32,
        func_addr: u32,
    ) -> Self {
        let host_func = Pinned::new(host_func);
        let func_ref = Pinned::new(VmFuncRef {
            code: thunk,
            vmctx: host_func.as_ptr().cast(),
            signature,
            func_addr,
        });
        Self {
            func_ref,
            _host_func: host_func,
        }
    }
}

/// The store address of the function that a raw, non-null funcref stands for.
pub(super) fn func_addr_of(raw: u64) -> u32 {
    assert!(raw != 0, "a null funcref has no address");
    // SAFETY: raw funcrefs come from this store's machine code, which makes them
    // of addresses of its `VmFuncRef`s only; those live as long as the store.
    unsafe { (*(raw as *const VmFuncRef)).func_addr }
}

/// Code entry, context and memory 0 base of a funcref.
pub(super) fn entry_of(func_ref: NonNull<VmFuncRef>) -> (*const u8, *mut VmCtx, *mut u8) {
    // SAFETY: as for `func_addr_of`; a context's `memory0_base` is at the same offset whatever it is.
    unsafe {
        let func_ref = func_ref.as_ref();
        (
            func_ref.code,
            func_ref.vmctx,
            (*func_ref.vmctx).memory0_base,
        )
    }
}

/// Makes a funcref's calls enter other code, which must be of the same function.
pub(super) fn set_code(func_ref: NonNull<VmFuncRef>, code: u64) {
    // SAFETY: as for `func_addr_of`; machine code, which reads it, does not run while Rust
    // code has the store borrowed exclusively.
    unsafe { (*func_ref.as_ptr()).code = code as *const u8 };
}

/// Signature number of a funcref.
pub(super) fn signature_of(func_ref: NonNull<VmFuncRef>) -> u32 {
    // SAFETY: as for `func_addr_of`.
    unsafe { func_ref.as_ref().signature }
}

/// A context that is being filled; it joins the list when complete.
pub(super) struct NewContext {
    allocation: NonNull<Allocation>,
}

/// A context with the size of its allocation before it.
#[repr(C, align(16))]
struct Allocation {
    size: usize,
    padding: usize,
    vmctx: VmCtx,
}

impl NewContext {
    /// Allocates a zeroed context.
    pub(super) fn new(offsets: &VmOffsets) -> Self {
        let size = core::mem::offset_of!(Allocation, vmctx) + offsets.size() as usize;
        let size = size.max(core::mem::size_of::<Allocation>());
        let layout = allocation_layout(size);
        // SAFETY: the layout is not empty.
        let pointer = unsafe { alloc_zeroed(layout) };
        let Some(allocation) = NonNull::new(pointer.cast::<Allocation>()) else {
            handle_alloc_error(layout)
        };
        // SAFETY: the allocation holds at least an `Allocation`.
        unsafe { (*allocation.as_ptr()).size = size };
        Self { allocation }
    }

    /// The context.
    pub(super) fn vmctx(&self) -> NonNull<VmCtx> {
        // SAFETY: the field is within the allocation.
        let vmctx = unsafe { &raw mut (*self.allocation.as_ptr()).vmctx };
        // SAFETY: the address of a field of an object is not null.
        unsafe { NonNull::new_unchecked(vmctx) }
    }

    /// The header, to fill.
    pub(super) fn header(&mut self) -> &mut VmCtx {
        // SAFETY: the context is zeroed, which is valid, and nobody else has its address to write to.
        unsafe { self.vmctx().as_mut() }
    }

    /// Writes one element of the arrays behind the header.
    ///
    /// # Panics
    ///
    /// Panics if it is not within the context.
    pub(super) fn write<T>(&mut self, offset: u32, value: T) {
        // SAFETY: see `header`.
        let size = unsafe { (*self.allocation.as_ptr()).size };
        let end = core::mem::offset_of!(Allocation, vmctx) + offset as usize + size_of::<T>();
        assert!(end <= size && (offset as usize).is_multiple_of(align_of::<T>()));
        let target = self.element(offset).cast::<T>();
        // SAFETY: the element was just checked to be within the allocation and aligned.
        unsafe { target.write(value) };
    }

    /// The address of what is `offset` bytes into the context.
    pub(super) fn element(&self, offset: u32) -> NonNull<u8> {
        let address = self.vmctx().as_ptr().cast::<u8>();
        NonNull::new(address.wrapping_add(offset as usize)).expect("offsets are below 2 GiB")
    }
}

fn allocation_layout(size: usize) -> Layout {
    Layout::from_size_align(size, align_of::<Allocation>()).expect("contexts are below 2 GiB")
}

/// Bits of [`ContextList::requests`].
mod request {
    /// Somebody has asked.
    pub(super) const ASKED: u8 = 1 << 0;
    /// The deadline is past, unless another one has been set meanwhile: the word that
    /// holds the deadline knows.
    pub(super) const DEADLINE: u8 = 1 << 1;
    /// A count came to its end where the store could not be suspended.
    pub(super) const COUNT: u8 = 1 << 2;
}

/// The deadline of a store that has none.
pub(super) const NO_DEADLINE: u64 = u64::MAX;
/// What a deadline becomes when it is past.
const PAST_DEADLINE: u64 = u64::MAX - 1;
/// The latest deadline.
pub(super) const LAST_DEADLINE: u64 = u64::MAX - 2;

/// All contexts of a store, and for what it is to be suspended.
pub(super) struct ContextList {
    head: AtomicPtr<VmCtx>,
    /// Bits of [`request`].
    requests: AtomicU8,
    /// By the embedder's clock, in nanoseconds.
    deadline_ns: AtomicU64,
    /// What poll words hold when nothing is requested.
    stack_limit: AtomicU64,
}

impl Default for ContextList {
    fn default() -> Self {
        Self {
            head: AtomicPtr::default(),
            requests: AtomicU8::new(0),
            deadline_ns: AtomicU64::new(NO_DEADLINE),
            stack_limit: AtomicU64::new(0),
        }
    }
}

impl ContextList {
    /// Requests a suspension: raises every poll word. Lock-free.
    pub(super) fn request(&self) {
        self.add_request(request::ASKED);
    }

    /// Whether a suspension is requested, for whatever reason. True may be too much, if a
    /// deadline was replaced just when it was past: [`Self::take_requests`] knows.
    pub(super) fn is_requested(&self) -> bool {
        self.requests.load(Ordering::SeqCst) != 0
    }

    /// Whether somebody has asked for a suspension, in vain so far.
    pub(super) fn is_asked(&self) -> bool {
        self.requests.load(Ordering::SeqCst) & request::ASKED != 0
    }

    /// Takes back what somebody has asked for.
    pub(super) fn withdraw(&self) {
        self.requests.fetch_and(!request::ASKED, Ordering::SeqCst);
    }

    /// Records that a count has come to its end, without raising the poll words: that is
    /// the caller's to do later.
    pub(super) fn defer_count(&self) {
        self.requests.fetch_or(request::COUNT, Ordering::SeqCst);
    }

    /// Forgets a count's end that was deferred.
    pub(super) fn forget_count(&self) {
        self.requests.fetch_and(!request::COUNT, Ordering::SeqCst);
    }

    /// Sets the deadline, in place of one that is past already or not.
    pub(super) fn set_deadline(&self, deadline_ns: u64) {
        // In this order: a tick that finds the new one past sets the bit after this.
        self.requests
            .fetch_and(!request::DEADLINE, Ordering::SeqCst);
        self.deadline_ns.store(deadline_ns, Ordering::SeqCst);
    }

    /// Requests a suspension if the deadline is past at `now_ns`. Lock-free.
    pub(super) fn tick(&self, now_ns: u64) {
        let deadline_ns = self.deadline_ns.load(Ordering::SeqCst);
        if now_ns < deadline_ns || deadline_ns > LAST_DEADLINE {
            return;
        }
        // Fails if it is another one meanwhile, for which the next tick comes soon enough.
        let expired = self.deadline_ns.compare_exchange(
            deadline_ns,
            PAST_DEADLINE,
            Ordering::SeqCst,
            Ordering::SeqCst,
        );
        if expired.is_ok() {
            self.add_request(request::DEADLINE);
        }
    }

    /// Takes all requests, and says for what the store is to be suspended, if there were
    /// any. A deadline that is past stays so until another is set.
    pub(super) fn take_requests(&self) -> Option<SuspendReason> {
        let taken = self.requests.fetch_and(request::DEADLINE, Ordering::SeqCst);
        let is_past = taken & request::DEADLINE != 0 && self.is_past_deadline();
        if taken & request::ASKED != 0 {
            Some(SuspendReason::Requested)
        } else if is_past {
            Some(SuspendReason::Deadline)
        } else {
            (taken & request::COUNT != 0).then_some(SuspendReason::FreezeEvery)
        }
    }

    /// Whether the deadline is past. If not, another one has been set while a tick was at the
    /// one before, and the bit that it has set goes.
    fn is_past_deadline(&self) -> bool {
        let is_past = || self.deadline_ns.load(Ordering::SeqCst) == PAST_DEADLINE;
        if is_past() {
            return true;
        }
        self.requests
            .fetch_and(!request::DEADLINE, Ordering::SeqCst);
        // A tick in between may have set it for the new one.
        let is_past = is_past();
        if is_past {
            self.requests.fetch_or(request::DEADLINE, Ordering::SeqCst);
        }
        is_past
    }

    fn add_request(&self, bit: u8) {
        self.requests.fetch_or(bit, Ordering::SeqCst);
        self.raise();
    }

    /// Raises every poll word.
    pub(super) fn raise(&self) {
        self.set_poll_words(u64::MAX);
    }

    /// Sets every poll word to the stack limit, though a request is pending.
    pub(super) fn lower_in_spite_of_request(&self) {
        self.set_poll_words(self.stack_limit.load(Ordering::SeqCst));
    }

    /// Sets every poll word to the stack limit, unless a suspension is requested.
    pub(super) fn lower(&self) {
        self.lower_in_spite_of_request();
        // A request that came in between has raised words that were then lowered.
        if self.is_requested() {
            self.raise();
        }
    }

    /// Sets what poll words hold when nothing is requested.
    pub(super) fn set_stack_limit(&self, limit: u64) {
        self.stack_limit.store(limit, Ordering::SeqCst);
    }

    /// Adds a context, with its poll word as the others have it.
    pub(super) fn push(&self, mut context: NewContext, is_raised: bool) -> NonNull<VmCtx> {
        let limit = self.stack_limit.load(Ordering::SeqCst);
        let header = context.header();
        header.poll_limit = AtomicU64::new(if is_raised { u64::MAX } else { limit });
        header.next = self.head.load(Ordering::SeqCst);
        let vmctx = context.vmctx();
        core::mem::forget(context);
        // Only the store adds, and it is borrowed exclusively for that.
        self.head.store(vmctx.as_ptr(), Ordering::SeqCst);
        if self.is_requested() {
            self.raise();
        }
        vmctx
    }

    fn set_poll_words(&self, value: u64) {
        let mut next = self.head.load(Ordering::SeqCst);
        // SAFETY: contexts in the list are complete, only freed with the list,
        // and change in their atomic poll word alone.
        while let Some(vmctx) = unsafe { next.as_ref() } {
            vmctx.poll_limit.store(value, Ordering::SeqCst);
            next = vmctx.next;
        }
    }
}

impl Drop for ContextList {
    fn drop(&mut self) {
        let mut next = *self.head.get_mut();
        while let Some(vmctx) = NonNull::new(next) {
            // SAFETY: the context is complete and still allocated.
            next = unsafe { vmctx.as_ref() }.next;
            let offset = core::mem::offset_of!(Allocation, vmctx);
            let allocation = vmctx
                .as_ptr()
                .wrapping_byte_sub(offset)
                .cast::<Allocation>();
            // SAFETY: every context lies in an `Allocation`, whose size is as allocated.
            let size = unsafe { (*allocation).size };
            // SAFETY: allocated by `NewContext::new` with this layout; nobody can reach it any more.
            unsafe { dealloc(allocation.cast(), allocation_layout(size)) };
        }
    }
}

impl Drop for NewContext {
    fn drop(&mut self) {
        // SAFETY: the allocation is alive and has its size.
        let size = unsafe { (*self.allocation.as_ptr()).size };
        // SAFETY: allocated by `new` with this layout, and it has not joined a list.
        unsafe { dealloc(self.allocation.as_ptr().cast(), allocation_layout(size)) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::vmctx::VmCounts;

    fn context() -> NewContext {
        NewContext::new(&VmOffsets::new(VmCounts::default()))
    }

    fn poll_word(vmctx: NonNull<VmCtx>) -> u64 {
        // SAFETY: the tests keep the list alive.
        unsafe { vmctx.as_ref() }.poll_limit.load(Ordering::SeqCst)
    }

    #[test]
    fn a_request_raises_all_poll_words_until_lowered() {
        let list = ContextList::default();
        list.set_stack_limit(42);
        let (a, b) = (list.push(context(), false), list.push(context(), false));
        assert_eq!((poll_word(a), poll_word(b)), (42, 42));
        list.request();
        assert_eq!((poll_word(a), poll_word(b)), (u64::MAX, u64::MAX));
        assert_eq!(list.take_requests(), Some(SuspendReason::Requested));
        list.lower();
        assert_eq!((poll_word(a), poll_word(b)), (42, 42));
        assert_eq!(list.take_requests(), None);
    }

    #[test]
    fn a_deadline_is_past_until_another_is_set() {
        let list = ContextList::default();
        list.set_stack_limit(42);
        let a = list.push(context(), false);
        list.tick(u64::MAX);
        assert_eq!(poll_word(a), 42, "there is no deadline");
        list.set_deadline(100);
        list.tick(99);
        assert_eq!((poll_word(a), list.is_requested()), (42, false));
        list.tick(100);
        assert_eq!((poll_word(a), list.is_requested()), (u64::MAX, true));
        for _ in 0..2 {
            assert_eq!(list.take_requests(), Some(SuspendReason::Deadline));
            list.lower();
            assert_eq!(poll_word(a), u64::MAX);
            list.tick(101);
        }
        list.set_deadline(LAST_DEADLINE);
        list.tick(102);
        assert_eq!(list.take_requests(), None);
        list.lower();
        assert_eq!(poll_word(a), 42);
        list.tick(LAST_DEADLINE);
        assert_eq!(list.take_requests(), Some(SuspendReason::Deadline));
        list.set_deadline(NO_DEADLINE);
        assert_eq!(list.take_requests(), None);
    }

    #[test]
    fn a_tick_that_comes_late_says_nothing_of_a_new_deadline() {
        let list = ContextList::default();
        list.set_deadline(100);
        // As by a tick on another processor that found the deadline before past.
        list.add_request(request::DEADLINE);
        assert_eq!(list.take_requests(), None);
        assert!(!list.is_requested());
        list.tick(100);
        assert_eq!(list.take_requests(), Some(SuspendReason::Deadline));
    }

    #[test]
    fn of_several_requests_the_first_reason_is_told_and_all_are_taken() {
        let list = ContextList::default();
        list.defer_count();
        assert_eq!(list.take_requests(), Some(SuspendReason::FreezeEvery));
        list.set_deadline(1);
        list.tick(1);
        list.defer_count();
        assert_eq!(list.take_requests(), Some(SuspendReason::Deadline));
        list.defer_count();
        list.request();
        assert_eq!(list.take_requests(), Some(SuspendReason::Requested));
        list.set_deadline(2);
        assert_eq!(list.take_requests(), None);
        list.request();
        list.withdraw();
        assert!(!list.is_asked() && !list.is_requested());
    }

    #[test]
    fn a_request_survives_lowering_and_reaches_later_contexts() {
        let list = ContextList::default();
        let a = list.push(context(), false);
        list.request();
        list.lower();
        let b = list.push(context(), false);
        assert_eq!((poll_word(a), poll_word(b)), (u64::MAX, u64::MAX));
    }

    #[test]
    fn elements_are_written_behind_the_header() {
        let offsets = VmOffsets::new(VmCounts {
            memories: 1,
            tables: 2,
            globals: 3,
            imported_functions: 1,
            defined_functions: 2,
        });
        let mut context = NewContext::new(&offsets);
        context.write(offsets.global(2), 7u64);
        let element = context.element(offsets.global(2)).cast::<u64>();
        // SAFETY: just written.
        assert_eq!(unsafe { element.read() }, 7);
    }
}
