//! What is measured on Linux: pauses, what is written, throughput, and what the guest loses.

use crate::disk::{Disk, Floor, disk_bytes};
use crate::guest::{Load, PAGE, Program};
use crate::linux::{self, Act, Run, Stop};
use crate::plan::Plan;
use anyhow::{Context, Result, ensure};
use std::hint::black_box;
use std::time::{Duration, Instant};
use woodfrog::runtime::{Outcome, Store};
use woodfrog_report::goal::Goal;
use woodfrog_report::significant;
use woodfrog_report::stats::{greatest, median, percentile, ratio};
use woodfrog_report::table::Table;

/// Of its memory, a guest writes to this part in a second, in percent.
pub const DIRTY_PERCENT: u64 = 1;

/// Between two stops at which nothing is done.
const FLOOR_INTERVAL: Duration = Duration::from_millis(50);

/// What a checkpoint may write beyond 1.05 times what changed.
pub const ALLOWANCE: f64 = (64 << 10) as f64;

/// A guest that has begun, and is suspended.
fn start(program: &Program) -> Result<Store<()>> {
    let (mut store, instance) = program.begin()?;
    let start = instance.get_typed_func::<(), ()>(&store, "_start")?;
    store.interrupt_handle().request_suspend();
    let outcome = start.call(&mut store, ())?;
    ensure!(outcome == Outcome::Suspended, "the guest has ended");
    Ok(store)
}

/// The pauses of guests of different sizes, and what their checkpoints write.
pub fn pauses(plan: &Plan) -> Result<(Vec<Table>, Vec<Goal>)> {
    let note = format!(
        "From the request to stop until the guest goes on, in microseconds of the wall clock, \
         while it writes to {DIRTY_PERCENT} % of its memory a second; checkpoints are {} ms apart. \
         The floor is a stop at which nothing is done. The first checkpoint is of everything, and \
         not among the others; it is prepared while the guest runs, and takes so long for that: medians, \
         and the longest pause, of {} guests. A checkpoint is durable so long after the request. The \
         last columns are of the bytes that the device got for what had changed: all of them, and the \
         most of any one as a part of what it may (1.05 times what changed, and 64 KiB).",
        plan.interval.as_millis(),
        plan.rounds
    );
    let header = [
        "memory, MiB",
        "checkpoints",
        "floor, p50",
        "floor, p99",
        "p50",
        "p99",
        "longest",
        "first, p50",
        "first, longest",
        "first, prepared",
        "durable, p50",
        "written / changed",
        "of what it may",
    ];
    let mut table = Table::new("Pauses on Linux", &note, header);
    let (mut p50s, mut p99s, mut written) = (Vec::new(), Vec::new(), Vec::new());
    let (mut first_p50s, mut longest_firsts) = (Vec::new(), Vec::new());
    for &mib in plan.sizes() {
        eprintln!("pauses of a guest of {mib} MiB");
        let load = Load::of_percent(mib, DIRTY_PERCENT, plan.seed);
        let program = Program::new(load)?;
        let mut firsts = Vec::new();
        let mut begin = || -> Result<_> {
            let mut store = start(&program)?;
            let mut disk = Disk::create(&plan.file("pauses"), disk_bytes(mib), &program.wasm)?;
            let act = Act::Checkpoint(&mut disk);
            firsts.extend(linux::run(&mut store, act, plan.interval, 1)?.stops);
            Ok((store, disk))
        };
        for _ in 1..plan.rounds {
            begin()?;
        }
        let (mut store, mut disk) = begin()?;
        let floor = linux::run(&mut store, Act::Nothing, FLOOR_INTERVAL, plan.checkpoints)?;
        let act = Act::Checkpoint(&mut disk);
        let run = linux::run(&mut store, act, plan.interval, plan.checkpoints)?;
        let us = |stops: &[Stop], percent| {
            let pauses = stops.iter().map(|stop| stop.pause).collect();
            percentile(pauses, percent).as_secs_f64() * 1e6
        };
        let median_us = |times: Vec<Duration>| median(times).as_secs_f64() * 1e6;
        let (p50, p99) = (us(&run.stops, 50), us(&run.stops, 99));
        let (first, longest_first) = (us(&firsts, 50), us(&firsts, 100));
        let (total, most) = bytes(&run.stops).context("nothing was written")?;
        let figures = [
            us(&floor.stops, 50),
            us(&floor.stops, 99),
            p50,
            p99,
            us(&run.stops, 100),
            first,
            longest_first,
            median_us(firsts.iter().map(|stop| stop.prepared).collect()),
            median_us(run.stops.iter().map(|stop| stop.total).collect()),
            total,
            most,
        ];
        let cells = [mib.to_string(), run.stops.len().to_string()];
        table.push(cells.into_iter().chain(figures.map(significant)));
        p50s.push(p50);
        p99s.push(p99);
        first_p50s.push(first);
        longest_firsts.push(longest_first);
        written.push(most);
    }
    let growth = |values: &[f64]| Some(values[values.len() - 1] / values[0]);
    let goals = [
        Goal::at_most(
            "pause on Linux, p99, us, longest of all sizes",
            1000.0,
            None,
            greatest(p99s.iter().copied()),
        ),
        Goal::at_most(
            "growth of the pause, median, largest / smallest memory",
            2.0,
            None,
            growth(&p50s),
        ),
        Goal::at_most(
            "growth of the pause, p99, largest / smallest memory",
            2.0,
            None,
            growth(&p99s),
        ),
        Goal::at_most(
            "pause for the first checkpoint on Linux, us, longest of all sizes",
            1000.0,
            None,
            greatest(longest_firsts),
        ),
        Goal::at_most(
            "growth of the pause for the first checkpoint, median, largest / smallest memory",
            2.0,
            None,
            growth(&first_p50s),
        ),
        Goal::at_most(
            "bytes written / (1.05 x changed + 64 KiB), most",
            1.0,
            None,
            greatest(written),
        ),
    ];
    Ok((vec![table], goals.into_iter().flatten().collect()))
}

