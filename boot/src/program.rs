//! The program on the disk: from its beginning or its checkpoint, to its end
//! or to a freeze.

#![expect(
    unsafe_code,
    reason = "runs precompiled modules if whoever boots the kernel says so"
)]

use crate::arch::{clock, timer};
use crate::checkpoints::{Checkpoints, Meantime, Written};
use crate::guest_disk::{GuestDisk, GuestDiskError, StoredCheckpoint};
use crate::host::{self, KernelHost};
use crate::loading::{self, Loading};
use crate::options::{Options, PrecompiledUse, StdinUse};
use crate::runner::{Data, Ending, Runner, Stop};
use crate::{Machine, Status, info, status};
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::RefCell;
use woodfrog::checkpoint::{Guest, PageRange, WriteError};
use woodfrog::image::RawImage;
use woodfrog::platform::PAGE_SIZE;
use woodfrog::runtime::{
    CheckpointError, Config, Engine, LazyMemory, Linker, Module, ModuleError, PageError,
    PrecompiledError, Store, ThawError,
};
use woodfrog::wasi::memory_files::{ArchiveError, MemoryFiles};
use woodfrog::wasi::{
    self, Entry, HostData, HostState, PlannedModule, ProgramError, Random, StateError, WasiCtx,
    memory_files,
};

/// The exit status of a program that trapped, as shells have it for SIGABRT.
const TRAP_STATUS: i32 = 134;

/// Of the heap, the spare pages of a checkpoint can have this part.
const HEAP_PART: usize = 4;

