//! Tables and references.

use super::FunctionCompiler;
use super::frame::vmctx_mem;
use super::operands::{IntSrc, Loc, size_of};
use super::registers::{SCRATCH, TARGET};
use crate::abi::TrapCode;
use crate::abi::registers::GPR;
use crate::abi::value::ValType;
use crate::abi::vmctx::{Libcall, VmTable};
use crate::compile::masm::{AluOp, Cond, Label, Size, Width, mem, mem_index};
use core::mem::offset_of;
use cranelift_assembler_x64::Scale;

impl FunctionCompiler<'_> {
    /// Checks an index against a table and leaves the address of its elements in R11;
    /// jumps to `out_of_bounds` if there is no such element.
    pub(super) fn check_table_index(&mut self, table: u32, index: GPR, out_of_bounds: Label) {
        self.masm.load(
            Size::S64,
            SCRATCH,
            vmctx_mem(self.offsets.table(table) as usize),
        );
        self.masm.alu(
            AluOp::Cmp,
            self.table_index_size(table),
            index,
            mem(SCRATCH, offset_of!(VmTable, len) as i32),
        );
        self.masm.jump_if(Cond::AboveEqual, out_of_bounds);
        self.masm.load(
            Size::S64,
            SCRATCH,
            mem(SCRATCH, offset_of!(VmTable, base) as i32),
        );
    }

    /// In which width a table is indexed.
    pub(super) fn table_index_size(&self, table: u32) -> Size {
        size_of(self.module.tables[table as usize].address.val_type())
    }

    pub(super) fn table_get(&mut self, table: u32) {
        let ty = self.module.tables[table as usize].element;
        let (index, owned) = self.pop_int_in_reg(self.table_index_size(table));
        let out_of_bounds = self.trap_label(TrapCode::TableOutOfBounds, self.stack.len());
        self.check_table_index(table, index, out_of_bounds);
        self.release_if(index, owned);
        // The index is read before the result may overwrite it; nothing is spilled in between.
        self.masm.load(
            Size::S64,
            SCRATCH,
            mem_index(SCRATCH, index, Scale::Eight, 0),
        );
        let dst = self.alloc_gpr();
        self.masm.mov(Size::S64, dst, SCRATCH);
        self.push_gpr(ty, dst);
    }

    pub(super) fn table_set(&mut self, table: u32) {
        let value = self.pop_int();
        let (value, value_owned) = match value {
            IntSrc::Reg { reg, owned } => (reg, owned),
            _ => {
                self.load_int(Size::S64, TARGET, value);
                (TARGET, false)
            }
        };
        let (index, owned) = self.pop_int_in_reg(self.table_index_size(table));
        let out_of_bounds = self.trap_label(TrapCode::TableOutOfBounds, self.stack.len());
        self.check_table_index(table, index, out_of_bounds);
        self.masm.store(
            Width::W64,
            mem_index(SCRATCH, index, Scale::Eight, 0),
            value,
        );
        self.release_if(index, owned);
        self.release_if(value, value_owned);
    }

    pub(super) fn table_size(&mut self, table: u32) {
        let ty = self.module.tables[table as usize].address.val_type();
        let dst = self.alloc_gpr();
        self.masm.load(
            Size::S64,
            dst,
            vmctx_mem(self.offsets.table(table) as usize),
        );
        let len = mem(dst, offset_of!(VmTable, len) as i32);
        self.masm.load(size_of(ty), dst, len);
        self.push_gpr(ty, dst);
    }

    pub(super) fn table_fill(&mut self, table: u32) {
        self.restartable_libcall(Libcall::TableFill, &[table]);
    }

    pub(super) fn table_copy(&mut self, destination: u32, source: u32) {
        self.restartable_libcall(Libcall::TableCopy, &[destination, source]);
    }

    pub(super) fn table_init(&mut self, table: u32, segment: u32) {
        self.restartable_libcall(Libcall::TableInit, &[table, segment]);
    }

    pub(super) fn elem_drop(&mut self, segment: u32) {
        self.libcall_with_index(Libcall::ElemDrop, segment);
    }

    pub(super) fn ref_null(&mut self, ty: ValType) {
        self.push(ty, Loc::Const(0));
    }

    pub(super) fn ref_is_null(&mut self) {
        self.eqz(ValType::I64);
    }

    pub(super) fn ref_func(&mut self, function: u32) {
        let dst = self.alloc_gpr();
        match function.checked_sub(self.module.imported_functions) {
            Some(defined) => {
                let offset = self.offsets.defined_function(defined);
                self.masm.lea(Size::S64, dst, vmctx_mem(offset as usize));
            }
            None => {
                let offset = self.offsets.imported_function(function);
                self.masm.load(Size::S64, dst, vmctx_mem(offset as usize));
            }
        }
        self.push_gpr(ValType::FuncRef, dst);
    }
}
