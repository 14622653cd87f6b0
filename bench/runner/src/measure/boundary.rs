//! What it costs to cross the boundary between host and guest, beside Cranelift.

use super::timed;
use crate::engines::{self, Boundary, Crossing, names};
use crate::plan::Plan;
use crate::report::Report;
use anyhow::Result;
use std::time::Duration;
use woodfrog_report::goal::Goal;
use woodfrog_report::significant;
use woodfrog_report::stats::median;
use woodfrog_report::table::Table;

/// A row of the table.
struct Measurement {
    name: &'static str,
    crossing: Crossing,
    /// How often it is done between two looks at the clock.
    count: u32,
    /// What is subtracted.
    floor: Option<Crossing>,
}

const MEASUREMENTS: [Measurement; 6] = [
    Measurement {
        name: "one turn of an empty loop",
        crossing: Crossing::Loop,
        count: 2_000_000,
        floor: None,
    },
    Measurement {
        name: "host call, empty",
        crossing: Crossing::HostCall,
        count: 1_000_000,
        floor: Some(Crossing::Loop),
    },
    Measurement {
        name: "host call, 2 arguments, 1 result",
        crossing: Crossing::HostCallWithArguments,
        count: 1_000_000,
        floor: Some(Crossing::Loop),
    },
    Measurement {
        name: "enter wasm and return",
        crossing: Crossing::Enter,
        count: 500_000,
        floor: None,
    },
    Measurement {
        name: "instantiate and drop, 1 page of memory",
        crossing: Crossing::Instantiate,
        count: 1000,
        floor: None,
    },
    Measurement {
        name: "backtrace of 32 frames",
        crossing: Crossing::Backtrace,
        count: 1000,
        floor: None,
    },
];

/// Measures the crossings that are wanted.
pub fn measure(plan: &Plan, report: &mut Report) -> Result<()> {
    let wanted: Vec<_> = MEASUREMENTS
        .iter()
        .filter(|measurement| plan.wants(measurement.name))
        .collect();
    if wanted.is_empty() {
        return Ok(());
    }
    eprintln!("crossing between host and guest");
    let mut boundaries = engines::boundaries()?;
    let header = ["what, ns"].into_iter();
    let header = header.chain(boundaries.iter().map(|boundary| boundary.name()));
    let note = "Nanoseconds each. The floor of host calls, the loop they are made in, has been \
                subtracted. Woodfrog's backtraces hold the values of all locals and operands.";
    let mut table = Table::new("Between host and guest", note, header);
    let mut goals = Vec::new();
    for measurement in wanted {
        let times = measurement.take(&mut boundaries, plan)?;
        let figures = times.iter().copied().map(significant);
        table.push([measurement.name.to_owned()].into_iter().chain(figures));
        debug_assert_eq!(boundaries[0].name(), names::WOODFROG);
        goals.extend(measurement.goal(times[0]));
    }
    report.tables.push(table);
    report.goals.extend(goals);
    Ok(())
}

impl Measurement {
    /// Nanoseconds, by boundary.
    fn take(&self, boundaries: &mut [Box<dyn Boundary>], plan: &Plan) -> Result<Vec<f64>> {
        let count = plan.repetitions(self.count);
        let mut times = vec![Vec::new(); boundaries.len()];
        let mut floors = vec![Vec::new(); boundaries.len()];
        for _ in 0..plan.rounds {
            for (number, boundary) in boundaries.iter_mut().enumerate() {
                times[number].push(timed(|| boundary.cross(self.crossing, count))?.0);
                if let Some(floor) = self.floor {
                    floors[number].push(timed(|| boundary.cross(floor, count))?.0);
                }
            }
        }
        let each = |times: Vec<Duration>| {
            if times.is_empty() {
                return 0.0;
            }
            median(times).as_secs_f64() * 1e9 / f64::from(count)
        };
        let pairs = times.into_iter().zip(floors);
        Ok(pairs
            .map(|(times, floors)| (each(times) - each(floors)).max(0.0))
            .collect())
    }

    fn goal(&self, ns: f64) -> Option<Goal> {
        match self.crossing {
            Crossing::HostCall => Goal::at_most("host call, empty, ns", 6.0, 3.6, Some(ns)),
            Crossing::HostCallWithArguments => {
                Goal::at_most("host call, 2 arguments, ns", 9.0, 5.6, Some(ns))
            }
            Crossing::Enter => Goal::at_most("enter wasm and return, ns", 20.0, 10.0, Some(ns)),
            Crossing::Instantiate => {
                Goal::at_most("instantiate and drop, us", 10.0, 3.0, Some(ns / 1e3))
            }
            Crossing::Loop | Crossing::Backtrace => None,
        }
    }
}
