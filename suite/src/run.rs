//! Carries scripts out.

use crate::freezing::{Counting, EveryPoint, Freezer};
use crate::pattern;
use crate::report::{Failure, Kind, Mismatch, Report};
use crate::script::{Action, Command, Directive, Expected, Refusal, Script, Source};
use crate::versions::{Switching, Thawing};
use crate::world::{ActionError, World};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::num::NonZeroU64;
use woodfrog::abi::{TrapCode, Val};
use woodfrog::module::DecodeError;
use woodfrog::runtime::{CallError, Engine, InstantiateError, Module, ModuleError, Trap};

/// Bytes of a script's stack. Scripts overflow it on purpose, and then each frozen
/// call has as many frames as fit: more would only take longer.
pub const STACK_SIZE: u64 = 512 << 10;

/// Runs a script, and freezes its calls when the freezer says so.
pub fn run(script: &Script, engine: &Engine, freezer: &mut dyn Freezer) -> Report {
    let mut world = World::new(engine, freezer);
    let mut report = Report::default();
    for Command { line, directive } in &script.commands {
        match run_directive(&mut world, directive) {
            Ok(None) => {}
            Ok(Some(kind)) => report.passed[kind] += 1,
            Err(mismatch) => {
                let is_store_lost = matches!(mismatch, Mismatch::Action(ActionError::Freeze(_)));
                let line = *line;
                report.failures.push(Failure { line, mismatch });
                if is_store_lost {
                    break;
                }
            }
        }
    }
    report.freezes = world.freezes();
    report
}

/// Runs a script, and freezes its calls at every `every`th suspend point, as
/// [`EveryPoint`] does. A first run, without freezes, tells how many points there are.
pub fn run_frozen(script: &Script, engine: &Engine, every: NonZeroU64, seed: u64) -> Report {
    let mut counting = Counting::default();
    run(script, engine, &mut counting);
    let points = counting.points.iter().sum();
    let mut freezer = EveryPoint::new(every, counting.points, seed);
    Report {
        points,
        ..run(script, engine, &mut freezer)
    }
}

/// Runs a script as [`run_frozen`] does; at each of the suspend points, frames change their
/// code version.
pub fn run_switching(
    script: &Script,
    engine: &Engine,
    every: NonZeroU64,
    seed: u64,
    thawing: Thawing,
) -> Report {
    let mut counting = Counting::default();
    run(script, engine, &mut counting);
    let points = counting.points.iter().sum();
    let mut freezer = EveryPoint::new(every, counting.points, seed);
    let mut switching = Switching::new(&mut freezer, seed, thawing);
    let report = run(script, engine, &mut switching);
    Report {
        points,
        moves: switching.moves(),
        ..report
    }
}

/// Returns which kind of assertion holds, if it is one.
fn run_directive(world: &mut World<'_>, directive: &Directive) -> Result<Option<Kind>, Mismatch> {
    match directive {
        Directive::Module { name, module } => {
            world.forget(name);
            let module = compile(world, module)?;
            world.instantiate(name.clone(), &module)?;
        }
        Directive::Definition { name, module } => {
            let module = compile(world, module)?;
            world.define(name.clone(), module);
        }
        Directive::Instance { name, definition } => {
            world.forget(name);
            let module = world.definition(definition)?;
            world.instantiate(name.clone(), &module)?;
        }
        Directive::Register {
            import_name,
            instance,
        } => world.register(import_name, instance.clone())?,
        Directive::Run(action) => {
            execute(world, action)?;
        }
        Directive::Assert { action, expected } => return check(world, action, expected).map(Some),
        Directive::Refused {
            refusal,
            module,
            message,
        } => return check_refused(world, *refusal, module, message).map(Some),
        Directive::Unsupported(what) => return Err(Mismatch::Unsupported(what.clone())),
    }
    Ok(None)
}

fn check(world: &mut World<'_>, action: &Action, expected: &Expected) -> Result<Kind, Mismatch> {
    let result = execute(world, action);
    match expected {
        Expected::Return(patterns) => match result {
            Ok(found) if pattern::match_all(patterns, &found) => Ok(Kind::Return),
            result => Err(Mismatch::Unexpected {
                expected: pattern::describe_expected(patterns),
                found: describe(result)?,
            }),
        },
        Expected::Trap(message) => {
            check_trap(message, result)?;
            Ok(match action {
                Action::Instantiate(_) => Kind::Uninstantiable,
                Action::Invoke { .. } | Action::Get { .. } => Kind::Trap,
            })
        }
        Expected::Exhaustion(message) => {
            check_trap(message, result)?;
            Ok(Kind::Exhaustion)
        }
        Expected::Unlinkable(message) => {
            check_unlinkable(message, result)?;
            Ok(Kind::Unlinkable)
        }
    }
}

