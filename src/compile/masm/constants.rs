//! The constant pool: 16-byte constants behind a function, read RIP-relative.
//!
//! A constant is aligned, so that any SSE instruction takes it as its memory operand.

use super::{Masm, Mem};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use cranelift_assembler_x64::{Amode, CodeSink, Constant, DeferredTarget, KnownOffset, TrapCode};

/// Bytes of a constant, and its alignment.
const SIZE: usize = 16;

/// Fills the space before aligned constants: a breakpoint, should anything jump there.
const PADDING: u8 = 0xcc;

/// The constants of the current function, and the places that refer to them.
#[derive(Debug, Default)]
pub(super) struct Constants {
    values: Vec<u128>,
    /// Index of each value.
    known: BTreeMap<u128, u32>,
    uses: Vec<Use>,
}

/// A disp32 that is to become the distance to a constant.
#[derive(Clone, Copy, Debug)]
struct Use {
    at: u32,
    constant: Constant,
}

/// What the encoder writes to.
pub(in crate::compile) struct Sink<'a> {
    code: &'a mut Vec<u8>,
    uses: &'a mut Vec<Use>,
}

impl CodeSink for Sink<'_> {
    fn put1(&mut self, value: u8) {
        self.code.push(value);
    }

    fn put2(&mut self, value: u16) {
        self.code.extend_from_slice(&value.to_le_bytes());
    }

    fn put4(&mut self, value: u32) {
        self.code.extend_from_slice(&value.to_le_bytes());
    }

    fn put8(&mut self, value: u64) {
        self.code.extend_from_slice(&value.to_le_bytes());
    }

    /// Traps are recorded elsewhere.
    fn add_trap(&mut self, _: TrapCode) {}

    fn use_target(&mut self, target: DeferredTarget) {
        if let DeferredTarget::Constant(constant) = target {
            let at = self.code.len() as u32;
            self.uses.push(Use { at, constant });
        }
    }

    fn known_offset(&self, offset: KnownOffset) -> i32 {
        unreachable!("no operand has the known offset {offset}")
    }
}

impl Masm {
    /// Where instructions with operands are encoded to.
    pub(super) fn sink(&mut self) -> Sink<'_> {
        Sink {
            code: &mut self.code,
            uses: &mut self.constants.uses,
        }
    }

    /// A constant of the current function as a memory operand of 16 aligned bytes.
    pub(in crate::compile) fn constant(&mut self, bits: u128) -> Mem {
        let constants = &mut self.constants;
        let index = *constants.known.entry(bits).or_insert_with(|| {
            constants.values.push(bits);
            constants.values.len() as u32 - 1
        });
        Amode::RipRelative {
            target: DeferredTarget::Constant(Constant(index)),
        }
    }

    /// Ends a function: writes the constants that it uses and fills in their addresses.
    pub(in crate::compile) fn place_constants(&mut self) {
        let constants = core::mem::take(&mut self.constants);
        if constants.values.is_empty() {
            return;
        }
        let start = self.code.len().next_multiple_of(SIZE);
        self.code.resize(start, PADDING);
        for value in &constants.values {
            self.code.extend_from_slice(&value.to_le_bytes());
        }
        for Use { at, constant } in constants.uses {
            let target = start + SIZE * constant.0 as usize;
            // The field holds minus the number of immediate bytes behind it: the processor
            // counts from the instruction's end.
            let place = at as usize..at as usize + 4;
            let field = self.code[place.clone()].first_chunk::<4>();
            let behind = u32::from_le_bytes(*field.expect("four bytes"));
            let distance = (target as u32).wrapping_sub(at + 4).wrapping_add(behind);
            self.code[place].copy_from_slice(&distance.to_le_bytes());
        }
    }
}
