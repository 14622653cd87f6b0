//! Frames at wasm level: what was read from a stack and what one is rebuilt from.
//!
//! They name no machine address, so they outlive the code version and the
//! machine that they were read on.

use crate::abi::{FuncAddr, Val};
use alloc::vec::Vec;
use core::fmt;
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
    pub stack: Vec<Option<Val>>,
    /// The locals, parameters first. None: not recoverable here.
    pub locals: Vec<Option<Val>>,
}

/// The wasm frames of a stack, innermost first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecutionStateImage {
    /// The frames, innermost first.
    pub frames: Vec<WasmFunctionStateDump>,
    /// The call of a host function at which the innermost frame stands; None if it stands
    /// elsewhere. Without any frames, the function that the host called has tail-called it.
    pub host_call: Option<HostCall>,
}

/// A call of a host function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HostCall {
    /// It has returned these results.
    Returned(Vec<Val>),
    /// It has not returned yet.
    Pending(PendingHostCall),
}

/// A call of a host function that is to be made again, or to be given its results.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingHostCall {
    /// The host function.
    pub function: FuncAddr,
    /// Index in the store of the instance whose code calls it. Not always that of the
    /// innermost frame: a function of another instance may have tail-called it.
    pub instance: u32,
    /// The arguments.
    pub arguments: Vec<Val>,
}

/// The name of a function, from the index of its instance and its own.
pub type FunctionNames<'a> = dyn Fn(u32, u32) -> Option<&'a str> + 'a;

/// Frames as a printed backtrace, with names.
#[derive(Clone, Copy)]
pub struct NamedBacktrace<'a> {
    state: &'a ExecutionStateImage,
    names: &'a FunctionNames<'a>,
}

impl ExecutionStateImage {
    /// The printed backtrace, one frame a line, with names:
    /// `#0 func name @0x2a locals [i32:1, ?] stack []`. What is not recoverable is
    /// printed `?`.
    pub fn with_names<'a>(&'a self, names: &'a FunctionNames<'a>) -> NamedBacktrace<'a> {
        NamedBacktrace { state: self, names }
    }
}

/// The printed backtrace, functions by index.
impl fmt::Display for ExecutionStateImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with_names(&|_, _| None).fmt(f)
    }
}

impl fmt::Display for NamedBacktrace<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, frame) in self.state.frames.iter().enumerate() {
            if number > 0 {
                f.write_str("\n")?;
            }
            write!(f, "#{number} func ")?;
            match (self.names)(frame.instance, frame.local_function_id) {
                Some(name) => f.write_str(name)?,
                None => write!(f, "{}", frame.local_function_id)?,
            }
            match frame.wasm_inst_offset {
                usize::MAX => f.write_str(" @header")?,
                offset => write!(f, " @{offset:#x}")?,
            }
            f.write_str(" locals ")?;
            write_values(f, &frame.locals)?;
            f.write_str(" stack ")?;
            write_values(f, &frame.stack)?;
        }
        Ok(())
    }
}

fn write_values(f: &mut fmt::Formatter<'_>, values: &[Option<Val>]) -> fmt::Result {
    f.write_str("[")?;
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            f.write_str(", ")?;
        }
        match value {
            Some(value) => write_value(f, value)?,
            None => f.write_str("?")?,
        }
    }
    f.write_str("]")
}

fn write_value(f: &mut fmt::Formatter<'_>, value: &Val) -> fmt::Result {
    write!(f, "{}:", value.ty())?;
    match value {
        Val::I32(value) => write!(f, "{value}"),
        Val::I64(value) => write!(f, "{value}"),
        Val::F32(bits) => write!(f, "{:?}", f32::from_bits(*bits)),
        Val::F64(bits) => write!(f, "{:?}", f64::from_bits(*bits)),
        Val::V128(bits) => write!(f, "{bits:#034x}"),
        Val::FuncRef(Some(addr)) => write!(f, "{}", addr.0),
        Val::ExternRef(Some(token)) => write!(f, "{}", token.0),
        Val::FuncRef(None) | Val::ExternRef(None) => f.write_str("null"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use alloc::vec;

    #[test]
    fn backtraces_print_names_offsets_and_values() {
        let frame = WasmFunctionStateDump {
            instance: 0,
            local_function_id: 7,
            wasm_inst_offset: 0x2a,
            stack: vec![Some(Val::F32(0x3f80_0000)), None],
            locals: vec![Some(Val::I32(-1)), Some(Val::FuncRef(None))],
        };
        let mut header = frame.clone();
        (header.wasm_inst_offset, header.instance) = (usize::MAX, 1);
        header.stack.clear();
        header.locals = vec![Some(Val::V128(255))];
        let state = ExecutionStateImage {
            frames: vec![header, frame],
            host_call: None,
        };
        let names = |instance, function| (instance == 0 && function == 7).then_some("work");
        assert_eq!(
            state.with_names(&names).to_string(),
            "#0 func 7 @header locals [v128:0x000000000000000000000000000000ff] stack []\n\
             #1 func work @0x2a locals [i32:-1, funcref:null] stack [f32:1.0, ?]"
        );
        assert!(state.to_string().contains("#1 func 7 @0x2a"));
    }
}
