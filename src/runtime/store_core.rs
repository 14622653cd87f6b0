//! The part of a store that does not depend on the embedder's data.
//!
//! Entities are numbered by store address, as in the spec's store. Nothing is
//! ever removed, so addresses that machine code holds stay good.

use super::activation::{Execution, OuterActivation};
use super::code_list::CodeList;
use super::debug::{DebugDispatch, DebugState};
use super::engine::Thunks;
use super::global::GlobalEntry;
use super::host_call::CalledFrom;
use super::lazy::SharedPages;
use super::limiter::{Counted, LimiterDispatch};
use super::live::Base;
use super::memory::{MemoryEntry, MemoryError};
use super::stack::WasmStack;
use super::table::{TableEntry, TableError};
use super::vmctx::{ContextList, HostContext, Pinned, func_addr_of};
use super::{Engine, HostError, Module, PageError, SuspendReason, VersionId, entry};
use crate::abi::value::FuncRefs;
use crate::abi::vmctx::{TrapFrame, VmCtx, VmFuncRef, VmHostFunc, VmStoreContext};
use crate::abi::{FuncAddr, FuncType};
use crate::frame::HostCall;
use crate::module::{GlobalType, MemoryType, TableType};
use crate::platform::PlatformError;
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::num::NonZeroU64;
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::{AtomicU64, Ordering};

/// Everything in a store but the embedder's data and host closures.
pub(crate) struct StoreCore {
    /// Tells handles of this store from others'.
    pub(super) id: u64,
    pub(super) engine: Engine,
    pub(super) contexts: Arc<ContextList>,
    pub(super) vm: Pinned<VmStoreContext>,
    pub(super) stack: Option<WasmStack>,
    pub(super) code: CodeList,
    pub(super) funcs: Vec<FuncEntry>,
    pub(super) host_funcs: Vec<HostFuncEntry>,
    pub(super) memories: Vec<MemoryEntry>,
    /// Reads the pages that memories do not have yet.
    pub(super) pages: Option<SharedPages>,
    /// What checkpoints are written on the base of.
    pub(super) base: Arc<Base>,
    pub(super) tables: Vec<TableEntry>,
    pub(super) globals: Vec<GlobalEntry>,
    pub(super) instances: Vec<InstanceEntry>,
    pub(super) execution: Execution,
    /// How many calls into wasm are running.
    pub(super) depth: usize,
    /// How many host functions are running that the host called itself.
    pub(super) direct_host_calls: usize,
    /// Where the running calls but the innermost were left, outermost first.
    pub(super) outer: Vec<OuterActivation>,
    pub(super) freeze_every: Option<NonZeroU64>,
    /// How many suspend points it may pass yet.
    pub(super) budget: Option<u64>,
    /// Whether one of the two above is set.
    pub(super) counts_points: bool,
    /// Suspend points passed since the last freeze.
    pub(super) passed: u64,
    /// The error that a host function left wasm with.
    pub(super) host_error: Option<HostError>,
    /// The host call at or behind which wasm is being left.
    pub(super) left_host_call: Option<HostCall>,
    /// Why wasm is being left suspended.
    pub(super) left_for: Option<SuspendReason>,
    /// The page that it is being left for.
    pub(super) page_error: Option<PageError>,
    /// Calls a host function of this store, whose data's type it knows.
    pub(super) dispatch: HostDispatch,
    pub(super) debug: DebugState,
    /// Calls the debug handler of this store, likewise.
    pub(super) debug_dispatch: DebugDispatch,
    /// Asks the limiter of this store, likewise.
    pub(super) limiter_dispatch: LimiterDispatch,
    /// By signature number.
    thunks: Vec<Option<LoadedThunks>>,
    /// Where functions return to in the entry thunks of `thunks`.
    pub(super) entry_returns: BTreeSet<u64>,
}

/// The thunks of a type, and the type.
struct LoadedThunks {
    thunks: Thunks,
    ty: Arc<FuncType>,
}

/// Runs the closure of the host function with this index on an array of raw values.
pub(super) type HostDispatch =
    unsafe fn(NonNull<StoreCore>, u32, CalledFrom, *mut u128) -> Result<(), HostError>;

/// A function in the store.
#[derive(Clone, Copy)]
pub(super) struct FuncEntry {
    pub(super) raw: NonNull<VmFuncRef>,
    pub(super) origin: FuncOrigin,
}

