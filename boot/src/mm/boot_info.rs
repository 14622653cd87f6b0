//! What the loader says: command line and memory map.
//!
//! Copied out at once: the loader's structures lie in memory that becomes heap or frames.

#![expect(unsafe_code, reason = "reads the loader's structures")]

use core::ops::Range;

/// `hvm_start_info` of the x86/HVM direct boot ABI, version 1.
#[repr(C)]
#[derive(Clone, Copy)]
struct StartInfo {
    magic: u32,
    version: u32,
    flags: u32,
    module_count: u32,
    modules: u64,
    command_line: u64,
    rsdp: u64,
    memory_map: u64,
    memory_map_entries: u32,
    reserved: u32,
}

/// `hvm_memmap_table_entry`.
#[repr(C)]
#[derive(Clone, Copy)]
struct MemoryMapEntry {
    start: u64,
    size: u64,
    kind: u32,
    reserved: u32,
}

const MAGIC: u32 = 0x336e_c578;
const KIND_RAM: u32 = 1;
const PAGE: u64 = 4096;
/// Where usable memory begins: what is below belongs to firmware and loader.
const LOWEST_USABLE: u64 = 1 << 20;

/// Most RAM ranges that are used, and most bytes of the command line that are read.
const MAX_RANGES: usize = 16;
const MAX_COMMAND_LINE: usize = 4096;

/// A copy of what the loader said.
pub struct BootInfo {
    ranges: [(u64, u64); MAX_RANGES],
    range_count: usize,
    command_line: [u8; MAX_COMMAND_LINE],
    command_line_length: usize,
}

impl BootInfo {
    /// Copies the structures at a physical address.
    ///
    /// # Panics
    ///
    /// Panics if there is no start info of version 1 or later, or no memory map.
    ///
    /// # Safety
    ///
    /// `address` is what the loader gave, its structures are untouched, and memory
    /// is identity-mapped.
    pub unsafe fn read(address: u64) -> Self {
        // SAFETY: the loader put the structure there (caller).
        let info = unsafe { pointer::<StartInfo>(address).read() };
        assert_eq!(info.magic, MAGIC, "not booted by a PVH loader");
        assert!(
            info.version >= 1 && info.memory_map_entries > 0,
            "the loader gives no memory map"
        );
        let mut copy = Self {
            ranges: [(0, 0); MAX_RANGES],
            range_count: 0,
            command_line: [0; MAX_COMMAND_LINE],
            command_line_length: 0,
        };
        // SAFETY: as above.
        unsafe { copy.copy_memory_map(&info) };
        if info.command_line != 0 {
            // SAFETY: as above; the command line ends with a zero byte.
            unsafe { copy.copy_command_line(info.command_line) };
        }
        copy
    }

    /// RAM above the first MiB, in whole pages.
    pub fn ram(&self) -> impl Iterator<Item = Range<u64>> + '_ {
        self.ranges[..self.range_count]
            .iter()
            .map(|&(start, end)| start..end)
    }

    /// The command line; None if it is not UTF-8.
    pub fn command_line(&self) -> Option<&str> {
        core::str::from_utf8(&self.command_line[..self.command_line_length]).ok()
    }

    unsafe fn copy_memory_map(&mut self, info: &StartInfo) {
        for index in 0..info.memory_map_entries as usize {
            let entry = pointer::<MemoryMapEntry>(info.memory_map).wrapping_add(index);
            // SAFETY: the table has this many entries (caller).
            let entry = unsafe { entry.read() };
            let start = entry.start.max(LOWEST_USABLE).next_multiple_of(PAGE);
            let end = entry.start.saturating_add(entry.size) / PAGE * PAGE;
            if entry.kind == KIND_RAM && start < end && self.range_count < MAX_RANGES {
                self.ranges[self.range_count] = (start, end);
                self.range_count += 1;
            }
        }
    }

    unsafe fn copy_command_line(&mut self, address: u64) {
        for (index, byte) in self.command_line.iter_mut().enumerate() {
            // SAFETY: all bytes until the zero byte belong to the string (caller).
            *byte = unsafe { pointer::<u8>(address).wrapping_add(index).read() };
            if *byte == 0 {
                self.command_line_length = index;
                return;
            }
        }
        panic!("the command line is longer than {MAX_COMMAND_LINE} bytes");
    }
}

fn pointer<T>(address: u64) -> *const T {
    core::ptr::with_exposed_provenance(address as usize)
}
