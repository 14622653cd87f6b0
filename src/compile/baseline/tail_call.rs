//! Tail calls: the callee takes the place of the frame.
//!
//! What stays where it is, is the result area of the call that the frame answers: the
//! callee has the same results. Its stack arguments must end there, as the function's own
//! do, and the return address must lie below them:
//!
//! ```text
//!   before                          behind, with more arguments than the own
//!   [rbp + 16 + 8n]  results        [rbp + 16 + 8n]  results
//!   [rbp + 16]       n arguments    ...              m arguments, reaching into
//!   [rbp +  8]       return address ...              what was the frame
//!   [rbp]            caller's RBP   [rsp]            return address
//! ```
//!
//! Parameters have been moved to their homes, so the words of the own arguments are free.
//! If the new ones fit there, they are written straight to their places; otherwise they are
//! laid out at the bottom of the frame, as for a call, and moved up from there, when all
//! that they overwrite has been read.

use super::call::outgoing_mem;
use super::frame::{incoming_mem, vmctx_mem};
use super::registers::{SCRATCH, TARGET, XMM_SCRATCH};
use super::{CallSite, FunctionCompiler};
use crate::abi::registers::{GPR, argument_stack_words};
use crate::abi::value::FuncType;
use crate::abi::vmctx::VmFuncRef;
use crate::compile::masm::{Size, Width, mem};
use core::mem::offset_of;

/// Holds the return address while the frame is taken off; no argument is passed in it.
const RETURN_ADDRESS: GPR = GPR::RAX;

impl FunctionCompiler<'_> {
    pub(super) fn return_call(&mut self, function: u32) {
        let module = self.module;
        self.replace_frame(module.function_type(function));
        if function < module.imported_functions {
            let offset = self.offsets.imported_function(function);
            self.masm
                .load(Size::S64, TARGET, vmctx_mem(offset as usize));
            self.jump_to_target();
        } else {
            let at = self.masm.jump_later();
            self.calls.push(CallSite { at, function });
        }
        self.set_unreachable();
    }

    pub(super) fn return_call_indirect(&mut self, type_index: u32, table: u32) {
        let module = self.module;
        self.load_target(type_index, table);
        self.replace_frame(&module.types[type_index as usize]);
        self.jump_to_target();
        self.set_unreachable();
    }

    /// Jumps to the `VmFuncRef` in R10, in its own context.
    fn jump_to_target(&mut self) {
        self.enter_target_context();
        self.masm
            .jump_to(mem(TARGET, offset_of!(VmFuncRef, code) as i32));
    }

    /// Takes the arguments from the stack and the frame off, so that all is as if the caller
    /// had called a function of type `ty`. R10 survives.
    fn replace_frame(&mut self, ty: &FuncType) {
        let own = self.module.function_type(self.function);
        let own_words = argument_stack_words(&own.params);
        let words = argument_stack_words(&ty.params);
        if words > own_words {
            return self.replace_with_larger(ty, words, words - own_words);
        }
        let freed = (own_words - words) as i32;
        self.pass_arguments(ty, |word| incoming_mem(freed + word as i32));
        self.restore_saved();
        if freed == 0 {
            return self.leave();
        }
        let return_address = incoming_mem(freed - 1);
        self.masm.load(Size::S64, RETURN_ADDRESS, incoming_mem(-1));
        self.masm.load(Size::S64, SCRATCH, mem(GPR::RBP, 0));
        self.masm.store(Width::W64, return_address, RETURN_ADDRESS);
        // From here on, an interrupt may overwrite what is below.
        self.masm.lea(Size::S64, GPR::RSP, return_address);
        self.masm.mov(Size::S64, GPR::RBP, SCRATCH);
    }

    /// As [`Self::replace_frame`], for `words` stack arguments, `grown` more than the own.
    fn replace_with_larger(&mut self, ty: &FuncType, words: usize, grown: usize) {
        self.outgoing_words = self.outgoing_words.max(words as u32);
        self.pass_arguments(ty, outgoing_mem);
        self.restore_saved();
        self.masm.load(Size::S64, RETURN_ADDRESS, incoming_mem(-1));
        self.masm.load(Size::S64, SCRATCH, mem(GPR::RBP, 0));
        let moved_mem = |word: i32| incoming_mem(word - grown as i32);
        // Upwards, so from the highest on: what is overwritten has been moved.
        for word in (0..words).rev() {
            self.masm
                .load_float(Size::S64, XMM_SCRATCH, outgoing_mem(word));
            self.masm
                .store_float(Size::S64, moved_mem(word as i32), XMM_SCRATCH);
        }
        self.masm.store(Width::W64, moved_mem(-1), RETURN_ADDRESS);
        self.masm.lea(Size::S64, GPR::RSP, moved_mem(-1));
        self.masm.mov(Size::S64, GPR::RBP, SCRATCH);
    }
}
