//! Bytes to a compiled module, checked.
//!
//! What cannot be loaded because of where it comes from is refused before anything else of
//! it is looked at. Nothing is allocated in proportion to a number that the bytes merely claim.

use super::{
    CHECKSUM_LEN, COMPILER_IDENTITY, FORMAT_VERSION, HEADER_LEN, MAGIC, PrecompiledError, Tables,
};
use crate::abi::CpuFeatures;
use crate::compile::{CompiledModule, SignatureSite};
use crate::module::{Module, ModuleHash, TailCalls, WasmFeatures};
use alloc::vec::Vec;

/// What whoever loads a module allows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowed {
    /// What the processor has.
    pub(crate) processor: CpuFeatures,
    /// What code may use of that.
    pub(crate) cpu_features: CpuFeatures,
    /// What modules may use.
    pub(crate) wasm_features: WasmFeatures,
}

/// A precompiled module that has been checked.
pub(crate) struct Decoded {
    pub(crate) module: Module,
    pub(crate) compiled: CompiledModule,
    pub(crate) cpu_features: CpuFeatures,
    pub(crate) wasm_features: WasmFeatures,
}

/// The wasm that a precompiled module was made of, whichever compiler made it, and for which
/// processor. It has not been looked at.
pub(crate) fn wasm(bytes: &[u8]) -> Result<&[u8], PrecompiledError> {
    Ok(split(bytes, None)?.wasm)
}

/// The parts of the input, which is whole.
struct Sections<'a> {
    cpu_features: u32,
    wasm_features: u32,
    hash: ModuleHash,
    wasm: &'a [u8],
    code: &'a [u8],
    tables: &'a [u8],
}

/// Reads a compiled module.
pub(crate) fn decode(bytes: &[u8], allowed: Allowed) -> Result<Decoded, PrecompiledError> {
    let sections = split(bytes, Some(COMPILER_IDENTITY))?;
    let cpu_features = check_cpu_features(sections.cpu_features, allowed)?;
    let wasm_features = check_wasm_features(sections.wasm_features, allowed)?;
    let mut module = Module::decode_without_bodies(sections.wasm, wasm_features, sections.hash)?;
    let (tables, rest) = postcard::take_from_bytes::<Tables<'_>>(sections.tables)
        .or(Err(PrecompiledError::Tables))?;
    if !rest.is_empty() {
        return Err(PrecompiledError::Tables);
    }
    let out_of_bounds = |table| PrecompiledError::OutOfBounds { table };
    let code_size = u32::try_from(sections.code.len()).or(Err(out_of_bounds("code")))?;
    set_tail_calls(&mut module, &tables.tail_calls).ok_or(out_of_bounds("tail calls"))?;
    let signature_sites = signature_sites(&tables.signatures, &module, code_size);
    let signature_sites = signature_sites.ok_or(out_of_bounds("type numbers"))?;
    let state_map = tables.state_map.unpack(&module, code_size);
    let state_map = state_map.map_err(|(index, flaw)| PrecompiledError::StateMap {
        function: module.imported_functions + index,
        flaw,
    })?;
    let functions = state_map.local_functions();
    Ok(Decoded {
        compiled: CompiledModule {
            code: sections.code.to_vec(),
            functions: functions
                .map(|function| function.start_offset()..function.end_offset())
                .collect(),
            state_map,
            signature_sites,
        },
        module,
        cpu_features,
        wasm_features,
    })
}

