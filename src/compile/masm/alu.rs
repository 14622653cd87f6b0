//! Integer arithmetic, comparison and conditions.

use super::{Masm, Mem, Regs, Rm, Size, UNUSED_TRAP, emit};
use crate::abi::registers::GPR;
use cranelift_assembler_x64::{Fixed, gpr, inst};

/// Two-operand arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::compile) enum AluOp {
    Add,
    Sub,
    And,
    Or,
    Xor,
    Cmp,
}

/// Shifts and rotations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::compile) enum ShiftOp {
    Shl,
    Shr,
    Sar,
    Rol,
    Ror,
}

/// Instructions that look for or count bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::compile) enum BitScan {
    /// BSR: undefined result and ZF = 1 on zero.
    Reverse,
    /// BSF: undefined result and ZF = 1 on zero.
    Forward,
    Lzcnt,
    Tzcnt,
    Popcnt,
}

/// A condition on the flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::compile) enum Cond {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Below,
    BelowEqual,
    Above,
    AboveEqual,
    Sign,
    NotSign,
    Overflow,
    NotOverflow,
    Parity,
    NotParity,
    /// Equal and ordered, after UCOMIS; takes two jumps.
    FloatEqual,
    /// Not equal or unordered, after UCOMIS; takes two jumps.
    FloatNotEqual,
}

impl Cond {
    /// The opposite condition.
    pub(in crate::compile) fn negate(self) -> Self {
        match self {
            Self::Equal => Self::NotEqual,
            Self::NotEqual => Self::Equal,
            Self::Less => Self::GreaterEqual,
            Self::LessEqual => Self::Greater,
            Self::Greater => Self::LessEqual,
            Self::GreaterEqual => Self::Less,
            Self::Below => Self::AboveEqual,
            Self::BelowEqual => Self::Above,
            Self::Above => Self::BelowEqual,
            Self::AboveEqual => Self::Below,
            Self::Parity => Self::NotParity,
            Self::NotParity => Self::Parity,
            Self::FloatEqual => Self::FloatNotEqual,
            Self::FloatNotEqual => Self::FloatEqual,
            Self::Overflow => Self::NotOverflow,
            Self::NotOverflow => Self::Overflow,
            Self::Sign => Self::NotSign,
            Self::NotSign => Self::Sign,
        }
    }

    /// The condition that holds for (b, a) when this one holds for (a, b).
    pub(in crate::compile) fn swap(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::LessEqual => Self::GreaterEqual,
            Self::Greater => Self::Less,
            Self::GreaterEqual => Self::LessEqual,
            Self::Below => Self::Above,
            Self::BelowEqual => Self::AboveEqual,
            Self::Above => Self::Below,
            Self::AboveEqual => Self::BelowEqual,
            other => other,
        }
    }
}

/// Emits the 32- or the 64-bit form of an instruction.
macro_rules! sized {
    ($masm:expr, $size:expr, $inst32:ident / $inst64:ident $(, $arg:expr)*) => {
        match $size {
            Size::S32 => emit!($masm, $inst32 $(, $arg)*),
            Size::S64 => emit!($masm, $inst64 $(, $arg)*),
        }
    };
}

const CL: Fixed<GPR, { gpr::enc::RCX }> = Fixed(GPR::RCX);

impl Masm {
    /// `dst = dst op src`
    pub(in crate::compile) fn alu(&mut self, op: AluOp, size: Size, dst: GPR, src: impl Into<Rm>) {
        let src = src.into();
        match op {
            AluOp::Add => sized!(self, size, addl_rm / addq_rm, dst, src),
            AluOp::Sub => sized!(self, size, subl_rm / subq_rm, dst, src),
            AluOp::And => sized!(self, size, andl_rm / andq_rm, dst, src),
            AluOp::Or => sized!(self, size, orl_rm / orq_rm, dst, src),
            AluOp::Xor => sized!(self, size, xorl_rm / xorq_rm, dst, src),
            AluOp::Cmp => sized!(self, size, cmpl_rm / cmpq_rm, dst, src),
        }
    }

    /// `dst = dst op imm`; the immediate is sign-extended.
    pub(in crate::compile) fn alu_imm(
        &mut self,
        op: AluOp,
        size: Size,
        dst: impl Into<Rm>,
        imm: i32,
    ) {
        let dst = dst.into();
        if let Ok(imm) = i8::try_from(imm) {
            match op {
                AluOp::Add => sized!(self, size, addl_mi_sxb / addq_mi_sxb, dst, imm),
                AluOp::Sub => sized!(self, size, subl_mi_sxb / subq_mi_sxb, dst, imm),
                AluOp::And => sized!(self, size, andl_mi_sxb / andq_mi_sxb, dst, imm),
                AluOp::Or => sized!(self, size, orl_mi_sxb / orq_mi_sxb, dst, imm),
                AluOp::Xor => sized!(self, size, xorl_mi_sxb / xorq_mi_sxb, dst, imm),
                AluOp::Cmp => sized!(self, size, cmpl_mi_sxb / cmpq_mi_sxb, dst, imm),
            }
            return;
        }
        match op {
            AluOp::Add => sized!(self, size, addl_mi / addq_mi_sxl, dst, imm),
            AluOp::Sub => sized!(self, size, subl_mi / subq_mi_sxl, dst, imm),
            AluOp::And => sized!(self, size, andl_mi / andq_mi_sxl, dst, imm),
            AluOp::Or => sized!(self, size, orl_mi / orq_mi_sxl, dst, imm),
            AluOp::Xor => sized!(self, size, xorl_mi / xorq_mi_sxl, dst, imm),
            AluOp::Cmp => sized!(self, size, cmpl_mi / cmpq_mi, dst, imm),
        }
    }

