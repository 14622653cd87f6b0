//! The Linux implementation of the engine's platform: anonymous mappings, and
//! signals in the place of exceptions.
//!
//! A fault in machine code arrives as SIGSEGV, SIGBUS, SIGFPE, SIGILL or
//! SIGTRAP on the thread's alternate stack (the wasm stack may be the very
//! thing that is used up). The handler copies the signal context into the same
//! [`TrapFrame`] that the IDT stubs fill on bare metal and lets the engine
//! decide; if the fault was the engine's, the changed registers go back into
//! the context and returning from the signal continues there. Any other fault
//! gets the disposition back that was in place before, and happens again.
//!
//! Before that, writes to tracked memory are looked after ([`userfault::resolve`]). Apart from them
//! nothing in the handler allocates, locks, or touches lazily initialised thread-local storage.

#![expect(
    unsafe_code,
    reason = "maps memory, installs signal handlers and reads signal contexts"
)]

use crate::{pagemap, userfault};
use std::cell::{Cell, OnceCell};
use std::ffi::c_void;
use std::mem;
use std::ops::Range;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use woodfrog::abi::VmStoreContext;
use woodfrog::abi::vmctx::TrapFrame;
use woodfrog::platform::tracking::Tracker;
use woodfrog::platform::{PAGE_SIZE, Platform, PlatformError, Protection, is_zero};
use woodfrog::trap::{self, FaultAction};

/// The Linux platform. All instances are alike; the first one made installs the signal handlers.
///
/// From when a store's first checkpoint is prepared or begun on, a system call that is to write to the store's memory may fail with
/// `EFAULT`: pages are protected to see which of them are written to, and only code can wait for
/// them. So let system calls write to a buffer of the host's, and copy that.
#[derive(Clone, Copy, Debug)]
pub struct LinuxPlatform {
    _made_by_new: (),
}

impl LinuxPlatform {
    /// Installs the signal handlers, once per process.
    ///
    /// # Panics
    ///
    /// Panics if the system refuses a handler for a signal that every process may handle.
    pub fn new() -> Self {
        PREVIOUS.get_or_init(install_handlers);
        Self { _made_by_new: () }
    }
}

impl Default for LinuxPlatform {
    fn default() -> Self {
        Self::new()
    }
}

// SAFETY: mmap returns ranges that overlap no other mapping, anonymous private
// pages are zero when first touched, and mprotect sets what was asked for.
unsafe impl Platform for LinuxPlatform {
    fn reserve(&self, size: usize) -> Result<*mut u8, PlatformError> {
        map_anonymous(size).ok_or(PlatformError::OutOfAddressSpace(size))
    }

    unsafe fn release(&self, start: *mut u8, size: usize) {
        userfault::released(start);
        // SAFETY: the range is a whole reservation that nothing uses (caller).
        let result = unsafe { libc::munmap(start.cast(), size) };
        assert_eq!(result, 0, "munmap({start:p}, {size:#x})");
    }

    unsafe fn commit(&self, start: *mut u8, size: usize) -> Result<(), PlatformError> {
        // SAFETY: the range lies within a reservation (caller), which was never accessible.
        let result =
            unsafe { libc::mprotect(start.cast(), size, protection_bits(Protection::ReadWrite)) };
        match result {
            0 => Ok(()),
            _ => Err(PlatformError::OutOfMemory(size)),
        }
    }

    unsafe fn protect(&self, start: *mut u8, size: usize, protection: Protection) {
        // SAFETY: the range is committed and nothing relies on its protection (caller).
        let result = unsafe { libc::mprotect(start.cast(), size, protection_bits(protection)) };
        assert_eq!(result, 0, "mprotect({start:p}, {size:#x}, {protection:?})");
    }

    unsafe fn withhold(&self, start: *mut u8, size: usize) {
        userfault::withheld(start, size);
        // SAFETY: nothing relies on the protection of pages that nobody has touched (caller).
        unsafe { self.protect(start, size, Protection::None) };
    }

