//! Frames of a suspended store, and their move from one code version to another.
//!
//! The stack is read to wasm-level frames and written again on the same region, each
//! frame as the version that was chosen for it lays it out. Nothing of it is visible to the
//! program. A tier-up or a deoptimisation is such a move.

use super::activation::Execution;
use super::capture::CaptureError;
use super::context::{AsContext, AsContextMut};
use super::store_core::StoreCore;
use super::version::{UnknownVersion, VersionId};
use super::vmctx::set_code;
use super::{Instance, Store, StoreContextMut};
use crate::frame::{ExecutionStateImage, FramesError, RebuildError};
use alloc::vec::Vec;

/// A frame of a suspended store, or of an image that is about to become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SuspendedFrame {
    /// Its number, innermost 0.
    pub number: usize,
    /// The instance whose function it is.
    pub instance: Instance,
    /// Index of the function in its module.
    pub function: u32,
    /// Offset in the module's bytes of the instruction at which it stands; `usize::MAX`
    /// for the function header.
    pub offset: usize,
    /// The code version it is in; None for a frame of an image, which is in none.
    pub version: Option<VersionId>,
}

/// Why frames could not be moved. They are then where they were.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// Nothing is suspended, so there are no frames.
    #[error("the store is not suspended")]
    NotSuspended,
    /// Wasm code is running: it called the host function that asks for this.
    #[error("the store is running")]
    Running,
    /// A frame's module has no such version.
    #[error("frame #{frame}: {unknown}")]
    UnknownVersion {
        /// Number of the frame, innermost 0.
        frame: usize,
        /// The version.
        unknown: UnknownVersion,
    },
    /// The stack could not be read, or is deeper than can be moved.
    #[error(transparent)]
    Read(#[from] CaptureError),
    /// A frame stands where no frame can go on: at a debugger's breakpoint.
    #[error(transparent)]
    Frames(#[from] FramesError),
    /// The frames are larger in the versions chosen, and do not fit onto the stack.
    #[error(transparent)]
    Rebuild(#[from] RebuildError),
}

impl<T: 'static> Store<T> {
    /// The frames of the suspended store, innermost first, with the version each is in.
    ///
    /// # Errors
    ///
    /// [`MoveError::NotSuspended`], [`MoveError::Read`].
    pub fn suspended_frames(&self) -> Result<Vec<SuspendedFrame>, MoveError> {
        let core = self.as_context().into_core();
        core.check_suspended()?;
        Ok(core.read_frames()?.0)
    }

    /// Moves each frame of the suspended store to the code version that `choose` returns
    /// for it. The frames stay on the same stack, and calls they make directly stay in
    /// their version; which version other calls enter is set by [`Instance::set_version`].
    ///
    /// # Errors
    ///
    /// [`MoveError`]. All frames are then where they were.
    pub fn move_frames(
        &mut self,
        choose: impl FnMut(&SuspendedFrame) -> VersionId,
    ) -> Result<(), MoveError> {
        self.as_context_mut().move_frames(choose)
    }
}

impl<T: 'static> StoreContextMut<'_, T> {
    /// As [`Store::move_frames`]. Within a host function that wasm code has called, this is
    /// refused: frames whose code is waiting for the host cannot be moved.
    ///
    /// # Errors
    ///
    /// [`MoveError`].
    pub fn move_frames(
        &mut self,
        mut choose: impl FnMut(&SuspendedFrame) -> VersionId,
    ) -> Result<(), MoveError> {
        self.core_mut().move_frames(&mut choose)
    }
}

impl Instance {
    /// Sets the code version that calls enter: those from the host, from other instances and
    /// through tables. Frames stay where they are, and so do direct calls they make. A new
    /// instance, restored ones included, is set to [`VersionId::FIRST`].
    ///
    /// # Errors
    ///
    /// [`UnknownVersion`].
    ///
    /// # Panics
    ///
    /// Panics if the instance is of another store.
    pub fn set_version(
        &self,
        mut store: impl AsContextMut,
        version: VersionId,
    ) -> Result<(), UnknownVersion> {
        let mut context = store.as_context_mut();
        let core = context.core_mut();
        core.check_store(self.store);
        core.set_version(self.index, version)
    }

    /// The code version that calls enter.
    ///
    /// # Panics
    ///
    /// Panics if the instance is of another store.
    pub fn version(&self, store: impl AsContext) -> VersionId {
        let context = store.as_context();
        context.core().check_store(self.store);
        context.core().instances[self.index as usize].version
    }
}

/// Chooses a frame's version.
pub(super) type Choose<'a> = &'a mut dyn FnMut(&SuspendedFrame) -> VersionId;

impl StoreCore {
    fn check_suspended(&self) -> Result<(), MoveError> {
        match (self.depth, self.execution.is_suspended()) {
            (0, true) => Ok(()),
            (0, false) if self.direct_host_calls == 0 => Err(MoveError::NotSuspended),
            _ => Err(MoveError::Running),
        }
    }

    /// The frames of the suspended store, as the embedder sees them and as they are.
    fn read_frames(&self) -> Result<(Vec<SuspendedFrame>, ExecutionStateImage), CaptureError> {
        let dump = self.read_suspended()?;
        let versions: Vec<_> = dump
            .code_bases
            .iter()
            .zip(&dump.image.frames)
            .map(|(&base, frame)| {
                let module = &self.instances[frame.instance as usize].module;
                let position = module.versions().position(|version| version.base() == base);
                position.map(|position| VersionId(position as u32))
            })
            .collect();
        Ok((self.describe_frames(&dump.image, &versions), dump.image))
    }

    /// Frames of existing instances as the embedder sees them, `versions` as far as it goes.
    fn describe_frames(
        &self,
        state: &ExecutionStateImage,
        versions: &[Option<VersionId>],
    ) -> Vec<SuspendedFrame> {
        let frames = state.frames.iter().enumerate();
        frames
            .map(|(number, frame)| SuspendedFrame {
                number,
                instance: Instance {
                    store: self.id,
                    index: frame.instance,
                },
                function: frame.local_function_id,
                offset: frame.wasm_inst_offset,
                version: versions.get(number).copied().flatten(),
            })
            .collect()
    }

    /// Has a version chosen for each frame of an image, whose instances exist.
    pub(super) fn choose_versions(
        &self,
        state: &ExecutionStateImage,
        choose: Choose<'_>,
    ) -> Result<Vec<VersionId>, (usize, UnknownVersion)> {
        self.choose_for(&self.describe_frames(state, &[]), choose)
    }

    fn choose_for(
        &self,
        frames: &[SuspendedFrame],
        choose: Choose<'_>,
    ) -> Result<Vec<VersionId>, (usize, UnknownVersion)> {
        let chosen = frames.iter().map(|frame| {
            let version = choose(frame);
            let module = &self.instances[frame.instance.index as usize].module;
            match module.version(version) {
                Ok(_) => Ok(version),
                Err(unknown) => Err((frame.number, unknown)),
            }
        });
        chosen.collect()
    }

    pub(super) fn move_frames(&mut self, choose: Choose<'_>) -> Result<(), MoveError> {
        self.check_suspended()?;
        let (frames, mut state) = self.read_frames()?;
        let chosen = self.choose_for(&frames, choose);
        let versions =
            chosen.map_err(|(frame, unknown)| MoveError::UnknownVersion { frame, unknown })?;
        if frames
            .iter()
            .map(|frame| frame.version)
            .eq(versions.iter().copied().map(Some))
        {
            return Ok(());
        }
        let Execution::Suspended(suspension) = &self.execution else {
            unreachable!("checked above")
        };
        state.host_call.clone_from(&suspension.host_call);
        let (signature, array) = (suspension.signature, suspension.array as u64);
        let validated = self.validate_frames(&state, &versions)?;
        match self.write_stack(&validated, array, signature) {
            Ok(()) => Ok(()),
            Err(error @ RebuildError::StackTooSmall { .. }) => Err(error.into()),
            Err(error) => panic!("frames that were read cannot be written: {error}"),
        }
    }

    pub(super) fn set_version(
        &mut self,
        instance: u32,
        version: VersionId,
    ) -> Result<(), UnknownVersion> {
        let entry = &mut self.instances[instance as usize];
        let code = entry.module.version(version)?;
        let imported = entry.module.inner().imported_functions as usize;
        for (defined, addr) in (0..).zip(&entry.functions[imported..]) {
            set_code(self.funcs[addr.0 as usize].raw, code.entry(defined));
        }
        entry.version = version;
        Ok(())
    }
}
