//! What a host must remember of a frozen program beside its store.
//!
//! The bytes are a postcard encoding, in the section [`SECTION`] of an image. They come back
//! from there, so they are hostile until [`HostState::from_bytes`] has checked them.

use super::attach::MAX_UNNAMED_SIZE;
use super::{Errno, WasiCtx, WasiHost};
use crate::abi::Val;
use crate::image::InstanceImage;
use crate::module::ModuleHash;
use crate::runtime::{HostError, HostPart, UnsupportedVersion};
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// A program: its modules, how far it has come, and its WASI state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostState {
    /// The modules to instantiate, in order; instance `n` of the store is
    /// that of module `n`. The last one is the program, the others are for it to import.
    pub modules: Vec<PlannedModule>,
    /// What to call once all are instantiated.
    pub entry: Entry,
    /// How far the program has come.
    pub stage: Stage,
    /// Whether function imports that nobody defines return zeros.
    pub are_unknown_imports_default: bool,
    /// The WASI state.
    pub wasi: WasiCtx,
}

/// One module of a program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedModule {
    /// The import module name that its exports get.
    pub name: String,
    /// Which module it is.
    pub hash: ModuleHash,
}

/// What a program is called by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Entry {
    /// The export `_start`, if there is one.
    Default,
    /// An export, with these arguments.
    Invoke {
        /// Name of the export.
        name: String,
        /// The arguments.
        args: Vec<Val>,
    },
}

/// How far a program has come: what runs, or runs next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// This module is instantiated next.
    Instantiate(u32),
    /// This module's start function runs.
    Start(u32),
    /// The program is initialised next: the export `_initialize` of a reactor.
    BeforeInitialize,
    /// `_initialize` runs.
    Initialize,
    /// The entry is called next.
    BeforeEntry,
    /// The entry runs.
    Entry,
    /// The program has returned.
    Ended,
    /// The program has called `proc_exit` with this status.
    Exited(u32),
    /// The program has trapped.
    Trapped,
}

/// Most bytes of an encoded state.
pub const MAX_STATE_SIZE: usize = 64 << 20;

/// Most modules of one program.
const MAX_MODULES: usize = 1024;

/// The section of an image that holds a state.
pub const SECTION: &str = "wasi";

/// The version of the encoding, which is the section's.
const VERSION: u32 = 1;

/// Why a state was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// It is larger than [`MAX_STATE_SIZE`].
    #[error("host state of {0} bytes is larger than {MAX_STATE_SIZE}")]
    TooLarge(usize),
    /// The image has none.
    #[error("the image has no host state \"{SECTION}\"")]
    Missing,
    /// It was made by another version.
    #[error("host state of version {0}, not {VERSION}")]
    Version(u32),
    /// It is no encoding of a state.
    #[error("host state is malformed")]
    Malformed,
    /// There are bytes behind its end.
    #[error("{0} bytes behind the end of the host state")]
    TrailingBytes(usize),
    /// A string that a guest gets as a C string has a zero byte in it.
    #[error("an argument or environment string contains a zero byte")]
    NulInString,
    /// Arguments or environment are too large.
    #[error("arguments or environment of {size} bytes are larger than {limit}")]
    StringsTooLarge {
        /// Their size.
        size: usize,
        /// The largest allowed.
        limit: usize,
    },
    /// There are more preopened directories than descriptors.
    #[error("more preopened directories than there can be descriptors")]
    TooManyDescriptors,
    /// The descriptors do not hold together.
    #[error("the descriptors of the host state do not hold together")]
    Descriptors,
    /// A file that has no name any more cannot be put into an image.
    #[error("descriptor {fd} is open on something without a name, which cannot be kept: {errno}")]
    UnnamedFile {
        /// The descriptor.
        fd: u32,
        /// Why it cannot be read.
        errno: Errno,
    },
    /// Files that have no name any more are too large for an image.
    #[error("open files without a name have {0} bytes, more than {MAX_UNNAMED_SIZE}")]
    UnnamedTooLarge(usize),
    /// There is no module, or there are too many.
    #[error("a program of {0} modules; 1 to {MAX_MODULES} are possible")]
    ModuleCount(usize),
    /// The stage names a module that there is not.
    #[error("module {0} is to be instantiated, but there is none of that number")]
    NoSuchModule(u32),
}

impl HostState {
    /// The state of a program that has not begun.
    pub fn new(modules: Vec<PlannedModule>, entry: Entry, wasi: WasiCtx) -> Self {
        Self {
            modules,
            entry,
            stage: Stage::Instantiate(0),
            are_unknown_imports_default: false,
            wasi,
        }
    }

    /// Encodes the state. `host` is asked for the time, so that the program's
    /// monotonic clock stands still from here.
    ///
    /// # Errors
    ///
    /// [`StateError::TooLarge`], [`StateError::UnnamedFile`],
    /// [`StateError::UnnamedTooLarge`].
    pub fn to_bytes(&mut self, host: &mut dyn WasiHost) -> Result<Vec<u8>, StateError> {
        self.wasi.settle(host)?;
        self.encode()
    }

    fn encode(&self) -> Result<Vec<u8>, StateError> {
        let bytes = postcard::to_allocvec(self)
            .expect("the state's types have an encoding, and a Vec grows");
        match bytes.len() {
            size if size > MAX_STATE_SIZE => Err(StateError::TooLarge(size)),
            _ => Ok(bytes),
        }
    }

