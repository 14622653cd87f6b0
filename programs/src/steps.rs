//! A program's steps, one after the other, however each of them is run.

use crate::catalog::{Program, Step};
use crate::record::{self, Record, Verdict};
use anyhow::Result;
use std::fs;
use std::path::{Path, PathBuf};

/// The steps of a program, and where they are done.
pub struct Steps<'a> {
    /// The program.
    pub program: &'a Program,
    /// The folder for its directory and its outputs, made anew.
    pub folder: &'a Path,
    /// The program's directory, in that folder.
    pub directory: &'a Path,
    /// The folder that the unfrozen run had.
    pub unfrozen: &'a Path,
}

/// What a step did.
pub struct Done {
    /// What it wrote to standard output.
    pub printed: Vec<u8>,
    /// Its exit status, or how else it ended.
    pub end: Result<i32, String>,
}

impl Steps<'_> {
    /// Does all steps by `run`, or as many as do what they must. `run` notes in the record how
    /// long it took and how often it froze.
    ///
    /// # Errors
    ///
    /// A file cannot be read or written, and those of `run`.
    pub fn run(
        &self,
        mut run: impl FnMut(usize, &Step, &mut Record) -> Result<Done>,
    ) -> Result<Record> {
        record::make_anew(self.folder)?;
        self.program.write_inputs(self.directory)?;
        let mut record = Record::default();
        for (number, step) in self.program.steps.iter().enumerate() {
            let done = run(number, step, &mut record)?;
            record.verdict = self.judge(number, step, done)?;
            if record.verdict != Verdict::Equal {
                break;
            }
        }
        Ok(record)
    }

    fn judge(&self, number: usize, step: &Step, done: Done) -> Result<Verdict> {
        fs::write(output(self.folder, number), &done.printed)?;
        if let Some(name) = step.becomes {
            fs::write(self.directory.join(name), &done.printed)?;
        }
        let status = match done.end {
            Ok(status) => status,
            Err(how) => return Ok(Verdict::Different(how)),
        };
        let unfrozen = output(self.unfrozen, number);
        let expected = step.output.find(self.directory, &unfrozen)?;
        Ok(Verdict::of(step, &expected, &done.printed, status))
    }
}

/// Where a step's standard output goes.
pub fn output(folder: &Path, step: usize) -> PathBuf {
    folder.join(format!("{step}.out"))
}
