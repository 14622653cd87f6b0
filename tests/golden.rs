//! What the compiler makes of a few functions: machine code and suspend points,
//! side by side, compared with checked-in listings.
//!
//! After an intended change remake them with `BLESS=1 cargo test --test golden`
//! and read the difference.

use iced_x86::{Decoder, DecoderOptions, Formatter, NasmFormatter};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use woodfrog::compile::{CompileOptions, CompiledModule, compile};
use woodfrog::module::Module;
use woodfrog::state::{FunctionStateMap, OperandHome, PointKind};

#[test]
fn listings_are_as_checked_in() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let is_blessing = std::env::var_os("BLESS").is_some();
    let mut differing = Vec::new();
    let mut files = 0;
    for entry in fs::read_dir(&folder).expect("the folder is there") {
        let path = entry.expect("readable").path();
        if path.extension().is_none_or(|extension| extension != "wat") {
            continue;
        }
        files += 1;
        let listing = listing(&path);
        let golden = path.with_extension("txt");
        if is_blessing {
            fs::write(&golden, &listing).expect("writable");
        } else if fs::read_to_string(&golden).unwrap_or_default() != listing {
            differing.push(format!(
                "{} differs; it is now:\n{listing}",
                golden.display()
            ));
        }
    }
    assert!(files >= 5, "only {files} programs in {}", folder.display());
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

fn listing(path: &Path) -> String {
    let wasm = wat::parse_file(path).expect("valid text");
    let module = Module::decode(wasm).expect("valid module");
    let options = CompileOptions::default();
    let compiled = compile(&module, &options).expect("within limits");
    let mut text = String::new();
    for function in compiled.state_map.local_functions() {
        write_function(&mut text, &compiled, &function);
    }
    text
}

fn write_function(text: &mut String, compiled: &CompiledModule, function: &FunctionStateMap<'_>) {
    let _ = writeln!(text, "function {}", function.local_function_id());
    for (index, local) in function.locals().iter().enumerate() {
        let register = local.register.map(register_name);
        let slot = local.slot.map(slot_name);
        let home = [register, slot]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" ");
        let _ = writeln!(text, "  local {index} {}: {home}", local.ty);
    }
    let points = points_by_offset(function);
    let range = function.start_offset()..function.end_offset();
    let code = &compiled.code[range.start as usize..range.end as usize];
    let mut formatter = NasmFormatter::new();
    for instruction in
        Decoder::with_ip(64, code, u64::from(range.start), DecoderOptions::NONE).iter()
    {
        let mut line = String::new();
        formatter.format(&instruction, &mut line);
        // The code offset is left out, so that a change shows only where it is.
        let _ = writeln!(text, "    {line}");
        let faults = (instruction.ip() as u32, true);
        let returns = (instruction.next_ip() as u32, false);
        for point in [faults, returns].iter().filter_map(|key| points.get(key)) {
            let _ = writeln!(text, "      ^ {point}");
        }
    }
}

/// Descriptions of suspend points by code offset: that of the instruction that may
/// fault (true), or the return address of a call (false).
fn points_by_offset(function: &FunctionStateMap<'_>) -> BTreeMap<(u32, bool), String> {
    let describe = |point: woodfrog::state::Point| {
        let operands = function.operands(&point).into_iter().map(|operand| {
            let home = match operand.home {
                OperandHome::Register(register) => register_name(register),
                OperandHome::Slot(slot) => slot_name(slot),
                OperandHome::Const(bits) => format!("{bits:#x}"),
                OperandHome::Local(local) => format!("local {local}"),
            };
            format!("{} {home}", operand.ty)
        });
        let operands = operands.collect::<Vec<_>>().join(", ");
        let may_fault = matches!(point.kind, PointKind::Trappable(_));
        (
            (point.code_offset, may_fault),
            format!("{:?} [{operands}]", point.kind),
        )
    };
    function.points().map(describe).collect()
}

fn register_name(register: woodfrog::abi::RegisterIndex) -> String {
    match register.0 {
        0..16 => format!("{:?}", woodfrog::abi::GPR::ALL[register.0]),
        index => format!("XMM{}", index - 16),
    }
}

fn slot_name(slot: u32) -> String {
    format!("[rbp-{:#x}]", 8 * (slot + 1))
}
