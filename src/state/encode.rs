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
//! [kind byte]   0 function header, 1 restart, 2 + n trap code n
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

const KIND_MEMORY_TRAP: u8 = 0;
const KIND_CALL: u8 = 1;
const KIND_LOOP: u8 = 2;
const KIND_OTHER: u8 = 3;
const HAS_ACTIVATE: u8 = 1 << 2;
const STACK_SHIFT: u8 = 3;
const LONG_DELTAS: u8 = 1 << 7;

const OTHER_HEADER: u8 = 0;
const OTHER_RESTART: u8 = 1;
const OTHER_TRAP: u8 = 2;

/// Packed deltas: code offset in the low bits, wasm offset in the high ones.
const PACKED_CODE_BITS: u32 = 5;
const PACKED_WASM_BITS: u32 = 8 - PACKED_CODE_BITS;

/// Pops and pushes by code; `None` pops empty the stack.
const STACK_CHANGES: [(Option<u8>, u8); 15] = [
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
const STACK_EXPLICIT: u8 = 15;

// One byte per operand says type and home, as far as it can; see `write_operand`.
const GPR_BASE: u8 = 0; // 4 types x 16 registers
const XMM_BASE: u8 = 64; // 3 types x 16 registers
const HOME_SLOT_BASE: u8 = 112; // 7 types: the operand's home slot
const SLOT_BASE: u8 = 119; // 7 types, varint slot
const CONST_BASE: u8 = 126; // 7 types, zigzag varint bits
const LOCAL: u8 = 133; // varint index
const SMALL_LOCAL_BASE: u8 = 134; // 80 locals
const SMALL_CONST_BASE: u8 = 214; // i32 constants from 0
const SMALL_LOCALS: u32 = (SMALL_CONST_BASE - SMALL_LOCAL_BASE) as u32;
const SMALL_CONSTS: u64 = 256 - SMALL_CONST_BASE as u64;

const TYPES: [ValType; 7] = [
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

/// The type with a number.
pub(super) fn type_of_code(code: u8) -> Option<ValType> {
    TYPES.get(usize::from(code)).copied()
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

pub(super) fn write_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// Reads what the `write_` functions wrote. None at the end of the bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    /// Position in the bytes.
    pub position: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8], position: usize) -> Self {
        Self { bytes, position }
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.position)?;
        self.position += 1;
        Some(byte)
    }

    pub(super) fn varint(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    pub(super) fn number(&mut self) -> Option<u32> {
        self.varint().map(|value| value as u32)
    }

    fn signed(&mut self) -> Option<i64> {
        self.varint().map(unzigzag)
    }

    fn skip_operand(&mut self) -> Option<()> {
        match self.byte()? {
            SLOT_BASE..=LOCAL => self.varint().map(|_| ()),
            _ => Some(()),
        }
    }
}

/// A suspend point without its operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// Kind.
    pub kind: PointKind,
    /// Code offset by which it is looked up, relative to the module's code.
    pub code_offset: u32,
    /// Code offset at which a rebuilt frame goes on.
    pub activate_offset: u32,
    /// Offset of the wasm instruction in the module's bytes; `usize::MAX` for a function header.
    pub wasm_offset: usize,
    /// Number that tells it from all other points of its function.
    pub diff_id: usize,
}

/// The operand stack while points are decoded one after the other.
#[derive(Clone, Debug, Default)]
pub(super) struct OperandStack {
    /// The operands, bottom first.
    pub operands: Vec<Operand>,
    /// Slot of the lowest operand's home.
    pub first_slot: u32,
    /// Types of the function's locals. Empty while they are not known yet; an operand
    /// that is a local then gets any type.
    pub locals: Vec<ValType>,
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

/// A position in a function's points.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    reader: Reader<'a>,
    end: usize,
    code: u32,
    wasm: u32,
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

impl<'a> Cursor<'a> {
    /// A cursor at the start of a block, which lies in `bytes[start..end]`.
    pub(super) fn new(bytes: &'a [u8], start: usize, end: usize, code: u32) -> Self {
        Self {
            reader: Reader::new(bytes, start),
            end,
            code,
            wasm: 0,
        }
    }

    /// Position of the next point.
    pub(super) fn position(&self) -> usize {
        self.reader.position
    }

