//! Files in the kernel: from an archive on the disk, written to, frozen in the middle of that,
//! and thawed.

use crate::bench::{Bench, text};
use std::ffi::OsStr;
use std::fs;
use std::process::Command;
use tempfile::TempDir;
use woodfrog_qemu::MachineType::{Microvm, Q35};
use woodfrog_qemu::{Ending, Status};

/// Copies `given`, writes 2,000 lines to `dir/log` and some to a file without a name, and
/// copies both.
const FILES: &str = "tests-qemu/guests/files.wat";

const GIVEN: &str = "what the program was given\n";

/// A directory with the file that the program wants.
fn given() -> TempDir {
    let directory = TempDir::new().expect("a temporary directory");
    fs::write(directory.path().join("given"), GIVEN).expect("room for a file");
    directory
}

#[test]
fn files_are_frozen_while_they_are_written_and_go_on() {
    let directory = given();
    let bench = Bench::with_options(FILES, &[OsStr::new("--dir"), directory.path().as_ref()]);
    let whole = bench.boot(Q35, "", Ending::Finished);
    let ended = [Status::Checkpointed(1), Status::Returned];
    assert_eq!(whole.statuses, ended, "{}", whole.log);
    assert_eq!(written(&bench).lines().count(), 2000);
    assert!(whole.output.starts_with(GIVEN), "{}", whole.output);
    let lines: Vec<_> = whole.output.lines().skip(1).collect();
    assert_eq!((lines.len(), lines[1999]), (2031, "0002000 of 2000"));

    let freeze = "checkpoint=discard freeze_after_ms=150";
    let first = bench.boot(Microvm, freeze, Ending::Frozen);
    assert_eq!(first.output, GIVEN);
    let log = written(&bench);
    assert!(!log.is_empty() && log.len() < 32_000, "{} bytes", log.len());
    let all = whole.output.strip_prefix(GIVEN).expect("as above");
    assert!(all.starts_with(&log));

    // It goes on under Linux, too, with the files that are in the image.
    let before = bench.file("before");
    bench.disk.extract_image(&before).expect("an image");
    let on_linux = bench.woodfrog(&[
        &"resume",
        &"--module",
        &bench.module,
        &"--freeze-every",
        &"100000",
        &before,
    ]);
    assert_eq!(text(&on_linux.stdout), all);

    let second = bench.boot(Q35, "freeze_after_ms=150", Ending::Frozen);
    assert_eq!(second.output, "");
    assert!(written(&bench).len() > log.len());
    let last = bench.boot(Microvm, "", Ending::Finished);
    let ended = [Status::Thawed(3), Status::Checkpointed(4), Status::Returned];
    assert_eq!(last.statuses, ended);
    assert_eq!(written(&bench).lines().count(), 2000);
    let again = bench.boot(Q35, "", Ending::Finished);
    assert_eq!(again.statuses, [Status::EndedBefore(0)]);
    assert_eq!(last.output, all);
}

/// However a program ends, its last files are on the disk, in an image of an ended program.
#[test]
fn what_a_program_leaves_is_on_the_disk() {
    const LEAVES: &str = "tests-qemu/guests/leaves_a_file.wat";
    for (args, code, message) in [
        (&[][..], 7, ""),
        (&["trap"], 1, "the program trapped before it was frozen"),
    ] {
        let bench = Bench::new(LEAVES, args);
        let boot = bench.boot(Microvm, "", Ending::Finished);
        assert_eq!(boot.statuses[0], Status::Checkpointed(1), "{}", boot.log);
        match &boot.statuses[1] {
            Status::Exited(7) => assert_eq!(args.len(), 0),
            Status::Trapped(trap) => assert_eq!(trap.reason, "unreachable"),
            other => panic!("{other:?}"),
        }
        let archive = bench.file("files.tar");
        bench.disk.extract_files(&archive).expect("files");
        let listed = Command::new("tar").arg("-tf").arg(&archive).output();
        let listed = text(&listed.expect("tar is there").stdout);
        assert!(listed.contains("left"), "{listed}");
        let image = bench.file("image");
        bench.disk.extract_image(&image).expect("an image");
        let resumed = bench.woodfrog(&[&"resume", &"--module", &bench.module, &image]);
        assert_eq!(resumed.status.code(), Some(code));
        assert!(text(&resumed.stderr).contains(message));
    }
}

/// What the program has written to `dir/log` by the newest checkpoint.
fn written(bench: &Bench) -> String {
    let archive = bench.file("files.tar");
    bench.disk.extract_files(&archive).expect("files");
    let extracted = TempDir::new().expect("a temporary directory");
    let tar = Command::new("tar")
        .arg("-xf")
        .arg(&archive)
        .arg("-C")
        .arg(extracted.path())
        .status();
    assert!(tar.expect("tar is there").success());
    let given = fs::read_to_string(extracted.path().join("given"));
    assert_eq!(given.expect("the file that was given"), GIVEN);
    fs::read_to_string(extracted.path().join("dir/log")).expect("the program's file")
}
