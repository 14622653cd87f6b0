//! Tables of a store.
//!
//! Elements are raw references. Machine code finds them through [`VmTable`],
//! whose base moves when a table grows.

use super::store_core::StoreCore;
use super::vmctx::Pinned;
use super::{AsContext, AsContextMut, LimitError};
use crate::abi::vmctx::VmTable;
use crate::abi::{Val, ValType};
use crate::module::TableType;
use alloc::vec::Vec;
use core::ops::Range;

/// A table of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table {
    pub(super) store: u64,
    pub(super) addr: u32,
}

/// Why a table could not be made, grown or set.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// More elements than the maximum, or than the heap has room for.
    #[error("{wanted} elements of at most {maximum}")]
    TooLarge {
        /// How many elements were wanted.
        wanted: u64,
        /// The maximum.
        maximum: u64,
    },
    /// The store's limiter does not admit it.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// The value has another type than the elements.
    #[error("a value of type {given} for a table of {expected}")]
    Type {
        /// The element type.
        expected: ValType,
        /// The value's type.
        given: ValType,
    },
    /// The value refers to a function that the store does not have.
    #[error("the value refers to a function of another store")]
    ForeignFunction,
    /// The index is not within the table.
    #[error("index {index} is not within a table of {len} elements")]
    OutOfBounds {
        /// The index.
        index: u64,
        /// The table's size.
        len: u64,
    },
}

/// A table in the store.
pub(super) struct TableEntry {
    pub(super) vm: Pinned<VmTable>,
    elements: Vec<u64>,
    /// The type it was made with.
    pub(super) declared: TableType,
}

impl TableEntry {
    /// Makes a table, which has no elements yet.
    pub(super) fn new(ty: TableType) -> Self {
        Self {
            vm: Pinned::new(VmTable {
                base: core::ptr::null_mut(),
                len: 0,
            }),
            elements: Vec::new(),
            declared: ty,
        }
    }

    pub(super) fn ty(&self) -> TableType {
        TableType {
            minimum: self.len(),
            ..self.declared
        }
    }

    pub(super) fn len(&self) -> u64 {
        self.elements.len() as u64
    }

    pub(super) fn elements(&self) -> &[u64] {
        &self.elements
    }

    pub(super) fn elements_mut(&mut self) -> &mut [u64] {
        &mut self.elements
    }

    /// The elements from `start` on.
    fn range(&self, start: u64, count: u64) -> Result<Range<usize>, TableError> {
        let len = self.len();
        match start.checked_add(count) {
            Some(end) if end <= len => Ok(start as usize..end as usize),
            _ => Err(TableError::OutOfBounds {
                index: start.saturating_add(count.saturating_sub(1)),
                len,
            }),
        }
    }

    /// Grows by `delta` elements that are `value`, and returns the old size.
    pub(super) fn grow(&mut self, delta: u64, value: u64) -> Result<u64, TableError> {
        let old = self.len();
        let maximum = self.declared.size_limit();
        let wanted = old.saturating_add(delta);
        if wanted > maximum || self.elements.try_reserve(delta as usize).is_err() {
            return Err(TableError::TooLarge { wanted, maximum });
        }
        self.elements.resize(wanted as usize, value);
        self.vm.set(VmTable {
            base: self.elements.as_mut_ptr(),
            len: wanted,
        });
        Ok(old)
    }
}

impl Table {
    /// Makes a table whose elements are `value`.
    ///
    /// # Errors
    ///
    /// [`TableError`].
    pub fn new(
        mut store: impl AsContextMut,
        ty: TableType,
        value: Val,
    ) -> Result<Self, TableError> {
        let mut context = store.as_context_mut();
        let core = context.core_mut();
        let raw = raw_element(core, ty.element, value)?;
        let addr = core.add_table(ty, ty.minimum, raw)?;
        Ok(Self {
            store: core.id,
            addr,
        })
    }

