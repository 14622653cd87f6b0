//! Conversions between integers and floats, and reinterpretations.

use super::FunctionCompiler;
use super::operands::{FloatSrc, IntSrc, Loc, size_of};
use super::registers::{SCRATCH, XMM_SCRATCH};
use crate::abi::TrapCode;
use crate::abi::registers::{GPR, XMM};
use crate::abi::value::ValType;
use crate::compile::masm::{AluOp, Cond, FloatOp, Label, LoadKind, ShiftOp, Size};

/// Bits of 2^63 in a float format.
fn two_to_63(float: Size) -> u64 {
    match float {
        Size::S32 => 0x5f00_0000,
        Size::S64 => 0x43e0_0000_0000_0000,
    }
}

/// Bits of -2^63 in a float format.
fn minus_two_to_63(float: Size) -> u64 {
    match float {
        Size::S32 => 0xdf00_0000,
        Size::S64 => 0xc3e0_0000_0000_0000,
    }
}

impl FunctionCompiler<'_> {
    /// `trunc`: traps on NaN and out of range.
    pub(super) fn truncate_float(&mut self, from: ValType, to: ValType, signed: bool) {
        let float = size_of(from);
        let src = self.pop_float();
        let (src, owned) = self.float_in_reg(float, src);
        let dst = self.alloc_gpr();
        let height = self.stack.len();
        let failed = self.masm.new_label();
        let done = self.masm.new_label();
        self.truncate_checked(float, to, signed, dst, src, failed);
        self.masm.jump(done);
        self.masm.bind(failed);
        if (to, signed) == (ValType::I64, true) {
            // -2^63 is in range, though its result looks like that of an overflow.
            self.load_float_const(float, XMM_SCRATCH, minus_two_to_63(float));
            self.masm.ucomis(float, src, XMM_SCRATCH);
            self.masm.jump_if(Cond::FloatEqual, done);
        }
        let invalid = self.trap_label(TrapCode::InvalidConversionToInteger, height);
        let overflow = self.trap_label(TrapCode::IntegerOverflow, height);
        self.masm.ucomis(float, src, src);
        self.masm.jump_if(Cond::Parity, invalid);
        self.masm.jump(overflow);
        self.masm.bind(done);
        self.release_xmm_if(src, owned);
        self.push_gpr(to, dst);
    }

    /// Truncates, or jumps to `failed` if the operand is NaN or out of range; also for
    /// -2^63 to a signed 64-bit integer, with the right result.
    fn truncate_checked(
        &mut self,
        float: Size,
        to: ValType,
        signed: bool,
        dst: GPR,
        src: XMM,
        failed: Label,
    ) {
        match (to, signed) {
            (ValType::I32, _) => {
                // In range if the 64-bit result is what its low half extends to.
                self.masm.cvtt_to_int(float, Size::S64, dst, src);
                let extension = if signed {
                    LoadKind::Sign32
                } else {
                    LoadKind::Full32
                };
                self.masm.load_extend(extension, SCRATCH, dst);
                self.masm.alu(AluOp::Cmp, Size::S64, SCRATCH, dst);
                self.masm.jump_if(Cond::NotEqual, failed);
                if signed {
                    self.masm.mov(Size::S32, dst, dst);
                }
            }
            (_, true) => {
                self.masm.cvtt_to_int(float, Size::S64, dst, src);
                // Only the smallest integer overflows when 1 is subtracted.
                self.masm.alu_imm(AluOp::Cmp, Size::S64, dst, 1);
                self.masm.jump_if(Cond::Overflow, failed);
            }
            (_, false) => self.truncate_to_u64(float, dst, src, failed),
        }
    }

    /// Truncates to an unsigned 64-bit integer, or jumps to `failed`.
    fn truncate_to_u64(&mut self, float: Size, dst: GPR, src: XMM, failed: Label) {
        let large = self.masm.new_label();
        let done = self.masm.new_label();
        self.load_float_const(float, XMM_SCRATCH, two_to_63(float));
        self.masm.ucomis(float, src, XMM_SCRATCH);
        self.masm.jump_if(Cond::Parity, failed);
        self.masm.jump_if(Cond::AboveEqual, large);
        self.masm.cvtt_to_int(float, Size::S64, dst, src);
        self.masm.test(Size::S64, dst, dst);
        self.masm.jump_if(Cond::Sign, failed);
        self.masm.jump(done);
        self.masm.bind(large);
        // XMM15 = src - 2^63, computed as -(2^63) + src so that src survives.
        self.load_float_const(float, XMM_SCRATCH, minus_two_to_63(float));
        self.masm.float_op(FloatOp::Add, float, XMM_SCRATCH, src);
        self.masm.cvtt_to_int(float, Size::S64, dst, XMM_SCRATCH);
        self.masm.test(Size::S64, dst, dst);
        self.masm.jump_if(Cond::Sign, failed);
        self.masm.mov_imm(SCRATCH, 1 << 63);
        self.masm.alu(AluOp::Xor, Size::S64, dst, SCRATCH);
        self.masm.bind(done);
    }

    /// `trunc_sat`: NaN becomes 0, out of range the nearest integer.
    pub(super) fn truncate_float_saturating(&mut self, from: ValType, to: ValType, signed: bool) {
        let float = size_of(from);
        let src = self.pop_float();
        let (src, owned) = self.float_in_reg(float, src);
        let dst = self.alloc_gpr();
        let done = self.masm.new_label();
        let failed = self.masm.new_label();
        let (low, high) = match (to, signed) {
            (ValType::I32, true) => (u64::from(i32::MIN as u32), u64::from(i32::MAX as u32)),
            (ValType::I32, false) => (0, u64::from(u32::MAX)),
            (_, true) => (i64::MIN as u64, i64::MAX as u64),
            (_, false) => (0, u64::MAX),
        };
        self.truncate_checked(float, to, signed, dst, src, failed);
        self.masm.jump(done);
        self.masm.bind(failed);
        self.masm.zero_xmm(XMM_SCRATCH);
        self.masm.mov_imm(dst, 0);
        self.masm.ucomis(float, src, XMM_SCRATCH);
        self.masm.jump_if(Cond::Parity, done);
        self.masm.mov_imm(dst, low);
        self.masm.jump_if(Cond::Below, done);
        self.masm.mov_imm(dst, high);
        self.masm.bind(done);
        self.release_xmm_if(src, owned);
        self.push_gpr(to, dst);
    }

    /// `convert`: integer to float, rounded to nearest.
    pub(super) fn convert_int(&mut self, from: ValType, to: ValType, signed: bool) {
        let float = size_of(to);
        let src = self.pop_int();
        let dst = self.alloc_xmm();
        match (from, signed, src) {
            (_, true, IntSrc::Mem(mem)) => self.masm.cvt_from_int(float, size_of(from), dst, mem),
            (_, true, _) => {
                let (reg, owned) = self.int_in_reg(size_of(from), src);
                self.masm.cvt_from_int(float, size_of(from), dst, reg);
                self.release_if(reg, owned);
            }
            (ValType::I32, false, _) => {
                let (reg, owned) = self.int_in_reg(Size::S32, src);
                self.masm.cvt_from_int(float, Size::S64, dst, reg);
                self.release_if(reg, owned);
            }
            (_, false, _) => {
                let reg = self.int_owned(Size::S64, src);
                self.convert_u64(float, dst, reg);
                self.release_gpr(reg);
            }
        }
        self.push_xmm(to, dst);
    }

    /// Integers of 2^63 and more are halved with their lowest bit kept for
    /// rounding, converted and doubled. Clobbers `src`.
    fn convert_u64(&mut self, float: Size, dst: XMM, src: GPR) {
        let large = self.masm.new_label();
        let done = self.masm.new_label();
        self.masm.test(Size::S64, src, src);
        self.masm.jump_if(Cond::Sign, large);
        self.masm.cvt_from_int(float, Size::S64, dst, src);
        self.masm.jump(done);
        self.masm.bind(large);
        self.masm.mov(Size::S64, SCRATCH, src);
        self.masm.shift_imm(ShiftOp::Shr, Size::S64, SCRATCH, 1);
        self.masm.alu_imm(AluOp::And, Size::S64, src, 1);
        self.masm.alu(AluOp::Or, Size::S64, SCRATCH, src);
        self.masm.cvt_from_int(float, Size::S64, dst, SCRATCH);
        self.masm.float_op(FloatOp::Add, float, dst, dst);
        self.masm.bind(done);
    }

    /// `f64.promote_f32` and `f32.demote_f64`.
    pub(super) fn convert_float(&mut self, from: ValType, to: ValType) {
        let src = self.pop_float();
        let dst = self.float_owned(size_of(from), src);
        match to {
            ValType::F64 => self.masm.promote(dst, dst),
            _ => self.masm.demote(dst, dst),
        }
        self.push_xmm(to, dst);
    }

    /// Reinterprets a float's bits as an integer.
    pub(super) fn reinterpret_float(&mut self, to: ValType) {
        let size = size_of(to);
        let src = self.pop_float();
        match src {
            FloatSrc::Const(bits) => self.push(to, Loc::Const(bits as u64)),
            FloatSrc::Reg { reg, owned } => {
                let dst = self.alloc_gpr();
                self.masm.mov_from_xmm(size, dst, reg);
                self.release_xmm_if(reg, owned);
                self.push_gpr(to, dst);
            }
            FloatSrc::Mem(mem) => {
                let dst = self.alloc_gpr();
                self.masm.load(size, dst, mem);
                self.push_gpr(to, dst);
            }
        }
    }

    /// Reinterprets an integer's bits as a float.
    pub(super) fn reinterpret_int(&mut self, to: ValType) {
        let size = size_of(to);
        let src = self.pop_int();
        match src {
            IntSrc::Const(bits) => self.push(to, Loc::Const(bits)),
            IntSrc::Reg { reg, owned } => {
                let dst = self.alloc_xmm();
                self.masm.mov_to_xmm(size, dst, reg);
                self.release_if(reg, owned);
                self.push_xmm(to, dst);
            }
            IntSrc::Mem(mem) => {
                let dst = self.alloc_xmm();
                self.masm.load_float(size, dst, mem);
                self.push_xmm(to, dst);
            }
        }
    }
}
