//! The contract between machine code, compiler and runtime.
//!
//! Inert tables that belong to neither side: register roles and the calling
//! convention ([`registers`]), the memory layout machine code reads
//! ([`vmctx`]), wasm values ([`value`]), trap codes ([`trap_code`]) and processor
//! features ([`features`]).
//!
//! # A wasm frame
//!
//! Every compiled function keeps RBP as its frame base. Addresses fall
//! downwards; all slots are 8 bytes. A v128 takes two, its low half in the one with the
//! lower address; it is aligned to 8 bytes only, as frames are.
//!
//! ```text
//! [rbp + 16 + 8*(n+k)] result word k: results but the last
//! [rbp + 16 + 8*k]   stack argument word k of n
//! [rbp +  8]         return address
//! [rbp +  0]         caller's RBP
//! [rbp -  8]         this instance's VmCtx pointer         stack_values[0]
//! [rbp - 16]...      saved callee-saved registers          stack_values[1..]
//! ...                home slots of locals
//! ...                home slots of operand-stack values
//! [rsp + 8*k]        outgoing stack word k of calls (the shadow area)
//! ```
//!
//! # The calling convention between wasm functions
//!
//! * R14 = `VmCtx` pointer, R15 = base address of memory 0; both unchanged by
//!   a callee on return from a *direct* call. After a call that may cross
//!   instances (imported or indirect) the caller reloads both, R14 from
//!   `[rbp - 8]`.
//! * At such a call RAX = the caller's `VmCtx`: a host function's is no instance's, and
//!   the frame below need not be the caller's.
//! * Parameters: [`registers::ArgumentRegisterAllocator`] in order, then stack words.
//!   The callee pops these: behind a call RSP is higher by its stack arguments,
//!   and the caller lowers it again.
//! * Results: the **last** result in RAX or XMM0; the others in the result area, which
//!   begins where the stack arguments end. So a function finds it at the same address as
//!   whoever it was tail-called by: their stack arguments may differ in size, their results not.
//! * RBX, R12, R13 and RBP are callee-saved; all other registers, and every
//!   XMM register, are clobbered by a call.
//! * An i32 in a 64-bit register is zero-extended, always.
//! * There is no red zone: nothing below RSP is live at any instruction, so interrupts may be
//!   handled on a wasm stack.

pub mod features;
pub mod registers;
pub mod trap_code;
pub mod value;
pub mod vmctx;

pub use features::{CpuFeatures, UnknownCpuFeature};
pub use registers::{ArgumentLocation, ArgumentRegisterAllocator, GPR, RegisterIndex, XMM};
pub use trap_code::TrapCode;
pub use value::{ExternRef, FuncAddr, FuncType, Val, ValType};
pub use vmctx::{VmCtx, VmFuncRef, VmGlobal, VmHostFunc, VmMemory, VmStoreContext, VmTable};
