//! The command line: what can be asked for. What is said here is the `--help`.

use crate::disk::DiskArgs;
use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use std::ffi::OsString;
use std::path::PathBuf;
use woodfrog::abi::{CpuFeatures, UnknownCpuFeature};
use woodfrog::module::WasmFeatures;

/// Runs WebAssembly programs that can be frozen at any moment and thawed elsewhere.
#[derive(Debug, Parser)]
#[command(name = "woodfrog", version, max_term_width = 90)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a module
    ///
    /// Exits with the program's own status, 0 if it returns, 134 if it traps, 1 if a
    /// module, image or option is bad.
    Run(RunArgs),
    /// Go on from an image
    ///
    /// Exits as `run` does. Standard input goes on where the program had stopped
    /// reading, if it is a file.
    Resume(ResumeArgs),
    /// Show what is in an image
    Inspect(InspectArgs),
    /// Turn an image into a core dump for WebAssembly debuggers
    ///
    /// A core dump holds frames, memories and globals in the format of WebAssembly's tool
    /// conventions. To have one of a program that traps: `run --coredump`.
    Coredump(CoredumpArgs),
    /// Compile a module without running it
    ///
    /// What `--output` writes is for this version of the command only, and for processors that
    /// have the features that `--cpu` names.
    Compile(CompileArgs),
    /// Make and read checkpoint disks
    Disk(DiskArgs),
    /// Run scripts of the WebAssembly test suite
    ///
    /// Prints each failure with its line, for each set (directory) how many assertions of each
    /// kind passed, and how many passed and failed last. Exits with 1 if any failed.
    Wast(WastArgs),
    /// Print a script that completes this command's arguments in a shell
    Completions(CompletionsArgs),
    /// Print the manual page, or write all pages to a directory
    Man(ManArgs),
}

/// Arguments of `run`.
#[derive(Args, Debug)]
pub struct RunArgs {
    /// Call this export with ARGS as its arguments, and print the results one per line
    ///
    /// Without it, the export `_start` is called, if there is one, and ARGS are the
    /// program's arguments.
    #[arg(long, value_name = "NAME")]
    pub invoke: Option<String>,

    /// Set an environment variable of the program
    #[arg(long, value_name = "NAME=VALUE")]
    pub env: Vec<String>,

    /// Take random numbers from a generator with this seed, for repeatable runs
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,

    /// What `run` and `resume` share.
    #[command(flatten)]
    pub common: CommonArgs,

    /// The module, in binary or text format, and what is for the program
    #[arg(
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_names = ["FILE", "ARGS"],
    )]
    pub file_and_args: Vec<OsString>,
}

/// Arguments of `resume`.
#[derive(Args, Debug)]
pub struct ResumeArgs {
    /// The image
    pub image_file: PathBuf,

    /// A module that the image was made from (repeat for each)
    #[arg(long, value_name = "FILE", required = true)]
    pub module: Vec<PathBuf>,

    /// Accepted for symmetry with `run`; must be what the program was called by
    #[arg(long, value_name = "NAME")]
    pub invoke: Option<String>,

    /// Accepted for symmetry with `run`; the program keeps the environment it had
    #[arg(long, value_name = "NAME=VALUE")]
    pub env: Vec<String>,

    /// What `run` and `resume` share.
    #[command(flatten)]
    pub common: CommonArgs,
}

/// What `run` and `resume` share.
#[derive(Args, Debug)]
pub struct CommonArgs {
    /// Give the program the directory HOST, under the name GUEST or else its own (repeatable)
    #[arg(long, value_name = "HOST[::GUEST]")]
    pub dir: Vec<String>,

    /// Instantiate FILE first, and let the module import its exports as NAME's (repeatable)
    #[arg(long, value_name = "NAME=FILE")]
    pub preload: Vec<String>,

    /// Let function imports that nobody defines return zeros
    #[arg(long)]
    pub unknown_imports_default: bool,

    /// Freeze the program at every Nth suspend point, and thaw it at other addresses; 0: never
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub freeze_every: u64,

    /// Move frames between two code versions at every suspend point, or every one at which
    /// the program is frozen
    #[arg(long)]
    pub switch_versions: bool,