/// Where a function comes from.
#[derive(Clone, Copy)]
pub(super) enum FuncOrigin {
    /// Defined by an instance.
    Wasm {
        /// The instance.
        instance: u32,
        /// Index in its module's functions.
        function: u32,
    },
    /// A host function, by index in the store.
    Host(u32),
}

/// A host function in the store.
pub(super) struct HostFuncEntry {
    pub(super) addr: FuncAddr,
    pub(super) ty: Arc<FuncType>,
    /// Import module and field name, by which a linker defined it.
    pub(super) name: Option<(String, String)>,
    // Held for its address in `funcs`.
    _context: HostContext,
}

/// An instance in the store: addresses of what its index spaces name.
pub(super) struct InstanceEntry {
    pub(super) module: Module,
    /// The code version that calls enter.
    pub(super) version: VersionId,
    pub(super) functions: Vec<FuncAddr>,
    pub(super) tables: Vec<u32>,
    pub(super) memories: Vec<u32>,
    pub(super) globals: Vec<u32>,
    pub(super) dropped_elements: Vec<bool>,
    pub(super) dropped_data: Vec<bool>,
    pub(super) vmctx: NonNull<VmCtx>,
}

impl StoreCore {
    pub(super) fn new(
        engine: &Engine,
        dispatch: HostDispatch,
        debug_dispatch: DebugDispatch,
        limiter_dispatch: LimiterDispatch,
    ) -> Self {
        static NEXT_ID: AtomicU64 = AtomicU64::new(1);
        Self {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            engine: engine.clone(),
            contexts: Arc::default(),
            vm: Pinned::new(VmStoreContext {
                host_rsp: 0,
                stack_limit: 0,
                frame: TrapFrame::ZERO,
                trap: 0,
                runtime: null_mut(),
            }),
            stack: None,
            code: CodeList::new(),
            funcs: Vec::new(),
            host_funcs: Vec::new(),
            memories: Vec::new(),
            pages: None,
            base: Arc::default(),
            tables: Vec::new(),
            globals: Vec::new(),
            instances: Vec::new(),
            execution: Execution::Idle,
            depth: 0,
            direct_host_calls: 0,
            outer: Vec::new(),
            freeze_every: None,
            budget: None,
            counts_points: false,
            passed: 0,
            host_error: None,
            left_host_call: None,
            left_for: None,
            page_error: None,
            dispatch,
            debug: DebugState::default(),
            debug_dispatch,
            limiter_dispatch,
            thunks: Vec::new(),
            entry_returns: BTreeSet::new(),
        }
    }

    /// Whether the store has nothing in it yet.
    pub(super) fn is_empty(&self) -> bool {
        self.funcs.is_empty()
            && self.memories.is_empty()
            && self.tables.is_empty()
            && self.globals.is_empty()
            && self.instances.is_empty()
    }

    /// Asserts that a handle is of this store.
    pub(super) fn check_store(&self, store: u64) {
        assert!(store == self.id, "a handle was used with another store");
    }

    /// Adds a memory of so many pages.
    pub(super) fn add_memory(&mut self, ty: MemoryType, pages: u64) -> Result<u32, MemoryError> {
        self.admit(Counted::Memories)?;
        let entry = MemoryEntry::new(self.engine.platform(), ty)?;
        let addr = push(&mut self.memories, entry);
        if let Err(error) = self.grow_memory(addr, pages) {
            self.memories.pop();
            return Err(error);
        }
        Ok(addr)
    }

    /// Adds a table of so many elements, which are all `raw`.
    pub(super) fn add_table(
        &mut self,
        ty: TableType,
        len: u64,
        raw: u64,
    ) -> Result<u32, TableError> {
        self.admit(Counted::Tables)?;
        let addr = push(&mut self.tables, TableEntry::new(ty));
        if let Err(error) = self.grow_table(addr, len, raw) {
            self.tables.pop();
            return Err(error);
        }
        Ok(addr)
    }

    pub(super) fn add_global(&mut self, ty: GlobalType, raw: u128) -> u32 {
        push(&mut self.globals, GlobalEntry::new(ty, raw))
    }

