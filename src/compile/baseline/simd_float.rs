//! Float SIMD: dispatch, arithmetic and comparison.
//!
//! Relaxed operators do what the deterministic profile says (WebAssembly 3.0, section
//! 4.3.6, "Relaxed Operations"): each the same as the operator that is not relaxed, and
//! multiply-add rounds twice. So a result does not depend on whether the processor has FMA.
//! No operands are swapped for speed where both may be NaN: the first one's payload wins.

use super::FunctionCompiler;
use super::operands::FloatSrc;
use super::registers::XMM_SCRATCH;
use super::simd_lanes::Lanes;
use crate::abi::registers::XMM;
use crate::compile::masm::{
    LaneCompare, Rounding, Size, VectorMove as M, VectorOp as V, VectorShift, XmmSize,
};
use wasmparser::Operator;

/// A vector with the same bits in each lane of a size.
pub(super) fn splat(size: Size, bits: u64) -> u128 {
    match size {
        Size::S32 => Lanes::I32x4.splat(bits),
        Size::S64 => Lanes::I64x2.splat(bits),
    }
}

/// The instruction for f32x4, or that for f64x2.
fn sized<T>(size: Size, of_32: T, of_64: T) -> T {
    match size {
        Size::S32 => of_32,
        Size::S64 => of_64,
    }
}

fn sign_bit(size: Size) -> u64 {
    sized(size, 1 << 31, 1 << 63)
}

