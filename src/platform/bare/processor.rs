//! What guests need of a processor, and of several.

#![expect(unsafe_code, reason = "control registers, and the trait Processors")]

use core::arch::asm;
use core::arch::x86_64::__cpuid;
use core::ops::Range;
use x86_64::registers::control::{Cr0, Cr0Flags, Cr4, Cr4Flags, Efer, EferFlags};
use x86_64::registers::xcontrol::{XCr0, XCr0Flags};

/// Why guests cannot run on this processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProcessorError {
    /// The processor is too old.
    #[error("the processor does not have {0}")]
    Missing(&'static str),
    /// The kernel has not set a control register as guests need it.
    #[error("{0}; processor::enable sets it")]
    NotEnabled(&'static str),
}

/// MXCSR: all exceptions masked, round to nearest, denormals as they are (Intel SDM volume 1,
/// section 10.2.3). WebAssembly's floats need just that.
const MXCSR: u32 = 0x1f80;

/// Sets what guests need: SSE on, no lazy FPU switching, write protection, no-execute pages,
/// and AVX where the processor has it. To be called on each processor that guests run on,
/// before [`BarePlatform::new`](super::BarePlatform::new) and before
/// [`Config::default`](crate::runtime::Config), which looks at AVX. A kernel that sets all of
/// it itself need not call this.
///
/// In detail: CR0.WP and MP set, EM and TS clear; CR4.OSFXSR and OSXMMEXCPT; CR4.OSXSAVE and
/// in XCR0 x87, SSE and AVX; EFER.NXE; MXCSR = 0x1f80 (Intel SDM volume 3A, sections 2.5, 2.6
/// and 13.5).
///
/// # Errors
///
/// [`ProcessorError::Missing`].
///
/// # Safety
///
/// In ring 0. Nothing in the kernel relies on these bits being otherwise; what saves the
/// floating-point registers of threads saves AVX's too, if the processor has it.
pub unsafe fn enable() -> Result<(), ProcessorError> {
    let basic = check_features()?;
    // SAFETY: SSE is there, and the kernel does not mind (caller).
    unsafe {
        Cr0::update(|flags| {
            flags.remove(Cr0Flags::EMULATE_COPROCESSOR | Cr0Flags::TASK_SWITCHED);
            flags.insert(Cr0Flags::MONITOR_COPROCESSOR | Cr0Flags::WRITE_PROTECT);
        });
    }
    // SAFETY: as above.
    unsafe { Cr4::update(|flags| flags.insert(Cr4Flags::OSFXSR | Cr4Flags::OSXMMEXCPT_ENABLE)) };
    // SAFETY: no-execute pages are there.
    unsafe { Efer::update(|flags| flags.insert(EferFlags::NO_EXECUTE_ENABLE)) };
    if basic & XSAVE_AND_AVX == XSAVE_AND_AVX {
        // SAFETY: the processor has XSAVE.
        unsafe { Cr4::update(|flags| flags.insert(Cr4Flags::OSXSAVE)) };
        let avx = XCr0Flags::X87 | XCr0Flags::SSE | XCr0Flags::AVX;
        // SAFETY: CR4.OSXSAVE is set, and the processor has AVX.
        unsafe { XCr0::write(XCr0::read() | avx) };
    }
    // SAFETY: the value is a valid one.
    unsafe { asm!("ldmxcsr [{}]", in(reg) &MXCSR, options(nostack, readonly)) };
    Ok(())
}

/// Whether the processor that this runs on has what guests need, and the kernel has set it.
/// In ring 0 only. [`BarePlatform::new`](super::BarePlatform::new) calls it.
///
/// # Errors
///
/// [`ProcessorError`], which names the first thing that is missing.
pub fn check() -> Result<(), ProcessorError> {
    check_features()?;
    let (cr0, cr4) = (Cr0::read(), Cr4::read());
    let is_set = [
        (
            !cr0.contains(Cr0Flags::EMULATE_COPROCESSOR),
            "CR0.EM is set",
        ),
        (
            !cr0.contains(Cr0Flags::TASK_SWITCHED),
            "CR0.TS is set: a lazy FPU switch is pending",
        ),
        (cr4.contains(Cr4Flags::OSFXSR), "CR4.OSFXSR is clear"),
        (cr0.contains(Cr0Flags::WRITE_PROTECT), "CR0.WP is clear"),
        (
            Efer::read().contains(EferFlags::NO_EXECUTE_ENABLE),
            "EFER.NXE is clear",
        ),
    ];
    match is_set.iter().find(|(is_set, _)| !is_set) {
        Some((_, name)) => Err(ProcessorError::NotEnabled(name)),
        None => Ok(()),
    }
}

/// CPUID.1:ECX: SSE4.1, XSAVE and AVX; CPUID.80000001:EDX: NX (Intel SDM volume 2A, CPUID).
const SSE41: u32 = 1 << 19;
const XSAVE_AND_AVX: u32 = 1 << 26 | 1 << 28;
const NO_EXECUTE: u32 = 1 << 20;

/// CPUID.1:ECX of a processor that guests can run on.
fn check_features() -> Result<u32, ProcessorError> {
    let basic = __cpuid(1).ecx;
    if basic & SSE41 == 0 {
        return Err(ProcessorError::Missing("SSE4.1"));
    }
    if __cpuid(0x8000_0001).edx & NO_EXECUTE == 0 {
        return Err(ProcessorError::Missing("no-execute pages"));
    }
    Ok(basic)
}

/// The processors of a kernel, for [`BarePlatform::with_processors`](super::BarePlatform::with_processors).
///
/// # Safety
///
/// The platform keeps for each processor which guest runs there, and gives frames back when
/// `flush_others` has returned. So numbers must be right, and no other processor may have
/// used an old translation after that.
pub unsafe trait Processors: Send + Sync {
    /// How many there are, at most. Constant.
    fn count(&self) -> usize;

    /// The number of the one that this runs on, below [`Self::count`]. Called with interrupts
    /// disabled, and in exception handlers, so it neither locks nor allocates.
    fn current(&self) -> usize;

    /// Makes all *other* processors forget their translations of these addresses, page tables
    /// cached on the way included, and execute a serializing instruction; returns when they
    /// have. Called without locks, from wherever the engine was called, when a store, a module
    /// or a memory is dropped and when code has been written: if that is with interrupts
    /// disabled, a handshake by interrupts must not wait for a processor that waits likewise.
    fn flush_others(&self, addresses: Range<usize>);
}

/// The only processor, or the only one that ever uses the engine.
#[derive(Clone, Copy, Debug, Default)]
pub struct OneProcessor;

// SAFETY: there are no others.
unsafe impl Processors for OneProcessor {
    fn count(&self) -> usize {
        1
    }

    fn current(&self) -> usize {
        0
    }

    fn flush_others(&self, _addresses: Range<usize>) {}
}
