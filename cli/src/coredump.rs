//! `woodfrog coredump`, and the core dumps of traps: the state of a program in the format that
//! WebAssembly's tool conventions give (Coredump.md), for debuggers and other tools to read.
//!
//! A core dump is a module that nobody instantiates: memories and globals are in sections of
//! the usual kinds, and custom sections say which instance has which of them, and where it
//! stands. Pages of zeros are left out. What the format has no words for is missing: tables,
//! and among the values of frames vectors and references; globals of reference types are null.

mod data;

use crate::args::CoredumpArgs;
use crate::error::Failure;
use crate::frozen::Frozen;
use crate::{frames, output, report};
use data::DataSection;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use wasm_encoder::{
    ConstExpr, CoreDumpInstancesSection, CoreDumpModulesSection, CoreDumpSection,
    CoreDumpStackSection, CoreDumpValue, GlobalSection, HeapType, Ieee32, Ieee64, MemorySection,
};
use woodfrog::abi::{Val, ValType};
use woodfrog::image::InstanceImage;
use woodfrog::module::{AddressType, Module, ModuleHash};
use woodfrog::runtime::BacktraceFrame;

/// The name of the only thread.
const THREAD: &str = "main";

/// Writes the core dump of an image and returns the exit code.
///
/// # Errors
///
/// [`Failure`]; the exit code is then 1.
pub fn coredump(args: &CoredumpArgs) -> Result<u8, Failure> {
    let frozen = Frozen::read(&args.image_file, &args.module, &args.checkpoint)?;
    let image = frozen.image()?;
    let modules = frozen.modules();
    let frames = frames::of_image(&image, &modules);
    if modules.is_empty() && !frames.is_empty() {
        report::note(
            "without --module the core dump has no code offsets, only functions and values",
        );
    }
    let dump = CoreDump {
        image: &image,
        frames: &frames,
        modules: &modules,
        module_path: &|hash| frozen.module_path(hash).map(Path::to_owned),
    };
    dump.write(&args.output)?;
    Ok(0)
}

/// What goes into a core dump.
pub struct CoreDump<'a> {
    /// The state of the store.
    pub image: &'a InstanceImage<'a>,
    /// The frames, innermost first; those of the image are not looked at.
    pub frames: &'a [BacktraceFrame],
    /// Modules, in any order; offsets in the code of others are not known.
    pub modules: &'a [&'a Module],
    /// Where a module comes from. Others are called by their hash.
    pub module_path: &'a dyn Fn(ModuleHash) -> Option<PathBuf>,
}

