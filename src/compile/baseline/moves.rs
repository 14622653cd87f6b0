//! Moves of whole values, by their type.
//!
//! All are moves only, so the flags survive; scratch registers do not.

use super::FunctionCompiler;
use super::operands::{gpr_of, size_of, width_of, xmm_of, xmm_size_of};
use super::registers::{SCRATCH, XMM_SCRATCH};
use crate::abi::registers::RegisterIndex;
use crate::abi::value::ValType;
use crate::compile::masm::Mem;

impl FunctionCompiler<'_> {
    /// Loads a value into a register of its class.
    pub(super) fn load_value(&mut self, ty: ValType, dst: RegisterIndex, src: Mem) {
        match ty.is_float() {
            true => self.masm.load_float(xmm_size_of(ty), xmm_of(dst), src),
            false => self.masm.load(size_of(ty), gpr_of(dst), src),
        }
    }

    /// Stores a value that is in a register of its class.
    pub(super) fn store_value(&mut self, ty: ValType, dst: Mem, src: RegisterIndex) {
        match ty.is_float() {
            true => self.masm.store_float(xmm_size_of(ty), dst, xmm_of(src)),
            false => self.masm.store(width_of(size_of(ty)), dst, gpr_of(src)),
        }
    }

    /// Copies a value from one place in memory to another.
    pub(super) fn copy_value(&mut self, ty: ValType, dst: Mem, src: Mem) {
        if ty == ValType::V128 {
            let size = xmm_size_of(ty);
            self.masm.load_float(size, XMM_SCRATCH, src);
            self.masm.store_float(size, dst, XMM_SCRATCH);
        } else {
            let size = size_of(ty);
            self.masm.load(size, SCRATCH, src);
            self.masm.store(width_of(size), dst, SCRATCH);
        }
    }
}
