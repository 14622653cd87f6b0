//! What the custom sections of modules tell about their code: names of functions and locals
//! from the name section, source lines, inlined functions and locals from DWARF.
//!
//! All of it is hostile and none of it is needed: what cannot be read is left out. The work
//! that is done on it is bounded by a [`Budget`], since a few bytes of DWARF can ask for a lot.

mod budget;
mod demangle;
mod dwarf;
mod lines;
mod names;
mod scopes;

pub use demangle::demangle;

use budget::Budget;
use dwarf::DebugInfo;
use names::LocalNames;
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use woodfrog::module::{Module, ModuleHash};
use woodfrog::runtime::BacktraceFrame;

/// The symbols of some modules, which are read when they are asked for.
pub struct Symbols<'m> {
    modules: Vec<ModuleSymbols<'m>>,
}

/// What is known about a frame.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FrameSymbols {
    /// The function's name in the form of its source language, if that is another than in the
    /// module.
    pub demangled: Option<String>,
    /// Where in the source it stands: first in the function that was inlined last, and last in
    /// the one that the frame is of. Empty without DWARF.
    pub sources: Vec<Source>,
    /// Names of locals by index.
    pub local_names: BTreeMap<u32, String>,
}

impl FrameSymbols {
    fn len_bytes(&self) -> usize {
        let sources = self.sources.iter();
        let strings = sources.flat_map(|source| [&source.function, &source.file]);
        let strings = strings.chain([&self.demangled]).flatten();
        strings
            .chain(self.local_names.values())
            .map(String::len)
            .sum()
    }
}

/// A place in a source file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// The function, demangled.
    pub function: Option<String>,
    /// Path of the file, as the compiler wrote it down.
    pub file: Option<String>,
    /// Line, from 1.
    pub line: Option<u64>,
    /// Column, from 1.
    pub column: Option<u64>,
}

impl<'m> Symbols<'m> {
    /// The symbols of these modules.
    pub fn new(modules: impl IntoIterator<Item = &'m Module>) -> Self {
        let modules = modules.into_iter().map(ModuleSymbols::new);
        Self {
            modules: modules.collect(),
        }
    }

    /// What is known about a frame of a module; nothing if it is not among these.
    pub fn of_frame(&self, module: Option<ModuleHash>, frame: &BacktraceFrame) -> Rc<FrameSymbols> {
        let mut modules = self.modules.iter();
        match modules.find(|symbols| Some(symbols.module.hash) == module) {
            Some(symbols) => symbols.of_frame(frame),
            None => Rc::default(),
        }
    }

    /// Whether there is more debug information than was read, so that lines may be missing.
    pub fn is_incomplete(&self) -> bool {
        let mut modules = self.modules.iter();
        modules.any(|symbols| symbols.budget.is_exhausted())
    }
}

/// The symbols of a module.
struct ModuleSymbols<'m> {
    module: &'m Module,
    budget: Budget,
    debug_info: OnceCell<Option<DebugInfo<'m>>>,
    local_names: OnceCell<LocalNames>,
    /// By function and offset.
    known: RefCell<HashMap<(u32, usize), Rc<FrameSymbols>>>,
}

impl<'m> ModuleSymbols<'m> {
    fn new(module: &'m Module) -> Self {
        Self {
            module,
            budget: Budget::new(),
            debug_info: OnceCell::new(),
            local_names: OnceCell::new(),
            known: RefCell::default(),
        }
    }

    fn of_frame(&self, frame: &BacktraceFrame) -> Rc<FrameSymbols> {
        let place = (frame.function, frame.offset);
        let known = self.known.borrow().get(&place).cloned();
        let symbols = known.unwrap_or_else(|| {
            let found = Rc::new(self.find(frame));
            self.known.borrow_mut().insert(place, found.clone());
            found
        });
        // What is told of a frame is text in somebody's output, however often it is told.
        match self.budget.take(symbols.len_bytes()) {
            Ok(()) => symbols,
            Err(_) => Rc::default(),
        }
    }

    fn find(&self, frame: &BacktraceFrame) -> FrameSymbols {
        let debug_info = self.debug_info.get_or_init(|| DebugInfo::new(self.module));
        let located = debug_info
            .as_ref()
            .map(|debug_info| debug_info.locate(frame.offset, &self.budget))
            .unwrap_or_default();
        let named = self
            .local_names
            .get_or_init(|| LocalNames::new(self.module));
        let mut local_names = located.local_names;
        local_names.extend(named.of_function(frame.function));
        FrameSymbols {
            demangled: frame.name.as_deref().and_then(demangle),
            sources: located.sources,
            local_names,
        }
    }
}
