//! Builds what is booted. Cargo skips what is there already.

use crate::command::{self, CommandError};
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

/// Paths of what has been built.
#[derive(Clone, Debug)]
pub struct Artifacts {
    root: PathBuf,
    target: PathBuf,
}

const KERNEL_TARGET: &str = "x86_64-unknown-none";
const GUEST_TARGET: &str = "wasm32-wasip1";

/// Tests run on many threads; one build at a time is enough.
static BUILD: Mutex<()> = Mutex::new(());

impl Artifacts {
    /// The artifacts of the repository that this was built in.
    pub fn new() -> Self {
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = package.parent().expect("the package is in a repository");
        let target =
            env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), Into::into);
        Self {
            root: root.to_owned(),
            target,
        }
    }

    /// The kernel.
    ///
    /// # Errors
    ///
    /// This and all below: [`CommandError`], if the build fails.
    pub fn kernel(&self) -> Result<PathBuf, CommandError> {
        self.build(&[
            "-p",
            "woodfrog-boot",
            "--release",
            "--target",
            KERNEL_TARGET,
        ])?;
        Ok(self.kernel_path("woodfrog-kernel"))
    }

    /// A test image: a binary of `tests-qemu/images`.
    pub fn image(&self, name: &str) -> Result<PathBuf, CommandError> {
        let package = "woodfrog-test-images";
        self.build(&[
            "-p",
            package,
            "--bin",
            name,
            "--release",
            "--target",
            KERNEL_TARGET,
        ])?;
        Ok(self.kernel_path(name))
    }

    /// The kernel of `examples/foreign-kernel`, a workspace of its own.
    pub fn foreign_kernel(&self) -> Result<PathBuf, CommandError> {
        let manifest = self.root.join("examples/foreign-kernel/Cargo.toml");
        let args: [OsString; 6] = [
            "--manifest-path".into(),
            manifest.into(),
            "--release".into(),
            "--target".into(),
            KERNEL_TARGET.into(),
            format!("--target-dir={}", self.target.display()).into(),
        ];
        self.build(&args)?;
        Ok(self.kernel_path("foreign-kernel"))
    }

    /// The `woodfrog` command.
    pub fn woodfrog(&self) -> Result<PathBuf, CommandError> {
        self.build(&["-p", "woodfrog-cli", "--bin", "woodfrog"])?;
        Ok(self.target.join("debug/woodfrog"))
    }

    /// The `woodfrog` command, optimised.
    pub fn woodfrog_release(&self) -> Result<PathBuf, CommandError> {
        self.build(&["-p", "woodfrog-cli", "--bin", "woodfrog", "--release"])?;
        Ok(self.target.join("release/woodfrog"))
    }

    /// The example guest.
    pub fn example_guest(&self) -> Result<PathBuf, CommandError> {
        self.guest("examples/guests", "fractal.wasm")
    }

    /// The guest that checks what WASI promises, all checks in one program.
    pub fn wasi_checks(&self) -> Result<PathBuf, CommandError> {
        self.guest("tests/wasi", "all-checks.wasm")
    }

    /// Builds a guest's package and returns the path of one of its programs.
    fn guest(&self, package: &str, program: &str) -> Result<PathBuf, CommandError> {
        let manifest = self.root.join(package).join("Cargo.toml");
        let target = self.target.join("guests");
        let args: [OsString; 6] = [
            "--manifest-path".into(),
            manifest.into(),
            "--release".into(),
            "--target".into(),
            GUEST_TARGET.into(),
            format!("--target-dir={}", target.display()).into(),
        ];
        self.build(&args)?;
        Ok(target.join(GUEST_TARGET).join("release").join(program))
    }

    fn kernel_path(&self, name: &str) -> PathBuf {
        self.target.join(KERNEL_TARGET).join("release").join(name)
    }

    fn build<S: AsRef<std::ffi::OsStr>>(&self, args: &[S]) -> Result<(), CommandError> {
        let _one_at_a_time = BUILD.lock();
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        build
            .args(["build", "--quiet"])
            .args(args)
            .current_dir(&self.root);
        command::run(&mut build).map(|_| ())
    }
}

impl Default for Artifacts {
    fn default() -> Self {
        Self::new()
    }
}
