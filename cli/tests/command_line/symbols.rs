//! What `run` and `inspect` tell of a program's source, and what they make of debug
//! information that is damaged or asks for too much.

use crate::common::{Run, file, path};
use fuzz_common::damage::bytes;
use fuzz_common::random::Random;
use std::process::Command;
use std::time::{Duration, Instant};
use wasm_encoder::{CustomSection, Section};
use wasmparser::{Parser, Payload};
use woodfrog::module::Module;
use woodfrog::runtime::BacktraceFrame;
use woodfrog_cli::symbols::{FrameSymbols, Symbols};

const SOURCE: &str = include_str!("guests/lines.rs");

/// The guest, compiled with debug information of this version of DWARF, and its source file.
fn guest(dwarf_version: u32) -> (String, String) {
    let (source, module) = (file("lines.rs", SOURCE), path("lines.wasm"));
    let options = [
        "--edition=2024",
        "--crate-name=lines",
        "--crate-type=cdylib",
        "--target=wasm32-unknown-unknown",
        "-Copt-level=2",
        "-Cdebuginfo=2",
        "-Cpanic=abort",
    ];
    let rustc = Command::new("rustc")
        .args(options)
        .arg(format!("-Cdwarf-version={dwarf_version}"))
        .args([&source, "-o", &module])
        .output();
    let rustc = Run::from(rustc.expect("rustc runs"));
    assert_eq!(rustc.code, Some(0), "{rustc:#?}");
    (module, source)
}

/// The line of the guest's source that ends with this mark.
fn line(mark: &str) -> usize {
    let mark = format!("// {mark}");
    let found = SOURCE.lines().position(|line| line.ends_with(&mark));
    found.expect("a mark in the source") + 1
}

#[test]
fn a_trap_is_told_with_its_place_in_the_source_and_what_was_inlined_there() {
    for dwarf_version in [4, 5] {
        let (module, source) = guest(dwarf_version);
        let run = Run::new(&["run", "--json", "--invoke", "start", &module, "0"]);
        run.assert_fails(134, "wasm trap: unreachable");
        for (function, mark) in [
            ("lines::check", "the trap"),
            ("lines::quotient", "the inlined call"),
            ("start", "the call"),
        ] {
            let place = format!("at {source}:{}:", line(mark));
            let mut lines = run.stderr.lines();
            lines
                .find(|line| line.ends_with(&format!(" - {function}")))
                .unwrap_or_else(|| panic!("no {function} in {run:#?}"));
            let next = lines.next().expect("a line behind it").trim_start();
            assert!(next.starts_with(&place), "{next}, not {place}: {run:#?}");
        }
        assert!(run.stderr.contains("divisor=i32:0"), "{run:#?}");

        let json = run.json();
        let frame = &json["frames"][0];
        assert_eq!(frame["demangled"], "lines::quotient");
        let sources = frame["source"].as_array().expect("an array");
        let own = sources.last().expect("a place");
        assert_eq!(own["file"], source);
        assert_eq!(own["line"], line("the inlined call"));
        assert_eq!(json["frames"][1]["local_names"][0], "divisor");
    }
}

#[test]
fn inspect_tells_where_in_the_source_a_program_was_frozen() {
    let (module, source) = guest(4);
    let image = path("image");
    let freeze = ["--freeze-after", "5", "--image", &image];
    let run = ["--invoke", "spin", &module, "1"];
    Run::new(&[&["run"][..], &freeze, &run].concat()).assert_prints("");
    let text = Run::new(&["inspect", &image, "--module", &module]).stdout;
    let place = format!("at {source}:{}:", line("the loop"));
    assert!(text.contains(&place), "no {place} in {text}");
    let without = Run::new(&["inspect", &image]).stdout;
    assert!(!without.contains(".rs"), "{without}");
}

#[test]
fn locals_have_the_names_of_the_name_section() {
    let module = file(
        "named.wat",
        r#"(module (func $f (export "f") (param $left i32) (local i64) (local $right f32)
             unreachable))"#,
    );
    let run = Run::new(&["run", "--json", "--invoke", "f", &module, "7"]);
    let locals = "locals [left=i32:7, i64:0, right=f32:0]";
    assert!(run.stderr.contains(locals), "{run:#?}");
    let names = &run.json()["frames"][0]["local_names"];
    assert_eq!(*names, serde_json::json!(["left", null, "right"]));
}

#[test]
fn names_give_a_terminal_no_commands() {
    let module = file(
        "escape.wat",
        r#"(module (func $f (@name "\1b[2Jred") (export "f") unreachable))"#,
    );
    let run = Run::new(&["run", "--invoke", "f", &module]);
    assert!(run.stderr.contains(r"\u{1b}[2Jred"), "{run:#?}");
    assert!(!run.stderr.contains('\x1b'), "{run:#?}");
}

