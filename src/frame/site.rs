//! A suspend point, expanded into places and what they hold.
//!
//! The one form from which frames are read, validated and rebuilt: the
//! [`MachineState`] of a point, flattened.

use crate::abi::registers::argument_stack_words;
use crate::abi::{RegisterIndex, ValType};
use crate::limits::MAX_UNCHECKED_FRAME;
use crate::state::{
    FunctionStateMap, MachineState, MachineValue, Point, PointKind, WasmAbstractValue,
};
use alloc::boxed::Box;
use alloc::vec::Vec;

/// A place of 8 bytes (a register: all of it), or a half of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A register.
    Register(RegisterIndex),
    /// The memory at this byte offset from the frame base (RBP).
    Memory(i64),
}

/// Which part of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Whole,
    LowHalf,
    HighHalf,
}

impl Part {
    /// A place's contents after this part of it is written.
    pub(super) fn merge(self, old: u128, bits: u128) -> u128 {
        const LOW: u128 = 0xffff_ffff;
        match self {
            Self::Whole => bits,
            Self::LowHalf => old & !LOW | bits & LOW,
            Self::HighHalf => old & !(LOW << 32) | (bits & LOW) << 32,
        }
    }
}

/// What a place holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Content {
    Vmctx,
    VmctxDeref(Box<[u32]>),
    /// The caller's value of a register.
    Preserved(RegisterIndex),
    /// A copy of the memory at this byte offset from the frame base.
    Copy(i64),
    /// A wasm value, or the low 64 bits of one.
    Value(Source),
    /// The high 64 bits of a v128.
    High(Source),
}

/// A wasm value of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Local(usize),
    Stack(usize),
}

/// A place and its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Placement {
    pub place: Place,
    pub part: Part,
    pub content: Content,
}

/// A suspend point, expanded.
#[derive(Clone, Debug)]
pub(super) struct Site {
    /// Address of the code of the frame's version.
    pub code_base: u64,
    pub function: u32,
    pub kind: PointKind,
    /// By which the point is looked up, relative to the code.
    pub code_offset: u32,
    /// Where a rebuilt frame goes on, relative to the code.
    pub activate_offset: u32,
    pub wasm_inst_offset: usize,
    pub params: usize,
    /// Size of the frame below RBP at this point, in slots.
    pub depth_slots: u32,
    /// Size of the frame below RBP behind the prologue, in slots.
    pub frame_slots: u32,
    /// Stack words of the function's own arguments.
    pub argument_words: u32,
    /// Stack words of the arguments of the call that the point is, which the callee pops; 0
    /// elsewhere. Only validation tells.
    pub call_words: u32,
    pub locals: Vec<ValType>,
    /// The wasm-level operand stack.
    pub stack: Vec<(ValType, WasmAbstractValue)>,
    pub placements: Vec<Placement>,
}

impl Site {
    pub(super) fn new(code_base: u64, function: &FunctionStateMap<'_>, point: &Point) -> Self {
        let is_header = point.kind == PointKind::FunctionHeader;
        let locals: Vec<_> = function.locals().iter().map(|local| local.ty).collect();
        let layout = Layout {
            code_base,
            function: function.local_function_id(),
            kind: point.kind,
            code_offset: point.code_offset,
            activate_offset: point.activate_offset,
            params: function.params() as usize,
            depth_slots: if is_header { 0 } else { function.frame_slots() },
            frame_slots: function.frame_slots(),
            shadow_slots: function.shadow_slots(),
            argument_words: argument_stack_words(&locals[..function.params() as usize]) as u32,
            locals,
        };
        Self::from_state(layout, &function.state_above_shadow(point))
    }

