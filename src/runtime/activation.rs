//! Calls into wasm, and what happens when wasm code is left.
//!
//! A call ends by returning, by a trap, by a host function's error or by
//! suspension; only then its activation is over. While a host function runs, calls
//! it makes are nested activations, further down on the same wasm stack.

#![expect(
    unsafe_code,
    reason = "enters machine code, and is called by it with raw pointers"
)]

use super::entry::{self, Entry, Status};
use super::func::{Func, HostValues};
use super::store::StoreInner;
use super::store_core::{FuncOrigin, StoreCore};
use super::vmctx::{entry_of, signature_of};
use super::{CallError, Caller, HostError, Outcome, StoreContextMut};
use crate::abi::registers::result_stack_word;
use crate::abi::vmctx::{TrapFrame, VmCtx, VmHostFunc, VmStoreContext};
use crate::abi::{FuncAddr, FuncType, GPR, TrapCode, ValType, Value};
use crate::frame::Exit;
use crate::trap::{Backtrace, Trap};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::marker::PhantomData;
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
    /// The function that the host called.
    pub(super) function: FuncAddr,
    /// The array that the entry thunk puts results into.
    pub(super) array: *mut u128,
    /// Results of the host call behind which the call waits; else empty.
    pub(super) pending: Vec<Value>,
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

/// Calls a function for the host.
pub(super) fn call(
    mut core: NonNull<StoreCore>,
    func: Func,
    args: &[Value],
) -> Result<Outcome, CallError> {
    // SAFETY: the caller has the store borrowed exclusively; the reference ends before code runs.
    let store = unsafe { core.as_mut() };
    store.check_store(func.store);
    if store.execution.is_suspended() {
        return Err(CallError::StoreSuspended);
    }
    check_arguments(store.func_type(func.addr), args)?;
    match store.funcs[func.addr.0 as usize].origin {
        FuncOrigin::Wasm { .. } => call_wasm(core, func.addr, args),
        FuncOrigin::Host(host) => call_host(core, host, args),
    }
}

