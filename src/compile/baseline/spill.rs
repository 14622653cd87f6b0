//! Operands to their home slots: when registers run out, where paths meet, and when a
//! local changes that an operand still refers to.

use super::FunctionCompiler;
use super::operands::{Entry, Loc, gpr_of, size_of, width_of, xmm_of};
use super::registers::{SCRATCH, XMM_SCRATCH};
use crate::abi::registers::{GPR, X64Register, XMM};
use crate::compile::masm::{Mem, Width};

impl FunctionCompiler<'_> {
    /// Stores an entry to its home slot, wherever it is. Only moves: the flags survive.
    pub(super) fn spill(&mut self, index: usize) {
        let entry = self.stack[index];
        if entry.loc == Loc::Slot {
            return;
        }
        let slot = self.operand_mem(entry.slot);
        self.copy_to_mem(entry, slot);
        match entry.loc {
            Loc::Gpr(reg) => self.release_gpr(reg),
            Loc::Xmm(reg) => self.release_xmm(reg),
            Loc::Local(local) => self.local_refs[local as usize] -= 1,
            _ => {}
        }
        self.stack[index].loc = Loc::Slot;
    }

    /// Copies a value that is not in a slot to memory; clobbers scratch registers only.
    pub(super) fn copy_to_mem(&mut self, entry: Entry, dst: Mem) {
        match entry.loc {
            Loc::Const(bits) => self.store_const(width_of(size_of(entry.ty)), dst, bits),
            Loc::Gpr(reg) => self.store_value(entry.ty, dst, reg.to_index()),
            Loc::Xmm(reg) => self.store_value(entry.ty, dst, reg.to_index()),
            Loc::Local(local) => match self.local_register(local) {
                Some(reg) => self.store_value(entry.ty, dst, reg),
                None => self.copy_value(entry.ty, dst, self.local_mem(local)),
            },
            Loc::Vector(bits) => {
                self.vector_constant(XMM_SCRATCH, bits);
                self.store_value(entry.ty, dst, XMM_SCRATCH.to_index());
            }
            Loc::Slot | Loc::Flags(_) => unreachable!("already in memory, or materialised before"),
        }
    }

    pub(super) fn store_const(&mut self, width: Width, dst: Mem, bits: u64) {
        let narrow = if width == Width::W64 {
            i32::try_from(bits as i64).ok()
        } else {
            Some(bits as i32)
        };
        match narrow {
            Some(value) => self.masm.store_imm(width, dst, value),
            None => {
                self.masm.mov_imm(SCRATCH, bits);
                self.masm.store(width, dst, SCRATCH);
            }
        }
    }

    /// Stores every entry below `limit` that is in a register to its slot.
    pub(super) fn flush_registers(&mut self, limit: usize) {
        for index in self.flushed..limit {
            if matches!(self.stack[index].loc, Loc::Gpr(_) | Loc::Xmm(_)) {
                self.spill(index);
            }
        }
        self.flushed = self.flushed.max(limit);
    }

    /// Stores every entry that is in a register or still in a local to its slot, so
    /// that all paths to a merge agree. Only moves: the flags survive.
    pub(super) fn flush_all(&mut self) {
        for index in self.settled..self.stack.len() {
            if !matches!(self.stack[index].loc, Loc::Const(_)) {
                self.spill(index);
            }
        }
        self.flushed = self.stack.len();
        self.settled = self.stack.len();
    }

    /// Stores what an operator has pushed to the frame; everything below is there already.
    pub(super) fn spill_results(&mut self) {
        let is_function_end = self.blocks.is_empty();
        if !self.is_reachable || is_function_end {
            return;
        }
        self.materialize_flags();
        for index in (0..self.stack.len()).rev() {
            if self.stack[index].loc == Loc::Slot {
                break;
            }
            self.spill(index);
        }
    }

    /// Before a local changes: gives entries that still refer to it a copy.
    pub(super) fn preserve_local(&mut self, local: u32) {
        let mut index = self.stack.len();
        while self.local_refs[local as usize] > 0 {
            index -= 1;
            if self.stack[index].loc == Loc::Local(local) {
                self.copy_out(index, local);
            }
        }
    }

    /// Gives an entry that refers to a local a register, or else its home slot.
    fn copy_out(&mut self, index: usize, local: u32) {
        let ty = self.stack[index].ty;
        let class = if ty.is_float() {
            &mut self.registers.xmms
        } else {
            &mut self.registers.gprs
        };
        let Some(reg) = class.take_free() else {
            return self.spill(index);
        };
        class.set_owner(reg, index as u32);
        let home = self.local_register(local);
        self.stack[index].loc = if ty.is_float() {
            let reg = XMM::ALL[usize::from(reg)];
            match home {
                Some(home) => self.masm.movaps(reg, xmm_of(home)),
                None => self.load_value(ty, reg.to_index(), self.local_mem(local)),
            }
            Loc::Xmm(reg)
        } else {
            let reg = GPR::ALL[usize::from(reg)];
            match home {
                Some(home) => self.masm.mov(size_of(ty), reg, gpr_of(home)),
                None => self.load_value(ty, reg.to_index(), self.local_mem(local)),
            }
            Loc::Gpr(reg)
        };
        self.local_refs[local as usize] -= 1;
        self.flushed = self.flushed.min(index);
        self.settled = self.settled.min(index);
    }
}
