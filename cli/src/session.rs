//! Goes through a program, and freezes and thaws it on the way.

use crate::args::CommonArgs;
use crate::coredump::CoreDump;
use crate::disk::DiskGuest;
use crate::error::Failure;
use crate::frames::NamedFrame;
use crate::host::LinuxHost;
use crate::loading::Loading;
use crate::platform::LinuxPlatform;
use crate::report::{self, Ending, Report, Seconds};
use crate::symbols::Symbols;
use crate::timer::Timer;
use crate::{freeze, output};
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use woodfrog::module::ModuleHash;
use woodfrog::runtime::{
    BacktraceFrame, CallError, Config, Engine, FreezeError, InstantiateError, Linker, Module,
    Store, Trap,
};
use woodfrog::wasi::{self, AttachError, Exit, HostData, HostState, ProgramError, Progress, Stage};
use woodfrog_suite::versions::{VersionSwitch, versions_of};

/// The store's data.
pub type Data = HostData<LinuxHost>;

/// What the choices of code versions follow from.
const SWITCH_SEED: u64 = 1;

/// What a program runs in, and what is to be done to it.
pub struct Session {
    /// The engine.
    pub engine: Engine,
    /// The compiled modules.
    pub modules: Vec<Module>,
    /// Their files. One that is not from a file comes last.
    pub files: Vec<PathBuf>,
    /// Where the program is from, if that is a disk.
    pub disk: Option<DiskGuest>,
    /// Time spent so far.
    pub seconds: Seconds,
    freeze_every: Option<NonZeroU64>,
    freeze_after: Option<Duration>,
    /// Where the image goes. None: to the disk.
    image: Option<PathBuf>,
    switch: Option<VersionSwitch>,
    coredump: Option<PathBuf>,
    is_json: bool,
}

impl Session {
    /// A session without modules.
    ///
    /// # Errors
    ///
    /// [`Failure::Write`], if what is to be written cannot be.
    pub fn new(args: &CommonArgs) -> Result<Self, Failure> {
        let outputs = [&args.image, &args.coredump].into_iter().flatten();
        outputs.map(PathBuf::as_path).try_for_each(output::check)?;
        let config = Config {
            features: args.cpu,
            ..Config::default()
        };
        Ok(Self {
            engine: Engine::new(Arc::new(LinuxPlatform::new()), config),
            modules: Vec::new(),
            files: Vec::new(),
            disk: None,
            seconds: Seconds::default(),
            freeze_every: NonZeroU64::new(args.freeze_every),
            freeze_after: args.freeze_after.map(Duration::from_millis),
            image: args.image.clone(),
            switch: args
                .switch_versions
                .then(|| VersionSwitch::new(SWITCH_SEED)),
            coredump: args.coredump.clone(),
            is_json: args.json,
        })
    }

    /// Prepares modules, which are complete, for the ways they are to be run.
    ///
    /// # Errors
    ///
    /// [`Failure::SecondVersion`].
    fn prepare_modules(&mut self) -> Result<(), Failure> {
        if let Some(switch) = &mut self.switch {
            let mut modules = self.modules.iter();
            modules
                .try_for_each(|module| switch.add_version(module))
                .map_err(Failure::SecondVersion)?;
        }
        Ok(())
    }

    /// The host functions that a program's store can have.
    pub fn linker(&self, state: &HostState) -> Linker<Data> {
        let mut linker = Linker::new();
        wasi::add_to_linker(&mut linker, Data::wasi);
        if state.are_unknown_imports_default {
            for module in &self.modules {
                linker.define_unknown_imports_as_default_values(module);
            }
        }
        linker
    }

