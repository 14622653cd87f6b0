//! IDT stubs: every register into a [`TrapFrame`], and back.
//!
//! On entry the processor has aligned RSP to 16 and pushed (Intel SDM volume
//! 3A, section 6.14.2); the stub pushes the rest:
//!
//! ```text
//!        SS                          40
//!        RSP                         32
//!        RFLAGS                      24
//!        CS                          16
//!        RIP                          8
//!        error code (0 if none)       0
//!        vector                      -8
//!        a word for the alignment   -16
//! rsp -> TrapFrame, 16 bytes aligned
//! ```
//!
//! The handler gets the frame's address. What it changes in there (general
//! registers, XMM registers, RIP, RSP, RFLAGS) is what the interrupted code goes on with.
//!
//! For a kernel without handlers of its own, [`fill_idt`] makes an IDT of stubs; a kernel that
//! has some keeps them with [`chain`](super::chain()).

#![expect(
    unsafe_code,
    reason = "assembly stubs, and interrupt descriptors that point to them"
)]

use super::chain;
use crate::abi::GPR;
use crate::abi::vmctx::TrapFrame;
use core::arch::global_asm;
use core::mem::{offset_of, size_of};
use core::sync::atomic::{AtomicUsize, Ordering};
use x86_64::VirtAddr;
use x86_64::structures::idt::InterruptDescriptorTable;

/// What the stubs call, with interrupts disabled and on the stub's stack.
pub type Handler = fn(&mut TrapFrame);

/// How many vectors have stubs: the exceptions and the first 32 interrupts.
pub const STUB_COUNT: u8 = 64;

/// The first vector that is not an exception.
pub const FIRST_INTERRUPT: u8 = 32;

/// Vectors that the processor uses, except those that are reserved.
const EXCEPTIONS: [u8; 21] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 16, 17, 18, 19, 20, 21, 28,
];

/// Sets the function that all stubs call. To be called before the IDT is loaded.
pub fn set_handler(handler: Handler) {
    HANDLER.store(handler as usize, Ordering::Release);
}

/// Points all exceptions and the interrupts below [`STUB_COUNT`] to the stubs.
/// `stack_of` gives the IST index (0 to 6) of a vector's stack.
///
/// # Panics
///
/// Panics if an index is above 6.
///
/// # Safety
///
/// 1. [`set_handler`] was called before the table is loaded.
/// 2. The TSS has a stack behind each index, which only the given vectors use, and
///    while one of them is handled, no other of the same index can occur.
pub unsafe fn fill_idt(idt: &mut InterruptDescriptorTable, stack_of: impl Fn(u8) -> u16) {
    for vector in EXCEPTIONS.into_iter().chain(FIRST_INTERRUPT..STUB_COUNT) {
        // SAFETY: the caller's.
        unsafe { set_stub(idt, vector, stack_of(vector)) };
    }
}

/// Points a vector to its stub, on the stack with this IST index.
///
/// # Panics
///
/// Panics if the index is above 6, or the processor does not use the exception.
///
/// # Safety
///
/// As for [`fill_idt`].
pub(super) unsafe fn set_stub(idt: &mut InterruptDescriptorTable, vector: u8, stack: u16) {
    assert!(stack < 7, "IST index {stack}");
    let address = stub_address(vector);
    macro_rules! set {
        ($entry:expr) => {
            // SAFETY: the stub for this vector takes the frame that the processor pushes
            // for it; the stack is the caller's duty.
            unsafe { $entry.set_handler_addr(address).set_stack_index(stack) }
        };
    }
    match vector {
        0 => set!(idt.divide_error),
        1 => set!(idt.debug),
        2 => set!(idt.non_maskable_interrupt),
        3 => set!(idt.breakpoint),
        4 => set!(idt.overflow),
        5 => set!(idt.bound_range_exceeded),
        6 => set!(idt.invalid_opcode),
        7 => set!(idt.device_not_available),
        8 => set!(idt.double_fault),
        10 => set!(idt.invalid_tss),
        11 => set!(idt.segment_not_present),
        12 => set!(idt.stack_segment_fault),
        13 => set!(idt.general_protection_fault),
        14 => set!(idt.page_fault),
        16 => set!(idt.x87_floating_point),
        17 => set!(idt.alignment_check),
        18 => set!(idt.machine_check),
        19 => set!(idt.simd_floating_point),
        20 => set!(idt.virtualization),
        21 => set!(idt.cp_protection_exception),
        28 => set!(idt.hv_injection_exception),
        FIRST_INTERRUPT.. => set!(idt[vector]),
        _ => panic!("exception {vector} is reserved"),
    };
}

