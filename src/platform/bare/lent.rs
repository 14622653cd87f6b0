//! Frames on loan: what pages held at a cut, read by a device while the guest writes on.
//!
//! A lent frame stays as it is until it comes back. Its page may be read meanwhile; who writes
//! to it goes on in another frame with the same contents. The lent frame is then no page's any more, and
//! free when it comes back: as it is when the page is gone meanwhile.
//!
//! ```text
//!                lend              write                    back
//!   page - frame ----> page - frame -----> page - new frame ----> page - new frame
//!                             |                   frame - device         (frame is free)
//!                             device
//! ```
//!
//! For every lent frame another one is promised ([`Budget::lend`](super::budget::Budget::lend)), so a
//! writer always finds one.

#![expect(unsafe_code, reason = "reads and copies frames, and gives them back")]

use super::paging::{Memory, READ_ONLY, page_flags, range_by};
use super::platform::Shared;
use super::processor::Processors;
use super::tables::PageTables;
use super::tracked::{page_at, page_bytes};
use crate::platform::tracking::{Loan, TrackError};
use crate::platform::{PAGE_SIZE, Protection};
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use x86_64::VirtAddr;
use x86_64::structures::paging::{
    FrameAllocator, FrameDeallocator, Page, PageTableFlags, PhysFrame, Size4KiB,
};

/// The frames that are on loan.
#[derive(Default)]
pub(super) struct LentFrames(BTreeMap<PhysFrame, LentFrame>);

struct LentFrame {
    /// How many loans it is in.
    loans: usize,
    /// Whether a page has it still.
    has_page: bool,
}

impl LentFrames {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn contains(&self, frame: PhysFrame) -> bool {
        self.0.contains_key(&frame)
    }

    /// The flags of a page with this frame that has this protection: it is read-only while it
    /// is lent.
    pub(super) fn flags_for(&self, frame: PhysFrame, protection: Protection) -> PageTableFlags {
        match protection {
            Protection::ReadWrite if self.contains(frame) => READ_ONLY,
            _ => page_flags(protection),
        }
    }

    /// Lends the frame of a page.
    fn lend(&mut self, frame: PhysFrame) {
        let lent = self.0.entry(frame).or_insert(LentFrame {
            loans: 0,
            has_page: true,
        });
        lent.loans += 1;
    }

    /// Notes that a frame is no page's any more. False: it is not lent.
    pub(super) fn leave_page(&mut self, frame: PhysFrame) -> bool {
        let lent = self.0.get_mut(&frame);
        lent.is_some_and(|lent| core::mem::replace(&mut lent.has_page, false))
    }

    /// Takes a frame back from one loan. True: it is nobody's now.
    fn take_back(&mut self, frame: PhysFrame) -> bool {
        let lent = self.0.get_mut(&frame).expect("it is lent");
        lent.loans -= 1;
        let LentFrame { loans, has_page } = *lent;
        if loans == 0 {
            self.0.remove(&frame);
        }
        loans == 0 && !has_page
    }
}

/// What a loan is of.
#[derive(Default)]
pub(super) struct Lent {
    runs: Vec<Run>,
    /// The frames of pages that are lent in place.
    frames: Vec<PhysFrame>,
    /// What others were kept in.
    kept: Vec<Vec<u8>>,
    /// What the rest was copied to.
    copied: Vec<Vec<u8>>,
}

/// Adjacent pages whose contents are side by side.
struct Run {
    /// Where they begin in the tracked range.
    offset: usize,
    /// Where their contents are.
    address: VirtAddr,
    length: usize,
    /// Whether they are in frames; else it is a page in the heap.
    is_frames: bool,
}

impl Lent {
    /// How many pages are lent.
    pub(super) fn pages(&self) -> usize {
        self.frames.len() + self.kept.len() + self.copied.len()
    }

    /// Adds a page with its lent frame.
    fn add_frame(&mut self, offset: usize, frame: PhysFrame, address: VirtAddr) {
        self.frames.push(frame);
        match self.runs.last_mut() {
            Some(last)
                if last.is_frames
                    && last.offset + last.length == offset
                    && last.address + last.length as u64 == address =>
            {
                last.length += PAGE_SIZE;
            }
            _ => self.add_run(offset, address, true),
        }
    }

    /// Adds a page with what it was kept in.
    fn add_kept(&mut self, offset: usize, page: Vec<u8>) {
        self.add_run(offset, VirtAddr::from_ptr(page.as_ptr()), false);
        self.kept.push(page);
    }

    /// Adds a page with what it was copied to.
    fn add_copied(&mut self, offset: usize, page: Vec<u8>) {
        self.add_run(offset, VirtAddr::from_ptr(page.as_ptr()), false);
        self.copied.push(page);
    }

    fn add_run(&mut self, offset: usize, address: VirtAddr, is_frames: bool) {
        self.runs.push(Run {
            offset,
            address,
            length: PAGE_SIZE,
            is_frames,
        });
    }
}

