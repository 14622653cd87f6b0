//! Core dumps of images and of traps, as public readers of the format see them.

use crate::common::{Run, file, path};
use std::fs;
use wasmparser::{
    CoreDumpInstancesSection, CoreDumpModulesSection, CoreDumpStackSection, CoreDumpValue,
    DataKind, KnownCustom, MemoryType, Operator, Parser, Payload, ValType, Validator, WasmFeatures,
};

/// Has a memory and a global that others use.
const LIBRARY: &str = r#"(module
  (memory (export "memory") 3 7)
  (global (export "count") (mut i64) (i64.const 41))
  (data (i32.const 0x20ff0) "library"))"#;

/// Never ends: calls a function with locals of all types, and operands below the call.
const PROGRAM: &str = r#"(module
  (import "library" "memory" (memory $shared 1))
  (import "library" "count" (global $count (mut i64)))
  (memory $own i64 2)
  (table 1 funcref)
  (global $vector v128 (v128.const i64x2 1 2))
  (global $function (mut funcref) (ref.func $spin))
  (global $float f32 (f32.const nan:0x1234))
  (data (memory $own) (i64.const 0x10010) "own")
  (func $spin (param f32 f64 v128) (local funcref i32)
    (local.set 4 (i32.const -5))
    (loop $again (br $again)))
  (func (export "_start") (local i64)
    (local.set 0 (i64.const -9))
    (global.set $count (i64.const 42))
    (i32.const 17)
    (call $spin (f32.const 1.5) (f64.const -0.25) (v128.const i64x2 3 4))
    (drop)))"#;

const TRAP: &str = r#"(module
  (memory 1)
  (global (mut i32) (i32.const 0))
  (func $divide (param i32 i32) (result i32) (local i64)
    (global.set 0 (i32.const 77))
    (i32.store (i32.const 100) (i32.const 0x01020304))
    (i32.add (i32.const 3) (i32.div_u (local.get 0) (local.get 1))))
  (func (export "run") (param i32) (result i32)
    (call $divide (local.get 0) (i32.const 0))))"#;

/// What wasmparser reads in a core dump.
#[derive(Debug, Default)]
struct Dump {
    executable: String,
    modules: Vec<String>,
    /// Module, memories and globals of each instance.
    instances: Vec<(u32, Vec<u32>, Vec<u32>)>,
    frames: Vec<Frame>,
    memories: Vec<MemoryType>,
    /// Type and constant of each global.
    globals: Vec<(ValType, String)>,
    /// Memory, address and bytes of each data segment.
    data: Vec<(u32, u64, Vec<u8>)>,
}

#[derive(Debug, PartialEq, Eq)]
struct Frame {
    instance: u32,
    function: u32,
    offset: u32,
    locals: Vec<String>,
    stack: Vec<String>,
}

impl Dump {
    fn read(file: &str) -> Self {
        let bytes = fs::read(file).expect("a core dump");
        Validator::new_with_features(WasmFeatures::all())
            .validate_all(&bytes)
            .expect("a core dump is a valid module");
        let mut dump = Self::default();
        for payload in Parser::new(0).parse_all(&bytes) {
            match payload.expect("a valid module") {
                Payload::CustomSection(section) => dump.custom(section.as_known()),
                Payload::MemorySection(memories) => {
                    dump.memories = memories.into_iter().map(Result::unwrap).collect();
                }
                Payload::GlobalSection(globals) => {
                    for global in globals.into_iter().map(Result::unwrap) {
                        assert!(!global.ty.mutable, "globals are constants");
                        let value = constant(&global.init_expr);
                        dump.globals.push((global.ty.content_type, value));
                    }
                }
                Payload::DataSection(segments) => {
                    for segment in segments.into_iter().map(Result::unwrap) {
                        let DataKind::Active {
                            memory_index,
                            offset_expr,
                        } = segment.kind
                        else {
                            panic!("a passive segment");
                        };
                        let address = constant(&offset_expr);
                        let address = address.parse().expect("a positive address");
                        let bytes = segment.data.to_vec();
                        dump.data.push((memory_index, address, bytes));
                    }
                }
                _ => {}
            }
        }
        dump
    }