    /// Runs the program in `store` to its end, or until it is frozen for good.
    ///
    /// # Errors
    ///
    /// [`Failure`]. Traps and exits are none.
    pub fn drive(mut self, mut store: Store<Data>) -> Result<Report, Failure> {
        self.prepare_modules()?;
        let begin = Instant::now();
        let mut seconds = self.seconds;
        let mut freezes = 0;
        let mut image = Vec::new();
        let mut linker = self.linker(&store.data().state);
        let timer = self
            .freeze_after
            .map(|delay| Timer::start(delay, store.interrupt_handle()));
        let mut loading = Loading::begin(&mut store, self.disk.as_ref());
        let suspend_every = match self.switch {
            Some(_) => self.freeze_every.or(Some(NonZeroU64::MIN)),
            None => self.freeze_every,
        };
        store.set_freeze_every(suspend_every);
        store.data_mut().host.suspend_every(suspend_every);
        let mut instantiate_time = Duration::ZERO;
        let ending = loop {
            let is_instantiating = matches!(
                store.data().state.stage,
                Stage::Instantiate(_) | Stage::Start(_)
            );
            let start = Instant::now();
            let progress = wasi::step(&mut store, &mut linker, &self.modules);
            if is_instantiating {
                instantiate_time += start.elapsed();
            }
            match progress {
                Ok(Progress::Advanced) => {}
                Ok(Progress::Ended(values)) => break Ending::Returned(values),
                Ok(Progress::Suspended) => {
                    loading.go_on(&mut store)?;
                    let mut versions = Vec::new();
                    if let Some(switch) = &mut self.switch {
                        switch.switch(&mut store)?;
                        versions = versions_of(&store)?;
                    }
                    let has_expired = timer.as_ref().is_some_and(Timer::has_expired);
                    if self.freeze_every.is_none() && !has_expired {
                        continue;
                    }
                    freezes += 1;
                    if has_expired {
                        loading.end(&store)?;
                        break Ending::Frozen(self.write_image(&mut store)?);
                    }
                    loading.end(&store)?;
                    linker = self.linker(&store.data().state);
                    store = freeze::freeze_and_thaw(
                        store,
                        &linker,
                        &self.modules,
                        &versions,
                        &mut image,
                    )?;
                    store.set_freeze_every(suspend_every);
                    if let Some(switch) = &mut self.switch {
                        switch.set_versions(&mut store);
                    }
                    if let Some(timer) = &timer {
                        timer.watch(store.interrupt_handle());
                    }
                }
                Err(error) => break ending_of(error)?,
            }
        };
        loading.end(&store)?;
        if let Ending::Trapped(trap) = &ending {
            self.dump_core(&store, trap);
        }
        seconds.instantiate += instantiate_time;
        seconds.run += begin.elapsed() - instantiate_time;
        let is_frozen = matches!(ending, Ending::Frozen(_));
        Ok(Report {
            frames: self.named_frames(&store, &ending),
            ending,
            is_mid_line: store.data().host.is_mid_line(),
            freezes,
            moves: self.switch.as_ref().map_or(0, VersionSwitch::moves),
            is_unfrozen: self.freeze_after.is_some() && !is_frozen,
            seconds,
        })
    }

    /// The frames that are to be told, with what the modules tell about them.
    fn named_frames(&self, store: &Store<Data>, ending: &Ending) -> Vec<NamedFrame> {
        let frames = match ending {
            Ending::Trapped(trap) => &trap.backtrace.frames,
            Ending::Frozen(frames) if self.is_json => frames,
            Ending::Frozen(_) | Ending::Returned(_) | Ending::Exited(_) => return Vec::new(),
        };
        let symbols = Symbols::new(self.modules.iter().map(Module::inner));
        let instances = store.instances();
        let modules: Vec<_> = instances.map(|i| i.module(store).hash()).collect();
        let named = frames.iter().map(|frame| {
            let module = modules.get(frame.instance as usize).copied();
            NamedFrame {
                frame: frame.clone(),
                symbols: symbols.of_frame(module, frame),
            }
        });
        named.collect()
    }

    /// Writes the core dump of a trap, if one is wanted. What goes wrong is said, but the trap
    /// is what matters.
    fn dump_core(&self, store: &Store<Data>, trap: &Trap) {
        let Some(path) = &self.coredump else { return };
        let captured = store.capture().map_err(FreezeError::from);
        let written = captured.map_err(Failure::from).and_then(|image| {
            let modules: Vec<_> = self.modules.iter().map(Module::inner).collect();
            let dump = CoreDump {
                image: &image,
                frames: &trap.backtrace.frames,
                modules: &modules,
                module_path: &|hash| self.path_of(hash),
            };
            dump.write(path)
        });
        if let Err(failure) = written {
            report::note(&format!("no core dump: {failure}"));
        }
    }

    /// The file of a module.
    fn path_of(&self, hash: ModuleHash) -> Option<PathBuf> {
        let mut files = self.files.iter().zip(&self.modules);
        let (path, _) = files.find(|(_, module)| module.hash() == hash)?;
        Some(path.clone())
    }

    /// Writes the suspended store to where it is to go, and returns its frames.
    fn write_image(&self, store: &mut Store<Data>) -> Result<Vec<BacktraceFrame>, Failure> {
        let modules: Vec<_> = self.modules.iter().map(Module::inner).collect();
        match (&self.image, &self.disk) {
            (Some(path), _) => freeze::freeze_to_file(store, path, &modules),
            (None, Some(disk)) => disk.write(store, &modules),
            (None, None) => unreachable!("it was to be frozen to nowhere"),
        }
    }
}

/// A program's own way of ending, or why it failed.
fn ending_of(error: ProgramError) -> Result<Ending, Failure> {
    match error {
        ProgramError::Call(CallError::Trap(trap)) => Ok(Ending::Trapped(trap)),
        ProgramError::Instantiate(InstantiateError::Trap(trap)) => Ok(Ending::Trapped(trap)),
        ProgramError::Call(CallError::Host(error)) => match error.downcast::<Exit>() {
            Ok(Exit(status)) => Ok(Ending::Exited(status)),
            Err(error) => Err(ProgramError::Call(CallError::Host(error)).into()),
        },
        ProgramError::Attach(AttachError::Directory { name, .. }) => {
            Err(Failure::DirectoryMissing(name))
        }
        error => Err(error.into()),
    }
}
