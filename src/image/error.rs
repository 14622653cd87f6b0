//! Why bytes are not an image, and why an image is not the state of any store.

use crate::abi::ValType;
use crate::module::ModuleHash;

/// The lists of an image, for errors to name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// Modules.
    Modules,
    /// Instances.
    Instances,
    /// Functions.
    Functions,
    /// Tables.
    Tables,
    /// Memories.
    Memories,
    /// Globals.
    Globals,
    /// Element segments.
    Elements,
    /// Data segments.
    Data,
}

impl core::fmt::Display for Section {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Modules => "modules",
            Self::Instances => "instances",
            Self::Functions => "functions",
            Self::Tables => "tables",
            Self::Memories => "memories",
            Self::Globals => "globals",
            Self::Elements => "element segments",
            Self::Data => "data segments",
        })
    }
}

/// Why bytes are not an image. Offsets are in bytes from the image's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// There are fewer bytes than a header and a checksum need.
    #[error("{len} bytes are too few for an image")]
    TooShort {
        /// How many there are.
        len: usize,
    },
    /// The magic number is missing.
    #[error("not a woodfrog image: the magic number is {found:02x?}")]
    Magic {
        /// The bytes in its place.
        found: [u8; 8],
    },
    /// The format's version is unknown.
    #[error("image format version {found} is unknown; this engine reads version {supported}")]
    Version {
        /// The image's version.
        found: u32,
        /// The version that is read.
        supported: u32,
    },
    /// The length in the header is not that of the bytes.
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
        /// The checksum in the image.
        found: u32,
        /// That of its bytes.
        computed: u32,
    },
    /// The lengths of the parts do not add up to the whole.
    #[error(
        "{metadata_len} bytes of metadata and {page_count} pages do not make an image of {total_len} bytes"
    )]
    Layout {
        /// Length of the metadata in bytes.
        metadata_len: u64,
        /// Number of pages.
        page_count: u64,
        /// Length of the image.
        total_len: u64,
    },
    /// A reserved byte is not zero.
    #[error("the reserved byte at {offset} is not zero")]
    Reserved {
        /// Where.
        offset: usize,
    },
    /// The metadata is not what the format says.
    #[error("malformed metadata at or before offset {offset}")]
    Metadata {
        /// Where decoding stopped.
        offset: usize,
    },
    /// Bytes are left over behind the metadata.
    #[error("the metadata ends at {offset}, before its length says")]
    TrailingMetadata {
        /// Where it ends.
        offset: usize,
    },
    /// More frames than an image may have.
    #[error("{found} frames are more than {maximum}")]
    TooManyFrames {
        /// How many the image has.
        found: usize,
        /// How many it may have.
        maximum: usize,
    },
    /// A memory is larger than memories can be.
    #[error("memory {memory} has {size_pages} pages")]
    MemorySize {
        /// Address of the memory.
        memory: usize,
        /// Its size in wasm pages.
        size_pages: u64,
    },
    /// A run of pages is empty, not in ascending order, or beyond the memory's end.
    #[error(
        "run {run} of memory {memory}: {count} pages at {first} are empty, out of order or out of range"
    )]
    PageRun {
        /// Address of the memory.
        memory: usize,
        /// Which run.
        run: usize,
        /// Index of its first page.
        first: u32,
        /// How many pages.
        count: u32,
    },
    /// A section of the host's state has the name of one before it.
    #[error("section {section} of the host's state has the name of one before it")]
    DuplicateHostSection {
        /// Which section.
        section: usize,
    },
    /// The memories claim another number of pages than there is.
    #[error("the memories have {claimed} pages, the image has {present}")]
    PageCount {
        /// Sum over all runs.
        claimed: u64,
        /// As the header says.
        present: u64,
    },
}

