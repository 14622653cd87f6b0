//! The decoder: one pass over the bytes, section by section.
//!
//! Each payload goes through wasmparser's validator first, function bodies
//! included, and only then is copied into the [`Module`]; so the copying code
//! meets valid sections only. What is allocated is bounded by the size of the
//! bytes, except where a few bytes stand for many values: [`Budget`] bounds those.

use super::convert::{self, val_type};
use super::error::DecodeError;
use super::survey::{Survey, Surveyor};
use super::tail_calls::{TailCallGraph, TailCalls};
use super::{Export, ExternType, FunctionBody, Import, Module, ModuleHash, WasmFeatures, names};
use crate::abi::FuncType;
use crate::limits::{MAX_LOCALS, MAX_MODULE_VALUE_TYPES};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;
use sha2::{Digest, Sha256};
use wasmparser::{
    FuncToValidate, FuncValidatorAllocations, Parser, Payload, TypeRef, ValidPayload, Validator,
    ValidatorResources,
};

/// What binary modules begin with.
const MAGIC: &[u8] = b"\0asm";

/// Told with the offset of what follows a body that has been validated, and the range of the
/// code section.
pub type OnBody<'a> = dyn FnMut(u64, &Range<u64>) + 'a;

pub(super) fn decode(
    bytes: Arc<[u8]>,
    features: WasmFeatures,
    on_body: &mut OnBody<'_>,
) -> Result<Module, DecodeError> {
    let hash = ModuleHash(Sha256::digest(&bytes).into());
    let decoder = Decoder::new(&bytes, features, hash);
    let Decoder {
        mut module,
        tail_calls,
        ..
    } = decoder.run(features, on_body)?;
    tail_calls.solve(&mut module);
    Ok(module)
}

/// Decodes all but the function bodies, which are taken to be valid.
pub(super) fn decode_without_bodies(
    bytes: Arc<[u8]>,
    features: WasmFeatures,
    hash: ModuleHash,
) -> Result<Module, DecodeError> {
    let mut decoder = Decoder::new(&bytes, features, hash);
    decoder.module.has_validated_bodies = false;
    Ok(decoder.run(features, &mut |_, _| {})?.module)
}

/// Value types that a module's sections may still expand to.
///
/// `(local 50000 i64)` is five bytes, and an import names a function type of
/// up to 2,000 values in one: without a bound, a small module could ask for
/// memory thousands of times its size.
struct Budget(u64);

impl Budget {
    fn take(&mut self, count: usize) -> Result<(), DecodeError> {
        self.0 = self
            .0
            .checked_sub(count as u64)
            .ok_or(DecodeError::TooManyValueTypes)?;
        Ok(())
    }
}

struct Decoder {
    validator: Validator,
    allocations: FuncValidatorAllocations,
    budget: Budget,
    tail_calls: TailCallGraph,
    surveyor: Surveyor,
    module: Module,
}

impl Decoder {
    fn new(bytes: &Arc<[u8]>, features: WasmFeatures, hash: ModuleHash) -> Self {
        Self {
            validator: Validator::new_with_features(features.to_wasmparser()),
            allocations: FuncValidatorAllocations::default(),
            budget: Budget(MAX_MODULE_VALUE_TYPES),
            tail_calls: TailCallGraph::default(),
            surveyor: Surveyor::default(),
            module: Module {
                bytes: bytes.clone(),
                hash,
                types: Vec::new(),
                imports: Vec::new(),
                functions: Vec::new(),
                imported_functions: 0,
                tables: Vec::new(),
                imported_tables: 0,
                memories: Vec::new(),
                imported_memories: 0,
                globals: Vec::new(),
                imported_globals: 0,
                global_initializers: Vec::new(),
                exports: Vec::new(),
                start: None,
                elements: Vec::new(),
                data: Vec::new(),
                bodies: Vec::new(),
                has_validated_bodies: true,
                name: None,
                function_names: Default::default(),
            },
        }
    }

    /// Decodes the whole module.
    fn run(
        mut self,
        features: WasmFeatures,
        on_body: &mut OnBody<'_>,
    ) -> Result<Self, DecodeError> {
        let bytes = self.module.bytes.clone();
        if u32::try_from(bytes.len()).is_err() {
            return Err(DecodeError::ModuleTooLarge { size: bytes.len() });
        }
        if Parser::is_component(&bytes) {
            return Err(DecodeError::Component);
        }
        if !MAGIC.starts_with(&bytes[..bytes.len().min(MAGIC.len())]) {
            return Err(DecodeError::without_magic(&bytes));
        }
        let mut parser = Parser::new(0);
        parser.set_features(features.to_wasmparser());
        let mut code_section = 0..0;
        for payload in parser.parse_all(&bytes) {
            let payload = payload?;
            let body = match &payload {
                Payload::CodeSectionEntry(body) => Some(body.range()),
                Payload::CodeSectionStart {
                    unchecked_range, ..
                } => {
                    code_section = unchecked_range.clone();
                    None
                }
                _ => None,
            };
            self.payload(payload)?;
            if let Some(body) = body {
                on_body(body.end, &code_section);
            }
        }
        Ok(self)
    }

    fn payload(&mut self, payload: Payload<'_>) -> Result<(), DecodeError> {
        let valid = self
            .validator
            .payload(&payload)
            .map_err(|error| DecodeError::refused(error, &payload))?;
        if let ValidPayload::Func(to_validate, body) = valid {
            let mut kept = self.body(&body)?;
            if !self.module.has_validated_bodies {
                self.module.bodies.push(kept);
                return Ok(());
            }
            self.surveyor.begin(kept.locals.len());
            self.validate(to_validate, &body)
                .map_err(|error| DecodeError::refused(error, &payload))?;
            kept.survey = self.surveyor.end(&kept.locals);
            self.module.bodies.push(kept);
            return Ok(());
        }
        self.section(payload)
    }

