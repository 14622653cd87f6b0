//! Freezing and thawing by the command: `--freeze-every`, `--freeze-after`,
//! `resume` and `inspect`.

mod common;

use common::{Run, command, file, path};
use serde_json::json;
use std::fs::{self, File};
use std::process::{Command, Stdio};

/// Long enough to be frozen in, short enough to end.
const ROUNDS: &str = "300000000";
const FREEZE_MS: &str = "40";
/// The same, where every round is counted, which takes its time.
const FEWER_ROUNDS: &str = "100000000";

/// A loop without calls, and a recursion with state in a memory and a global.
const WORK: &str = r#"
(module
  (memory (export "memory") 1)
  (global $calls (mut i64) (i64.const 0))
  (func $mix (export "mix") (param $rounds i64) (result i64 f64)
    (local $hash i64) (local $sum f64)
    (local.set $hash (i64.const 0x9e3779b97f4a7c15))
    (loop $again
      (local.set $hash
        (i64.add (i64.rotl (local.get $hash) (i64.const 5)) (local.get $rounds)))
      (local.set $sum (f64.add (local.get $sum) (f64.const 0.5)))
      (local.set $rounds (i64.sub (local.get $rounds) (i64.const 1)))
      (br_if $again (i64.ne (local.get $rounds) (i64.const 0))))
    (local.get $hash) (local.get $sum))
  (func $fibonacci (export "fibonacci") (param $n i32) (result i32)
    (global.set $calls (i64.add (global.get $calls) (i64.const 1)))
    (i32.store (i32.shl (local.get $n) (i32.const 2))
      (i32.add (i32.const 1) (i32.load (i32.shl (local.get $n) (i32.const 2)))))
    (if (result i32) (i32.lt_u (local.get $n) (i32.const 2))
      (then (local.get $n))
      (else
        (i32.add
          (call $fibonacci (i32.sub (local.get $n) (i32.const 1)))
          (call $fibonacci (i32.sub (local.get $n) (i32.const 2)))))))
  (func (export "all") (result i32 i64 i32)
    (call $fibonacci (i32.const 10))
    (global.get $calls)
    (i32.load (i32.const 12))))
"#;

/// Prints its arguments, then copies standard input to standard output with
/// much work after each byte.
const COPY: &str = r#"
(module
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
  (memory (export "memory") 1)
  (func $now (result i64)
    (drop (call $clock (i32.const 1) (i64.const 0) (i32.const 32)))
    (i64.load (i32.const 32)))
  (func $work (param $rounds i32)
    (loop $again
      (local.set $rounds (i32.sub (local.get $rounds) (i32.const 1)))
      (br_if $again (local.get $rounds))))
  (func (export "_start") (local $time i64)
    (drop (call $args_sizes (i32.const 0) (i32.const 4)))
    (drop (call $args (i32.const 512) (i32.const 4096)))
    (i32.store (i32.const 16) (i32.const 4096))
    (i32.store (i32.const 20) (i32.load (i32.const 4)))
    (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 24)))
    (local.set $time (call $now))
    (block $end
      (loop $more
        (i32.store (i32.const 16) (i32.const 8192))
        (i32.store (i32.const 20) (i32.const 1))
        (drop (call $read (i32.const 0) (i32.const 16) (i32.const 1) (i32.const 24)))
        (br_if $end (i32.eqz (i32.load (i32.const 24))))
        (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 24)))
        (call $work (i32.const 20000000))
        (if (i64.lt_u (call $now) (local.get $time)) (then (unreachable)))
        (local.set $time (call $now))
        (br $more)))))
"#;

/// A module whose start function takes its time.
const SLOW_LIBRARY: &str = r#"
(module
  (global $n (mut i64) (i64.const 0))
  (func $init (local $rounds i64)
    (local.set $rounds (i64.const 300000000))
    (loop $again
      (global.set $n (i64.add (global.get $n) (local.get $rounds)))
      (local.set $rounds (i64.sub (local.get $rounds) (i64.const 1)))
      (br_if $again (i64.ne (local.get $rounds) (i64.const 0)))))
  (start $init)
  (func (export "get") (result i64) (global.get $n)))
