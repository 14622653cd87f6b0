//! The decoding of suspend points: the inverse of [`encode`](super::encode).
//!
//! Reading never panics, and does not allocate unless operands are asked for:
//! fault handlers read, too.

use super::encode::*;
use super::point::{Operand, OperandHome, PointKind};
use crate::abi::{RegisterIndex, TrapCode, ValType};
use alloc::vec::Vec;

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

/// A position in a function's points.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    reader: Reader<'a>,
    end: usize,
    code: u32,
    wasm: u32,
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
                OTHER_BREAKPOINT => PointKind::Breakpoint,
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
            let index = (self.reader.varint()? as usize).checked_add(next)?;
            match stack {
                Some(stack) => {
                    let operand = self.read_operand(stack, index)?;
                    *stack.operands.get_mut(index)? = operand;
                }
                None => self.reader.skip_operand()?,
            }
            next = index.checked_add(1)?;
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

/// The type with a number.
pub(super) fn type_of_code(code: u8) -> Option<ValType> {
    TYPES.get(usize::from(code)).copied()
}

fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}