/// Bytes that a device got for each that had changed, and the most of any checkpoint as a part
/// of what it may.
fn bytes(stops: &[Stop]) -> Option<(f64, f64)> {
    let written: Vec<_> = stops.iter().filter_map(|stop| stop.written).collect();
    let dirty: u64 = written.iter().map(|one| one.dirty_bytes).sum();
    let device: u64 = written.iter().map(|one| one.device_bytes).sum();
    let most = written
        .iter()
        .map(|one| one.device_bytes as f64 / (1.05 * one.dirty_bytes as f64 + ALLOWANCE));
    Some((device as f64 / dirty as f64, greatest(most)?))
}

/// How fast checkpoints of memories of which all has changed are written.
pub fn throughput(plan: &Plan) -> Result<(Vec<Table>, Vec<Goal>)> {
    let mib = plan.throughput_mib;
    eprintln!("throughput of checkpoints of {mib} MiB");
    let program = Program::new(Load::of_percent(mib, 0, plan.seed))?;
    let (mut store, instance) = program.begin()?;
    let write_all = instance.get_typed_func::<(), ()>(&store, "write_all")?;
    let mut disk = Disk::create_filled(&plan.file("throughput"), disk_bytes(mib), &program.wasm)?;
    let mut floor = Floor::create(&plan.file("floor"), disk_bytes(mib))?;
    let (mut copies, mut floors, mut times) = (Vec::new(), Vec::new(), Vec::new());
    let source = vec![1_u8; (mib << 20) as usize];
    let mut target = vec![2_u8; source.len()];
    // The first round makes room in caches and files.
    for round in 0..=plan.rounds {
        write_all.call(&mut store, ())?;
        let start = Instant::now();
        let written = disk.write(store.begin_checkpoint()?)?;
        let time = start.elapsed();
        ensure!(written.dirty_bytes >= mib << 20, "not all has changed");
        let floor = floor.write(&source)?;
        let start = Instant::now();
        target.copy_from_slice(black_box(&source));
        black_box(&mut target);
        if round > 0 {
            copies.push(start.elapsed());
            times.push(time);
            floors.push(floor);
        }
    }
    let note = format!(
        "Checkpoints of {mib} MiB of which every page of {PAGE} bytes has changed, from the begin \
         until they are durable, beside writes of as many bytes to another file in requests of \
         1 MiB, made durable, and copies of them in memory; MB (10^6 bytes) a second, medians of {} \
         that were taken in turns.",
        plan.rounds
    );
    let mut table = Table::new("Throughput on Linux", &note, ["what", "MB/s"]);
    let rate = |time: Duration| (mib << 20) as f64 / 1e6 / time.as_secs_f64();
    let (copy, floor, time) = (median(copies), median(floors), median(times));
    for (what, time) in [
        ("memcpy (floor)", copy),
        ("the device (floor)", floor),
        ("checkpoints", time),
    ] {
        table.push([what.to_owned(), significant(rate(time))]);
    }
    let percent = Some(100.0 * ratio(floor, time));
    let goal = Goal::at_least(
        "checkpoint throughput, % of the device's",
        70.0,
        None,
        percent,
    );
    Ok((vec![table], goal.into_iter().collect()))
}

