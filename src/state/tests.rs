//! Packing and look-up: whatever the builder is told, the map tells.

use super::*;
use crate::abi::{RegisterIndex, TrapCode, ValType};
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use proptest::prelude::*;

/// A suspend point that owns its operands.
#[derive(Clone, Debug, PartialEq)]
struct Described {
    kind: PointKind,
    code_offset: u32,
    activate_offset: u32,
    wasm_offset: u32,
    operands: Vec<Operand>,
}

fn described(kind: PointKind, code_offset: u32, wasm_offset: u32) -> Described {
    Described {
        kind,
        code_offset,
        activate_offset: code_offset,
        wasm_offset,
        operands: Vec::new(),
    }
}

fn layout(id: u32, locals: Vec<LocalHome>) -> FunctionLayout {
    FunctionLayout {
        local_function_id: id,
        params: locals.len() as u32 / 2,
        locals,
        saved_registers: vec![(RegisterIndex(3), 1), (RegisterIndex(12), 2)],
        frame_slots: 20,
        shadow_slots: 2,
    }
}

fn add(builder: &mut ModuleStateMapBuilder, point: &Described) {
    builder.point(&SuspendPoint {
        kind: point.kind,
        code_offset: point.code_offset,
        activate_offset: point.activate_offset,
        wasm_offset: point.wasm_offset,
        operands: &point.operands,
    });
}

fn read(function: &FunctionStateMap<'_>) -> Vec<Described> {
    function
        .points()
        .map(|point| Described {
            kind: point.kind,
            code_offset: point.code_offset,
            activate_offset: point.activate_offset,
            wasm_offset: point.wasm_offset as u32,
            operands: function.operands(&point),
        })
        .collect()
}

/// Two functions, 100-200 and 300-400, with three points each.
fn two_functions() -> ModuleStateMap {
    let mut builder = ModuleStateMapBuilder::default();
    for (id, start) in [(5, 100), (6, 300)] {
        builder.begin_function(start);
        let trap = PointKind::Trappable(TrapCode::Unreachable);
        add(&mut builder, &described(trap, start + 20, 1010));
        add(&mut builder, &described(PointKind::Call, start + 20, 1000));
        add(&mut builder, &described(PointKind::Loop, start + 90, 1005));
        let header = PointKind::FunctionHeader;
        add(&mut builder, &described(header, start + 99, 0));
        builder.end_function(&layout(id, Vec::new()), start + 100);
    }
    builder.finish(500)
}

#[test]
fn look_ups_hit_exactly_their_points() {
    let map = two_functions();
    let base = 0x1_0000usize;
    for ip in 0..base + 600 {
        let offset = ip.wrapping_sub(base);
        let is = |at: &[usize]| at.iter().any(|&a| offset == 100 + a || offset == 300 + a);
        assert_eq!(map.lookup_call_ip(ip, base).is_some(), is(&[20]));
        assert_eq!(map.lookup_loop_ip(ip, base).is_some(), is(&[90, 99]));
        assert_eq!(map.lookup_trappable_ip(ip, base).is_some(), is(&[20]));
    }
    let (function, point) = map.lookup_call_ip(base + 320, base).unwrap();
    assert_eq!(function.local_function_id(), 6);
    assert_eq!(point.kind, PointKind::Call);
    assert_eq!(point.wasm_offset, 1000);
    assert_eq!(map.trap_code(320), Some(TrapCode::Unreachable));
    assert_eq!(map.trap_code(390), None);
}

#[test]
fn functions_are_found_within_their_bounds() {
    let map = two_functions();
    let id_at = |offset| map.function_at(offset).map(|f| f.local_function_id());
    assert_eq!(id_at(0), None);
    assert_eq!(id_at(99), None);
    assert_eq!(id_at(100), Some(5));
    assert_eq!(id_at(199), Some(5));
    assert_eq!(id_at(200), None);
    assert_eq!(id_at(300), Some(6));
    assert_eq!(id_at(399), Some(6));
    assert_eq!(id_at(400), None);
    assert_eq!(map.function(5).unwrap().start_offset(), 100);
    assert!(map.function(4).is_none() && map.function(7).is_none());
    assert_eq!(map.local_functions().len(), 2);
}

#[test]
fn an_empty_map_knows_nothing() {
    let map = ModuleStateMapBuilder::default().finish(0);
    assert!(map.lookup_call_ip(0, 0).is_none());
    assert!(map.function(0).is_none());
    assert_eq!(map.trap_code(0), None);
}

#[test]
fn offset_tables_list_every_point_by_kind() {
    let map = two_functions();
    let function = map.function(5).unwrap();
    assert_eq!(
        function.loop_offsets().into_keys().collect::<Vec<_>>(),
        [190]
    );
    let calls: Vec<_> = function.call_offsets().into_keys().collect();
    assert_eq!(calls, [120, 199]);
    assert_eq!(function.trappable_offsets()[&120].end_offset, 121);
    let targets = function.wasm_offset_to_target_offset();
    assert_eq!(targets[&1000], SuspendOffset::Call(120));
    assert_eq!(targets[&1005], SuspendOffset::Loop(190));
    assert_eq!(targets.len(), 2);
    let header = function.wasm_function_header_target_offset();
    assert_eq!(header, Some(SuspendOffset::Call(199)));
    let resume = function.resume_points();
    let offsets: Vec<_> = resume.iter().map(|r| r.wasm_offset).collect();
    assert_eq!(offsets, [1000, 1005, usize::MAX]);
}

