//! Errors of the embedding API: one enum per stage.
//!
//! A guest's fault is a [`Trap`], which is a result of running it; the other
//! variants are the embedder's misuse or bad input.

use super::{LimitError, MemoryAccessError, MemoryError, PageError, Pending, TableError};
use crate::abi::{CpuFeatures, Val, ValType};
use crate::compile::CompileError;
use crate::module::DecodeError;
use crate::platform::PlatformError;
use crate::trap::Trap;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::error::Error;

/// How a call into wasm ended, when nothing went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome<Results = Vec<Val>> {
    /// The function returned these results.
    Returned(Results),
    /// The store was suspended at a suspend point. It can be captured, and
    /// [`Store::resume`](super::Store::resume) goes on.
    Suspended,
}

/// Why a module was refused.
#[derive(Debug, thiserror::Error)]
pub enum ModuleError {
    /// It is malformed or invalid.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// It exceeds a limit of the compiler.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// The code was to use features that the processor does not have.
    #[error("the processor does not have: {0}")]
    MissingFeatures(CpuFeatures),
    /// There is no memory for its code.
    #[error("no memory for machine code: {0}")]
    Platform(#[from] PlatformError),
}

/// Why a module could not be instantiated. The store keeps what had been
/// allocated until then, as the spec demands; nothing refers to it unless
/// element segments had already been written to an imported table.
#[derive(Debug, thiserror::Error)]
pub enum InstantiateError {
    /// The linker does not know an import.
    #[error("unknown import: \"{module}\" \"{name}\"")]
    UnknownImport {
        /// Module name of the import.
        module: String,
        /// Field name of the import.
        name: String,
    },
    /// What the linker knows under an import's name has another type.
    #[error(
        "incompatible import type: \"{module}\" \"{name}\" must be {expected}, but {found} is given"
    )]
    IncompatibleImport {
        /// Module name of the import.
        module: String,
        /// Field name of the import.
        name: String,
        /// The type the module demands.
        expected: String,
        /// The type of what the linker has.
        found: String,
    },
    /// The number of imports is not the module's.
    #[error("{given} imports given to a module of {expected}")]
    ImportCount {
        /// How many imports the module has.
        expected: usize,
        /// How many were given.
        given: usize,
    },
    /// There is no memory for a thunk.
    #[error("no memory for the instance: {0}")]
    Platform(#[from] PlatformError),
    /// A memory could not be allocated.
    #[error("no memory for a memory: {0}")]
    Memory(#[source] MemoryError),
    /// A table could not be allocated.
    #[error("no memory for a table: {0}")]
    Table(#[source] TableError),
    /// The store's limiter does not admit it.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// An active segment is out of bounds.
    #[error(transparent)]
    Trap(#[from] Trap),
    /// A page of an imported memory that an active segment is copied to cannot be read: the store
    /// was thawed lazily.
    #[error(transparent)]
    Page(#[from] PageError),
    /// The store is suspended; it must be resumed to its end first.
    #[error("the store is suspended")]
    StoreSuspended,
}

/// What the limiter does not admit is one kind of error, whatever it was asked about.
impl From<MemoryError> for InstantiateError {
    fn from(error: MemoryError) -> Self {
        match error {
            MemoryError::Limit(error) => Self::Limit(error),
            error => Self::Memory(error),
        }
    }
}

impl From<TableError> for InstantiateError {
    fn from(error: TableError) -> Self {
        match error {
            TableError::Limit(error) => Self::Limit(error),
            error => Self::Table(error),
        }
    }
}

/// Why a call did not come to an [`Outcome`].
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The guest trapped.
    #[error(transparent)]
    Trap(#[from] Trap),
    /// A host function failed.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The number of arguments is not that of the parameters.
    #[error("arguments given: {given}; parameters of the function: {expected}")]
    ArgumentCount {
        /// How many parameters the function has.
        expected: usize,
        /// How many arguments were given.
        given: usize,
    },
    /// An argument has another type than its parameter.
    #[error("argument {index} is of type {given}, the parameter of type {expected}")]
    ArgumentType {
        /// Which argument.
        index: usize,
        /// The parameter's type.
        expected: ValType,
        /// The argument's type.
        given: ValType,
    },
    /// An argument is a reference to a function that the store does not have.
    #[error("argument {0} refers to a function of another store")]
    ForeignFunction(usize),
    /// The store is suspended, so it can only be resumed.
    #[error("the store is suspended")]
    StoreSuspended,
    /// The store is not suspended, so it cannot be resumed.
    #[error("the store is not suspended")]
    NotSuspended,
    /// A host function has answered [`Pending`](super::Pending) where the store cannot be
    /// suspended: the host has called it, or another host function has called the wasm
    /// code that did.
    #[error("a host function's answer is pending, but the store cannot be suspended there")]
    CannotSuspend,
    /// The call that waits is not one of a function with the results that were asked for.
    #[error("the call that waits is one of a function with other results")]
    AnotherFunction,
    /// A page of a store that was thawed lazily cannot be read now that it is needed. If wasm code
    /// that the host called needed it, the store is suspended, and can be
    /// [resumed](super::Store::resume) to try again; a call that a host function made is over.
    #[error(transparent)]
    Page(#[from] PageError),
    /// There is no memory for the thunk that enters functions of this type, or for the stack.
    #[error("no memory to enter wasm: {0}")]
    Platform(#[from] PlatformError),
}

/// An error of a host function: any error type, kept as it is.
pub struct HostError(Box<dyn Error + Send + Sync>);

impl HostError {
    /// Wraps an error.
    pub fn new(error: impl Error + Send + Sync + 'static) -> Self {
        Self(Box::new(error))
    }

    /// The wrapped error, if it is of type `E`.
    pub fn downcast_ref<E: Error + 'static>(&self) -> Option<&E> {
        self.0.downcast_ref()
    }

    /// Whether it is the answer [`Pending`].
    pub(super) fn is_pending(&self) -> bool {
        self.0.is::<Pending>()
    }

    /// Unwraps the error.
    ///
    /// # Errors
    ///
    /// Itself, if the wrapped error is not of type `E`.
    pub fn downcast<E: Error + 'static>(self) -> Result<E, Self> {
        match self.0.downcast() {
            Ok(error) => Ok(*error),
            Err(error) => Err(Self(error)),
        }
    }
}

impl core::fmt::Debug for HostError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        core::fmt::Debug::fmt(&self.0, f)
    }
}

impl core::fmt::Display for HostError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        core::fmt::Display::fmt(&self.0, f)
    }
}

impl Error for HostError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

/// Passes an inner call's failure on through the host function that made it:
/// the outer call fails with the same [`CallError`].
impl From<CallError> for HostError {
    fn from(error: CallError) -> Self {
        Self::new(error)
    }
}

/// What a guest passes to a host function may point anywhere. For want of a page, the call of the
/// guest fails with [`CallError::Page`].
impl From<MemoryAccessError> for HostError {
    fn from(error: MemoryAccessError) -> Self {
        match error {
            MemoryAccessError::Page(error) => CallError::Page(error).into(),
            error => Self::new(error),
        }
    }
}
