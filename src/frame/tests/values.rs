//! Every machine value, written and read.

use super::super::site::{Layout, Site};
use super::super::walk::read_site;
use super::*;
use crate::abi::vmctx::TrapFrame;
use alloc::rc::Rc;

/// A function of two i32 and one i64 local and an i64, an i32 and a v128 operand, of which the
/// instruction has consumed one more i32.
fn layout() -> Layout {
    Layout {
        code_base: CODE_BASE,
        function: 0,
        kind: PointKind::Loop,
        code_offset: 20,
        activate_offset: 20,
        params: 0,
        depth_slots: 14,
        frame_slots: 14,
        shadow_slots: 3,
        argument_words: 1,
        locals: vec![ValType::I32, ValType::I32, ValType::I64, ValType::F32],
    }
}

fn state() -> MachineState {
    let mut state = MachineState::new();
    state.wasm_inst_offset = 200;
    let halves = |a, b| MachineValue::TwoHalves(alloc::boxed::Box::new((a, b)));
    state.stack_values = vec![
        MachineValue::Vmctx,
        MachineValue::PreserveRegister(register(GPR::R12)),
        halves(MachineValue::WasmLocal(0), MachineValue::WasmLocal(1)),
        MachineValue::VmctxDeref([8, 16].into()),
        MachineValue::ExplicitShadow,
        MachineValue::WasmStackHigh(2),
        MachineValue::WasmStack(2),
        MachineValue::CopyStackBPRelative(16),
        MachineValue::Undefined,
        halves(MachineValue::Undefined, MachineValue::WasmStack(1)),
        MachineValue::WasmStack(3),
    ];
    state.register_values[GPR::R12 as usize] = MachineValue::WasmStack(0);
    state.register_values[GPR::R15 as usize] = MachineValue::VmctxDeref([0].into());
    state.register_values[16 + 5] = MachineValue::WasmLocal(3);
    state.prev_frame.insert(0, MachineValue::WasmLocal(2));
    state.wasm_stack = vec![WasmAbstractValue::Runtime; 4];
    state.wasm_stack.push(WasmAbstractValue::Const(0xabc));
    state.wasm_stack.push(WasmAbstractValue::Local(1));
    state.wasm_stack_types = vec![
        ValType::I64,
        ValType::I32,
        ValType::V128,
        ValType::I32,
        ValType::I32,
        ValType::I32,
    ];
    state
}

fn image() -> ExecutionStateImage {
    let frame = WasmFunctionStateDump {
        instance: 1,
        local_function_id: 0,
        wasm_inst_offset: 200,
        stack: vec![
            Some(Val::I64(-64)),
            Some(Val::I32(-32)),
            Some(Val::V128(u128::MAX / 3)),
            Some(Val::I32(99)),
            Some(Val::I32(0xabc)),
            Some(Val::I32(0x2222)),
        ],
        locals: vec![
            Some(Val::I32(0x1111)),
            Some(Val::I32(0x2222)),
            Some(Val::I64(0x3333)),
            Some(Val::F32(0x4444)),
        ],
    };
    let caller = simple_frame(7, 30);
    ExecutionStateImage {
        frames: vec![frame, caller],
        host_call: None,
    }
}

fn write(state: &MachineState, words: &mut [u64]) -> (FakeStore, TrapFrame, Site) {
    let store = store_of(simple_map());
    let image = image();
    let site = Site::from_state(layout(), state);
    let map = store.code_at(CODE_BASE).unwrap().map;
    let function = map.function(0).unwrap();
    let call = function.point_at_wasm_offset(30, |_| true).unwrap();
    let caller = Site::new(CODE_BASE, &function, &call);
    let validated = ValidatedState {
        image: &image,
        sites: vec![Rc::new(site.clone()), Rc::new(caller)],
    };
    let entry = entry_at(STACK_BASE + 8 * words.len() as u64);
    let mut stack = StackViewMut::new(STACK_BASE, words);
    let frame = rebuild(&store, &mut stack, STACK_BASE, &entry, &validated).unwrap();
    (store, frame, site)
}

#[test]
fn every_machine_value_is_written_to_its_place() {
    let mut words = vec![0; 200];
    let (_, frame, _) = write(&state(), &mut words);
    let rbp = frame.gpr[GPR::RBP as usize];
    let stack = StackView::new(STACK_BASE, &words);
    let slot = |n: u64| stack.word(rbp - 8 * (n + 1)).unwrap();
    let vmctx = vmctx_of(1);
    assert_eq!(slot(0), vmctx);
    assert_eq!(slot(1), 0, "R12 of the caller");
    assert_eq!(slot(2), 0x2222_0000_1111);
    assert_eq!(slot(3), 10 * (10 * (vmctx + 8) + 16));
    // Slots 4 to 6 are the shadow.
    let v128 = u128::MAX / 3;
    assert_eq!(slot(7), (v128 >> 64) as u64);
    assert_eq!(slot(8), v128 as u64);
    assert_eq!(slot(9), 0x3333, "a copy of the stack word at rbp + 16");
    assert_eq!(slot(11), (-32i32 as u32 as u64) << 32);
    assert_eq!(slot(12), 99);
    assert_eq!(stack.word(rbp + 16), Some(0x3333));
    assert_eq!(frame.gpr[GPR::R12 as usize], -64i64 as u64);
    assert_eq!(frame.gpr[GPR::R15 as usize], 10 * vmctx);
    assert_eq!(frame.xmm[5], 0x4444);
    assert_eq!(frame.gpr[GPR::RSP as usize], rbp - 8 * 14);
    assert_eq!(frame.rip, CODE_BASE + 20);
    // The callee did not save RBX, so it still is the caller's local.
    assert_eq!(frame.gpr[GPR::RBX as usize], 7);
}

#[test]
fn every_machine_value_is_read_from_its_place() {
    let mut words = vec![0; 200];
    let (store, frame, site) = write(&state(), &mut words);
    let stack = StackView::new(STACK_BASE, &words);
    let read = read_site(&store, &stack, &frame, &site).unwrap();
    assert_eq!(read, image().frames[0]);
}

#[test]
fn consumed_and_unplaced_values_are_left_out() {
    let mut words = vec![0; 200];
    let (store, frame, _) = write(&state(), &mut words);
    let mut state = state();
    state.wasm_stack_private_depth = 2;
    state.prev_frame.clear();
    state.stack_values[5] = MachineValue::Undefined;
    let site = Site::from_state(layout(), &state);
    let stack = StackView::new(STACK_BASE, &words);
    let read = read_site(&store, &stack, &frame, &site).unwrap();
    assert_eq!(read.stack.len(), 4);
    assert_eq!(read.stack[2], None, "half of a v128");
    assert_eq!(read.locals[2], None);
}
