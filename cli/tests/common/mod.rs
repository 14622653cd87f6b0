//! Runs the command on small modules and looks at what it says.

use serde_json::Value as Json;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// What one run of the command said.
#[derive(Debug)]
pub struct Run {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    /// Runs the command with these arguments and nothing on standard input.
    pub fn new(args: &[&str]) -> Self {
        Self::with_stdin(args, b"")
    }

    /// Runs the command with these arguments and standard input.
    pub fn with_stdin(args: &[&str], stdin: &[u8]) -> Self {
        let mut child = command(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command starts");
        // A command that does not read its input may be gone already.
        let _ = child.stdin.take().expect("piped").write_all(stdin);
        child.wait_with_output().expect("the command ends").into()
    }

    /// The JSON object at the end of standard output.
    pub fn json(&self) -> Json {
        let line = self.stdout.lines().last().expect("a last line");
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {self:#?}"))
    }

    /// Asserts the exit code and that standard error contains `message`.
    #[track_caller]
    pub fn assert_fails(&self, code: i32, message: &str) {
        assert_eq!(self.code, Some(code), "{self:#?}");
        assert!(self.stderr.contains(message), "no {message:?} in {self:#?}");
        assert!(!self.stderr.contains("panicked"), "{self:#?}");
    }

    /// Asserts the exit code 0 and the whole standard output.
    #[track_caller]
    pub fn assert_prints(&self, stdout: &str) {
        assert_eq!(
            (self.code, self.stdout.as_str()),
            (Some(0), stdout),
            "{self:#?}"
        );
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// The command with these arguments, not started.
pub fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_woodfrog"));
    command.args(args);
    command
}

/// A path for a file of this test run, and of no other.
pub fn path(name: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let name = format!("{}-{number}-{name}", std::process::id());
    directory
        .join(name)
        .into_os_string()
        .into_string()
        .expect("a UTF-8 path")
}

/// A file with these contents.
pub fn file(name: &str, contents: impl AsRef<[u8]>) -> String {
    let path = path(name);
    fs::write(&path, contents).expect("the directory for tests is writable");
    path
}
