//! A table as text.

use super::column::is_missing;
use super::columns::check_names;
use super::csv_error::{CellProblem, CellTrouble, CsvError, shortened};
use super::recognise::{Recognised, recognise};
use super::{Column, ColumnKind, Columns, Missing, Table, TableError, TableOptions};
use crate::counted::counted;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// More problems than this are counted and not listed.
const MAX_PROBLEMS: usize = 8;

/// A table as text: names, and cells without the spaces around them.
///
/// Which kind a column is, is decided by [`table`](Self::table) from the cells, or by the columns of a model
/// in [`values`](Self::values).
/// # Numerics
/// Memory: the text, and 8 bytes a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    pub(super) path: PathBuf,
    pub(super) names: Vec<String>,
    /// The cells, one after another, and where each ends.
    pub(super) text: String,
    pub(super) ends: Vec<usize>,
    /// The line of each row in the file.
    pub(super) lines: Vec<usize>,
}

/// Why a sheet does not fit columns.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum SheetError {
    /// A column that is not there.
    #[error("unknown column {name:?}, expected some of {}", expected.join(", "))]
    Stranger {
        /// Its name.
        name: String,
        /// Those that are.
        expected: Vec<String>,
    },
    /// A column that is needed.
    #[error("column {name:?} is missing")]
    Missing {
        /// Its name.
        name: String,
    },
    /// A cell that the column cannot have.
    #[error("{0}")]
    Cell(CellProblem),
}

impl Sheet {
    /// A table in memory: names, and cells a row after another.
    ///
    /// # Errors
    /// [`TableError`] if there are no columns or rows, a name is empty or appears twice, or the cells do not
    /// fill whole rows.
    pub fn new(names: Vec<String>, cells: &[String]) -> Result<Self, TableError> {
        check_names(names.iter().map(String::as_str))?;
        let columns = names.len();
        if cells.is_empty() {
            return Err(TableError::Empty);
        }
        if !cells.len().is_multiple_of(columns) {
            return Err(TableError::Ragged { values: cells.len(), columns });
        }
        let mut sheet = Self {
            path: PathBuf::new(),
            names,
            text: String::new(),
            ends: Vec::new(),
            lines: (2..).take(cells.len() / columns).collect(),
        };
        for cell in cells {
            sheet.text += cell.trim();
            sheet.ends.push(sheet.text.len());
        }
        Ok(sheet)
    }