"#;

const LIBRARY_USER: &str = r#"
(module
  (import "lib" "get" (func $get (result i64)))
  (func (export "f") (param i64) (result i64) (i64.add (call $get) (local.get 0))))
"#;

#[test]
fn freezing_at_any_interval_changes_nothing() {
    let file = file("work.wat", WORK);
    let plain = Run::new(&["run", "--invoke", "all", &file]);
    plain.assert_prints("55\n177\n21\n");
    for every in ["1", "2", "7", "100"] {
        let run = Run::new(&[
            "run",
            "--freeze-every",
            every,
            "--json",
            "--invoke",
            "all",
            &file,
        ]);
        assert_eq!(run.code, Some(0), "{run:#?}");
        assert!(run.stdout.starts_with(&plain.stdout), "{run:#?}");
        assert!(run.json()["freezes"].as_u64() > Some(0), "{run:#?}");
    }
    let run = Run::new(&[
        "run",
        "--freeze-every",
        "0",
        "--json",
        "--invoke",
        "all",
        &file,
    ]);
    assert_eq!(run.json()["freezes"], 0);
}

#[test]
fn a_trap_after_freezes_is_the_same_trap() {
    let file = file(
        "trap.wat",
        r#"(module
          (memory 1)
          (func $f (export "f") (param $n i32) (result i32)
            (if (result i32) (local.get $n)
              (then (i32.add (i32.const 1) (call $f (i32.sub (local.get $n) (i32.const 1)))))
              (else (i32.load (i32.const 65536))))))"#,
    );
    let [plain, frozen] = ["0", "1"].map(|every| {
        Run::new(&[
            "run",
            "--freeze-every",
            every,
            "--json",
            "--invoke",
            "f",
            &file,
            "20",
        ])
    });
    plain.assert_fails(134, "out of bounds memory access");
    assert_eq!((plain.code, &plain.stderr), (frozen.code, &frozen.stderr));
    assert_eq!(plain.json()["frames"], frozen.json()["frames"]);
    assert_eq!(plain.json()["frames"].as_array().map(Vec::len), Some(21));
}

#[test]
fn a_frozen_loop_goes_on_and_can_be_frozen_again() {
    let file = file("work.wat", WORK);
    let plain = Run::new(&["run", "--invoke", "mix", &file, ROUNDS]);
    let images = [path("image"), path("image")];
    let frozen = Run::new(&[
        "run",
        "--json",
        "--freeze-after",
        FREEZE_MS,
        "--image",
        &images[0],
        "--invoke",
        "mix",
        &file,
        ROUNDS,
    ]);
    assert_eq!(frozen.code, Some(0), "{frozen:#?}");
    let json = frozen.json();
    assert_eq!(
        (&json["outcome"], &json["values"]),
        (&json!("frozen"), &json!([]))
    );
    assert_eq!(json["frames"][0]["name"], "mix");
    assert_eq!(json["freezes"], 1);

    let again = Run::new(&[
        "resume",
        &images[0],
        "--module",
        &file,
        "--json",
        "--freeze-after",
        FREEZE_MS,
        "--image",
        &images[1],
    ]);
    assert_eq!(again.json()["outcome"], "frozen", "{again:#?}");
    let done = Run::new(&["resume", &images[1], "--module", &file]);
    assert_eq!((done.code, done.stdout), (Some(0), plain.stdout));
}

