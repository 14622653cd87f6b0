//! How much work debug information is worth.

use std::cell::Cell;

/// Steps for the debug information of a module: attributes, rows and other things of a few
/// bytes to read. As many as a large program has in the units that a deep stack goes through,
/// and about a second of work.
const STEPS: u64 = 100_000_000;

/// The work that may still be done.
#[derive(Debug)]
pub struct Budget {
    left: Cell<u64>,
    is_exhausted: Cell<bool>,
}

/// Why something was not found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It is malformed, or of a kind that is not known here.
    Unreadable,
    /// It would be too much work.
    Exhausted,
}

impl Budget {
    /// All of it.
    pub fn new() -> Self {
        Self {
            left: Cell::new(STEPS),
            is_exhausted: Cell::new(false),
        }
    }

    /// Takes some steps.
    ///
    /// # Errors
    ///
    /// [`Stop::Exhausted`] if there are not so many.
    pub fn take(&self, steps: usize) -> Result<(), Stop> {
        match self.left.get().checked_sub(steps as u64) {
            Some(left) => {
                self.left.set(left);
                Ok(())
            }
            None => {
                self.is_exhausted.set(true);
                Err(Stop::Exhausted)
            }
        }
    }

    /// Whether more was wanted than there was.
    pub fn is_exhausted(&self) -> bool {
        self.is_exhausted.get()
    }
}

impl From<gimli::Error> for Stop {
    fn from(_: gimli::Error) -> Self {
        Self::Unreadable
    }
}
