//! The project's own scripts, in the form of the specification's: as they are, and with
//! every call frozen and thawed at every suspend point.

use std::path::PathBuf;
use std::process::Command;

fn run(options: &[&str]) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/scripts");
    let scripts: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("readable").path())
        .collect();
    assert!(scripts.len() >= 2, "only {scripts:?}");
    let output = Command::new(env!("CARGO_BIN_EXE_woodfrog"))
        .arg("wast")
        .args(options)
        .args(&scripts)
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
