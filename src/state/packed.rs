//! The packed form of suspend points: bytes, with an index.
//!
//! Each function has three sequences of points, by the way they are looked up:
//! polls, calls and trappable instructions, each in ascending order of code
//! offset. A sequence is cut into blocks of [`BLOCK`] points; an index entry
//! holds a block's first offsets, and within a block a point is relative to the
//! one before. So a look-up is a binary search and a scan of bounded length.
//!
//! ```text
//! head byte   bits 0-3 tag | 4 same operands as before | 5 own activate offset
//! varint      code offset, relative to the point before
//! zigzag      wasm offset, relative to the point before
//! zigzag      activate offset, relative to the code offset    (if bit 5)
//! varint      number of operands                              (unless bit 4)
//! per operand: byte (type | home << 3), varint payload
//! ```

use super::{Operand, OperandHome, PointKind};
use crate::abi::{RegisterIndex, TrapCode, ValType};
use alloc::vec::Vec;
use core::ops::Range;

/// Points per index entry.
pub(super) const BLOCK: usize = 16;

const SAME_OPERANDS: u8 = 1 << 4;
const OWN_ACTIVATE: u8 = 1 << 5;
const TAG: u8 = 0x0f;

/// A point as the compiler gave it, before it is packed.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub(super) kind: PointKind,
    pub(super) code_offset: u32,
    pub(super) activate_offset: u32,
    pub(super) wasm_offset: u32,
    pub(super) operands: Range<usize>,
}

/// A point, read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// Kind.
    pub kind: PointKind,
    /// Code offset by which it is looked up.
    pub code_offset: u32,
    /// Code offset at which a rebuilt frame goes on.
    pub activate_offset: u32,
    /// Offset of the wasm instruction in the module.
    pub wasm_offset: u32,
    /// The operand stack, bottom first.
    pub operands: Vec<Operand>,
}

/// First offsets of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    code_offset: u32,
    wasm_offset: u32,
    position: u32,
}

/// All packed sequences of a module.
#[derive(Clone, Debug, Default)]
pub(super) struct Packed {
    bytes: Vec<u8>,
    index: Vec<Entry>,
}

/// One function's points of one class, within a [`Packed`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sequence {
    first_entry: u32,
    entries: u32,
    len: u32,
}

fn tag(kind: PointKind) -> u8 {
    match kind {
        PointKind::FunctionHeader | PointKind::Call => 0,
        PointKind::Loop | PointKind::Restart => 1,
        PointKind::Trappable(code) => code as u8,
    }
}

/// The three ways a point is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PointClass {
    /// Function headers and loop headers, by the return address of their stub.
    Poll,
    /// Calls and libcalls, by their return address.
    Call,
    /// Trappable instructions, by their start.
    Trappable,
}

impl PointClass {
    /// The class of a kind.
    pub fn of(kind: PointKind) -> Self {
        match kind {
            PointKind::FunctionHeader | PointKind::Loop => Self::Poll,
            PointKind::Call | PointKind::Restart => Self::Call,
            PointKind::Trappable(_) => Self::Trappable,
        }
    }

    fn kind(self, tag: u8) -> PointKind {
        match (self, tag) {
            (Self::Poll, 0) => PointKind::FunctionHeader,
            (Self::Poll, _) => PointKind::Loop,
            (Self::Call, 0) => PointKind::Call,
            (Self::Call, _) => PointKind::Restart,
            (Self::Trappable, tag) => PointKind::Trappable(TrapCode::ALL[usize::from(tag) - 1]),
        }
    }
}

const TYPES: [ValType; 7] = [
    ValType::I32,
    ValType::I64,
    ValType::F32,
    ValType::F64,
    ValType::V128,
    ValType::FuncRef,
    ValType::ExternRef,
];

impl Packed {
    /// Size in bytes, index included.
    pub(super) fn size_bytes(&self) -> usize {
        self.bytes.len() + self.index.len() * size_of::<Entry>()
    }

    /// Packs points of one class, in ascending order of code offset.
    pub(super) fn append(&mut self, points: &[&Pending], arena: &[Operand]) -> Sequence {
        let first_entry = self.index.len() as u32;
        for block in points.chunks(BLOCK) {
            let (mut code, mut wasm) = (block[0].code_offset, block[0].wasm_offset);
            let position = self.bytes.len() as u32;
            self.index.push(Entry {
                code_offset: code,
                wasm_offset: wasm,
                position,
            });
            let mut operands: &[Operand] = &[];
            for point in block {
                let own = &arena[point.operands.clone()];
                self.append_point(point, code, wasm, (own != operands).then_some(own));
                (code, wasm, operands) = (point.code_offset, point.wasm_offset, own);
            }
        }
        Sequence {
            first_entry,
            entries: self.index.len() as u32 - first_entry,
            len: points.len() as u32,
        }
    }

