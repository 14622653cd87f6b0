//! Calls on a host, a memory and files that are made up.

mod fake_files;
mod hostile;
mod io;
mod paths;
mod thaw;

use super::guest::{Call, Guest, GuestMemory};
use super::preview::Preview;
use super::{Errno, FileKind, FileSystem, OutputStream, Random, Wait, Waited, WasiCtx, WasiHost};
use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;
use fake_files::FakeFiles;

/// A host whose time only waiting takes.
#[derive(Default)]
pub(super) struct FakeHost {
    pub(super) written: Vec<u8>,
    /// Most bytes that writes take, and then EPIPE.
    pub(super) room: Option<usize>,
    /// What there is to be read by now.
    pub(super) stdin: Vec<u8>,
    /// Whether more comes after that.
    pub(super) is_stdin_open: bool,
    pub(super) now_ns: u64,
    pub(super) files: Option<FakeFiles>,
    pub(super) waits: Vec<Wait>,
    pub(super) random: u8,
}

impl WasiHost for FakeHost {
    fn write(&mut self, _: OutputStream, bytes: &[u8]) -> Result<usize, Errno> {
        let room = self
            .room
            .map_or(bytes.len(), |room| room - self.written.len());
        match bytes.len().min(room) {
            0 => Err(Errno::Pipe),
            len => {
                self.written.extend(&bytes[..len]);
                Ok(len)
            }
        }
    }

    fn read_stdin(&mut self, position: u64, buffer: &mut [u8]) -> Result<usize, Errno> {
        let rest = &self.stdin[position as usize..];
        let len = rest.len().min(buffer.len());
        buffer[..len].copy_from_slice(&rest[..len]);
        Ok(len)
    }

    fn realtime_ns(&mut self) -> u64 {
        1_000_000 + self.now_ns
    }

    fn monotonic_ns(&mut self) -> u64 {
        self.now_ns
    }

    fn fill_random(&mut self, buffer: &mut [u8]) -> Result<(), Errno> {
        buffer.fill(self.random);
        Ok(())
    }

    fn files(&mut self) -> Option<&mut dyn FileSystem> {
        Some(self.files.as_mut()?)
    }

    fn wait(&mut self, wait: Wait) -> Waited {
        self.waits.push(wait);
        self.now_ns += wait.duration_ns.unwrap_or(10).min(10);
        Waited::Awhile
    }

    fn is_stdin_ready(&mut self, position: u64) -> bool {
        !self.is_stdin_open || (position as usize) < self.stdin.len()
    }

    fn stream_kind(&mut self, descriptor: u32) -> FileKind {
        match descriptor {
            0 => FileKind::Unknown,
            _ => FileKind::CharacterDevice,
        }
    }
}

/// A program, its memory, and the world around it.
pub(super) struct Fixture {
    pub(super) ctx: WasiCtx,
    pub(super) host: FakeHost,
    pub(super) memory: Vec<u8>,
    pub(super) preview: Preview,
}

/// Where tests have calls store results.
pub(super) const RESULT: u32 = 64;
/// Where tests put paths.
const PATHS: u32 = 1024;
/// Where tests have buffers.
pub(super) const BUFFER: u32 = 4096;

impl Fixture {
    pub(super) fn with_args(args: &[&str]) -> Self {
        let args = args.iter().map(|arg| arg.to_string().into_bytes());
        Self {
            ctx: WasiCtx::new(args.collect(), Vec::new(), Random::Host).unwrap(),
            host: FakeHost::default(),
            memory: vec![0; 1 << 16],
            preview: Preview::One,
        }
    }

    pub(super) fn new() -> Self {
        let mut f = Self::with_args(&[]);
        f.ctx.attach(&mut f.host).unwrap();
        f
    }

    /// With an empty directory `/` as descriptor 3.
    pub(super) fn with_files() -> Self {
        let mut f = Self::with_args(&[]);
        f.host.files = Some(FakeFiles::new(&["/"]));
        f.ctx.preopen("/").unwrap();
        f.ctx.attach(&mut f.host).unwrap();
        f
    }

    pub(super) fn call(&mut self) -> Call<'_> {
        Call {
            ctx: &mut self.ctx,
            host: &mut self.host,
            preview: self.preview,
            guest: Guest::new(GuestMemory::Bytes(&mut self.memory)),
        }
    }

    pub(super) fn files(&mut self) -> &mut FakeFiles {
        self.host.files.as_mut().unwrap()
    }

    pub(super) fn put(&mut self, address: u32, words: &[u32]) {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        self.put_bytes(address, &bytes);
    }

    pub(super) fn put_bytes(&mut self, address: u32, bytes: &[u8]) {
        self.memory[address as usize..][..bytes.len()].copy_from_slice(bytes);
    }

    pub(super) fn word(&self, address: u32) -> u32 {
        let bytes = &self.memory[address as usize..][..4];
        u32::from_le_bytes(bytes.try_into().unwrap())
    }

    pub(super) fn long(&self, address: u32) -> u64 {
        let bytes = &self.memory[address as usize..][..8];
        u64::from_le_bytes(bytes.try_into().unwrap())
    }

    /// Puts the program into an image and takes it out again, on a host that has another
    /// time and nothing open.
    pub(super) fn thaw(&mut self) {
        self.freeze();
        self.ctx.attach(&mut self.host).unwrap();
    }

    /// As [`Self::thaw`], up to where the program would be attached.
    pub(super) fn freeze(&mut self) {
        self.ctx.settle(&mut self.host).unwrap();
        let bytes = postcard::to_allocvec(&self.ctx).unwrap();
        self.ctx = postcard::from_bytes(&bytes).unwrap();
        self.ctx.validate().unwrap();
        self.host.now_ns = 7;
        if let Some(files) = &mut self.host.files {
            files.close_all();
        }
    }
}