/// Why an image is not the state of any store that runs the given modules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValidateError {
    /// A module is not among those given.
    #[error("module {hash} is needed, but not given")]
    UnknownModule {
        /// Its identity.
        hash: ModuleHash,
    },
    /// A module is listed twice.
    #[error("module {hash} is listed twice")]
    DuplicateModule {
        /// Its identity.
        hash: ModuleHash,
    },
    /// An instance's module is not in the image's list.
    #[error("instance {instance} is of module {module}, which does not exist")]
    InstanceModule {
        /// Which instance.
        instance: usize,
        /// The module's index.
        module: u32,
    },
    /// A list of an instance has another length than its module demands.
    #[error("instance {instance} has {found} {section}, its module has {expected}")]
    Count {
        /// Which instance.
        instance: usize,
        /// Which list.
        section: Section,
        /// How many the module has.
        expected: usize,
        /// How many the image has.
        found: usize,
    },
    /// An instance names an entity that the store does not have.
    #[error(
        "instance {instance}: number {index} of its {section} has address {address}, which does not exist"
    )]
    Address {
        /// Which instance.
        instance: usize,
        /// Which list.
        section: Section,
        /// Index in it.
        index: usize,
        /// The address there.
        address: u32,
    },
    /// An entity's type is not what the instance's module declares.
    #[error(
        "instance {instance}: number {index} of its {section} has another type than its module declares"
    )]
    Type {
        /// Which instance.
        instance: usize,
        /// Which list.
        section: Section,
        /// Index in it.
        index: usize,
    },
    /// An entity that an instance defines belongs to another one too.
    #[error(
        "instance {instance}: number {index} of its {section} is defined by another instance too"
    )]
    SharedDefinition {
        /// Which instance.
        instance: usize,
        /// Which list.
        section: Section,
        /// Index in it.
        index: usize,
    },
    /// A function names an instance or a definition that does not exist, or
    /// that has another address.
    #[error(
        "function {function} claims to be number {index} of instance {instance}, which is another one"
    )]
    Function {
        /// Address of the function.
        function: usize,
        /// The instance it names.
        instance: u32,
        /// The index it names.
        index: u32,
    },
    /// A table's size is not within the limits of its type.
    #[error("table {table} has {size} elements, which its type does not allow")]
    TableSize {
        /// Address of the table.
        table: usize,
        /// How many elements.
        size: u64,
    },
    /// A table's elements are not of its element type.
    #[error("the elements of table {table} are not of type {expected}")]
    TableElements {
        /// Address of the table.
        table: usize,
        /// Its element type.
        expected: ValType,
    },
    /// A table element refers to a function that does not exist.
    #[error(
        "element {element} of table {table} refers to function {function}, which does not exist"
    )]
    TableFunction {
        /// Address of the table.
        table: usize,
        /// Which element.
        element: usize,
        /// The function's address.
        function: u32,
    },
    /// A memory's size is not within the limits of its type.
    #[error("memory {memory} has {size_pages} pages, which its type does not allow")]
    MemorySize {
        /// Address of the memory.
        memory: usize,
        /// Its size in wasm pages.
        size_pages: u64,
    },
    /// A global's value is not of its type.
    #[error("global {global} is of type {expected}, its value of type {found}")]
    GlobalType {
        /// Address of the global.
        global: usize,
        /// Type of the global.
        expected: ValType,
        /// Type of the value.
        found: ValType,
    },
    /// A global refers to a function that does not exist.
    #[error("global {global} refers to function {function}, which does not exist")]
    GlobalFunction {
        /// Address of the global.
        global: usize,
        /// The function's address.
        function: u32,
    },
    /// A frame, or the pending call of a host function that it stands at, is of an instance
    /// that does not exist.
    #[error("frame {frame} is of instance {instance}, which does not exist")]
    FrameInstance {
        /// Which frame, the innermost being 0.
        frame: usize,
        /// The instance it names.
        instance: u32,
    },
    /// A frame's value refers to a function that does not exist, or the host function is one
    /// whose pending call it stands at.
    #[error("a value of frame {frame} refers to function {function}, which does not exist")]
    FrameFunction {
        /// Which frame, the innermost being 0.
        frame: usize,
        /// The function's address.
        function: u32,
    },
}
