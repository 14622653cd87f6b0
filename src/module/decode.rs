//! Decoding with wasmparser.

use super::Module;
use alloc::sync::Arc;

/// Why bytes are not a module that this engine runs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {}

pub(super) fn decode(_bytes: Arc<[u8]>) -> Result<Module, DecodeError> {
    todo!()
}
