//! SIMD operators on whole vectors and on each lane by itself.

use super::FunctionCompiler;
use super::operands::Loc;
use super::registers::XMM_SCRATCH;
use super::simd_operands::Target;
use crate::abi::value::ValType;
use crate::compile::masm::{
    Cond, LoadKind, SignMask, VectorMove, VectorOp as V, VectorShift, VectorShuffle,
};

/// How a vector is divided into integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lanes {
    I8x16,
    I16x8,
    I32x4,
    I64x2,
}

impl Lanes {
    /// Bits of one lane.
    pub(super) fn bits(self) -> u8 {
        match self {
            Self::I8x16 => 8,
            Self::I16x8 => 16,
            Self::I32x4 => 32,
            Self::I64x2 => 64,
        }
    }

    /// A vector with this value in every lane.
    pub(super) fn splat(self, value: u64) -> u128 {
        let bits = u32::from(self.bits());
        let lane = u128::from(value) & (u128::MAX >> (128 - bits));
        (0..128 / bits).fold(0, |vector, _| vector << (bits % 128) | lane)
    }

    /// The comparison for equality.
    pub(super) fn equal(self) -> V {
        match self {
            Self::I8x16 => V::Pcmpeqb,
            Self::I16x8 => V::Pcmpeqw,
            Self::I32x4 => V::Pcmpeqd,
            Self::I64x2 => V::Pcmpeqq,
        }
    }
}

/// PSHUFD: the high half twice.
pub(super) const HIGH_HALF: u8 = 0b11_10_11_10;

/// PSHUFD: the upper dword of each qword twice.
pub(super) const ODD_DWORDS: u8 = 0b11_11_01_01;