    /// Freeze the program after this many milliseconds, write the image, and exit with 0
    #[arg(long, value_name = "MS", requires = "image")]
    pub freeze_after: Option<u64>,

    /// Where to write the image
    #[arg(long, value_name = "OUT", requires = "freeze_after")]
    pub image: Option<PathBuf>,

    /// If the program traps, write a core dump for WebAssembly debuggers to OUT
    #[arg(long, value_name = "OUT")]
    pub coredump: Option<PathBuf>,

    /// Processor features that code may use: native, baseline, or names joined by +
    #[arg(long, value_name = "FEATURES", default_value = "native", value_parser = cpu)]
    pub cpu: CpuFeatures,

    /// Take modules that `compile` has written, too; run them only if you trust who made them
    ///
    /// Their machine code runs as it is, outside of every sandbox.
    #[arg(long)]
    pub allow_precompiled: bool,

    /// End standard output with a line that holds what happened as a JSON object
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `inspect`.
#[derive(Args, Debug)]
pub struct InspectArgs {
    /// The image
    pub image_file: PathBuf,

    /// A module that the image was made from, for names and a full check (repeat for each)
    #[arg(long, value_name = "FILE")]
    pub module: Vec<PathBuf>,

    /// Print a JSON object
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `coredump`.
#[derive(Args, Debug)]
pub struct CoredumpArgs {
    /// The image
    pub image_file: PathBuf,

    /// A module that the image was made from, for code offsets and a full check (repeat for each)
    #[arg(long, value_name = "FILE")]
    pub module: Vec<PathBuf>,

    /// Where to write the core dump
    #[arg(short, long, value_name = "OUT", required = true)]
    pub output: PathBuf,
}

/// Arguments of `compile`.
#[derive(Args, Debug)]
pub struct CompileArgs {
    /// The module, in binary or text format
    pub file: PathBuf,

    /// Print sizes in bytes of wasm code, machine code and state map, and the time in seconds
    #[arg(long)]
    pub stats: bool,

    /// Processor features that code may use: native, baseline, or names joined by +
    #[arg(long, value_name = "FEATURES", default_value = "native", value_parser = cpu)]
    pub cpu: CpuFeatures,

    /// Write the compiled module to a file, for `run --allow-precompiled`
    #[arg(short, long, value_name = "OUT")]
    pub output: Option<PathBuf>,
}

/// Arguments of `wast`.
#[derive(Args, Debug)]
pub struct WastArgs {
    /// The scripts
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// Freeze every call at every Nth suspend point, and thaw it at other addresses; 0: never
    ///
    /// A call that passes more than 10,000 points is frozen at the first 1,000, and then
    /// at random ones.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub freeze_every: u64,

    /// Move frames between two code versions at every suspend point, or at those at which
    /// calls are frozen
    #[arg(long)]
    pub switch_versions: bool,

    /// Processor features that code may use: native, baseline, or names joined by +
    #[arg(long, value_name = "FEATURES", default_value = "native", value_parser = cpu)]
    pub cpu: CpuFeatures,

    /// Take the random ones from a generator with this seed, and not one that is printed
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,

    /// A list of what must fail: lines of SET/FILE:LINE, SET being the file's directory, or of
    /// SET/FILE *COUNT, and a reason
    #[arg(long, value_name = "FILE")]
    pub expected_failures: Option<PathBuf>,

    /// What modules may use: v1, v2, all, or names of proposals to WebAssembly, joined by +
    #[arg(long, value_name = "NAMES", default_value = "all")]
    pub features: WasmFeatures,
}

/// Arguments of `completions`.
#[derive(Args, Debug)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: Shell,
}

/// Arguments of `man`.
#[derive(Args, Debug)]
pub struct ManArgs {
    /// Write a page for each subcommand to this directory, which is made if it is not there
    pub dir: Option<PathBuf>,
}

/// Reads a set of processor features, for which there may be `native`: those of this one.
fn cpu(text: &str) -> Result<CpuFeatures, UnknownCpuFeature> {
    match text {
        "native" => Ok(CpuFeatures::detect()),
        names => names.parse(),
    }
}
