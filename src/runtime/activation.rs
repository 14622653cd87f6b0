//! Calls into wasm, and what happens when wasm code is left.
//!
//! A call ends by returning, by a trap, by a host function's error or by
//! suspension; only then its activation is over. While a host function runs, calls
//! it makes are nested activations, further down on the same wasm stack.

#![expect(
    unsafe_code,
    reason = "enters machine code, and is called by it with raw pointers"
)]

use super::debug::{self, DebugEvent};
use super::entry::{self, Entry, Status};
use super::host_call::call_host;
use super::store_core::{FuncOrigin, StoreCore};
use super::vmctx::{entry_of, signature_of};
use super::{CallError, Func, Outcome, SuspendReason};
use crate::abi::vmctx::{TrapFrame, VmFuncRef, VmStoreContext};
use crate::abi::{FuncType, GPR, TrapCode, Val, ValType};
use crate::frame::{Exit, HostCall};
use crate::trap::{Backtrace, Trap};
use alloc::vec::Vec;
use core::num::NonZeroU64;
use core::ptr::NonNull;

/// Most calls into wasm nested in each other through host functions: each
/// also takes a share of the host's stack, whose size is not known.
const MAX_DEPTH: usize = 64;

/// What a store is doing when no code of it runs.
pub(super) enum Execution {
    /// Nothing.
    Idle,
    /// A call waits to be resumed.
    Suspended(Suspension),
}

impl Execution {
    pub(super) fn is_suspended(&self) -> bool {
        matches!(self, Self::Suspended(_))
    }
}

/// A suspended call. Its registers are in the store's [`VmStoreContext::frame`].
pub(super) struct Suspension {
    /// The engine-wide number of a type that the call was entered by: its results are those
    /// of the function that the host called.
    pub(super) signature: u32,
    /// Why it is suspended. None: it was thawed, and images do not say.
    pub(super) reason: Option<SuspendReason>,
    /// The instruction at which it is suspended: behind a call, or one that has faulted and
    /// is executed again, which is no suspend point.
    pub(super) exit: Exit,
    /// The array that the entry thunk puts results into.
    pub(super) array: *mut u128,
    /// The call of a host function at or behind which the store waits.
    pub(super) host_call: Option<HostCall>,
}

/// Where an outer activation was left for a host function.
pub(super) struct OuterActivation {
    pub(super) gpr: [u64; 16],
    pub(super) rip: u64,
}

/// Makes a store known to its own context. The store must stay at its address.
pub(super) fn attach(core: NonNull<StoreCore>) {
    // SAFETY: the store has just been allocated and is not shared.
    let vm = unsafe { core.as_ref() }.vm.as_ptr();
    // SAFETY: the context is owned by the store.
    unsafe { (*vm).runtime = core.as_ptr().cast() };
}

/// Calls a function for the host: `put` stores the arguments into an array of at least
/// `slots` slots, and `take` reads the results from it.
pub(super) fn call<R>(
    mut core: NonNull<StoreCore>,
    func: Func,
    slots: usize,
    put: impl FnOnce(&StoreCore, *mut u128) -> Result<(), CallError>,
    take: impl FnOnce(&StoreCore, *const u128) -> R,
) -> Result<Outcome<R>, CallError> {
    // SAFETY: the caller has the store borrowed exclusively; the reference ends before code runs.
    let store = unsafe { core.as_mut() };
    store.check_store(func.store);
    if store.execution.is_suspended() {
        return Err(CallError::StoreSuspended);
    }
    let entry = &store.funcs[func.addr.0 as usize];
    match entry.origin {
        FuncOrigin::Wasm { .. } => {
            let raw = entry.raw;
            let signature = signature_of(raw);
            let entry = store.prepare_entry(raw, signature, slots)?;
            let array = entry.array;
            put(store, array)?;
            // SAFETY: `run` has told the platform, and `prepare_entry` found room on the stack.
            let returned = run(core, signature, array, || unsafe { entry::enter(&entry) })?;
            // SAFETY: as above.
            Ok(taken(unsafe { core.as_ref() }, array, returned, take))
        }
        FuncOrigin::Host(host) => call_host(core, host, slots, put, take),
    }
}