    /// `cmp dword [mem], imm32` whose immediate is the last four bytes, to be patched.
    pub(in crate::compile) fn cmp_later(&mut self, mem: impl Into<Rm>) -> u32 {
        emit!(self, cmpl_mi, mem.into(), 0);
        self.offset() - 4
    }

    /// `sub rsp, imm32` whose immediate is the last four bytes, to be patched.
    pub(in crate::compile) fn sub_rsp_patchable(&mut self) -> u32 {
        emit!(self, subq_mi_sxl, GPR::RSP, 0);
        self.offset() - 4
    }

    pub(in crate::compile) fn test(&mut self, size: Size, a: GPR, b: GPR) {
        sized!(self, size, testl_mr / testq_mr, a, b);
    }

    pub(in crate::compile) fn imul(&mut self, size: Size, dst: GPR, src: impl Into<Rm>) {
        let src = src.into();
        sized!(self, size, imull_rm / imulq_rm, dst, src);
    }

    /// `dst = src * imm`
    pub(in crate::compile) fn imul_imm(
        &mut self,
        size: Size,
        dst: GPR,
        src: impl Into<Rm>,
        imm: i32,
    ) {
        let src = src.into();
        match i8::try_from(imm) {
            Ok(imm) => sized!(self, size, imull_rmi_sxb / imulq_rmi_sxb, dst, src, imm),
            Err(_) => sized!(self, size, imull_rmi / imulq_rmi_sxl, dst, src, imm),
        }
    }

    /// RDX = the sign of RAX (CDQ, CQO).
    pub(in crate::compile) fn sign_extend_rax(&mut self, size: Size) {
        sized!(
            self,
            size,
            cltd_zo / cqto_zo,
            Fixed(GPR::RDX),
            Fixed(GPR::RAX)
        );
    }

    /// Signed division of RDX:RAX; quotient in RAX, remainder in RDX.
    pub(in crate::compile) fn idiv(&mut self, size: Size, divisor: GPR) {
        sized!(
            self,
            size,
            idivl_m / idivq_m,
            Fixed(GPR::RAX),
            Fixed(GPR::RDX),
            divisor,
            UNUSED_TRAP
        );
    }

    /// Unsigned division of RDX:RAX; quotient in RAX, remainder in RDX.
    pub(in crate::compile) fn div(&mut self, size: Size, divisor: GPR) {
        sized!(
            self,
            size,
            divl_m / divq_m,
            Fixed(GPR::RAX),
            Fixed(GPR::RDX),
            divisor,
            UNUSED_TRAP
        );
    }

    /// Shifts `dst` by CL.
    pub(in crate::compile) fn shift_cl(&mut self, op: ShiftOp, size: Size, dst: GPR) {
        match op {
            ShiftOp::Shl => sized!(self, size, shll_mc / shlq_mc, dst, CL),
            ShiftOp::Shr => sized!(self, size, shrl_mc / shrq_mc, dst, CL),
            ShiftOp::Sar => sized!(self, size, sarl_mc / sarq_mc, dst, CL),
            ShiftOp::Rol => sized!(self, size, roll_mc / rolq_mc, dst, CL),
            ShiftOp::Ror => sized!(self, size, rorl_mc / rorq_mc, dst, CL),
        }
    }

    /// `dst = src op count`, a shift and no rotation (BMI2).
    pub(in crate::compile) fn shift_into(
        &mut self,
        op: ShiftOp,
        size: Size,
        dst: GPR,
        src: impl Into<Rm>,
        count: GPR,
    ) {
        let src = src.into();
        match op {
            ShiftOp::Shl => sized!(self, size, shlxl_rmv / shlxq_rmv, dst, src, count),
            ShiftOp::Shr => sized!(self, size, shrxl_rmv / shrxq_rmv, dst, src, count),
            ShiftOp::Sar => sized!(self, size, sarxl_rmv / sarxq_rmv, dst, src, count),
            ShiftOp::Rol | ShiftOp::Ror => unreachable!("BMI2 rotates by constants only"),
        }
    }

