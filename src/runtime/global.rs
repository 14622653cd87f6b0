//! Globals of a store.

use super::store_core::StoreCore;
use super::vmctx::Pinned;
use super::{AsContext, AsContextMut};
use crate::abi::vmctx::VmGlobal;
use crate::abi::{Val, ValType};
use crate::module::GlobalType;

/// A global of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Global {
    pub(super) store: u64,
    pub(super) addr: u32,
}

/// Why a global could not be made or set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GlobalError {
    /// It is immutable.
    #[error("the global is immutable")]
    Immutable,
    /// The value has another type.
    #[error("a value of type {given} for a global of type {expected}")]
    Type {
        /// The global's type.
        expected: ValType,
        /// The value's type.
        given: ValType,
    },
    /// The value refers to a function that the store does not have.
    #[error("the value refers to a function of another store")]
    ForeignFunction,
}

/// A global in the store.
pub(super) struct GlobalEntry {
    pub(super) vm: Pinned<VmGlobal>,
    pub(super) ty: GlobalType,
}

impl GlobalEntry {
    pub(super) fn new(ty: GlobalType, raw: u128) -> Self {
        Self {
            vm: Pinned::new(VmGlobal { raw }),
            ty,
        }
    }

    /// The raw value.
    pub(super) fn raw(&self) -> u128 {
        self.vm.get().raw
    }
}

impl Global {
    /// Makes a global.
    ///
    /// # Errors
    ///
    /// [`GlobalError`], if `value` is not of the type.
    pub fn new(
        mut store: impl AsContextMut,
        ty: GlobalType,
        value: Val,
    ) -> Result<Self, GlobalError> {
        let mut context = store.as_context_mut();
        let core = context.core_mut();
        let raw = raw_value(core, ty.value, value)?;
        let addr = core.add_global(ty, raw);
        Ok(Self {
            store: core.id,
            addr,
        })
    }

    /// Its type.
    ///
    /// # Panics
    ///
    /// This and all below panic if the global is of another store.
    pub fn ty(&self, store: impl AsContext) -> GlobalType {
        self.entry(store.as_context().core()).ty
    }

    /// Its value.
    pub fn get(&self, store: impl AsContext) -> Val {
        let context = store.as_context();
        let core = context.core();
        let entry = self.entry(core);
        Val::from_raw(entry.ty.value, entry.raw(), core)
    }

    /// Sets its value.
    ///
    /// # Errors
    ///
    /// [`GlobalError`].
    pub fn set(&self, mut store: impl AsContextMut, value: Val) -> Result<(), GlobalError> {
        let mut context = store.as_context_mut();
        let core = context.core_mut();
        let ty = self.entry(core).ty;
        if !ty.is_mutable {
            return Err(GlobalError::Immutable);
        }
        let raw = raw_value(core, ty.value, value)?;
        core.globals[self.addr as usize].vm.set(VmGlobal { raw });
        Ok(())
    }

    fn entry<'a>(&self, core: &'a StoreCore) -> &'a GlobalEntry {
        core.check_store(self.store);
        &core.globals[self.addr as usize]
    }
}

fn raw_value(core: &StoreCore, expected: ValType, value: Val) -> Result<u128, GlobalError> {
    let given = value.ty();
    if given != expected {
        return Err(GlobalError::Type { expected, given });
    }
    value.to_raw(core).ok_or(GlobalError::ForeignFunction)
}
