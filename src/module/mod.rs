//! Wasm bytes to a validated, inert [`Module`].
//!
//! Decoding and validation are wasmparser's; what is kept is what the compiler
//! and the runtime need, typed by index. Nothing here runs anything.
//!
//! [`WasmFeatures`] says what modules may use. `decode` drives wasmparser over the
//! sections, `convert` translates its types to ours, `names` reads names,
//! `call` finds what a call instruction calls, `tail_calls` who may return in its place.

mod call;
mod convert;
mod decode;
mod error;
mod features;
mod names;
pub(crate) mod opcode;
mod survey;
mod tail_calls;
#[cfg(test)]
mod tests;

use crate::abi::vmctx::{VmCounts, VmOffsets};
use crate::abi::{FuncType, ValType};
use crate::limits;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;
use wasmparser::{BinaryReader, OperatorsReader};

pub use call::CallTarget;
pub(crate) use decode::OnBody;
pub use error::DecodeError;
pub use features::{UnknownFeature, WasmFeatures};
pub use survey::{LocalUse, Survey};
pub use tail_calls::TailCalls;

/// SHA-256 of a module's bytes: a module's identity in images.
#[derive(
    Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub struct ModuleHash(pub [u8; 32]);

/// A decoded and validated module. Index spaces hold imports first, as in the spec.
#[derive(Debug)]
pub struct Module {
    /// The bytes it was decoded from; offsets everywhere are offsets into these.
    pub bytes: Arc<[u8]>,
    /// Their SHA-256.
    pub hash: ModuleHash,
    /// The type section.
    pub types: Vec<FuncType>,
    /// The import section.
    pub imports: Vec<Import>,
    /// Index into `types` of every function.
    pub functions: Vec<u32>,
    /// How many of `functions` are imported.
    pub imported_functions: u32,
    /// Every table.
    pub tables: Vec<TableType>,
    /// How many of `tables` are imported.
    pub imported_tables: u32,
    /// Every memory.
    pub memories: Vec<MemoryType>,
    /// How many of `memories` are imported.
    pub imported_memories: u32,
    /// Every global.
    pub globals: Vec<GlobalType>,
    /// How many of `globals` are imported.
    pub imported_globals: u32,
    /// Initial values of the defined globals.
    pub global_initializers: Vec<ConstExpr>,
    /// The export section, in order.
    pub exports: Vec<Export>,
    /// The start function.
    pub start: Option<u32>,
    /// The element section.
    pub elements: Vec<ElementSegment>,
    /// The data section.
    pub data: Vec<DataSegment>,
    /// Bodies of the defined functions.
    pub bodies: Vec<FunctionBody>,
    /// Whether the bodies have been validated and surveyed, and not only found.
    pub(crate) has_validated_bodies: bool,
    /// The module's name from the name section.
    pub name: Option<String>,
    /// Function names from the name section, by function index.
    pub function_names: BTreeMap<u32, String>,
}

/// One import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// Module name.
    pub module: String,
    /// Field name.
    pub name: String,
    /// What it must be.
    pub ty: ExternType,
}

/// The type of an import or export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExternType {
    /// A function.
    Func(FuncType),
    /// A table.
    Table(TableType),
    /// A memory.
    Memory(MemoryType),
    /// A global.
    Global(GlobalType),
}

/// One export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: ExternKind,
    /// Index in the index space of that kind.
    pub index: u32,
}

/// The four index spaces that imports and exports name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExternKind {
    /// Functions.
    Func,
    /// Tables.
    Table,
    /// Memories.
    Memory,
    /// Globals.
    Global,
}

/// In which type a memory or table is addressed (WebAssembly 3.0, section 2.3.12).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum AddressType {
    /// By i32.
    #[default]
    I32,
    /// By i64.
    I64,
}

/// A table type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct TableType {
    /// Type of its indices.
    pub address: AddressType,
    /// Element type: `FuncRef` or `ExternRef`.
    pub element: ValType,
    /// Initial number of elements.
    pub minimum: u64,
    /// Most elements, if bounded.
    pub maximum: Option<u64>,
}