impl FunctionCompiler<'_> {
    // ---- bitwise ------------------------------------------------------------

    pub(super) fn vector_not(&mut self) {
        let src = self.pop_float();
        let target = self.target_from(src, &[]);
        self.invert(target);
        self.push_vector(target);
    }

    /// Flips all bits of a target.
    pub(super) fn invert(&mut self, target: Target) {
        self.masm.ones_xmm(XMM_SCRATCH);
        self.masm.vector(V::Pxor, target.reg, XMM_SCRATCH);
    }

    /// `bitselect(a, b, mask)` = `((a ^ b) & mask) ^ b`
    pub(super) fn bitselect(&mut self) {
        let mask = self.pop_float();
        let b = self.pop_vector();
        let a = self.pop_float();
        let target = self.target_from(a, &[b.into(), mask]);
        let mask = self.vector_operand(mask);
        self.masm.vector(V::Pxor, target.reg, b.reg);
        self.masm.vector(V::Pand, target.reg, mask);
        self.masm.vector(V::Pxor, target.reg, b.reg);
        self.release_vector(b);
        self.push_vector(target);
    }

    // ---- to a scalar --------------------------------------------------------

    pub(super) fn any_true(&mut self) {
        let src = self.pop_vector();
        self.masm.ptest(src.reg, src.reg);
        self.release_vector(src);
        self.push(ValType::I32, Loc::Flags(Cond::NotEqual));
    }

    pub(super) fn all_true(&mut self, lanes: Lanes) {
        let src = self.pop_vector();
        self.masm.zero_xmm(XMM_SCRATCH);
        self.masm.vector(lanes.equal(), XMM_SCRATCH, src.reg);
        self.masm.ptest(XMM_SCRATCH, XMM_SCRATCH);
        self.release_vector(src);
        self.push(ValType::I32, Loc::Flags(Cond::Equal));
    }

    pub(super) fn bitmask(&mut self, lanes: Lanes) {
        let src = self.pop_vector();
        let destination = self.int_destination();
        let dst = destination.map_or_else(|| self.alloc_gpr(), |(_, dst)| dst);
        match lanes {
            Lanes::I8x16 => self.masm.sign_mask(SignMask::Pmovmskb, dst, src.reg),
            Lanes::I16x8 => {
                // The signs of the words, twice.
                self.masm.movaps(XMM_SCRATCH, src.reg);
                self.masm.vector(V::Packsswb, XMM_SCRATCH, src.reg);
                self.masm.sign_mask(SignMask::Pmovmskb, dst, XMM_SCRATCH);
                self.masm.load_extend(LoadKind::Zero8, dst, dst);
            }
            Lanes::I32x4 => self.masm.sign_mask(SignMask::Movmskps, dst, src.reg),
            Lanes::I64x2 => self.masm.sign_mask(SignMask::Movmskpd, dst, src.reg),
        }
        self.release_vector(src);
        match destination {
            Some((local, _)) => self.push(ValType::I32, Loc::Local(local)),
            None => self.push_gpr(ValType::I32, dst),
        }
    }

    // ---- each lane by itself ------------------------------------------------

    pub(super) fn vector_neg(&mut self, sub: V) {
        let src = self.pop_float();
        let target = self.fresh_target(&[src]);
        let src = self.vector_operand(src);
        self.masm.zero_xmm(target.reg);
        self.masm.vector(sub, target.reg, src);
        self.push_vector(target);
    }

    pub(super) fn vector_unary(&mut self, op: VectorMove) {
        let src = self.pop_vector();
        let target = self.target_over(src);
        self.masm.vector_move(op, target.reg, src.reg);
        self.push_vector(target);
    }

    /// `(x ^ sign) - sign`, where the sign is 0 or -1: no PABSQ before AVX-512.
    pub(super) fn abs_i64x2(&mut self) {
        let src = self.pop_float();
        let target = self.target_from(src, &[]);
        let shuffle = VectorShuffle::Pshufd;
        self.masm
            .vector_shuffle(shuffle, XMM_SCRATCH, target.reg, ODD_DWORDS);
        self.masm
            .vector_shift_imm(VectorShift::Psrad, XMM_SCRATCH, 31);
        self.masm.vector(V::Pxor, target.reg, XMM_SCRATCH);
        self.masm.vector(V::Psubq, target.reg, XMM_SCRATCH);
        self.push_vector(target);
    }

    /// The bits of each nibble, from a table.
    pub(super) fn popcnt_i8x16(&mut self) {
        let src = self.pop_vector();
        let target = self.fresh_target(&[src.into()]);
        let high = self.alloc_xmm();
        let table = u128::from_le_bytes([0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4]);
        let nibble = self.masm.constant(Lanes::I8x16.splat(0xf));
        self.vector_constant(target.reg, table);
        self.masm.movaps(high, target.reg);
        self.masm.movaps(XMM_SCRATCH, src.reg);
        self.masm.vector(V::Pand, XMM_SCRATCH, nibble);
        self.masm.vector(V::Pshufb, target.reg, XMM_SCRATCH);
        self.masm.movaps(XMM_SCRATCH, src.reg);
        self.masm
            .vector_shift_imm(VectorShift::Psrlw, XMM_SCRATCH, 4);
        self.masm.vector(V::Pand, XMM_SCRATCH, nibble);
        self.masm.vector(V::Pshufb, high, XMM_SCRATCH);
        self.masm.vector(V::Paddb, target.reg, high);
        self.release_xmm(high);
        self.release_vector(src);
        self.push_vector(target);
    }

    /// Widens the high half of the lanes.
    pub(super) fn extend_high(&mut self, op: VectorMove) {
        let src = self.pop_vector();
        let target = self.target_over(src);
        self.masm
            .vector_shuffle(VectorShuffle::Pshufd, target.reg, src.reg, HIGH_HALF);
        self.masm.vector_move(op, target.reg, target.reg);
        self.push_vector(target);
    }
}

#[cfg(test)]
mod tests {
    use super::Lanes;

    #[test]
    fn splat_fills_every_lane() {
        assert_eq!(Lanes::I8x16.splat(0x1ff), u128::MAX);
        assert_eq!(Lanes::I16x8.splat(1) >> 112, 1);
        assert_eq!(Lanes::I32x4.splat(0x8000_0000).count_ones(), 4);
        assert_eq!(Lanes::I64x2.splat(5), 5 << 64 | 5);
    }
}
