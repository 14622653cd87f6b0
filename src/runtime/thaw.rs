//! Freezing and thawing as a whole: a store with its host's state, and back from bytes alone.

use super::context::AsContextMut;
use super::host_parts::{self, HostParts, HostStateError};
use super::{CaptureError, Engine, LazyMemory, Linker, Module, RestoreError, Store, VersionId};
use crate::image::{InstanceImage, RawImage, ValidateError};
use crate::module::ModuleHash;
use alloc::vec::Vec;

/// Why a store could not be frozen. It is as it was.
#[derive(Debug, thiserror::Error)]
pub enum FreezeError {
    /// The store cannot be captured.
    #[error(transparent)]
    Capture(#[from] CaptureError),
    /// The host's state cannot be saved.
    #[error(transparent)]
    Host(#[from] HostStateError),
}

/// Why an image could not be thawed. Nothing of it has run.
#[derive(Debug, thiserror::Error)]
pub enum ThawError {
    /// A module of the image has not been compiled for the engine, or has been dropped.
    #[error("the image needs the module with SHA-256 {0}: compile it for this engine, and keep it")]
    UnknownModule(ModuleHash),
    /// The image does not fit its modules.
    #[error(transparent)]
    Invalid(#[from] ValidateError),
    /// The host's state cannot be restored.
    #[error(transparent)]
    Host(#[from] HostStateError),
    /// The store cannot be made.
    #[error(transparent)]
    Restore(#[from] RestoreError),
}

impl<T: HostParts + 'static> Store<T> {
    /// Captures the whole store and the host's state, suspended in the middle of a call or
    /// idle between two. Memories are borrowed, not copied, until the image is written
    /// ([`InstanceImage::to_bytes`], [`InstanceImage::write_to`]). The store can go on
    /// afterwards, or be dropped.
    ///
    /// # Errors
    ///
    /// [`FreezeError`].
    pub fn freeze(&mut self) -> Result<InstanceImage<'_>, FreezeError> {
        let host = host_parts::save(self.as_context_mut().into_data_mut())?;
        Ok(InstanceImage {
            host,
            ..self.capture()?
        })
    }

    /// Makes this store, which must be a new one, what an image says, as [`Engine::thaw`] does:
    /// for a store that has a limiter, which is asked about all that the image has.
    ///
    /// # Errors
    ///
    /// As for [`Engine::thaw`].
    ///
    /// # Panics
    ///
    /// Panics if the store has anything in it.
    pub fn thaw(self, image: RawImage<'_>, linker: &Linker<T>) -> Result<Self, ThawError> {
        self.thaw_from(image, linker, None)
    }

    /// Makes this store, which must be a new one, what an image says, as [`Engine::thaw_lazily`] does.
    ///
    /// # Errors
    ///
    /// As for [`Engine::thaw`].
    ///
    /// # Panics
    ///
    /// Panics if the store has anything in it.
    pub fn thaw_lazily(
        self,
        image: RawImage<'_>,
        linker: &Linker<T>,
        memory: LazyMemory,
    ) -> Result<Self, ThawError> {
        self.thaw_from(image, linker, Some(memory))
    }

    fn thaw_from(
        mut self,
        image: RawImage<'_>,
        linker: &Linker<T>,
        lazy: Option<LazyMemory>,
    ) -> Result<Self, ThawError> {
        let engine = self.engine();
        let find = |&hash: &ModuleHash| engine.module(hash).ok_or(ThawError::UnknownModule(hash));
        let modules: Vec<Module> = image.modules().iter().map(find).collect::<Result<_, _>>()?;
        let inert: Vec<_> = modules.iter().map(Module::inner).collect();
        let image = image.validate(&inert)?;
        host_parts::restore(self.data_mut(), &image.host)?;
        Ok(self.restored(linker, &modules, &image, lazy, |_| VersionId::FIRST)?)
    }
}

impl Engine {
    /// Makes a store of a frozen one. Modules are found by their hashes among those that have
    /// been compiled for this engine and still exist, host functions by import name and type
    /// in `linker`, and the parts of `data` take the host's state. [`Store::resume`] goes on
    /// if the store was suspended.
    ///
    /// # Errors
    ///
    /// [`ThawError`]. Nothing has run then, and nothing is left.
    pub fn thaw<T: HostParts + 'static>(
        &self,
        image: RawImage<'_>,
        linker: &Linker<T>,
        data: T,
    ) -> Result<Store<T>, ThawError> {
        Store::new(self, data).thaw(image, linker)
    }

    /// Makes a store of a frozen one, as [`Self::thaw`] does, whose memories are read when they
    /// are needed: those whose contents the image does not have, such as the image of
    /// [`InstanceImage::metadata_bytes`]. How long that takes does not depend on how large they are.
    ///
    /// A page that cannot be read stops the store where it needs it, with
    /// [`CallError::Page`](super::CallError::Page).
    ///
    /// # Examples
    ///
    /// From an image whose bytes stay at hand:
    ///
    #[doc = include_str!("examples/lazy_thaw.md")]
    ///
    /// # Errors
    ///
    /// As for [`Self::thaw`].
    pub fn thaw_lazily<T: HostParts + 'static>(
        &self,
        image: RawImage<'_>,
        linker: &Linker<T>,
        data: T,
        memory: LazyMemory,
    ) -> Result<Store<T>, ThawError> {
        Store::new(self, data).thaw_lazily(image, linker, memory)
    }
}
