//! Frames with names, and with what the symbols of their modules tell about them.

use crate::symbols::{FrameSymbols, Source, Symbols};
use crate::values;
use std::borrow::Cow;
use std::fmt::{self, Display, Formatter};
use std::rc::Rc;
use woodfrog::abi::Val;
use woodfrog::frame::WasmFunctionStateDump;
use woodfrog::image::InstanceImage;
use woodfrog::module::Module;
use woodfrog::runtime::BacktraceFrame;

/// A frame with its symbols.
#[derive(Clone, Debug)]
pub struct NamedFrame {
    /// The frame.
    pub frame: BacktraceFrame,
    /// What is known about it.
    pub symbols: Rc<FrameSymbols>,
}

/// The frames of an image, innermost first. Those whose module is not among
/// `modules` have no name.
pub fn of_image(image: &InstanceImage<'_>, modules: &[&Module]) -> Vec<BacktraceFrame> {
    let frames = image.execution_state.iter().flat_map(|state| &state.frames);
    frames
        .map(|frame| named(frame, module_of(image, frame.instance, modules)))
        .collect()
}

/// The same with symbols.
pub fn with_symbols(
    image: &InstanceImage<'_>,
    modules: &[&Module],
    symbols: &Symbols<'_>,
) -> Vec<NamedFrame> {
    let frames = of_image(image, modules).into_iter();
    frames
        .map(|frame| {
            let module = module_of(image, frame.instance, modules);
            NamedFrame {
                symbols: symbols.of_frame(module.map(|module| module.hash), &frame),
                frame,
            }
        })
        .collect()
}

/// The module of an instance, if it is among `modules`.
pub fn module_of<'m>(
    image: &InstanceImage<'_>,
    instance: u32,
    modules: &[&'m Module],
) -> Option<&'m Module> {
    let instance = image.instances.get(instance as usize)?;
    let hash = image.modules.get(instance.module as usize)?;
    modules.iter().find(|module| module.hash == *hash).copied()
}

fn named(frame: &WasmFunctionStateDump, module: Option<&Module>) -> BacktraceFrame {
    let function = frame.local_function_id;
    let header = module
        .and_then(|module| module.body(function))
        .map(|body| body.first_operator);
    BacktraceFrame {
        instance: frame.instance,
        function,
        name: module
            .and_then(|module| module.function_name(function))
            .map(str::to_owned),
        offset: match frame.wasm_inst_offset {
            usize::MAX => header.unwrap_or(usize::MAX),
            offset => offset,
        },
        locals: frame.locals.clone(),
        stack: frame.stack.clone(),
    }
}

impl NamedFrame {
    /// The name of its function, in the form of its source language.
    fn function(&self) -> Cow<'_, str> {
        let name = self.symbols.demangled.as_ref().or(self.frame.name.as_ref());
        match name {
            Some(name) => printable(name),
            None => format!("<wasm function {}>", self.frame.function).into(),
        }
    }
}

/// The offset and the function, with the places in the source and what was inlined there;
/// then, in a last line, locals and operands.
impl Display for NamedFrame {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.frame.offset {
            // A function's header in a module that is not known.
            usize::MAX => write!(f, "  header - ")?,
            offset => write!(f, "{offset:#8x} - ")?,
        }
        let (inlined, own) = match self.symbols.sources.split_last() {
            Some((own, inlined)) => (inlined, Some(own)),
            None => (&[][..], None),
        };
        for source in inlined {
            let function = source.function.as_deref().unwrap_or("<inlined function>");
            write!(f, "{}", printable(function))?;
            write_place(f, source)?;
            write!(f, "\n{:15} - ", "")?;
        }
        write!(f, "{}", self.function())?;
        if let Some(own) = own {
            write_place(f, own)?;
        }
        write!(f, "\n{:13}locals ", "")?;
        write_values(f, &self.frame.locals, |index| {
            self.symbols.local_names.get(&index)
        })?;
        write!(f, ", stack ")?;
        write_values(f, &self.frame.stack, |_| None)
    }
}

fn write_place(f: &mut Formatter<'_>, source: &Source) -> fmt::Result {
    let Some(file) = &source.file else {
        return Ok(());
    };
    write!(f, "\n{:18}at {}", "", printable(file))?;
    for number in [source.line, source.column].into_iter().map_while(|n| n) {
        write!(f, ":{number}")?;
    }
    Ok(())
}

fn write_values<'n>(
    f: &mut Formatter<'_>,
    values: &[Option<Val>],
    name: impl Fn(u32) -> Option<&'n String>,
) -> fmt::Result {
    f.write_str("[")?;
    for (index, value) in (0..).zip(values) {
        if index > 0 {
            f.write_str(", ")?;
        }
        if let Some(name) = name(index) {
            write!(f, "{}=", printable(name))?;
        }
        match value {
            Some(value) => write!(f, "{}:{}", value.ty(), values::format(value))?,
            None => f.write_str("?")?,
        }
    }
    f.write_str("]")
}

/// Text without what a terminal would take for a command.
fn printable(text: &str) -> Cow<'_, str> {
    match text.contains(char::is_control) {
        true => text.escape_debug().to_string().into(),
        false => text.into(),
    }
}