    fn append_point(
        &mut self,
        point: &Pending,
        code: u32,
        wasm: u32,
        operands: Option<&[Operand]>,
    ) {
        let has_own_activate = point.activate_offset != point.code_offset;
        let mut head = tag(point.kind);
        head |= if operands.is_none() { SAME_OPERANDS } else { 0 };
        head |= if has_own_activate { OWN_ACTIVATE } else { 0 };
        self.bytes.push(head);
        self.varint(u64::from(point.code_offset - code));
        self.zigzag(i64::from(point.wasm_offset) - i64::from(wasm));
        if has_own_activate {
            self.zigzag(i64::from(point.activate_offset) - i64::from(point.code_offset));
        }
        let Some(operands) = operands else { return };
        self.varint(operands.len() as u64);
        for operand in operands {
            let (home, payload) = match operand.home {
                OperandHome::Register(register) => (0, register.0 as u64),
                OperandHome::Slot(slot) => (1, u64::from(slot)),
                OperandHome::Const(bits) => (2, bits),
                OperandHome::Local(local) => (3, u64::from(local)),
            };
            self.bytes.push(operand.ty as u8 | home << 3);
            self.varint(payload);
        }
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }

    fn zigzag(&mut self, value: i64) {
        self.varint((value << 1 ^ value >> 63) as u64);
    }

    /// The points of a sequence, in order.
    pub(super) fn points(
        &self,
        class: PointClass,
        sequence: Sequence,
    ) -> impl Iterator<Item = Point> + '_ {
        let entries = self.entries(sequence);
        let len = sequence.len as usize;
        entries.iter().enumerate().flat_map(move |(number, entry)| {
            let count = (len - number * BLOCK).min(BLOCK);
            self.block(class, *entry).take(count)
        })
    }

    /// The point at exactly this code offset.
    pub(super) fn find(
        &self,
        class: PointClass,
        sequence: Sequence,
        code_offset: u32,
    ) -> Option<Point> {
        let (mut block, count) = self.block_of(class, sequence, code_offset)?;
        (0..count).find_map(|_| {
            block.advance();
            (block.point.code_offset == code_offset).then(|| block.point.clone())
        })
    }

    /// The kind of the point at exactly this code offset. Does not allocate.
    pub(super) fn find_kind(
        &self,
        class: PointClass,
        sequence: Sequence,
        code_offset: u32,
    ) -> Option<PointKind> {
        let (mut block, count) = self.block_of(class, sequence, code_offset)?;
        (0..count).find_map(|_| {
            let head = block.advance_head();
            block.skip_operands(head);
            (block.point.code_offset == code_offset).then_some(block.point.kind)
        })
    }

    fn entries(&self, sequence: Sequence) -> &[Entry] {
        let first = sequence.first_entry as usize;
        &self.index[first..first + sequence.entries as usize]
    }

    fn block_of(
        &self,
        class: PointClass,
        sequence: Sequence,
        code_offset: u32,
    ) -> Option<(Block<'_>, usize)> {
        let entries = self.entries(sequence);
        let number = entries
            .partition_point(|entry| entry.code_offset <= code_offset)
            .checked_sub(1)?;
        let count = (sequence.len as usize - number * BLOCK).min(BLOCK);
        Some((self.block(class, entries[number]), count))
    }

    fn block(&self, class: PointClass, entry: Entry) -> Block<'_> {
        Block {
            class,
            bytes: &self.bytes[entry.position as usize..],
            point: Point {
                kind: PointKind::Call,
                code_offset: entry.code_offset,
                activate_offset: 0,
                wasm_offset: entry.wasm_offset,
                operands: Vec::new(),
            },
        }
    }
}

/// Reads the points of a block one after the other.
struct Block<'a> {
    class: PointClass,
    bytes: &'a [u8],
    point: Point,
}

impl Block<'_> {
    fn advance(&mut self) {
        let head = self.advance_head();
        if head & SAME_OPERANDS != 0 {
            return;
        }
        self.point.operands.clear();
        for _ in 0..self.varint() {
            let operand = self.operand();
            self.point.operands.push(operand);
        }
    }

    fn advance_head(&mut self) -> u8 {
        let head = self.byte();
        self.point.kind = self.class.kind(head & TAG);
        self.point.code_offset += self.varint() as u32;
        let wasm = i64::from(self.point.wasm_offset) + self.zigzag();
        self.point.wasm_offset = wasm as u32;
        let activate = if head & OWN_ACTIVATE != 0 {
            self.zigzag()
        } else {
            0
        };
        self.point.activate_offset = (i64::from(self.point.code_offset) + activate) as u32;
        head
    }

    fn skip_operands(&mut self, head: u8) {
        if head & SAME_OPERANDS == 0 {
            for _ in 0..self.varint() {
                self.operand();
            }
        }
    }

    fn operand(&mut self) -> Operand {
        let head = self.byte();
        let payload = self.varint();
        let home = match head >> 3 {
            0 => OperandHome::Register(RegisterIndex(payload as usize)),
            1 => OperandHome::Slot(payload as u32),
            2 => OperandHome::Const(payload),
            _ => OperandHome::Local(payload as u32),
        };
        Operand {
            ty: TYPES[usize::from(head & 7)],
            home,
        }
    }

    fn byte(&mut self) -> u8 {
        let byte = self.bytes[0];
        self.bytes = &self.bytes[1..];
        byte
    }

    fn varint(&mut self) -> u64 {
        let mut value = 0;
        for shift in (0..).step_by(7) {
            let byte = self.byte();
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        value
    }

    fn zigzag(&mut self) -> i64 {
        let value = self.varint();
        (value >> 1) as i64 ^ -((value & 1) as i64)
    }
}

impl Iterator for Block<'_> {
    type Item = Point;

    fn next(&mut self) -> Option<Point> {
        self.advance();
        Some(self.point.clone())
    }
}
