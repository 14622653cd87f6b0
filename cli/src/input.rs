//! Files that are read: modules and images, as far as their first bytes bear it out.
//!
//! A path may lead to anything: a device without end, another kind of file, a stream. So the
//! first bytes are looked at before the rest is read, and what is read has a bound.

use crate::disk::FileDevice;
use crate::error::{Failure, FileKind};
use crate::files::MEMORY_LIMITS;
use crate::progress::Progress;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use woodfrog::checkpoint;
use woodfrog::image::RawImage;
use woodfrog::module::ModuleHash;
use woodfrog::runtime::Module;

/// Most bytes of a module's file: as many as browsers take.
pub const MAX_MODULE_BYTES: u64 = 1 << 30;

/// Most bytes of a tar archive: as much as files in memory may be.
const MAX_ARCHIVE_BYTES: u64 = MEMORY_LIMITS.bytes;

/// Most bytes of an image that does not come from a file: a header can claim any length, and a
/// stream can have it.
const MAX_STREAM_BYTES: u64 = 4 << 30;

/// Bytes from which the kind of a file is told.
const START_LEN: u64 = 4096;

/// Bytes that are read at once.
const BLOCK_LEN: u64 = 64 << 10;

/// What is in a module's file.
pub enum ModuleFile {
    /// A binary module, which text has been translated to.
    Wasm(Vec<u8>),
    /// A module that claims to be precompiled.
    Precompiled(Vec<u8>),
}

/// Reads a module's file.
///
/// # Errors
///
/// [`Failure`] names the file.
pub fn read_module(path: &Path) -> Result<ModuleFile, Failure> {
    let input = Input::open(path)?;
    match Module::is_precompiled(&input.start) {
        true => input
            .read_all(MAX_MODULE_BYTES)
            .map(ModuleFile::Precompiled),
        false => input.read_wasm().map(ModuleFile::Wasm),
    }
}

/// Reads a module's file, which must not be precompiled.
///
/// # Errors
///
/// [`Failure`] names the file.
pub fn read_wasm(path: &Path) -> Result<Vec<u8>, Failure> {
    match read_module(path)? {
        ModuleFile::Wasm(bytes) => Ok(bytes),
        ModuleFile::Precompiled(_) => Err(Failure::PrecompiledNotAllowed {
            path: path.to_owned(),
        }),
    }
}

/// Reads a tar archive's file.
///
/// # Errors
///
/// [`Failure`] names the file.
pub fn read_archive(path: &Path) -> Result<Vec<u8>, Failure> {
    Input::open(path)?.read_all(MAX_ARCHIVE_BYTES)
}

/// Reads an image's file.
///
/// # Errors
///
/// [`Failure`] names the file.
pub fn read_image(path: &Path) -> Result<Vec<u8>, Failure> {
    let input = Input::open(path)?;
    if input.is_module() {
        return Err(Failure::ModuleAsImage(path.to_owned()));
    }
    match RawImage::total_len(&input.start) {
        Ok(len) => input.read_image(len),
        Err(_) if input.is_disk() => Err(Failure::DiskAsImage(path.to_owned())),
        Err(source) => Err(Failure::image_file(path, source)),
    }
}

/// Checks the bytes that were read from an image's file.
///
/// # Errors
///
/// [`Failure::ImageFile`].
pub fn parse_image<'a>(path: &Path, bytes: &'a [u8]) -> Result<RawImage<'a>, Failure> {
    RawImage::parse(bytes).map_err(|source| Failure::image_file(path, source))
}

/// Checks that all modules that an image needs are among those of these files.
///
/// # Errors
///
/// [`Failure::OtherModules`].
pub fn check_modules(
    path: &Path,
    image: &RawImage<'_>,
    given: &[(PathBuf, ModuleHash)],
) -> Result<(), Failure> {
    let is_given = |needed: &&ModuleHash| given.iter().any(|(_, hash)| hash == *needed);
    match image.modules().iter().find(|needed| !is_given(needed)) {
        None => Ok(()),
        Some(&missing) => Err(Failure::OtherModules {
            path: path.to_owned(),
            missing,
            given: given.to_vec(),
        }),
    }
}

/// Reads a whole text file.
///
/// # Errors
///
/// [`Failure::Read`], [`Failure::TooLarge`].
pub fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    Input::open(path)?.read_all(MAX_MODULE_BYTES)
}

/// An open file, of which the first bytes have been read.
struct Input<'p> {
    path: &'p Path,
    file: File,
    start: Vec<u8>,
}

