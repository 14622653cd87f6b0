//! The trampolines between host and wasm.
//!
//! Entering pushes the host's callee-saved registers and the entry before
//! onto the host stack, records RSP in [`VmStoreContext::host_rsp`] and switches to
//! the wasm stack. Every way out comes back there:
//!
//! ```text
//! host stack                          wasm stack
//! enter  -- thunk, wasm code ------>  ...  -- return --> exit_returned --> enter's caller
//!   |  <--- poll, libcall, host_call ---   (Rust runs on the host stack)
//!   |  ---- status 0: go on --------->
//!   |       status != 0: exit_unwind --> enter's caller; the wasm stack stays as it is
//! ```
//!
//! A fault on a page that is withheld goes the way of a poll, only that the trap handler has
//! saved the registers. A poll saves and restores every register; libcalls and host calls are
//! calls to the compiler, so they save the callee-saved ones and where to go on.

#![expect(unsafe_code, reason = "switches stacks and enters machine code")]

use super::activation;
use super::libcalls::LIBCALLS;
use crate::abi::GPR;
use crate::abi::vmctx::{TrapFrame, VmCtx, VmStoreContext};
use core::arch::naked_asm;
use core::mem::offset_of;

/// How wasm code was left. In RAX at the end of every way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub(crate) enum Status {
    /// The function returned; or, of a poll, libcall or host call: go on.
    Returned = 0,
    /// [`VmStoreContext::trap`] says why.
    Trapped = 1,
    /// The store is suspended.
    Suspended = 2,
    /// A host function failed.
    HostError = 3,
    /// As [`Self::Trapped`], by a fault: the recorded frame stands at the faulting
    /// instruction, not behind a call.
    Faulted = 4,
    /// The store is suspended at an instruction that has faulted, and is executed again.
    Held = 5,
}

impl Status {
    fn from_machine(status: u64) -> Self {
        match status {
            0 => Self::Returned,
            1 => Self::Trapped,
            2 => Self::Suspended,
            3 => Self::HostError,
            4 => Self::Faulted,
            5 => Self::Held,
            _ => unreachable!("exit status {status}"),
        }
    }
}

/// Everything an entry into wasm needs.
#[repr(C)]
pub(super) struct Entry {
    /// The store's context.
    pub(super) store: *mut VmStoreContext,
    /// Entry thunk of the function's type.
    pub(super) thunk: *const u8,
    /// The function's code.
    pub(super) code: *const u8,
    /// Its context.
    pub(super) vmctx: *mut VmCtx,
    /// Base of its memory 0.
    pub(super) memory0_base: *mut u8,
    /// Arguments, which results replace.
    pub(super) array: *mut u128,
    /// RSP to start with, a multiple of 16.
    pub(super) rsp: u64,
}

/// Enters wasm.
///
/// # Safety
///
/// The entry is of a live store, whose platform knows it as the running
/// activation; the stack below `rsp` is the store's and free, and `array` has room.
pub(super) unsafe fn enter(entry: &Entry) -> Status {
    // SAFETY: passed on to the caller.
    Status::from_machine(unsafe { enter_machine(entry) })
}

/// Loads all registers from [`VmStoreContext::frame`] and goes on there.
///
/// # Safety
///
/// As for [`enter`]; the frame is one of a suspended or rebuilt stack.
pub(super) unsafe fn resume(store: *mut VmStoreContext) -> Status {
    // SAFETY: passed on to the caller.
    Status::from_machine(unsafe { resume_machine(store, restore_all as *const u8) })
}

/// As [`resume`], for a store that is held: loads RFLAGS, too.
///
/// # Safety
///
/// As for [`enter`]; the frame is one that [`redirect_to_held`] was called for.
pub(super) unsafe fn resume_held(store: *mut VmStoreContext) -> Status {
    // SAFETY: passed on to the caller.
    Status::from_machine(unsafe { resume_machine(store, restore_flags as *const u8) })
}

/// The return address of an entry thunk's frame.
pub(super) fn return_address() -> u64 {
    exit_returned as *const () as u64
}

/// Entry of the poll trampoline.
pub(super) fn poll_entry() -> *const u8 {
    poll as *const u8
}

/// Entry of the libcall trampoline.
pub(super) fn libcall_entry() -> *const u8 {
    libcall as *const u8
}

/// Entry of the host call trampoline.
pub(super) fn host_call_entry() -> *const u8 {
    host_call as *const u8
}

