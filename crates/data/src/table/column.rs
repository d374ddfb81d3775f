//! One column of a table: its kind, and the conversion to model space and back.

mod category;
mod codes;
mod date;
mod notation;
mod number;
mod scale;

use super::csv_error::CellTrouble;
pub(super) use number::Style;
use std::fmt;
use thiserror::Error;

pub use category::Category;
#[cfg(not(target_family = "wasm"))]
pub(crate) use category::nearest;
pub use codes::Codes;
pub(super) use date::DateGuess;
pub use date::{Date, DateFormat};
pub use notation::Notation;
pub(super) use number::shortest;
pub use number::{Decimals, Number};
pub use scale::Scale;

/// A category of numbers has at most this many of them …
const MAX_DISTINCT: usize = 16;
/// … and at least this many rows for each.
pub(super) const ROWS_PER_VALUE: usize = 10;
/// There may be more of them if they have decimals, and more rows each: such numbers repeat where they come from a
/// list.
const MAX_LISTED: usize = 64;
const ROWS_PER_LISTED: usize = 100;
/// Words that stand for an empty cell, in any case.
const MISSING: [&str; 10] = ["", "na", "n/a", "nan", "null", "none", "?", "nat", "<na>", "#n/a"];

/// What a column holds, which decides how it is learned.
#[derive(Debug, Clone, PartialEq)]
pub enum ColumnKind {
    /// Numbers.
    Number(Number),
    /// Words or few numbers.
    Category(Category),
    /// Dates and times.
    Date(Date),
    /// The same text in every row; empty if every cell is.
    Constant(String),
}

/// A column of a table: its name, its kind, and its conversion to model space.
///
/// A cell has a *value*, an f64: a number itself, the place of a word among the labels of a category, the
/// count of units since 1970 of a date, NaN for a hole. In model space a cell takes
/// [`width`](Self::width) numbers.
/// # Numerics
/// Model space is f32. Categories, dates, and numbers with few enough digits are restored exactly.
/// # Example
/// ```
/// use ancestral_data::Column;
///
/// let ages = Column::fit("age", &[20.0, 30.0, 40.0, 30.0]);
/// let mut model = Vec::new();
/// ages.encode(30.0, &mut model);
/// assert_eq!((ages.width(), model.as_slice()), (1, [0.0].as_slice()));
/// assert_eq!(ages.decode(&[2.0]), 44.0); // 30 + 2 · √50 = 44.14
/// assert_eq!(ages.to_string(), "age: integer");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    name: String,
    kind: ColumnKind,
    /// How a hole is written, if there are holes.
    hole: Option<String>,
    /// How numbers are written.
    notation: Notation,
}

/// Why parts do not make a [`Column`].
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum ColumnError {
    /// The mean or the deviation standardises nothing.
    #[error(
        "column {name:?} has mean {mean} and deviation {deviation}, \
         but they must be finite, and the deviation above 0"
    )]
    Scale {
        /// The column.
        name: String,
        /// The mean.
        mean: f64,
        /// The deviation.
        deviation: f64,
    },
    /// Numbers that must be finite and ascend.
    #[error("the values of column {name:?} must be finite and ascend, got {values:?}")]
    Values {
        /// The column.
        name: String,
        /// The values.
        values: Vec<f64>,
    },
    /// The bounds are no range.
    #[error("the bounds of column {name:?} must be finite and ascend, got {min:?} and {max:?}")]
    Bounds {
        /// The column.
        name: String,
        /// The smallest value.
        min: Option<f64>,
        /// The largest value.
        max: Option<f64>,
    },
    /// More decimals than a number has.
    #[error("the decimals of column {name:?} must be at most {most}, got {decimals}")]
    Decimals {
        /// The column.
        name: String,
        /// How many.
        decimals: u32,
        /// How many there may be.
        most: u32,
    },
    /// The labels are not a list to choose from.
    #[error("the labels of column {name:?} must ascend, at least one, got {labels:?}")]
    Labels {
        /// The column.
        name: String,
        /// The labels.
        labels: Vec<String>,
    },
    /// The shares are not those of states.
    #[error("the shares of states must be above 0, 1 in all, one a state, got {shares:?}")]
    Shares {
        /// The shares.
        shares: Vec<f64>,
    },
    /// Dates that are not of their format.
    #[error("column {name:?} does not have the numbers that dates as {format} need")]
    Date {
        /// The column.
        name: String,
        /// The format.
        format: String,
    },
    /// Holes without a text, or a text without holes.
    #[error("column {name:?} must have a text for holes if it has holes, and only then")]
    Holes {
        /// The column.
        name: String,
    },
    /// A notation of numbers where there are none.
    #[error("column {name:?} holds no numbers, but has a notation of numbers")]
    Notation {
        /// The column.
        name: String,
    },
}

