//! Guests in virtual machines that are checkpointed by the kernel, while QEMU translates its code.

mod thaw;
mod throughput;

use crate::disk::disk_bytes;
use crate::guest::Load;
use crate::measure::{ALLOWANCE, DIRTY_PERCENT};
use crate::plan::Plan;
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;
use woodfrog_qemu::{Accel, Artifacts, CheckpointFigures, Disk, MachineType, Running, Vm};
use woodfrog_report::goal::Goal;
use woodfrog_report::significant;
use woodfrog_report::stats::{greatest, percentile};
use woodfrog_report::table::Table;

/// What a machine has beside the guest's memory and as much for the kernel's heap, in MiB.
const MACHINE_MIB: u64 = 256;

/// Far more than any machine runs.
const TIMEOUT: Duration = Duration::from_secs(300);

/// Between two checkpoints whose pauses are measured.
const INTERVAL_MS: u64 = 250;

/// The memory of the guest whose slowdown is measured. Where a guest reads from more memory than the
/// emulator's tables of translations cover, a flush of these makes it faster.
const SLOWDOWN_MIB: u64 = 16;

/// What machines are made of.
struct Machines<'a> {
    plan: &'a Plan,
    artifacts: Artifacts,
}

/// A machine, and the disk that it needs.
struct Machine {
    running: Running,
    _disk: Disk,
}

impl Machines<'_> {
    /// A new disk with a guest.
    fn disk(&self, load: Load) -> Result<Disk> {
        let module = self.plan.file("guest.wasm");
        fs::write(&module, load.to_wasm()?)?;
        let woodfrog = self.artifacts.woodfrog()?;
        let size = format!("{}M", disk_bytes(load.mib) >> 20);
        let no_args: [&str; 0] = [];
        Ok(Disk::create(&woodfrog, &size, &module, no_args)?)
    }

    /// A machine that boots the kernel for a guest of so much memory.
    fn vm(&self, mib: u64, disk: PathBuf, options: &str) -> Result<Vm> {
        Ok(Vm {
            kernel: self.artifacts.kernel()?,
            machine: MachineType::Q35,
            accel: Accel::Tcg,
            disk: Some(disk),
            append: options.to_owned(),
            processors: 1,
            memory_mib: (2 * mib + MACHINE_MIB) as u32,
            timeout: TIMEOUT,
            log: self.plan.file("log"),
        })
    }

    /// Starts a machine with a new disk.
    fn start(&self, load: Load, options: &str) -> Result<Machine> {
        let disk = self.disk(load)?;
        Ok(Machine {
            running: self.vm(load.mib, disk.path(), options)?.start(false)?,
            _disk: disk,
        })
    }

    /// Has a guest checkpointed so many times, after the first one.
    fn checkpoints(&self, load: Load, count: usize) -> Result<Vec<CheckpointFigures>> {
        let options = format!("checkpoint_every_ms={INTERVAL_MS}");
        let machine = self.start(load, &options)?;
        checkpoints_until(machine.running, |found| found.len() > count)
    }

    /// How many pages a guest reads in a second.
    fn rate(&self, load: Load, options: &str) -> Result<f64> {
        let mut machine = self.start(load, options)?;
        let end_ns = (WARM_UP + self.plan.qemu_time).as_nanos() as u64;
        let measured = |running: &Running| Report::between(&running.serial(), end_ns);
        machine
            .running
            .wait_until(|running| measured(running).is_some());
        let ended = machine.running.kill();
        Report::between(&ended.serial, end_ns)
            .with_context(|| format!("it stopped:\n{}", ended.log))
    }
}

/// Waits until a machine has written the checkpoints that are wanted, and kills it.
fn checkpoints_until(
    mut running: Running,
    are_enough: impl Fn(&[CheckpointFigures]) -> bool,
) -> Result<Vec<CheckpointFigures>> {
    let find = |running: &Running| CheckpointFigures::parse_log(&running.log());
    let is_done = running.wait_until(|running| are_enough(&find(running)));
    let log = running.kill().log;
    ensure!(is_done, "the machine did not write its checkpoints:\n{log}");
    Ok(CheckpointFigures::parse_log(&log))
}

