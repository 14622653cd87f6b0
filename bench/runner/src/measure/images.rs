//! Memory into an image and back, beside copies of as many bytes.

use super::timed;
use crate::engines::woodfrog::engine;
use crate::plan::Plan;
use crate::report::Report;
use anyhow::{Context, Result, ensure};
use std::hint::black_box;
use std::time::Duration;
use woodfrog::image::RawImage;
use woodfrog::runtime::{Instance, Linker, Memory, Module, Store};
use woodfrog_report::goal::Goal;
use woodfrog_report::significant;
use woodfrog_report::stats::{median, ratio};
use woodfrog_report::table::Table;

/// Size of the memory: 128 MiB.
const PAGES: usize = 2048;

const BYTES: usize = PAGES << 16;

/// Medians.
struct Times {
    copy: Duration,
    write: Duration,
    fresh_copy: Duration,
    read: Duration,
    image_bytes: usize,
}

/// Measures images of a full memory and of one that is mostly zeros, if that is wanted.
pub fn measure(plan: &Plan, report: &mut Report) -> Result<()> {
    if !plan.wants("image") {
        return Ok(());
    }
    eprintln!("writing and reading images");
    let note = "GB (10^9 bytes) of linear memory a second. Images are written into a buffer \
                that has been used before, and held against a copy into such a buffer; memory \
                is restored into fresh pages, and held against a copy into fresh pages. \
                Checksums, and for reading all other checks of the image, are included.";
    let header = [
        "memory of 128 MiB",
        "image, MB",
        "copy",
        "into an image",
        "copy, fresh",
        "back from it",
    ];
    let mut table = Table::new("Images", note, header);
    let mut goals = Vec::new();
    for (name, stride) in [("full", 1), ("one page in 16 not zero", 16)] {
        let times = times(stride, plan.rounds)?;
        let rate = |time: Duration| significant(BYTES as f64 / 1e9 / time.as_secs_f64());
        table.push([
            name.to_owned(),
            significant(times.image_bytes as f64 / 1e6),
            rate(times.copy),
            rate(times.write),
            rate(times.fresh_copy),
            rate(times.read),
        ]);
        if stride == 1 {
            let percent = |copy, time| Some(ratio(copy, time) * 100.0);
            let written = percent(times.copy, times.write);
            let read = percent(times.fresh_copy, times.read);
            goals.extend(Goal::at_least(
                "memory into an image, % of memcpy",
                70.0,
                90.0,
                written,
            ));
            goals.extend(Goal::at_least(
                "memory out of an image, % of memcpy",
                70.0,
                90.0,
                read,
            ));
        }
    }
    report.tables.push(table);
    report.goals.extend(goals);
    Ok(())
}

/// Times with a memory of which every `stride`th wasm page is filled.
fn times(stride: usize, rounds: usize) -> Result<Times> {
    let engine = engine();
    let text = format!("(module (memory (export \"memory\") {PAGES}))");
    let module = Module::new(&engine, &wat::parse_str(text)?)?;
    let linker = Linker::new();
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module)?;
    fill(memory_of(instance, &store)?.data_mut(&mut store), stride);
    let (mut copies, mut writes) = (Vec::new(), Vec::new());
    let (mut fresh_copies, mut reads) = (Vec::new(), Vec::new());
    let mut copied = Vec::new();
    let mut image = Vec::new();
    // The first round makes the buffers.
    for round in 0..=rounds {
        let memory = memory_of(instance, &store)?;
        let copy = || {
            copied.clear();
            copied.extend_from_slice(black_box(memory.data(&store)));
            Ok(())
        };
        let (copy, ()) = timed(copy)?;
        let write = || {
            image.clear();
            let Ok(()) = store.capture()?.write_to(&mut image);
            Ok(())
        };
        let (write, ()) = timed(write)?;
        let (fresh_copy, fresh) = timed(|| Ok(black_box(memory.data(&store)).to_vec()))?;
        let restore = || {
            let image = RawImage::parse(&image)?.validate(&[module.inner()])?;
            Ok(Store::restore(
                &engine,
                (),
                &linker,
                std::slice::from_ref(&module),
                &image,
            )?)
        };
        let (read, restored) = timed(restore)?;
        let instance = restored.instances().next().context("no instance")?;
        let contents = memory_of(instance, &restored)?;
        ensure!(
            contents.data(&restored) == fresh,
            "another memory came back"
        );
        if round > 0 {
            copies.push(copy);
            writes.push(write);
            fresh_copies.push(fresh_copy);
            reads.push(read);
        }
    }
    Ok(Times {
        copy: median(copies),
        write: median(writes),
        fresh_copy: median(fresh_copies),
        read: median(reads),
        image_bytes: image.len(),
    })
}

fn memory_of(instance: Instance, store: &Store<()>) -> Result<Memory> {
    instance.get_memory(store, "memory").context("no memory")
}

/// Fills every `stride`th wasm page with bytes that are not zero.
fn fill(memory: &mut [u8], stride: usize) {
    for page in memory.chunks_mut(1 << 16).step_by(stride) {
        for (number, byte) in page.iter_mut().enumerate() {
            *byte = (number % 251 + 1) as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_page_of_each_stride_is_filled() {
        let mut memory = vec![0; 4 << 16];
        fill(&mut memory, 2);
        let is_full = |page: usize| memory[page << 16..][..1 << 16].iter().all(|b| *b != 0);
        assert_eq!([0, 1, 2, 3].map(is_full), [true, false, true, false]);
    }
}