    /// Adds a host function, whose closure the caller adds under the same index.
    pub(super) fn add_host_func(
        &mut self,
        ty: Arc<FuncType>,
        name: Option<(String, String)>,
    ) -> Result<FuncAddr, PlatformError> {
        let signature = self.engine.intern(&ty);
        let thunks = self.thunks(signature)?;
        let addr = self.next_func_addr();
        let context = HostContext::new(
            VmHostFunc {
                memory0_base: null_mut(),
                reserved: 0,
                store: self.vm.as_ptr(),
                host_call_entry: entry::host_call_entry(),
                host: self.host_funcs.len() as u32,
            },
            thunks.host as *const u8,
            signature,
            addr.0,
        );
        let raw = NonNull::new(context.func_ref.as_ptr()).expect("a pinned object has an address");
        let host = push(
            &mut self.host_funcs,
            HostFuncEntry {
                addr,
                ty,
                name,
                _context: context,
            },
        );
        self.funcs.push(FuncEntry {
            raw,
            origin: FuncOrigin::Host(host),
        });
        Ok(addr)
    }

    /// The address of the function that is added next.
    pub(super) fn next_func_addr(&self) -> FuncAddr {
        FuncAddr(self.funcs.len() as u32)
    }

    /// The thunks of a type.
    #[inline]
    pub(super) fn thunks(&mut self, signature: u32) -> Result<Thunks, PlatformError> {
        match self.thunks.get(signature as usize) {
            Some(Some(loaded)) => Ok(loaded.thunks),
            _ => self.new_thunks(signature),
        }
    }

    #[cold]
    fn new_thunks(&mut self, signature: u32) -> Result<Thunks, PlatformError> {
        let index = signature as usize;
        let (ty, thunks) = self.engine.thunks(signature)?;
        if self.thunks.len() <= index {
            self.thunks.resize_with(index + 1, || None);
        }
        self.thunks[index] = Some(LoadedThunks { thunks, ty });
        self.entry_returns.insert(thunks.entry_return);
        Ok(thunks)
    }

    /// A type by which wasm has been entered.
    ///
    /// # Panics
    ///
    /// Panics if its thunks have not been loaded.
    pub(super) fn entered_type(&self, signature: u32) -> &FuncType {
        let loaded = self.thunks[signature as usize].as_ref();
        &loaded.expect("wasm was entered by a thunk").ty
    }

    /// The type of a function.
    ///
    /// # Panics
    ///
    /// Panics if there is no such function.
    pub(super) fn func_type(&self, addr: FuncAddr) -> &FuncType {
        match self.funcs[addr.0 as usize].origin {
            FuncOrigin::Wasm { instance, function } => {
                let module = &self.instances[instance as usize].module;
                module.inner().function_type(function)
            }
            FuncOrigin::Host(host) => &self.host_funcs[host as usize].ty,
        }
    }

    /// Reserves the wasm stack, if that has not happened.
    #[inline]
    pub(super) fn ensure_stack(&mut self) -> Result<&WasmStack, PlatformError> {
        if self.stack.is_none() {
            self.reserve_stack()?;
        }
        Ok(self.stack.as_ref().expect("just reserved"))
    }

    #[cold]
    fn reserve_stack(&mut self) -> Result<(), PlatformError> {
        let size = self.engine.config().stack_size;
        let stack = WasmStack::new(self.engine.platform(), size)?;
        self.contexts.set_stack_limit(stack.limit());
        self.settle_poll_words();
        self.stack = Some(stack);
        Ok(())
    }

    /// Whether polls call the runtime though nothing has been requested.
    pub(super) fn comes_to_every_poll(&self) -> bool {
        self.counts_points || self.debug.is_stepping
    }

    /// To be called when it has changed what is counted.
    pub(super) fn settle_counting(&mut self) {
        self.counts_points = self.freeze_every.is_some() || self.budget.is_some();
        self.settle_poll_words();
    }

    /// Gives poll words the value they have when no suspension is under way.
    pub(super) fn settle_poll_words(&self) {
        if self.comes_to_every_poll() {
            self.contexts.raise();
        } else {
            self.contexts.lower();
        }
    }
}

impl FuncRefs for StoreCore {
    fn func_addr(&self, raw: u64) -> FuncAddr {
        FuncAddr(func_addr_of(raw))
    }

    fn raw_func(&self, addr: FuncAddr) -> Option<u64> {
        let entry = self.funcs.get(addr.0 as usize)?;
        Some(entry.raw.as_ptr() as u64)
    }
}

fn push<E>(entries: &mut Vec<E>, entry: E) -> u32 {
    let addr = u32::try_from(entries.len()).expect("entities take more than 4 bytes each");
    entries.push(entry);
    addr
}
