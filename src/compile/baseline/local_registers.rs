//! Which locals live in registers for the whole function, so that no control-flow merge
//! ever has to move them.

use crate::abi::registers::{CALLEE_SAVED, GPR, RegisterIndex, X64Register, XMM};
use crate::abi::value::ValType;
use crate::module::Survey;
use alloc::vec;
use alloc::vec::Vec;

/// Registers for locals that a call does not preserve: saved to the home slot
/// before a call and loaded back behind it. Best in functions that call little.
const CALLER_SAVED: [GPR; 2] = [GPR::R8, GPR::R9];

/// XMM registers for locals; a call preserves none of them.
const FLOATS: [XMM; 7] = [
    XMM::XMM8,
    XMM::XMM9,
    XMM::XMM10,
    XMM::XMM11,
    XMM::XMM12,
    XMM::XMM13,
    XMM::XMM14,
];

/// Weighted uses below which the save and restore of a callee-saved register does not pay.
const CALLEE_SAVED_THRESHOLD: u64 = 4;

/// Chooses a register for each local, or None: its home slot alone.
pub(super) fn assign_registers(locals: &[ValType], survey: &Survey) -> Vec<Option<RegisterIndex>> {
    let mut chosen = vec![None; locals.len()];
    let mut caller_saved = CALLER_SAVED.iter();
    let mut callee_saved = CALLEE_SAVED.iter();
    let mut floats = FLOATS.iter();
    for hot in &survey.hottest {
        // A caller-saved register costs a store and a load at every call.
        let pays_caller_saved = hot.uses > 2 * survey.calls;
        let pays_callee_saved = hot.uses >= CALLEE_SAVED_THRESHOLD;
        let local = hot.local as usize;
        chosen[local] = match locals[local] {
            ValType::F32 | ValType::F64 | ValType::V128 => floats
                .next_if(pays_caller_saved)
                .map(|register| register.to_index()),
            _ if survey.calls == 0 => caller_saved
                .next()
                .or_else(|| callee_saved.next_if(pays_callee_saved))
                .map(|register| register.to_index()),
            _ => callee_saved
                .next_if(pays_callee_saved)
                .or_else(|| caller_saved.next_if(pays_caller_saved))
                .map(|register| register.to_index()),
        };
    }
    chosen
}

/// Takes the next item on a condition.
trait NextIf: Iterator {
    fn next_if(&mut self, condition: bool) -> Option<Self::Item> {
        if condition { self.next() } else { None }
    }
}

impl<I: Iterator> NextIf for I {}
