//! Run time: every program in every engine, interleaved.

use super::timed;
use crate::engines::{Engine, Program, names};
use crate::guests::Guests;
use crate::plan::Plan;
use crate::report::Report;
use crate::report::chart::{self, Series};
use anyhow::{Context, Result, ensure};
use std::time::Duration;
use woodfrog_report::goal::Goal;
use woodfrog_report::or_dash;
use woodfrog_report::stats::{geometric_mean, greatest, median, ratio};
use woodfrog_report::table::Table;
use woodfrog_workloads::{WORKLOADS, Workload};

/// After how many rounds a program gets a new instance, which is called once to warm it up.
/// Which pages its memory happens to get can make a program, in any engine, four times slower.
const ROUNDS_PER_INSTANCE: usize = 2;

/// Engines in the chart, with their colours.
const CHARTED: [(&str, &str); 6] = [
    (names::WOODFROG, "#1a7f37"),
    (names::WINCH, "#8fa8c8"),
    (names::WINCH_EPOCH, "#3b6ea5"),
    (names::SINGLEPASS, "#d08c00"),
    ("Cranelift + guest_debug", "#b03a2e"),
    (names::NATIVE, "#555555"),
];

/// Run times of all programs.
struct RunTimes {
    engines: Vec<&'static str>,
    rows: Vec<Row>,
}

/// Times of one program, by engine; none where it does not run.
struct Row {
    name: &'static str,
    times: Vec<Option<Times>>,
}

/// What came of the rounds.
#[derive(Clone, Copy)]
struct Times {
    median: Duration,
    /// The shortest differs least from run to run, so it tells small differences.
    shortest: Duration,
}

/// Runs the programs that are wanted.
pub fn measure(engines: &[Box<dyn Engine>], plan: &Plan, report: &mut Report) -> Result<()> {
    let wanted = |workload: &&Workload| plan.wants(workload.name);
    let workloads: Vec<_> = WORKLOADS.iter().filter(wanted).collect();
    if workloads.is_empty() {
        return Ok(());
    }
    let guests = Guests::build()?;
    let rows = workloads
        .into_iter()
        .map(|workload| row(engines, &guests, workload, plan));
    let times = RunTimes {
        rows: rows.collect::<Result<_>>()?,
        engines: engines.iter().map(|engine| engine.name()).collect(),
    };
    report.tables.push(times.table());
    report.tables.push(times.poll_table());
    report.goals.extend(times.goals().into_iter().flatten());
    report.chart = Some(times.chart());
    Ok(())
}

fn row(
    engines: &[Box<dyn Engine>],
    guests: &Guests,
    workload: &'static Workload,
    plan: &Plan,
) -> Result<Row> {
    eprintln!("running {}", workload.name);
    let wasm = if workload.is_vector {
        &guests.vector
    } else {
        &guests.scalar
    };
    let expected = (workload.run)(workload.size);
    let check = |engine: &dyn Engine, sum: u64| {
        ensure!(
            sum == expected,
            "{} computed {sum:#x} in {}, not {expected:#x}",
            workload.name,
            engine.name()
        );
        Ok(())
    };
    let mut programs = Vec::new();
    let mut times = vec![Vec::with_capacity(plan.rounds); engines.len()];
    for round in 0..plan.rounds {
        if round.is_multiple_of(ROUNDS_PER_INSTANCE) {
            // The old ones still have their pages then.
            programs = load(engines, wasm, workload)?;
        }
        let is_new = round.is_multiple_of(ROUNDS_PER_INSTANCE) && !plan.is_quick;
        for ((program, engine), times) in programs.iter_mut().zip(engines).zip(&mut times) {
            let Some(program) = program else { continue };
            let mut call = || program.call(workload.name, workload.size);
            if is_new {
                let sum = call().with_context(|| engine.name().to_owned())?;
                check(&**engine, sum)?;
            }
            let (time, sum) = timed(call).with_context(|| engine.name().to_owned())?;
            check(&**engine, sum)?;
            times.push(time);
        }
    }
    Ok(Row {
        name: workload.name,
        times: times.into_iter().map(Times::of).collect(),
    })
}