    pub(super) fn from_state(layout: Layout, state: &MachineState) -> Self {
        let public = state.wasm_stack.len() - state.wasm_stack_private_depth;
        let types = state.wasm_stack_types.iter().copied();
        Self {
            code_base: layout.code_base,
            function: layout.function,
            kind: layout.kind,
            code_offset: layout.code_offset,
            activate_offset: layout.activate_offset,
            wasm_inst_offset: state.wasm_inst_offset,
            params: layout.params,
            depth_slots: layout.depth_slots,
            frame_slots: layout.frame_slots,
            argument_words: layout.argument_words,
            call_words: 0,
            locals: layout.locals,
            stack: types
                .zip(state.wasm_stack.iter().copied())
                .take(public)
                .collect(),
            placements: placements(state, layout.shadow_slots),
        }
    }

    /// Address at which a rebuilt frame goes on.
    pub(super) fn activate_address(&self) -> u64 {
        self.code_base + u64::from(self.activate_offset)
    }

    /// Whether this is the function header.
    pub(super) fn is_header(&self) -> bool {
        self.kind == PointKind::FunctionHeader
    }

    /// The values that some place holds, so that a rebuilt frame needs them.
    pub(super) fn sources(&self) -> impl Iterator<Item = Source> + '_ {
        self.placements.iter().filter_map(|p| match p.content {
            Content::Value(source) | Content::High(source) => Some(source),
            _ => None,
        })
    }

    /// How far below its RBP the frame's function checks that the stack goes on, in bytes.
    pub(super) fn checked_size(&self) -> u64 {
        let size = self.frame_slots * 8;
        if size > MAX_UNCHECKED_FRAME {
            u64::from(size)
        } else {
            0
        }
    }
}

/// What a site takes from its function and point rather than from the machine state.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub code_base: u64,
    pub function: u32,
    pub kind: PointKind,
    pub code_offset: u32,
    pub activate_offset: u32,
    pub params: usize,
    pub depth_slots: u32,
    pub frame_slots: u32,
    pub shadow_slots: u32,
    pub argument_words: u32,
    pub locals: Vec<ValType>,
}

fn placements(state: &MachineState, shadow_slots: u32) -> Vec<Placement> {
    let mut placements = Vec::new();
    let mut slot = 0i64;
    for value in &state.stack_values {
        place(&mut placements, Place::Memory(-8 * (slot + 1)), value);
        slot += match value {
            MachineValue::ExplicitShadow => i64::from(shadow_slots),
            _ => 1,
        };
    }
    for (register, value) in state.register_values.iter().enumerate() {
        let register = Place::Register(RegisterIndex(register));
        place(&mut placements, register, value);
    }
    for (&word, value) in &state.prev_frame {
        place(&mut placements, Place::Memory(16 + 8 * word as i64), value);
    }
    placements
}

fn place(placements: &mut Vec<Placement>, place: Place, value: &MachineValue) {
    let mut add = |part, value: &MachineValue| {
        if let Some(content) = content_of(value) {
            placements.push(Placement {
                place,
                part,
                content,
            });
        }
    };
    match value {
        MachineValue::TwoHalves(halves) => {
            add(Part::LowHalf, &halves.0);
            add(Part::HighHalf, &halves.1);
        }
        value => add(Part::Whole, value),
    }
}

/// What a whole place or a half of one holds.
///
/// # Panics
///
/// Panics on halves within halves, which no compiler makes.
fn content_of(value: &MachineValue) -> Option<Content> {
    Some(match value {
        MachineValue::Undefined | MachineValue::ExplicitShadow => return None,
        MachineValue::Vmctx => Content::Vmctx,
        MachineValue::VmctxDeref(path) => Content::VmctxDeref(path.clone()),
        MachineValue::PreserveRegister(register) => Content::Preserved(*register),
        MachineValue::CopyStackBPRelative(offset) => Content::Copy(i64::from(*offset)),
        MachineValue::WasmStack(index) => Content::Value(Source::Stack(*index)),
        MachineValue::WasmLocal(index) => Content::Value(Source::Local(*index)),
        MachineValue::WasmStackHigh(index) => Content::High(Source::Stack(*index)),
        MachineValue::WasmLocalHigh(index) => Content::High(Source::Local(*index)),
        MachineValue::TwoHalves(_) => unreachable!("halves of a half"),
    })
}
