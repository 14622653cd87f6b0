//! Makes random modules do real work.
//!
//! Of the calls of a module as `wasm-smith` makes it, three in four end in a trap
//! after a few instructions. This pass keeps the module's instructions, but puts
//! others before them, so that
//!
//! * addresses, indices and lengths are in bounds, and divisors and truncated floats in
//!   range, but for one in [`WILD_ONE_IN`] instructions;
//! * `call_indirect` finds a function of its type, if there is one, in a table of this
//!   pass's own;
//! * functions and loops use up fuel, a global that the host refills before each call;
//!   without fuel, a function returns zeros. As loops and recursion end together
//!   with the fuel, no stack is ever exhausted, at whichever depth that would be;
//! * no bits of NaNs can be seen that WebAssembly leaves open ([`Nans`]).
//!
//! Memories and tables get sizes and maxima at which no engine has reason to refuse
//! to grow them.

use crate::body::Body;
use crate::features::FEATURES;
use crate::random::Random;
use crate::shape::Shape;
use std::convert::Infallible;
use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, ElementSection, Elements, ExportKind, ExportSection,
    GlobalSection, GlobalType, MemorySection, MemoryType, Module, RefType, TableSection, TableType,
    ValType,
};

/// Of how many instructions that can trap one is left as it is.
pub const WILD_ONE_IN: usize = 60;

/// Name of the exported global that holds the fuel.
pub const FUEL: &str = "fuel";

/// Least pages of a memory: what [`Body`]'s masks let instructions reach.
const MEMORY_PAGES: u64 = 3;
const MAX_MEMORY_PAGES: u64 = 6;

/// Least elements of a table, likewise.
const TABLE_ELEMENTS: u64 = 32;
const MAX_TABLE_ELEMENTS: u64 = 64;

/// What is done so that no bits of a NaN are seen that WebAssembly leaves open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nans {
    /// Whatever computes floats is followed by code that makes any NaN the canonical one.
    AtOrigin,
    /// Whatever would let a NaN's bits be seen is preceded by it.
    AtUse,
}

/// Functions of one type in the pass's own table: a power of two of entries.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) first: u32,
    pub(crate) mask: u32,
}

/// The pass.
pub(crate) struct Tamer {
    pub(crate) shape: Shape,
    pub(crate) nans: Nans,
    pub(crate) random: Random,
    /// By type index; None where no function has such a type.
    pub(crate) groups: Vec<Option<Group>>,
    callees: Vec<u32>,
    bodies: u32,
}

/// Puts a module through the pass.
///
/// # Panics
///
/// Panics if the module is not valid, or has no table, memory, global, element
/// segment or export.
pub fn tame(wasm: &[u8], nans: Nans, fuel: u32, random: Random) -> Vec<u8> {
    let shape = Shape::of(wasm);
    let (groups, callees) = groups(&shape);
    let tamer = Tamer {
        shape,
        nans,
        random,
        groups,
        callees,
        bodies: 0,
    };
    let mut module = Module::new();
    Rewrite { tamer, fuel }
        .parse_core_module(&mut module, wasmparser::Parser::new(0), wasm)
        .expect("the generator makes valid modules");
    module.finish()
}

/// Lays functions out by type.
fn groups(shape: &Shape) -> (Vec<Option<Group>>, Vec<u32>) {
    let mut callees = Vec::new();
    let mut group_of = |ty| {
        let is_of_type = |&function: &u32| shape.signature(function) == ty;
        let functions: Vec<_> = (0..shape.functions.len() as u32)
            .filter(is_of_type)
            .collect();
        let len = functions.len().checked_next_power_of_two()?;
        if functions.is_empty() {
            return None;
        }
        let first = callees.len() as u32;
        callees.extend(functions.iter().cycle().take(len));
        let mask = len as u32 - 1;
        Some(Group { first, mask })
    };
    let groups = shape.types.iter().map(&mut group_of).collect();
    (groups, callees)
}

impl Tamer {
    /// Index of the global that holds the fuel.
    pub(crate) fn fuel_global(&self) -> u32 {
        self.shape.globals
    }

    /// Index of the pass's own table.
    pub(crate) fn call_table(&self) -> u32 {
        self.shape.tables.len() as u32
    }

    /// Type index of the next body.
    fn next_function(&mut self) -> u32 {
        let function = self.shape.imported_functions + self.bodies;
        self.bodies += 1;
        self.shape.functions[function as usize]
    }

    fn offset(&mut self, is_64: bool, bound: usize) -> ConstExpr {
        let offset = self.random.below(bound);
        match (is_64, FEATURES.extended_const && self.random.is_one_in(2)) {
            (false, false) => ConstExpr::i32_const(offset as i32),
            (true, false) => ConstExpr::i64_const(offset as i64),
            (false, true) => ConstExpr::i32_const(offset as i32 - 5)
                .with_i32_const(5)
                .with_i32_add(),
            (true, true) => ConstExpr::i64_const(offset as i64 + 7)
                .with_i64_const(7)
                .with_i64_sub(),
        }
    }
}

