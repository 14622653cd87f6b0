//! The stack of a restored store.

#![expect(unsafe_code, reason = "follows pointers from an instance's context")]

use super::activation::{Execution, Suspension};
use super::store_core::{FuncOrigin, StoreCore};
use super::vmctx::signature_of;
use super::{RestoreError, entry};
use crate::abi::FuncAddr;
use crate::abi::registers::outgoing_stack_words;
use crate::frame::{
    self, CodeRef, EntryFrame, ExecutionStateImage, FunctionOrigin, InstanceAddresses,
    RebuildContext, StackViewMut, ValidateContext, WasmFunctionStateDump,
};
use crate::module::Module;
use crate::state::PointKind;

impl StoreCore {
    /// Validates the frames of an image, of which everything else has been restored,
    /// and writes them onto a fresh stack.
    pub(super) fn restore_execution(
        &mut self,
        state: &ExecutionStateImage,
    ) -> Result<(), RestoreError> {
        self.ensure_stack()?;
        // Loads the thunks too, which changes the store, so it comes before validation.
        let outermost = state.frames.last();
        let function = outermost.and_then(|frame| self.function_of(frame));
        let thunks = match function {
            Some(addr) => Some(self.thunks(signature_of(self.funcs[addr.0 as usize].raw))?),
            None => None,
        };
        let validated = frame::validate(self, state)?;
        let function = function.expect("validated: the outermost function exists");
        let thunks = thunks.expect("loaded with the function");

        let mut stack = self.stack.take().expect("just reserved");
        let ty = self.func_type(function);
        let values = ty.params.len().max(ty.results.len()) as u64;
        let array = stack.top() - 16 * values;
        let entry = EntryFrame {
            rsp: array,
            exit_address: entry::return_address(),
            thunk_return_address: thunks.entry_return,
            array,
            outgoing_words: outgoing_stack_words(ty) as u32,
        };
        let (base, limit) = (stack.base(), stack.limit());
        let mut view = StackViewMut::new(base, stack.words_mut());
        let rebuilt = frame::rebuild(self, &mut view, limit, &entry, &validated);
        self.stack = Some(stack);
        let mut registers = rebuilt?;
        registers.rip = self.return_address_of(&state.frames[0]);
        *self.frame_mut() = registers;
        self.execution = Execution::Suspended(Suspension {
            function,
            array: array as *mut u128,
            pending: state.pending_results.clone(),
        });
        Ok(())
    }

    /// The function of a frame that has not been validated.
    fn function_of(&self, frame: &WasmFunctionStateDump) -> Option<FuncAddr> {
        let instance = self.instances.get(frame.instance as usize)?;
        let addr = instance.functions.get(frame.local_function_id as usize)?;
        Some(*addr)
    }

    /// The address by which the suspend point of a validated frame is known: a store
    /// that is captured again before it runs must be found where it stands.
    fn return_address_of(&self, frame: &WasmFunctionStateDump) -> u64 {
        let module = &self.instances[frame.instance as usize].module;
        let function = module.state_map().function(frame.local_function_id);
        let function = function.expect("validated: the function is defined");
        let point = function.point_at_wasm_offset(frame.wasm_inst_offset, PointKind::is_resumable);
        let point = point.expect("validated: the frame stands at a suspend point");
        module.code_base() + u64::from(point.code_offset)
    }
}

impl ValidateContext for StoreCore {
    fn module(&self, instance: u32) -> Option<&Module> {
        let instance = self.instances.get(instance as usize)?;
        Some(instance.module.inner())
    }

    fn code(&self, instance: u32) -> Option<CodeRef<'_>> {
        let module = &self.instances.get(instance as usize)?.module;
        Some(CodeRef {
            map: module.state_map(),
            base: module.code_base(),
            baseline: true,
        })
    }

    fn function(&self, instance: u32, index: u32) -> Option<FuncAddr> {
        let instance = self.instances.get(instance as usize)?;
        instance.functions.get(index as usize).copied()
    }

    fn origin(&self, addr: FuncAddr) -> Option<FunctionOrigin> {
        Some(match self.funcs.get(addr.0 as usize)?.origin {
            FuncOrigin::Wasm { instance, function } => FunctionOrigin::Wasm { instance, function },
            FuncOrigin::Host(_) => FunctionOrigin::Host,
        })
    }
}

impl RebuildContext for StoreCore {
    fn addresses(&self, instance: u32) -> Option<InstanceAddresses> {
        let instance = self.instances.get(instance as usize)?;
        Some(InstanceAddresses {
            vmctx: instance.vmctx.as_ptr() as u64,
            code_base: instance.module.code_base(),
        })
    }

    fn deref(&self, vmctx: u64, path: &[u32]) -> u64 {
        path.iter().fold(vmctx, |pointer, &offset| {
            // SAFETY: paths come from the compiler, which made them by the context's layout.
            unsafe { ((pointer + u64::from(offset)) as *const u64).read() }
        })
    }
}
