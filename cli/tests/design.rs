//! What `docs/design.md` and its figures say of machine code, state maps and frames.

use std::fs;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use woodfrog::abi::{GPR, RegisterIndex, Val};
use woodfrog::runtime::{Config, Engine, Instance, Linker, Module, Outcome, Store};
use woodfrog::state::{FunctionStateMap, MachineState, MachineValue, Point, PointKind};
use woodfrog_cli::LinuxPlatform;

/// At this suspend point `fib(3)` is stopped: the fourth function entry.
const STOPPED_AT: NonZeroU64 = NonZeroU64::new(4).expect("not zero");

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    let text = fs::read_to_string(root().join(path));
    text.unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The code block of the document that follows the comment `<!-- name -->`.
fn quoted(name: &str) -> String {
    let text = read("docs/design.md");
    let (_, rest) = text
        .split_once(&format!("<!-- {name} -->\n```"))
        .unwrap_or_else(|| panic!("no block {name}"));
    let (_, rest) = rest.split_once('\n').expect("a language");
    rest.split_once("```").expect("an end").0.into()
}

/// The texts of a figure, in order.
fn texts(figure: &str) -> Vec<String> {
    let svg = read(figure);
    let elements = svg.split("</text>").filter_map(|before| {
        let (_, element) = before.rsplit_once("<text ")?;
        Some(element.split_once('>')?.1.replace("&lt;", "<"))
    });
    elements.collect()
}

/// Asserts that a figure has these texts one after the other.
#[track_caller]
fn assert_has(figure: &str, expected: &[String]) {
    let texts = texts(figure);
    let is_there = texts.windows(expected.len()).any(|some| some == expected);
    assert!(is_there, "{figure} lacks {expected:#?}; it has {texts:#?}");
}

fn engine() -> Engine {
    Engine::new(Arc::new(LinuxPlatform::new()), Config::default())
}

fn module(engine: &Engine, name: &str) -> Module {
    let wasm = wat::parse_str(read(&format!("tests/golden/{name}.wat"))).expect("valid text");
    Module::new(engine, &wasm).expect("a valid module")
}

/// `fib(3)`, stopped.
fn stopped(engine: &Engine) -> (Store<()>, Instance) {
    let mut store = Store::new(engine, ());
    let instance = Linker::new()
        .instantiate(&mut store, &module(engine, "fib"))
        .expect("no imports");
    store.set_freeze_every(Some(STOPPED_AT));
    let fib = instance
        .get_typed_func::<i32, i32>(&store, "fib")
        .expect("fib");
    let outcome = fib.call(&mut store, 3).expect("no trap");
    assert_eq!(outcome, Outcome::Suspended);
    (store, instance)
}

/// A place that a state says something of, and what.
fn places(state: &MachineState) -> Vec<(String, String)> {
    let is_context = |register: usize| [GPR::R14, GPR::R15].contains(&GPR::ALL[register]);
    let slots = state.stack_values.iter().enumerate();
    let slots = slots.map(|(slot, value)| (format!("[rbp-{:x}h]", 8 * (slot + 1)), value));
    let registers = state.register_values.iter().enumerate().take(16);
    let registers = registers
        .filter(|(register, _)| !is_context(*register))
        .map(|(register, value)| (register_name(RegisterIndex(register)), value));
    let said = slots.chain(registers);
    let said = said.filter(|(_, value)| **value != MachineValue::Undefined);
    said.map(|(place, value)| (place, content(value))).collect()
}

fn content(value: &MachineValue) -> String {
    match value {
        MachineValue::PreserveRegister(register) => {
            format!("PreserveRegister({})", register_name(*register))
        }
        value => format!("{value:?}"),
    }
}

fn register_name(index: RegisterIndex) -> String {
    format!("{:?}", GPR::ALL[index.0])
}

/// The points of `fib`: two calls and the header.
fn points(map: &FunctionStateMap<'_>) -> [Point; 3] {
    let points: Vec<Point> = map.points().collect();
    points.try_into().expect("three points")
}

#[test]
fn listings_are_those_of_the_compiler() {
    // `tests/golden.rs` holds these files against the compiler.
    assert_eq!(quoted("fib.txt"), read("tests/golden/fib.txt"));
    for name in ["fib.wat", "sum.txt"] {
        let quote = quoted(name);
        let is_there = read(&format!("tests/golden/{name}")).contains(quote.trim_end());
        assert!(is_there, "{name} has no such part: {quote}");
    }
}

#[test]
fn the_table_of_points_is_that_of_the_state_map() {
    let module = module(&engine(), "fib");
    let map = module.state_map().function(0).expect("fib");
    let mut table = String::from("code  goes on  wasm    kind            places\n");
    for point in points(&map) {
        let offset = |offset: u32| format!("{offset:X}h");
        let wasm = match point.wasm_offset {
            usize::MAX => "header".into(),
            offset => format!("{offset:#x}"),
        };
        let places = places(&map.state(&point));
        let places: Vec<_> = places.iter().map(|(p, c)| format!("{p} {c}")).collect();
        table += &format!(
            "{:>4}  {:>7}  {wasm:<6}  {:<14}  {}\n",
            offset(point.code_offset),
            offset(point.activate_offset),
            format!("{:?}", point.kind),
            places.join(", ")
        );
    }
    assert_eq!(quoted("points"), table);
}

