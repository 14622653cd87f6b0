//! Why the command could not do what it was asked to.

use crate::disk::DiskError;
use crate::wast::expected::BadList;
use std::io;
use std::path::{Path, PathBuf};
use woodfrog::abi::ValType;
use woodfrog::image::{ImageError, ValidateError};
use woodfrog::module::ModuleHash;
use woodfrog::runtime::{
    CallError, CaptureError, CheckpointError, FreezeError, InstantiateError, LimitError,
    ModuleError, MoveError, PageError, PrecompiledError, RestoreError,
};
use woodfrog::wasi::memory_files::{ArchiveError, FilesError, PackError};
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
    /// A file is larger than files of its kind may be.
    #[error("{} is larger than {} MiB, which is more than is read", path.display(), limit >> 20)]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Most bytes that are read.
        limit: u64,
    },
    /// A file that should be a module is none.
    #[error("{} is no WebAssembly module{kind}", path.display())]
    NotAModule {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        kind: FileKind,
    },
    /// A module was given in place of an image.
    #[error(
        "{} is a WebAssembly module, not an image: `woodfrog run` runs it, and makes images of it with --freeze-after and --image",
        .0.display()
    )]
    ModuleAsImage(PathBuf),
    /// A checkpoint disk was given in place of an image.
    #[error(
        "{} is a checkpoint disk, not an image: `woodfrog disk extract --image` copies the image of a checkpoint from it",
        .0.display()
    )]
    DiskAsImage(PathBuf),
    /// A file that should be an image is none, or a damaged one.
    #[error("{}: {source}{}", path.display(), advice(source))]
    ImageFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ImageError,
    },
    /// An option is for disks, but an image was given.
    #[error("{} is an image, and {option} is for checkpoint disks", path.display())]
    NoDisk {
        /// The image.
        path: PathBuf,
        /// The option.
        option: &'static str,
    },
    /// No module was given for an image.
    #[error("{}: an image has no module in it: give it the one that it was made from with --module FILE", .0.display())]
    NoModule(PathBuf),
    /// A program is to be frozen, but nothing says to where.
    #[error("--freeze-after needs --image OUT, the file that the image goes to")]
    NoImage,
    /// An image is of a module that was not given.
    #[error(
        "{} is of a module that was not given. It needs the very file that it was made from, SHA-256 {missing}{}",
        path.display(), given_modules(given)
    )]
    OtherModules {
        /// The image.
        path: PathBuf,
        /// What it needs.
        missing: ModuleHash,
        /// What was given.
        given: Vec<(PathBuf, ModuleHash)>,
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
    /// A precompiled module cannot be loaded.
    #[error("{}: {source}", path.display())]
    Precompiled {
        /// The file.
        path: PathBuf,
        /// Why.
        source: PrecompiledError,
    },
    /// A module is precompiled where nobody has said that those may be loaded.
    #[error(
        "{}: this is a precompiled module, whose machine code would run unchecked; \
         if you trust who made it, `run` and `resume` take it with --allow-precompiled, \
         else give the module in wasm", path.display()
    )]
    PrecompiledNotAllowed {
        /// The file.
        path: PathBuf,
    },
    /// A directory that is to be given to the program cannot be opened.
    #[error("--dir {value}: {source}")]
    Directory {
        /// The option's value.
        value: String,
        /// Why.
        source: io::Error,
    },
    /// A tar archive cannot be unpacked.
    #[error("{}: {source}", path.display())]
    Archive {
        /// The archive.
        path: PathBuf,
        /// Why.
        source: ArchiveError,
    },
    /// Something cannot be given to a program in an archive.
    #[error("{} cannot be given to a program: {reason}", path.display())]
    NotForPrograms {
        /// What.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// An image has no files in it.
    #[error(
        "the image has no files in it: only programs that run with --tar, and those of the kernel, have their files in memory"
    )]
    NoFiles,
    /// The files of an image cannot be in an archive.
    #[error("the files in the image: {0}")]
    Pack(#[from] PackError),
    /// The files of an image are not what they should be.
    #[error("the files in the image: {0}")]
    Files(#[from] FilesError),
    /// Two directories are to be given under one name.
    #[error("two directories are called {0}; give one another name with HOST::GUEST")]
    DirectoryTwice(String),
    /// The program was given a directory that is not given to it now.
    #[error(
        "the program was given a directory called {0} when it began; give it that with --dir HOST::{0}"
    )]
    DirectoryMissing(String),
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
    #[error("--invoke {name}: it takes ({types}); arguments given: {given}")]
    ArgumentCount {
        /// The function.
        name: String,
        /// How many were given.
        given: usize,
        /// The types of its parameters.
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
    Restore(#[source] RestoreError),
    /// The program needs more than it may have.
    #[error("the program needs more than it may have: {0}{option}", option = limit_option(.0))]
    Limit(#[source] LimitError),
    /// A store cannot be turned into an image.
    #[error("cannot freeze the program: {0}")]
    Freeze(#[from] FreezeError),
    /// A checkpoint of a store cannot be begun.
    #[error("cannot freeze the program: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// A module cannot be compiled for a second time.
    #[error("the second code version: {0}")]
    SecondVersion(#[source] ModuleError),
    /// The program's frames cannot go to other code versions.
    #[error("cannot switch versions: {0}")]
    Move(#[from] MoveError),
    /// The program imports what nobody defines.
    #[error(
        "{0}; --preload NAME=FILE gives it the exports of a module, and --unknown-imports-default functions that return zeros"
    )]
    Import(#[source] InstantiateError),
    /// The program could not be started or went wrong in a way that is no trap.
    #[error(transparent)]
    Program(ProgramError),
    /// The list of expected failures of test scripts is malformed.
    #[error(transparent)]
    ExpectedFailures(#[from] BadList),
    /// Nothing more can be written to standard output.
    #[error("cannot write to standard output: {0}")]
    Output(io::Error),
}

/// What a file turned out to be that should be a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileKind {
    /// Nothing at all.
    #[error(": it is empty")]
    Empty,
    /// An image of a frozen program.
    #[error(
        ", but the image of a frozen program: `woodfrog resume` goes on from it, `woodfrog inspect` shows it"
    )]
    Image,
    /// A checkpoint disk.
    #[error(
        ", but a checkpoint disk: `woodfrog disk extract --module` copies the program's module from it"
    )]
    Disk,
    /// Nothing that is known here.
    #[error(": it is neither in binary format, which begins with \\0asm, nor text")]
    Unknown,
}

