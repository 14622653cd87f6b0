//! An image's file and those of its modules, to be looked at.

use crate::error::Failure;
use crate::{input, load};
use std::path::{Path, PathBuf};
use woodfrog::image::InstanceImage;
use woodfrog::module::{Module, ModuleHash};

/// An image's file and those of its modules.
#[derive(Debug)]
pub struct Frozen<'p> {
    path: &'p Path,
    bytes: Vec<u8>,
    modules: Vec<(PathBuf, Module)>,
}

impl<'p> Frozen<'p> {
    /// Reads the files. Modules may be missing only if all are.
    ///
    /// # Errors
    ///
    /// [`Failure`] names the file.
    pub fn read(path: &'p Path, module_paths: &[PathBuf]) -> Result<Self, Failure> {
        let bytes = input::read_image(path)?;
        let modules = module_paths.iter();
        let modules = modules.map(|path| Ok((path.clone(), load::decode(path)?)));
        Ok(Self {
            path,
            bytes,
            modules: modules.collect::<Result<_, Failure>>()?,
        })
    }

    /// Size of the image in bytes.
    pub fn len_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The image. With modules it is checked as if it were to be resumed.
    ///
    /// # Errors
    ///
    /// [`Failure`] names the file.
    pub fn image(&self) -> Result<InstanceImage<'_>, Failure> {
        let raw = input::parse_image(self.path, &self.bytes)?;
        if self.modules.is_empty() {
            return Ok(raw.unverified().clone());
        }
        let given = self.modules.iter();
        let given: Vec<_> = given
            .map(|(path, module)| (path.clone(), module.hash))
            .collect();
        input::check_modules(self.path, &raw, &given)?;
        Ok(raw.validate(&self.modules())?.into_inner())
    }

    /// The modules that were given.
    pub fn modules(&self) -> Vec<&Module> {
        self.modules.iter().map(|(_, module)| module).collect()
    }

    /// The file of a module, if it was given.
    pub fn module_path(&self, hash: ModuleHash) -> Option<&Path> {
        let mut modules = self.modules.iter();
        let (path, _) = modules.find(|(_, module)| module.hash == hash)?;
        Some(path)
    }
}
