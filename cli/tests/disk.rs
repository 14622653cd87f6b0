//! `woodfrog disk`: what it makes, shows, checks and refuses.

mod common;

use common::{Run, file, path};
use std::fs;
use woodfrog::abi::FuncAddr;
use woodfrog::image::{FunctionState, InstanceImage, InstanceState, MemoryContents, MemoryState};
use woodfrog::module::Module;

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

#[test]
fn a_disk_lists_its_program_and_empty_slots() {
    let disk_path = make_disk();
    assert_eq!(fs::metadata(&disk_path).unwrap().len(), 1 << 20);
    let listed = disk(&["ls", &disk_path]);
    let lines: Vec<&str> = listed.stdout.lines().collect();
    assert!(lines[0].starts_with("module: "), "{listed:?}");
    assert!(lines[1].ends_with("program.wat"), "{listed:?}");
    assert_eq!(
        lines[2..6],
        ["arg: -v", "env: A=b", "slot A: empty", "slot B: empty"]
    );
    disk(&["fsck", &disk_path])
        .assert_prints("superblock: good\nmodule: good\nslot A: empty\nslot B: empty\ngood\n");
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
    disk(&["create", &disk_path, "--size", "64K"]).assert_prints("");
    let out = path("out.wasm");
    disk(&["extract", &disk_path, "--module", &out]).assert_fails(1, "no module");
    disk(&["extract", &disk_path, "--image", &out]).assert_fails(1, "no such checkpoint");
    let module = file("program.wat", PROGRAM);
    disk(&["add", &disk_path, "--module", &module]).assert_prints("");
    disk(&["extract", &disk_path, "--module", &out]).assert_prints("");
}

#[test]
fn other_files_are_not_overwritten_unless_forced() {
    let disk_path = file("letter.txt", "Dear reader, ".repeat(100));
    disk(&["create", &disk_path]).assert_fails(1, "not a checkpoint disk");
    assert!(fs::read(&disk_path).unwrap().starts_with(b"Dear"));
    disk(&["create", &disk_path, "--size", "64K", "--force"]).assert_prints("");
    disk(&["create", &disk_path, "--size", "64K"]).assert_prints("");
}

#[test]
fn a_size_too_small_leaves_no_file_behind() {
    let disk_path = path("disk.img");
    disk(&["create", &disk_path, "--size", "8K"]).assert_fails(1, "are needed");
    assert!(!fs::exists(&disk_path).unwrap());
}

#[test]
fn damage_is_found() {
    let disk_path = make_disk();
    let good = fs::read(&disk_path).unwrap();
    let mut bytes = good.clone();
    bytes[2 * 4096 + 20] ^= 1;
    fs::write(&disk_path, &bytes).unwrap();
    let checked = disk(&["fsck", &disk_path]);
    assert_eq!(checked.code, Some(1));
    assert!(
        checked.stdout.contains("guest checksum mismatch"),
        "{checked:?}"
    );

    bytes = good.clone();
    bytes[30] ^= 1;
    fs::write(&disk_path, &bytes).unwrap();
    disk(&["fsck", &disk_path]).assert_fails(1, "superblock checksum mismatch");

    fs::write(&disk_path, &good[..good.len() / 2]).unwrap();
    disk(&["ls", &disk_path]).assert_fails(1, "the disk has");
    fs::write(&disk_path, b"").unwrap();
    disk(&["ls", &disk_path]).assert_fails(1, "the device is empty");
    fs::remove_file(&disk_path).unwrap();
    disk(&["ls", &disk_path]).assert_fails(1, "No such file");
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
    let module = Module::decode(wat::parse_str(PROGRAM).unwrap()).unwrap();
    let mut memory = vec![0; 65536];
    memory[5000] = byte;
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
            contents: MemoryContents::Linear(&memory),
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
    let len = images[0].len();
    let listed = disk(&["ls", &disk_path]).stdout;
    for (slot, number) in [("A", 1), ("B", 2)] {
        let line = format!("slot {slot}: checkpoint {number}, {len} bytes\n");
        assert!(listed.contains(&line), "{listed}");
    }
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
fn a_damaged_checkpoint_gives_way_to_the_one_before() {
    let (disk_path, images) = make_disk_of_two();
    let mut bytes = fs::read(&disk_path).unwrap();
    let page = images[1].chunks(4096).nth(1).unwrap();
    let at = bytes.windows(4096).position(|window| window == page);
    bytes[at.expect("the image is on the disk")] ^= 1;
    fs::write(&disk_path, bytes).unwrap();
    let checked = disk(&["fsck", &disk_path]);
    assert_eq!(checked.code, Some(1), "{checked:?}");
    assert!(
        checked.stdout.contains("slot B: damaged: data checksum"),
        "{checked:?}"
    );
    assert!(
        checked.stdout.contains("slot A: checkpoint 1"),
        "{checked:?}"
    );
    let out = path("out.image");
    disk(&["extract", &disk_path, "--image", &out]).assert_prints("");
    assert_eq!(fs::read(&out).unwrap(), images[0]);
}

#[test]
fn another_module_removes_the_checkpoints() {
    let (disk_path, _) = make_disk_of_two();
    let module = file("other.wat", "(module)");
    let image = file("image", image_bytes(1));
    disk(&["add", &disk_path, "--module", &module]).assert_prints("");
    let listed = disk(&["ls", &disk_path]).stdout;
    assert!(listed.contains("slot A: empty\nslot B: empty"), "{listed}");
    disk(&["add", &disk_path, "--image", &image]).assert_fails(1, "not of the module");
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
