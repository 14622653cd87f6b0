//! Programs whose frames change their code version again and again.
//!
//! Every module has a second version, of other options. Whenever the program is
//! suspended, the innermost frame goes to the version that it is not in, all others go
//! to a random one of the two, and so do the calls that enter an instance. No program may
//! notice.

use woodfrog::abi::CpuFeatures;
use woodfrog::compile::{CompileOptions, RegisterCache};
use woodfrog::frame::RebuildError;
use woodfrog::runtime::{Module, ModuleError, MoveError, Store, SuspendedFrame, VersionId};

/// Moves frames between two versions of their modules.
#[derive(Clone, Debug)]
pub struct VersionSwitch {
    random: u64,
    moves: u64,
}

impl VersionSwitch {
    /// The random choices follow from the seed.
    pub fn new(seed: u64) -> Self {
        Self {
            random: seed,
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

    /// SplitMix64, of which one bit is used.
    fn coin(&mut self) -> bool {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) & 1 != 0
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