impl Column {
    /// The largest size of a number in a table: 10³⁰⁰. Differences of such numbers are finite.
    pub const MAX_VALUE: f64 = 1e300;

    /// Puts a column together. `hole` is how an empty cell is written, if the kind has holes.
    ///
    /// # Errors
    /// [`ColumnError::Holes`] if the kind has holes and there is no text for them, or the other way round.
    pub fn new(name: &str, kind: ColumnKind, hole: Option<String>) -> Result<Self, ColumnError> {
        let has_holes = match &kind {
            ColumnKind::Number(number) => number.has_holes(),
            ColumnKind::Category(category) => category.has_holes(),
            ColumnKind::Date(date) => date.has_holes(),
            ColumnKind::Constant(text) => is_missing(text),
        };
        let name = name.to_owned();
        if has_holes != hole.is_some() {
            return Err(ColumnError::Holes { name });
        }
        Ok(Self { name, kind, hole, notation: Notation::default() })
    }

    /// The same with another notation of its numbers.
    ///
    /// # Errors
    /// [`ColumnError::Notation`] if it holds no numbers.
    pub fn written_in(self, notation: Notation) -> Result<Self, ColumnError> {
        let are_numbers = match &self.kind {
            ColumnKind::Number(_) => true,
            ColumnKind::Category(category) => category.numbers().is_some(),
            ColumnKind::Date(_) | ColumnKind::Constant(_) => false,
        };
        if are_numbers || notation.is_plain() {
            return Ok(Self { notation, ..self });
        }
        Err(ColumnError::Notation { name: self.name })
    }

    /// Numbers that are not scaled, of which nothing else is known.
    ///
    /// # Panics
    /// Never.
    #[must_use]
    pub fn unscaled(name: &str) -> Self {
        let scale = Scale::Standard { mean: 0.0, deviation: 1.0 };
        let number =
            Number::new(name, scale, Decimals::default(), [None; 2], Vec::new(), vec![1.0]);
        let kind = ColumnKind::Number(number.expect("a standard scale without masses"));
        Self { name: name.to_owned(), kind, hole: None, notation: Notation::default() }
    }

    /// The column of these numbers, of which NaN is a hole. Numbers beyond those seen may be drawn.
    ///
    /// # Panics
    /// If there are no values, or one is beyond ±[`MAX_VALUE`](Self::MAX_VALUE).
    #[must_use]
    pub fn fit(name: &str, values: &[f64]) -> Self {
        assert!(!values.is_empty(), "column {name:?} has no values");
        let unfit = values.iter().find(|value| !value.is_nan() && !is_fit(**value));
        assert!(unfit.is_none(), "column {name:?} holds {unfit:?}");
        let is_whole = |value: &f64| value.fract() == 0.0 && value.abs() < number::MAX_INTEGER;
        let are_whole = values.iter().filter(|value| !value.is_nan()).all(is_whole);
        let decimals = if are_whole { Decimals::INTEGER } else { Decimals::default() };
        let style = Style { decimals, is_bounded: false, has_masses: true };
        Self::of_numbers(name, values, style, "", |_| None)
    }

