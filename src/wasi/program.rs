//! Goes through a program: instantiates its modules, runs their start
//! functions, initialises it and calls its entry, each of which can be
//! frozen.

use super::state::{Entry, HostState, Stage};
use super::{AttachError, Exit, Wasi, WasiHost};
use crate::abi::Val;
use crate::module::ModuleHash;
use crate::runtime::{
    CallError, Func, HostError, HostPart, HostParts, Instance, InstantiateError, Linker, Module,
    Outcome, Store,
};
use alloc::string::String;
use alloc::vec::Vec;

/// The data of a store that a program lives in.
pub struct HostData<H> {
    /// What is frozen with it.
    pub state: HostState,
    /// The outside world.
    pub host: H,
}

impl<H: WasiHost> HostData<H> {
    /// What [`add_to_linker`](super::add_to_linker) asks for.
    pub fn wasi(&mut self) -> Wasi<'_> {
        Wasi {
            ctx: &mut self.state.wasi,
            host: &mut self.host,
        }
    }
}

impl<H: WasiHost> HostParts for HostData<H> {
    fn parts(&mut self) -> Vec<&mut dyn HostPart> {
        let mut parts: Vec<&mut dyn HostPart> = Vec::from([&mut self.state as _]);
        parts.extend(self.host.parts());
        parts
    }

    fn prepare(&mut self) -> Result<(), HostError> {
        let settled = self.state.wasi.settle(&mut self.host);
        settled.map_err(HostError::new)
    }
}

/// What a step came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The stage is done; take the next step.
    Advanced,
    /// The store was suspended. It can be captured; the next step resumes it.
    Suspended,
    /// The program has ended with the results of its entry.
    Ended(Vec<Val>),
}

/// Why a step failed. A guest's `proc_exit` is a [`CallError::Host`] that holds
/// [`Exit`](super::Exit).
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// A module of the program was not given.
    #[error("the program needs a module with SHA-256 {0}, which was not given")]
    MissingModule(ModuleHash),
    /// The store does not have the instance that the stage names.
    #[error("the store has no instance {0}")]
    MissingInstance(u32),
    /// Something that the program was given, or has open, is not there.
    #[error(transparent)]
    Attach(#[from] AttachError),
    /// A module could not be instantiated.
    #[error(transparent)]
    Instantiate(#[from] InstantiateError),
    /// The entry is not an exported function.
    #[error("the module exports no function \"{0}\"")]
    NoSuchExport(String),
    /// A call failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The image is of a program that has trapped, and cannot go on.
    #[error("the program trapped before it was frozen, and cannot go on")]
    HasTrapped,
}

/// Takes the next step of the program in `store`, as its stage says.
///
/// `modules` holds at least those that the state plans, in any order;
/// `linker` holds host functions, and gets the exports of the instances.
///
/// A program that has ended, in whatever way, can be frozen once more, with what it has left, such
/// as its files. A step of such a program is how it ended.
///
/// # Errors
///
/// [`ProgramError`]. The program cannot go on then.
pub fn step<H: WasiHost + 'static>(
    store: &mut Store<HostData<H>>,
    linker: &mut Linker<HostData<H>>,
    modules: &[Module],
) -> Result<Progress, ProgramError> {
    let result = next(store, linker, modules);
    if let Err(error) = &result
        && let Some(stage) = stage_after(error)
    {
        store.data_mut().state.stage = stage;
    }
    result
}

/// The stage of a program that has ended so; None if it has not run.
fn stage_after(error: &ProgramError) -> Option<Stage> {
    match error {
        ProgramError::Call(CallError::Trap(_))
        | ProgramError::Instantiate(InstantiateError::Trap(_)) => Some(Stage::Trapped),
        ProgramError::Call(CallError::Host(error)) => {
            let exit = error.downcast_ref::<Exit>();
            exit.map(|&Exit(status)| Stage::Exited(status))
        }
        _ => None,
    }
}

