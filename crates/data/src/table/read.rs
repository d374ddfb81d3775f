//! CSV files as tables.

use super::column::number;
use super::columns::check_names;
use super::csv_error::{CsvError, shortened};
use super::nameless::Nameless;
use super::quotes::{self, QuoteTrouble};
use super::{Sheet, Table, TableOptions};
use crate::counted::counted;
use csv::{ReaderBuilder, StringRecord, Trim};
use std::fs;
use std::path::Path;

/// The most columns that [`read_csv`] reads.
pub const MAX_COLUMNS: usize = 10_000;

/// The most characters of a column's name: messages and pictures have it.
const LONGEST_NAME: usize = 1000;

const SEPARATORS: [char; 3] = [',', ';', '\t'];
/// The separator is told by so many rows.
const ROWS_TO_ASK: usize = 50;

/// Reads a CSV file under a header with column names as a table; the cells decide what each column holds.
///
/// Names may be numbers if they are 0, 1, 2, … or 1, 2, 3, …: any other first row of numbers only is
/// taken for a missing header. A first column without a name (or named `Unnamed: 0`) is left out if it
/// is an index: whole numbers or words, no two alike. So are columns without a name that are empty.
///
/// The text is UTF-8, with or without a byte order mark. Cells are separated by commas, semicolons
/// or tabs, whichever the first rows have as often as the header, and may be quoted; spaces around
/// them do not count, but a quote must be the first character of its cell. Blank lines are skipped;
/// between the rows of a single column each is a missing cell. A first line such as `sep=;`, as Excel
/// writes it, names the separator.
///
/// # Numerics
/// Memory: at most about 50 bytes for each byte of the file.
///
/// # Errors
/// [`CsvError`], which names the file and the place: no header or no rows, more than
/// [`MAX_COLUMNS`] columns, a name that is missing or appears twice, rows of unequal length, and
/// cells that cannot be learned, of all columns at once.
///
/// # Example
/// ```no_run
/// let table = ancestral_data::read_csv("people.csv".as_ref())?;
/// println!("{} rows of {} columns", table.data().len(), table.columns().len());
/// # Ok::<(), ancestral_data::CsvError>(())
/// ```
pub fn read_csv(path: &Path) -> Result<Table, CsvError> {
    Ok(read_sheet(path)?.table(&TableOptions::default())?.0)
}

/// The same as text: what the columns hold is not decided yet. Columns without a name are left out, as
/// [`read_csv`] does.
///
/// # Errors
/// As [`read_csv`], but cells may hold anything.
pub fn read_sheet(path: &Path) -> Result<Sheet, CsvError> {
    Ok(read_described(path)?.0)
}

/// The same, with one line on what was found and decided.
pub(crate) fn read_described(path: &Path) -> Result<(Sheet, String), CsvError> {
    let bytes = fs::read(path).map_err(|source| CsvError::Io { path: path.to_owned(), source })?;
    parse(path, &bytes)
}

