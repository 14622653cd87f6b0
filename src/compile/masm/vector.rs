//! Packed SSE instructions, up to SSE4.2.
//!
//! Named by their mnemonics (SDM volume 2): what a wasm operator becomes is for the
//! compiler to say. A memory operand of 16 bytes is aligned, as constants are.

use super::{Masm, Regs, XmmRm, emit};
use crate::abi::registers::{GPR, XMM};
use cranelift_assembler_x64::inst;

/// An enum of instructions of one shape, and the function that emits them.
macro_rules! instructions {
    (
        $(#[$doc:meta])*
        enum $ops:ident;
        $(#[$emit_doc:meta])*
        fn $emit:ident($($arg:ident: $ty:ty),*) = $args:tt;
        $($op:ident => $inst:ident,)*
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(in crate::compile) enum $ops {
            $($op,)*
        }

        #[cfg(test)]
        impl $ops {
            const ALL: &[Self] = &[$(Self::$op,)*];
        }

        impl Masm {
            $(#[$emit_doc])*
            pub(in crate::compile) fn $emit(&mut self, op: $ops, $($arg: $ty),*) {
                match op {
                    $($ops::$op => instructions!(self, $inst, $args),)*
                }
            }
        }
    };
    ($masm:expr, $inst:ident, ($($arg:ident),*)) => {
        emit!($masm, $inst, $($arg),*)
    };
}

instructions! {
    /// `dst = dst op src`
    enum VectorOp;
    /// `dst = dst op src`
    fn vector(dst: XMM, src: impl Into<XmmRm>) = (dst, src);
    Pand => pand_a,
    Pandn => pandn_a,
    Por => por_a,
    Pxor => pxor_a,
    Paddb => paddb_a,
    Paddw => paddw_a,
    Paddd => paddd_a,
    Paddq => paddq_a,
    Paddsb => paddsb_a,
    Paddsw => paddsw_a,
    Paddusb => paddusb_a,
    Paddusw => paddusw_a,
    Phaddw => phaddw_a,
    Psubb => psubb_a,
    Psubw => psubw_a,
    Psubd => psubd_a,
    Psubq => psubq_a,
    Psubsb => psubsb_a,
    Psubsw => psubsw_a,
    Psubusb => psubusb_a,
    Psubusw => psubusw_a,
    Pmullw => pmullw_a,
    Pmulhw => pmulhw_a,
    Pmulhuw => pmulhuw_a,
    Pmulhrsw => pmulhrsw_a,
    Pmulld => pmulld_a,
    Pmuldq => pmuldq_a,
    Pmuludq => pmuludq_a,
    Pmaddwd => pmaddwd_a,
    Pmaddubsw => pmaddubsw_a,
    Pminsb => pminsb_a,
    Pminsw => pminsw_a,
    Pminsd => pminsd_a,
    Pminub => pminub_a,
    Pminuw => pminuw_a,
    Pminud => pminud_a,
    Pmaxsb => pmaxsb_a,
    Pmaxsw => pmaxsw_a,
    Pmaxsd => pmaxsd_a,
    Pmaxub => pmaxub_a,
    Pmaxuw => pmaxuw_a,
    Pmaxud => pmaxud_a,
    Pavgb => pavgb_a,
    Pavgw => pavgw_a,
    Pcmpeqb => pcmpeqb_a,
    Pcmpeqw => pcmpeqw_a,
    Pcmpeqd => pcmpeqd_a,
    Pcmpeqq => pcmpeqq_a,
    Pcmpgtb => pcmpgtb_a,
    Pcmpgtw => pcmpgtw_a,
    Pcmpgtd => pcmpgtd_a,
    Pcmpgtq => pcmpgtq_a,
    Packsswb => packsswb_a,
    Packssdw => packssdw_a,
    Packuswb => packuswb_a,
    Packusdw => packusdw_a,
    Punpcklbw => punpcklbw_a,
    Punpcklwd => punpcklwd_a,
    Punpckldq => punpckldq_a,
    Punpcklqdq => punpcklqdq_a,
    Punpckhbw => punpckhbw_a,
    Punpckhwd => punpckhwd_a,
    Punpckhdq => punpckhdq_a,
    Punpckhqdq => punpckhqdq_a,
    Pshufb => pshufb_a,
    Andps => andps_a,
    Andnps => andnps_a,
    Orps => orps_a,
    Xorps => xorps_a,
    Addps => addps_a,
    Addpd => addpd_a,
    Subps => subps_a,
    Subpd => subpd_a,
    Mulps => mulps_a,
    Mulpd => mulpd_a,
    Divps => divps_a,
    Divpd => divpd_a,
    Minps => minps_a,
    Minpd => minpd_a,
    Maxps => maxps_a,
    Maxpd => maxpd_a,
}

instructions! {
    /// `dst = op src`
    enum VectorMove;
    /// `dst = op src`
    fn vector_move(dst: XMM, src: impl Into<XmmRm>) = (dst, src);
    Pabsb => pabsb_a,
    Pabsw => pabsw_a,
    Pabsd => pabsd_a,
    Pmovsxbw => pmovsxbw_a,
    Pmovsxwd => pmovsxwd_a,
    Pmovsxdq => pmovsxdq_a,
    Pmovzxbw => pmovzxbw_a,
    Pmovzxwd => pmovzxwd_a,
    Pmovzxdq => pmovzxdq_a,
    Movddup => movddup_a,
    Sqrtps => sqrtps_a,
    Sqrtpd => sqrtpd_a,
    Cvtdq2ps => cvtdq2ps_a,
    Cvtdq2pd => cvtdq2pd_a,
    Cvttps2dq => cvttps2dq_a,
    Cvttpd2dq => cvttpd2dq_a,
    Cvtps2pd => cvtps2pd_a,
    Cvtpd2ps => cvtpd2ps_a,
}

instructions! {
    /// Rearranges what is in `dst` and `src`, or in `src` alone (PSHUFD, PSHUFLW, PSHUFHW).
    enum VectorShuffle;
    /// `dst = dst op src`, as the immediate says.
    fn vector_shuffle(dst: XMM, src: impl Into<XmmRm>, control: u8) = (dst, src, control);
    Palignr => palignr_a,
    Pblendw => pblendw_rmi,
    Shufps => shufps_a,
    Pshufd => pshufd_a,
    Pshuflw => pshuflw_a,
    Pshufhw => pshufhw_a,
}

/// Shifts of every lane by the same count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::compile) enum VectorShift {
    Psllw,
    Pslld,
    Psllq,
    Psrlw,
    Psrld,
    Psrlq,
    Psraw,
    Psrad,
}

instructions! {
    /// Collects the sign bits of bytes, floats or doubles.
    enum SignMask;
    /// `dst` = the sign bits of the lanes of `src`, the first one lowest; the rest is zero.
    fn sign_mask(dst: GPR, src: XMM) = (dst, src);
    Pmovmskb => pmovmskb_rm,
    Movmskps => movmskps_rm,
    Movmskpd => movmskpd_rm,
}

impl Masm {
    /// Shifts by a constant; one beyond the lane's width gives zero, or the sign.
    pub(in crate::compile) fn vector_shift_imm(&mut self, op: VectorShift, dst: XMM, count: u8) {
        match op {
            VectorShift::Psllw => emit!(self, psllw_b, dst, count),
            VectorShift::Pslld => emit!(self, pslld_b, dst, count),
            VectorShift::Psllq => emit!(self, psllq_b, dst, count),
            VectorShift::Psrlw => emit!(self, psrlw_b, dst, count),
            VectorShift::Psrld => emit!(self, psrld_b, dst, count),
            VectorShift::Psrlq => emit!(self, psrlq_b, dst, count),
            VectorShift::Psraw => emit!(self, psraw_b, dst, count),
            VectorShift::Psrad => emit!(self, psrad_b, dst, count),
        }
    }

    /// Shifts by the low 64 bits of a register; see [`Self::vector_shift_imm`].
    pub(in crate::compile) fn vector_shift(&mut self, op: VectorShift, dst: XMM, count: XMM) {
        match op {
            VectorShift::Psllw => emit!(self, psllw_a, dst, count),
            VectorShift::Pslld => emit!(self, pslld_a, dst, count),
            VectorShift::Psllq => emit!(self, psllq_a, dst, count),
            VectorShift::Psrlw => emit!(self, psrlw_a, dst, count),
            VectorShift::Psrld => emit!(self, psrld_a, dst, count),
            VectorShift::Psrlq => emit!(self, psrlq_a, dst, count),
            VectorShift::Psraw => emit!(self, psraw_a, dst, count),
            VectorShift::Psrad => emit!(self, psrad_a, dst, count),
        }
    }

    /// Sets the zero flag if `a & b` is zero.
    pub(in crate::compile) fn ptest(&mut self, a: XMM, b: XMM) {
        emit!(self, ptest_rm, a, b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use iced_x86::{Decoder, DecoderOptions};
    use std::format;
    use std::string::String;

    /// The text of the one instruction that `emit` emits.
    fn disassembled(emit: impl FnOnce(&mut Masm)) -> String {
        let mut masm = Masm::default();
        emit(&mut masm);
        let mut decoder = Decoder::new(64, &masm.code, DecoderOptions::NONE);
        let instruction = decoder.decode();
        assert_eq!(instruction.len(), masm.code.len(), "one instruction");
        format!("{instruction}")
    }

    fn mnemonic(op: impl core::fmt::Debug) -> String {
        format!("{op:?}").to_lowercase()
    }

    #[test]
    fn every_instruction_is_the_one_it_is_named_for() {
        let (dst, src) = (XMM::XMM3, XMM::XMM12);
        for &op in VectorOp::ALL {
            assert_eq!(
                disassembled(|masm| masm.vector(op, dst, src)),
                format!("{} xmm3,xmm12", mnemonic(op))
            );
        }
        for &op in VectorMove::ALL {
            assert_eq!(
                disassembled(|masm| masm.vector_move(op, dst, src)),
                format!("{} xmm3,xmm12", mnemonic(op))
            );
        }
        for &op in VectorShuffle::ALL {
            assert_eq!(
                disassembled(|masm| masm.vector_shuffle(op, dst, src, 5)),
                format!("{} xmm3,xmm12,5", mnemonic(op))
            );
        }
        for &op in SignMask::ALL {
            assert_eq!(
                disassembled(|masm| masm.sign_mask(op, GPR::RCX, src)),
                format!("{} ecx,xmm12", mnemonic(op))
            );
        }
    }

    #[test]
    fn shifts_take_a_register_or_a_constant() {
        use VectorShift::{Pslld, Psllq, Psllw, Psrad, Psraw, Psrld, Psrlq, Psrlw};
        for op in [Psllw, Pslld, Psllq, Psrlw, Psrld, Psrlq, Psraw, Psrad] {
            assert_eq!(
                disassembled(|masm| masm.vector_shift(op, XMM::XMM1, XMM::XMM15)),
                format!("{} xmm1,xmm15", mnemonic(op))
            );
            assert_eq!(
                disassembled(|masm| masm.vector_shift_imm(op, XMM::XMM9, 7)),
                format!("{} xmm9,7", mnemonic(op))
            );
        }
    }
}