    /// The file that it was read from; empty if it is none.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The names of the columns.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.lines.len()
    }

    /// The text of a cell.
    ///
    /// # Panics
    /// If there is no such row or column.
    #[must_use]
    pub fn cell(&self, row: usize, column: usize) -> &str {
        let place = row * self.names.len() + column;
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start..self.ends[place]]
    }

    /// The cells of a column.
    pub(super) fn column(&self, column: usize) -> Vec<&str> {
        (0..self.rows()).map(|row| self.cell(row, column)).collect()
    }

    /// Decides what the columns hold, by the cells and, where a schema names them, by the schema. Also
    /// reports the columns and rows that are left out and why.
    ///
    /// # Errors
    /// [`CsvError`] if cells cannot be learned, of all columns at once; if no column or row is left; or if the
    /// schema names a column that is not there.
    pub fn table(&self, options: &TableOptions) -> Result<(Table, Vec<String>), CsvError> {
        let found = self.recognised(options)?;
        match options.missing {
            Missing::Learn => {}
            Missing::Refuse => {
                let holes = found.columns.iter().filter_map(|column| self.holes(column));
                self.refuse(holes.collect())?;
            }
            Missing::Drop => {
                let columns = found.columns.iter().filter(|found| !has_no_value(&found.column));
                let whole = self.whole_rows(&columns.map(|found| found.place).collect::<Vec<_>>());
                let dropped = self.rows() - whole.len();
                if whole.is_empty() {
                    return Err(CsvError::NoWholeRow { path: self.path.clone() });
                }
                if dropped > 0 {
                    // What a column holds may be another thing without these rows.
                    let (table, mut left_out) = self.with_rows(&whole).table(options)?;
                    left_out.push(format!("left out {} with empty cells", counted(dropped, "row")));
                    return Ok((table, left_out));
                }
            }
        }
        found.table(self)
    }

    /// The columns to learn, and those that are left out.
    fn recognised(&self, options: &TableOptions) -> Result<Found, CsvError> {
        let TableOptions { schema, keep_ids, ignored, .. } = options;
        if let Some(name) = schema.names().find(|name| !self.names.iter().any(|own| own == name)) {
            let (name, expected) = (name.to_owned(), self.names.clone());
            let source = SheetError::Stranger { name, expected };
            return Err(CsvError::Sheet { path: self.path.clone(), source });
        }
        let mut found = Found { columns: Vec::new(), left_out: Vec::new() };
        let mut problems = Vec::new();
        let names = self.names.iter().enumerate();
        for (place, name) in names.filter(|(_, name)| !ignored.contains(name)) {
            match recognise(name, &self.column(place), schema.column(name), *keep_ids) {
                Ok(Recognised::Column(column, values)) => {
                    found.columns.push(FoundColumn { place, column, values });
                }
                Ok(Recognised::LeftOut(why)) => {
                    found.left_out.push(format!("left out column {:?}, {why}", shortened(name)));
                }
                Err(trouble) => problems.push(self.problem(place, trouble.row, trouble)),
            }
        }
        self.refuse(problems)?;
        Ok(found)
    }

    /// Refuses the table if there are problems.
    fn refuse(&self, mut problems: Vec<CellProblem>) -> Result<(), CsvError> {
        if problems.is_empty() {
            return Ok(());
        }
        let more = problems.len().saturating_sub(MAX_PROBLEMS);
        problems.truncate(MAX_PROBLEMS);
        Err(CsvError::Cells { path: self.path.clone(), problems, more })
    }

    /// The holes of a column as a problem, if there are holes.
    fn holes(&self, column: &FoundColumn) -> Option<CellProblem> {
        let mut rows = (0..self.rows()).filter(|row| column.is_hole(*row));
        let row = rows.next()?;
        let trouble = Trouble { kind: CellTrouble::Missing, row, count: 1 + rows.count() };
        Some(self.problem(column.place, row, trouble))
    }

    /// The same table with these rows only.
    fn with_rows(&self, rows: &[usize]) -> Self {
        let (mut text, mut ends) = (String::new(), Vec::new());
        for row in rows {
            for column in 0..self.names.len() {
                text.push_str(self.cell(*row, column));
                ends.push(text.len());
            }
        }
        let lines = rows.iter().map(|row| self.lines[*row]).collect();
        Self { path: self.path.clone(), names: self.names.clone(), text, ends, lines }
    }

    /// The rows in which no cell of these columns is empty, but for columns that have no value at all.
    #[must_use]
    pub fn without_holes(&self, columns: &Columns) -> Self {
        let columns = columns.as_slice();
        let places = self.places(columns).into_iter().zip(columns);
        let places = places.filter(|(_, column)| !has_no_value(column));
        let places: Vec<usize> = places.filter_map(|(place, _)| place).collect();
        self.with_rows(&self.whole_rows(&places))
    }

    /// The rows in which no cell of the columns at these places is empty.
    fn whole_rows(&self, places: &[usize]) -> Vec<usize> {
        let is_whole =
            |row: &usize| !places.iter().any(|place| is_missing(self.cell(*row, *place)));
        (0..self.rows()).filter(is_whole).collect()
    }

    /// Refuses columns that are not among these, nor among the `ignored`.
    ///
    /// # Errors
    /// [`SheetError::Stranger`] if there is one.
    pub fn check_names(&self, columns: &Columns, ignored: &[String]) -> Result<(), SheetError> {
        let columns = columns.as_slice();
        let has = |name: &String| {
            columns.iter().any(|column| column.name() == name) || ignored.contains(name)
        };
        match self.names.iter().find(|name| !has(name)) {
            Some(stranger) => {
                let expected = columns.iter().map(|column| column.name().to_owned()).collect();
                Err(SheetError::Stranger { name: stranger.clone(), expected })
            }
            None => Ok(()),
        }
    }

    /// The values of the cells for these columns, in their order, a row after another: NaN for a hole, `None`
    /// in columns that the sheet has not. Its other columns are left out.
    ///
    /// A hole is one also where the column has none: it may be a cell to be drawn.
    ///
    /// # Errors
    /// [`SheetError::Cell`] if a cell is not one that its column can have.
    pub fn values(&self, columns: &Columns) -> Result<Vec<Option<f64>>, SheetError> {
        let columns = columns.as_slice();
        let places = self.places(columns);
        let cells = (0..self.rows()).flat_map(|row| {
            columns.iter().zip(&places).map(move |(column, place)| {
                let Some(place) = *place else { return Ok(None) };
                match column.value(self.cell(row, place)) {
                    Ok(value) => Ok(Some(value)),
                    Err(CellTrouble::Missing) => Ok(Some(f64::NAN)),
                    Err(kind) => Err(self.refusal(column, place, row, kind)),
                }
            })
        });
        cells.collect()
    }

    /// The cells of these columns in model space, a row after another. Other columns of the sheet are left out.
    ///
    /// # Errors
    /// [`SheetError`] if a column is missing, or a cell is not one that its column can have.
    pub fn model_rows(&self, columns: &Columns) -> Result<Vec<f32>, SheetError> {
        let values = self.values(columns)?;
        let columns = columns.as_slice();
        let places = self.places(columns);
        if let Some(missing) = places.iter().position(Option::is_none) {
            return Err(SheetError::Missing { name: columns[missing].name().to_owned() });
        }
        let mut model = Vec::new();
        for (i, value) in values.into_iter().flatten().enumerate() {
            let (row, column) = (i / columns.len(), i % columns.len());
            if value.is_nan()
                && let Some(place) = places[column]
                && columns[column].value(self.cell(row, place)) == Err(CellTrouble::Missing)
            {
                return Err(self.refusal(&columns[column], place, row, CellTrouble::Missing));
            }
            columns[column].encode(value, &mut model);
        }
        Ok(model)
    }

    /// The error about a cell that its column cannot have, which counts those after it with the same fault.
    fn refusal(&self, column: &Column, place: usize, row: usize, kind: CellTrouble) -> SheetError {
        let has_it = |row: &usize| column.value(self.cell(*row, place)) == Err(kind);
        let count = (row..self.rows()).filter(has_it).count();
        SheetError::Cell(self.problem(place, row, Trouble { kind, row, count }))
    }

    /// Where these columns are in the sheet.
    fn places(&self, columns: &[Column]) -> Vec<Option<usize>> {
        let place = |column: &Column| self.names.iter().position(|name| name == column.name());
        columns.iter().map(place).collect()
    }

    /// The trouble of a cell, with its place.
    fn problem(&self, column: usize, row: usize, trouble: Trouble) -> CellProblem {
        let is_constant = trouble.kind == CellTrouble::NotConstant;
        let mut cells = (0..self.rows()).map(|row| self.cell(row, column));
        let constant = cells.find(|cell| is_constant && !is_missing(cell));
        let constant = constant.map(|cell| shortened(cell).into_boxed_str());
        CellProblem {
            constant,
            column: shortened(&self.names[column]),
            trouble: trouble.kind,
            count: trouble.count,
            row: row + 1,
            line: self.lines[row],
            value: shortened(self.cell(row, column)),
        }
    }
}

