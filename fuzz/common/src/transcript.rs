//! All that can be seen of a program's run, as lines of text.

use crate::host::{HostLog, shown};
use crate::program::{Call, Program};
use crate::random::hash;
use std::fmt;
use wasmparser::ExternalKind;
use woodfrog::abi::Val;

/// An engine that runs one program.
pub trait Subject {
    /// Instantiates the program and runs its start function.
    ///
    /// # Errors
    ///
    /// The trap's message.
    fn instantiate(&mut self) -> Result<(), String>;

    /// Fills up the fuel and makes a call.
    ///
    /// # Errors
    ///
    /// The trap's message.
    fn call(&mut self, call: &Call) -> Result<Vec<Val>, String>;

    /// What the host has been asked.
    fn host_log(&self) -> HostLog;

    /// An exported global's value.
    fn global(&mut self, name: &str) -> Val;

    /// What `look` makes of an exported memory's bytes.
    fn memory<R>(&mut self, name: &str, look: impl FnOnce(&[u8]) -> R) -> R;

    /// An exported table's elements.
    fn table(&mut self, name: &str) -> Vec<Val>;
}

/// Lines that say what a program did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transcript {
    /// Every call with its outcome, and the state after it.
    pub lines: Vec<String>,
    /// How many calls returned.
    pub returned: u32,
    /// How many calls trapped.
    pub trapped: u32,
}

impl Transcript {
    /// Takes a subject through a program.
    ///
    /// # Panics
    ///
    /// Panics if the subject's stack is exhausted. Where that happens is every engine's
    /// own affair, so programs have too little fuel for it.
    pub fn of(program: &Program, subject: &mut impl Subject) -> Self {
        let mut transcript = Self::default();
        if let Err(trap) = subject.instantiate() {
            transcript.line(format!("instantiation: {trap}"));
            return transcript;
        }
        transcript.state(program, subject);
        for call in &program.calls {
            let result = subject.call(call);
            let outcome = match &result {
                Ok(values) => shown(values),
                Err(trap) => trap.clone(),
            };
            assert_ne!(outcome, "call stack exhausted", "{call:?}");
            match result {
                Ok(_) => transcript.returned += 1,
                Err(_) => transcript.trapped += 1,
            }
            transcript.line(format!(
                "{}({}): {outcome}",
                call.function,
                shown(&call.args)
            ));
            transcript.state(program, subject);
        }
        transcript
    }

    /// A short form of all the lines.
    pub fn digest(&self) -> u64 {
        hash(self.to_string().as_bytes())
    }

    fn line(&mut self, line: String) {
        self.lines.push(line);
    }

    fn state(&mut self, program: &Program, subject: &mut impl Subject) {
        self.line(format!("  host {:x}", subject.host_log().0));
        for (name, kind) in &program.state {
            let seen = match kind {
                ExternalKind::Global => shown(&[subject.global(name)]),
                ExternalKind::Memory => {
                    let look = |bytes: &[u8]| (bytes.len(), hash(bytes));
                    let (len, hash) = subject.memory(name, look);
                    format!("{len} bytes {hash:016x}")
                }
                ExternalKind::Table => shown(&subject.table(name)),
                _ => continue,
            };
            self.line(format!("  {name} {seen}"));
        }
    }
}

impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}