fn parse(path: &Path, bytes: &[u8]) -> Result<(Sheet, String), CsvError> {
    let text = text(path, bytes)?;
    if text.trim().is_empty() {
        return Err(CsvError::Empty { path: path.to_owned() });
    }
    let (named, text, first_line) = match named_separator(text) {
        Some((separator, rest)) => (Some(separator), rest, 2),
        None => (None, text, 1),
    };
    let separator = named.unwrap_or_else(|| separator(text));
    if let Some((trouble, line)) = quotes::trouble(text, separator) {
        let (path, line) = (path.to_owned(), line + first_line - 1);
        return Err(match trouble {
            QuoteTrouble::Open => CsvError::OpenQuote { path, line },
            QuoteTrouble::TextBehind => CsvError::TextBehindQuote { path, line },
        });
    }
    let mut reader = ReaderBuilder::new()
        .delimiter(u8::try_from(separator).expect("all separators are ASCII"))
        .trim(Trim::All)
        .flexible(true) // the length of rows is checked here, with a message of ours
        .from_reader(text.as_bytes());
    let header = reader.headers().expect("valid text in memory is always read").clone();
    let are_numbers = check_header(path, &header)?;
    let mut cells = Cells::new(path, text, first_line, &header);
    let mut record = StringRecord::new();
    while reader.read_record(&mut record).expect("valid text in memory is always read") {
        cells.add_record(&record)?;
    }
    let Cells { sheet, nameless, .. } = cells;
    let columns = sheet.names.len();
    if let Some(column) = nameless.iter().find(|column| columns == 0 || !column.can_go()) {
        return Err(CsvError::NoName { path: path.to_owned(), column: column.column() });
    }
    if sheet.rows() == 0 {
        return Err(CsvError::NoRows { path: path.to_owned() });
    }
    let unsound = |source| CsvError::Table { path: path.to_owned(), source };
    check_names(sheet.names.iter().map(String::as_str)).map_err(unsound)?;
    let [rows, columns] = [counted(sheet.rows(), "row"), counted(columns, "column")];
    let mut decided = vec![format!("{rows} of {columns}")];
    if are_numbers {
        decided.push("the numbers of the first row are their names".to_owned());
    }
    decided.extend(nameless.iter().map(ToString::to_string));
    Ok((sheet, decided.join(", ")))
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

/// The separator that the first line names, and the rest.
fn named_separator(text: &str) -> Option<(char, &str)> {
    let (line, rest) = text.split_once('\n')?;
    let mut name = line.trim_end().strip_prefix("sep=")?.chars();
    let separator = name.next().filter(|separator| SEPARATORS.contains(separator))?;
    name.next().is_none().then_some((separator, rest))
}

/// The separator that most of the first rows have as often as the header, and of those alike the one that the
/// header has most of; outside quotes.
fn separator(text: &str) -> char {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let count = |line: &str, separator: char| {
        line.split('"').step_by(2).map(|bare| bare.matches(separator).count()).sum::<usize>()
    };
    let header = lines.next().unwrap_or_default();
    let rows: Vec<&str> = lines.take(ROWS_TO_ASK).collect();
    let fits = |separator: &char| {
        let expected = count(header, *separator);
        let agree = rows.iter().filter(|row| count(row, *separator) == expected).count();
        (expected > 0, agree, expected)
    };
    // Of equal counts the last is taken: the comma.
    SEPARATORS.into_iter().rev().max_by_key(fits).expect("there are separators")
}

/// Whether the names are numbers, if there can be a table under them.
fn check_header(path: &Path, header: &StringRecord) -> Result<bool, CsvError> {
    let path = path.to_owned();
    let (found, limit) = (header.len(), MAX_COLUMNS);
    if found > limit {
        return Err(CsvError::TooManyColumns { path, found, limit });
    }
    let Some(first) = header.get(0) else { return Err(CsvError::Empty { path }) };
    let is_long = |name: &&str| name.chars().nth(LONGEST_NAME).is_some();
    if let Some(name) = header.iter().find(is_long) {
        return Err(CsvError::LongName { path, name: shortened(name), limit: LONGEST_NAME });
    }
    let count_from = |first: usize| (first..).zip(header).all(|(i, name)| name == i.to_string());
    match header.iter().all(|name| number(name).is_ok()) {
        true if count_from(0) || count_from(1) => Ok(true),
        true => Err(CsvError::NoHeader { path, first: shortened(first) }),
        false => Ok(false),
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
    /// The columns that have a name.
    sheet: Sheet,
    nameless: Vec<Nameless>,
}

impl<'a> Cells<'a> {
    fn new(path: &Path, text: &'a str, first_line: usize, header: &StringRecord) -> Self {
        let is_nameless = |(column, name): &(usize, &str)| Nameless::is(*column, name);
        let (nameless, named): (Vec<_>, Vec<_>) = (1..).zip(header).partition(is_nameless);
        Self {
            text: text.as_bytes(),
            place: 0,
            line: first_line,
            width: header.len(),
            sheet: Sheet {
                path: path.to_owned(),
                names: named.into_iter().map(|(_, name)| name.to_owned()).collect(),
                text: String::new(),
                ends: Vec::new(),
                lines: Vec::new(),
            },
            nameless: nameless.into_iter().map(|(column, _)| Nameless::new(column)).collect(),
        }
    }

    fn add_record(&mut self, record: &StringRecord) -> Result<(), CsvError> {
        let blank_lines = self.advance(record);
        let (found, expected) = (record.len(), self.width);
        if expected == 1 && !self.sheet.names.is_empty() {
            // Of a single column, an empty cell is a blank line.
            for line in self.line - blank_lines..self.line {
                self.sheet.lines.push(line);
                self.add_cell("");
            }
        }
        if found != expected {
            if found == 1 && record[0].is_empty() {
                return Ok(()); // a line of spaces
            }
            let (path, line) = (self.sheet.path.clone(), self.line);
            let row = self.sheet.rows() + 1;
            return Err(CsvError::Ragged { path, row, line, found, expected });
        }
        self.sheet.lines.push(self.line);
        let mut nameless = 0;
        for (column, cell) in (1..).zip(record) {
            match self.nameless.get_mut(nameless) {
                Some(at) if at.column() == column => {
                    at.add(cell);
                    nameless += 1;
                }
                _ => self.add_cell(cell),
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

    fn add_cell(&mut self, cell: &str) {
        self.sheet.text.push_str(cell);
        self.sheet.ends.push(self.sheet.text.len());
    }
}

#[cfg(test)]
mod tests;