#[test]
fn frames_and_their_result_are_those_of_a_run() {
    let engine = engine();
    let (mut store, instance) = stopped(&engine);
    let image = store.capture().expect("a suspended store");
    let frames = image.execution_state.expect("frames");
    let frames = frames.with_names(&|_, _| Some("fib")).to_string();
    assert_eq!(quoted("frames").trim_end(), frames);
    let fib = instance
        .get_typed_func::<i32, i32>(&store, "fib")
        .expect("fib");
    store.set_freeze_every(None);
    let outcome = fib.resume(&mut store).expect("no trap");
    assert_eq!(outcome, Outcome::Returned(2));
    assert!(read("docs/design.md").contains("hands 2 to whoever resumed it"));
}

#[test]
fn the_figures_show_that_stack_and_its_state_map() {
    let engine = engine();
    let module = module(&engine, "fib");
    let map = module.state_map().function(0).expect("fib");
    let [first_call, second_call, header] = points(&map);
    let (store, _) = stopped(&engine);
    let image = store.capture().expect("a suspended store");
    let frames = image.execution_state.expect("frames").frames;
    let local = |frame: usize| i32_of(frames[frame].locals[0]);
    let operand = i32_of(frames[1].stack[0]);
    let code = |offset: u32| format!("code + {offset:x}h");

    // Each frame as the figure has it: slot by slot, down from its return address.
    let stack = "docs/machine-stack.svg";
    let frame = |return_address: String, caller: &str, slots: &[(&str, &str)]| {
        let mut rows = vec!["[rbp+8]".into(), "return address".into(), return_address];
        rows.extend(["[rbp]".into(), "caller's RBP".into(), caller.into()]);
        for (slot, (what, value)) in (1..).zip(slots) {
            rows.extend([
                format!("[rbp-{:x}h]", 8 * slot),
                (*what).into(),
                (*value).into(),
            ]);
        }
        rows
    };
    let saved = format!("{}, local 0 of #2", local(2));
    let returned = format!("{operand}, which is fib(1)");
    let context = ("VmCtx pointer", "which instance");
    let outer = [
        context,
        ("caller's RBX", "of the entry thunk"),
        ("not in use", "fib(2) is not known yet"),
    ];
    let inner = [context, ("caller's RBX", &saved), ("operand 0", &returned)];
    let thunk = "of the entry thunk";
    assert_has(stack, &frame("in the entry thunk".into(), thunk, &outer));
    assert_has(stack, &frame(code(first_call.code_offset), "of #2", &inner));
    assert_has(stack, &frame(code(second_call.code_offset), "of #1", &[]));
    let at_header = format!("{}, local 0 of #0", local(0));
    let kept = format!("{}, local 0 of #1", local(1));
    assert_has(
        stack,
        &[
            "RIP".into(),
            "address".into(),
            code(header.code_offset),
            "RDI".into(),
            "argument".into(),
            at_header,
            "RBX".into(),
            "callee-saved".into(),
            kept,
        ],
    );

    // What the frames hold is what the state map says.
    let state = |point| map.state(&point);
    let [rdi, rbx] = [GPR::RDI, GPR::RBX].map(|register| register as usize);
    let preserved = MachineValue::PreserveRegister(RegisterIndex(rbx));
    let body = [MachineValue::Vmctx, preserved];
    let calls = [
        (first_call, MachineValue::Undefined),
        (second_call, MachineValue::WasmStack(0)),
    ];
    for (point, last) in calls {
        assert_eq!(point.kind, PointKind::Call);
        assert_eq!(state(point).stack_values, [&body[..], &[last]].concat());
        assert_eq!(
            state(point).register_values[rbx],
            MachineValue::WasmLocal(0)
        );
    }
    assert_eq!(header.kind, PointKind::FunctionHeader);
    assert!(state(header).stack_values.is_empty());
    assert_eq!(
        state(header).register_values[rdi],
        MachineValue::WasmLocal(0)
    );

    let figure = "docs/state-map.svg";
    let offset = second_call.wasm_offset;
    assert_eq!(frames[1].wasm_inst_offset, offset);
    assert_has(
        figure,
        &[
            "The machine's frame #1".into(),
            "return address:".into(),
            code(second_call.code_offset),
            "[rbp-8h]".into(),
            format!("[rbp-10h] = {}", local(2)),
            format!("[rbp-18h] = {operand}"),
            format!("RBX = {}", local(1)),
            format!("State map, at code offset {:x}h", second_call.code_offset),
            format!("kind {:?}, wasm offset {offset:#x}", second_call.kind),
        ],
    );
    let contents = places(&state(second_call))
        .into_iter()
        .map(|(_, content)| content);
    assert_has(figure, &contents.collect::<Vec<_>>());
    assert_has(
        figure,
        &[
            format!(
                "function {}, offset {offset:#x}",
                frames[1].local_function_id
            ),
            format!("instance {}", frames[1].instance),
            format!("stack [i32:{operand}]"),
            format!("locals [i32:{}]", local(1)),
        ],
    );
    assert_has(
        figure,
        &[
            format!(
                "RBX = {} for frame #2, where WasmLocal(0) is in RBX too:",
                local(2)
            ),
            format!("that frame's locals [i32:{}]", local(2)),
        ],
    );
}

fn i32_of(value: Option<Val>) -> i32 {
    match value {
        Some(Val::I32(value)) => value,
        value => panic!("{value:?}"),
    }
}
