//! The frame: layout, prologue, epilogue, polls.

use super::operands::{gpr_of, home_slot, slot_mem, xmm_of};
use super::registers::{SCRATCH, VMCTX, XMM_SCRATCH};
use super::{FunctionCompiler, PollStub};
use crate::abi::registers::{
    ArgumentLocation, ArgumentRegisterAllocator, GPR, RegisterIndex, XMM, argument_stack_words,
    is_callee_saved, result_stack_word, stack_words,
};
use crate::abi::vmctx::VmCtx;
use crate::compile::masm::{Cond, Label, Mem, Size, Width, mem};
use crate::compile::{CompileError, Limit};
use crate::limits;
use crate::state::{FunctionLayout, LocalHome, PointKind};
use alloc::vec::Vec;
use core::mem::offset_of;

/// Locals without a register that the prologue zeroes one by one; more take a loop.
const MAX_UNROLLED_ZEROING: usize = 16;

/// The prologue's places that are patched once the frame's size is known.
pub(super) struct Prologue {
    /// Offset of the stack check, ten bytes: `cmp rsp, [limit]; jb stub`.
    check: u32,
    /// Offset behind it.
    after_check: Label,
    /// Offset of the immediate of `sub rsp, size`.
    frame_size: u32,
    /// The stub that polls.
    poll: Label,
}

/// `[r14 + offset]`
pub(super) fn vmctx_mem(offset: usize) -> Mem {
    mem(VMCTX, offset as i32)
}

/// Address of incoming stack word `index`; -1 is the return address.
pub(super) fn incoming_mem(index: i32) -> Mem {
    mem(GPR::RBP, 16 + 8 * index)
}

