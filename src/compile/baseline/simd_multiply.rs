//! SIMD multiplications, and sums of neighbouring lanes.

use super::FunctionCompiler;
use super::registers::XMM_SCRATCH;
use super::simd_lanes::{HIGH_HALF, Lanes};
use super::simd_operands::{Target, VectorReg};
use crate::abi::registers::XMM;
use crate::compile::masm::{VectorMove, VectorOp as V, VectorShift, VectorShuffle};

/// Which half of the lanes is widened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Half {
    Low,
    High,
}

impl FunctionCompiler<'_> {
    /// Of the four products of halves, the one of the upper halves is beyond 64 bits.
    pub(super) fn mul_i64x2(&mut self) {
        let (a, b) = self.pop_commutative();
        let b = self.vector_in_reg(b);
        let target = self.target_from(a, &[b.into()]);
        let cross = self.alloc_xmm();
        self.masm.movaps(XMM_SCRATCH, target.reg);
        self.masm
            .vector_shift_imm(VectorShift::Psrlq, XMM_SCRATCH, 32);
        self.masm.vector(V::Pmuludq, XMM_SCRATCH, b.reg);
        self.masm.movaps(cross, b.reg);
        self.masm.vector_shift_imm(VectorShift::Psrlq, cross, 32);
        self.masm.vector(V::Pmuludq, cross, target.reg);
        self.masm.vector(V::Paddq, XMM_SCRATCH, cross);
        self.masm
            .vector_shift_imm(VectorShift::Psllq, XMM_SCRATCH, 32);
        self.masm.vector(V::Pmuludq, target.reg, b.reg);
        self.masm.vector(V::Paddq, target.reg, XMM_SCRATCH);
        self.release_xmm(cross);
        self.release_vector(b);
        self.push_vector(target);
    }

    /// PMULHRSW does not saturate: of two smallest lanes it makes the smallest one again,
    /// 0x8000, which is flipped to the greatest.
    pub(super) fn q15mulr_sat(&mut self) {
        let (a, b) = self.pop_commutative();
        let target = self.vector_op(V::Pmulhrsw, a, b);
        self.vector_constant(XMM_SCRATCH, Lanes::I16x8.splat(0x8000));
        self.masm.vector(V::Pcmpeqw, XMM_SCRATCH, target.reg);
        self.masm.vector(V::Pxor, target.reg, XMM_SCRATCH);
        self.push_vector(target);
    }

    // ---- products of double width -------------------------------------------

    /// i16x8 products of bytes that `extend` widens.
    pub(super) fn extmul_i8x16(&mut self, half: Half, extend: VectorMove) {
        let b = self.pop_vector();
        let a = self.pop_vector();
        let target = self.target_over(a);
        self.widen(half, extend, XMM_SCRATCH, b.reg);
        self.widen(half, extend, target.reg, a.reg);
        self.masm.vector(V::Pmullw, target.reg, XMM_SCRATCH);
        self.release_vector(b);
        self.push_vector(target);
    }

    fn widen(&mut self, half: Half, extend: VectorMove, dst: XMM, src: XMM) {
        match half {
            Half::Low => self.masm.vector_move(extend, dst, src),
            Half::High => {
                self.masm
                    .vector_shuffle(VectorShuffle::Pshufd, dst, src, HIGH_HALF);
                self.masm.vector_move(extend, dst, dst);
            }
        }
    }

    /// i32x4 products of words: their lower halves with the upper ones, which `mul_high`
    /// finds.
    pub(super) fn extmul_i16x8(&mut self, half: Half, mul_high: V) {
        let (a, b) = self.pop_commutative();
        let b = self.vector_in_reg(b);
        let target = self.target_from(a, &[b.into()]);
        self.masm.movaps(XMM_SCRATCH, target.reg);
        self.masm.vector(mul_high, XMM_SCRATCH, b.reg);
        self.masm.vector(V::Pmullw, target.reg, b.reg);
        let interleave = match half {
            Half::Low => V::Punpcklwd,
            Half::High => V::Punpckhwd,
        };
        self.masm.vector(interleave, target.reg, XMM_SCRATCH);
        self.release_vector(b);
        self.push_vector(target);
    }

    /// i64x2 products of dwords: `mul` takes the lower one of each qword.
    pub(super) fn extmul_i32x4(&mut self, half: Half, mul: V) {
        let spread = match half {
            Half::Low => 0b01_01_00_00,
            Half::High => 0b11_11_10_10,
        };
        let shuffle = VectorShuffle::Pshufd;
        let b = self.pop_vector();
        let a = self.pop_vector();
        let target = self.target_over(a);
        self.masm
            .vector_shuffle(shuffle, XMM_SCRATCH, b.reg, spread);
        self.masm.vector_shuffle(shuffle, target.reg, a.reg, spread);
        self.masm.vector(mul, target.reg, XMM_SCRATCH);
        self.release_vector(b);
        self.push_vector(target);
    }

    // ---- sums of neighbours -------------------------------------------------

    /// PMADDUBSW multiplies unsigned bytes of the first operand by signed ones of the
    /// second, by 1 here.
    pub(super) fn extadd_pairwise_i8x16_s(&mut self) {
        let src = self.pop_float();
        let target = self.fresh_target(&[src]);
        let src = self.vector_operand(src);
        self.vector_constant(target.reg, Lanes::I8x16.splat(1));
        self.masm.vector(V::Pmaddubsw, target.reg, src);
        self.push_vector(target);
    }

    pub(super) fn extadd_pairwise_i8x16_u(&mut self) {
        self.vector_op_constant(V::Pmaddubsw, Lanes::I8x16.splat(1));
    }

    pub(super) fn extadd_pairwise_i16x8_s(&mut self) {
        self.vector_op_constant(V::Pmaddwd, Lanes::I16x8.splat(1));
    }

    pub(super) fn extadd_pairwise_i16x8_u(&mut self) {
        let src = self.pop_float();
        let target = self.target_from(src, &[]);
        let even = self.masm.constant(Lanes::I32x4.splat(0xffff));
        self.masm.movaps(XMM_SCRATCH, target.reg);
        self.masm
            .vector_shift_imm(VectorShift::Psrld, XMM_SCRATCH, 16);
        self.masm.vector(V::Pand, target.reg, even);
        self.masm.vector(V::Paddd, target.reg, XMM_SCRATCH);
        self.push_vector(target);
    }

    fn vector_op_constant(&mut self, op: V, constant: u128) {
        let src = self.pop_float();
        let target = self.target_from(src, &[]);
        let constant = self.masm.constant(constant);
        self.masm.vector(op, target.reg, constant);
        self.push_vector(target);
    }

    // ---- relaxed dot products -----------------------------------------------

    /// `i16x8.relaxed_dot_i8x16_i7x16_s`: both operands are signed, and sums wrap
    /// (the deterministic choice).
    pub(super) fn relaxed_dot(&mut self) {
        let b = self.pop_vector();
        let a = self.pop_vector();
        let target = self.fresh_target(&[a.into(), b.into()]);
        self.dot_bytes(target, a, b);
        self.release_vector(a);
        self.release_vector(b);
        self.push_vector(target);
    }

    /// `i32x4.relaxed_dot_i8x16_i7x16_add_s`: sums of pairs of those, added to a third operand.
    pub(super) fn relaxed_dot_add(&mut self) {
        let addend = self.pop_float();
        let b = self.pop_vector();
        let a = self.pop_vector();
        let target = self.fresh_target(&[a.into(), b.into(), addend]);
        self.dot_bytes(target, a, b);
        self.release_vector(a);
        self.release_vector(b);
        let ones = self.masm.constant(Lanes::I16x8.splat(1));
        let addend = self.vector_operand(addend);
        self.masm.vector(V::Pmaddwd, target.reg, ones);
        self.masm.vector(V::Paddd, target.reg, addend);
        self.push_vector(target);
    }

    fn dot_bytes(&mut self, target: Target, a: VectorReg, b: VectorReg) {
        let extend = VectorMove::Pmovsxbw;
        let high = self.alloc_xmm();
        self.widen(Half::Low, extend, XMM_SCRATCH, b.reg);
        self.widen(Half::Low, extend, target.reg, a.reg);
        self.masm.vector(V::Pmullw, target.reg, XMM_SCRATCH);
        self.widen(Half::High, extend, XMM_SCRATCH, b.reg);
        self.widen(Half::High, extend, high, a.reg);
        self.masm.vector(V::Pmullw, high, XMM_SCRATCH);
        self.masm.vector(V::Phaddw, target.reg, high);
        self.release_xmm(high);
    }
}