/// Calls a function with values of any types.
pub(super) fn call_dynamic(
    core: NonNull<StoreCore>,
    func: Func,
    args: &[Val],
) -> Result<Outcome, CallError> {
    // SAFETY: as in `call`.
    let store = unsafe { core.as_ref() };
    store.check_store(func.store);
    let ty = store.func_type(func.addr);
    if !store.execution.is_suspended() {
        check_arguments(ty, args)?;
    }
    let slots = ty.params.len().max(ty.results.len());
    let put = |store: &StoreCore, array: *mut u128| {
        for (index, arg) in args.iter().enumerate() {
            let raw = arg.to_raw(store).ok_or(CallError::ForeignFunction(index))?;
            // SAFETY: the array has room for all arguments.
            unsafe { array.add(index).write(raw) };
        }
        Ok(())
    };
    call(core, func, slots, put, |store, array| {
        store.read_values(&store.func_type(func.addr).results, array)
    })
}

/// How a call ended, and its results if it returned.
fn taken<R>(
    store: &StoreCore,
    array: *const u128,
    returned: Ended,
    take: impl FnOnce(&StoreCore, *const u128) -> R,
) -> Outcome<R> {
    match returned {
        Ended::Returned => Outcome::Returned(take(store, array)),
        Ended::Suspended => Outcome::Suspended,
    }
}

/// How an activation ended, when nothing went wrong.
#[derive(Clone, Copy)]
enum Ended {
    /// Results are in the array.
    Returned,
    /// The store is suspended.
    Suspended,
}

fn check_arguments(ty: &FuncType, args: &[Val]) -> Result<(), CallError> {
    if args.len() != ty.params.len() {
        return Err(CallError::ArgumentCount {
            expected: ty.params.len(),
            given: args.len(),
        });
    }
    for (index, (arg, &expected)) in args.iter().zip(&ty.params).enumerate() {
        let given = arg.ty();
        if given != expected {
            return Err(CallError::ArgumentType {
                index,
                expected,
                given,
            });
        }
    }
    Ok(())
}

/// Goes on with a suspended call.
pub(super) fn resume(core: NonNull<StoreCore>) -> Result<Outcome, CallError> {
    // SAFETY: as in `call`.
    let signature = unsafe { core.as_ref() }.suspension()?.signature;
    go_on(core, |store, array| {
        store.read_values(&store.entered_type(signature).results, array)
    })
}

/// Goes on with a suspended call, whose results must be of these types.
pub(super) fn resume_as<R>(
    core: NonNull<StoreCore>,
    results: &[ValType],
    take: impl FnOnce(&StoreCore, *const u128) -> R,
) -> Result<Outcome<R>, CallError> {
    // SAFETY: as in `call`.
    let store = unsafe { core.as_ref() };
    let signature = store.suspension()?.signature;
    if *store.entered_type(signature).results != *results {
        return Err(CallError::AnotherFunction);
    }
    go_on(core, take)
}

fn go_on<R>(
    mut core: NonNull<StoreCore>,
    take: impl FnOnce(&StoreCore, *const u128) -> R,
) -> Result<Outcome<R>, CallError> {
    // SAFETY: as in `call`.
    let store = unsafe { core.as_mut() };
    let Execution::Suspended(suspension) =
        core::mem::replace(&mut store.execution, Execution::Idle)
    else {
        return Err(CallError::NotSuspended);
    };
    let is_held = suspension.exit == Exit::Fault;
    if !is_held {
        store.prepare_resumption(suspension.host_call.as_ref());
    }
    let vm = store.vm.as_ptr();
    let array = suspension.array;
    let returned = run(core, suspension.signature, array, || match is_held {
        // SAFETY: `run` has told the platform, and the frame is that of the suspension.
        false => unsafe { entry::resume(vm) },
        // SAFETY: as above.
        true => unsafe { entry::resume_held(vm) },
    })?;
    // SAFETY: as in `call`.
    Ok(taken(unsafe { core.as_ref() }, array, returned, take))
}

fn run(
    mut core: NonNull<StoreCore>,
    signature: u32,
    array: *mut u128,
    go: impl FnOnce() -> Status,
) -> Result<Ended, CallError> {
    // SAFETY: as in `call`; the platform is kept by the engine, which the store keeps.
    let store = unsafe { core.as_mut() };
    let previous = store.begin_activation();
    let status = go();
    // SAFETY: machine code has been left, so the store is ours again.
    unsafe { core.as_mut() }.end_activation(previous, status, signature, array)
}

impl StoreCore {
    fn vm_context(&self) -> &VmStoreContext {
        // SAFETY: owned by the store, and machine code does not run.
        unsafe { &*self.vm.as_ptr() }
    }

