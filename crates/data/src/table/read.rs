//! CSV files as tables.

use super::Table;
use super::column::is_fit;
use super::csv_error::{CellProblem, CellTrouble, CsvError};
use super::nameless::Nameless;
use csv::{ReaderBuilder, StringRecord, Trim};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The most columns that [`read_csv`] reads.
pub const MAX_COLUMNS: usize = 10_000;

const SEPARATORS: [char; 3] = [',', ';', '\t'];
/// Words that stand for an empty cell, in any case.
const MISSING: [&str; 7] = ["", "na", "n/a", "nan", "null", "none", "?"];
/// More problems than this are counted and not listed.
const MAX_PROBLEMS: usize = 8;
/// More characters of a cell than this are not shown.
const MAX_SHOWN: usize = 40;

/// Reads a CSV file of numbers under a header with column names.
///
/// Names may be numbers if they are 0, 1, 2, … or 1, 2, 3, …: any other first row of numbers only is
/// taken for a missing header. A first column without a name (or named `Unnamed: 0`) is left out if it
/// is an index: whole numbers or words, no two alike. So are columns without a name that are empty.
///
/// The text is UTF-8, with or without a byte order mark. Cells are separated by commas, semicolons
/// or tabs, whichever the header has most of, and may be quoted; spaces around them do not count,
/// but a quote must be the first character of its cell. Blank lines are skipped; between the rows
/// of a single column each is a missing cell.
///
/// # Numerics
/// Memory: at most about 20 bytes for each byte of the file.
///
/// # Errors
/// [`CsvError`], which names the file and the place: no header or no rows, more than
/// [`MAX_COLUMNS`] columns, a name that is missing or appears twice, rows of unequal length, and
/// cells that are missing, infinite or no numbers, of all columns at once.
///
/// # Example
/// ```no_run
/// let table = ancestral_data::read_csv("people.csv".as_ref())?;
/// println!("{} rows of {} columns", table.data().len(), table.columns().len());
/// # Ok::<(), ancestral_data::CsvError>(())
/// ```
pub fn read_csv(path: &Path) -> Result<Table, CsvError> {
    Ok(read_described(path)?.0)
}

/// The same, with one line on what was found and decided.
pub(crate) fn read_described(path: &Path) -> Result<(Table, String), CsvError> {
    let bytes = fs::read(path).map_err(|source| CsvError::Io { path: path.to_owned(), source })?;
    parse(path, &bytes)
}

fn parse(path: &Path, bytes: &[u8]) -> Result<(Table, String), CsvError> {
    let text = text(path, bytes)?;
    if text.trim().is_empty() {
        return Err(CsvError::Empty { path: path.to_owned() });
    }
    let mut reader = ReaderBuilder::new()
        .delimiter(u8::try_from(separator(text)).expect("all separators are ASCII"))
        .trim(Trim::All)
        .flexible(true) // the length of rows is checked here, with a message of ours
        .from_reader(text.as_bytes());
    let header = reader.headers().expect("valid text in memory is always read").clone();
    let are_numbers = check_header(path, &header)?;
    let mut cells = Cells::new(text, &header);
    let mut record = StringRecord::new();
    while reader.read_record(&mut record).expect("valid text in memory is always read") {
        cells.add_record(path, &record)?;
    }
    let (names, nameless) = (cells.names.clone(), std::mem::take(&mut cells.nameless));
    if let Some(column) = nameless.iter().find(|column| names.is_empty() || !column.can_go()) {
        return Err(CsvError::NoName { path: path.to_owned(), column: column.column() });
    }
    let rows = cells.finish(path)?;
    let table = Table::new(&names, &rows)
        .map_err(|source| CsvError::Table { path: path.to_owned(), source })?;
    let mut decided = vec![table.size()];
    if are_numbers {
        decided.push("the numbers of the first row are their names".to_owned());
    }
    decided.extend(nameless.iter().map(ToString::to_string));
    Ok((table, decided.join(", ")))
}

/// The bytes as text, without a byte order mark.
fn text<'a>(path: &Path, bytes: &'a [u8]) -> Result<&'a str, CsvError> {
    let not_text = |place| CsvError::NotText {
        path: path.to_owned(),
        line: 1 + line_ends(&bytes[..place]),
        byte: bytes[place],
    };
    let text = std::str::from_utf8(bytes).map_err(|error| not_text(error.valid_up_to()))?;
    // A zero byte is valid UTF-8, but no text.
    match bytes.iter().position(|byte| *byte == 0) {
        Some(place) => Err(not_text(place)),
        None => Ok(text.strip_prefix('\u{feff}').unwrap_or(text)),
    }
}

/// The separator that the first line has most of, outside quotes.
fn separator(text: &str) -> char {
    let header = text.trim_start_matches(['\r', '\n']).lines().next().unwrap_or_default();
    let bare: String = header.split('"').step_by(2).collect();
    let count = |separator: &char| bare.matches(*separator).count();
    // Of equal counts the last is taken: the comma.
    SEPARATORS.into_iter().rev().max_by_key(count).expect("there are separators")
}

/// Whether the names are numbers, if there can be a table under them.
fn check_header(path: &Path, header: &StringRecord) -> Result<bool, CsvError> {
    let path = path.to_owned();
    let (found, limit) = (header.len(), MAX_COLUMNS);
    if found > limit {
        return Err(CsvError::TooManyColumns { path, found, limit });
    }
    let Some(first) = header.get(0) else { return Err(CsvError::Empty { path }) };
    let count_from = |first: usize| (first..).zip(header).all(|(i, name)| name == i.to_string());
    match header.iter().all(|name| number(name).is_ok()) {
        true if count_from(0) || count_from(1) => Ok(true),
        true => Err(CsvError::NoHeader { path, first: shortened(first) }),
        false => Ok(false),
    }
}