/// An instance in each engine that can run the program.
fn load(
    engines: &[Box<dyn Engine>],
    wasm: &[u8],
    workload: &Workload,
) -> Result<Vec<Option<Box<dyn Program>>>> {
    let load = |engine: &dyn Engine| {
        let runs = engine.has_vectors() || !workload.is_vector;
        let program = runs.then(|| engine.load(wasm)).transpose();
        program.with_context(|| engine.name().to_owned())
    };
    engines.iter().map(|engine| load(&**engine)).collect()
}

impl Times {
    fn of(rounds: Vec<Duration>) -> Option<Self> {
        let shortest = rounds.iter().copied().min()?;
        Some(Self {
            median: median(rounds),
            shortest,
        })
    }
}

impl RunTimes {
    /// The engine whose run time is 1.
    fn base(&self) -> &'static str {
        let has = |name: &&str| self.engines.contains(name);
        let candidates = [names::CRANELIFT, names::NATIVE];
        candidates
            .into_iter()
            .find(has)
            .expect("native is built in")
    }

    /// Multiples of one engine's time that another one takes, by row.
    fn multiples(
        &self,
        engine: &str,
        floor: &str,
        time: fn(&Times) -> Duration,
    ) -> Vec<Option<f64>> {
        let position = |name: &str| self.engines.iter().position(|engine| *engine == name);
        let (Some(engine), Some(floor)) = (position(engine), position(floor)) else {
            return vec![None; self.rows.len()];
        };
        let rows = self.rows.iter();
        rows.map(|row| {
            let [engine, floor] = [engine, floor].map(|number| row.times[number].as_ref());
            Some(ratio(time(engine?), time(floor?)))
        })
        .collect()
    }

    fn multiples_of_base(&self, engine: &str) -> Vec<Option<f64>> {
        self.multiples(engine, self.base(), |times| times.median)
    }

    /// Engines that a user can choose.
    fn shown(&self) -> impl Iterator<Item = &'static str> + Clone {
        let engines = self.engines.iter().copied();
        engines.filter(|name| *name != names::UNPOLLED)
    }

    fn table(&self) -> Table {
        let base = self.base();
        let note = format!(
            "Multiples of {base}'s time, which is given in milliseconds. The bench checks that \
             all engines compute the same. Wasmer singlepass has no vector instructions, so its \
             means leave the last two programs out; their native code is what the compiler \
             makes of arrays."
        );
        let in_ms = format!("{base}, ms");
        let header = ["program".to_owned(), in_ms].into_iter();
        let header = header.chain(self.shown().map(str::to_owned));
        let mut table = Table::new("Run time", &note, header);
        let columns: Vec<_> = self
            .shown()
            .map(|name| self.multiples_of_base(name))
            .collect();
        let base = self.engines.iter().position(|name| *name == base);
        let base = base.expect("the base is one of the engines");
        for (number, row) in self.rows.iter().enumerate() {
            let time = row.times[base].map(|times| times.median.as_secs_f64() * 1e3);
            let multiples = columns.iter().map(|column| two_decimals(column[number]));
            table.push(
                [row.name.to_owned(), or_dash(time)]
                    .into_iter()
                    .chain(multiples),
            );
        }
        let summary = |name: &str, of: fn(Vec<f64>) -> Option<f64>| {
            let values = columns
                .iter()
                .map(|column| two_decimals(of(column.iter().flatten().copied().collect())));
            let start = [format!("**{name}**"), String::new()].into_iter();
            start.chain(values).collect::<Vec<_>>()
        };
        table.push(summary("geometric mean", geometric_mean));
        table.push(summary("worst", greatest));
        table
    }

    fn poll_table(&self) -> Table {
        let note = "Woodfrog's run time as a multiple of that of the same machine code, in \
                    which every poll has been overwritten with a no-op of the same length: of \
                    each, the shortest time. The room that polls take is not part of the cost.";
        let mut table = Table::new("Cost of the polls", note, ["program", "with polls"]);
        let costs = self.poll_costs();
        for (row, cost) in self.rows.iter().zip(&costs) {
            table.push([
                row.name.to_owned(),
                cost.map_or("-".to_owned(), |c| format!("{c:.3}")),
            ]);
        }
        table
    }

    fn poll_costs(&self) -> Vec<Option<f64>> {
        self.multiples(names::WOODFROG, names::UNPOLLED, |times| times.shortest)
    }

    fn goals(&self) -> Vec<Option<Goal>> {
        let values = |values: Vec<Option<f64>>| values.into_iter().flatten();
        let times = || values(self.multiples_of_base(names::WOODFROG));
        let against_winch =
            self.multiples(names::WOODFROG, names::WINCH_EPOCH, |times| times.median);
        let has_winch = against_winch.iter().any(Option::is_some);
        let slower = values(against_winch)
            .filter(|multiple| *multiple > 1.0)
            .count();
        let polls = || values(self.poll_costs());
        let percent = |multiple: f64| (multiple - 1.0) * 100.0;
        let mut goals = Vec::new();
        if self.base() == names::CRANELIFT {
            let mean = geometric_mean(times());
            goals.push(Goal::at_most(
                "run time, Cranelift = 1, geometric mean",
                1.8,
                1.5,
                mean,
            ));
            let worst = greatest(times());
            goals.push(Goal::at_most(
                "run time, Cranelift = 1, worst",
                3.0,
                2.0,
                worst,
            ));
        }
        let slower = has_winch.then_some(slower as f64);
        goals.push(Goal::at_most(
            "programs slower than in Winch + epoch",
            0.0,
            None,
            slower,
        ));
        let mean = geometric_mean(polls()).map(percent);
        goals.push(Goal::at_most("polls, geometric mean, %", 3.0, 1.0, mean));
        let worst = greatest(polls()).map(percent);
        goals.push(Goal::at_most("polls, worst, %", 10.0, 1.0, worst));
        goals
    }

    fn chart(&self) -> String {
        let names: Vec<&str> = self.rows.iter().map(|row| row.name).collect();
        let series = CHARTED
            .into_iter()
            .filter(|(name, _)| self.engines.contains(name));
        let series: Vec<Series> = series
            .map(|(name, colour)| Series {
                name,
                colour,
                values: self.multiples_of_base(name),
            })
            .collect();
        chart::draw(self.base(), &names, &series)
    }
}

