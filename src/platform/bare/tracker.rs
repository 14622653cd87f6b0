//! Handles to tracked ranges.

use super::lent::{BareLoan, Lent};
use super::platform::Shared;
use super::processor::Processors;
use super::tables::PageTables;
use super::tracked::TrackedRange;
use crate::platform::tracking::{CutEnd, Loan, TrackError, Tracker, Waker};
use alloc::boxed::Box;
use alloc::sync::Arc;
use core::ops::Range;
use x86_64::structures::paging::{FrameAllocator, FrameDeallocator, PhysFrame, Size4KiB};

/// A handle to a [`TrackedRange`].
pub(super) struct BareTracker<M, F, P>
where
    M: PageTables,
    F: FrameAllocator<Size4KiB> + FrameDeallocator<Size4KiB>,
    P: Processors,
{
    pub(super) shared: Arc<Shared<M, F, P>>,
    pub(super) start: usize,
    pub(super) id: u64,
}

impl<M, F, P> BareTracker<M, F, P>
where
    M: PageTables,
    F: FrameAllocator<Size4KiB> + FrameDeallocator<Size4KiB>,
    P: Processors,
{
    /// Runs `act` on the range, unless it is gone.
    fn with<R>(
        &self,
        act: impl FnOnce(&mut TrackedRange, &mut M, Option<PhysFrame>) -> R,
    ) -> Result<R, TrackError> {
        self.shared.locked(|memory| {
            let (range, mapper, zero_frame) = memory
                .tracked_by(self.start, self.id)
                .ok_or(TrackError::Gone)?;
            Ok(act(range, mapper, zero_frame))
        })
    }
}

impl<M, F, P> Tracker for BareTracker<M, F, P>
where
    M: PageTables + Send + 'static,
    F: FrameAllocator<Size4KiB> + FrameDeallocator<Size4KiB> + Send + 'static,
    P: Processors + 'static,
{
    fn cut(&self, size: usize) -> Result<(), TrackError> {
        self.with(|range, mapper, _| range.cut(mapper, size))
    }

    fn forget(&self, size: usize) -> Result<(), TrackError> {
        self.with(|range, mapper, zero_frame| range.forget(mapper, zero_frame, size))
    }

    fn take_due(&self, buffer: &mut [u8]) -> Result<Option<Range<usize>>, TrackError> {
        self.with(|range, mapper, zero_frame| range.take(mapper, zero_frame, buffer))?
    }

    fn lend_due(&self, most: usize) -> Result<Option<Box<dyn Loan>>, TrackError> {
        let mut loan = BareLoan {
            shared: self.shared.clone(),
            start: self.start,
            id: self.id,
            lent: Lent::default(),
        };
        loop {
            let left = most - loan.lent.pages();
            let lent = &mut loan.lent;
            // Interrupts are disabled for a run at a time.
            let more = self
                .shared
                .locked(|memory| memory.lend(self.start, self.id, left, lent))?;
            match more {
                None if loan.lent.pages() == 0 => return Ok(None),
                Some(1..) if loan.lent.pages() < most => {}
                _ => return Ok(Some(Box::new(loan))),
            }
        }
    }

    fn set_waker(&self, waker: Waker) {
        // The old one is dropped after interrupts are enabled again.
        let _old = self.with(|range, _, _| range.set_waker(waker));
    }

    fn is_short(&self) -> bool {
        self.with(|range, _, _| range.is_short()).unwrap_or(false)
    }

    fn end(&self, end: CutEnd) {
        // Nothing is left to be ended in a range that is gone.
        let _ = self.with(|range, mapper, _| range.end(mapper, end));
    }
}

impl<M, F, P> Drop for BareTracker<M, F, P>
where
    M: PageTables,
    F: FrameAllocator<Size4KiB> + FrameDeallocator<Size4KiB>,
    P: Processors,
{
    fn drop(&mut self) {
        let (start, id) = (self.start, self.id);
        self.shared.locked(|memory| memory.stop_tracking(start, id));
    }
}
