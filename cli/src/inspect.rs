//! `woodfrog inspect`: what is in an image, as text or JSON.

use crate::args::InspectArgs;
use crate::error::Failure;
use crate::frames;
use crate::frozen::Frozen;
use crate::{json, report, values};
use serde_json::{Value as Json, json};
use std::fmt::Write;
use woodfrog::frame::HostCall;
use woodfrog::image::{InstanceImage, TableElements};
use woodfrog::runtime::BacktraceFrame;
use woodfrog::wasi::{HostState, StateError};

/// Most elements of a table and bytes of a memory that are worth a line each.
const MAX_TABLE_ELEMENTS_SHOWN: usize = 16;

/// Shows an image and returns the exit code. With modules it is checked as if it were
/// to be resumed.
///
/// # Errors
///
/// [`Failure`]; the exit code is then 1.
pub fn inspect(args: &InspectArgs) -> Result<u8, Failure> {
    let frozen = Frozen::read(&args.image_file, &args.module)?;
    let image = frozen.image()?;
    let frames = frames::of_image(&image, &frozen.modules());
    let text = match args.json {
        true => format!("{}\n", to_json(&image, &frames, frozen.len_bytes())),
        false => to_text(&image, &frames, frozen.len_bytes()),
    };
    report::print_text(&text)?;
    Ok(0)
}

fn to_text(image: &InstanceImage<'_>, frames: &[BacktraceFrame], size: usize) -> String {
    let mut text = String::new();
    write_text(&mut text, image, frames, size).expect("a String takes all text");
    text
}

fn write_text(
    text: &mut String,
    image: &InstanceImage<'_>,
    frames: &[BacktraceFrame],
    size: usize,
) -> std::fmt::Result {
    writeln!(text, "image of {size} bytes")?;
    for (index, hash) in image.modules.iter().enumerate() {
        writeln!(text, "module {index}: sha256 {hash}")?;
    }
    for (index, instance) in image.instances.iter().enumerate() {
        writeln!(text, "instance {index}: of module {}", instance.module)?;
    }
    let state = image.execution_state.as_ref();
    match state {
        None => writeln!(text, "no frames: nothing was running")?,
        Some(_) => writeln!(text, "frames, innermost first:")?,
    }
    for (number, frame) in frames.iter().enumerate() {
        writeln!(text, "{number:>5}: {frame}")?;
    }
    if let Some(HostCall::Pending(call)) = state.and_then(|state| state.host_call.as_ref()) {
        let arguments: Vec<_> = call.arguments.iter().map(values::format).collect();
        writeln!(
            text,
            "pending: function {} of the host, called by instance {} with [{}]",
            call.function.0,
            call.instance,
            arguments.join(", ")
        )?;
    }
    for (address, memory) in image.memories.iter().enumerate() {
        let chunks = memory.contents.chunks();
        let stored: usize = chunks.map(|(_, bytes)| bytes.len()).sum();
        writeln!(
            text,
            "memory {address}: {} pages of 64 KiB, {stored} bytes stored, addressed by {}",
            memory.size_pages,
            memory.ty.address.val_type()
        )?;
    }
    for (address, global) in image.globals.iter().enumerate() {
        let mutability = if global.ty.is_mutable { "mut " } else { "" };
        let (ty, value) = (global.ty.value, values::format(&global.value));
        writeln!(text, "global {address}: {mutability}{ty} {value}")?;
    }
    for (address, table) in image.tables.iter().enumerate() {
        let elements = table_elements(&table.elements);
        let ty = table.ty.element;
        write!(
            text,
            "table {address}: {} elements of {ty}, addressed by {}:",
            elements.len(),
            table.ty.address.val_type()
        )?;
        for element in elements.iter().take(MAX_TABLE_ELEMENTS_SHOWN) {
            write!(
                text,
                " {}",
                element.map_or_else(|| "null".to_owned(), |element| element.to_string())
            )?;
        }
        if elements.len() > MAX_TABLE_ELEMENTS_SHOWN {
            write!(text, " ...")?;
        }
        writeln!(text)?;
    }
    writeln!(text, "host state: {}", describe_host(&image.host))
}

fn describe_host(bytes: &[u8]) -> String {
    match HostState::from_bytes(bytes) {
        Ok(state) => format!(
            "{:?} of {:?}, arguments {:?}, environment {:?}, {} bytes of standard input read",
            state.stage,
            state.entry,
            lossy(state.wasi.args()),
            lossy(state.wasi.env()),
            state.wasi.stdin_position()
        ),
        Err(error) => format!("{} bytes of another host: {error}", bytes.len()),
    }
}

/// Strings to be looked at: what is not UTF-8 in them is replaced.
fn lossy(strings: &[Vec<u8>]) -> Vec<String> {
    let lossy = strings.iter().map(|string| String::from_utf8_lossy(string));
    lossy.map(String::from).collect()
}

/// Function or host references as numbers; None is null.
fn table_elements(elements: &TableElements) -> Vec<Option<u32>> {
    match elements {
        TableElements::Func(elements) => elements.iter().map(|e| e.map(|addr| addr.0)).collect(),
        TableElements::Extern(elements) => {
            elements.iter().map(|e| e.map(|token| token.0)).collect()
        }
    }
}

fn to_json(image: &InstanceImage<'_>, frames: &[BacktraceFrame], size: usize) -> Json {
    let memories = image.memories.iter().map(|memory| {
        let chunks = memory.contents.chunks();
        json!({
            "address": memory.ty.address.val_type().name(),
            "pages": memory.size_pages,
            "maximum": memory.ty.maximum,
            "stored_bytes": chunks.map(|(_, bytes)| bytes.len()).sum::<usize>(),
        })
    });
    let globals = image.globals.iter().map(|global| {
        let mut object = json::value(&global.value);
        object["mutable"] = global.ty.is_mutable.into();
        object
    });
    let tables = image.tables.iter().map(|table| {
        json!({
            "address": table.ty.address.val_type().name(),
            "type": table.ty.element.name(),
            "elements": table_elements(&table.elements),
        })
    });
    json!({
        "bytes": size,
        "modules": image.modules.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "instances": image.instances.iter().map(|instance| json!({ "module": instance.module })).collect::<Vec<_>>(),
        "frames": frames.iter().map(json::frame).collect::<Vec<_>>(),
        "memories": memories.collect::<Vec<_>>(),
        "globals": globals.collect::<Vec<_>>(),
        "tables": tables.collect::<Vec<_>>(),
        "host": host_json(&image.host),
    })
}

fn host_json(bytes: &[u8]) -> Json {
    let state: Result<HostState, StateError> = HostState::from_bytes(bytes);
    match state {
        Ok(state) => {
            json!({
                "stage": format!("{:?}", state.stage),
                "entry": format!("{:?}", state.entry),
                "args": lossy(state.wasi.args()),
                "env": lossy(state.wasi.env()),
                "stdin_position": state.wasi.stdin_position(),
            })
        }
        Err(_) => Json::Null,
    }
}
