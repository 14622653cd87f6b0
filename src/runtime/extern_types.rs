//! What a module imports and exports, by name and type.

use super::{Engine, Module};
use crate::module::{DecodeError, Export, ExternKind, ExternType, Import};

/// One import of a module.
#[derive(Clone, Copy, Debug)]
pub struct ImportType<'m> {
    import: &'m Import,
}

impl<'m> ImportType<'m> {
    /// The module name.
    pub fn module(&self) -> &'m str {
        &self.import.module
    }

    /// The field name.
    pub fn name(&self) -> &'m str {
        &self.import.name
    }

    /// What it must be.
    pub fn ty(&self) -> ExternType {
        self.import.ty.clone()
    }
}

/// One export of a module.
#[derive(Clone, Copy, Debug)]
pub struct ExportType<'m> {
    module: &'m crate::module::Module,
    export: &'m Export,
}

impl<'m> ExportType<'m> {
    /// Its name.
    pub fn name(&self) -> &'m str {
        &self.export.name
    }

    /// What it is. Tables and memories have the size that they begin with as minimum.
    pub fn ty(&self) -> ExternType {
        let (module, index) = (self.module, self.export.index);
        match self.export.kind {
            ExternKind::Func => ExternType::Func(module.function_type(index).clone()),
            ExternKind::Table => ExternType::Table(module.tables[index as usize]),
            ExternKind::Memory => ExternType::Memory(module.memories[index as usize]),
            ExternKind::Global => ExternType::Global(module.globals[index as usize]),
        }
    }
}

impl Module {
    /// Checks that bytes are a module that the engine's configuration admits, without
    /// compiling it.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] says what is wrong, and where.
    pub fn validate(engine: &Engine, bytes: &[u8]) -> Result<(), DecodeError> {
        crate::module::Module::decode_with(bytes, engine.config().wasm_features).map(drop)
    }

    /// The module's name, if its name section has one.
    pub fn name(&self) -> Option<&str> {
        self.inner().name.as_deref()
    }

    /// Its imports, in its order.
    pub fn imports(&self) -> impl ExactSizeIterator<Item = ImportType<'_>> {
        self.inner()
            .imports
            .iter()
            .map(|import| ImportType { import })
    }

    /// Its exports, in its order.
    pub fn exports(&self) -> impl ExactSizeIterator<Item = ExportType<'_>> {
        let module = self.inner();
        let exports = module.exports.iter();
        exports.map(move |export| ExportType { module, export })
    }

    /// The type of an export.
    pub fn get_export(&self, name: &str) -> Option<ExternType> {
        let module = self.inner();
        let export = module.export(name)?;
        Some(ExportType { module, export }.ty())
    }
}
