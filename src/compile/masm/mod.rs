//! A macro assembler: the instructions that the compiler uses, by meaning.
//!
//! A thin layer over `cranelift-assembler-x64`, which encodes. It picks the
//! shortest form of an instruction and resolves labels; it knows nothing of wasm.

mod alu;
mod constants;
mod float;
mod labels;
#[cfg(feature = "simd")]
mod vector;
#[cfg(feature = "simd")]
mod vector_float;

use crate::abi::registers::{GPR, XMM};
use alloc::vec::Vec;
use core::num::NonZeroU8;
use cranelift_assembler_x64::{
    Amode, AmodeOffset, AmodeOffsetPlusKnownOffset, AsReg, GprMem, NonRspGpr, Registers, Scale,
    TrapCode, XmmMem, inst,
};

pub(super) use alu::{AluOp, BitScan, Cond, ShiftOp};
pub(super) use float::{FloatOp, Rounding, VecOp, XmmSize};
pub(super) use labels::Label;
#[cfg(feature = "simd")]
pub(super) use vector::{SignMask, VectorMove, VectorOp, VectorShift, VectorShuffle};
#[cfg(feature = "simd")]
pub(super) use vector_float::LaneCompare;

/// The register types of the encoder are the crate's own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Regs;

impl Registers for Regs {
    type ReadGpr = GPR;
    type ReadWriteGpr = GPR;
    type WriteGpr = GPR;
    type ReadXmm = XMM;
    type ReadWriteXmm = XMM;
    type WriteXmm = XMM;
}

impl AsReg for GPR {
    fn new(enc: u8) -> Self {
        Self::ALL[usize::from(enc)]
    }
    fn enc(&self) -> u8 {
        *self as u8
    }
}

impl AsReg for XMM {
    fn new(enc: u8) -> Self {
        Self::ALL[usize::from(enc)]
    }
    fn enc(&self) -> u8 {
        *self as u8
    }
}

/// A memory operand.
pub(super) type Mem = Amode<GPR>;
/// A general-purpose register or memory operand.
pub(super) type Rm = GprMem<GPR, GPR>;
/// An XMM register or memory operand.
pub(super) type XmmRm = XmmMem<XMM, GPR>;

/// `[base + disp]`
pub(super) fn mem(base: GPR, disp: i32) -> Mem {
    Amode::ImmReg {
        base,
        simm32: AmodeOffsetPlusKnownOffset {
            simm32: AmodeOffset::new(disp),
            offset: None,
        },
        trap: None,
    }
}

/// What is so many bytes behind `[base + disp]`, or None if it is another kind of address.
#[cfg(feature = "simd")]
pub(super) fn mem_behind(place: Mem, bytes: i32) -> Option<Mem> {
    match place {
        Amode::ImmReg { base, simm32, .. } => Some(mem(base, simm32.simm32.value() + bytes)),
        _ => None,
    }
}

/// `[base + index * scale + disp]`; `index` is not RSP.
pub(super) fn mem_index(base: GPR, index: GPR, scale: Scale, disp: i32) -> Mem {
    Amode::ImmRegRegShift {
        base,
        index: NonRspGpr::new(index),
        scale,
        simm32: AmodeOffset::new(disp),
        trap: None,
    }
}

/// Operand width of an integer instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Size {
    /// 32 bits; the result is zero-extended.
    S32,
    /// 64 bits.
    S64,
}

/// Width and extension of an integer load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LoadKind {
    Zero8,
    Sign8(Size),
    Zero16,
    Sign16(Size),
    Full32,
    Sign32,
    Full64,
}

impl LoadKind {
    /// Bytes that the load reads.
    pub(super) fn bytes(self) -> u32 {
        match self {
            Self::Zero8 | Self::Sign8(_) => 1,
            Self::Zero16 | Self::Sign16(_) => 2,
            Self::Full32 | Self::Sign32 => 4,
            Self::Full64 => 8,
        }
    }
}

/// Width of an integer store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Width {
    W8,
    W16,
    W32,
    W64,
}

impl Width {
    pub(super) fn bytes(self) -> u32 {
        match self {
            Self::W8 => 1,
            Self::W16 => 2,
            Self::W32 => 4,
            Self::W64 => 8,
        }
    }
}

/// The compiler records traps itself, not through the encoder.
const UNUSED_TRAP: TrapCode = TrapCode(NonZeroU8::MIN);

/// Emits an instruction: `emit!(self, addl_rm, dst, src)`.
macro_rules! emit {
    ($masm:expr, $inst:ident $(, $arg:expr)*) => {
        inst::$inst::<Regs>::new($($arg),*).encode(&mut $masm.sink())
    };
}
pub(super) use emit;

/// Machine code under construction.
#[derive(Debug, Default)]
pub(super) struct Masm {
    pub(super) code: Vec<u8>,
    labels: labels::Labels,
    constants: constants::Constants,
}

