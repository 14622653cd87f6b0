//! Reads and rebuilds machine stacks.
//!
//! A stack is a chain of frames ([`crate::abi`] has the picture). [`read_stack`]
//! turns it into wasm-level frames ([`ExecutionStateImage`]), by the state map of the
//! code that each frame is of. [`rebuild`] is the inverse, for frames that
//! [`validate`] has held against the module and the code.

mod change;
mod context;
mod dump;
mod known;
mod rebuild;
mod site;
mod stack;
#[cfg(test)]
mod tests;
mod validate;
mod validate_call;
mod walk;

pub use change::{SetLocalError, set_local};
pub use context::{CodeRef, ReadError, WalkContext};
pub use dump::{
    ExecutionStateImage, FunctionNames, HostCall, NamedBacktrace, PendingHostCall,
    WasmFunctionStateDump,
};
pub use known::KnownRegisters;
pub use rebuild::{EntryFrame, RebuildContext, RebuildError, rebuild};
pub use stack::{StackView, StackViewMut};
pub use validate::{
    FrameError, FramesError, FunctionOrigin, ValidateContext, ValidatedState, validate,
};
pub use walk::{Exit, StackDump, read_stack, read_stack_from};