fn check_trap(message: &str, result: Result<Vec<Val>, Mismatch>) -> Result<(), Mismatch> {
    if let Err(Mismatch::Action(error)) = &result
        && trap_of(error).is_some_and(|trap| is_message(message, trap.code))
    {
        return Ok(());
    }
    Err(Mismatch::Unexpected {
        expected: format!("trap \"{message}\""),
        found: describe(result)?,
    })
}

/// Scripts may have less of a message than we, or append the value at fault.
fn is_message(expected: &str, code: TrapCode) -> bool {
    let found = code.message();
    found.starts_with(expected) || expected.starts_with(found)
}

/// Results or a trap as text; any other failure stays one.
fn describe(result: Result<Vec<Val>, Mismatch>) -> Result<String, Mismatch> {
    match result {
        Ok(values) => Ok(pattern::describe_found(&values)),
        Err(Mismatch::Action(error)) => match trap_of(&error) {
            Some(trap) => Ok(format!("trap \"{}\"", trap.code)),
            None => Err(error.into()),
        },
        Err(other) => Err(other),
    }
}

fn trap_of(error: &ActionError) -> Option<&Trap> {
    match error {
        ActionError::Call(CallError::Trap(trap))
        | ActionError::Instantiate(InstantiateError::Trap(trap)) => Some(trap),
        _ => None,
    }
}

fn check_unlinkable(message: &str, result: Result<Vec<Val>, Mismatch>) -> Result<(), Mismatch> {
    let found = match result {
        Ok(_) => "an instance".to_owned(),
        Err(Mismatch::Action(ActionError::Instantiate(error))) => error.to_string(),
        Err(other) => return Err(other),
    };
    if found.starts_with(message) {
        return Ok(());
    }
    Err(Mismatch::Unexpected {
        expected: format!("link error \"{message}\""),
        found,
    })
}

/// Text and binary formats alike, malformed or invalid: where the line between the two
/// is, the suite and the decoder see differently; refused is refused. But it must be for
/// what the module is, not for what the engine lacks or bounds.
fn check_refused(
    world: &mut World<'_>,
    refusal: Refusal,
    module: &Source,
    message: &str,
) -> Result<Kind, Mismatch> {
    match compile(world, module) {
        Err(Mismatch::Text(_)) => Ok(Kind::BadText),
        Err(Mismatch::Action(ActionError::Module(ModuleError::Decode(
            DecodeError::Malformed { .. }
            | DecodeError::Invalid { .. }
            | DecodeError::Component
            | DecodeError::UnsupportedFeature { .. },
        )))) => Ok(match refusal {
            Refusal::Malformed => Kind::Malformed,
            Refusal::Invalid => Kind::Invalid,
        }),
        // Here the engine's own bound stands for the specification's, which is larger.
        Err(Mismatch::Action(ActionError::Module(ModuleError::Decode(
            DecodeError::TooManyLocals { .. },
        )))) if message == "too many locals" => Ok(Kind::Malformed),
        Err(other) => Err(other),
        Ok(_) => Err(Mismatch::Unexpected {
            expected: format!("refusal \"{message}\""),
            found: "a valid module".to_owned(),
        }),
    }
}

fn execute(world: &mut World<'_>, action: &Action) -> Result<Vec<Val>, Mismatch> {
    match action {
        Action::Invoke {
            instance,
            name,
            args,
        } => Ok(world.invoke(instance, name, args)?),
        Action::Get { instance, name } => Ok(Vec::from([world.global(instance, name)?])),
        Action::Instantiate(module) => {
            let module = compile(world, module)?;
            world.try_instantiate(&module)?;
            Ok(Vec::new())
        }
    }
}

fn compile(world: &mut World<'_>, module: &Source) -> Result<Module, Mismatch> {
    match module {
        Source::Binary(bytes) => Ok(world.compile(bytes).map_err(ActionError::Module)?),
        Source::BadText(reason) => Err(Mismatch::Text(reason.clone())),
    }
}
