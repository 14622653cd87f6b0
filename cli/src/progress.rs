//! Progress bars for what takes long, on a terminal.

use indicatif::{ProgressBar, ProgressStyle};
use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

/// What is over sooner shows nothing.
const DELAY: Duration = Duration::from_millis(500);

/// Something that may take long. While it does, and if standard error is a terminal, it shows
/// how far it has come, in bytes.
#[derive(Debug)]
pub struct Progress {
    what: String,
    start: Instant,
    is_shown: bool,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Begins something that `what` tells, such as `reading image`.
    pub fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            start: Instant::now(),
            is_shown: io::stderr().is_terminal(),
            bar: None,
        }
    }

    /// Tells how many bytes of how many are done.
    pub fn set(&mut self, done: u64, total: u64) {
        if !self.is_shown || (self.bar.is_none() && self.start.elapsed() < DELAY) {
            return;
        }
        let bar = self.bar.get_or_insert_with(|| {
            let style = ProgressStyle::with_template(
                "{msg} [{bar:30}] {bytes} of {total_bytes}, {eta} left",
            );
            ProgressBar::new(total)
                .with_message(self.what.clone())
                .with_style(style.expect("a valid template"))
        });
        bar.set_position(done);
    }
}

/// Leaves nothing of the bar.
impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
