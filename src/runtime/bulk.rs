//! Bulk operations on memories, tables and segments of an instance, checked.
//!
//! Operands are those of the instructions, in their order (destination,
//! source or value, count). Each checks all of its bounds before it writes anything.

use super::store_core::{InstanceEntry, StoreCore};
use super::{HostError, LimitError, MemoryAccessError, MemoryError, PageError, TableError};
use crate::abi::TrapCode;
use crate::module::{MemoryType, TableType};
use core::ops::Range;

/// Operands of a bulk instruction; those of 32 bits are zero-extended.
pub(super) type Operands = [u64; 3];

/// Why a bulk operation is not done.
pub(super) enum BulkError {
    /// It traps.
    Trap(TrapCode),
    /// A page that it needs cannot be read. Of the operation nothing has been done.
    Page(PageError),
}

impl From<TrapCode> for BulkError {
    fn from(code: TrapCode) -> Self {
        Self::Trap(code)
    }
}

impl From<MemoryAccessError> for BulkError {
    fn from(error: MemoryAccessError) -> Self {
        match error {
            MemoryAccessError::Page(error) => Self::Page(error),
            _ => Self::Trap(TrapCode::MemoryOutOfBounds),
        }
    }
}

/// How many elements or bytes from `start` on are within `len`; None: not all.
fn checked(start: u64, count: u64, len: u64) -> Option<Range<usize>> {
    let end = start.checked_add(count)?;
    (end <= len).then_some(start as usize..end as usize)
}

fn memory_range(start: u64, count: u64, len: u64) -> Result<Range<usize>, TrapCode> {
    checked(start, count, len).ok_or(TrapCode::MemoryOutOfBounds)
}

fn table_range(start: u64, count: u64, len: u64) -> Result<Range<usize>, TrapCode> {
    checked(start, count, len).ok_or(TrapCode::TableOutOfBounds)
}

impl StoreCore {
    fn instance(&self, instance: u32) -> &InstanceEntry {
        &self.instances[instance as usize]
    }

    /// Store address of an instance's memory.
    pub(super) fn memory_addr(&self, instance: u32, memory: u32) -> usize {
        self.instance(instance).memories[memory as usize] as usize
    }

    /// Store address of an instance's table.
    pub(super) fn table_addr(&self, instance: u32, table: u32) -> usize {
        self.instance(instance).tables[table as usize] as usize
    }

    /// The type that an instance's memory was made with.
    pub(super) fn memory_type(&self, instance: u32, memory: u32) -> MemoryType {
        self.memories[self.memory_addr(instance, memory)].declared
    }

    /// The type that an instance's table was made with.
    pub(super) fn table_type(&self, instance: u32, table: u32) -> TableType {
        self.tables[self.table_addr(instance, table)].declared
    }

    /// Size of what is left of a data segment.
    fn data_len(&self, instance: u32, segment: u32) -> u64 {
        let entry = self.instance(instance);
        if entry.dropped_data[segment as usize] {
            return 0;
        }
        entry.module.inner().data[segment as usize].range.len() as u64
    }

    /// Number of elements of what is left of an element segment.
    fn elements_len(&self, instance: u32, segment: u32) -> u64 {
        let entry = self.instance(instance);
        if entry.dropped_elements[segment as usize] {
            return 0;
        }
        entry.module.inner().elements[segment as usize].items.len() as u64
    }

    /// `memory.init`.
    pub(super) fn memory_init(
        &mut self,
        instance: u32,
        memory: u32,
        segment: u32,
        operands: Operands,
    ) -> Result<(), BulkError> {
        self.check_memory_init(instance, memory, segment, operands)?;
        let [to, from, count] = operands;
        let (from, len) = (from as usize, count as usize);
        let addr = self.memory_addr(instance, memory);
        let module = self.instances[instance as usize].module.inner();
        // A dropped segment passes the check with an offset of zero only.
        let start = module.data[segment as usize].range.start + from;
        let source = &module.bytes[start..start + len];
        let target = self.memories[addr].range_mut(to, count)?;
        target.copy_from_slice(source);
        Ok(())
    }

    /// Checks the bounds of `memory.init`.
    pub(super) fn check_memory_init(
        &self,
        instance: u32,
        memory: u32,
        segment: u32,
        [to, from, count]: Operands,
    ) -> Result<(), TrapCode> {
        let addr = self.memory_addr(instance, memory);
        memory_range(from, count, self.data_len(instance, segment))?;
        memory_range(to, count, self.memories[addr].len())?;
        Ok(())
    }

    /// `memory.fill`.
    pub(super) fn memory_fill(
        &mut self,
        instance: u32,
        memory: u32,
        operands: Operands,
    ) -> Result<(), BulkError> {
        let [to, value, count] = operands;
        let addr = self.memory_addr(instance, memory);
        self.memories[addr].range_mut(to, count)?.fill(value as u8);
        Ok(())
    }

    /// Checks the bounds of `memory.fill`.
    pub(super) fn check_memory_fill(
        &self,
        instance: u32,
        memory: u32,
        [to, _, count]: Operands,
    ) -> Result<(), TrapCode> {
        let addr = self.memory_addr(instance, memory);
        memory_range(to, count, self.memories[addr].len())?;
        Ok(())
    }

    /// Checks the bounds of `memory.copy`.
    pub(super) fn check_memory_copy(
        &self,
        instance: u32,
        [target, source]: [u32; 2],
        [to, from, count]: Operands,
    ) -> Result<(), TrapCode> {
        let len = |memory| self.memories[self.memory_addr(instance, memory)].len();
        memory_range(to, count, len(target))?;
        memory_range(from, count, len(source))?;
        Ok(())
    }

