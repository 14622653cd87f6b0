//! A frame may have another function above it than the one it called: one that was
//! tail-called, if the caller can cope with its return.

use super::claims::Claims;
use super::*;

const WAT: &str = r#"
(module
  (import "" "host" (func $host (result i64)))
  (table 1 funcref)
  (func $leaf (param i64) (result i64)
    (loop (br_if 0 (i64.eqz (local.get 0))))
    (local.get 0))
  (func $other (result i32)
    (loop (br_if 0 (i32.const 1)))
    (i32.const 0))
  (func $within (result i64) (return_call $leaf (i64.const 1)))
  (func $beyond (result i64) (return_call $host))
  (func $run (result i64)
    (drop (call $leaf (i64.const 1)))
    (drop (call $within))
    (drop (call $beyond))
    (call_indirect (result i64) (i32.const 0))))
"#;

const LEAF: u32 = 1;
const OTHER: u32 = 2;
const WITHIN: u32 = 3;
const BEYOND: u32 = 4;
const RUN: u32 = 5;

fn claims() -> Claims {
    Claims::of(WAT)
}

impl Claims {
    /// The offset of the `number`th point of a kind in a function.
    fn offset(&self, function: u32, kind: PointKind, number: usize) -> usize {
        self.offsets(function, |k| k == kind)[number]
    }

    /// `run` of instance 0 at one of its calls.
    fn run(&self, call: usize) -> WasmFunctionStateDump {
        WasmFunctionStateDump {
            instance: 0,
            local_function_id: RUN,
            wasm_inst_offset: self.offset(RUN, PointKind::Call, call),
            stack: Vec::new(),
            locals: Vec::new(),
        }
    }

    /// Whether a function of an instance may be above `run` at one of its calls.
    fn accepts(&self, call: usize, instance: u32, function: u32) -> bool {
        let kind = match function {
            LEAF | OTHER => PointKind::Loop,
            _ => PointKind::FunctionHeader,
        };
        let callee = WasmFunctionStateDump {
            instance,
            local_function_id: function,
            wasm_inst_offset: self.offset(function, kind, 0),
            stack: Vec::new(),
            locals: match function {
                LEAF => vec![Some(Val::I64(3))],
                _ => Vec::new(),
            },
        };
        let image = ExecutionStateImage {
            frames: vec![callee, self.run(call)],
            host_call: None,
        };
        let offset = image.frames[1].wasm_inst_offset;
        match validate(self, &image) {
            Ok(_) => true,
            Err(error) => {
                let reason = FrameError::CannotCall { offset };
                assert_eq!(error, FramesError::Frame { frame: 1, reason });
                false
            }
        }
    }

    /// What is wrong with a call of a host function at one of the calls of `run`.
    fn reason_at(&self, call: usize, host_call: HostCall) -> Option<FrameError> {
        let image = ExecutionStateImage {
            frames: vec![self.run(call)],
            host_call: Some(host_call),
        };
        match validate(self, &image) {
            Ok(_) => None,
            Err(FramesError::Frame { frame: 0, reason }) => Some(reason),
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn functions_without_tail_calls_return_themselves() {
    let claims = claims();
    assert!(claims.accepts(0, 0, LEAF));
    for (instance, function) in [(1, LEAF), (0, OTHER), (0, WITHIN), (0, BEYOND)] {
        assert!(!claims.accepts(0, instance, function));
    }
}

/// The caller does not load its instance's context again, so nothing that could return from
/// another instance may be there.
#[test]
fn tail_calls_within_an_instance_return_from_there() {
    let claims = claims();
    assert!(claims.accepts(1, 0, LEAF) && claims.accepts(1, 0, WITHIN));
    for (instance, function) in [(1, LEAF), (1, WITHIN), (0, OTHER), (0, BEYOND)] {
        assert!(!claims.accepts(1, instance, function));
    }
}

#[test]
fn tail_calls_beyond_an_instance_return_whatever_has_the_results() {
    let claims = claims();
    for call in [2, 3] {
        for instance in [0, 1] {
            for function in [LEAF, WITHIN, BEYOND] {
                assert!(claims.accepts(call, instance, function));
            }
            assert!(!claims.accepts(call, instance, OTHER));
        }
    }
}

#[test]
fn results_are_pending_where_a_host_function_can_have_been_called() {
    let claims = claims();
    let offset = |call| claims.offset(RUN, PointKind::Call, call);
    let returned = |value| HostCall::Returned(vec![value]);
    for call in [0, 1] {
        for host_call in [returned(Val::I64(1)), pending(0, 0)] {
            let error = claims.reason_at(call, host_call);
            assert_eq!(error, Some(FrameError::WrongCall(offset(call))));
        }
    }
    for call in [2, 3] {
        assert_eq!(claims.reason_at(call, returned(Val::I64(1))), None);
        let error = claims.reason_at(call, returned(Val::I32(1)));
        assert_eq!(error, Some(FrameError::HostCallResults));
    }
}

fn pending(function: u32, instance: u32) -> HostCall {
    HostCall::Pending(PendingHostCall {
        function: FuncAddr(function),
        instance,
        arguments: vec![],
    })
}

#[test]
fn a_pending_call_may_be_made_by_any_instance_that_was_tail_called() {
    let claims = claims();
    for call in [2, 3] {
        for instance in [0, 1] {
            assert_eq!(claims.reason_at(call, pending(0, instance)), None);
        }
        let error = claims.reason_at(call, pending(0, 2));
        assert_eq!(error, Some(FrameError::PendingInstance(2)));
        let error = claims.reason_at(call, pending(LEAF, 0));
        let expected = FrameError::PendingFunction(FuncAddr(LEAF));
        assert_eq!(error, Some(expected));
    }
}

#[test]
fn a_host_function_may_be_tail_called_by_the_outermost_function() {
    let claims = claims();
    let check = |host_call| {
        let image = ExecutionStateImage {
            frames: vec![],
            host_call,
        };
        validate(&claims, &image).map(|_| ())
    };
    assert_eq!(check(Some(pending(0, 1))), Ok(()));
    let returned = |value| Some(HostCall::Returned(vec![value]));
    assert_eq!(check(returned(Val::F32(1))), Ok(()));
    assert_eq!(check(None), Err(FramesError::NoFrames));
    let unknown = FuncAddr(99);
    let error = FrameError::UnknownFunction(unknown);
    assert_eq!(
        check(returned(Val::FuncRef(Some(unknown)))),
        Err(FramesError::HostCall(error))
    );
    let error = FrameError::PendingInstance(2);
    assert_eq!(
        check(Some(pending(0, 2))),
        Err(FramesError::HostCall(error))
    );
}
