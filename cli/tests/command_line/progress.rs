//! Progress bars, on a terminal that `script` (of util-linux) provides.

use crate::common::{Run, file, path};
use std::process::{Command, Stdio};

/// An image that is written slowly into a pipe.
fn inspect_slowly(image: &str) -> String {
    let woodfrog = env!("CARGO_BIN_EXE_woodfrog");
    format!(
        "{{ head -c 4097 {image}; sleep 0.7; tail -c +4098 {image}; }} | {woodfrog} inspect /dev/stdin"
    )
}

/// Runs a command of the shell on a terminal and returns what it shows.
fn on_a_terminal(command: &str) -> String {
    let output = Command::new("script")
        .args(["-qec", command, "/dev/null"])
        .env("TERM", "xterm")
        .stdin(Stdio::null())
        .output();
    let run = Run::from(output.expect("script runs"));
    assert_eq!(run.code, Some(0), "{run:#?}");
    run.stdout
}

fn image() -> String {
    let module = file(
        "endless.wat",
        "(module (func (export \"_start\") (loop $l (br $l))))",
    );
    let image = path("image");
    Run::new(&["run", "--freeze-after", "1", "--image", &image, &module]).assert_prints("");
    image
}

#[test]
fn what_takes_long_shows_a_bar_on_a_terminal_only() {
    let image = image();
    let slowly = inspect_slowly(&image);
    let shown = on_a_terminal(&slowly);
    assert!(shown.contains("reading /dev/stdin ["), "{shown:?}");
    assert!(shown.contains("frames, innermost first"), "{shown:?}");

    let elsewhere = Command::new("sh").args(["-c", &slowly]).output();
    let elsewhere = Run::from(elsewhere.expect("the shell runs"));
    assert_eq!(elsewhere.stderr, "");

    let woodfrog = env!("CARGO_BIN_EXE_woodfrog");
    let shown = on_a_terminal(&format!("{woodfrog} inspect {image}"));
    assert!(!shown.contains("reading"), "{shown:?}");
}
