//! The project's own scripts, in the form of the specification's: as they are, and with
//! every call frozen and thawed at every suspend point.

use std::path::PathBuf;
use std::process::Command;

/// A script whose stack is too deep to be read at every suspend point.
const DEEP: &str = "deep.wast";

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/scripts")
}

fn run(options: &[&str]) {
    let scripts: Vec<PathBuf> = std::fs::read_dir(folder())
        .expect("the folder is there")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| !path.ends_with(DEEP))
        .collect();
    assert!(scripts.len() >= 10, "only {scripts:?}");
    run_scripts(&scripts, options);
}

fn run_scripts(scripts: &[PathBuf], options: &[&str]) {
    let output = Command::new(env!("CARGO_BIN_EXE_woodfrog"))
        .arg("wast")
        .args(options)
        .args(scripts)
        .output()
        .expect("the command runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(text.ends_with(" passed, 0 failed\n"), "{text}");
}

#[test]
fn scripts_hold() {
    run(&[]);
}

#[test]
fn scripts_hold_when_frozen_at_every_suspend_point() {
    run(&["--freeze-every", "1"]);
}

#[test]
fn scripts_hold_when_frozen_with_frames_in_several_versions() {
    run(&["--switch-versions", "--freeze-every", "3"]);
}

#[test]
fn ten_thousand_frames_hold_straight_frozen_and_in_several_versions() {
    let scripts = [folder().join(DEEP)];
    run_scripts(&scripts, &[]);
    run_scripts(&scripts, &["--freeze-every", "3000"]);
    run_scripts(&scripts, &["--switch-versions", "--freeze-every", "5000"]);
}