    /// Shifts `dst` by a constant less than its width.
    pub(in crate::compile) fn shift_imm(&mut self, op: ShiftOp, size: Size, dst: GPR, count: u8) {
        match op {
            ShiftOp::Shl => sized!(self, size, shll_mi / shlq_mi, dst, count),
            ShiftOp::Shr => sized!(self, size, shrl_mi / shrq_mi, dst, count),
            ShiftOp::Sar => sized!(self, size, sarl_mi / sarq_mi, dst, count),
            ShiftOp::Rol => sized!(self, size, roll_mi / rolq_mi, dst, count),
            ShiftOp::Ror => sized!(self, size, rorl_mi / rorq_mi, dst, count),
        }
    }

    pub(in crate::compile) fn bit_scan(&mut self, op: BitScan, size: Size, dst: GPR, src: GPR) {
        match op {
            BitScan::Reverse => sized!(self, size, bsrl_rm / bsrq_rm, dst, src),
            BitScan::Forward => sized!(self, size, bsfl_rm / bsfq_rm, dst, src),
            BitScan::Lzcnt => sized!(self, size, lzcntl_rm / lzcntq_rm, dst, src),
            BitScan::Tzcnt => sized!(self, size, tzcntl_a / tzcntq_a, dst, src),
            BitScan::Popcnt => sized!(self, size, popcntl_rm / popcntq_rm, dst, src),
        }
    }

    /// `dst = cond ? 1 : 0`, whole register. Float conditions clobber R11.
    pub(in crate::compile) fn set_cond(&mut self, cond: Cond, dst: GPR) {
        match cond {
            Cond::Equal => emit!(self, sete_m, dst),
            Cond::NotEqual => emit!(self, setne_m, dst),
            Cond::Less => emit!(self, setl_m, dst),
            Cond::LessEqual => emit!(self, setle_m, dst),
            Cond::Greater => emit!(self, setg_m, dst),
            Cond::GreaterEqual => emit!(self, setge_m, dst),
            Cond::Below => emit!(self, setb_m, dst),
            Cond::BelowEqual => emit!(self, setbe_m, dst),
            Cond::Above => emit!(self, seta_m, dst),
            Cond::AboveEqual => emit!(self, setae_m, dst),
            Cond::Sign => emit!(self, sets_m, dst),
            Cond::NotSign => emit!(self, setns_m, dst),
            Cond::Overflow => emit!(self, seto_m, dst),
            Cond::NotOverflow => emit!(self, setno_m, dst),
            Cond::Parity => emit!(self, setp_m, dst),
            Cond::NotParity => emit!(self, setnp_m, dst),
            Cond::FloatEqual => {
                emit!(self, sete_m, dst);
                emit!(self, setnp_m, GPR::R11);
                emit!(self, andb_rm, dst, GPR::R11);
            }
            Cond::FloatNotEqual => {
                emit!(self, setne_m, dst);
                emit!(self, setp_m, GPR::R11);
                emit!(self, orb_rm, dst, GPR::R11);
            }
        }
        emit!(self, movzbl_rm, dst, dst);
    }

    /// `if cond { dst = src }`; `cond` is not one of the two float conditions.
    pub(in crate::compile) fn cmov(
        &mut self,
        cond: Cond,
        size: Size,
        dst: GPR,
        src: impl Into<Rm>,
    ) {
        let src = src.into();
        match cond {
            Cond::Equal => sized!(self, size, cmovel_rm / cmoveq_rm, dst, src),
            Cond::NotEqual => sized!(self, size, cmovnel_rm / cmovneq_rm, dst, src),
            Cond::Less => sized!(self, size, cmovll_rm / cmovlq_rm, dst, src),
            Cond::LessEqual => sized!(self, size, cmovlel_rm / cmovleq_rm, dst, src),
            Cond::Greater => sized!(self, size, cmovgl_rm / cmovgq_rm, dst, src),
            Cond::GreaterEqual => sized!(self, size, cmovgel_rm / cmovgeq_rm, dst, src),
            Cond::Below => sized!(self, size, cmovbl_rm / cmovbq_rm, dst, src),
            Cond::BelowEqual => sized!(self, size, cmovbel_rm / cmovbeq_rm, dst, src),
            Cond::Above => sized!(self, size, cmoval_rm / cmovaq_rm, dst, src),
            Cond::AboveEqual => sized!(self, size, cmovael_rm / cmovaeq_rm, dst, src),
            Cond::Sign => sized!(self, size, cmovsl_rm / cmovsq_rm, dst, src),
            Cond::NotSign => sized!(self, size, cmovnsl_rm / cmovnsq_rm, dst, src),
            Cond::Overflow => sized!(self, size, cmovol_rm / cmovoq_rm, dst, src),
            Cond::NotOverflow => sized!(self, size, cmovnol_rm / cmovnoq_rm, dst, src),
            Cond::Parity => sized!(self, size, cmovpl_rm / cmovpq_rm, dst, src),
            Cond::NotParity => sized!(self, size, cmovnpl_rm / cmovnpq_rm, dst, src),
            Cond::FloatEqual | Cond::FloatNotEqual => unreachable!("needs two flags"),
        }
    }

    /// `cmp rsp, [limit]`
    pub(in crate::compile) fn cmp_mem(&mut self, a: GPR, limit: Mem) {
        emit!(self, cmpq_rm, a, limit);
    }
}