#[test]
fn an_image_is_replaced_only_by_a_whole_one() {
    let file = file("work.wat", WORK);
    let image = path("image");
    let plain = Run::new(&["run", "--invoke", "mix", &file, ROUNDS]);
    let freezing = ["--freeze-after", FREEZE_MS, "--image", &image];
    let start = ["--invoke", "mix", &file, ROUNDS];
    Run::new(&[&["run"], &freezing[..], &start].concat()).assert_prints("");
    let first = fs::read(&image).expect("an image");
    let resume = [&["resume", &image, "--module", &file], &freezing[..]].concat();

    // Killed while it writes, after one block of 512 bytes.
    let killed = Command::new("sh")
        .args(["-c", "ulimit -c 0; ulimit -f 1; exec \"$@\"", "sh"])
        .arg(env!("CARGO_BIN_EXE_woodfrog"))
        .args(&resume)
        .status()
        .expect("a shell");
    assert!(!killed.success());
    assert_eq!(fs::read(&image).expect("the image"), first);

    Run::new(&resume).assert_prints("");
    assert_ne!(fs::read(&image).expect("an image"), first);
    let done = Run::new(&["resume", &image, "--module", &file]);
    assert_eq!((done.code, done.stdout), (Some(0), plain.stdout));
}

#[test]
fn an_image_can_be_resumed_twice_and_with_freezes() {
    let file = file("work.wat", WORK);
    let image = path("image");
    let plain = Run::new(&["run", "--invoke", "mix", &file, FEWER_ROUNDS]);
    Run::new(&[
        "run",
        "--freeze-after",
        FREEZE_MS,
        "--image",
        &image,
        "--invoke",
        "mix",
        &file,
        FEWER_ROUNDS,
    ])
    .assert_prints("");
    for every in ["0", "10000000"] {
        let run = Run::new(&["resume", "--freeze-every", every, &image, "--module", &file]);
        assert_eq!(
            (run.code, &run.stdout),
            (Some(0), &plain.stdout),
            "{run:#?}"
        );
    }
}

#[test]
fn a_program_that_ends_first_is_not_frozen() {
    let file = file("work.wat", WORK);
    let image = path("image");
    let run = Run::new(&[
        "run",
        "--freeze-after",
        "60000",
        "--image",
        &image,
        "--invoke",
        "fibonacci",
        &file,
        "3",
    ]);
    run.assert_prints("2\n");
    assert!(run.stderr.contains("no image was written"), "{run:#?}");
    assert!(fs::metadata(&image).is_err());
}

#[test]
fn arguments_clock_and_input_position_are_part_of_the_image() {
    let module = file("copy.wat", COPY);
    let input = file("input", "abcdefghijklmnopqrstuvwxyz");
    let image = path("image");
    let run = |args: &[&str]| -> Run {
        let stdin = File::open(&input).expect("the input was written");
        let output = command(args).stdin(stdin).stderr(Stdio::piped()).output();
        output.expect("the command runs").into()
    };
    let plain = run(&["run", &module, "x y"]);
    assert_eq!(plain.code, Some(0), "{plain:#?}");
    let frozen = run(&[
        "run",
        "--freeze-after",
        FREEZE_MS,
        "--image",
        &image,
        &module,
        "x y",
    ]);
    assert!(frozen.stdout.len() < plain.stdout.len(), "{frozen:#?}");
    let resumed = run(&["resume", &image, "--module", &module]);
    assert_eq!(resumed.code, Some(0), "{resumed:#?}");
    assert_eq!(frozen.stdout + &resumed.stdout, plain.stdout);
}

#[test]
fn an_image_that_cannot_be_written_is_told_before_the_program_runs() {
    let module = file("sleep.wat", ENDLESS);
    for image in ["/nonexistent/image", env!("CARGO_TARGET_TMPDIR")] {
        let args = ["run", "--freeze-after", "100000", "--image", image, &module];
        Run::new(&args).assert_fails(1, &format!("cannot write {image}"));
    }
}

const ENDLESS: &str = "(module (func (export \"_start\") (loop $again (br $again))))";

