//! What happened, as JSON.

use crate::frames::NamedFrame;
use crate::report::{Ending, Report};
use crate::symbols::Source;
use crate::values;
use serde_json::{Value as Json, json};
use woodfrog::abi::Val;

/// The object that ends the output of `run` and `resume`.
pub fn report(report: &Report) -> Json {
    let outcome = match &report.ending {
        Ending::Returned(_) => "returned",
        Ending::Trapped(_) => "trapped",
        Ending::Exited(_) => "exited",
        Ending::Frozen(_) => "frozen",
    };
    let mut object = json!({
        "outcome": outcome,
        "values": [],
        "trap": null,
        "frames": report.frames.iter().map(frame).collect::<Vec<_>>(),
        "freezes": report.freezes,
        "moves": report.moves,
        "seconds": {
            "compile": report.seconds.compile.as_secs_f64(),
            "instantiate": report.seconds.instantiate.as_secs_f64(),
            "run": report.seconds.run.as_secs_f64(),
        },
    });
    match &report.ending {
        Ending::Returned(values) => object["values"] = values.iter().map(value).collect(),
        Ending::Trapped(trap) => object["trap"] = trap.code.message().into(),
        Ending::Exited(status) => object["status"] = (*status).into(),
        Ending::Frozen(_) => {}
    }
    object
}

/// One wasm frame.
pub fn frame(named: &NamedFrame) -> Json {
    let NamedFrame { frame, symbols } = named;
    let locals = 0..frame.locals.len() as u32;
    let local_names = locals.map(|index| symbols.local_names.get(&index));
    json!({
        "instance": frame.instance,
        "func": frame.function,
        "name": frame.name,
        "demangled": symbols.demangled,
        "source": symbols.sources.iter().map(source).collect::<Vec<_>>(),
        "offset": frame.offset,
        "locals": optional_values(&frame.locals),
        "local_names": local_names.collect::<Vec<_>>(),
        "stack": optional_values(&frame.stack),
    })
}

/// A place in a source file.
fn source(source: &Source) -> Json {
    json!({
        "function": source.function,
        "file": source.file,
        "line": source.line,
        "column": source.column,
    })
}

/// One value with its type.
pub fn value(value: &Val) -> Json {
    json!({ "type": value.ty().name(), "value": values::format(value) })
}

/// Values that may be unknown, which are null.
fn optional_values(values: &[Option<Val>]) -> Json {
    values
        .iter()
        .map(|known| known.as_ref().map_or(Json::Null, value))
        .collect()
}
