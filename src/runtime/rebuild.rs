//! Writes a store's stack: that of an image, or its own in other code versions.

#![expect(unsafe_code, reason = "follows pointers from an instance's context")]

use super::activation::{Execution, Suspension};
use super::move_frames::Choose;
use super::store_core::{FuncOrigin, StoreCore};
use super::{RestoreError, SuspendReason, VersionId, entry};
use crate::abi::registers::{argument_stack_words, outgoing_stack_words};
use crate::abi::{FuncAddr, FuncType, Val};
use crate::frame::{
    self, CodeRef, EntryFrame, ExecutionStateImage, Exit, FramesError, FunctionOrigin, HostCall,
    RebuildContext, RebuildError, StackViewMut, ValidateContext, ValidatedState,
};
use crate::module::Module;
use alloc::vec::Vec;

impl StoreCore {
    /// Validates the frames of an image, of which everything else has been restored and
    /// validated, and writes them onto a fresh stack, in the versions chosen.
    pub(super) fn restore_execution(
        &mut self,
        state: &ExecutionStateImage,
        choose: Choose<'_>,
    ) -> Result<(), RestoreError> {
        let versions = self.choose_versions(state, choose);
        let versions =
            versions.map_err(|(frame, unknown)| RestoreError::UnknownVersion { frame, unknown })?;
        let validated = self.validate_frames(state, &versions)?;
        let ty = self.entry_type(state);
        let signature = self.engine.intern(&ty);
        self.thunks(signature)?;
        let values = ty.params.len().max(ty.results.len()) as u64;
        let array = self.ensure_stack()?.top() - 16 * values;
        self.write_stack(&validated, array, signature)?;
        let is_pending = matches!(state.host_call, Some(HostCall::Pending(_)));
        self.execution = Execution::Suspended(Suspension {
            signature,
            reason: is_pending.then_some(SuspendReason::Pending),
            exit: Exit::Call,
            array: array as *mut u128,
            host_call: state.host_call.clone(),
        });
        Ok(())
    }

    /// A type by which the host can have entered validated frames.
    fn entry_type(&self, state: &ExecutionStateImage) -> FuncType {
        match (state.frames.last(), &state.host_call) {
            // The host may have called another function, which tail-called this one; the
            // results are the same.
            (Some(frame), _) => {
                let module = self.instances[frame.instance as usize].module.inner();
                module.function_type(frame.local_function_id).clone()
            }
            (None, Some(HostCall::Pending(call))) => self.func_type(call.function).clone(),
            (None, Some(HostCall::Returned(results))) => {
                FuncType::new([], results.iter().map(Val::ty).collect::<Vec<_>>())
            }
            (None, None) => unreachable!("validated: there are frames or a host call"),
        }
    }

    /// Validates frames against the code versions, one for each, in which they are to go on.
    pub(super) fn validate_frames<'s>(
        &self,
        state: &'s ExecutionStateImage,
        versions: &[VersionId],
    ) -> Result<ValidatedState<'s>, FramesError> {
        let core = self;
        frame::validate(&InVersions { core, versions }, state)
    }

    /// Writes frames onto the stack, below the frame of the entry thunk of a type, which has
    /// been loaded, with the address of the array of results; they are then the suspended ones.
    pub(super) fn write_stack(
        &mut self,
        validated: &ValidatedState<'_>,
        array: u64,
        signature: u32,
    ) -> Result<(), RebuildError> {
        let thunks = self.thunks(signature).expect("loaded before");
        let ty = match validated.entry_function() {
            Some((instance, function)) => {
                let module = self.instances[instance as usize].module.inner();
                module.function_type(function)
            }
            None => self.entered_type(signature),
        };
        let entry = EntryFrame {
            rsp: array,
            exit_address: entry::return_address(),
            thunk_return_address: thunks.entry_return,
            array,
            outgoing_words: outgoing_stack_words(ty) as u32,
            argument_words: argument_stack_words(&ty.params) as u32,
        };
        let mut stack = self.stack.take().expect("reserved before");
        let (base, limit) = (stack.base(), stack.limit());
        let mut view = StackViewMut::new(base, stack.words_mut());
        let rebuilt = frame::rebuild(self, &mut view, limit, &entry, validated);
        self.stack = Some(stack);
        let mut registers = rebuilt?;
        registers.rip = validated.innermost_address().unwrap_or(thunks.entry_return);
        *self.frame_mut() = registers;
        Ok(())
    }
}

/// A store, and the code version in which each frame is to go on.
struct InVersions<'a> {
    core: &'a StoreCore,
    versions: &'a [VersionId],
}

impl ValidateContext for InVersions<'_> {
    fn module(&self, instance: u32) -> Option<&Module> {
        let instance = self.core.instances.get(instance as usize)?;
        Some(instance.module.inner())
    }

    fn code(&self, frame: usize, instance: u32) -> Option<CodeRef<'_>> {
        let module = &self.core.instances.get(instance as usize)?.module;
        let version = module.version(*self.versions.get(frame)?);
        Some(version.ok()?.code_ref())
    }

    fn function(&self, instance: u32, index: u32) -> Option<FuncAddr> {
        let instance = self.core.instances.get(instance as usize)?;
        instance.functions.get(index as usize).copied()
    }

    fn origin(&self, addr: FuncAddr) -> Option<FunctionOrigin> {
        Some(match self.core.funcs.get(addr.0 as usize)?.origin {
            FuncOrigin::Wasm { instance, function } => FunctionOrigin::Wasm { instance, function },
            FuncOrigin::Host(_) => FunctionOrigin::Host,
        })
    }

    fn host_type(&self, addr: FuncAddr) -> Option<&FuncType> {
        match self.core.funcs.get(addr.0 as usize)?.origin {
            FuncOrigin::Wasm { .. } => None,
            FuncOrigin::Host(host) => Some(&self.core.host_funcs[host as usize].ty),
        }
    }
}

impl RebuildContext for StoreCore {
    fn vmctx(&self, instance: u32) -> Option<u64> {
        let instance = self.instances.get(instance as usize)?;
        Some(instance.vmctx.as_ptr() as u64)
    }

    fn deref(&self, vmctx: u64, path: &[u32]) -> u64 {
        path.iter().fold(vmctx, |pointer, &offset| {
            // SAFETY: paths come from the compiler, which made them by the context's layout.
            unsafe { ((pointer + u64::from(offset)) as *const u64).read() }
        })
    }
}
