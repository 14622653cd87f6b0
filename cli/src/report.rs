//! What came of running a program, and how it is told.

use crate::error::Failure;
use crate::frames::NamedFrame;
use crate::{json, values};
use std::fmt::{self, Display, Formatter};
use std::io::{self, ErrorKind, Write};
use std::time::Duration;
use woodfrog::abi::Val;
use woodfrog::runtime::{BacktraceFrame, Trap};

/// How a run ended.
#[derive(Debug)]
pub enum Ending {
    /// The entry returned these values.
    Returned(Vec<Val>),
    /// The program trapped.
    Trapped(Trap),
    /// The program called `proc_exit`.
    Exited(u32),
    /// The program was frozen into an image, with these frames.
    Frozen(Vec<BacktraceFrame>),
}

/// What came of a run.
#[derive(Debug)]
pub struct Report {
    /// How it ended.
    pub ending: Ending,
    /// The frames of a trap; those of the image if they are to be told.
    pub frames: Vec<NamedFrame>,
    /// Whether the program's output ends in the middle of a line.
    pub is_mid_line: bool,
    /// How often the program was frozen on the way.
    pub freezes: u64,
    /// How often its frames were moved to other code versions.
    pub moves: u64,
    /// Whether a freeze was asked for that never came.
    pub is_unfrozen: bool,
    /// How long it took.
    pub seconds: Seconds,
}

/// The time of each stage.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seconds {
    /// Decoding, validating and compiling all modules.
    pub compile: Duration,
    /// Instantiating them and running their start functions, or restoring an image.
    pub instantiate: Duration,
    /// Running, freezing and thawing included.
    pub run: Duration,
}

/// The exit code of a process that aborted (128 + SIGABRT), for traps.
const EXIT_TRAP: u8 = 134;

/// Prints results to standard output, a backtrace to standard error, and
/// returns the exit code.
///
/// # Errors
///
/// [`Failure::Output`].
pub fn print(report: &Report, is_json: bool) -> Result<u8, Failure> {
    let mut output = String::new();
    if let Ending::Returned(results) = &report.ending {
        for value in results {
            output += &values::format(value);
            output.push('\n');
        }
    }
    if is_json && report.is_mid_line {
        output.insert(0, '\n');
    }
    if is_json {
        output += &json::report(report).to_string();
        output.push('\n');
    }
    print_text(&output)?;
    if let Ending::Trapped(trap) = &report.ending {
        let frames = &report.frames;
        error_line(&TrapMessage { trap, frames });
    }
    if report.is_unfrozen {
        note("the program ended before it was to be frozen; no image was written");
    }
    Ok(match report.ending {
        Ending::Returned(_) | Ending::Frozen(_) => 0,
        Ending::Trapped(_) => EXIT_TRAP,
        Ending::Exited(status) => status as u8,
    })
}

/// Writes text to standard output. A reader that went away is no error: it has
/// seen what it wanted.
///
/// # Errors
///
/// [`Failure::Output`].
pub fn print_text(text: &str) -> Result<(), Failure> {
    print_bytes(text.as_bytes())
}

/// Writes bytes to standard output, as [`print_text`] does.
///
/// # Errors
///
/// [`Failure::Output`].
pub fn print_bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::Output(error)),
        _ => Ok(()),
    }
}

/// A trap with the symbols of its frames.
struct TrapMessage<'a> {
    trap: &'a Trap,
    frames: &'a [NamedFrame],
}

impl Display for TrapMessage<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "wasm trap: {}", self.trap.code)?;
        if !self.frames.is_empty() {
            write!(f, "\nwasm backtrace:")?;
        }
        for (number, frame) in self.frames.iter().enumerate() {
            write!(f, "\n{number:>5}: {frame}")?;
        }
        if self.trap.backtrace.is_truncated {
            write!(f, "\n       ...")?;
        }
        Ok(())
    }
}

/// Writes an error to standard error, if that is possible.
pub fn error_line(error: &dyn Display) {
    // There is nowhere else to say it.
    let _ = writeln!(io::stderr(), "error: {error}");
}

/// Writes a remark to standard error, if that is possible.
pub fn note(text: &str) {
    // There is nowhere else to say it.
    let _ = writeln!(io::stderr(), "woodfrog: {text}");
}