/// Why the kernel could not run a program.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the variants say which stage failed")]
pub enum Failure {
    #[error("{0}")]
    Disk(#[from] GuestDiskError),
    #[error("bad module: {0}")]
    Module(#[from] ModuleError),
    #[error("bad precompiled module: {0}; make the disk anew with this version of woodfrog")]
    Precompiled(#[from] PrecompiledError),
    #[error("bad files: {0}")]
    Files(#[from] ArchiveError),
    #[error("bad arguments or program state: {0}")]
    State(#[from] StateError),
    #[error("cannot resume the checkpoint: {0}")]
    Thaw(#[from] ThawError),
    #[error("cannot freeze the program: {0}")]
    Checkpoint(#[from] CheckpointError),
    #[error("cannot write the checkpoint: {0}")]
    Write(#[from] WriteError),
    #[error("cannot run the program: {0}")]
    Program(#[from] ProgramError),
    #[error(
        "the checkpoint cannot be read on: {0}; if it is damaged, thaw=eager finds one that is not"
    )]
    Page(#[from] PageError),
}

impl Failure {
    /// Whether another machine has taken the disk's lease over.
    pub fn is_fenced(&self) -> bool {
        matches!(
            self,
            Self::Write(WriteError::Fenced) | Self::Disk(GuestDiskError::Write(WriteError::Fenced))
        )
    }
}

/// Runs the program that is on the machine's disk.
///
/// # Errors
///
/// [`Failure`]. A program's trap is none.
pub fn run(machine: &Machine, options: &Options) -> Result<Status, Failure> {
    let disk = GuestDisk::open(options)?;
    let status = match disk.exit_status() {
        Some(code) => {
            status!("status ended-before code={code}");
            Status::Finished
        }
        None => go_on(machine, &disk, options)?,
    };
    disk.release();
    Ok(status)
}

/// Runs the program from where it is.
fn go_on(machine: &Machine, disk: &GuestDisk, options: &Options) -> Result<Status, Failure> {
    let mut session = Session::load(machine, disk, options)?;
    let begin_ns = clock::monotonic_ns();
    let Some((number, stored)) = disk.checkpoint(options.checkpoint, options.thaw)? else {
        let store = session.begin(options)?;
        return session.drive(store, disk, options, Vec::new());
    };
    let recorded = disk.working_set();
    let mut store = session.thaw(number, stored)?;
    loading::read_first(&mut store, &recorded);
    let counts = store.page_counts();
    status!(
        "status thawed checkpoint={number} thaw_us={} read={} withheld={}",
        (clock::monotonic_ns() - begin_ns) / 1000,
        counts.loaded,
        counts.withheld
    );
    session.drive(store, disk, options, recorded)
}

/// The engine and the program's compiled module.
struct Session {
    engine: Engine,
    modules: [Module; 1],
    guest: Guest,
    heap_size: usize,
    stdin: StdinUse,
}

impl Session {
    fn load(machine: &Machine, disk: &GuestDisk, options: &Options) -> Result<Self, Failure> {
        let mut guest = disk.program()?;
        let mut config = Config::default();
        let spare_pages = options.spare_pages.unwrap_or(config.spare_pages);
        config.spare_pages = spare_pages.min(machine.heap_size / HEAP_PART / PAGE_SIZE);
        let engine = Engine::new(machine.platform.clone(), config);
        let start_ns = clock::monotonic_ns();
        let bytes = core::mem::take(&mut guest.module);
        let module = load_module(&engine, &bytes, options.precompiled)?;
        let statistics = module.statistics();
        info!(
            "module {}: {} functions, {} bytes of machine code, ready in {} ms",
            module.hash(),
            statistics.functions,
            statistics.machine_code,
            (clock::monotonic_ns() - start_ns) / 1_000_000
        );
        Ok(Self {
            engine,
            modules: [module],
            guest,
            heap_size: machine.heap_size,
            stdin: options.stdin,
        })
    }

    /// The host functions that a program's store can have.
    fn linker(&self, state: &HostState) -> Linker<Data> {
        let mut linker = Linker::new();
        wasi::add_to_linker(&mut linker, Data::wasi);
        if state.are_unknown_imports_default {
            for module in &self.modules {
                linker.define_unknown_imports_as_default_values(module);
            }
        }
        linker
    }

    /// A store in which the program has not begun.
    fn begin(&mut self, options: &Options) -> Result<Store<Data>, Failure> {
        let Guest {
            args, envs, files, ..
        } = core::mem::take(&mut self.guest);
        let random = options.seed.map_or(Random::Host, Random::Seeded);
        let mut wasi = WasiCtx::new(args, envs, random)?;
        wasi.preopen(host::DIRECTORY)?;
        let planned = PlannedModule {
            name: "".into(),
            hash: self.modules[0].hash(),
        };
        let state = HostState::new(Vec::from([planned]), Entry::Default, wasi);
        let mut unpacked = host::new_files(self.heap_size);
        unpacked.unpack("", &files)?;
        let given = unpacked.preopen(host::DIRECTORY, "");
        given.expect("it is the only directory");
        Ok(self.new_store(state, Some(unpacked)))
    }

    /// An empty store, which takes no more than it may.
    fn new_store(&self, state: HostState, files: Option<MemoryFiles>) -> Store<Data> {
        let host = KernelHost::new(self.heap_size, self.stdin, files);
        let mut store = Store::new(&self.engine, HostData { state, host });
        store.limiter(|data| &mut data.host.limits);
        store
    }

    /// A store as a checkpoint has it, of which the next one is to be an increment.
    fn thaw(&self, number: u64, stored: StoredCheckpoint) -> Result<Store<Data>, Failure> {
        match stored {
            StoredCheckpoint::Whole(stored) => {
                let image = stored.image();
                let (store, linker) = self.store_for(&image)?;
                let mut store = store.thaw(image, &linker)?;
                store.set_checkpoint_base(number)?;
                Ok(store)
            }
            StoredCheckpoint::Lazy(image, pages) => {
                let (store, linker) = self.store_for(&image)?;
                let memory = LazyMemory {
                    source: pages,
                    base: Some(number),
                };
                Ok(store.thaw_lazily(image, &linker, memory)?)
            }
        }
    }

    /// An empty store that an image can be thawed in, and the host functions that it can have.
    fn store_for(&self, raw: &RawImage<'_>) -> Result<(Store<Data>, Linker<Data>), Failure> {
        let state = HostState::of_image(raw.unverified())?;
        let linker = self.linker(&state);
        // What is in them is in the image.
        let files = raw.unverified().host_section(memory_files::SECTION);
        let files = files.map(|_| host::new_files(self.heap_size));
        Ok((self.new_store(state, files), linker))
    }

    /// Runs the program to its end, or until it is frozen for good. `recorded` is what is on the
    /// disk of what it needs first.
    fn drive(
        &self,
        store: Store<Data>,
        disk: &GuestDisk,
        options: &Options,
        recorded: Vec<PageRange>,
    ) -> Result<Status, Failure> {
        let linker = self.linker(&store.data().state);
        let runner = Runner::new(store, linker, self.modules.clone());
        let runner = Rc::new(RefCell::new(runner));
        let mut checkpoints = Checkpoints::new(disk, runner.clone());
        let mut loading = Loading::new(runner.clone(), recorded);
        let (period_ms, meantime) = match options.freeze_after_ms {
            None => (options.checkpoint_every_ms, Meantime::Runs),
            freeze_ms => (freeze_ms, Meantime::Stops),
        };
        let period_ns = period_ms.map(|ms| ms * 1_000_000);
        let mut due_ns = period_ns.map(|ns| clock::monotonic_ns() + ns);
        loop {
            let until_ns = [due_ns, loading.due_ns()].into_iter().flatten().min();
            if runner.borrow_mut().run_until(until_ns) == Stop::Ended {
                break;
            }
            loading.go_on(disk)?;
            let now_ns = clock::monotonic_ns();
            if due_ns.is_none_or(|due_ns| now_ns < due_ns) {
                continue;
            }
            due_ns = period_ns.map(|ns| now_ns + ns);
            if meantime == Meantime::Stops {
                loading.record(disk)?;
            }
            let Some(written) = checkpoints.write(meantime)? else {
                // What failed may fail again: the program comes first.
                due_ns = period_ns.map(|ns| clock::monotonic_ns() + ns);
                continue;
            };
            if meantime == Meantime::Stops {
                let Written { number, commit, .. } = written;
                status!("status frozen checkpoint={number} commit={commit}");
                return Ok(Status::Frozen);
            }
            report(&written);
        }
        if runner.borrow().has_ending() {
            write_files(&mut checkpoints)?;
        }
        drop((checkpoints, loading));
        let runner = Rc::into_inner(runner).expect("nobody else has it");
        finish(disk, &runner.into_inner().into_end()?)
    }
}

/// Compiles a module, or takes it as it was compiled, if that can be used and may be.
fn load_module(
    engine: &Engine,
    bytes: &[u8],
    precompiled: PrecompiledUse,
) -> Result<Module, Failure> {
    if !Module::is_precompiled(bytes) {
        return Ok(Module::new(engine, bytes)?);
    }
    if precompiled == PrecompiledUse::Trust {
        // SAFETY: whoever booted the kernel has said, by an option that tells what it means,
        // that only those can write to the disk who may change the kernel itself.
        match unsafe { Module::deserialize(engine, bytes) } {
            Ok(module) => return Ok(module),
            Err(error) => info!("the precompiled module cannot be used: {error}"),
        }
    } else {
        info!("the precompiled module is not trusted without precompiled=trust");
    }
    info!("compiling the module");
    let wasm = Module::wasm_of_precompiled(bytes)?;
    Ok(Module::new(engine, wasm)?)
}

fn report(written: &Written) {
    status!(
        "status checkpointed checkpoint={} commit={} pause_us={} stop_us={} total_us={} pages={} waits={} bytes={} metadata={}",
        written.number,
        written.commit,
        written.pause_ns / 1000,
        written.longest_stop_ns / 1000,
        written.total_ns / 1000,
        written.pages,
        written.shortages,
        written.bytes,
        written.metadata,
    );
}

/// Writes a last checkpoint of a program that has ended, if there are files in it that no other has.
/// That there is no room for it is told, but changes nothing about the end.
fn write_files(checkpoints: &mut Checkpoints<'_>) -> Result<(), Failure> {
    if !checkpoints.lack_files() {
        return Ok(());
    }
    info!("the program has changed files");
    match checkpoints.write(Meantime::Stops) {
        Ok(Some(written)) => report(&written),
        Ok(None) => {}
        Err(Failure::Checkpoint(error)) => status!("status not-checkpointed reason={error}"),
        Err(error) => return Err(error),
    }
    Ok(())
}

/// Reports the end and records it on the disk.
fn finish(disk: &GuestDisk, ending: &Ending) -> Result<Status, Failure> {
    let (halts, halted_ns) = timer::halted();
    info!("halted {halts} times, for {} ms", halted_ns / 1_000_000);
    let code = match ending {
        Ending::Returned => 0,
        Ending::Exited(status) => *status as i32,
        Ending::Trapped(_) | Ending::HadTrapped => TRAP_STATUS,
    };
    disk.write_exit_status(code)?;
    let commit = disk.commit_number();
    match ending {
        Ending::Returned => status!("status returned code={code} commit={commit}"),
        Ending::Exited(_) => status!("status exited code={code} commit={commit}"),
        Ending::HadTrapped => {
            status!(
                "status trapped code={code} commit={commit} reason=the program trapped in an earlier boot"
            );
        }
        Ending::Trapped(trap) => {
            status!("{trap}");
            let frame = trap.backtrace.frames.first();
            let function = frame.map_or(-1, |frame| i64::from(frame.function));
            let offset = frame.map_or(0, |frame| frame.offset);
            status!(
                "status trapped code={code} commit={commit} function={function} offset={offset:#x} reason={}",
                trap.code
            );
        }
    }
    Ok(Status::Finished)
}
