//! Dispatch: one arm per operator.

use super::FunctionCompiler;
use super::float::FloatCompare;
use super::integer::Division;
use super::operands::{IntSrc, Loc, gpr_of, size_of, width_of, xmm_of, xmm_size_of};
use super::registers::SCRATCH;
use super::vector::takes_vector;
use crate::abi::value::ValType;
use crate::compile::CompileError;
use crate::compile::masm::{AluOp, Cond, FloatOp, LoadKind, Rounding, ShiftOp, Size, VecOp, Width};
use wasmparser::Operator;

/// The engine's type for a decoded one; the decoder enables no other.
pub(super) fn val_type(ty: wasmparser::ValType) -> ValType {
    match ty {
        wasmparser::ValType::I32 => ValType::I32,
        wasmparser::ValType::I64 => ValType::I64,
        wasmparser::ValType::F32 => ValType::F32,
        wasmparser::ValType::F64 => ValType::F64,
        wasmparser::ValType::V128 => ValType::V128,
        wasmparser::ValType::Ref(ty) if ty.is_func_ref() => ValType::FuncRef,
        wasmparser::ValType::Ref(_) => ValType::ExternRef,
    }
}

/// Whether an operator takes a comparison from the flags.
fn consumes_flags(operator: &Operator<'_>) -> bool {
    matches!(
        operator,
        Operator::BrIf { .. }
            | Operator::If { .. }
            | Operator::Select
            | Operator::TypedSelect { .. }
            | Operator::I32Eqz
    )
}

