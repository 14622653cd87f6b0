//! What the WebAssembly spec tests call Wasmtime's traps.

use wasmtime::Trap;

/// First bytes of `call_indirect` and `return_call_indirect`.
const INDIRECT_CALLS: [u8; 2] = [0x11, 0x13];

/// Whether an instruction that begins with this byte calls through a table.
pub(crate) fn is_indirect_call(opcode: u8) -> bool {
    INDIRECT_CALLS.contains(&opcode)
}

/// The message that the WebAssembly spec tests expect; None if the trap is not WebAssembly's own.
pub(crate) fn message(trap: Trap, is_indirect_call: bool) -> Option<&'static str> {
    Some(match trap {
        Trap::UnreachableCodeReached => "unreachable",
        Trap::MemoryOutOfBounds => "out of bounds memory access",
        Trap::TableOutOfBounds if is_indirect_call => "undefined element",
        Trap::TableOutOfBounds => "out of bounds table access",
        Trap::IndirectCallToNull => "uninitialized element",
        Trap::BadSignature => "indirect call type mismatch",
        Trap::IntegerOverflow => "integer overflow",
        Trap::IntegerDivisionByZero => "integer divide by zero",
        Trap::BadConversionToInteger => "invalid conversion to integer",
        _ => return None,
    })
}
