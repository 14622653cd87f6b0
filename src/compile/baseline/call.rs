//! Calls: of functions, through tables, of imports, of the runtime.
//!
//! Before a call every operand that is in a register goes to its slot, and so
//! does every local in a caller-saved register; constants and references to
//! locals stay as they are. Arguments travel in registers.

use super::frame::vmctx_mem;
use super::operands::{Entry, IntSrc, Loc, gpr_of, size_of, slot_mem, xmm_of, xmm_size_of};
use super::registers::{CALLER, MEMORY_BASE, SCRATCH, TARGET, VMCTX};
use super::{CallSite, FunctionCompiler};
use crate::abi::TrapCode;
use crate::abi::registers::{
    ArgumentLocation, ArgumentRegisterAllocator, GPR, XMM, argument_stack_words,
    outgoing_stack_words, result_stack_word,
};
use crate::abi::value::{FuncType, ValType};
use crate::abi::vmctx::{Libcall, VmCtx, VmFuncRef};
use crate::compile::SignatureSite;
use crate::compile::masm::{Cond, Mem, Size, mem, mem_index};
use crate::module::TailCalls;
use crate::state::PointKind;
use alloc::vec::Vec;
use core::mem::offset_of;
use cranelift_assembler_x64::Scale;

/// Address of outgoing stack word `index`.
pub(super) fn outgoing_mem(index: usize) -> Mem {
    mem(GPR::RSP, 8 * index as i32)
}

