//! Exit codes, output and messages of `run`, `inspect`, `compile` and `wast`.

mod common;

use common::{Run, command, file, path};
use serde_json::json;
use std::io::Read;
use std::process::Stdio;

const ARITHMETIC: &str = r#"
(module
  (func (export "swap") (param i32 i64 f32 f64) (result f64 f32 i64 i32)
    local.get 3 local.get 2 local.get 1 local.get 0)
  (func (export "divide") (param $left i32) (param $right i32) (result i32)
    local.get $left local.get $right i32.div_s)
  (func (export "none")))
"#;

/// Prints its arguments and environment strings, then standard input, and
/// exits with the number of arguments.
const ECHO: &str = r#"
(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $env_sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $env (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func $print (param $start i32) (param $len i32)
    (i32.store (i32.const 16) (local.get $start))
    (i32.store (i32.const 20) (local.get $len))
    (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 24))))
  (func (export "_start") (local $count i32)
    (drop (call $args_sizes (i32.const 0) (i32.const 4)))
    (local.set $count (i32.load (i32.const 0)))
    (drop (call $args (i32.const 1024) (i32.const 4096)))
    (call $print (i32.const 4096) (i32.load (i32.const 4)))
    (drop (call $env_sizes (i32.const 0) (i32.const 4)))
    (drop (call $env (i32.const 1024) (i32.const 4096)))
    (call $print (i32.const 4096) (i32.load (i32.const 4)))
    (i32.store (i32.const 16) (i32.const 4096))
    (block $end
      (loop $more
        (i32.store (i32.const 16) (i32.const 4096))
        (i32.store (i32.const 20) (i32.const 3))
        (drop (call $read (i32.const 0) (i32.const 16) (i32.const 1) (i32.const 24)))
        (br_if $end (i32.eqz (i32.load (i32.const 24))))
        (call $print (i32.const 4096) (i32.load (i32.const 24)))
        (br $more)))
    (call $exit (local.get $count))))
"#;

#[test]
fn results_are_printed_one_per_line() {
    let file = file("arithmetic.wat", ARITHMETIC);
    Run::new(&[
        "run",
        "--invoke",
        "swap",
        &file,
        "-1",
        "9223372036854775807",
        "0.1",
        "nan:0x1",
    ])
    .assert_prints("nan:0x1\n0.1\n9223372036854775807\n-1\n");
    Run::new(&["run", "--invoke", "none", &file]).assert_prints("");
    Run::new(&["run", &file]).assert_prints("");
}

#[test]
fn json_is_the_last_line() {
    let file = file("arithmetic.wat", ARITHMETIC);
    let run = Run::new(&[
        "run", "--json", "--invoke", "swap", &file, "7", "-5", "inf", "-0",
    ]);
    assert_eq!(run.code, Some(0));
    let json = run.json();
    assert_eq!(json["outcome"], "returned");
    assert_eq!(
        json["values"],
        json!([
            {"type": "f64", "value": "-0"},
            {"type": "f32", "value": "inf"},
            {"type": "i64", "value": "-5"},
            {"type": "i32", "value": "7"},
        ])
    );
    assert_eq!(json["freezes"], 0);
    assert_eq!((&json["trap"], &json["frames"]), (&json!(null), &json!([])));
    for stage in ["compile", "instantiate", "run"] {
        assert!(json["seconds"][stage].is_f64(), "{json}");
    }
}

#[test]
fn a_trap_exits_with_134_and_a_backtrace() {
    let file = file("arithmetic.wat", ARITHMETIC);
    let run = Run::new(&["run", "--json", "--invoke", "divide", &file, "8", "0"]);
    run.assert_fails(134, "integer divide by zero");
    assert!(run.stderr.contains("divide"), "{run:#?}");
    let json = run.json();
    assert_eq!(json["outcome"], "trapped");
    assert_eq!(json["trap"], "integer divide by zero");
    let frame = &json["frames"][0];
    assert_eq!(
        (&frame["func"], &frame["name"]),
        (&json!(1), &json!("divide"))
    );
    assert!(frame["offset"].is_u64());
    assert_eq!(
        frame["locals"],
        json!([{"type": "i32", "value": "8"}, {"type": "i32", "value": "0"}])
    );
}

