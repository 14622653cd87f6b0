//! Scripts: one directive after another, and what became of them.

use super::values;
use super::world::{ActionError, Options, World};
use wast::lexer::Lexer;
use wast::parser::{self, ParseBuffer};
use wast::token::{Id, Span};
use wast::{QuoteWat, Wast, WastDirective, WastExecute, WastInvoke, WastRet, Wat};
use woodfrog::abi::Value;
use woodfrog::runtime::{CallError, InstantiateError, Module, ModuleError, Trap};

/// What became of a script.
#[derive(Debug, Default)]
pub struct Summary {
    /// How many assertions hold.
    pub passed: usize,
    /// How often a call was frozen and thawed.
    pub freezes: u64,
    /// Assertions that do not, and other directives that failed, in order.
    pub problems: Vec<Problem>,
}

/// A directive that failed.
#[derive(Debug)]
pub struct Problem {
    /// Its line, from 1.
    pub line: usize,
    /// How.
    pub mismatch: Mismatch,
}

/// How a directive failed.
#[derive(Debug, thiserror::Error)]
pub enum Mismatch {
    /// Something else than what was asserted.
    #[error("expected {expected}, found {found}")]
    Unexpected {
        /// What was asserted.
        expected: String,
        /// What there is.
        found: String,
    },
    /// It could not be done.
    #[error(transparent)]
    Action(#[from] ActionError),
    /// The script's text is malformed.
    #[error("bad text: {0}")]
    Text(String),
    /// The script asks for something that this runner or the engine does not have.
    #[error("not supported: {0}")]
    Unsupported(&'static str),
}

impl Summary {
    /// Of a script that could not be run.
    pub fn not_run(line: usize, mismatch: Mismatch) -> Self {
        Self {
            problems: vec![Problem { line, mismatch }],
            ..Self::default()
        }
    }
}

/// Runs a script.
pub fn run(source: &str, options: &Options) -> Summary {
    match run_directives(source, options) {
        Ok(summary) => summary,
        Err(error) => {
            let mismatch = Mismatch::Text(error.message());
            Summary::not_run(line(error.span(), source), mismatch)
        }
    }
}

fn run_directives(source: &str, options: &Options) -> Result<Summary, wast::Error> {
    let mut lexer = Lexer::new(source);
    // The suite has names in scripts that are written from right to left.
    lexer.allow_confusing_unicode(true);
    let buffer = ParseBuffer::new_with_lexer(lexer)?;
    let script: Wast<'_> = parser::parse(&buffer)?;
    let mut world = World::new(options);
    let mut summary = Summary::default();
    for directive in script.directives {
        let line = line(directive.span(), source);
        match run_directive(&mut world, directive) {
            Ok(Kind::Action) => {}
            Ok(Kind::Assertion) => summary.passed += 1,
            Err(mismatch) => {
                let is_store_lost = matches!(mismatch, Mismatch::Action(ActionError::Freeze(_)));
                summary.problems.push(Problem { line, mismatch });
                if is_store_lost {
                    break;
                }
            }
        }
    }
    summary.freezes = world.freezes();
    Ok(summary)
}

fn line(span: Span, source: &str) -> usize {
    span.linecol_in(source).0 + 1
}

/// What a directive was.
enum Kind {
    Action,
    Assertion,
}

fn run_directive(world: &mut World, directive: WastDirective<'_>) -> Result<Kind, Mismatch> {
    match directive {
        WastDirective::Module(mut module) => {
            let name = owned(module.name());
            world.forget(name.clone());
            let module = compile(world, &mut module)?;
            world.instantiate(name, &module)?;
            Ok(Kind::Action)
        }
        WastDirective::ModuleDefinition(mut module) => {
            let name = owned(module.name());
            let module = compile(world, &mut module)?;
            world.define(name, module);
            Ok(Kind::Action)
        }
        WastDirective::ModuleInstance {
            instance, module, ..
        } => {
            let name = owned(instance);
            world.forget(name.clone());
            let module = world.definition(owned(module))?;
            world.instantiate(name, &module)?;
            Ok(Kind::Action)
        }
        WastDirective::Register { name, module, .. } => {
            world.register(name, owned(module))?;
            Ok(Kind::Action)
        }
        WastDirective::Invoke(call) => {
            invoke(world, &call)?;
            Ok(Kind::Action)
        }
        assertion => {
            check(world, assertion)?;
            Ok(Kind::Assertion)
        }
    }
}

fn check(world: &mut World, assertion: WastDirective<'_>) -> Result<(), Mismatch> {
    match assertion {
        WastDirective::AssertReturn { exec, results, .. } => {
            check_results(&results, execute(world, exec))
        }
        WastDirective::AssertTrap { exec, message, .. } => {
            check_trap(message, execute(world, exec))
        }
        WastDirective::AssertExhaustion { call, message, .. } => {
            check_trap(message, invoke(world, &call))
        }
        WastDirective::AssertInvalid {
            module, message, ..
        }
        | WastDirective::AssertMalformed {
            module, message, ..
        } => check_refused(world, module, message),
        WastDirective::AssertUnlinkable {
            module, message, ..
        } => check_unlinkable(world, module, message),
        WastDirective::AssertException { .. } => Err(Mismatch::Unsupported("assert_exception")),
        WastDirective::AssertSuspension { .. } => Err(Mismatch::Unsupported("assert_suspension")),
        WastDirective::AssertMalformedCustom { .. } | WastDirective::AssertInvalidCustom { .. } => {
            Err(Mismatch::Unsupported("assertions about custom sections"))
        }
        _ => Err(Mismatch::Unsupported("threads")),
    }
}

fn check_results(
    expected: &[WastRet<'_>],
    result: Result<Vec<Value>, Mismatch>,
) -> Result<(), Mismatch> {
    match result {
        Ok(found) if values::match_all(expected, &found) => Ok(()),
        result => Err(Mismatch::Unexpected {
            expected: values::describe_expected(expected),
            found: describe(result)?,
        }),
    }
}

fn check_trap(message: &str, result: Result<Vec<Value>, Mismatch>) -> Result<(), Mismatch> {
    if let Err(Mismatch::Action(error)) = &result
        && trap_of(error).is_some_and(|trap| is_message(message, trap.code.message()))
    {
        return Ok(());
    }
    Err(Mismatch::Unexpected {
        expected: format!("trap \"{message}\""),
        found: describe(result)?,
    })
}

/// Results or a trap as text; any other failure stays one.
fn describe(result: Result<Vec<Value>, Mismatch>) -> Result<String, Mismatch> {
    match result {
        Ok(values) => Ok(values::describe_found(&values)),
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

/// Scripts may have less of a message than we, or append the value at fault.
fn is_message(expected: &str, found: &str) -> bool {
    found.starts_with(expected) || expected.starts_with(found)
}

/// Text and binary formats alike: wherever a module is refused, it is refused.
fn check_refused(world: &World, mut module: QuoteWat<'_>, message: &str) -> Result<(), Mismatch> {
    match compile(world, &mut module) {
        Err(Mismatch::Text(_) | Mismatch::Action(ActionError::Module(ModuleError::Decode(_)))) => {
            Ok(())
        }
        Err(other) => Err(other),
        Ok(_) => Err(Mismatch::Unexpected {
            expected: format!("refusal \"{message}\""),
            found: "a valid module".to_owned(),
        }),
    }
}

fn check_unlinkable(world: &mut World, module: Wat<'_>, message: &str) -> Result<(), Mismatch> {
    let found = match execute(world, WastExecute::Wat(module)) {
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

fn execute(world: &mut World, exec: WastExecute<'_>) -> Result<Vec<Value>, Mismatch> {
    match exec {
        WastExecute::Invoke(call) => invoke(world, &call),
        WastExecute::Wat(module) => {
            let module = compile(world, &mut QuoteWat::Wat(module))?;
            world.try_instantiate(&module)?;
            Ok(Vec::new())
        }
        WastExecute::Get { module, global, .. } => Ok(vec![world.global(owned(module), global)?]),
    }
}

fn invoke(world: &mut World, call: &WastInvoke<'_>) -> Result<Vec<Value>, Mismatch> {
    let args: Option<Vec<_>> = call.args.iter().map(values::argument).collect();
    let args = args.ok_or(Mismatch::Unsupported("an argument's type"))?;
    Ok(world.invoke(owned(call.module), call.name, &args)?)
}

fn compile(world: &World, module: &mut QuoteWat<'_>) -> Result<Module, Mismatch> {
    let bytes = module
        .encode()
        .map_err(|error| Mismatch::Text(error.message()))?;
    Ok(world.compile(&bytes).map_err(ActionError::Module)?)
}

fn owned(name: Option<Id<'_>>) -> Option<String> {
    name.map(|name| name.name().to_owned())
}
