//! Resolves a module's imports by name.

use super::func::add_host_func;
use super::host_func::{Dynamic, HostClosure, TypedHostFunc};
use super::instantiate::IndexSpaces;
use super::store::StoreInner;
use super::{
    AsContext, AsContextMut, Caller, Extern, Func, HostError, Instance, InstantiateError, IntoFunc,
    Module,
};
use crate::abi::{FuncAddr, FuncType, Val, ValType};
use crate::module::{AddressType, ExternType, Import, MemoryType, TableType};
use crate::platform::PlatformError;
use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;

/// Names and what they stand for: host functions, which any store can have, and
/// things of one store. A later definition of a name replaces the one before.
pub struct Linker<T> {
    definitions: BTreeMap<String, BTreeMap<String, Definition<T>>>,
}

enum Definition<T> {
    Host(HostDefinition<T>),
    Extern(Extern),
}

// By hand: a derived one would ask for `T: Clone`.
impl<T> Clone for Linker<T> {
    fn clone(&self) -> Self {
        Self {
            definitions: self.definitions.clone(),
        }
    }
}

impl<T> Clone for Definition<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Host(host) => Self::Host(host.clone()),
            Self::Extern(value) => Self::Extern(*value),
        }
    }
}

impl<T> Clone for HostDefinition<T> {
    fn clone(&self) -> Self {
        Self {
            ty: self.ty.clone(),
            closure: self.closure.clone(),
        }
    }
}

/// A linker has nothing under a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown import: \"{module}\" \"{name}\"")]
pub struct UnknownImport {
    /// The module name.
    pub module: String,
    /// The field name.
    pub name: String,
}

/// A host function, not yet of any store.
pub(super) struct HostDefinition<T> {
    pub(super) ty: Arc<FuncType>,
    closure: HostClosure<T>,
}

impl<T: 'static> Default for Linker<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: 'static> Linker<T> {
    /// Makes an empty linker.
    pub fn new() -> Self {
        Self {
            definitions: BTreeMap::new(),
        }
    }

    /// Defines a host function. It gets its arguments, and results of the
    /// right number and types, all zero or null, which it replaces.
    ///
    /// # Panics
    ///
    /// A call panics if the function leaves a result of another type.
    pub fn func_new(
        &mut self,
        module: &str,
        name: &str,
        ty: FuncType,
        func: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<(), HostError>
        + Send
        + Sync
        + 'static,
    ) -> &mut Self {
        let ty = Arc::new(ty);
        let closure = Dynamic {
            ty: ty.clone(),
            func,
        };
        let closure = Arc::new(closure);
        self.insert(
            module,
            name,
            Definition::Host(HostDefinition { ty, closure }),
        )
    }

    /// Defines a host function, of the type that the closure's parameters and results
    /// stand for; see [`IntoFunc`]. Otherwise as [`Self::func_new`], but faster to call.
    pub fn func_wrap<Params, Results>(
        &mut self,
        module: &str,
        name: &str,
        func: impl IntoFunc<T, Params, Results>,
    ) -> &mut Self {
        let TypedHostFunc { ty, closure } = func.into_func();
        let ty = Arc::new(ty);
        self.insert(
            module,
            name,
            Definition::Host(HostDefinition { ty, closure }),
        )
    }

    /// Defines a name as a thing of a store.
    pub fn define(&mut self, module: &str, name: &str, value: impl Into<Extern>) -> &mut Self {
        self.insert(module, name, Definition::Extern(value.into()))
    }

    /// Defines every export of an instance under the module name `module`.
    ///
    /// # Panics
    ///
    /// Panics if the instance is of another store.
    pub fn instance(
        &mut self,
        store: impl AsContext<Data = T>,
        module: &str,
        instance: Instance,
    ) -> &mut Self {
        for (name, value) in instance.exports(store) {
            self.define(module, &name, value);
        }
        self
    }

    /// Defines every imported function of `module` that has no definition yet as
    /// one that returns zeros and nulls. A host function of another type is none of that import,
    /// and is replaced: there are dialects of WASI that differ in a function's parameters.
    pub fn define_unknown_imports_as_default_values(&mut self, module: &Module) -> &mut Self {
        self.define_unknown_imports(module, |_| |_, _, _| Ok(()))
    }

    /// Defines every imported function of `module` that has no definition yet, or one of another
    /// type, as one that ends the call with [`UnknownImport`].
    pub fn define_unknown_imports_as_traps(&mut self, module: &Module) -> &mut Self {
        self.define_unknown_imports(module, |import| {
            let unknown = UnknownImport {
                module: import.module.clone(),
                name: import.name.clone(),
            };
            move |_, _, _| Err(HostError::new(unknown.clone()))
        })
    }

