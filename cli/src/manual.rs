//! `woodfrog man` and `woodfrog completions`: what the command line is, for manuals and shells.

use crate::args::{Cli, CompletionsArgs, ManArgs};
use crate::error::Failure;
use crate::{output, report};
use clap::{Command, CommandFactory};
use clap_mangen::Man;
use std::fs;
use std::path::Path;

/// Prints the script of a shell and returns the exit code.
///
/// # Errors
///
/// [`Failure::Output`].
pub fn completions(args: &CompletionsArgs) -> Result<u8, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "woodfrog", &mut script);
    report::print_bytes(&script)?;
    Ok(0)
}

/// Prints a manual page, or writes all of them, and returns the exit code.
///
/// # Errors
///
/// [`Failure::Output`], [`Failure::Write`].
pub fn man(args: &ManArgs) -> Result<u8, Failure> {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    match &args.dir {
        None => report::print_bytes(&page(&command))?,
        Some(dir) => {
            fs::create_dir_all(dir).map_err(|source| Failure::write(dir, source))?;
            write_pages(&command, dir)?;
        }
    }
    Ok(0)
}

/// Writes the pages of a command and of all below it.
fn write_pages(command: &Command, dir: &Path) -> Result<(), Failure> {
    let name = Man::new(command.clone()).get_filename();
    output::write(&dir.join(name), &page(command))?;
    let subcommands = command.get_subcommands();
    subcommands
        .filter(|command| !command.is_hide_set())
        .try_for_each(|command| write_pages(command, dir))
}

fn page(command: &Command) -> Vec<u8> {
    let mut page = Vec::new();
    let man = Man::new(command.clone()).manual("Woodfrog Manual");
    man.render(&mut page).expect("a Vec takes all bytes");
    page
}
