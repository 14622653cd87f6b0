//! What is rebuilt reads back as it was.

use super::super::site::Site;
use super::*;
use crate::abi::registers::ArgumentRegisterAllocator;
use crate::abi::vmctx::TrapFrame;
use alloc::rc::Rc;
use proptest::prelude::*;

/// Takes the frames for valid, whatever they are. Their calls have as many words of stack
/// arguments as `call_words` says, whatever their callees have.
fn trust<'a>(
    store: &FakeStore,
    image: &'a ExecutionStateImage,
    call_words: &mut dyn FnMut() -> u32,
) -> ValidatedState<'a> {
    let map = store.code_at(CODE_BASE).unwrap().map;
    let sites = image.frames.iter().map(|frame| {
        let function = map.function(frame.local_function_id).unwrap();
        let point = function.point_at_wasm_offset(frame.wasm_inst_offset, |_| true);
        let mut site = Site::new(CODE_BASE, &function, &point.unwrap());
        if site.kind == PointKind::Call {
            site.call_words = call_words();
        }
        Rc::new(site)
    });
    ValidatedState {
        image,
        sites: sites.collect(),
    }
}

fn rebuilt(
    store: &FakeStore,
    image: &ExecutionStateImage,
    words: &mut [u64],
) -> Result<TrapFrame, RebuildError> {
    rebuilt_of(store, &trust(store, image, &mut || 0), words)
}

fn rebuilt_of(
    store: &FakeStore,
    state: &ValidatedState<'_>,
    words: &mut [u64],
) -> Result<TrapFrame, RebuildError> {
    let entry = entry_at(STACK_BASE + 8 * words.len() as u64);
    let mut stack = StackViewMut::new(STACK_BASE, words);
    rebuild(store, &mut stack, STACK_BASE, &entry, state)
}

#[test]
fn deep_stacks_read_back_as_they_were_written() {
    let store = store_of(simple_map());
    for (innermost, exit) in [
        (20, Exit::Call),
        (usize::MAX, Exit::Call),
        (40, Exit::Fault),
    ] {
        let image = simple_image(10_000, innermost);
        let mut words = vec![0; 400_000];
        let frame = rebuilt(&store, &image, &mut words).unwrap();
        let stack = StackView::new(STACK_BASE, &words);
        let dump = read_stack(&store, &stack, &frame, exit, 20_000).unwrap();
        assert!(dump.image == image);
        assert_eq!(dump.entry_rbp, Some(STACK_BASE + 8 * 400_000 - 16));
    }
}

#[test]
fn a_bounded_walk_says_that_there_is_more() {
    let store = store_of(simple_map());
    let image = simple_image(10, 20);
    let mut words = vec![0; 1000];
    let frame = rebuilt(&store, &image, &mut words).unwrap();
    let stack = StackView::new(STACK_BASE, &words);
    let dump = read_stack(&store, &stack, &frame, Exit::Call, 4).unwrap();
    assert_eq!(dump.image.frames, image.frames[..4]);
    assert_eq!(dump.entry_rbp, None);
    let whole = read_stack(&store, &stack, &frame, Exit::Call, 10).unwrap();
    assert!(whole.entry_rbp.is_some());
}

#[test]
fn a_host_call_is_read_through_its_thunk() {
    let store = store_of(simple_map());
    let image = simple_image(3, 30);
    let mut words = vec![0; 1000];
    let mut frame = rebuilt(&store, &image, &mut words).unwrap();
    // The thunk's frame: return address, RBP.
    let rsp = frame.gpr[GPR::RSP as usize];
    let mut stack = StackViewMut::new(STACK_BASE, &mut words);
    *stack.word_mut(rsp - 8).unwrap() = frame.rip;
    *stack.word_mut(rsp - 16).unwrap() = frame.gpr[GPR::RBP as usize];
    frame.gpr[GPR::RBP as usize] = rsp - 16;
    frame.gpr[GPR::R14 as usize] = 0xbad;
    frame.rip = 0xbad;
    let stack = StackView::new(STACK_BASE, &words);
    let dump = read_stack(&store, &stack, &frame, Exit::HostCall, 10).unwrap();
    assert_eq!(dump.image, image);
}

#[test]
fn too_small_a_stack_is_refused_before_it_is_written() {
    let store = store_of(simple_map());
    let image = simple_image(10, 20);
    // Entry: 4 words and the outgoing ones; frames: 2 words, 4, and the outgoing ones.
    let needed = (4 + OUTGOING + 10 * (2 + 4 + OUTGOING)) as usize;
    assert!(rebuilt(&store, &image, &mut vec![0; needed]).is_ok());
    let mut words = vec![7; needed - 1];
    let error = rebuilt(&store, &image, &mut words).unwrap_err();
    assert_eq!(
        error,
        RebuildError::StackTooSmall {
            needed: 8 * needed as u64,
            available: 8 * needed as u64 - 8,
        }
    );
    assert!(words.iter().all(|&word| word == 7));
}

