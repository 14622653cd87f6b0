//! The command line of `woodfrog disk`. What is said here is the `--help`.

use clap::{Args, Subcommand};
use std::ffi::OsString;
use std::path::PathBuf;

/// Make and read checkpoint disks
///
/// A checkpoint disk holds a program (its module, arguments and environment) and the
/// last two checkpoints of it. The Woodfrog kernel runs the program from the disk and goes
/// on from the newest checkpoint.
#[derive(Args, Debug)]
pub struct DiskArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: DiskCommand,
}

/// The subcommands of `disk`.
#[derive(Debug, Subcommand)]
pub enum DiskCommand {
    /// Make a disk, with a program or empty
    Create(CreateArgs),
    /// Put another program or a checkpoint on a disk
    Add(AddArgs),
    /// Show what is on a disk
    Ls(DiskPath),
    /// Check every byte of a disk
    ///
    /// Exits with 1 if anything is damaged, also if it is only a checkpoint that
    /// was interrupted half-way and the one before it is complete.
    Fsck(DiskPath),
    /// Copy the module or a checkpoint's image from a disk to files
    Extract(ExtractArgs),
}

/// Arguments of `disk create`.
#[derive(Args, Debug)]
pub struct CreateArgs {
    /// The disk: a file, or a block device, which keeps its size
    pub disk: PathBuf,

    /// Size of the file, in bytes or with K, M or G behind it
    #[arg(long, default_value = "64M", value_parser = parse_size)]
    pub size: u64,

    /// Overwrite a file even if it is not a checkpoint disk
    #[arg(long)]
    pub force: bool,

    /// The program.
    #[command(flatten)]
    pub guest: GuestArgs,
}

/// Arguments of `disk add`.
#[derive(Args, Debug)]
#[command(group = clap::ArgGroup::new("what").required(true).multiple(true).args(["module", "image"]))]
pub struct AddArgs {
    /// The disk
    pub disk: PathBuf,

    /// The program.
    #[command(flatten)]
    pub guest: GuestArgs,
}

/// A program, and where it stands.
#[derive(Args, Debug)]
pub struct GuestArgs {
    /// The program, in binary or text format; takes the place of another one and its checkpoints
    #[arg(long, value_name = "FILE")]
    pub module: Option<PathBuf>,

    /// An argument of the program (repeat for each)
    #[arg(
        long,
        value_name = "ARG",
        requires = "module",
        allow_hyphen_values = true
    )]
    pub arg: Vec<OsString>,

    /// An environment variable of the program (repeat for each)
    #[arg(long, value_name = "NAME=VALUE", requires = "module")]
    pub env: Vec<String>,

    /// An image of the program, as `run --freeze-after` writes it: becomes the newest checkpoint
    #[arg(long, value_name = "FILE")]
    pub image: Option<PathBuf>,
}

/// A disk to be looked at.
#[derive(Args, Debug)]
pub struct DiskPath {
    /// The disk
    pub disk: PathBuf,
}

/// Arguments of `disk extract`.
#[derive(Args, Debug)]
#[command(group = clap::ArgGroup::new("what").required(true).multiple(true).args(["module", "image"]))]
pub struct ExtractArgs {
    /// The disk
    pub disk: PathBuf,

    /// Write the module to FILE
    #[arg(long, value_name = "FILE")]
    pub module: Option<PathBuf>,

    /// Write a checkpoint's image to FILE; `woodfrog resume` goes on from it
    #[arg(long, value_name = "FILE")]
    pub image: Option<PathBuf>,

    /// Which checkpoint, as `disk ls` numbers them; the newest by default
    #[arg(long, value_name = "N", requires = "image")]
    pub number: Option<u64>,
}

/// Reads a size such as `64M`.
fn parse_size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor: u64 = match &text[digits.len()..] {
        "" => 1,
        "k" | "K" => 1 << 10,
        "m" | "M" => 1 << 20,
        "g" | "G" => 1 << 30,
        other => return Err(format!("{other} is not K, M or G")),
    };
    let number: u64 = digits.parse().map_err(|error| format!("{error}"))?;
    number
        .checked_mul(factor)
        .ok_or_else(|| "too large".to_owned())
}

#[cfg(test)]
mod tests {
    use super::parse_size;

    #[test]
    fn sizes_have_binary_suffixes() {
        assert_eq!(parse_size("512"), Ok(512));
        assert_eq!(parse_size("3K"), Ok(3 << 10));
        assert_eq!(parse_size("64M"), Ok(64 << 20));
        assert_eq!(parse_size("2g"), Ok(2 << 30));
    }

    #[test]
    fn other_sizes_are_refused() {
        for text in ["", "M", "-1", "1T", "1.5G", "99999999999G"] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }
}
