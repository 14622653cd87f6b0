//! A frozen store as bytes, and the validation of hostile ones.
//!
//! An [`InstanceImage`] holds all mutable state of a store in the terms of the
//! wasm specification: entities by store address, frames by function and wasm
//! offset, no host address anywhere. [`InstanceImage::encode`] lays it out as
//! bytes, reading linear memories in place and leaving zero pages out.
//!
//! Bytes from elsewhere are an allegation: [`RawImage::parse`] checks what the
//! bytes alone can tell (format, length, checksum, bounds), and
//! [`RawImage::validate`] checks the store against the modules it claims to run;
//! only then they are a [`ValidatedImage`]. Whether the frames can be
//! rebuilt is for [`crate::frame`] to say. The format is in `docs/image-format.md`.

mod contents;
mod decode;
mod encode;
mod error;
#[cfg(feature = "checkpoint")]
mod generation;
mod host;
mod metadata;
mod pages;
mod sizes;
mod validate;
mod wire;

#[cfg(test)]
mod tests;

pub use contents::{MemoryContents, PageRun};
pub use decode::RawImage;
pub use encode::{EncodedImage, ImageSink};
pub use error::{ImageError, Section, ValidateError};
#[cfg(feature = "checkpoint")]
pub use generation::{GenerationError, StoredImage};
pub use host::HostSection;
pub use pages::ImagePages;
pub use sizes::ImageSizes;
pub use validate::ValidatedImage;

use crate::abi::{ExternRef, FuncAddr, FuncType, Val};
use crate::frame::ExecutionStateImage;
use crate::module::{GlobalType, MemoryType, ModuleHash, TableType};
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// Bytes of the pages in which memory contents are kept: zero pages are elided.
pub const IMAGE_PAGE: usize = 4096;

/// The state of a whole store. Borrows memory contents from the running
/// store, or from the bytes that it was read from.
#[derive(Clone, Debug, Default)]
pub struct InstanceImage<'a> {
    /// The modules that are instantiated, each once.
    pub modules: Vec<ModuleHash>,
    /// The store's instances.
    pub instances: Vec<InstanceState>,
    /// The store's functions, by [`FuncAddr`].
    pub functions: Vec<FunctionState>,
    /// The store's tables, by address.
    pub tables: Vec<TableState>,
    /// The store's memories, by address.
    pub memories: Vec<MemoryState<'a>>,
    /// The store's globals, by address.
    pub globals: Vec<GlobalState>,
    /// The suspended call; None if nothing was running.
    pub execution_state: Option<ExecutionStateImage>,
    /// The embedder's own state, such as that of WASI: each part of it under its name.
    pub host: Vec<HostSection>,
}

/// One instance: which store entities its index spaces name. Each list holds
/// the whole index space, imports first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceState {
    /// Index of its module in [`InstanceImage::modules`].
    pub module: u32,
    /// Address of every function.
    pub functions: Vec<FuncAddr>,
    /// Address of every table.
    pub tables: Vec<u32>,
    /// Address of every memory.
    pub memories: Vec<u32>,
    /// Address of every global.
    pub globals: Vec<u32>,
    /// Which element segments are dropped.
    pub dropped_elements: Vec<bool>,
    /// Which data segments are dropped.
    pub dropped_data: Vec<bool>,
}

/// One function of the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FunctionState {
    /// A wasm function.
    Defined {
        /// Index of the instance that defines it.
        instance: u32,
        /// Its index in that instance's function index space.
        index: u32,
    },
    /// A host function; the linker of the resuming host knows it by its import name.
    Host {
        /// Module name.
        module: String,
        /// Field name.
        name: String,
        /// Its type.
        ty: FuncType,
    },
}

/// One table of the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableState {
    /// The type it was made with.
    pub ty: TableType,
    /// Its elements, as many as its current size.
    pub elements: TableElements,
}

/// The elements of a table, None being null.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TableElements {
    /// Of a funcref table.
    Func(Vec<Option<FuncAddr>>),
    /// Of an externref table.
    Extern(Vec<Option<ExternRef>>),
}

impl TableElements {
    /// How many elements there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Func(elements) => elements.len(),
            Self::Extern(elements) => elements.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// One memory of the store.
#[derive(Clone, Debug)]
pub struct MemoryState<'a> {
    /// The type it was made with.
    pub ty: MemoryType,
    /// Its current size in wasm pages of 64 KiB.
    pub size_pages: u64,
    /// Its contents.
    pub contents: MemoryContents<'a>,
}

/// One global of the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GlobalState {
    /// Its type.
    pub ty: GlobalType,
    /// Its value.
    pub value: Val,
}
