//! Between vectors and scalars: `splat`, `extract_lane` and `replace_lane`.

use super::FunctionCompiler;
use super::operands::{FloatSrc, IntSrc, Loc, size_of, width_of};
use super::registers::{SCRATCH, XMM_SCRATCH};
use super::simd_float::splat;
use super::simd_lanes::Lanes::{self, I8x16, I16x8, I32x4, I64x2};
use crate::abi::registers::XMM;
use crate::abi::value::ValType;
use crate::compile::masm::{
    LoadKind, Mem, Size, VectorMove as M, VectorOp as V, VectorShuffle, Width, mem_behind,
};
use wasmparser::Operator;

/// PSHUFD, SHUFPS: the lowest lane of 32 bits four times.
const LOWEST_LANE: u8 = 0;

/// The width of a lane.
pub(super) fn lane_width(lanes: Lanes) -> Width {
    match lanes {
        I8x16 => Width::W8,
        I16x8 => Width::W16,
        I32x4 => Width::W32,
        I64x2 => Width::W64,
    }
}

/// PSHUFD: a float lane moved to the lowest; a lane of 64 bits as its two halves.
fn lane_to_low(size: Size, lane: u8) -> u8 {
    match size {
        Size::S32 => lane,
        Size::S64 => ((2 * lane + 1) << 2) | (2 * lane),
    }
}

/// A lane of so many bytes, if the vector is in a frame slot.
fn lane_in_frame(src: FloatSrc, lane: u8, bytes: u32) -> Option<Mem> {
    match src {
        FloatSrc::Mem(mem) => mem_behind(mem, i32::from(lane) * bytes as i32),
        _ => None,
    }
}