    fn custom(&mut self, section: KnownCustom<'_>) {
        match section {
            KnownCustom::CoreDump(section) => self.executable = section.name.to_owned(),
            KnownCustom::CoreDumpModules(CoreDumpModulesSection { modules }) => {
                self.modules = modules.into_iter().map(str::to_owned).collect();
            }
            KnownCustom::CoreDumpInstances(CoreDumpInstancesSection { instances }) => {
                let instances = instances.into_iter();
                self.instances = instances
                    .map(|i| (i.module_index, i.memories, i.globals))
                    .collect();
            }
            KnownCustom::CoreDumpStack(CoreDumpStackSection { name, frames }) => {
                assert_eq!(name, "main");
                let frames = frames.iter().map(|frame| Frame {
                    instance: frame.instanceidx,
                    function: frame.funcidx,
                    offset: frame.codeoffset,
                    locals: frame.locals.iter().map(value).collect(),
                    stack: frame.stack.iter().map(value).collect(),
                });
                self.frames = frames.collect();
            }
            _ => panic!("an unknown custom section in a core dump"),
        }
    }

    /// The bytes at an address of a memory, all of them in one segment.
    fn bytes(&self, memory: u32, address: u64, len: usize) -> &[u8] {
        let found = self.data.iter().find(|(of, start, bytes)| {
            *of == memory && (*start..start + bytes.len() as u64).contains(&address)
        });
        let (_, start, bytes) = found.expect("a segment");
        &bytes[(address - start) as usize..][..len]
    }
}

fn constant(expr: &wasmparser::ConstExpr<'_>) -> String {
    match expr.get_operators_reader().read().expect("an operator") {
        Operator::I32Const { value } => value.to_string(),
        Operator::I64Const { value } => value.to_string(),
        Operator::F32Const { value } => format!("{:#x}", value.bits()),
        Operator::V128Const { value } => format!("{:#x}", value.i128()),
        Operator::RefNull { .. } => "null".to_owned(),
        other => panic!("{other:?} in a core dump"),
    }
}

fn value(value: &CoreDumpValue) -> String {
    match value {
        CoreDumpValue::Missing => "?".to_owned(),
        CoreDumpValue::I32(value) => format!("i32:{value}"),
        CoreDumpValue::I64(value) => format!("i64:{value}"),
        CoreDumpValue::F32(value) => format!("f32:{}", f32::from_bits(value.bits())),
        CoreDumpValue::F64(value) => format!("f64:{}", f64::from_bits(value.bits())),
    }
}

