//! Hostile frames are refused with their number and the reason.

use super::claims::Claims;
use super::*;
use proptest::prelude::*;

/// `run` calls `work` directly and by the table; `asks` calls the host, and libcalls.
const WAT: &str = r#"
(module
  (type $host (func (param i32) (result i64 f32)))
  (type $work (func (param i64) (result i64)))
  (import "" "host" (func $host (type $host)))
  (memory 1)
  (table 1 funcref)
  (func $work (type $work) (local f64 funcref)
    (loop (br_if 0 (i64.eqz (local.get 0))))
    (i64.load (i32.const 8)))
  (func $run (param i32) (result i64)
    (i64.add
      (i64.const 77)
      (call $work (i64.const 1)))
    (call_indirect (type $work) (i32.const 0)))
  (func $asks (param i32) (result i64)
    (local.get 0)
    (call $host (i32.const 4))
    drop
    (memory.fill (i32.const 0) (i32.const 1) (i32.const 2))
    (memory.grow (i32.const 1))
    drop
    drop
    drop
    i64.const 0))
"#;

fn claims() -> Claims {
    Claims::of(WAT)
}

impl Claims {
    fn calls(&self, function: u32) -> Vec<usize> {
        self.offsets(function, |kind| kind == PointKind::Call)
    }

    fn reason(&self, image: &ExecutionStateImage) -> Option<(usize, FrameError)> {
        match validate(self, image) {
            Ok(_) => None,
            Err(FramesError::Frame { frame, reason }) => Some((frame, reason)),
            Err(error) => panic!("{error}"),
        }
    }

    /// `run` at its direct or indirect call of `work`, which stands at its loop.
    fn working(&self, call: usize) -> ExecutionStateImage {
        let work = WasmFunctionStateDump {
            instance: 0,
            local_function_id: 1,
            wasm_inst_offset: self.offsets(1, |kind| kind == PointKind::Loop)[0],
            stack: Vec::new(),
            locals: vec![
                Some(Val::I64(5)),
                Some(Val::F64(6)),
                Some(Val::FuncRef(Some(FuncAddr(2)))),
            ],
        };
        let run = WasmFunctionStateDump {
            instance: 0,
            local_function_id: 2,
            wasm_inst_offset: self.calls(2)[call],
            stack: match call {
                0 => vec![Some(Val::I64(77))],
                _ => vec![],
            },
            locals: vec![Some(Val::I32(1))],
        };
        ExecutionStateImage {
            frames: vec![work, run],
            host_call: None,
        }
    }

    /// `asks` at its call of the host, which has returned.
    fn asking(&self) -> ExecutionStateImage {
        let asks = WasmFunctionStateDump {
            instance: 1,
            local_function_id: 3,
            wasm_inst_offset: self.calls(3)[0],
            stack: vec![Some(Val::I32(3))],
            locals: vec![Some(Val::I32(3))],
        };
        ExecutionStateImage {
            frames: vec![asks],
            host_call: Some(HostCall::Returned(vec![Val::I64(1), Val::F32(2)])),
        }
    }
}

/// A valid image with a change.
fn with(
    image: &ExecutionStateImage,
    change: impl FnOnce(&mut ExecutionStateImage),
) -> ExecutionStateImage {
    let mut image = image.clone();
    change(&mut image);
    image
}

#[test]
fn true_frames_are_accepted() {
    let claims = claims();
    for call in 0..2 {
        let image = claims.working(call);
        assert_eq!(claims.reason(&image), None);
        let validated = validate(&claims, &image).unwrap();
        assert_eq!(validated.entry_function(), Some((0, 2)));
    }
    assert_eq!(claims.reason(&claims.asking()), None);
    // A restartable instruction.
    let restart = claims.offsets(3, |kind| kind == PointKind::Restart)[0];
    let image = with(&claims.asking(), |image| {
        image.frames[0].wasm_inst_offset = restart;
        image.frames[0].stack = [3, 0, 1, 2].map(|n| Some(Val::I32(n))).to_vec();
        image.frames[0].stack.insert(1, Some(Val::I64(9)));
        image.host_call = None;
    });
    assert_eq!(claims.reason(&image), None);
    // A function header.
    let image = with(&claims.working(0), |image| {
        image.frames[0].wasm_inst_offset = usize::MAX;
        image.frames[0].locals[1] = Some(Val::F64(0));
        image.frames[0].locals[2] = None;
    });
    assert_eq!(claims.reason(&image), None);
}