/// Checks where the bytes come from and that they are whole, and finds their parts. Any
/// compiler may have made them if none is `expected`.
fn split(bytes: &[u8], expected: Option<u64>) -> Result<Sections<'_>, PrecompiledError> {
    if bytes.len() < HEADER_LEN + CHECKSUM_LEN {
        return Err(PrecompiledError::TooShort { len: bytes.len() });
    }
    let (header, body) = bytes.split_at(HEADER_LEN);
    let mut header = Header(header);
    let found = header.take();
    if found != MAGIC {
        return Err(PrecompiledError::Magic { found });
    }
    let found = header.u32();
    if found != FORMAT_VERSION {
        return Err(PrecompiledError::FormatVersion { found });
    }
    let reserved: [u8; 4] = header.take();
    let found = header.u64();
    if let Some(expected) = expected.filter(|&expected| expected != found) {
        return Err(PrecompiledError::Compiler { found, expected });
    }
    let (cpu_features, wasm_features) = (header.u32(), header.u32());
    let lengths = [header.u64(), header.u64(), header.u64()];
    let total = header.u64();
    if total != bytes.len() as u64 {
        return Err(PrecompiledError::Length {
            expected: total,
            found: bytes.len() as u64,
        });
    }
    let (body, checksum) = body.split_at(body.len() - CHECKSUM_LEN);
    let found = Header(checksum).u32();
    let computed = crc32fast::hash(&bytes[..bytes.len() - CHECKSUM_LEN]);
    if found != computed {
        return Err(PrecompiledError::Checksum { found, computed });
    }
    if let Some(index) = reserved.iter().position(|&byte| byte != 0) {
        return Err(PrecompiledError::Reserved { offset: 12 + index });
    }
    let [wasm, code, tables] = parts(body, lengths).ok_or(PrecompiledError::Layout { total })?;
    Ok(Sections {
        cpu_features,
        wasm_features,
        hash: ModuleHash(header.take()),
        wasm,
        code,
        tables,
    })
}

/// Splits `body` into parts of these lengths, with nothing left over.
fn parts(mut body: &[u8], lengths: [u64; 3]) -> Option<[&[u8]; 3]> {
    let mut parts = [&[][..]; 3];
    for (part, length) in parts.iter_mut().zip(lengths) {
        (*part, body) = body.split_at_checked(usize::try_from(length).ok()?)?;
    }
    body.is_empty().then_some(parts)
}

/// The rest of a header whose length is known.
struct Header<'a>(&'a [u8]);

impl Header<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let (bytes, rest) = self.0.split_first_chunk().expect("headers have one length");
        self.0 = rest;
        *bytes
    }

    fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.take())
    }

    fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.take())
    }
}

fn check_cpu_features(bits: u32, allowed: Allowed) -> Result<CpuFeatures, PrecompiledError> {
    let unknown = PrecompiledError::UnknownCpuFeatures(bits);
    let features = CpuFeatures::from_bits(bits).ok_or(unknown)?;
    let missing = features.without(allowed.processor);
    if missing != CpuFeatures::BASELINE {
        return Err(PrecompiledError::MissingCpuFeatures(missing));
    }
    let disallowed = features.without(allowed.cpu_features);
    if disallowed != CpuFeatures::BASELINE {
        return Err(PrecompiledError::DisallowedCpuFeatures(disallowed));
    }
    Ok(features)
}

fn check_wasm_features(bits: u32, allowed: Allowed) -> Result<WasmFeatures, PrecompiledError> {
    let unknown = PrecompiledError::UnknownWasmFeatures(bits);
    let features = WasmFeatures::from_bits(bits).ok_or(unknown)?;
    let disallowed = features.without(allowed.wasm_features);
    match disallowed == WasmFeatures::V1 {
        true => Ok(features),
        false => Err(PrecompiledError::DisallowedWasmFeatures(disallowed)),
    }
}

fn set_tail_calls(module: &mut Module, tail_calls: &[(u32, bool)]) -> Option<()> {
    let mut bodies = module.bodies.iter_mut();
    for &(skipped, is_beyond) in tail_calls {
        bodies.nth(skipped as usize)?.tail_calls = match is_beyond {
            true => TailCalls::Beyond,
            false => TailCalls::Within,
        };
    }
    Some(())
}

fn signature_sites(
    signatures: &[(u32, u32)],
    module: &Module,
    code_size: u32,
) -> Option<Vec<SignatureSite>> {
    let mut at = 0u32;
    let sites = signatures.iter().map(|&(distance, type_index)| {
        at = at.checked_add(distance)?;
        let is_in_code = at.checked_add(4)? <= code_size;
        let exists = is_in_code && (type_index as usize) < module.types.len();
        exists.then_some(SignatureSite { at, type_index })
    });
    sites.collect()
}
