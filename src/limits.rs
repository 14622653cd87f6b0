//! Every bound of the engine, each with its reason.

/// Bytes of a wasm page (WebAssembly 2.0, section 4.2.8).
pub const WASM_PAGE: u64 = 64 * 1024;

/// Address space of one 32-bit memory: 4 GiB that an index reaches and 4 GiB
/// that a static offset reaches beyond it, so that no access of `index +
/// offset` needs a bounds check, plus a page run for the access's own width.
pub const MEMORY_RESERVATION: u64 = (8 << 30) + WASM_PAGE;

/// Most pages of a 32-bit memory.
pub const MAX_MEMORY_PAGES: u64 = 65536;

/// Most bytes of a 64-bit memory, whatever its declared maximum: 64 GiB, all of which
/// it reserves, so that code need not know its size. An embedder with 47 bits of address
/// space has room for 1,900 of them.
pub const MAX_MEMORY64_BYTES: u64 = 64 << 30;

/// Most pages of a 64-bit memory.
pub const MAX_MEMORY64_PAGES: u64 = MAX_MEMORY64_BYTES / WASM_PAGE;

/// Address space of one 64-bit memory: what an index below [`MAX_MEMORY64_BYTES`] reaches
/// with a static offset of 31 bits, plus a page run for the access's own width.
pub const MEMORY64_RESERVATION: u64 = MAX_MEMORY64_BYTES + (2 << 30) + WASM_PAGE;

/// Most elements of a table: 8 bytes each are committed from the host's memory.
pub const MAX_TABLE_ELEMENTS: u64 = 10_000_000;

/// Wasm stack below the lowest RSP at which a function may begin. Functions
/// with frames up to [`MAX_UNCHECKED_FRAME`], thunks and their argument arrays
/// fit into it, so only larger frames check the stack themselves.
pub const STACK_RESERVE: u64 = 64 * 1024;

/// Largest frame, in bytes, that relies on [`STACK_RESERVE`] alone.
pub const MAX_UNCHECKED_FRAME: u32 = 16 * 1024;

/// Guard below a wasm stack, in bytes.
pub const STACK_GUARD: u64 = 64 * 1024;

/// Default size of a wasm stack in bytes, guard not included.
pub const DEFAULT_STACK_SIZE: u64 = 8 * 1024 * 1024;

/// Most locals of a function, parameters included (the limit browsers share).
pub const MAX_LOCALS: u32 = 50_000;

/// Most value types that the locals of all functions and the types of imported
/// functions add up to: a few bytes of a module can stand for thousands of
/// them, and each takes a byte of the host's memory. Large real programs have
/// some millions.
pub const MAX_MODULE_VALUE_TYPES: u64 = 32 << 20;

/// Most bytes of machine code of one function, and of one module: branches are
/// rel32 and code offsets u32.
pub const MAX_CODE_SIZE: u32 = 1 << 30;

/// Largest frame of a function in bytes; larger functions are refused.
pub const MAX_FRAME_SIZE: u32 = 1 << 20;

/// Most operand-stack values that the suspend points of one function describe in
/// all. Compilers leave the stack all but empty; without a bound, a function with a
/// deep stack and many suspend points would need memory in proportion to their product.
pub const MAX_DESCRIBED_OPERANDS: usize = 4 << 20;

/// Work, in bytes, that a bulk memory operation does between two looks at the
/// suspension request. Together with the polls in loops and functions this
/// bounds the time without a suspend point.
pub const BULK_CHUNK: u64 = 64 * 1024;

/// Most frames in an image.
pub const MAX_IMAGE_FRAMES: usize = 1 << 20;

/// Pages that a store keeps for writers while a checkpoint of it is written out, unless the
/// embedder wants others: 1 MiB, which a device takes in a millisecond or few.
pub const DEFAULT_SPARE_PAGES: usize = 256;
