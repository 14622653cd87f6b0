//! The command line of `woodfrog disk`. What is said here is the `--help`.

use crate::args::{CheckpointArgs, cpu, size};
use clap::{Args, Subcommand};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use woodfrog::abi::CpuFeatures;

const EXAMPLES: &str = "\
Examples:
  woodfrog disk create disk.img --module program.wasm --arg one
  woodfrog disk ls disk.img
  woodfrog resume disk.img
  woodfrog disk extract disk.img --image frozen
  woodfrog disk gc disk.img --keep 1";

/// Arguments of `disk`.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
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
    /// Put a program or a checkpoint on a disk
    Add(AddArgs),
    /// Show what is on a disk
    Ls(LsArgs),
    /// Check every byte of a disk that is in use
    ///
    /// Exits with 1 if anything is damaged, even if another copy of it is whole.
    Fsck(DiskPath),
    /// Copy a program's module or a checkpoint's image from a disk to files
    Extract(ExtractArgs),
    /// Remove all but a program's newest checkpoints, and show how much room there is then
    Gc(GcArgs),
    /// Remove a program with all its checkpoints
    Rm(RmArgs),
    /// Copy a program with its checkpoints to another disk
    Copy(CopyArgs),
}

/// A disk.
#[derive(Args, Debug)]
pub struct DiskPath {
    /// The disk
    pub disk: PathBuf,

    /// The key that the disk was made with: a file of 32 bytes, or of 64 hexadecimal digits
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,

    /// Refuse the disk if its commit number is less than N: somebody has put an old copy of it in
    /// place then
    ///
    /// `disk ls` shows the number. It rises with every change, so remember it elsewhere.
    #[arg(long, value_name = "N")]
    pub expect_commit: Option<u64>,
}

impl CheckpointArgs {
    /// The disk that a checkpoint is on.
    pub(super) fn of_disk(&self, path: &Path) -> DiskPath {
        DiskPath {
            disk: path.to_owned(),
            key: self.key.clone(),
            expect_commit: self.expect_commit,
        }
    }
}

/// A disk to be written to.
#[derive(Args, Debug)]
pub struct WritableDisk {
    /// The disk.
    #[command(flatten)]
    pub path: DiskPath,

    /// Write even if another machine has the disk's lease; it has to stop its program then
    #[arg(long)]
    pub take_over: bool,
}

/// Arguments of `disk create`.
#[derive(Args, Debug)]
pub struct CreateArgs {
    /// The disk: a file, or a block device, which keeps its size
    pub disk: PathBuf,

    /// Size of the file, in bytes or with K, M, G or T behind it
    #[arg(long, default_value = "64M", value_parser = size)]
    pub size: u64,

    /// Overwrite what is there: another disk, or any other file
    #[arg(long)]
    pub force: bool,

    /// Make a disk that is of use with this key only: a file of 32 random bytes, or of 64
    /// hexadecimal digits
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,

    /// Compress the checkpoint's pages
    #[arg(long, requires = "image")]
    pub compress: bool,

    /// The program.
    #[command(flatten)]
    pub program: ProgramArgs,

    /// An image of the program, as `run --freeze-after` writes it: becomes its first checkpoint
    #[arg(long, value_name = "FILE", requires = "module")]
    pub image: Option<PathBuf>,
}

/// Arguments of `disk add`.
#[derive(Args, Debug)]
#[command(group = clap::ArgGroup::new("what").required(true).multiple(true).args(["module", "image"]))]
pub struct AddArgs {
    /// The disk.
    #[command(flatten)]
    pub disk: WritableDisk,

    /// The program.
    #[command(flatten)]
    pub program: ProgramArgs,

    /// If there is a program of this name, take its place; its checkpoints are gone then
    #[arg(long, requires = "module")]
    pub replace: bool,

    /// An image, as `run --freeze-after` writes it: becomes the newest checkpoint of its program
    #[arg(long, value_name = "FILE")]
    pub image: Option<PathBuf>,

    /// Compress the checkpoint's pages
    #[arg(long, requires = "image")]
    pub compress: bool,

