//! `v128` operands and constants.
//!
//! Operands of SIMD instructions are read from registers. Frame slots are 8-byte aligned
//! and so no memory operands of SSE instructions. The constant pool is aligned, so a constant
//! waits for one operator whether that can read it from there.

use super::FunctionCompiler;
use super::operands::{Entry, Loc};
use crate::abi::registers::XMM;
use crate::abi::value::ValType;
use crate::compile::masm::XmmSize;
use wasmparser::Operator;

impl FunctionCompiler<'_> {
    /// Pops a v128 into a register to be read only, which [`Self::release_xmm_if`] releases:
    /// the flag says whether it is owned.
    #[cfg(feature = "simd")]
    pub(super) fn pop_vector_in_reg(&mut self) -> (XMM, bool) {
        let src = self.pop_float();
        self.float_in_reg(XmmSize::S128, src)
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

    /// Turns a constant on top of the stack that no operator has taken into a register.
    pub(super) fn materialize_vector(&mut self) {
        if let Some(Entry {
            loc: Loc::Vector(bits),
            ..
        }) = self.stack.last().copied()
        {
            self.stack.pop();
            let reg = self.alloc_xmm();
            self.vector_constant(reg, bits);
            self.push_xmm(ValType::V128, reg);
        }
    }
}

/// Without vectors no operator does.
#[cfg(not(feature = "simd"))]
pub(super) fn takes_vector(_: &Operator<'_>) -> bool {
    false
}

/// Defines [`takes_vector`] by the list of all vector operators.
#[cfg(feature = "simd")]
macro_rules! define_takes_vector {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $type:ty),* })? => $visit:ident ($($arity:tt)*))*) => {
        /// Whether an operator pops a v128 that is on top of the stack, before all else.
        pub(super) fn takes_vector(operator: &Operator<'_>) -> bool {
            let is_vector = matches!(operator, $(Operator::$op { .. })|*);
            let is_const = matches!(operator, Operator::V128Const { .. });
            is_vector && !is_const
                || matches!(
                    operator,
                    Operator::LocalSet { .. }
                        | Operator::LocalTee { .. }
                        | Operator::GlobalSet { .. }
                        | Operator::Drop
                )
        }
    };
}
#[cfg(feature = "simd")]
wasmparser::for_each_visit_simd_operator!(define_takes_vector);