impl<M, F> Memory<M, F>
where
    M: PageTables,
    F: FrameAllocator<Size4KiB> + FrameDeallocator<Size4KiB>,
{
    /// Lends the next run of due pages of a tracked range as well, at most `most`; returns how many. None: all
    /// have been taken. Pages are copied whose frames cannot be lent, because as many as may be are, or no
    /// other can be promised.
    pub(super) fn lend(
        &mut self,
        start: usize,
        id: u64,
        most: usize,
        lent: &mut Lent,
    ) -> Result<Option<usize>, TrackError> {
        let range = range_by(&mut self.tracked, start, id).ok_or(TrackError::Gone)?;
        let Some(run) = range.next_run(&mut self.mapper, self.zero_frame, most)? else {
            return Ok(None);
        };
        for index in run.clone() {
            let (page, offset) = (page_at(start, index), index * PAGE_SIZE);
            if let Some(kept) = range.take_page(index) {
                lent.add_kept(offset, kept);
                continue;
            }
            match find_frame(&self.mapper, page) {
                Some((frame, address)) if range.may_lend() && self.budget.lend() => {
                    range.lend();
                    self.lent.lend(frame);
                    lent.add_frame(offset, frame, address);
                }
                _ => {
                    // SAFETY: a due page has a frame, and nothing writes to it meanwhile.
                    let contents = unsafe { page_bytes(page) };
                    lent.add_copied(offset, contents.to_vec());
                }
            }
        }
        Ok(Some(run.len()))
    }

    /// Takes a loan back.
    fn take_back(&mut self, start: usize, id: u64, lent: &mut Lent) {
        for frame in &lent.frames {
            if self.lent.take_back(*frame) {
                // SAFETY: it was allocated here, and neither a page nor a loan has it.
                unsafe { self.frames.deallocate_frame(*frame) };
            }
        }
        self.budget.take_back(lent.frames.len());
        if let Some((range, ..)) = self.tracked_by(start, id) {
            range.take_back(lent.frames.len(), lent.kept.drain(..));
        }
    }

    /// Gives a page whose frame is lent another one with the same contents, which may be written to.
    /// False: it has none that is.
    pub(super) fn leave_lent_frame(&mut self, page: Page) -> bool {
        if self.lent.is_empty() {
            return false;
        }
        let lent = self.mapper.translate_page(page).ok();
        let Some(lent) = lent.filter(|&frame| self.lent.contains(frame)) else {
            return false;
        };
        let frame = self.frames.allocate_frame();
        let frame = frame.expect("a frame was promised for every lent one");
        let address = self.mapper.frame_address(frame);
        let address = address.expect("that of the lent one was found");
        let copy: *mut u8 = address.as_mut_ptr();
        // SAFETY: the page may be read, and the frame has just been allocated.
        unsafe { copy.copy_from_nonoverlapping(page.start_address().as_ptr(), PAGE_SIZE) };
        self.change_frame(page, frame);
        self.lent.leave_page(lent);
        true
    }
}

/// The frame of a page, and where its contents can be found without the page.
fn find_frame<M: PageTables>(mapper: &M, page: Page) -> Option<(PhysFrame, VirtAddr)> {
    let frame = mapper.translate_page(page).ok()?;
    Some((frame, mapper.frame_address(frame)?))
}

/// Pages on loan of a range that is tracked, or was.
pub(super) struct BareLoan<M, F, P>
where
    M: PageTables,
    F: FrameAllocator<Size4KiB> + FrameDeallocator<Size4KiB>,
    P: Processors,
{
    pub(super) shared: Arc<Shared<M, F, P>>,
    pub(super) start: usize,
    pub(super) id: u64,
    pub(super) lent: Lent,
}

impl<M, F, P> Loan for BareLoan<M, F, P>
where
    M: PageTables + Send,
    F: FrameAllocator<Size4KiB> + FrameDeallocator<Size4KiB> + Send,
    P: Processors,
{
    fn runs(&self) -> Vec<(usize, &[u8])> {
        let runs = self.lent.runs.iter().map(|run| {
            // SAFETY: these are frames that are lent, to which nobody writes, or the loan's own pages,
            // until the loan is dropped.
            let bytes = unsafe { core::slice::from_raw_parts(run.address.as_ptr(), run.length) };
            (run.offset, bytes)
        });
        runs.collect()
    }
}

impl<M, F, P> Drop for BareLoan<M, F, P>
where
    M: PageTables,
    F: FrameAllocator<Size4KiB> + FrameDeallocator<Size4KiB>,
    P: Processors,
{
    fn drop(&mut self) {
        let (start, id, lent) = (self.start, self.id, &mut self.lent);
        self.shared
            .locked(|memory| memory.take_back(start, id, lent));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use x86_64::PhysAddr;

    fn frame(number: u64) -> PhysFrame {
        PhysFrame::containing_address(PhysAddr::new(number << 12))
    }

    #[test]
    fn a_frame_is_free_when_neither_a_page_nor_a_loan_has_it() {
        let mut lent = LentFrames::default();
        assert!(!lent.leave_page(frame(1)), "it is not lent");
        lent.lend(frame(1));
        assert!(!lent.take_back(frame(1)), "its page has it");
        lent.lend(frame(1));
        lent.lend(frame(1));
        lent.lend(frame(2));
        assert!(lent.leave_page(frame(1)));
        assert!(!lent.take_back(frame(1)), "another loan has it");
        assert!(lent.take_back(frame(1)));
        assert!(!lent.contains(frame(1)) && lent.contains(frame(2)));
    }

    #[test]
    fn pages_are_side_by_side_only_if_their_frames_are() {
        let mut lent = Lent::default();
        for (offset, number) in [(0x0000, 10), (0x1000, 11), (0x2000, 7), (0x4000, 8)] {
            lent.add_frame(offset, frame(number), VirtAddr::new(number << 12));
        }
        let page = alloc::vec![0; PAGE_SIZE];
        let behind = frame(page.as_ptr().addr() as u64 >> 12) + 1;
        lent.add_kept(0x5000, page);
        lent.add_frame(0x6000, behind, lent.runs[3].address + PAGE_SIZE as u64);
        let runs = lent.runs.iter().map(|run| (run.offset, run.length));
        assert!(runs.eq([
            (0x0000, 0x2000),
            (0x2000, 0x1000),
            (0x4000, 0x1000),
            (0x5000, 0x1000),
            (0x6000, 0x1000),
        ]));
    }
}
