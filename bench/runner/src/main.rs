//! Measures Woodfrog beside other engines, in one interleaved run on one thread.
//!
//! [`engines`] puts all engines behind one interface, [`measure`] has a file for each thing
//! that is measured, [`report`] makes tables, goals and a chart of the figures.

mod corpus;
mod engines;
mod guests;
mod measure;
mod plan;
mod report;

use anyhow::Result;
use clap::Parser;
use measure::{boundary, compiling, frames, freezing, growth, images, memory_peak, running};
use plan::Plan;
use report::Report;
use std::path::PathBuf;
use woodfrog_report::machine::Machine;

/// Measures Woodfrog beside other engines.
#[derive(Debug, Parser)]
struct Args {
    /// Only what has this in its name: a program, a module, a kind of measurement
    #[arg(default_value = "")]
    filter: String,
    /// How often everything is measured
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// Be done within a minute: less is compiled, nothing is repeated often
    #[arg(long)]
    quick: bool,
    /// Where to write benchmarks.md and benchmarks.svg, if all was measured
    #[arg(long)]
    output: Option<PathBuf>,
    /// Compile `module` in the engine of that name, and print the peak of memory
    #[arg(long, hide = true, requires = "module")]
    peak_of: Option<String>,
    /// The module for `peak_of`
    #[arg(long, hide = true)]
    module: Option<PathBuf>,
}

fn main() -> Result<()> {
    let args = Args::parse();
    if let (Some(engine), Some(module)) = (&args.peak_of, &args.module) {
        return memory_peak::print_own(engine, module);
    }
    let plan = Plan {
        filter: args.filter,
        rounds: args.rounds.into(),
        is_quick: args.quick,
    };
    let machine = Machine::describe();
    let report = take(&plan)?;
    let markdown = report.to_markdown(&machine);
    println!("{markdown}");
    match args.output {
        Some(folder) if plan.is_complete() => report.write(&folder, &markdown),
        Some(_) => {
            eprintln!("nothing is written: not all was measured, or not thoroughly");
            Ok(())
        }
        None => Ok(()),
    }
}

/// Measures all that is wanted.
fn take(plan: &Plan) -> Result<Report> {
    let engines = engines::all()?;
    let mut report = Report::default();
    running::measure(&engines, plan, &mut report)?;
    compiling::measure(&engines, plan, &mut report)?;
    growth::measure(plan, &mut report)?;
    boundary::measure(plan, &mut report)?;
    freezing::measure(plan, &mut report)?;
    frames::measure(plan, &mut report)?;
    images::measure(plan, &mut report)?;
    Ok(report)
}
