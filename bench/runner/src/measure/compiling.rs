//! Compile throughput, and the size of what comes out, on real modules.

use super::memory_peak;
use crate::corpus::{self, Sample};
use crate::engines::{Engine, names};
use crate::plan::Plan;
use crate::report::Report;
use anyhow::{Context, Result};
use std::time::Duration;
use woodfrog_report::clock::processor_time;
use woodfrog_report::goal::Goal;
use woodfrog_report::stats::{greatest, least, median};
use woodfrog_report::table::Table;
use woodfrog_report::{or_dash, significant};

/// Rounds are long, and the figures steady.
const MAX_ROUNDS: usize = 3;

const MIB: f64 = 1024.0 * 1024.0;

/// One module, compiled by one engine.
struct Cell {
    module: &'static str,
    engine: &'static str,
    wasm_file: usize,
    wasm_code: usize,
    /// None if the engine refuses the module.
    compiled: Option<Figures>,
}

struct Figures {
    time: Duration,
    machine_code: Option<usize>,
    state_map: Option<usize>,
    peak: u64,
}

/// Compiles the modules that are wanted.
pub fn measure(engines: &[Box<dyn Engine>], plan: &Plan, report: &mut Report) -> Result<()> {
    let samples = corpus::samples(plan)?;
    if samples.is_empty() {
        return Ok(());
    }
    let mut cells = Vec::new();
    for sample in &samples {
        eprintln!("compiling {}", sample.name);
        cells.extend(cells_of(engines, sample, plan)?);
    }
    report.tables.push(table(&cells));
    report.goals.extend(goals(&cells).into_iter().flatten());
    Ok(())
}

fn cells_of(engines: &[Box<dyn Engine>], sample: &Sample, plan: &Plan) -> Result<Vec<Cell>> {
    let decoded = woodfrog::module::Module::decode(&*sample.wasm);
    let decoded = decoded.with_context(|| sample.name)?;
    let wasm_code = decoded.bodies.iter().map(|body| body.range.len()).sum();
    let mut times = vec![Vec::new(); engines.len()];
    let mut sizes = vec![None; engines.len()];
    let mut refusals = vec![false; engines.len()];
    for _ in 0..plan.rounds.min(MAX_ROUNDS) {
        for (number, engine) in engines.iter().enumerate() {
            let Some((time, compiled)) = compile_once(engine.as_ref(), &sample.wasm) else {
                continue;
            };
            match compiled {
                Ok(compiled) => {
                    times[number].push(time);
                    sizes[number] = Some((compiled.machine_code, compiled.state_map));
                }
                Err(error) if !refusals[number] => {
                    refusals[number] = true;
                    eprintln!("{} refuses {}: {error:#}", engine.name(), sample.name);
                }
                Err(_) => {}
            }
        }
    }
    let mut cells = Vec::new();
    for (number, engine) in engines.iter().enumerate() {
        if !refusals[number] && sizes[number].is_none() {
            continue;
        }
        let figures = |(machine_code, state_map)| {
            Ok::<_, anyhow::Error>(Figures {
                time: median(std::mem::take(&mut times[number])),
                machine_code,
                state_map,
                peak: memory_peak::of(engine.name(), sample)?,
            })
        };
        cells.push(Cell {
            module: sample.name,
            engine: engine.name(),
            wasm_file: sample.wasm.len(),
            wasm_code,
            compiled: sizes[number].map(figures).transpose()?,
        });
    }
    Ok(cells)
}

type Attempt = (Duration, Result<crate::engines::Compiled>);

fn compile_once(engine: &dyn Engine, wasm: &[u8]) -> Option<Attempt> {
    let start = processor_time();
    let compiled = engine.compile(wasm)?;
    Some((processor_time() - start, compiled))
}

impl Cell {
    /// MB (10^6 bytes) of wasm code a second.
    fn throughput(&self) -> Option<f64> {
        let figures = self.compiled.as_ref()?;
        Some(self.wasm_code as f64 / 1e6 / figures.time.as_secs_f64())
    }

    fn code_ratio(&self) -> Option<f64> {
        let machine_code = self.compiled.as_ref()?.machine_code?;
        Some(machine_code as f64 / self.wasm_code as f64)
    }

    fn map_ratio(&self) -> Option<f64> {
        let figures = self.compiled.as_ref()?;
        Some(figures.state_map? as f64 / figures.machine_code? as f64)
    }

