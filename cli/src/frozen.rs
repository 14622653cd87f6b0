//! An image or a checkpoint, and its modules, to be looked at.

use crate::args::CheckpointArgs;
use crate::error::Failure;
use crate::{disk, input, load};
use std::path::{Path, PathBuf};
use woodfrog::image::{InstanceImage, RawImage, StoredImage};
use woodfrog::module::{Module, ModuleHash};

/// An image, from its file or from a disk, and its modules.
#[derive(Debug)]
pub struct Frozen<'p> {
    path: &'p Path,
    contents: Contents,
    /// The modules, with their files if they are from files.
    modules: Vec<(Option<PathBuf>, Module)>,
}

#[derive(Debug)]
enum Contents {
    Image(Vec<u8>),
    Checkpoint(Box<StoredImage>),
}

impl<'p> Frozen<'p> {
    /// Reads the files. The modules of an image may be missing only if all are; a disk has its
    /// program's.
    ///
    /// # Errors
    ///
    /// [`Failure`] names the file.
    pub fn read(
        path: &'p Path,
        module_paths: &[PathBuf],
        checkpoint: &CheckpointArgs,
    ) -> Result<Self, Failure> {
        let mut modules = Vec::new();
        let contents = match input::read_image(path) {
            Ok(bytes) => {
                if let Some(option) = checkpoint.given() {
                    let path = path.to_owned();
                    return Err(Failure::NoDisk { path, option });
                }
                Contents::Image(bytes)
            }
            Err(Failure::DiskAsImage(_)) => {
                let (stored, module) = disk::read_checkpoint(path, checkpoint)?;
                modules.push((None, load::decode_of_disk(path, &module)?));
                Contents::Checkpoint(Box::new(stored))
            }
            Err(failure) => return Err(failure),
        };
        for path in module_paths {
            // The first one of a hash is the one that is found.
            modules.insert(0, (Some(path.clone()), load::decode(path)?));
        }
        Ok(Self {
            path,
            contents,
            modules,
        })
    }

    /// The image. With modules it is checked as if it were to be resumed.
    ///
    /// # Errors
    ///
    /// [`Failure`] names the file.
    pub fn image(&self) -> Result<InstanceImage<'_>, Failure> {
        let raw: RawImage<'_> = match &self.contents {
            Contents::Image(bytes) => input::parse_image(self.path, bytes)?,
            Contents::Checkpoint(stored) => stored.image(),
        };
        if self.modules.is_empty() {
            return Ok(raw.unverified().clone());
        }
        let given = self.modules.iter();
        let given: Vec<_> = given
            .map(|(path, module)| {
                let path = path.as_deref().unwrap_or(self.path);
                (path.to_owned(), module.hash)
            })
            .collect();
        input::check_modules(self.path, &raw, &given)?;
        Ok(raw.validate(&self.modules())?.into_inner())
    }

    /// The modules that there are.
    pub fn modules(&self) -> Vec<&Module> {
        self.modules.iter().map(|(_, module)| module).collect()
    }

    /// The file of a module, if it was given.
    pub fn module_path(&self, hash: ModuleHash) -> Option<&Path> {
        let mut modules = self.modules.iter();
        let (path, _) = modules.find(|(_, module)| module.hash == hash)?;
        path.as_deref()
    }
}
