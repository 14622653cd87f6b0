//! The byte encoding of suspend points.
//!
//! A function's points are one byte string, in the order of their code offsets,
//! each relative to the one before it:
//!
//! ```text
//! header byte   bits 0-1  kind: memory trap, call, loop, other (a kind byte follows)
//!               bit  2    the activate offset differs from the code offset (varint follows)
//!               bits 3-6  change of the operand stack, see `STACK_CHANGES`
//!               bit  7    deltas are two varints, not one packed byte
//! [kind byte]   0 function header, 1 restart, 2 breakpoint, 3 + n trap code n
//! deltas        code offset - previous; wasm offset - previous (zigzag)
//! [activate]    activate offset - code offset (zigzag)
//! [stack]       pops, changes, pushes
//! ```
//!
//! Every so many points the string starts anew (a block): the operand stack is
//! given in full and the wasm offset is absolute, so that decoding can begin there.
//! Values are little-endian base-128 varints. Reading never panics and
//! does not allocate unless operands are asked for: fault handlers read, too.

use super::point::{Operand, OperandHome, PointKind};
use crate::abi::{RegisterIndex, TrapCode, ValType};
use alloc::vec::Vec;

pub(super) const KIND_MEMORY_TRAP: u8 = 0;
pub(super) const KIND_CALL: u8 = 1;
pub(super) const KIND_LOOP: u8 = 2;
pub(super) const KIND_OTHER: u8 = 3;
pub(super) const HAS_ACTIVATE: u8 = 1 << 2;
pub(super) const STACK_SHIFT: u8 = 3;
pub(super) const LONG_DELTAS: u8 = 1 << 7;

pub(super) const OTHER_HEADER: u8 = 0;
pub(super) const OTHER_RESTART: u8 = 1;
pub(super) const OTHER_BREAKPOINT: u8 = 2;
pub(super) const OTHER_TRAP: u8 = 3;

/// Packed deltas: code offset in the low bits, wasm offset in the high ones.
pub(super) const PACKED_CODE_BITS: u32 = 4;
pub(super) const PACKED_WASM_BITS: u32 = 8 - PACKED_CODE_BITS;

/// Pops and pushes by code; `None` pops empty the stack.
pub(super) const STACK_CHANGES: [(Option<u8>, u8); 15] = [
    (Some(0), 0),
    (Some(0), 1),
    (Some(0), 2),
    (Some(0), 3),
    (Some(1), 0),
    (Some(1), 1),
    (Some(1), 2),
    (Some(2), 0),
    (Some(2), 1),
    (Some(2), 2),
    (Some(3), 0),
    (Some(3), 1),
    (None, 0),
    (None, 1),
    (None, 2),
];
/// The change is spelled out: pops, number of changes, changes, number of pushes.
pub(super) const STACK_EXPLICIT: u8 = 15;

// One byte per operand says type and home, as far as it can; see `write_operand`.
pub(super) const GPR_BASE: u8 = 0; // 4 types x 16 registers
pub(super) const XMM_BASE: u8 = 64; // 3 types x 16 registers
pub(super) const HOME_SLOT_BASE: u8 = 112; // 7 types: the operand's home slot
pub(super) const SLOT_BASE: u8 = 119; // 7 types, varint slot
pub(super) const CONST_BASE: u8 = 126; // 7 types, zigzag varint bits
pub(super) const LOCAL: u8 = 133; // varint index
pub(super) const SMALL_LOCAL_BASE: u8 = 134; // 80 locals
pub(super) const SMALL_CONST_BASE: u8 = 214; // i32 constants from 0
pub(super) const SMALL_LOCALS: u32 = (SMALL_CONST_BASE - SMALL_LOCAL_BASE) as u32;
pub(super) const SMALL_CONSTS: u64 = 256 - SMALL_CONST_BASE as u64;

pub(super) const TYPES: [ValType; 7] = [
    ValType::I32,
    ValType::I64,
    ValType::FuncRef,
    ValType::ExternRef,
    ValType::F32,
    ValType::F64,
    ValType::V128,
];

/// The number of a type in encodings.
pub(super) fn type_code(ty: ValType) -> u8 {
    match ty {
        ValType::I32 => 0,
        ValType::I64 => 1,
        ValType::FuncRef => 2,
        ValType::ExternRef => 3,
        ValType::F32 => 4,
        ValType::F64 => 5,
        ValType::V128 => 6,
    }
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

pub(super) fn write_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// What the encoder remembers of the previous point.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    code: u32,
    wasm: u32,
    operands: Vec<Operand>,
    /// Slot of the lowest operand's home; None until an operand in a slot has been seen.
    pub first_slot: Option<u32>,
}

impl Encoder {
    /// Starts a function.
    pub(super) fn restart(&mut self, code: u32) {
        self.first_slot = None;
        self.restart_block(code);
    }

    /// Starts a block whose code offsets count from `code`.
    pub(super) fn restart_block(&mut self, code: u32) {
        self.code = code;
        self.wasm = 0;
        self.operands.clear();
    }