#[test]
fn code_versions_are_found_within_their_bounds() {
    let version = |base| CodeVersion {
        baseline: true,
        msm: Arc::new(two_functions()),
        base,
        backend: "test",
        features: crate::abi::CpuFeatures::BASELINE,
    };
    let mut versions = CodeVersions::new();
    assert!(versions.find(0).is_none());
    // Side by side, without a gap between the first two.
    for base in [2000, 1000, 1500] {
        versions.insert(version(base));
    }
    let base_at = |address| versions.find(address).map(|version| version.base);
    assert_eq!(base_at(999), None);
    assert_eq!(base_at(1000), Some(1000));
    assert_eq!(base_at(1499), Some(1000));
    assert_eq!(base_at(1500), Some(1500));
    assert_eq!(base_at(2000), Some(2000));
    assert_eq!(base_at(2499), Some(2000));
    assert_eq!(base_at(2500), None);
    assert!(versions.remove(1500).is_some());
    assert!(versions.remove(1500).is_none());
    assert!(versions.find(1500).is_none());
    assert_eq!(versions.iter().count(), 2);
}

#[test]
fn states_place_locals_by_the_kind_of_their_point() {
    let local = |register, slot| LocalHome {
        ty: ValType::I32,
        register,
        slot,
    };
    let (rbx, rsi) = (RegisterIndex(3), RegisterIndex(6));
    let mut layout = layout(0, vec![local(Some(rbx), None), local(Some(rsi), Some(3))]);
    layout.locals.push(LocalHome {
        ty: ValType::V128,
        register: None,
        slot: Some(5),
    });
    layout.params = 2;
    let mut builder = ModuleStateMapBuilder::default();
    builder.begin_function(0);
    for (kind, offset) in [
        (PointKind::FunctionHeader, 1),
        (PointKind::Loop, 2),
        (PointKind::Call, 3),
    ] {
        add(&mut builder, &described(kind, offset, 50));
    }
    builder.end_function(&layout, 10);
    let map = builder.finish(10);
    let function = map.function(0).unwrap();
    let states: Vec<_> = function.points().map(|p| function.state(&p)).collect();
    let [header, body, call] = &states[..] else {
        panic!("three points");
    };

    assert_eq!(*header, function.initial());
    assert_eq!(header.wasm_inst_offset, usize::MAX);
    assert!(header.stack_values.is_empty());
    // RDI and RSI carry the parameters.
    assert_eq!(header.register_values[7], MachineValue::WasmLocal(0));
    assert_eq!(header.register_values[6], MachineValue::WasmLocal(1));
    for state in [body, call] {
        assert_eq!(state.stack_values.len(), 20 - 2 + 1);
        assert_eq!(state.stack_values[0], MachineValue::Vmctx);
        let saved = MachineValue::PreserveRegister(RegisterIndex(12));
        assert_eq!(state.stack_values[2], saved);
        assert_eq!(state.stack_values[4], MachineValue::WasmLocalHigh(2));
        assert_eq!(state.stack_values[5], MachineValue::WasmLocal(2));
        assert_eq!(state.stack_values[18], MachineValue::ExplicitShadow);
        assert_eq!(state.register_values[3], MachineValue::WasmLocal(0));
        assert_eq!(state.register_values[14], MachineValue::Vmctx);
    }
    assert_eq!(body.register_values[6], MachineValue::WasmLocal(1));
    assert_eq!(body.stack_values[3], MachineValue::Undefined);
    assert_eq!(call.register_values[6], MachineValue::Undefined);
    assert_eq!(call.stack_values[3], MachineValue::WasmLocal(1));

    for (point, state) in function.points().zip(&states) {
        let diff = StateDiffs::diff(&function, point.diff_id).unwrap();
        assert_eq!(diff.build_state(&function), *state);
    }
    assert!(StateDiffs::diff(&function, usize::MAX).is_none());
}

#[test]
fn deep_operand_stacks_stay_small() {
    let depth = 2000u32;
    let mut operands: Vec<_> = (0..depth)
        .map(|local| Operand {
            ty: ValType::I32,
            home: OperandHome::Local(local),
        })
        .collect();
    let mut builder = ModuleStateMapBuilder::default();
    builder.begin_function(0);
    for n in 0..depth {
        // The lowest local that is still on the stack is spilled.
        operands[n as usize].home = OperandHome::Slot(1 + n);
        let mut point = described(PointKind::Call, 10 * n, 2 * n);
        point.operands.clone_from(&operands);
        add(&mut builder, &point);
    }
    let local = LocalHome {
        ty: ValType::I32,
        register: None,
        slot: None,
    };
    builder.end_function(&layout(0, vec![local; depth as usize]), 10 * depth);
    let map = builder.finish(10 * depth);
    assert!(
        map.size_bytes() < 24 * depth as usize,
        "{}",
        map.size_bytes()
    );
    let function = map.function(0).unwrap();
    let (_, point) = map.lookup_call_ip(10 * depth as usize - 10, 0).unwrap();
    assert_eq!(function.operands(&point), operands);
}