/// A memory type, in pages of 64 KiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct MemoryType {
    /// Type of its addresses.
    pub address: AddressType,
    /// Initial size.
    pub minimum: u64,
    /// Largest size, if bounded.
    pub maximum: Option<u64>,
}

/// A global type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct GlobalType {
    /// Type of its value.
    pub value: ValType,
    /// Whether it can be set.
    pub is_mutable: bool,
}

/// A constant expression (WebAssembly 3.0, section 3.4.14): a stack program that
/// leaves one value.
///
/// A byte of a module can stand for one, so it takes little room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConstExpr {
    /// One instruction, as nearly all have.
    One(ConstOp),
    /// Several.
    Many(Box<[ConstOp]>),
}

const _: () = assert!(size_of::<ConstExpr>() == 24);

impl ConstExpr {
    /// The instructions.
    pub fn ops(&self) -> &[ConstOp] {
        match self {
            Self::One(op) => core::slice::from_ref(op),
            Self::Many(ops) => ops,
        }
    }
}

/// One instruction of a [`ConstExpr`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConstOp {
    /// `i32.const`
    I32(i32),
    /// `i64.const`
    I64(i64),
    /// `f32.const`, the bits.
    F32(u32),
    /// `f64.const`, the bits.
    F64(u64),
    /// `v128.const`, its bytes in memory.
    V128([u8; 16]),
    /// `global.get`
    GlobalGet(u32),
    /// `ref.func`
    RefFunc(u32),
    /// `ref.null func`
    NullFunc,
    /// `ref.null extern`
    NullExtern,
    /// `i32.add`
    I32Add,
    /// `i32.sub`
    I32Sub,
    /// `i32.mul`
    I32Mul,
    /// `i64.add`
    I64Add,
    /// `i64.sub`
    I64Sub,
    /// `i64.mul`
    I64Mul,
}

/// An element segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ElementSegment {
    /// Type of its elements.
    pub element: ValType,
    /// Its elements; a list of function indices becomes `ref.func`s.
    pub items: Vec<ConstExpr>,
    /// What happens to it at instantiation.
    pub mode: SegmentMode,
}

/// A data segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataSegment {
    /// Where its bytes are in [`Module::bytes`].
    pub range: Range<usize>,
    /// What happens to it at instantiation.
    pub mode: SegmentMode,
}

/// What instantiation does with a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SegmentMode {
    /// Nothing; `init` instructions read it.
    Passive,
    /// It is dropped at once (element segments only).
    Declared,
    /// It is copied into a table or memory, then dropped.
    Active {
        /// The table or memory.
        index: u32,
        /// Where in it.
        offset: ConstExpr,
    },
}

/// The body of a defined function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionBody {
    /// The whole body (local declarations and operators) in [`Module::bytes`].
    pub range: Range<usize>,
    /// Offset in [`Module::bytes`] of the first operator.
    pub first_operator: usize,
    /// Types of the parameters, then of the declared locals.
    pub locals: Box<[ValType]>,
    /// Who may return in its place.
    pub tail_calls: TailCalls,
    /// What it does with its locals.
    pub survey: Survey,
}

impl AddressType {
    /// As the type of a value.
    pub fn val_type(self) -> ValType {
        match self {
            Self::I32 => ValType::I32,
            Self::I64 => ValType::I64,
        }
    }

    /// The type that holds values of both: of the length of a copy between two memories
    /// or tables.
    #[must_use]
    pub fn min(self, other: Self) -> Self {
        match (self, other) {
            (Self::I64, Self::I64) => Self::I64,
            _ => Self::I32,
        }
    }

    /// The most pages that a memory addressed by it can have in this engine.
    pub fn max_pages(self) -> u64 {
        match self {
            Self::I32 => limits::MAX_MEMORY_PAGES,
            Self::I64 => limits::MAX_MEMORY64_PAGES,
        }
    }

    /// A value of this type, given its raw form, whose upper half may be anything if
    /// the value has 32 bits.
    pub(crate) fn truncate(self, raw: u64) -> u64 {
        match self {
            Self::I32 => u64::from(raw as u32),
            Self::I64 => raw,
        }
    }
}

