//! The page tables that the platform works on.
//!
//! What the `x86_64` crate's mappers do suffices, entry by entry; to look for the few dirty pages of
//! a large memory takes a look at whole tables, which some of them can give.

#![expect(unsafe_code, reason = "follows the addresses in page tables")]

use x86_64::VirtAddr;
use x86_64::structures::paging::mapper::{CleanUp, MappedPageTable, PageTableFrameMapping};
use x86_64::structures::paging::{
    Mapper, OffsetPageTable, Page, PageTable, PageTableFlags, PhysFrame, RecursivePageTable,
    Size4KiB, Translate,
};

/// A kernel's page tables.
pub trait PageTables: Mapper<Size4KiB> + Translate + CleanUp {
    /// The table of the last level that maps a page. None: there is none, or these page tables
    /// cannot tell, and pages are asked for one by one.
    fn last_table(&self, page: Page) -> Option<&PageTable> {
        let _ = page;
        None
    }

    /// Where the contents of a frame of ordinary memory are, readable and writable, whatever
    /// page maps it. None: these page tables cannot tell, and what would be read there is copied before.
    fn frame_address(&self, frame: PhysFrame) -> Option<VirtAddr> {
        let _ = frame;
        None
    }
}

impl PageTables for OffsetPageTable<'_> {
    fn frame_address(&self, frame: PhysFrame) -> Option<VirtAddr> {
        Some(self.phys_offset() + frame.start_address().as_u64())
    }

    fn last_table(&self, page: Page) -> Option<&PageTable> {
        let offset = self.phys_offset();
        last_table(self.level_4_table(), page, |frame| {
            (offset + frame.start_address().as_u64()).as_ptr()
        })
    }
}

impl<P: PageTableFrameMapping> PageTables for MappedPageTable<'_, P> {
    fn frame_address(&self, frame: PhysFrame) -> Option<VirtAddr> {
        let pointer = self.page_table_frame_mapping().frame_to_pointer(frame);
        Some(VirtAddr::from_ptr(pointer))
    }

    fn last_table(&self, page: Page) -> Option<&PageTable> {
        let mapping = self.page_table_frame_mapping();
        last_table(self.level_4_table(), page, |frame| {
            mapping.frame_to_pointer(frame).cast_const()
        })
    }
}

/// Pages are asked for one by one.
impl PageTables for RecursivePageTable<'_> {}

/// Walks down to the last level; `pointer` tells where a frame's contents are.
fn last_table(
    level_4: &PageTable,
    page: Page,
    pointer: impl Fn(PhysFrame) -> *const PageTable,
) -> Option<&PageTable> {
    let mut table = level_4;
    for index in [page.p4_index(), page.p3_index(), page.p2_index()] {
        let entry = &table[index];
        if entry.flags().contains(PageTableFlags::HUGE_PAGE) {
            return None;
        }
        let frame = entry.frame().ok()?;
        // SAFETY: an entry that is present and maps no page points to a table, which stays
        // as long as nobody changes the tables that are borrowed.
        table = unsafe { &*pointer(frame) };
    }
    Some(table)
}
