//! Calls of host functions, and suspension behind them.
//!
//! A host function runs on the host's stack while its thunk's frame is the
//! innermost on the wasm stack. If the store is to be suspended when it returns, that
//! frame is taken off and its results are put where the calling wasm function
//! expects them.

#![expect(
    unsafe_code,
    reason = "is called by machine code with raw pointers, and reads its frames"
)]

use super::activation::store_of;
use super::entry::Status;
use super::store::StoreInner;
use super::store_core::StoreCore;
use super::{CallError, Caller, HostError, Outcome, StoreContextMut, pending};
use crate::abi::registers::{argument_stack_words, result_stack_word};
use crate::abi::value::FuncType;
use crate::abi::vmctx::{TrapFrame, VmCtx, VmHostFunc, VmStoreContext};
use crate::abi::{GPR, Val, ValType};
use crate::frame::HostCall;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::marker::PhantomData;
use core::ptr::NonNull;

/// Calls a host function from the host, with no wasm in between.
pub(super) fn call_host<R>(
    mut core: NonNull<StoreCore>,
    host: u32,
    slots: usize,
    put: impl FnOnce(&StoreCore, *mut u128) -> Result<(), CallError>,
    take: impl FnOnce(&StoreCore, *const u128) -> R,
) -> Result<Outcome<R>, CallError> {
    let mut array = alloc::vec![0; slots];
    let array = array.as_mut_ptr();
    // SAFETY: as in `call`.
    let store = unsafe { core.as_mut() };
    put(store, array)?;
    let dispatch = store.dispatch;
    store.direct_host_calls += 1;
    // SAFETY: the store made `dispatch` for its own data type; `put` stored the arguments.
    let returned = unsafe { dispatch(core, host, CalledFrom::Host, array) };
    // SAFETY: the host function has returned, so its access to the store is over.
    let store = unsafe { core.as_mut() };
    store.direct_host_calls -= 1;
    match returned {
        Ok(()) => Ok(Outcome::Returned(take(store, array))),
        Err(error) if error.is_pending() => Err(CallError::CannotSuspend),
        Err(error) => Err(error.downcast().unwrap_or_else(CallError::Host)),
    }
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
    let host = unsafe { (*func).host };
    let dispatch = store.dispatch;
    let core = NonNull::from(store);
    // SAFETY: the store made `dispatch` for its own data type; the thunk stored the arguments.
    let returned = unsafe { dispatch(core, host, CalledFrom::Wasm, array) };
    // SAFETY: the host function has returned, so its access to the store is over.
    let store = unsafe { &mut *core.as_ptr() };
    match returned {
        Ok(()) if !store.is_suspension_wanted() => Status::Returned as u64,
        Ok(()) => store.pass_behind_host_call(host, array) as u64,
        Err(error) => leave_host_call(store, host, array, error) as u64,
    }
}

/// Leaves wasm because a host function has given no results. Out of line, so that calls that
/// have some do not make room for what it needs.
#[cold]
#[inline(never)]
fn leave_host_call(
    store: &mut StoreCore,
    host: u32,
    array: *const u128,
    error: HostError,
) -> Status {
    match error.is_pending() {
        true => pending::suspend_at_host_call(store, host, array),
        false => store.leave_with(error),
    }
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
/// `core` is that of a `StoreInner<T>`, and no reference to the store is in use; the array
/// is as [`HostFunc::call`](super::host_func::HostFunc::call) demands.
pub(super) unsafe fn dispatch<T: 'static>(
    core: NonNull<StoreCore>,
    host: u32,
    called_from: CalledFrom,
    array: *mut u128,
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
    // SAFETY: closures are on the heap, and a store drops none while it lives; the caller
    // vouches for the array.
    unsafe { (*closure).call(caller, array) }
}

impl StoreCore {
    /// Passes the suspend point behind a call of a host function, whose results are in the array.
    #[cold]
    fn pass_behind_host_call(&mut self, host: u32, array: *const u128) -> Status {
        if !self.returns_to_wasm() || !self.passes_suspend_point() {
            return Status::Returned;
        }
        let ty = self.host_funcs[host as usize].ty.clone();
        let results = self.read_values(&ty.results, array);
        self.suspend_behind_host_call(&ty, results)
    }

    /// Ends the call with a host function's error.
    #[cold]
    pub(super) fn leave_with(&mut self, error: HostError) -> Status {
        self.host_error = Some(error);
        Status::HostError
    }

    /// Suspends behind a call of a host function of type `ty`: makes the frame one of the
    /// calling wasm function, as if the call had just returned `results`.
    fn suspend_behind_host_call(&mut self, ty: &FuncType, results: Vec<Val>) -> Status {
        self.leave_host_thunk(argument_stack_words(&ty.params));
        self.place_results(&results);
        self.left_host_call = Some(HostCall::Returned(results));
        Status::Suspended
    }

    /// Whether the running host function returns to a wasm function. If it was tail-called by
    /// the one that the host called, nothing is left to suspend: the call is over.
    fn returns_to_wasm(&self) -> bool {
        let (rip, _) = host_call_site(&self.frame().gpr);
        !self.entry_returns.contains(&rip)
    }

    /// Turns the frame of a host thunk, calling the host, into its caller's, whose stack
    /// arguments the thunk pops.
    pub(super) fn leave_host_thunk(&mut self, argument_words: usize) {
        let frame = self.frame_mut();
        let (rip, mut gpr) = host_call_site(&frame.gpr);
        gpr[GPR::RSP as usize] += 8 * argument_words as u64;
        *frame = TrapFrame {
            gpr,
            rip,
            ..TrapFrame::ZERO
        };
    }

    /// Places results of a call as the frame's function expects them on return.
    pub(super) fn place_results(&mut self, results: &[Val]) {
        let types: Vec<ValType> = results.iter().map(Val::ty).collect();
        for (index, value) in results.iter().enumerate() {
            let raw = value.to_raw(self).expect("results were checked");
            let frame = self.frame_mut();
            match result_stack_word(&types, index) {
                None if types[index].is_float() => frame.xmm[0] = raw,
                None => frame.gpr[GPR::RAX as usize] = raw as u64,
                Some(word) => {
                    let slot = frame.gpr[GPR::RSP as usize] as *mut u64;
                    // SAFETY: behind a call RSP is where the caller has a result area.
                    unsafe { slot.add(word).write(raw as u64) };
                    if types[index] == ValType::V128 {
                        // SAFETY: as above; a v128 takes two words.
                        unsafe { slot.add(word + 1).write((raw >> 64) as u64) };
                    }
                }
            }
        }
    }

    /// The instance whose code called the running host function.
    pub(super) fn calling_instance(&self) -> u32 {
        let base = self.frame().gpr[GPR::RBP as usize];
        // SAFETY: a host thunk keeps its caller's context below its frame base.
        let vmctx = unsafe { ((base - 8) as *const *const VmCtx).read() };
        // SAFETY: the caller's context is one of this store, and alive.
        unsafe { (*vmctx).instance as u32 }
    }
}

/// Where the host thunk whose registers these are returns to: the address, and the
/// registers there, those that a call preserves. RSP is as it was before
/// the call.
fn host_call_site(thunk: &[u64; 16]) -> (u64, [u64; 16]) {
    let base = thunk[GPR::RBP as usize];
    let read = |address: u64| {
        // SAFETY: `base` is the frame base of a host thunk on a live wasm stack, which
        // has its caller's RBP and return address there; `caller` is the frame base of
        // a wasm function or an entry thunk, which have a context below.
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
