//! What of a generated module the pass that tames it must know.

use wasm_encoder::ValType;
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasmparser::{
    CompositeInnerType, DataKind, ElementItems, ElementKind, ExternalKind, Parser, Payload, TypeRef,
};

/// Parameters and results.
pub type Signature = (Vec<ValType>, Vec<ValType>);

/// Index spaces and exports of a module.
#[derive(Debug, Default)]
pub struct Shape {
    /// Function types, by type index.
    pub types: Vec<Signature>,
    /// Type index of each function, imported ones first.
    pub functions: Vec<u32>,
    /// How many functions are imported.
    pub imported_functions: u32,
    /// Element type and whether indices are 64 bits wide, by table.
    pub tables: Vec<(ValType, bool)>,
    /// Whether addresses are 64 bits wide, by memory.
    pub memories: Vec<bool>,
    /// How many globals.
    pub globals: u32,
    /// Lengths of the passive data segments; of an active one, which is not there any
    /// more once the program runs, 0.
    pub data: Vec<u64>,
    /// The same of the element segments.
    pub elements: Vec<u64>,
    /// Name, kind and index of each export.
    pub exports: Vec<(String, ExternalKind, u32)>,
}

impl Shape {
    /// Reads a module.
    ///
    /// # Panics
    ///
    /// Panics if it is not valid, or imports anything but functions.
    pub fn of(wasm: &[u8]) -> Self {
        let mut shape = Self::default();
        for payload in Parser::new(0).parse_all(wasm) {
            let payload = payload.expect("a well-formed module");
            shape.section(payload).expect("a well-formed section");
        }
        shape
    }

    /// The type of a function.
    pub fn signature(&self, function: u32) -> &Signature {
        &self.types[self.functions[function as usize] as usize]
    }

    fn section(&mut self, payload: Payload<'_>) -> wasmparser::Result<()> {
        match payload {
            Payload::TypeSection(section) => {
                for group in section {
                    let types = group?.into_types();
                    self.types.extend(types.map(|ty| {
                        let CompositeInnerType::Func(ty) = ty.composite_type.inner else {
                            unreachable!("other types are not enabled")
                        };
                        let encode = |types: &[wasmparser::ValType]| {
                            types.iter().map(|&ty| encode(ty)).collect()
                        };
                        (encode(ty.params()), encode(ty.results()))
                    }));
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let TypeRef::Func(ty) = import?.ty else {
                        unreachable!("only functions are offered for import")
                    };
                    self.functions.push(ty);
                    self.imported_functions += 1;
                }
            }
            Payload::FunctionSection(section) => {
                for ty in section {
                    self.functions.push(ty?);
                }
            }
            Payload::TableSection(section) => {
                for table in section {
                    let ty = table?.ty;
                    let element = encode(wasmparser::ValType::Ref(ty.element_type));
                    self.tables.push((element, ty.table64));
                }
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    self.memories.push(memory?.memory64);
                }
            }
            Payload::GlobalSection(section) => self.globals = section.count(),
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export?;
                    self.exports
                        .push((export.name.into(), export.kind, export.index));
                }
            }
            Payload::DataSection(section) => {
                for segment in section {
                    let segment = segment?;
                    let is_passive = matches!(segment.kind, DataKind::Passive);
                    self.data.push(if is_passive {
                        segment.data.len() as u64
                    } else {
                        0
                    });
                }
            }
            Payload::ElementSection(section) => {
                for segment in section {
                    let segment = segment?;
                    let is_passive = matches!(segment.kind, ElementKind::Passive);
                    let len = match segment.items {
                        ElementItems::Functions(items) => items.count(),
                        ElementItems::Expressions(_, items) => items.count(),
                    };
                    self.elements.push(if is_passive { len.into() } else { 0 });
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// A type in the encoder's vocabulary.
pub fn encode(ty: wasmparser::ValType) -> ValType {
    RoundtripReencoder
        .val_type(ty)
        .expect("no type refers to an index")
}
