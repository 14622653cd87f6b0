//! Checks an image's store against the modules it claims to run.
//!
//! Afterwards every address is in range, every entity has the type that each
//! module which defines or imports it declares, and each definition belongs to
//! one instance: what machine code takes for granted about its context. Frames
//! are checked here only as far as the store goes; see [`crate::frame`].

use super::{
    FunctionState, InstanceImage, InstanceState, Section, TableElements, TableState, ValidateError,
};
use crate::abi::{FuncAddr, FuncType, Val, ValType};
use crate::frame::HostCall;
use crate::module::{Module, ModuleHash};
use alloc::collections::BTreeSet;
use alloc::vec;
use alloc::vec::Vec;
use core::ops::Deref;

/// An image that can be the state of a store which runs the modules that it names: nothing
/// but its frames is left to be checked.
#[derive(Clone, Debug)]
pub struct ValidatedImage<'a> {
    image: InstanceImage<'a>,
}

impl<'a> ValidatedImage<'a> {
    /// The image alone, that may be changed.
    pub fn into_inner(self) -> InstanceImage<'a> {
        self.image
    }
}

impl<'a> Deref for ValidatedImage<'a> {
    type Target = InstanceImage<'a>;

    fn deref(&self) -> &InstanceImage<'a> {
        &self.image
    }
}

impl<'a> InstanceImage<'a> {
    /// Checks the store against the modules it claims to run, which may come in any
    /// order: every address is in range, every entity has the type that modules
    /// declare, every size is within its limits.
    ///
    /// # Errors
    ///
    /// [`ValidateError`] names the entity and the reason.
    pub fn validate(self, modules: &[&Module]) -> Result<ValidatedImage<'a>, ValidateError> {
        self.check(modules)?;
        Ok(ValidatedImage { image: self })
    }
}

impl InstanceImage<'_> {
    fn check(&self, modules: &[&Module]) -> Result<(), ValidateError> {
        let modules = find_modules(&self.modules, modules)?;
        self.validate_entities()?;
        let validator = Validator {
            image: self,
            instances: self.instance_modules(&modules)?,
        };
        validator.validate_instances()?;
        validator.validate_functions()?;
        self.validate_frames()
    }

    /// The module of every instance.
    fn instance_modules<'m>(
        &self,
        modules: &[&'m Module],
    ) -> Result<Vec<(&InstanceState, &'m Module)>, ValidateError> {
        let instances = self.instances.iter().enumerate();
        let found = instances.map(|(instance, state)| {
            let module = state.module;
            match modules.get(module as usize) {
                Some(found) => Ok((state, *found)),
                None => Err(ValidateError::InstanceModule { instance, module }),
            }
        });
        found.collect()
    }

    /// Checks what each table, memory and global says of itself.
    fn validate_entities(&self) -> Result<(), ValidateError> {
        for (table, state) in self.tables.iter().enumerate() {
            self.validate_table(table, state)?;
        }
        for (memory, state) in self.memories.iter().enumerate() {
            let limits = state.ty.minimum..=state.ty.size_limit();
            if !limits.contains(&state.size_pages) {
                let size_pages = state.size_pages;
                return Err(ValidateError::MemorySize { memory, size_pages });
            }
        }
        for (global, state) in self.globals.iter().enumerate() {
            let (expected, found) = (state.ty.value, state.value.ty());
            if expected != found {
                return Err(ValidateError::GlobalType {
                    global,
                    expected,
                    found,
                });
            }
            if let Some(function) = self.missing_function(&state.value) {
                return Err(ValidateError::GlobalFunction { global, function });
            }
        }
        Ok(())
    }

    fn validate_table(&self, table: usize, state: &TableState) -> Result<(), ValidateError> {
        let size = state.elements.len() as u64;
        if !(state.ty.minimum..=state.ty.size_limit()).contains(&size) {
            return Err(ValidateError::TableSize { table, size });
        }
        match (state.ty.element, &state.elements) {
            (ValType::ExternRef, TableElements::Extern(_)) => Ok(()),
            (ValType::FuncRef, TableElements::Func(elements)) => {
                let missing = elements.iter().enumerate().find_map(|(element, value)| {
                    let function = self.missing_function(&Val::FuncRef(*value))?;
                    Some(ValidateError::TableFunction {
                        table,
                        element,
                        function,
                    })
                });
                missing.map_or(Ok(()), Err)
            }
            (expected, _) => Err(ValidateError::TableElements { table, expected }),
        }
    }

    /// Checks the addresses in frames.
    fn validate_frames(&self) -> Result<(), ValidateError> {
        let Some(state) = &self.execution_state else {
            return Ok(());
        };
        for (frame, dump) in state.frames.iter().enumerate() {
            self.validate_frame_instance(frame, dump.instance)?;
            let values = dump.stack.iter().chain(&dump.locals).flatten();
            self.validate_values(frame, values)?;
        }
        match &state.host_call {
            Some(HostCall::Returned(results)) => self.validate_values(0, results.iter()),
            Some(HostCall::Pending(call)) => {
                let function = Val::FuncRef(Some(call.function));
                let values = core::iter::once(&function).chain(&call.arguments);
                self.validate_values(0, values)?;
                self.validate_frame_instance(0, call.instance)
            }
            None => Ok(()),
        }
    }

    fn validate_frame_instance(&self, frame: usize, instance: u32) -> Result<(), ValidateError> {
        match (instance as usize) < self.instances.len() {
            true => Ok(()),
            false => Err(ValidateError::FrameInstance { frame, instance }),
        }
    }

    fn validate_values<'v>(
        &self,
        frame: usize,
        mut values: impl Iterator<Item = &'v Val>,
    ) -> Result<(), ValidateError> {
        match values.find_map(|value| self.missing_function(value)) {
            Some(function) => Err(ValidateError::FrameFunction { frame, function }),
            None => Ok(()),
        }
    }

    /// The address of the function that a value refers to, if the store has no such function.
    fn missing_function(&self, value: &Val) -> Option<u32> {
        match value {
            Val::FuncRef(Some(FuncAddr(function))) => {
                (*function as usize >= self.functions.len()).then_some(*function)
            }
            _ => None,
        }
    }
}

