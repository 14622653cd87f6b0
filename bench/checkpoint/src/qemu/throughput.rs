//! How fast the kernel writes a checkpoint of everything, while the guest runs on on the same
//! processor, beside what the device can do.

use super::{Machines, checkpoints_until};
use crate::guest::{Load, PAGE};
use anyhow::{Context, Result};
use std::time::Duration;
use woodfrog_qemu::{CheckpointFigures, Vm};
use woodfrog_report::goal::Goal;
use woodfrog_report::significant;
use woodfrog_report::stats::median;
use woodfrog_report::table::Table;

const MIB: u64 = 128;

/// Between two checkpoints. In the middle the guest writes to all of its memory.
const INTERVAL_MS: u64 = 4000;

/// A disk, to how many MB a second QEMU holds it, and what is measured there.
type Device = (&'static str, Option<u64>, &'static str);

/// A file of the host, and disks that are as fast as what clouds give a small machine, and as hard disks.
/// Emulated, a processor takes several times as long for each byte as others do; beside the page
/// cache of the host no device is as fast.
const DEVICES: [Device; 3] = [
    (
        "a file of the host",
        None,
        "checkpoint throughput in QEMU, % of the device's",
    ),
    (
        "one of 200 MB/s",
        Some(200),
        "checkpoint throughput in QEMU, disk of 200 MB/s, % of the device's",
    ),
    (
        "one of 100 MB/s",
        Some(100),
        "checkpoint throughput in QEMU, disk of 100 MB/s, % of the device's",
    ),
];

/// Checkpoints on a disk in a file of the host, and on those that are as slow as devices are.
pub(super) fn measure(machines: &Machines<'_>) -> Result<(Table, Vec<Goal>)> {
    let checkpoints = 1 + 2 * machines.plan.qemu_rounds;
    let note = format!(
        "Checkpoints of a guest of {MIB} MiB, all of which has been written to since the one before, from \
         their begin until they are durable, while the guest runs on on the same emulated processor, beside a \
         kernel that does nothing but write, in requests of 1 MiB; MB (10^6 bytes) a second, \
         medians of {checkpoints}. The first, for which QEMU translates the kernel's code, is not among them."
    );
    let header = ["disk", "the device (floor)", "checkpoints", "%"];
    let mut table = Table::new("Throughput in QEMU", &note, header);
    let mut goals = Vec::new();
    for (disk, most_mb, figure) in DEVICES {
        eprintln!("throughput of checkpoints in QEMU on {disk}");
        let limit = most_mb.map(|mb| format!(",throttling.bps-write={}", mb * 1_000_000));
        let (floor, times) = times(machines, &limit.unwrap_or_default(), checkpoints)?;
        // Of a whole mebibyte.
        let rate = |time: Duration| (1 << 20) as f64 / 1e6 / time.as_secs_f64();
        let (floor, rate) = (rate(floor), rate(median(times)));
        let percent = 100.0 * rate / floor;
        let cells = [floor, rate, percent].map(significant);
        table.push(std::iter::once(disk.to_owned()).chain(cells));
        goals.extend(Goal::at_least(figure, 70.0, None, Some(percent)));
    }
    Ok((table, goals))
}

/// How long the device takes for a mebibyte, and checkpoints of all memory.
fn times(
    machines: &Machines<'_>,
    limit: &str,
    checkpoints: usize,
) -> Result<(Duration, Vec<Duration>)> {
    let load = Load {
        all_every_ms: INTERVAL_MS,
        ..Load::of_percent(MIB, super::DIRTY_PERCENT, machines.plan.seed)
    };
    let disk = machines.disk(load)?;
    let mut path = disk.path().into_os_string();
    path.push(limit);
    let options = format!("checkpoint_every_ms={INTERVAL_MS}");
    let vm = machines.vm(MIB, path.into(), &options)?;
    let time = |us, bytes| Duration::from_micros(us).mul_f64((1 << 20) as f64 / bytes as f64);
    let times_of = |found: &[CheckpointFigures]| -> Vec<Duration> {
        let later = found.iter().skip(1);
        let whole = later.filter(|one| one.pages * PAGE >= MIB << 20);
        whole.map(|one| time(one.total_us, one.bytes)).collect()
    };
    let running = vm.start(false)?;
    let found = checkpoints_until(running, |found| times_of(found).len() >= checkpoints)?;
    let kernel = machines.artifacts.image("device_rate")?;
    let append = String::new();
    let floor = floor(&Vm {
        kernel,
        append,
        ..vm
    })?;
    Ok((time(floor.0, floor.1), times_of(&found)))
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
