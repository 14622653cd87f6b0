//! frame

mod dump;

pub use dump::{ExecutionStateImage, WasmFunctionStateDump};
