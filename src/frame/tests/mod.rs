//! Made-up code versions and stores, for stacks that no machine code has run on.

mod claims;
mod round_trip;
mod tail_calls;
mod validation;
mod values;

use super::*;
use crate::abi::registers::{GPR, RegisterIndex};
use crate::abi::value::FuncRefs;
use crate::abi::{ExternRef, FuncAddr, TrapCode, Val, ValType};
use crate::state::*;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

const STACK_BASE: u64 = 0x7fff_0000;
const EXIT: u64 = 0x1111;
const THUNK_RETURN: u64 = 0x2222;
const BOUNDARY_RETURN: u64 = 0x3333;
const CODE_BASE: u64 = 0x40_0000;
/// Outgoing words of every function and of the entry thunk.
const OUTGOING: u32 = 24;

/// A store of two instances of one module.
struct FakeStore {
    versions: CodeVersions,
}

fn vmctx_of(instance: u32) -> u64 {
    0xc000 + 0x100 * u64::from(instance)
}

impl FuncRefs for FakeStore {
    fn func_addr(&self, raw: u64) -> FuncAddr {
        FuncAddr(((raw - 0x9000) / 32) as u32)
    }

    fn raw_func(&self, addr: FuncAddr) -> Option<u64> {
        (addr.0 < 100).then_some(0x9000 + 32 * u64::from(addr.0))
    }
}

impl WalkContext for FakeStore {
    fn code_at(&self, address: u64) -> Option<CodeRef<'_>> {
        self.versions.code_at(address)
    }

    fn instance_of(&self, vmctx: u64) -> Option<u32> {
        (0..2).find(|&instance| vmctx_of(instance) == vmctx)
    }

    fn is_entry(&self, return_address: u64) -> bool {
        return_address == THUNK_RETURN
    }

    fn is_tier_boundary(&self, return_address: u64) -> bool {
        return_address == BOUNDARY_RETURN
    }
}

impl RebuildContext for FakeStore {
    fn vmctx(&self, instance: u32) -> Option<u64> {
        (instance < 2).then(|| vmctx_of(instance))
    }

    fn deref(&self, vmctx: u64, path: &[u32]) -> u64 {
        path.iter().fold(vmctx, |p, &o| 10 * (p + u64::from(o)))
    }
}

fn version(map: ModuleStateMap, base: u64, baseline: bool) -> CodeVersion {
    CodeVersion {
        baseline,
        msm: Arc::new(map),
        base: base as usize,
        backend: "test",
        features: crate::abi::CpuFeatures::BASELINE,
    }
}

fn store_of(map: ModuleStateMap) -> FakeStore {
    let mut versions = CodeVersions::new();
    versions.insert(version(map, CODE_BASE, true));
    FakeStore { versions }
}

fn entry_at(rsp: u64) -> EntryFrame {
    EntryFrame {
        rsp,
        exit_address: EXIT,
        thunk_return_address: THUNK_RETURN,
        array: 0xa000,
        outgoing_words: OUTGOING,
        argument_words: 0,
    }
}

fn register(register: GPR) -> RegisterIndex {
    RegisterIndex(register as usize)
}

/// Function `id` at `start`, 100 bytes long: one i32 local in RBX, saved in slot 1;
/// points: header (+10), loop (+20), call (+30), trap (+40) with one i64 operand in slot 2.
fn add_simple_function(builder: &mut ModuleStateMapBuilder, id: u32, start: u32) {
    builder.begin_function(start);
    let operands = [Operand {
        ty: ValType::I64,
        home: OperandHome::Slot(2),
    }];
    let kinds = [
        PointKind::FunctionHeader,
        PointKind::Loop,
        PointKind::Call,
        PointKind::Trappable(TrapCode::Unreachable),
    ];
    for (number, kind) in (1..).zip(kinds) {
        let is_header = kind == PointKind::FunctionHeader;
        builder.point(&SuspendPoint {
            kind,
            code_offset: start + 10 * number,
            activate_offset: start + 10 * number,
            wasm_offset: 10 * number,
            operands: if is_header { &[] } else { &operands },
        });
    }
    let local = LocalHome {
        ty: ValType::I32,
        register: Some(register(GPR::RBX)),
        slot: None,
    };
    let layout = FunctionLayout {
        local_function_id: id,
        params: 1,
        locals: vec![local],
        saved_registers: vec![(register(GPR::RBX), 1)],
        frame_slots: 4 + OUTGOING,
        shadow_slots: OUTGOING,
    };
    builder.end_function(&layout, start + 100);
}

fn simple_map() -> ModuleStateMap {
    let mut builder = ModuleStateMapBuilder::default();
    add_simple_function(&mut builder, 0, 0);
    builder.finish(100)
}

/// A frame of the simple function. Every value tells its frame's number.
fn simple_frame(number: i32, wasm_inst_offset: usize) -> WasmFunctionStateDump {
    let is_header = wasm_inst_offset == usize::MAX;
    WasmFunctionStateDump {
        instance: number as u32 % 2,
        local_function_id: 0,
        wasm_inst_offset,
        stack: match is_header {
            true => Vec::new(),
            false => vec![Some(Val::I64(i64::from(number) << 33))],
        },
        locals: vec![Some(Val::I32(number))],
    }
}

fn simple_image(depth: i32, innermost: usize) -> ExecutionStateImage {
    let outer = (1..depth).map(|number| simple_frame(number, 30));
    ExecutionStateImage {
        frames: core::iter::once(simple_frame(0, innermost))
            .chain(outer)
            .collect(),
        host_call: None,
    }
}