#[test]
fn a_start_function_of_a_preloaded_module_can_be_frozen() {
    let library = file("library.wat", SLOW_LIBRARY);
    let user = file("user.wat", LIBRARY_USER);
    let preload = format!("lib={library}");
    let image = path("image");
    let frozen = Run::new(&[
        "run",
        "--json",
        "--freeze-after",
        FREEZE_MS,
        "--image",
        &image,
        "--preload",
        &preload,
        "--invoke",
        "f",
        &user,
        "5",
    ]);
    let json = frozen.json();
    assert_eq!(json["outcome"], "frozen", "{frozen:#?}");
    assert_eq!(json["frames"][0]["name"], "init", "{frozen:#?}");
    let sum = 300_000_000u64 * 300_000_001 / 2 + 5;
    Run::new(&["resume", &image, "--module", &user, "--module", &library])
        .assert_prints(&format!("{sum}\n"));
    Run::new(&["resume", &image, "--module", &library]).assert_fails(1, "module");
}

#[test]
fn an_image_needs_its_own_module() {
    let file_of_work = file("work.wat", WORK);
    let other = file("other.wat", "(module)");
    let image = path("image");
    Run::new(&[
        "run",
        "--freeze-after",
        FREEZE_MS,
        "--image",
        &image,
        "--invoke",
        "mix",
        &file_of_work,
        ROUNDS,
    ])
    .assert_prints("");
    Run::new(&["resume", &image, "--module", &other]).assert_fails(1, "not given");
    Run::new(&["inspect", &image, "--module", &other]).assert_fails(1, "not given");
    Run::new(&[
        "resume",
        "--invoke",
        "all",
        &image,
        "--module",
        &file_of_work,
    ])
    .assert_fails(1, "called by mix");
    let bytes = fs::read(&image).expect("the image was written");
    let cut = file("cut", &bytes[..bytes.len() - 1]);
    Run::new(&["resume", &cut, "--module", &file_of_work]).assert_fails(1, "the end is missing");
}

#[test]
fn inspect_shows_frames_memories_globals_and_the_host() {
    let file = file("work.wat", WORK);
    let image = path("image");
    Run::new(&[
        "run",
        "--freeze-after",
        FREEZE_MS,
        "--image",
        &image,
        "--invoke",
        "mix",
        &file,
        ROUNDS,
    ])
    .assert_prints("");
    let text = Run::new(&["inspect", &image, "--module", &file]);
    assert_eq!(text.code, Some(0), "{text:#?}");
    for part in ["mix", "memory 0: 1 pages", "global 0: mut i64 0"] {
        assert!(text.stdout.contains(part), "no {part:?} in {text:#?}");
    }
    let json = Run::new(&["inspect", "--json", &image]).json();
    assert_eq!(json["frames"][0]["func"], 0);
    assert_eq!(json["frames"][0]["name"], json!(null));
    assert_eq!(json["frames"][0]["locals"][2]["type"], "f64");
    assert_eq!(json["memories"][0]["pages"], 1);
    assert_eq!(
        json["globals"],
        json!([{"type": "i64", "value": "0", "mutable": true}])
    );
    assert_eq!(json["host"]["args"], json!([file.rsplit('/').next()]));
}

#[test]
fn what_a_program_may_take_is_counted_anew_at_each_thaw() {
    // 60 thaws, and 20 million elements that a program may have at a time.
    let module = file(
        "tables.wat",
        r#"(module (table 1000000 funcref)
          (func (export "run") (result i32) (local $n i32)
            (loop $again
              (local.set $n (i32.add (local.get $n) (i32.const 1)))
              (br_if $again (i32.lt_u (local.get $n) (i32.const 60))))
            (local.get $n)))"#,
    );
    let frozen = Run::new(&[
        "run",
        "--json",
        "--freeze-every",
        "1",
        "--invoke",
        "run",
        &module,
    ]);
    let told = frozen.json();
    assert!(told["freezes"].as_u64().unwrap() >= 60, "{frozen:?}");
    assert_eq!(frozen.stdout.lines().next(), Some("60"));
}
