//! Names of locals in the name section (WebAssembly 2.0, appendix A.4).

use std::collections::HashMap;
use wasmparser::{IndirectNaming, KnownCustom, Name, Parser, Payload};
use woodfrog::module::Module;

/// The names of the locals of all functions.
#[derive(Debug, Default)]
pub struct LocalNames {
    functions: HashMap<u32, Vec<(u32, String)>>,
}

impl LocalNames {
    /// Reads them, up to the first that is malformed.
    pub fn new(module: &Module) -> Self {
        let mut names = Self::default();
        let payloads = Parser::new(0).parse_all(&module.bytes);
        for payload in payloads.map_while(Result::ok) {
            let Payload::CustomSection(section) = payload else {
                continue;
            };
            let KnownCustom::Name(subsections) = section.as_known() else {
                continue;
            };
            for subsection in subsections.into_iter().map_while(Result::ok) {
                if let Name::Local(functions) = subsection {
                    functions
                        .into_iter()
                        .map_while(Result::ok)
                        .for_each(|function| names.add(function));
                }
            }
        }
        names
    }

    fn add(&mut self, function: IndirectNaming<'_>) {
        let names = function.names.map_while(Result::ok);
        let names = names.map(|naming| (naming.index, naming.name.to_owned()));
        self.functions
            .entry(function.index)
            .or_default()
            .extend(names);
    }

    /// Those of a function, by the index of the local.
    pub fn of_function(&self, function: u32) -> impl Iterator<Item = (u32, String)> + '_ {
        self.functions.get(&function).into_iter().flatten().cloned()
    }
}