impl FunctionCompiler<'_> {
    /// Compiles the operator if it moves between vectors and scalars; otherwise returns false.
    pub(super) fn simd_scalar_operator(&mut self, operator: &Operator<'_>) -> bool {
        use LoadKind::{Full32, Full64, Sign8, Sign16, Zero8, Zero16};
        use Operator as Op;
        use Size::{S32, S64};
        use ValType::{F32, F64, I32, I64};
        match *operator {
            Op::I8x16Splat => self.splat_int(I8x16),
            Op::I16x8Splat => self.splat_int(I16x8),
            Op::I32x4Splat => self.splat_int(I32x4),
            Op::I64x2Splat => self.splat_int(I64x2),
            Op::F32x4Splat => self.splat_float(S32),
            Op::F64x2Splat => self.splat_float(S64),
            Op::I8x16ExtractLaneS { lane } => self.extract_int(I8x16, lane, Sign8(S32), I32),
            Op::I8x16ExtractLaneU { lane } => self.extract_int(I8x16, lane, Zero8, I32),
            Op::I16x8ExtractLaneS { lane } => self.extract_int(I16x8, lane, Sign16(S32), I32),
            Op::I16x8ExtractLaneU { lane } => self.extract_int(I16x8, lane, Zero16, I32),
            Op::I32x4ExtractLane { lane } => self.extract_int(I32x4, lane, Full32, I32),
            Op::I64x2ExtractLane { lane } => self.extract_int(I64x2, lane, Full64, I64),
            Op::F32x4ExtractLane { lane } => self.extract_float(F32, lane),
            Op::F64x2ExtractLane { lane } => self.extract_float(F64, lane),
            Op::I8x16ReplaceLane { lane } => self.replace_int(I8x16, lane),
            Op::I16x8ReplaceLane { lane } => self.replace_int(I16x8, lane),
            Op::I32x4ReplaceLane { lane } => self.replace_int(I32x4, lane),
            Op::I64x2ReplaceLane { lane } => self.replace_int(I64x2, lane),
            Op::F32x4ReplaceLane { lane } => self.replace_float(S32, lane),
            Op::F64x2ReplaceLane { lane } => self.replace_float(S64, lane),
            _ => return false,
        }
        true
    }

    // ---- splat --------------------------------------------------------------

    fn splat_int(&mut self, lanes: Lanes) {
        let size = match lanes {
            I64x2 => Size::S64,
            _ => Size::S32,
        };
        let src = self.pop_int();
        let target = self.fresh_target(&[]);
        match src {
            IntSrc::Const(bits) => {
                self.vector_constant(target.reg, lanes.splat(bits));
                return self.push_vector(target);
            }
            IntSrc::Reg { reg, .. } => self.masm.mov_to_xmm(size, target.reg, reg),
            IntSrc::Mem(mem) => self.masm.load_float(size, target.reg, mem),
        }
        self.release_int(src);
        self.splat_lowest(lanes, target.reg);
        self.push_vector(target);
    }

    /// Copies the lowest lane to all others. Clobbers XMM15.
    pub(super) fn splat_lowest(&mut self, lanes: Lanes, dst: XMM) {
        use VectorShuffle::{Pshufd, Pshuflw};
        match lanes {
            I8x16 => {
                self.masm.zero_xmm(XMM_SCRATCH);
                self.masm.vector(V::Pshufb, dst, XMM_SCRATCH);
            }
            I16x8 => {
                self.masm.vector_shuffle(Pshuflw, dst, dst, LOWEST_LANE);
                self.masm.vector_shuffle(Pshufd, dst, dst, LOWEST_LANE);
            }
            I32x4 => self.masm.vector_shuffle(Pshufd, dst, dst, LOWEST_LANE),
            I64x2 => self.masm.vector(V::Punpcklqdq, dst, dst),
        }
    }

    fn splat_float(&mut self, size: Size) {
        let src = self.pop_float();
        let target = match src {
            FloatSrc::Const(bits) => {
                let target = self.fresh_target(&[]);
                self.vector_constant(target.reg, splat(size, bits as u64));
                target
            }
            FloatSrc::Mem(mem) => {
                let target = self.fresh_target(&[]);
                self.load_float_splat(size, target.reg, mem);
                target
            }
            FloatSrc::Reg { .. } => {
                let src = self.vector_in_reg(src);
                let target = self.target_over(src);
                match size {
                    Size::S32 => self.splat_f32(target.reg, src.reg),
                    Size::S64 => self.masm.vector_move(M::Movddup, target.reg, src.reg),
                }
                target
            }
        };
        self.push_vector(target);
    }

    /// Loads all lanes with one in memory.
    pub(super) fn load_float_splat(&mut self, size: Size, dst: XMM, src: Mem) {
        match size {
            Size::S32 => {
                self.masm.load_float(size, dst, src);
                self.splat_f32(dst, dst);
            }
            Size::S64 => self.masm.vector_move(M::Movddup, dst, src),
        }
    }

    fn splat_f32(&mut self, dst: XMM, src: XMM) {
        // PSHUFD saves a copy, SHUFPS a byte.
        let shuffle = match dst == src {
            true => VectorShuffle::Shufps,
            false => VectorShuffle::Pshufd,
        };
        self.masm.vector_shuffle(shuffle, dst, src, LOWEST_LANE);
    }

    // ---- extract ------------------------------------------------------------

    /// `kind` is how the lane is extended to a scalar of type `ty`.
    fn extract_int(&mut self, lanes: Lanes, lane: u8, kind: LoadKind, ty: ValType) {
        let width = lane_width(lanes);
        let src = self.pop_float();
        let destination = self.int_destination();
        let dst = destination.map_or_else(|| self.alloc_gpr(), |(_, dst)| dst);
        if let Some(mem) = lane_in_frame(src, lane, width.bytes()) {
            self.masm.load_extend(kind, dst, mem);
        } else {
            let src = self.vector_in_reg(src);
            self.masm.extract_lane(width, dst, src.reg, lane);
            if matches!(kind, LoadKind::Sign8(_) | LoadKind::Sign16(_)) {
                self.masm.load_extend(kind, dst, dst);
            }
            self.release_vector(src);
        }
        match destination {
            Some((local, _)) => self.push(ty, Loc::Local(local)),
            None => self.push_gpr(ty, dst),
        }
    }

    fn extract_float(&mut self, ty: ValType, lane: u8) {
        let size = size_of(ty);
        let src = self.pop_float();
        let destination = self.float_destination();
        if let Some(mem) = lane_in_frame(src, lane, width_of(size).bytes()) {
            let dst = destination.map_or_else(|| self.alloc_xmm(), |(_, dst)| dst);
            self.masm.load_float(size, dst, mem);
            return self.push_float_result(ty, destination, dst);
        }
        let src = self.vector_in_reg(src);
        let dst = match destination {
            Some((_, dst)) => {
                self.release_vector(src);
                dst
            }
            None if src.owned => src.reg,
            None => self.alloc_xmm(),
        };
        if lane != 0 {
            let control = lane_to_low(size, lane);
            self.masm
                .vector_shuffle(VectorShuffle::Pshufd, dst, src.reg, control);
        } else if dst != src.reg {
            self.masm.movaps(dst, src.reg);
        }
        self.push_float_result(ty, destination, dst);
    }

    // ---- replace ------------------------------------------------------------

    fn replace_int(&mut self, lanes: Lanes, lane: u8) {
        let width = lane_width(lanes);
        let value = self.pop_int();
        let src = self.pop_float();
        let target = self.target_from(src, &[]);
        match value {
            IntSrc::Reg { reg, .. } => self.masm.insert_lane(width, target.reg, lane, reg),
            IntSrc::Mem(mem) => self.masm.insert_lane(width, target.reg, lane, mem),
            IntSrc::Const(bits) => {
                self.masm.mov_imm(SCRATCH, bits);
                self.masm.insert_lane(width, target.reg, lane, SCRATCH);
            }
        }
        self.release_int(value);
        self.push_vector(target);
    }

    fn replace_float(&mut self, size: Size, lane: u8) {
        let value = self.pop_float();
        let src = self.pop_float();
        let target = self.target_from(src, &[value]);
        match value {
            FloatSrc::Reg { reg, .. } => self.masm.insert_float(size, target.reg, lane, reg),
            FloatSrc::Mem(mem) => self.masm.insert_float(size, target.reg, lane, mem),
            FloatSrc::Const(bits) => {
                self.masm.mov_imm(SCRATCH, bits as u64);
                self.masm
                    .insert_lane(width_of(size), target.reg, lane, SCRATCH);
            }
        }
        self.release_float(value);
        self.push_vector(target);
    }
}
