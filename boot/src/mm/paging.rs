//! The kernel's page tables: everything mapped onto itself, nothing both
//! writable and executable.
//!
//! ```text
//! page 0                    not mapped: a null pointer faults
//! kernel code               read, execute
//! kernel constants          read
//! kernel data, stacks       read, write
//! guards below the stacks   not mapped
//! other memory, devices     read, write (devices uncached)
//! GUEST_ADDRESSES           the platform's: empty at first
//! ```

#![expect(unsafe_code, reason = "builds and loads page tables")]

use super::boot_info::BootInfo;
use super::frames::Frames;
use crate::arch::layout;
use core::ops::Range;
use x86_64::registers::control::{Cr3, Cr3Flags};
use x86_64::structures::paging::{
    FrameAllocator, Mapper, OffsetPageTable, Page, PageSize, PageTable, PageTableFlags, PhysFrame,
    Size2MiB, Size4KiB,
};
use x86_64::{PhysAddr, VirtAddr};

/// Addresses for guests' memories, stacks and code: 64 TiB.
pub const GUEST_ADDRESSES: Range<usize> = 0x1000_0000_0000..0x5000_0000_0000;

/// All devices are below 4 GiB.
pub(crate) const DEVICES_END: u64 = 1 << 32;

/// Builds the tables, loads them, and returns the handle to change them.
///
/// # Panics
///
/// Panics if there is not enough memory for the tables.
///
/// # Safety
///
/// To be called once, on the entry's tables, with frames below 4 GiB.
pub unsafe fn init(boot_info: &BootInfo) -> OffsetPageTable<'static> {
    let level_4_frame = Frames.allocate_frame().expect("memory for page tables");
    let level_4: *mut PageTable =
        core::ptr::with_exposed_provenance_mut(level_4_frame.start_address().as_u64() as usize);
    // SAFETY: the frame is new and, being below 4 GiB, mapped onto itself.
    unsafe { level_4.write(PageTable::new()) };
    // SAFETY: as above; the reference is the only one.
    let level_4 = unsafe { &mut *level_4 };
    // SAFETY: physical memory is mapped at offset 0.
    let mut tables = unsafe { OffsetPageTable::new(level_4, VirtAddr::zero()) };

    let memory_end = boot_info.ram().map(|ram| ram.end).max().unwrap_or(0);
    let end = memory_end.max(DEVICES_END).next_multiple_of(Size2MiB::SIZE);
    for start in (0..end).step_by(Size2MiB::SIZE as usize) {
        let large = start..start + Size2MiB::SIZE;
        if start == 0 || overlap(&large, &layout::kernel()) {
            map_small_pages(&mut tables, large);
        } else {
            let is_ram = boot_info.ram().any(|ram| overlap(&ram, &large));
            map_large_page(&mut tables, start, data_flags(is_ram));
        }
    }
    // SAFETY: the new tables map the kernel, its stack and all memory where the old ones do.
    unsafe { Cr3::write(level_4_frame, Cr3Flags::empty()) };
    tables
}

fn map_large_page(tables: &mut OffsetPageTable<'_>, start: u64, flags: PageTableFlags) {
    let page = Page::<Size2MiB>::containing_address(VirtAddr::new(start));
    let frame = PhysFrame::containing_address(PhysAddr::new(start));
    // SAFETY: these tables are not in use yet.
    let result = unsafe { tables.map_to(page, frame, flags, &mut Frames) };
    result.expect("memory for page tables").ignore();
}

fn map_small_pages(tables: &mut OffsetPageTable<'_>, range: Range<u64>) {
    for start in range.step_by(Size4KiB::SIZE as usize) {
        let Some(flags) = small_page_flags(start) else {
            continue;
        };
        let page = Page::<Size4KiB>::containing_address(VirtAddr::new(start));
        let frame = PhysFrame::containing_address(PhysAddr::new(start));
        let parents = PageTableFlags::PRESENT | PageTableFlags::WRITABLE;
        // SAFETY: these tables are not in use yet.
        let result =
            unsafe { tables.map_to_with_table_flags(page, frame, flags, parents, &mut Frames) };
        result.expect("memory for page tables").ignore();
    }
}

/// None for a page that must not be mapped.
fn small_page_flags(start: u64) -> Option<PageTableFlags> {
    if start == 0 || layout::stack_guards().contains(&start) {
        None
    } else if layout::text().contains(&start) {
        Some(PageTableFlags::PRESENT)
    } else if layout::rodata().contains(&start) {
        Some(PageTableFlags::PRESENT | PageTableFlags::NO_EXECUTE)
    } else {
        Some(data_flags(true))
    }
}

fn data_flags(is_ram: bool) -> PageTableFlags {
    let flags = PageTableFlags::PRESENT | PageTableFlags::WRITABLE | PageTableFlags::NO_EXECUTE;
    if is_ram {
        flags
    } else {
        flags | PageTableFlags::NO_CACHE
    }
}

fn overlap(a: &Range<u64>, b: &Range<u64>) -> bool {
    a.start < b.end && b.start < a.end
}
