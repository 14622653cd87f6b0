//! The table of what came of it all.

use crate::record::{Record, Verdict};
use std::fmt::Write;

/// A line of the table.
#[derive(Clone, Debug)]
pub struct Row {
    /// The program.
    pub program: &'static str,
    /// How it was run.
    pub mode: String,
    /// What came of it, or why it could not be run.
    pub result: Result<Record, String>,
}

impl Row {
    /// Whether the program did what it must.
    pub fn is_equal(&self) -> bool {
        matches!(&self.result, Ok(record) if record.verdict == Verdict::Equal)
    }

    /// The line, without its end.
    pub fn to_line(&self) -> String {
        let (program, mode) = (self.program, &self.mode);
        match &self.result {
            Ok(record) => {
                let verdict = match &record.verdict {
                    Verdict::Equal => "equal".to_owned(),
                    Verdict::Different(what) => format!("DIFFERENT: {what}"),
                };
                let (seconds, freezes) = (record.seconds, record.freezes);
                format!("{program:<9} {mode:<18} {seconds:>8.1} {freezes:>8}  {verdict}")
            }
            Err(why) => format!(
                "{program:<9} {mode:<18} {:>8} {:>8}  NOT RUN: {why}",
                "", ""
            ),
        }
    }
}

/// The table, with a line that sums it up.
pub fn to_text(rows: &[Row]) -> String {
    let mut text = format!(
        "{:<9} {:<18} {:>8} {:>8}  verdict\n",
        "program", "mode", "seconds", "freezes"
    );
    for row in rows {
        let _ = writeln!(text, "{}", row.to_line());
    }
    let equal = rows.iter().filter(|row| row.is_equal()).count();
    let _ = writeln!(text, "{equal} of {} as expected", rows.len());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_stands_out() {
        let row = |result| Row {
            program: "lua",
            mode: "unfrozen".to_owned(),
            result,
        };
        let different = Record {
            verdict: Verdict::Different("trap".to_owned()),
            ..Record::default()
        };
        let rows = [
            row(Ok(Record::default())),
            row(Ok(different)),
            row(Err("no compiler".to_owned())),
        ];
        let text = to_text(&rows);
        assert!(text.contains("DIFFERENT: trap"), "{text}");
        assert!(text.contains("NOT RUN: no compiler"), "{text}");
        assert!(text.ends_with("1 of 3 as expected\n"), "{text}");
    }
}