impl FunctionCompiler<'_> {
    /// Gives every local its home, and the operand stack the slots behind them.
    pub(super) fn lay_out_frame(&mut self, assigned: &[Option<RegisterIndex>]) {
        let mut slots = 1; // slot 0 is the vmctx
        for &register in assigned.iter().flatten() {
            if is_callee_saved(register) {
                self.saved.push((register, slots));
                slots += 1;
            }
            match register.0 {
                0..16 => self.registers.gprs.reserve(register.0 as u8),
                _ => self.registers.xmms.reserve(register.0 as u8 - 16),
            }
        }
        for (index, (&ty, &register)) in self.body.locals.iter().zip(assigned).enumerate() {
            let needs_slot = !register.is_some_and(is_callee_saved);
            let slot = needs_slot.then(|| home_slot(&mut slots, ty));
            self.locals.push(LocalHome { ty, register, slot });
            if register.is_some() && needs_slot {
                self.caller_saved_locals.push(index as u32);
            }
        }
        self.first_operand_slot = slots;
    }

    /// Sets up the frame: stack check and poll, saved registers, parameters, zeroed locals.
    pub(super) fn prologue(&mut self) -> Prologue {
        self.masm.push(GPR::RBP);
        self.masm.mov(Size::S64, GPR::RBP, GPR::RSP);
        let check = self.masm.offset();
        let poll = self.masm.new_label();
        self.masm
            .cmp_mem(GPR::RSP, vmctx_mem(offset_of!(VmCtx, poll_limit)));
        self.masm.jump_if(Cond::Below, poll);
        let after_check = self.masm.new_label();
        self.masm.bind(after_check);
        self.poll_stubs.push(PollStub {
            label: poll,
            resume: after_check,
            resume_offset: self.masm.offset(),
            kind: PointKind::FunctionHeader,
            wasm_offset: self.wasm_offset,
            operands: 0..0,
        });
        let frame_size = self.masm.sub_rsp_patchable();
        self.masm.store(Width::W64, slot_mem(0), VMCTX);
        for &(register, slot) in &self.saved {
            self.masm
                .store(Width::W64, slot_mem(slot), gpr_of(register));
        }
        self.place_parameters();
        self.zero_locals();
        Prologue {
            check,
            after_check,
            frame_size,
            poll,
        }
    }

    /// Moves parameters from where the caller left them to their homes.
    fn place_parameters(&mut self) {
        let ty = self.module.function_type(self.function);
        let mut allocator = ArgumentRegisterAllocator::default();
        let locations: Vec<_> = ty
            .params
            .iter()
            .map(|&param| allocator.next(param))
            .collect();
        // Stores first: they free the registers that moves then overwrite.
        for (index, &location) in locations.iter().enumerate() {
            let local = self.locals[index];
            if let (ArgumentLocation::Register(register), None, Some(slot)) =
                (location, local.register, local.slot)
            {
                self.store_value(local.ty, slot_mem(slot), register);
            }
        }
        let mut moves = Vec::new();
        for (local, &location) in self.locals.iter().zip(&locations) {
            if let (ArgumentLocation::Register(from), Some(to)) = (location, local.register) {
                match from.0 {
                    0..16 => moves.push((gpr_of(from), gpr_of(to))),
                    // Locals live in XMM8 and up, arguments come in XMM0-7.
                    _ => self.masm.movaps(xmm_of(to), xmm_of(from)),
                }
            }
        }
        self.parallel_moves(moves);
        for (index, &location) in locations.iter().enumerate() {
            if let ArgumentLocation::Stack(word) = location {
                self.load_stack_parameter(self.locals[index], incoming_mem(word as i32));
            }
        }
    }

    fn load_stack_parameter(&mut self, local: LocalHome, src: Mem) {
        match (local.register, local.slot) {
            (Some(register), _) => self.load_value(local.ty, register, src),
            (None, Some(slot)) => self.copy_value(local.ty, slot_mem(slot), src),
            (None, None) => unreachable!("a local has a register or a slot"),
        }
    }

    fn zero_locals(&mut self) {
        let params = self.module.function_type(self.function).params.len();
        let mut slots = Vec::new();
        for local in &self.locals[params..] {
            match (local.register, local.slot) {
                (Some(register), _) if register.0 < 16 => self.masm.zero(gpr_of(register)),
                (Some(register), _) => self.masm.zero_xmm(xmm_of(register)),
                (None, Some(slot)) => slots.extend(slot + 1 - stack_words(local.ty) as u32..=slot),
                (None, None) => unreachable!("a local has a register or a slot"),
            }
        }
        let (Some(&first), Some(&last)) = (slots.first(), slots.last()) else {
            return;
        };
        // Arguments have left RAX and the argument registers; R11 is scratch.
        self.masm.zero(GPR::RAX);
        if slots.len() <= MAX_UNROLLED_ZEROING {
            for slot in slots {
                self.masm.store(Width::W64, slot_mem(slot), GPR::RAX);
            }
            return;
        }
        // Homes of register locals in between are zeroed too, which does no harm:
        // they are written before any call.
        self.masm.lea(Size::S64, SCRATCH, slot_mem(last));
        self.masm.lea(Size::S64, GPR::RDI, slot_mem(first));
        let again = self.masm.new_label();
        self.masm.bind(again);
        self.masm.store(Width::W64, mem(SCRATCH, 0), GPR::RAX);
        self.masm
            .alu_imm(crate::compile::masm::AluOp::Add, Size::S64, SCRATCH, 8);
        self.masm.alu(
            crate::compile::masm::AluOp::Cmp,
            Size::S64,
            SCRATCH,
            GPR::RDI,
        );
        self.masm.jump_if(Cond::BelowEqual, again);
    }

    /// Moves integer registers to others as if all at once; R11 breaks cycles.
    pub(super) fn parallel_moves(&mut self, moves: Vec<(GPR, GPR)>) {
        for (from, to) in in_sequence(moves, SCRATCH) {
            self.masm.mov(Size::S64, to, from);
        }
    }

    /// Moves float registers to others as if all at once; XMM15 breaks cycles.
    pub(super) fn parallel_float_moves(&mut self, moves: Vec<(XMM, XMM)>) {
        for (from, to) in in_sequence(moves, XMM_SCRATCH) {
            self.masm.movaps(to, from);
        }
    }

    /// Moves the results to where the caller expects them, restores registers, returns.
    pub(super) fn epilogue(&mut self) {
        self.masm.bind(self.epilogue);
        let ty = self.module.function_type(self.function);
        let arguments = argument_stack_words(&ty.params);
        let mut slots = self.first_operand_slot;
        for (index, &result) in ty.results.iter().enumerate() {
            if let Some(word) = result_stack_word(&ty.results, index) {
                let home = home_slot(&mut slots, result);
                self.copy_value(
                    result,
                    incoming_mem((arguments + word) as i32),
                    slot_mem(home),
                );
            }
        }
        self.restore_saved();
        self.leave();
        self.masm.ret(arguments);
    }

    /// Loads the callee-saved registers as the caller had them.
    pub(super) fn restore_saved(&mut self) {
        for &(register, slot) in &self.saved {
            self.masm.load(Size::S64, gpr_of(register), slot_mem(slot));
        }
    }

    /// Takes the frame off; the return address is on top of the stack.
    pub(super) fn leave(&mut self) {
        self.masm.mov(Size::S64, GPR::RSP, GPR::RBP);
        self.masm.pop(GPR::RBP);
    }

    /// The poll of a loop header.
    pub(super) fn poll_loop(&mut self) {
        let label = self.masm.new_label();
        self.masm
            .cmp_mem(GPR::RSP, vmctx_mem(offset_of!(VmCtx, poll_limit)));
        self.masm.jump_if(Cond::Below, label);
        let resume = self.masm.new_label();
        self.masm.bind(resume);
        let operands = self.snapshot(self.stack.len());
        self.poll_stubs.push(PollStub {
            label,
            resume,
            resume_offset: self.masm.offset(),
            kind: PointKind::Loop,
            wasm_offset: self.wasm_offset,
            operands,
        });
    }

    pub(super) fn emit_poll_stub(&mut self, stub: &PollStub) {
        self.masm.bind(stub.label);
        self.masm.call(vmctx_mem(offset_of!(VmCtx, poll_entry)));
        self.wasm_offset = stub.wasm_offset;
        let offset = self.masm.offset();
        self.point(stub.kind, offset, stub.resume_offset, stub.operands.clone());
        self.masm.jump(stub.resume);
    }

    /// Patches the frame's size into the prologue and describes the frame to the state map.
    pub(super) fn finish_frame(
        &mut self,
        start: u32,
        prologue: &Prologue,
    ) -> Result<(), CompileError> {
        let operand_slots_end = self.operand_slots_end.max(self.first_operand_slot);
        let frame_slots = operand_slots_end + self.outgoing_words;
        let frame_size = frame_slots * 8;
        if frame_size > limits::MAX_FRAME_SIZE {
            return Err(CompileError::Limit {
                function: self.function,
                reason: Limit::FrameSize,
            });
        }
        self.masm.patch(prologue.frame_size, frame_size);
        if frame_size > limits::MAX_UNCHECKED_FRAME {
            self.check_large_frame(prologue, frame_size);
        }
        debug_assert!(start < self.masm.offset());
        let layout = FunctionLayout {
            local_function_id: self.function,
            params: self.module.function_type(self.function).params.len() as u32,
            locals: core::mem::take(&mut self.locals),
            saved_registers: core::mem::take(&mut self.saved),
            frame_slots,
            shadow_slots: self.outgoing_words,
        };
        self.state_map.end_function(&layout, self.masm.offset());
        Ok(())
    }

    /// Replaces the stack check by a jump to one that counts the whole frame.
    fn check_large_frame(&mut self, prologue: &Prologue, frame_size: u32) {
        let stub = self.masm.offset();
        self.masm
            .lea(Size::S64, SCRATCH, mem(GPR::RSP, -(frame_size as i32)));
        self.masm
            .cmp_mem(SCRATCH, vmctx_mem(offset_of!(VmCtx, poll_limit)));
        self.masm.jump_if(Cond::Below, prologue.poll);
        self.masm.jump(prologue.after_check);
        self.masm.redirect(prologue.check, stub);
    }
}

/// Moves, one after the other, that do what `moves` do all at once; cycles go through `scratch`.
fn in_sequence<R: Copy + PartialEq>(mut moves: Vec<(R, R)>, scratch: R) -> Vec<(R, R)> {
    let mut sequence = Vec::new();
    moves.retain(|(from, to)| from != to);
    while !moves.is_empty() {
        let is_ready = |&(_, to): &(R, R)| moves.iter().all(|&(from, _)| from != to);
        match moves.iter().position(is_ready) {
            Some(index) => sequence.push(moves.swap_remove(index)),
            None => {
                let (blocked, _) = moves[0];
                sequence.push((blocked, scratch));
                for (from, _) in moves.iter_mut().filter(|(from, _)| *from == blocked) {
                    *from = scratch;
                }
            }
        }
    }
    sequence
}