    fn vm_context_mut(&mut self) -> &mut VmStoreContext {
        // SAFETY: as above; the store is borrowed exclusively.
        unsafe { &mut *self.vm.as_ptr() }
    }

    /// The registers with which wasm code was left last.
    pub(super) fn frame(&self) -> &TrapFrame {
        &self.vm_context().frame
    }

    /// The registers with which wasm code goes on.
    pub(super) fn frame_mut(&mut self) -> &mut TrapFrame {
        &mut self.vm_context_mut().frame
    }

    pub(super) fn suspension(&self) -> Result<&Suspension, CallError> {
        match &self.execution {
            Execution::Suspended(suspension) => Ok(suspension),
            Execution::Idle => Err(CallError::NotSuspended),
        }
    }

    /// Everything for an entry into a function, with room for an array of `slots` slots.
    #[inline(always)]
    fn prepare_entry(
        &mut self,
        raw: NonNull<VmFuncRef>,
        signature: u32,
        slots: usize,
    ) -> Result<Entry, CallError> {
        let thunks = self.thunks(signature)?;
        let limit = self.ensure_stack()?.limit();
        let top = self.entry_stack_top();
        let array_bytes = 16 * slots as u64;
        if self.depth >= MAX_DEPTH || top < limit + array_bytes {
            return Err(exhausted().into());
        }
        let array = (top - array_bytes) as *mut u128;
        let (code, vmctx, memory0_base) = entry_of(raw);
        Ok(Entry {
            store: self.vm.as_ptr(),
            thunk: thunks.entry as *const u8,
            code,
            vmctx,
            memory0_base,
            array,
            rsp: array as u64,
        })
    }

    /// Where on the wasm stack the next entry begins: below what the running
    /// activation uses, its return address included.
    fn entry_stack_top(&self) -> u64 {
        if self.depth == 0 {
            self.stack.as_ref().map_or(0, super::stack::WasmStack::top)
        } else {
            (self.frame().gpr[GPR::RSP as usize] - 16) & !15
        }
    }

    fn begin_activation(&mut self) -> *mut VmStoreContext {
        if self.depth > 0 {
            let (gpr, rip) = (self.frame().gpr, self.frame().rip);
            self.outer.push(OuterActivation { gpr, rip });
        }
        self.depth += 1;
        // Calls that could not be suspended may have lowered the poll words.
        self.raise_if_requested();
        self.engine.platform().swap_activation(self.vm.as_ptr())
    }

    fn end_activation(
        &mut self,
        previous: *mut VmStoreContext,
        status: Status,
        signature: u32,
        array: *mut u128,
    ) -> Result<Ended, CallError> {
        self.engine.platform().swap_activation(previous);
        let ended = match status {
            Status::Returned => Ok(Ended::Returned),
            Status::Trapped => Err(self.take_trap(Exit::Call).into()),
            Status::Faulted => Err(self.take_trap(Exit::Fault).into()),
            Status::HostError => Err(self.take_host_error()),
            Status::Suspended | Status::Held => {
                self.execution = Execution::Suspended(Suspension {
                    signature,
                    reason: self.left_for.take(),
                    exit: match status {
                        Status::Held => Exit::Fault,
                        _ => Exit::Call,
                    },
                    array,
                    host_call: self.left_host_call.take(),
                });
                match self.page_error.take() {
                    None => Ok(Ended::Suspended),
                    Some(error) => Err(error.into()),
                }
            }
        };
        self.depth -= 1;
        if let Some(outer) = self.outer.pop() {
            let frame = self.frame_mut();
            (frame.gpr, frame.rip) = (outer.gpr, outer.rip);
            self.raise_if_requested();
        }
        ended
    }

    /// Reads values from an array of raw ones.
    pub(super) fn read_values(&self, types: &[ValType], array: *const u128) -> Vec<Val> {
        let read = |(index, &ty): (usize, &ValType)| {
            // SAFETY: the array holds a value of each type.
            let raw = unsafe { array.add(index).read() };
            Val::from_raw(ty, raw, self)
        };
        types.iter().enumerate().map(read).collect()
    }

    fn take_trap(&mut self, exit: Exit) -> Trap {
        let code = core::mem::take(&mut self.vm_context_mut().trap);
        let code = TrapCode::ALL.into_iter().find(|&c| c as u64 == code);
        let code = code.expect("trapped without a code");
        let backtrace = super::backtrace::of_store(self, exit);
        Trap { code, backtrace }
    }

    fn take_host_error(&mut self) -> CallError {
        let error = self.host_error.take().expect("a host function has failed");
        error.downcast().unwrap_or_else(CallError::Host)
    }