    /// Reads the next point of the block, and its operands if asked to.
    pub(super) fn next(&mut self, operands: Option<&mut OperandStack>) -> Option<Point> {
        let diff_id = self.reader.position;
        if diff_id >= self.end {
            return None;
        }
        let header = self.reader.byte()?;
        let kind = self.read_kind(header & 3)?;
        let (code_delta, wasm_delta) = if header & LONG_DELTAS == 0 {
            let packed = self.reader.byte()?;
            let code = packed & ((1 << PACKED_CODE_BITS) - 1);
            (u32::from(code), i64::from(packed >> PACKED_CODE_BITS))
        } else {
            (self.reader.number()?, self.reader.signed()?)
        };
        self.code = self.code.wrapping_add(code_delta);
        self.wasm = self.wasm.wrapping_add(wasm_delta as u32);
        let activate_delta = match header & HAS_ACTIVATE {
            0 => 0,
            _ => self.reader.signed()? as u32,
        };
        self.read_stack(header >> STACK_SHIFT & 15, operands)?;
        Some(Point {
            kind,
            code_offset: self.code,
            activate_offset: self.code.wrapping_add(activate_delta),
            wasm_offset: match kind {
                PointKind::FunctionHeader => usize::MAX,
                _ => self.wasm as usize,
            },
            diff_id,
        })
    }

    fn read_kind(&mut self, kind: u8) -> Option<PointKind> {
        Some(match kind {
            KIND_MEMORY_TRAP => PointKind::Trappable(TrapCode::MemoryOutOfBounds),
            KIND_CALL => PointKind::Call,
            KIND_LOOP => PointKind::Loop,
            _ => match self.reader.byte()? {
                OTHER_HEADER => PointKind::FunctionHeader,
                OTHER_RESTART => PointKind::Restart,
                other => {
                    let code = other - OTHER_TRAP;
                    PointKind::Trappable(TrapCode::ALL.into_iter().find(|&c| c as u8 == code)?)
                }
            },
        })
    }

    fn read_stack(&mut self, code: u8, mut stack: Option<&mut OperandStack>) -> Option<()> {
        let pushes = match STACK_CHANGES.get(usize::from(code)) {
            Some(&(pops, pushes)) => {
                if let Some(stack) = &mut stack {
                    stack.pop(pops.map_or(usize::MAX, usize::from));
                }
                u64::from(pushes)
            }
            None => {
                let pops = self.reader.varint()? as usize;
                if let Some(stack) = &mut stack {
                    stack.pop(pops);
                }
                self.read_changes(&mut stack)?;
                self.reader.varint()?
            }
        };
        for _ in 0..pushes {
            match &mut stack {
                Some(stack) => {
                    let operand = self.read_operand(stack, stack.operands.len())?;
                    stack.operands.push(operand);
                }
                None => self.reader.skip_operand()?,
            }
        }
        Some(())
    }

    fn read_changes(&mut self, stack: &mut Option<&mut OperandStack>) -> Option<()> {
        let mut next = 0;
        for _ in 0..self.reader.varint()? {
            let index = self.reader.varint()? as usize + next;
            match stack {
                Some(stack) => {
                    let operand = self.read_operand(stack, index)?;
                    *stack.operands.get_mut(index)? = operand;
                }
                None => self.reader.skip_operand()?,
            }
            next = index + 1;
        }
        Some(())
    }

    fn read_operand(&mut self, stack: &OperandStack, index: usize) -> Option<Operand> {
        let code = self.reader.byte()?;
        let (ty, home) = match code {
            GPR_BASE..XMM_BASE => {
                let register = RegisterIndex(usize::from(code & 15));
                (code >> 4, OperandHome::Register(register))
            }
            XMM_BASE..HOME_SLOT_BASE => {
                let register = RegisterIndex(16 + usize::from(code & 15));
                (code >> 4, OperandHome::Register(register))
            }
            HOME_SLOT_BASE..SLOT_BASE => {
                let slot = stack.first_slot.wrapping_add(index as u32);
                (code - HOME_SLOT_BASE, OperandHome::Slot(slot))
            }
            SLOT_BASE..CONST_BASE => (code - SLOT_BASE, OperandHome::Slot(self.reader.number()?)),
            CONST_BASE..LOCAL => {
                let bits = self.reader.signed()? as u64;
                (code - CONST_BASE, OperandHome::Const(bits))
            }
            SMALL_CONST_BASE.. => (0, OperandHome::Const(u64::from(code - SMALL_CONST_BASE))),
            LOCAL..SMALL_CONST_BASE => {
                let local = match code {
                    LOCAL => self.reader.number()?,
                    _ => u32::from(code - SMALL_LOCAL_BASE),
                };
                let ty = stack.local_type(local)?;
                return Some(Operand {
                    ty,
                    home: OperandHome::Local(local),
                });
            }
        };
        let ty = type_of_code(ty)?;
        Some(Operand { ty, home })
    }
}

impl OperandStack {
    fn local_type(&self, local: u32) -> Option<ValType> {
        match self.locals.is_empty() {
            true => Some(ValType::I32),
            false => self.locals.get(local as usize).copied(),
        }
    }

    fn pop(&mut self, count: usize) {
        let len = self.operands.len().saturating_sub(count);
        self.operands.truncate(len);
    }
}
