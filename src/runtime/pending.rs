//! Calls of host functions that have no answer yet.
//!
//! A host function that has to wait answers [`Pending`]. Its thunk's frame is taken off the
//! wasm stack, as when the store is suspended behind a call, but what is left is the call: the
//! function, the calling instance and the arguments. Resuming lays it down as the calling code
//! had and goes to the thunk, so a host function is called again like it was called first.

use super::activation::{Execution, Suspension};
use super::context::{AsContext, AsContextMut};
use super::entry::Status;
use super::store_core::{FuncOrigin, HostFuncEntry, StoreCore};
use super::vmctx::entry_of;
use super::{CallError, Caller, Func, HostError, Instance, Store, SuspendReason};
use crate::abi::registers::{ArgumentLocation, ArgumentRegisterAllocator, argument_stack_words};
use crate::abi::{FuncType, GPR, Val, ValType};
use crate::frame::{HostCall, PendingHostCall, StackViewMut};
use alloc::string::String;
use alloc::vec::Vec;

/// A host function's answer that it has no result yet: `return Err(Pending.into())`.
///
/// The store is then suspended ([`Outcome::Suspended`](super::Outcome::Suspended)) with the
/// call pending, which images record. [`Store::resume`] calls the function again with
/// the same arguments, like the poll of a future; [`Store::complete_pending_call`] gives the
/// results in its place. The program sees one call.
///
/// Where the store cannot be suspended, because the host has called the function itself or
/// another host function is running further out, the call fails with
/// [`CallError::CannotSuspend`].
///
/// # Examples
///
/// A host function that waits for a packet, which the kernel puts into the store's data:
///
#[doc = include_str!("examples/pending.md")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the host function has no result yet")]
pub struct Pending;

impl From<Pending> for HostError {
    fn from(pending: Pending) -> Self {
        Self::new(pending)
    }
}

/// A call of a host function that has answered [`Pending`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingCall {
    /// The host function.
    pub func: Func,
    /// The instance whose code calls it.
    pub instance: Instance,
    /// Import module and field name; None for a function that no linker has defined.
    pub name: Option<(String, String)>,
    /// The function's type.
    pub ty: FuncType,
    /// The arguments.
    pub args: Vec<Val>,
}

/// Why a pending call could not be completed. It is then pending still.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompleteError {
    /// No call is pending.
    #[error("no call of a host function is pending")]
    NothingPending,
    /// The number of values is not that of the function's results.
    #[error("{given} values given for {expected} results")]
    ResultCount {
        /// How many results the function has.
        expected: usize,
        /// How many values were given.
        given: usize,
    },
    /// A value has another type than the result.
    #[error("value {index} is of type {given}, the result of type {expected}")]
    ResultType {
        /// Which result.
        index: usize,
        /// The result's type.
        expected: ValType,
        /// The value's type.
        given: ValType,
    },
    /// A value is a reference to a function that the store does not have.
    #[error("value {0} refers to a function of another store")]
    ForeignFunction(usize),
}

impl<T: 'static> Store<T> {
    /// The call of a host function that has answered [`Pending`], if the store is suspended at
    /// one.
    pub fn pending_call(&self) -> Option<PendingCall> {
        let core = self.as_context().into_core();
        let call = core.pending_call()?;
        let host = core.pending_host_func(call);
        Some(PendingCall {
            func: Func {
                store: core.id,
                addr: call.function,
            },
            instance: Instance {
                store: core.id,
                index: call.instance,
            },
            name: host.name.clone(),
            ty: (*host.ty).clone(),
            args: call.arguments.clone(),
        })
    }

    /// Gives the results of the pending call, whose function is then not called again:
    /// [`Self::resume`] goes on behind the call.
    ///
    /// # Errors
    ///
    /// [`CompleteError`]; the call is pending still.
    pub fn complete_pending_call(&mut self, results: &[Val]) -> Result<(), CompleteError> {
        self.as_context_mut()
            .core_mut()
            .complete_pending_call(results)
    }
}

impl<T: 'static> Caller<'_, T> {
    /// Whether somebody waits for the store to be suspended, which it will be when the host
    /// function returns. One that waits for something should look from time to time, and
    /// answer [`Pending`] then. False where that answer is not allowed.
    pub fn is_suspend_requested(&self) -> bool {
        let core = self.as_context().into_core();
        core.can_suspend() && core.contexts.is_requested()
    }
}

