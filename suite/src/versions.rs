//! Programs whose frames change their code version again and again.
//!
//! Every module has a second version, of other options. Whenever the program is
//! suspended, the innermost frame goes to the version that it is not in, all others go
//! to a random one of the two, and so do the calls that enter an instance. No program may
//! notice.

use crate::freezing::{Freezer, Next, Random};
use crate::spectest::HostFunctions;
use alloc::vec::Vec;
use woodfrog::abi::CpuFeatures;
use woodfrog::compile::{CompileOptions, RegisterCache};
use woodfrog::frame::RebuildError;
use woodfrog::runtime::{Module, ModuleError, MoveError, Store, SuspendedFrame, VersionId};

/// Moves frames between two versions of their modules.
#[derive(Clone, Debug)]
pub struct VersionSwitch {
    random: Random,
    moves: u64,
}

impl VersionSwitch {
    /// The random choices follow from the seed.
    pub fn new(seed: u64) -> Self {
        Self {
            random: Random::new(seed),
            moves: 0,
        }
    }

    /// How often frames have been moved.
    pub fn moves(&self) -> u64 {
        self.moves
    }

    /// Compiles a module's second version: with fewer values in registers, and for a
    /// processor without features if the first version uses some, else for this one.
    ///
    /// # Errors
    ///
    /// [`ModuleError`].
    pub fn add_version(&mut self, module: &Module) -> Result<(), ModuleError> {
        let features = match module.engine().config().features {
            CpuFeatures::BASELINE => CpuFeatures::detect(),
            _ => CpuFeatures::BASELINE,
        };
        let cache = match self.coin() {
            true => RegisterCache::Nothing,
            false => RegisterCache::Operands,
        };
        let options = CompileOptions {
            features,
            cache,
            ..CompileOptions::default()
        };
        module.add_version(&options).map(|_| ())
    }

    /// Moves the frames of a suspended store. They stay where they are if they do not
    /// fit onto the stack in the versions chosen.
    ///
    /// # Errors
    ///
    /// [`MoveError`].
    pub fn switch<T: 'static>(&mut self, store: &mut Store<T>) -> Result<(), MoveError> {
        self.set_versions(store);
        let frames = store.suspended_frames()?;
        let mut chosen: Vec<_> = frames.iter().map(|_| self.any()).collect();
        // There is none if wasm code has tail-called the host.
        if let (Some(frame), Some(chosen)) = (frames.first(), chosen.first_mut()) {
            *chosen = match frame.version {
                Some(VersionId::FIRST) => SECOND,
                _ => VersionId::FIRST,
            };
        }
        match store.move_frames(|frame| chosen[frame.number]) {
            Ok(()) => self.moves += 1,
            Err(MoveError::Rebuild(RebuildError::StackTooSmall { .. })) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Lets the next calls enter random versions. To be called before a program is entered
    /// and when it has been thawed.
    pub fn set_versions<T: 'static>(&mut self, store: &mut Store<T>) {
        let instances: Vec<_> = store.instances().collect();
        for instance in instances {
            let set = instance.set_version(&mut *store, self.any());
            set.expect("every module has been given a second version");
        }
    }

    fn any(&mut self) -> VersionId {
        match self.coin() {
            true => SECOND,
            false => VersionId::FIRST,
        }
    }

    fn coin(&mut self) -> bool {
        self.random.up_to(2).get() == 1
    }
}

const SECOND: VersionId = VersionId(1);

/// The versions of a suspended store's frames, for the store that is made of its image.
///
/// # Errors
///
/// [`MoveError`].
pub fn versions_of<T: 'static>(store: &Store<T>) -> Result<Vec<VersionId>, MoveError> {
    let frames = store.suspended_frames()?.into_iter();
    let version = |frame: SuspendedFrame| frame.version.expect("it is in one");
    Ok(frames.map(version).collect())
}

/// Has a script's frames change their code version whenever another freezer suspends a call.
pub struct Switching<'f> {
    inner: &'f mut dyn Freezer,
    switch: VersionSwitch,
    thawing: Thawing,
}

/// What becomes of a call whose frames have been moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thawing {
    /// It goes on in place.
    InPlace,
    /// It is frozen, and thawed with each frame in the version it was in.
    InVersions,
}

impl<'f> Switching<'f> {
    /// Suspends as `inner` does; the choices of versions follow from the seed.
    pub fn new(inner: &'f mut dyn Freezer, seed: u64, thawing: Thawing) -> Self {
        Self {
            inner,
            switch: VersionSwitch::new(seed),
            thawing,
        }
    }

    /// How often frames have been moved.
    pub fn moves(&self) -> u64 {
        self.switch.moves()
    }
}

impl Freezer for Switching<'_> {
    fn compiled(&mut self, module: &Module) -> Result<(), ModuleError> {
        self.switch.add_version(module)
    }

    fn begin(&mut self, store: &mut Store<()>) {
        self.switch.set_versions(store);
        self.inner.begin(store);
    }

    fn suspended(&mut self, store: &mut Store<()>) -> Result<Next, MoveError> {
        self.switch.switch(store)?;
        match self.thawing {
            Thawing::InPlace => Ok(Next::GoOn),
            Thawing::InVersions => Ok(Next::FreezeAndThaw(versions_of(store)?)),
        }
    }

    fn thawed(&mut self, store: &mut Store<()>) {
        self.switch.set_versions(store);
        self.inner.thawed(store);
    }

    fn end(&mut self, store: &mut Store<()>) {
        self.inner.end(store);
    }

    fn host_functions(&self) -> HostFunctions {
        self.inner.host_functions()
    }
}
