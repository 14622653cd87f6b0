//! The name section (WebAssembly 2.0, appendix A.4): names for backtraces.
//!
//! It has no effect on a module's validity: what cannot be read is left out.

use super::Module;
use wasmparser::{Name, NameMap, NameSectionReader};

/// Adds the names of a name section that are kept, the module's and those of functions, to
/// `module`, up to the first that is malformed.
pub(super) fn read_names(section: NameSectionReader<'_>, module: &mut Module) {
    for subsection in section {
        match subsection {
            Ok(Name::Module { name, .. }) => module.name = Some(name.into()),
            Ok(Name::Function(names)) => add_function_names(names, module),
            Ok(_) => {}
            Err(_) => return,
        }
    }
}

fn add_function_names(names: NameMap<'_>, module: &mut Module) {
    let functions = module.functions.len();
    for naming in names.map_while(Result::ok) {
        if (naming.index as usize) < functions {
            module
                .function_names
                .insert(naming.index, naming.name.into());
        }
    }
}
