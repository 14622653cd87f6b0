//! Makes instances: allocates what a module defines, fills the context that
//! machine code sees, and copies active segments.

use super::bulk::BulkError;
use super::limiter::Counted;
use super::store_core::{FuncEntry, FuncOrigin, InstanceEntry, StoreCore};
use super::vmctx::NewContext;
use super::{Extern, InstantiateError, Module, VersionId, entry};
use crate::abi::vmctx::{VmFuncRef, VmGlobal};
use crate::abi::{FuncAddr, TrapCode};
use crate::limits::MAX_MEMORY64_BYTES;
use crate::module::SegmentMode;
use crate::trap::{Backtrace, Trap};
use alloc::vec;
use alloc::vec::Vec;
use core::ptr::null_mut;

/// Store addresses of what an instance's index spaces name. While an instance
/// is being made, of its imports only.
#[derive(Default)]
pub(super) struct IndexSpaces {
    pub(super) functions: Vec<FuncAddr>,
    pub(super) tables: Vec<u32>,
    pub(super) memories: Vec<u32>,
    pub(super) globals: Vec<u32>,
}

impl IndexSpaces {
    /// Adds what is imported next.
    pub(super) fn import(&mut self, item: Extern) {
        match item {
            Extern::Func(func) => self.functions.push(func.addr),
            Extern::Table(table) => self.tables.push(table.addr),
            Extern::Memory(memory) => self.memories.push(memory.addr),
            Extern::Global(global) => self.globals.push(global.addr),
        }
    }
}

impl StoreCore {
    /// Checks that instances can be made now, and of this module.
    ///
    /// # Panics
    ///
    /// Panics if the module is of another engine.
    pub(super) fn check_instantiation(&self, module: &Module) -> Result<(), InstantiateError> {
        assert!(
            self.engine.is(module.engine()),
            "a module was instantiated in a store of another engine"
        );
        match self.execution.is_suspended() {
            true => Err(InstantiateError::StoreSuspended),
            false => Ok(()),
        }
    }

    /// Makes an instance, given the addresses of its imports, which are of the right types.
    pub(super) fn instantiate(
        &mut self,
        module: &Module,
        imports: IndexSpaces,
    ) -> Result<u32, InstantiateError> {
        self.admit(Counted::Instances)?;
        let mut spaces = imports;
        self.add_tables_and_memories(module, &mut spaces)?;
        let instance = self.instances.len() as u32;
        let mut context = NewContext::new(&module.inner().vm_offsets());
        let imported = module.inner().imported_functions;
        for function in imported..module.inner().functions.len() as u32 {
            let addr = self.add_wasm_func(&mut context, module, instance, function);
            spaces.functions.push(addr);
        }
        let defined = &module.inner().globals[module.inner().imported_globals as usize..];
        for (&ty, initializer) in defined.iter().zip(&module.inner().global_initializers) {
            let raw = self.evaluate(initializer, &spaces.functions, &spaces.globals);
            let addr = self.add_global(ty, raw);
            spaces.globals.push(addr);
        }
        self.add_instance(context, module, spaces);
        self.copy_active_segments(instance)?;
        Ok(instance)
    }

    /// Adds what a module defines of the things whose allocation may fail. If
    /// one does, the store is as it was.
    fn add_tables_and_memories(
        &mut self,
        module: &Module,
        spaces: &mut IndexSpaces,
    ) -> Result<(), InstantiateError> {
        let (tables, memories) = (self.tables.len(), self.memories.len());
        let added = self.try_add_tables_and_memories(module, spaces);
        if added.is_err() {
            self.tables.truncate(tables);
            self.memories.truncate(memories);
        }
        added
    }

    fn try_add_tables_and_memories(
        &mut self,
        module: &Module,
        spaces: &mut IndexSpaces,
    ) -> Result<(), InstantiateError> {
        let module = module.inner();
        for &ty in &module.tables[module.imported_tables as usize..] {
            spaces.tables.push(self.add_table(ty, ty.minimum, 0)?);
        }
        for &ty in &module.memories[module.imported_memories as usize..] {
            spaces.memories.push(self.add_memory(ty, ty.minimum)?);
        }
        Ok(())
    }

