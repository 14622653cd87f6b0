//! Measures what checkpoints cost, beside floors that are measured in the same run.
//!
//! [`guest`] is the program that is checkpointed, [`linux`] runs it and stops it, [`disk`]
//! writes it out, and [`measure`] has what is made of that; [`thaw`] is about the
//! way back, [`qemu`] about the kernel in virtual machines.

mod disk;
mod guest;
mod linux;
mod measure;
mod plan;
mod qemu;
mod thaw;

use anyhow::{Context, Result, bail};
use clap::{Parser, ValueEnum};
use guest::{Load, Program};
use plan::Plan;
use std::fmt::Write;
use std::path::PathBuf;
use woodfrog_report::goal::{self, Goal};
use woodfrog_report::machine::Machine;
use woodfrog_report::{document, table::Table};

/// Measures what checkpoints of running guests cost, on Linux and in QEMU.
#[derive(Debug, Parser)]
struct Args {
    /// Be done within a minute or two, with small memories: to see whether it works
    #[arg(long)]
    quick: bool,
    /// Measure nothing else
    #[arg(long)]
    only: Option<Part>,
    /// Which pages the guests write to
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The folder for disks, on the device that is to be measured (some 3 GiB)
    #[arg(long, default_value = ".")]
    folder: PathBuf,
    /// What else is to be known of this run: a sentence
    #[arg(long, default_value = "")]
    note: String,
    /// Where to write the figures to, into benchmarks.md
    #[arg(long)]
    output: Option<PathBuf>,
}

/// A part of what is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    Pauses,
    Throughput,
    Slowdown,
    Thaws,
    Qemu,
}

impl Part {
    fn measure(self, plan: &Plan) -> Result<(Vec<Table>, Vec<Goal>)> {
        match self {
            Self::Pauses => measure::pauses(plan),
            Self::Throughput => measure::throughput(plan),
            Self::Slowdown => measure::slowdown(plan),
            Self::Thaws => thaw::measure(plan),
            Self::Qemu => qemu::measure(plan),
        }
    }
}

fn main() -> Result<()> {
    let args = Args::parse();
    let folder = tempfile::tempdir_in(&args.folder);
    let folder = folder.with_context(|| args.folder.display().to_string())?;
    let plan = Plan::new(folder.path(), args.seed, args.quick);
    let machine = Machine::describe();
    check_tracking(&plan)?;
    eprintln!("seed {}", plan.seed);
    let (mut tables, mut goals) = (Vec::new(), Vec::new());
    let parts = Part::value_variants().iter();
    for part in parts.filter(|&&part| args.only.is_none_or(|only| only == part)) {
        let (more_tables, more_goals) = part.measure(&plan)?;
        for table in &more_tables {
            eprintln!("\n{}", table.to_markdown());
        }
        tables.extend(more_tables);
        goals.extend(more_goals);
    }
    let markdown = markdown(&machine, &plan, &args.note, &goals, &tables);
    println!("{markdown}");
    match args.output {
        Some(_) if plan.is_quick || args.only.is_some() => {
            eprintln!("nothing is written: not all was measured thoroughly");
            Ok(())
        }
        Some(folder) => document::write_part(&folder.join("benchmarks.md"), &markdown),
        None => Ok(()),
    }
}

/// Says so if this system does not let the process track writes.
fn check_tracking(plan: &Plan) -> Result<()> {
    let program = Program::new(Load::of_percent(1, 1, plan.seed))?;
    if !linux::can_track(&mut program.begin()?.0)? {
        bail!(
            "this system does not let the process use userfaultfd, without which nothing can be \
             measured: run this as root, or set the sysctl vm.unprivileged_userfaultfd to 1 \
             (Linux 6.4 or later)"
        );
    }
    Ok(())
}

fn markdown(
    machine: &Machine,
    plan: &Plan,
    note: &str,
    goals: &[Goal],
    tables: &[Table],
) -> String {
    let mut text = format!(
        "# Checkpoints\n\nMade by `make bench-checkpoint`; what stands here is not edited by hand. \
         {} Seed {}. {note}\n\nA guest reads its memory all the time, and writes to pages that it \
         chooses at random. It runs on one thread; another one asks it to stop, and writes its \
         checkpoints to a disk in a file while it runs on. Times are of the wall clock, so whatever \
         else runs on the machine is in them.\n",
        machine.to_markdown(&[]),
        plan.seed
    );
    let _ = write!(text, "\n{}", goal::table(goals).to_markdown());
    for table in tables {
        let _ = write!(text, "\n{}", table.to_markdown());
    }
    text
}
