//! Opcodes of validated code that are looked at where they stand, without decoding all of
//! their operator (WebAssembly 3.0, section 5.4).

use wasmparser::BinaryReader;

pub(super) const BLOCK: u8 = 0x02;
pub(super) const LOOP: u8 = 0x03;
pub(super) const IF: u8 = 0x04;
pub(super) const END: u8 = 0x0b;
pub(super) const CALL: u8 = 0x10;
pub(super) const CALL_INDIRECT: u8 = 0x11;
pub(super) const RETURN_CALL: u8 = 0x12;
pub(super) const RETURN_CALL_INDIRECT: u8 = 0x13;
pub(super) const LOCAL_GET: u8 = 0x20;
pub(super) const LOCAL_SET: u8 = 0x21;
pub(super) const LOCAL_TEE: u8 = 0x22;
pub(super) const MEMORY_GROW: u8 = 0x40;

/// The prefix of, among others, the bulk operations.
pub(super) const MISC: u8 = 0xfc;
pub(super) const MISC_MEMORY_INIT: u32 = 8;
pub(super) const MISC_TABLE_SIZE: u32 = 16;
pub(super) const MISC_TABLE_FILL: u32 = 17;

/// The first immediate of the operator with which `code` begins, an unsigned number.
///
/// # Panics
///
/// Panics if it has none, and so has not been validated.
#[inline]
pub(super) fn immediate(code: &[u8]) -> u32 {
    if code[1] < 0x80 {
        return code[1].into();
    }
    BinaryReader::new(&code[1..], 0)
        .read_var_u32()
        .expect("validated: the operator has its immediate")
}

/// The local that the operator with which `code` begins assigns the top of the stack to.
#[inline]
pub(crate) fn assigned_local(code: &[u8]) -> Option<u32> {
    matches!(code.first(), Some(&(LOCAL_SET | LOCAL_TEE))).then(|| immediate(code))
}