/// The name of an exception (Intel SDM volume 3A, table 6-1); None for other vectors.
pub fn exception_name(vector: u64) -> Option<&'static str> {
    const NAMES: [&str; EXCEPTIONS.len()] = [
        "divide error",
        "debug exception",
        "non-maskable interrupt",
        "breakpoint",
        "overflow",
        "bound range exceeded",
        "invalid opcode",
        "device not available",
        "double fault",
        "invalid TSS",
        "segment not present",
        "stack-segment fault",
        "general protection fault",
        "page fault",
        "x87 floating-point error",
        "alignment check",
        "machine check",
        "SIMD floating-point error",
        "virtualization exception",
        "control protection exception",
        "hypervisor injection exception",
    ];
    let index = EXCEPTIONS.iter().position(|&v| u64::from(v) == vector)?;
    Some(NAMES[index])
}

/// A [`Handler`]; zero before [`set_handler`].
static HANDLER: AtomicUsize = AtomicUsize::new(0);

unsafe extern "C" {
    safe static woodfrog_idt_stubs: [[u8; STUB_SIZE]; STUB_COUNT as usize];
}

const STUB_SIZE: usize = 16;

/// Address of the stub of a vector below [`STUB_COUNT`].
pub(super) fn stub_address(vector: u8) -> VirtAddr {
    VirtAddr::from_ptr(&raw const woodfrog_idt_stubs[usize::from(vector)])
}

/// Whether the processor pushes an error code (Intel SDM volume 3A, table 6-1).
pub(super) fn has_error_code(vector: u64) -> bool {
    matches!(vector, 8 | 10..=14 | 17 | 21 | 29 | 30)
}

/// What the processor pushes, lowest address first; the stub adds the error code if it must.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct Pushed {
    pub(super) error_code: u64,
    pub(super) rip: u64,
    pub(super) cs: u64,
    pub(super) rflags: u64,
    pub(super) rsp: u64,
    pub(super) ss: u64,
}

/// Calls the handler. Zero: the interrupted code goes on as the frame says. Otherwise the RSP
/// with which another handler is to be called, its RFLAGS and address on top of the stack.
extern "C" fn dispatch(frame: &mut TrapFrame, pushed: *mut Pushed) -> u64 {
    if chain::is_chained(frame.vector) {
        // SAFETY: the stub has pushed it, and saved this vector in the frame.
        return unsafe { chain::handle(frame, pushed) };
    }
    let handler = HANDLER.load(Ordering::Acquire);
    assert_ne!(handler, 0, "an exception before set_handler");
    // SAFETY: the only value ever stored but zero is a Handler.
    let handler = unsafe { core::mem::transmute::<usize, Handler>(handler) };
    handler(frame);
    0
}

/// Offset of a general-purpose register in the frame.
const fn gpr(register: GPR) -> usize {
    offset_of!(TrapFrame, gpr) + 8 * register as usize
}

/// The frame and the word for the alignment: from RSP to the vector.
const PUSHED: usize = size_of::<TrapFrame>() + 8;

const _: () = {
    assert!(size_of::<TrapFrame>().is_multiple_of(16));
    assert!(offset_of!(TrapFrame, xmm).is_multiple_of(16));
};

