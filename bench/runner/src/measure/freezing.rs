//! Time from a freeze request by another thread to the stop.

use crate::engines::woodfrog::engine;
use crate::guests::Guests;
use crate::plan::Plan;
use crate::report::Report;
use anyhow::{Context, Result};
use std::hint;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use woodfrog::abi::Val;
use woodfrog::runtime::{Linker, Module, Outcome, Store};
use woodfrog_report::goal::Goal;
use woodfrog_report::significant;
use woodfrog_report::stats::{greatest, percentile};
use woodfrog_report::table::Table;
use woodfrog_workloads::{WORKLOADS, Workload};

/// Programs of different kinds: straight-line code, array loops, recursion, calls through
/// tables, bulk memory, allocation.
const STOPPED: [&str; 7] = [
    "sha256",
    "gemm",
    "fib",
    "call_indirect",
    "interpreter",
    "bulk_memory",
    "json",
];

/// How often each is stopped.
const STOPS: u32 = 2000;

/// Measures the programs that are wanted.
pub fn measure(plan: &Plan, report: &mut Report) -> Result<()> {
    let wanted = |workload: &&Workload| {
        STOPPED.contains(&workload.name) && plan.wants(&format!("freeze {}", workload.name))
    };
    let workloads: Vec<_> = WORKLOADS.iter().filter(wanted).collect();
    if workloads.is_empty() {
        return Ok(());
    }
    let guests = Guests::build()?;
    let note = "From the moment before another thread asks a running program to stop, to the \
                moment when the embedder knows that it has; in microseconds of the wall clock. \
                The floor is a thread that does nothing but wait for the other's flag. Where \
                threads outnumber processors, this is the scheduler's time too.";
    let header = ["program", "stops", "p50, us", "p99, us", "longest, us"];
    let mut table = Table::new("From a freeze request to the stop", note, header);
    let count = plan.repetitions(STOPS) as usize;
    push_row(&mut table, "a flag (floor)", &flags_seen(count));
    let mut worst = Vec::new();
    for workload in workloads {
        eprintln!("freezing {}", workload.name);
        let times = stops(&guests.scalar, workload, count)?;
        push_row(&mut table, workload.name, &times);
        worst.push(us(&times, 99));
    }
    report.tables.push(table);
    let goal = Goal::at_most(
        "freeze request to stop, p99, us, worst",
        50.0,
        10.0,
        greatest(worst),
    );
    report.goals.extend(goal);
    Ok(())
}

fn push_row(table: &mut Table, name: &str, times: &[Duration]) {
    let percentiles = [50, 99, 100].map(|percent| significant(us(times, percent)));
    let start = [name.to_owned(), times.len().to_string()];
    table.push(start.into_iter().chain(percentiles));
}

/// A percentile in microseconds.
fn us(times: &[Duration], percent: usize) -> f64 {
    percentile(times.to_vec(), percent).as_secs_f64() * 1e6
}

/// What both threads share.
struct Signals {
    start: Instant,
    /// Nanoseconds from `start` to the last request.
    requested: AtomicU64,
    /// Whether the program runs, so that a request is due.
    is_running: AtomicBool,
    is_over: AtomicBool,
}

impl Signals {
    fn new() -> Self {
        Self {
            start: Instant::now(),
            requested: AtomicU64::new(0),
            is_running: AtomicBool::new(true),
            is_over: AtomicBool::new(false),
        }
    }

    /// How long ago the last request was made.
    fn since_request(&self) -> Duration {
        let now = self.start.elapsed();
        let requested = self.requested.load(Ordering::Acquire);
        now.saturating_sub(Duration::from_nanos(requested))
    }
}

/// Waits for a flag so many times.
fn flags_seen(count: usize) -> Vec<Duration> {
    let signals = Signals::new();
    let flag = AtomicBool::new(false);
    let mut times = Vec::with_capacity(count);
    thread::scope(|scope| {
        scope.spawn(|| request_again_and_again(&signals, || flag.store(true, Ordering::Release)));
        while times.len() < count {
            while !flag.load(Ordering::Acquire) {
                hint::spin_loop();
            }
            times.push(signals.since_request());
            flag.store(false, Ordering::Release);
            signals.is_running.store(true, Ordering::Release);
        }
        signals.is_over.store(true, Ordering::Release);
    });
    times
}

/// Stops a program so many times.
fn stops(wasm: &[u8], workload: &Workload, count: usize) -> Result<Vec<Duration>> {
    let engine = engine();
    let module = Module::new(&engine, wasm)?;
    let mut store = Store::new(&engine, ());
    let instance = Linker::new().instantiate(&mut store, &module)?;
    let func = instance
        .get_func(&store, workload.name)
        .context("no such export")?;
    let argument = [Val::I32(workload.size as i32)];
    let signals = Signals::new();
    let interrupt = store.interrupt_handle();
    let mut times = Vec::with_capacity(count);
    thread::scope(|scope| {
        scope.spawn(|| request_again_and_again(&signals, || interrupt.request_suspend()));
        let mut run = || -> Result<()> {
            let mut outcome = func.call(&mut store, &argument)?;
            while times.len() < count {
                outcome = match outcome {
                    Outcome::Returned(_) => func.call(&mut store, &argument)?,
                    Outcome::Suspended => {
                        times.push(signals.since_request());
                        signals.is_running.store(true, Ordering::Release);
                        store.resume()?
                    }
                };
            }
            Ok(())
        };
        let ran = run();
        // Also if it failed: the other thread has to end.
        signals.is_over.store(true, Ordering::Release);
        ran.map(|()| times)
    })
}

fn request_again_and_again(signals: &Signals, request: impl Fn()) {
    let mut pause_us = 100;
    while !signals.is_over.load(Ordering::Acquire) {
        // From 100 us to 400 us, so that requests do not follow the program's own rhythm.
        pause_us = 100 + (pause_us * 7 + 13) % 300;
        thread::sleep(Duration::from_micros(pause_us));
        if signals.is_running.swap(false, Ordering::AcqRel) {
            let now = signals.start.elapsed().as_nanos() as u64;
            signals.requested.store(now, Ordering::Release);
            request();
        }
    }
}