fn two_decimals(value: Option<f64>) -> String {
    value.map_or("-".to_owned(), |value| format!("{value:.2}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times() -> RunTimes {
        let ms = |ms| Times::of(vec![Duration::from_millis(ms)]);
        RunTimes {
            engines: vec![
                names::WOODFROG,
                names::UNPOLLED,
                names::CRANELIFT,
                names::WINCH_EPOCH,
                names::NATIVE,
            ],
            rows: vec![
                Row {
                    name: "one",
                    times: vec![ms(20), ms(16), ms(10), ms(40), ms(5)],
                },
                Row {
                    name: "two",
                    times: vec![ms(5), ms(5), ms(10), None, ms(10)],
                },
            ],
        }
    }

    #[test]
    fn times_are_multiples_of_the_base() {
        let table = times().table();
        assert_eq!(table.header.len(), 6, "polls have a table of their own");
        assert_eq!(
            table.rows[0],
            ["one", "10.0", "2.00", "1.00", "4.00", "0.50"]
        );
        assert_eq!(table.rows[1], ["two", "10.0", "0.50", "1.00", "-", "1.00"]);
        assert_eq!(table.rows[2][2], "1.00");
        assert_eq!(table.rows[3][2..], ["2.00", "1.00", "4.00", "1.00"]);
    }

    #[test]
    fn goals_are_of_woodfrog_against_each_floor() {
        let goals: Vec<Goal> = times().goals().into_iter().flatten().collect();
        let measured = |what: &str| {
            let goal = goals.iter().find(|goal| goal.what.starts_with(what));
            goal.unwrap().measured
        };
        assert!((measured("run time, Cranelift = 1, geometric") - 1.0).abs() < 1e-9);
        assert!((measured("run time, Cranelift = 1, worst") - 2.0).abs() < 1e-9);
        assert_eq!(measured("programs slower"), 0.0);
        assert!((measured("polls, worst") - 25.0).abs() < 1e-9);
    }

    #[test]
    fn without_cranelift_native_is_the_base() {
        let mut times = times();
        times.engines[2] = "another";
        assert_eq!(times.base(), names::NATIVE);
        assert_eq!(times.table().rows[0][2], "4.00");
    }
}