#[test]
fn the_number_of_frames_is_bounded() {
    let claims = claims();
    let error = validate(&claims, &ExecutionStateImage::default()).unwrap_err();
    assert_eq!(error, FramesError::NoFrames);
    let frame = claims.working(0).frames[0].clone();
    let image = ExecutionStateImage {
        frames: vec![frame; crate::limits::MAX_IMAGE_FRAMES + 1],
        host_call: None,
    };
    assert!(matches!(
        validate(&claims, &image),
        Err(FramesError::TooManyFrames(_))
    ));
}

#[test]
fn frames_of_nothing_are_refused() {
    let claims = claims();
    let image = claims.working(0);
    let expect = |number: usize, change: &dyn Fn(&mut WasmFunctionStateDump), reason| {
        let image = with(&image, |image| change(&mut image.frames[number]));
        assert_eq!(claims.reason(&image), Some((number, reason)));
    };
    expect(1, &|f| f.instance = 2, FrameError::UnknownInstance(2));
    for id in [0, 4, u32::MAX] {
        let reason = FrameError::UndefinedFunction(id);
        expect(0, &|f| f.local_function_id = id, reason);
    }
    let loop_offset = image.frames[0].wasm_inst_offset;
    let trap = claims.offsets(1, PointKind::is_trappable)[0];
    for offset in [0, loop_offset + 1, trap, usize::MAX - 1] {
        let reason = FrameError::NotSuspendPoint(offset);
        expect(0, &|f| f.wasm_inst_offset = offset, reason);
    }
}

#[test]
fn values_must_be_what_the_code_takes_them_for() {
    let claims = claims();
    let image = claims.working(0);
    let expect = |number: usize, change: &dyn Fn(&mut WasmFunctionStateDump), reason| {
        let image = with(&image, |image| change(&mut image.frames[number]));
        assert_eq!(claims.reason(&image), Some((number, reason)));
    };
    let count = FrameError::LocalCount {
        expected: 3,
        found: 2,
    };
    expect(0, &|f| f.locals.truncate(2), count);
    let count = FrameError::OperandCount {
        expected: 1,
        found: 2,
    };
    expect(1, &|f| f.stack.push(None), count);
    let ty = FrameError::LocalType {
        index: 1,
        expected: ValType::F64,
        found: ValType::I64,
    };
    expect(0, &|f| f.locals[1] = Some(Val::I64(6)), ty);
    let ty = FrameError::OperandType {
        index: 0,
        expected: ValType::I64,
        found: ValType::FuncRef,
    };
    expect(1, &|f| f.stack[0] = Some(Val::FuncRef(None)), ty);
    expect(0, &|f| f.locals[0] = None, FrameError::MissingLocal(0));
    let unknown = FuncAddr(7);
    let reason = FrameError::UnknownFunction(unknown);
    let value = Some(Val::FuncRef(Some(unknown)));
    expect(0, &|f| f.locals[2] = value, reason);
    let header = |f: &mut WasmFunctionStateDump| f.wasm_inst_offset = usize::MAX;
    expect(0, &header, FrameError::LocalNotZero(1));
}

