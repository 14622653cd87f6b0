//! What became of a script.

use crate::world::ActionError;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::ops::{AddAssign, Index, IndexMut};

/// The kinds of assertions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A call returns certain values.
    Return,
    /// A call traps.
    Trap,
    /// A call exhausts the stack.
    Exhaustion,
    /// A module cannot be instantiated, because that traps.
    Uninstantiable,
    /// A module cannot be linked.
    Unlinkable,
    /// A binary module is invalid.
    Invalid,
    /// A binary module is malformed.
    Malformed,
    /// A module in text form is no module. Text is read before a script is in the form
    /// that this crate runs, so that these say nothing of the engine.
    BadText,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Return,
        Self::Trap,
        Self::Exhaustion,
        Self::Uninstantiable,
        Self::Unlinkable,
        Self::Invalid,
        Self::Malformed,
        Self::BadText,
    ];

    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Return => "return",
            Self::Trap => "trap",
            Self::Exhaustion => "exhaustion",
            Self::Uninstantiable => "uninstantiable",
            Self::Unlinkable => "unlinkable",
            Self::Invalid => "invalid",
            Self::Malformed => "malformed",
            Self::BadText => "bad-text",
        }
    }
}

/// How many assertions of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts([u64; Kind::ALL.len()]);

impl Counts {
    /// How many of all kinds.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }
}

impl Index<Kind> for Counts {
    type Output = u64;

    fn index(&self, kind: Kind) -> &u64 {
        &self.0[kind as usize]
    }
}

impl IndexMut<Kind> for Counts {
    fn index_mut(&mut self, kind: Kind) -> &mut u64 {
        &mut self.0[kind as usize]
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        for (count, other) in self.0.iter_mut().zip(other.0) {
            *count += other;
        }
    }
}

/// Writes `return=5 trap=0 ...`, the sum last.
impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for kind in Kind::ALL {
            write!(f, "{}={} ", kind.name(), self[kind])?;
        }
        write!(f, "passed={}", self.total())
    }
}

/// What became of a script.
#[derive(Debug, Default)]
pub struct Report {
    /// How many assertions hold.
    pub passed: Counts,
    /// How often a call was frozen and thawed.
    pub freezes: u64,
    /// How often frames were moved to other code versions.
    pub moves: u64,
    /// How many suspend points were passed. Counted only by whoever freezes by number.
    pub points: u64,
    /// Assertions that do not hold, and other directives that failed, in order.
    pub failures: Vec<Failure>,
}

impl Report {
    /// Of a script that could not be run.
    pub fn not_run(line: u32, mismatch: Mismatch) -> Self {
        Self {
            failures: Vec::from([Failure { line, mismatch }]),
            ..Self::default()
        }
    }
}

/// A directive that failed.
#[derive(Debug)]
pub struct Failure {
    /// Its line, from 1.
    pub line: u32,
    /// How.
    pub mismatch: Mismatch,
}

/// How a directive failed.
#[derive(Debug, thiserror::Error)]
pub enum Mismatch {
    /// Something else than what was asserted.
    #[error("expected {expected}, found {found}")]
    Unexpected {
        /// What was asserted.
        expected: String,
        /// What there is.
        found: String,
    },
    /// It could not be done.
    #[error(transparent)]
    Action(#[from] ActionError),
    /// The script's text, or that of a module in it, is malformed.
    #[error("bad text: {0}")]
    Text(String),
    /// The script asks for something that cannot be done here.
    #[error("not supported: {0}")]
    Unsupported(String),
}
