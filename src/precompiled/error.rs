//! Why bytes are not a precompiled module that can be loaded.

use super::FORMAT_VERSION;
use crate::abi::CpuFeatures;
use crate::module::{DecodeError, WasmFeatures};
use crate::platform::PlatformError;
use crate::state::MapFlaw;

/// Why bytes are not a precompiled module that can be loaded. Whatever the reason is, the
/// module can be compiled anew from its wasm.
#[derive(Debug, thiserror::Error)]
pub enum PrecompiledError {
    /// There are fewer bytes than a header and a checksum need.
    #[error("{len} bytes are too few for a precompiled module")]
    TooShort {
        /// How many there are.
        len: usize,
    },
    /// The magic number is missing.
    #[error("not a precompiled module: the magic number is {found:02x?}")]
    Magic {
        /// The bytes in its place.
        found: [u8; 8],
    },
    /// The format's version is unknown.
    #[error(
        "precompiled by another version: format {found}, this engine reads {FORMAT_VERSION}; compile the module again"
    )]
    FormatVersion {
        /// The version of the bytes.
        found: u32,
    },
    /// Another build of the compiler made it.
    #[error(
        "precompiled by another build ({found:016x}, this is {expected:016x}); compile the module again"
    )]
    Compiler {
        /// The identity of the compiler that made it.
        found: u64,
        /// That of this one ([`COMPILER_IDENTITY`](super::COMPILER_IDENTITY)).
        expected: u64,
    },
    /// The length in the header is not that of the bytes: they are cut off, or there are more.
    #[error("the header says {expected} bytes, but there are {found}")]
    Length {
        /// As the header says.
        expected: u64,
        /// How many bytes there are.
        found: u64,
    },
    /// The bytes are damaged.
    #[error("checksum mismatch: {found:#010x} is stored, the bytes have {computed:#010x}")]
    Checksum {
        /// The checksum at the end.
        found: u32,
        /// That of the bytes.
        computed: u32,
    },
    /// The lengths of the parts do not add up to the whole.
    #[error("the parts do not add up to {total} bytes")]
    Layout {
        /// Length of the whole in bytes.
        total: u64,
    },
    /// A reserved byte is not zero.
    #[error("the reserved byte at {offset} is not zero")]
    Reserved {
        /// Where.
        offset: usize,
    },
    /// It needs processor features that this engine does not know.
    #[error("compiled for unknown processor features: {0:#x}")]
    UnknownCpuFeatures(u32),
    /// It needs features that the processor does not have.
    #[error("compiled for a processor that has {0}, which this one has not; compile it with less")]
    MissingCpuFeatures(CpuFeatures),
    /// It needs processor features that the engine's configuration does not allow.
    #[error(
        "compiled for {0}, which the engine's configuration does not allow; compile it with less"
    )]
    DisallowedCpuFeatures(CpuFeatures),
    /// It was allowed to use features of WebAssembly that this engine does not know.
    #[error("compiled with unknown features of WebAssembly: {0:#x}")]
    UnknownWasmFeatures(u32),
    /// It was allowed to use features of WebAssembly that the engine's configuration
    /// does not allow.
    #[error("compiled with {0}, not all of which the engine allows; compile it with less")]
    DisallowedWasmFeatures(WasmFeatures),
    /// The module in it cannot be decoded.
    #[error("the module in it: {0}")]
    Module(#[from] DecodeError),
    /// The tables cannot be decoded.
    #[error("malformed tables")]
    Tables,
    /// A table names a function, a type or an offset that does not exist.
    #[error("the table of {table} leads out of bounds")]
    OutOfBounds {
        /// Which table.
        table: &'static str,
    },
    /// The state map does not fit the module or the code.
    #[error("the state map of function {function} has {flaw}")]
    StateMap {
        /// Index of the function in the module's function index space.
        function: u32,
        /// What is wrong with it.
        flaw: MapFlaw,
    },
    /// There is no memory for its code.
    #[error("no memory for machine code: {0}")]
    Platform(#[from] PlatformError),
}