/// Finds the modules that an image lists among those given.
fn find_modules<'m>(
    hashes: &[ModuleHash],
    modules: &[&'m Module],
) -> Result<Vec<&'m Module>, ValidateError> {
    let mut seen = BTreeSet::new();
    let found = hashes.iter().map(|&hash| {
        if !seen.insert(hash) {
            return Err(ValidateError::DuplicateModule { hash });
        }
        let module = modules.iter().find(|module| module.hash == hash);
        module.copied().ok_or(ValidateError::UnknownModule { hash })
    });
    found.collect()
}

/// An image and the modules of its instances.
struct Validator<'i, 'm> {
    image: &'i InstanceImage<'i>,
    instances: Vec<(&'i InstanceState, &'m Module)>,
}

/// Which entities of one kind have been found to be defined by an instance.
struct Definitions(Vec<bool>);

impl Definitions {
    fn new(count: usize) -> Self {
        Self(vec![false; count])
    }

    /// Notes a definition; false if it was known before.
    fn insert(&mut self, address: u32) -> bool {
        !core::mem::replace(&mut self.0[address as usize], true)
    }
}

impl Validator<'_, '_> {
    fn validate_instances(&self) -> Result<(), ValidateError> {
        let mut tables = Definitions::new(self.image.tables.len());
        let mut memories = Definitions::new(self.image.memories.len());
        let mut globals = Definitions::new(self.image.globals.len());
        for instance in 0..self.instances.len() {
            self.validate_counts(instance)?;
            self.validate_instance_functions(instance)?;
            self.validate_tables(instance, &mut tables)?;
            self.validate_memories(instance, &mut memories)?;
            self.validate_globals(instance, &mut globals)?;
        }
        Ok(())
    }

    /// Compares the lengths of an instance's lists with those of its module.
    fn validate_counts(&self, instance: usize) -> Result<(), ValidateError> {
        let (state, module) = self.instances[instance];
        let counts = [
            (
                Section::Functions,
                module.functions.len(),
                state.functions.len(),
            ),
            (Section::Tables, module.tables.len(), state.tables.len()),
            (
                Section::Memories,
                module.memories.len(),
                state.memories.len(),
            ),
            (Section::Globals, module.globals.len(), state.globals.len()),
            (
                Section::Elements,
                module.elements.len(),
                state.dropped_elements.len(),
            ),
            (Section::Data, module.data.len(), state.dropped_data.len()),
        ];
        match counts
            .into_iter()
            .find(|(_, expected, found)| expected != found)
        {
            None => Ok(()),
            Some((section, expected, found)) => Err(ValidateError::Count {
                instance,
                section,
                expected,
                found,
            }),
        }
    }

    fn validate_instance_functions(&self, instance: usize) -> Result<(), ValidateError> {
        let (state, module) = self.instances[instance];
        for (index, &FuncAddr(address)) in state.functions.iter().enumerate() {
            let entity = Entity::new(instance, Section::Functions, index);
            let function = entity.find(&self.image.functions, address)?;
            if index < module.imported_functions as usize {
                let declared = module.function_type(index as u32);
                entity.require_type(self.function_type(function) == Some(declared))?;
            } else {
                let itself = FunctionState::Defined {
                    instance: instance as u32,
                    index: index as u32,
                };
                entity.require_unshared(*function == itself)?;
            }
        }
        Ok(())
    }

