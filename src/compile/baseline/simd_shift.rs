//! SIMD shifts. Counts are taken modulo the width of a lane.

use super::FunctionCompiler;
use super::operands::{FloatSrc, IntSrc};
use super::registers::{SCRATCH, XMM_SCRATCH};
use super::simd_lanes::{Lanes, ODD_DWORDS};
use super::simd_operands::Target;
use crate::compile::masm::{AluOp, ShiftOp, Size, VectorOp as V, VectorShift, VectorShuffle};

/// The instruction that shifts each lane; bytes are shifted as words. Where there is no
/// arithmetic shift, a logical one is the first step.
fn instruction(op: ShiftOp, lanes: Lanes) -> VectorShift {
    match (op, lanes) {
        (ShiftOp::Shl, Lanes::I8x16 | Lanes::I16x8) => VectorShift::Psllw,
        (ShiftOp::Shl, Lanes::I32x4) => VectorShift::Pslld,
        (ShiftOp::Shl, Lanes::I64x2) => VectorShift::Psllq,
        (ShiftOp::Sar, Lanes::I16x8) => VectorShift::Psraw,
        (ShiftOp::Sar, Lanes::I32x4) => VectorShift::Psrad,
        (_, Lanes::I8x16 | Lanes::I16x8) => VectorShift::Psrlw,
        (_, Lanes::I32x4) => VectorShift::Psrld,
        (_, Lanes::I64x2) => VectorShift::Psrlq,
    }
}

/// The subtraction that spreads a sign in lanes that have no arithmetic shift.
fn sign_spread(lanes: Lanes) -> Option<V> {
    match lanes {
        Lanes::I8x16 => Some(V::Psubb),
        Lanes::I64x2 => Some(V::Psubq),
        Lanes::I16x8 | Lanes::I32x4 => None,
    }
}

