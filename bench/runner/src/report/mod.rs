//! What was measured, for people: Markdown and a chart.

pub mod chart;

use anyhow::{Context, Result};
use std::fmt::Write;
use std::path::Path;
use woodfrog_report::document;
use woodfrog_report::goal::{self, Goal};
use woodfrog_report::machine::Machine;
use woodfrog_report::table::Table;

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
             Made by `make bench`; what stands here is not edited by hand. {} \
             Everything ran and compiled on one thread.\n\n\
             Times are processor time, medians of runs that were interleaved, engine by engine, \
             so that what else ran on the machine disturbed all alike, and little. Woodfrog runs as it comes: every \
             instance can be frozen at every loop and call, and state maps are made.\n",
            machine.to_markdown(&["wasmtime", "wasmer", "wasmi"])
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

    /// Writes its part of `benchmarks.md`, and the chart beside that.
    pub fn write(&self, folder: &Path, markdown: &str) -> Result<()> {
        document::write_part(&folder.join("benchmarks.md"), markdown)?;
        let Some(chart) = &self.chart else {
            return Ok(());
        };
        let file = folder.join("benchmarks.svg");
        std::fs::write(&file, chart).with_context(|| file.display().to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