    unsafe fn supply(&self, start: *mut u8, bytes: &[u8]) -> Result<(), PlatformError> {
        // SAFETY: the caller's.
        unsafe { take_into_use(start, bytes.len()) }?;
        match userfault::supply(start, bytes) {
            Ok(true) => return Ok(()),
            Ok(false) => {}
            Err(userfault::NoMemory) => {
                // SAFETY: nobody has seen what has been supplied of them.
                unsafe { libc::madvise(start.cast(), bytes.len(), libc::MADV_DONTNEED) };
                // SAFETY: as above.
                unsafe { self.protect(start, bytes.len(), Protection::None) };
                return Err(PlatformError::OutOfMemory(bytes.len()));
            }
        }
        for (index, page) in bytes.chunks(PAGE_SIZE).enumerate() {
            // Others are zero already.
            if !is_zero(page) {
                let target = start.wrapping_add(index * PAGE_SIZE);
                // SAFETY: the pages are as many as the bytes, writable now, and nobody else's yet.
                unsafe { target.copy_from_nonoverlapping(page.as_ptr(), page.len()) };
            }
        }
        Ok(())
    }

    unsafe fn supply_zeros(&self, start: *mut u8, size: usize) -> Result<(), PlatformError> {
        // SAFETY: the caller's.
        unsafe { take_into_use(start, size) }?;
        userfault::supply_zeros(start, size);
        Ok(())
    }

    fn visit_touched(&self, start: *mut u8, size: usize, visit: &mut dyn FnMut(Range<usize>)) {
        let start = start.addr();
        pagemap::visit_touched(start..start + size, &mut |run| {
            visit(run.start - start..run.end - start);
        });
    }

    unsafe fn track(
        &self,
        start: *mut u8,
        size: usize,
        spare_pages: usize,
    ) -> Option<Arc<dyn Tracker>> {
        userfault::track(start, size, spare_pages)
    }

    fn swap_activation(&self, activation: *mut VmStoreContext) -> *mut VmStoreContext {
        if !activation.is_null() {
            SIGNAL_STACK.with(|stack| {
                stack.get_or_init(SignalStack::install);
            });
        }
        ACTIVATION.replace(activation)
    }
}

thread_local! {
    /// The activation that runs on this thread. Constant-initialised and without
    /// a destructor, so that a signal handler may read it.
    static ACTIVATION: Cell<*mut VmStoreContext> = const { Cell::new(ptr::null_mut()) };
    /// The thread's alternate signal stack, there from its first activation on.
    static SIGNAL_STACK: OnceCell<SignalStack> = const { OnceCell::new() };
}

/// Where the next mapping should go. Ever-rising addresses, so that a store
/// made anew does not lie where the one before it did: whatever still holds an
/// old address faults instead of finding something.
static NEXT_ADDRESS: AtomicUsize = AtomicUsize::new(FIRST_ADDRESS);

/// The part of the address space that mappings should go to. Linux places
/// its own from 0x7fff_ffff_f000 downwards.
const FIRST_ADDRESS: usize = 0x1000_0000_0000;
const LAST_ADDRESS: usize = 0x6000_0000_0000;

fn map_anonymous(size: usize) -> Option<*mut u8> {
    let next = |address: usize| {
        let end = address.checked_add(size)?.next_multiple_of(PAGE_SIZE);
        Some(if end < LAST_ADDRESS {
            end
        } else {
            FIRST_ADDRESS
        })
    };
    let hint = NEXT_ADDRESS
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, next)
        .ok()?;
    // SAFETY: a new mapping touches no existing memory: the address is a hint, which the
    // kernel does not follow where there is something already.
    let start = unsafe {
        libc::mmap(
            ptr::without_provenance_mut(hint),
            size,
            libc::PROT_NONE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
            -1,
            0,
        )
    };
    (start != libc::MAP_FAILED).then_some(start.cast())
}

/// Makes withheld pages readable and writable.
///
/// # Safety
///
/// Nobody uses them yet.
unsafe fn take_into_use(start: *mut u8, size: usize) -> Result<(), PlatformError> {
    let bits = protection_bits(Protection::ReadWrite);
    // SAFETY: the caller's. There may be too many ranges of unlike protection.
    match unsafe { libc::mprotect(start.cast(), size, bits) } {
        0 => Ok(()),
        _ => Err(PlatformError::OutOfMemory(size)),
    }
}

