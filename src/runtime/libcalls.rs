//! What machine code asks the runtime to do: [`Libcall`](crate::abi::vmctx::Libcall).
//!
//! Bulk operations work in chunks of [`BULK_CHUNK`] and keep their operands,
//! which lie in the wasm frame, up to date, so that a suspension between two
//! chunks is resumed by executing the instruction again. Bounds are checked before
//! the first chunk; a repetition checks those of the rest, which lie within.

#![expect(unsafe_code, reason = "reads and writes operands in wasm frames")]

use super::HostError;
use super::activation::store_of;
use super::bulk::{BulkError, Operands};
use super::entry::Status;
use super::store_core::StoreCore;
use crate::abi::GPR;
use crate::abi::vmctx::{Libcall, VmCtx, VmStoreContext};
use crate::limits::BULK_CHUNK;
use crate::module::AddressType;

/// What a libcall tells its trampoline, in RAX and RDX.
#[repr(C)]
pub(super) struct LibcallResult {
    value: u64,
    status: u64,
}

type LibcallFn = extern "sysv64" fn(*mut VmStoreContext, u64, u64, u64, u64, u64) -> LibcallResult;

/// The libcalls, by number.
pub(super) static LIBCALLS: [LibcallFn; Libcall::ALL.len()] = [
    memory_grow,
    memory_copy,
    memory_fill,
    memory_init,
    data_drop,
    table_grow,
    table_copy,
    table_fill,
    table_init,
    elem_drop,
];

const CHUNK_BYTES: u64 = BULK_CHUNK;
const CHUNK_ELEMENTS: u64 = BULK_CHUNK / 8;

impl LibcallResult {
    fn value(value: u64) -> Self {
        Self {
            value,
            status: Status::Returned as u64,
        }
    }

    fn of(core: &mut StoreCore, result: Result<u64, HostError>) -> Self {
        match result {
            Ok(value) => Self::value(value),
            Err(error) => Self::status(core.leave_with(error)),
        }
    }

    fn status(status: Status) -> Self {
        Self {
            value: 0,
            status: status as u64,
        }
    }
}

/// The store, and the instance whose code called.
fn enter<'a>(vm: *mut VmStoreContext) -> (&'a mut StoreCore, u32) {
    // SAFETY: libcalls are called by their trampoline only.
    let core = unsafe { store_of(vm) };
    let vmctx = core.frame().gpr[GPR::R14 as usize] as *const VmCtx;
    // SAFETY: R14 is the context of the calling code, whose store is alive.
    let instance = unsafe { (*vmctx).instance } as u32;
    (core, instance)
}

/// The operands of a bulk instruction in its frame: three slots of 8 bytes, the
/// first operand at the highest address.
#[derive(Clone, Copy)]
struct Frame {
    words: *mut u64,
    types: [AddressType; 3],
}

impl Frame {
    fn new(operands: u64, types: [AddressType; 3]) -> Self {
        let words = operands as *mut u64;
        Self { words, types }
    }

    /// Of a copy between memories or tables of these types.
    fn of_copy(operands: u64, [to, from]: [AddressType; 2]) -> Self {
        Self::new(operands, [to, from, to.min(from)])
    }

    fn word(self, operand: usize) -> *mut u64 {
        self.words.wrapping_add(2 - operand)
    }

    /// The operands. Of 32-bit ones only the lower half is read: machine code has
    /// written no more, and the processor waits for a narrow store before a wide load.
    fn get(self) -> Operands {
        [0, 1, 2].map(|operand| {
            let word = self.word(operand);
            match self.types[operand] {
                // SAFETY: machine code passes the address of three slots in its frame.
                AddressType::I32 => unsafe { word.cast::<u32>().read() }.into(),
                // SAFETY: as above.
                AddressType::I64 => unsafe { word.read() },
            }
        })
    }

    fn set(self, operand: usize, value: u64) {
        // SAFETY: as for `get`.
        unsafe { self.word(operand).write(value) }
    }
}

/// Which end of a range a chunk is taken from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum From {
    Start,
    End,
}