impl MemoryType {
    /// The largest size that it can have in this engine, in pages.
    pub fn size_limit(&self) -> u64 {
        let limit = self.address.max_pages();
        self.maximum.map_or(limit, |maximum| maximum.min(limit))
    }
}

impl TableType {
    /// The largest size that it can have in this engine, in elements.
    pub fn size_limit(&self) -> u64 {
        let limit = limits::MAX_TABLE_ELEMENTS;
        self.maximum.map_or(limit, |maximum| maximum.min(limit))
    }
}

impl core::fmt::Debug for ModuleHash {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "ModuleHash({self})")
    }
}

impl core::fmt::Display for ModuleHash {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Module {
    /// Decodes and validates a binary module, which may use every feature that the
    /// engine has.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] says what is wrong and where, or which bound of
    /// [`crate::limits`] the module exceeds.
    pub fn decode(bytes: impl Into<Arc<[u8]>>) -> Result<Self, DecodeError> {
        Self::decode_with(bytes, WasmFeatures::ALL)
    }

    /// The same for a module that may use these features only.
    ///
    /// # Errors
    ///
    /// As for [`Self::decode`].
    pub fn decode_with(
        bytes: impl Into<Arc<[u8]>>,
        features: WasmFeatures,
    ) -> Result<Self, DecodeError> {
        decode::decode(bytes.into(), features, &mut |_, _| {})
    }

    /// The same, and tells how far it has come.
    pub(crate) fn decode_and_tell(
        bytes: impl Into<Arc<[u8]>>,
        features: WasmFeatures,
        on_body: &mut OnBody<'_>,
    ) -> Result<Self, DecodeError> {
        decode::decode(bytes.into(), features, on_body)
    }

    /// The same for a module whose function bodies and hash are known from before: they are
    /// not looked at, and no body has tail calls or a survey then.
    ///
    /// # Errors
    ///
    /// As for [`Self::decode`].
    pub(crate) fn decode_without_bodies(
        bytes: impl Into<Arc<[u8]>>,
        features: WasmFeatures,
        hash: ModuleHash,
    ) -> Result<Self, DecodeError> {
        decode::decode_without_bodies(bytes.into(), features, hash)
    }

    /// The type of a function, by its index.
    ///
    /// # Panics
    ///
    /// Panics if there is no such function.
    pub fn function_type(&self, index: u32) -> &FuncType {
        &self.types[self.functions[index as usize] as usize]
    }

    /// The body of a defined function, by its function index; None for an import.
    pub fn body(&self, index: u32) -> Option<&FunctionBody> {
        self.bodies
            .get(index.checked_sub(self.imported_functions)? as usize)
    }

    /// Who may return to a caller of a function in its place; [`TailCalls::None`] for an
    /// import, of which the module does not know.
    pub fn tail_calls(&self, index: u32) -> TailCalls {
        self.body(index)
            .map_or(TailCalls::None, |body| body.tail_calls)
    }

    /// The operators of a body.
    pub(crate) fn operators(&self, body: &FunctionBody) -> OperatorsReader<'_> {
        let bytes = &self.bytes[body.first_operator..body.range.end];
        OperatorsReader::new(BinaryReader::new(bytes, body.first_operator as _))
    }

    /// The name of a function, from the name section, or else from its first export.
    pub fn function_name(&self, index: u32) -> Option<&str> {
        self.function_names
            .get(&index)
            .map(String::as_str)
            .or_else(|| {
                let export = self
                    .exports
                    .iter()
                    .find(|e| e.kind == ExternKind::Func && e.index == index)?;
                Some(&export.name)
            })
    }

    /// Finds an export by name.
    pub fn export(&self, name: &str) -> Option<&Export> {
        self.exports.iter().find(|export| export.name == name)
    }

    /// How many of each thing an instance has.
    pub fn vm_counts(&self) -> VmCounts {
        VmCounts {
            memories: self.memories.len() as u32,
            tables: self.tables.len() as u32,
            globals: self.globals.len() as u32,
            imported_functions: self.imported_functions,
            defined_functions: self.bodies.len() as u32,
        }
    }

    /// The layout of an instance's context.
    pub fn vm_offsets(&self) -> VmOffsets {
        VmOffsets::new(self.vm_counts())
    }
}