/// The module-level part of the pass.
struct Rewrite {
    tamer: Tamer,
    fuel: u32,
}

type Done = Result<(), Error<Infallible>>;

impl Reencode for Rewrite {
    type Error = Infallible;

    fn memory_type(&mut self, ty: wasmparser::MemoryType) -> Result<MemoryType, Error<Infallible>> {
        let minimum = MEMORY_PAGES + self.tamer.random.below(2) as u64;
        Ok(MemoryType {
            minimum,
            maximum: Some(MAX_MEMORY_PAGES),
            ..utils::memory_type(self, ty)
        })
    }

    fn table_type(&mut self, ty: wasmparser::TableType) -> Result<TableType, Error<Infallible>> {
        let minimum = TABLE_ELEMENTS + self.tamer.random.below(8) as u64;
        Ok(TableType {
            minimum,
            maximum: Some(MAX_TABLE_ELEMENTS),
            ..utils::table_type(self, ty)?
        })
    }

    fn parse_table_section(
        &mut self,
        tables: &mut TableSection,
        section: wasmparser::TableSectionReader<'_>,
    ) -> Done {
        utils::parse_table_section(self, tables, section)?;
        let len = self.tamer.callees.len() as u64;
        tables.table(TableType {
            element_type: RefType::FUNCREF,
            minimum: len,
            maximum: Some(len),
            table64: false,
            shared: false,
        });
        Ok(())
    }

    fn parse_memory_section(
        &mut self,
        memories: &mut MemorySection,
        section: wasmparser::MemorySectionReader<'_>,
    ) -> Done {
        utils::parse_memory_section(self, memories, section)
    }

    fn parse_global_section(
        &mut self,
        globals: &mut GlobalSection,
        section: wasmparser::GlobalSectionReader<'_>,
    ) -> Done {
        utils::parse_global_section(self, globals, section)?;
        let ty = GlobalType {
            val_type: ValType::I32,
            mutable: true,
            shared: false,
        };
        globals.global(ty, &ConstExpr::i32_const(self.fuel as i32));
        Ok(())
    }

    fn parse_export_section(
        &mut self,
        exports: &mut ExportSection,
        section: wasmparser::ExportSectionReader<'_>,
    ) -> Done {
        utils::parse_export_section(self, exports, section)?;
        exports.export(FUEL, ExportKind::Global, self.tamer.fuel_global());
        Ok(())
    }

    fn parse_data(&mut self, data: &mut DataSection, datum: wasmparser::Data<'_>) -> Done {
        let bytes = datum.data.iter().copied();
        match datum.kind {
            wasmparser::DataKind::Active { memory_index, .. } => {
                let is_64 = self.tamer.shape.memories[memory_index as usize];
                let offset = self.tamer.offset(is_64, 0x8000);
                data.active(memory_index, &offset, bytes);
            }
            wasmparser::DataKind::Passive => {
                data.passive(bytes);
            }
        }
        Ok(())
    }

    fn parse_element_section(
        &mut self,
        elements: &mut ElementSection,
        section: wasmparser::ElementSectionReader<'_>,
    ) -> Done {
        utils::parse_element_section(self, elements, section)?;
        let callees = Elements::Functions(self.tamer.callees.as_slice().into());
        let table = self.tamer.call_table();
        elements.active(Some(table), &ConstExpr::i32_const(0), callees);
        Ok(())
    }

    fn parse_element(
        &mut self,
        elements: &mut ElementSection,
        element: wasmparser::Element<'_>,
    ) -> Done {
        let wasmparser::ElementKind::Active { table_index, .. } = element.kind else {
            return utils::parse_element(self, elements, element);
        };
        let (_, is_64) = self.tamer.shape.tables[table_index.unwrap_or(0) as usize];
        let offset = self.tamer.offset(is_64, 12);
        let items = utils::element_items(self, element.items)?;
        elements.active(table_index, &offset, items);
        Ok(())
    }

    fn parse_function_body(
        &mut self,
        code: &mut CodeSection,
        body: wasmparser::FunctionBody<'_>,
    ) -> Done {
        let ty = self.tamer.next_function();
        let mut locals = Vec::new();
        for declaration in body.get_locals_reader()? {
            let (count, ty) = declaration?;
            let ty = self.val_type(ty)?;
            locals.extend((0..count).map(|_| ty));
        }
        let mut out = Body::new(&mut self.tamer, ty, locals);
        for operator in body.get_operators_reader()? {
            let instruction = wasm_encoder::reencode::RoundtripReencoder.instruction(operator?)?;
            out.add(instruction);
        }
        code.function(&out.finish());
        Ok(())
    }
}