    /// Adds a function that an instance defines, at the next address.
    pub(super) fn add_wasm_func(
        &mut self,
        context: &mut NewContext,
        module: &Module,
        instance: u32,
        function: u32,
    ) -> FuncAddr {
        let addr = self.next_func_addr();
        let defined = function - module.inner().imported_functions;
        let offset = module.inner().vm_offsets().defined_function(defined);
        context.write(
            offset,
            VmFuncRef {
                code: module.first().entry(defined) as *const u8,
                vmctx: context.vmctx().as_ptr(),
                signature: module.signature(function),
                func_addr: addr.0,
            },
        );
        self.funcs.push(FuncEntry {
            raw: context.element(offset).cast(),
            origin: FuncOrigin::Wasm { instance, function },
        });
        addr
    }

    /// Completes a context, whose defined functions are written, and adds its instance.
    pub(super) fn add_instance(
        &mut self,
        mut context: NewContext,
        module: &Module,
        spaces: IndexSpaces,
    ) {
        let offsets = module.inner().vm_offsets();
        let instance = self.instances.len() as u64;
        let memory0 = spaces.memories.first();
        let memory0_base = memory0.map_or(null_mut(), |&a| self.memories[a as usize].base());
        let header = context.header();
        header.memory0_base = memory0_base;
        header.store = self.vm.as_ptr();
        header.poll_entry = entry::poll_entry();
        header.libcall_entry = entry::libcall_entry();
        header.instance = instance;
        header.memory64_limit = MAX_MEMORY64_BYTES;
        for (index, &addr) in (0..).zip(&spaces.memories) {
            let memory = self.memories[addr as usize].vm.as_ptr();
            context.write(offsets.memory(index), memory);
        }
        for (index, &addr) in (0..).zip(&spaces.tables) {
            let table = self.tables[addr as usize].vm.as_ptr();
            context.write(offsets.table(index), table);
        }
        for (index, &addr) in (0..).zip(&spaces.globals) {
            let global: *mut VmGlobal = self.globals[addr as usize].vm.as_ptr();
            context.write(offsets.global(index), global);
        }
        let imported = &spaces.functions[..module.inner().imported_functions as usize];
        for (index, &addr) in (0..).zip(imported) {
            let func_ref = self.funcs[addr.0 as usize].raw;
            context.write(offsets.imported_function(index), func_ref);
        }
        let vmctx = self.contexts.push(context, self.comes_to_every_poll());
        self.code.add(module);
        self.instances.push(InstanceEntry {
            module: module.clone(),
            version: VersionId::FIRST,
            functions: spaces.functions,
            tables: spaces.tables,
            memories: spaces.memories,
            globals: spaces.globals,
            dropped_elements: vec![false; module.inner().elements.len()],
            dropped_data: vec![false; module.inner().data.len()],
            vmctx,
        });
        self.debug_new_instance(instance as u32);
    }

    /// Copies active segments in the spec's order, and drops them and the declared ones.
    fn copy_active_segments(&mut self, instance: u32) -> Result<(), InstantiateError> {
        let module = self.instances[instance as usize].module.clone();
        for (segment, element) in (0..).zip(&module.inner().elements) {
            if let SegmentMode::Active { index, offset } = &element.mode {
                let offset = self.evaluate_in(instance, offset) as u64;
                let count = element.items.len() as u64;
                self.table_init(instance, *index, segment, [offset, 0, count])
                    .map_err(trap)?;
            }
            if element.mode != SegmentMode::Passive {
                self.elem_drop(instance, segment);
            }
        }
        for (segment, data) in (0..).zip(&module.inner().data) {
            if let SegmentMode::Active { index, offset } = &data.mode {
                let offset = self.evaluate_in(instance, offset) as u64;
                let count = data.range.len() as u64;
                match self.memory_init(instance, *index, segment, [offset, 0, count]) {
                    Ok(()) => {}
                    Err(BulkError::Trap(code)) => return Err(trap(code).into()),
                    Err(BulkError::Page(error)) => return Err(error.into()),
                }
                self.data_drop(instance, segment);
            }
        }
        Ok(())
    }
}

fn trap(code: TrapCode) -> Trap {
    Trap {
        code,
        backtrace: Backtrace::default(),
    }
}