#[test]
fn operands_must_be_the_constants_and_locals_that_the_code_knows() {
    let claims = claims();
    let changed = with(&claims.working(0), |image| {
        image.frames[1].stack[0] = Some(Val::I64(78));
    });
    let operands = |function: u32, offset: usize| {
        let function = claims.compiled.state_map.function(function).unwrap();
        let point = function.point_at_wasm_offset(offset, |k| k == PointKind::Call);
        function.operands(&point.unwrap())
    };
    // Whether the compiler knows the constant is its own choice.
    let home = operands(2, changed.frames[1].wasm_inst_offset)[0].home;
    let is_known = home == OperandHome::Const(77);
    let mismatch = Some((1, FrameError::OperandMismatch(0)));
    assert_eq!(claims.reason(&changed), mismatch.filter(|_| is_known));

    let changed = with(&claims.asking(), |image| {
        image.frames[0].stack[0] = Some(Val::I32(4));
    });
    let home = operands(3, changed.frames[0].wasm_inst_offset)[0].home;
    let is_known = home == OperandHome::Local(0);
    let mismatch = Some((0, FrameError::OperandMismatch(0)));
    assert_eq!(claims.reason(&changed), mismatch.filter(|_| is_known));
}

#[test]
fn calls_must_reach_the_frame_above() {
    let claims = claims();
    let direct = claims.working(0);
    let offset = direct.frames[1].wasm_inst_offset;
    let reason = FrameError::CannotCall { offset };
    // Another instance's function of the same code.
    let image = with(&direct, |image| image.frames[0].instance = 1);
    assert_eq!(claims.reason(&image), Some((1, reason.clone())));
    // By the table it can be reached.
    let image = with(&claims.working(1), |image| image.frames[0].instance = 1);
    assert_eq!(claims.reason(&image), None);

    // `run` above itself: not what it calls, and not of the table call's type.
    for call in 0..2 {
        let image = claims.working(call);
        let mut inner = image.frames[1].clone();
        inner.wasm_inst_offset = usize::MAX;
        inner.stack.clear();
        let image = with(&image, |image| image.frames[0] = inner);
        let offset = image.frames[1].wasm_inst_offset;
        let reason = FrameError::CannotCall { offset };
        assert_eq!(claims.reason(&image), Some((1, reason)));
    }
    // A caller that stands at a loop.
    let image = with(&direct, |image| {
        let work = image.frames[0].clone();
        image.frames.insert(0, work);
    });
    let (number, reason) = claims.reason(&image).unwrap();
    assert_eq!(number, 1);
    assert!(matches!(reason, FrameError::WrongCall(_)));
}

#[test]
fn the_innermost_call_must_be_to_the_host_and_have_its_results() {
    let claims = claims();
    let asking = claims.asking();
    for results in [vec![], vec![Val::I64(1)], vec![Val::F32(2), Val::I64(1)]] {
        let image = with(&asking, |image| {
            image.host_call = Some(HostCall::Returned(results));
        });
        assert_eq!(
            claims.reason(&image),
            Some((0, FrameError::HostCallResults))
        );
    }
    let image = with(&claims.working(0), |image| {
        image.host_call = Some(HostCall::Returned(vec![Val::I64(1)]));
    });
    assert_eq!(claims.reason(&image), Some((0, FrameError::HostCall)));
    let image = with(&asking, |image| image.host_call = None);
    assert_eq!(claims.reason(&image), Some((0, FrameError::HostCall)));

    // `run` at its direct call of a wasm function that is not there.
    let image = with(&claims.working(0), |image| {
        image.frames.remove(0);
        image.host_call = Some(HostCall::Returned(vec![Val::I64(1)]));
    });
    let offset = image.frames[0].wasm_inst_offset;
    assert_eq!(
        claims.reason(&image),
        Some((0, FrameError::WrongCall(offset)))
    );

    // A libcall has no results to wait for.
    let grow = *claims.calls(3).last().unwrap();
    let image = with(&asking, |image| {
        image.frames[0].wasm_inst_offset = grow;
        image.frames[0].stack.push(Some(Val::I64(9)));
        image.host_call = Some(HostCall::Returned(vec![Val::I32(1)]));
    });
    assert_eq!(
        claims.reason(&image),
        Some((0, FrameError::WrongCall(grow)))
    );
}

