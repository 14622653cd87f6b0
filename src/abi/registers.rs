//! Machine registers and the allocation of arguments to them.
//!
//! Register numbers follow the state model: 0-15 are the general-purpose
//! registers in hardware encoding order, 16-31 are XMM0-XMM15.

use super::value::{FuncType, ValType};
use serde::{Deserialize, Serialize};

/// Index of a machine register: 0-15 general purpose in the order RAX RCX RDX
/// RBX RSP RBP RSI RDI R8..R15 (Intel SDM volume 2A, table 2-2), 16-31 XMM0..15.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RegisterIndex(pub usize);

/// How many [`RegisterIndex`] values there are.
pub const REGISTER_COUNT: usize = 32;

/// A general-purpose register, numbered as the hardware encodes it.
#[expect(missing_docs, reason = "the variants are the registers' own names")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum GPR {
    RAX = 0,
    RCX = 1,
    RDX = 2,
    RBX = 3,
    RSP = 4,
    RBP = 5,
    RSI = 6,
    RDI = 7,
    R8 = 8,
    R9 = 9,
    R10 = 10,
    R11 = 11,
    R12 = 12,
    R13 = 13,
    R14 = 14,
    R15 = 15,
}

/// An SSE register.
#[expect(missing_docs, reason = "the variants are the registers' own names")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum XMM {
    XMM0 = 0,
    XMM1 = 1,
    XMM2 = 2,
    XMM3 = 3,
    XMM4 = 4,
    XMM5 = 5,
    XMM6 = 6,
    XMM7 = 7,
    XMM8 = 8,
    XMM9 = 9,
    XMM10 = 10,
    XMM11 = 11,
    XMM12 = 12,
    XMM13 = 13,
    XMM14 = 14,
    XMM15 = 15,
}

impl GPR {
    /// All registers, in encoding order.
    pub const ALL: [Self; 16] = [
        Self::RAX,
        Self::RCX,
        Self::RDX,
        Self::RBX,
        Self::RSP,
        Self::RBP,
        Self::RSI,
        Self::RDI,
        Self::R8,
        Self::R9,
        Self::R10,
        Self::R11,
        Self::R12,
        Self::R13,
        Self::R14,
        Self::R15,
    ];
}

impl XMM {
    /// All registers, in encoding order.
    pub const ALL: [Self; 16] = [
        Self::XMM0,
        Self::XMM1,
        Self::XMM2,
        Self::XMM3,
        Self::XMM4,
        Self::XMM5,
        Self::XMM6,
        Self::XMM7,
        Self::XMM8,
        Self::XMM9,
        Self::XMM10,
        Self::XMM11,
        Self::XMM12,
        Self::XMM13,
        Self::XMM14,
        Self::XMM15,
    ];
}

/// Registers that a callee preserves, beside RBP.
pub const CALLEE_SAVED: [GPR; 3] = [GPR::RBX, GPR::R12, GPR::R13];

/// Whether a callee preserves a register ([`CALLEE_SAVED`]).
pub fn is_callee_saved(register: RegisterIndex) -> bool {
    CALLEE_SAVED.iter().any(|r| r.to_index() == register)
}

/// What the two register classes have in common.
pub trait X64Register: Copy + Sized {
    /// The register's index in the state model.
    fn to_index(self) -> RegisterIndex;
    /// The register with a DWARF number (System V ABI, figure 3.36), if it is of this class.
    fn from_dwarf_regnum(number: u16) -> Option<Self>;
    /// The bytes before the disp32 of `mov [rsp + disp32], reg`, for the
    /// registers that carry System V arguments; None for others.
    fn prefix_mov_to_stack(self) -> Option<&'static [u8]>;
}

impl X64Register for GPR {
    fn to_index(self) -> RegisterIndex {
        RegisterIndex(self as usize)
    }

    fn from_dwarf_regnum(number: u16) -> Option<Self> {
        const ORDER: [GPR; 16] = [
            GPR::RAX,
            GPR::RDX,
            GPR::RCX,
            GPR::RBX,
            GPR::RSI,
            GPR::RDI,
            GPR::RBP,
            GPR::RSP,
            GPR::R8,
            GPR::R9,
            GPR::R10,
            GPR::R11,
            GPR::R12,
            GPR::R13,
            GPR::R14,
            GPR::R15,
        ];
        ORDER.get(usize::from(number)).copied()
    }

