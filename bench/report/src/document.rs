//! A Markdown file of several parts, each of which somebody else makes.
//!
//! A part begins with a heading of the first level and ends where the next one begins.

use anyhow::{Context, Result};
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// Puts a part into a file: in the place of the part with the same heading, or behind all others.
///
/// # Errors
///
/// The file cannot be read or written.
///
/// # Panics
///
/// Panics if the part does not begin with a heading of the first level.
pub fn write_part(file: &Path, part: &str) -> Result<()> {
    let old = match fs::read_to_string(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
        old => old,
    };
    let path = || file.display().to_string();
    let new = with_part(&old.with_context(path)?, part);
    fs::write(file, new).with_context(path)
}

fn with_part(document: &str, part: &str) -> String {
    assert!(part.starts_with(HEADING), "a part has a heading");
    let mut parts = split(document);
    match parts.iter_mut().find(|old| heading(old) == heading(part)) {
        Some(old) => *old = part,
        None => parts.push(part),
    }
    let parts = parts.iter().map(|part| format!("{}\n", part.trim_end()));
    parts.collect::<Vec<_>>().join("\n")
}

const HEADING: &str = "# ";

fn heading(part: &str) -> Option<&str> {
    part.lines().next()
}

/// The parts of a document. What stands before the first heading is one too.
fn split(document: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = document;
    while let Some(at) = rest.find("\n# ") {
        let (part, behind) = rest.split_at(at + 1);
        parts.push(part);
        rest = behind;
    }
    parts.push(rest);
    parts.retain(|part| !part.trim().is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_takes_the_place_of_the_one_with_its_heading() {
        let document = "# One\n\nold\n\n## Sub\n\n# Two\n\nx\n";
        assert_eq!(
            with_part(document, "# One\n\nnew\n"),
            "# One\n\nnew\n\n# Two\n\nx\n"
        );
        assert_eq!(
            with_part(document, "# Two\n\ny\n"),
            "# One\n\nold\n\n## Sub\n\n# Two\n\ny\n"
        );
    }

    #[test]
    fn a_new_part_comes_last() {
        assert_eq!(with_part("", "# One\n"), "# One\n");
        assert_eq!(with_part("# One\n", "# Two\n"), "# One\n\n# Two\n");
    }
}