    fn define_unknown_imports<F>(
        &mut self,
        module: &Module,
        make: impl Fn(&Import) -> F,
    ) -> &mut Self
    where
        F: Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<(), HostError> + Send + Sync + 'static,
    {
        for import in &module.inner().imports {
            let ExternType::Func(ty) = &import.ty else {
                continue;
            };
            let is_unknown = match self.definition(import) {
                Some(Definition::Host(host)) => *host.ty != *ty,
                Some(Definition::Extern(_)) => false,
                None => true,
            };
            if is_unknown {
                self.func_new(&import.module, &import.name, ty.clone(), make(import));
            }
        }
        self
    }

    /// Gives what is defined under a name another one. A host function is known by the name that
    /// it was imported by, in images too.
    ///
    /// # Errors
    ///
    /// [`UnknownImport`]: there is nothing under the first name.
    pub fn alias(
        &mut self,
        module: &str,
        name: &str,
        as_module: &str,
        as_name: &str,
    ) -> Result<&mut Self, UnknownImport> {
        let definition = self.find(module, name).cloned();
        let definition = definition.ok_or_else(|| UnknownImport {
            module: module.to_owned(),
            name: name.to_owned(),
        })?;
        Ok(self.insert(as_module, as_name, definition))
    }

    /// What is defined under a name, as a thing of a store, to which a host function is added
    /// if it is not there yet.
    ///
    /// # Errors
    ///
    /// [`PlatformError`]: there is no memory for the thunk of a new type.
    ///
    /// # Panics
    ///
    /// Panics if it is a thing of another store.
    pub fn get(
        &self,
        mut store: impl AsContextMut<Data = T>,
        module: &str,
        name: &str,
    ) -> Result<Option<Extern>, PlatformError> {
        let mut context = store.as_context_mut();
        match self.find(module, name) {
            None => Ok(None),
            Some(Definition::Extern(value)) => {
                context.core().check_store(value.store());
                Ok(Some(*value))
            }
            Some(Definition::Host(host)) => {
                let addr = host.link(module, name, context.inner_mut())?;
                let store = context.core().id;
                Ok(Some(Extern::Func(Func { store, addr })))
            }
        }
    }

    /// Instantiates a module: links it and initialises its tables and
    /// memories. Does not run its start function: see [`Instance::start`].
    ///
    /// # Errors
    ///
    /// [`InstantiateError`].
    ///
    /// # Panics
    ///
    /// Panics if an import is of another store, or the module of another engine.
    pub fn instantiate(
        &self,
        mut store: impl AsContextMut<Data = T>,
        module: &Module,
    ) -> Result<Instance, InstantiateError> {
        let mut context = store.as_context_mut();
        context.core().check_instantiation(module)?;
        for import in &module.inner().imports {
            let definition = self.definition(import).ok_or_else(|| unknown(import))?;
            check_import(import, &definition.ty(&context))?;
        }
        let mut imports = IndexSpaces::default();
        for import in &module.inner().imports {
            let definition = self.definition(import).ok_or_else(|| unknown(import))?;
            definition.link(import, context.inner_mut(), &mut imports)?;
        }
        let core = context.core_mut();
        let index = core.instantiate(module, imports)?;
        Ok(Instance {
            store: core.id,
            index,
        })
    }

    /// The host function that is defined under a name.
    pub(super) fn host_function(&self, module: &str, name: &str) -> Option<&HostDefinition<T>> {
        match self.find(module, name)? {
            Definition::Host(host) => Some(host),
            Definition::Extern(_) => None,
        }
    }

    fn definition(&self, import: &Import) -> Option<&Definition<T>> {
        self.find(&import.module, &import.name)
    }

    fn find(&self, module: &str, name: &str) -> Option<&Definition<T>> {
        self.definitions.get(module)?.get(name)
    }

    fn insert(&mut self, module: &str, name: &str, definition: Definition<T>) -> &mut Self {
        let fields = self.definitions.entry(module.to_owned()).or_default();
        fields.insert(name.to_owned(), definition);
        self
    }
}

impl<T: 'static> Definition<T> {
    fn ty(&self, store: impl AsContext<Data = T>) -> ExternType {
        match self {
            Self::Host(host) => ExternType::Func((*host.ty).clone()),
            Self::Extern(value) => value.ty(store),
        }
    }

    fn link(
        &self,
        import: &Import,
        inner: &mut StoreInner<T>,
        imports: &mut IndexSpaces,
    ) -> Result<(), InstantiateError> {
        match self {
            Self::Host(host) => {
                let addr = host.link(&import.module, &import.name, inner)?;
                imports.functions.push(addr);
            }
            Self::Extern(value) => imports.import(*value),
        }
        Ok(())
    }
}

