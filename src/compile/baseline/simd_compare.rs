//! SIMD integer comparisons: all ones where the relation holds.

use super::FunctionCompiler;
use super::operands::FloatSrc;
use super::registers::XMM_SCRATCH;
use super::simd_lanes::{Lanes, ODD_DWORDS};
use super::simd_operands::Target;
use crate::compile::masm::{VectorOp as V, VectorShuffle};

/// A relation of two integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum VectorCompare {
    Eq,
    Ne,
    LtS,
    LtU,
    GtS,
    GtU,
    LeS,
    LeU,
    GeS,
    GeU,
}

/// The instructions for the smaller and for the greater one of two lanes.
fn min_max(lanes: Lanes, is_signed: bool) -> (V, V) {
    match (lanes, is_signed) {
        (Lanes::I8x16, true) => (V::Pminsb, V::Pmaxsb),
        (Lanes::I8x16, false) => (V::Pminub, V::Pmaxub),
        (Lanes::I16x8, true) => (V::Pminsw, V::Pmaxsw),
        (Lanes::I16x8, false) => (V::Pminuw, V::Pmaxuw),
        (Lanes::I32x4, true) => (V::Pminsd, V::Pmaxsd),
        (Lanes::I32x4, false) => (V::Pminud, V::Pmaxud),
        (Lanes::I64x2, _) => unreachable!("no such instructions before AVX-512"),
    }
}

impl FunctionCompiler<'_> {
    pub(super) fn vector_compare(&mut self, compare: VectorCompare, lanes: Lanes) {
        use VectorCompare::{Eq, GeS, GeU, GtS, GtU, LeS, LeU, LtS, LtU, Ne};
        let (target, is_inverse) = match (compare, lanes) {
            (Eq | Ne, _) => (self.equal(lanes), compare == Ne),
            (GtS, _) | (LeS, Lanes::I64x2) => (self.greater(lanes), compare == LeS),
            (LtS, _) | (GeS, Lanes::I64x2) => (self.less(lanes), compare == GeS),
            (GeS, _) => (self.at_least(lanes, true), false),
            (LeS, _) => (self.at_most(lanes, true), false),
            (GeU | LtU, _) => (self.at_least(lanes, false), compare == LtU),
            (LeU | GtU, _) => (self.at_most(lanes, false), compare == GtU),
        };
        if is_inverse {
            self.invert(target);
        }
        self.push_vector(target);
    }

    fn equal(&mut self, lanes: Lanes) -> Target {
        let (a, b) = self.pop_commutative();
        self.vector_op(lanes.equal(), a, b)
    }

    fn greater(&mut self, lanes: Lanes) -> Target {
        let b = self.pop_float();
        let a = self.pop_float();
        self.is_greater(lanes, a, b)
    }

    fn less(&mut self, lanes: Lanes) -> Target {
        let b = self.pop_float();
        let a = self.pop_float();
        self.is_greater(lanes, b, a)
    }

    fn is_greater(&mut self, lanes: Lanes, a: FloatSrc, b: FloatSrc) -> Target {
        match lanes {
            Lanes::I8x16 => self.vector_op(V::Pcmpgtb, a, b),
            Lanes::I16x8 => self.vector_op(V::Pcmpgtw, a, b),
            Lanes::I32x4 => self.vector_op(V::Pcmpgtd, a, b),
            Lanes::I64x2 if self.options.features.sse42 => self.vector_op(V::Pcmpgtq, a, b),
            Lanes::I64x2 => self.is_greater_i64x2(a, b),
        }
    }

    /// For want of PCMPGTQ: the upper dwords decide; where they are equal, the borrow of
    /// `b - a` does, which its upper dword then consists of.
    fn is_greater_i64x2(&mut self, a: FloatSrc, b: FloatSrc) -> Target {
        let a = self.vector_in_reg(a);
        let b = self.vector_in_reg(b);
        let target = self.fresh_target(&[a.into(), b.into()]);
        self.masm.movaps(target.reg, b.reg);
        self.masm.vector(V::Psubq, target.reg, a.reg);
        self.masm.movaps(XMM_SCRATCH, a.reg);
        self.masm.vector(V::Pcmpeqd, XMM_SCRATCH, b.reg);
        self.masm.vector(V::Pand, target.reg, XMM_SCRATCH);
        self.masm.movaps(XMM_SCRATCH, a.reg);
        self.masm.vector(V::Pcmpgtd, XMM_SCRATCH, b.reg);
        self.masm.vector(V::Por, target.reg, XMM_SCRATCH);
        self.masm
            .vector_shuffle(VectorShuffle::Pshufd, target.reg, target.reg, ODD_DWORDS);
        self.release_vector(a);
        self.release_vector(b);
        target
    }

    /// `a >= b`: `min(a, b) == b`, or `max(b, a) == a`.
    fn at_least(&mut self, lanes: Lanes, is_signed: bool) -> Target {
        let (min, max) = min_max(lanes, is_signed);
        self.selects_other(lanes, min, max)
    }

    /// `a <= b`: `max(a, b) == b`, or `min(b, a) == a`.
    fn at_most(&mut self, lanes: Lanes, is_signed: bool) -> Target {
        let (min, max) = min_max(lanes, is_signed);
        self.selects_other(lanes, max, min)
    }

    /// Whether `op` gives the other operand when the first is overwritten, or `swapped_op`
    /// when the second is.
    fn selects_other(&mut self, lanes: Lanes, op: V, swapped_op: V) -> Target {
        let b = self.pop_float();
        let a = self.pop_float();
        let (base, other, op) = match self.is_cheaper_base(b, a) {
            true => (b, a, swapped_op),
            false => (a, b, op),
        };
        let target = self.target_from(base, &[other]);
        let other = self.vector_operand(other);
        self.masm.vector(op, target.reg, other);
        self.masm.vector(lanes.equal(), target.reg, other);
        target
    }
}