    /// The type of a function; None if it names a definition that does not exist.
    fn function_type<'s>(&'s self, function: &'s FunctionState) -> Option<&'s FuncType> {
        match function {
            FunctionState::Host { ty, .. } => Some(ty),
            FunctionState::Defined { instance, index } => {
                let (_, module) = self.instances.get(*instance as usize)?;
                module.body(*index)?;
                Some(module.function_type(*index))
            }
        }
    }

    /// Checks that each wasm function is the one its instance has at this address.
    fn validate_functions(&self) -> Result<(), ValidateError> {
        for (function, state) in self.image.functions.iter().enumerate() {
            let &FunctionState::Defined { instance, index } = state else {
                continue;
            };
            let address = self
                .instances
                .get(instance as usize)
                .and_then(|(state, module)| {
                    module.body(index)?;
                    state.functions.get(index as usize)
                });
            if address != Some(&FuncAddr(function as u32)) {
                return Err(ValidateError::Function {
                    function,
                    instance,
                    index,
                });
            }
        }
        Ok(())
    }

    fn validate_tables(
        &self,
        instance: usize,
        defined: &mut Definitions,
    ) -> Result<(), ValidateError> {
        let (state, module) = self.instances[instance];
        for (index, &address) in state.tables.iter().enumerate() {
            let entity = Entity::new(instance, Section::Tables, index);
            let table = entity.find(&self.image.tables, address)?;
            let declared = &module.tables[index];
            let limits = Limits {
                minimum: declared.minimum,
                maximum: declared.maximum,
            };
            let is_import = index < module.imported_tables as usize;
            let size = table.elements.len() as u64;
            entity.require_type(
                table.ty.element == declared.element
                    && table.ty.address == declared.address
                    && limits.allow(size, table.ty.maximum, is_import),
            )?;
            entity.require_unshared(is_import || defined.insert(address))?;
        }
        Ok(())
    }

    fn validate_memories(
        &self,
        instance: usize,
        defined: &mut Definitions,
    ) -> Result<(), ValidateError> {
        let (state, module) = self.instances[instance];
        for (index, &address) in state.memories.iter().enumerate() {
            let entity = Entity::new(instance, Section::Memories, index);
            let memory = entity.find(&self.image.memories, address)?;
            let declared = &module.memories[index];
            let limits = Limits {
                minimum: declared.minimum,
                maximum: declared.maximum,
            };
            let is_import = index < module.imported_memories as usize;
            entity.require_type(
                memory.ty.address == declared.address
                    && limits.allow(memory.size_pages, memory.ty.maximum, is_import),
            )?;
            entity.require_unshared(is_import || defined.insert(address))?;
        }
        Ok(())
    }

    fn validate_globals(
        &self,
        instance: usize,
        defined: &mut Definitions,
    ) -> Result<(), ValidateError> {
        let (state, module) = self.instances[instance];
        for (index, &address) in state.globals.iter().enumerate() {
            let entity = Entity::new(instance, Section::Globals, index);
            let global = entity.find(&self.image.globals, address)?;
            entity.require_type(global.ty == module.globals[index])?;
            let is_import = index < module.imported_globals as usize;
            entity.require_unshared(is_import || defined.insert(address))?;
        }
        Ok(())
    }
}

/// Declared limits of a table or memory.
struct Limits {
    minimum: u64,
    maximum: Option<u64>,
}

impl Limits {
    /// Whether an entity of this size and maximum can be what is declared
    /// (WebAssembly 2.0, section 4.5.3, import matching; a definition has its declared maximum).
    fn allow(&self, size: u64, maximum: Option<u64>, is_import: bool) -> bool {
        let is_maximum_right = match (self.maximum, maximum) {
            (None, _) if is_import => true,
            (Some(declared), Some(maximum)) if is_import => maximum <= declared,
            (declared, maximum) => declared == maximum,
        };
        size >= self.minimum && is_maximum_right
    }
}

/// An entry of one of an instance's lists, for errors to name.
struct Entity {
    instance: usize,
    section: Section,
    index: usize,
}

impl Entity {
    fn new(instance: usize, section: Section, index: usize) -> Self {
        Self {
            instance,
            section,
            index,
        }
    }

    /// The store's entity with this address.
    fn find<'s, T>(&self, entities: &'s [T], address: u32) -> Result<&'s T, ValidateError> {
        let entity = entities.get(address as usize);
        entity.ok_or(ValidateError::Address {
            instance: self.instance,
            section: self.section,
            index: self.index,
            address,
        })
    }

    fn require_type(&self, is_right: bool) -> Result<(), ValidateError> {
        if is_right {
            return Ok(());
        }
        Err(ValidateError::Type {
            instance: self.instance,
            section: self.section,
            index: self.index,
        })
    }

    fn require_unshared(&self, is_right: bool) -> Result<(), ValidateError> {
        if is_right {
            return Ok(());
        }
        Err(ValidateError::SharedDefinition {
            instance: self.instance,
            section: self.section,
            index: self.index,
        })
    }
}
