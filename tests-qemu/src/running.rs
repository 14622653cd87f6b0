//! A machine that has been started, and how it ended.

use std::fs;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// A started machine. Dropping it kills it.
#[derive(Debug)]
pub struct Running {
    child: Child,
    deadline: Instant,
    log: PathBuf,
    serial: Arc<Mutex<Vec<u8>>>,
    readers: Vec<JoinHandle<()>>,
    errors: Arc<Mutex<Vec<u8>>>,
}

/// What a machine left behind.
#[derive(Clone, Debug)]
pub struct Ended {
    /// How it ended.
    pub ending: Ending,
    /// What the guest wrote.
    pub serial: Vec<u8>,
    /// What the kernel wrote.
    pub log: String,
    /// What QEMU itself complained about.
    pub qemu_errors: String,
}

/// How a machine ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The program ended.
    Finished,
    /// The program was frozen, and its checkpoint is on the disk.
    Frozen,
    /// The kernel could not do what it was asked to.
    Failed,
    /// The kernel panicked.
    Panicked,
    /// Another machine has taken the disk's lease over.
    Fenced,
    /// It ran longer than it may, and was killed.
    TimedOut,
    /// It was killed on purpose.
    Killed,
    /// QEMU exited for another reason, with this code.
    Qemu(i32),
}

/// How often a machine is looked at.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

impl Running {
    pub(crate) fn new(mut child: Child, timeout: Duration, log: PathBuf, is_echoed: bool) -> Self {
        let serial = Arc::default();
        let errors = Arc::default();
        let stdout = child.stdout.take().expect("standard output is piped");
        let stderr = child.stderr.take().expect("standard error is piped");
        let readers = vec![
            collect(stdout, Arc::clone(&serial), is_echoed),
            collect(stderr, Arc::clone(&errors), false),
        ];
        Self {
            child,
            deadline: Instant::now() + timeout,
            log,
            serial,
            readers,
            errors,
        }
    }

    /// Writes to the machine's serial port, whose input is a pipe, in a thread.
    pub(crate) fn send(&mut self, input: Vec<u8>) {
        let mut stdin = self.child.stdin.take().expect("standard input is piped");
        // A machine that ends before it has read all is not to blame.
        let writer = thread::spawn(move || drop(stdin.write_all(&input)));
        self.readers.push(writer);
    }

    /// What the guest has written so far.
    pub fn serial(&self) -> Vec<u8> {
        self.serial.lock().expect("no reader panics").clone()
    }

    /// What the kernel has written so far.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// Waits until `condition` holds; false if the machine ended or ran out of time before.
    pub fn wait_until(&mut self, mut condition: impl FnMut(&Self) -> bool) -> bool {
        while !condition(self) {
            if Instant::now() > self.deadline || !matches!(self.child.try_wait(), Ok(None)) {
                return condition(self);
            }
            thread::sleep(POLL_INTERVAL);
        }
        true
    }

    /// Cuts the power: kills QEMU with SIGKILL.
    pub fn kill(mut self) -> Ended {
        // A machine that has ended already is as good as killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.end(Ending::Killed)
    }

    /// Waits for the end.
    pub fn wait(mut self) -> Ended {
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => {
                    let ending = ending_of(status);
                    return self.end(ending);
                }
                Ok(None) if Instant::now() <= self.deadline => thread::sleep(POLL_INTERVAL),
                Ok(None) | Err(_) => {
                    let mut ended = self.kill();
                    ended.ending = Ending::TimedOut;
                    return ended;
                }
            }
        }
    }

    fn end(mut self, ending: Ending) -> Ended {
        for reader in self.readers.drain(..) {
            reader.join().expect("no reader panics");
        }
        let errors = self.errors.lock().expect("no reader panics").clone();
        Ended {
            ending,
            serial: self.serial(),
            log: self.log(),
            qemu_errors: String::from_utf8_lossy(&errors).into_owned(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The kernel writes a code to the exit device, and QEMU exits with 2 * code + 1.
fn ending_of(status: ExitStatus) -> Ending {
    match status.code() {
        Some(0x21) => Ending::Finished,
        Some(0x23) => Ending::Frozen,
        Some(0x25) => Ending::Failed,
        Some(0x27) => Ending::Panicked,
        Some(0x29) => Ending::Fenced,
        Some(code) => Ending::Qemu(code),
        None => Ending::Killed,
    }
}

/// Reads to the end in a thread.
fn collect(
    mut from: impl Read + Send + 'static,
    into: Arc<Mutex<Vec<u8>>>,
    is_echoed: bool,
) -> JoinHandle<()> {
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            let bytes = &buffer[..count];
            into.lock()
                .expect("no reader panics")
                .extend_from_slice(bytes);
            if is_echoed {
                // Nobody reading the echo is no reason to stop the machine.
                let _ = std::io::stdout()
                    .write_all(bytes)
                    .and_then(|()| std::io::stdout().flush());
            }
        }
    })
}
