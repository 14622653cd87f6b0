//! What is measured: each file takes its measurements and puts them into the report.

pub mod boundary;
pub mod compiling;
pub mod frames;
pub mod freezing;
pub mod growth;
pub mod images;
pub mod memory_peak;
pub mod running;

use anyhow::Result;
use std::time::Duration;
use woodfrog_report::clock::processor_time;

/// How much processor time `work` takes, and what it makes.
pub fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<(Duration, T)> {
    let start = processor_time();
    let made = work();
    let time = processor_time() - start;
    Ok((time, made?))
}
