//! Processor extensions that must be switched on before code may use them.

#![expect(unsafe_code, reason = "writes control registers")]

use core::arch::x86_64::__cpuid;
use x86_64::registers::control::{Cr4, Cr4Flags};
use x86_64::registers::xcontrol::{XCr0, XCr0Flags};

/// CPUID.1:ECX: XSAVE and AVX (Intel SDM volume 2A, CPUID).
const XSAVE_AND_AVX: u32 = 1 << 26 | 1 << 28;

/// Switches AVX on, if the processor has it (Intel SDM volume 3A, section 13.5.1). Only
/// guests' code uses it, in 128 bits; the kernel itself is compiled without SSE. So trap
/// frames hold XMM registers, and there is nothing in the upper halves of YMM registers.
pub(crate) fn init() {
    if __cpuid(1).ecx & XSAVE_AND_AVX != XSAVE_AND_AVX {
        return;
    }
    // SAFETY: the processor has XSAVE; nothing that is in use depends on the flag.
    unsafe { Cr4::update(|flags| flags.insert(Cr4Flags::OSXSAVE)) };
    // SAFETY: CR4.OSXSAVE is set, and the processor has AVX.
    unsafe { XCr0::write(XCr0Flags::X87 | XCr0Flags::SSE | XCr0Flags::AVX) };
}