/// Does a bulk instruction chunk by chunk. `step` gets the chunk's offset
/// from the operands' start, and its size.
fn in_chunks(
    core: &mut StoreCore,
    frame: Frame,
    chunk_size: u64,
    from: From,
    advances: &[usize],
    mut step: impl FnMut(&mut StoreCore, u64, u64) -> Result<(), BulkError>,
) -> LibcallResult {
    loop {
        let operands = frame.get();
        let count = operands[2];
        let chunk = count.min(chunk_size);
        let offset = match from {
            From::Start => 0,
            From::End => count - chunk,
        };
        match step(core, offset, chunk) {
            Ok(()) => {}
            Err(BulkError::Trap(code)) => return LibcallResult::status(core.set_trap(code)),
            // The operands are those of the rest, so it can be tried again.
            Err(BulkError::Page(error)) => {
                return LibcallResult::status(core.leave_for_page(error, Status::Suspended));
            }
        }
        frame.set(2, count - chunk);
        if from == From::Start {
            for &operand in advances {
                frame.set(operand, operands[operand].wrapping_add(chunk));
            }
        }
        if count == chunk {
            return LibcallResult::value(0);
        }
        if core.is_suspension_wanted() && core.passes_suspend_point() {
            return LibcallResult::status(Status::Suspended);
        }
    }
}

/// The end to begin at so that an overlapping copy reads what it has not
/// yet overwritten.
fn copy_direction(is_same: bool, [to, from, _]: Operands) -> From {
    if is_same && to > from {
        From::End
    } else {
        From::Start
    }
}

extern "sysv64" fn memory_grow(
    vm: *mut VmStoreContext,
    memory: u64,
    delta: u64,
    _: u64,
    _: u64,
    _: u64,
) -> LibcallResult {
    let (core, instance) = enter(vm);
    let grown = core.memory_grow(instance, memory as u32, delta);
    LibcallResult::of(core, grown)
}

extern "sysv64" fn memory_copy(
    vm: *mut VmStoreContext,
    operands: u64,
    target: u64,
    source: u64,
    _: u64,
    _: u64,
) -> LibcallResult {
    let (core, instance) = enter(vm);
    let memories = [target as u32, source as u32];
    let frame = Frame::of_copy(
        operands,
        memories.map(|memory| core.memory_type(instance, memory).address),
    );
    if let Err(code) = core.check_memory_copy(instance, memories, frame.get()) {
        return LibcallResult::status(core.set_trap(code));
    }
    let [target, source] = memories.map(|memory| core.memory_addr(instance, memory));
    let direction = copy_direction(target == source, frame.get());
    in_chunks(
        core,
        frame,
        CHUNK_BYTES,
        direction,
        &[0, 1],
        |core, offset, count| {
            let [to, from, _] = frame.get();
            core.memory_copy(instance, memories, [to + offset, from + offset, count])
        },
    )
}

extern "sysv64" fn memory_fill(
    vm: *mut VmStoreContext,
    operands: u64,
    memory: u64,
    _: u64,
    _: u64,
    _: u64,
) -> LibcallResult {
    let (core, instance) = enter(vm);
    let memory = memory as u32;
    let address = core.memory_type(instance, memory).address;
    let frame = Frame::new(operands, [address, AddressType::I32, address]);
    // All bounds first: a fill of no bytes checks, and writes nothing.
    let operands = frame.get();
    if let Err(code) = core.check_memory_fill(instance, memory, operands) {
        return LibcallResult::status(core.set_trap(code));
    }
    let value = operands[1];
    in_chunks(
        core,
        frame,
        CHUNK_BYTES,
        From::Start,
        &[0],
        |core, _, count| core.memory_fill(instance, memory, [frame.get()[0], value, count]),
    )
}

