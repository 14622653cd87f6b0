//! Compiled versions of modules, side by side.

use super::map::ModuleStateMap;
use crate::abi::CpuFeatures;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// One compiled version of a module. The code itself lies at `base`, and is
/// the embedder's to keep there as long as frames of it exist.
#[derive(Clone, Debug)]
pub struct CodeVersion {
    /// Whether it was compiled by the baseline compiler. Frames of an optimised version
    /// reach baseline frames through a trampoline that preserves registers.
    pub baseline: bool,
    /// Its state map.
    pub msm: Arc<ModuleStateMap>,
    /// Address of its code.
    pub base: usize,
    /// Name of the compiler that made it.
    pub backend: &'static str,
    /// Processor features that its code uses.
    pub features: CpuFeatures,
}

/// All live code versions, found by address.
#[derive(Clone, Debug, Default)]
pub struct CodeVersions {
    by_base: Vec<CodeVersion>,
}

impl CodeVersions {
    /// No versions.
    pub const fn new() -> Self {
        Self {
            by_base: Vec::new(),
        }
    }

    /// Adds a version.
    ///
    /// # Panics
    ///
    /// Panics if its code overlaps that of another.
    pub fn insert(&mut self, version: CodeVersion) {
        let index = self.by_base.partition_point(|v| v.base < version.base);
        let is_free = |before: &CodeVersion, base: usize| before.end() <= base;
        let before = index.checked_sub(1).map(|i| &self.by_base[i]);
        assert!(before.is_none_or(|before| is_free(before, version.base)));
        let after = self.by_base.get(index);
        assert!(after.is_none_or(|after| is_free(&version, after.base)));
        self.by_base.insert(index, version);
    }

    /// Removes the version whose code is at `base`.
    pub fn remove(&mut self, base: usize) -> Option<CodeVersion> {
        let index = self.by_base.binary_search_by_key(&base, |v| v.base).ok()?;
        Some(self.by_base.remove(index))
    }

    /// The version whose code contains an address.
    pub fn find(&self, address: usize) -> Option<&CodeVersion> {
        let after = self.by_base.partition_point(|v| v.base <= address);
        let version = &self.by_base[after.checked_sub(1)?];
        (address < version.end()).then_some(version)
    }

    /// All versions, by address.
    pub fn iter(&self) -> impl Iterator<Item = &CodeVersion> {
        self.by_base.iter()
    }
}

impl CodeVersion {
    /// Address behind its code.
    pub fn end(&self) -> usize {
        self.base + self.msm.total_size() as usize
    }
}
