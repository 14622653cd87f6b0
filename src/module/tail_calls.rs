//! Who may return in the place of a function that was called.
//!
//! A tail call lets its callee return to the caller's caller. That one must know whether
//! it can then be in another instance, and the validation of images whether a frame can
//! have another function above it than the one it called.

use super::{Module, opcode};
use alloc::vec::Vec;

/// Who may return in the place of a function. A bound: what can happen may be less.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TailCalls {
    /// Nobody: it makes no tail calls.
    #[default]
    None,
    /// A function that its module defines, of the same instance.
    Within,
    /// Any function with its results: its tail calls reach an import or a table.
    Beyond,
}

/// The tail calls of a module, collected as its bodies are decoded.
#[derive(Debug, Default)]
pub(super) struct TailCallGraph {
    /// Callee and caller of each that names a defined function.
    within: Vec<(u32, u32)>,
    /// Callers of all others.
    beyond: Vec<u32>,
}

impl TailCallGraph {
    /// Notes the validated operator with which `code` begins, if it is a tail call.
    #[inline]
    pub(super) fn operator(&mut self, caller: u32, imported_functions: u32, code: &[u8]) {
        match code[0] {
            opcode::RETURN_CALL => match opcode::immediate(code) {
                callee if callee >= imported_functions => self.within.push((callee, caller)),
                _ => self.beyond.push(caller),
            },
            opcode::RETURN_CALL_INDIRECT => self.beyond.push(caller),
            _ => {}
        }
    }

    /// Writes into the module's bodies what follows from all tail calls.
    pub(super) fn solve(mut self, module: &mut Module) {
        let imported = module.imported_functions;
        let mut set = |function: u32, tail_calls| {
            let body = &mut module.bodies[(function - imported) as usize];
            core::mem::replace(&mut body.tail_calls, tail_calls)
        };
        self.within.sort_unstable();
        for &(_, caller) in &self.within {
            set(caller, TailCalls::Within);
        }
        // Who reaches beyond takes those along that tail-call it.
        while let Some(function) = self.beyond.pop() {
            if set(function, TailCalls::Beyond) == TailCalls::Beyond {
                continue;
            }
            let first = self
                .within
                .partition_point(|&(callee, _)| callee < function);
            let callers = self.within[first..].iter();
            let callers = callers.take_while(|&&(callee, _)| callee == function);
            self.beyond.extend(callers.map(|&(_, caller)| caller));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tail_calls(wat: &str) -> Vec<TailCalls> {
        let module = Module::decode(wat::parse_str(wat).expect("test module")).expect("valid");
        module.bodies.iter().map(|body| body.tail_calls).collect()
    }

    #[test]
    fn who_returns_follows_tail_calls_to_their_end() {
        use TailCalls::{Beyond, None, Within};
        let found = tail_calls(
            r#"(module
              (import "" "f" (func $import))
              (table 1 funcref)
              (func $leaf)
              (func $calls call $import call $beyond)
              (func $to_leaf return_call $leaf)
              (func $even return_call $odd)
              (func $odd return_call $even)
              (func $far i32.const 0 if return_call $near end)
              (func $near return_call $beyond)
              (func $beyond return_call $import)
              (func $table i32.const 0 return_call_indirect)
              (func $around i32.const 0 if return_call $around end return_call $table))"#,
        );
        let expected = [
            None, None, Within, Within, Within, Beyond, Beyond, Beyond, Beyond, Beyond,
        ];
        assert_eq!(found, expected);
    }
}