impl FunctionCompiler<'_> {
    pub(super) fn operator(&mut self, operator: Operator<'_>) -> Result<(), CompileError> {
        if !self.is_reachable {
            return self.skip_unreachable(&operator);
        }
        if !consumes_flags(&operator) {
            self.materialize_flags();
        }
        if !takes_vector(&operator) {
            self.materialize_vector();
        }
        self.reachable_operator(operator)
    }

    /// Unreachable code is only followed to the end of its block.
    fn skip_unreachable(&mut self, operator: &Operator<'_>) -> Result<(), CompileError> {
        match operator {
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => {
                self.unreachable_depth += 1
            }
            Operator::Else if self.unreachable_depth == 0 => self.else_(),
            Operator::End if self.unreachable_depth == 0 => return self.end(),
            Operator::End => self.unreachable_depth -= 1,
            _ => {}
        }
        Ok(())
    }

    fn reachable_operator(&mut self, operator: Operator<'_>) -> Result<(), CompileError> {
        use FloatCompare::{Eq, Ge, Gt, Le, Lt, Ne};
        use Operator as Op;
        use Size::{S32, S64};
        use ValType::{F32, F64, I32, I64};
        match operator {
            Op::Nop => {}
            Op::Unreachable => self.unreachable(),
            Op::Block { blockty } => self.block(blockty),
            Op::Loop { blockty } => self.loop_(blockty),
            Op::If { blockty } => self.if_(blockty),
            Op::Else => self.else_(),
            Op::End => self.end()?,
            Op::Br { relative_depth } => self.br(relative_depth),
            Op::BrIf { relative_depth } => self.br_if(relative_depth),
            Op::BrTable { targets } => self.br_table(&targets)?,
            Op::Return => self.return_(),
            Op::Call { function_index } => self.call(function_index),
            Op::CallIndirect {
                type_index,
                table_index,
            } => self.call_indirect(type_index, table_index),
            Op::ReturnCall { function_index } => self.return_call(function_index),
            Op::ReturnCallIndirect {
                type_index,
                table_index,
            } => self.return_call_indirect(type_index, table_index),
            Op::Drop => self.drop_top(),
            Op::Select | Op::TypedSelect { .. } => self.select(),

            Op::LocalGet { local_index } => self.local_get(local_index),
            Op::LocalSet { local_index } => self.assign_local(local_index),
            Op::LocalTee { local_index } => self.local_tee(local_index),
            Op::GlobalGet { global_index } => self.global_get(global_index),
            Op::GlobalSet { global_index } => self.global_set(global_index),

            Op::TableGet { table } => self.table_get(table),
            Op::TableSet { table } => self.table_set(table),
            Op::TableSize { table } => self.table_size(table),
            Op::TableGrow { table } => self.libcall_table_grow(table),
            Op::TableFill { table } => self.table_fill(table),
            Op::TableCopy {
                dst_table,
                src_table,
            } => self.table_copy(dst_table, src_table),
            Op::TableInit { table, elem_index } => self.table_init(table, elem_index),
            Op::ElemDrop { elem_index } => self.elem_drop(elem_index),
            Op::RefNull { hty } => self.ref_null(match hty {
                wasmparser::HeapType::FUNC => ValType::FuncRef,
                _ => ValType::ExternRef,
            }),
            Op::RefIsNull => self.ref_is_null(),
            Op::RefFunc { function_index } => self.ref_func(function_index),

            Op::I32Load { memarg } => self.load_int_op(&memarg, LoadKind::Full32, I32),
            Op::I32Load8S { memarg } => self.load_int_op(&memarg, LoadKind::Sign8(S32), I32),
            Op::I32Load8U { memarg } => self.load_int_op(&memarg, LoadKind::Zero8, I32),
            Op::I32Load16S { memarg } => self.load_int_op(&memarg, LoadKind::Sign16(S32), I32),
            Op::I32Load16U { memarg } => self.load_int_op(&memarg, LoadKind::Zero16, I32),
            Op::I64Load { memarg } => self.load_int_op(&memarg, LoadKind::Full64, I64),
            Op::I64Load8S { memarg } => self.load_int_op(&memarg, LoadKind::Sign8(S64), I64),
            Op::I64Load8U { memarg } => self.load_int_op(&memarg, LoadKind::Zero8, I64),
            Op::I64Load16S { memarg } => self.load_int_op(&memarg, LoadKind::Sign16(S64), I64),
            Op::I64Load16U { memarg } => self.load_int_op(&memarg, LoadKind::Zero16, I64),
            Op::I64Load32S { memarg } => self.load_int_op(&memarg, LoadKind::Sign32, I64),
            Op::I64Load32U { memarg } => self.load_int_op(&memarg, LoadKind::Full32, I64),
            Op::F32Load { memarg } => self.load_float_op(&memarg, F32),
            Op::F64Load { memarg } => self.load_float_op(&memarg, F64),
            Op::I32Store { memarg } => self.store_int_op(&memarg, Width::W32, I32),
            Op::I32Store8 { memarg } => self.store_int_op(&memarg, Width::W8, I32),
            Op::I32Store16 { memarg } => self.store_int_op(&memarg, Width::W16, I32),
            Op::I64Store { memarg } => self.store_int_op(&memarg, Width::W64, I64),
            Op::I64Store8 { memarg } => self.store_int_op(&memarg, Width::W8, I64),
            Op::I64Store16 { memarg } => self.store_int_op(&memarg, Width::W16, I64),
            Op::I64Store32 { memarg } => self.store_int_op(&memarg, Width::W32, I64),
            Op::F32Store { memarg } => self.store_float_op(&memarg, F32),
            Op::F64Store { memarg } => self.store_float_op(&memarg, F64),
            #[cfg(feature = "simd")]
            Op::V128Load { memarg } => self.load_float_op(&memarg, ValType::V128),
            #[cfg(feature = "simd")]
            Op::V128Store { memarg } => self.store_float_op(&memarg, ValType::V128),
            Op::MemorySize { mem } => self.memory_size(mem),
            Op::MemoryGrow { mem } => self.memory_grow(mem),
            Op::MemoryCopy { dst_mem, src_mem } => self.memory_copy(dst_mem, src_mem),
            Op::MemoryFill { mem } => self.memory_fill(mem),
            Op::MemoryInit { data_index, mem } => self.memory_init(mem, data_index),
            Op::DataDrop { data_index } => self.data_drop(data_index),

            Op::I32Const { value } => self.push(I32, Loc::Const(u64::from(value as u32))),
            Op::I64Const { value } => self.push(I64, Loc::Const(value as u64)),
            Op::F32Const { value } => self.push(F32, Loc::Const(u64::from(value.bits()))),
            Op::F64Const { value } => self.push(F64, Loc::Const(value.bits())),
            #[cfg(feature = "simd")]
            Op::V128Const { value } => self.push(
                ValType::V128,
                Loc::Vector(u128::from_le_bytes(*value.bytes())),
            ),

            Op::I32Eqz => self.eqz(I32),
            Op::I32Eq => self.compare(Cond::Equal, I32),
            Op::I32Ne => self.compare(Cond::NotEqual, I32),
            Op::I32LtS => self.compare(Cond::Less, I32),
            Op::I32LtU => self.compare(Cond::Below, I32),
            Op::I32GtS => self.compare(Cond::Greater, I32),
            Op::I32GtU => self.compare(Cond::Above, I32),
            Op::I32LeS => self.compare(Cond::LessEqual, I32),
            Op::I32LeU => self.compare(Cond::BelowEqual, I32),
            Op::I32GeS => self.compare(Cond::GreaterEqual, I32),
            Op::I32GeU => self.compare(Cond::AboveEqual, I32),
            Op::I64Eqz => self.eqz(I64),
            Op::I64Eq => self.compare(Cond::Equal, I64),
            Op::I64Ne => self.compare(Cond::NotEqual, I64),
            Op::I64LtS => self.compare(Cond::Less, I64),
            Op::I64LtU => self.compare(Cond::Below, I64),
            Op::I64GtS => self.compare(Cond::Greater, I64),
            Op::I64GtU => self.compare(Cond::Above, I64),
            Op::I64LeS => self.compare(Cond::LessEqual, I64),
            Op::I64LeU => self.compare(Cond::BelowEqual, I64),
            Op::I64GeS => self.compare(Cond::GreaterEqual, I64),
            Op::I64GeU => self.compare(Cond::AboveEqual, I64),
            Op::F32Eq => self.float_compare(Eq, F32),
            Op::F32Ne => self.float_compare(Ne, F32),
            Op::F32Lt => self.float_compare(Lt, F32),
            Op::F32Gt => self.float_compare(Gt, F32),
            Op::F32Le => self.float_compare(Le, F32),
            Op::F32Ge => self.float_compare(Ge, F32),
            Op::F64Eq => self.float_compare(Eq, F64),
            Op::F64Ne => self.float_compare(Ne, F64),
            Op::F64Lt => self.float_compare(Lt, F64),
            Op::F64Gt => self.float_compare(Gt, F64),
            Op::F64Le => self.float_compare(Le, F64),
            Op::F64Ge => self.float_compare(Ge, F64),

            Op::I32Clz => self.count_zeros(true, I32),
            Op::I32Ctz => self.count_zeros(false, I32),
            Op::I32Popcnt => self.popcnt(I32),
            Op::I32Add => self.int_binary(AluOp::Add, I32),
            Op::I32Sub => self.int_binary(AluOp::Sub, I32),
            Op::I32Mul => self.int_mul(I32),
            Op::I32DivS => self.divide(Division::SignedQuotient, I32),
            Op::I32DivU => self.divide(Division::UnsignedQuotient, I32),
            Op::I32RemS => self.divide(Division::SignedRemainder, I32),
            Op::I32RemU => self.divide(Division::UnsignedRemainder, I32),
            Op::I32And => self.int_binary(AluOp::And, I32),
            Op::I32Or => self.int_binary(AluOp::Or, I32),
            Op::I32Xor => self.int_binary(AluOp::Xor, I32),
            Op::I32Shl => self.shift(ShiftOp::Shl, I32),
            Op::I32ShrS => self.shift(ShiftOp::Sar, I32),
            Op::I32ShrU => self.shift(ShiftOp::Shr, I32),
            Op::I32Rotl => self.shift(ShiftOp::Rol, I32),
            Op::I32Rotr => self.shift(ShiftOp::Ror, I32),
            Op::I64Clz => self.count_zeros(true, I64),
            Op::I64Ctz => self.count_zeros(false, I64),
            Op::I64Popcnt => self.popcnt(I64),
            Op::I64Add => self.int_binary(AluOp::Add, I64),
            Op::I64Sub => self.int_binary(AluOp::Sub, I64),
            Op::I64Mul => self.int_mul(I64),
            Op::I64DivS => self.divide(Division::SignedQuotient, I64),
            Op::I64DivU => self.divide(Division::UnsignedQuotient, I64),
            Op::I64RemS => self.divide(Division::SignedRemainder, I64),
            Op::I64RemU => self.divide(Division::UnsignedRemainder, I64),
            Op::I64And => self.int_binary(AluOp::And, I64),
            Op::I64Or => self.int_binary(AluOp::Or, I64),
            Op::I64Xor => self.int_binary(AluOp::Xor, I64),
            Op::I64Shl => self.shift(ShiftOp::Shl, I64),
            Op::I64ShrS => self.shift(ShiftOp::Sar, I64),
            Op::I64ShrU => self.shift(ShiftOp::Shr, I64),
            Op::I64Rotl => self.shift(ShiftOp::Rol, I64),
            Op::I64Rotr => self.shift(ShiftOp::Ror, I64),

            Op::F32Abs => self.float_sign(VecOp::And, F32),
            Op::F32Neg => self.float_sign(VecOp::Xor, F32),
            Op::F32Ceil => self.float_round(Rounding::Ceil, F32),
            Op::F32Floor => self.float_round(Rounding::Floor, F32),
            Op::F32Trunc => self.float_round(Rounding::Trunc, F32),
            Op::F32Nearest => self.float_round(Rounding::Nearest, F32),
            Op::F32Sqrt => self.float_sqrt(F32),
            Op::F32Add => self.float_binary(FloatOp::Add, F32),
            Op::F32Sub => self.float_binary(FloatOp::Sub, F32),
            Op::F32Mul => self.float_binary(FloatOp::Mul, F32),
            Op::F32Div => self.float_binary(FloatOp::Div, F32),
            Op::F32Min => self.float_min_max(FloatOp::Min, F32),
            Op::F32Max => self.float_min_max(FloatOp::Max, F32),
            Op::F32Copysign => self.float_copysign(F32),
            Op::F64Abs => self.float_sign(VecOp::And, F64),
            Op::F64Neg => self.float_sign(VecOp::Xor, F64),
            Op::F64Ceil => self.float_round(Rounding::Ceil, F64),
            Op::F64Floor => self.float_round(Rounding::Floor, F64),
            Op::F64Trunc => self.float_round(Rounding::Trunc, F64),
            Op::F64Nearest => self.float_round(Rounding::Nearest, F64),
            Op::F64Sqrt => self.float_sqrt(F64),
            Op::F64Add => self.float_binary(FloatOp::Add, F64),
            Op::F64Sub => self.float_binary(FloatOp::Sub, F64),
            Op::F64Mul => self.float_binary(FloatOp::Mul, F64),
            Op::F64Div => self.float_binary(FloatOp::Div, F64),
            Op::F64Min => self.float_min_max(FloatOp::Min, F64),
            Op::F64Max => self.float_min_max(FloatOp::Max, F64),
            Op::F64Copysign => self.float_copysign(F64),

            Op::I32WrapI64 => self.extend(LoadKind::Full32, I32),
            Op::I64ExtendI32S => self.extend(LoadKind::Sign32, I64),
            Op::I64ExtendI32U => self.extend_unsigned(),
            Op::I32Extend8S => self.extend(LoadKind::Sign8(S32), I32),
            Op::I32Extend16S => self.extend(LoadKind::Sign16(S32), I32),
            Op::I64Extend8S => self.extend(LoadKind::Sign8(S64), I64),
            Op::I64Extend16S => self.extend(LoadKind::Sign16(S64), I64),
            Op::I64Extend32S => self.extend(LoadKind::Sign32, I64),
            Op::I32TruncF32S => self.truncate_float(F32, I32, true),
            Op::I32TruncF32U => self.truncate_float(F32, I32, false),
            Op::I32TruncF64S => self.truncate_float(F64, I32, true),
            Op::I32TruncF64U => self.truncate_float(F64, I32, false),
            Op::I64TruncF32S => self.truncate_float(F32, I64, true),
            Op::I64TruncF32U => self.truncate_float(F32, I64, false),
            Op::I64TruncF64S => self.truncate_float(F64, I64, true),
            Op::I64TruncF64U => self.truncate_float(F64, I64, false),
            Op::I32TruncSatF32S => self.truncate_float_saturating(F32, I32, true),
            Op::I32TruncSatF32U => self.truncate_float_saturating(F32, I32, false),
            Op::I32TruncSatF64S => self.truncate_float_saturating(F64, I32, true),
            Op::I32TruncSatF64U => self.truncate_float_saturating(F64, I32, false),
            Op::I64TruncSatF32S => self.truncate_float_saturating(F32, I64, true),
            Op::I64TruncSatF32U => self.truncate_float_saturating(F32, I64, false),
            Op::I64TruncSatF64S => self.truncate_float_saturating(F64, I64, true),
            Op::I64TruncSatF64U => self.truncate_float_saturating(F64, I64, false),
            Op::F32ConvertI32S => self.convert_int(I32, F32, true),
            Op::F32ConvertI32U => self.convert_int(I32, F32, false),
            Op::F32ConvertI64S => self.convert_int(I64, F32, true),
            Op::F32ConvertI64U => self.convert_int(I64, F32, false),
            Op::F64ConvertI32S => self.convert_int(I32, F64, true),
            Op::F64ConvertI32U => self.convert_int(I32, F64, false),
            Op::F64ConvertI64S => self.convert_int(I64, F64, true),
            Op::F64ConvertI64U => self.convert_int(I64, F64, false),
            Op::F32DemoteF64 => self.convert_float(F64, F32),
            Op::F64PromoteF32 => self.convert_float(F32, F64),
            Op::I32ReinterpretF32 => self.reinterpret_float(I32),
            Op::I64ReinterpretF64 => self.reinterpret_float(I64),
            Op::F32ReinterpretI32 => self.reinterpret_int(F32),
            Op::F64ReinterpretI64 => self.reinterpret_int(F64),

            // The decoder's feature set and this list say the same; a new feature
            // must come to both.
            #[cfg(feature = "simd")]
            _ if self.simd_integer_operator(&operator) => {}
            #[cfg(feature = "simd")]
            _ if self.simd_float_operator(&operator) => {}
            _ => {
                return Err(CompileError::Unsupported {
                    function: self.function,
                    offset: self.wasm_offset,
                });
            }
        }
        Ok(())
    }

    // ---- locals -------------------------------------------------------------

    fn local_get(&mut self, local: u32) {
        let ty = self.locals[local as usize].ty;
        self.push(ty, Loc::Local(local));
    }

    /// A value that had to be in a register anyway stays there; otherwise the local is it.
    fn local_tee(&mut self, local: u32) {
        let entry = self.stack[self.stack.len() - 1];
        let in_slot = self.local_register(local).is_none();
        match entry.loc {
            Loc::Gpr(reg) if in_slot => {
                self.preserve_local(local);
                let home = self.local_mem(local);
                self.masm.store(width_of(size_of(entry.ty)), home, reg);
            }
            Loc::Xmm(reg) if in_slot => {
                self.preserve_local(local);
                let home = self.local_mem(local);
                self.masm.store_float(xmm_size_of(entry.ty), home, reg);
            }
            _ => {
                self.assign_local(local);
                self.push(entry.ty, Loc::Local(local));
            }
        }
    }

    /// Pops the top of the stack into a local.
    fn assign_local(&mut self, local: u32) {
        let ty = self.locals[local as usize].ty;
        if self.stack[self.stack.len() - 1].loc == Loc::Local(local) {
            self.pop();
            return;
        }
        let register = self.local_register(local);
        if ty.is_float() {
            let size = xmm_size_of(ty);
            let src = self.pop_float();
            self.preserve_local(local);
            match register {
                Some(register) => self.load_float(size, xmm_of(register), src),
                None => {
                    let reg = self.float_to_store(size, src);
                    let home = self.local_mem(local);
                    self.masm.store_float(size, home, reg);
                }
            }
            self.release_float(src);
            return;
        }
        let size = size_of(ty);
        let src = self.pop_int();
        self.preserve_local(local);
        match (register, src) {
            (Some(register), _) => self.load_int(size, gpr_of(register), src),
            (None, IntSrc::Const(bits)) => {
                let home = self.local_mem(local);
                self.store_const(width_of(size), home, bits);
            }
            (None, IntSrc::Reg { reg, .. }) => {
                let home = self.local_mem(local);
                self.masm.store(width_of(size), home, reg);
            }
            (None, IntSrc::Mem(mem)) => {
                self.masm.load(size, SCRATCH, mem);
                let home = self.local_mem(local);
                self.masm.store(width_of(size), home, SCRATCH);
            }
        }
        self.release_int(src);
    }
}
