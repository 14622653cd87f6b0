//! What came of running a program, kept in a file, so that it need not be run again.

use crate::catalog::{Expected, Program, Step};
use crate::command::sha256;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;

/// What came of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Whether it did what it must.
    pub verdict: Verdict,
    /// How long it took.
    pub seconds: f64,
    /// How often it was frozen.
    pub freezes: u64,
}

/// Whether a program did what it must.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// It did.
    #[default]
    Equal,
    /// It did something else: what.
    Different(String),
}

impl Verdict {
    /// Compares what a step did with what it must do. A final line end is no difference.
    pub fn of(step: &Step, expected: &Wanted, printed: &[u8], status: i32) -> Self {
        if status != step.status {
            let wanted = step.status;
            return Self::Different(format!("exit status {status}, not {wanted}"));
        }
        match expected {
            Wanted::Sha256(digest) if sha256(printed) == *digest => Self::Equal,
            Wanted::Sha256(_) => Self::Different("output with another SHA-256".to_owned()),
            Wanted::Bytes(bytes) => compare(bytes, printed),
        }
    }
}

/// Compares byte for byte, but for a final line end: on Linux the report, which stands on a line of
/// its own, may have brought it.
fn compare(expected: &[u8], printed: &[u8]) -> Verdict {
    let text = |bytes| <[u8]>::strip_suffix(bytes, b"\n").unwrap_or(bytes);
    if text(expected) == text(printed) {
        return Verdict::Equal;
    }
    let pairs = expected.iter().zip(printed);
    let same = pairs.take_while(|(one, other)| one == other).count();
    Verdict::Different(format!(
        "{} bytes of output, not {}; the first {same} agree",
        printed.len(),
        expected.len()
    ))
}

/// What a step must print, read from where it stands.
pub enum Wanted {
    /// These bytes.
    Bytes(Vec<u8>),
    /// Bytes with this SHA-256.
    Sha256(String),
}

impl Expected {
    /// Reads what a step must print. `directory` is the program's own, `unfrozen` the file that
    /// has the output of the unfrozen run.
    ///
    /// # Errors
    ///
    /// A file cannot be read.
    pub fn find(&self, directory: &Path, unfrozen: &Path) -> Result<Wanted> {
        let read = |path: &Path| fs::read(path).with_context(|| path.display().to_string());
        Ok(match self {
            Self::File(name) => Wanted::Bytes(read(&crate::folder().join("expected").join(name))?),
            Self::Input(name) => Wanted::Bytes(read(&directory.join(name))?),
            Self::Sha256(digest) => Wanted::Sha256((*digest).to_owned()),
            Self::AsUnfrozen => Wanted::Bytes(read(unfrozen)?),
        })
    }
}

impl Record {
    /// The record in `folder`, if it is of a run that went well and that had this key.
    pub fn load(folder: &Path, key: &str) -> Option<Self> {
        let text = fs::read(folder.join(FILE)).ok()?;
        let (found, record): (String, Self) = serde_json::from_slice(&text).ok()?;
        (found == key && record.verdict == Verdict::Equal).then_some(record)
    }

    /// Writes the record to `folder`.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn save(&self, folder: &Path, key: &str) -> Result<()> {
        let text = serde_json::to_vec(&(key, self))?;
        let file = folder.join(FILE);
        fs::write(&file, text).with_context(|| file.display().to_string())
    }
}

const FILE: &str = "record.json";

/// What a record depends on: the programs that do the work (the engine's and the guest's), what the
/// guest is given, and what is expected of it.
///
/// # Errors
///
/// A file cannot be read.
pub fn key(program: &Program, executables: &[&Path]) -> Result<String> {
    let mut text = format!("{program:?}");
    let inputs = program.inputs.iter().map(|name| ("inputs", *name));
    let expected = program.steps.iter().filter_map(|step| match step.output {
        Expected::File(name) => Some(("expected", name)),
        _ => None,
    });
    let own = inputs
        .chain(expected)
        .map(|(folder, name)| crate::folder().join(folder).join(name));
    let others = executables.iter().map(|path| path.to_path_buf());
    for path in own.chain(others) {
        let bytes = fs::read(&path).with_context(|| path.display().to_string())?;
        text += &sha256(&bytes);
    }
    Ok(sha256(text.as_bytes()))
}

/// Makes an empty folder, in the place of one that may be there.
///
/// # Errors
///
/// It cannot be removed or made.
pub fn make_anew(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => fs::create_dir_all(folder),
    }
    .with_context(|| folder.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::PROGRAMS;

    #[test]
    fn a_difference_says_where_it_begins() {
        assert_eq!(compare(b"abc", b"abc"), Verdict::Equal);
        assert_eq!(compare(b"abc", b"abc\n"), Verdict::Equal);
        assert_eq!(compare(b"abc\n", b"abc"), Verdict::Equal);
        let Verdict::Different(text) = compare(b"abcd\n", b"abx\n") else {
            panic!("these are not equal");
        };
        assert_eq!(text, "4 bytes of output, not 5; the first 2 agree");
    }

    #[test]
    fn an_exit_status_counts() {
        let step = &PROGRAMS[0].steps[0];
        let verdict = Verdict::of(step, &Wanted::Bytes(Vec::new()), b"", 1);
        assert_eq!(
            verdict,
            Verdict::Different("exit status 1, not 46".to_owned())
        );
    }

    #[test]
    fn a_failure_is_not_remembered() {
        let folder = std::env::temp_dir().join(format!("woodfrog-record-{}", std::process::id()));
        make_anew(&folder).unwrap();
        let mut record = Record::default();
        record.save(&folder, "key").unwrap();
        assert_eq!(Record::load(&folder, "key"), Some(record.clone()));
        assert_eq!(Record::load(&folder, "another"), None);
        record.verdict = Verdict::Different("late".to_owned());
        record.save(&folder, "key").unwrap();
        assert_eq!(Record::load(&folder, "key"), None);
        fs::remove_dir_all(&folder).unwrap();
    }
}