/// Whether every cell of a column is empty: then none of them is a hole.
fn has_no_value(column: &Column) -> bool {
    matches!(column.kind(), ColumnKind::Constant(text) if is_missing(text))
}

/// What is wrong with the cells of a column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trouble {
    pub kind: CellTrouble,
    /// The first row that has it, counted from 0.
    pub row: usize,
    /// How many rows have it.
    pub count: usize,
}

/// The columns that were found in a sheet.
struct Found {
    columns: Vec<FoundColumn>,
    /// What is left out, and why.
    left_out: Vec<String>,
}

/// A column that was found.
struct FoundColumn {
    /// Its place in the sheet.
    place: usize,
    column: Column,
    /// The value of each row.
    values: Vec<f64>,
}

impl FoundColumn {
    /// Whether the cell of a row is empty. A column without any value has no holes.
    fn is_hole(&self, row: usize) -> bool {
        self.column.hole().is_some() && !has_no_value(&self.column) && self.values[row].is_nan()
    }
}

impl Found {
    /// The table of a sheet in which these were found.
    fn table(self, sheet: &Sheet) -> Result<(Table, Vec<String>), CsvError> {
        let path = || sheet.path.clone();
        if self.columns.is_empty() {
            return Err(CsvError::NothingLeft { path: path(), left_out: self.left_out });
        }
        let (columns, values): (Vec<_>, Vec<_>) =
            self.columns.into_iter().map(|found| (found.column, found.values)).unzip();
        let rows = 0..sheet.rows();
        let rows = rows.flat_map(|row| values.iter().map(move |cells| cells[row])).collect();
        let unsound = |source: TableError| CsvError::Table { path: path(), source };
        let columns = Columns::new(columns).map_err(unsound)?;
        Ok((Table::of_values(columns, rows).map_err(unsound)?, self.left_out))
    }
}
