//! Tables, as Markdown that is legible as plain text too.

/// A table with a heading and some words about what stands in it.
#[derive(Debug, Default)]
pub struct Table {
    /// The heading.
    pub title: String,
    /// Sentences before the table.
    pub note: String,
    /// Column headings. The first column is text, the others are figures.
    pub header: Vec<String>,
    /// Cells by row, each row as long as the header.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table.
    pub fn new<H: Into<String>>(
        title: &str,
        note: &str,
        header: impl IntoIterator<Item = H>,
    ) -> Self {
        Self {
            title: title.to_owned(),
            note: note.to_owned(),
            header: header.into_iter().map(Into::into).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    ///
    /// # Panics
    ///
    /// Panics if it does not have as many cells as the header.
    pub fn push<C: Into<String>>(&mut self, cells: impl IntoIterator<Item = C>) {
        let row: Vec<String> = cells.into_iter().map(Into::into).collect();
        assert_eq!(row.len(), self.header.len(), "in {}", self.title);
        self.rows.push(row);
    }

    /// The table with its heading as Markdown, columns aligned.
    pub fn to_markdown(&self) -> String {
        let widths: Vec<usize> = (0..self.header.len())
            .map(|column| self.width(column))
            .collect();
        let rule = widths.iter().enumerate().map(|(column, &width)| {
            if column == 0 {
                "-".repeat(width)
            } else {
                format!("{}:", "-".repeat(width - 1))
            }
        });
        let rule: Vec<String> = rule.collect();
        let mut text = format!("## {}\n\n", self.title);
        if !self.note.is_empty() {
            text += &format!("{}\n\n", self.note);
        }
        for row in [&self.header, &rule].into_iter().chain(&self.rows) {
            text += &line(row, &widths);
        }
        text
    }

    fn width(&self, column: usize) -> usize {
        let cells = std::iter::once(&self.header).chain(&self.rows);
        let widths = cells.map(|row| row[column].chars().count());
        widths.max().unwrap_or(0).max(3)
    }
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let mut line = String::from("|");
    for (column, (cell, &width)) in cells.iter().zip(widths).enumerate() {
        line += &if column == 0 {
            format!(" {cell:<width$} |")
        } else {
            format!(" {cell:>width$} |")
        };
    }
    line + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_aligned_markdown() {
        let mut table = Table::new("Times", "In ms.", ["what", "A", "B"]);
        table.push(["x", "1.00", "12.50"]);
        assert_eq!(
            table.to_markdown(),
            "## Times\n\nIn ms.\n\n\
             | what |    A |     B |\n\
             | ---- | ---: | ----: |\n\
             | x    | 1.00 | 12.50 |\n"
        );
    }

    #[test]
    #[should_panic(expected = "in Times")]
    fn a_row_fills_every_column() {
        Table::new("Times", "", ["what", "A"]).push(["x"]);
    }
}
