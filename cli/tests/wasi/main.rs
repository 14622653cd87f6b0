//! Runs the guest of `tests/wasi`, which checks what WASI preview 1 promises, each check in an
//! empty directory, and the public test suite: as they are, and frozen and thawed on the way at
//! many points.

#[path = "../common/mod.rs"]
mod common;
mod testsuite;

use common::{Run, command, file, path};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};
use std::{fs, thread};
use wasmparser::{ExternalKind, Parser, Payload};

/// After how many suspend points the program is frozen; 0 for never.
const FREEZE_EVERY: [&str; 4] = ["0", "1", "7", "50"];

/// The guest's path. It is built once.
fn guest() -> &'static str {
    static GUEST: OnceLock<String> = OnceLock::new();
    GUEST.get_or_init(|| build("wasi-guest", &[]))
}

/// The path of the guest that does the same by the calls of preview 0.
fn guest_of_preview_0() -> &'static str {
    static GUEST: OnceLock<String> = OnceLock::new();
    GUEST.get_or_init(|| build("wasi-guest-0", &["--features", "preview-0"]))
}

fn build(target: &str, features: &[&str]) -> String {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/wasi/Cargo.toml");
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(target);
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--locked", "--release"])
        .args(["--target", "wasm32-wasip1", "--manifest-path"])
        .arg(manifest)
        .arg("--target-dir")
        .arg(&target)
        .args(features)
        .env_remove("RUSTFLAGS")
        .status()
        .expect("cargo starts");
    assert!(status.success(), "the guest does not build; see above");
    let guest = target.join("wasm32-wasip1/release/woodfrog_wasi_guests.wasm");
    guest.into_os_string().into_string().expect("a UTF-8 path")
}

/// The names of the checks: all functions that a guest exports, but for its initialisation.
fn checks(guest: &str) -> Vec<String> {
    let wasm = fs::read(guest).expect("the guest has been built");
    let mut names = Vec::new();
    for payload in Parser::new(0).parse_all(&wasm) {
        if let Payload::ExportSection(exports) = payload.expect("the guest is valid") {
            let exports = exports.into_iter().map(|export| export.expect("valid"));
            let functions = exports.filter(|export| export.kind == ExternalKind::Func);
            names.extend(functions.map(|export| export.name.to_owned()));
        }
    }
    names.retain(|name| name != "_initialize");
    names
}

#[test]
fn the_guest_calls_all_that_preview_1_has() {
    let wasm = fs::read(guest()).expect("the guest has been built");
    let mut names = BTreeSet::new();
    for payload in Parser::new(0).parse_all(&wasm) {
        if let Payload::ImportSection(imports) = payload.expect("the guest is valid") {
            let imports = imports.into_imports().map(|import| import.expect("valid"));
            names.extend(imports.map(|import| (import.module.to_owned(), import.name.to_owned())));
        }
    }
    // The 45 that it had at first, and sock_accept.
    assert_eq!(names.len(), 46, "{names:?}");
    assert!(
        names
            .iter()
            .all(|(module, _)| module == "wasi_snapshot_preview1")
    );
}

/// An empty directory, and the option that gives it to the program.
fn directory(name: &str) -> (PathBuf, String) {
    let directory = path(name);
    fs::create_dir(&directory).expect("the directory for tests is writable");
    let option = format!("{directory}::/");
    (directory.into(), option)
}

/// How a guest's check is run: guest, check, and after how many suspend points it is frozen.
type RunCheck = fn(guest: &str, check: &str, freeze_every: &str) -> Run;

/// Runs a check, which gets the files that an option gives it.
fn run(guest: &str, check: &str, freeze_every: &str, files: [&str; 2]) -> Run {
    let [option, value] = files;
    Run::new(&[
        "run",
        option,
        value,
        "--env",
        "KEY=a value",
        "--env",
        "EMPTY=",
        "--freeze-every",
        freeze_every,
        "--invoke",
        check,
        guest,
    ])
}

fn run_in_directory(guest: &str, check: &str, freeze_every: &str) -> Run {
    let (directory, dir) = directory(check);
    let run = run(guest, check, freeze_every, ["--dir", &dir]);
    fs::remove_dir_all(directory).expect("the directory is the test's own");
    run
}

/// The archive is one with nothing in it.
fn run_in_memory(guest: &str, check: &str, freeze_every: &str) -> Run {
    run(guest, check, freeze_every, ["--tar", "/dev/null"])
}

#[test]
fn preview_1_does_what_it_promises_frozen_or_not() {
    assert_all_pass(guest(), &FREEZE_EVERY, run_in_directory);
}

#[test]
fn preview_1_does_what_it_promises_with_files_in_memory() {
    assert_all_pass(guest(), &FREEZE_EVERY, run_in_memory);
}

#[test]
fn preview_0_does_what_preview_1_does() {
    assert_all_pass(guest_of_preview_0(), &["0"], run_in_directory);
    assert_all_pass(guest_of_preview_0(), &["7"], run_in_memory);
}

