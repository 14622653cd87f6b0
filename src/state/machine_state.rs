//! The mapping of machine stack slots and registers to wasm values at one point.
//!
//! [`MachineState`] is the expanded form of a suspend point, made on demand
//! from a function's layout and the point's operands.

use super::decode::Point;
use super::function::FunctionStateMap;
use super::point::{LocalHome, Operand, OperandHome, PointKind};
use crate::abi::registers::{
    ArgumentLocation, ArgumentRegisterAllocator, GPR, REGISTER_COUNT, RegisterIndex, X64Register,
    is_callee_saved,
};
use crate::abi::{ValType, VmCtx};
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;
use core::mem::offset_of;

/// What is known at compile time of a wasm stack value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WasmAbstractValue {
    /// Nothing: it is where the machine state says.
    Runtime,
    /// It is this constant (raw bits).
    Const(u64),
    /// It equals this local.
    Local(u32),
}

/// What a register or stack slot holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum MachineValue {
    /// Nothing of interest.
    Undefined,
    /// The vmctx pointer.
    Vmctx,
    /// A pointer found from the vmctx pointer: add the first offset, load the
    /// pointer there, add the next, and so on.
    VmctxDeref(Box<[u32]>),
    /// The caller's value of a callee-saved register.
    PreserveRegister(RegisterIndex),
    /// A copy of the 8 bytes at this byte offset from the frame base (RBP).
    CopyStackBPRelative(i32),
    /// The shadow (outgoing-argument) area, as many slots as it has; everything
    /// before it lies above.
    ExplicitShadow,
    /// This value of the wasm stack; of a v128 in a slot, the low half.
    WasmStack(usize),
    /// This wasm local; of a v128 in a slot, the low half.
    WasmLocal(usize),
    /// The high half of a v128 on the wasm stack.
    WasmStackHigh(usize),
    /// The high half of a v128 local.
    WasmLocalHigh(usize),
    /// Two 32-bit values, low and high.
    TwoHalves(Box<(MachineValue, MachineValue)>),
}

/// The whole mapping at one point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineState {
    /// Frame slots from the frame base downwards: slot `n` is `[rbp - 8 * (n + 1)]`,
    /// where [`MachineValue::ExplicitShadow`] stands for several.
    pub stack_values: Vec<MachineValue>,
    /// Registers by index.
    pub register_values: Vec<MachineValue>,
    /// Slots of the caller's frame, upwards from `[rbp + 16]`: incoming stack words.
    pub prev_frame: BTreeMap<usize, MachineValue>,
    /// The operand stack, bottom first.
    pub wasm_stack: Vec<WasmAbstractValue>,
    /// The types of the operand stack.
    pub wasm_stack_types: Vec<ValType>,
    /// How many of the top values of the wasm stack the instruction has consumed already.
    pub wasm_stack_private_depth: usize,
    /// Offset of the wasm instruction; `usize::MAX` for the function header.
    pub wasm_inst_offset: usize,
}

impl MachineState {
    /// A state that knows nothing.
    pub fn new() -> Self {
        Self {
            stack_values: Vec::new(),
            register_values: vec![MachineValue::Undefined; REGISTER_COUNT],
            prev_frame: BTreeMap::new(),
            wasm_stack: Vec::new(),
            wasm_stack_types: Vec::new(),
            wasm_stack_private_depth: 0,
            wasm_inst_offset: usize::MAX,
        }
    }

    fn set_register(&mut self, register: RegisterIndex, value: MachineValue) {
        self.register_values[register.0] = value;
    }

    /// Puts a value into a slot, and if it is a v128, its high half into the slot above.
    fn set_slot(&mut self, slot: u32, ty: ValType, low: MachineValue, high: MachineValue) {
        let slot = slot as usize;
        self.set_stack(slot, low);
        if ty == ValType::V128 {
            self.set_stack(slot - 1, high);
        }
    }

    fn set_stack(&mut self, slot: usize, value: MachineValue) {
        if slot >= self.stack_values.len() {
            self.stack_values.resize(slot + 1, MachineValue::Undefined);
        }
        self.stack_values[slot] = value;
    }
}

