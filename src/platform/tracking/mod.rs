//! Memory that is checkpointed while it goes on being written to.
//!
//! A [`Tracker`] knows which pages of a range were written to, and draws lines
//! ([`Tracker::cut`]): every page written to before a line and since the one before it is
//! *due*. What the due pages held at the line can be taken at leisure, whatever is written
//! to them meanwhile: the first write to a due page keeps its old contents, in one of a
//! bounded number of spare pages. So a cut takes no longer than it takes to draw the line,
//! and a checkpoint costs what changed.
//!
//! Whoever takes due pages copies them, or has them on loan ([`Tracker::lend_due`]).
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
pub use ledger::{Ledger, NoRoom, OVERDRAFT, Room};

use super::PAGE_SIZE;
use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

/// Draws lines between writes to a range of memory. See the [module](self).
///
/// Ranges and sizes are in bytes from the range's start, and multiples of
/// [`PAGE_SIZE`].
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
    /// as many adjacent ones as fit. Returns where they lie; None: all have been taken. An empty
    /// range: none has been found so far, ask again.
    ///
    /// # Errors
    ///
    /// [`TrackError`]; the cut is to be abandoned then.
    ///
    /// # Panics
    ///
    /// Panics if `buffer` has no room for a page.
    fn take_due(&self, buffer: &mut [u8]) -> Result<Option<Range<usize>>, TrackError>;

    /// Lends due pages as they were at the cut, at most `most`, wherever they lie. None: all have been
    /// taken. No pages: none have been found so far, ask again. What is on loan may outlive the cut, the tracker
    /// and the range.
    ///
    /// A platform that can lends the very memory that the range consists of, for a device to read: whoever
    /// writes to such a page goes on with a copy. The default copies first.
    ///
    /// # Errors
    ///
    /// [`TrackError`]; the cut is to be abandoned then.
    ///
    /// # Panics
    ///
    /// Panics if `most` is 0.
    fn lend_due(&self, most: usize) -> Result<Option<Box<dyn Loan>>, TrackError> {
        assert!(most > 0, "no room for a page");
        let mut copied = Copied {
            runs: Vec::new(),
            bytes: vec![0; most * PAGE_SIZE],
        };
        let (mut used, mut is_last) = (0, false);
        while used < copied.bytes.len() {
            let Some(run) = self.take_due(&mut copied.bytes[used..])? else {
                is_last = true;
                break;
            };
            if run.is_empty() {
                break;
            }
            copied.runs.push((run.start, used..used + run.len()));
            used += run.len();
        }
        let is_there = used > 0 || !is_last;
        Ok(is_there.then(|| -> Box<dyn Loan> { Box::new(copied) }))
    }

    /// Shows `visit` due pages as they were at the cut, at most `most`, wherever they lie: adjacent ones, where they
    /// begin, and their bytes, as [`Loan::runs`] does. False: all have been taken, and it was not called. No pages:
    /// none have been found so far, ask again.
    ///
    /// A platform on which writers can wait shows them in their place, and has those wait until `visit` returns
    /// who write to one of these pages. The default [lends](Self::lend_due) them.
    ///
    /// # Errors
    ///
    /// [`TrackError`]; the cut is to be abandoned then.
    ///
    /// # Panics
    ///
    /// Panics if `most` is 0, and may if `visit` writes to the range or draws a line.
    fn visit_due(&self, most: usize, visit: &mut Visit<'_>) -> Result<bool, TrackError> {
        let lent = self.lend_due(most)?;
        if let Some(loan) = &lent {
            visit(&loan.runs());
        }
        Ok(lent.is_some())
    }

    /// Calls `waker` whenever a write leaves few spare pages, on a platform where writers do not wait
    /// for more by themselves: so that they are kept from writing until [`Self::is_short`] says
    /// that there are enough. Replaces the one before. It is called in fault handlers: it
    /// must not allocate, lock or take long.
    fn set_waker(&self, waker: Waker) {
        drop(waker);
    }

    /// Whether few spare pages are left, on a platform where writers do not wait by themselves.
    /// Taking due pages and ending the cut make more.
    fn is_short(&self) -> bool {
        false
    }

    /// Ends the cut.
    fn end(&self, end: CutEnd);
}

/// Pages on loan, as they were at the cut. Dropping it gives them back.
pub trait Loan: Send + Sync {
    /// Adjacent pages: where in the tracked range they begin, and their bytes. These stay where
    /// they are, as they are, for as long as the loan is there. No page is in two runs.
    fn runs(&self) -> Vec<(usize, &[u8])>;
}

/// Pages that have been copied.
struct Copied {
    /// Where they begin, and where their bytes are.
    runs: Vec<(usize, Range<usize>)>,
    bytes: Vec<u8>,
}

impl Loan for Copied {
    fn runs(&self) -> Vec<(usize, &[u8])> {
        let runs = self.runs.iter();
        let runs = runs.map(|(start, range)| (*start, &self.bytes[range.clone()]));
        runs.collect()
    }
}

/// What is shown pages: where adjacent ones begin, in bytes, and their bytes.
pub type Visit<'v> = dyn FnMut(&[(usize, &[u8])]) + 'v;

/// What is called when spare pages get short.
pub type Waker = Box<dyn Fn() + Send>;

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
    /// was no memory to keep what it held, or too much of it was in use ([`OVERDRAFT`]).
    #[error("no memory was left to keep a page that was written to")]
    Overrun,
}
