//! Goals: figures that are to be reached, and whether they are.

use crate::table::Table;

/// Which way is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// Less.
    Less,
    /// More.
    More,
}

/// A figure that is held against a bar.
#[derive(Clone, Debug)]
pub struct Goal {
    /// What was measured, and in which unit.
    pub what: &'static str,
    /// What has to be reached.
    pub bar: f64,
    /// What would be better still.
    pub beyond: Option<f64>,
    /// Which way is better.
    pub better: Better,
    /// What was measured.
    pub measured: f64,
}

impl Goal {
    /// A goal that the figure does not exceed `bar`; none if nothing was measured.
    pub fn at_most(
        what: &'static str,
        bar: f64,
        beyond: impl Into<Option<f64>>,
        measured: Option<f64>,
    ) -> Option<Self> {
        Self::new(what, bar, beyond.into(), Better::Less, measured)
    }

    /// A goal that the figure reaches `bar`; none if nothing was measured.
    pub fn at_least(
        what: &'static str,
        bar: f64,
        beyond: impl Into<Option<f64>>,
        measured: Option<f64>,
    ) -> Option<Self> {
        Self::new(what, bar, beyond.into(), Better::More, measured)
    }

    fn new(
        what: &'static str,
        bar: f64,
        beyond: Option<f64>,
        better: Better,
        measured: Option<f64>,
    ) -> Option<Self> {
        Some(Self {
            what,
            bar,
            beyond,
            better,
            measured: measured?,
        })
    }

    /// How the figure stands.
    pub fn verdict(&self) -> &'static str {
        let reaches = |bar: f64| match self.better {
            Better::Less => self.measured <= bar,
            Better::More => self.measured >= bar,
        };
        match (reaches(self.bar), self.beyond.is_some_and(reaches)) {
            (true, true) => "beyond",
            (true, false) => "reached",
            (false, _) => "missed",
        }
    }
}

/// All goals as a table.
pub fn table(goals: &[Goal]) -> Table {
    let header = [
        "figure of Woodfrog",
        "goal",
        "beyond it",
        "measured",
        "verdict",
    ];
    let mut table = Table::new("Goals", "", header);
    for goal in goals {
        let sign = match goal.better {
            Better::Less => "<=",
            Better::More => ">=",
        };
        let beyond = goal
            .beyond
            .map_or("-".to_owned(), |beyond| format!("{beyond}"));
        table.push([
            goal.what.to_owned(),
            format!("{sign} {}", goal.bar),
            beyond,
            crate::significant(goal.measured),
            goal.verdict().to_owned(),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_is_missed_reached_or_exceeded() {
        let time = |measured| Goal::at_most("time", 3.0, 2.0, Some(measured)).unwrap();
        assert_eq!(time(3.1).verdict(), "missed");
        assert_eq!(time(3.0).verdict(), "reached");
        assert_eq!(time(2.0).verdict(), "beyond");
        let speed = |measured| Goal::at_least("speed", 2.0, None, Some(measured)).unwrap();
        assert_eq!(speed(1.9).verdict(), "missed");
        assert_eq!(speed(9.0).verdict(), "reached");
    }

    #[test]
    fn what_was_not_measured_is_no_goal() {
        assert!(Goal::at_most("time", 3.0, 2.0, None).is_none());
    }
}
