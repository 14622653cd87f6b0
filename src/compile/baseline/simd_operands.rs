//! Operands and results of SIMD operators.
//!
//! SSE instructions overwrite their first operand. So an operator picks a target: the
//! register of the local that the result is assigned to, or one that an operand owns, or
//! a new one. A target must hold none of the operands that are read after it is written.

use super::FunctionCompiler;
use super::operands::{FloatSrc, Loc};
use super::registers::XMM_SCRATCH;
use crate::abi::registers::{X64Register, XMM};
use crate::abi::value::ValType;
use crate::compile::masm::{VectorOp, XmmRm, XmmSize};

/// The register that a result is written to, and the stack entry that it becomes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target {
    pub(super) reg: XMM,
    loc: Loc,
}

impl Target {
    fn owned(reg: XMM) -> Self {
        let loc = Loc::Xmm(reg);
        Self { reg, loc }
    }
}

/// A v128 that has been popped into a register to be read only.
#[derive(Clone, Copy, Debug)]
pub(super) struct VectorReg {
    pub(super) reg: XMM,
    pub(super) owned: bool,
}

impl From<VectorReg> for FloatSrc {
    fn from(VectorReg { reg, owned }: VectorReg) -> Self {
        Self::Reg { reg, owned }
    }
}

fn is_in(src: FloatSrc, register: XMM) -> bool {
    matches!(src, FloatSrc::Reg { reg, .. } if reg == register)
}

/// Whether two operands are one, as far as it can be seen.
pub(super) fn in_same_register(a: FloatSrc, b: FloatSrc) -> bool {
    matches!(a, FloatSrc::Reg { reg, .. } if is_in(b, reg))
}

impl FunctionCompiler<'_> {
    // ---- operands -----------------------------------------------------------

    /// Puts an operand into a register, to be read only.
    pub(super) fn vector_in_reg(&mut self, src: FloatSrc) -> VectorReg {
        let (reg, owned) = self.float_in_reg(XmmSize::S128, src);
        VectorReg { reg, owned }
    }

    /// Pops into a register, to be read only.
    pub(super) fn pop_vector(&mut self) -> VectorReg {
        let (reg, owned) = self.pop_vector_in_reg();
        VectorReg { reg, owned }
    }

    pub(super) fn release_vector(&mut self, vector: VectorReg) {
        self.release_xmm_if(vector.reg, vector.owned);
    }

    /// An operand as an instruction reads it: from a register, which is XMM15 if it has
    /// none, or from the constant pool. To be read before XMM15 is written, and released.
    pub(super) fn vector_operand(&mut self, src: FloatSrc) -> XmmRm {
        self.release_float(src);
        match src {
            FloatSrc::Reg { reg, .. } => reg.into(),
            FloatSrc::Const(bits) => self.masm.constant(bits).into(),
            FloatSrc::Mem(_) => {
                self.load_float(XmmSize::S128, XMM_SCRATCH, src);
                XMM_SCRATCH.into()
            }
        }
    }

    // ---- targets ------------------------------------------------------------

    /// A target that holds `base`, which is released, and is none of `others`.
    pub(super) fn target_from(&mut self, base: FloatSrc, others: &[FloatSrc]) -> Target {
        let destination = self.destination_apart_from(others);
        let target = match (destination, base) {
            (Some(target), _) => target,
            (None, FloatSrc::Reg { reg, owned: true }) => return Target::owned(reg),
            (None, _) => Target::owned(self.alloc_xmm()),
        };
        self.load_float(XmmSize::S128, target.reg, base);
        self.release_float(base);
        target
    }

    /// A target that holds `base`, for an instruction that may trap: a local does not change
    /// before the trap.
    pub(super) fn target_before_trap(&mut self, base: FloatSrc) -> Target {
        match self.destination_apart_from(&[]) {
            Some(target) if is_in(base, target.reg) => target,
            _ => Target::owned(self.float_owned(XmmSize::S128, base)),
        }
    }

    /// A target that is none of `sources`; what is in it is undefined.
    pub(super) fn fresh_target(&mut self, sources: &[FloatSrc]) -> Target {
        match self.destination_apart_from(sources) {
            Some(target) => target,
            None => Target::owned(self.alloc_xmm()),
        }
    }

    fn destination_apart_from(&mut self, sources: &[FloatSrc]) -> Option<Target> {
        let (local, reg) = self.float_destination()?;
        let loc = Loc::Local(local);
        let is_apart = !sources.iter().any(|&src| is_in(src, reg));
        is_apart.then_some(Target { reg, loc })
    }

    /// A target that is written only when `src` has been read, or as it is: it may be the
    /// same register. `src` is released.
    pub(super) fn target_over(&mut self, src: VectorReg) -> Target {
        match self.destination_apart_from(&[]) {
            Some(target) => {
                self.release_vector(src);
                target
            }
            None if src.owned => Target::owned(src.reg),
            None => Target::owned(self.alloc_xmm()),
        }
    }

    pub(super) fn push_vector(&mut self, target: Target) {
        self.push(ValType::V128, target.loc);
    }

    // ---- two operands -------------------------------------------------------

    /// `a op b`, both popped.
    pub(super) fn vector_binary(&mut self, op: VectorOp) {
        let b = self.pop_float();
        let a = self.pop_float();
        let target = self.vector_op(op, a, b);
        self.push_vector(target);
    }

    /// `b op a`, both popped.
    pub(super) fn vector_binary_swapped(&mut self, op: VectorOp) {
        let b = self.pop_float();
        let a = self.pop_float();
        let target = self.vector_op(op, b, a);
        self.push_vector(target);
    }

    /// `a op b` where the order does not matter.
    pub(super) fn vector_commutative(&mut self, op: VectorOp) {
        let (a, b) = self.pop_commutative();
        let target = self.vector_op(op, a, b);
        self.push_vector(target);
    }

    /// Pops two operands; the first is the better one to overwrite.
    pub(super) fn pop_commutative(&mut self) -> (FloatSrc, FloatSrc) {
        let b = self.pop_float();
        let a = self.pop_float();
        match self.is_cheaper_base(b, a) {
            true => (b, a),
            false => (a, b),
        }
    }

    /// Whether `b` is rather to be overwritten than `a`.
    pub(super) fn is_cheaper_base(&self, b: FloatSrc, a: FloatSrc) -> bool {
        self.copy_cost(b) < self.copy_cost(a)
    }

    /// How dear it is to have an operand in a target.
    fn copy_cost(&self, src: FloatSrc) -> u8 {
        let destination = self
            .next_assigned()
            .and_then(|local| self.local_register(local));
        match src {
            FloatSrc::Reg { reg, .. } if destination == Some(reg.to_index()) => 0,
            FloatSrc::Reg { owned: true, .. } => 1,
            FloatSrc::Reg { owned: false, .. } => 2,
            FloatSrc::Mem(_) => 1,
            FloatSrc::Const(_) => 3,
        }
    }

    /// `target = base op other`
    pub(super) fn vector_op(&mut self, op: VectorOp, base: FloatSrc, other: FloatSrc) -> Target {
        let (target, other) = self.target_and_operand(base, other);
        self.masm.vector(op, target.reg, other);
        target
    }

    /// A target that holds `base`, and `other` for the one instruction that reads it.
    pub(super) fn target_and_operand(
        &mut self,
        base: FloatSrc,
        other: FloatSrc,
    ) -> (Target, XmmRm) {
        // An instruction reads both its operands before it writes the first.
        let target = if in_same_register(base, other) {
            self.target_from(base, &[])
        } else {
            self.target_from(base, &[other])
        };
        (target, self.vector_operand(other))
    }
}
