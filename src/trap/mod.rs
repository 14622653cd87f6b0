//! Machine faults to wasm traps.
//!
//! A platform's exception or signal handler fills a [`TrapFrame`] and calls
//! [`handle_fault`], which decides whether the fault is a guest's and, if so,
//! redirects the frame to the runtime's exit. Nothing in there allocates or
//! locks. What the embedder gets to see is a [`Trap`].

use crate::abi::vmctx::{TrapFrame, VmStoreContext};
use crate::abi::{TrapCode, Val};
use alloc::string::String;
use alloc::vec::Vec;

/// What a fault handler is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultAction {
    /// The fault was a guest's. The frame has been rewritten: return from the
    /// exception with all its registers, and the runtime goes on on the host stack.
    Handled,
    /// The fault is none of the engine's business.
    NotOurs,
}

/// Decides whether a fault is a guest's trap, and if so redirects `frame` to
/// the runtime's exit.
///
/// `frame` holds every register at the faulting instruction, with `vector`,
/// `error_code` and `fault_address` as the processor gave them (Intel SDM volume
/// 3A, section 6.15): 0 #DE, 6 #UD, 14 #PF; a signal handler sets them
/// likewise (SIGFPE 0, SIGILL 6, SIGSEGV and SIGBUS 14). `activation` is what
/// [`Platform::swap_activation`](crate::platform::Platform::swap_activation) set
/// last on this CPU; null is allowed.
///
/// Takes no locks and does not allocate, so it may be called in any context.
pub fn handle_fault(frame: &mut TrapFrame, activation: *mut VmStoreContext) -> FaultAction {
    crate::runtime::handle_fault(frame, activation)
}

/// The wasm frames of an activation, innermost first, for a platform that is about
/// to give up. `fault` is the exception that made it so, if one did. Allocates.
///
/// # Safety
///
/// `activation` is what [`Platform::swap_activation`](crate::platform::Platform::swap_activation)
/// set last on this CPU, or null; its store is never used again.
#[expect(
    unsafe_code,
    reason = "takes the store of whoever has been interrupted"
)]
pub unsafe fn backtrace(activation: *mut VmStoreContext, fault: Option<&TrapFrame>) -> Backtrace {
    // SAFETY: the caller's.
    unsafe { crate::runtime::backtrace_of(activation, fault) }
}

/// A guest's fault: why, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trap {
    /// Why.
    pub code: TrapCode,
    /// Where. Empty for a trap during instantiation.
    pub backtrace: Backtrace,
}

/// Wasm frames, innermost first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Backtrace {
    /// The frames.
    pub frames: Vec<BacktraceFrame>,
    /// Whether outer frames were left out.
    pub is_truncated: bool,
}

/// One wasm frame, as a backtrace shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BacktraceFrame {
    /// Index of the instance in its store.
    pub instance: u32,
    /// Function index in the module.
    pub function: u32,
    /// The function's name, from the name section or an export.
    pub name: Option<String>,
    /// Offset of the wasm instruction in the module's file; at a function's
    /// header, that of its first operator.
    pub offset: usize,
    /// Its locals, parameters first; None where it cannot be recovered.
    pub locals: Vec<Option<Val>>,
    /// Its operand stack, bottom first.
    pub stack: Vec<Option<Val>>,
}

impl core::fmt::Display for Trap {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "wasm trap: {}", self.code)?;
        if !self.backtrace.frames.is_empty() {
            write!(f, "\n{}", self.backtrace)?;
        }
        Ok(())
    }
}

impl core::error::Error for Trap {}

impl core::fmt::Display for Backtrace {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "wasm backtrace:")?;
        for (number, frame) in self.frames.iter().enumerate() {
            write!(f, "\n{number:>5}: {frame}")?;
        }
        if self.is_truncated {
            write!(f, "\n       ...")?;
        }
        Ok(())
    }
}

impl core::fmt::Display for BacktraceFrame {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{:#8x} - ", self.offset)?;
        match &self.name {
            Some(name) => f.write_str(name)?,
            None => write!(f, "<wasm function {}>", self.function)?,
        }
        write!(f, "\n             locals ")?;
        write_values(f, &self.locals)?;
        write!(f, ", stack ")?;
        write_values(f, &self.stack)
    }
}

fn write_values(f: &mut core::fmt::Formatter<'_>, values: &[Option<Val>]) -> core::fmt::Result {
    f.write_str("[")?;
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            f.write_str(", ")?;
        }
        match value {
            Some(value) => write!(f, "{value:?}")?,
            None => f.write_str("?")?,
        }
    }
    f.write_str("]")
}