/// Rewrites a trap handler's frame so that returning from the exception leaves wasm.
///
/// # Safety
///
/// `store` is that of the running activation.
pub(crate) unsafe fn redirect_to_exit(
    frame: &mut TrapFrame,
    store: *mut VmStoreContext,
    status: Status,
) {
    frame.gpr[GPR::RAX as usize] = status as u64;
    frame.gpr[GPR::RCX as usize] = store as u64;
    // SAFETY: the store is alive, being that of the running activation.
    frame.gpr[GPR::RSP as usize] = unsafe { (*store).host_rsp };
    frame.rip = exit_unwind as *const () as u64;
}

/// Rewrites a trap handler's frame so that returning from the exception calls
/// [`held`](super::fault::held) on the host stack, as a poll would; the frame as it was has been
/// put into [`VmStoreContext::frame`], and wasm goes on there when that says so.
///
/// # Safety
///
/// `store` is that of the running activation.
pub(crate) unsafe fn redirect_to_held(frame: &mut TrapFrame, store: *mut VmStoreContext) {
    frame.gpr[GPR::RBX as usize] = store as u64;
    // SAFETY: the store is alive, being that of the running activation.
    frame.gpr[GPR::RSP as usize] = unsafe { (*store).host_rsp };
    frame.rip = held as *const () as u64;
}

const STORE: usize = offset_of!(VmCtx, store);
const HOST_RSP: usize = offset_of!(VmStoreContext, host_rsp);
const FRAME: usize = offset_of!(VmStoreContext, frame);
const RIP: usize = FRAME + offset_of!(TrapFrame, rip);
const RFLAGS: usize = FRAME + offset_of!(TrapFrame, rflags);
const XMM: usize = FRAME + offset_of!(TrapFrame, xmm);

const fn gpr(register: GPR) -> usize {
    FRAME + offset_of!(TrapFrame, gpr) + 8 * register as usize
}

#[unsafe(naked)]
unsafe extern "sysv64" fn enter_machine(entry: *const Entry) -> u64 {
    naked_asm!(
        "push rbp",
        "push rbx",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        "mov rcx, [rdi + {store}]",
        "push qword ptr [rcx + {host_rsp}]",
        "mov [rcx + {host_rsp}], rsp",
        "mov rdx, [rdi + {thunk}]",
        "mov rax, [rdi + {code}]",
        "mov r14, [rdi + {vmctx}]",
        "mov r15, [rdi + {memory0_base}]",
        "mov rsi, [rdi + {array}]",
        "mov rsp, [rdi + {rsp}]",
        // Zeros make equal runs leave equal stacks, and end the chain of frames.
        "xor ebx, ebx",
        "xor ebp, ebp",
        "xor r12d, r12d",
        "xor r13d, r13d",
        "call rdx",
        // A rebuilt stack returns straight to there.
        "jmp {exit_returned}",
        store = const offset_of!(Entry, store),
        thunk = const offset_of!(Entry, thunk),
        code = const offset_of!(Entry, code),
        vmctx = const offset_of!(Entry, vmctx),
        memory0_base = const offset_of!(Entry, memory0_base),
        array = const offset_of!(Entry, array),
        rsp = const offset_of!(Entry, rsp),
        host_rsp = const HOST_RSP,
        exit_returned = sym exit_returned,
    )
}

/// Where entry thunks return to. R14 is the context that was entered.
#[unsafe(naked)]
unsafe extern "sysv64" fn exit_returned() {
    naked_asm!(
        "mov rcx, [r14 + {store}]",
        "xor eax, eax",
        "jmp {exit_unwind}",
        store = const STORE,
        exit_unwind = sym exit_unwind,
    )
}

/// Leaves wasm: RAX = status, RCX = the store's context.
#[unsafe(naked)]
unsafe extern "sysv64" fn exit_unwind() {
    naked_asm!(
        "mov rsp, [rcx + {host_rsp}]",
        "pop qword ptr [rcx + {host_rsp}]",
        "pop r15",
        "pop r14",
        "pop r13",
        "pop r12",
        "pop rbx",
        "pop rbp",
        "cld",
        "ret",
        host_rsp = const HOST_RSP,
    )
}

/// `restore` is [`restore_all`] or [`restore_flags`].
#[unsafe(naked)]
unsafe extern "sysv64" fn resume_machine(store: *mut VmStoreContext, restore: *const u8) -> u64 {
    naked_asm!(
        "push rbp",
        "push rbx",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        "push qword ptr [rdi + {host_rsp}]",
        "mov [rdi + {host_rsp}], rsp",
        "mov r11, rdi",
        "jmp rsi",
        host_rsp = const HOST_RSP,
    )
}

/// Goes on at the recorded frame with its flags, which may be in use at an instruction that faults:
/// R11 = the store's context, on the host stack.
#[unsafe(naked)]
unsafe extern "sysv64" fn restore_flags() {
    naked_asm!(
        "push qword ptr [r11 + {rflags}]",
        "popfq",
        // Which changes no flags.
        "jmp {restore_all}",
        rflags = const RFLAGS,
        restore_all = sym restore_all,
    )
}

