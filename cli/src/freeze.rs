//! Stores to images and back.

use crate::error::Failure;
use crate::frames;
use crate::session::Data;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use woodfrog::image::{ImageSink, InstanceImage, RawImage};
use woodfrog::runtime::{BacktraceFrame, Engine, Linker, Module, Store};

/// Serialises a suspended store, drops it, and makes it anew from the bytes, in
/// other memory.
///
/// # Errors
///
/// [`Failure::Capture`], [`Failure::Restore`] and their like.
pub fn freeze_and_thaw(
    mut store: Store<Data>,
    linker: &Linker<Data>,
    modules: &[Module],
) -> Result<Store<Data>, Failure> {
    let bytes = capture(&mut store)?.to_bytes();
    let engine = store.engine().clone();
    let data = store.into_data();
    restore(&engine, RawImage::parse(&bytes)?, linker, modules, data)
}

/// Writes a suspended store to a file and returns its frames.
///
/// # Errors
///
/// [`Failure::Write`], [`Failure::Capture`].
pub fn freeze_to_file(
    store: &mut Store<Data>,
    path: &Path,
    modules: &[Module],
) -> Result<Vec<BacktraceFrame>, Failure> {
    let image = capture(store)?;
    let result = File::create(path).and_then(|file| image.write_to(&mut FileSink(file)));
    result.map_err(|source| Failure::Write {
        path: path.to_owned(),
        source,
    })?;
    let modules: Vec<_> = modules.iter().map(Module::inner).collect();
    Ok(frames::of_image(&image, &modules))
}

struct FileSink(File);

impl ImageSink for FileSink {
    type Error = io::Error;

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }
}

fn capture(_store: &mut Store<Data>) -> Result<InstanceImage<'_>, Failure> {
    Err(Failure::NotYet)
}

/// Checks an image against its modules and makes a store from it.
///
/// # Errors
///
/// [`Failure`].
pub fn restore(
    _engine: &Engine,
    raw: RawImage<'_>,
    _linker: &Linker<Data>,
    modules: &[Module],
    _data: Data,
) -> Result<Store<Data>, Failure> {
    let modules: Vec<_> = modules.iter().map(Module::inner).collect();
    let _image = raw.validate(&modules)?;
    Err(Failure::NotYet)
}