    /// The column of these numbers, of which NaN is a hole, written `hole`, and others as by `text`.
    pub(super) fn of_numbers(
        name: &str,
        values: &[f64],
        style: Style,
        hole: &str,
        text: impl Fn(usize) -> Option<String>,
    ) -> Self {
        let holes = values.iter().filter(|value| value.is_nan()).count();
        let kind = match distinct(values) {
            Some(0) => ColumnKind::Constant(String::new()),
            Some(1) if holes == 0 => {
                ColumnKind::Constant(text(0).unwrap_or_else(|| shortest(values[0])))
            }
            Some(count) if count == 1 || is_list(count, values.len() - holes, style.decimals) => {
                ColumnKind::Category(Category::of_numbers(values, text))
            }
            Some(_) | None => ColumnKind::Number(Number::fit(values, style)),
        };
        Self::of_kind(name, kind, hole)
    }

    /// A column of a kind, with a text for holes if it has some.
    pub(super) fn of_kind(name: &str, kind: ColumnKind, hole: &str) -> Self {
        let without = Self::new(name, kind.clone(), None);
        without.unwrap_or_else(|_| Self {
            name: name.to_owned(),
            kind,
            hole: Some(hole.to_owned()),
            notation: Notation::default(),
        })
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it holds.
    #[must_use]
    pub fn kind(&self) -> &ColumnKind {
        &self.kind
    }

    /// How a hole is written; `None` if no cell is empty.
    #[must_use]
    pub fn hole(&self) -> Option<&str> {
        self.hole.as_deref()
    }

    /// How its numbers are written.
    #[must_use]
    pub fn notation(&self) -> &Notation {
        &self.notation
    }

    /// Whether the value of a cell is the number in it, or NaN for a hole.
    #[must_use]
    pub fn is_numeric(&self) -> bool {
        match &self.kind {
            ColumnKind::Number(_) => true,
            ColumnKind::Category(category) => category.numbers().is_some(),
            ColumnKind::Constant(text) => text.is_empty() || number(text).is_ok(),
            ColumnKind::Date(_) => false,
        }
    }

    /// Whether any number of model space means a number: no words, holes, dates, or values with a mass of
    /// their own.
    #[must_use]
    pub fn is_line(&self) -> bool {
        self.decode_loosely(&vec![0.0; self.width()]).is_some()
    }

    /// How many numbers of model space a cell takes, at least 1.
    #[must_use]
    pub fn width(&self) -> usize {
        match &self.kind {
            ColumnKind::Number(number) => number.width(),
            // One label needs no number, but every column has one.
            ColumnKind::Category(category) => category.width().max(1),
            ColumnKind::Date(date) => date.width(),
            ColumnKind::Constant(_) => 1,
        }
    }

    /// The categories in it: the states of words, and those beside numbers; each with where it begins among the
    /// column's numbers of model space.
    pub(super) fn codes(&self) -> Vec<(usize, &Codes)> {
        match &self.kind {
            ColumnKind::Number(number) => vec![(1, number.codes())],
            ColumnKind::Category(category) => vec![(0, category.codes())],
            ColumnKind::Date(date) => {
                let part = |end: &mut usize, part: &Number| {
                    let first = *end + 1;
                    *end += part.width();
                    Some(first)
                };
                let firsts = date.parts().iter().scan(0, part);
                firsts.zip(date.parts().iter().map(Number::codes)).collect()
            }
            ColumnKind::Constant(_) => Vec::new(),
        }
    }

    /// Appends what a value is in model space. A constant is 0.
    pub fn encode(&self, value: f64, model: &mut Vec<f32>) {
        let end = model.len() + self.width();
        match &self.kind {
            ColumnKind::Number(number) => number.encode(value, model),
            ColumnKind::Category(category) => category.encode(value, model),
            ColumnKind::Date(date) => date.encode(value, model),
            ColumnKind::Constant(_) => {}
        }
        model.resize(end, 0.0);
    }

    /// The value that model space means, of the column's kind; NaN for a hole.
    ///
    /// # Panics
    /// If there are not [`width`](Self::width) numbers.
    #[must_use]
    pub fn decode(&self, model: &[f32]) -> f64 {
        assert_eq!(model.len(), self.width(), "numbers for column {:?}", self.name);
        match &self.kind {
            ColumnKind::Number(number) => number.decode(model),
            ColumnKind::Category(category) => category.decode(model),
            ColumnKind::Date(date) => date.decode(model),
            ColumnKind::Constant(text) => number(text).unwrap_or(f64::NAN),
        }
    }

    /// The number that model space means before it is rounded and bounded: noise has one, too. `None` if the
    /// column is not a line of numbers.
    #[must_use]
    pub fn decode_loosely(&self, model: &[f32]) -> Option<f64> {
        match &self.kind {
            ColumnKind::Number(number) if number.width() == 1 => Some(number.loose(model)),
            ColumnKind::Category(category) => category.loose(model),
            ColumnKind::Constant(text) => number(text).ok(),
            ColumnKind::Number(_) | ColumnKind::Date(_) => None,
        }
    }

    /// The value of a cell as people write it: numbers in the notation of the column, or as programs do.
    ///
    /// # Errors
    /// [`CellTrouble`] if the column cannot have it: [`Missing`](CellTrouble::Missing) if it has no holes.
    pub fn value(&self, text: &str) -> Result<f64, CellTrouble> {
        if is_missing(text) {
            return self.hole.as_ref().map(|_| f64::NAN).ok_or(CellTrouble::Missing);
        }
        let plain = if self.notation.is_plain() { None } else { self.notation.plain(text) };
        let text = plain.as_deref().unwrap_or(text);
        match &self.kind {
            ColumnKind::Number(_) => number(text),
            ColumnKind::Category(category) => category.value(text).ok_or(CellTrouble::Unknown),
            ColumnKind::Date(date) => date.value(text).ok_or(CellTrouble::Date),
            ColumnKind::Constant(constant) => match (number(text), number(constant)) {
                (Ok(found), Ok(expected)) if found == expected => Ok(found),
                _ if text == constant => Ok(f64::NAN),
                _ => Err(CellTrouble::Unknown),
            },
        }
    }

    /// Whether the value is one of those that the column holds, where it holds a list: of a category of numbers
    /// and of a constant, as exactly as f32 tells.
    #[must_use]
    pub fn lists(&self, value: f64) -> bool {
        let is_near = |known: f64| (value - known).abs() <= 1e-6 * known.abs().max(1.0);
        match &self.kind {
            ColumnKind::Category(category) => {
                category.numbers().is_none_or(|numbers| numbers.iter().any(|known| is_near(*known)))
            }
            ColumnKind::Constant(text) => number(text).is_ok_and(is_near),
            ColumnKind::Number(_) | ColumnKind::Date(_) => true,
        }
    }

    /// Whether a cell of samples can have this value: it is within the bounds of the column, and has its
    /// decimals, as exactly as f32 tells.
    #[must_use]
    pub fn can_draw(&self, value: f64) -> bool {
        const TOLERANCE: f64 = 1e-5;
        let mut model = Vec::new();
        self.encode(value, &mut model);
        let drawn = self.decode(&model);
        let spread = match &self.kind {
            ColumnKind::Number(number) => number.scale.spread(),
            ColumnKind::Category(_) | ColumnKind::Date(_) | ColumnKind::Constant(_) => 0.0,
        };
        value.is_nan() || (drawn - value).abs() <= TOLERANCE * value.abs().max(spread)
    }

    /// A value as people write it. Of real numbers no more decimals are written than f32 can distinguish:
    /// 10⁻⁷ of the deviation.
    #[must_use]
    pub fn text(&self, value: f64) -> String {
        match (&self.kind, &self.hole) {
            (ColumnKind::Constant(text), _) => text.clone(),
            (_, Some(hole)) if value.is_nan() => hole.clone(),
            (ColumnKind::Number(number), _) => self.notation.written(&number.text(value)),
            (ColumnKind::Category(category), _) => self.notation.written(category.text(value)),
            (ColumnKind::Date(date), _) => date.text(value),
        }
    }

    /// A value that was given, as people write it, to its last digit.
    #[must_use]
    pub fn exact_text(&self, value: f64) -> String {
        match &self.kind {
            ColumnKind::Number(number) if !value.is_nan() => {
                self.notation.written(&number.exact_text(value))
            }
            ColumnKind::Category(category) if category.is_between(value) => {
                self.notation.written(&shortest(value))
            }
            ColumnKind::Number(_)
            | ColumnKind::Category(_)
            | ColumnKind::Date(_)
            | ColumnKind::Constant(_) => self.text(value),
        }
    }

    /// The share of holes.
    fn share_of_holes(&self) -> f64 {
        let shares = match &self.kind {
            ColumnKind::Number(number) => number.shares(),
            ColumnKind::Category(category) => category.shares(),
            ColumnKind::Date(date) => date.parts()[0].shares(),
            ColumnKind::Constant(_) => &[1.0],
        };
        shares.last().copied().unwrap_or(0.0)
    }
}

/// The column in one line: its name, what it holds, and how many cells are empty.
impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.kind {
            ColumnKind::Number(number) => number.describe(),
            ColumnKind::Category(category) => category.describe(),
            ColumnKind::Date(date) => date.describe(),
            ColumnKind::Constant(text) if text.is_empty() => "constant".to_owned(),
            ColumnKind::Constant(text) => format!("constant {text}"),
        };
        write!(f, "{}: {kind}", self.name)?;
        if !self.notation.is_plain() {
            write!(f, ", as {}", self.notation.written("1234.5"))?;
        }
        match self.hole {
            Some(_) => write!(f, ", {:.1} % missing", 100.0 * self.share_of_holes()),
            None => Ok(()),
        }
    }
}

