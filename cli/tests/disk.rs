//! `woodfrog disk`: what it makes, shows, checks and refuses.

mod common;

use common::{Run, file, path};
use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};
use woodfrog::abi::FuncAddr;
use woodfrog::checkpoint::{CheckpointStore, OpenOptions, Owner, WriteError};
use woodfrog::image::{FunctionState, InstanceImage, InstanceState, MemoryContents, MemoryState};
use woodfrog::module::Module;
use woodfrog_cli::disk::FileDevice;

const PROGRAM: &str = r#"(module (memory 1) (func (export "_start")))"#;

fn disk(args: &[&str]) -> Run {
    let mut all = vec!["disk"];
    all.extend(args);
    Run::new(&all)
}

/// Makes a disk with a program in it; returns the path.
fn make_disk() -> String {
    let module = file("program.wat", PROGRAM);
    let disk_path = path("disk.img");
    disk(&[
        "create", &disk_path, "--size", "1M", "--module", &module, "--arg", "-v", "--env", "A=b",
    ])
    .assert_prints("");
    disk_path
}

/// What `ls --json` says.
fn list(disk_path: &str) -> serde_json::Value {
    let listed = disk(&["ls", "--json", disk_path]);
    serde_json::from_str(&listed.stdout).unwrap()
}

/// The numbers of a program's checkpoints.
fn numbers(disk_path: &str, guest: usize) -> Vec<u64> {
    let listed = list(disk_path);
    let checkpoints = listed["guests"][guest]["checkpoints"].as_array().unwrap();
    let numbers = checkpoints
        .iter()
        .map(|one| one["number"].as_u64().unwrap());
    numbers.collect()
}

#[test]
fn a_disk_lists_its_program() {
    let disk_path = make_disk();
    assert_eq!(fs::metadata(&disk_path).unwrap().len(), 1 << 20);
    let listed = disk(&["ls", &disk_path]);
    let lines: Vec<&str> = listed.stdout.lines().collect();
    assert!(lines[0].ends_with("-program:"), "{listed:?}");
    assert!(lines[1].starts_with("  module: "), "{listed:?}");
    assert!(lines[2].ends_with("program.wat"), "{listed:?}");
    assert_eq!(lines[3..5], ["  arg: -v", "  env: A=b"]);
    assert!(lines[5].starts_with("room: "), "{listed:?}");
    assert_eq!(lines[6], "commit: 2");
    assert_eq!(lines[7], "lease: free");
    disk(&["fsck", &disk_path]).assert_prints("checked 1 programs, 0 checkpoints, 0 pages\ngood\n");
}

#[test]
fn the_module_comes_back_as_it_was() {
    let disk_path = make_disk();
    let out = path("out.wasm");
    disk(&["extract", &disk_path, "--module", &out]).assert_prints("");
    assert_eq!(fs::read(out).unwrap(), wat::parse_str(PROGRAM).unwrap());
}

#[test]
fn an_empty_disk_takes_a_program_later() {
    let disk_path = path("disk.img");
    disk(&["create", &disk_path, "--size", "1M"]).assert_prints("");
    let out = path("out.wasm");
    disk(&["extract", &disk_path, "--module", &out]).assert_fails(1, "no program");
    let module = file("program.wat", PROGRAM);
    disk(&["add", &disk_path, "--module", &module]).assert_prints("");
    disk(&["extract", &disk_path, "--module", &out]).assert_prints("");
    disk(&["extract", &disk_path, "--image", &out]).assert_fails(1, "no such checkpoint");
}

#[test]
fn other_files_are_not_overwritten_unless_forced() {
    let disk_path = file("letter.txt", "Dear reader, ".repeat(100));
    disk(&["create", &disk_path]).assert_fails(1, "not a checkpoint disk");
    assert!(fs::read(&disk_path).unwrap().starts_with(b"Dear"));
    disk(&["create", &disk_path, "--size", "1M", "--force"]).assert_prints("");
    disk(&["create", &disk_path, "--size", "1M"]).assert_fails(1, "is a checkpoint disk already");
    disk(&["create", &disk_path, "--size", "1M", "--force"]).assert_prints("");
}