// Vectors 8, 10-14, 17, 21, 29 and 30 come with an error code.
global_asm!(
    ".pushsection .text.woodfrog_idt_stubs, \"ax\", @progbits",
    ".balign 16",
    ".globl woodfrog_idt_stubs",
    "woodfrog_idt_stubs:",
    ".irp vector, \
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, \
        16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, \
        32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, \
        48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63",
    ".balign 16",
    ".if !(\\vector == 8 || (\\vector >= 10 && \\vector <= 14) || \
        \\vector == 17 || \\vector == 21 || \\vector == 29 || \\vector == 30)",
    "push 0",
    ".endif",
    "push \\vector",
    "jmp woodfrog_idt_common",
    ".endr",
    "",
    ".balign 16",
    "woodfrog_idt_common:",
    "sub rsp, {pushed}",
    "mov [rsp + {rax}], rax",
    "mov [rsp + {rcx}], rcx",
    "mov [rsp + {rdx}], rdx",
    "mov [rsp + {rbx}], rbx",
    "mov [rsp + {rbp}], rbp",
    "mov [rsp + {rsi}], rsi",
    "mov [rsp + {rdi}], rdi",
    "mov [rsp + {r8}], r8",
    "mov [rsp + {r9}], r9",
    "mov [rsp + {r10}], r10",
    "mov [rsp + {r11}], r11",
    "mov [rsp + {r12}], r12",
    "mov [rsp + {r13}], r13",
    "mov [rsp + {r14}], r14",
    "mov [rsp + {r15}], r15",
    ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15",
    "movaps [rsp + {xmm} + 16 * \\n], xmm\\n",
    ".endr",
    "mov rax, [rsp + {pushed}]",
    "mov [rsp + {vector}], rax",
    "mov rax, [rsp + {pushed} + 8]",
    "mov [rsp + {error_code}], rax",
    "mov rax, [rsp + {pushed} + 16]",
    "mov [rsp + {rip}], rax",
    "mov rax, [rsp + {pushed} + 32]",
    "mov [rsp + {rflags}], rax",
    "mov rax, [rsp + {pushed} + 40]",
    "mov [rsp + {rsp_slot}], rax",
    // CR2 means something only for a page fault.
    "xor eax, eax",
    "cmp qword ptr [rsp + {vector}], 14",
    "jne 2f",
    "mov rax, cr2",
    "2:",
    "mov [rsp + {fault_address}], rax",
    "mov qword ptr [rsp + {reserved}], 0",
    "mov rdi, rsp",
    "lea rsi, [rsp + {pushed} + 8]",
    "xor ebp, ebp",
    "cld",
    "call {dispatch}",
    "mov [rsp + {reserved}], rax",
    "mov rax, [rsp + {rip}]",
    "mov [rsp + {pushed} + 16], rax",
    "mov rax, [rsp + {rflags}]",
    "mov [rsp + {pushed} + 32], rax",
    "mov rax, [rsp + {rsp_slot}]",
    "mov [rsp + {pushed} + 40], rax",
    ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15",
    "movaps xmm\\n, [rsp + {xmm} + 16 * \\n]",
    ".endr",
    "mov rax, [rsp + {rax}]",
    "mov rcx, [rsp + {rcx}]",
    "mov rdx, [rsp + {rdx}]",
    "mov rbx, [rsp + {rbx}]",
    "mov rbp, [rsp + {rbp}]",
    "mov rsi, [rsp + {rsi}]",
    "mov rdi, [rsp + {rdi}]",
    "mov r8, [rsp + {r8}]",
    "mov r9, [rsp + {r9}]",
    "mov r10, [rsp + {r10}]",
    "mov r11, [rsp + {r11}]",
    "mov r12, [rsp + {r12}]",
    "mov r13, [rsp + {r13}]",
    "mov r14, [rsp + {r14}]",
    "mov r15, [rsp + {r15}]",
    "cmp qword ptr [rsp + {reserved}], 0",
    "jne 3f",
    // Vector and error code go, too.
    "add rsp, {pushed} + 16",
    "iretq",
    "3:",
    "mov rsp, [rsp + {reserved}]",
    "popfq",
    "ret",
    ".popsection",
    pushed = const PUSHED,
    rax = const gpr(GPR::RAX),
    rcx = const gpr(GPR::RCX),
    rdx = const gpr(GPR::RDX),
    rbx = const gpr(GPR::RBX),
    rsp_slot = const gpr(GPR::RSP),
    rbp = const gpr(GPR::RBP),
    rsi = const gpr(GPR::RSI),
    rdi = const gpr(GPR::RDI),
    r8 = const gpr(GPR::R8),
    r9 = const gpr(GPR::R9),
    r10 = const gpr(GPR::R10),
    r11 = const gpr(GPR::R11),
    r12 = const gpr(GPR::R12),
    r13 = const gpr(GPR::R13),
    r14 = const gpr(GPR::R14),
    r15 = const gpr(GPR::R15),
    xmm = const offset_of!(TrapFrame, xmm),
    rip = const offset_of!(TrapFrame, rip),
    rflags = const offset_of!(TrapFrame, rflags),
    vector = const offset_of!(TrapFrame, vector),
    error_code = const offset_of!(TrapFrame, error_code),
    fault_address = const offset_of!(TrapFrame, fault_address),
    reserved = const offset_of!(TrapFrame, reserved),
    dispatch = sym dispatch,
);
