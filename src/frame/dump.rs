//! Frames at wasm level: what was read from a stack and what one is rebuilt from.
//!
//! They name no machine address, so they outlive the code version and the
//! machine that they were read on.

use crate::abi::Value;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// One wasm frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WasmFunctionStateDump {
    /// Index in the store of the instance whose function it is.
    pub instance: u32,
    /// Index of the function in its module's function index space.
    pub local_function_id: u32,
    /// Offset in the module's bytes of the instruction at which the frame
    /// stands; `usize::MAX` for the function header.
    pub wasm_inst_offset: usize,
    /// The operand stack, bottom first. None: not recoverable here.
    pub stack: Vec<Option<Value>>,
    /// The locals, parameters first. None: not recoverable here.
    pub locals: Vec<Option<Value>>,
}

/// The wasm frames of a stack, innermost first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecutionStateImage {
    /// The frames, innermost first.
    pub frames: Vec<WasmFunctionStateDump>,
    /// Results of the host call that the innermost frame stands at, if that
    /// call has already been made.
    pub pending_results: Vec<Value>,
}