extern "sysv64" fn memory_init(
    vm: *mut VmStoreContext,
    operands: u64,
    memory: u64,
    segment: u64,
    _: u64,
    _: u64,
) -> LibcallResult {
    let (core, instance) = enter(vm);
    let (memory, segment) = (memory as u32, segment as u32);
    let address = core.memory_type(instance, memory).address;
    let frame = Frame::new(operands, [address, AddressType::I32, AddressType::I32]);
    if let Err(code) = core.check_memory_init(instance, memory, segment, frame.get()) {
        return LibcallResult::status(core.set_trap(code));
    }
    in_chunks(
        core,
        frame,
        CHUNK_BYTES,
        From::Start,
        &[0, 1],
        |core, _, count| {
            let [to, from, _] = frame.get();
            core.memory_init(instance, memory, segment, [to, from, count])
        },
    )
}

extern "sysv64" fn data_drop(
    vm: *mut VmStoreContext,
    segment: u64,
    _: u64,
    _: u64,
    _: u64,
    _: u64,
) -> LibcallResult {
    let (core, instance) = enter(vm);
    core.data_drop(instance, segment as u32);
    LibcallResult::value(0)
}

extern "sysv64" fn table_grow(
    vm: *mut VmStoreContext,
    table: u64,
    delta: u64,
    value: u64,
    _: u64,
    _: u64,
) -> LibcallResult {
    let (core, instance) = enter(vm);
    let grown = core.table_grow(instance, table as u32, delta, value);
    LibcallResult::of(core, grown)
}

extern "sysv64" fn table_copy(
    vm: *mut VmStoreContext,
    operands: u64,
    target: u64,
    source: u64,
    _: u64,
    _: u64,
) -> LibcallResult {
    let (core, instance) = enter(vm);
    let tables = [target as u32, source as u32];
    let frame = Frame::of_copy(
        operands,
        tables.map(|table| core.table_type(instance, table).address),
    );
    if let Err(code) = core.check_table_copy(instance, tables, frame.get()) {
        return LibcallResult::status(core.set_trap(code));
    }
    let [target, source] = tables.map(|table| core.table_addr(instance, table));
    let direction = copy_direction(target == source, frame.get());
    in_chunks(
        core,
        frame,
        CHUNK_ELEMENTS,
        direction,
        &[0, 1],
        |core, offset, count| {
            let [to, from, _] = frame.get();
            Ok(core.table_copy(instance, tables, [to + offset, from + offset, count])?)
        },
    )
}

extern "sysv64" fn table_fill(
    vm: *mut VmStoreContext,
    operands: u64,
    table: u64,
    _: u64,
    _: u64,
    _: u64,
) -> LibcallResult {
    let (core, instance) = enter(vm);
    let table = table as u32;
    let address = core.table_type(instance, table).address;
    // The value is a reference, of 64 bits.
    let frame = Frame::new(operands, [address, AddressType::I64, address]);
    let operands = frame.get();
    if let Err(code) = core.check_table_fill(instance, table, operands) {
        return LibcallResult::status(core.set_trap(code));
    }
    let value = operands[1];
    in_chunks(
        core,
        frame,
        CHUNK_ELEMENTS,
        From::Start,
        &[0],
        |core, _, count| Ok(core.table_fill(instance, table, [frame.get()[0], value, count])?),
    )
}

extern "sysv64" fn table_init(
    vm: *mut VmStoreContext,
    operands: u64,
    table: u64,
    segment: u64,
    _: u64,
    _: u64,
) -> LibcallResult {
    let (core, instance) = enter(vm);
    let (table, segment) = (table as u32, segment as u32);
    let address = core.table_type(instance, table).address;
    let frame = Frame::new(operands, [address, AddressType::I32, AddressType::I32]);
    if let Err(code) = core.check_table_init(instance, table, segment, frame.get()) {
        return LibcallResult::status(core.set_trap(code));
    }
    in_chunks(
        core,
        frame,
        CHUNK_ELEMENTS,
        From::Start,
        &[0, 1],
        |core, _, count| {
            let [to, from, _] = frame.get();
            Ok(core.table_init(instance, table, segment, [to, from, count])?)
        },
    )
}

extern "sysv64" fn elem_drop(
    vm: *mut VmStoreContext,
    segment: u64,
    _: u64,
    _: u64,
    _: u64,
    _: u64,
) -> LibcallResult {
    let (core, instance) = enter(vm);
    core.elem_drop(instance, segment as u32);
    LibcallResult::value(0)
}