fn number(cell: &str) -> Result<f64, CellTrouble> {
    let is = |word: &&str| cell.eq_ignore_ascii_case(word);
    match cell.parse::<f64>() {
        _ if MISSING.iter().any(is) => Err(CellTrouble::Missing),
        Ok(value) if is_fit(value) => Ok(value),
        Ok(_) => Err(CellTrouble::TooLarge),
        Err(_) if cell.replacen(',', ".", 1).parse::<f64>().is_ok() => Err(CellTrouble::Comma),
        Err(_) => Err(CellTrouble::Text),
    }
}

fn shortened(cell: &str) -> String {
    match cell.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}…", &cell[..end]),
        None => cell.to_owned(),
    }
}

fn line_ends(bytes: &[u8]) -> usize {
    bytes.split(|byte| *byte == b'\n').count() - 1
}

/// The cells read so far, and where the reader is.
struct Cells<'a> {
    text: &'a [u8],
    /// The byte at which the last record begins.
    place: usize,
    /// The line of that byte, counted from 1.
    line: usize,
    /// The number of cells in a row.
    width: usize,
    /// Of the columns that have one.
    names: Vec<String>,
    nameless: Vec<Nameless>,
    values: Vec<f64>,
    problems: BTreeMap<(usize, CellTrouble), CellProblem>,
}

impl<'a> Cells<'a> {
    fn new(text: &'a str, header: &StringRecord) -> Self {
        let is_nameless = |(column, name): &(usize, &str)| Nameless::is(*column, name);
        let (nameless, named): (Vec<_>, Vec<_>) = (1..).zip(header).partition(is_nameless);
        Self {
            text: text.as_bytes(),
            place: 0,
            line: 1,
            width: header.len(),
            names: named.into_iter().map(|(_, name)| name.to_owned()).collect(),
            nameless: nameless.into_iter().map(|(column, _)| Nameless::new(column)).collect(),
            values: Vec::new(),
            problems: BTreeMap::new(),
        }
    }

    fn add_record(&mut self, path: &Path, record: &StringRecord) -> Result<(), CsvError> {
        let blank_lines = self.advance(record);
        let (found, expected) = (record.len(), self.width);
        if expected == 1 && !self.names.is_empty() {
            // Of a single column, an empty cell is a blank line.
            let here = self.line;
            for line in here - blank_lines..here {
                self.line = line;
                self.add_cell(0, "");
            }
            self.line = here;
        }
        if found != expected {
            if found == 1 && record[0].is_empty() {
                return Ok(()); // a line of spaces
            }
            let (path, row, line) = (path.to_owned(), self.row(), self.line);
            return Err(CsvError::Ragged { path, row, line, found, expected });
        }
        let (mut named, mut nameless) = (0, 0);
        for (column, cell) in (1..).zip(record) {
            match self.nameless.get_mut(nameless) {
                Some(at) if at.column() == column => {
                    at.add(cell);
                    nameless += 1;
                }
                _ => {
                    self.add_cell(named, cell);
                    named += 1;
                }
            }
        }
        Ok(())
    }

    /// Moves to the beginning of a record, and returns the number of blank lines before it.
    fn advance(&mut self, record: &StringRecord) -> usize {
        let end = record.position().and_then(|place| usize::try_from(place.byte()).ok());
        let end = end.expect("a record that was read has a place in memory");
        // That place is right after the record before: line ends may follow.
        let is_line_end = |byte: &&u8| matches!(byte, b'\n' | b'\r');
        let gap = self.text[end..].iter().take_while(is_line_end).count();
        let start = end + gap;
        let blank_lines = line_ends(&self.text[end..start]);
        self.line += line_ends(&self.text[self.place..start]);
        self.place = start;
        // The first may still belong to the record before, as the second half of "\r\n".
        let halved = self.text[..end].ends_with(b"\r") && self.text[end..].starts_with(b"\n");
        blank_lines - usize::from(halved)
    }

    fn row(&self) -> usize {
        self.values.len() / self.names.len().max(1) + 1
    }

    fn add_cell(&mut self, column: usize, cell: &str) {
        let row = self.row();
        let value = number(cell);
        // A cell in trouble still takes its place, which counts the rows.
        self.values.push(value.unwrap_or(f64::NAN));
        let Err(trouble) = value else { return };
        let first = || CellProblem {
            column: shortened(&self.names[column]),
            trouble,
            count: 0,
            row,
            line: self.line,
            value: shortened(cell),
        };
        self.problems.entry((column, trouble)).or_insert_with(first).count += 1;
    }

    fn finish(self, path: &Path) -> Result<Vec<f64>, CsvError> {
        let path = path.to_owned();
        if self.values.is_empty() {
            return Err(CsvError::NoRows { path });
        }
        if self.problems.is_empty() {
            return Ok(self.values);
        }
        let more = self.problems.len().saturating_sub(MAX_PROBLEMS);
        let problems = self.problems.into_values().take(MAX_PROBLEMS).collect();
        Err(CsvError::Cells { path, problems, more })
    }
}

#[cfg(test)]
mod tests;
