//! Accesses to linear memory, and globals. [`address`](super::address) says where an
//! access goes.

use super::FunctionCompiler;
use super::frame::vmctx_mem;
use super::operands::{IntSrc, Loc, size_of, width_of, xmm_size_of};
use super::registers::{SCRATCH, TARGET};
use crate::abi::TrapCode;
use crate::abi::value::ValType;
use crate::abi::vmctx::{Libcall, VmMemory};
use crate::compile::masm::{LoadKind, Size, Width, mem};
use core::mem::offset_of;
use wasmparser::MemArg;

impl FunctionCompiler<'_> {
    pub(super) fn load_int_op(&mut self, arg: &MemArg, kind: LoadKind, ty: ValType) {
        let address = self.pop_address(arg, kind.bytes());
        if let Some((local, dst)) = self.int_destination() {
            self.may_trap(TrapCode::MemoryOutOfBounds);
            self.masm.load_extend(kind, dst, address.mem);
            self.release_int(address.held);
            self.push(ty, Loc::Local(local));
            return;
        }
        let dst = match address.held {
            IntSrc::Reg { reg, owned: true } => reg,
            _ => self.alloc_gpr(),
        };
        self.may_trap(TrapCode::MemoryOutOfBounds);
        self.masm.load_extend(kind, dst, address.mem);
        self.push_gpr(ty, dst);
    }

    pub(super) fn load_float_op(&mut self, arg: &MemArg, ty: ValType) {
        let size = xmm_size_of(ty);
        let address = self.pop_address(arg, size.bytes());
        let destination = self.float_destination();
        let dst = destination.map_or_else(|| self.alloc_xmm(), |(_, dst)| dst);
        self.may_trap(TrapCode::MemoryOutOfBounds);
        self.masm.load_float(size, dst, address.mem);
        self.release_int(address.held);
        self.push_float_result(ty, destination, dst);
    }

    pub(super) fn store_int_op(&mut self, arg: &MemArg, width: Width, ty: ValType) {
        let value = self.pop_int();
        let immediate = match value {
            IntSrc::Const(bits) if width != Width::W64 => Some(bits as i32),
            IntSrc::Const(bits) => i32::try_from(bits as i64).ok(),
            _ => None,
        };
        if let Some(immediate) = immediate {
            let address = self.pop_address(arg, width.bytes());
            self.may_trap(TrapCode::MemoryOutOfBounds);
            self.masm.store_imm(width, address.mem, immediate);
            self.release_int(address.held);
            return;
        }
        let (reg, owned) = self.int_in_reg(size_of(ty), value);
        let address = self.pop_address(arg, width.bytes());
        self.may_trap(TrapCode::MemoryOutOfBounds);
        self.masm.store(width, address.mem, reg);
        self.release_int(address.held);
        self.release_if(reg, owned);
    }

    pub(super) fn store_float_op(&mut self, arg: &MemArg, ty: ValType) {
        let size = xmm_size_of(ty);
        let value = self.pop_float();
        let reg = self.float_to_store(size, value);
        let address = self.pop_address(arg, size.bytes());
        self.may_trap(TrapCode::MemoryOutOfBounds);
        self.masm.store_float(size, address.mem, reg);
        self.release_int(address.held);
        self.release_float(value);
    }

    pub(super) fn memory_size(&mut self, memory: u32) {
        let ty = self.module.memories[memory as usize].address.val_type();
        let dst = self.alloc_gpr();
        self.masm.load(
            Size::S64,
            dst,
            vmctx_mem(self.offsets.memory(memory) as usize),
        );
        let pages = mem(dst, offset_of!(VmMemory, pages) as i32);
        self.masm.load(size_of(ty), dst, pages);
        self.push_gpr(ty, dst);
    }

    pub(super) fn memory_grow(&mut self, memory: u32) {
        let ty = self.module.memories[memory as usize].address.val_type();
        self.libcall_with_operand(Libcall::MemoryGrow, memory, ty);
    }

    // ---- globals ------------------------------------------------------------

    pub(super) fn global_get(&mut self, global: u32) {
        let ty = self.module.globals[global as usize].value;
        let address = vmctx_mem(self.offsets.global(global) as usize);
        if ty.is_float() {
            let dst = self.alloc_xmm();
            self.masm.load(Size::S64, SCRATCH, address);
            self.masm.load_float(xmm_size_of(ty), dst, mem(SCRATCH, 0));
            self.push_xmm(ty, dst);
        } else {
            let dst = self.alloc_gpr();
            self.masm.load(Size::S64, SCRATCH, address);
            self.masm.load(size_of(ty), dst, mem(SCRATCH, 0));
            self.push_gpr(ty, dst);
        }
    }

    pub(super) fn global_set(&mut self, global: u32) {
        let ty = self.module.globals[global as usize].value;
        if ty.is_float() {
            let size = xmm_size_of(ty);
            let value = self.pop_float();
            let reg = self.float_to_store(size, value);
            self.masm.load(
                Size::S64,
                SCRATCH,
                vmctx_mem(self.offsets.global(global) as usize),
            );
            self.masm.store_float(size, mem(SCRATCH, 0), reg);
            self.release_float(value);
            return;
        }
        let size = size_of(ty);
        let value = self.pop_int();
        let reg = match value {
            IntSrc::Reg { reg, .. } => reg,
            _ => {
                self.load_int(size, TARGET, value);
                TARGET
            }
        };
        self.masm.load(
            Size::S64,
            SCRATCH,
            vmctx_mem(self.offsets.global(global) as usize),
        );
        self.masm.store(width_of(size), mem(SCRATCH, 0), reg);
        self.release_int(value);
    }

    // ---- bulk operations ----------------------------------------------------

    pub(super) fn memory_copy(&mut self, destination: u32, source: u32) {
        self.restartable_libcall(Libcall::MemoryCopy, &[destination, source]);
    }

    pub(super) fn memory_fill(&mut self, memory: u32) {
        self.restartable_libcall(Libcall::MemoryFill, &[memory]);
    }

    pub(super) fn memory_init(&mut self, memory: u32, segment: u32) {
        self.restartable_libcall(Libcall::MemoryInit, &[memory, segment]);
    }

    pub(super) fn data_drop(&mut self, segment: u32) {
        self.libcall_with_index(Libcall::DataDrop, segment);
    }
}
