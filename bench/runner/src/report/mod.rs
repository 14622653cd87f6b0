//! What was measured, for people: Markdown and a chart.

pub mod chart;
pub mod goal;
pub mod table;

use crate::machine::Machine;
use anyhow::{Context, Result};
use goal::Goal;
use std::fmt::Write;
use std::path::Path;
use table::Table;

/// Everything that was measured.
#[derive(Default)]
pub struct Report {
    /// What is held against a bar.
    pub goals: Vec<Goal>,
    /// The figures.
    pub tables: Vec<Table>,
    /// The chart of run times.
    pub chart: Option<String>,
}

impl Report {
    /// The report as Markdown.
    pub fn to_markdown(&self, machine: &Machine) -> String {
        let mut text = format!(
            "# Benchmarks\n\n\
             Made by `make bench`; what stands here is not edited by hand. {}\n\n\
             Times are processor time, medians of runs that were interleaved, engine by engine, \
             so that what else ran on the machine disturbed all alike, and little. Woodfrog runs as it comes: every \
             instance can be frozen at every loop and call, and state maps are made.\n",
            machine.to_markdown()
        );
        if self.chart.is_some() {
            text += "\n![Run time by workload and engine](benchmarks.svg)\n";
        }
        if !self.goals.is_empty() {
            let _ = write!(text, "\n{}", goal::table(&self.goals).to_markdown());
        }
        for table in &self.tables {
            let _ = write!(text, "\n{}", table.to_markdown());
        }
        text
    }

    /// Writes `benchmarks.md` and the chart beside it.
    pub fn write(&self, folder: &Path, markdown: &str) -> Result<()> {
        let write = |name: &str, text: &str| {
            let file = folder.join(name);
            std::fs::write(&file, text).with_context(|| file.display().to_string())
        };
        write("benchmarks.md", markdown)?;
        self.chart
            .iter()
            .try_for_each(|chart| write("benchmarks.svg", chart))
    }
}

/// A figure with three significant digits, or all that stand before the point.
pub fn significant(value: f64) -> String {
    let magnitude = value.abs();
    let decimals = match () {
        () if magnitude >= 99.95 || magnitude == 0.0 => 0,
        () if magnitude >= 9.995 => 1,
        () if magnitude >= 0.9995 => 2,
        () => 3,
    };
    format!("{value:.decimals$}")
}

/// A figure, or a dash for none.
pub fn or_dash(value: Option<f64>) -> String {
    value.map_or("-".to_owned(), significant)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_three_digits() {
        let texts = [0.0, 0.0123, 0.5, 1.0, 9.994, 12.34, 99.96, 1234.5].map(significant);
        assert_eq!(
            texts,
            ["0", "0.012", "0.500", "1.00", "9.99", "12.3", "100", "1234"]
        );
        assert_eq!(or_dash(None), "-");
    }

    #[test]
    fn a_report_has_goals_before_tables_and_names_its_chart() {
        let report = Report {
            goals: Goal::at_most("time", 3.0, 2.0, Some(2.5))
                .into_iter()
                .collect(),
            tables: vec![Table::new("Times", "", ["what"])],
            chart: Some(String::new()),
        };
        let text = report.to_markdown(&Machine::describe());
        let at = |part: &str| text.find(part).unwrap();
        assert!(at("benchmarks.svg") < at("## Goals") && at("## Goals") < at("## Times"));
        assert!(text.contains("| time               | <= 3 |         2 |     2.50 | reached |"));
    }
}
