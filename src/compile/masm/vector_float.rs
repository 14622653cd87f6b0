//! Packed float comparison and rounding, and moves of single lanes (SSE4.1).
//!
//! Size is that of a lane: four of 32 bits or two of 64. A memory operand of a whole
//! register is aligned to 16 bytes, as constants are; one of a lane need not be.

use super::float::sized;
use super::{Masm, Mem, Regs, Rm, Rounding, Size, Width, XmmRm, emit};
use crate::abi::registers::{GPR, XMM};
use cranelift_assembler_x64::inst;

/// Predicates of CMPPS and CMPPD (SDM volume 2A, CMPPS): a lane becomes all ones or zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(in crate::compile) enum LaneCompare {
    Equal = 0,
    Less = 1,
    LessEqual = 2,
    /// At least one is NaN.
    Unordered = 3,
    /// Also when unordered.
    NotEqual = 4,
}

impl Masm {
    /// `dst = dst compare src`, lane by lane.
    pub(in crate::compile) fn compare_lanes(
        &mut self,
        compare: LaneCompare,
        size: Size,
        dst: XMM,
        src: impl Into<XmmRm>,
    ) {
        let src = src.into();
        sized!(self, size, cmpps_a / cmppd_a, dst, src, compare as u8);
    }

    /// `dst = round(src)`, lane by lane.
    pub(in crate::compile) fn round_lanes(
        &mut self,
        mode: Rounding,
        size: Size,
        dst: XMM,
        src: impl Into<XmmRm>,
    ) {
        let src = src.into();
        sized!(self, size, roundps_rmi / roundpd_rmi, dst, src, mode as u8);
    }

    // ---- single lanes -------------------------------------------------------

    /// `dst[lane] = src`, the low bits of a register or memory of that width.
    pub(in crate::compile) fn insert_lane(
        &mut self,
        width: Width,
        dst: XMM,
        lane: u8,
        src: impl Into<Rm>,
    ) {
        let src = src.into();
        match width {
            Width::W8 => emit!(self, pinsrb_a, dst, src, lane),
            Width::W16 => emit!(self, pinsrw_a, dst, src, lane),
            Width::W32 => emit!(self, pinsrd_a, dst, src, lane),
            Width::W64 => emit!(self, pinsrq_a, dst, src, lane),
        }
    }

    /// `dst = src[lane]`, zero-extended; in memory it has that width.
    pub(in crate::compile) fn extract_lane(&mut self, width: Width, dst: GPR, src: XMM, lane: u8) {
        match (width, lane) {
            (Width::W8, _) => emit!(self, pextrb_a, dst, src, lane),
            (Width::W16, _) => emit!(self, pextrw_a, dst, src, lane),
            (Width::W32, 0) => emit!(self, movd_b, dst, src),
            (Width::W32, _) => emit!(self, pextrd_a, dst, src, lane),
            (Width::W64, 0) => emit!(self, movq_b, dst, src),
            (Width::W64, _) => emit!(self, pextrq_a, dst, src, lane),
        }
    }

    /// Stores `src[lane]`.
    pub(in crate::compile) fn store_lane(&mut self, width: Width, dst: Mem, src: XMM, lane: u8) {
        match (width, lane) {
            (Width::W8, _) => emit!(self, pextrb_a, dst, src, lane),
            (Width::W16, _) => emit!(self, pextrw_b, dst, src, lane),
            (Width::W32, 0) => emit!(self, movss_c_m, dst, src),
            (Width::W32, _) => emit!(self, pextrd_a, dst, src, lane),
            (Width::W64, 0) => emit!(self, movsd_c_m, dst, src),
            (Width::W64, _) => emit!(self, pextrq_a, dst, src, lane),
        }
    }