fn protection_bits(protection: Protection) -> i32 {
    match protection {
        Protection::None => libc::PROT_NONE,
        Protection::ReadWrite => libc::PROT_READ | libc::PROT_WRITE,
        Protection::ReadExecute => libc::PROT_READ | libc::PROT_EXEC,
    }
}

/// An alternate signal stack with a guard below it.
struct SignalStack {
    mapping: *mut u8,
}

impl SignalStack {
    /// A signal frame with AVX-512 state takes some 3 KiB; the engine's part is small.
    const SIZE: usize = 64 * 1024;
    const GUARD: usize = PAGE_SIZE;

    fn install() -> Self {
        let mapping = map_anonymous(Self::GUARD + Self::SIZE).expect("address space for a stack");
        let start = mapping.wrapping_add(Self::GUARD);
        let stack = libc::stack_t {
            ss_sp: start.cast(),
            ss_flags: 0,
            ss_size: Self::SIZE,
        };
        // SAFETY: the pages are this mapping's own, and nothing uses them yet.
        let result = unsafe {
            libc::mprotect(
                start.cast(),
                Self::SIZE,
                protection_bits(Protection::ReadWrite),
            )
        };
        assert_eq!(result, 0, "memory for a signal stack");
        // SAFETY: `stack` describes writable memory that lives until `drop` takes it out of use.
        let result = unsafe { libc::sigaltstack(&stack, ptr::null_mut()) };
        assert_eq!(result, 0, "sigaltstack");
        Self { mapping }
    }
}

impl Drop for SignalStack {
    fn drop(&mut self) {
        let none = libc::stack_t {
            ss_sp: ptr::null_mut(),
            ss_flags: libc::SS_DISABLE,
            ss_size: 0,
        };
        // The one before ours was std's, which is gone by now in threads that std made.
        // SAFETY: disabling the alternate stack refers to no memory.
        unsafe { libc::sigaltstack(&none, ptr::null_mut()) };
        // SAFETY: the mapping is this value's own and no longer the signal stack.
        unsafe { libc::munmap(self.mapping.cast(), Self::GUARD + Self::SIZE) };
    }
}

/// The signals that machine faults arrive as, with the exception vector each stands for.
const SIGNALS: [(i32, u64); 5] = [
    (libc::SIGSEGV, VECTOR_PAGE_FAULT),
    (libc::SIGBUS, VECTOR_PAGE_FAULT),
    (libc::SIGFPE, 0),
    (libc::SIGILL, 6),
    (libc::SIGTRAP, 3),
];

/// The access was a write (Intel SDM volume 3A, section 4.7).
const ERROR_CODE_WRITE: i64 = 1 << 1;

/// Intel SDM volume 3A, table 6-1.
const VECTOR_GENERAL_PROTECTION: u64 = 13;
const VECTOR_PAGE_FAULT: u64 = 14;

/// The dispositions before ours, in the order of [`SIGNALS`].
static PREVIOUS: OnceLock<[libc::sigaction; SIGNALS.len()]> = OnceLock::new();

fn install_handlers() -> [libc::sigaction; SIGNALS.len()] {
    let handler: extern "C" fn(i32, *mut libc::siginfo_t, *mut c_void) = handle_signal;
    // SAFETY: all-zero bytes are a valid sigaction: no flags, empty mask.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    action.sa_sigaction = handler as usize;
    action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
    SIGNALS.map(|(signal, _)| {
        // SAFETY: as above.
        let mut previous: libc::sigaction = unsafe { mem::zeroed() };
        // SAFETY: the handler is async-signal-safe (module header) and both structures are valid.
        let result = unsafe { libc::sigaction(signal, &action, &mut previous) };
        assert_eq!(result, 0, "sigaction({signal})");
        previous
    })
}

