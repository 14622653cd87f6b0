//! The outside world of a WASI program on Linux: the process's streams and clocks, and
//! files.

use crate::files::{self, Files};
use crate::guest_buffer;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FileType, fstat};
use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal, Read, Seek, Write};
use std::num::NonZeroU64;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};
use woodfrog::runtime::{HostPart, StoreLimits, StoreLimitsBuilder};
use woodfrog::wasi::memory_files::MemoryFiles;
use woodfrog::wasi::{Errno, FileKind, FileSystem, OutputStream, Wait, Waited, WasiHost};

/// Most elements of all of a program's tables. They take memory when they are made, so a module of
/// some hundred bytes could have all there is.
const MAX_TABLE_ELEMENTS: usize = 20_000_000;

/// How long the host waits at most before it looks whether the program is to be frozen.
const LONGEST_WAIT: Duration = Duration::from_millis(5);

/// The process's streams, clocks and entropy, and files.
#[derive(Debug)]
pub struct LinuxHost {
    stdin: Option<Stdin>,
    /// Not std's, which buffers lines: a guest does its own buffering.
    stdout: Option<File>,
    is_mid_line: bool,
    start: Instant,
    entropy: Option<File>,
    files: Files,
    /// Most bytes of each memory.
    max_memory_size: Option<usize>,
    /// What the program's store may take. They count what it has.
    pub limits: StoreLimits,
    /// At which waits, by their count, the store is suspended.
    suspend_every: Option<NonZeroU64>,
    waits: u64,
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
    /// Takes hold of the process's streams, and offers files.
    pub fn new(files: Files) -> Self {
        let mut host = Self {
            stdin: Stdin::new().ok(),
            stdout: io::stdout()
                .as_fd()
                .try_clone_to_owned()
                .ok()
                .map(File::from),
            is_mid_line: false,
            start: Instant::now(),
            entropy: None,
            files,
            max_memory_size: None,
            limits: StoreLimits::default(),
            suspend_every: None,
            waits: 0,
        };
        host.renew_limits();
        host
    }

    /// Lets no memory of the program grow beyond so many bytes.
    pub fn limit_memories(&mut self, size: u64) {
        self.max_memory_size = Some(usize::try_from(size).unwrap_or(usize::MAX));
        self.renew_limits();
    }

    /// Has the limits count from nothing.
    fn renew_limits(&mut self) {
        let limits = StoreLimitsBuilder::new().total_table_elements(MAX_TABLE_ELEMENTS);
        self.limits = match self.max_memory_size {
            Some(size) => limits.memory_size(size).build(),
            None => limits.build(),
        };
    }

    /// Has every Nth wait answered by suspending the store.
    pub fn suspend_every(&mut self, waits: Option<NonZeroU64>) {
        self.suspend_every = waits;
    }

    /// Forgets what the program has open and has taken, as if the host were another one, and has
    /// these files in memory from here on.
    pub fn renew(&mut self, memory: Option<MemoryFiles>) {
        self.files.directories.close_all();
        self.files.memory = memory;
        self.renew_limits();
    }

    /// The names of the directories that there are for the program.
    pub fn directory_names(&self) -> impl Iterator<Item = &str> {
        self.files.names()
    }

    /// Whether what the guest has written to standard output does not end with a line end.
    pub fn is_mid_line(&self) -> bool {
        self.is_mid_line
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
            Self::File { file, base } => {
                let start = base.saturating_add(position);
                guest_buffer::read_all(buffer, |part, done| {
                    file.read_at(part, start.saturating_add(done as u64))
                })
            }
            Self::Stream(file) => guest_buffer::read_some(buffer, |part| file.read(part)),
        }
    }

    /// What can make one wait for it.
    fn stream(&self) -> Option<&File> {
        match self {
            Self::File { .. } => None,
            Self::Stream(file) => Some(file),
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
        files::realtime_ns()
    }

    fn monotonic_ns(&mut self) -> u64 {
        self.start.elapsed().as_nanos() as u64
    }

    fn fill_random(&mut self, buffer: &mut [u8]) -> Result<(), Errno> {
        let file = match &mut self.entropy {
            Some(file) => file,
            none => none.insert(File::open("/dev/urandom").map_err(|error| errno(&error))?),
        };
        let read = |part: &mut [u8], _| file.read_exact(part).map(|()| part.len());
        let filled = guest_buffer::read_all(buffer, read).map_err(|error| errno(&error))?;
        match filled == buffer.len() {
            true => Ok(()),
            false => Err(Errno::Io),
        }
    }

    fn files(&mut self) -> Option<&mut dyn FileSystem> {
        Some(&mut self.files)
    }

    fn parts(&mut self) -> Vec<&mut dyn HostPart> {
        self.files.parts()
    }

    fn wait(&mut self, wait: Wait) -> Waited {
        let longest = wait.duration_ns.map_or(Duration::MAX, Duration::from_nanos);
        let stdin = self.stdin.as_ref().filter(|_| wait.stdin);
        wait_for(stdin.and_then(Stdin::stream), longest.min(LONGEST_WAIT));
        self.waits += 1;
        match self.suspend_every {
            Some(every) if self.waits.is_multiple_of(every.get()) => Waited::Suspend,
            _ => Waited::Awhile,
        }
    }

    fn is_stdin_ready(&mut self, _position: u64) -> bool {
        match self.stdin.as_ref().and_then(Stdin::stream) {
            Some(stream) => wait_for(Some(stream), Duration::ZERO),
            None => true,
        }
    }

    fn stream_kind(&mut self, descriptor: u32) -> FileKind {
        match descriptor {
            0 => stream_kind(io::stdin().as_fd()),
            1 => stream_kind(io::stdout().as_fd()),
            _ => stream_kind(io::stderr().as_fd()),
        }
    }
}

/// Waits until there is something to be read, or the end, and returns whether there is. An
/// interrupted wait is over.
fn wait_for(stream: Option<&File>, longest: Duration) -> bool {
    let mut fds: Vec<_> = stream
        .iter()
        .map(|stream| PollFd::new(*stream, PollFlags::IN))
        .collect();
    let longest = Timespec {
        tv_sec: longest.as_secs() as i64,
        tv_nsec: longest.subsec_nanos().into(),
    };
    poll(&mut fds, Some(&longest)).is_ok_and(|ready| ready > 0)
}

/// What a stream is. Guests take character devices for terminals, so nothing else is one.
fn stream_kind(stream: BorrowedFd<'_>) -> FileKind {
    if stream.is_terminal() {
        return FileKind::CharacterDevice;
    }
    match fstat(stream).map(|stat| FileType::from_raw_mode(stat.st_mode)) {
        Ok(FileType::RegularFile) => FileKind::RegularFile,
        Ok(FileType::Socket) => FileKind::SocketStream,
        _ => FileKind::Unknown,
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
