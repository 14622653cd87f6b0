//! An image as text.

use super::{Shown, lossy, table_elements};
use crate::segments::{Segment, few_segments};
use crate::values;
use std::fmt::{Result, Write};
use woodfrog::frame::HostCall;
use woodfrog::image::{IMAGE_PAGE, InstanceImage, MemoryState};
use woodfrog::limits::WASM_PAGE;
use woodfrog::wasi::HostState;

/// Most elements of a table that are shown.
const MAX_TABLE_ELEMENTS: usize = 16;

/// Most lines for what of a memory is not zero.
const MAX_SEGMENTS: usize = 16;

impl Shown<'_> {
    /// All of it as text.
    pub(super) fn to_text(&self) -> String {
        let mut text = String::new();
        self.write(&mut text).expect("a String takes all text");
        text
    }

    fn write(&self, text: &mut String) -> Result {
        writeln!(text, "image of {} bytes", self.sizes.total())?;
        for (index, &hash) in self.image.modules.iter().enumerate() {
            write!(text, "module {index}: sha256 {hash}")?;
            match self.frozen.module_path(hash) {
                Some(path) => writeln!(text, ", {}", path.display())?,
                None => writeln!(text)?,
            }
        }
        for (index, instance) in self.image.instances.iter().enumerate() {
            writeln!(text, "instance {index}: of module {}", instance.module)?;
        }
        match self.frames.is_empty() {
            true => writeln!(text, "no frames: nothing was running")?,
            false => writeln!(text, "frames, innermost first:")?,
        }
        for (number, frame) in self.frames.iter().enumerate() {
            writeln!(text, "{number:>5}: {frame}")?;
        }
        let state = self.image.execution_state.as_ref();
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
        for (address, memory) in self.image.memories.iter().enumerate() {
            write_memory(text, address, memory)?;
        }
        self.write_globals(text)?;
        self.write_tables(text)?;
        writeln!(text, "host state: {}", describe_host(self.image))?;
        self.write_sizes(text)
    }

    fn write_globals(&self, text: &mut String) -> Result {
        for (address, global) in self.image.globals.iter().enumerate() {
            let mutability = if global.ty.is_mutable { "mut " } else { "" };
            let (ty, value) = (global.ty.value, values::format(&global.value));
            writeln!(text, "global {address}: {mutability}{ty} {value}")?;
        }
        Ok(())
    }

    fn write_tables(&self, text: &mut String) -> Result {
        for (address, table) in self.image.tables.iter().enumerate() {
            let elements = table_elements(&table.elements);
            let (count, ty, by) = (
                elements.len(),
                table.ty.element,
                table.ty.address.val_type(),
            );
            write!(
                text,
                "table {address}: {count} elements of {ty}, addressed by {by}:"
            )?;
            for element in elements.iter().take(MAX_TABLE_ELEMENTS) {
                match element {
                    Some(element) => write!(text, " {element}")?,
                    None => write!(text, " null")?,
                }
            }
            let dots = if count > MAX_TABLE_ELEMENTS {
                " ..."
            } else {
                ""
            };
            writeln!(text, "{dots}")?;
        }
        Ok(())
    }

    /// Where the bytes of the image go, the largest part first.
    fn write_sizes(&self, text: &mut String) -> Result {
        let mut parts = self.parts();
        parts.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
        writeln!(text, "where the bytes go:")?;
        let total = self.sizes.total();
        for (name, size) in parts.iter().filter(|(_, size)| *size > 0) {
            let percent = percent(*size, total);
            writeln!(text, "    {name:<12} {size:>12} bytes {percent:>6.2} %")?;
        }
        Ok(())
    }
}

/// A memory, and what of it is zero.
fn write_memory(text: &mut String, address: usize, memory: &MemoryState<'_>) -> Result {
    let segments = few_segments(std::slice::from_ref(memory), MAX_SEGMENTS);
    let stored = segments.iter().map(|segment| segment.pages).sum::<u64>() * IMAGE_PAGE as u64;
    let size = memory.size_pages * WASM_PAGE;
    writeln!(
        text,
        "memory {address}: {} pages of 64 KiB, {stored} bytes stored ({:.2} %), addressed by {}",
        memory.size_pages,
        percent(stored, size),
        memory.ty.address.val_type()
    )?;
    let mut next = 0;
    for segment in &segments {
        write_range(text, next, segment.address(), "zero")?;
        next = segment.address() + segment.len_bytes();
        write_range(text, segment.address(), next, &describe(segment))?;
    }
    write_range(text, next, size, "zero")
}

/// A line of a memory's map; none for no bytes.
fn write_range(text: &mut String, begin: u64, end: u64, what: &str) -> Result {
    if begin == end {
        return Ok(());
    }
    let (last, size) = (end - 1, (end - begin) >> 10);
    writeln!(
        text,
        "    {begin:#010x} - {last:#010x} {size:>10} KiB {what}"
    )
}

fn describe(segment: &Segment) -> String {
    let (pages, all) = (segment.pages, segment.end - segment.first);
    match pages == all {
        true => "data".to_owned(),
        false => format!("{pages} of {all} pages of 4 KiB are data"),
    }
}

fn describe_host(image: &InstanceImage<'_>) -> String {
    match HostState::of_image(image) {
        Ok(state) => format!(
            "{:?} of {:?}, arguments {:?}, environment {:?}, {} bytes of standard input read",
            state.stage,
            state.entry,
            lossy(state.wasi.args()),
            lossy(state.wasi.env()),
            state.wasi.stdin_position()
        ),
        Err(error) => {
            let bytes: usize = image.host.iter().map(|section| section.bytes.len()).sum();
            format!("{bytes} bytes of another host: {error}")
        }
    }
}

/// 0 of nothing.
fn percent(part: u64, whole: u64) -> f64 {
    match whole {
        0 => 0.0,
        whole => part as f64 * 100.0 / whole as f64,
    }
}