extern "C" fn handle_signal(signal: i32, info: *mut libc::siginfo_t, context: *mut c_void) {
    let activation = ACTIVATION.get();
    // SAFETY: the kernel passes a siginfo_t that lives as long as the handler runs.
    let info = unsafe { &*info };
    let was_sent = info.si_code <= 0;
    // SAFETY: with SA_SIGINFO the third argument is the interrupted thread's ucontext_t,
    // and the handler is its only user.
    let context = unsafe { &mut *context.cast::<libc::ucontext_t>() };
    // Other such signals are of memory that is broken.
    let is_write = context.uc_mcontext.gregs[libc::REG_ERR as usize] & ERROR_CODE_WRITE != 0;
    let is_refused = signal == libc::SIGBUS && info.si_code == libc::BUS_ADRERR;
    if is_refused && is_write && is_resolved(info) {
        return;
    }
    if was_sent || activation.is_null() {
        return give_back(signal, was_sent);
    }
    let mut frame = read_context(context);
    frame.vector = vector_of(signal, info);
    if frame.vector == VECTOR_PAGE_FAULT {
        // SAFETY: SIGSEGV and SIGBUS that the kernel raised carry an address.
        frame.fault_address = unsafe { info.si_addr() } as u64;
    }
    match trap::handle_fault(&mut frame, activation) {
        FaultAction::Handled => write_context(context, &frame),
        FaultAction::NotOurs => give_back(signal, false),
    }
}

/// Whether a fault was a write to tracked memory, which can go on now.
fn is_resolved(info: &libc::siginfo_t) -> bool {
    // SAFETY: each thread has an error number of its own, which is there as long as the thread.
    let (errno, address) = unsafe { (libc::__errno_location(), info.si_addr()) };
    // SAFETY: as above.
    let before = unsafe { *errno };
    let is_resolved = userfault::resolve(address.addr());
    // SAFETY: as above.
    unsafe { *errno = before };
    is_resolved
}

/// Restores the disposition of before. The faulting instruction then faults again
/// under it; a signal that a process sent must be sent again.
fn give_back(signal: i32, was_sent: bool) {
    let index = SIGNALS.iter().position(|&(known, _)| known == signal);
    match (PREVIOUS.get(), index) {
        (Some(previous), Some(index)) => {
            // SAFETY: the structure is one that the kernel filled in.
            unsafe { libc::sigaction(signal, &previous[index], ptr::null_mut()) };
        }
        // A fault while the handlers are being installed.
        _ => {
            // SAFETY: the default disposition is always valid.
            unsafe { libc::signal(signal, libc::SIG_DFL) };
        }
    }
    if was_sent {
        // SAFETY: raising a signal has no memory effects of its own; it is delivered when
        // this handler returns.
        unsafe { libc::raise(signal) };
    }
}

/// A non-canonical address is a general-protection fault, which Linux reports
/// as SIGSEGV without an address.
fn vector_of(signal: i32, info: &libc::siginfo_t) -> u64 {
    if signal == libc::SIGSEGV && info.si_code == libc::SI_KERNEL {
        return VECTOR_GENERAL_PROTECTION;
    }
    SIGNALS
        .iter()
        .find(|&&(known, _)| known == signal)
        .map_or(0, |&(_, vector)| vector)
}

/// The signal context's names for the registers, in the engine's order.
const GPRS: [i32; 16] = [
    libc::REG_RAX,
    libc::REG_RCX,
    libc::REG_RDX,
    libc::REG_RBX,
    libc::REG_RSP,
    libc::REG_RBP,
    libc::REG_RSI,
    libc::REG_RDI,
    libc::REG_R8,
    libc::REG_R9,
    libc::REG_R10,
    libc::REG_R11,
    libc::REG_R12,
    libc::REG_R13,
    libc::REG_R14,
    libc::REG_R15,
];

fn read_context(context: &libc::ucontext_t) -> TrapFrame {
    let machine = &context.uc_mcontext;
    let mut frame = TrapFrame::ZERO;
    for (gpr, index) in frame.gpr.iter_mut().zip(GPRS) {
        *gpr = machine.gregs[index as usize] as u64;
    }
    frame.rip = machine.gregs[libc::REG_RIP as usize] as u64;
    frame.rflags = machine.gregs[libc::REG_EFL as usize] as u64;
    frame.error_code = machine.gregs[libc::REG_ERR as usize] as u64;
    if !machine.fpregs.is_null() {
        // SAFETY: when there is a floating-point state, `fpregs` points to it, in the signal frame.
        let state = unsafe { &*machine.fpregs };
        for (xmm, register) in frame.xmm.iter_mut().zip(&state._xmm) {
            let words = register.element.map(u128::from);
            *xmm = words[0] | words[1] << 32 | words[2] << 64 | words[3] << 96;
        }
    }
    frame
}

