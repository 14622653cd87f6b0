//! The frames of an image, with names.

use woodfrog::frame::WasmFunctionStateDump;
use woodfrog::image::InstanceImage;
use woodfrog::module::Module;
use woodfrog::runtime::BacktraceFrame;

/// The frames of an image, innermost first. Those whose module is not among
/// `modules` have no name.
pub fn of_image(image: &InstanceImage<'_>, modules: &[&Module]) -> Vec<BacktraceFrame> {
    let frames = image.execution_state.iter().flat_map(|state| &state.frames);
    frames
        .map(|frame| named(frame, module_of(image, frame.instance, modules)))
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
