//! Scalar SSE arithmetic, moves and conversions.

use super::{Masm, Mem, Regs, Rm, Size, XmmRm, emit};
use crate::abi::registers::{GPR, XMM};
use cranelift_assembler_x64::inst;

/// Two-operand scalar arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::compile) enum FloatOp {
    Add,
    Sub,
    Mul,
    Div,
    Min,
    Max,
    Sqrt,
}

/// Bitwise operations on whole registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::compile) enum VecOp {
    And,
    Or,
    Xor,
}

/// ROUNDSS/ROUNDSD immediates with the precision exception masked (SDM volume 2B, ROUNDSD).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(in crate::compile) enum Rounding {
    Nearest = 8,
    Floor = 9,
    Ceil = 10,
    Trunc = 11,
}

/// Width of a value in an XMM register, as it is moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::compile) enum XmmSize {
    /// An f32.
    S32,
    /// An f64.
    S64,
    /// A v128.
    S128,
}

impl XmmSize {
    /// The width in bytes.
    pub(in crate::compile) fn bytes(self) -> u32 {
        match self {
            Self::S32 => 4,
            Self::S64 => 8,
            Self::S128 => 16,
        }
    }
}

impl From<Size> for XmmSize {
    fn from(size: Size) -> Self {
        match size {
            Size::S32 => Self::S32,
            Size::S64 => Self::S64,
        }
    }
}

/// Emits the form of an instruction for f32 or f64, or lanes of them.
macro_rules! sized {
    ($masm:expr, $size:expr, $inst32:ident / $inst64:ident $(, $arg:expr)*) => {
        match $size {
            Size::S32 => emit!($masm, $inst32 $(, $arg)*),
            Size::S64 => emit!($masm, $inst64 $(, $arg)*),
        }
    };
}
#[cfg(feature = "simd")]
pub(super) use sized;

impl Masm {
    /// Copies a whole register.
    pub(in crate::compile) fn movaps(&mut self, dst: XMM, src: XMM) {
        emit!(self, movaps_a, dst, src);
    }

    /// Loads a register; what is above the value becomes zero. No alignment is needed.
    pub(in crate::compile) fn load_float(&mut self, size: impl Into<XmmSize>, dst: XMM, src: Mem) {
        match size.into() {
            XmmSize::S32 => emit!(self, movss_a_m, dst, src),
            XmmSize::S64 => emit!(self, movsd_a_m, dst, src),
            XmmSize::S128 => emit!(self, movups_a, dst, src),
        }
    }

    /// Stores the value in a register. No alignment is needed.
    pub(in crate::compile) fn store_float(&mut self, size: impl Into<XmmSize>, dst: Mem, src: XMM) {
        match size.into() {
            XmmSize::S32 => emit!(self, movss_c_m, dst, src),
            XmmSize::S64 => emit!(self, movsd_c_m, dst, src),
            XmmSize::S128 => emit!(self, movups_b, dst, src),
        }
    }

    /// Moves bits from a general-purpose register.
    pub(in crate::compile) fn mov_to_xmm(&mut self, size: Size, dst: XMM, src: GPR) {
        sized!(self, size, movd_a / movq_a, dst, src);
    }

    /// Moves bits to a general-purpose register.
    pub(in crate::compile) fn mov_from_xmm(&mut self, size: Size, dst: GPR, src: XMM) {
        sized!(self, size, movd_b / movq_b, dst, src);
    }

    /// `dst = 0`, flags untouched.
    pub(in crate::compile) fn zero_xmm(&mut self, dst: XMM) {
        emit!(self, xorps_a, dst, dst);
    }

    /// `dst` = all ones, flags untouched.
    pub(in crate::compile) fn ones_xmm(&mut self, dst: XMM) {
        emit!(self, pcmpeqd_a, dst, dst);
    }