    /// `dst[lane] = src`, the low float of a register or in memory; `src` is not `dst`
    /// unless it is a float in memory.
    pub(in crate::compile) fn insert_float(
        &mut self,
        size: Size,
        dst: XMM,
        lane: u8,
        src: impl Into<XmmRm>,
    ) {
        match (size, lane, src.into()) {
            (Size::S32, 0, XmmRm::Xmm(src)) => emit!(self, movss_a_r, dst, src),
            (Size::S32, _, src) => emit!(self, insertps_a, dst, src, lane << 4),
            (Size::S64, 0, XmmRm::Xmm(src)) => emit!(self, movsd_a_r, dst, src),
            (Size::S64, _, XmmRm::Xmm(src)) => emit!(self, movlhps_rm, dst, src),
            (Size::S64, 0, XmmRm::Mem(src)) => emit!(self, pinsrq_a, dst, src, 0),
            (Size::S64, _, XmmRm::Mem(src)) => emit!(self, movhps_a, dst, src),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::masm::mem;
    use iced_x86::{Decoder, DecoderOptions, Formatter, NasmFormatter};
    use std::string::String;
    use std::vec::Vec;

    const A: XMM = XMM::XMM3;
    const B: XMM = XMM::XMM12;

    /// What is emitted, one line per instruction.
    fn listing(emit: impl FnOnce(&mut Masm)) -> Vec<String> {
        let mut masm = Masm::default();
        emit(&mut masm);
        let mut formatter = NasmFormatter::new();
        Decoder::new(64, &masm.code, DecoderOptions::NONE)
            .iter()
            .map(|instruction| {
                let mut line = String::new();
                formatter.format(&instruction, &mut line);
                line
            })
            .collect()
    }

    #[test]
    fn predicates_and_rounding_modes_are_those_of_the_manual() {
        use LaneCompare::{Equal, Less, LessEqual, NotEqual, Unordered};
        let listing = listing(|masm| {
            for compare in [Equal, Less, LessEqual, Unordered, NotEqual] {
                masm.compare_lanes(compare, Size::S32, A, B);
                masm.compare_lanes(compare, Size::S64, B, A);
            }
            masm.round_lanes(Rounding::Floor, Size::S32, A, B);
            masm.round_lanes(Rounding::Trunc, Size::S64, B, A);
        });
        assert_eq!(
            listing,
            [
                "cmpeqps xmm3,xmm12",
                "cmpeqpd xmm12,xmm3",
                "cmpltps xmm3,xmm12",
                "cmpltpd xmm12,xmm3",
                "cmpleps xmm3,xmm12",
                "cmplepd xmm12,xmm3",
                "cmpunordps xmm3,xmm12",
                "cmpunordpd xmm12,xmm3",
                "cmpneqps xmm3,xmm12",
                "cmpneqpd xmm12,xmm3",
                "roundps xmm3,xmm12,9",
                "roundpd xmm12,xmm3,0Bh",
            ]
        );
    }

    #[test]
    fn lanes_move_to_and_from_registers_and_memory() {
        let place = mem(GPR::R15, 8);
        let listing = listing(|masm| {
            for (width, lane) in [
                (Width::W8, 15),
                (Width::W16, 7),
                (Width::W32, 3),
                (Width::W64, 1),
            ] {
                masm.insert_lane(width, A, lane, GPR::RSI);
                masm.insert_lane(width, B, 0, place);
                masm.extract_lane(width, GPR::RSI, B, lane);
                masm.extract_lane(width, GPR::R9, A, 0);
                masm.store_lane(width, place, B, lane);
                masm.store_lane(width, place, A, 0);
            }
        });
        assert_eq!(
            listing,
            [
                "pinsrb xmm3,esi,0Fh",
                "pinsrb xmm12,[r15+8],0",
                "pextrb esi,xmm12,0Fh",
                "pextrb r9d,xmm3,0",
                "pextrb [r15+8],xmm12,0Fh",
                "pextrb [r15+8],xmm3,0",
                "pinsrw xmm3,esi,7",
                "pinsrw xmm12,[r15+8],0",
                "pextrw esi,xmm12,7",
                "pextrw r9d,xmm3,0",
                "pextrw [r15+8],xmm12,7",
                "pextrw [r15+8],xmm3,0",
                "pinsrd xmm3,esi,3",
                "pinsrd xmm12,[r15+8],0",
                "pextrd esi,xmm12,3",
                "movd r9d,xmm3",
                "pextrd [r15+8],xmm12,3",
                "movss [r15+8],xmm3",
                "pinsrq xmm3,rsi,1",
                "pinsrq xmm12,[r15+8],0",
                "pextrq rsi,xmm12,1",
                "movq r9,xmm3",
                "pextrq [r15+8],xmm12,1",
                "movsd [r15+8],xmm3",
            ]
        );
    }

    #[test]
    fn floats_are_inserted_without_touching_other_lanes() {
        let place = mem(GPR::RBP, -16);
        let listing = listing(|masm| {
            for (size, lane) in [
                (Size::S32, 0),
                (Size::S32, 2),
                (Size::S64, 0),
                (Size::S64, 1),
            ] {
                masm.insert_float(size, A, lane, B);
                masm.insert_float(size, A, lane, place);
            }
        });
        assert_eq!(
            listing,
            [
                "movss xmm3,xmm12",
                "insertps xmm3,[rbp-10h],0",
                "insertps xmm3,xmm12,20h",
                "insertps xmm3,[rbp-10h],20h",
                "movsd xmm3,xmm12",
                "pinsrq xmm3,[rbp-10h],0",
                "movlhps xmm3,xmm12",
                "movhps xmm3,[rbp-10h]",
            ]
        );
    }
}