#[test]
fn arguments_after_the_file_are_the_programs() {
    let echo = file("echo.wat", ECHO);
    let name = echo.rsplit('/').next().expect("a path");
    let args = [
        "run", "--env", "A=1", "--env", "B=x=y", &echo, "--json", "-h", "--", "",
    ];
    let run = Run::with_stdin(&args, b"some input");
    assert_eq!(
        run.stdout,
        format!("{name}\0--json\0-h\0--\0\0A=1\0B=x=y\0some input")
    );
    assert_eq!(run.code, Some(5));
}

#[test]
fn an_exit_status_is_reported() {
    let echo = file("echo.wat", ECHO);
    let run = Run::new(&["run", "--json", &echo, "x"]);
    assert_eq!(run.code, Some(2));
    let json = run.json();
    assert_eq!(
        (&json["outcome"], &json["status"]),
        (&json!("exited"), &json!(2))
    );
}

#[test]
fn bad_modules_and_options_exit_with_1_and_say_why() {
    let file_of = |contents: &str| file("bad.wat", contents);
    let good = file_of(ARITHMETIC);
    Run::new(&["run", "/nonexistent.wasm"]).assert_fails(1, "/nonexistent.wasm");
    Run::new(&["run", &file_of("(module (func")]).assert_fails(1, "bad.wat");
    Run::new(&["run", &file_of("\0asm")]).assert_fails(1, "bad.wat");
    Run::new(&["run", &file_of("(module (func (result i32)))")]).assert_fails(1, "type mismatch");
    Run::new(&["run", "--dir", "/nowhere::/", &good]).assert_fails(1, "No such file");
    Run::new(&["run", "--dir", ".", "--dir", "src::.", &good]).assert_fails(1, "called .");
    Run::new(&["run", "--env", "A", &good]).assert_fails(1, "NAME=VALUE");
    Run::new(&["run", "--preload", "A", &good]).assert_fails(1, "NAME=FILE");
    Run::new(&["run", "--frozen", &good]).assert_fails(1, "unknown option --frozen");
    Run::new(&["run", "--freeze-after", "1", &good]).assert_fails(1, "--image");
    Run::new(&["run"]).assert_fails(1, "Usage");
    Run::new(&["run", "--invoke", "sub", &good]).assert_fails(1, "swap, divide, none");
    Run::new(&["run", "--invoke", "divide", &good, "1"]).assert_fails(1, "i32 i32");
    Run::new(&["run", "--invoke", "divide", &good, "1", "1.5"]).assert_fails(1, "argument 2");
    let import = file_of(r#"(module (import "a" "b" (func)))"#);
    Run::new(&["run", &import]).assert_fails(1, r#"unknown import: "a" "b"; --preload"#);
}

#[test]
fn unknown_imports_return_zeros_if_asked_to() {
    let file = file(
        "import.wat",
        r#"(module
          (import "a" "b" (func $b (param i32) (result i64 f32)))
          (func (export "f") (result i64 f32) (call $b (i32.const 3))))"#,
    );
    Run::new(&["run", "--unknown-imports-default", "--invoke", "f", &file]).assert_prints("0\n0\n");
}

#[test]
fn preloaded_modules_can_be_imported() {
    let library = file(
        "library.wat",
        r#"(module
          (global $n (mut i32) (i32.const 40))
          (func $init (global.set $n (i32.add (global.get $n) (i32.const 1))))
          (start $init)
          (func (export "next") (result i32)
            (global.set $n (i32.add (global.get $n) (i32.const 1)))
            (global.get $n)))"#,
    );
    let main = file(
        "main.wat",
        r#"(module
          (import "lib" "next" (func $next (result i32)))
          (func (export "f") (result i32 i32) (call $next) (call $next)))"#,
    );
    let preload = format!("lib={library}");
    Run::new(&["run", "--preload", &preload, "--invoke", "f", &main]).assert_prints("42\n43\n");
}

#[test]
fn a_reactor_is_initialised_before_a_call() {
    let file = file(
        "reactor.wat",
        r#"(module
          (global $n (mut i32) (i32.const 1))
          (func (export "_initialize") (global.set $n (i32.const 2)))
          (func (export "get") (result i32) (global.get $n)))"#,
    );
    Run::new(&["run", "--invoke", "get", &file]).assert_prints("2\n");
}

