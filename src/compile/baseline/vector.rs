//! `v128` operands and constants.
//!
//! Operands of SIMD instructions are read from registers. Frame slots are 8-byte aligned
//! and so no memory operands of SSE instructions; the constant pool's are.

use super::FunctionCompiler;
use crate::abi::registers::XMM;
use crate::abi::value::ValType;
use crate::compile::masm::XmmSize;

impl FunctionCompiler<'_> {
    /// Pops a v128 into a register to be read only, which [`Self::release_xmm_if`] releases:
    /// the flag says whether it is owned.
    pub(super) fn pop_vector_in_reg(&mut self) -> (XMM, bool) {
        let src = self.pop_float();
        self.float_in_reg(XmmSize::S128, src)
    }

    /// Pops a v128 into a register that may be overwritten.
    pub(super) fn pop_vector_owned(&mut self) -> XMM {
        let src = self.pop_float();
        self.float_owned(XmmSize::S128, src)
    }

    /// Loads a constant; the flags survive.
    pub(super) fn vector_constant(&mut self, dst: XMM, bits: u128) {
        match bits {
            0 => self.masm.zero_xmm(dst),
            u128::MAX => self.masm.ones_xmm(dst),
            _ => {
                let constant = self.masm.constant(bits);
                self.masm.load_float(XmmSize::S128, dst, constant);
            }
        }
    }

    /// `v128.const`
    pub(super) fn v128_const(&mut self, bits: u128) {
        let destination = self.float_destination();
        let dst = destination.map_or_else(|| self.alloc_xmm(), |(_, dst)| dst);
        self.vector_constant(dst, bits);
        self.push_float_result(ValType::V128, destination, dst);
    }
}