    /// The state that an image has in its section [`SECTION`].
    ///
    /// # Errors
    ///
    /// [`StateError`].
    pub fn of_image(image: &InstanceImage<'_>) -> Result<Self, StateError> {
        let section = image.host_section(SECTION).ok_or(StateError::Missing)?;
        match section.version {
            VERSION => Self::from_bytes(&section.bytes),
            version => Err(StateError::Version(version)),
        }
    }

    /// Decodes and checks a state. Its monotonic clock goes on with the next
    /// [`step`](super::step).
    ///
    /// # Errors
    ///
    /// [`StateError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StateError> {
        if bytes.len() > MAX_STATE_SIZE {
            return Err(StateError::TooLarge(bytes.len()));
        }
        let (state, rest): (Self, _) =
            postcard::take_from_bytes(bytes).map_err(|_| StateError::Malformed)?;
        if !rest.is_empty() {
            return Err(StateError::TrailingBytes(rest.len()));
        }
        state.validate()?;
        Ok(state)
    }

    fn validate(&self) -> Result<(), StateError> {
        let count = self.modules.len();
        if !(1..=MAX_MODULES).contains(&count) {
            return Err(StateError::ModuleCount(count));
        }
        if let Stage::Instantiate(module) | Stage::Start(module) = self.stage
            && module as usize >= count
        {
            return Err(StateError::NoSuchModule(module));
        }
        self.wasi.validate()
    }
}

/// Saves what [`HostData`](super::HostData) has brought up to date before.
impl HostPart for HostState {
    fn name(&self) -> &str {
        SECTION
    }

    fn version(&self) -> u32 {
        VERSION
    }

    fn save(&mut self) -> Result<Vec<u8>, HostError> {
        self.encode().map_err(HostError::new)
    }

    fn restore(&mut self, version: u32, bytes: &[u8]) -> Result<(), HostError> {
        if version != VERSION {
            return Err(UnsupportedVersion.into());
        }
        *self = Self::from_bytes(bytes).map_err(HostError::new)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::HostSection;
    use crate::wasi::{OutputStream, Random};
    use alloc::vec;
    use proptest::prelude::*;

    struct NoHost;

    impl WasiHost for NoHost {
        fn write(&mut self, _: OutputStream, _: &[u8]) -> Result<usize, Errno> {
            Err(Errno::Io)
        }
        fn read_stdin(&mut self, _: u64, _: &mut [u8]) -> Result<usize, Errno> {
            Err(Errno::Io)
        }
        fn realtime_ns(&mut self) -> u64 {
            0
        }
        fn monotonic_ns(&mut self) -> u64 {
            0
        }
        fn fill_random(&mut self, _: &mut [u8]) -> Result<(), Errno> {
            Err(Errno::Io)
        }
    }

    fn state() -> HostState {
        let module = PlannedModule {
            name: "main".into(),
            hash: ModuleHash([7; 32]),
        };
        let entry = Entry::Invoke {
            name: "f".into(),
            args: vec![Val::I64(-5), Val::F32(0x7fc0_0001)],
        };
        let wasi = WasiCtx::new(vec![b"p".to_vec()], vec![], Random::Seeded(3)).unwrap();
        HostState::new(vec![module], entry, wasi)
    }

    #[test]
    fn a_state_survives_its_encoding() {
        let bytes = state().to_bytes(&mut NoHost).unwrap();
        let mut decoded = HostState::from_bytes(&bytes).unwrap();
        assert_eq!(decoded.entry, state().entry);
        assert_eq!(decoded.to_bytes(&mut NoHost).unwrap(), bytes);
    }

    #[test]
    fn states_that_do_not_hold_together_are_refused() {
        let refused = |change: fn(&mut HostState)| {
            let mut state = state();
            change(&mut state);
            let bytes = state.to_bytes(&mut NoHost).unwrap();
            HostState::from_bytes(&bytes).unwrap_err()
        };
        assert_eq!(
            refused(|state| state.stage = Stage::Start(1)),
            StateError::NoSuchModule(1)
        );
        assert_eq!(
            refused(|state| state.modules.clear()),
            StateError::ModuleCount(0)
        );
        let mut bytes = state().to_bytes(&mut NoHost).unwrap();
        bytes.push(0);
        assert_eq!(
            HostState::from_bytes(&bytes),
            Err(StateError::TrailingBytes(1))
        );
        assert_eq!(HostState::from_bytes(&[]), Err(StateError::Malformed));
    }

    #[test]
    fn a_state_is_found_in_its_section_of_an_image() {
        let bytes = state().to_bytes(&mut NoHost).unwrap();
        let mut image = InstanceImage::default();
        assert_eq!(HostState::of_image(&image), Err(StateError::Missing));
        image.host.push(HostSection {
            name: SECTION.into(),
            version: VERSION,
            bytes,
        });
        let found = HostState::of_image(&image).unwrap();
        assert_eq!(found.entry, state().entry);
        image.host[0].version = 9;
        assert_eq!(HostState::of_image(&image), Err(StateError::Version(9)));
    }

    #[test]
    fn arguments_with_zero_bytes_are_refused() {
        assert_eq!(
            WasiCtx::new(vec![b"a\0b".to_vec()], vec![], Random::Host),
            Err(StateError::NulInString)
        );
    }

    proptest! {
        #[test]
        fn mutated_states_never_panic(position in 0usize..1000, value: u8, length in 0usize..1000) {
            let mut bytes = state().to_bytes(&mut NoHost).unwrap();
            let position = position % bytes.len();
            bytes[position] = value;
            bytes.truncate(length.max(1));
            if let Ok(state) = HostState::from_bytes(&bytes) {
                prop_assert!(state.validate().is_ok());
            }
        }
    }
}
