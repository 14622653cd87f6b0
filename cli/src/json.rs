//! What happened, as JSON.

use crate::report::{Ending, Report};
use crate::values;
use serde_json::{Value as Json, json};
use woodfrog::abi::Value;
use woodfrog::runtime::BacktraceFrame;

/// The object that ends the output of `run` and `resume`.
pub fn report(report: &Report) -> Json {
    let none: &[BacktraceFrame] = &[];
    let (outcome, frames) = match &report.ending {
        Ending::Returned(_) => ("returned", none),
        Ending::Trapped(trap) => ("trapped", &trap.backtrace.frames[..]),
        Ending::Exited(_) => ("exited", none),
        Ending::Frozen(frames) => ("frozen", &frames[..]),
    };
    let mut object = json!({
        "outcome": outcome,
        "values": [],
        "trap": null,
        "frames": frames.iter().map(frame).collect::<Vec<_>>(),
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
pub fn frame(frame: &BacktraceFrame) -> Json {
    json!({
        "instance": frame.instance,
        "func": frame.function,
        "name": frame.name,
        "offset": frame.offset,
        "locals": optional_values(&frame.locals),
        "stack": optional_values(&frame.stack),
    })
}

/// One value with its type.
pub fn value(value: &Value) -> Json {
    json!({ "type": value.ty().name(), "value": values::format(value) })
}

/// Values that may be unknown, which are null.
fn optional_values(values: &[Option<Value>]) -> Json {
    values
        .iter()
        .map(|known| known.as_ref().map_or(Json::Null, value))
        .collect()
}