impl CoreDump<'_> {
    /// Writes it to a file.
    ///
    /// # Errors
    ///
    /// [`Failure::Write`], also if the memories have too much for the format.
    pub fn write(&self, path: &Path) -> Result<(), Failure> {
        output::write_with(path, |file| {
            let mut out = BufWriter::new(file);
            self.write_to(&mut out)?;
            out.flush()
        })
    }

    fn write_to(&self, out: &mut dyn Write) -> io::Result<()> {
        let data = DataSection::new(&self.image.memories)?;
        let mut start = wasm_encoder::Module::new();
        start
            .section(&CoreDumpSection::new(self.executable()))
            .section(&self.module_section())
            .section(&self.instances())
            .section(&self.stack())
            .section(&self.memories())
            .section(&self.globals());
        out.write_all(start.as_slice())?;
        data.write_to(out)
    }

    /// The program is the module that was instantiated last: the others were there for it.
    fn executable(&self) -> String {
        let instance = self.image.instances.last();
        let hash = instance.and_then(|instance| self.image.modules.get(instance.module as usize));
        hash.map_or_else(String::new, |&hash| self.name_of(hash))
    }

    fn name_of(&self, hash: ModuleHash) -> String {
        match (self.module_path)(hash) {
            Some(path) => path.display().to_string(),
            None => format!("sha256:{hash}"),
        }
    }

    fn module_section(&self) -> CoreDumpModulesSection {
        let mut section = CoreDumpModulesSection::new();
        for &hash in &self.image.modules {
            section.module(self.name_of(hash));
        }
        section
    }

    fn instances(&self) -> CoreDumpInstancesSection {
        let mut section = CoreDumpInstancesSection::new();
        for instance in &self.image.instances {
            let memories = instance.memories.iter().copied();
            section.instance(instance.module, memories, instance.globals.iter().copied());
        }
        section
    }

    fn stack(&self) -> CoreDumpStackSection {
        let mut section = CoreDumpStackSection::new(THREAD);
        for frame in self.frames {
            let locals: Vec<_> = frame.locals.iter().map(core_dump_value).collect();
            let stack: Vec<_> = frame.stack.iter().map(core_dump_value).collect();
            let offset = self.code_offset(frame);
            section.frame(frame.instance, frame.function, offset, locals, stack);
        }
        section
    }

    /// Offset of a frame's instruction from the start of its function's body, which begins
    /// with the declarations of locals; 0 if it is not known.
    fn code_offset(&self, frame: &BacktraceFrame) -> u32 {
        let module = frames::module_of(self.image, frame.instance, self.modules);
        let body = module.and_then(|module| module.body(frame.function));
        let offset = body.and_then(|body| frame.offset.checked_sub(body.range.start));
        offset.map_or(0, |offset| u32::try_from(offset).unwrap_or(0))
    }

    fn memories(&self) -> MemorySection {
        let mut section = MemorySection::new();
        for memory in &self.image.memories {
            section.memory(wasm_encoder::MemoryType {
                minimum: memory.size_pages,
                maximum: memory.ty.maximum,
                memory64: memory.ty.address == AddressType::I64,
                shared: false,
                page_size_log2: None,
            });
        }
        section
    }

    fn globals(&self) -> GlobalSection {
        let mut section = GlobalSection::new();
        for global in &self.image.globals {
            let ty = wasm_encoder::GlobalType {
                val_type: val_type(global.ty.value),
                mutable: false,
                shared: false,
            };
            section.global(ty, &constant(&global.value));
        }
        section
    }
}

fn core_dump_value(value: &Option<Val>) -> CoreDumpValue {
    match *value {
        Some(Val::I32(value)) => CoreDumpValue::I32(value),
        Some(Val::I64(value)) => CoreDumpValue::I64(value),
        Some(Val::F32(bits)) => CoreDumpValue::F32(Ieee32::new(bits)),
        Some(Val::F64(bits)) => CoreDumpValue::F64(Ieee64::new(bits)),
        Some(Val::V128(_) | Val::FuncRef(_) | Val::ExternRef(_)) | None => CoreDumpValue::Missing,
    }
}

fn val_type(ty: ValType) -> wasm_encoder::ValType {
    match ty {
        ValType::I32 => wasm_encoder::ValType::I32,
        ValType::I64 => wasm_encoder::ValType::I64,
        ValType::F32 => wasm_encoder::ValType::F32,
        ValType::F64 => wasm_encoder::ValType::F64,
        ValType::V128 => wasm_encoder::ValType::V128,
        ValType::FuncRef => wasm_encoder::ValType::FUNCREF,
        ValType::ExternRef => wasm_encoder::ValType::EXTERNREF,
    }
}

fn constant(value: &Val) -> ConstExpr {
    match *value {
        Val::I32(value) => ConstExpr::i32_const(value),
        Val::I64(value) => ConstExpr::i64_const(value),
        Val::F32(bits) => ConstExpr::f32_const(Ieee32::new(bits)),
        Val::F64(bits) => ConstExpr::f64_const(Ieee64::new(bits)),
        Val::V128(bits) => ConstExpr::v128_const(bits as i128),
        Val::FuncRef(_) => ConstExpr::ref_null(HeapType::FUNC),
        Val::ExternRef(_) => ConstExpr::ref_null(HeapType::EXTERN),
    }
}
