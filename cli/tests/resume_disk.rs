//! `woodfrog resume` from a checkpoint disk: pages come when they are needed.

mod common;

use common::{Run, file, path};
use std::fs;
use std::sync::Arc;
use woodfrog::checkpoint::{CheckpointStore, OpenOptions, Owner};
use woodfrog::module::{AddressType, MemoryType};
use woodfrog::runtime::{CheckpointError, Config, Engine, Memory, Store};
use woodfrog_cli::LinuxPlatform;
use woodfrog_cli::disk::FileDevice;

/// Fills 4 MiB, a number in each page, works for a while on two pages, and adds up what the
/// pages have. Says when it begins with that.
const PROGRAM: &str = r#"(module
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 64)
  (data (i32.const 16) "adding up\n")
  (func (export "run") (result i64)
    (local $at i32) (local $sum i64) (local $round i32)
    (loop $fill
      (i64.store offset=64 (local.get $at)
        (i64.mul (i64.extend_i32_u (i32.add (local.get $at) (i32.const 1)))
                 (i64.const 0x9e3779b97f4a7c15)))
      (local.set $at (i32.add (local.get $at) (i32.const 4096)))
      (br_if $fill (i32.lt_u (local.get $at) (i32.const 0x400000))))
    (loop $work
      (local.set $sum (i64.add (i64.mul (local.get $sum) (i64.const 31))
                               (i64.load (i32.const 4096))))
      (i64.store (i32.const 4096) (local.get $sum))
      (i64.store (i32.const 8192) (i64.add (i64.load (i32.const 8192)) (i64.const 1)))
      (local.set $round (i32.add (local.get $round) (i32.const 1)))
      (br_if $work (i32.lt_u (local.get $round) (i32.const 300000000))))
    (i32.store (i32.const 0) (i32.const 16))
    (i32.store (i32.const 4) (i32.const 10))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
    (local.set $at (i32.const 0))
    (loop $add
      (local.set $sum (i64.add (i64.mul (local.get $sum) (i64.const 33))
                               (i64.load offset=64 (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 4096)))
      (br_if $add (i32.lt_u (local.get $at) (i32.const 0x400000))))
    (local.get $sum)))"#;

/// The disk, the program's module and image, and the output of a run that was never frozen.
struct Frozen {
    disk: String,
    module: String,
    image: String,
    output: String,
}

fn disk(args: &[&str]) -> Run {
    let mut all = vec!["disk"];
    all.extend(args);
    Run::new(&all)
}

fn resume(args: &[&str]) -> Run {
    let mut all = vec!["resume"];
    all.extend(args);
    Run::new(&all)
}

/// A program that was frozen while it worked on two pages, on a disk of its own.
fn frozen() -> Frozen {
    let module = file("adder.wat", PROGRAM);
    let whole = Run::new(&["run", "--invoke", "run", &module]);
    assert_eq!(whole.code, Some(0), "{whole:?}");
    let (image, disk_path) = (path("image"), path("disk.img"));
    let freeze = ["--freeze-after", "20", "--image", &image];
    let freeze = [&["run", "--invoke", "run"], &freeze[..], &[&module]].concat();
    Run::new(&freeze).assert_prints("");
    assert!(fs::exists(&image).unwrap(), "it was too fast");
    let program = ["--module", &module, "--image", &image];
    let create = [&["create", &disk_path, "--size", "32M"], &program[..]].concat();
    disk(&create).assert_prints("");
    Frozen {
        disk: disk_path,
        module,
        image,
        output: whole.stdout,
    }
}

/// What `ls --json` says.
fn list(disk_path: &str) -> serde_json::Value {
    serde_json::from_str(&disk(&["ls", "--json", disk_path]).stdout).unwrap()
}

/// The numbers of the only program's checkpoints.
fn numbers(disk_path: &str) -> Vec<u64> {
    let listed = list(disk_path);
    let checkpoints = listed["guests"][0]["checkpoints"].as_array().unwrap();
    let numbers = checkpoints.iter().map(|one| one["number"].as_u64());
    numbers.map(Option::unwrap).collect()
}

