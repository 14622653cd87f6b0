//! A first look at a function: how often its locals are used, and how deep in loops.
//!
//! One cheap pass over the operators decides which locals live in registers
//! for the whole function, so that no control-flow merge ever has to move them.

use crate::abi::registers::{CALLEE_SAVED, GPR, RegisterIndex, X64Register, XMM};
use crate::abi::value::ValType;
use alloc::vec;
use alloc::vec::Vec;
use wasmparser::{BinaryReaderError, Operator, OperatorsReader};

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

/// Each loop level multiplies the weight of a use by eight, up to this depth.
const MAX_LOOP_WEIGHT_DEPTH: u32 = 6;

/// Chooses a register for each local, or None: its home slot alone.
pub(super) fn assign_registers(
    locals: &[ValType],
    mut operators: OperatorsReader<'_>,
) -> Result<Vec<Option<RegisterIndex>>, BinaryReaderError> {
    let mut uses = vec![0u64; locals.len()];
    let mut calls = 0u64;
    let mut loops = Vec::new();
    let mut loop_depth = 0u32;
    while !operators.eof() {
        let weight = 1u64 << (3 * loop_depth.min(MAX_LOOP_WEIGHT_DEPTH));
        match operators.read()? {
            Operator::LocalGet { local_index }
            | Operator::LocalSet { local_index }
            | Operator::LocalTee { local_index } => uses[local_index as usize] += weight,
            Operator::Loop { .. } => {
                loops.push(true);
                loop_depth += 1;
            }
            Operator::Block { .. } | Operator::If { .. } => loops.push(false),
            Operator::End => loop_depth -= u32::from(loops.pop() == Some(true)),
            operator if clobbers_registers(&operator) => calls += weight,
            _ => {}
        }
    }
    Ok(choose(locals, &uses, calls))
}

/// Whether an operator calls something, so that caller-saved registers are lost.
fn clobbers_registers(operator: &Operator<'_>) -> bool {
    matches!(
        operator,
        Operator::Call { .. }
            | Operator::CallIndirect { .. }
            | Operator::MemoryGrow { .. }
            | Operator::MemoryCopy { .. }
            | Operator::MemoryFill { .. }
            | Operator::MemoryInit { .. }
            | Operator::DataDrop { .. }
            | Operator::TableGrow { .. }
            | Operator::TableCopy { .. }
            | Operator::TableFill { .. }
            | Operator::TableInit { .. }
            | Operator::ElemDrop { .. }
    )
}

fn choose(locals: &[ValType], uses: &[u64], calls: u64) -> Vec<Option<RegisterIndex>> {
    let mut order: Vec<usize> = (0..locals.len()).filter(|&i| uses[i] > 1).collect();
    order.sort_by_key(|&i| (core::cmp::Reverse(uses[i]), i));
    let mut chosen = vec![None; locals.len()];
    let mut caller_saved = CALLER_SAVED.iter();
    let mut callee_saved = CALLEE_SAVED.iter();
    let mut floats = FLOATS.iter();
    // A caller-saved register costs a store and a load at every call.
    let pays_caller_saved = |uses: u64| uses > 2 * calls;
    for local in order {
        let uses = uses[local];
        chosen[local] = match locals[local] {
            ValType::F32 | ValType::F64 | ValType::V128 => pays_caller_saved(uses)
                .then(|| floats.next())
                .flatten()
                .map(|r| r.to_index()),
            _ => {
                let mut caller = || caller_saved.next();
                let mut callee = || callee_saved.next();
                if calls == 0 {
                    let first = caller();
                    if first.is_some() || uses < CALLEE_SAVED_THRESHOLD {
                        first
                    } else {
                        callee()
                    }
                } else {
                    let first = if uses >= CALLEE_SAVED_THRESHOLD {
                        callee()
                    } else {
                        None
                    };
                    if first.is_some() || !pays_caller_saved(uses) {
                        first
                    } else {
                        caller()
                    }
                }
                .map(|r| r.to_index())
            }
        };
    }
    chosen
}
