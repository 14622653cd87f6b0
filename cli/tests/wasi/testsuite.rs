//! The public test suite of WASI preview 1: what its 72 modules, made from Rust, C and
//! AssemblyScript, must print and end with.
//!
//! It is in no package of its own, but in that of Wasmtime's command, which cargo fetches; nothing
//! of that package is built.

use crate::assert_none_fails;
use crate::common::{Run, path};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::{env, fs};

/// The package that has the suite: the folder, once it is unpacked.
const PACKAGE: &str = "wasmtime-cli-44.0.2";
/// The SHA-256 of the package's file.
const SHA256: &str = "0f89fd1f0173fb358aa1879ac62243ebaf38f0fd620a4ba819dee26caece8e3a";
/// Where the suite is in the package; below are folders for the languages.
const SUITE: &str = "tests/wasi_testsuite/wasi-common/tests";
/// The folder with the modules, below each of these.
const LANGUAGES: [(&str, usize); 3] = [("assemblyscript", 12), ("c", 14), ("rust", 46)];
const MODULES: &str = "testsuite/wasm32-wasip1";

#[test]
fn the_public_suite_holds_frozen_or_not() {
    assert_holds(&["0", "1"], |from| {
        let to = path("suite-files");
        let status = Command::new("cp").arg("-r").arg(from).arg(&to).status();
        assert!(status.expect("cp starts").success());
        ["--dir", &to].map(str::to_owned)
    });
}

#[test]
fn the_public_suite_holds_with_files_in_memory() {
    assert_holds(&["0", "7"], |from| {
        let to = path("suite-files.tar");
        tar(&["-cf", &to, "-C"], &[from.as_os_str(), OsStr::new(".")]);
        ["--tar", &to].map(str::to_owned)
    });
}

/// Runs all modules, each frozen after these numbers of suspend points. `give` makes a copy of a
/// directory of the suite, and returns the option for it and where it is.
fn assert_holds(freeze_every: &[&str], give: impl Fn(&Path) -> [String; 2] + Sync) {
    let modules: Vec<_> = LANGUAGES.into_iter().flat_map(modules).collect();
    let cases: Vec<_> = freeze_every
        .iter()
        .flat_map(|every| modules.iter().map(move |module| (module, *every)))
        .collect();
    assert_none_fails(&cases, |(module, every)| failure(module, every, &give));
}

/// The modules of a language, of which there are `count`.
fn modules((language, count): (&str, usize)) -> Vec<PathBuf> {
    let folder = suite().join(language).join(MODULES);
    let files = fs::read_dir(folder).expect("the package has this folder");
    let mut modules: Vec<_> = files.map(|file| file.expect("readable").path()).collect();
    modules.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "wasm")
    });
    assert_eq!(modules.len(), count, "{language}");
    modules
}

/// Runs a module, and says what is wrong with what it did.
fn failure(module: &Path, every: &str, give: impl Fn(&Path) -> [String; 2]) -> Option<String> {
    // It passes 190,000 suspend points: freezing it at each takes minutes.
    let is_long = module.file_stem().is_some_and(|name| name == "fd_readdir");
    let every = if is_long && every != "0" { "50" } else { every };

    let specification = Specification::of(module);
    let mut args = ["run", "--freeze-every", every].map(str::to_owned).to_vec();
    let mut copies = Vec::new();
    for directory in &specification.dirs {
        let [option, copy] = give(&module.with_file_name(directory));
        args.extend([option, format!("{copy}::{directory}")]);
        copies.push(copy);
    }
    for (name, value) in &specification.env {
        args.extend(["--env".to_owned(), format!("{name}={value}")]);
    }
    args.push(module.to_str().expect("a UTF-8 path").to_owned());
    args.extend(specification.args);
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let run = Run::new(&args);
    for copy in copies {
        let removed = fs::remove_dir_all(&copy).or_else(|_| fs::remove_file(&copy));
        removed.expect("the copy is the test's own");
    }

    let is_right = run.code == Some(specification.exit_code)
        && specification.stdout.is_none_or(|text| text == run.stdout)
        && specification.stderr.is_none_or(|text| text == run.stderr);
    (!is_right).then(|| format!("woodfrog {}: {run:?}", args.join(" ")))
}

/// What a module is given and what must come of it: the file beside it.
#[derive(Default)]
struct Specification {
    args: Vec<String>,
    dirs: Vec<String>,
    env: Vec<(String, String)>,
    exit_code: i32,
    stdout: Option<String>,
    stderr: Option<String>,
}

impl Specification {
    /// The specification of a module; all is at its default where there is none.
    fn of(module: &Path) -> Self {
        let mut specification = Self::default();
        let Ok(text) = fs::read_to_string(module.with_extension("json")) else {
            return specification;
        };
        let Ok(Json::Object(fields)) = serde_json::from_str(&text) else {
            panic!("no object in {text}");
        };
        let string = |value: &Json| value.as_str().expect("a string").to_owned();
        let strings = |value: &Json| {
            value
                .as_array()
                .expect("a list")
                .iter()
                .map(string)
                .collect()
        };
        for (key, value) in &fields {
            match key.as_str() {
                "args" => specification.args = strings(value),
                "dirs" => specification.dirs = strings(value),
                "env" => {
                    let variables = value.as_object().expect("an object").iter();
                    let variables = variables.map(|(name, value)| (name.clone(), string(value)));
                    specification.env = variables.collect();
                }
                "exit_code" => {
                    let code = value.as_i64().expect("a number");
                    specification.exit_code = code.try_into().expect("a status");
                }
                "stdout" => specification.stdout = Some(string(value)),
                "stderr" => specification.stderr = Some(string(value)),
                _ => panic!("{key} in {text} is not known here"),
            }
        }
        specification
    }
}

/// Where the suite is unpacked. That is done once.
fn suite() -> &'static Path {
    static SUITE_FOLDER: OnceLock<PathBuf> = OnceLock::new();
    SUITE_FOLDER.get_or_init(|| {
        let file = cached().unwrap_or_else(|| {
            fetch();
            cached().expect("cargo keeps what it has fetched")
        });
        let digest = Sha256::digest(fs::read(&file).expect("the package is readable"));
        assert_eq!(format!("{digest:x}"), SHA256, "{}", file.display());
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let member = format!("{PACKAGE}/{SUITE}");
        let args = [
            folder.as_os_str(),
            OsStr::new(&member),
            OsStr::new("-f"),
            file.as_os_str(),
        ];
        tar(&["-xzC"], &args);
        folder.join(member)
    })
}

/// The package's file, if it is in cargo's cache.
fn cached() -> Option<PathBuf> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(env::home_dir()?.join(".cargo")));
    let registries = fs::read_dir(home?.join("registry/cache")).ok()?;
    registries
        .filter_map(|registry| Some(registry.ok()?.path().join(format!("{PACKAGE}.crate"))))
        .find(|file| file.exists())
}

/// Lets cargo put the package into its cache. To show it, cargo fetches it alone; as a
/// dependency, it would come with hundreds of others.
fn fetch() {
    let (name, version) = PACKAGE.rsplit_once('-').expect("a version");
    let output = Command::new(env!("CARGO"))
        .args(["info", "--registry", "crates-io"])
        .arg(format!("{name}@{version}"))
        .output()
        .expect("cargo starts");
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{PACKAGE} is not to be had: {message}"
    );
}

fn tar(options: &[&str], args: &[&OsStr]) {
    let status = Command::new("tar").args(options).args(args).status();
    assert!(status.expect("tar starts").success());
}