/// Where a trap handler returns to when an instruction has to wait for a page: RBX = the store's
/// context, on the host stack.
#[unsafe(naked)]
unsafe extern "sysv64" fn held() {
    naked_asm!(
        "cld",
        "mov rdi, rbx",
        "call {held}",
        "mov rcx, rbx",
        "test rax, rax",
        "jnz {exit_unwind}",
        "mov r11, rbx",
        "jmp {restore_flags}",
        held = sym super::fault::held,
        exit_unwind = sym exit_unwind,
        restore_flags = sym restore_flags,
    )
}

/// Goes on at the recorded frame: R11 = the store's context. Leaves the flags as they are.
#[unsafe(naked)]
unsafe extern "sysv64" fn restore_all() {
    naked_asm!(
        "movups xmm0, [r11 + {xmm} + 0x00]",
        "movups xmm1, [r11 + {xmm} + 0x10]",
        "movups xmm2, [r11 + {xmm} + 0x20]",
        "movups xmm3, [r11 + {xmm} + 0x30]",
        "movups xmm4, [r11 + {xmm} + 0x40]",
        "movups xmm5, [r11 + {xmm} + 0x50]",
        "movups xmm6, [r11 + {xmm} + 0x60]",
        "movups xmm7, [r11 + {xmm} + 0x70]",
        "movups xmm8, [r11 + {xmm} + 0x80]",
        "movups xmm9, [r11 + {xmm} + 0x90]",
        "movups xmm10, [r11 + {xmm} + 0xa0]",
        "movups xmm11, [r11 + {xmm} + 0xb0]",
        "movups xmm12, [r11 + {xmm} + 0xc0]",
        "movups xmm13, [r11 + {xmm} + 0xd0]",
        "movups xmm14, [r11 + {xmm} + 0xe0]",
        "movups xmm15, [r11 + {xmm} + 0xf0]",
        "mov rsp, [r11 + {rsp}]",
        "push qword ptr [r11 + {rip}]",
        "mov rax, [r11 + {rax}]",
        "mov rcx, [r11 + {rcx}]",
        "mov rdx, [r11 + {rdx}]",
        "mov rbx, [r11 + {rbx}]",
        "mov rbp, [r11 + {rbp}]",
        "mov rsi, [r11 + {rsi}]",
        "mov rdi, [r11 + {rdi}]",
        "mov r8, [r11 + {r8}]",
        "mov r9, [r11 + {r9}]",
        "mov r10, [r11 + {r10}]",
        "mov r12, [r11 + {r12}]",
        "mov r13, [r11 + {r13}]",
        "mov r14, [r11 + {r14}]",
        "mov r15, [r11 + {r15}]",
        "mov r11, [r11 + {r11}]",
        "ret",
        xmm = const XMM,
        rip = const RIP,
        rax = const gpr(GPR::RAX),
        rcx = const gpr(GPR::RCX),
        rdx = const gpr(GPR::RDX),
        rbx = const gpr(GPR::RBX),
        rsp = const gpr(GPR::RSP),
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
    )
}

/// Called by polls: all registers are live.
#[unsafe(naked)]
unsafe extern "sysv64" fn poll() {
    naked_asm!(
        "push r11",
        "mov r11, [r14 + {store}]",
        "mov [r11 + {rax}], rax",
        "mov [r11 + {rcx}], rcx",
        "mov [r11 + {rdx}], rdx",
        "mov [r11 + {rbx}], rbx",
        "mov [r11 + {rbp}], rbp",
        "mov [r11 + {rsi}], rsi",
        "mov [r11 + {rdi}], rdi",
        "mov [r11 + {r8}], r8",
        "mov [r11 + {r9}], r9",
        "mov [r11 + {r10}], r10",
        "mov [r11 + {r12}], r12",
        "mov [r11 + {r13}], r13",
        "mov [r11 + {r14}], r14",
        "mov [r11 + {r15}], r15",
        "pop qword ptr [r11 + {r11}]",
        "pop qword ptr [r11 + {rip}]",
        "mov [r11 + {rsp}], rsp",
        "movups [r11 + {xmm} + 0x00], xmm0",
        "movups [r11 + {xmm} + 0x10], xmm1",
        "movups [r11 + {xmm} + 0x20], xmm2",
        "movups [r11 + {xmm} + 0x30], xmm3",
        "movups [r11 + {xmm} + 0x40], xmm4",
        "movups [r11 + {xmm} + 0x50], xmm5",
        "movups [r11 + {xmm} + 0x60], xmm6",
        "movups [r11 + {xmm} + 0x70], xmm7",
        "movups [r11 + {xmm} + 0x80], xmm8",
        "movups [r11 + {xmm} + 0x90], xmm9",
        "movups [r11 + {xmm} + 0xa0], xmm10",
        "movups [r11 + {xmm} + 0xb0], xmm11",
        "movups [r11 + {xmm} + 0xc0], xmm12",
        "movups [r11 + {xmm} + 0xd0], xmm13",
        "movups [r11 + {xmm} + 0xe0], xmm14",
        "movups [r11 + {xmm} + 0xf0], xmm15",
        "mov rdi, r11",
        "mov rsp, [r11 + {host_rsp}]",
        "call {poll}",
        "mov rcx, [r14 + {store}]",
        "test rax, rax",
        "jnz {exit_unwind}",
        "mov r11, rcx",
        "jmp {restore_all}",
        store = const STORE,
        host_rsp = const HOST_RSP,
        xmm = const XMM,
        rip = const RIP,
        rax = const gpr(GPR::RAX),
        rcx = const gpr(GPR::RCX),
        rdx = const gpr(GPR::RDX),
        rbx = const gpr(GPR::RBX),
        rsp = const gpr(GPR::RSP),
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
        poll = sym activation::poll,
        exit_unwind = sym exit_unwind,
        restore_all = sym restore_all,
    )
}

