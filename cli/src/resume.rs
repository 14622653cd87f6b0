//! `woodfrog resume`: a program from where it was frozen.

use crate::args::ResumeArgs;
use crate::error::Failure;
use crate::host::LinuxHost;
use crate::load::{self, Loader};
use crate::session::Session;
use crate::{files, freeze, input, report};
use std::time::Instant;
use woodfrog::runtime::Module;
use woodfrog::wasi::{Entry, HostData, HostState};

/// Resumes a program and returns the exit code.
///
/// # Errors
///
/// [`Failure`]; the exit code is then 1.
pub fn resume(args: &ResumeArgs) -> Result<u8, Failure> {
    let mut session = Session::new(&args.common)?;
    let bytes = input::read_image(&args.image_file)?;
    let raw = input::parse_image(&args.image_file, &bytes)?;
    let mut state = HostState::of_image(raw.unverified())?;
    check_entry(args, &state)?;
    state.are_unknown_imports_default |= args.common.unknown_imports_default;

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
    session.seconds.compile = loader.compile_time;
    let hashes = session.modules.iter().map(Module::hash);
    let given: Vec<_> = paths.iter().cloned().zip(hashes).collect();
    input::check_modules(&args.image_file, &raw, &given)?;
    session.files = paths;

    let start = Instant::now();
    let in_memory = files::memory_files_of(raw.unverified())?;
    let linker = session.linker(&state);
    let mut host = LinuxHost::new(load::files(&args.common.dir, in_memory)?);
    if let Some(size) = args.common.max_memory_size {
        host.limit_memories(size);
    }
    let data = HostData { state, host };
    let store = freeze::restore(&session.engine, raw, &linker, &session.modules, data)?;
    session.seconds.instantiate = start.elapsed();
    report::print(&session.drive(store)?, args.common.json)
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
