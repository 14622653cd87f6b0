//! SIMD loads that extend, splat or fill up with zeros, and accesses to single lanes.
//!
//! The access is the only instruction that may fault, and no local has changed before it.

use super::FunctionCompiler;
use super::simd_lanes::Lanes::{self, I8x16, I16x8, I32x4, I64x2};
use super::simd_scalar::lane_width;
use crate::abi::TrapCode;
use crate::compile::masm::{Size, VectorMove as M, XmmSize};
use wasmparser::{MemArg, Operator};

impl FunctionCompiler<'_> {
    /// Compiles the operator if it is a SIMD access to memory other than that to a whole
    /// v128; otherwise returns false.
    pub(super) fn simd_memory_operator(&mut self, operator: &Operator<'_>) -> bool {
        use Operator as Op;
        match *operator {
            Op::V128Load8x8S { memarg } => self.load_extended(&memarg, M::Pmovsxbw),
            Op::V128Load8x8U { memarg } => self.load_extended(&memarg, M::Pmovzxbw),
            Op::V128Load16x4S { memarg } => self.load_extended(&memarg, M::Pmovsxwd),
            Op::V128Load16x4U { memarg } => self.load_extended(&memarg, M::Pmovzxwd),
            Op::V128Load32x2S { memarg } => self.load_extended(&memarg, M::Pmovsxdq),
            Op::V128Load32x2U { memarg } => self.load_extended(&memarg, M::Pmovzxdq),
            Op::V128Load8Splat { memarg } => self.load_splat(&memarg, I8x16),
            Op::V128Load16Splat { memarg } => self.load_splat(&memarg, I16x8),
            Op::V128Load32Splat { memarg } => self.load_splat(&memarg, I32x4),
            Op::V128Load64Splat { memarg } => self.load_splat(&memarg, I64x2),
            Op::V128Load32Zero { memarg } => self.load_zero(&memarg, Size::S32),
            Op::V128Load64Zero { memarg } => self.load_zero(&memarg, Size::S64),
            Op::V128Load8Lane { memarg, lane } => self.load_lane(&memarg, I8x16, lane),
            Op::V128Load16Lane { memarg, lane } => self.load_lane(&memarg, I16x8, lane),
            Op::V128Load32Lane { memarg, lane } => self.load_lane(&memarg, I32x4, lane),
            Op::V128Load64Lane { memarg, lane } => self.load_lane(&memarg, I64x2, lane),
            Op::V128Store8Lane { memarg, lane } => self.store_lane(&memarg, I8x16, lane),
            Op::V128Store16Lane { memarg, lane } => self.store_lane(&memarg, I16x8, lane),
            Op::V128Store32Lane { memarg, lane } => self.store_lane(&memarg, I32x4, lane),
            Op::V128Store64Lane { memarg, lane } => self.store_lane(&memarg, I64x2, lane),
            _ => return false,
        }
        true
    }

    /// Loads 8 bytes and doubles the width of their lanes.
    fn load_extended(&mut self, arg: &MemArg, op: M) {
        let address = self.pop_address(arg, 8);
        let target = self.fresh_target(&[]);
        self.may_trap(TrapCode::MemoryOutOfBounds);
        self.masm.vector_move(op, target.reg, address.mem);
        self.release_int(address.held);
        self.push_vector(target);
    }

    fn load_splat(&mut self, arg: &MemArg, lanes: Lanes) {
        let address = self.pop_address(arg, lane_width(lanes).bytes());
        let target = self.fresh_target(&[]);
        self.may_trap(TrapCode::MemoryOutOfBounds);
        match lanes {
            I8x16 | I16x8 => {
                // What else is in the register does not matter.
                self.masm
                    .insert_lane(lane_width(lanes), target.reg, 0, address.mem);
                self.splat_lowest(lanes, target.reg);
            }
            I32x4 => self.load_float_splat(Size::S32, target.reg, address.mem),
            I64x2 => self.load_float_splat(Size::S64, target.reg, address.mem),
        }
        self.release_int(address.held);
        self.push_vector(target);
    }

    fn load_zero(&mut self, arg: &MemArg, size: Size) {
        let address = self.pop_address(arg, XmmSize::from(size).bytes());
        let target = self.fresh_target(&[]);
        self.may_trap(TrapCode::MemoryOutOfBounds);
        self.masm.load_float(size, target.reg, address.mem);
        self.release_int(address.held);
        self.push_vector(target);
    }

    fn load_lane(&mut self, arg: &MemArg, lanes: Lanes, lane: u8) {
        let src = self.pop_float();
        let target = self.target_before_trap(src);
        let address = self.pop_address(arg, lane_width(lanes).bytes());
        self.may_trap(TrapCode::MemoryOutOfBounds);
        self.masm
            .insert_lane(lane_width(lanes), target.reg, lane, address.mem);
        self.release_int(address.held);
        self.push_vector(target);
    }

    fn store_lane(&mut self, arg: &MemArg, lanes: Lanes, lane: u8) {
        let value = self.pop_float();
        let reg = self.float_to_store(XmmSize::S128, value);
        let address = self.pop_address(arg, lane_width(lanes).bytes());
        self.may_trap(TrapCode::MemoryOutOfBounds);
        self.masm
            .store_lane(lane_width(lanes), address.mem, reg, lane);
        self.release_int(address.held);
        self.release_float(value);
    }
}
