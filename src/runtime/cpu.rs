//! Which features the processor has, and has been allowed to use.

#![expect(unsafe_code, reason = "reads XCR0")]

use crate::abi::CpuFeatures;
use core::arch::x86_64::{__cpuid, __cpuid_count, _xgetbv};

/// XCR0: the system saves XMM registers and the upper halves of YMM registers (Intel SDM
/// volume 1, section 13.3).
const SSE_AND_AVX_STATE: u64 = 0b110;

impl CpuFeatures {
    /// The features of the processor that this runs on (Intel SDM volume 2A, CPUID).
    ///
    /// AVX, and with it AVX2 and FMA, counts only if the operating system or kernel has
    /// switched it on, in CR4.OSXSAVE and XCR0 (Intel SDM volume 1, section 14.3).
    pub fn detect() -> Self {
        let bit = |register: u32, bit: u32| register & (1 << bit) != 0;
        let basic = __cpuid(1).ecx;
        let structured = match __cpuid(0).eax {
            0..7 => 0,
            _ => __cpuid_count(7, 0).ebx,
        };
        let extended = match __cpuid(0x8000_0000).eax {
            0..=0x8000_0000 => 0,
            _ => __cpuid(0x8000_0001).ecx,
        };
        let has_xgetbv = bit(basic, 27);
        let avx = has_xgetbv && bit(basic, 28) && is_avx_enabled();
        Self {
            popcnt: bit(basic, 23),
            lzcnt: bit(extended, 5),
            bmi1: bit(structured, 3),
            // Its instructions are VEX-encoded too, but touch general registers only, which
            // need no XCR0.
            bmi2: bit(structured, 8),
            sse42: bit(basic, 20),
            avx,
            avx2: avx && bit(structured, 5),
            fma: avx && bit(basic, 12),
        }
    }
}

/// Whether XCR0 allows AVX. CPUID must have said that it can be read.
fn is_avx_enabled() -> bool {
    // SAFETY: the caller has seen CPUID.OSXSAVE, so XGETBV is enabled.
    let xcr0 = unsafe { _xgetbv(0) };
    xcr0 & SSE_AND_AVX_STATE == SSE_AND_AVX_STATE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn detection_agrees_with_the_standard_library() {
        let expected = CpuFeatures {
            popcnt: std::is_x86_feature_detected!("popcnt"),
            lzcnt: std::is_x86_feature_detected!("lzcnt"),
            bmi1: std::is_x86_feature_detected!("bmi1"),
            bmi2: std::is_x86_feature_detected!("bmi2"),
            sse42: std::is_x86_feature_detected!("sse4.2"),
            avx: std::is_x86_feature_detected!("avx"),
            avx2: std::is_x86_feature_detected!("avx2"),
            fma: std::is_x86_feature_detected!("fma"),
        };
        assert_eq!(CpuFeatures::detect(), expected);
    }
}
