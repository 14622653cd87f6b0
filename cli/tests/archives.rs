//! Files from archives: run, frozen, resumed, taken out of images and disks again.

mod common;

use common::{Run, file, path};
use std::fs::{self, File};
use std::os::unix::fs::{FileExt, symlink};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

/// Copies `given`, writes 2,000 lines to `dir/log` and some to a file without a name, and
/// copies both.
const FILES: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../tests-qemu/guests/files.wat"
);

const GIVEN: &str = "what the program was given\n";

/// A directory with what a program may be given; the order in which it is made may differ.
fn directory(name: &str, is_reversed: bool) -> String {
    let directory = path(name);
    let root = Path::new(&directory);
    fs::create_dir_all(root.join("sub/empty")).unwrap();
    let mut files = vec![("given", GIVEN), ("sub/file", "x"), ("another", "")];
    if is_reversed {
        files.reverse();
    }
    for (name, contents) in files {
        fs::write(root.join(name), contents).unwrap();
    }
    fs::hard_link(root.join("given"), root.join("same as given")).unwrap();
    symlink("sub/file", root.join("link")).unwrap();
    for name in ["given", "sub/file", "another", "sub/empty", "sub"] {
        let file = File::open(root.join(name)).unwrap();
        let time = SystemTime::UNIX_EPOCH + Duration::new(1_700_000_000, 123_456_789);
        file.set_modified(time).unwrap();
    }
    // Links have their own times, which only `touch` sets.
    let touched = Command::new("touch")
        .args(["--no-dereference", "--date=@1700000000"])
        .arg(root.join("link"))
        .status();
    assert!(touched.unwrap().success());
    directory
}