/// Where the disk has page `number` of the program's memory.
fn places(disk_path: &str, number: u64) -> Vec<usize> {
    let value = (number * 4096 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let bytes = fs::read(disk_path).unwrap();
    let pages = bytes.chunks_exact(4096).enumerate();
    let pages = pages.filter(|(_, page)| page[64..72] == value.to_le_bytes());
    pages.map(|(index, _)| index * 4096 + 64).collect()
}

fn flip(disk_path: &str, at: usize) {
    let mut bytes = fs::read(disk_path).unwrap();
    bytes[at] ^= 1;
    fs::write(disk_path, bytes).unwrap();
}

/// What is known of what the program needs first, in pages.
fn working_set(disk_path: &str) -> u64 {
    let device = FileDevice::open(disk_path.as_ref(), false).unwrap();
    let mut disk = CheckpointStore::open(device, &OpenOptions::default()).unwrap();
    let guest = disk.guests()[0].id;
    let ranges = disk.working_set(guest).unwrap().unwrap_or_default();
    ranges.iter().map(|range| range.count).sum()
}

/// Works for a while, and then copies standard input, and a file of the name `a` in its first
/// directory, to standard output, through 3 MiB of memory that has been written to before.
const COPIER: &str = r#"(module
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read"
    (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (memory (export "memory") 64)
  (data (i32.const 64) "a")
  ;; 1: it cannot be read.
  (func $copy (param $fd i32) (result i32)
    (loop $again
      (i32.store (i32.const 0) (i32.const 0x100000))
      (i32.store (i32.const 4) (i32.const 0x300000))
      (if (call $fd_read (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 4))
        (then (return (i32.const 1))))
      (br_if $again (i32.and
        (i32.ne (i32.load (i32.const 4)) (i32.const 0))
        (i32.eqz (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))))
    (i32.const 0))
  (func (export "_start")
    (local $round i32)
    (memory.fill (i32.const 0x100000) (i32.const 7) (i32.const 0x300000))
    (loop $work
      (i32.store8 (i32.const 0x200000) (local.get $round))
      (local.set $round (i32.add (local.get $round) (i32.const 1)))
      (br_if $work (i32.lt_u (local.get $round) (i32.const 300000000))))
    (if (call $copy (i32.const 0)) (then (unreachable)))
    (if (call $path_open (i32.const 3) (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 0)
                         (i64.const 2) (i64.const 2) (i32.const 0) (i32.const 16))
      (then (unreachable)))
    (if (call $copy (i32.load (i32.const 16))) (then (unreachable)))))"#;

#[test]
fn files_and_pipes_are_read_into_memory_whose_pages_are_tracked() {
    let module = file("copier.wat", COPIER);
    let (image, disk_path) = (path("image"), path("disk.img"));
    // Text of more than a pipe, and a buffer, hold.
    let line = |number: u32| format!("{number}: the wood frog freezes solid\n");
    let text = |numbers| Iterator::map(numbers, line).collect::<String>();
    // The output is read when all of the input has been written.
    let (input, contents) = (text(0..2500), text(9000..30000));
    let directory = path("files");
    fs::create_dir(&directory).unwrap();
    fs::write(format!("{directory}/a"), &contents).unwrap();
    let dir = ["--dir", &directory];
    let freeze = ["--freeze-after", "20", "--image", &image, &module];
    Run::new(&[&["run"], &dir[..], &freeze].concat()).assert_prints("");
    assert!(fs::exists(&image).unwrap(), "it was too fast");
    let program = ["--size", "32M", "--module", &module, "--image", &image];
    disk(&[&["create", &disk_path], &program[..]].concat()).assert_prints("");
    // Its pages are what the next checkpoint is based on, whether they have been read yet or not.
    let never = ["--freeze-after", "1000000"];
    for how in [&["--eager"][..], &[]] {
        let args = [&["resume", disk_path.as_str()], &dir[..], how, &never].concat();
        let copied = Run::with_stdin(&args, input.as_bytes());
        copied.assert_prints(&format!("{input}{contents}"));
    }
}

#[test]
fn a_program_goes_on_from_a_disk_alone() {
    let frozen = frozen();
    assert_eq!(working_set(&frozen.disk), 0);
    resume(&[&frozen.disk]).assert_prints(&frozen.output);
    assert!(working_set(&frozen.disk) > 0);
    // What was recorded is read first now.
    let again = resume(&[&frozen.disk, "--json"]);
    assert_eq!(again.json()["outcome"], "returned");
    assert!(again.stdout.starts_with(&frozen.output), "{again:?}");
    assert_eq!(numbers(&frozen.disk), [1]);
    assert!(disk(&["ls", &frozen.disk]).stdout.contains("lease: free"));
    assert_eq!(disk(&["fsck", &frozen.disk]).code, Some(0));
    let given = ["--module", &frozen.module, "--freeze-every", "40000000"];
    resume(&[&[frozen.disk.as_str()], &given[..]].concat()).assert_prints(&frozen.output);
}

#[test]
fn an_eager_resume_leaves_the_disk_as_it_is() {
    let frozen = frozen();
    let before = fs::read(&frozen.disk).unwrap();
    resume(&[&frozen.disk, "--eager"]).assert_prints(&frozen.output);
    assert!(fs::read(&frozen.disk).unwrap() == before);
}

#[test]
fn what_was_frozen_to_the_disk_again_and_again_comes_to_the_same_end() {
    for eager in [&[][..], &["--eager"]] {
        let frozen = frozen();
        let mut output = String::new();
        // How much had been printed at each checkpoint: it may fall behind the first line.
        let mut printed = vec![0];
        loop {
            let freeze = [&[frozen.disk.as_str(), "--freeze-after", "40"], eager].concat();
            let run = resume(&freeze);
            assert_eq!(run.code, Some(0), "{run:?}");
            assert_eq!(disk(&["fsck", &frozen.disk]).code, Some(0));
            output += &run.stdout;
            if numbers(&frozen.disk).len() == printed.len() {
                break;
            }
            printed.push(output.len());
        }
        assert_eq!(output, frozen.output);
        assert!(printed.len() > 1, "it was too fast");
        // So does what the disk has now, from the first on, in the other way.
        let all = numbers(&frozen.disk);
        assert_eq!(all, (1..=printed.len() as u64).collect::<Vec<_>>());
        for (number, &printed) in all.iter().zip(&printed) {
            let rest = &frozen.output[printed..];
            resume(&[&frozen.disk, "--number", &number.to_string()]).assert_prints(rest);
        }
        disk(&["gc", &frozen.disk, "--keep", "1"]);
        let rest = &frozen.output[printed[printed.len() - 1]..];
        resume(&[&frozen.disk, "--eager"]).assert_prints(rest);
    }
}

#[test]
fn a_page_that_cannot_be_read_late_stops_the_program_and_nothing_else() {
    let frozen = frozen();
    disk(&["add", &frozen.disk, "--image", &frozen.image]).assert_prints("");
    let found = places(&frozen.disk, 900);
    assert_eq!(found.len(), 2);
    let good = fs::read(&frozen.disk).unwrap();
    let mut failed = Vec::new();
    for at in found {
        flip(&frozen.disk, at);
        for number in ["1", "2"] {
            let run = resume(&[&frozen.disk, "--number", number]);
            if run.code == Some(0) {
                run.assert_prints(&frozen.output);
                continue;
            }
            // It had come to where it needs the page.
            assert_eq!(run.stdout, "adding up\n");
            run.assert_fails(
                1,
                &format!("checkpoint {number} cannot be read on: the page at"),
            );
            run.assert_fails(1, "of memory 0 cannot be read: ");
            run.assert_fails(1, "`woodfrog disk fsck`");
            assert_eq!(numbers(&frozen.disk), [1, 2]);
            disk(&["fsck", &frozen.disk]).assert_fails(1, "");
            // Nor does it begin if all is read before, or can be frozen.
            let eager = resume(&[&frozen.disk, "--number", number, "--eager"]);
            eager.assert_fails(1, &format!("checkpoint {number}: "));
            assert_eq!(eager.stdout, "");
            let image = path("image");
            let freeze = ["--freeze-after", "1", "--image", &image];
            let freeze = [&[frozen.disk.as_str(), "--number", number], &freeze[..]].concat();
            resume(&freeze).assert_fails(1, "cannot be read on");
            assert!(!fs::exists(image).unwrap());
            failed.push(number);
        }
        fs::write(&frozen.disk, &good).unwrap();
    }
    failed.sort();
    assert_eq!(failed, ["1", "2"]);
}

#[test]
fn a_disk_that_another_machine_has_is_read_before_the_program_runs() {
    let frozen = frozen();
    let device = FileDevice::open(frozen.disk.as_ref(), true).unwrap();
    let mut other = CheckpointStore::open(device, &OpenOptions::default()).unwrap();
    other.acquire(Owner::new("another"), 0, None).unwrap();
    let held = fs::read(&frozen.disk).unwrap();
    resume(&[&frozen.disk]).assert_prints(&frozen.output);
    assert!(fs::read(&frozen.disk).unwrap() == held);
    let freeze = [frozen.disk.as_str(), "--freeze-after", "10"];
    resume(&freeze).assert_fails(1, "--take-over");
    resume(&[&freeze[..], &["--take-over"]].concat()).assert_prints("");
    assert_eq!(numbers(&frozen.disk), [1, 2]);
    resume(&[&frozen.disk]).assert_prints(&frozen.output);
}

/// Whether the system lets processes track writes: else checkpoints are of everything.
fn can_track() -> bool {
    let engine = Engine::new(Arc::new(LinuxPlatform::new()), Config::default());
    let mut store = Store::new(&engine, ());
    let ty = MemoryType {
        minimum: 1,
        maximum: None,
        address: AddressType::I32,
    };
    Memory::new(&mut store, ty).unwrap();
    !matches!(store.begin_checkpoint(), Err(CheckpointError::CannotTrack))
}

#[test]
fn a_full_disk_keeps_what_it_has() {
    if !can_track() {
        return eprintln!("not tested: userfaultfd is not allowed");
    }
    let frozen = frozen();
    let small = path("small.img");
    let program = ["--module", &frozen.module, "--image", &frozen.image];
    let create = [&["create", &small, "--size", "8400K"], &program[..]].concat();
    disk(&create).assert_prints("");
    // Without the pages that stay as they were there is room for another one, but not with them.
    resume(&[&small, "--freeze-after", "10"]).assert_prints("");
    resume(&[&small, "--freeze-after", "10", "--eager"]).assert_prints("");
    let full = resume(&[&small, "--freeze-after", "10", "--freeze-every", "9000000"]);
    full.assert_fails(1, "full");
    assert_eq!(numbers(&small), [1, 2, 3]);
    assert_eq!(disk(&["fsck", &small]).code, Some(0));
    resume(&[&small]).assert_prints(&frozen.output);
}

#[test]
fn a_program_that_has_ended_goes_on_from_before_its_end() {
    let frozen = frozen();
    let device = FileDevice::open(frozen.disk.as_ref(), true).unwrap();
    let mut disk = CheckpointStore::open(device, &OpenOptions::default()).unwrap();
    disk.acquire(Owner::new("kernel"), 0, None).unwrap();
    let guest = disk.guests()[0].id;
    disk.set_exit_status(guest, Some(3)).unwrap();
    disk.release().unwrap();
    let resumed = resume(&[&frozen.disk]);
    resumed.assert_prints(&frozen.output);
    assert!(resumed.stderr.contains("has ended, with status 3"));
    assert_eq!(list(&frozen.disk)["guests"][0]["exit_status"], 3);
    // One that has a newer checkpoint has not.
    resume(&[&frozen.disk, "--freeze-after", "10"]).assert_prints("");
    assert!(list(&frozen.disk)["guests"][0]["exit_status"].is_null());
}

#[test]
fn a_checkpoint_is_shown_as_its_image_is() {
    let frozen = frozen();
    resume(&[&frozen.disk, "--freeze-after", "10"]).assert_prints("");
    let of_image = Run::new(&[
        "inspect",
        &frozen.image,
        "--module",
        &frozen.module,
        "--json",
    ]);
    let of_disk = |number| Run::new(&["inspect", &frozen.disk, "--number", number, "--json"]);
    assert_eq!(of_disk("1").json(), of_image.json());
    let newest = Run::new(&["inspect", &frozen.disk, "--json"]).json();
    assert_eq!(newest, of_disk("2").json());
    assert_ne!(newest, of_image.json());
    let dumps = [path("image.core"), path("disk.core")];
    let core = ["coredump", &frozen.image, "--module", &frozen.module];
    Run::new(&[&core[..], &["-o", &dumps[0]]].concat()).assert_prints("");
    let core = ["coredump", &frozen.disk, "--module", &frozen.module];
    let number = ["--number", "1", "-o", &dumps[1]];
    Run::new(&[&core[..], &number].concat()).assert_prints("");
    assert!(fs::read(&dumps[0]).unwrap() == fs::read(&dumps[1]).unwrap());
    Run::new(&["inspect", &frozen.image, "--number", "1"])
        .assert_fails(1, "--number is for checkpoint disks");
    Run::new(&["inspect", &frozen.disk, "--number", "9"]).assert_fails(1, "no such checkpoint");
}

#[test]
fn what_is_missing_or_does_not_fit_is_said() {
    let frozen = frozen();
    resume(&[&frozen.image]).assert_fails(1, "--module FILE");
    let image = ["--module", &frozen.module, &frozen.image];
    resume(&[&image[..], &["--guest", "adder"]].concat())
        .assert_fails(1, "--guest is for checkpoint disks");
    resume(&[&image[..], &["--freeze-after", "1"]].concat()).assert_fails(1, "--image OUT");
    resume(&[&frozen.disk, "--guest", "other"]).assert_fails(1, "no program \"other\"");
    resume(&[&frozen.disk, "--number", "7"]).assert_fails(1, "no such checkpoint on this disk");
    assert!(disk(&["ls", &frozen.disk]).stdout.contains("lease: free"));
    let other = file("other.wat", "(module)");
    // The disk has the module that is needed.
    resume(&[&frozen.disk, "--module", &other]).assert_prints(&frozen.output);
    let empty = path("empty.img");
    disk(&["create", &empty, "--size", "1M"]).assert_prints("");
    resume(&[&empty]).assert_fails(1, "there is no program on this disk");
    disk(&["add", &empty, "--module", &frozen.module]).assert_prints("");
    resume(&[&empty]).assert_fails(1, "no such checkpoint");
}

#[test]
fn one_of_several_programs_goes_on_from_a_keyed_disk() {
    let frozen = frozen();
    let (key, keyed) = (file("key", [7; 32]), path("keyed.img"));
    let create = ["create", &keyed, "--size", "32M", "--key", &key];
    let program = [
        "--module",
        &frozen.module,
        "--image",
        &frozen.image,
        "--name",
        "one",
        "--precompile",
        "--compress",
    ];
    disk(&[&create[..], &program[..]].concat()).assert_prints("");
    let other = file("other.wat", "(module (memory 1))");
    disk(&["add", &keyed, "--key", &key, "--module", &other]).assert_prints("");
    resume(&[&keyed]).assert_fails(1, "key");
    resume(&[&keyed, "--key", &key]).assert_fails(1, "--guest");
    for precompiled in [&[][..], &["--allow-precompiled"]] {
        let args = [
            &[keyed.as_str(), "--key", &key, "--guest", "one"],
            precompiled,
        ]
        .concat();
        resume(&args).assert_prints(&frozen.output);
    }
}
