//! The host's own state in images: what an embedder keeps for its guests beside the store.
//!
//! Each [`HostPart`] saves itself into a section of the image, under its name and with the
//! version of its encoding, and restores itself from there. [`HostParts`] says which
//! parts the data of a store has.

use super::HostError;
use crate::image::HostSection;
use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

/// A part of the host's state that is frozen with a store, such as that of one host module.
pub trait HostPart {
    /// Its name in images. No other part of the store's data has it, and no change of the
    /// program may change it.
    fn name(&self) -> &str;

    /// The version of what [`Self::save`] writes; to be raised when that changes.
    fn version(&self) -> u32;

    /// Encodes the state, as far as it is to outlive the machine.
    ///
    /// # Errors
    ///
    /// Why that is not possible now. The store then stays as it is, and goes on.
    fn save(&mut self) -> Result<Vec<u8>, HostError>;

    /// Takes the state that `bytes` encode, in a version that need not be this one's. They
    /// come from an image, and are hostile until proven.
    ///
    /// # Errors
    ///
    /// [`UnsupportedVersion`] if it does not know the version, and whatever is wrong with
    /// the bytes. The part is then dropped.
    fn restore(&mut self, version: u32, bytes: &[u8]) -> Result<(), HostError>;
}

/// What the data of a store consists of that can be frozen. A [`HostPart`] consists of
/// itself, `()` of nothing.
pub trait HostParts {
    /// The parts, always the same ones.
    fn parts(&mut self) -> Vec<&mut dyn HostPart>;

    /// Is called before the parts are saved: for what one part cannot do without the others, or
    /// without what is not frozen.
    ///
    /// # Errors
    ///
    /// As those of [`HostPart::save`].
    fn prepare(&mut self) -> Result<(), HostError> {
        Ok(())
    }
}

impl HostParts for () {
    fn parts(&mut self) -> Vec<&mut dyn HostPart> {
        Vec::new()
    }
}

impl<P: HostPart> HostParts for P {
    fn parts(&mut self) -> Vec<&mut dyn HostPart> {
        vec![self]
    }
}

/// A [`HostPart`]'s answer that it cannot read a version: `Err(UnsupportedVersion.into())`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the version is not supported")]
pub struct UnsupportedVersion;

impl From<UnsupportedVersion> for HostError {
    fn from(error: UnsupportedVersion) -> Self {
        Self::new(error)
    }
}

/// Why the host's state could not be saved or restored.
#[derive(Debug, thiserror::Error)]
pub enum HostStateError {
    /// Two parts of the store's data have one name.
    #[error("two parts of the host's state are called \"{0}\"")]
    DuplicatePart(String),
    /// The image has state that no part of the store's data knows.
    #[error("the image has a host state \"{0}\", which this host does not know")]
    UnknownSection(String),
    /// The image has no state for a part of the store's data.
    #[error("the image has no host state \"{0}\", which this host needs")]
    MissingSection(String),
    /// A part cannot read the version of its state.
    #[error(
        "the host state \"{name}\" is of version {found}, which this host cannot read; it writes {written}"
    )]
    UnsupportedVersion {
        /// The part's name.
        name: String,
        /// The version in the image.
        found: u32,
        /// The version that the part writes.
        written: u32,
    },
    /// The parts could not be prepared to be saved.
    #[error("the host state: {0}")]
    Prepare(HostError),
    /// A part could not be saved or restored.
    #[error("the host state \"{name}\": {source}")]
    Part {
        /// The part's name.
        name: String,
        /// What it says.
        source: HostError,
    },
}

/// The sections of all parts of a store's data.
pub(super) fn save(data: &mut impl HostParts) -> Result<Vec<HostSection>, HostStateError> {
    data.prepare().map_err(HostStateError::Prepare)?;
    let mut sections: Vec<HostSection> = Vec::new();
    for part in data.parts() {
        let name = part.name().to_owned();
        if sections.iter().any(|section| section.name == name) {
            return Err(HostStateError::DuplicatePart(name));
        }
        let version = part.version();
        match part.save() {
            Ok(bytes) => sections.push(HostSection {
                name,
                version,
                bytes,
            }),
            Err(source) => return Err(HostStateError::Part { name, source }),
        }
    }
    Ok(sections)
}

/// Restores all parts of a store's data from their sections, of which no two have one name.
pub(super) fn restore(
    data: &mut impl HostParts,
    sections: &[HostSection],
) -> Result<(), HostStateError> {
    let mut parts = data.parts();
    for (index, part) in parts.iter().enumerate() {
        let name = part.name();
        if parts[..index].iter().any(|other| other.name() == name) {
            return Err(HostStateError::DuplicatePart(name.to_owned()));
        }
        if !sections.iter().any(|section| section.name == name) {
            return Err(HostStateError::MissingSection(name.to_owned()));
        }
    }
    for section in sections {
        let part = parts.iter_mut().find(|part| part.name() == section.name);
        let part = part.ok_or_else(|| HostStateError::UnknownSection(section.name.clone()))?;
        restore_part(&mut **part, section)?;
    }
    Ok(())
}

fn restore_part(part: &mut dyn HostPart, section: &HostSection) -> Result<(), HostStateError> {
    part.restore(section.version, &section.bytes)
        .map_err(|error| {
            let name = section.name.clone();
            match error.downcast::<UnsupportedVersion>() {
                Ok(UnsupportedVersion) => HostStateError::UnsupportedVersion {
                    name,
                    found: section.version,
                    written: part.version(),
                },
                Err(source) => HostStateError::Part { name, source },
            }
        })
}
