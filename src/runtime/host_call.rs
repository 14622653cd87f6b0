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

use super::activation::{Execution, Suspension, store_of};
use super::entry::Status;
use super::store::StoreInner;
use super::store_core::{FuncOrigin, StoreCore};
use super::{CallError, Caller, HostError, Outcome, StoreContextMut};
use crate::abi::registers::{argument_stack_words, result_stack_word};
use crate::abi::value::FuncType;
use crate::abi::vmctx::{TrapFrame, VmCtx, VmHostFunc, VmStoreContext};
use crate::abi::{FuncAddr, GPR, ValType, Value};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::marker::PhantomData;
use core::ptr::NonNull;

/// Calls a host function from the host, with no wasm in between.
pub(super) fn call_host(
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
    if is_wanted && store.returns_to_wasm() && store.passes_suspend_point() {
        return store.suspend_behind_host_call(ty, values.results().to_vec()) as u64;
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

impl StoreCore {
    /// Suspends behind a call of a host function of type `ty`: makes the frame one of the
    /// calling wasm function, as if the call had just returned `results`.
    fn suspend_behind_host_call(&mut self, ty: &FuncType, results: Vec<Value>) -> Status {
        self.leave_host_thunk(argument_stack_words(&ty.params));
        self.place_results(&results);
        self.execution = Execution::Suspended(Suspension {
            function: FuncAddr(0),
            array: core::ptr::null_mut(),
            pending: results,
        });
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
    fn leave_host_thunk(&mut self, argument_words: usize) {
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

/// Arguments and results of a host call; on the stack if they are few.
pub(super) struct HostValues {
    inline: [Value; Self::INLINE],
    heap: Vec<Value>,
    params: usize,
    len: usize,
}

impl HostValues {
    const INLINE: usize = 8;

    /// No values.
    pub(super) const EMPTY: Self = Self {
        inline: [Value::I32(0); Self::INLINE],
        heap: Vec::new(),
        params: 0,
        len: 0,
    };

    /// Makes zeros and nulls for a type's results, and room for its arguments.
    #[inline]
    pub(super) fn fit(&mut self, ty: &FuncType) {
        self.params = ty.params.len();
        self.len = self.params + ty.results.len();
        if self.len > Self::INLINE {
            self.heap.resize(self.len, Value::I32(0));
        }
        for (value, &ty) in self.split().1.iter_mut().zip(&ty.results) {
            *value = Value::default_of(ty);
        }
    }

    pub(super) fn args(&mut self) -> &mut [Value] {
        let params = self.params;
        &mut self.all()[..params]
    }

    pub(super) fn results(&self) -> &[Value] {
        if self.len > Self::INLINE {
            &self.heap[self.params..]
        } else {
            &self.inline[self.params..self.len]
        }
    }

    /// Arguments and results.
    pub(super) fn split(&mut self) -> (&[Value], &mut [Value]) {
        let params = self.params;
        let (args, results) = self.all().split_at_mut(params);
        (args, results)
    }

    /// Asserts that the results are of the type's.
    pub(super) fn check_results(&self, ty: &FuncType) {
        for (value, &expected) in self.results().iter().zip(&ty.results) {
            assert!(
                value.ty() == expected,
                "a host function returned a value of type {} as {expected}",
                value.ty()
            );
        }
    }

    fn all(&mut self) -> &mut [Value] {
        if self.len > Self::INLINE {
            &mut self.heap
        } else {
            &mut self.inline[..self.len]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::ValType;

    #[test]
    fn host_values_are_split_whether_few_or_many() {
        for count in [0, 1, 4, 5, 40] {
            let ty = FuncType::new(
                alloc::vec![ValType::I32; count],
                alloc::vec![ValType::F64; count],
            );
            let mut values = HostValues::EMPTY;
            values.fit(&ty);
            assert_eq!(values.args().len(), count);
            assert!(values.results().iter().all(|&v| v == Value::F64(0)));
            assert_eq!(values.results().len(), count);
            values.check_results(&ty);
        }
    }
}
