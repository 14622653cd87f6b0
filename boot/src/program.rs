//! The program on the disk: from its beginning or its checkpoint, to its end
//! or to a freeze.

#![expect(
    unsafe_code,
    reason = "runs precompiled modules if whoever boots the kernel says so"
)]

use crate::arch::{clock, timer};
use crate::guest_disk::{GuestDisk, GuestDiskError};
use crate::host::{self, KernelHost};
use crate::options::{Options, PrecompiledUse, StdinUse};
use crate::{Machine, Status, info, status};
use alloc::boxed::Box;
use alloc::vec::Vec;
use woodfrog::checkpoint::{Guest, WriteError};
use woodfrog::image::RawImage;
use woodfrog::runtime::{
    CallError, Config, Engine, FreezeError, InstantiateError, Linker, Module, ModuleError,
    PrecompiledError, Store, ThawError,
};
use woodfrog::trap::Trap;
use woodfrog::wasi::memory_files::{ArchiveError, MemoryFiles};
use woodfrog::wasi::{
    self, Entry, Exit, HostData, HostState, PlannedModule, ProgramError, Progress, Random,
    StateError, WasiCtx, memory_files,
};

/// The exit status of a program that trapped, as shells have it for SIGABRT.
const TRAP_STATUS: i32 = 134;

/// The store's data.
type Data = HostData<KernelHost>;

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
    Freeze(#[from] FreezeError),
    #[error("cannot write the checkpoint: {0}")]
    Write(#[from] WriteError),
    #[error("cannot run the program: {0}")]
    Program(#[from] ProgramError),
}

/// How a program ended.
enum Ending {
    Returned,
    Exited(u32),
    Trapped(Trap),
}

/// Runs the program that is on the machine's disk.
///
/// # Errors
///
/// [`Failure`]. A program's trap is none.
pub fn run(machine: &Machine, options: &Options) -> Result<Status, Failure> {
    let mut disk = GuestDisk::open(options)?;
    let status = match disk.exit_status() {
        Some(code) => {
            status!("status ended-before code={code}");
            Status::Finished
        }
        None => go_on(machine, &mut disk, options)?,
    };
    disk.release();
    Ok(status)
}

/// Runs the program from where it is.
fn go_on(machine: &Machine, disk: &mut GuestDisk, options: &Options) -> Result<Status, Failure> {
    let mut session = Session::load(machine, disk, options)?;
    let store = match disk.checkpoint(options.checkpoint)? {
        None => session.begin(options)?,
        Some((number, stored)) => {
            let store = session.thaw(stored.image())?;
            status!("status thawed checkpoint={number}");
            store
        }
    };
    session.drive(store, disk, options)
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
    fn load(machine: &Machine, disk: &mut GuestDisk, options: &Options) -> Result<Self, Failure> {
        let mut guest = disk.program()?;
        let engine = Engine::new(machine.platform.clone(), Config::default());
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

    /// A store as a checkpoint has it.
    fn thaw(&self, raw: RawImage<'_>) -> Result<Store<Data>, Failure> {
        let state = HostState::of_image(raw.unverified())?;
        let linker = self.linker(&state);
        // What is in them is in the image.
        let files = raw.unverified().host_section(memory_files::SECTION);
        let files = files.map(|_| host::new_files(self.heap_size));
        Ok(self.new_store(state, files).thaw(raw, &linker)?)
    }

    /// Runs the program to its end, or until it is frozen for good.
    fn drive(
        &self,
        mut store: Store<Data>,
        disk: &mut GuestDisk,
        options: &Options,
    ) -> Result<Status, Failure> {
        let mut linker = self.linker(&store.data().state);
        let freeze_ms = options.freeze_after_ms.or(options.checkpoint_every_ms);
        set_alarm(&store, freeze_ms);
        loop {
            match wasi::step(&mut store, &mut linker, &self.modules) {
                Ok(Progress::Advanced) => {}
                Ok(Progress::Suspended) => {
                    match freeze(&mut store, disk)? {
                        Some(number) if options.checkpoint_every_ms.is_none() => {
                            status!("status frozen checkpoint={number}");
                            return Ok(Status::Frozen);
                        }
                        Some(number) => status!("status checkpointed checkpoint={number}"),
                        None => {}
                    }
                    set_alarm(&store, freeze_ms);
                }
                Ok(Progress::Ended(_)) => return finish(disk, &Ending::Returned),
                Err(error) => return finish(disk, &ending_of(error)?),
            }
        }
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

fn set_alarm(store: &Store<Data>, delay_ms: Option<u64>) {
    if let Some(delay_ms) = delay_ms {
        let interrupt = store.interrupt_handle();
        let alarm = Box::new(move || interrupt.request_suspend());
        timer::set_alarm(delay_ms * 1_000_000, alarm);
    }
}

/// Writes a checkpoint of a suspended store and returns its number; None if there is no room or
/// the device failed, and the program goes on without.
fn freeze(store: &mut Store<Data>, disk: &mut GuestDisk) -> Result<Option<u64>, Failure> {
    let image = store.freeze()?;
    match disk.write(&image) {
        Ok(number) => Ok(Some(number)),
        Err(error @ (WriteError::Full { .. } | WriteError::Device(_))) => {
            status!("status not-checkpointed reason={error}");
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// A program's own way of ending, or why it failed.
fn ending_of(error: ProgramError) -> Result<Ending, Failure> {
    match error {
        ProgramError::Call(CallError::Trap(trap))
        | ProgramError::Instantiate(InstantiateError::Trap(trap)) => Ok(Ending::Trapped(trap)),
        ProgramError::Call(CallError::Host(error)) => match error.downcast::<Exit>() {
            Ok(Exit(status)) => Ok(Ending::Exited(status)),
            Err(error) => Err(ProgramError::Call(CallError::Host(error)).into()),
        },
        error => Err(error.into()),
    }
}

/// Reports the end and records it on the disk.
fn finish(disk: &mut GuestDisk, ending: &Ending) -> Result<Status, Failure> {
    timer::cancel_alarm();
    let (halts, halted_ns) = timer::halted();
    info!("halted {halts} times, for {} ms", halted_ns / 1_000_000);
    let code = match ending {
        Ending::Returned => 0,
        Ending::Exited(status) => *status as i32,
        Ending::Trapped(_) => TRAP_STATUS,
    };
    disk.write_exit_status(code)?;
    match ending {
        Ending::Returned => status!("status returned code={code}"),
        Ending::Exited(_) => status!("status exited code={code}"),
        Ending::Trapped(trap) => {
            status!("{trap}");
            let frame = trap.backtrace.frames.first();
            let function = frame.map_or(-1, |frame| i64::from(frame.function));
            let offset = frame.map_or(0, |frame| frame.offset);
            status!(
                "status trapped code={code} function={function} offset={offset:#x} reason={}",
                trap.code
            );
        }
    }
    Ok(Status::Finished)
}