#[test]
fn unknown_addresses_and_wild_frames_are_errors() {
    let store = store_of(simple_map());
    let image = simple_image(3, 20);
    let mut words = vec![0; 1000];
    let frame = rebuilt(&store, &image, &mut words).unwrap();
    let read = |frame: &TrapFrame, words: &[u64], exit| {
        let stack = StackView::new(STACK_BASE, words);
        read_stack(&store, &stack, frame, exit, 10)
    };
    for rip in [0, CODE_BASE - 1, frame.rip + 1, CODE_BASE + 100, u64::MAX] {
        let error = read(&TrapFrame { rip, ..frame }, &words, Exit::Call).unwrap_err();
        let expected = ReadError::UnknownAddress {
            frame: 0,
            address: rip,
        };
        assert_eq!(error, expected);
    }
    assert!(read(&frame, &words, Exit::Fault).is_err());

    // A caller's return address that is a loop's.
    let rbp = frame.gpr[GPR::RBP as usize];
    let index = |address: u64| ((address - STACK_BASE) / 8) as usize;
    let mut wild = words.clone();
    wild[index(rbp + 8)] = CODE_BASE + 20;
    let error = read(&frame, &wild, Exit::Call).unwrap_err();
    assert!(matches!(error, ReadError::UnknownAddress { frame: 1, .. }));

    // A chain that goes in circles, and one that leaves the stack.
    for base in [rbp, 0, u64::MAX] {
        let mut wild = words.clone();
        wild[index(rbp)] = base;
        assert!(matches!(
            read(&frame, &wild, Exit::Call),
            Err(ReadError::OutsideStack { frame: 1, .. })
        ));
    }
    let mut wild = words.clone();
    wild[index(rbp - 8)] = 0;
    assert!(matches!(
        read(&frame, &wild, Exit::Call),
        Err(ReadError::UnknownInstance { frame: 0, .. })
    ));
    let no_registers = KnownRegisters([None; 32]);
    let stack = StackView::new(STACK_BASE, &words);
    let rip = frame.rip;
    let error = read_stack_from(&store, &stack, no_registers, rip, rbp, Exit::Call, 10);
    let expected = ReadError::UnknownRegister {
        frame: 0,
        register: register(GPR::RBX),
    };
    assert_eq!(error, Err(expected));
}

#[test]
fn results_of_a_host_call_lie_where_the_call_leaves_them() {
    let store = store_of(simple_map());
    let mut image = simple_image(2, 30);
    image.host_call = Some(HostCall::Returned(vec![
        Val::I32(-1),
        Val::V128(5 << 64 | 6),
        Val::FuncRef(Some(FuncAddr(3))),
        Val::F64(77),
    ]));
    let mut words = vec![0; 200];
    // The call has 7 words of stack arguments, which the callee pops.
    let frame = rebuilt_of(&store, &trust(&store, &image, &mut || 7), &mut words).unwrap();
    let rsp = frame.gpr[GPR::RSP as usize];
    let frame_slots = u64::from(4 + OUTGOING);
    assert_eq!(rsp, frame.gpr[GPR::RBP as usize] - 8 * frame_slots + 8 * 7);
    let stack = StackView::new(STACK_BASE, &words);
    let outgoing: Vec<_> = (0..4).map(|k| stack.word(rsp + 8 * k).unwrap()).collect();
    assert_eq!(outgoing, [0xffff_ffff, 6, 5, 0x9000 + 96]);
    assert_eq!(frame.xmm[0], 77);

    image.host_call = Some(HostCall::Returned(vec![Val::ExternRef(Some(ExternRef(9)))]));
    let frame = rebuilt(&store, &image, &mut words).unwrap();
    assert_eq!(frame.gpr[GPR::RAX as usize], 1 << 32 | 9);
}