impl<'p> Input<'p> {
    fn open(path: &'p Path) -> Result<Self, Failure> {
        let open = || {
            let file = File::open(path)?;
            let mut start = Vec::new();
            (&file).take(START_LEN).read_to_end(&mut start)?;
            Ok(Self { path, file, start })
        };
        open().map_err(|source| Failure::read(path, source))
    }

    /// Whether it begins as a module does, in whatever form.
    fn is_module(&self) -> bool {
        let start = self.start.as_slice();
        start.starts_with(b"\0asm")
            || Module::is_precompiled(start)
            || matches!(start.trim_ascii_start(), [b'(', ..] | [b';', b';', ..])
    }

    /// Whether it is a file with a checkpoint disk in it.
    fn is_disk(&self) -> bool {
        let is_file = self
            .file
            .metadata()
            .is_ok_and(|metadata| metadata.is_file());
        let device = || FileDevice::open(self.path, false).ok();
        let is_disk = |device| checkpoint::is_checkpoint_disk(device).unwrap_or(false);
        is_file && device().is_some_and(is_disk)
    }

    /// All of it, which must not be more than `limit`.
    fn read_all(self, limit: u64) -> Result<Vec<u8>, Failure> {
        let path = self.path;
        let bytes = self.read_at_most(limit + 1, None)?;
        match bytes.len() as u64 > limit {
            true => Err(Failure::TooLarge {
                path: path.to_owned(),
                limit,
            }),
            false => Ok(bytes),
        }
    }

    /// A binary module, translated if the file is in text format.
    fn read_wasm(self) -> Result<Vec<u8>, Failure> {
        let start = self.start.as_slice();
        if start.is_empty() {
            return Err(self.not_a_module(FileKind::Empty));
        }
        if start.starts_with(b"\0") {
            if !b"\0asm".starts_with(&start[..start.len().min(4)]) {
                return Err(self.not_a_module(FileKind::Unknown));
            }
            return self.read_all(MAX_MODULE_BYTES);
        }
        if RawImage::is_image(start) {
            return Err(self.not_a_module(FileKind::Image));
        }
        if self.is_disk() {
            return Err(self.not_a_module(FileKind::Disk));
        }
        // A character may be cut off at the end.
        if str::from_utf8(start).is_err_and(|error| error.error_len().is_some()) {
            return Err(self.not_a_module(FileKind::Unknown));
        }
        let path = self.path;
        let text = self.read_all(MAX_MODULE_BYTES)?;
        let bytes = wat::parse_bytes(&text).map(|bytes| bytes.into_owned());
        bytes.map_err(|mut source| {
            source.set_path(path);
            Failure::Text {
                path: path.to_owned(),
                source,
            }
        })
    }

    /// An image, whose header says that it has `len` bytes.
    fn read_image(self, len: u64) -> Result<Vec<u8>, Failure> {
        let metadata = self.file.metadata();
        let metadata = metadata.map_err(|source| Failure::read(self.path, source))?;
        if !metadata.is_file() && len > MAX_STREAM_BYTES {
            return Err(Failure::TooLarge {
                path: self.path.to_owned(),
                limit: MAX_STREAM_BYTES,
            });
        }
        // One more tells whether there is too much.
        self.read_at_most(len.saturating_add(1), Some(len))
    }

    /// All of it, or the first `limit` bytes. A stream may be known to have `len`.
    fn read_at_most(mut self, limit: u64, len: Option<u64>) -> Result<Vec<u8>, Failure> {
        let mut bytes = std::mem::take(&mut self.start);
        self.append(&mut bytes, limit, len)
            .map_err(|source| Failure::read(self.path, source))?;
        Ok(bytes)
    }

    fn append(&mut self, bytes: &mut Vec<u8>, limit: u64, len: Option<u64>) -> io::Result<()> {
        let mut progress = Progress::new(format!("reading {}", self.path.display()));
        let file_len = self.file.metadata()?.len();
        // What a stream claims of itself is not known to be true.
        let expected = file_len.min(limit).saturating_sub(bytes.len() as u64);
        bytes.try_reserve_exact(expected as usize)?;
        loop {
            let before = bytes.len();
            let wanted = limit.saturating_sub(before as u64).min(BLOCK_LEN);
            bytes.resize(before + wanted as usize, 0);
            let read = retry(|| self.file.read(&mut bytes[before..]));
            bytes.truncate(before + read.as_ref().unwrap_or(&0));
            if read? == 0 {
                return Ok(());
            }
            let done = bytes.len() as u64;
            progress.set(done, len.unwrap_or(file_len).max(done));
        }
    }

    fn not_a_module(&self, kind: FileKind) -> Failure {
        Failure::NotAModule {
            path: self.path.to_owned(),
            kind,
        }
    }
}

/// Reads once more if a signal interrupts it.
fn retry(mut read: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match read() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