impl FunctionCompiler<'_> {
    pub(super) fn call(&mut self, function: u32) {
        let module = self.module;
        let ty = module.function_type(function);
        self.prepare_call(ty);
        if function < module.imported_functions {
            let offset = self.offsets.imported_function(function);
            self.masm
                .load(Size::S64, TARGET, vmctx_mem(offset as usize));
            self.call_target();
        } else {
            let at = self.masm.call_later();
            self.calls.push(CallSite { at, function });
        }
        // What it tail-calls may return from another instance.
        let is_foreign = function < module.imported_functions
            || module.tail_calls(function) == TailCalls::Beyond;
        self.finish_call(ty, is_foreign);
    }

    pub(super) fn call_indirect(&mut self, type_index: u32, table: u32) {
        let module = self.module;
        let ty = &module.types[type_index as usize];
        self.load_target(type_index, table);
        self.prepare_call(ty);
        self.call_target();
        self.finish_call(ty, true);
    }

    /// Takes the table index from the stack and loads the function there, which has been
    /// checked, into R10.
    pub(super) fn load_target(&mut self, type_index: u32, table: u32) {
        let ty = &self.module.types[type_index as usize];
        let index = self.pop_int();
        let (index, owned) = self.int_in_reg(self.table_index_size(table), index);
        let below = self.stack.len() - ty.params.len();
        let undefined = self.trap_label(TrapCode::UndefinedElement, below);
        let uninitialized = self.trap_label(TrapCode::UninitializedElement, below);
        let mismatch = self.trap_label(TrapCode::IndirectCallTypeMismatch, below);
        self.check_table_index(table, index, undefined);
        self.masm.load(
            Size::S64,
            TARGET,
            mem_index(SCRATCH, index, Scale::Eight, 0),
        );
        self.release_if(index, owned);
        self.masm.test(Size::S64, TARGET, TARGET);
        self.masm.jump_if(Cond::Equal, uninitialized);
        let signature = mem(TARGET, offset_of!(VmFuncRef, signature) as i32);
        let at = self.masm.cmp_later(signature);
        self.signature_sites.push(SignatureSite { at, type_index });
        self.masm.jump_if(Cond::NotEqual, mismatch);
    }

    /// Calls the `VmFuncRef` in R10, in its own context.
    fn call_target(&mut self) {
        self.enter_target_context();
        self.masm
            .call(mem(TARGET, offset_of!(VmFuncRef, code) as i32));
    }

    /// Loads the context of the `VmFuncRef` in R10.
    pub(super) fn enter_target_context(&mut self) {
        self.masm.mov(Size::S64, CALLER, VMCTX);
        self.masm.load(
            Size::S64,
            VMCTX,
            mem(TARGET, offset_of!(VmFuncRef, vmctx) as i32),
        );
        self.masm.load(
            Size::S64,
            MEMORY_BASE,
            mem(VMCTX, offset_of!(VmCtx, memory0_base) as i32),
        );
    }

    /// Puts the arguments, on top of the stack, where the callee expects them, and
    /// pops them; everything else that a call would clobber goes to the frame.
    /// R10 survives.
    fn prepare_call(&mut self, ty: &FuncType) {
        let first = self.stack.len() - ty.params.len();
        self.flush_registers(first);
        self.save_locals();
        self.outgoing_words = self.outgoing_words.max(outgoing_stack_words(ty) as u32);
        self.pass_arguments(ty, outgoing_mem);
    }

    /// Puts the arguments, on top of the stack, into registers and the memory that `word_mem`
    /// tells for each stack word, and pops them. R10 survives.
    pub(super) fn pass_arguments(&mut self, ty: &FuncType, word_mem: impl Fn(usize) -> Mem) {
        let first = self.stack.len() - ty.params.len();
        let mut allocator = ArgumentRegisterAllocator::default();
        let locations: Vec<_> = ty
            .params
            .iter()
            .map(|&param| allocator.next(param))
            .collect();
        for (k, &location) in locations.iter().enumerate() {
            if let ArgumentLocation::Stack(word) = location {
                self.pass_on_stack(first + k, word_mem(word));
            }
        }
        self.pass_in_registers(first, &locations);
        while self.stack.len() > first {
            self.drop_top();
        }
    }

    fn pass_on_stack(&mut self, index: usize, dst: Mem) {
        let entry = self.stack[index];
        if entry.loc != Loc::Slot {
            return self.copy_to_mem(entry, dst);
        }
        self.copy_value(entry.ty, dst, slot_mem(entry.slot));
    }

    /// Register arguments: moves between registers as if at once, then loads.
    fn pass_in_registers(&mut self, first: usize, locations: &[ArgumentLocation]) {
        let mut int_moves = Vec::new();
        let mut float_moves = Vec::new();
        for (k, &location) in locations.iter().enumerate() {
            let ArgumentLocation::Register(to) = location else {
                continue;
            };
            match self.register_of(self.stack[first + k]) {
                Some(Loc::Gpr(from)) => int_moves.push((from, gpr_of(to))),
                Some(Loc::Xmm(from)) => float_moves.push((from, xmm_of(to))),
                _ => {}
            }
        }
        self.parallel_moves(int_moves);
        self.parallel_float_moves(float_moves);
        for (k, &location) in locations.iter().enumerate() {
            let ArgumentLocation::Register(to) = location else {
                continue;
            };
            let entry = self.stack[first + k];
            if self.register_of(entry).is_some() {
                continue;
            }
            let ty = entry.ty;
            match entry.loc {
                Loc::Const(bits) if ty.is_float() => {
                    self.load_float_const(xmm_size_of(ty), xmm_of(to), bits)
                }
                Loc::Const(bits) => self.masm.mov_imm(gpr_of(to), bits),
                Loc::Local(local) => self.load_value(ty, to, self.local_mem(local)),
                _ => self.load_value(ty, to, slot_mem(entry.slot)),
            }
        }
    }

    /// The register that holds an entry, its own or its local's.
    fn register_of(&self, entry: Entry) -> Option<Loc> {
        match entry.loc {
            Loc::Gpr(_) | Loc::Xmm(_) => Some(entry.loc),
            Loc::Local(local) => {
                self.local_register(local)
                    .map(|register| match entry.ty.is_float() {
                        true => Loc::Xmm(xmm_of(register)),
                        false => Loc::Gpr(gpr_of(register)),
                    })
            }
            _ => None,
        }
    }

    /// Records the call's suspend point, restores what it clobbered, pushes results.
    fn finish_call(&mut self, ty: &FuncType, is_foreign: bool) {
        self.point_here(PointKind::Call, None);
        let arguments = argument_stack_words(&ty.params);
        if arguments > 0 {
            // The callee has popped them.
            self.masm
                .lea(Size::S64, GPR::RSP, mem(GPR::RSP, -8 * arguments as i32));
        }
        if is_foreign {
            self.masm.load(Size::S64, VMCTX, slot_mem(0));
            self.masm.load(
                Size::S64,
                MEMORY_BASE,
                mem(VMCTX, offset_of!(VmCtx, memory0_base) as i32),
            );
        }
        self.restore_locals();
        self.push_results(ty, arguments);
    }

    /// The result area lies above the stack arguments, as many words as given.
    fn push_results(&mut self, ty: &FuncType, arguments: usize) {
        for (k, &result) in ty.results.iter().enumerate() {
            let loc = match (result_stack_word(&ty.results, k), result.is_float()) {
                (Some(word), _) => {
                    let slot = self.operand_mem(self.next_slot(result));
                    self.copy_value(result, slot, outgoing_mem(arguments + word));
                    Loc::Slot
                }
                (None, false) => {
                    self.take_gpr(GPR::RAX);
                    Loc::Gpr(GPR::RAX)
                }
                (None, true) => {
                    self.take_xmm(XMM::XMM0);
                    Loc::Xmm(XMM::XMM0)
                }
            };
            self.push(result, loc);
        }
    }

    /// Stores locals that live in caller-saved registers to their home slots.
    fn save_locals(&mut self) {
        for k in 0..self.caller_saved_locals.len() {
            let local = self.caller_saved_locals[k];
            let home = self.locals[local as usize];
            let (Some(register), Some(slot)) = (home.register, home.slot) else {
                unreachable!()
            };
            self.store_value(home.ty, slot_mem(slot), register);
        }
    }

    /// Loads locals that live in caller-saved registers back.
    fn restore_locals(&mut self) {
        for k in 0..self.caller_saved_locals.len() {
            let local = self.caller_saved_locals[k];
            let home = self.locals[local as usize];
            let (Some(register), Some(slot)) = (home.register, home.slot) else {
                unreachable!()
            };
            self.load_value(home.ty, register, slot_mem(slot));
        }
    }

    // ---- libcalls -----------------------------------------------------------

    fn emit_libcall(&mut self, libcall: Libcall) {
        self.masm.mov_imm(GPR::R10, libcall as u64);
        self.masm.call(vmctx_mem(offset_of!(VmCtx, libcall_entry)));
    }

    /// A libcall of an index, without result.
    pub(super) fn libcall_with_index(&mut self, libcall: Libcall, index: u32) {
        self.flush_registers(self.stack.len());
        self.save_locals();
        self.masm.mov_imm(GPR::RSI, u64::from(index));
        self.emit_libcall(libcall);
        self.point_here(PointKind::Call, None);
        self.restore_locals();
    }

    /// A libcall of an index and the integer on top of the stack, with a result of the same type.
    pub(super) fn libcall_with_operand(&mut self, libcall: Libcall, index: u32, ty: ValType) {
        let operand = self.pop_int();
        self.finish_grow(libcall, index, (operand, ty), None);
    }

    /// `table.grow`: a libcall of the table, the delta on top of the stack and the reference below it.
    pub(super) fn libcall_table_grow(&mut self, table: u32) {
        let delta = self.pop_int();
        let reference = self.pop_int();
        let ty = self.module.tables[table as usize].address.val_type();
        self.finish_grow(Libcall::TableGrow, table, (delta, ty), Some(reference));
    }

    fn finish_grow(
        &mut self,
        libcall: Libcall,
        index: u32,
        (delta, ty): (IntSrc, ValType),
        reference: Option<IntSrc>,
    ) {
        // Into scratch registers first: argument registers may hold either operand.
        self.load_int(size_of(ty), SCRATCH, delta);
        self.release_int(delta);
        if let Some(reference) = reference {
            self.load_int(Size::S64, TARGET, reference);
            self.release_int(reference);
        }
        self.flush_registers(self.stack.len());
        self.save_locals();
        self.masm.mov(size_of(ty), GPR::RDX, SCRATCH);
        if reference.is_some() {
            self.masm.mov(Size::S64, GPR::RCX, TARGET);
        }
        self.masm.mov_imm(GPR::RSI, u64::from(index));
        self.emit_libcall(libcall);
        self.point_here(PointKind::Call, None);
        self.restore_locals();
        self.take_gpr(GPR::RAX);
        self.push_gpr(ty, GPR::RAX);
    }

    /// A bulk operation of the three operands on top of the stack. It works on them in
    /// their home slots and may stop in between; a rebuilt frame executes it again.
    pub(super) fn restartable_libcall(&mut self, libcall: Libcall, indices: &[u32]) {
        let first = self.stack.len() - 3;
        self.flush_registers(first);
        for index in first..self.stack.len() {
            self.spill(index);
        }
        self.save_locals();
        let restart = self.masm.offset();
        let lowest = slot_mem(self.stack[first + 2].slot);
        self.masm.lea(Size::S64, GPR::RSI, lowest);
        for (&register, &index) in [GPR::RDX, GPR::RCX].iter().zip(indices) {
            self.masm.mov_imm(register, u64::from(index));
        }
        self.emit_libcall(libcall);
        self.point_here(PointKind::Restart, Some(restart));
        self.restore_locals();
        for _ in 0..3 {
            self.drop_top();
        }
    }
}
