//! wasmparser's types to ours.
//!
//! The validator has accepted what arrives here under the enabled features, so
//! [`DecodeError::UnsupportedConstruct`] means that a feature was enabled
//! without support for it here: a refusal, in place of a wrong translation.

use super::error::DecodeError;
use super::{
    AddressType, ConstExpr, ConstOp, DataSegment, ElementSegment, ExternKind, GlobalType,
    MemoryType, SegmentMode, TableType,
};
use crate::abi::{FuncType, ValType};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ops::Range;
use wasmparser::{DataKind, ElementItems, ElementKind, HeapType, Operator, RefType, TableInit};

pub(super) fn val_type(ty: wasmparser::ValType) -> Result<ValType, DecodeError> {
    Ok(match ty {
        wasmparser::ValType::I32 => ValType::I32,
        wasmparser::ValType::I64 => ValType::I64,
        wasmparser::ValType::F32 => ValType::F32,
        wasmparser::ValType::F64 => ValType::F64,
        wasmparser::ValType::V128 => ValType::V128,
        wasmparser::ValType::Ref(ty) => ref_type(ty)?,
    })
}

fn ref_type(ty: RefType) -> Result<ValType, DecodeError> {
    match ty {
        RefType::FUNCREF => Ok(ValType::FuncRef),
        RefType::EXTERNREF => Ok(ValType::ExternRef),
        _ => Err(DecodeError::UnsupportedConstruct("reference type")),
    }
}

pub(super) fn func_type(ty: &wasmparser::FuncType) -> Result<FuncType, DecodeError> {
    let types = |types: &[wasmparser::ValType]| -> Result<Box<[ValType]>, DecodeError> {
        types.iter().map(|ty| val_type(*ty)).collect()
    };
    Ok(FuncType::new(types(ty.params())?, types(ty.results())?))
}

fn address_type(is_64: bool) -> AddressType {
    match is_64 {
        false => AddressType::I32,
        true => AddressType::I64,
    }
}

pub(super) fn table_type(ty: wasmparser::TableType) -> Result<TableType, DecodeError> {
    Ok(TableType {
        address: address_type(ty.table64),
        element: ref_type(ty.element_type)?,
        minimum: ty.initial,
        maximum: ty.maximum,
    })
}

pub(super) fn defined_table(table: &wasmparser::Table<'_>) -> Result<TableType, DecodeError> {
    match table.init {
        TableInit::RefNull => table_type(table.ty),
        TableInit::Expr(_) => Err(DecodeError::UnsupportedConstruct("table initializer")),
    }
}

pub(super) fn memory_type(ty: wasmparser::MemoryType) -> MemoryType {
    MemoryType {
        address: address_type(ty.memory64),
        minimum: ty.initial,
        maximum: ty.maximum,
    }
}

pub(super) fn global_type(ty: wasmparser::GlobalType) -> Result<GlobalType, DecodeError> {
    Ok(GlobalType {
        value: val_type(ty.content_type)?,
        is_mutable: ty.mutable,
    })
}

pub(super) fn extern_kind(kind: wasmparser::ExternalKind) -> Result<ExternKind, DecodeError> {
    Ok(match kind {
        wasmparser::ExternalKind::Func => ExternKind::Func,
        wasmparser::ExternalKind::Table => ExternKind::Table,
        wasmparser::ExternalKind::Memory => ExternKind::Memory,
        wasmparser::ExternalKind::Global => ExternKind::Global,
        wasmparser::ExternalKind::Tag | wasmparser::ExternalKind::FuncExact => {
            return Err(DecodeError::UnsupportedConstruct("export kind"));
        }
    })
}

pub(super) fn const_expr(expr: &wasmparser::ConstExpr<'_>) -> Result<ConstExpr, DecodeError> {
    let mut operators = expr.get_operators_reader();
    let first = const_op(&operators.read()?)?;
    let mut ops = Vec::new();
    for operator in operators {
        match operator? {
            Operator::End => {}
            operator => ops.push(const_op(&operator)?),
        }
    }
    if ops.is_empty() {
        return Ok(ConstExpr::One(first));
    }
    ops.insert(0, first);
    Ok(ConstExpr::Many(ops.into()))
}

fn const_op(operator: &Operator<'_>) -> Result<ConstOp, DecodeError> {
    Ok(match *operator {
        Operator::I32Const { value } => ConstOp::I32(value),
        Operator::I64Const { value } => ConstOp::I64(value),
        Operator::F32Const { value } => ConstOp::F32(value.bits()),
        Operator::F64Const { value } => ConstOp::F64(value.bits()),
        #[cfg(feature = "simd")]
        Operator::V128Const { value } => ConstOp::V128(*value.bytes()),
        Operator::GlobalGet { global_index } => ConstOp::GlobalGet(global_index),
        Operator::RefFunc { function_index } => ConstOp::RefFunc(function_index),
        Operator::RefNull {
            hty: HeapType::FUNC,
        } => ConstOp::NullFunc,
        Operator::RefNull {
            hty: HeapType::EXTERN,
        } => ConstOp::NullExtern,
        Operator::I32Add => ConstOp::I32Add,
        Operator::I32Sub => ConstOp::I32Sub,
        Operator::I32Mul => ConstOp::I32Mul,
        Operator::I64Add => ConstOp::I64Add,
        Operator::I64Sub => ConstOp::I64Sub,
        Operator::I64Mul => ConstOp::I64Mul,
        _ => return Err(DecodeError::UnsupportedConstruct("constant instruction")),
    })
}

pub(super) fn element_segment(
    segment: wasmparser::Element<'_>,
) -> Result<ElementSegment, DecodeError> {
    let mode = match segment.kind {
        ElementKind::Passive => SegmentMode::Passive,
        ElementKind::Declared => SegmentMode::Declared,
        ElementKind::Active {
            table_index,
            offset_expr,
        } => SegmentMode::Active {
            index: table_index.unwrap_or(0),
            offset: const_expr(&offset_expr)?,
        },
    };
    let mut items = Vec::new();
    let element = match segment.items {
        ElementItems::Functions(functions) => {
            for func in functions {
                items.push(ConstExpr::One(ConstOp::RefFunc(func?)));
            }
            ValType::FuncRef
        }
        ElementItems::Expressions(ty, exprs) => {
            for expr in exprs {
                items.push(const_expr(&expr?)?);
            }
            ref_type(ty)?
        }
    };
    Ok(ElementSegment {
        element,
        items,
        mode,
    })
}

pub(super) fn data_segment(segment: &wasmparser::Data<'_>) -> Result<DataSegment, DecodeError> {
    let Range { end, .. } = range(segment.range.clone());
    let mode = match &segment.kind {
        DataKind::Passive => SegmentMode::Passive,
        DataKind::Active {
            memory_index,
            offset_expr,
        } => SegmentMode::Active {
            index: *memory_index,
            offset: const_expr(offset_expr)?,
        },
    };
    Ok(DataSegment {
        range: end - segment.data.len()..end,
        mode,
    })
}

/// A range of the module's bytes, which are fewer than 4 GiB.
pub(super) fn range(range: Range<u64>) -> Range<usize> {
    range.start as usize..range.end as usize
}