/// What a guest does first is not measured.
const WARM_UP: Duration = Duration::from_secs(2);

/// What a guest says of itself.
#[derive(Clone, Copy)]
struct Report {
    time_ns: u64,
    units: u64,
}

impl Report {
    /// Units a second from the end of the warm-up until a time, which are counted from its first
    /// report on; None: it has not come that far.
    fn between(serial: &[u8], end_ns: u64) -> Option<f64> {
        let reports = serial.as_chunks::<24>().0.iter().map(|bytes| {
            let number =
                |at: usize| u64::from_le_bytes(*bytes[at..].first_chunk().expect("8 bytes"));
            Self {
                time_ns: number(0),
                units: number(8),
            }
        });
        let reports: Vec<Self> = reports.collect();
        let begin_ns = reports.first()?.time_ns;
        let after = |ns: u64| {
            reports
                .iter()
                .find(|report| report.time_ns - begin_ns >= ns)
        };
        let (first, last) = (after(WARM_UP.as_nanos() as u64)?, after(end_ns)?);
        let time_ns = last.time_ns - first.time_ns;
        Some((last.units - first.units) as f64 * 1e9 / time_ns as f64)
    }
}

/// Pauses, what is written, throughput, and what a guest loses.
pub fn measure(plan: &Plan) -> Result<(Vec<Table>, Vec<Goal>)> {
    let machines = Machines {
        plan,
        artifacts: Artifacts::new(),
    };
    let (pauses, mut goals) = pauses(&machines)?;
    let (throughput, more) = throughput::measure(&machines)?;
    goals.extend(more);
    let (slowdown, goal) = slowdown(&machines)?;
    goals.extend(goal);
    let (thaws, goal) = thaw::measure(&machines)?;
    goals.extend(goal);
    Ok((vec![pauses, throughput, slowdown, thaws], goals))
}

fn pauses(machines: &Machines<'_>) -> Result<(Table, Vec<Goal>)> {
    let plan = machines.plan;
    let note = format!(
        "A machine of QEMU (TCG, q35, one processor), whose disk is a file. Pauses are from the \
         moment when the program stops until it runs again, in microseconds of the wall clock, \
         while it writes to {DIRTY_PERCENT} % of its memory a second; checkpoints are {INTERVAL_MS} \
         ms apart. The longest stop is the longest of all while a checkpoint is written out. The \
         first checkpoint, and what it stops, is not among the others."
    );
    let header = [
        "memory, MiB",
        "checkpoints",
        "p50",
        "p99",
        "longest stop",
        "durable, p50",
        "written / changed",
        "of what it may",
    ];
    let mut table = Table::new("Checkpoints in QEMU", &note, header);
    let (mut p50s, mut p99s, mut written) = (vec![], vec![], vec![]);
    for &mib in plan.sizes() {
        eprintln!("checkpoints of a guest of {mib} MiB in QEMU");
        let load = Load::of_percent(mib, DIRTY_PERCENT, plan.seed);
        let checkpoints = machines.checkpoints(load, plan.qemu_checkpoints)?;
        let (_, others) = checkpoints.split_first().context("no checkpoint")?;
        let us = |us: fn(&CheckpointFigures) -> u64, percent| {
            let times = others.iter().map(|one| Duration::from_micros(us(one)));
            percentile(times.collect(), percent).as_secs_f64() * 1e6
        };
        let (p50, p99) = (us(|one| one.pause_us, 50), us(|one| one.pause_us, 99));
        let (total, most) = bytes(others).context("no checkpoint but the first")?;
        let figures = [
            p50,
            p99,
            us(|one| one.stop_us, 100),
            us(|one| one.total_us, 50),
            total,
            most,
        ];
        let cells = [mib.to_string(), others.len().to_string()];
        table.push(cells.into_iter().chain(figures.map(significant)));
        p50s.push(p50);
        p99s.push(p99);
        written.push(most);
    }
    let growth = |values: &[f64]| Some(values[values.len() - 1] / values[0]);
    let goals = [
        Goal::at_most(
            "growth of the pause in QEMU, median, largest / smallest memory",
            2.0,
            None,
            growth(&p50s),
        ),
        Goal::at_most(
            "growth of the pause in QEMU, p99, largest / smallest memory",
            2.0,
            None,
            growth(&p99s),
        ),
        Goal::at_most(
            "bytes written in QEMU / (1.05 x changed + 64 KiB), most",
            1.0,
            None,
            greatest(written),
        ),
    ];
    Ok((table, goals.into_iter().flatten().collect()))
}

