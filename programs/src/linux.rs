//! Runs a program on Linux, with the `woodfrog` command.

use crate::catalog::{Program, Step};
use crate::record::{Record, Verdict};
use crate::steps::{Done, Steps, output};
use anyhow::{Context, Result};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// A program that is run.
pub struct LinuxRun<'a> {
    /// The command.
    pub woodfrog: &'a Path,
    /// The program.
    pub program: &'a Program,
    /// Its module.
    pub module: &'a Path,
    /// At which suspend points it is frozen; 0: never.
    pub freeze_every: u64,
    /// How long each step may take.
    pub limit: Duration,
    /// The folder for its directory and its outputs, made anew.
    pub folder: &'a Path,
    /// The folder that the unfrozen run had.
    pub unfrozen: &'a Path,
}

/// How a step ended.
enum Ended {
    Exited(ExitStatus),
    TimedOut,
}

/// How often a process is looked at.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

impl LinuxRun<'_> {
    /// Runs all steps, or as many as do what they must.
    ///
    /// # Errors
    ///
    /// A file cannot be read or written, or a command not run.
    pub fn run(&self) -> Result<Record> {
        let directory = self.folder.join("w");
        let steps = Steps {
            program: self.program,
            folder: self.folder,
            directory: &directory,
            unfrozen: self.unfrozen,
        };
        let mut record =
            steps.run(|number, step, record| self.step(number, step, &directory, record))?;
        if let Verdict::Different(what) = &mut record.verdict {
            *what += &format!("; standard error is in {}", self.folder.display());
        }
        Ok(record)
    }

    fn step(
        &self,
        number: usize,
        step: &Step,
        directory: &Path,
        record: &mut Record,
    ) -> Result<Done> {
        let start = Instant::now();
        let (output_file, error_file) = (output(self.folder, number), errors(self.folder, number));
        let mut command = self.command(step, directory)?;
        command
            .stdout(File::create(&output_file)?)
            .stderr(File::create(&error_file)?);
        let ended = run(&mut command, self.limit)?;
        record.seconds += start.elapsed().as_secs_f64();
        let mut printed = fs::read(&output_file)?;
        let Ended::Exited(status) = ended else {
            let end = Err(format!("not done after {} s", self.limit.as_secs()));
            return Ok(Done { printed, end });
        };
        let Some((output, report)) = split_report(&printed) else {
            let errors = String::from_utf8_lossy(&fs::read(&error_file)?).into_owned();
            let first = errors.lines().next().unwrap_or("nothing was said");
            let end = Err(format!("{status}: {first}"));
            return Ok(Done { printed, end });
        };
        record.freezes += report["freezes"].as_u64().unwrap_or(0);
        printed.truncate(output.len());
        let end = match report["trap"].is_string() {
            true => Err(format!("trap: {}", report["trap"])),
            false => Ok(status.code().unwrap_or(-1)),
        };
        Ok(Done { printed, end })
    }

    fn command(&self, step: &Step, directory: &Path) -> Result<Command> {
        let mut command = Command::new(self.woodfrog);
        command.args(["run", "--json", "--freeze-every"]);
        command.arg(self.freeze_every.to_string());
        command.arg("--dir");
        command.arg(format!("{}::w", directory.display()));
        if self.program.has_unknown_imports {
            command.arg("--unknown-imports-default");
        }
        command.arg(self.module).args(step.args);
        match step.stdin {
            Some(name) => {
                let path = directory.join(name);
                let file = File::open(&path).with_context(|| path.display().to_string())?;
                command.stdin(file)
            }
            None => command.stdin(Stdio::null()),
        };
        Ok(command)
    }
}

fn errors(folder: &Path, step: usize) -> PathBuf {
    folder.join(format!("{step}.err"))
}

/// Runs a command to its end, but no longer than it may.
fn run(command: &mut Command, limit: Duration) -> Result<Ended> {
    let start = Instant::now();
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .spawn()
        .with_context(|| format!("{name} cannot be run"))?;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Ended::Exited(status));
        }
        if start.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            return Ok(Ended::TimedOut);
        }
        thread::sleep(POLL_INTERVAL);
    }
}

/// Takes the report, which is the last line, off what was printed; None if there is none. The
/// report stands on a line of its own, so that a line end comes before it if the program
/// wrote none.
fn split_report(printed: &[u8]) -> Option<(&[u8], serde_json::Value)> {
    let text = printed.strip_suffix(b"\n")?;
    let begin = text.iter().rposition(|&byte| byte == b'\n');
    let begin = begin.map_or(0, |position| position + 1);
    let report: serde_json::Value = serde_json::from_slice(&text[begin..]).ok()?;
    report.is_object().then_some((&printed[..begin], report))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_is_the_last_line() {
        let (printed, report) = split_report(b"one\ntwo\n{\"freezes\":3}\n").unwrap();
        assert_eq!(printed, b"one\ntwo\n");
        assert_eq!(report["freezes"], 3);
        assert!(split_report(b"{\"freezes\":3}\n").unwrap().0.is_empty());
    }

    #[test]
    fn output_without_a_report_is_none() {
        assert!(split_report(b"").is_none());
        assert!(split_report(b"one\ntwo\n").is_none());
        assert!(split_report(b"one\n3\n").is_none());
    }

    #[test]
    fn a_command_that_takes_too_long_is_ended() {
        let start = Instant::now();
        let ended = run(Command::new("sleep").arg("60"), Duration::from_millis(20)).unwrap();
        assert!(matches!(ended, Ended::TimedOut));
        assert!(start.elapsed() < Duration::from_secs(30));
    }
}