impl<T> HostDefinition<T> {
    /// The function's address in a store, to which it is added if it is not there yet.
    pub(super) fn link(
        &self,
        module: &str,
        name: &str,
        inner: &mut StoreInner<T>,
    ) -> Result<FuncAddr, PlatformError> {
        let mut closures = inner.closures.iter();
        // One definition is one closure, at an address of its own.
        let known = closures.position(|closure| {
            core::ptr::addr_eq(Arc::as_ptr(closure), Arc::as_ptr(&self.closure))
        });
        if let Some(index) = known {
            return Ok(inner.core.host_funcs[index].addr);
        }
        self.add(module, name, inner)
    }

    /// Adds the function to a store, at the next address.
    pub(super) fn add(
        &self,
        module: &str,
        name: &str,
        inner: &mut StoreInner<T>,
    ) -> Result<FuncAddr, PlatformError> {
        let name = Some((module.to_owned(), name.to_owned()));
        add_host_func(inner, self.ty.clone(), name, self.closure.clone())
    }
}

fn unknown(import: &Import) -> InstantiateError {
    InstantiateError::UnknownImport {
        module: import.module.clone(),
        name: import.name.clone(),
    }
}

/// Checks that something has the type that a module demands.
pub(super) fn check_import(import: &Import, found: &ExternType) -> Result<(), InstantiateError> {
    let matches = match (&import.ty, found) {
        (ExternType::Func(expected), ExternType::Func(found)) => expected == found,
        (ExternType::Table(expected), ExternType::Table(found)) => table_matches(expected, found),
        (ExternType::Memory(expected), ExternType::Memory(found)) => {
            memory_matches(expected, found)
        }
        (ExternType::Global(expected), ExternType::Global(found)) => expected == found,
        _ => false,
    };
    if matches {
        return Ok(());
    }
    Err(InstantiateError::IncompatibleImport {
        module: import.module.clone(),
        name: import.name.clone(),
        expected: describe(&import.ty),
        found: describe(found),
    })
}

/// Whether a size and maximum fit in the limits of an import (WebAssembly 2.0, section 3.4.1).
fn limits_match(expected: (u64, Option<u64>), found: (u64, Option<u64>)) -> bool {
    let (minimum, maximum) = expected;
    found.0 >= minimum
        && maximum.is_none_or(|maximum| found.1.is_some_and(|found| found <= maximum))
}

fn table_matches(expected: &TableType, found: &TableType) -> bool {
    expected.element == found.element
        && expected.address == found.address
        && limits_match(
            (expected.minimum, expected.maximum),
            (found.minimum, found.maximum),
        )
}

fn memory_matches(expected: &MemoryType, found: &MemoryType) -> bool {
    expected.address == found.address
        && limits_match(
            (expected.minimum, expected.maximum),
            (found.minimum, found.maximum),
        )
}

fn describe(ty: &ExternType) -> String {
    let limits = |address: AddressType, minimum: u64, maximum: Option<u64>| {
        let address = match address {
            AddressType::I32 => "",
            AddressType::I64 => "i64 ",
        };
        match maximum {
            Some(maximum) => alloc::format!("{address}{minimum} {maximum}"),
            None => alloc::format!("{address}{minimum}"),
        }
    };
    match ty {
        ExternType::Func(ty) => {
            let list = |keyword: &str, types: &[ValType]| {
                let names: String = types.iter().map(|ty| alloc::format!(" {ty}")).collect();
                match types {
                    [] => names,
                    _ => alloc::format!(" ({keyword}{names})"),
                }
            };
            let (params, results) = (list("param", &ty.params), list("result", &ty.results));
            alloc::format!("(func{params}{results})")
        }
        ExternType::Table(ty) => {
            let limits = limits(ty.address, ty.minimum, ty.maximum);
            alloc::format!("(table {limits} {})", ty.element)
        }
        ExternType::Memory(ty) => {
            let limits = limits(ty.address, ty.minimum, ty.maximum);
            alloc::format!("(memory {limits})")
        }
        ExternType::Global(ty) if ty.is_mutable => alloc::format!("(global (mut {}))", ty.value),
        ExternType::Global(ty) => alloc::format!("(global {})", ty.value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_match_as_the_spec_says() {
        assert!(limits_match((1, None), (1, None)));
        assert!(limits_match((1, None), (2, Some(3))));
        assert!(!limits_match((2, None), (1, None)));
        assert!(!limits_match((1, Some(2)), (1, None)));
        assert!(!limits_match((1, Some(2)), (1, Some(3))));
        assert!(limits_match((1, Some(3)), (1, Some(3))));
    }
}
