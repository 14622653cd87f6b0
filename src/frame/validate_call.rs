//! The validation of calls: each frame stands at a call that can have led to the frame
//! above, and the innermost one where it can go on.

use super::dump::WasmFunctionStateDump;
use super::site::Site;
use super::validate::{FrameError, FunctionOrigin, Validator};
use crate::abi::{FuncType, Value};
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
        pending: &[Value],
    ) -> Result<(), FrameError> {
        if site.kind != PointKind::Call {
            return match pending {
                [] => Ok(()),
                _ => Err(FrameError::PendingResults),
            };
        }
        let (call, ty) = self.call(frame)?;
        let is_host_call = match call {
            CallTarget::Direct(index) => match self.origin(frame.instance, index) {
                Some(FunctionOrigin::Host) => true,
                Some(FunctionOrigin::Wasm { instance, function }) => {
                    self.module(instance)?.tail_calls(function) == TailCalls::Beyond
                }
                None => false,
            },
            CallTarget::Indirect { .. } => true,
        };
        if !is_host_call {
            return Err(FrameError::WrongCall(frame.wasm_inst_offset));
        }
        if !pending.iter().map(Value::ty).eq(ty.results.iter().copied()) {
            return Err(FrameError::PendingResults);
        }
        pending
            .iter()
            .try_for_each(|value| self.validate_reference(value))
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
