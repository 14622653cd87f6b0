//! What the compiler says of a function and its suspend points.
//!
//! The vocabulary between the compiler and the state map: homes of locals,
//! homes of operands, kinds of suspend points.

use crate::abi::{RegisterIndex, TrapCode, ValType};
use alloc::vec::Vec;

/// Where a local lives in one function. It never moves: at every suspend point
/// but the function header, a local is in its register if it has one, else in
/// its slot; at call points, it is in its register only if that is callee-saved
/// (RBX, R12, R13), else in its slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalHome {
    /// Its type.
    pub ty: ValType,
    /// The register that holds it for the whole function, if any.
    pub register: Option<RegisterIndex>,
    /// Its home slot, if any: slot `n` is the 8 bytes at `[rbp - 8 * (n + 1)]`.
    /// A v128 takes slots `n - 1` and `n`: its low half is in slot `n`.
    pub slot: Option<u32>,
}

/// Where an operand-stack value is at a suspend point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperandHome {
    /// In a register.
    Register(RegisterIndex),
    /// In a frame slot, numbered as in [`LocalHome::slot`].
    Slot(u32),
    /// Nowhere: it is this constant (raw bits).
    Const(u64),
    /// Nowhere of its own: it equals this local, whose type it has.
    Local(u32),
}

/// One value on the operand stack at a suspend point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operand {
    /// Its type.
    pub ty: ValType,
    /// Where it is.
    pub home: OperandHome,
}

/// What the compiler says of a suspend point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PointKind {
    /// The poll in the function's prologue. RBP is set up and RSP equals it, nothing else:
    /// parameters are where the calling convention puts them, callee-saved registers are
    /// untouched, other locals are zero. `wasm_inst_offset` is `usize::MAX`.
    FunctionHeader,
    /// The poll of a loop header.
    Loop,
    /// A call; its code offset is the return address.
    Call,
    /// A libcall whose instruction is executed again by a rebuilt frame; operands include
    /// the instruction's own, all in slots. The code offset is the return address.
    Restart,
    /// A breakpoint: a call to the poll trampoline that every execution makes, before the
    /// instruction. A debugger reads and changes the frame there; a store never suspends
    /// there, because other code versions may have no such point.
    Breakpoint,
    /// An instruction that may fault with this trap.
    Trappable(TrapCode),
}

impl PointKind {
    /// Whether code offsets of this kind are return addresses of calls to the poll trampoline.
    pub const fn is_poll(self) -> bool {
        matches!(self, Self::FunctionHeader | Self::Loop | Self::Breakpoint)
    }

    /// Whether code offsets of this kind are return addresses of calls and libcalls.
    pub const fn is_call(self) -> bool {
        matches!(self, Self::Call | Self::Restart)
    }

    /// Whether this is an instruction that may fault.
    pub const fn is_trappable(self) -> bool {
        matches!(self, Self::Trappable(_))
    }

    /// Whether a rebuilt frame can go on here.
    pub const fn is_resumable(self) -> bool {
        !matches!(self, Self::Trappable(_) | Self::Breakpoint)
    }
}

/// A suspend point, as the compiler describes it.
#[derive(Clone, Copy, Debug)]
pub struct SuspendPoint<'a> {
    /// Kind.
    pub kind: PointKind,
    /// Code offset by which it is looked up, relative to the module's code: the return
    /// address (polls, calls) or the start of the instruction (trappable).
    pub code_offset: u32,
    /// Code offset at which a rebuilt frame goes on.
    pub activate_offset: u32,
    /// Offset of the wasm instruction in the module's bytes; ignored for headers.
    pub wasm_offset: u32,
    /// The operand stack, bottom first, without the values that the instruction
    /// has consumed.
    pub operands: &'a [Operand],
}

/// Static facts of one function, known when its code is complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionLayout {
    /// Index of the function in the module's function index space.
    pub local_function_id: u32,
    /// How many of `locals` are parameters.
    pub params: u32,
    /// Its locals, parameters first.
    pub locals: Vec<LocalHome>,
    /// Callee-saved registers that the prologue pushed, and their slots.
    pub saved_registers: Vec<(RegisterIndex, u32)>,
    /// Size of the frame below RBP in 8-byte slots, outgoing area included.
    pub frame_slots: u32,
    /// How many slots at the bottom of the frame are the outgoing (shadow) area.
    pub shadow_slots: u32,
}
