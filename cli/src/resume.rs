//! `woodfrog resume`: a program from where it was frozen.

use crate::args::ResumeArgs;
use crate::disk::{Checkpoint, DiskGuest};
use crate::error::Failure;
use crate::host::LinuxHost;
use crate::load::{self, Loader};
use crate::session::Session;
use crate::{files, freeze, input, report};
use std::time::Instant;
use woodfrog::image::RawImage;
use woodfrog::module::ModuleHash;
use woodfrog::runtime::{LazyMemory, Module};
use woodfrog::wasi::{Entry, HostData, HostState};

/// Resumes a program and returns the exit code.
///
/// # Errors
///
/// [`Failure`]; the exit code is then 1.
pub fn resume(args: &ResumeArgs) -> Result<u8, Failure> {
    let session = Session::new(&args.common)?;
    match input::read_image(&args.image_file) {
        Ok(bytes) => resume_image(args, session, &bytes),
        Err(Failure::DiskAsImage(_)) => resume_disk(args, session),
        Err(failure) => Err(failure),
    }
}

fn resume_image(args: &ResumeArgs, session: Session, bytes: &[u8]) -> Result<u8, Failure> {
    let path = &args.image_file;
    if let Some(option) = args.disk.given() {
        let path = path.clone();
        return Err(Failure::NoDisk { path, option });
    }
    if args.module.is_empty() {
        return Err(Failure::NoModule(path.clone()));
    }
    args.common.check_image()?;
    go_on(
        args,
        session,
        input::parse_image(path, bytes)?,
        Pages::Here { base: None },
    )
}

fn resume_disk(args: &ResumeArgs, mut session: Session) -> Result<u8, Failure> {
    let common = &args.common;
    let to_disk = common.freeze_after.filter(|_| common.image.is_none());
    let guest = DiskGuest::open(&args.image_file, &args.disk, to_disk)?;
    session.disk = Some(guest.clone());
    // A store that is made anew from bytes is not based on anything.
    let is_base = to_disk.is_some() && common.freeze_every == 0;
    let result = match guest.checkpoint(args.disk.eager, is_base) {
        Ok(Checkpoint::Whole { stored, base }) => {
            go_on(args, session, stored.image(), Pages::Here { base })
        }
        Ok(Checkpoint::Lazy(image, memory)) => {
            go_on(args, session, image, Pages::Elsewhere(memory))
        }
        Err(error) => Err(error.into()),
    };
    guest.release();
    result.map_err(|failure| match failure.page_error() {
        Some(error) => guest.page_failure(error.clone()).into(),
        None => failure,
    })
}

/// Where the pages of an image are.
enum Pages {
    /// In the image. The next checkpoint is to be based on this one.
    Here {
        base: Option<u64>,
    },
    Elsewhere(LazyMemory),
}

/// Goes on from an image.
fn go_on(
    args: &ResumeArgs,
    mut session: Session,
    raw: RawImage<'_>,
    pages: Pages,
) -> Result<u8, Failure> {
    let mut state = HostState::of_image(raw.unverified())?;
    check_entry(args, &state)?;
    state.are_unknown_imports_default |= args.common.unknown_imports_default;
    load_modules(args, &mut session, &raw)?;

    let start = Instant::now();
    let in_memory = files::memory_files_of(raw.unverified())?;
    let linker = session.linker(&state);
    let mut host = LinuxHost::new(load::files(&args.common.dir, in_memory)?);
    if let Some(size) = args.common.max_memory_size {
        host.limit_memories(size);
    }
    let data = HostData { state, host };
    let (engine, modules) = (&session.engine, &session.modules);
    let (memory, base) = match pages {
        Pages::Here { base } => (None, base),
        Pages::Elsewhere(memory) => (Some(memory), None),
    };
    let mut store = freeze::restore(engine, raw, &linker, modules, memory, data)?;
    if let Some(number) = base {
        // Where writes cannot be tracked, the next checkpoint is of everything.
        let _ = store.set_checkpoint_base(number);
    }
    session.seconds.instantiate = start.elapsed();
    report::print(&session.drive(store)?, args.common.json)
}

/// Loads the modules of an image: those that were given, and what else the disk has.
fn load_modules(
    args: &ResumeArgs,
    session: &mut Session,
    image: &RawImage<'_>,
) -> Result<(), Failure> {
    let mut paths = args.module.clone();
    for preload in &args.common.preload {
        paths.push(load::split_preload(preload)?.1);
    }
    let mut loader = Loader {
        allow_precompiled: args.common.allow_precompiled,
        ..Loader::default()
    };
    for file in &paths {
        session.modules.push(loader.load(&session.engine, file)?);
    }
    let is_given = |hash: &ModuleHash| session.modules.iter().any(|module| module.hash() == *hash);
    let is_complete = image.modules().iter().all(is_given);
    let mut origins = paths.clone();
    if let (false, Some(disk)) = (is_complete, &session.disk) {
        let module = disk.module()?;
        let module = loader.load_of_disk(&session.engine, &args.image_file, &module)?;
        session.modules.push(module);
        origins.push(args.image_file.clone());
    }
    session.seconds.compile = loader.compile_time;
    let hashes = session.modules.iter().map(Module::hash);
    let given: Vec<_> = origins.into_iter().zip(hashes).collect();
    input::check_modules(&args.image_file, image, &given)?;
    session.files = paths;
    Ok(())
}

/// A call that was given must be the one that the image is in.
fn check_entry(args: &ResumeArgs, state: &HostState) -> Result<(), Failure> {
    let actual = match &state.entry {
        Entry::Default => "its default entry",
        Entry::Invoke { name, .. } => name,
    };
    match &args.invoke {
        Some(given) if given != actual => Err(Failure::OtherEntry {
            given: given.clone(),
            actual: actual.to_owned(),
        }),
        _ => Ok(()),
    }
}