fn assert_all_pass(guest: &str, freeze_every: &[&str], run: RunCheck) {
    let checks = checks(guest);
    assert!(checks.len() >= 50, "only {} checks", checks.len());
    let cases: Vec<_> = freeze_every
        .iter()
        .flat_map(|every| checks.iter().map(move |check| (check, every)))
        .collect();
    assert_none_fails(&cases, |(check, every)| {
        let run = run(guest, check, every);
        let is_right = (run.code, run.stdout.as_str()) == (Some(0), "0\n");
        (!is_right).then(|| format!("{check} with --freeze-every {every}: {run:?}"))
    });
}

/// Runs all cases, on all processors; `failure` says what is wrong with one.
fn assert_none_fails<T: Sync>(cases: &[T], failure: impl Fn(&T) -> Option<String> + Sync) {
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let failure = failure(case);
                    failures.lock().expect("no panic").extend(failure);
                }
            });
        }
    });
    let failures = failures.into_inner().expect("no panic");
    assert!(
        failures.is_empty(),
        "{} of {} failed:\n{}",
        failures.len(),
        cases.len(),
        failures.join("\n")
    );
}

/// A check that was frozen in the middle: its image, its directory, and the directory's path.
fn frozen(check: &str) -> (String, PathBuf) {
    let image = path("image");
    let (directory, dir) = directory(check);
    let run = Run::new(&[
        "run",
        "--json",
        "--freeze-after",
        "100",
        "--image",
        &image,
        "--dir",
        &dir,
        "--invoke",
        check,
        guest(),
    ]);
    assert_eq!(run.json()["outcome"], "frozen", "{run:#?}");
    (image, directory)
}

fn resume(image: &str, dir: &[&str]) -> Run {
    Run::new(&[&["resume", image, "--module", guest()], dir].concat())
}

#[test]
fn open_files_are_found_in_another_directory() {
    let (image, directory) = frozen("sleeping_with_a_file");
    let elsewhere = path("elsewhere");
    fs::rename(&directory, &elsewhere).expect("the directory is the test's own");
    resume(&image, &["--dir", &format!("{elsewhere}::/")]).assert_prints("0\n");
    let text = fs::read_to_string(Path::new(&elsewhere).join("dir/file"));
    assert_eq!(text.expect("the guest's file"), "before after");
}

#[test]
fn what_is_gone_is_named() {
    let (image, directory) = frozen("sleeping_with_a_file");
    resume(&image, &[]).assert_fails(1, "--dir HOST::/");
    let dir = format!("{}::/", directory.display());
    let other = format!("{}::/other", directory.display());
    resume(&image, &["--dir", &other]).assert_fails(1, "--dir HOST::/");
    fs::remove_file(directory.join("dir/file")).expect("the guest's file");
    resume(&image, &["--dir", &dir]).assert_fails(1, "\"dir/file\"");
    fs::write(directory.join("dir/file"), "BEFORE").expect("the directory is the test's own");
    let run = resume(&image, &["--dir", &dir]);
    assert!(
        run.stderr.contains("streams.rs"),
        "what is there by now is read: {run:#?}"
    );
}

/// Sleeps for a second, and then reads standard input and prints it.
const SLEEP_AND_READ: &str = r#"
(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (i32.store (i32.const 16) (i32.const 1))
    (i64.store (i32.const 24) (i64.const 1000000000))
    (if (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)) (then unreachable))
    (i32.store (i32.const 200) (i32.const 1024))
    (i32.store (i32.const 204) (i32.const 100))
    (if (call $read (i32.const 0) (i32.const 200) (i32.const 1) (i32.const 204)) (then unreachable))
    (if (call $write (i32.const 1) (i32.const 200) (i32.const 1) (i32.const 208)) (then unreachable))))
"#;

#[test]
fn a_sleep_and_a_read_that_wait_are_frozen_promptly_and_go_on() {
    let module = file("sleep.wat", SLEEP_AND_READ);
    let (first, second) = (path("image"), path("image"));
    let begin = Instant::now();
    let sleeping = [
        "run",
        "--json",
        "--freeze-after",
        "100",
        "--image",
        &first,
        &module,
    ];
    assert_eq!(Run::new(&sleeping).json()["outcome"], "frozen");
    assert!(
        begin.elapsed() < Duration::from_secs(1),
        "it slept to the end"
    );

    // Nobody writes to its standard input, so it waits after its sleep.
    let reading = [
        "resume",
        &first,
        "--json",
        "--module",
        &module,
        "--freeze-after",
        "1100",
        "--image",
        &second,
    ];
    let child = command(&reading)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut child = child.expect("the command starts");
    let stdin = child.stdin.take();
    let run = Run::from(child.wait_with_output().expect("the command ends"));
    drop(stdin);
    assert_eq!(run.json()["outcome"], "frozen");
    assert!(begin.elapsed() > Duration::from_secs(1), "it slept in all");

    let begin = Instant::now();
    Run::with_stdin(&["resume", &second, "--module", &module], b"input").assert_prints("input");
    assert!(
        begin.elapsed() < Duration::from_millis(800),
        "it slept once more"
    );
}