    /// The program that the image is of; need not be given if the disk has one only
    #[arg(
        long,
        value_name = "NAME",
        requires = "image",
        conflicts_with = "module"
    )]
    pub guest: Option<String>,
}

/// A program.
#[derive(Args, Debug)]
pub struct ProgramArgs {
    /// The program, in binary or text format
    #[arg(long, value_name = "FILE")]
    pub module: Option<PathBuf>,

    /// The program's name on the disk; the module's file name without extension by default
    #[arg(long, value_name = "NAME", requires = "module")]
    pub name: Option<String>,

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

    /// Give the program all that is in this directory, as its directory /
    ///
    /// What is in it goes to the disk as it is now. The program can change it there, not here.
    #[arg(long, requires = "module", conflicts_with = "tar")]
    pub dir: Option<PathBuf>,

    /// Give the program the files in a tar archive, as its directory /
    #[arg(long, value_name = "FILE", requires = "module")]
    pub tar: Option<PathBuf>,

    /// Put machine code beside the module, so that the kernel need not compile it
    ///
    /// The kernel runs it only with the option precompiled=trust, if it is of the same version,
    /// and on a processor that has the features of --cpu; else it compiles the module.
    #[arg(long, requires = "module")]
    pub precompile: bool,

    /// Processor features that --precompile may use: native, baseline, or names joined by +
    #[arg(
        long,
        value_name = "FEATURES",
        default_value = "native",
        value_parser = cpu,
        requires = "precompile",
    )]
    pub cpu: CpuFeatures,
}

/// Arguments of `disk ls`.
#[derive(Args, Debug)]
pub struct LsArgs {
    /// The disk.
    #[command(flatten)]
    pub disk: DiskPath,

    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `disk extract`.
#[derive(Args, Debug)]
#[command(group = clap::ArgGroup::new("what").required(true).multiple(true).args(["module", "image", "files"]))]
pub struct ExtractArgs {
    /// The disk.
    #[command(flatten)]
    pub disk: DiskPath,

    /// The program; need not be given if the disk has one only
    #[arg(long, value_name = "NAME")]
    pub guest: Option<String>,

    /// Write the module to FILE
    #[arg(long, value_name = "FILE")]
    pub module: Option<PathBuf>,

    /// Write a checkpoint's image to FILE; `woodfrog resume` goes on from it
    #[arg(long, value_name = "FILE")]
    pub image: Option<PathBuf>,

    /// Write the program's files in a checkpoint to a tar archive FILE, or, without one, those
    /// that it begins with
    #[arg(long, value_name = "FILE")]
    pub files: Option<PathBuf>,

    /// Which checkpoint, as `disk ls` numbers them; the newest by default
    #[arg(long, value_name = "N")]
    pub number: Option<u64>,
}

/// Arguments of `disk gc`.
#[derive(Args, Debug)]
pub struct GcArgs {
    /// The disk.
    #[command(flatten)]
    pub disk: WritableDisk,

    /// Of this program only; of all by default
    #[arg(long, value_name = "NAME")]
    pub guest: Option<String>,

    /// How many checkpoints each program keeps
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub keep: usize,
}

/// Arguments of `disk rm`.
#[derive(Args, Debug)]
pub struct RmArgs {
    /// The disk.
    #[command(flatten)]
    pub disk: WritableDisk,

    /// The program
    pub guest: String,
}

/// Arguments of `disk copy`.
#[derive(Args, Debug)]
pub struct CopyArgs {
    /// The disk to copy from.
    #[command(flatten)]
    pub from: DiskPath,

    /// The program
    pub guest: String,

    /// The disk to copy to
    pub to: PathBuf,

    /// The key of the disk to copy to
    #[arg(long, value_name = "FILE")]
    pub to_key: Option<PathBuf>,

    /// Write even if another machine has the lease of the disk to copy to
    #[arg(long)]
    pub take_over: bool,

    /// The program's name on the other disk, if it is to have another one there
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,

    /// Compress the checkpoints' pages on the other disk
    #[arg(long)]
    pub compress: bool,

    /// Copy all checkpoints, not the newest only; they are numbered anew from 1
    #[arg(long)]
    pub all: bool,
}