fn val_type() -> impl Strategy<Value = ValType> {
    prop::sample::select(vec![
        ValType::I32,
        ValType::I64,
        ValType::F32,
        ValType::F64,
        ValType::V128,
        ValType::FuncRef,
        ValType::ExternRef,
    ])
}

fn register(ty: ValType) -> impl Strategy<Value = RegisterIndex> {
    let first = if ty.is_float() { 16 } else { 0 };
    (first..first + 16usize).prop_map(RegisterIndex)
}

fn local_home() -> impl Strategy<Value = LocalHome> {
    val_type().prop_flat_map(|ty| {
        let register = prop::option::weighted(0.2, register(ty));
        let slot = prop::option::weighted(0.9, 2..200u32);
        (register, slot).prop_map(move |(register, slot)| LocalHome { ty, register, slot })
    })
}

fn operand(locals: Vec<ValType>) -> impl Strategy<Value = Operand> {
    let with = |ty, home| Operand { ty, home };
    let any = val_type().prop_flat_map(move |ty| {
        prop_oneof![
            register(ty).prop_map(move |r| with(ty, OperandHome::Register(r))),
            (0..100u32).prop_map(move |s| with(ty, OperandHome::Slot(s))),
            any::<u64>().prop_map(move |bits| with(ty, OperandHome::Const(bits))),
            (0..60u64).prop_map(move |bits| with(ty, OperandHome::Const(bits))),
        ]
    });
    if locals.is_empty() {
        return any.boxed();
    }
    let local = (0..locals.len()).prop_map(move |index| Operand {
        ty: locals[index],
        home: OperandHome::Local(index as u32),
    });
    prop_oneof![3 => any, 1 => local].boxed()
}

fn kind() -> impl Strategy<Value = PointKind> {
    prop_oneof![
        Just(PointKind::Loop),
        Just(PointKind::Call),
        Just(PointKind::Restart),
        prop::sample::select(TrapCode::ALL.to_vec()).prop_map(PointKind::Trappable),
    ]
}

/// Points of a function at 1000: distances, then a stack that changes from point to point.
fn points(locals: Vec<ValType>) -> impl Strategy<Value = Vec<Described>> {
    let change = (0..4usize, prop::collection::vec(operand(locals), 0..4));
    let point = (kind(), 1..200u32, -50..100i32, prop::bool::ANY, change);
    prop::collection::vec(point, 0..150).prop_map(|points| {
        let (mut code, mut wasm, mut stack) = (1000, 60_000i32, Vec::new());
        let points = points.into_iter();
        points
            .map(|(kind, code_delta, wasm_delta, is_moved, (pops, pushes))| {
                code += code_delta;
                wasm += wasm_delta;
                stack.truncate(stack.len().saturating_sub(pops));
                stack.extend(pushes);
                Described {
                    kind,
                    code_offset: code,
                    activate_offset: if is_moved { code - 7 } else { code },
                    wasm_offset: wasm as u32,
                    operands: stack.clone(),
                }
            })
            .collect()
    })
}

/// A function and the order in which its points are told.
fn function() -> impl Strategy<Value = (Vec<LocalHome>, Vec<Described>, bool)> {
    prop::collection::vec(local_home(), 0..100).prop_flat_map(|locals| {
        let types = locals.iter().map(|local| local.ty).collect();
        (Just(locals), points(types), prop::bool::weighted(0.2))
    })
}

proptest! {
    #[test]
    fn the_map_tells_what_the_builder_was_told((locals, points, is_reversed) in function()) {
        let mut builder = ModuleStateMapBuilder::default();
        builder.begin_function(1000);
        let told: Vec<_> = match is_reversed {
            true => points.iter().rev().collect(),
            false => points.iter().collect(),
        };
        told.into_iter().for_each(|point| add(&mut builder, point));
        let end = points.last().map_or(1001, |point| point.code_offset + 1);
        let layout = layout(7, locals);
        builder.end_function(&layout, end);
        let map = builder.finish(end);

        let function = map.function(7).unwrap();
        prop_assert_eq!(function.locals(), layout.locals);
        prop_assert_eq!(function.saved_registers(), layout.saved_registers);
        prop_assert_eq!(function.params(), layout.params);
        prop_assert_eq!(function.frame_slots(), layout.frame_slots);
        prop_assert_eq!(function.shadow_slots(), layout.shadow_slots);
        prop_assert_eq!(&read(&function), &points);
        for point in &points {
            let (_, found) = map.lookup(PointClass::of(point.kind), point.code_offset).unwrap();
            prop_assert_eq!(&function.operands(&found), &point.operands);
            prop_assert_eq!(found.kind, point.kind);
        }
    }
}
