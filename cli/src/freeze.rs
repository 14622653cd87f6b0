//! Stores to images and back.

use crate::error::Failure;
use crate::progress::Progress;
use crate::session::Data;
use crate::{files, frames, output};
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use woodfrog::image::{ImageSink, InstanceImage, RawImage, ValidatedImage};
use woodfrog::runtime::{
    BacktraceFrame, Engine, LazyMemory, Linker, Module, Store, SuspendedFrame, VersionId,
};
use woodfrog::wasi::{HostData, HostState};

/// A store with nothing in it yet, which takes no more than its host's limits say.
pub fn new_store(engine: &Engine, data: Data) -> Store<Data> {
    let mut store = Store::new(engine, data);
    store.limiter(|data| &mut data.host.limits);
    store
}

/// Serialises a suspended store, drops it, and makes it anew from the bytes, in
/// other memory. Frames go on in the code version that `versions` has for them, or else in
/// the first. `bytes` is where the image goes: whoever freezes often keeps it, for the
/// system takes longer to hand out new pages than to copy to old ones.
///
/// # Errors
///
/// [`Failure::Freeze`], [`Failure::Restore`] and their like.
pub fn freeze_and_thaw(
    mut store: Store<Data>,
    linker: &Linker<Data>,
    modules: &[Module],
    versions: &[VersionId],
    bytes: &mut Vec<u8>,
) -> Result<Store<Data>, Failure> {
    bytes.clear();
    let Ok(()) = store.freeze()?.encode().write_to(bytes);
    let engine = store.engine().clone();
    let mut host = store.into_data().host;
    let raw = RawImage::parse(bytes)?;
    let state = HostState::of_image(raw.unverified())?;
    host.renew(files::memory_files_of(raw.unverified())?);
    let data = HostData { state, host };
    let image = validate(raw, modules)?;
    let version = |frame: &SuspendedFrame| versions.get(frame.number).copied().unwrap_or_default();
    let store = new_store(&engine, data);
    Ok(store.restored_in_versions(linker, modules, &image, version)?)
}

/// Writes a suspended store to a file and returns its frames. A file that is there
/// already, such as the image that the store came from, is replaced only when the new
/// one is whole.
///
/// # Errors
///
/// [`Failure::Write`], [`Failure::Freeze`].
pub fn freeze_to_file(
    store: &mut Store<Data>,
    path: &Path,
    modules: &[&woodfrog::module::Module],
) -> Result<Vec<BacktraceFrame>, Failure> {
    let image = store.freeze()?;
    write_image(&image, path)?;
    Ok(frames::of_image(&image, modules))
}

/// Writes an image to a file, which it replaces when it is whole.
///
/// # Errors
///
/// [`Failure::Write`].
pub fn write_image(image: &InstanceImage<'_>, path: &Path) -> Result<(), Failure> {
    let encoded = image.encode();
    output::write_with(path, |file| {
        encoded.write_to(&mut FileSink {
            file,
            written: 0,
            total: encoded.len_bytes(),
            progress: Progress::new(format!("writing {}", path.display())),
        })
    })
}

/// Makes a store from an image, which is checked against the modules, and whose pages come from
/// `memory` when they are needed, if they do not come with it.
///
/// # Errors
///
/// [`Failure::Validate`], [`Failure::Restore`].
pub fn restore(
    engine: &Engine,
    image: RawImage<'_>,
    linker: &Linker<Data>,
    modules: &[Module],
    memory: Option<LazyMemory>,
    data: Data,
) -> Result<Store<Data>, Failure> {
    let image = validate(image, modules)?;
    let store = new_store(engine, data);
    let first = |_: &_| VersionId::default();
    Ok(match memory {
        Some(memory) => store.restored_lazily(linker, modules, &image, memory, first)?,
        None => store.restored_in_versions(linker, modules, &image, first)?,
    })
}

fn validate<'a>(image: RawImage<'a>, modules: &[Module]) -> Result<ValidatedImage<'a>, Failure> {
    let inert: Vec<_> = modules.iter().map(Module::inner).collect();
    Ok(image.validate(&inert)?)
}

struct FileSink<'f> {
    file: &'f mut File,
    written: u64,
    total: u64,
    progress: Progress,
}

impl ImageSink for FileSink<'_> {
    type Error = io::Error;

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.written += bytes.len() as u64;
        self.progress.set(self.written, self.total);
        Ok(())
    }
}
