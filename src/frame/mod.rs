//! Reads and rebuilds machine stacks.
//!
//! A stack is a chain of frames ([`crate::abi`] has the picture). [`read_stack`]
//! turns it into wasm-level frames ([`ExecutionStateImage`]), by the state map of the
//! code that each frame is of.

mod dump;
mod site;
mod stack;
mod walk;

pub use dump::{ExecutionStateImage, WasmFunctionStateDump};
pub use stack::{StackView, StackViewMut};
pub use walk::{
    CodeRef, Exit, KnownRegisters, ReadError, StackDump, WalkContext, read_stack, read_stack_from,
};