    /// Validates the next body, and notes its tail calls and what it does with locals.
    fn validate(
        &mut self,
        to_validate: FuncToValidate<ValidatorResources>,
        body: &wasmparser::FunctionBody<'_>,
    ) -> wasmparser::Result<()> {
        let mut validator = to_validate.into_validator(core::mem::take(&mut self.allocations));
        let mut operators = body.get_binary_reader();
        validator.read_locals(&mut operators)?;
        while !operators.eof() {
            let offset = operators.original_position();
            operators.visit_operator(&mut validator.visitor(offset))??;
            let code = &self.module.bytes[offset as usize..];
            self.surveyor.operator(code);
            self.tail_calls
                .operator(validator.index(), self.module.imported_functions, code);
        }
        operators.finish_expression(&validator.visitor(operators.original_position()))?;
        self.allocations = validator.into_allocations();
        Ok(())
    }

    /// Copies a section, which the validator has accepted.
    fn section(&mut self, payload: Payload<'_>) -> Result<(), DecodeError> {
        let module = &mut self.module;
        match payload {
            Payload::TypeSection(types) => {
                for ty in types.into_iter_err_on_gc_types() {
                    module.types.push(convert::func_type(&ty?)?);
                }
            }
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    self.import(import?)?;
                }
            }
            Payload::FunctionSection(functions) => {
                for ty in functions {
                    module.functions.push(ty?);
                }
            }
            Payload::TableSection(tables) => {
                for table in tables {
                    module.tables.push(convert::defined_table(&table?)?);
                }
            }
            Payload::MemorySection(memories) => {
                for memory in memories {
                    module.memories.push(convert::memory_type(memory?));
                }
            }
            Payload::GlobalSection(globals) => {
                for global in globals {
                    let global = global?;
                    module.globals.push(convert::global_type(global.ty)?);
                    module
                        .global_initializers
                        .push(convert::const_expr(&global.init_expr)?);
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    let export = export?;
                    module.exports.push(Export {
                        name: export.name.into(),
                        kind: convert::extern_kind(export.kind)?,
                        index: export.index,
                    });
                }
            }
            Payload::StartSection { func, .. } => module.start = Some(func),
            Payload::ElementSection(elements) => {
                for element in elements {
                    module.elements.push(convert::element_segment(element?)?);
                }
            }
            Payload::DataSection(segments) => {
                for segment in segments {
                    module.data.push(convert::data_segment(&segment?)?);
                }
            }
            Payload::CustomSection(section) => {
                if let wasmparser::KnownCustom::Name(section) = section.as_known() {
                    names::read_names(section, module);
                }
            }
            // Headers and counts, which the validator has compared with what follows.
            _ => {}
        }
        Ok(())
    }

    /// Adds an import, which precede all definitions in the index spaces.
    fn import(&mut self, import: wasmparser::Import<'_>) -> Result<(), DecodeError> {
        let module = &mut self.module;
        let ty = match import.ty {
            TypeRef::Func(index) => {
                let ty = &module.types[index as usize];
                self.budget.take(ty.params.len() + ty.results.len())?;
                module.functions.push(index);
                module.imported_functions += 1;
                ExternType::Func(ty.clone())
            }
            TypeRef::Table(ty) => {
                let ty = convert::table_type(ty)?;
                module.tables.push(ty);
                module.imported_tables += 1;
                ExternType::Table(ty)
            }
            TypeRef::Memory(ty) => {
                let ty = convert::memory_type(ty);
                module.memories.push(ty);
                module.imported_memories += 1;
                ExternType::Memory(ty)
            }
            TypeRef::Global(ty) => {
                let ty = convert::global_type(ty)?;
                module.globals.push(ty);
                module.imported_globals += 1;
                ExternType::Global(ty)
            }
            TypeRef::Tag(_) | TypeRef::FuncExact(_) => {
                return Err(DecodeError::UnsupportedConstruct("import kind"));
            }
        };
        module.imports.push(Import {
            module: import.module.into(),
            name: import.name.into(),
            ty,
        });
        Ok(())
    }

    /// Reads where the next body is and its locals, parameters first, within the limits.
    fn body(&mut self, body: &wasmparser::FunctionBody<'_>) -> Result<FunctionBody, DecodeError> {
        let func = self.module.imported_functions + self.module.bodies.len() as u32;
        let FuncType { params, .. } = self.module.function_type(func);
        self.budget.take(params.len())?;
        let mut locals = params.to_vec();
        let mut declarations = body.get_locals_reader()?.into_iter();
        for declaration in &mut declarations {
            let (count, ty) = declaration?;
            let total = locals.len() as u64 + u64::from(count);
            if total > u64::from(MAX_LOCALS) {
                return Err(DecodeError::TooManyLocals { func, total });
            }
            self.budget.take(count as usize)?;
            locals.resize(total as usize, val_type(ty)?);
        }
        let operators = declarations.into_binary_reader_for_operators();
        Ok(FunctionBody {
            range: convert::range(body.range()),
            first_operator: operators.original_position() as usize,
            locals: locals.into(),
            tail_calls: TailCalls::None,
            survey: Survey::default(),
        })
    }
}
