//! Float arithmetic and comparison.

use super::FunctionCompiler;
use super::operands::{FloatSrc, Loc, size_of};
use super::registers::{SCRATCH, TARGET, XMM_SCRATCH};
use crate::abi::registers::XMM;
use crate::abi::value::ValType;
use crate::compile::masm::{AluOp, Cond, FloatOp, Rounding, ShiftOp, Size, VecOp};

/// A comparison as UCOMIS can answer it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FloatCompare {
    Eq,
    Ne,
    Lt,
    Gt,
    Le,
    Ge,
}

fn sign_bit(size: Size) -> u64 {
    match size {
        Size::S32 => 1 << 31,
        Size::S64 => 1 << 63,
    }
}

impl FunctionCompiler<'_> {
    pub(super) fn float_binary(&mut self, op: FloatOp, ty: ValType) {
        let size = size_of(ty);
        let b = self.pop_float();
        let a = self.pop_float();
        if self.options.features.avx
            && let FloatSrc::Reg { reg, owned } = a
        {
            return self.float_binary_into(op, ty, (reg, owned), b);
        }
        let destination = self
            .float_destination()
            .filter(|&(_, dst)| !matches!(b, FloatSrc::Reg { reg, .. } if reg == dst));
        if let Some((local, dst)) = destination {
            self.load_float(size, dst, a);
            self.float_src(op, size, dst, b);
            self.release_float(a);
            self.release_float(b);
            self.push(ty, Loc::Local(local));
            return;
        }
        let dst = self.float_owned(size, a);
        self.float_src(op, size, dst, b);
        self.release_float(b);
        self.push_xmm(ty, dst);
    }

    /// `a op b` into any register, without a copy of `a`, which may be owned.
    fn float_binary_into(&mut self, op: FloatOp, ty: ValType, a: (XMM, bool), b: FloatSrc) {
        let size = size_of(ty);
        let (a, a_owned) = a;
        let destination = self.float_destination();
        let dst = match (destination, b) {
            (Some((_, dst)), _) => dst,
            (None, _) if a_owned => a,
            (None, FloatSrc::Reg { reg, owned: true }) => reg,
            (None, _) => self.alloc_xmm(),
        };
        match b {
            // Two operands are enough, and shorter.
            b if dst == a => self.float_src(op, size, dst, b),
            FloatSrc::Reg { reg, .. } => self.masm.float_op_into(op, size, dst, a, reg),
            FloatSrc::Mem(mem) => self.masm.float_op_into(op, size, dst, a, mem),
            FloatSrc::Const(bits) => {
                self.load_float_const(size, XMM_SCRATCH, bits);
                self.masm.float_op_into(op, size, dst, a, XMM_SCRATCH);
            }
        }
        if a != dst {
            self.release_xmm_if(a, a_owned);
        }
        if !matches!(b, FloatSrc::Reg { reg, .. } if reg == dst) {
            self.release_float(b);
        }
        match destination {
            Some((local, _)) => self.push(ty, Loc::Local(local)),
            None => self.push_xmm(ty, dst),
        }
    }

    fn float_src(&mut self, op: FloatOp, size: Size, dst: XMM, src: FloatSrc) {
        match src {
            FloatSrc::Reg { reg, .. } => self.masm.float_op(op, size, dst, reg),
            FloatSrc::Mem(mem) => self.masm.float_op(op, size, dst, mem),
            FloatSrc::Const(bits) => {
                self.load_float_const(size, XMM_SCRATCH, bits);
                self.masm.float_op(op, size, dst, XMM_SCRATCH);
            }
        }
    }

    /// `min`, `max`: MINSS and MAXSS ignore the sign of zero and lose NaNs, so equal
    /// and unordered operands take paths of their own (WebAssembly 2.0, section 4.3.3).
    pub(super) fn float_min_max(&mut self, op: FloatOp, ty: ValType) {
        let size = size_of(ty);
        let b = self.pop_float();
        let a = self.pop_float();
        let (b, b_owned) = self.float_in_reg(size, b);
        let dst = self.float_owned(size, a);
        let unequal = self.masm.new_label();
        let nan = self.masm.new_label();
        let done = self.masm.new_label();
        self.masm.ucomis(size, dst, b);
        self.masm.jump_if(Cond::Parity, nan);
        self.masm.jump_if(Cond::NotEqual, unequal);
        // Equal: they differ in the sign of zero at most.
        self.masm.vec_op(
            if op == FloatOp::Min {
                VecOp::Or
            } else {
                VecOp::And
            },
            dst,
            b,
        );
        self.masm.jump(done);
        self.masm.bind(nan);
        self.masm.float_op(FloatOp::Add, size, dst, b);
        self.masm.jump(done);
        self.masm.bind(unequal);
        self.masm.float_op(op, size, dst, b);
        self.masm.bind(done);
        self.release_xmm_if(b, b_owned);
        self.push_xmm(ty, dst);
    }

    pub(super) fn float_sqrt(&mut self, ty: ValType) {
        let size = size_of(ty);
        let src = self.pop_float();
        let dst = self.float_owned(size, src);
        self.masm.float_op(FloatOp::Sqrt, size, dst, dst);
        self.push_xmm(ty, dst);
    }

    pub(super) fn float_round(&mut self, mode: Rounding, ty: ValType) {
        let size = size_of(ty);
        let src = self.pop_float();
        let dst = self.float_owned(size, src);
        self.masm.round(mode, size, dst, dst);
        self.push_xmm(ty, dst);
    }

    /// `abs` clears the sign bit, `neg` flips it.
    pub(super) fn float_sign(&mut self, op: VecOp, ty: ValType) {
        let size = size_of(ty);
        let src = self.pop_float();
        let dst = self.float_owned(size, src);
        let mask = match op {
            VecOp::And => sign_bit(size) - 1,
            _ => sign_bit(size),
        };
        self.load_float_const(size, XMM_SCRATCH, mask);
        self.masm.vec_op(op, dst, XMM_SCRATCH);
        self.push_xmm(ty, dst);
    }

    /// `copysign`, on the bits.
    pub(super) fn float_copysign(&mut self, ty: ValType) {
        let size = size_of(ty);
        let sign = self.pop_float();
        let src = self.pop_float();
        let dst = self.float_owned(size, src);
        let sign_in_reg = self.float_to_store(size, sign);
        let top = if size == Size::S32 { 31 } else { 63 };
        self.masm.mov_from_xmm(size, SCRATCH, sign_in_reg);
        self.masm.mov_from_xmm(size, TARGET, dst);
        // Isolate the sign, drop the other one, join them.
        self.masm.shift_imm(ShiftOp::Shr, size, SCRATCH, top);
        self.masm.shift_imm(ShiftOp::Shl, size, SCRATCH, top);
        self.masm.shift_imm(ShiftOp::Shl, size, TARGET, 1);
        self.masm.shift_imm(ShiftOp::Shr, size, TARGET, 1);
        self.masm.alu(AluOp::Or, size, TARGET, SCRATCH);
        self.masm.mov_to_xmm(size, dst, TARGET);
        self.release_float(sign);
        self.push_xmm(ty, dst);
    }

    /// Comparisons leave their result in the flags. UCOMIS sets CF when unordered,
    /// so only "above" conditions are false then: the operands of `lt` and `le` swap.
    pub(super) fn float_compare(&mut self, compare: FloatCompare, ty: ValType) {
        let size = size_of(ty);
        let mut b = self.pop_float();
        let mut a = self.pop_float();
        if matches!(compare, FloatCompare::Lt | FloatCompare::Le) {
            core::mem::swap(&mut a, &mut b);
        }
        let (reg, owned) = self.float_in_reg(size, a);
        match b {
            FloatSrc::Reg { reg: b, .. } => self.masm.ucomis(size, reg, b),
            FloatSrc::Mem(mem) => self.masm.ucomis(size, reg, mem),
            FloatSrc::Const(bits) => {
                self.load_float_const(size, XMM_SCRATCH, bits);
                self.masm.ucomis(size, reg, XMM_SCRATCH);
            }
        }
        self.release_xmm_if(reg, owned);
        self.release_float(b);
        let cond = match compare {
            FloatCompare::Eq => Cond::FloatEqual,
            FloatCompare::Ne => Cond::FloatNotEqual,
            FloatCompare::Lt | FloatCompare::Gt => Cond::Above,
            FloatCompare::Le | FloatCompare::Ge => Cond::AboveEqual,
        };
        self.push(ValType::I32, Loc::Flags(cond));
    }
}
