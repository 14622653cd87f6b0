//! Why bytes are not a module that this engine runs.

use alloc::string::{String, ToString};
use wasmparser::Payload;

/// Why bytes are not a module that this engine runs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes are not a binary module (WebAssembly 2.0, chapter 5).
    #[error("malformed module at offset {offset:#x}: {message}")]
    Malformed {
        /// Where, in the module's bytes.
        offset: u64,
        /// What is wrong.
        message: String,
    },
    /// They are a module, but not a valid one (WebAssembly 2.0, chapter 3).
    #[error("invalid module at offset {offset:#x}: {message}")]
    Invalid {
        /// Where, in the module's bytes.
        offset: u64,
        /// What is wrong.
        message: String,
    },
    /// The module needs a feature of WebAssembly that this engine does not have.
    #[error("module needs an unsupported feature at offset {offset:#x}: {message}")]
    UnsupportedFeature {
        /// Where, in the module's bytes.
        offset: u64,
        /// Which feature.
        message: String,
    },
    /// The bytes are a component, which is made of modules (the component model's binary format).
    #[error(
        "this is a component, and only core modules are run: compile for wasm32-wasip1 rather than wasm32-wasip2"
    )]
    Component,
    /// A valid construct of a feature that this engine does not have.
    #[error("module has an unsupported {0}")]
    UnsupportedConstruct(&'static str),
    /// The module is larger than offsets of 32 bits can tell.
    #[error("module of {size} bytes is larger than 4 GiB")]
    ModuleTooLarge {
        /// Its size in bytes.
        size: usize,
    },
    /// A function has more locals than [`MAX_LOCALS`](crate::limits::MAX_LOCALS).
    #[error("function {func} has {total} locals or more, the limit is {max}", max = crate::limits::MAX_LOCALS)]
    TooManyLocals {
        /// Index of the function.
        func: u32,
        /// How many locals were counted when it was refused, parameters included.
        total: u64,
    },
    /// Locals and imported function types add up to more than
    /// [`MAX_MODULE_VALUE_TYPES`](crate::limits::MAX_MODULE_VALUE_TYPES).
    #[error("locals and imported function types exceed {max} values", max = crate::limits::MAX_MODULE_VALUE_TYPES)]
    TooManyValueTypes,
}

/// An error of reading alone: what is read is malformed.
impl From<wasmparser::Error> for DecodeError {
    fn from(error: wasmparser::Error) -> Self {
        Self::malformed(error)
    }
}

impl DecodeError {
    /// The bytes do not begin as modules do.
    pub(super) fn without_magic(bytes: &[u8]) -> Self {
        let message = match bytes.trim_ascii_start() {
            [b'(', ..] | [b';', b';', ..] => {
                "it is text, which is to be translated to binary before (the crate wat does)"
            }
            _ => "it does not begin with \\0asm",
        };
        Self::Malformed {
            offset: 0,
            message: message.to_string(),
        }
    }

    fn malformed(error: wasmparser::Error) -> Self {
        Self::unsupported(&error).unwrap_or_else(|| Self::Malformed {
            offset: error.offset(),
            message: error.message().to_string(),
        })
    }

    /// Classifies an error of the validator about `payload`: wasmparser decodes
    /// and validates at once and does not say which of the two failed.
    pub(super) fn refused(error: wasmparser::Error, payload: &Payload<'_>) -> Self {
        if !can_decode(payload) {
            return Self::malformed(error);
        }
        Self::unsupported(&error).unwrap_or_else(|| Self::Invalid {
            offset: error.offset(),
            message: error.message().to_string(),
        })
    }

    fn unsupported(error: &wasmparser::Error) -> Option<Self> {
        error.missing_wasm_feature()?;
        Some(Self::UnsupportedFeature {
            offset: error.offset(),
            message: error.message().to_string(),
        })
    }
}

/// Whether a payload decodes, valid or not.
fn can_decode(payload: &Payload<'_>) -> bool {
    match payload {
        Payload::TypeSection(s) => s.clone().into_iter().all(|item| item.is_ok()),
        Payload::ImportSection(s) => s.clone().into_iter().all(|item| item.is_ok()),
        Payload::FunctionSection(s) => s.clone().into_iter().all(|item| item.is_ok()),
        Payload::TableSection(s) => s.clone().into_iter().all(|item| item.is_ok()),
        Payload::MemorySection(s) => s.clone().into_iter().all(|item| item.is_ok()),
        Payload::GlobalSection(s) => s.clone().into_iter().all(|item| item.is_ok()),
        Payload::ExportSection(s) => s.clone().into_iter().all(|item| item.is_ok()),
        Payload::ElementSection(s) => s.clone().into_iter().all(|item| item.is_ok()),
        Payload::DataSection(s) => s.clone().into_iter().all(|item| item.is_ok()),
        Payload::CodeSectionEntry(body) => body
            .get_operators_reader()
            .is_ok_and(|operators| operators.into_iter().all(|item| item.is_ok())),
        Payload::StartSection { .. } => true,
        // What is left are headers, counts that contradict each other, and unknown sections.
        _ => false,
    }
}
