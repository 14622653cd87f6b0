//! How long the kernel takes from finding a checkpoint until the program goes on.

use super::{Machines, checkpoints_until};
use crate::guest::{Load, PAGE};
use anyhow::{Context, Result};
use std::time::{Duration, Instant};
use woodfrog_qemu::{Disk, ThawFigures, Vm};
use woodfrog_report::goal::Goal;
use woodfrog_report::significant;
use woodfrog_report::stats::{median, percentile, ratio};
use woodfrog_report::table::Table;

const INTERVAL_MS: u64 = 1000;

/// By then, what a program needs first has been recorded.
const RECORDED: Duration = Duration::from_secs(3);

/// Thaws of guests of different sizes.
pub(super) fn measure(machines: &Machines<'_>) -> Result<(Table, Option<Goal>)> {
    let rounds = machines.plan.qemu_rounds.max(2);
    let note = format!(
        "From when the kernel has found a checkpoint until the program goes on, in milliseconds of the \
         wall clock, medians of {rounds} boots: with no page read (lazy), with those that it needed \
         in the first second after another thaw (up to 64 MiB: this program reads \
         from any page), and with all of them (eager)."
    );
    let header = [
        "memory, MiB",
        "lazy",
        "lazy, longest",
        "with what it needs first",
        "MiB of that",
        "eager",
    ];
    let mut table = Table::new("Thaws in QEMU", &note, header);
    let mut lazies = Vec::new();
    for &mib in machines.plan.sizes() {
        eprintln!("thaws of a guest of {mib} MiB in QEMU");
        let thaws = Thaws::new(machines, mib)?;
        let times = |options| -> Result<Vec<Duration>> {
            let boots = (0..rounds).map(|_| thaws.boot(options, Duration::ZERO));
            boots.map(|figures| Ok(time(&figures?))).collect()
        };
        let lazy = times("")?;
        let eager = times("thaw=eager")?;
        thaws.boot("", RECORDED)?;
        let known = thaws.boot("", Duration::ZERO)?;
        let figures = [
            ms(median(lazy.clone())),
            ms(percentile(lazy.clone(), 100)),
            ms(time(&known)),
            (known.read * PAGE) as f64 / f64::from(1 << 20),
            ms(median(eager)),
        ];
        table.push(std::iter::once(mib.to_string()).chain(figures.map(significant)));
        lazies.push(median(lazy));
    }
    let goal = Goal::at_most(
        "growth of the lazy thaw in QEMU, median, largest / smallest memory",
        2.0,
        None,
        Some(ratio(lazies[lazies.len() - 1], lazies[0])),
    );
    Ok((table, goal))
}

fn time(thaw: &ThawFigures) -> Duration {
    Duration::from_micros(thaw.thaw_us)
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// A disk with a checkpoint of a program that has written to all of its memory.
struct Thaws<'a> {
    machines: &'a Machines<'a>,
    mib: u64,
    disk: Disk,
}

impl<'a> Thaws<'a> {
    fn new(machines: &'a Machines<'a>, mib: u64) -> Result<Self> {
        let load = Load::of_percent(mib, super::DIRTY_PERCENT, machines.plan.seed);
        let disk = machines.disk(load)?;
        let thaws = Self {
            machines,
            mib,
            disk,
        };
        let running = thaws.vm(&format!("checkpoint_every_ms={INTERVAL_MS}"))?;
        let pages = (mib << 20) / PAGE;
        checkpoints_until(running.start(false)?, |found| {
            let written: u64 = found.iter().map(|one| one.pages).sum();
            written > pages && found.last().is_some_and(|last| last.pages < pages / 16)
        })?;
        Ok(thaws)
    }

    fn vm(&self, options: &str) -> Result<Vm> {
        self.machines.vm(self.mib, self.disk.path(), options)
    }

    /// Thaws the program, lets it run for a while, and kills the machine.
    fn boot(&self, options: &str, time: Duration) -> Result<ThawFigures> {
        let mut running = self.vm(options)?.start(false)?;
        running.wait_until(|running| ThawFigures::parse_log(&running.log()).is_some());
        let thawed = Instant::now();
        running.wait_until(|_| thawed.elapsed() >= time);
        let log = running.kill().log;
        let figures = ThawFigures::parse_log(&log);
        figures.with_context(|| format!("the machine did not thaw its program:\n{log}"))
    }
}