    fn peak_ratio(&self) -> Option<f64> {
        Some(self.compiled.as_ref()?.peak as f64 / self.wasm_file as f64)
    }
}

fn table(cells: &[Cell]) -> Table {
    let note = "From the bytes to a module that can be instantiated: validation and state maps \
                included. Peak memory is what the resident set of a fresh process grows by, the \
                file itself not included. wasmi makes no machine code but its own instructions; \
                Wasmer does not tell how much it made. A dash for throughput: refused. \
                The goal for memory is held against files of 0.5 MB and more: a small one takes \
                less than any process does.";
    let header = [
        "module",
        "wasm code, MB",
        "engine",
        "MB/s",
        "machine code / wasm code",
        "state map / machine code",
        "peak memory, MiB",
        "peak memory / wasm file",
    ];
    let mut table = Table::new("Compiling", note, header);
    for cell in cells {
        let peak = cell
            .compiled
            .as_ref()
            .map(|figures| figures.peak as f64 / MIB);
        table.push([
            cell.module.to_owned(),
            significant(cell.wasm_code as f64 / 1e6),
            cell.engine.to_owned(),
            or_dash(cell.throughput()),
            or_dash(cell.code_ratio()),
            or_dash(cell.map_ratio()),
            or_dash(peak),
            or_dash(cell.peak_ratio()),
        ]);
    }
    table
}

fn goals(cells: &[Cell]) -> Vec<Option<Goal>> {
    let own = || cells.iter().filter(|cell| cell.engine == names::WOODFROG);
    let against = |engine: &'static str| {
        let multiples = own().filter_map(move |cell| {
            let same = |other: &&Cell| other.engine == engine && other.module == cell.module;
            let other = cells.iter().find(same)?;
            Some(cell.throughput()? / other.throughput()?)
        });
        least(multiples)
    };
    let code = greatest(own().filter_map(Cell::code_ratio));
    let map = greatest(own().filter_map(Cell::map_ratio));
    // Of a small file, the process takes more than the compiler.
    let large = own().filter(|cell| cell.wasm_file >= 500_000);
    let peak = greatest(large.filter_map(Cell::peak_ratio));
    let winch = against(names::WINCH);
    let singlepass = against(names::SINGLEPASS);
    let throughput = least(own().filter_map(Cell::throughput));
    vec![
        Goal::at_least("compile throughput / Winch's, least", 3.0, None, winch),
        Goal::at_least(
            "compile throughput / Wasmer singlepass's, least",
            2.0,
            None,
            singlepass,
        ),
        Goal::at_least("compile throughput, MB/s, least", 30.0, None, throughput),
        Goal::at_most("machine code / wasm code, most", 3.0, 2.2, code),
        Goal::at_most("state map / machine code, most", 0.25, 0.1, map),
        Goal::at_most("peak memory of compiling / wasm file, most", 6.0, 3.0, peak),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(engine: &'static str, ms: u64) -> Cell {
        Cell {
            module: "m",
            engine,
            wasm_file: 2_000_000,
            wasm_code: 1_000_000,
            compiled: Some(Figures {
                time: Duration::from_millis(ms),
                machine_code: Some(2_000_000),
                state_map: Some(200_000),
                peak: 8_000_000,
            }),
        }
    }

    #[test]
    fn throughput_is_wasm_code_a_second() {
        let cell = cell(names::WOODFROG, 50);
        assert!((cell.throughput().unwrap() - 20.0).abs() < 1e-9);
        assert!((cell.code_ratio().unwrap() - 2.0).abs() < 1e-9);
        assert!((cell.map_ratio().unwrap() - 0.1).abs() < 1e-9);
        assert!((cell.peak_ratio().unwrap() - 4.0).abs() < 1e-9);
    }

    #[test]
    fn goals_compare_engines_on_the_same_module() {
        let cells = [cell(names::WOODFROG, 50), cell(names::WINCH, 200)];
        let goals: Vec<Goal> = goals(&cells).into_iter().flatten().collect();
        assert_eq!(goals[0].what, "compile throughput / Winch's, least");
        assert!((goals[0].measured - 4.0).abs() < 1e-9);
        assert_eq!(goals.len(), 5, "nothing is said about what did not run");
    }

    #[test]
    fn a_refused_module_has_no_figures() {
        let mut cell = cell(names::SINGLEPASS, 1);
        cell.compiled = None;
        let row = &table(&[cell]).rows[0];
        assert_eq!(row[3..], ["-", "-", "-", "-", "-"]);
    }
}
