//! Random bytes from the processor (RDRAND, Intel SDM volume 1, section 7.3.17).

#![expect(unsafe_code, reason = "an instruction")]

use core::arch::asm;
use core::arch::x86_64::__cpuid;

/// CPUID leaf 1, ECX: RDRAND.
const HAS_RDRAND: u32 = 1 << 30;
/// How often an empty generator is asked again.
const RETRIES: u32 = 10;

/// Fills a buffer with unpredictable bytes; None if the processor has none.
pub(crate) fn fill(buffer: &mut [u8]) -> Option<()> {
    if __cpuid(1).ecx & HAS_RDRAND == 0 {
        return None;
    }
    for chunk in buffer.chunks_mut(8) {
        let word = (0..RETRIES).find_map(|_| read_word())?;
        chunk.copy_from_slice(&word.to_ne_bytes()[..chunk.len()]);
    }
    Some(())
}

fn read_word() -> Option<u64> {
    let word: u64;
    let is_valid: u8;
    // SAFETY: the processor has the instruction (`fill`), which changes registers only.
    unsafe {
        asm!("rdrand {}", "setc {}", out(reg) word, out(reg_byte) is_valid, options(nomem, nostack));
    }
    (is_valid != 0).then_some(word)
}