/// How much a guest is slowed down by a checkpoint a second.
pub fn slowdown(plan: &Plan) -> Result<(Vec<Table>, Vec<Goal>)> {
    const SECOND: Duration = Duration::from_secs(1);
    let mib = plan.slowdown_mib;
    eprintln!("slowdown of a guest of {mib} MiB");
    let load = Load::of_percent(mib, DIRTY_PERCENT, plan.seed);
    let program = Program::new(load)?;
    // One is never checkpointed, so that its writes are not even noticed.
    let (mut free, mut held) = (start(&program)?, start(&program)?);
    let mut disk = Disk::create(&plan.file("slowdown"), disk_bytes(mib), &program.wasm)?;
    linux::run(
        &mut held,
        Act::Checkpoint(&mut disk),
        Duration::from_millis(100),
        2,
    )?;
    let rate = |run: &Run| run.units as f64 / run.time.as_secs_f64();
    let mut ratios = Vec::new();
    for _ in 0..plan.rounds {
        let unhindered = rate(&linux::run(&mut free, Act::Nothing, SECOND, 2)?);
        let hindered = rate(&linux::run(
            &mut held,
            Act::Checkpoint(&mut disk),
            SECOND,
            2,
        )?);
        ratios.push(unhindered / hindered);
    }
    ratios.sort_unstable_by(f64::total_cmp);
    let middle = 100.0 * (ratios[(ratios.len() - 1) / 2] - 1.0);
    let note = format!(
        "How much longer a guest of {mib} MiB takes for the same work, by the wall clock, with a \
         checkpoint a second than one that is stopped as often and never checkpointed, which runs \
         in turns with it; both write to {DIRTY_PERCENT} % of their memory in a second. In percent, \
         of {} turns of 2 s.",
        plan.rounds
    );
    let mut table = Table::new(
        "Slowdown on Linux",
        &note,
        ["what", "least", "median", "most"],
    );
    let (least, most) = (ratios[0], ratios[ratios.len() - 1]);
    let ends = [least, most].map(|ratio| significant(100.0 * (ratio - 1.0)));
    let [least, most] = ends;
    table.push(["slowdown, %".to_owned(), least, significant(middle), most]);
    let goal = Goal::at_most(
        "slowdown at a checkpoint a second, %, median",
        5.0,
        None,
        Some(middle),
    );
    Ok((vec![table], goal.into_iter().collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::Written;

    #[test]
    fn written_bytes_are_held_against_what_changed() {
        let stop = |dirty_bytes, device_bytes| Stop {
            prepared: Duration::ZERO,
            pause: Duration::ZERO,
            total: Duration::ZERO,
            written: Some(Written {
                number: 1,
                dirty_bytes,
                device_bytes,
            }),
        };
        let (total, most) = bytes(&[stop(1 << 20, 1 << 20), stop(0, 32 << 10)]).unwrap();
        assert!((total - 1.03125).abs() < 1e-12);
        assert!((most - 1.0 / (1.05 + 1.0 / 16.0)).abs() < 1e-12);
        assert!(bytes(&[]).is_none());
    }
}