fn check_arguments(ty: &FuncType, args: &[Value]) -> Result<(), CallError> {
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

fn call_wasm(
    mut core: NonNull<StoreCore>,
    addr: FuncAddr,
    args: &[Value],
) -> Result<Outcome, CallError> {
    // SAFETY: as in `call`.
    let entry = unsafe { core.as_mut() }.prepare_entry(addr, args)?;
    let array = entry.array;
    // SAFETY: `run` has told the platform, and `prepare_entry` found room on the stack.
    run(core, addr, array, || unsafe { entry::enter(&entry) })
}

/// Calls a host function from the host, with no wasm in between.
fn call_host(
    mut core: NonNull<StoreCore>,
    host: u32,
    args: &[Value],
) -> Result<Outcome, CallError> {
    // SAFETY: as in `call`.
    let store = unsafe { core.as_mut() };
    let ty = store.host_funcs[host as usize].ty.clone();
    let dispatch = store.dispatch;
    store.direct_host_calls += 1;
    let mut values = HostValues::EMPTY;
    values.fit(&ty);
    values.args().copy_from_slice(args);
    let (args, results) = values.split();
    // SAFETY: the store made `dispatch` for its own data type.
    let returned = unsafe { dispatch(core, host, CalledFrom::Host, args, results) };
    // SAFETY: the host function has returned, so its access to the store is over.
    unsafe { core.as_mut() }.direct_host_calls -= 1;
    match returned {
        Ok(()) => {
            values.check_results(&ty);
            Ok(Outcome::Returned(values.results().to_vec()))
        }
        Err(error) => Err(error.downcast().unwrap_or_else(CallError::Host)),
    }
}

/// Goes on with a suspended call.
pub(super) fn resume(mut core: NonNull<StoreCore>) -> Result<Outcome, CallError> {
    // SAFETY: the caller has the store borrowed exclusively; the reference ends before code runs.
    let store = unsafe { core.as_mut() };
    let Execution::Suspended(suspension) =
        core::mem::replace(&mut store.execution, Execution::Idle)
    else {
        return Err(CallError::NotSuspended);
    };
    store.prepare_resumption();
    let vm = store.vm.as_ptr();
    run(core, suspension.function, suspension.array, || {
        // SAFETY: `run` has told the platform, and the frame is that of the suspension.
        unsafe { entry::resume(vm) }
    })
}

fn run(
    mut core: NonNull<StoreCore>,
    function: FuncAddr,
    array: *mut u128,
    go: impl FnOnce() -> Status,
) -> Result<Outcome, CallError> {
    // SAFETY: as in `call`; the platform is kept by the engine, which the store keeps.
    let store = unsafe { core.as_mut() };
    let previous = store.begin_activation();
    let status = go();
    // SAFETY: machine code has been left, so the store is ours again.
    unsafe { core.as_mut() }.end_activation(previous, status, function, array)
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

    fn prepare_entry(&mut self, addr: FuncAddr, args: &[Value]) -> Result<Entry, CallError> {
        let raw = self.funcs[addr.0 as usize].raw;
        let thunks = self.thunks(signature_of(raw))?;
        let limit = self.ensure_stack()?.limit();
        let top = self.entry_stack_top();
        let ty = self.func_type(addr);
        let array_bytes = 16 * ty.params.len().max(ty.results.len()) as u64;
        if self.depth >= MAX_DEPTH || top < limit + array_bytes {
            return Err(exhausted().into());
        }
        let array = (top - array_bytes) as *mut u128;
        for (index, arg) in args.iter().enumerate() {
            let raw = arg.to_raw(self).ok_or(CallError::ForeignFunction(index))?;
            // SAFETY: the array lies on the free part of the wasm stack.
            unsafe { array.add(index).write(raw) };
        }
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
        self.engine.platform().swap_activation(self.vm.as_ptr())
    }

    fn end_activation(
        &mut self,
        previous: *mut VmStoreContext,
        status: Status,
        function: FuncAddr,
        array: *mut u128,
    ) -> Result<Outcome, CallError> {
        self.engine.platform().swap_activation(previous);
        let outcome = match status {
            Status::Returned => Ok(Outcome::Returned(self.read_results(function, array))),
            Status::Trapped => Err(self.take_trap(Exit::Call).into()),
            Status::Faulted => Err(self.take_trap(Exit::Fault).into()),
            Status::HostError => Err(self.take_host_error()),
            Status::Suspended => {
                let pending = match &mut self.execution {
                    Execution::Suspended(suspension) => core::mem::take(&mut suspension.pending),
                    Execution::Idle => Vec::new(),
                };
                self.execution = Execution::Suspended(Suspension {
                    function,
                    array,
                    pending,
                });
                Ok(Outcome::Suspended)
            }
        };
        self.depth -= 1;
        if let Some(outer) = self.outer.pop() {
            let frame = self.frame_mut();
            (frame.gpr, frame.rip) = (outer.gpr, outer.rip);
            if self.can_suspend() && self.contexts.is_requested() {
                self.contexts.raise();
            }
        }
        outcome
    }

    fn read_results(&self, function: FuncAddr, array: *const u128) -> Vec<Value> {
        let results = &self.func_type(function).results;
        let read = |(index, &ty): (usize, &ValType)| {
            // SAFETY: the entry thunk has stored as many results as the type has.
            let raw = unsafe { array.add(index).read() };
            Value::from_raw(ty, raw, self)
        };
        results.iter().enumerate().map(read).collect()
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
    fn can_suspend(&self) -> bool {
        self.depth == 1 && self.direct_host_calls == 0
    }

    /// Notes that a suspend point is passed. True: suspend there.
    pub(super) fn passes_suspend_point(&mut self) -> bool {
        self.passed += 1;
        let is_due = self
            .freeze_every
            .is_some_and(|every| self.passed >= every.get());
        if is_due {
            self.passed = 0;
        }
        if !is_due && !self.contexts.is_requested() {
            self.settle_poll_words();
            return false;
        }
        if !self.can_suspend() {
            self.contexts.defer_request();
            if self.freeze_every.is_none() {
                self.contexts.lower_in_spite_of_request();
            }
            return false;
        }
        self.contexts.take_request();
        self.settle_poll_words();
        true
    }

    fn poll(&mut self) -> Status {
        let frame = self.frame();
        let (rip, rsp) = (frame.rip, frame.gpr[GPR::RSP as usize]);
        let stack = self.stack.as_ref().expect("wasm runs on the stack");
        if super::backtrace::begins_below(self, rip, rsp, stack.limit()) {
            return self.set_trap(TrapCode::CallStackExhausted);
        }
        if self.passes_suspend_point() {
            Status::Suspended
        } else {
            Status::Returned
        }
    }

    /// Suspends behind a host call: makes the frame one of the calling wasm function,
    /// as if the call had just returned `results`.
    fn suspend_behind_host_call(&mut self, results: Vec<Value>) -> Status {
        self.leave_host_thunk();
        self.place_results(&results);
        self.execution = Execution::Suspended(Suspension {
            function: FuncAddr(0),
            array: core::ptr::null_mut(),
            pending: results,
        });
        Status::Suspended
    }

    /// Turns the frame of a host thunk, calling the host, into its caller's.
    fn leave_host_thunk(&mut self) {
        let frame = self.frame_mut();
        let (rip, gpr) = host_call_site(&frame.gpr);
        *frame = TrapFrame {
            gpr,
            rip,
            ..TrapFrame::ZERO
        };
    }

    /// Places results of a call as the frame's function expects them on return.
    pub(super) fn place_results(&mut self, results: &[Value]) {
        let types: Vec<ValType> = results.iter().map(Value::ty).collect();
        for (index, value) in results.iter().enumerate() {
            let raw = value.to_raw(self).expect("results were checked");
            let frame = self.frame_mut();
            match result_stack_word(&types, index) {
                None if types[index].is_float() => frame.xmm[0] = raw,
                None => frame.gpr[GPR::RAX as usize] = raw as u64,
                Some(word) => {
                    let slot = frame.gpr[GPR::RSP as usize] as *mut u64;
                    // SAFETY: the caller has outgoing stack words for its call's results.
                    unsafe { slot.add(word).write(raw as u64) };
                    if types[index] == ValType::V128 {
                        // SAFETY: as above; a v128 takes two words.
                        unsafe { slot.add(word + 1).write((raw >> 64) as u64) };
                    }
                }
            }
        }
    }

    fn prepare_resumption(&mut self) {
        if let Some(activate) = super::backtrace::restart_address(self, self.frame().rip) {
            self.frame_mut().rip = activate;
        }
    }

    /// The instance whose code called the running host function.
    pub(super) fn calling_instance(&self) -> u32 {
        let (_, gpr) = host_call_site(&self.frame().gpr);
        let vmctx = gpr[GPR::R14 as usize] as *const VmCtx;
        // SAFETY: the calling frame's context is one of this store, and alive.
        unsafe { (*vmctx).instance as u32 }
    }
}

/// Where wasm code called the host thunk whose registers these are: the return
/// address, and the registers there, those that a call preserves.
pub(super) fn host_call_site(thunk: &[u64; 16]) -> (u64, [u64; 16]) {
    let base = thunk[GPR::RBP as usize];
    let read = |address: u64| {
        // SAFETY: `base` is the frame base of a host thunk on a live wasm stack, which
        // has its caller's RBP and return address there; `caller` is the frame base of
        // a wasm function, which has its context below.
        unsafe { (address as *const u64).read() }
    };
    let caller = read(base);
    let vmctx = read(caller - 8);
    let mut gpr = [0; 16];
    for register in [GPR::RBX, GPR::R12, GPR::R13] {
        gpr[register as usize] = thunk[register as usize];
    }
    gpr[GPR::RSP as usize] = base + 16;
    gpr[GPR::RBP as usize] = caller;
    gpr[GPR::R14 as usize] = vmctx;
    // SAFETY: a wasm frame's context is alive.
    gpr[GPR::R15 as usize] = unsafe { (*(vmctx as *const VmCtx)).memory0_base as u64 };
    (read(base + 8), gpr)
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

/// Decides at a poll: go on, trap or suspend.
pub(super) extern "sysv64" fn poll(vm: *mut VmStoreContext) -> u64 {
    // SAFETY: only the poll trampoline calls this.
    unsafe { store_of(vm) }.poll() as u64
}

/// Calls a host function for its thunk: on an array of raw arguments, which results replace.
pub(super) extern "sysv64" fn host_call(
    vm: *mut VmStoreContext,
    array: *mut u128,
    func: *const VmHostFunc,
) -> u64 {
    // SAFETY: only the host call trampoline calls this.
    let store = unsafe { store_of(vm) };
    // SAFETY: the thunk passes its own context.
    let addr = unsafe { (*func).func_addr };
    let FuncOrigin::Host(host) = store.funcs[addr as usize].origin else {
        unreachable!("function {addr} is not a host function")
    };
    let dispatch = store.dispatch;
    let ty = Arc::as_ptr(&store.host_funcs[host as usize].ty);
    // SAFETY: types are on the heap, and a store drops none while it lives.
    let ty = unsafe { &*ty };
    let mut values = HostValues::EMPTY;
    values.fit(ty);
    for (index, &ty) in ty.params.iter().enumerate() {
        // SAFETY: the array holds all arguments.
        let raw = unsafe { array.add(index).read() };
        values.args()[index] = Value::from_raw(ty, raw, store);
    }
    let core = NonNull::from(store);
    let (args, results) = values.split();
    // SAFETY: the store made `dispatch` for its own data type.
    let returned = unsafe { dispatch(core, host, CalledFrom::Wasm, args, results) };
    // SAFETY: the host function has returned, so its access to the store is over.
    let store = unsafe { &mut *core.as_ptr() };
    if let Err(error) = returned {
        store.host_error = Some(error);
        return Status::HostError as u64;
    }
    values.check_results(ty);
    let is_wanted = store.freeze_every.is_some() || store.contexts.is_requested();
    if is_wanted && store.passes_suspend_point() {
        return store.suspend_behind_host_call(values.results().to_vec()) as u64;
    }
    for (index, value) in values.results().iter().enumerate() {
        let raw = value
            .to_raw(store)
            .expect("a host function returned a function of another store");
        // SAFETY: the array has room for all results.
        unsafe { array.add(index).write(raw) };
    }
    Status::Returned as u64
}

/// Who called a host function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CalledFrom {
    /// The host.
    Host,
    /// A wasm function, whose frame is the innermost.
    Wasm,
}

/// Runs a host function's closure.
///
/// # Safety
///
/// `core` is that of a `StoreInner<T>`, and no reference to the store is in use.
pub(super) unsafe fn dispatch<T: 'static>(
    core: NonNull<StoreCore>,
    host: u32,
    called_from: CalledFrom,
    args: &[Value],
    results: &mut [Value],
) -> Result<(), HostError> {
    let inner: NonNull<StoreInner<T>> = core.cast();
    // SAFETY: the caller vouches for the type; the reference ends here.
    let closure = Arc::as_ptr(&unsafe { inner.as_ref() }.closures[host as usize]);
    let caller = Caller {
        context: StoreContextMut {
            inner,
            borrow: PhantomData,
        },
        called_from,
    };
    // SAFETY: closures are on the heap, and a store drops none while it lives.
    unsafe { (*closure)(caller, args, results) }
}