impl From<RestoreError> for Failure {
    fn from(error: RestoreError) -> Self {
        match error {
            RestoreError::Limit(error) => Self::Limit(error),
            error => Self::Restore(error),
        }
    }
}

impl From<ProgramError> for Failure {
    fn from(error: ProgramError) -> Self {
        match error {
            ProgramError::Instantiate(InstantiateError::Limit(error)) => Self::Limit(error),
            ProgramError::Instantiate(
                error @ (InstantiateError::UnknownImport { .. }
                | InstantiateError::IncompatibleImport { .. }),
            ) => Self::Import(error),
            error => Self::Program(error),
        }
    }
}

impl Failure {
    /// What is wrong with a page that could not be read, if that is the failure.
    pub(crate) fn page_error(&self) -> Option<&PageError> {
        match self {
            Self::Program(ProgramError::Call(CallError::Page(error)))
            | Self::Freeze(FreezeError::Capture(CaptureError::Page(error)))
            | Self::Checkpoint(CheckpointError::Capture(CaptureError::Page(error))) => Some(error),
            _ => None,
        }
    }

    pub(crate) fn read(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        Self::Read { path, source }
    }

    pub(crate) fn write(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        Self::Write { path, source }
    }

    pub(crate) fn image_file(path: &Path, source: ImageError) -> Self {
        let path = path.to_owned();
        Self::ImageFile { path, source }
    }
}

/// What to do about a bad image.
fn advice(error: &ImageError) -> &'static str {
    match error {
        ImageError::Length { expected, found } if found < expected => {
            "; the end is missing: copy it once more from where it is whole"
        }
        ImageError::Checksum { .. } => {
            "; it was damaged on its way: copy it once more from where it is whole"
        }
        ImageError::Version { .. } => "; use the woodfrog that wrote it",
        _ => "",
    }
}

/// The option that gives a program more.
fn limit_option(error: &LimitError) -> &'static str {
    match error {
        LimitError::MemorySize(_) => " (--max-memory-size)",
        _ => "",
    }
}

fn given_modules(given: &[(PathBuf, ModuleHash)]) -> String {
    let lines = given
        .iter()
        .map(|(path, hash)| format!("; {} has {hash}", path.display()));
    lines.collect()
}
