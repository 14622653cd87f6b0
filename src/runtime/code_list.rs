//! The modules whose code a store may run, findable from a trap handler.
//!
//! An append-only list: a fault may interrupt the store in the middle of
//! adding to it, and still finds every module that was there before.

use super::Module;
use alloc::boxed::Box;
use spin::Once;

/// Modules by code address.
#[derive(Default)]
pub(super) struct CodeList {
    head: Once<Box<Node>>,
}

struct Node {
    module: Module,
    next: Once<Box<Node>>,
}

impl CodeList {
    /// Adds a module, unless it is there.
    pub(super) fn add(&mut self, module: &Module) {
        let mut link = &self.head;
        while let Some(node) = link.get() {
            if node.module.is(module) {
                return;
            }
            link = &node.next;
        }
        link.call_once(|| {
            Box::new(Node {
                module: module.clone(),
                next: Once::new(),
            })
        });
    }

    /// The module whose code an address lies in. Lock-free.
    pub(super) fn find(&self, address: u64) -> Option<&Module> {
        self.iter()
            .find(|module| address.wrapping_sub(module.code_base()) < module.code().len() as u64)
    }

    /// All modules, in the order of adding. Lock-free.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Module> {
        let first = self.head.get();
        core::iter::successors(first, |node| node.next.get()).map(|node| &node.module)
    }
}