/// A baseline caller of an optimised callee, with the boundary trampoline between.
#[test]
fn registers_are_recovered_across_the_tier_boundary() {
    let mut store = store_of(simple_map());
    let optimised = version(simple_map(), CODE_BASE + 0x1000, false);
    store.versions.insert(optimised);
    let image = simple_image(2, 20);
    let mut words = vec![0; 300];
    let mut frame = rebuilt(&store, &image, &mut words).unwrap();
    frame.rip += 0x1000;
    let rbp = frame.gpr[GPR::RBP as usize];
    {
        let stack = StackView::new(STACK_BASE, &words);
        let error = read_stack(&store, &stack, &frame, Exit::Call, 10).unwrap_err();
        assert_eq!(error, ReadError::MissingBoundary { frame: 0 });
    }
    // The trampoline's frame lies elsewhere, above; its pushes are what counts.
    let mut stack = StackViewMut::new(STACK_BASE, &mut words);
    let caller_rbp = stack.word(rbp).unwrap();
    let return_address = stack.word(rbp + 8).unwrap();
    let trampoline = rbp + 16 + 48;
    *stack.word_mut(rbp).unwrap() = trampoline;
    *stack.word_mut(rbp + 8).unwrap() = BOUNDARY_RETURN;
    *stack.word_mut(trampoline).unwrap() = caller_rbp;
    *stack.word_mut(trampoline + 8).unwrap() = return_address;
    *stack.word_mut(trampoline - 8).unwrap() = 4242;
    let stack = StackView::new(STACK_BASE, &words);
    let dump = read_stack(&store, &stack, &frame, Exit::Call, 10).unwrap();
    let locals: Vec<_> = dump.image.frames.iter().map(|f| f.locals[0]).collect();
    assert_eq!(locals, [Some(Val::I32(0)), Some(Val::I32(4242))]);
}

// ---- random layouts ---------------------------------------------------------

const TYPES: [ValType; 7] = [
    ValType::I32,
    ValType::I64,
    ValType::F32,
    ValType::F64,
    ValType::V128,
    ValType::FuncRef,
    ValType::ExternRef,
];

/// A generator whose whole state is a seed (Steele and others, SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn ty(&mut self) -> ValType {
        TYPES[self.below(TYPES.len())]
    }

    fn value(&mut self, ty: ValType) -> Val {
        let bits = self.next();
        match ty {
            ValType::I32 => Val::I32(bits as i32),
            ValType::I64 => Val::I64(bits as i64),
            ValType::F32 => Val::F32(bits as u32),
            ValType::F64 => Val::F64(bits),
            ValType::V128 => Val::V128(u128::from(bits) << 64 | u128::from(self.next())),
            ValType::FuncRef => {
                Val::FuncRef(bits.is_multiple_of(2).then_some(FuncAddr(bits as u32 % 99)))
            }
            ValType::ExternRef => {
                Val::ExternRef(bits.is_multiple_of(2).then_some(ExternRef(bits as u32)))
            }
        }
    }
}

/// A function and its points, as the builder was told.
struct RandomFunction {
    layout: FunctionLayout,
    points: Vec<(PointKind, u32, Vec<Operand>)>,
}

fn random_function(random: &mut Random, id: u32) -> RandomFunction {
    let mut gprs = vec![GPR::RSI, GPR::R8, GPR::RBX, GPR::R12, GPR::R13];
    let mut xmms: Vec<usize> = (8..16).collect();
    let params = random.below(12);
    let types: Vec<_> = (0..params + random.below(6)).map(|_| random.ty()).collect();
    let mut saved = Vec::new();
    let registers: Vec<_> = types
        .iter()
        .map(|ty| {
            if random.below(2) == 0 {
                return None;
            }
            if ty.is_float() {
                return xmms.pop().map(|xmm| RegisterIndex(16 + xmm));
            }
            let gpr = register(gprs.pop()?);
            if gpr != register(GPR::RSI) && gpr != register(GPR::R8) {
                saved.push((gpr, saved.len() as u32 + 1));
            }
            Some(gpr)
        })
        .collect();
    let mut slots = saved.len() as u32 + 1;
    let mut slot_of = |ty| {
        slots += if ty == ValType::V128 { 2 } else { 1 };
        slots - 1
    };
    let home = |(&ty, register): (&ValType, Option<RegisterIndex>)| {
        let is_saved = register.is_some_and(|r| saved.iter().any(|&(s, _)| s == r));
        LocalHome {
            ty,
            register,
            slot: (!is_saved).then(|| slot_of(ty)),
        }
    };
    let locals: Vec<_> = types.iter().zip(registers).map(home).collect();
    let kinds = [
        PointKind::FunctionHeader,
        PointKind::Loop,
        PointKind::Call,
        PointKind::Restart,
        PointKind::Trappable(TrapCode::MemoryOutOfBounds),
    ];
    let mut frame_slots = slots;
    let points = (1..).zip(kinds).map(|(number, kind)| {
        let (operands, used) = random_operands(random, kind, &locals, slots);
        frame_slots = frame_slots.max(used);
        (kind, number, operands)
    });
    let points = points.collect();
    RandomFunction {
        points,
        layout: FunctionLayout {
            local_function_id: id,
            params: params as u32,
            locals,
            saved_registers: saved,
            frame_slots: frame_slots + OUTGOING,
            shadow_slots: OUTGOING,
        },
    }
}

