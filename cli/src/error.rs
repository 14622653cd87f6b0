//! Why the command could not do what it was asked to.

use crate::disk::DiskError;
use crate::wast::expected::BadList;
use std::io;
use std::path::PathBuf;
use woodfrog::abi::ValType;
use woodfrog::image::{ImageError, ValidateError};
use woodfrog::runtime::{CaptureError, ModuleError, MoveError, RestoreError};
use woodfrog::wasi::{ProgramError, StateError};

/// Why the command failed. A trap of the program is none: it is a result.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file in text format is malformed.
    #[error("{}: neither a wasm binary nor valid wasm text: {source}", path.display())]
    Text {
        /// The file.
        path: PathBuf,
        /// Why.
        source: wat::Error,
    },
    /// A module is invalid or exceeds a limit.
    #[error("{}: {source}", path.display())]
    Module {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ModuleError,
    },
    /// A directory was given.
    #[error(
        "--dir {0}: directories are not supported yet; give the program its input on standard input"
    )]
    DirectoriesUnsupported(String),
    /// There is no such option.
    #[error("unknown option {0}; a file of that name can be given as ./{0}")]
    UnknownOption(String),
    /// An option's value is not of the form NAME=VALUE.
    #[error("{option} {value}: expected {expected}")]
    MalformedOption {
        /// The option.
        option: &'static str,
        /// Its value.
        value: String,
        /// The form it should have.
        expected: &'static str,
    },
    /// The export to call does not exist.
    #[error("--invoke {name}: no such exported function; there are: {exports}")]
    NoSuchExport {
        /// The name asked for.
        name: String,
        /// Those that exist.
        exports: String,
    },
    /// A function was given too few or too many arguments.
    #[error("--invoke {name}: {given} arguments given, but it has {expected} parameters ({types})")]
    ArgumentCount {
        /// The function.
        name: String,
        /// How many were given.
        given: usize,
        /// How many there are.
        expected: usize,
        /// Their types.
        types: String,
    },
    /// An argument cannot be read as a value of its type.
    #[error("argument {number}: \"{text}\" is not a value of type {ty}")]
    Argument {
        /// Which one, from 1.
        number: usize,
        /// What was given.
        text: String,
        /// The type it should have.
        ty: ValType,
    },
    /// The image's program was called by something else.
    #[error("--invoke {given}: the image's program was called by {actual}")]
    OtherEntry {
        /// The name given.
        given: String,
        /// What the image says.
        actual: String,
    },
    /// The program's arguments, environment or image state are unusable.
    #[error(transparent)]
    State(#[from] StateError),
    /// A checkpoint disk cannot be made, read or written.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// Bytes are no image.
    #[error("bad image: {0}")]
    Image(#[from] ImageError),
    /// An image does not fit its modules.
    #[error("bad image: {0}")]
    Validate(#[from] ValidateError),
    /// An image cannot be turned into a store.
    #[error("bad image: {0}")]
    Restore(#[from] RestoreError),
    /// A store cannot be turned into an image.
    #[error("cannot freeze the program: {0}")]
    Capture(#[from] CaptureError),
    /// A module cannot be compiled for a second time.
    #[error("the second code version: {0}")]
    SecondVersion(#[source] ModuleError),
    /// The program's frames cannot go to other code versions.
    #[error("cannot switch versions: {0}")]
    Move(#[from] MoveError),
    /// The program could not be started or went wrong in a way that is no trap.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// The list of expected failures of test scripts is malformed.
    #[error(transparent)]
    ExpectedFailures(#[from] BadList),
    /// Nothing more can be written to standard output.
    #[error("cannot write to standard output: {0}")]
    Output(io::Error),
}
