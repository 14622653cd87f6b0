//! Why a wasm instruction trapped.

use serde::{Deserialize, Serialize};

/// The reason of a trap, with the message the WebAssembly spec tests expect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum TrapCode {
    /// `unreachable` was executed.
    Unreachable = 1,
    /// A linear memory access was out of bounds.
    MemoryOutOfBounds = 2,
    /// A table access was out of bounds.
    TableOutOfBounds = 3,
    /// `call_indirect` of an index past the table's end.
    UndefinedElement = 4,
    /// `call_indirect` of a null element.
    UninitializedElement = 5,
    /// `call_indirect` of a function of another type.
    IndirectCallTypeMismatch = 6,
    /// Signed division overflowed, or a truncation was out of range.
    IntegerOverflow = 7,
    /// Integer division by zero.
    IntegerDivideByZero = 8,
    /// A NaN was truncated to an integer.
    InvalidConversionToInteger = 9,
    /// The wasm stack is used up.
    CallStackExhausted = 10,
    /// A division fault (#DE) whose divisor, in RCX, tells which of
    /// [`IntegerDivideByZero`](Self::IntegerDivideByZero) (RCX = 0) and
    /// [`IntegerOverflow`](Self::IntegerOverflow) it is. Only in trap tables;
    /// `trap` resolves it before anybody sees it.
    Division = 11,
}

impl TrapCode {
    /// Every code, in numeric order.
    pub const ALL: [Self; 11] = [
        Self::Unreachable,
        Self::MemoryOutOfBounds,
        Self::TableOutOfBounds,
        Self::UndefinedElement,
        Self::UninitializedElement,
        Self::IndirectCallTypeMismatch,
        Self::IntegerOverflow,
        Self::IntegerDivideByZero,
        Self::InvalidConversionToInteger,
        Self::CallStackExhausted,
        Self::Division,
    ];

    /// The message that the WebAssembly spec tests expect.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::MemoryOutOfBounds => "out of bounds memory access",
            Self::TableOutOfBounds => "out of bounds table access",
            Self::UndefinedElement => "undefined element",
            Self::UninitializedElement => "uninitialized element",
            Self::IndirectCallTypeMismatch => "indirect call type mismatch",
            Self::IntegerOverflow => "integer overflow",
            Self::IntegerDivideByZero | Self::Division => "integer divide by zero",
            Self::InvalidConversionToInteger => "invalid conversion to integer",
            Self::CallStackExhausted => "call stack exhausted",
        }
    }
}

impl core::fmt::Display for TrapCode {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.message())
    }
}