fn next<H: WasiHost + 'static>(
    store: &mut Store<HostData<H>>,
    linker: &mut Linker<HostData<H>>,
    modules: &[Module],
) -> Result<Progress, ProgramError> {
    let data = store.data_mut();
    data.state.wasi.attach(&mut data.host)?;
    match data.state.stage {
        Stage::Instantiate(index) => instantiate(store, linker, modules, index),
        Stage::BeforeInitialize => initialize(store),
        Stage::BeforeEntry => call_entry(store),
        Stage::Ended => Ok(Progress::Ended(Vec::new())),
        Stage::Exited(status) => Err(CallError::Host(HostError::new(Exit(status))).into()),
        Stage::Trapped => Err(ProgramError::HasTrapped),
        Stage::Start(_) | Stage::Initialize | Stage::Entry => {
            let outcome = store.resume()?;
            finish(store, outcome)
        }
    }
}

fn instantiate<H: WasiHost + 'static>(
    store: &mut Store<HostData<H>>,
    linker: &mut Linker<HostData<H>>,
    modules: &[Module],
    index: u32,
) -> Result<Progress, ProgramError> {
    let before: Vec<Instance> = store.instances().collect();
    for (instance, planned) in before.iter().zip(&store.data().state.modules) {
        linker.instance(&*store, &planned.name, *instance);
    }
    let state = &store.data().state;
    let hash = state.modules[index as usize].hash;
    let module = modules
        .iter()
        .find(|module| module.hash() == hash)
        .ok_or(ProgramError::MissingModule(hash))?;
    if state.are_unknown_imports_default {
        linker.define_unknown_imports_as_default_values(module);
    }
    let instance = linker.instantiate(&mut *store, module)?;
    store.data_mut().state.stage = Stage::Start(index);
    let outcome = instance.start(&mut *store)?;
    finish(store, outcome)
}

fn initialize<H: WasiHost + 'static>(
    store: &mut Store<HostData<H>>,
) -> Result<Progress, ProgramError> {
    store.data_mut().state.stage = Stage::Initialize;
    let outcome = match main_instance(store)?.get_func(&*store, "_initialize") {
        Some(func) => func.call(&mut *store, &[])?,
        None => Outcome::Returned(Vec::new()),
    };
    finish(store, outcome)
}

fn call_entry<H: WasiHost + 'static>(
    store: &mut Store<HostData<H>>,
) -> Result<Progress, ProgramError> {
    let main = main_instance(store)?;
    let state = &mut store.data_mut().state;
    state.stage = Stage::Entry;
    let (func, args): (Option<Func>, _) = match state.entry.clone() {
        Entry::Default => (main.get_func(&*store, "_start"), Vec::new()),
        Entry::Invoke { name, args } => match main.get_func(&*store, &name) {
            None => return Err(ProgramError::NoSuchExport(name)),
            func => (func, args),
        },
    };
    let outcome = match func {
        Some(func) => func.call(&mut *store, &args)?,
        None => Outcome::Returned(Vec::new()),
    };
    finish(store, outcome)
}

fn main_instance<H: WasiHost + 'static>(
    store: &Store<HostData<H>>,
) -> Result<Instance, ProgramError> {
    let index = store.data().state.modules.len() - 1;
    store
        .instances()
        .nth(index)
        .ok_or(ProgramError::MissingInstance(index as u32))
}

/// Moves to the next stage if the running one has returned.
fn finish<H>(store: &mut Store<HostData<H>>, outcome: Outcome) -> Result<Progress, ProgramError>
where
    H: WasiHost + 'static,
{
    let Outcome::Returned(values) = outcome else {
        return Ok(Progress::Suspended);
    };
    let state = &mut store.data_mut().state;
    state.stage = match state.stage {
        Stage::Start(index) if index as usize + 1 < state.modules.len() => {
            Stage::Instantiate(index + 1)
        }
        Stage::Start(_) => Stage::BeforeInitialize,
        Stage::Initialize => Stage::BeforeEntry,
        _ => {
            state.stage = Stage::Ended;
            return Ok(Progress::Ended(values));
        }
    };
    Ok(Progress::Advanced)
}