/// The archive that a disk has of a directory.
fn archive_of(directory: &str) -> String {
    let (disk, archive) = (path("disk"), path("files.tar"));
    let create = ["disk", "create", &disk, "--module", FILES, "--dir"];
    Run::new(&[&create[..], &[directory]].concat()).assert_prints("");
    Run::new(&["disk", "extract", &disk, "--files", &archive]).assert_prints("");
    let checked = Run::new(&["disk", "fsck", &disk]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
    fs::remove_file(disk).unwrap();
    archive
}

/// What the program prints in all.
fn expected() -> String {
    let line = |number: u32| format!("{number:07} of 2000\n");
    let log = (1..=2000).map(line);
    let gone = (1..=2000).filter(|number| (2001 - number) % 64 == 0);
    GIVEN.to_owned() + &log.collect::<String>() + &gone.map(line).collect::<String>()
}

#[test]
fn a_directory_is_one_archive_whoever_made_it() {
    let one = archive_of(&directory("one", false));
    let other = archive_of(&directory("other", true));
    assert!(fs::read(&one).unwrap() == fs::read(other).unwrap());
    let extracted = path("extracted");
    fs::create_dir(&extracted).unwrap();
    let tar = Command::new("tar")
        .args(["-C", &extracted, "-xf", &one])
        .status();
    assert!(tar.unwrap().success());
    let root = Path::new(&extracted);
    let given = fs::metadata(root.join("same as given")).unwrap();
    let modified = given
        .modified()
        .unwrap()
        .duration_since(SystemTime::UNIX_EPOCH);
    assert_eq!(modified.unwrap(), Duration::new(1_700_000_000, 123_456_789));
    assert_eq!(fs::read_to_string(root.join("link")).unwrap(), "x");
    assert!(root.join("sub/empty").is_dir());
}

#[test]
fn files_in_memory_are_part_of_an_image() {
    let directory = directory("given", false);
    let archive = archive_of(&directory);
    Run::new(&["run", "--tar", &archive, FILES]).assert_prints(&expected());
    let often = ["run", "--freeze-every", "2000000", "--tar", &archive, FILES];
    Run::new(&often).assert_prints(&expected());

    let image = path("image");
    let run = Run::new(&[
        "run",
        "--json",
        "--freeze-after",
        "20",
        "--image",
        &image,
        "--tar",
        &archive,
        FILES,
    ]);
    assert_eq!(run.json()["outcome"], "frozen", "{run:?}");
    assert!(run.stdout.starts_with(GIVEN), "{run:?}");
    fs::remove_file(&archive).unwrap();
    let files = path("files.tar");
    let inspected = Run::new(&["inspect", &image, "--files", &files]);
    assert_eq!(inspected.code, Some(0), "{inspected:?}");
    let list = Command::new("tar").args(["-tf", &files]).output().unwrap();
    let list = String::from_utf8(list.stdout).unwrap();
    assert!(list.contains("dir/log") && !list.contains("gone"), "{list}");
    let rest = &expected()[GIVEN.len()..];
    Run::new(&["resume", &image, "--module", FILES]).assert_prints(rest);
}

#[test]
fn files_with_large_holes_come_out_as_they_went_in() {
    let directory = path("sparse");
    fs::create_dir(&directory).unwrap();
    let big = File::create(Path::new(&directory).join("big")).unwrap();
    big.write_all_at(b"end", 4 << 40).unwrap();
    let (archive, image, out) = (path("in.tar"), path("image"), path("out.tar"));
    let tar = ["--sparse", "-C", &directory, "-cf", &archive, "."];
    assert!(Command::new("tar").args(tar).status().unwrap().success());
    let endless = file(
        "endless.wat",
        "(module (func (export \"_start\") (loop (br 0))))",
    );
    let run = [
        "run",
        "--freeze-after",
        "1",
        "--image",
        &image,
        "--tar",
        &archive,
        &endless,
    ];
    Run::new(&run).assert_prints("");
    let inspected = Run::new(&["inspect", &image, "--files", &out]);
    assert_eq!(inspected.code, Some(0), "{inspected:?}");
    assert!(fs::metadata(&out).unwrap().len() < 10_000);
    let tar = ["-C", &directory, "-xf", &out];
    assert!(Command::new("tar").args(tar).status().unwrap().success());
    let big = File::open(Path::new(&directory).join("big")).unwrap();
    assert_eq!(big.metadata().unwrap().len(), (4 << 40) + 3);
    let mut bytes = [0; 4];
    big.read_exact_at(&mut bytes, (4 << 40) - 1).unwrap();
    assert_eq!(&bytes, b"\0end");
    fs::remove_dir_all(directory).unwrap();
}

#[test]
fn several_archives_have_names() {
    let archive = archive_of(&directory("given", false));
    let named = format!("{archive}::/other");
    let run = ["run", "--tar", &archive, "--tar", &named, FILES];
    Run::new(&run).assert_prints(&expected());
    let twice = ["run", "--tar", &archive, "--tar", &archive, FILES];
    Run::new(&twice).assert_fails(1, "two directories are called /");
    let dir = format!("{}::/other", env!("CARGO_TARGET_TMPDIR"));
    let both = ["run", "--tar", &named, "--dir", &dir, FILES];
    Run::new(&both).assert_fails(1, "two directories are called /other");
}

#[test]
fn what_is_no_archive_is_refused() {
    let rubbish = file("rubbish", "x".repeat(2000));
    Run::new(&["run", "--tar", &rubbish, FILES]).assert_fails(1, "tar archive");
    let disk = path("disk");
    let create = ["disk", "create", &disk, "--module", FILES];
    Run::new(&[&create[..], &["--tar", &rubbish]].concat()).assert_fails(1, "tar archive");
    Run::new(&[&create[..], &["--dir", &rubbish]].concat()).assert_fails(1, "rubbish");
    assert!(!Path::new(&disk).exists());
    let directory = path("directory");
    fs::create_dir(&directory).unwrap();
    let pipe = Path::new(&directory).join("pipe");
    let made = Command::new("mkfifo").arg(pipe).status();
    assert!(made.unwrap().success());
    let refused = Run::new(&[&create[..], &["--dir", &directory]].concat());
    refused.assert_fails(1, "it is a named pipe");
}