    fn prefix_mov_to_stack(self) -> Option<&'static [u8]> {
        Some(match self {
            Self::RDI => &[0x48, 0x89, 0xbc, 0x24],
            Self::RSI => &[0x48, 0x89, 0xb4, 0x24],
            Self::RDX => &[0x48, 0x89, 0x94, 0x24],
            Self::RCX => &[0x48, 0x89, 0x8c, 0x24],
            Self::R8 => &[0x4c, 0x89, 0x84, 0x24],
            Self::R9 => &[0x4c, 0x89, 0x8c, 0x24],
            _ => return None,
        })
    }
}

impl X64Register for XMM {
    fn to_index(self) -> RegisterIndex {
        RegisterIndex(16 + self as usize)
    }

    fn from_dwarf_regnum(number: u16) -> Option<Self> {
        Self::ALL.get(usize::from(number.checked_sub(17)?)).copied()
    }

    fn prefix_mov_to_stack(self) -> Option<&'static [u8]> {
        Some(match self {
            Self::XMM0 => &[0x66, 0x0f, 0xd6, 0x84, 0x24],
            Self::XMM1 => &[0x66, 0x0f, 0xd6, 0x8c, 0x24],
            Self::XMM2 => &[0x66, 0x0f, 0xd6, 0x94, 0x24],
            Self::XMM3 => &[0x66, 0x0f, 0xd6, 0x9c, 0x24],
            Self::XMM4 => &[0x66, 0x0f, 0xd6, 0xa4, 0x24],
            Self::XMM5 => &[0x66, 0x0f, 0xd6, 0xac, 0x24],
            Self::XMM6 => &[0x66, 0x0f, 0xd6, 0xb4, 0x24],
            Self::XMM7 => &[0x66, 0x0f, 0xd6, 0xbc, 0x24],
            _ => return None,
        })
    }
}

/// Where one parameter is passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgumentLocation {
    /// In a register.
    Register(RegisterIndex),
    /// In the outgoing stack word with this index (`[rsp + 8 * index]` at the
    /// call instruction; a v128 takes two).
    Stack(usize),
}

/// Hands out argument locations in System V order: RDI RSI RDX RCX R8 R9 and
/// XMM0-7, then stack words (System V ABI, section 3.2.3).
#[derive(Clone, Debug, Default)]
pub struct ArgumentRegisterAllocator {
    gprs: usize,
    xmms: usize,
    stack_words: usize,
}

impl ArgumentRegisterAllocator {
    const GPRS: [GPR; 6] = [GPR::RDI, GPR::RSI, GPR::RDX, GPR::RCX, GPR::R8, GPR::R9];

    /// The location of the next parameter.
    pub fn next(&mut self, ty: ValType) -> ArgumentLocation {
        if ty.is_float() {
            if let Some(xmm) = XMM::ALL[..8].get(self.xmms) {
                self.xmms += 1;
                return ArgumentLocation::Register(xmm.to_index());
            }
        } else if let Some(gpr) = Self::GPRS.get(self.gprs) {
            self.gprs += 1;
            return ArgumentLocation::Register(gpr.to_index());
        }
        let index = self.stack_words;
        self.stack_words += stack_words(ty);
        ArgumentLocation::Stack(index)
    }

    /// How many stack words have been handed out.
    pub fn stack_words(&self) -> usize {
        self.stack_words
    }
}

/// How many 8-byte words a value takes on the stack.
pub const fn stack_words(ty: ValType) -> usize {
    match ty {
        ValType::V128 => 2,
        _ => 1,
    }
}

/// The register that the last result is in.
pub fn result_register(ty: ValType) -> RegisterIndex {
    match ty.is_float() {
        true => XMM::XMM0.to_index(),
        false => GPR::RAX.to_index(),
    }
}

/// How many stack words the arguments of a call take, which the callee pops.
pub fn argument_stack_words(params: &[ValType]) -> usize {
    let mut arguments = ArgumentRegisterAllocator::default();
    for &param in params {
        arguments.next(param);
    }
    arguments.stack_words()
}

/// The word of the result area that result `index` is in, or None for the last result,
/// which is in RAX or XMM0. The area begins where the stack arguments end.
pub fn result_stack_word(results: &[ValType], index: usize) -> Option<usize> {
    (index + 1 < results.len()).then(|| results[..index].iter().map(|&ty| stack_words(ty)).sum())
}

/// How many outgoing stack words a call of type `ty` needs: for its stack
/// arguments, and behind them for its results but the last.
pub fn outgoing_stack_words(ty: &FuncType) -> usize {
    let results = ty
        .results
        .split_last()
        .map_or(0, |(_, rest)| rest.iter().map(|&ty| stack_words(ty)).sum());
    argument_stack_words(&ty.params) + results
}
