//! Failures that are expected, from a list.
//!
//! Each line of the list names a script and what fails in it, and says why. Empty
//! lines and those that begin with `#` are skipped:
//!
//! ```text
//! SET/FILE:LINE  reason       the directive on this line
//! SET/FILE *N    reason       N directives that have no line of their own in the list
//! ```
//!
//! What is listed and does not fail is a failure.

use woodfrog_suite::Report;

/// A list of expected failures.
#[derive(Clone, Debug, Default)]
pub struct ExpectedFailures {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    script: String,
    failing: Failing,
}

#[derive(Clone, Copy, Debug)]
enum Failing {
    Line(u32),
    Count(usize),
}

/// A line of a list that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the expected failures is not SET/FILE:LINE or SET/FILE *N, and a reason")]
pub struct BadList {
    /// Which, from 1.
    pub line: usize,
}

/// What is to be said about a script.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// How many failures were expected.
    pub expected: usize,
    /// Failures that were not, and expected ones that did not happen.
    pub complaints: Vec<Complaint>,
}

/// Something about a script that is not as expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// The line, if it is about one.
    pub line: Option<u32>,
    /// What it is.
    pub text: String,
}

impl Complaint {
    /// The complaint as a line of text about a script that is called `script`.
    pub fn about(&self, script: &str) -> String {
        match self.line {
            Some(line) => format!("{script}:{line}: {}", self.text),
            None => format!("{script}: {}", self.text),
        }
    }
}

impl ExpectedFailures {
    /// Reads a list.
    ///
    /// # Errors
    ///
    /// [`BadList`].
    pub fn parse(text: &str) -> Result<Self, BadList> {
        let lines = (1..).zip(text.lines());
        let lines = lines.filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
        let entries = lines.map(|(number, line)| entry(line).ok_or(BadList { line: number }));
        Ok(Self {
            entries: entries.collect::<Result<_, _>>()?,
        })
    }

    /// The scripts that the list names.
    pub fn scripts(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.script.as_str())
    }

    /// Compares a script's report with the list. `script` is SET/FILE.
    pub fn judge(&self, script: &str, report: &Report) -> Verdict {
        let mut failures: Vec<_> = report.failures.iter().collect();
        let mut verdict = Verdict::default();
        let entries = || self.entries.iter().filter(|entry| entry.script == script);
        for entry in entries() {
            let Failing::Line(line) = entry.failing else {
                continue;
            };
            let before = failures.len();
            failures.retain(|failure| failure.line != line);
            if failures.len() == before {
                verdict.complaints.push(Complaint {
                    line: Some(line),
                    text: "holds, but is expected to fail".to_owned(),
                });
            }
            verdict.expected += before - failures.len();
        }
        let count = entries().find_map(|entry| match entry.failing {
            Failing::Count(count) => Some(count),
            Failing::Line(_) => None,
        });
        match count {
            Some(count) if count == failures.len() => verdict.expected += count,
            Some(count) => {
                let found = failures.len();
                verdict.complaints.push(Complaint {
                    line: None,
                    text: format!("{found} failures, but {count} are expected"),
                });
                verdict.complain(&failures);
            }
            None => verdict.complain(&failures),
        }
        verdict
    }
}

impl Verdict {
    fn complain(&mut self, failures: &[&woodfrog_suite::Failure]) {
        let complaints = failures.iter().map(|failure| Complaint {
            line: Some(failure.line),
            text: failure.mismatch.to_string(),
        });
        self.complaints.extend(complaints);
    }
}

fn entry(line: &str) -> Option<Entry> {
    let (script, rest) = line.split_once(char::is_whitespace)?;
    let rest = rest.trim();
    let (script, failing, reason) = match script.split_once(':') {
        Some((script, line)) => (script, Failing::Line(line.parse().ok()?), rest),
        None => {
            let (count, reason) = rest.strip_prefix('*')?.split_once(char::is_whitespace)?;
            (script, Failing::Count(count.parse().ok()?), reason)
        }
    };
    let is_complete = script.contains('/') && !reason.trim().is_empty();
    is_complete.then(|| Entry {
        script: script.to_owned(),
        failing,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use woodfrog_suite::report::Mismatch;

    fn failing(lines: &[u32]) -> Report {
        let failures = lines.iter().map(|&line| woodfrog_suite::Failure {
            line,
            mismatch: Mismatch::Text("bad".to_owned()),
        });
        Report {
            failures: failures.collect(),
            ..Report::default()
        }
    }

    fn complaints(list: &str, lines: &[u32]) -> usize {
        let list = ExpectedFailures::parse(list).unwrap();
        list.judge("set/a.wast", &failing(lines)).complaints.len()
    }

    #[test]
    fn what_is_listed_must_fail_and_nothing_else() {
        let list = "# a comment\n\nset/a.wast:3 because\nset/b.wast:4 because\n";
        assert_eq!(complaints(list, &[3]), 0);
        assert_eq!(complaints(list, &[]), 1, "an unexpected pass");
        assert_eq!(complaints(list, &[3, 4]), 1, "an unexpected failure");
        let list = "set/a.wast:3 because\nset/a.wast *2 because\n";
        assert_eq!(complaints(list, &[3, 8, 9]), 0);
        assert_eq!(complaints(list, &[3, 8]), 2);
        assert_eq!(complaints(list, &[3, 8, 9, 10]), 4);
    }

    #[test]
    fn a_line_without_a_reason_is_no_line() {
        for line in [
            "set/a.wast:3",
            "set/a.wast *2 ",
            "set/a.wast 2 why",
            "a.wast:1 why",
        ] {
            let list = ExpectedFailures::parse(&format!("\n{line}\n"));
            assert_eq!(list.unwrap_err(), BadList { line: 2 }, "{line}");
        }
    }
}
