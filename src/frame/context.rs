//! What the walk asks of the store whose stack it is, and how it can fail.

use crate::abi::RegisterIndex;
use crate::abi::value::FuncRefs;
use crate::state::{CodeVersions, ModuleStateMap};

/// Why a stack could not be read. All of these are the engine's own errors.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// A frame's code address is no suspend point.
    #[error("frame #{frame}: no suspend point at address {address:#x}")]
    UnknownAddress {
        /// Number of the frame, innermost 0.
        frame: usize,
        /// The address.
        address: u64,
    },
    /// A value is in a register whose contents are not known.
    #[error("frame #{frame}: register {} is not known", register.0)]
    UnknownRegister {
        /// Number of the frame, innermost 0.
        frame: usize,
        /// The register.
        register: RegisterIndex,
    },
    /// A frame's vmctx pointer is that of no instance.
    #[error("frame #{frame}: no instance has its vmctx at {vmctx:#x}")]
    UnknownInstance {
        /// Number of the frame, innermost 0.
        frame: usize,
        /// The pointer.
        vmctx: u64,
    },
    /// A frame reaches out of the stack, or does not lie above its callee.
    #[error("frame #{frame}: address {address:#x} is not on the stack above its callee")]
    OutsideStack {
        /// Number of the frame, innermost 0.
        frame: usize,
        /// The address.
        address: u64,
    },
    /// An optimised frame was called by a baseline frame without the trampoline between.
    #[error("frame #{frame}: an optimised frame was called without the tier boundary")]
    MissingBoundary {
        /// Number of the optimised frame.
        frame: usize,
    },
}

/// A code version, as the walk sees it.
#[derive(Clone, Copy, Debug)]
pub struct CodeRef<'a> {
    /// Its state map.
    pub map: &'a ModuleStateMap,
    /// Address of its code.
    pub base: u64,
    /// Whether it is baseline code.
    pub baseline: bool,
}

/// What the walk asks of the store whose stack it is.
pub trait WalkContext: FuncRefs {
    /// The code version whose code contains an address.
    fn code_at(&self, address: u64) -> Option<CodeRef<'_>>;

    /// The index in the store of the instance with a vmctx pointer.
    fn instance_of(&self, vmctx: u64) -> Option<u32>;

    /// Whether an address is where an entry thunk's call returns to.
    fn is_entry(&self, return_address: u64) -> bool;

    /// Whether an address is where the call of a tier-boundary trampoline returns
    /// to. Its frame: `push rbp; mov rbp, rsp; push` RBX, R12, R13, R14, R15.
    fn is_tier_boundary(&self, _return_address: u64) -> bool {
        false
    }
}

impl CodeVersions {
    /// The version whose code contains an address, for [`WalkContext::code_at`].
    pub fn code_at(&self, address: u64) -> Option<CodeRef<'_>> {
        let version = self.find(usize::try_from(address).ok()?)?;
        Some(CodeRef {
            map: &version.msm,
            base: version.base as u64,
            baseline: version.baseline,
        })
    }
}
