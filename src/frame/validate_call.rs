//! The validation of calls: each frame stands at a call that can have led to the frame
//! above, and the innermost one where it can go on.

use super::dump::{HostCall, PendingHostCall, WasmFunctionStateDump};
use super::site::Site;
use super::validate::{FrameError, FramesError, FunctionOrigin, Validator};
use crate::abi::{FuncAddr, FuncType, Val, ValType};
use crate::module::{CallTarget, TailCalls};
use crate::state::PointKind;

impl<'a> Validator<'a> {
    /// The call at which a frame stands, and the type of what it calls.
    pub(super) fn call(
        &self,
        frame: &WasmFunctionStateDump,
    ) -> Result<(CallTarget, &'a FuncType), FrameError> {
        let module = self.module(frame.instance)?;
        let call = u32::try_from(frame.wasm_inst_offset)
            .ok()
            .and_then(|offset| module.call_at(frame.local_function_id, offset));
        let call = call.ok_or(FrameError::WrongCall(frame.wasm_inst_offset))?;
        let ty = match call {
            CallTarget::Direct(index) => module.function_type(index),
            CallTarget::Indirect { type_index, .. } => &module.types[type_index as usize],
        };
        Ok((call, ty))
    }

    /// What a direct call of an instance calls.
    fn origin(&self, instance: u32, index: u32) -> Option<FunctionOrigin> {
        self.context.origin(self.context.function(instance, index)?)
    }

    /// Whether a frame can be where a function was called: it is of that function, or of one
    /// that can be reached from there by tail calls.
    ///
    /// That there is such a chain of tail calls is not checked, but all that the caller relies
    /// on is: the results, and whether the callee may return from another instance
    /// ([`TailCalls`]), for which only some callers are compiled.
    fn is_or_tail_calls(
        &self,
        (instance, function): (u32, u32),
        callee: &WasmFunctionStateDump,
        has_same_results: bool,
    ) -> Result<bool, FrameError> {
        let is_same_instance = instance == callee.instance;
        if is_same_instance && function == callee.local_function_id {
            return Ok(true);
        }
        let callee_tail_calls = self
            .module(callee.instance)?
            .tail_calls(callee.local_function_id);
        let can_reach = match self.module(instance)?.tail_calls(function) {
            TailCalls::None => false,
            TailCalls::Within => is_same_instance && callee_tail_calls != TailCalls::Beyond,
            TailCalls::Beyond => true,
        };
        Ok(can_reach && has_same_results)
    }

    /// Whether any function of the store makes tail calls.
    fn has_tail_calls(&self) -> bool {
        *self.has_tail_calls.get_or_init(|| {
            let modules = (0..).map_while(|instance| self.context.module(instance));
            let mut bodies = modules.flat_map(|module| &module.bodies);
            bodies.any(|body| body.tail_calls != TailCalls::None)
        })
    }

    pub(super) fn validate_innermost(
        &self,
        frame: &WasmFunctionStateDump,
        site: &Site,
        host_call: Option<&HostCall>,
    ) -> Result<(), FrameError> {
        let host_call = match (site.kind, host_call) {
            (PointKind::Call, Some(host_call)) => host_call,
            (PointKind::Call, None) => return Err(FrameError::HostCall),
            (_, None) => return Ok(()),
            (_, Some(_)) => return Err(FrameError::HostCall),
        };
        let (call, ty) = self.call(frame)?;
        let reach = self.host_functions(frame, call)?;
        match host_call {
            HostCall::Returned(results) => {
                if !has_types(results, &ty.results) {
                    return Err(FrameError::HostCallResults);
                }
                self.validate_references(results)
            }
            HostCall::Pending(pending) => {
                let found = self.validate_pending(pending)?;
                let is_reached = match reach {
                    HostFunctions::One(addr) => addr == pending.function,
                    HostFunctions::OfType => found == ty,
                    HostFunctions::WithResults => true,
                };
                if !is_reached || found.results != ty.results {
                    return Err(FrameError::PendingFunction(pending.function));
                }
                // Whoever has called it in place of the frame can be of any instance.
                if reach != HostFunctions::WithResults && pending.instance != frame.instance {
                    return Err(FrameError::PendingInstance(pending.instance));
                }
                Ok(())
            }
        }
    }