/// Suspends at a call of a host function, whose arguments are in the array: makes the frame
/// one of the calling wasm function.
#[cold]
pub(super) fn suspend_at_host_call(core: &mut StoreCore, host: u32, array: *const u128) -> Status {
    if !core.can_suspend() {
        return core.leave_with(CallError::CannotSuspend.into());
    }
    let HostFuncEntry { addr, ty, .. } = &core.host_funcs[host as usize];
    let (function, ty) = (*addr, ty.clone());
    let call = PendingHostCall {
        function,
        instance: core.calling_instance(),
        arguments: core.read_values(&ty.params, array),
    };
    core.leave_host_thunk(argument_stack_words(&ty.params));
    // Whoever has asked for a suspension has it.
    core.contexts.take_requests();
    core.settle_poll_words();
    core.left_for = Some(SuspendReason::Pending);
    core.left_host_call = Some(HostCall::Pending(call));
    Status::Suspended
}

impl StoreCore {
    fn pending_call(&self) -> Option<&PendingHostCall> {
        match &self.suspension().ok()?.host_call {
            Some(HostCall::Pending(call)) => Some(call),
            _ => None,
        }
    }

    fn pending_host_func(&self, call: &PendingHostCall) -> &HostFuncEntry {
        match self.funcs[call.function.0 as usize].origin {
            FuncOrigin::Host(host) => &self.host_funcs[host as usize],
            FuncOrigin::Wasm { .. } => unreachable!("pending calls are of host functions"),
        }
    }

    fn complete_pending_call(&mut self, results: &[Val]) -> Result<(), CompleteError> {
        let call = self.pending_call().ok_or(CompleteError::NothingPending)?;
        self.check_results(&self.pending_host_func(call).ty, results)?;
        self.place_results(results);
        let Execution::Suspended(Suspension { host_call, .. }) = &mut self.execution else {
            unreachable!("a call is pending")
        };
        *host_call = Some(HostCall::Returned(results.to_vec()));
        Ok(())
    }

    fn check_results(&self, ty: &FuncType, results: &[Val]) -> Result<(), CompleteError> {
        let (expected, given) = (ty.results.len(), results.len());
        if expected != given {
            return Err(CompleteError::ResultCount { expected, given });
        }
        for (index, (result, &expected)) in results.iter().zip(&ty.results).enumerate() {
            let given = result.ty();
            if given != expected {
                return Err(CompleteError::ResultType {
                    index,
                    expected,
                    given,
                });
            }
            if result.to_raw(self).is_none() {
                return Err(CompleteError::ForeignFunction(index));
            }
        }
        Ok(())
    }

    /// Makes the frame, which stands behind a call of a host function, one that enters the
    /// function's thunk, as the calling code does.
    pub(super) fn make_host_call_again(&mut self, call: &PendingHostCall) {
        let ty = self.pending_host_func(call).ty.clone();
        let (thunk, context, _) = entry_of(self.funcs[call.function.0 as usize].raw);
        let caller = self.instances[call.instance as usize].vmctx;
        let mut frame = *self.frame();
        let mut stack = self.stack.take().expect("wasm runs on the stack");
        let base = stack.base();
        let mut view = StackViewMut::new(base, stack.words_mut());
        let mut write = |address: u64, word: u64| {
            *view.word_mut(address).expect("the call was on the stack") = word;
        };
        // The stack arguments end where the frame's result area begins.
        let arguments = frame.gpr[GPR::RSP as usize] - 8 * argument_stack_words(&ty.params) as u64;
        let mut locations = ArgumentRegisterAllocator::default();
        for argument in &call.arguments {
            let raw = argument.to_raw(self).expect("arguments are of the store");
            match locations.next(argument.ty()) {
                ArgumentLocation::Register(register) => frame.set_register(register, raw),
                ArgumentLocation::Stack(word) => {
                    let address = arguments + 8 * word as u64;
                    write(address, raw as u64);
                    if argument.ty() == ValType::V128 {
                        write(address + 8, (raw >> 64) as u64);
                    }
                }
            }
        }
        write(arguments - 8, frame.rip);
        frame.gpr[GPR::RSP as usize] = arguments - 8;
        frame.gpr[GPR::RAX as usize] = caller.as_ptr() as u64;
        frame.gpr[GPR::R14 as usize] = context as u64;
        frame.rip = thunk as u64;
        self.stack = Some(stack);
        *self.frame_mut() = frame;
    }
}