    /// Records a trap's code for [`Self::take_trap`].
    pub(super) fn set_trap(&mut self, code: TrapCode) -> Status {
        self.vm_context_mut().trap = code as u64;
        Status::Trapped
    }

    /// Whether a suspension may happen now: the host called wasm, and nothing but wasm
    /// and host functions that are about to return is above.
    pub(super) fn can_suspend(&self) -> bool {
        self.depth == 1 && self.direct_host_calls == 0
    }

    /// Raises the poll words if a request waits that may be obeyed now.
    fn raise_if_requested(&self) {
        if self.can_suspend() && self.contexts.is_requested() {
            self.contexts.raise();
        }
    }

    /// Whether a suspend point that is no poll has to be noted: nothing happens at others.
    #[inline]
    pub(super) fn is_suspension_wanted(&self) -> bool {
        self.counts_points || self.contexts.is_requested()
    }

    /// Notes that a suspend point is passed. True: suspend there.
    pub(super) fn passes_suspend_point(&mut self) -> bool {
        let due = self.count_suspend_point();
        if due.is_none() && !self.contexts.is_requested() {
            self.settle_poll_words();
            return false;
        }
        if !self.can_suspend() {
            // A budget that is used up is so at the next point, too.
            if due == Some(SuspendReason::FreezeEvery) {
                self.contexts.defer_count();
            }
            if !self.comes_to_every_poll() {
                self.contexts.lower_in_spite_of_request();
            }
            return false;
        }
        let requested = self.contexts.take_requests();
        self.left_for = requested.into_iter().chain(due).min();
        self.settle_poll_words();
        self.left_for.is_some()
    }

    /// Counts a suspend point, and says for which count the store is to be suspended there.
    fn count_suspend_point(&mut self) -> Option<SuspendReason> {
        self.passed += 1;
        let is_due = |every: NonZeroU64| self.passed >= every.get();
        let is_due = self.freeze_every.is_some_and(is_due);
        if is_due {
            self.passed = 0;
        }
        if let Some(budget) = &mut self.budget {
            *budget = budget.saturating_sub(1);
        }
        match self.budget {
            Some(0) => Some(SuspendReason::Budget),
            _ => is_due.then_some(SuspendReason::FreezeEvery),
        }
    }

    /// Whether the function at whose header wasm code was left has no room for its frame.
    fn exceeds_stack(&self) -> bool {
        let frame = self.frame();
        let (rip, rsp) = (frame.rip, frame.gpr[GPR::RSP as usize]);
        let stack = self.stack.as_ref().expect("wasm runs on the stack");
        super::backtrace::begins_below(self, rip, rsp, stack.limit())
    }

    fn prepare_resumption(&mut self, host_call: Option<&HostCall>) {
        if let Some(HostCall::Pending(call)) = host_call {
            self.make_host_call_again(call);
        }
        if let Some(activate) = super::backtrace::restart_address(self, self.frame().rip) {
            self.frame_mut().rip = activate;
        }
    }
}

fn exhausted() -> Trap {
    Trap {
        code: TrapCode::CallStackExhausted,
        backtrace: Backtrace::default(),
    }
}

/// The store whose code is being left.
///
/// # Safety
///
/// `vm` is the context of a live store whose machine code was just left, and
/// no other reference to the store is in use.
pub(super) unsafe fn store_of<'a>(vm: *mut VmStoreContext) -> &'a mut StoreCore {
    // SAFETY: passed on to the caller.
    unsafe { &mut *(*vm).runtime.cast::<StoreCore>() }
}

/// Decides at a poll: go on, trap or suspend. A debugger may be called before.
pub(super) extern "sysv64" fn poll(vm: *mut VmStoreContext) -> u64 {
    // SAFETY: only the poll trampoline calls this.
    let store = unsafe { store_of(vm) };
    if store.exceeds_stack() {
        return store.set_trap(TrapCode::CallStackExhausted) as u64;
    }
    let core = NonNull::from(store);
    // SAFETY: as above; the reference to the store has become `core`.
    let event = unsafe { debug::at_poll(core) };
    // SAFETY: the debugger has returned, so its access to the store is over.
    let store = unsafe { &mut *core.as_ptr() };
    let is_suspend_point = event != Some(DebugEvent::Breakpoint);
    if is_suspend_point && store.passes_suspend_point() {
        Status::Suspended as u64
    } else {
        Status::Returned as u64
    }
}
