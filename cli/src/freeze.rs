//! Stores to images and back.

use crate::error::Failure;
use crate::frames;
use crate::session::Data;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use woodfrog::image::{ImageSink, InstanceImage, RawImage};
use woodfrog::runtime::{BacktraceFrame, Engine, Linker, Module, Store};
use woodfrog::wasi::{HostData, HostState};

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
    let host = store.into_data().host;
    let raw = RawImage::parse(&bytes)?;
    let state = HostState::from_bytes(&raw.unverified().host)?;
    restore(&engine, &raw, linker, modules, HostData { state, host })
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

/// Makes a store from an image, which is checked against the modules.
///
/// # Errors
///
/// [`Failure::Restore`].
pub fn restore(
    engine: &Engine,
    image: &RawImage<'_>,
    linker: &Linker<Data>,
    modules: &[Module],
    data: Data,
) -> Result<Store<Data>, Failure> {
    let image = image.unverified();
    Ok(Store::restore(engine, data, linker, modules, image)?)
}

fn capture(store: &mut Store<Data>) -> Result<InstanceImage<'_>, Failure> {
    let host = store.data_mut().to_bytes()?;
    Ok(InstanceImage {
        host,
        ..store.capture()?
    })
}

struct FileSink(File);

impl ImageSink for FileSink {
    type Error = io::Error;

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }
}