impl FunctionCompiler<'_> {
    pub(super) fn vector_shift(&mut self, op: ShiftOp, lanes: Lanes) {
        let count = self.pop_int();
        let src = self.pop_float();
        let target = match count {
            IntSrc::Const(count) => {
                self.shift_by_constant(op, lanes, src, count as u8 & (lanes.bits() - 1))
            }
            _ => self.shift_by_variable(op, lanes, src, count),
        };
        self.push_vector(target);
    }

    // ---- constant counts ----------------------------------------------------

    fn shift_by_constant(&mut self, op: ShiftOp, lanes: Lanes, src: FloatSrc, count: u8) -> Target {
        let top = lanes.bits() - 1;
        if op == ShiftOp::Sar && count == top && sign_spread(lanes).is_some() {
            return self.signs(lanes, src);
        }
        let target = self.target_from(src, &[]);
        let dst = target.reg;
        match (op, lanes) {
            _ if count == 0 => return target,
            (ShiftOp::Shl, Lanes::I8x16) if count == 1 => self.masm.vector(V::Paddb, dst, dst),
            _ => self
                .masm
                .vector_shift_imm(instruction(op, lanes), dst, count),
        }
        if lanes == Lanes::I8x16 && (op, count) != (ShiftOp::Shl, 1) {
            // Drop what came from the byte beside.
            let stays = match op {
                ShiftOp::Shl => 0xff << count,
                _ => 0xff >> count,
            };
            let stays = self.masm.constant(lanes.splat(stays));
            self.masm.vector(V::Pand, dst, stays);
        }
        if let (ShiftOp::Sar, Some(subtract)) = (op, sign_spread(lanes)) {
            let sign = self.masm.constant(lanes.splat(1 << (top - count)));
            self.masm.vector(V::Pxor, dst, sign);
            self.masm.vector(subtract, dst, sign);
        }
        target
    }

    /// Bytes or qwords of nothing but their sign.
    fn signs(&mut self, lanes: Lanes, src: FloatSrc) -> Target {
        if lanes == Lanes::I8x16 {
            let target = self.fresh_target(&[src]);
            let src = self.vector_operand(src);
            self.masm.zero_xmm(target.reg);
            self.masm.vector(V::Pcmpgtb, target.reg, src);
            return target;
        }
        let src = self.vector_in_reg(src);
        let target = self.target_over(src);
        self.masm
            .vector_shuffle(VectorShuffle::Pshufd, target.reg, src.reg, ODD_DWORDS);
        self.masm
            .vector_shift_imm(VectorShift::Psrad, target.reg, 31);
        target
    }

    // ---- variable counts ----------------------------------------------------

    fn shift_by_variable(
        &mut self,
        op: ShiftOp,
        lanes: Lanes,
        src: FloatSrc,
        count: IntSrc,
    ) -> Target {
        let target = self.target_from(src, &[]);
        self.load_int(Size::S32, SCRATCH, count);
        self.release_int(count);
        self.masm
            .alu_imm(AluOp::And, Size::S32, SCRATCH, i32::from(lanes.bits() - 1));
        match (op, lanes) {
            (ShiftOp::Sar, Lanes::I8x16) => self.shift_bytes_signed(target),
            (ShiftOp::Sar, Lanes::I64x2) => self.shift_quadwords_signed(target),
            (_, Lanes::I8x16) => self.shift_bytes(op, target),
            _ => {
                self.masm.mov_to_xmm(Size::S32, XMM_SCRATCH, SCRATCH);
                let shift = instruction(op, lanes);
                self.masm.vector_shift(shift, target.reg, XMM_SCRATCH);
            }
        }
        target
    }

    /// Shifts words, without the bits that would reach the byte beside. Those that stay
    /// are the same for both directions, but before a shift to the left.
    fn shift_bytes(&mut self, op: ShiftOp, target: Target) {
        let stays = self.alloc_xmm();
        self.masm.mov_to_xmm(Size::S32, XMM_SCRATCH, SCRATCH);
        // Every byte is 0xff >> count.
        self.masm.ones_xmm(stays);
        self.masm.vector_shift_imm(VectorShift::Psrlw, stays, 8);
        self.masm
            .vector_shift(VectorShift::Psrlw, stays, XMM_SCRATCH);
        self.masm.vector(V::Packuswb, stays, stays);
        if op == ShiftOp::Shl {
            self.masm.vector(V::Pand, target.reg, stays);
            self.masm
                .vector_shift(VectorShift::Psllw, target.reg, XMM_SCRATCH);
        } else {
            self.masm
                .vector_shift(VectorShift::Psrlw, target.reg, XMM_SCRATCH);
            self.masm.vector(V::Pand, target.reg, stays);
        }
        self.release_xmm(stays);
    }

    /// Shifts each byte as the upper half of a word, into the lower half.
    fn shift_bytes_signed(&mut self, target: Target) {
        let high = self.alloc_xmm();
        self.masm.alu_imm(AluOp::Add, Size::S32, SCRATCH, 8);
        self.masm.mov_to_xmm(Size::S32, XMM_SCRATCH, SCRATCH);
        self.masm.movaps(high, target.reg);
        self.masm.vector(V::Punpckhbw, high, high);
        self.masm.vector(V::Punpcklbw, target.reg, target.reg);
        self.masm
            .vector_shift(VectorShift::Psraw, high, XMM_SCRATCH);
        self.masm
            .vector_shift(VectorShift::Psraw, target.reg, XMM_SCRATCH);
        self.masm.vector(V::Packsswb, target.reg, high);
        self.release_xmm(high);
    }

    /// Spreads the sign, which a shift of the sign bit alone finds: no PSRAQ before AVX-512.
    fn shift_quadwords_signed(&mut self, target: Target) {
        let sign = self.alloc_xmm();
        self.masm.mov_to_xmm(Size::S32, XMM_SCRATCH, SCRATCH);
        self.vector_constant(sign, Lanes::I64x2.splat(1 << 63));
        self.masm
            .vector_shift(VectorShift::Psrlq, sign, XMM_SCRATCH);
        self.masm
            .vector_shift(VectorShift::Psrlq, target.reg, XMM_SCRATCH);
        self.masm.vector(V::Pxor, target.reg, sign);
        self.masm.vector(V::Psubq, target.reg, sign);
        self.release_xmm(sign);
    }
}