/// The call of the host by `asks`, pending.
fn pending() -> PendingHostCall {
    PendingHostCall {
        function: FuncAddr(0),
        instance: 1,
        arguments: vec![Val::I32(4)],
    }
}

#[test]
fn a_pending_call_must_be_one_that_the_frame_can_make() {
    let claims = claims();
    let reason = |change: &dyn Fn(&mut PendingHostCall)| {
        let mut call = pending();
        change(&mut call);
        let image = with(&claims.asking(), |image| {
            image.host_call = Some(HostCall::Pending(call));
        });
        claims.reason(&image).map(|(frame, reason)| {
            assert_eq!(frame, 0);
            reason
        })
    };
    assert_eq!(reason(&|_| {}), None);
    for addr in [FuncAddr(1), FuncAddr(99)] {
        let found = reason(&|call| call.function = addr);
        assert_eq!(found, Some(FrameError::PendingFunction(addr)));
    }
    for instance in [0, 2] {
        let found = reason(&|call| call.instance = instance);
        assert_eq!(found, Some(FrameError::PendingInstance(instance)));
    }
    for arguments in [vec![], vec![Val::I64(4)], vec![Val::I32(4); 2]] {
        let found = reason(&|call| call.arguments.clone_from(&arguments));
        assert_eq!(found, Some(FrameError::PendingArguments));
    }
    // `run` at its indirect call of functions of another type, and `work` at no call.
    let image = with(&claims.working(1), |image| {
        image.frames.remove(0);
        image.host_call = Some(HostCall::Pending(pending()));
    });
    let reason = FrameError::PendingFunction(FuncAddr(0));
    assert_eq!(claims.reason(&image), Some((0, reason)));
    let image = with(&claims.working(1), |image| {
        image.host_call = Some(HostCall::Pending(pending()));
    });
    assert_eq!(claims.reason(&image), Some((0, FrameError::HostCall)));
}

#[test]
fn without_frames_and_tail_calls_nothing_can_be_pending() {
    let claims = claims();
    for host_call in [
        None,
        Some(HostCall::Returned(vec![])),
        Some(HostCall::Pending(pending())),
    ] {
        let image = ExecutionStateImage {
            frames: vec![],
            host_call,
        };
        assert_eq!(
            validate(&claims, &image).unwrap_err(),
            FramesError::NoFrames
        );
    }
}

fn any_value() -> impl Strategy<Value = Option<Val>> {
    prop_oneof![
        Just(None),
        any::<i32>().prop_map(|v| Some(Val::I32(v))),
        any::<i64>().prop_map(|v| Some(Val::I64(v))),
        Just(Some(Val::I64(77))),
        any::<u64>().prop_map(|v| Some(Val::F64(v))),
        (0..9u32).prop_map(|v| Some(Val::FuncRef(Some(FuncAddr(v))))),
    ]
}

proptest! {
    #[test]
    fn random_claims_never_panic(
        frames in prop::collection::vec(
            (0..3u32, 0..5u32, 0..300usize,
                prop::collection::vec(any_value(), 0..4),
                prop::collection::vec(any_value(), 0..4)),
            0..4,
        ),
        pending in prop::option::of(
            (0..9u32, 0..3u32, prop::collection::vec(any_value(), 0..3)),
        ),
    ) {
        let claims = claims();
        let frames = frames.into_iter().map(|(instance, function, offset, stack, locals)| {
            WasmFunctionStateDump {
                instance,
                local_function_id: function,
                wasm_inst_offset: if offset == 0 { usize::MAX } else { offset },
                stack,
                locals,
            }
        });
        let image = ExecutionStateImage {
            frames: frames.collect(),
            host_call: pending.map(|(function, instance, arguments)| {
                HostCall::Pending(PendingHostCall {
                    function: FuncAddr(function),
                    instance,
                    arguments: arguments.into_iter().flatten().collect(),
                })
            }),
        };
        let _ = validate(&claims, &image);
    }
}
