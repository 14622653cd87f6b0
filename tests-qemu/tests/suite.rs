//! The WebAssembly test suite in the kernel: what holds on Linux holds there, also when
//! calls are frozen by the timer's interrupts and behind host functions.

#[path = "../../cli/tests/common/sets.rs"]
mod sets;

use sets::SETS;
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{env, fs, str, thread};
use tempfile::TempDir;
use woodfrog_cli::wast::{self, Job, Options, convert};
use woodfrog_qemu::{Accel, Artifacts, Ending, MachineType, Vm};
use woodfrog_suite::batch::{self, Entry};
use woodfrog_suite::{Counts, Kind};

/// Several times what it takes on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(900);

/// There are memories of 4 GiB in the suite, of which little is touched.
const MEMORY_MIB: u32 = 10 << 10;

#[test]
fn the_suite_holds_in_the_kernel() {
    let jobs = all_jobs();
    // Two machines, for two processors, with about the same work.
    let (even, odd): (Vec<_>, Vec<_>) = (0..).zip(jobs).partition(|(index, _)| index % 2 == 0);
    let outcomes = thread::scope(|scope| {
        let machines = [even, odd].into_iter().zip(MachineType::ALL);
        let machines: Vec<_> = machines
            .map(|(half, machine)| {
                scope.spawn(move || {
                    let jobs: Vec<_> = half.into_iter().map(|(_, job)| job).collect();
                    assert_holds_in_kernel(&jobs, machine, None)
                })
            })
            .collect();
        let outcomes = machines.into_iter().map(|machine| machine.join());
        outcomes.collect::<Result<Vec<_>, _>>()
    });
    let outcomes = outcomes.expect("both halves hold");
    let outcomes = outcomes.iter();
    let found: u64 = outcomes.map(|o| o.passed.total() + o.failures).sum();
    let assertions: u64 = SETS.iter().map(|set| set.assertions).sum();
    assert_eq!(found, assertions);
}

#[test]
fn a_tenth_of_the_suite_holds_in_the_kernel_when_frozen() {
    let tenth = chosen_tenth();
    println!("SUITE_TENTH={tenth}");
    let jobs: Vec<_> = (0..)
        .zip(all_jobs())
        .filter(|(index, job)| index % 10 == tenth || calls_host_functions(job))
        .map(|(_, job)| job)
        .collect();
    let Outcome {
        passed, freezes, ..
    } = assert_holds_in_kernel(&jobs, MachineType::Q35, Some(tenth));
    // The alarm comes before three out of four calls.
    let calls = passed[Kind::Return] + passed[Kind::Trap];
    assert!(freezes > calls / 2, "{freezes} freezes of {calls} calls");
}

fn all_jobs() -> Vec<Job<'static>> {
    let options = Options::default();
    SETS.iter().flat_map(|set| set.jobs(&options)).collect()
}

/// SUITE_TENTH, from 0 to 9, or that of the day.
fn chosen_tenth() -> u64 {
    const DAY: u64 = 24 * 60 * 60;
    let chosen = env::var("SUITE_TENTH").ok();
    let chosen = chosen.map(|text| text.parse().expect("SUITE_TENTH is a number"));
    let today = || {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("a date")
    };
    chosen.unwrap_or_else(|| today().as_secs() / DAY) % 10
}

fn calls_host_functions(job: &Job<'_>) -> bool {
    let text = str::from_utf8(job.text).expect("the suite is text");
    text.contains(r#""spectest" "print"#)
}

/// What happened in the kernel.
struct Outcome {
    passed: Counts,
    /// Of what the engine does not have.
    failures: u64,
    freezes: u64,
}

/// Runs scripts on Linux and in the kernel, there frozen if there is a seed. All that
/// happens must be the same.
fn assert_holds_in_kernel(jobs: &[Job<'_>], machine: MachineType, seed: Option<u64>) -> Outcome {
    let log = run_in_kernel(jobs, machine, seed);
    let mut counts: BTreeMap<usize, String> = BTreeMap::new();
    let mut failures: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
    let mut freezes = 0;
    for line in log.lines() {
        if let Some(line) = line.strip_prefix("failure ") {
            let (index, rest) = line.split_once(':').expect("an index");
            let (line, _) = rest.split_once(' ').expect("a line");
            let failures = failures
                .entry(index.parse().expect("an index"))
                .or_default();
            failures.push(line.parse().expect("a line"));
        } else if let Some(line) = line.strip_prefix("script ") {
            let (index, rest) = line.split_once(' ').expect("an index");
            let (passed, count) = rest.split_once(" freezes=").expect("the freezes");
            counts.insert(index.parse().expect("an index"), passed.to_owned());
            freezes += count.parse::<u64>().expect("a number");
        }
    }
    let mut passed = Counts::default();
    let mut failed = 0;
    for (index, (job, report)) in jobs.iter().zip(wast::run_all(jobs)).enumerate() {
        let found = failures.remove(&index).unwrap_or_default();
        let expected: Vec<_> = report.failures.iter().map(|failure| failure.line).collect();
        assert_eq!(found, expected, "lines of {} that fail:\n{log}", job.name);
        passed += report.passed;
        failed += report.failures.len() as u64;
        let expected = report.passed.to_string();
        assert_eq!(counts.get(&index), Some(&expected), "{}:\n{log}", job.name);
    }
    println!(
        "machine={} scripts={} {passed} freezes={freezes}",
        machine.name(),
        jobs.len()
    );
    Outcome {
        passed,
        failures: failed,
        freezes,
    }
}

/// Boots the image with these scripts on its disk, and returns its log.
fn run_in_kernel(jobs: &[Job<'_>], machine: MachineType, seed: Option<u64>) -> String {
    let entries = jobs.iter().map(|job| Entry {
        features: job.options.wasm_features.to_string(),
        is_frozen: seed.is_some(),
        seed: seed.unwrap_or_default(),
        script: convert::script(str::from_utf8(job.text).expect("text")).expect("a script"),
    });
    let entries: Vec<_> = entries.collect();
    let mut bytes = batch::write(&entries).expect("a batch");
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    let directory = TempDir::new().expect("a temporary directory");
    let disk = directory.path().join("disk");
    fs::write(&disk, bytes).expect("a disk");
    let vm = Vm {
        kernel: Artifacts::new().image("suite").expect("an image"),
        machine,
        accel: Accel::Tcg,
        disk: Some(disk),
        append: String::new(),
        processors: 1,
        memory_mib: MEMORY_MIB,
        timeout: TIMEOUT,
        log: directory.path().join("log"),
    };
    let ended = vm.start(false).expect("a machine").wait();
    let log = ended.log;
    assert_eq!(ended.ending, Ending::Finished, "{log}{}", ended.qemu_errors);
    log
}