fn write_context(context: &mut libc::ucontext_t, frame: &TrapFrame) {
    let machine = &mut context.uc_mcontext;
    for (gpr, index) in frame.gpr.iter().zip(GPRS) {
        machine.gregs[index as usize] = *gpr as i64;
    }
    machine.gregs[libc::REG_RIP as usize] = frame.rip as i64;
    machine.gregs[libc::REG_EFL as usize] = frame.rflags as i64;
    if !machine.fpregs.is_null() {
        // SAFETY: as in `read_context`; the handler is the only user of the signal frame.
        let state = unsafe { &mut *machine.fpregs };
        for (xmm, register) in frame.xmm.iter().zip(&mut state._xmm) {
            register.element = [0, 32, 64, 96].map(|shift| (xmm >> shift) as u32);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_not_reserved_again_at_once() {
        let platform = LinuxPlatform::new();
        let reserve_and_release = || {
            let start = platform.reserve(PAGE_SIZE).unwrap();
            // SAFETY: the reservation is whole and was never used.
            unsafe { platform.release(start, PAGE_SIZE) };
            start
        };
        assert_ne!(reserve_and_release(), reserve_and_release());
    }

    #[test]
    fn committed_pages_are_zero_and_writable_and_the_rest_stays_reserved() {
        let platform = LinuxPlatform::new();
        let size = 64 * PAGE_SIZE;
        let start = platform.reserve(size).unwrap();
        // SAFETY: the two pages lie within the reservation.
        unsafe { platform.commit(start, 2 * PAGE_SIZE) }.unwrap();
        // SAFETY: they are committed and only used here.
        let pages = unsafe { std::slice::from_raw_parts_mut(start, 2 * PAGE_SIZE) };
        assert!(pages.iter().all(|&byte| byte == 0));
        pages.fill(7);
        // SAFETY: the reservation is whole and no longer used.
        unsafe { platform.release(start, size) };
    }

    #[test]
    fn a_reservation_larger_than_the_address_space_is_refused() {
        let size = 1 << 60;
        assert_eq!(
            LinuxPlatform::new().reserve(size),
            Err(PlatformError::OutOfAddressSpace(size))
        );
    }

    #[test]
    fn activations_nest_per_thread() {
        let platform = LinuxPlatform::new();
        let outer = ptr::dangling_mut::<VmStoreContext>();
        assert!(platform.swap_activation(outer).is_null());
        std::thread::scope(|scope| {
            scope.spawn(|| {
                assert!(
                    LinuxPlatform::new()
                        .swap_activation(ptr::null_mut())
                        .is_null()
                )
            });
        });
        assert_eq!(platform.swap_activation(ptr::null_mut()), outer);
    }

    #[test]
    fn a_context_survives_a_round_trip() {
        // SAFETY: all-zero bytes are a valid floating-point state.
        let mut state: libc::_libc_fpstate = unsafe { mem::zeroed() };
        // SAFETY: all-zero bytes are a valid ucontext_t.
        let mut context: libc::ucontext_t = unsafe { mem::zeroed() };
        context.uc_mcontext.fpregs = &mut state;
        let mut frame = TrapFrame::ZERO;
        for (index, gpr) in frame.gpr.iter_mut().enumerate() {
            *gpr = 0x0102_0304_0506_0700 + index as u64;
        }
        for (index, xmm) in frame.xmm.iter_mut().enumerate() {
            *xmm = 0x0f0e_0d0c_0b0a_0908_0706_0504_0302_0100 << (index % 4);
        }
        frame.rip = 0x1234;
        frame.rflags = 0x246;
        write_context(&mut context, &frame);
        let read = read_context(&context);
        assert_eq!((read.gpr, read.xmm), (frame.gpr, frame.xmm));
        assert_eq!((read.rip, read.rflags), (frame.rip, frame.rflags));
    }
}
