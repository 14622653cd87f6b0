//! How compile time grows with functions of extreme shapes: in proportion, or the module is
//! refused because of a limit.

use super::timed;
use crate::engines::woodfrog::engine;
use crate::plan::Plan;
use crate::report::Report;
use anyhow::Result;
use std::time::Duration;
use wasm_encoder::{
    BlockType, CodeSection, Function, FunctionSection, InstructionSink, Module, TypeSection,
    ValType,
};
use woodfrog_report::goal::Goal;
use woodfrog_report::stats::{greatest, median, ratio};
use woodfrog_report::table::Table;

/// A function that is extreme in one way.
struct Shape {
    name: &'static str,
    /// How much of it there is at size 1.
    full: u32,
    build: fn(u32) -> Function,
}

const SHAPES: [Shape; 5] = [
    Shape {
        name: "bytes of one function",
        full: 4_000_000,
        build: long_function,
    },
    Shape {
        name: "locals",
        full: 50_000,
        build: many_locals,
    },
    Shape {
        name: "blocks",
        full: 100_000,
        build: many_blocks,
    },
    Shape {
        name: "targets of a br_table",
        full: 100_000,
        build: many_targets,
    },
    Shape {
        name: "nested blocks",
        full: 10_000,
        build: nested_blocks,
    },
];

/// Sizes, as parts of four of the full one.
const QUARTERS: [u32; 5] = [1, 2, 4, 8, 16];

/// What came of one module.
enum Outcome {
    Compiled(Duration),
    Refused(String),
}

/// Compiles all shapes in all sizes.
pub fn measure(plan: &Plan, report: &mut Report) -> Result<()> {
    let mut worst = Vec::new();
    let note = "Milliseconds that Woodfrog takes for one function of each shape and size. The \
                last column is how much longer a unit takes in the largest function that it \
                compiles than in the smallest here.";
    let header = ["shape", "full size", "1/4", "1/2", "1", "2", "4", "growth"];
    let mut table = Table::new("Growth of compile time", note, header);
    let mut refusals = Vec::new();
    for shape in SHAPES.iter().filter(|shape| plan.wants(shape.name)) {
        eprintln!("growing {}", shape.name);
        let outcomes = shape.outcomes(plan)?;
        let mut row = vec![shape.name.to_owned(), shape.full.to_string()];
        for outcome in &outcomes {
            row.push(match outcome {
                Outcome::Compiled(time) => format!("{:.2}", time.as_secs_f64() * 1e3),
                Outcome::Refused(error) => {
                    let refusal = format!("{}: {error}", shape.name);
                    refusals.push(refusal);
                    "refused".to_owned()
                }
            });
        }
        row.resize(table.header.len() - 1, "-".to_owned());
        let growth = growth(&outcomes);
        row.push(growth.map_or("-".to_owned(), |growth| format!("{growth:.2}")));
        table.push(row);
        worst.extend(growth);
    }
    if table.rows.is_empty() {
        return Ok(());
    }
    refusals.dedup();
    if !refusals.is_empty() {
        table.note += &format!(" Refused: {}.", refusals.join("; "));
    }
    report.tables.push(table);
    let goal = Goal::at_most("growth of compile time, most", 2.0, 1.25, greatest(worst));
    report.goals.extend(goal);
    Ok(())
}

impl Shape {
    fn outcomes(&self, plan: &Plan) -> Result<Vec<Outcome>> {
        let sizes = if plan.is_quick {
            &QUARTERS[..3]
        } else {
            &QUARTERS
        };
        let wasm: Vec<Vec<u8>> = sizes
            .iter()
            .map(|quarters| module(&(self.build)(self.full / 4 * quarters)))
            .collect();
        let engine = engine();
        let mut outcomes: Vec<Vec<Result<Duration, String>>> = vec![Vec::new(); sizes.len()];
        for _ in 0..plan.rounds {
            for (wasm, outcomes) in wasm.iter().zip(&mut outcomes) {
                let compile = || Ok(woodfrog::runtime::Module::new(&engine, wasm));
                let (time, compiled) = timed(compile)?;
                outcomes.push(match compiled {
                    Ok(_) => Ok(time),
                    Err(error) => Err(error.to_string()),
                });
            }
        }
        let outcomes = outcomes.into_iter();
        Ok(outcomes.map(outcome_of).collect())
    }
}

