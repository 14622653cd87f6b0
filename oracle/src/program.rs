//! A test program and its directives.
//!
//! Directives are comment lines of the `.wat` file:
//!
//! ```text
//! ;; preload: NAME=FILE         instantiate FILE first, as import module NAME
//! ;; invoke: FUNCTION ARG...    call an export; arguments in decimal
//! ```

use std::path::Path;
use wasmtime::{Error, Result};

/// A program with what its directives say.
pub struct Program {
    /// Its file, relative to the programs' directory.
    pub file: String,
    /// Import module name and file of each module to instantiate first.
    pub preloads: Vec<(String, String)>,
    /// What to call.
    pub invocations: Vec<Invocation>,
}

/// One call, made in a fresh store.
pub struct Invocation {
    /// Name of the exported function.
    pub function: String,
    /// Arguments as written.
    pub arguments: Vec<String>,
}

impl Program {
    /// Reads a program's directives.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read or a directive is malformed.
    pub fn read(dir: &Path, file: &str) -> Result<Self> {
        let text = std::fs::read_to_string(dir.join(file))?;
        let mut program = Self {
            file: file.into(),
            preloads: Vec::new(),
            invocations: Vec::new(),
        };
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix(";; preload:") {
                let (name, module) = rest
                    .trim()
                    .split_once('=')
                    .ok_or_else(|| Error::msg(format!("bad directive {line}")))?;
                program.preloads.push((name.into(), module.into()));
            } else if let Some(rest) = line.strip_prefix(";; invoke:") {
                let mut words = rest.split_whitespace().map(String::from);
                let function = words
                    .next()
                    .ok_or_else(|| Error::msg(format!("bad directive {line}")))?;
                program.invocations.push(Invocation {
                    function,
                    arguments: words.collect(),
                });
            }
        }
        Ok(program)
    }
}

/// The invocation as its directive writes it.
pub fn line(invocation: &Invocation) -> String {
    let mut line = invocation.function.clone();
    for argument in &invocation.arguments {
        line.push(' ');
        line.push_str(argument);
    }
    line
}