#[test]
fn a_size_too_small_leaves_no_file_behind() {
    let disk_path = path("disk.img");
    disk(&["create", &disk_path, "--size", "8K"]).assert_fails(1, "are needed");
    assert!(!fs::exists(&disk_path).unwrap());
    // Nor does one that is too large.
    disk(&["create", &disk_path, "--size", "9000000T"]).assert_fails(1, "file too large");
    assert!(!fs::exists(&disk_path).unwrap());
}

#[test]
fn damage_is_found() {
    let disk_path = make_disk();
    let good = fs::read(&disk_path).unwrap();
    let mut bytes = good.clone();
    let module = wat::parse_str(PROGRAM).unwrap();
    let at = position(&bytes, &module);
    bytes[at + 20] ^= 1;
    fs::write(&disk_path, &bytes).unwrap();
    let checked = disk(&["fsck", &disk_path]);
    assert_eq!(checked.code, Some(1));
    let found = "damaged, but there is another copy: guest 0, module: not what was written";
    assert!(checked.stdout.contains(found), "{checked:?}");
    let out = path("out.wasm");
    disk(&["extract", &disk_path, "--module", &out]).assert_prints("");

    let at = at + 1 + position(&bytes[at + 1..], &module);
    bytes[at + 20] ^= 1;
    fs::write(&disk_path, &bytes).unwrap();
    let checked = disk(&["fsck", &disk_path]);
    assert_eq!(checked.code, Some(1));
    let found = "\ndamaged: guest 0, module: not what was written";
    assert!(
        format!("\n{}", checked.stdout).contains(found),
        "{checked:?}"
    );
    disk(&["extract", &disk_path, "--module", &out]).assert_fails(1, "guest 0, module");

    bytes = good.clone();
    bytes[30] ^= 1;
    fs::write(&disk_path, &bytes).unwrap();
    let checked = disk(&["fsck", &disk_path]);
    assert!(
        checked.stdout.contains("another copy: header"),
        "{checked:?}"
    );
    let copy = bytes.len() - 4096 + 30;
    bytes[copy] ^= 1;
    fs::write(&disk_path, &bytes).unwrap();
    disk(&["fsck", &disk_path]).assert_fails(1, "header is damaged");

    fs::write(&disk_path, &good[..good.len() / 2]).unwrap();
    disk(&["ls", &disk_path]).assert_fails(1, "the disk has");
    fs::write(&disk_path, b"").unwrap();
    disk(&["ls", &disk_path]).assert_fails(1, "too small for a checkpoint disk");
    fs::remove_file(&disk_path).unwrap();
    disk(&["ls", &disk_path]).assert_fails(1, "No such file");
    disk(&["ls", "/"]).assert_fails(1, "/: is a directory");
}

#[test]
fn a_disk_is_told_from_a_module_and_an_image() {
    let disk_path = make_disk();
    Run::new(&["inspect", &disk_path]).assert_fails(1, "no such checkpoint on this disk");
    let other = path("other.img");
    let program = file("program.wat", PROGRAM);
    let create = [
        "create", &other, "--module", &program, "--image", &disk_path,
    ];
    disk(&create).assert_fails(1, "`woodfrog disk extract --image`");
    Run::new(&["run", &disk_path]).assert_fails(1, "`woodfrog disk extract --module`");
}

/// Where these bytes are.
fn position(bytes: &[u8], wanted: &[u8]) -> usize {
    let at = bytes
        .windows(wanted.len())
        .position(|found| found == wanted);
    at.expect("it is on the disk")
}

#[test]
fn what_is_no_image_is_not_put_on_a_disk() {
    let disk_path = make_disk();
    let image = file("image", "no image at all, but long enough to have a header");
    disk(&["add", &disk_path, "--image", &image]).assert_fails(1, "not a woodfrog image");
    disk(&["add", &disk_path]).assert_fails(1, "--module");
}

/// An image of [`PROGRAM`], not running, with this byte in its memory.
fn image_bytes(byte: u8) -> Vec<u8> {
    let mut memory = vec![0; 65536];
    memory[5000] = byte;
    image_of(&memory)
}

/// The same, with this memory.
fn image_of(memory: &[u8]) -> Vec<u8> {
    let module = Module::decode(wat::parse_str(PROGRAM).unwrap()).unwrap();
    InstanceImage {
        modules: vec![module.hash],
        instances: vec![InstanceState {
            functions: vec![FuncAddr(0)],
            memories: vec![0],
            ..InstanceState::default()
        }],
        functions: vec![FunctionState::Defined {
            instance: 0,
            index: 0,
        }],
        memories: vec![MemoryState {
            ty: module.memories[0],
            size_pages: 1,
            contents: MemoryContents::Linear(memory),
        }],
        ..InstanceImage::default()
    }
    .to_bytes()
}