/// Whether a table may hold the number.
pub(crate) fn is_fit(value: f64) -> bool {
    value.abs() <= Column::MAX_VALUE
}

/// Whether a cell is a hole.
pub(super) fn is_missing(cell: &str) -> bool {
    MISSING.iter().any(|word| cell.eq_ignore_ascii_case(word))
}

/// The number in a cell. Digits that a number would lose are no number: those of a leading 0, and those of
/// integers beyond 2⁵³.
pub(super) fn number(cell: &str) -> Result<f64, CellTrouble> {
    let digits = cell.strip_prefix(['+', '-']).unwrap_or(cell).as_bytes();
    let are_digits = digits.iter().all(u8::is_ascii_digit);
    match cell.parse::<f64>() {
        _ if is_missing(cell) => Err(CellTrouble::Missing),
        Ok(_) if matches!(digits, [b'0', b'0'..=b'9', ..]) => Err(CellTrouble::Text),
        Ok(value) if are_digits && value.abs() >= number::MAX_INTEGER => Err(CellTrouble::Text),
        Ok(value) if is_fit(value) => Ok(value),
        Ok(_) => Err(CellTrouble::TooLarge),
        Err(_) if cell.replacen(',', ".", 1).parse::<f64>().is_ok() => Err(CellTrouble::Comma),
        Err(_) => Err(CellTrouble::Text),
    }
}

/// Whether so many distinct numbers in so many rows come from a list, and others do not occur.
fn is_list(count: usize, rows: usize, decimals: Decimals) -> bool {
    let is_few = count <= MAX_DISTINCT && rows >= ROWS_PER_VALUE * count;
    is_few || decimals != Decimals::INTEGER && rows >= ROWS_PER_LISTED * count
}

/// How many distinct numbers there are, if they are few. NaN does not count.
fn distinct(values: &[f64]) -> Option<usize> {
    let mut seen: Vec<f64> = Vec::new();
    for &value in values.iter().filter(|value| !value.is_nan()) {
        let place = seen.partition_point(|x| *x < value);
        if seen.get(place) != Some(&value) {
            seen.insert(place, value);
        }
        if seen.len() > MAX_LISTED {
            return None;
        }
    }
    Some(seen.len())
}

#[cfg(test)]
mod tests;