    /// Its type, with the current size as minimum.
    ///
    /// # Panics
    ///
    /// This and all below panic if the table is of another store.
    pub fn ty(&self, store: impl AsContext) -> TableType {
        self.entry(store.as_context().core()).ty()
    }

    /// How many elements it has.
    pub fn size(&self, store: impl AsContext) -> u64 {
        self.entry(store.as_context().core()).len()
    }

    /// An element; None past the end.
    pub fn get(&self, store: impl AsContext, index: u64) -> Option<Val> {
        let context = store.as_context();
        let core = context.core();
        let entry = self.entry(core);
        let raw = *entry.elements().get(usize::try_from(index).ok()?)?;
        Some(Val::from_raw(entry.declared.element, u128::from(raw), core))
    }

    /// Sets an element.
    ///
    /// # Errors
    ///
    /// [`TableError`].
    pub fn set(
        &self,
        mut store: impl AsContextMut,
        index: u64,
        value: Val,
    ) -> Result<(), TableError> {
        let mut context = store.as_context_mut();
        let core = context.core_mut();
        let raw = raw_element(core, self.entry(core).declared.element, value)?;
        let entry = &mut core.tables[self.addr as usize];
        let len = entry.len();
        let element = usize::try_from(index)
            .ok()
            .and_then(|index| entry.elements_mut().get_mut(index))
            .ok_or(TableError::OutOfBounds { index, len })?;
        *element = raw;
        Ok(())
    }

    /// Grows it by `delta` elements that are `value`, and returns the old size.
    ///
    /// # Errors
    ///
    /// [`TableError`]; the table is then as it was.
    pub fn grow(
        &self,
        mut store: impl AsContextMut,
        delta: u64,
        value: Val,
    ) -> Result<u64, TableError> {
        let mut context = store.as_context_mut();
        let core = context.core_mut();
        let raw = raw_element(core, self.entry(core).declared.element, value)?;
        core.grow_table(self.addr, delta, raw)
    }

    /// Sets `len` elements from `index` on to `value`.
    ///
    /// # Errors
    ///
    /// [`TableError`]; nothing is written then.
    pub fn fill(
        &self,
        mut store: impl AsContextMut,
        index: u64,
        value: Val,
        len: u64,
    ) -> Result<(), TableError> {
        let mut context = store.as_context_mut();
        let core = context.core_mut();
        let raw = raw_element(core, self.entry(core).declared.element, value)?;
        let range = self.entry(core).range(index, len)?;
        core.tables[self.addr as usize].elements_mut()[range].fill(raw);
        Ok(())
    }

    /// Copies `len` elements of `source` from `source_index` on to `target` from
    /// `target_index` on. The ranges may overlap.
    ///
    /// # Errors
    ///
    /// [`TableError`]; nothing is written then.
    ///
    /// # Panics
    ///
    /// Panics if one of them is of another store.
    pub fn copy(
        mut store: impl AsContextMut,
        target: &Self,
        target_index: u64,
        source: &Self,
        source_index: u64,
        len: u64,
    ) -> Result<(), TableError> {
        let mut context = store.as_context_mut();
        let core = context.core_mut();
        let (to, from) = (target.entry(core), source.entry(core));
        let (expected, given) = (to.declared.element, from.declared.element);
        if expected != given {
            return Err(TableError::Type { expected, given });
        }
        let to = to.range(target_index, len)?;
        let from = from.range(source_index, len)?;
        core.copy_elements([target.addr as usize, source.addr as usize], to.start, from);
        Ok(())
    }

    fn entry<'a>(&self, core: &'a StoreCore) -> &'a TableEntry {
        core.check_store(self.store);
        &core.tables[self.addr as usize]
    }
}

fn raw_element(core: &StoreCore, expected: ValType, value: Val) -> Result<u64, TableError> {
    let given = value.ty();
    if given != expected {
        return Err(TableError::Type { expected, given });
    }
    let raw = value.to_raw(core).ok_or(TableError::ForeignFunction)?;
    Ok(raw as u64)
}
