//! The modules whose code a store may run, findable from a trap handler.

use super::append_list::AppendList;
use super::{Module, Version};

/// Code by address: all versions of all modules of a store, also those that are added
/// to a module later.
pub(super) struct CodeList {
    modules: AppendList<Module>,
}

impl CodeList {
    /// No modules.
    pub(super) const fn new() -> Self {
        Self {
            modules: AppendList::new(),
        }
    }

    /// Adds a module, unless it is there.
    pub(super) fn add(&mut self, module: &Module) {
        if !self.modules.iter().any(|known| known.is(module)) {
            self.modules.push(module.clone());
        }
    }

    /// Whether any of the code has breakpoints. Lock-free.
    pub(super) fn has_breakpoints(&self) -> bool {
        self.modules.iter().any(Module::has_breakpoints)
    }

    /// The code version whose code an address lies in. Lock-free.
    pub(super) fn find(&self, address: u64) -> Option<&Version> {
        let mut versions = self.modules.iter().flat_map(Module::versions);
        versions.find(|version| version.contains(address))
    }
}
