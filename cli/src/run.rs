//! `woodfrog run`: a program from its beginning.

use crate::args::RunArgs;
use crate::error::Failure;
use crate::host::LinuxHost;
use crate::load::{self, Loader};
use crate::session::Session;
use crate::{freeze, report, values};
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use woodfrog::abi::ValType;
use woodfrog::module::ExternKind;
use woodfrog::runtime::Module;
use woodfrog::wasi::{Entry, HostData, HostState, PlannedModule, Random, WasiCtx};

/// How many exports are named at most where one is missing.
const MAX_NAMES: usize = 20;

/// Runs a program and returns the exit code.
///
/// # Errors
///
/// [`Failure`]; the exit code is then 1.
pub fn run(args: &RunArgs) -> Result<u8, Failure> {
    let (file, program_args) = args
        .file_and_args
        .split_first()
        .expect("the command line requires a file");
    let file = program_file(file)?;
    args.common.check_image()?;
    let mut session = Session::new(&args.common)?;
    let mut loader = Loader {
        allow_precompiled: args.common.allow_precompiled,
        ..Loader::default()
    };
    let mut plan = Vec::new();
    for preload in &args.common.preload {
        let (name, path) = load::split_preload(preload)?;
        let module = loader.load(&session.engine, &path)?;
        plan.push(planned(name, &module));
        session.modules.push(module);
        session.files.push(path);
    }
    let main = loader.load(&session.engine, file)?;
    plan.push(planned("", &main));
    session.seconds.compile = loader.compile_time;

    let (entry, program_args) = match &args.invoke {
        None => {
            note_missing_entry(&main);
            (Entry::Default, program_args)
        }
        Some(name) => (entry(&main, name, program_args)?, &[][..]),
    };
    session.modules.push(main);
    session.files.push(file.to_owned());
    let random = args.seed.map_or(Random::Host, Random::Seeded);
    let mut wasi = WasiCtx::new(
        argv(file, program_args),
        load::environment(&args.env)?,
        random,
    )?;
    let mut host = LinuxHost::new(load::files(&args.common.dir, load::archives(&args.tar)?)?);
    if let Some(size) = args.common.max_memory_size {
        host.limit_memories(size);
    }
    host.directory_names()
        .try_for_each(|name| wasi.preopen(name))?;
    let mut state = HostState::new(plan, entry, wasi);
    state.are_unknown_imports_default = args.common.unknown_imports_default;
    let data = HostData { state, host };
    let store = freeze::new_store(&session.engine, data);
    report::print(&session.drive(store)?, args.common.json)
}

/// The module's file. What begins with a dash is an option that does not exist: the
/// command line lets it pass, because all that follows the file is the program's.
fn program_file(file: &OsString) -> Result<&Path, Failure> {
    match file.as_bytes().starts_with(b"-") {
        true => Err(Failure::UnknownOption(file.to_string_lossy().into_owned())),
        false => Ok(Path::new(file)),
    }
}

fn planned(name: &str, module: &Module) -> PlannedModule {
    PlannedModule {
        name: name.to_owned(),
        hash: module.hash(),
    }
}

/// The program's arguments: the name of its file without directories, and what followed it.
fn argv(file: &Path, program_args: &[OsString]) -> Vec<Vec<u8>> {
    let name = file.file_name().unwrap_or(file.as_os_str());
    let mut argv = vec![name.as_bytes().to_vec()];
    argv.extend(program_args.iter().map(|arg| arg.clone().into_vec()));
    argv
}

/// Says so if there is nothing to call: a library was meant to be called by `--invoke`.
fn note_missing_entry(module: &Module) {
    let module = module.inner();
    if !has_entry(module) {
        report::note(&format!(
            "the module exports no _start, so there is nothing to run; \
             `woodfrog run --invoke NAME FILE` calls an export (there are: {})",
            exported_functions(module)
        ));
    }
}

/// Whether a module does anything that is not called by name.
pub fn has_entry(module: &woodfrog::module::Module) -> bool {
    let start = module.export("_start");
    start.is_some_and(|export| export.kind == ExternKind::Func) || module.start.is_some()
}

/// The call of an export with arguments of the types that it has.
fn entry(module: &Module, name: &str, args: &[OsString]) -> Result<Entry, Failure> {
    let module = module.inner();
    let export = module
        .export(name)
        .filter(|export| export.kind == ExternKind::Func)
        .ok_or_else(|| Failure::NoSuchExport {
            name: name.to_owned(),
            exports: exported_functions(module),
        })?;
    let params = &module.function_type(export.index).params;
    if params.len() != args.len() {
        return Err(Failure::ArgumentCount {
            name: name.to_owned(),
            given: args.len(),
            types: params
                .iter()
                .map(|ty| ty.name())
                .collect::<Vec<_>>()
                .join(" "),
        });
    }
    let args = params.iter().zip(args).enumerate();
    Ok(Entry::Invoke {
        name: name.to_owned(),
        args: args
            .map(|(index, (&ty, text))| argument(index + 1, ty, text))
            .collect::<Result<_, _>>()?,
    })
}

fn argument(number: usize, ty: ValType, text: &OsString) -> Result<woodfrog::abi::Val, Failure> {
    let text = text.to_string_lossy();
    values::parse(ty, &text).ok_or_else(|| Failure::Argument {
        number,
        text: text.into_owned(),
        ty,
    })
}

fn exported_functions(module: &woodfrog::module::Module) -> String {
    let functions = module
        .exports
        .iter()
        .filter(|export| export.kind == ExternKind::Func);
    let names: Vec<_> = functions
        .map(|export| export.name.escape_debug().to_string())
        .collect();
    match names.len() {
        0 => "none".to_owned(),
        count if count > MAX_NAMES => {
            let rest = count - MAX_NAMES;
            format!("{}, and {rest} more", names[..MAX_NAMES].join(", "))
        }
        _ => names.join(", "),
    }
}