/// What is told of an offset in a module.
fn symbols_at(symbols: &Symbols<'_>, module: &Module, offset: usize) -> FrameSymbols {
    let frame = BacktraceFrame {
        instance: 0,
        function: 0,
        name: None,
        offset,
        locals: Vec::new(),
        stack: Vec::new(),
    };
    let found = symbols.of_frame(Some(module.hash), &frame);
    FrameSymbols::clone(&found)
}

#[test]
fn damaged_debug_information_is_left_out() {
    for dwarf_version in [4, 5] {
        let wasm = std::fs::read(guest(dwarf_version).0).expect("a module");
        let payloads = Parser::new(0).parse_all(&wasm).map(Result::unwrap);
        let sections: Vec<_> = payloads
            .filter_map(|payload| match payload {
                Payload::CustomSection(section) => Some(section.data_offset()..section.range().end),
                _ => None,
            })
            .map(|range| range.start as usize..range.end as usize)
            .collect();
        let mut found = 0;
        for seed in 0..1_000 {
            println!("DWARF {dwarf_version}, seed {seed}");
            let mut random = Random(9 << 32 | seed);
            let mut damaged = wasm.clone();
            for _ in 0..=random.below(3) {
                let section = random.pick(&sections).clone();
                let mut bytes = damaged[section.clone()].to_vec();
                let len = bytes.len();
                bytes::damage(&mut bytes, len, false, &mut random);
                damaged[section].copy_from_slice(&bytes[..len]);
            }
            let Ok(module) = Module::decode(damaged) else {
                continue;
            };
            let symbols = Symbols::new([&module]);
            for body in &module.bodies {
                let middle = body.range.start.midpoint(body.range.end);
                for offset in [body.first_operator, middle, usize::MAX] {
                    found += symbols_at(&symbols, &module, offset).sources.len();
                }
            }
        }
        assert!(found > 100, "only {found} places were found");
    }
}

/// A module of one function with these debug sections.
fn module_with(sections: &[(&str, &[u8])]) -> Module {
    let mut wasm = wat::parse_str("(module (func))").expect("valid text");
    for &(name, data) in sections {
        let section = CustomSection {
            name: name.into(),
            data: data.into(),
        };
        section.append_to(&mut wasm);
    }
    Module::decode(wasm).expect("a valid module")
}

/// Asserts that debug information is given up before it takes long.
#[track_caller]
fn assert_is_given_up(module: &Module) {
    let start = Instant::now();
    let symbols = Symbols::new([module]);
    let offset = module.bodies[0].first_operator;
    assert_eq!(symbols_at(&symbols, module, offset).sources, []);
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[test]
fn units_that_share_a_long_table_of_abbreviations_are_not_all_read() {
    // Each of the units takes the table from another byte on.
    let table: Vec<u8> = [1, 0x11, 0, 0x03, 0x08, 0, 0].repeat(100_000);
    let mut units = Vec::new();
    for start in 0..50_000u32 {
        // Length, version, table, size of addresses, an entry with an empty name.
        units.extend(9u32.to_le_bytes());
        units.extend(4u16.to_le_bytes());
        units.extend((start * 7).to_le_bytes());
        units.extend([4, 1, 0]);
    }
    let module = module_with(&[(".debug_info", &units), (".debug_abbrev", &table)]);
    assert_is_given_up(&module);
}

#[test]
fn entries_that_stand_for_many_attributes_are_not_all_read() {
    // An entry of one byte that has 100,000 attributes, of no bytes each.
    let mut table = vec![1, 0x11, 0];
    table.extend([0x3f, 0x19].repeat(100_000));
    table.extend([0, 0, 2, 0x11, 1, 0x11, 0x01, 0x12, 0x06, 0, 0, 0]);
    let entries = vec![1; 1_000_000];
    let mut unit = Vec::new();
    unit.extend((entries.len() as u32 + 16).to_le_bytes());
    unit.extend(4u16.to_le_bytes());
    unit.extend(0u32.to_le_bytes());
    // Size of addresses, and the root with all addresses.
    unit.extend([4, 2, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0x7f]);
    unit.extend(entries);
    let module = module_with(&[(".debug_info", &unit), (".debug_abbrev", &table)]);
    assert_is_given_up(&module);
    let symbols = Symbols::new([&module]);
    symbols_at(&symbols, &module, module.bodies[0].first_operator);
    assert!(symbols.is_incomplete());
}