/// A disk with two checkpoints, and their bytes.
fn make_disk_of_two() -> (String, [Vec<u8>; 2]) {
    let disk_path = make_disk();
    let images = [image_bytes(1), image_bytes(2)];
    for bytes in &images {
        let image = file("image", bytes);
        disk(&["add", &disk_path, "--image", &image]).assert_prints("");
    }
    (disk_path, images)
}

#[test]
fn images_go_to_the_disk_and_come_back() {
    let (disk_path, images) = make_disk_of_two();
    assert_eq!(numbers(&disk_path, 0), [1, 2]);
    assert_eq!(
        list(&disk_path)["guests"][0]["checkpoints"][0]["memory_bytes"],
        4096
    );
    let checked = disk(&["fsck", &disk_path]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
    let out = path("out.image");
    disk(&["extract", &disk_path, "--image", &out]).assert_prints("");
    assert_eq!(fs::read(&out).unwrap(), images[1]);
    disk(&["extract", &disk_path, "--image", &out, "--number", "1"]).assert_prints("");
    assert_eq!(fs::read(&out).unwrap(), images[0]);
    disk(&["extract", &disk_path, "--image", &out, "--number", "3"])
        .assert_fails(1, "no such checkpoint on this disk: number 3");
}

#[test]
fn a_damaged_checkpoint_does_not_take_the_one_before_with_it() {
    let (disk_path, images) = make_disk_of_two();
    let mut bytes = fs::read(&disk_path).unwrap();
    let page = images[1].chunks(4096).nth(1).unwrap();
    let at = position(&bytes, page);
    bytes[at] ^= 1;
    fs::write(&disk_path, bytes).unwrap();
    let checked = disk(&["fsck", &disk_path]);
    assert_eq!(checked.code, Some(1), "{checked:?}");
    let found = "damaged: guest 0, checkpoint 2, memory 0, page 1: not what was written\n";
    assert!(checked.stdout.contains(found), "{checked:?}");
    let out = path("out.image");
    disk(&["extract", &disk_path, "--image", &out]).assert_fails(1, "page 1");
    disk(&["extract", &disk_path, "--image", &out, "--number", "1"]).assert_prints("");
    assert_eq!(fs::read(&out).unwrap(), images[0]);
}

#[test]
fn a_disk_takes_several_programs_and_each_has_its_checkpoints() {
    let (disk_path, images) = make_disk_of_two();
    let other = file("other.wat", "(module)");
    let image = file("image", &images[0]);
    disk(&["add", &disk_path, "--module", &other]).assert_prints("");
    disk(&["add", &disk_path, "--image", &image]).assert_fails(1, "--guest chooses one of");
    let other_name = list(&disk_path)["guests"][1]["name"]
        .as_str()
        .unwrap()
        .to_owned();
    disk(&["add", &disk_path, "--image", &image, "--guest", &other_name])
        .assert_fails(1, "not of the program's module");
    let name = list(&disk_path)["guests"][0]["name"]
        .as_str()
        .unwrap()
        .to_owned();
    disk(&["add", &disk_path, "--image", &image, "--guest", &name]).assert_prints("");
    assert_eq!(numbers(&disk_path, 0), [1, 2, 3]);
    assert_eq!(numbers(&disk_path, 1), [0; 0]);
    disk(&["add", &disk_path, "--module", &other]).assert_fails(1, "--replace takes its place");
    disk(&["rm", &disk_path, "nobody"]).assert_fails(1, "no program \"nobody\"");
    disk(&["rm", &disk_path, &name]).assert_prints("");
    assert_eq!(list(&disk_path)["guests"].as_array().unwrap().len(), 1);
    assert_eq!(disk(&["fsck", &disk_path]).code, Some(0));
}

#[test]
fn a_replaced_program_has_no_checkpoints() {
    let (disk_path, images) = make_disk_of_two();
    let module = file("program.wat", "(module)");
    let image = file("image", &images[0]);
    let name = list(&disk_path)["guests"][0]["name"]
        .as_str()
        .unwrap()
        .to_owned();
    disk(&[
        "add",
        &disk_path,
        "--module",
        &module,
        "--name",
        &name,
        "--replace",
    ])
    .assert_prints("");
    assert_eq!(numbers(&disk_path, 0), [0; 0]);
    disk(&["add", &disk_path, "--image", &image]).assert_fails(1, "not of the program's module");
}

#[test]
fn gc_keeps_the_newest_checkpoints() {
    let (disk_path, images) = make_disk_of_two();
    let collected = disk(&["gc", &disk_path]);
    assert!(
        collected.stdout.contains("1 checkpoints removed"),
        "{collected:?}"
    );
    assert_eq!(numbers(&disk_path, 0), [2]);
    let out = path("out.image");
    disk(&["extract", &disk_path, "--image", &out]).assert_prints("");
    assert_eq!(fs::read(&out).unwrap(), images[1]);
}

#[test]
fn a_program_moves_to_another_disk_with_one_or_all_checkpoints() {
    let (disk_path, images) = make_disk_of_two();
    let name = list(&disk_path)["guests"][0]["name"]
        .as_str()
        .unwrap()
        .to_owned();
    let other = path("other.img");
    disk(&["create", &other, "--size", "1M"]).assert_prints("");
    disk(&["copy", &disk_path, &name, &other]).assert_prints("");
    disk(&["copy", &disk_path, &name, &other]).assert_fails(1, "--name gives another name");
    disk(&["copy", &disk_path, &name, &other, "--name", "all", "--all"]).assert_prints("");
    assert_eq!(
        (numbers(&other, 0), numbers(&other, 1)),
        (vec![1], vec![1, 2])
    );
    let checkpoints = &list(&other)["guests"][1]["checkpoints"];
    assert_eq!(checkpoints[1]["base"], 1);
    assert_eq!(
        list(&other)["guests"][1]["args"],
        list(&disk_path)["guests"][0]["args"]
    );
    assert_eq!(disk(&["fsck", &other]).code, Some(0));
    let out = path("out.image");
    for (guest, number, image) in [(&*name, "1", 1), ("all", "1", 0), ("all", "2", 1)] {
        let args = [
            "extract", &other, "--guest", guest, "--number", number, "--image", &out,
        ];
        disk(&args).assert_prints("");
        assert_eq!(fs::read(&out).unwrap(), images[image]);
    }
}

#[test]
fn compressed_checkpoints_take_less_room_and_come_back() {
    let disk_path = make_disk();
    let bytes = image_of(&b"what is said more than once ".repeat(2341)[..65536]);
    let image = file("image", &bytes);
    disk(&["add", &disk_path, "--image", &image]).assert_prints("");
    disk(&["add", &disk_path, "--image", &image, "--compress"]).assert_prints("");
    let listed = list(&disk_path);
    let written = [0, 1].map(|index| {
        let checkpoint = &listed["guests"][0]["checkpoints"][index];
        assert_eq!(checkpoint["memory_bytes"], 65536);
        checkpoint["written_bytes"].as_u64().unwrap()
    });
    assert!(written[1] + 50_000 < written[0], "{written:?}");
    let other = path("other.img");
    disk(&["create", &other, "--size", "1M"]).assert_prints("");
    let name = listed["guests"][0]["name"].as_str().unwrap();
    disk(&["copy", &disk_path, name, &other, "--compress"]).assert_prints("");
    for disk_path in [&disk_path, &other] {
        assert_eq!(disk(&["fsck", disk_path]).code, Some(0));
        let out = path("out.image");
        disk(&["extract", disk_path, "--image", &out]).assert_prints("");
        assert_eq!(fs::read(&out).unwrap(), bytes);
    }
}

#[test]
fn a_keyed_disk_is_of_use_with_its_key_only() {
    let key = file("key", "0123456789abcdef".repeat(4) + "\n");
    let other_key = file("key", [7; 32]);
    let module = file("program.wat", PROGRAM);
    let disk_path = path("disk.img");
    let create = [
        "create", &disk_path, "--size", "1M", "--module", &module, "--key",
    ];
    disk(&[&create[..], &[&module]].concat()).assert_fails(1, "a key is 32 bytes");
    disk(&[&create[..], &[&key]].concat()).assert_prints("");
    disk(&["ls", &disk_path]).assert_fails(1, "made with a key");
    disk(&["ls", &disk_path, "--key", &other_key]).assert_fails(1, "not made with this key");
    assert_eq!(disk(&["fsck", &disk_path, "--key", &key]).code, Some(0));
    let plain = make_disk();
    disk(&["ls", &plain, "--key", &key]).assert_fails(1, "made without a key");
}

#[test]
fn an_old_copy_of_a_disk_is_found_out() {
    let disk_path = make_disk();
    let old = fs::read(&disk_path).unwrap();
    let other = file("other.wat", "(module)");
    disk(&["add", &disk_path, "--module", &other]).assert_prints("");
    let commit = list(&disk_path)["commit"].as_u64().unwrap();
    let remembered = commit.to_string();
    let expecting = |command| disk(&[command, &disk_path, "--expect-commit", &remembered]);
    assert_eq!(expecting("ls").code, Some(0));
    assert_eq!(expecting("gc").code, Some(0));
    fs::write(&disk_path, old).unwrap();
    let message = format!(
        "the disk is at commit {}, and was at commit {commit}",
        commit - 1
    );
    for command in ["ls", "fsck", "gc"] {
        expecting(command).assert_fails(1, &message);
    }
    assert_eq!(disk(&["ls", &disk_path]).code, Some(0));
}

#[test]
fn a_disk_that_another_machine_has_the_lease_of_is_not_written_to() {
    let disk_path = make_disk();
    let device = FileDevice::open(disk_path.as_ref(), true).unwrap();
    let mut store = CheckpointStore::open(device, &OpenOptions::default()).unwrap();
    let elsewhere = Owner::new("elsewhere");
    let other = file("other.wat", "(module)");
    let add = ["add", &disk_path, "--module", &other];
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now_ms = now.as_millis() as u64;
    store.acquire(elsewhere, now_ms, Some(605_000)).unwrap();
    let add_is_refused = disk(&add);
    add_is_refused.assert_fails(1, "elsewhere has the lease, which ends in 60");
    add_is_refused.assert_fails(1, "s if that was killed; --take-over takes it away at once");
    store.acquire(elsewhere, 0, None).unwrap();
    disk(&add).assert_fails(1, "elsewhere has the lease; --take-over takes it away");
    assert!(
        disk(&["ls", &disk_path])
            .stdout
            .ends_with("lease: elsewhere\n")
    );
    disk(&[&add[..], &["--take-over"]].concat()).assert_prints("");
    assert!(disk(&["ls", &disk_path]).stdout.ends_with("lease: free\n"));
    let guest = store.guests()[0].id;
    assert_eq!(store.remove_guest(guest), Err(WriteError::Fenced));
    assert_eq!(list(&disk_path)["guests"].as_array().unwrap().len(), 2);
}

/// Works for some tenths of a second.
const LONG_PROGRAM: &str = r#"(module
    (memory (export "memory") 3)
    (func (export "run") (result i64) (local $i i32) (local $sum i64)
        (loop $next
            (local.set $sum (i64.add
                (i64.mul (local.get $sum) (i64.const 31))
                (i64.extend_i32_u (local.get $i))))
            (i64.store (i32.and (local.get $i) (i32.const 0x1fff8)) (local.get $sum))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $next (i32.lt_u (local.get $i) (i32.const 200000000))))
        (i64.add (local.get $sum) (i64.load (i32.const 4096)))))"#;

#[test]
fn a_program_goes_on_from_a_disk() {
    let module = file("program.wat", LONG_PROGRAM);
    let image = path("image");
    let whole = Run::new(&["run", "--json", "--invoke", "run", &module]).json();
    let frozen = Run::new(&[
        "run",
        "--json",
        "--invoke",
        "run",
        "--freeze-after",
        "20",
        "--image",
        &image,
        &module,
    ]);
    assert_eq!(frozen.json()["outcome"], "frozen");
    let disk_path = path("disk.img");
    disk(&[
        "create", &disk_path, "--size", "2M", "--module", &module, "--image", &image,
    ])
    .assert_prints("");
    assert_eq!(disk(&["fsck", &disk_path]).code, Some(0));

    let (module, image) = (path("out.wasm"), path("out.image"));
    disk(&[
        "extract", &disk_path, "--module", &module, "--image", &image,
    ])
    .assert_prints("");
    let resumed = Run::new(&["resume", "--json", &image, "--module", &module]).json();
    assert_eq!(resumed["outcome"], "returned");
    assert_eq!(resumed["values"], whole["values"]);
}
