//! The memory that machine code reads: one [`VmCtx`] per instance.
//!
//! Everything here is `#[repr(C)]`; the compiler takes field offsets from
//! [`core::mem::offset_of!`] only. A `VmCtx` is a fixed header followed by
//! arrays whose offsets depend on the module ([`VmOffsets`]):
//!
//! ```text
//! VmCtx header
//! memories   [*mut VmMemory;   all memories]        imported or owned alike
//! tables     [*mut VmTable;    all tables]
//! globals    [*mut VmGlobal;   all globals]
//! imports    [*const VmFuncRef; imported functions]
//! functions  [VmFuncRef;       defined functions]
//! ```
//!
//! Memories, tables and globals belong to the store, not to an instance (as in
//! the spec's store), so an instance always reaches them through a pointer.

use super::registers::REGISTER_COUNT;
use super::trap_code::TrapCode;
use core::mem::{offset_of, size_of};
use core::sync::atomic::AtomicU64;

/// Header of an instance's context, in R14 while its code runs.
#[repr(C)]
pub struct VmCtx {
    /// Base address of memory 0, in R15 while the instance's code runs; 0 without one.
    pub memory0_base: *mut u8,
    /// The poll word. Function entries and loop headers compare RSP with it and
    /// leave the fast path when RSP is below. Normally the stack limit
    /// ([`VmStoreContext::stack_limit`]); `u64::MAX` once a suspension is requested.
    pub poll_limit: AtomicU64,
    /// The store this instance lives in. At the same offset in [`VmHostFunc`].
    pub store: *mut VmStoreContext,
    /// Entry of the poll trampoline: `call [r14 + poll_entry]`.
    pub poll_entry: *const u8,
    /// Entry of the libcall trampoline: `call [r14 + libcall_entry]`, the
    /// libcall's number in R10, arguments in RSI RDX RCX R8 R9, result in RAX.
    pub libcall_entry: *const u8,
    /// Index of the instance in its store.
    pub instance: u64,
    /// The next context in the store's list, for the suspension request.
    pub next: *mut VmCtx,
    /// [`MAX_MEMORY64_BYTES`](crate::limits::MAX_MEMORY64_BYTES), which code compares
    /// 64-bit indices with: it is no immediate operand.
    pub memory64_limit: u64,
}

/// What machine code and trampolines share per store.
///
/// Between leaving wasm code and coming back, `frame` holds the machine state
/// at the point of leaving.
#[repr(C, align(16))]
pub struct VmStoreContext {
    /// Stack pointer of the host at the innermost entry into wasm.
    pub host_rsp: u64,
    /// The lowest RSP at which a function may begin; some way above the guard.
    pub stack_limit: u64,
    /// Registers where wasm code was left last: all of them after a poll or a
    /// fault; RIP RSP RBP RBX R12-R15 after a host call or libcall.
    pub frame: TrapFrame,
    /// The trap that ended the activation, as `TrapCode as u64`; 0 for none.
    pub trap: u64,
    /// The runtime's own data about this store.
    pub runtime: *mut core::ffi::c_void,
}

/// All registers at one machine instruction. Filled by the IDT stubs on bare
/// metal, from the signal context on Linux, and by the poll trampoline.
#[repr(C, align(16))]
#[derive(Clone, Copy, Debug)]
pub struct TrapFrame {
    /// General-purpose registers, in [`RegisterIndex`](super::RegisterIndex) order.
    pub gpr: [u64; 16],
    /// XMM registers, all 128 bits.
    pub xmm: [u128; 16],
    /// Address of the instruction.
    pub rip: u64,
    /// RFLAGS.
    pub rflags: u64,
    /// Exception vector (Intel SDM volume 3A, table 6-1), 0 to 31; 32 and up
    /// for interrupts.
    pub vector: u64,
    /// Error code that the processor pushed, or 0.
    pub error_code: u64,
    /// The faulting address of a page fault (CR2), else 0.
    pub fault_address: u64,
    /// Keeps the size a multiple of 16.
    pub reserved: u64,
}

impl TrapFrame {
    /// A frame of zeros.
    pub const ZERO: Self = Self {
        gpr: [0; 16],
        xmm: [0; 16],
        rip: 0,
        rflags: 0,
        vector: 0,
        error_code: 0,
        fault_address: 0,
        reserved: 0,
    };

    /// The value of a register by its index; general-purpose ones are zero-extended.
    ///
    /// # Panics
    ///
    /// Panics if `index` is 32 or more.
    pub fn register(&self, index: super::RegisterIndex) -> u128 {
        assert!(index.0 < REGISTER_COUNT, "no register {}", index.0);
        if index.0 < 16 {
            u128::from(self.gpr[index.0])
        } else {
            self.xmm[index.0 - 16]
        }
    }

    /// Sets a register by its index; a general-purpose one takes the low 64 bits.
    ///
    /// # Panics
    ///
    /// Panics if `index` is 32 or more.
    pub fn set_register(&mut self, index: super::RegisterIndex, value: u128) {
        assert!(index.0 < REGISTER_COUNT, "no register {}", index.0);
        if index.0 < 16 {
            self.gpr[index.0] = value as u64;
        } else {
            self.xmm[index.0 - 16] = value;
        }
    }
}

/// A function that wasm can call. A raw funcref is the address of one.
#[repr(C)]
pub struct VmFuncRef {
    /// Entry of its machine code, called by the wasm convention with R14 = `vmctx`.
    pub code: *const u8,
    /// The context it runs in: a [`VmCtx`], or a [`VmHostFunc`] for a host function.
    pub vmctx: *mut VmCtx,
    /// The engine-wide number of its type.
    pub signature: u32,
    /// Its address in the store.
    pub func_addr: u32,
}