fn random_operands(
    random: &mut Random,
    kind: PointKind,
    locals: &[LocalHome],
    first_slot: u32,
) -> (Vec<Operand>, u32) {
    let mut slot = first_slot;
    let mut gprs = vec![GPR::RAX, GPR::RDX, GPR::R9];
    let mut xmms = vec![0, 3, 7];
    let mut operands = Vec::new();
    if kind == PointKind::FunctionHeader {
        return (operands, slot);
    }
    for _ in 0..random.below(8) {
        let mut ty = random.ty();
        let in_register = if kind.is_call() {
            None
        } else if ty.is_float() {
            xmms.pop().map(|xmm| RegisterIndex(16 + xmm))
        } else {
            gprs.pop().map(register)
        };
        let home = match (random.below(4), in_register) {
            (0, Some(register)) => OperandHome::Register(register),
            (1, _) if ty != ValType::FuncRef => OperandHome::Const(match random.value(ty) {
                Val::I32(bits) => u64::from(bits as u32),
                Val::F32(bits) => u64::from(bits),
                Val::ExternRef(_) => 0,
                _ => random.next(),
            }),
            (2, _) if !locals.is_empty() => {
                let local = random.below(locals.len());
                ty = locals[local].ty;
                OperandHome::Local(local as u32)
            }
            _ => {
                slot += if ty == ValType::V128 { 2 } else { 1 };
                OperandHome::Slot(slot - 1)
            }
        };
        operands.push(Operand { ty, home });
    }
    (operands, slot)
}

fn random_map(functions: &[RandomFunction]) -> ModuleStateMap {
    let mut builder = ModuleStateMapBuilder::default();
    let mut start = 0;
    for function in functions {
        builder.begin_function(start);
        for (kind, number, operands) in &function.points {
            builder.point(&SuspendPoint {
                kind: *kind,
                code_offset: start + 10 * number,
                activate_offset: start + 10 * number,
                wasm_offset: 100 * number,
                operands,
            });
        }
        start += 100;
        builder.end_function(&function.layout, start);
    }
    builder.finish(start)
}

fn random_frame(
    random: &mut Random,
    function: &RandomFunction,
    point: usize,
) -> WasmFunctionStateDump {
    let (kind, number, operands) = &function.points[point];
    let is_header = *kind == PointKind::FunctionHeader;
    let params = function.layout.params as usize;
    let locals: Vec<_> = (0..)
        .zip(&function.layout.locals)
        .map(|(index, local)| match is_header && index >= params {
            true => Val::default_for_ty(local.ty),
            false => random.value(local.ty),
        })
        .collect();
    let mut value_of = |operand: &Operand| match operand.home {
        OperandHome::Const(bits) => {
            Val::from_raw(operand.ty, u128::from(bits), &store_of(simple_map()))
        }
        OperandHome::Local(local) => locals[local as usize],
        _ => random.value(operand.ty),
    };
    let stack: Vec<_> = operands.iter().map(|o| Some(value_of(o))).collect();
    WasmFunctionStateDump {
        instance: random.below(2) as u32,
        local_function_id: function.layout.local_function_id,
        wasm_inst_offset: match is_header {
            true => usize::MAX,
            false => 100 * *number as usize,
        },
        stack,
        locals: locals.iter().copied().map(Some).collect(),
    }
}

proptest! {
    #[test]
    fn random_frames_read_back_as_they_were_written(seed in any::<u64>()) {
        let random = &mut Random(seed);
        let functions: Vec<_> = (0..4).map(|id| random_function(random, id)).collect();
        let store = store_of(random_map(&functions));
        let innermost = random.below(5);
        let mut frames = Vec::new();
        for number in 0..=random.below(12) {
            let function = &functions[random.below(4)];
            let point = if number == 0 { innermost } else { 2 };
            frames.push(random_frame(random, function, point));
        }
        let image = ExecutionStateImage { frames, host_call: None };
        for function in &functions {
            let mut arguments = ArgumentRegisterAllocator::default();
            let params = function.layout.locals.iter().take(function.layout.params as usize);
            params.for_each(|local| { arguments.next(local.ty); });
            prop_assert!(arguments.stack_words() <= OUTGOING as usize);
        }
        // Rubbish below, to find what is not written.
        let mut words = vec![0xdead_dead_dead_dead; 2000];
        // Callees that were tail-called have more or fewer stack arguments than the call.
        let state = trust(&store, &image, &mut || random.below(OUTGOING as usize) as u32);
        let frame = rebuilt_of(&store, &state, &mut words).unwrap();
        let exit = if innermost == 4 { Exit::Fault } else { Exit::Call };
        let stack = StackView::new(STACK_BASE, &words);
        let dump = read_stack(&store, &stack, &frame, exit, 100).unwrap();
        prop_assert_eq!(dump.image, image);
    }
}
