//! Memory that is checkpointed while it goes on being written to.
//!
//! A [`Tracker`] knows which pages of a range were written to, and draws lines
//! ([`Tracker::cut`]): every page written to before a line and since the one before it is
//! *due*. What the due pages held at the line can be taken at leisure, whatever is written
//! to them meanwhile: the first write to a due page keeps its old contents, in one of a
//! bounded number of spare pages. So a cut takes no longer than it takes to draw the line,
//! and a checkpoint costs what changed.
//!
//! ```text
//!    writes           cut                 writes go on
//! ------------------- | ---------------------------------------------
//!  a b   a  c            b                 d     a
//!                        ^ keep b's old    |     ^ already taken: nothing to keep
//!                          contents        belongs to the next cut
//!      due: a b c        take a . . . . take b (kept) . take c     end
//! ```
//!
//! How writes are noticed is the platform's affair: by the Dirty bits of page tables,
//! or by write protection. What is common to all is a [`Ledger`].

mod bits;
mod ledger;

pub use bits::Bits;
pub use ledger::{Ledger, NoRoom, Room};

use core::ops::Range;

/// Draws lines between writes to a range of memory. See the [module](self).
///
/// Ranges and sizes are in bytes from the range's start, and multiples of
/// [`PAGE_SIZE`](super::PAGE_SIZE).
pub trait Tracker: Send + Sync {
    /// Gets ready for a cut while writes go on, so that the cut itself is quick. May be
    /// called as often as one likes, or not at all.
    fn prepare(&self) {}

    /// Draws a line: everything in the first `size` bytes that was written to since the last
    /// one is due. A cut that has not ended is ended as [`CutEnd::Abandoned`] first.
    ///
    /// Nothing may write to the range meanwhile.
    ///
    /// # Errors
    ///
    /// [`TrackError::Gone`].
    fn cut(&self, size: usize) -> Result<(), TrackError>;

    /// Takes what the first `size` bytes hold now as safe: nothing in them was written to. A cut
    /// that has not ended is ended as [`CutEnd::Abandoned`] first.
    ///
    /// # Errors
    ///
    /// [`TrackError::Gone`].
    fn forget(&self, size: usize) -> Result<(), TrackError>;

    /// Copies due pages as they were at the cut to the beginning of `buffer`: the next one, and
    /// as many adjacent ones as fit. Returns where they lie; None: all have been taken.
    ///
    /// # Errors
    ///
    /// [`TrackError`]; the cut is to be abandoned then.
    ///
    /// # Panics
    ///
    /// Panics if `buffer` has no room for a page.
    fn take_due(&self, buffer: &mut [u8]) -> Result<Option<Range<usize>>, TrackError>;

    /// Ends the cut.
    fn end(&self, end: CutEnd);
}

/// What became of the pages that were taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CutEnd {
    /// They are safe.
    Kept,
    /// They are lost: all pages that were due are due again at the next cut.
    Abandoned,
}

/// Why due pages cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrackError {
    /// The tracked memory is no more.
    #[error("the memory that was tracked is gone")]
    Gone,
    /// A page was written to before it was taken, by code that cannot wait, and there
    /// was no memory to keep what it held.
    #[error("no memory was left to keep a page that was written to")]
    Overrun,
}
