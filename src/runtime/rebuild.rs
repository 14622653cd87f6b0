//! Writes a store's stack: that of an image, or its own in other code versions.

#![expect(unsafe_code, reason = "follows pointers from an instance's context")]

use super::activation::{Execution, Suspension};
use super::engine::Thunks;
use super::move_frames::Choose;
use super::store_core::{FuncOrigin, StoreCore};
use super::vmctx::signature_of;
use super::{RestoreError, VersionId, entry};
use crate::abi::FuncAddr;
use crate::abi::registers::outgoing_stack_words;
use crate::frame::{
    self, CodeRef, EntryFrame, ExecutionStateImage, FramesError, FunctionOrigin, RebuildContext,
    RebuildError, StackViewMut, ValidateContext, ValidatedState, WasmFunctionStateDump,
};
use crate::module::Module;

impl StoreCore {
    /// Validates the frames of an image, of which everything else has been restored and
    /// validated, and writes them onto a fresh stack, in the versions chosen.
    pub(super) fn restore_execution(
        &mut self,
        state: &ExecutionStateImage,
        choose: Choose<'_>,
    ) -> Result<(), RestoreError> {
        self.ensure_stack()?;
        // Loads the thunks too, which changes the store, so it comes before validation.
        let outermost = state.frames.last();
        let function = outermost.and_then(|frame| self.function_of(frame));
        let thunks = match function {
            Some(addr) => Some(self.thunks(signature_of(self.funcs[addr.0 as usize].raw))?),
            None => None,
        };
        let versions = self.choose_versions(state, choose);
        let versions =
            versions.map_err(|(frame, unknown)| RestoreError::UnknownVersion { frame, unknown })?;
        let validated = self.validate_frames(state, &versions)?;
        let function = function.expect("validated: the outermost function exists");
        let thunks = thunks.expect("loaded with the function");

        let ty = self.func_type(function);
        let values = ty.params.len().max(ty.results.len()) as u64;
        let top = self.ensure_stack()?.top();
        let array = top - 16 * values;
        self.write_stack(&validated, array, thunks)?;
        self.execution = Execution::Suspended(Suspension {
            function,
            array: array as *mut u128,
            pending: state.pending_results.clone(),
        });
        Ok(())
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

    /// Writes frames onto the stack, below an entry thunk's frame with the address of the
    /// array of results; they are then the suspended ones.
    pub(super) fn write_stack(
        &mut self,
        validated: &ValidatedState<'_>,
        array: u64,
        thunks: Thunks,
    ) -> Result<(), RebuildError> {
        // The host may have called another function, which tail-called this one; the results
        // are the same.
        let (instance, function) = validated.entry_function();
        let module = self.instances[instance as usize].module.inner();
        let ty = module.function_type(function);
        let entry = EntryFrame {
            rsp: array,
            exit_address: entry::return_address(),
            thunk_return_address: thunks.entry_return,
            array,
            outgoing_words: outgoing_stack_words(ty) as u32,
        };
        let mut stack = self.stack.take().expect("reserved before");
        let (base, limit) = (stack.base(), stack.limit());
        let mut view = StackViewMut::new(base, stack.words_mut());
        let rebuilt = frame::rebuild(self, &mut view, limit, &entry, validated);
        self.stack = Some(stack);
        let mut registers = rebuilt?;
        registers.rip = validated.innermost_address();
        *self.frame_mut() = registers;
        Ok(())
    }

    /// The function of a frame that has not been validated.
    fn function_of(&self, frame: &WasmFunctionStateDump) -> Option<FuncAddr> {
        let instance = self.instances.get(frame.instance as usize)?;
        let addr = instance.functions.get(frame.local_function_id as usize)?;
        Some(*addr)
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