impl FunctionCompiler<'_> {
    /// Compiles the operator if it is a SIMD operator on floats, on single lanes or on
    /// memory; otherwise returns false.
    pub(super) fn simd_float_operator(&mut self, operator: &Operator<'_>) -> bool {
        use LaneCompare::{Equal, Less, LessEqual, NotEqual};
        use Operator as Op;
        use Rounding::{Ceil, Floor, Nearest, Trunc};
        use Size::{S32, S64};
        match *operator {
            Op::F32x4Eq => self.compare_lanes(Equal, S32),
            Op::F32x4Ne => self.compare_lanes(NotEqual, S32),
            Op::F32x4Lt => self.compare_lanes(Less, S32),
            Op::F32x4Gt => self.compare_lanes_swapped(Less, S32),
            Op::F32x4Le => self.compare_lanes(LessEqual, S32),
            Op::F32x4Ge => self.compare_lanes_swapped(LessEqual, S32),
            Op::F64x2Eq => self.compare_lanes(Equal, S64),
            Op::F64x2Ne => self.compare_lanes(NotEqual, S64),
            Op::F64x2Lt => self.compare_lanes(Less, S64),
            Op::F64x2Gt => self.compare_lanes_swapped(Less, S64),
            Op::F64x2Le => self.compare_lanes(LessEqual, S64),
            Op::F64x2Ge => self.compare_lanes_swapped(LessEqual, S64),

            Op::F32x4Ceil => self.round_lanes(Ceil, S32),
            Op::F32x4Floor => self.round_lanes(Floor, S32),
            Op::F32x4Trunc => self.round_lanes(Trunc, S32),
            Op::F32x4Nearest => self.round_lanes(Nearest, S32),
            Op::F32x4Abs => self.vector_masked(V::Andps, splat(S32, sign_bit(S32) - 1)),
            Op::F32x4Neg => self.vector_masked(V::Xorps, splat(S32, sign_bit(S32))),
            Op::F32x4Sqrt => self.vector_unary(M::Sqrtps),
            Op::F32x4Add => self.vector_binary(V::Addps),
            Op::F32x4Sub => self.vector_binary(V::Subps),
            Op::F32x4Mul => self.vector_binary(V::Mulps),
            Op::F32x4Div => self.vector_binary(V::Divps),
            Op::F32x4Min | Op::F32x4RelaxedMin => self.min_lanes(S32),
            Op::F32x4Max | Op::F32x4RelaxedMax => self.max_lanes(S32),
            // `b < a ? b : a` is MINPS of b and a, `a < b ? b : a` MAXPS of b and a.
            Op::F32x4PMin => self.vector_binary_swapped(V::Minps),
            Op::F32x4PMax => self.vector_binary_swapped(V::Maxps),
            Op::F64x2Ceil => self.round_lanes(Ceil, S64),
            Op::F64x2Floor => self.round_lanes(Floor, S64),
            Op::F64x2Trunc => self.round_lanes(Trunc, S64),
            Op::F64x2Nearest => self.round_lanes(Nearest, S64),
            Op::F64x2Abs => self.vector_masked(V::Andps, splat(S64, sign_bit(S64) - 1)),
            Op::F64x2Neg => self.vector_masked(V::Xorps, splat(S64, sign_bit(S64))),
            Op::F64x2Sqrt => self.vector_unary(M::Sqrtpd),
            Op::F64x2Add => self.vector_binary(V::Addpd),
            Op::F64x2Sub => self.vector_binary(V::Subpd),
            Op::F64x2Mul => self.vector_binary(V::Mulpd),
            Op::F64x2Div => self.vector_binary(V::Divpd),
            Op::F64x2Min | Op::F64x2RelaxedMin => self.min_lanes(S64),
            Op::F64x2Max | Op::F64x2RelaxedMax => self.max_lanes(S64),
            Op::F64x2PMin => self.vector_binary_swapped(V::Minpd),
            Op::F64x2PMax => self.vector_binary_swapped(V::Maxpd),
            Op::F32x4RelaxedMadd => self.multiply_add(S32),
            Op::F32x4RelaxedNmadd => self.multiply_subtract(S32),
            Op::F64x2RelaxedMadd => self.multiply_add(S64),
            Op::F64x2RelaxedNmadd => self.multiply_subtract(S64),

            Op::I32x4TruncSatF32x4S | Op::I32x4RelaxedTruncF32x4S => self.truncate_f32x4_s(),
            Op::I32x4TruncSatF32x4U | Op::I32x4RelaxedTruncF32x4U => self.truncate_f32x4_u(),
            Op::I32x4TruncSatF64x2SZero | Op::I32x4RelaxedTruncF64x2SZero => {
                self.truncate_f64x2_s();
            }
            Op::I32x4TruncSatF64x2UZero | Op::I32x4RelaxedTruncF64x2UZero => {
                self.truncate_f64x2_u();
            }
            Op::F32x4ConvertI32x4S => self.vector_unary(M::Cvtdq2ps),
            Op::F32x4ConvertI32x4U => self.convert_u32x4(),
            Op::F64x2ConvertLowI32x4S => self.vector_from_low(M::Cvtdq2pd),
            Op::F64x2ConvertLowI32x4U => self.convert_low_u32x4(),
            Op::F32x4DemoteF64x2Zero => self.vector_unary(M::Cvtpd2ps),
            Op::F64x2PromoteLowF32x4 => self.vector_from_low(M::Cvtps2pd),

            _ => return self.simd_scalar_operator(operator) || self.simd_memory_operator(operator),
        }
        true
    }

    fn compare_lanes(&mut self, compare: LaneCompare, size: Size) {
        let (a, b) = match compare {
            LaneCompare::Equal | LaneCompare::NotEqual => self.pop_commutative(),
            _ => {
                let b = self.pop_float();
                (self.pop_float(), b)
            }
        };
        self.compare_operands(compare, size, a, b);
    }

    fn compare_lanes_swapped(&mut self, compare: LaneCompare, size: Size) {
        let b = self.pop_float();
        let a = self.pop_float();
        self.compare_operands(compare, size, b, a);
    }

    fn compare_operands(&mut self, compare: LaneCompare, size: Size, a: FloatSrc, b: FloatSrc) {
        let (target, b) = self.target_and_operand(a, b);
        self.masm.compare_lanes(compare, size, target.reg, b);
        self.push_vector(target);
    }

    fn round_lanes(&mut self, mode: Rounding, size: Size) {
        let src = self.pop_vector();
        let target = self.target_over(src);
        self.masm.round_lanes(mode, size, target.reg, src.reg);
        self.push_vector(target);
    }

    /// `src op mask`
    fn vector_masked(&mut self, op: V, mask: u128) {
        let src = self.pop_float();
        let target = self.target_from(src, &[]);
        let mask = self.masm.constant(mask);
        self.masm.vector(op, target.reg, mask);
        self.push_vector(target);
    }

    /// Both orders of MINPS agree but for NaNs and zeros of different signs: if an operand is
    /// NaN one of them gives it, and -0 has more bits set (WebAssembly 2.0, section 4.3.3).
    /// The order of the operands does not matter at all.
    fn min_lanes(&mut self, size: Size) {
        let min = sized(size, V::Minps, V::Minpd);
        let (a, b) = self.pop_commutative();
        let b = self.vector_in_reg(b);
        let target = self.target_from(a, &[b.into()]);
        self.masm.movaps(XMM_SCRATCH, b.reg);
        self.masm.vector(min, XMM_SCRATCH, target.reg);
        self.masm.vector(min, target.reg, b.reg);
        self.release_vector(b);
        self.masm.vector(V::Orps, XMM_SCRATCH, target.reg);
        self.masm
            .compare_lanes(LaneCompare::Unordered, size, target.reg, XMM_SCRATCH);
        self.masm.vector(V::Orps, XMM_SCRATCH, target.reg);
        self.drop_nan_payload(size, target.reg);
        self.push_vector(target);
    }

    /// As for the minimum, but +0 has fewer bits set: their difference is subtracted, which
    /// turns -0 - -0 into +0, changes no number, and makes NaNs quiet.
    fn max_lanes(&mut self, size: Size) {
        let max = sized(size, V::Maxps, V::Maxpd);
        let (a, b) = self.pop_commutative();
        let b = self.vector_in_reg(b);
        let target = self.target_from(a, &[b.into()]);
        self.masm.movaps(XMM_SCRATCH, b.reg);
        self.masm.vector(max, XMM_SCRATCH, target.reg);
        self.masm.vector(max, target.reg, b.reg);
        self.release_vector(b);
        self.masm.vector(V::Xorps, target.reg, XMM_SCRATCH);
        self.masm.vector(V::Orps, XMM_SCRATCH, target.reg);
        let subtract = sized(size, V::Subps, V::Subpd);
        self.masm.vector(subtract, XMM_SCRATCH, target.reg);
        self.masm
            .compare_lanes(LaneCompare::Unordered, size, target.reg, XMM_SCRATCH);
        self.drop_nan_payload(size, target.reg);
        self.push_vector(target);
    }

    /// `dst` = XMM15 without the payload below the quiet bit where `dst` is all ones.
    fn drop_nan_payload(&mut self, size: Size, dst: XMM) {
        // Sign, exponent and quiet bit remain.
        let (shift, kept) = sized(size, (VectorShift::Psrld, 10), (VectorShift::Psrlq, 13));
        self.masm.vector_shift_imm(shift, dst, kept);
        self.masm.vector(V::Andnps, dst, XMM_SCRATCH);
    }

    /// `a * b + c`, rounded twice.
    fn multiply_add(&mut self, size: Size) {
        let c = self.pop_float();
        let b = self.pop_float();
        let a = self.pop_float();
        let target = self.target_from(a, &[b, c]);
        let b = self.vector_operand(b);
        self.masm
            .vector(sized(size, V::Mulps, V::Mulpd), target.reg, b);
        let c = self.vector_operand(c);
        self.masm
            .vector(sized(size, V::Addps, V::Addpd), target.reg, c);
        self.push_vector(target);
    }

    /// `-(a * b) + c`, rounded twice.
    fn multiply_subtract(&mut self, size: Size) {
        let c = self.pop_float();
        let b = self.pop_vector();
        let a = self.pop_float();
        let product = match a {
            FloatSrc::Reg { reg, owned: true } => reg,
            _ => {
                self.load_float(XmmSize::S128, XMM_SCRATCH, a);
                XMM_SCRATCH
            }
        };
        self.masm
            .vector(sized(size, V::Mulps, V::Mulpd), product, b.reg);
        self.release_vector(b);
        let target = self.target_from(c, &[]);
        self.masm
            .vector(sized(size, V::Subps, V::Subpd), target.reg, product);
        self.release_float(a);
        self.push_vector(target);
    }
}
