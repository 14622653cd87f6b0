//! Evaluation of constant expressions (WebAssembly 3.0, section 3.4.14).
//!
//! The work is linear in the length of the expression, the stack no deeper: there is
//! nothing in it that repeats.

use super::store_core::StoreCore;
use crate::abi::{FuncAddr, Val};
use crate::module::{ConstExpr, ConstOp};
use alloc::vec::Vec;

/// Both operands of a binary instruction are there: the expression is valid.
const VALID: &str = "a valid constant expression has its operands";

impl StoreCore {
    /// The raw value of a constant expression of an instance that has these functions
    /// and, so far, these globals.
    pub(super) fn evaluate(
        &self,
        expr: &ConstExpr,
        functions: &[FuncAddr],
        globals: &[u32],
    ) -> u128 {
        // All but a few are of one instruction, which needs no stack.
        if let [op] = *expr.ops() {
            return self.constant(op, functions, globals);
        }
        let mut stack: Vec<u128> = Vec::new();
        for &op in expr.ops() {
            let value = match binary(op) {
                None => self.constant(op, functions, globals),
                Some(operator) => {
                    let right = stack.pop().expect(VALID);
                    let left = stack.pop().expect(VALID);
                    u128::from(operator(left as u64, right as u64))
                }
            };
            stack.push(value);
        }
        stack.pop().expect(VALID)
    }

    /// The same, for an instance that is complete.
    pub(super) fn evaluate_in(&self, instance: u32, expr: &ConstExpr) -> u128 {
        let entry = &self.instances[instance as usize];
        self.evaluate(expr, &entry.functions, &entry.globals)
    }

    /// The raw value that an instruction without operands pushes.
    fn constant(&self, op: ConstOp, functions: &[FuncAddr], globals: &[u32]) -> u128 {
        let value = match op {
            ConstOp::I32(value) => Val::I32(value),
            ConstOp::I64(value) => Val::I64(value),
            ConstOp::F32(bits) => Val::F32(bits),
            ConstOp::F64(bits) => Val::F64(bits),
            ConstOp::V128(bytes) => Val::V128(u128::from_le_bytes(bytes)),
            ConstOp::RefFunc(function) => Val::FuncRef(Some(functions[function as usize])),
            ConstOp::NullFunc => Val::FuncRef(None),
            ConstOp::NullExtern => Val::ExternRef(None),
            ConstOp::GlobalGet(global) => {
                return self.globals[globals[global as usize] as usize].raw();
            }
            ConstOp::I32Add
            | ConstOp::I32Sub
            | ConstOp::I32Mul
            | ConstOp::I64Add
            | ConstOp::I64Sub
            | ConstOp::I64Mul => unreachable!("{op:?} has operands"),
        };
        value
            .to_raw(self)
            .expect("an instance's functions are in its store")
    }
}

/// What a binary instruction computes of raw operands; None if it is none.
fn binary(op: ConstOp) -> Option<fn(u64, u64) -> u64> {
    Some(match op {
        ConstOp::I32Add => |left, right| narrow(left.wrapping_add(right)),
        ConstOp::I32Sub => |left, right| narrow(left.wrapping_sub(right)),
        ConstOp::I32Mul => |left, right| narrow(left.wrapping_mul(right)),
        ConstOp::I64Add => u64::wrapping_add,
        ConstOp::I64Sub => u64::wrapping_sub,
        ConstOp::I64Mul => u64::wrapping_mul,
        _ => return None,
    })
}

/// An i32's raw value, whose upper half is zero.
fn narrow(value: u64) -> u64 {
    u64::from(value as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_wraps_around_in_its_own_width() {
        let of = |op: ConstOp| binary(op).expect("binary");
        assert_eq!(of(ConstOp::I32Add)(0xffff_ffff, 2), 1);
        assert_eq!(of(ConstOp::I32Sub)(1, 2), 0xffff_ffff);
        assert_eq!(of(ConstOp::I32Mul)(0xffff_ffff, 0xffff_ffff), 1);
        assert_eq!(of(ConstOp::I64Add)(u64::MAX, 2), 1);
        assert_eq!(of(ConstOp::I64Sub)(1, 2), u64::MAX);
        assert_eq!(of(ConstOp::I64Mul)(u64::MAX, u64::MAX), 1);
        assert!(binary(ConstOp::I32(1)).is_none());
    }
}
