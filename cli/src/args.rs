//! The command line: what can be asked for. What is said here is the `--help`.

use crate::disk::DiskArgs;
use crate::error::Failure;
use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use std::ffi::OsString;
use std::path::PathBuf;
use woodfrog::abi::{CpuFeatures, UnknownCpuFeature};
use woodfrog::module::WasmFeatures;

/// Runs WebAssembly programs that can be frozen at any moment and thawed elsewhere
#[derive(Debug, Parser)]
#[command(name = "woodfrog", version, max_term_width = 90, after_help = EXAMPLES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
Examples:
  woodfrog run program.wasm one two                             run a program
  woodfrog run --freeze-after 500 --image frozen program.wasm   freeze it after 500 ms
  woodfrog inspect frozen --module program.wasm                 see where it stands
  woodfrog resume frozen --module program.wasm                  go on

`woodfrog help COMMAND` tells more of a command, `woodfrog man DIR` writes manual pages.";

const RUN_EXAMPLES: &str = "\
Exit status:
  the program's own, if it calls proc_exit; 0 if it returns or was frozen; 134 if it traps,
  with a backtrace on standard error; 1 if a module, image or option is bad

Examples:
  woodfrog run program.wasm one two
  woodfrog run --dir data::/ --env HOME=/ program.wasm --an-option-of-the-program
  woodfrog run --tar files.tar program.wasm
  woodfrog run --invoke add library.wat 2 3
  woodfrog run --freeze-after 500 --image frozen program.wasm
  woodfrog run --freeze-every 1000 program.wasm";

const RESUME_EXAMPLES: &str = "\
Exit status:
  as that of `woodfrog run`

Examples:
  woodfrog resume frozen --module program.wasm
  woodfrog resume frozen --module program.wasm --freeze-after 500 --image frozen
  woodfrog resume disk.img
  woodfrog resume disk.img --guest program --freeze-after 500";

const INSPECT_EXAMPLES: &str = "\
Examples:
  woodfrog inspect frozen --module program.wasm
  woodfrog inspect frozen --json | jq .sizes
  woodfrog inspect disk.img --number 3
  woodfrog inspect frozen --files files.tar";

const COREDUMP_EXAMPLES: &str = "\
Examples:
  woodfrog coredump frozen --module program.wasm --output core.wasm
  woodfrog run --coredump core.wasm program.wasm";

const COMPILE_EXAMPLES: &str = "\
Examples:
  woodfrog compile --stats program.wasm
  woodfrog compile --output program.compiled program.wasm
  woodfrog run --allow-precompiled program.compiled";

const WAST_EXAMPLES: &str = "\
Exit status:
  1 if an assertion failed that was not expected to, or a file cannot be read; else 0