/// Called for a libcall: R10 = its number, arguments in RSI RDX RCX R8 R9.
#[unsafe(naked)]
unsafe extern "sysv64" fn libcall() {
    naked_asm!(
        "mov r11, [r14 + {store}]",
        "mov [r11 + {rbx}], rbx",
        "mov [r11 + {rbp}], rbp",
        "mov [r11 + {r12}], r12",
        "mov [r11 + {r13}], r13",
        "mov [r11 + {r14}], r14",
        "mov [r11 + {r15}], r15",
        "mov rax, [rsp]",
        "mov [r11 + {rip}], rax",
        "lea rax, [rsp + 8]",
        "mov [r11 + {rsp}], rax",
        "mov rdi, r11",
        "mov rsp, [r11 + {host_rsp}]",
        "lea rax, [rip + {libcalls}]",
        "call [rax + 8 * r10]",
        // RAX = result, RDX = status.
        "mov rcx, [r14 + {store}]",
        "test rdx, rdx",
        "jnz 2f",
        // The return address lies below what RSP was recorded as. RSP must never point above
        // it: an interrupt may push its frame there.
        "mov rcx, [rcx + {rsp}]",
        "lea rsp, [rcx - 8]",
        "ret",
        "2:",
        "mov rax, rdx",
        "jmp {exit_unwind}",
        store = const STORE,
        host_rsp = const HOST_RSP,
        rip = const RIP,
        rbx = const gpr(GPR::RBX),
        rsp = const gpr(GPR::RSP),
        rbp = const gpr(GPR::RBP),
        r12 = const gpr(GPR::R12),
        r13 = const gpr(GPR::R13),
        r14 = const gpr(GPR::R14),
        r15 = const gpr(GPR::R15),
        libcalls = sym LIBCALLS,
        exit_unwind = sym exit_unwind,
    )
}

/// Called by host thunks: RSI = arguments, R14 = the `VmHostFunc`.
#[unsafe(naked)]
unsafe extern "sysv64" fn host_call() {
    naked_asm!(
        "mov r11, [r14 + {store}]",
        "mov [r11 + {rbx}], rbx",
        "mov [r11 + {rbp}], rbp",
        "mov [r11 + {r12}], r12",
        "mov [r11 + {r13}], r13",
        "mov [r11 + {r14}], r14",
        "mov [r11 + {r15}], r15",
        "mov rax, [rsp]",
        "mov [r11 + {rip}], rax",
        "lea rax, [rsp + 8]",
        "mov [r11 + {rsp}], rax",
        "mov rdi, r11",
        "mov rdx, r14",
        "mov rsp, [r11 + {host_rsp}]",
        "call {host_call}",
        "mov rcx, [r14 + {store}]",
        "test rax, rax",
        "jnz {exit_unwind}",
        // The return address lies below what RSP was recorded as. RSP must never point above
        // it: an interrupt may push its frame there.
        "mov rcx, [rcx + {rsp}]",
        "lea rsp, [rcx - 8]",
        "ret",
        store = const STORE,
        host_rsp = const HOST_RSP,
        rip = const RIP,
        rbx = const gpr(GPR::RBX),
        rsp = const gpr(GPR::RSP),
        rbp = const gpr(GPR::RBP),
        r12 = const gpr(GPR::R12),
        r13 = const gpr(GPR::R13),
        r14 = const gpr(GPR::R14),
        r15 = const gpr(GPR::R15),
        host_call = sym super::host_call::host_call,
        exit_unwind = sym exit_unwind,
    )
}