/// Offset of the first operator from the start of a function's body that `is_it` accepts,
/// among the functions that the module defines.
fn offset_of(module: &str, function: usize, is_it: fn(&Operator<'_>) -> bool) -> u32 {
    let bytes = wat::parse_str(module).expect("valid text");
    let payloads = Parser::new(0).parse_all(&bytes).map(Result::unwrap);
    let bodies = payloads.filter_map(|payload| match payload {
        Payload::CodeSectionEntry(body) => Some(body),
        _ => None,
    });
    let body = bodies.into_iter().nth(function).expect("a function");
    let operators = body.get_operators_reader().expect("operators");
    let found = operators
        .into_iter_with_offsets()
        .map(Result::unwrap)
        .find(|(operator, _)| is_it(operator));
    let (_, offset) = found.expect("an operator of that kind");
    (offset - body.range().start) as u32
}

/// An image of [`PROGRAM`], and the files of both modules.
fn image() -> (String, [String; 2]) {
    let (library, program) = (file("library.wat", LIBRARY), file("program.wat", PROGRAM));
    let image = path("image");
    let preload = format!("library={library}");
    let freeze = ["--freeze-after", "20", "--image", &image];
    let run = ["run", "--preload", &preload];
    Run::new(&[&run[..], &freeze, &[&program]].concat()).assert_prints("");
    (image, [library, program])
}

#[test]
fn a_core_dump_holds_what_the_image_does() {
    let (image, [library, program]) = image();
    let output = path("core");
    let modules = ["--module", &library, "--module", &program];
    let command = ["coredump", &image, "-o", &output];
    Run::new(&[&command[..], &modules].concat()).assert_prints("");
    let dump = Dump::read(&output);

    assert_eq!(dump.executable, program);
    assert_eq!(dump.modules, [library, program]);
    let own = (1, vec![0, 1], vec![0, 1, 2, 3]);
    assert_eq!(dump.instances, [(0, vec![0], vec![0]), own]);
    let memories = dump.memories.iter();
    let memories: Vec<_> = memories
        .map(|memory| (memory.initial, memory.maximum, memory.memory64))
        .collect();
    assert_eq!(memories, [(3, Some(7), false), (2, None, true)]);
    let globals = [
        (ValType::I64, "42"),
        (ValType::V128, "0x20000000000000001"),
        (ValType::FUNCREF, "null"),
        (ValType::F32, "0x7f801234"),
    ];
    let globals = globals.map(|(ty, value)| (ty, value.to_owned()));
    assert_eq!(dump.globals, globals);

    // Pages that hold something, and no others.
    assert_eq!(dump.data.len(), 2);
    assert_eq!(dump.data[0].2.len(), 4096);
    assert_eq!(dump.data[1].2.len(), 4096);
    assert_eq!(dump.bytes(0, 0x20ff0, 7), b"library");
    assert_eq!(dump.bytes(1, 0x10010, 3), b"own");

    let again = offset_of(PROGRAM, 0, |operator| {
        matches!(operator, Operator::Loop { .. })
    });
    let call = offset_of(PROGRAM, 1, |operator| {
        matches!(operator, Operator::Call { .. })
    });
    let frame = |function, offset, locals: &[&str], stack: &[&str]| Frame {
        instance: 1,
        function,
        offset,
        locals: locals.iter().map(ToString::to_string).collect(),
        stack: stack.iter().map(ToString::to_string).collect(),
    };
    let locals = ["f32:1.5", "f64:-0.25", "?", "?", "i32:-5"];
    let spin = frame(0, again, &locals, &[]);
    let start = frame(1, call, &["i64:-9"], &["i32:17"]);
    assert_eq!(dump.frames, [spin, start]);
}

#[test]
fn without_modules_a_core_dump_has_no_offsets() {
    let (image, _) = image();
    let output = path("core");
    let run = Run::new(&["coredump", &image, "-o", &output]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(run.stderr.contains("no code offsets"), "{run:#?}");
    let dump = Dump::read(&output);
    assert!(dump.modules.iter().all(|name| name.starts_with("sha256:")));
    let offsets: Vec<_> = dump.frames.iter().map(|frame| frame.offset).collect();
    assert_eq!(offsets, [0, 0]);
    assert_eq!(dump.frames[1].locals, ["i64:-9"]);
}

/// The core dump of [`TRAP`], and its module's file.
fn core_dump_of_a_trap() -> (String, String) {
    let (module, output) = (file("trap.wat", TRAP), path("core"));
    let run = ["run", "--coredump", &output, "--invoke", "run", &module];
    Run::new(&[&run[..], &["9"]].concat()).assert_fails(134, "integer divide by zero");
    (output, module)
}

#[test]
fn a_trap_leaves_a_core_dump_if_one_is_wanted() {
    let (output, module) = core_dump_of_a_trap();
    let dump = Dump::read(&output);
    assert_eq!(dump.executable, module);
    let divide = offset_of(TRAP, 0, |operator| matches!(operator, Operator::I32DivU));
    let [inner, outer] = &dump.frames[..] else {
        panic!("{dump:#?}");
    };
    assert_eq!(
        (inner.instance, inner.function, inner.offset),
        (0, 0, divide)
    );
    assert_eq!(inner.locals, ["i32:9", "i32:0", "i64:0"]);
    assert_eq!(inner.stack[0], "i32:3");
    assert_eq!((outer.function, outer.locals[0].as_str()), (1, "i32:9"));
    assert_eq!(dump.globals, [(ValType::I32, "77".to_owned())]);
    assert_eq!(dump.bytes(0, 100, 4), [4, 3, 2, 1]);
}

#[test]
fn a_core_dump_that_cannot_be_written_hides_no_trap() {
    let module = file("trap.wat", TRAP);
    let run = [
        "run",
        "--coredump",
        "/dev/full",
        "--invoke",
        "run",
        &module,
        "9",
    ];
    let run = Run::new(&run);
    run.assert_fails(134, "integer divide by zero");
    assert!(
        run.stderr.contains("no core dump: cannot write"),
        "{run:#?}"
    );
}