/// Bytes that were written for each that had changed, and the most of any checkpoint as a part of
/// what it may.
fn bytes(checkpoints: &[CheckpointFigures]) -> Option<(f64, f64)> {
    let changed = |one: &CheckpointFigures| (one.pages * crate::guest::PAGE + one.metadata) as f64;
    let all: f64 = checkpoints.iter().map(changed).sum();
    let written: f64 = checkpoints.iter().map(|one| one.bytes as f64).sum();
    let most = checkpoints
        .iter()
        .map(|one| one.bytes as f64 / (1.05 * changed(one) + ALLOWANCE));
    Some((written / all, greatest(most)?))
}

fn slowdown(machines: &Machines<'_>) -> Result<(Table, Option<Goal>)> {
    eprintln!("slowdown of a guest of {SLOWDOWN_MIB} MiB in QEMU");
    let plan = machines.plan;
    let load = Load::of_percent(SLOWDOWN_MIB, DIRTY_PERCENT, plan.seed);
    let mut slowdowns = Vec::new();
    for _ in 0..plan.qemu_rounds {
        let unhindered = machines.rate(load, "")?;
        let hindered = machines.rate(load, "checkpoint_every_ms=1000")?;
        slowdowns.push(100.0 * (unhindered / hindered - 1.0));
    }
    slowdowns.sort_unstable_by(f64::total_cmp);
    let middle = slowdowns[(slowdowns.len() - 1) / 2];
    let note = format!(
        "How much longer a guest of {SLOWDOWN_MIB} MiB takes for the same work, by the wall clock, \
         with a checkpoint a second than with none, in machines that run one after the other; both \
         write to {DIRTY_PERCENT} % of their memory in a second. In percent, of {} turns of {} s.",
        plan.qemu_rounds,
        plan.qemu_time.as_secs()
    );
    let header = ["what", "least", "median", "most"];
    let mut table = Table::new("Slowdown in QEMU", &note, header);
    let ends = [slowdowns[0], middle, slowdowns[slowdowns.len() - 1]];
    let cells = ends.map(significant).into_iter();
    table.push(std::iter::once("slowdown, %".to_owned()).chain(cells));
    let goal = Goal::at_most(
        "slowdown at a checkpoint a second in QEMU, %, median",
        5.0,
        None,
        Some(middle),
    );
    Ok((table, goal))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_of_the_time_after_the_warm_up() {
        let report = |ms: u64, units: u64| {
            let ns = 5_000_000_000 + ms * 1_000_000;
            [ns, units, 0].map(u64::to_le_bytes).concat()
        };
        let reports = [(0, 0), (1000, 10), (2000, 1000), (3000, 1500), (4000, 2000)];
        let serial: Vec<u8> = reports
            .into_iter()
            .flat_map(|(ms, units)| report(ms, units))
            .collect();
        assert_eq!(Report::between(&serial, 4_000_000_000), Some(500.0));
        assert_eq!(Report::between(&serial[..110], 4_000_000_000), None);
    }
}