    pub(in crate::compile) fn float_op(
        &mut self,
        op: FloatOp,
        size: Size,
        dst: XMM,
        src: impl Into<XmmRm>,
    ) {
        let src = src.into();
        match op {
            FloatOp::Add => sized!(self, size, addss_a / addsd_a, dst, src),
            FloatOp::Sub => sized!(self, size, subss_a / subsd_a, dst, src),
            FloatOp::Mul => sized!(self, size, mulss_a / mulsd_a, dst, src),
            FloatOp::Div => sized!(self, size, divss_a / divsd_a, dst, src),
            FloatOp::Min => sized!(self, size, minss_a / minsd_a, dst, src),
            FloatOp::Max => sized!(self, size, maxss_a / maxsd_a, dst, src),
            FloatOp::Sqrt => sized!(self, size, sqrtss_a / sqrtsd_a, dst, src),
        }
    }

    /// `dst = a op b` for the four operations of arithmetic (AVX).
    pub(in crate::compile) fn float_op_into(
        &mut self,
        op: FloatOp,
        size: Size,
        dst: XMM,
        a: XMM,
        b: impl Into<XmmRm>,
    ) {
        let b = b.into();
        match op {
            FloatOp::Add => sized!(self, size, vaddss_b / vaddsd_b, dst, a, b),
            FloatOp::Sub => sized!(self, size, vsubss_b / vsubsd_b, dst, a, b),
            FloatOp::Mul => sized!(self, size, vmulss_b / vmulsd_b, dst, a, b),
            FloatOp::Div => sized!(self, size, vdivss_b / vdivsd_b, dst, a, b),
            FloatOp::Min | FloatOp::Max | FloatOp::Sqrt => unreachable!("no arithmetic"),
        }
    }

    pub(in crate::compile) fn vec_op(&mut self, op: VecOp, dst: XMM, src: XMM) {
        match op {
            VecOp::And => emit!(self, andps_a, dst, src),
            VecOp::Or => emit!(self, orps_a, dst, src),
            VecOp::Xor => emit!(self, xorps_a, dst, src),
        }
    }

    /// Sets the flags as an unsigned comparison; PF = 1 when unordered.
    pub(in crate::compile) fn ucomis(&mut self, size: Size, a: XMM, b: impl Into<XmmRm>) {
        let b = b.into();
        sized!(self, size, ucomiss_a / ucomisd_a, a, b);
    }

    pub(in crate::compile) fn round(
        &mut self,
        mode: Rounding,
        size: Size,
        dst: XMM,
        src: impl Into<XmmRm>,
    ) {
        let src = src.into();
        sized!(self, size, roundss_rmi / roundsd_rmi, dst, src, mode as u8);
    }

    /// Truncates a float to a signed integer; out of range gives the smallest integer.
    pub(in crate::compile) fn cvtt_to_int(&mut self, float: Size, int: Size, dst: GPR, src: XMM) {
        match (float, int) {
            (Size::S32, Size::S32) => emit!(self, cvttss2si_a, dst, src),
            (Size::S32, Size::S64) => emit!(self, cvttss2si_aq, dst, src),
            (Size::S64, Size::S32) => emit!(self, cvttsd2si_a, dst, src),
            (Size::S64, Size::S64) => emit!(self, cvttsd2si_aq, dst, src),
        }
    }

    /// Converts a signed integer to a float; the rest of `dst` is zeroed first.
    pub(in crate::compile) fn cvt_from_int(
        &mut self,
        float: Size,
        int: Size,
        dst: XMM,
        src: impl Into<Rm>,
    ) {
        let src = src.into();
        self.zero_xmm(dst);
        match (float, int) {
            (Size::S32, Size::S32) => emit!(self, cvtsi2ssl_a, dst, src),
            (Size::S32, Size::S64) => emit!(self, cvtsi2ssq_a, dst, src),
            (Size::S64, Size::S32) => emit!(self, cvtsi2sdl_a, dst, src),
            (Size::S64, Size::S64) => emit!(self, cvtsi2sdq_a, dst, src),
        }
    }

    pub(in crate::compile) fn promote(&mut self, dst: XMM, src: impl Into<XmmRm>) {
        emit!(self, cvtss2sd_a, dst, src);
    }

    pub(in crate::compile) fn demote(&mut self, dst: XMM, src: impl Into<XmmRm>) {
        emit!(self, cvtsd2ss_a, dst, src);
    }
}
