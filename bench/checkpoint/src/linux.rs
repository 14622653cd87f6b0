//! Guests on Linux that are checkpointed while they run.
//!
//! The guest runs on the thread that asks for it. Another one asks it to stop, again and again, and
//! writes its checkpoints out.

use crate::disk::{Disk, Written};
use crate::guest::{self, Progress};
use anyhow::{Context, Result, bail};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};
use woodfrog::runtime::{
    CheckpointError, CheckpointPreparer, InterruptHandle, LiveCheckpoint, Outcome, Store,
};

/// What is done at each stop.
pub enum Act<'a> {
    /// A checkpoint is begun, and written to a disk while the guest runs on.
    Checkpoint(&'a mut Disk),
    /// Nothing, to see what the stop itself costs.
    Nothing,
}

/// A stop of a guest.
#[derive(Clone, Copy, Debug)]
pub struct Stop {
    /// How long the checkpoint was prepared before the request, while the guest ran.
    pub prepared: Duration,
    /// From the request until the guest went on.
    pub pause: Duration,
    /// What was written.
    pub written: Option<Written>,
    /// From the request until the checkpoint was durable.
    pub total: Duration,
}

/// What came of a run.
pub struct Run {
    pub stops: Vec<Stop>,
    /// How long the guest ran, its stops included.
    pub time: Duration,
    /// How far it came in that time.
    pub units: u64,
}

/// What goes to the thread that writes, when the guest has stopped.
struct Stopped {
    checkpoint: Option<LiveCheckpoint>,
    /// When the guest went on; it comes after the checkpoint.
    went_on: Receiver<Instant>,
}

/// Whether this system lets a process see its own writes.
pub fn can_track(store: &mut Store<()>) -> Result<bool> {
    match store.begin_checkpoint() {
        Ok(_) => Ok(true),
        Err(CheckpointError::CannotTrack) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Runs a guest, which is suspended, and stops it `count` times, at intervals.
pub fn run(store: &mut Store<()>, act: Act<'_>, interval: Duration, count: usize) -> Result<Run> {
    let before = guest::progress(store)?;
    let does_checkpoint = matches!(act, Act::Checkpoint(_));
    let interrupt = store.interrupt_handle();
    let preparer = does_checkpoint.then(|| store.checkpoint_preparer());
    let preparer = preparer.transpose()?;
    let (sender, receiver) = mpsc::channel();
    let is_over = AtomicBool::new(false);
    let start = Instant::now();
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let result = stop_and_write(act, &interrupt, preparer, receiver, interval, count);
            is_over.store(true, Ordering::Release);
            interrupt.request_suspend();
            result
        });
        let ran = go_on(store, does_checkpoint, &is_over, sender);
        let time = start.elapsed();
        let stops = writer.join().expect("the writer does not panic");
        ran?;
        let Progress { units, .. } = guest::progress(store)?;
        Ok(Run {
            stops: stops?,
            time,
            units: units - before.units,
        })
    })
}

/// The guest's thread.
fn go_on(
    store: &mut Store<()>,
    does_checkpoint: bool,
    is_over: &AtomicBool,
    stopped: Sender<Stopped>,
) -> Result<()> {
    loop {
        if store.resume()? != Outcome::Suspended {
            bail!("the guest has ended");
        }
        if is_over.load(Ordering::Acquire) {
            return Ok(());
        }
        let checkpoint = does_checkpoint.then(|| store.begin_checkpoint());
        let (sender, went_on) = mpsc::channel();
        let message = Stopped {
            checkpoint: checkpoint.transpose()?,
            went_on,
        };
        if stopped.send(message).is_err() {
            return Ok(());
        }
        // Nobody who has gone needs to know.
        let _ = sender.send(Instant::now());
    }
}

/// The other thread.
fn stop_and_write(
    mut act: Act<'_>,
    interrupt: &InterruptHandle,
    preparer: Option<CheckpointPreparer>,
    stopped: Receiver<Stopped>,
    interval: Duration,
    count: usize,
) -> Result<Vec<Stop>> {
    let start = Instant::now();
    let mut stops = Vec::with_capacity(count);
    for number in 1..=count as u32 {
        thread::sleep((interval * number).saturating_sub(start.elapsed()));
        let begun = Instant::now();
        if let Some(preparer) = &preparer {
            preparer.prepare();
        }
        let requested = Instant::now();
        interrupt.request_suspend();
        let stopped = stopped.recv().context("the guest did not stop")?;
        let went_on = stopped.went_on.recv().context("the guest did not go on")?;
        let written = match (&mut act, stopped.checkpoint) {
            (Act::Checkpoint(disk), Some(checkpoint)) => Some(disk.write(checkpoint)?),
            _ => None,
        };
        stops.push(Stop {
            prepared: requested - begun,
            pause: went_on - requested,
            written,
            total: requested.elapsed(),
        });
    }
    Ok(stops)
}