/// The median of the times, or why there are none.
fn outcome_of(rounds: Vec<Result<Duration, String>>) -> Outcome {
    match rounds.into_iter().collect::<Result<Vec<_>, _>>() {
        Ok(times) => Outcome::Compiled(median(times)),
        Err(error) => Outcome::Refused(error),
    }
}

/// How much longer a unit takes in the largest module that was compiled than in the smallest.
fn growth(outcomes: &[Outcome]) -> Option<f64> {
    let sized = QUARTERS.into_iter().zip(outcomes);
    let times: Vec<(u32, Duration)> = sized
        .filter_map(|(size, outcome)| match outcome {
            Outcome::Compiled(time) => Some((size, *time)),
            Outcome::Refused(_) => None,
        })
        .collect();
    let (&(least, short), &(most, long)) = (times.first()?, times.last()?);
    Some(ratio(long, short) * f64::from(least) / f64::from(most))
}

/// A module with one function of one parameter and one result, both i32.
fn module(function: &Function) -> Vec<u8> {
    let mut types = TypeSection::new();
    types.ty().function([ValType::I32], [ValType::I32]);
    let mut functions = FunctionSection::new();
    functions.function(0);
    let mut code = CodeSection::new();
    code.function(function);
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&code);
    module.finish()
}

fn function(locals: u32, write: impl FnOnce(&mut InstructionSink<'_>)) -> Function {
    let mut function = Function::new([(locals, ValType::I32)]);
    write(&mut function.instructions());
    function.instructions().local_get(0).end();
    function
}

fn long_function(bytes: u32) -> Function {
    function(0, |code| {
        // Nine bytes a turn.
        for turn in 0..bytes / 9 {
            code.local_get(0)
                .i32_const(0x1000 + (turn % 0x1000) as i32)
                .i32_mul()
                .i32_eqz()
                .local_set(0);
        }
    })
}

fn many_locals(count: u32) -> Function {
    let count = count - 1;
    function(count, |code| {
        for local in 0..count {
            code.local_get(local).local_get(local + 1).i32_add();
            code.local_set(local);
        }
    })
}

fn many_blocks(count: u32) -> Function {
    function(0, |code| {
        for _ in 0..count {
            code.block(BlockType::Empty).local_get(0).br_if(0).end();
        }
    })
}

fn many_targets(count: u32) -> Function {
    let targets: Vec<u32> = (0..count).map(|target| target % 4).collect();
    function(0, |code| {
        for _ in 0..4 {
            code.block(BlockType::Empty);
        }
        code.local_get(0).br_table(targets, 0);
        for _ in 0..4 {
            code.end();
        }
    })
}

fn nested_blocks(count: u32) -> Function {
    function(0, |code| {
        for _ in 0..count {
            code.block(BlockType::Empty);
        }
        for depth in 0..count {
            code.local_get(0).br_if(depth % (count - depth)).end();
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_is_valid_wasm() {
        for shape in &SHAPES {
            let wasm = module(&(shape.build)(100));
            let compiled = woodfrog::runtime::Module::new(&engine(), &wasm);
            assert!(compiled.is_ok(), "{}", shape.name);
        }
    }

    #[test]
    fn growth_is_by_unit_and_without_what_was_refused() {
        let compiled = |ms| Outcome::Compiled(Duration::from_millis(ms));
        let outcomes = [
            compiled(10),
            compiled(20),
            compiled(60),
            Outcome::Refused(String::new()),
        ];
        assert!((growth(&outcomes).unwrap() - 1.5).abs() < 1e-9);
        assert_eq!(growth(&[Outcome::Refused(String::new())]), None);
    }
}
