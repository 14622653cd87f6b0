//! The command of the oracle: makes expected results, or explains one.
//!
//! `oracle programs DIR` and `oracle seeds FILE` remake the results; `oracle seed N` and
//! `oracle input FILE` show what Wasmtime and Woodfrog make of one random program;
//! `oracle wasi GUEST` runs the checks of `tests/wasi`; `oracle search FIRST COUNT` looks for seeds on which they do not agree.

use fuzz_common::Program;
use std::path::Path;
use std::process::ExitCode;
use wasmtime::{Error, Result};
use woodfrog_oracle::{programs, seeds, wasi};

fn main() -> Result<ExitCode> {
    let args: Vec<_> = std::env::args().skip(1).collect();
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["programs", dir] => println!("{} programs", programs::remake(Path::new(dir))?),
        ["seeds", file] => println!("{}", seeds::remake(Path::new(file))?),
        ["wasi", guest] => println!("{}", wasi::check(Path::new(guest))?),
        ["seed", seed] => return explain(&Program::from_seed(seed.parse()?)),
        ["input", file] => return explain(&Program::from_bytes(&std::fs::read(file)?)),
        ["search", first, count] => {
            let (first, count) = (first.parse()?, count.parse::<u64>()?);
            let found = seeds::search(first..first.saturating_add(count))?;
            println!("{count} seeds, {} differ", found.len());
            return Ok(ExitCode::from(u8::from(!found.is_empty())));
        }
        _ => {
            let usage = "usage: oracle programs DIR | seeds FILE | wasi GUEST | seed N | input FILE | search FIRST COUNT";
            return Err(Error::msg(usage));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints the program and the first difference; fails if there is one.
fn explain(program: &Program) -> Result<ExitCode> {
    let text = wasmprinter::print_bytes(&program.wasm);
    println!("{}", text.expect("a valid module"));
    let is_alike = seeds::explain(program);
    Ok(if is_alike {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