    /// Validates what is said of a host function that was called in place of the function
    /// that the host has called: nothing else lies on the stack.
    pub(super) fn validate_without_frames(
        &self,
        host_call: Option<&HostCall>,
    ) -> Result<(), FramesError> {
        let host_call = host_call.filter(|_| self.has_tail_calls());
        match host_call.ok_or(FramesError::NoFrames)? {
            HostCall::Returned(results) => self.validate_references(results),
            HostCall::Pending(pending) => self.validate_pending(pending).map(|_| ()),
        }
        .map_err(FramesError::HostCall)
    }

    /// Which host functions can have been called where a frame stands.
    fn host_functions(
        &self,
        frame: &WasmFunctionStateDump,
        call: CallTarget,
    ) -> Result<HostFunctions, FrameError> {
        let CallTarget::Direct(index) = call else {
            return Ok(match self.has_tail_calls() {
                true => HostFunctions::WithResults,
                false => HostFunctions::OfType,
            });
        };
        let addr = self.context.function(frame.instance, index);
        match addr.and_then(|addr| Some((addr, self.context.origin(addr)?))) {
            Some((addr, FunctionOrigin::Host)) => Ok(HostFunctions::One(addr)),
            Some((_, FunctionOrigin::Wasm { instance, function }))
                if self.module(instance)?.tail_calls(function) == TailCalls::Beyond =>
            {
                Ok(HostFunctions::WithResults)
            }
            _ => Err(FrameError::WrongCall(frame.wasm_inst_offset)),
        }
    }

    /// Checks what a pending call says of itself; returns the type of its function.
    fn validate_pending(&self, pending: &PendingHostCall) -> Result<&'a FuncType, FrameError> {
        let ty = self.context.host_type(pending.function);
        let ty = ty.ok_or(FrameError::PendingFunction(pending.function))?;
        if self.context.module(pending.instance).is_none() {
            return Err(FrameError::PendingInstance(pending.instance));
        }
        if !has_types(&pending.arguments, &ty.params) {
            return Err(FrameError::PendingArguments);
        }
        self.validate_references(&pending.arguments)?;
        Ok(ty)
    }

    /// Whether a frame's call can have called the frame above, or one in whose place that is.
    pub(super) fn validate_call(
        &self,
        frame: &WasmFunctionStateDump,
        site: &Site,
        callee: &WasmFunctionStateDump,
    ) -> Result<(), FrameError> {
        let offset = frame.wasm_inst_offset;
        if site.kind != PointKind::Call {
            return Err(FrameError::WrongCall(offset));
        }
        let (call, ty) = self.call(frame)?;
        let module = self.module(callee.instance)?;
        let callee_ty = module.function_type(callee.local_function_id);
        let can_call = match call {
            CallTarget::Direct(index) => match self.origin(frame.instance, index) {
                Some(FunctionOrigin::Wasm { instance, function }) => self.is_or_tail_calls(
                    (instance, function),
                    callee,
                    callee_ty.results == ty.results,
                )?,
                Some(FunctionOrigin::Host) | None => false,
            },
            CallTarget::Indirect { .. } => {
                callee_ty == ty || callee_ty.results == ty.results && self.has_tail_calls()
            }
        };
        match can_call {
            true => Ok(()),
            false => Err(FrameError::CannotCall { offset }),
        }
    }
}

/// Which host functions a call can reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HostFunctions {
    /// This one.
    One(FuncAddr),
    /// Those of the call's type.
    OfType,
    /// By tail calls, any that has the call's results.
    WithResults,
}

/// Whether values are of these types.
fn has_types(values: &[Val], types: &[ValType]) -> bool {
    values.iter().map(Val::ty).eq(types.iter().copied())
}