impl Masm {
    /// The current code offset.
    pub(super) fn offset(&self) -> u32 {
        self.code.len() as u32
    }

    /// Register to register.
    pub(super) fn mov(&mut self, size: Size, dst: GPR, src: GPR) {
        match size {
            Size::S32 => emit!(self, movl_rm, dst, src),
            Size::S64 => emit!(self, movq_rm, dst, src),
        }
    }

    /// `dst = value`, flags untouched.
    pub(super) fn mov_imm(&mut self, dst: GPR, value: u64) {
        if let Ok(value) = u32::try_from(value) {
            emit!(self, movl_oi, dst, value);
        } else if let Ok(value) = i32::try_from(value as i64) {
            emit!(self, movq_mi_sxl, dst, value);
        } else {
            emit!(self, movabsq_oi, dst, value);
        }
    }

    /// `dst = 0`; clobbers the flags.
    pub(super) fn zero(&mut self, dst: GPR) {
        emit!(self, xorl_rm, dst, dst);
    }

    /// Loads a whole register from memory.
    pub(super) fn load(&mut self, size: Size, dst: GPR, src: Mem) {
        match size {
            Size::S32 => emit!(self, movl_rm, dst, src),
            Size::S64 => emit!(self, movq_rm, dst, src),
        }
    }

    /// Loads with extension to the whole register.
    pub(super) fn load_extend(&mut self, kind: LoadKind, dst: GPR, src: impl Into<Rm>) {
        let src = src.into();
        match kind {
            LoadKind::Zero8 => emit!(self, movzbl_rm, dst, src),
            LoadKind::Sign8(Size::S32) => emit!(self, movsbl_rm, dst, src),
            LoadKind::Sign8(Size::S64) => emit!(self, movsbq_rm, dst, src),
            LoadKind::Zero16 => emit!(self, movzwl_rm, dst, src),
            LoadKind::Sign16(Size::S32) => emit!(self, movswl_rm, dst, src),
            LoadKind::Sign16(Size::S64) => emit!(self, movswq_rm, dst, src),
            LoadKind::Full32 => emit!(self, movl_rm, dst, src),
            LoadKind::Sign32 => emit!(self, movslq_rm, dst, src),
            LoadKind::Full64 => emit!(self, movq_rm, dst, src),
        }
    }

    /// Stores the low bits of a register.
    pub(super) fn store(&mut self, width: Width, dst: Mem, src: GPR) {
        match width {
            Width::W8 => emit!(self, movb_mr, dst, src),
            Width::W16 => emit!(self, movw_mr, dst, src),
            Width::W32 => emit!(self, movl_mr, dst, src),
            Width::W64 => emit!(self, movq_mr, dst, src),
        }
    }

    /// Stores an immediate; a 64-bit one is sign-extended.
    pub(super) fn store_imm(&mut self, width: Width, dst: Mem, value: i32) {
        match width {
            Width::W8 => emit!(self, movb_mi, dst, value as u8),
            Width::W16 => emit!(self, movw_mi, dst, value as u16),
            Width::W32 => emit!(self, movl_mi, dst, value),
            Width::W64 => emit!(self, movq_mi_sxl, dst, value),
        }
    }

    /// `dst = address`.
    pub(super) fn lea(&mut self, size: Size, dst: GPR, address: Mem) {
        match size {
            Size::S32 => emit!(self, leal_rm, dst, address),
            Size::S64 => emit!(self, leaq_rm, dst, address),
        }
    }

    pub(super) fn push(&mut self, reg: GPR) {
        emit!(self, pushq_o, reg);
    }

    pub(super) fn pop(&mut self, reg: GPR) {
        emit!(self, popq_o, reg);
    }

    /// Returns and pops `words` stack words of arguments; clobbers R11 if they are many.
    pub(super) fn ret(&mut self, words: usize) {
        match u16::try_from(8 * words) {
            Ok(0) => inst::retq_zo::new().encode(&mut self.code),
            Ok(bytes) => inst::retq_i::new(bytes).encode(&mut self.code),
            Err(_) => {
                self.pop(GPR::R11);
                self.lea(Size::S64, GPR::RSP, mem(GPR::RSP, 8 * words as i32));
                self.jump_to(GPR::R11);
            }
        }
    }

    pub(super) fn ud2(&mut self) {
        inst::ud2_zo::new(UNUSED_TRAP).encode(&mut self.code);
    }

    /// `call [mem]` or `call reg`.
    pub(super) fn call(&mut self, target: impl Into<Rm>) {
        emit!(self, callq_m, target);
    }

    /// `jmp [mem]` or `jmp reg`.
    pub(super) fn jump_to(&mut self, target: impl Into<Rm>) {
        emit!(self, jmpq_m, target);
    }
}
