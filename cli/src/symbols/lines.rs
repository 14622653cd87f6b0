//! The line programs of DWARF (DWARF 5, section 6.2).

use super::Source;
use super::budget::Stop;
use super::dwarf::{DwarfReader, Slice};
use gimli::{ColumnType, LineProgramHeader, LineRow, Unit};
use std::path::Path;

/// The place in the source of an instruction, without the function.
///
/// # Errors
///
/// [`Stop`].
pub fn find<'m>(
    reader: &DwarfReader<'_, 'm>,
    unit: &Unit<Slice<'m>>,
    address: u64,
) -> Result<Source, Stop> {
    let Some(program) = unit.line_program.clone() else {
        return Ok(Source::default());
    };
    reader
        .budget
        .take(program.header().raw_program_buf().len())?;
    let mut rows = program.rows();
    let mut before: Option<LineRow> = None;
    let mut told: Option<LineRow> = None;
    while let Some((header, row)) = rows.next_row()? {
        if let Some(before) = before
            && (before.address()..row.address()).contains(&address)
        {
            // What is of no line, such as a loop's header, belongs to the line before it.
            let row = told.unwrap_or(before);
            return Ok(Source {
                function: None,
                file: file(reader, unit, header, row.file_index()),
                line: row.line().map(Into::into),
                column: match row.column() {
                    ColumnType::LeftEdge => None,
                    ColumnType::Column(column) => Some(column.into()),
                },
            });
        }
        before = (!row.end_sequence()).then_some(*row);
        told = before.filter(|row| row.line().is_some()).or(told);
        told = told.filter(|_| before.is_some());
    }
    Ok(Source::default())
}

/// The path of a file by its number.
pub fn file<'m>(
    reader: &DwarfReader<'_, 'm>,
    unit: &Unit<Slice<'m>>,
    header: &LineProgramHeader<Slice<'m>>,
    number: u64,
) -> Option<String> {
    let entry = header.file(number)?;
    let name = reader.string(unit, entry.path_name())?;
    let directory = entry.directory(header);
    let directory = directory.and_then(|directory| reader.string(unit, directory));
    let base = unit.comp_dir.map(|dir| dir.to_string_lossy().into_owned());
    // An absolute path takes the place of what precedes it.
    let path = Path::new(&base.unwrap_or_default())
        .join(directory.unwrap_or_default())
        .join(name);
    Some(path.to_string_lossy().into_owned())
}
