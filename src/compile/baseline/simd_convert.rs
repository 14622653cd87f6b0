//! Conversions between float and integer lanes.
//!
//! SSE truncates to signed integers only and gives the smallest one for NaN and out of
//! range, so saturation is masked in around it.

use super::FunctionCompiler;
use super::operands::FloatSrc;
use super::registers::XMM_SCRATCH;
use super::simd_float::splat;
use crate::compile::masm::{
    LaneCompare, Rounding, Size, VectorMove as M, VectorOp as V, VectorShift, VectorShuffle,
};

/// 2^31 as f32.
const TWO_TO_31: u64 = 0x4f00_0000;

/// 2^31 - 1 as f64.
const I32_MAX: u64 = 0x41df_ffff_ffc0_0000;

/// 2^32 - 1 as f64.
const U32_MAX: u64 = 0x41ef_ffff_ffe0_0000;

/// 2^52 as f64: the last bit of its significand counts ones.
const TWO_TO_52: u64 = 0x4330_0000_0000_0000;

/// SHUFPS: the even lanes of both operands.
const EVEN_LANES: u8 = 0b10_00_10_00;

/// PBLENDW: the low word of each doubleword.
const EVEN_WORDS: u8 = 0b0101_0101;

impl FunctionCompiler<'_> {
    /// A conversion that reads the low half only.
    pub(super) fn vector_from_low(&mut self, op: M) {
        let src = self.pop_float();
        if let FloatSrc::Mem(mem) = src {
            let target = self.fresh_target(&[]);
            self.masm.vector_move(op, target.reg, mem);
            return self.push_vector(target);
        }
        let src = self.vector_in_reg(src);
        let target = self.target_over(src);
        self.masm.vector_move(op, target.reg, src.reg);
        self.push_vector(target);
    }

    /// `i32x4.trunc_sat_f32x4_s`
    pub(super) fn truncate_f32x4_s(&mut self) {
        let src = self.pop_vector();
        let target = self.fresh_target(&[src.into()]);
        self.masm.vector_move(M::Cvttps2dq, target.reg, src.reg);
        // Where the result is too large, the smallest integer becomes the largest one.
        self.vector_constant(XMM_SCRATCH, splat(Size::S32, TWO_TO_31));
        self.masm
            .compare_lanes(LaneCompare::LessEqual, Size::S32, XMM_SCRATCH, src.reg);
        self.masm.vector(V::Pxor, target.reg, XMM_SCRATCH);
        // NaN becomes zero.
        let ordered = if src.owned { src.reg } else { XMM_SCRATCH };
        if !src.owned {
            self.masm.movaps(ordered, src.reg);
        }
        self.masm
            .compare_lanes(LaneCompare::Equal, Size::S32, ordered, ordered);
        self.masm.vector(V::Pand, target.reg, ordered);
        self.release_vector(src);
        self.push_vector(target);
    }

    /// `i32x4.trunc_sat_f32x4_u`: what is above 2^31 is converted on its own and added.
    pub(super) fn truncate_f32x4_u(&mut self) {
        let src = self.pop_float();
        let target = self.target_from(src, &[]);
        let above = self.alloc_xmm();
        let overflow = self.alloc_xmm();
        // MAXPS gives its second operand for NaN: that and what is negative becomes +0.
        self.masm.zero_xmm(XMM_SCRATCH);
        self.masm.vector(V::Maxps, target.reg, XMM_SCRATCH);
        self.vector_constant(overflow, splat(Size::S32, TWO_TO_31));
        self.masm.movaps(above, target.reg);
        self.masm.vector(V::Subps, above, overflow);
        // Between zero and 2^31 - 1, which is where 2^32 and more end.
        self.masm
            .compare_lanes(LaneCompare::LessEqual, Size::S32, overflow, above);
        self.masm.vector_move(M::Cvttps2dq, above, above);
        self.masm.vector(V::Pxor, above, overflow);
        self.masm.vector(V::Pmaxsd, above, XMM_SCRATCH);
        // From 2^31 on this gives 2^31, as unsigned.
        self.masm.vector_move(M::Cvttps2dq, target.reg, target.reg);
        self.masm.vector(V::Paddd, target.reg, above);
        self.release_xmm(overflow);
        self.release_xmm(above);
        self.push_vector(target);
    }

    /// `i32x4.trunc_sat_f64x2_s_zero`: bounded above first; below, the smallest integer is right.
    pub(super) fn truncate_f64x2_s(&mut self) {
        let src = self.pop_float();
        let target = self.target_from(src, &[]);
        // The bound, or zero for NaN: MINPD gives its second operand then.
        self.masm.movaps(XMM_SCRATCH, target.reg);
        self.masm
            .compare_lanes(LaneCompare::Equal, Size::S64, XMM_SCRATCH, XMM_SCRATCH);
        let bound = self.masm.constant(splat(Size::S64, I32_MAX));
        self.masm.vector(V::Andps, XMM_SCRATCH, bound);
        self.masm.vector(V::Minpd, target.reg, XMM_SCRATCH);
        self.masm.vector_move(M::Cvttpd2dq, target.reg, target.reg);
        self.push_vector(target);
    }

    /// `i32x4.trunc_sat_f64x2_u_zero`: an integer that is added to 2^52 is the low half of the sum.
    pub(super) fn truncate_f64x2_u(&mut self) {
        let src = self.pop_float();
        let target = self.target_from(src, &[]);
        self.masm.zero_xmm(XMM_SCRATCH);
        self.masm.vector(V::Maxpd, target.reg, XMM_SCRATCH);
        let bound = self.masm.constant(splat(Size::S64, U32_MAX));
        self.masm.vector(V::Minpd, target.reg, bound);
        self.masm
            .round_lanes(Rounding::Trunc, Size::S64, target.reg, target.reg);
        let magic = self.masm.constant(splat(Size::S64, TWO_TO_52));
        self.masm.vector(V::Addpd, target.reg, magic);
        let shuffle = VectorShuffle::Shufps;
        self.masm
            .vector_shuffle(shuffle, target.reg, XMM_SCRATCH, EVEN_LANES);
        self.push_vector(target);
    }

    /// `f32x4.convert_i32x4_u`: halves of 16 bits become floats exactly, as the low bits of
    /// 2^23 and of 2^39; only their sum is rounded.
    pub(super) fn convert_u32x4(&mut self) {
        let src = self.pop_float();
        let target = self.target_from(src, &[]);
        // XMM15 = 2^23 + low half
        self.vector_constant(XMM_SCRATCH, splat(Size::S32, 0x4b00_0000));
        let blend = VectorShuffle::Pblendw;
        self.masm
            .vector_shuffle(blend, XMM_SCRATCH, target.reg, EVEN_WORDS);
        // target = 2^39 + 2^16 * high half - (2^39 + 2^23)
        self.masm
            .vector_shift_imm(VectorShift::Psrld, target.reg, 16);
        let two_to_39 = self.masm.constant(splat(Size::S32, 0x5300_0000));
        self.masm.vector(V::Por, target.reg, two_to_39);
        let both = self.masm.constant(splat(Size::S32, 0x5300_0080));
        self.masm.vector(V::Subps, target.reg, both);
        self.masm.vector(V::Addps, target.reg, XMM_SCRATCH);
        self.push_vector(target);
    }

    /// `f64x2.convert_low_i32x4_u`: an integer is made the low half of 2^52.
    pub(super) fn convert_low_u32x4(&mut self) {
        let src = self.pop_float();
        let target = self.target_from(src, &[]);
        let high_half = self.masm.constant(splat(Size::S32, TWO_TO_52 >> 32));
        self.masm.vector(V::Punpckldq, target.reg, high_half);
        let magic = self.masm.constant(splat(Size::S64, TWO_TO_52));
        self.masm.vector(V::Subpd, target.reg, magic);
        self.push_vector(target);
    }
}