    /// `memory.copy`.
    pub(super) fn memory_copy(
        &mut self,
        instance: u32,
        [target, source]: [u32; 2],
        operands: Operands,
    ) -> Result<(), BulkError> {
        self.check_memory_copy(instance, [target, source], operands)?;
        let [to, from, count] = operands;
        let target = self.memory_addr(instance, target);
        let source = self.memory_addr(instance, source);
        if target == source {
            self.memories[target].copy_within(from, to, count)?;
        } else {
            let [target, source] = two(&mut self.memories, target, source);
            let target = target.range_mut(to, count)?;
            target.copy_from_slice(source.range(from, count)?);
        }
        Ok(())
    }

    /// `data.drop`.
    pub(super) fn data_drop(&mut self, instance: u32, segment: u32) {
        self.instances[instance as usize].dropped_data[segment as usize] = true;
    }

    /// `table.init`.
    pub(super) fn table_init(
        &mut self,
        instance: u32,
        table: u32,
        segment: u32,
        operands: Operands,
    ) -> Result<(), TrapCode> {
        self.check_table_init(instance, table, segment, operands)?;
        let [to, from, count] = operands.map(|operand| operand as usize);
        let addr = self.table_addr(instance, table);
        for index in 0..count {
            let entry = &self.instances[instance as usize];
            let items = &entry.module.inner().elements[segment as usize].items;
            let raw = self.evaluate_in(instance, &items[from + index]);
            self.tables[addr].elements_mut()[to + index] = raw as u64;
        }
        Ok(())
    }

    /// Checks the bounds of `table.init`.
    pub(super) fn check_table_init(
        &self,
        instance: u32,
        table: u32,
        segment: u32,
        [to, from, count]: Operands,
    ) -> Result<(), TrapCode> {
        let addr = self.table_addr(instance, table);
        table_range(from, count, self.elements_len(instance, segment))?;
        table_range(to, count, self.tables[addr].len())?;
        Ok(())
    }

    /// `table.fill`, its value being a raw reference.
    pub(super) fn table_fill(
        &mut self,
        instance: u32,
        table: u32,
        operands: Operands,
    ) -> Result<(), TrapCode> {
        let target = self.check_table_fill(instance, table, operands)?;
        let addr = self.table_addr(instance, table);
        self.tables[addr].elements_mut()[target].fill(operands[1]);
        Ok(())
    }

    /// Checks the bounds of `table.fill`.
    pub(super) fn check_table_fill(
        &self,
        instance: u32,
        table: u32,
        [to, _, count]: Operands,
    ) -> Result<Range<usize>, TrapCode> {
        let addr = self.table_addr(instance, table);
        table_range(to, count, self.tables[addr].len())
    }

    /// Checks the bounds of `table.copy`.
    pub(super) fn check_table_copy(
        &self,
        instance: u32,
        [target, source]: [u32; 2],
        [to, from, count]: Operands,
    ) -> Result<(), TrapCode> {
        let len = |table| self.tables[self.table_addr(instance, table)].len();
        table_range(to, count, len(target))?;
        table_range(from, count, len(source))?;
        Ok(())
    }

    /// `table.copy`.
    pub(super) fn table_copy(
        &mut self,
        instance: u32,
        [target, source]: [u32; 2],
        operands: Operands,
    ) -> Result<(), TrapCode> {
        self.check_table_copy(instance, [target, source], operands)?;
        let [to, from, count] = operands.map(|operand| operand as usize);
        let target = self.table_addr(instance, target);
        let source = self.table_addr(instance, source);
        self.copy_elements([target, source], to, from..from + count);
        Ok(())
    }

    /// Copies elements within a table or from one to another, where they fit.
    pub(super) fn copy_elements(
        &mut self,
        [target, source]: [usize; 2],
        to: usize,
        from: Range<usize>,
    ) {
        if target == source {
            self.tables[target].elements_mut().copy_within(from, to);
        } else {
            let [target, source] = two(&mut self.tables, target, source);
            let elements = &mut target.elements_mut()[to..to + from.len()];
            elements.copy_from_slice(&source.elements()[from]);
        }
    }

    /// `elem.drop`.
    pub(super) fn elem_drop(&mut self, instance: u32, segment: u32) {
        self.instances[instance as usize].dropped_elements[segment as usize] = true;
    }

    /// `memory.grow`: the old size, or -1, as raw value. An error is the limiter's.
    pub(super) fn memory_grow(
        &mut self,
        instance: u32,
        memory: u32,
        delta: u64,
    ) -> Result<u64, HostError> {
        let address = self.memory_type(instance, memory).address;
        let addr = self.memory_addr(instance, memory) as u32;
        match self.grow_memory(addr, address.truncate(delta)) {
            Err(MemoryError::Limit(LimitError::Limiter(error))) => Err(error),
            grown => Ok(grown.unwrap_or(address.truncate(u64::MAX))),
        }
    }

    /// `table.grow`, likewise.
    pub(super) fn table_grow(
        &mut self,
        instance: u32,
        table: u32,
        delta: u64,
        value: u64,
    ) -> Result<u64, HostError> {
        let address = self.table_type(instance, table).address;
        let addr = self.table_addr(instance, table) as u32;
        match self.grow_table(addr, address.truncate(delta), value) {
            Err(TableError::Limit(LimitError::Limiter(error))) => Err(error),
            grown => Ok(grown.unwrap_or(address.truncate(u64::MAX))),
        }
    }
}

/// Two entries of a list, which are not the same.
fn two<E>(entries: &mut [E], first: usize, second: usize) -> [&mut E; 2] {
    entries
        .get_disjoint_mut([first, second])
        .expect("addresses are distinct and of this store")
}