impl Default for MachineState {
    fn default() -> Self {
        Self::new()
    }
}

impl FunctionStateMap<'_> {
    /// A state of this function that knows nothing.
    pub fn new_machine_state(&self) -> MachineState {
        MachineState::new()
    }

    /// The state at the function header.
    pub fn initial(&self) -> MachineState {
        let locals = self.locals();
        let mut state = MachineState::new();
        let mut arguments = ArgumentRegisterAllocator::default();
        for (index, local) in locals.iter().take(self.params() as usize).enumerate() {
            let value = MachineValue::WasmLocal(index);
            match arguments.next(local.ty) {
                ArgumentLocation::Register(register) => state.set_register(register, value),
                ArgumentLocation::Stack(word) => {
                    state.prev_frame.insert(word, value);
                    if local.ty == ValType::V128 {
                        let high = MachineValue::WasmLocalHigh(index);
                        state.prev_frame.insert(word + 1, high);
                    }
                }
            }
        }
        set_context(&mut state);
        state
    }

    /// The state at a point of this function.
    pub fn state(&self, point: &Point) -> MachineState {
        let mut state = self.state_above_shadow(point);
        if point.kind != PointKind::FunctionHeader {
            let above_shadow = self.frame_slots().saturating_sub(self.shadow_slots()) as usize;
            let used = state.stack_values.len();
            let above_shadow = above_shadow.max(used);
            state
                .stack_values
                .resize(above_shadow, MachineValue::Undefined);
            if self.shadow_slots() > 0 {
                state.stack_values.push(MachineValue::ExplicitShadow);
            }
        }
        state
    }

    /// The state at a point, without the slots below the last one in use: frames can be
    /// large, and hostile images name many of them.
    pub(crate) fn state_above_shadow(&self, point: &Point) -> MachineState {
        if point.kind == PointKind::FunctionHeader {
            return self.initial();
        }
        let mut state = self.body_state(point.kind.is_call());
        state.wasm_inst_offset = point.wasm_offset;
        for (index, operand) in self.operands(point).iter().enumerate() {
            set_operand(&mut state, index, operand);
        }
        state
    }

    /// The state behind the prologue, without operands.
    fn body_state(&self, is_call: bool) -> MachineState {
        let mut state = MachineState::new();
        state.stack_values.push(MachineValue::Vmctx);
        for (register, slot) in self.saved_registers() {
            state.set_stack(slot as usize, MachineValue::PreserveRegister(register));
        }
        for (index, local) in self.locals().iter().enumerate() {
            let LocalHome { ty, register, slot } = *local;
            let value = MachineValue::WasmLocal(index);
            match (register.filter(|&r| !is_call || is_callee_saved(r)), slot) {
                (Some(register), _) => state.set_register(register, value),
                (None, Some(slot)) => {
                    state.set_slot(slot, ty, value, MachineValue::WasmLocalHigh(index));
                }
                (None, None) => {}
            }
        }
        set_context(&mut state);
        state
    }
}

/// The registers that hold the same in every function.
fn set_context(state: &mut MachineState) {
    let memory0_base = offset_of!(VmCtx, memory0_base) as u32;
    state.set_register(GPR::R14.to_index(), MachineValue::Vmctx);
    let memory = MachineValue::VmctxDeref([memory0_base].into());
    state.set_register(GPR::R15.to_index(), memory);
}

fn set_operand(state: &mut MachineState, index: usize, operand: &Operand) {
    state.wasm_stack_types.push(operand.ty);
    let value = MachineValue::WasmStack(index);
    let known = match operand.home {
        OperandHome::Register(register) => {
            state.set_register(register, value);
            WasmAbstractValue::Runtime
        }
        OperandHome::Slot(slot) => {
            let high = MachineValue::WasmStackHigh(index);
            state.set_slot(slot, operand.ty, value, high);
            WasmAbstractValue::Runtime
        }
        OperandHome::Const(bits) => WasmAbstractValue::Const(bits),
        OperandHome::Local(local) => WasmAbstractValue::Local(local),
    };
    state.wasm_stack.push(known);
}
