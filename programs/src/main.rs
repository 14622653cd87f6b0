//! Fetches and builds programs that others wrote, runs each of them frozen and not, and
//! compares what they print with what they must.

use anyhow::{Context, Result};
use clap::Parser;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use woodfrog_programs::catalog::{PROGRAMS, Program};
use woodfrog_programs::linux::LinuxRun;
use woodfrog_programs::machine::MachineRun;
use woodfrog_programs::record::{self, Record};
use woodfrog_programs::table::{self, Row};
use woodfrog_qemu::Artifacts;

/// Fetches, builds and runs programs that others wrote: as they are, frozen again and again,
/// and in a virtual machine whose power goes off.
///
/// What has gone well is not done again until something that it depends on changes. Exits with
/// 1 if a program does not print what it must.
#[derive(Debug, Parser)]
#[command(name = "run-programs")]
struct Args {
    /// Only programs that have this in their names
    #[arg(default_value = "")]
    filter: String,
    /// Do all again
    #[arg(long)]
    again: bool,
    /// Memory of machines in MiB, instead of what each program needs
    #[arg(long, value_name = "MIB")]
    memory_mib: Option<u32>,
    /// Longest time for a step of a program in one mode, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 1800)]
    limit: u64,
}

/// How a program is run.
#[derive(Clone, Copy, Debug)]
enum Mode {
    Linux { freeze_every: u64 },
    Machine,
}

/// All modes. The unfrozen one comes first: others are compared with it.
const MODES: [Mode; 4] = [
    Mode::Linux { freeze_every: 0 },
    Mode::Linux {
        freeze_every: 100_000,
    },
    Mode::Linux { freeze_every: 1000 },
    Mode::Machine,
];

fn main() -> Result<ExitCode> {
    let args = Args::parse();
    let wanted: Vec<_> = PROGRAMS
        .iter()
        .filter(|program| program.name.contains(&args.filter))
        .collect();
    if wanted.is_empty() {
        let names = PROGRAMS.map(|program| program.name).join(", ");
        eprintln!("no program is called {}: there are {names}", args.filter);
        return Ok(ExitCode::FAILURE);
    }
    say("building woodfrog and its kernel");
    let artifacts = Artifacts::new();
    let runner = Runner {
        woodfrog: artifacts.woodfrog_release()?,
        kernel: artifacts.kernel()?,
        args,
    };
    let rows: Vec<Row> = wanted
        .into_iter()
        .flat_map(|program| runner.run_all(program))
        .collect();
    println!("\n{}", table::to_text(&rows));
    Ok(match rows.iter().all(Row::is_equal) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

struct Runner {
    woodfrog: PathBuf,
    kernel: PathBuf,
    args: Args,
}

impl Runner {
    /// Builds a program and runs it in all modes.
    fn run_all(&self, program: &'static Program) -> Vec<Row> {
        say(&format!("{}: fetching and building", program.name));
        let row = |mode: String, result| Row {
            program: program.name,
            mode,
            result,
        };
        let module = match program.source.build(program.name) {
            Ok(module) => module,
            Err(error) => {
                eprintln!("{error:#}");
                let why = first_line(&format!("{error:#}"));
                return vec![row("build".to_owned(), Err(why))];
            }
        };
        let modes = MODES.into_iter();
        modes
            .filter(|mode| !matches!(mode, Mode::Machine) || program.machine_mib.is_some())
            .map(|mode| {
                begin(&format!("{}, {}: ", program.name, mode.name()));
                let result = self.run_or_recall(program, &module, mode);
                let result = result.map_err(|error| {
                    eprintln!("{error:#}");
                    first_line(&format!("{error:#}"))
                });
                let row = row(mode.name(), result);
                say(&row.to_line());
                row
            })
            .collect()
    }

    /// Runs a program in one mode, unless it is known what comes of it.
    fn run_or_recall(&self, program: &Program, module: &Path, mode: Mode) -> Result<Record> {
        let runs = woodfrog_programs::target().join("runs").join(program.name);
        let folder = runs.join(mode.folder());
        let key = match mode {
            Mode::Linux { .. } => record::key(program, &[module, &self.woodfrog])?,
            Mode::Machine => record::key(program, &[module, &self.woodfrog, &self.kernel])?,
        };
        if !self.args.again
            && let Some(record) = Record::load(&folder, &key)
        {
            return Ok(record);
        }
        let record = self.run(
            program,
            module,
            mode,
            &folder,
            &runs.join(MODES[0].folder()),
        )?;
        record.save(&folder, &key)?;
        Ok(record)
    }

    fn run(
        &self,
        program: &Program,
        module: &Path,
        mode: Mode,
        folder: &Path,
        unfrozen: &Path,
    ) -> Result<Record> {
        let limit = Duration::from_secs(self.args.limit);
        match mode {
            Mode::Linux { freeze_every } => LinuxRun {
                woodfrog: &self.woodfrog,
                program,
                module,
                freeze_every,
                limit,
                folder,
                unfrozen,
            }
            .run(),
            Mode::Machine => MachineRun {
                kernel: &self.kernel,
                woodfrog: &self.woodfrog,
                program,
                module,
                memory_mib: self
                    .args
                    .memory_mib
                    .or(program.machine_mib)
                    .context("the program is not for machines")?,
                limit,
                folder,
                unfrozen,
            }
            .run(),
        }
    }
}

impl Mode {
    fn name(self) -> String {
        match self {
            Self::Linux { freeze_every: 0 } => "unfrozen".to_owned(),
            Self::Linux { freeze_every } => format!("every {freeze_every}"),
            Self::Machine => "two power cycles".to_owned(),
        }
    }

    /// The name of the folder for files of such runs.
    fn folder(self) -> String {
        self.name().replace(' ', "-")
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

/// Begins a line that [`say`] replaces, if somebody is looking.
fn begin(text: &str) {
    if std::io::stdout().is_terminal() {
        print!("{text}");
        // Who does not see what is being done will see what has been.
        let _ = std::io::stdout().flush();
    }
}

fn say(line: &str) {
    match std::io::stdout().is_terminal() {
        true => println!("\r\x1b[K{line}"),
        false => println!("{line}"),
    }
}
