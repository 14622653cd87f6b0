//! What a script says: one command after the other.

use crate::pattern::Pattern;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};
use woodfrog::abi::Val;

/// A script.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Script {
    /// What is to be done, in order.
    pub commands: Vec<Command>,
}

/// A directive of a script.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Command {
    /// Its line in the script's text, from 1.
    pub line: u32,
    /// What is to be done.
    pub directive: Directive,
}

/// What a command does. Instances and definitions that have no name here are the latest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Directive {
    /// Instantiates a module.
    Module {
        /// The instance's name from now on.
        name: Option<String>,
        /// The module.
        module: Source,
    },
    /// Validates a module, for instances to be made of it.
    Definition {
        /// The module's name from now on.
        name: Option<String>,
        /// The module.
        module: Source,
    },
    /// Instantiates a module that has been defined.
    Instance {
        /// The instance's name from now on.
        name: Option<String>,
        /// The module's name.
        definition: Option<String>,
    },
    /// Lets modules import what an instance exports.
    Register {
        /// The module name of these imports.
        import_name: String,
        /// The instance.
        instance: Option<String>,
    },
    /// Does something, whose results do not matter.
    Run(Action),
    /// An assertion about an action.
    Assert {
        /// What is done.
        action: Action,
        /// How it must end.
        expected: Expected,
    },
    /// The assertion that a module is malformed or invalid.
    Refused {
        /// Which of the two.
        refusal: Refusal,
        /// The module.
        module: Source,
        /// The specification's reason.
        message: String,
    },
    /// Something that nobody can do who runs scripts in this form.
    Unsupported(String),
}

/// A module in a script.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Source {
    /// A module in the binary format.
    Binary(Vec<u8>),
    /// Text that is no module, and why. Whoever reads text has found that already.
    BadText(String),
}

/// What a script does with an instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Action {
    /// Calls an exported function.
    Invoke {
        /// The instance.
        instance: Option<String>,
        /// The export's name.
        name: String,
        /// Arguments.
        args: Vec<Val>,
    },
    /// Reads an exported global.
    Get {
        /// The instance.
        instance: Option<String>,
        /// The export's name.
        name: String,
    },
    /// Instantiates a module to which the script does not refer again.
    Instantiate(Source),
}

/// How an action must end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Expected {
    /// With these results.
    Return(Vec<Pattern>),
    /// With a trap that has this message.
    Trap(String),
    /// With a trap because the stack is exhausted.
    Exhaustion(String),
    /// The module cannot be linked, with this message.
    Unlinkable(String),
}

/// Why a module must be refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// It has not the form of a module.
    Malformed,
    /// It has, but is not valid.
    Invalid,
}
