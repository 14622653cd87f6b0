//! The outside world of a WASI program on Linux: the process's streams and clocks.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use woodfrog::wasi::{Errno, OutputStream, WasiHost};

/// The process's streams, clocks and entropy.
#[derive(Debug)]
pub struct LinuxHost {
    stdin: Option<Stdin>,
    /// Not std's, which buffers lines: a guest does its own buffering.
    stdout: Option<File>,
    is_mid_line: bool,
    start: Instant,
    entropy: Option<File>,
}

#[derive(Debug)]
enum Stdin {
    /// A file, read at the program's own position from where it was when the
    /// process began, so that a resumed program goes on in it.
    File { file: File, base: u64 },
    /// A pipe or terminal, which goes on by itself.
    Stream(File),
}

impl LinuxHost {
    /// Takes hold of the process's streams.
    pub fn new() -> Self {
        Self {
            stdin: Stdin::new().ok(),
            stdout: io::stdout()
                .as_fd()
                .try_clone_to_owned()
                .ok()
                .map(File::from),
            is_mid_line: false,
            start: Instant::now(),
            entropy: None,
        }
    }
}

impl LinuxHost {
    /// Whether what the guest has written to standard output does not end with a line end.
    pub fn is_mid_line(&self) -> bool {
        self.is_mid_line
    }
}

impl Default for LinuxHost {
    fn default() -> Self {
        Self::new()
    }
}

impl Stdin {
    fn new() -> io::Result<Self> {
        let mut file = File::from(io::stdin().as_fd().try_clone_to_owned()?);
        Ok(match file.stream_position() {
            Ok(base) => Self::File { file, base },
            Err(_) => Self::Stream(file),
        })
    }

    fn read(&mut self, position: u64, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File { file, base } => file.read_at(buffer, base.saturating_add(position)),
            Self::Stream(file) => file.read(buffer),
        }
    }
}

impl WasiHost for LinuxHost {
    fn write(&mut self, stream: OutputStream, bytes: &[u8]) -> Result<usize, Errno> {
        match stream {
            OutputStream::Stdout => match &mut self.stdout {
                Some(stdout) => {
                    let len = retry(|| stdout.write(bytes))?;
                    if let Some(last) = bytes[..len].last() {
                        self.is_mid_line = *last != b'\n';
                    }
                    Ok(len)
                }
                None => Err(Errno::BadFd),
            },
            OutputStream::Stderr => retry(|| io::stderr().write(bytes)),
        }
    }

    fn read_stdin(&mut self, position: u64, buffer: &mut [u8]) -> Result<usize, Errno> {
        match &mut self.stdin {
            Some(stdin) => retry(|| stdin.read(position, buffer)),
            None => Err(Errno::BadFd),
        }
    }

    fn realtime_ns(&mut self) -> u64 {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
        since_epoch.map_or(0, |duration| duration.as_nanos() as u64)
    }

    fn monotonic_ns(&mut self) -> u64 {
        self.start.elapsed().as_nanos() as u64
    }

    fn fill_random(&mut self, buffer: &mut [u8]) -> Result<(), Errno> {
        let file = match &mut self.entropy {
            Some(file) => file,
            none => none.insert(File::open("/dev/urandom").map_err(|error| errno(&error))?),
        };
        file.read_exact(buffer).map_err(|error| errno(&error))
    }
}

fn retry<T>(mut operation: impl FnMut() -> io::Result<T>) -> Result<T, Errno> {
    loop {
        match operation() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result.map_err(|error| errno(&error)),
        }
    }
}

fn errno(error: &io::Error) -> Errno {
    match error.kind() {
        ErrorKind::WouldBlock => Errno::Again,
        ErrorKind::BrokenPipe => Errno::Pipe,
        ErrorKind::StorageFull => Errno::NoSpace,
        ErrorKind::InvalidInput => Errno::Invalid,
        _ => Errno::Io,
    }
}