/// The context of a host function: what R14 points to in its thunk. Its first
/// fields lie as those of [`VmCtx`], so that a caller may load R15 and a
/// thunk may find the store without knowing which of the two it has.
#[repr(C)]
pub struct VmHostFunc {
    /// Always null.
    pub memory0_base: *mut u8,
    /// Not used.
    pub reserved: u64,
    /// The store.
    pub store: *mut VmStoreContext,
    /// Entry of the host call trampoline: `call [r14 + host_call_entry]`, RSI = the
    /// address of the array of arguments, 16 bytes each, that results replace.
    pub host_call_entry: *const u8,
    /// Its index among the host functions of its store.
    pub host: u32,
}

/// A linear memory, as machine code sees it.
#[repr(C)]
pub struct VmMemory {
    /// Its base address, which never changes.
    pub base: *mut u8,
    /// Current size in wasm pages of 64 KiB.
    pub pages: u64,
}

/// A table, as machine code sees it.
#[repr(C)]
pub struct VmTable {
    /// Its elements: raw references of 8 bytes.
    pub base: *mut u64,
    /// Current number of elements.
    pub len: u64,
}

/// A global's storage: its raw value.
#[repr(C, align(16))]
pub struct VmGlobal {
    /// The raw value.
    pub raw: u128,
}

const _: () = {
    assert!(offset_of!(VmCtx, store) == offset_of!(VmHostFunc, store));
    assert!(offset_of!(VmCtx, memory0_base) == offset_of!(VmHostFunc, memory0_base));
    assert!(size_of::<VmCtx>().is_multiple_of(8) && size_of::<VmCtx>() < 128);
    assert!(size_of::<TrapFrame>().is_multiple_of(16));
    assert!(TrapCode::Unreachable as u64 != 0);
};

/// Byte offsets of the arrays behind a module's [`VmCtx`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VmOffsets {
    tables: u32,
    globals: u32,
    imported_functions: u32,
    defined_functions: u32,
    size: u32,
}

/// How many of each thing a module has: what [`VmOffsets`] depends on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VmCounts {
    /// Memories, imported and defined.
    pub memories: u32,
    /// Tables, imported and defined.
    pub tables: u32,
    /// Globals, imported and defined.
    pub globals: u32,
    /// Imported functions.
    pub imported_functions: u32,
    /// Defined functions.
    pub defined_functions: u32,
}

impl VmOffsets {
    /// Lays out the arrays. Counts must be within [`crate::limits`], which keeps
    /// every offset far below 2 GiB.
    pub fn new(counts: VmCounts) -> Self {
        let pointer = size_of::<*mut u8>() as u32;
        let tables = MEMORIES + counts.memories * pointer;
        let globals = tables + counts.tables * pointer;
        let imported_functions = globals + counts.globals * pointer;
        let defined_functions = imported_functions + counts.imported_functions * pointer;
        let size = defined_functions + counts.defined_functions * size_of::<VmFuncRef>() as u32;
        Self {
            tables,
            globals,
            imported_functions,
            defined_functions,
            size,
        }
    }

    /// Offset of the pointer to a memory's [`VmMemory`].
    pub fn memory(&self, index: u32) -> u32 {
        MEMORIES + index * 8
    }

    /// Offset of the pointer to a table's [`VmTable`].
    pub fn table(&self, index: u32) -> u32 {
        self.tables + index * 8
    }

    /// Offset of the pointer to a global's [`VmGlobal`].
    pub fn global(&self, index: u32) -> u32 {
        self.globals + index * 8
    }

    /// Offset of the pointer to an imported function's [`VmFuncRef`].
    pub fn imported_function(&self, index: u32) -> u32 {
        self.imported_functions + index * 8
    }

    /// Offset of the [`VmFuncRef`] of a defined function; `index` counts defined functions only.
    pub fn defined_function(&self, index: u32) -> u32 {
        self.defined_functions + index * size_of::<VmFuncRef>() as u32
    }

    /// Size of the whole context in bytes.
    pub fn size(&self) -> u32 {
        self.size
    }
}

const MEMORIES: u32 = size_of::<VmCtx>() as u32;

/// Number of a libcall: what machine code puts into R10.
///
/// Arguments are in RSI RDX RCX R8 R9 in the order given here. *Operands* is the
/// address of the instruction's three operands on the machine stack, first
/// operand at the highest address, 8 bytes each; the libcall works in chunks
/// and updates them, so that a suspension between two chunks resumes by
/// executing the instruction again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Libcall {
    /// `memory.grow`: memory, delta in pages -> old size or -1.
    MemoryGrow,
    /// `memory.copy`: operands, destination memory, source memory.
    MemoryCopy,
    /// `memory.fill`: operands, memory.
    MemoryFill,
    /// `memory.init`: operands, memory, data segment.
    MemoryInit,
    /// `data.drop`: data segment.
    DataDrop,
    /// `table.grow`: table, delta, raw reference -> old size or -1.
    TableGrow,
    /// `table.copy`: operands, destination table, source table.
    TableCopy,
    /// `table.fill`: operands, table.
    TableFill,
    /// `table.init`: operands, table, element segment.
    TableInit,
    /// `elem.drop`: element segment.
    ElemDrop,
}

impl Libcall {
    /// Every libcall, in numeric order.
    pub const ALL: [Self; 10] = [
        Self::MemoryGrow,
        Self::MemoryCopy,
        Self::MemoryFill,
        Self::MemoryInit,
        Self::DataDrop,
        Self::TableGrow,
        Self::TableCopy,
        Self::TableFill,
        Self::TableInit,
        Self::ElemDrop,
    ];
}