Examples:
  woodfrog wast --freeze-every 1 script.wast
  woodfrog wast --features v2 --expected-failures list set/*.wast";

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  eval \"$(woodfrog completions bash)\"
  woodfrog completions zsh > ~/.zfunc/_woodfrog
  woodfrog completions fish > ~/.config/fish/completions/woodfrog.fish";

const MAN_EXAMPLES: &str = "\
Examples:
  woodfrog man | man --local-file -
  woodfrog man ~/.local/share/man/man1";

/// Headings of options.
const PROGRAM: &str = "The program and what it gets";
const DISKS: &str = "Checkpoint disks";
const FREEZING: &str = "Freezing";
const TELLING: &str = "Results";
const COMPILING: &str = "Compilation";

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a module
    ///
    /// Runs a WASI program (preview 1), or with `--invoke` one function of a module. The program
    /// has the standard streams, and of the environment and the file system what options give it.
    #[command(after_long_help = RUN_EXAMPLES)]
    Run(RunArgs),
    /// Go on from an image or a checkpoint disk
    ///
    /// The program has the arguments, the environment and the calls that it had. If standard
    /// input is a file, it goes on where the program had stopped reading.
    ///
    /// From a disk, it goes on from its newest checkpoint, and its memory is read when it needs it.
    /// For that the command takes the disk's lease, so that nobody removes the checkpoint meanwhile;
    /// if it cannot have it, it reads all of it before. The checkpoints stay as they are. With
    /// `--freeze-after` and no `--image` another one is written to the disk.
    #[command(after_long_help = RESUME_EXAMPLES)]
    Resume(ResumeArgs),
    /// Show what is in an image or a checkpoint
    ///
    /// Frames with locals and operands, memories and what of them is zero, globals, tables, and
    /// where the bytes of the image go. With its modules there are names of functions and locals
    /// and, from DWARF, source lines; and the image is checked as if it were to be resumed.
    #[command(after_long_help = INSPECT_EXAMPLES)]
    Inspect(InspectArgs),
    /// Turn an image into a core dump for WebAssembly debuggers
    ///
    /// A core dump holds frames, memories and globals in the format of WebAssembly's tool
    /// conventions. Values that it has no words for, vectors and references, are missing.
    #[command(after_long_help = COREDUMP_EXAMPLES)]
    Coredump(CoredumpArgs),
    /// Compile a module without running it
    ///
    /// What `--output` writes is for this version of the command only, and for processors that
    /// have the features that `--cpu` names.
    #[command(after_long_help = COMPILE_EXAMPLES)]
    Compile(CompileArgs),
    /// Make and read checkpoint disks
    ///
    /// A checkpoint disk holds programs (each with its module, arguments and environment) and
    /// checkpoints of them. The Woodfrog kernel runs a program from the disk and goes on from its
    /// newest checkpoint.
    Disk(DiskArgs),
    /// Run scripts of the WebAssembly test suite
    ///
    /// Prints each failure with its line, for each set (directory) how many assertions of each
    /// kind passed, and how many passed and failed last.
    #[command(after_long_help = WAST_EXAMPLES)]
    Wast(WastArgs),
    /// Print a script that completes this command's arguments in a shell
    #[command(after_long_help = COMPLETIONS_EXAMPLES)]
    Completions(CompletionsArgs),
    /// Print the manual page, or write all pages to a directory
    #[command(after_long_help = MAN_EXAMPLES)]
    Man(ManArgs),
}

/// Arguments of `run`.
#[derive(Args, Debug)]
pub struct RunArgs {
    /// Call this export with ARGS as its arguments, and print the results one per line
    ///
    /// Without it, the export `_start` is called, if there is one, and ARGS are the
    /// program's arguments.
    #[arg(long, value_name = "NAME", help_heading = PROGRAM)]
    pub invoke: Option<String>,

    /// Set an environment variable of the program (repeatable)
    #[arg(long, value_name = "NAME=VALUE", help_heading = PROGRAM)]
    pub env: Vec<String>,

    /// Give the program the files in a tar archive, under the name GUEST or else / (repeatable)
    ///
    /// They are in memory: the program can change them, the archive stays as it is, and an
    /// image has them in it.
    #[arg(long, value_name = "FILE[::GUEST]", help_heading = PROGRAM)]
    pub tar: Vec<String>,

    /// Take random numbers from a generator with this seed, for repeatable runs
    #[arg(
        long,
        value_name = "NUMBER",
        allow_negative_numbers = true,
        value_parser = whole_number,
        help_heading = PROGRAM,
    )]
    pub seed: Option<u64>,

    /// What `run` and `resume` share.
    #[command(flatten)]
    pub common: CommonArgs,

    /// The module, in binary or text format, and the program's arguments: all that follows it
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
    /// The image, as `run --image` wrote it, or a checkpoint disk
    #[arg(value_name = "IMAGE")]
    pub image_file: PathBuf,

    /// A module that the image was made from (repeat for each); a disk has its program's
    #[arg(long, value_name = "FILE")]
    pub module: Vec<PathBuf>,

    /// What is for disks only.
    #[command(flatten)]
    pub disk: ResumeDiskArgs,

    /// Accepted for symmetry with `run`; must be what the program was called by
    #[arg(long, value_name = "NAME", help_heading = PROGRAM)]
    pub invoke: Option<String>,

    /// Accepted for symmetry with `run`; the program keeps the environment it had
    #[arg(long, value_name = "NAME=VALUE", help_heading = PROGRAM)]
    pub env: Vec<String>,

    /// What `run` and `resume` share.
    #[command(flatten)]
    pub common: CommonArgs,
}

/// Which checkpoint of a disk.
#[derive(Args, Debug)]
pub struct CheckpointArgs {
    /// The program; need not be given if the disk has one only
    #[arg(long, value_name = "NAME", help_heading = DISKS)]
    pub guest: Option<String>,

    /// Which checkpoint, as `disk ls` numbers them; the newest by default
    #[arg(long, value_name = "N", help_heading = DISKS)]
    pub number: Option<u64>,

    /// The key that the disk was made with: a file of 32 bytes, or of 64 hexadecimal digits
    #[arg(long, value_name = "FILE", help_heading = DISKS)]
    pub key: Option<PathBuf>,

    /// Refuse the disk if its commit number is less than N
    #[arg(long, value_name = "N", help_heading = DISKS)]
    pub expect_commit: Option<u64>,
}

impl CheckpointArgs {
    /// The first of them that was given.
    pub fn given(&self) -> Option<&'static str> {
        first_given([
            (self.guest.is_some(), "--guest"),
            (self.number.is_some(), "--number"),
            (self.key.is_some(), "--key"),
            (self.expect_commit.is_some(), "--expect-commit"),
        ])
    }
}

/// Arguments of `resume` that are for disks only.
#[derive(Args, Debug)]
pub struct ResumeDiskArgs {
    /// Which checkpoint.
    #[command(flatten)]
    pub checkpoint: CheckpointArgs,

    /// Read and check all of the checkpoint before the program runs
    #[arg(long, help_heading = DISKS)]
    pub eager: bool,

    /// Take the lease even if another machine has it; it has to stop its program then. A command that
    /// was killed has it for a minute
    #[arg(long, help_heading = DISKS)]
    pub take_over: bool,
}

impl ResumeDiskArgs {
    /// The first of them that was given.
    pub fn given(&self) -> Option<&'static str> {
        let own = [(self.eager, "--eager"), (self.take_over, "--take-over")];
        self.checkpoint.given().or_else(|| first_given(own))
    }
}

fn first_given<const N: usize>(options: [(bool, &'static str); N]) -> Option<&'static str> {
    let mut options = options.into_iter();
    options.find_map(|(is_given, name)| is_given.then_some(name))
}

/// What `run` and `resume` share.
#[derive(Args, Debug)]
pub struct CommonArgs {
    /// Give the program the directory HOST, under the name GUEST or else its own (repeatable)
    #[arg(long, value_name = "HOST[::GUEST]", help_heading = PROGRAM)]
    pub dir: Vec<String>,

    /// Instantiate FILE first, and let the module import its exports as NAME's (repeatable)
    #[arg(long, value_name = "NAME=FILE", help_heading = PROGRAM)]
    pub preload: Vec<String>,

    /// Let no memory of the program grow beyond SIZE bytes (also 64M, 2G)
    ///
    /// Growing beyond it fails as it does where there is no more memory. A program that begins
    /// with more, or has more in the image, is not run.
    #[arg(long, value_name = "SIZE", value_parser = size, help_heading = PROGRAM)]
    pub max_memory_size: Option<u64>,

    /// Let function imports that nobody defines, or not with that type, return zeros
    #[arg(long, help_heading = PROGRAM)]
    pub unknown_imports_default: bool,

    /// Freeze the program at every Nth suspend point, and thaw it at other addresses; 0: never
    ///
    /// For tests: the program must not notice.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        allow_negative_numbers = true,
        value_parser = whole_number,
        help_heading = FREEZING,
    )]
    pub freeze_every: u64,

    /// Move frames between two code versions at every suspend point, or every one at which
    /// the program is frozen
    #[arg(long, help_heading = FREEZING)]
    pub switch_versions: bool,

    /// Freeze the program after this many milliseconds, write the image, and exit with 0
    ///
    /// It is frozen at the next suspend point: a loop, or a call of a function that is not the
    /// host's. If it ends before, there is no image.
    #[arg(
        long,
        value_name = "MS",
        allow_negative_numbers = true,
        value_parser = whole_number,
        help_heading = FREEZING,
    )]
    pub freeze_after: Option<u64>,

    /// Where to write the image; a file that is there is replaced when the image is whole
    #[arg(long, value_name = "OUT", requires = "freeze_after", help_heading = FREEZING)]
    pub image: Option<PathBuf>,

    /// If the program traps, write a core dump for WebAssembly debuggers to OUT
    #[arg(long, value_name = "OUT", help_heading = TELLING)]
    pub coredump: Option<PathBuf>,

    /// Processor features that code may use: native, baseline, or names joined by +
    #[arg(
        long,
        value_name = "FEATURES",
        default_value = "native",
        value_parser = cpu,
        help_heading = COMPILING,
    )]
    pub cpu: CpuFeatures,

    /// Take modules that `compile` has written, too; run them only if you trust who made them
    ///
    /// Their machine code runs as it is, outside of every sandbox.
    #[arg(long, help_heading = COMPILING)]
    pub allow_precompiled: bool,

    /// End standard output with a line that holds what happened as a JSON object
    #[arg(long, help_heading = TELLING)]
    pub json: bool,
}

impl CommonArgs {
    /// Checks that there is somewhere for an image to go, if there is to be one.
    ///
    /// # Errors
    ///
    /// [`Failure::NoImage`].
    pub fn check_image(&self) -> Result<(), Failure> {
        match (self.freeze_after, &self.image) {
            (Some(_), None) => Err(Failure::NoImage),
            _ => Ok(()),
        }
    }
}

/// Arguments of `inspect`.
#[derive(Args, Debug)]
pub struct InspectArgs {
    /// The image, or a checkpoint disk
    #[arg(value_name = "IMAGE")]
    pub image_file: PathBuf,

    /// Which checkpoint, if it is a disk.
    #[command(flatten)]
    pub checkpoint: CheckpointArgs,

    /// A module that the image was made from, for names and source lines (repeat for each); a
    /// disk has its program's
    #[arg(long, value_name = "FILE")]
    pub module: Vec<PathBuf>,

    /// Print a JSON object
    #[arg(long)]
    pub json: bool,

    /// Write the program's files that are in the image to a tar archive
    #[arg(long, value_name = "OUT")]
    pub files: Option<PathBuf>,
}

/// Arguments of `coredump`.
#[derive(Args, Debug)]
pub struct CoredumpArgs {
    /// The image, or a checkpoint disk
    #[arg(value_name = "IMAGE")]
    pub image_file: PathBuf,

    /// Which checkpoint, if it is a disk.
    #[command(flatten)]
    pub checkpoint: CheckpointArgs,

    /// A module that the image was made from, for code offsets and a full check (repeat for each);
    /// a disk has its program's
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
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        allow_negative_numbers = true,
        value_parser = whole_number,
    )]
    pub freeze_every: u64,

    /// Move frames between two code versions at every suspend point, or at those at which
    /// calls are frozen
    #[arg(long)]
    pub switch_versions: bool,

    /// Processor features that code may use: native, baseline, or names joined by +
    #[arg(long, value_name = "FEATURES", default_value = "native", value_parser = cpu)]
    pub cpu: CpuFeatures,

    /// Take the random ones from a generator with this seed, and not one that is printed
    #[arg(
        long,
        value_name = "NUMBER",
        allow_negative_numbers = true,
        value_parser = whole_number,
    )]
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

/// Reads a number. The standard library's messages speak of digits, not of what is wanted.
fn whole_number(text: &str) -> Result<u64, &'static str> {
    text.parse()
        .map_err(|_| "expected a whole number from 0 to 18446744073709551615")
}

/// Reads a size in bytes, such as `64M`.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor: u64 = match &text[digits.len()..] {
        "" => 1,
        "k" | "K" => 1 << 10,
        "m" | "M" => 1 << 20,
        "g" | "G" => 1 << 30,
        "t" | "T" => 1 << 40,
        other => return Err(format!("{other} is not K, M, G or T")),
    };
    let number: u64 = digits.parse().map_err(|error| format!("{error}"))?;
    number
        .checked_mul(factor)
        .ok_or_else(|| "too large".to_owned())
}

/// Reads a set of processor features, for which there may be `native`: those of this one.
pub(crate) fn cpu(text: &str) -> Result<CpuFeatures, UnknownCpuFeature> {
    match text {
        "native" => Ok(CpuFeatures::detect()),
        names => names.parse(),
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_have_binary_suffixes() {
        assert_eq!(size("512"), Ok(512));
        assert_eq!(size("3K"), Ok(3 << 10));
        assert_eq!(size("64M"), Ok(64 << 20));
        assert_eq!(size("2g"), Ok(2 << 30));
        assert_eq!(size("1T"), Ok(1 << 40));
    }

    #[test]
    fn other_sizes_are_refused() {
        for text in ["", "M", "-1", "1P", "1.5G", "99999999999G"] {
            assert!(size(text).is_err(), "{text}");
        }
    }
}
