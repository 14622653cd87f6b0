//! A compiled module as bytes, so that whoever loads it need not compile.
//!
//! `encode` writes machine code, state map and the module's own bytes; `decode` reads
//! them back and checks all that can be checked: that this build of the compiler made them, for
//! features that are here, that they are whole, and that the tables lead nowhere out of bounds.
//! What machine code does nobody can check, so to load it is a matter of trust
//! ([`Module::deserialize`](crate::runtime::Module::deserialize)). The format is in
//! `docs/precompiled-format.md`.

mod decode;
mod error;
#[cfg(test)]
mod tests;

use crate::abi::CpuFeatures;
use crate::compile::SignatureSite;
use crate::module::{Module, TailCalls, WasmFeatures};
use crate::state::{ModuleStateMap, PackedMap};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

pub(crate) use decode::{Allowed, Decoded, decode, wasm};
pub use error::PrecompiledError;

/// The first bytes of every precompiled module. The high bit and line ends of both kinds
/// show at once when a file went through a text conversion.
pub const MAGIC: [u8; 8] = *b"\x89WFAOT\r\n";

/// The format's version; raised by every change of the bytes' layout.
pub const FORMAT_VERSION: u32 = 1;

/// What this build of the compiler is: a hash over the sources that decide on machine code,
/// its state map, and the memory that it reads.
///
/// The crate's version would not do: it stays the same from one change to the next while
/// code changes. The build script computes the hash, so nobody can forget to raise a number.
/// It does not cover the instruction encoder or rustc: code encoded in another way does
/// the same, and its layouts are `repr(C)`.
pub const COMPILER_IDENTITY: u64 = match u64::from_str_radix(env!("WOODFROG_COMPILER"), 16) {
    Ok(identity) => identity,
    Err(_) => panic!("the build script writes hexadecimal digits"),
};

/// Bytes of the header.
const HEADER_LEN: usize = 96;

/// Bytes of the checksum at the end.
const CHECKSUM_LEN: usize = 4;

/// What is compiled, and how.
pub(crate) struct Parts<'a> {
    pub(crate) module: &'a Module,
    /// The features of WebAssembly that the module was allowed to use.
    pub(crate) wasm_features: WasmFeatures,
    /// The processor features that the code may use.
    pub(crate) cpu_features: CpuFeatures,
    pub(crate) code: &'a [u8],
    pub(crate) state_map: &'a ModuleStateMap,
    pub(crate) signature_sites: &'a [SignatureSite],
}

/// The tables behind the code.
#[derive(Serialize, Deserialize)]
struct Tables<'a> {
    /// Functions that others may return in the place of: how many functions are skipped
    /// before each, and whether that reaches beyond their instance.
    tail_calls: Vec<(u32, bool)>,
    /// Of each place of a type's number, how far it is behind the one before, and the type.
    signatures: Vec<(u32, u32)>,
    #[serde(borrow)]
    state_map: PackedMap<'a>,
}

/// Writes a compiled module.
pub(crate) fn encode(parts: &Parts<'_>) -> Vec<u8> {
    let tables = postcard::to_allocvec(&Tables {
        tail_calls: tail_calls(parts.module),
        signatures: signatures(parts.signature_sites),
        state_map: parts.state_map.pack(),
    })
    .expect("all of these types can be serialized");
    let sections = [&parts.module.bytes, parts.code, &tables];
    let total = HEADER_LEN + sections.iter().map(|s| s.len()).sum::<usize>() + CHECKSUM_LEN;
    let mut bytes = Vec::with_capacity(total);
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(&COMPILER_IDENTITY.to_le_bytes());
    bytes.extend_from_slice(&parts.cpu_features.to_bits().to_le_bytes());
    bytes.extend_from_slice(&parts.wasm_features.to_bits().to_le_bytes());
    for section in sections {
        bytes.extend_from_slice(&(section.len() as u64).to_le_bytes());
    }
    bytes.extend_from_slice(&(total as u64).to_le_bytes());
    bytes.extend_from_slice(&parts.module.hash.0);
    assert_eq!(bytes.len(), HEADER_LEN);
    for section in sections {
        bytes.extend_from_slice(section);
    }
    // An engine's numbers of types mean nothing to another one.
    let code = HEADER_LEN + parts.module.bytes.len();
    for site in parts.signature_sites {
        bytes[code + site.at as usize..][..4].fill(0);
    }
    let checksum = crc32fast::hash(&bytes);
    bytes.extend_from_slice(&checksum.to_le_bytes());
    bytes
}

fn tail_calls(module: &Module) -> Vec<(u32, bool)> {
    let mut next = 0;
    let bodies = (0..).zip(&module.bodies);
    let makes_some = bodies.filter(|(_, body)| body.tail_calls != TailCalls::None);
    makes_some
        .map(|(index, body)| {
            let skipped = index - core::mem::replace(&mut next, index + 1);
            (skipped, body.tail_calls == TailCalls::Beyond)
        })
        .collect()
}

fn signatures(sites: &[SignatureSite]) -> Vec<(u32, u32)> {
    let mut last = 0;
    let sites = sites.iter();
    sites
        .map(|site| {
            (
                site.at - core::mem::replace(&mut last, site.at),
                site.type_index,
            )
        })
        .collect()
}
