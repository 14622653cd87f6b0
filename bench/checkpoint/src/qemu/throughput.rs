//! How fast the kernel writes a checkpoint of everything, while the guest runs on on the same
//! processor, beside what the device can do.

use super::{Machines, checkpoints_until};
use crate::guest::{Load, PAGE};
use anyhow::{Context, Result, ensure};
use std::time::Duration;
use woodfrog_qemu::{CheckpointFigures, Vm};
use woodfrog_report::goal::Goal;
use woodfrog_report::significant;
use woodfrog_report::stats::median;
use woodfrog_report::table::Table;

const MIB: u64 = 128;

/// The guest has written to all of its memory by then.
const BEGIN_MS: u64 = 4000;

/// What the slow device writes in a second: as much as a hard disk. Emulated, a processor takes several
/// times as long for each byte as others do; beside the page cache of the host no device is as fast.
const SLOW: u64 = 100_000_000;

/// Checkpoints on a disk in a file of the host, and on one that is as slow as devices are.
pub(super) fn measure(machines: &Machines<'_>) -> Result<(Table, Vec<Goal>)> {
    let note = format!(
        "The first checkpoint of a guest of {MIB} MiB, all of which has been written to, from its begin \
         until it is durable, while the guest runs on on the same emulated processor, beside a \
         kernel that does nothing but write, in requests of 1 MiB; MB (10^6 bytes) a second, \
         medians of {}. The slow disk is held to {} MB/s by QEMU.",
        machines.plan.qemu_rounds,
        SLOW / 1_000_000
    );
    let header = ["disk", "the device (floor)", "checkpoints", "%"];
    let mut table = Table::new("Throughput in QEMU", &note, header);
    let mut goals = Vec::new();
    for (disk, limit, figure) in [
        (
            "a file of the host",
            "",
            "checkpoint throughput in QEMU, % of the device's",
        ),
        (
            "a slow one",
            &*format!(",throttling.bps-write={SLOW}"),
            "checkpoint throughput in QEMU, slow disk, % of the device's",
        ),
    ] {
        eprintln!("throughput of checkpoints in QEMU on {disk}");
        let rounds = (0..machines.plan.qemu_rounds).map(|_| round(machines, limit));
        let (floors, times): (Vec<_>, Vec<_>) =
            rounds.collect::<Result<Vec<_>>>()?.into_iter().unzip();
        // Of a whole mebibyte.
        let rate = |times| (1 << 20) as f64 / 1e6 / median(times).as_secs_f64();
        let (floor, rate) = (rate(floors), rate(times));
        let percent = 100.0 * rate / floor;
        let cells = [floor, rate, percent].map(significant);
        table.push(std::iter::once(disk.to_owned()).chain(cells));
        goals.extend(Goal::at_least(figure, 70.0, None, Some(percent)));
    }
    Ok((table, goals))
}

/// How long the device takes for a mebibyte, and a checkpoint.
fn round(machines: &Machines<'_>, limit: &str) -> Result<(Duration, Duration)> {
    let load = Load::of_percent(MIB, super::DIRTY_PERCENT, machines.plan.seed);
    let disk = machines.disk(load)?;
    let mut path = disk.path().into_os_string();
    path.push(limit);
    let options = format!("checkpoint_every_ms={BEGIN_MS}");
    let vm = machines.vm(MIB, path.into(), &options)?;
    let checkpoints = checkpoints_until(vm.start(false)?, |found| !found.is_empty())?;
    let CheckpointFigures {
        pages,
        bytes,
        total_us,
        ..
    } = checkpoints[0];
    ensure!(pages * PAGE >= MIB << 20, "not all has been written to");
    let time = |us, bytes| Duration::from_micros(us).mul_f64((1 << 20) as f64 / bytes as f64);
    let kernel = machines.artifacts.image("device_rate")?;
    let append = String::new();
    let floor = floor(&Vm {
        kernel,
        append,
        ..vm
    })?;
    Ok((time(floor.0, floor.1), time(total_us, bytes)))
}

/// Microseconds that the device takes to write so many bytes, without the first time.
fn floor(vm: &Vm) -> Result<(u64, u64)> {
    let log = vm.start(false)?.wait().log;
    let mut times = log.lines().filter_map(parse).skip(1);
    let first = times.next();
    let first = first.with_context(|| format!("the device was not measured:\n{log}"))?;
    Ok(times.fold(first, |least, time| least.min(time)))
}

/// Microseconds and bytes of a line of the image's.
fn parse(line: &str) -> Option<(u64, u64)> {
    let fields = line.strip_prefix("status written bytes=")?;
    let (bytes, us) = fields.split_once(" us=")?;
    Some((us.parse().ok()?, bytes.parse().ok()?))
}
