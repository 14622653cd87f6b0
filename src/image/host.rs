//! The embedder's own state in an image: sections that only their writers understand.

use super::InstanceImage;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// One part of the embedder's state; see [`HostPart`](crate::runtime::HostPart).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostSection {
    /// Name of the part, which no other section of the image has.
    pub name: String,
    /// Version of the encoding, which is the part's to choose.
    pub version: u32,
    /// The encoded state.
    #[serde(with = "bytes")]
    pub bytes: Vec<u8>,
}

impl InstanceImage<'_> {
    /// The section of a part of the embedder's state.
    pub fn host_section(&self, name: &str) -> Option<&HostSection> {
        self.host.iter().find(|section| section.name == name)
    }
}

/// Bytes as a whole rather than one by one, in the same encoding.
mod bytes {
    use alloc::vec::Vec;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytes)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<u8>, D::Error> {
        <&[u8]>::deserialize(deserializer).map(<[u8]>::to_vec)
    }
}