    /// Appends a point, whose code offset is not below the previous one's.
    pub(super) fn write(&mut self, bytes: &mut Vec<u8>, point: &super::SuspendPoint<'_>) {
        let (kind, other) = match point.kind {
            PointKind::Trappable(TrapCode::MemoryOutOfBounds) => (KIND_MEMORY_TRAP, 0),
            PointKind::Call => (KIND_CALL, 0),
            PointKind::Loop => (KIND_LOOP, 0),
            PointKind::FunctionHeader => (KIND_OTHER, OTHER_HEADER),
            PointKind::Restart => (KIND_OTHER, OTHER_RESTART),
            PointKind::Breakpoint => (KIND_OTHER, OTHER_BREAKPOINT),
            PointKind::Trappable(code) => (KIND_OTHER, OTHER_TRAP + code as u8),
        };
        let wasm = match point.kind {
            PointKind::FunctionHeader => self.wasm,
            _ => point.wasm_offset,
        };
        let start = bytes.len();
        bytes.push(kind);
        if kind == KIND_OTHER {
            bytes.push(other);
        }
        let code_delta = point.code_offset - self.code;
        let wasm_delta = i64::from(wasm) - i64::from(self.wasm);
        if code_delta < 1 << PACKED_CODE_BITS && (0..1 << PACKED_WASM_BITS).contains(&wasm_delta) {
            bytes.push(code_delta as u8 | (wasm_delta as u8) << PACKED_CODE_BITS);
        } else {
            bytes[start] |= LONG_DELTAS;
            write_varint(bytes, u64::from(code_delta));
            write_varint(bytes, zigzag(wasm_delta));
        }
        if point.activate_offset != point.code_offset {
            bytes[start] |= HAS_ACTIVATE;
            let delta = i64::from(point.activate_offset) - i64::from(point.code_offset);
            write_varint(bytes, zigzag(delta));
        }
        let change = self.write_stack(bytes, point.operands);
        bytes[start] |= change << STACK_SHIFT;
        self.code = point.code_offset;
        self.wasm = wasm;
    }

    /// Appends the change from the previous operand stack to `new` and returns its code.
    fn write_stack(&mut self, bytes: &mut Vec<u8>, new: &[Operand]) -> u8 {
        let old = core::mem::take(&mut self.operands);
        let common = old.len().min(new.len());
        let differs = |i: &usize| old[*i] != new[*i];
        let kept = (0..common).find(differs).unwrap_or(common);
        let changes = (kept..common).filter(differs).count();
        // Values deep down that alone changed (a spilled local, say) do not move those above.
        let kept_below_changes = if changes * 2 < common - kept {
            common
        } else {
            kept
        };
        let pops = old.len() - kept_below_changes;
        let pushes = new.len() - kept_below_changes;
        let is_clear = pops == old.len();
        let short = STACK_CHANGES.iter().position(|&(p, q)| {
            usize::from(q) == pushes && p.map_or(is_clear, |p| usize::from(p) == pops)
        });
        let code = match short {
            Some(code) if kept_below_changes == kept => code as u8,
            _ => {
                write_varint(bytes, pops as u64);
                let changed = (kept..kept_below_changes).filter(differs);
                write_varint(bytes, changed.clone().count() as u64);
                let mut next = 0;
                for index in changed {
                    write_varint(bytes, (index - next) as u64);
                    self.write_operand(bytes, index, new[index]);
                    next = index + 1;
                }
                write_varint(bytes, pushes as u64);
                STACK_EXPLICIT
            }
        };
        for (index, &operand) in new.iter().enumerate().skip(kept_below_changes) {
            self.write_operand(bytes, index, operand);
        }
        self.operands = old;
        self.operands.truncate(kept);
        self.operands.extend_from_slice(&new[kept..]);
        code
    }

    fn write_operand(&mut self, bytes: &mut Vec<u8>, index: usize, operand: Operand) {
        let ty = type_code(operand.ty);
        match operand.home {
            OperandHome::Register(RegisterIndex(register)) => {
                assert!(register < 32 && operand.ty.is_float() == (register >= 16));
                let base = if register < 16 { GPR_BASE } else { XMM_BASE };
                bytes.push(base + (ty & 3) * 16 + (register as u8 & 15));
            }
            OperandHome::Slot(slot) => {
                let home = slot.checked_sub(index as u32);
                let first_slot = *self.first_slot.get_or_insert(home.unwrap_or(0));
                if home == Some(first_slot) {
                    bytes.push(HOME_SLOT_BASE + ty);
                } else {
                    bytes.push(SLOT_BASE + ty);
                    write_varint(bytes, u64::from(slot));
                }
            }
            OperandHome::Const(bits) if ty == 0 && bits < SMALL_CONSTS => {
                bytes.push(SMALL_CONST_BASE + bits as u8);
            }
            OperandHome::Const(bits) => {
                bytes.push(CONST_BASE + ty);
                write_varint(bytes, zigzag(bits as i64));
            }
            OperandHome::Local(local) if local < SMALL_LOCALS => {
                bytes.push(SMALL_LOCAL_BASE + local as u8);
            }
            OperandHome::Local(local) => {
                bytes.push(LOCAL);
                write_varint(bytes, u64::from(local));
            }
        }
    }
}