#[test]
fn a_library_that_nothing_is_called_of_says_what_could_be() {
    let library = file("library.wat", ARITHMETIC);
    let run = Run::new(&["run", &library]);
    run.assert_prints("");
    assert!(
        run.stderr.contains("--invoke NAME FILE") && run.stderr.contains("swap, divide, none"),
        "{run:#?}"
    );
    let exports: String = (0..30).map(|n| format!("(export \"f{n}\")")).collect();
    let many = file("many.wat", format!("(module (func {exports}))"));
    let run = Run::new(&["run", &many]);
    assert!(run.stderr.contains("f19, and 10 more"), "{run:#?}");
    let started = file("started.wat", "(module (func $f) (start $f))");
    assert_eq!(Run::new(&["run", &started]).stderr, "");
}

/// Grows its memory by a page until that fails, and returns its pages.
const GREEDY: &str = r#"
(module
  (memory 1 1000)
  (func (export "grow") (result i32)
    (loop $again
      (br_if $again (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
    memory.size))
"#;

#[test]
fn a_memory_grows_as_far_as_an_option_lets_it() {
    let greedy = file("greedy.wat", GREEDY);
    let grow = |limit: &str, freeze_every: &str| {
        Run::new(&[
            "run",
            "--max-memory-size",
            limit,
            "--freeze-every",
            freeze_every,
            "--invoke",
            "grow",
            &greedy,
        ])
    };
    for freeze_every in ["0", "1"] {
        grow("1M", freeze_every).assert_prints("16\n");
        grow("65536", freeze_every).assert_prints("1\n");
        grow("1G", freeze_every).assert_prints("1000\n");
    }
    let tables = file(
        "tables.wat",
        format!("(module {})", "(table 9999999 funcref)".repeat(3)),
    );
    Run::new(&["run", &tables]).assert_fails(1, "needs more than it may have");
    grow("65535", "0").assert_fails(1, "--max-memory-size");
    grow("1X", "0").assert_fails(1, "X is not K, M, G or T");
}

#[test]
fn an_image_with_more_memory_than_an_option_admits_is_not_resumed() {
    let endless = "(module (memory 3) (func (export \"_start\") (loop $again (br $again))))";
    let (module, image) = (file("endless.wat", endless), path("image"));
    let freeze = ["--freeze-after", "30", "--image", &image];
    let run = Run::new(&[&["run"][..], &freeze, &[&module]].concat());
    assert_eq!(run.code, Some(0), "{run:#?}");
    let resume = |limit| {
        let args = ["resume", &image, "--module", &module];
        Run::new(&[&args[..], &freeze, &["--max-memory-size", limit]].concat())
    };
    resume("131072").assert_fails(1, "--max-memory-size");
    assert_eq!(resume("196608").code, Some(0));
}

#[test]
fn a_guest_without_memory_cannot_use_wasi() {
    let file = file(
        "memoryless.wat",
        r#"(module
          (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
          (func (export "f") (result i32) (call $yield)))"#,
    );
    Run::new(&["run", "--invoke", "f", &file]).assert_fails(1, "memory");
}

#[test]
fn a_closed_standard_output_is_no_panic() {
    let file = file("arithmetic.wat", ARITHMETIC);
    let mut child = command(&["run", "--json", "--invoke", "divide", &file, "8", "2"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    drop(child.stdout.take());
    let mut stderr = String::new();
    let mut pipe = child.stderr.take().expect("piped");
    pipe.read_to_string(&mut stderr).expect("UTF-8");
    assert_eq!(stderr, "");
    assert_eq!(child.wait().expect("the command ends").code(), Some(0));
}

#[test]
fn a_compiled_module_is_written_and_runs_where_it_is_trusted() {
    let module = file("arithmetic.wat", ARITHMETIC);
    let output = path("compiled");
    let run = Run::new(&["compile", &module, "--stats", "-o", &output]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    for line in [
        "functions 3\n",
        "machine_code ",
        "wasm_code ",
        "state_map ",
        "compile_seconds ",
    ] {
        assert!(run.stdout.contains(line), "{run:#?}");
    }
    let call = |options: &[&str]| {
        let args = [
            &["run"],
            options,
            &["--invoke", "divide", &output, "8", "2"],
        ];
        Run::new(&args.concat())
    };
    call(&["--allow-precompiled"]).assert_prints("4\n");
    call(&["--allow-precompiled", "--freeze-every", "1"]).assert_prints("4\n");
    call(&["--allow-precompiled", "--switch-versions"]).assert_prints("4\n");
    call(&[]).assert_fails(1, "--allow-precompiled");
    Run::new(&["compile", &output]).assert_fails(1, "precompiled");
    let bytes = std::fs::read(&output).expect("it was written");
    let cut = file("cut", &bytes[..bytes.len() - 1]);
    Run::new(&["run", "--allow-precompiled", &cut]).assert_fails(1, "the header says");
}

#[test]
fn values_that_an_option_does_not_take_are_told_with_those_that_it_does() {
    let no_cpu = Run::new(&["run", "--cpu", "avx+avx9", "x.wasm"]);
    no_cpu.assert_fails(
        1,
        "no processor feature \"avx9\"; there are baseline, popcnt+",
    );
    let no_feature = Run::new(&["wast", "--features", "v2,simd", "x.wast"]);
    no_feature.assert_fails(
        1,
        "no feature \"v2,simd\" of WebAssembly; there are v2, all, v1+",
    );
    for option in ["--seed", "--freeze-every", "--freeze-after"] {
        for number in ["-1", "1.5", "", "18446744073709551616", "1s"] {
            let run = Run::new(&["run", option, number, "x.wasm"]);
            run.assert_fails(1, "expected a whole number");
            assert!(!run.stderr.contains("tip"), "{run:#?}");
        }
    }
    let run = Run::new(&["wast", "--freeze-every", "-1", "x.wast"]);
    run.assert_fails(1, "expected a whole number");
}

#[test]
fn help_tells_what_there_is() {
    let run = Run::new(&["--help"]);
    assert_eq!(run.code, Some(0));
    for command in ["run", "resume", "inspect", "compile"] {
        assert!(run.stdout.contains(command), "{run:#?}");
    }
    let run = Run::new(&["run", "--help"]);
    assert!(run.stdout.contains("--freeze-every"), "{run:#?}");
}

#[test]
fn what_is_no_image_is_refused() {
    let module = file("arithmetic.wat", ARITHMETIC);
    let image = file(
        "image",
        "not an image, but long enough that it might have been one",
    );
    Run::new(&["resume", &image, "--module", &module]).assert_fails(1, "magic");
    Run::new(&["inspect", &image]).assert_fails(1, "magic");
    Run::new(&["inspect", "/nonexistent"]).assert_fails(1, "/nonexistent");
}

/// A script's failing lines, of which each has what is expected of it.
const FAILING_SCRIPT: &str = r#"(module $first
  (func (export "one") (result i32) i32.const 1)
  (func (export "signalling") (result f32) f32.const nan:0x200000)
  (func $trap (export "trap") unreachable)
  (global (export "four") i32 (i32.const 4)))
(assert_return (invoke "one") (i32.const 2)) ;; expected i32 2, found i32 1
(assert_return (invoke "one")) ;; expected no results, found i32 1
(assert_return (invoke "signalling") (f32.const nan:canonical)) ;; expected f32 nan:canonical, found f32 nan:0x200000
(assert_return (invoke "trap")) ;; expected no results, found trap "unreachable"
(assert_return (get "four") (i32.const 5)) ;; expected i32 5, found i32 4
(assert_trap (invoke "trap") "integer overflow") ;; expected trap "integer overflow", found trap "unreachable"
(assert_exhaustion (invoke "one") "call stack exhausted") ;; expected trap "call stack exhausted", found i32 1
(assert_invalid (module) "type mismatch") ;; expected refusal "type mismatch", found a valid module
(assert_malformed (module quote "(func)") "no func") ;; expected refusal "no func", found a valid module
(assert_unlinkable (module (import "spectest" "print" (func))) "unknown import") ;; expected link error "unknown import", found an instance
(module (import "nobody" "f" (func))) ;; unknown import: "nobody" "f"
(assert_return (invoke "one") (i32.const 1)) ;; there is no module to do this with
(register "name" $nobody) ;; there is no module nobody
(assert_return (invoke $first "two") (i32.const 2)) ;; no export "two" of that kind
(assert_return (invoke $first "one") (i32.const 1))
"#;

#[test]
fn failures_of_scripts_are_told_with_their_line() {
    let script = file("failing.wast", FAILING_SCRIPT);
    let run = Run::new(&["wast", &script]);
    let problems = FAILING_SCRIPT.lines().zip(1..).filter_map(|(text, line)| {
        let (_, expected) = text.split_once(" ;; ")?;
        Some(format!("{script}:{line}: {expected}\n"))
    });
    let expected: String = problems.collect();
    assert!(run.stdout.starts_with(&expected), "{run:#?}");
    let summary = &run.stdout[expected.len()..];
    assert!(
        summary.starts_with("set=tmp freeze-every=0 return=1 "),
        "{run:#?}"
    );
    assert!(summary.ends_with("\n1 passed, 14 failed\n"), "{run:#?}");
    assert_eq!(run.code, Some(1));
}

#[test]
fn failures_of_scripts_may_be_expected_but_then_must_happen() {
    let script = file("failing.wast", FAILING_SCRIPT);
    let name = std::path::Path::new(&script).file_name().expect("a name");
    let name = name.to_string_lossy();
    let run = |list: String| {
        let list = file("expected", &list);
        Run::new(&["wast", "--expected-failures", &list, &script])
    };
    let lists = [
        format!("tmp/{name}:6 why\ntmp/{name} *13 why\n"),
        format!("# all of them\n\ntmp/{name} *14 why\n"),
    ];
    for list in lists {
        let run = run(list);
        assert_eq!(run.code, Some(0), "{run:#?}");
        assert!(run.stdout.contains(" expected-failures=14 "), "{run:#?}");
        assert!(run.stdout.ends_with("\n1 passed, 0 failed\n"), "{run:#?}");
    }
    let unexpected = run(format!("tmp/{name}:5 why\ntmp/{name} *14 why\n"));
    let complaint = format!("{script}:5: holds, but is expected to fail\n");
    assert!(unexpected.stdout.starts_with(&complaint), "{unexpected:#?}");
    assert_eq!(unexpected.code, Some(1));
    run("nonsense\n".to_owned()).assert_fails(1, "line 1 of the expected failures");
}

#[test]
fn scripts_may_use_what_their_version_of_webassembly_has() {
    let script = file("memories.wast", "(module (memory 1) (memory 1))");
    for (features, failed) in [("all", 0), ("v1", 1), ("v2", 1), ("v2+multi-memory", 0)] {
        let run = Run::new(&["wast", "--features", features, &script]);
        let last = format!("\n0 passed, {failed} failed\n");
        assert!(run.stdout.ends_with(&last), "{run:#?}");
    }
    let unknown = Run::new(&["wast", "--features", "v9", &script]);
    assert!(unknown.stderr.contains("no feature"), "{unknown:#?}");
}

#[test]
fn scripts_of_linked_modules_hold_however_often_they_are_frozen() {
    let script = file(
        "linked.wast",
        r#"(module $counter
             (import "spectest" "print_i32" (func $print (param i32)))
             (global $count (export "count") (mut i32) (i32.const 0))
             (func (export "step") (param i32)
               loop
                 global.get $count i32.const 1 i32.add global.set $count
                 global.get $count call $print
                 local.get 0 i32.const 1 i32.sub local.tee 0
                 br_if 0
               end))
           (register "counter" $counter)
           (module $user
             (import "counter" "step" (func $step (param i32)))
             (import "spectest" "global_i32" (global $global i32))
             (func $start i32.const 5 call $step)
             (func (export "global") (result i32) i32.const 2 call $step global.get $global)
             (start $start))
           (assert_return (get $counter "count") (i32.const 5))
           (assert_return (invoke $user "global") (i32.const 666))
           (module (import "counter" "step" (func (param i32))) (export "again" (func 0)))
           (assert_return (invoke "again" (i32.const 3)))
           (assert_return (get $counter "count") (i32.const 10))
           (assert_trap (module (func $f unreachable) (start $f)) "unreachable")
           (assert_return (invoke $user "global") (i32.const 666))"#,
    );
    for freeze_every in ["0", "1", "2", "3"] {
        let run = Run::new(&["wast", "--freeze-every", freeze_every, &script]);
        assert!(run.stdout.ends_with("\n6 passed, 0 failed\n"), "{run:#?}");
    }
}

#[test]
fn scripts_that_cannot_be_run_fail() {
    let malformed = file("malformed.wast", "(module)\n(assert_nothing)");
    let run = Run::new(&["wast", &malformed]);
    assert!(
        run.stdout.starts_with(&format!("{malformed}:2: bad text")),
        "{run:#?}"
    );
    assert!(run.stdout.ends_with("\n0 passed, 1 failed\n"), "{run:#?}");
    assert_eq!(run.code, Some(1));
    Run::new(&["wast", "missing.wast"]).assert_fails(1, "cannot read missing.wast");
}
