//! `woodfrog compile`: a module to machine code, which is written and not run.

use crate::args::CompileArgs;
use crate::error::Failure;
use crate::load::Loader;
use crate::platform::LinuxPlatform;
use crate::{output, report};
use std::sync::Arc;
use woodfrog::runtime::{Config, Engine};

/// Compiles a module and returns the exit code.
///
/// # Errors
///
/// [`Failure`]; the exit code is then 1.
pub fn compile(args: &CompileArgs) -> Result<u8, Failure> {
    let config = Config {
        features: args.cpu,
        ..Config::default()
    };
    let engine = Engine::new(Arc::new(LinuxPlatform::new()), config);
    let mut loader = Loader::default();
    let module = loader.load(&engine, &args.file)?;
    if let Some(path) = &args.output {
        output::write(path, &module.serialize())?;
    }
    if args.stats {
        let statistics = module.statistics();
        report::print_text(&format!(
            "functions {}\nwasm_code {}\nmachine_code {}\nstate_map {}\ncompile_seconds {}\n",
            statistics.functions,
            statistics.wasm_code,
            statistics.machine_code,
            statistics.state_map,
            loader.compile_time.as_secs_f64(),
        ))?;
    }
    Ok(0)
}
