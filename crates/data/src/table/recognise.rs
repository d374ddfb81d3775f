//! What the cells of a column are.

use super::column::{
    Category, Column, ColumnKind, Date, DateFormat, DateGuess, Decimals, Notation,
};
use super::column::{Number, ROWS_PER_VALUE, Style, is_missing, number};
use super::csv_error::{CellTrouble, shortened};
use super::schema::{ColumnSchema, KindSchema};
use super::sheet::Trouble;
use std::collections::HashSet;

/// A column with more distinct words is no category.
const MOST_LABELS: usize = 20_000;
/// A category of numbers and words has at most so many labels, if it has few rows.
const MOST_MIXED: usize = 8;
/// Longer cells are texts, which a category cannot learn.
const LONGEST_CELL: usize = 10_000;
/// A column of words names its rows if so large a part of them differs.
const DIFFERING: f64 = 0.9;

/// A column of which so large a part is dates is one of dates.
const MOSTLY: f64 = 0.9;

/// What a column was found to be.
#[expect(clippy::large_enum_variant, reason = "there is one a column")]
pub(super) enum Recognised {
    /// A column to learn, and the value of each cell.
    Column(Column, Vec<f64>),
    /// Nothing to learn, and why.
    LeftOut(String),
}

/// Decides what the cells of a column are; a schema decides instead of the cells.
pub(super) fn recognise(
    name: &str,
    cells: &[&str],
    schema: Option<&ColumnSchema>,
    keep_ids: bool,
) -> Result<Recognised, Trouble> {
    if let Some(trouble) = trouble_of_lengths(cells) {
        return Err(trouble);
    }
    let is_constant = schema.is_some_and(|schema| schema.kind == KindSchema::Constant);
    match notation(cells).filter(|_| !is_constant) {
        None => Cells::new(name, cells).recognised(schema, keep_ids),
        Some(notation) => {
            let plain: Vec<Option<String>> =
                cells.iter().map(|cell| notation.plain(cell)).collect();
            let plain =
                cells.iter().zip(&plain).map(|(cell, plain)| plain.as_deref().unwrap_or(cell));
            let plain: Vec<&str> = plain.collect();
            let found = Cells::new(name, &plain).recognised(schema, keep_ids)?;
            Ok(found.written_in(&notation))
        }
    }
}

/// The notation of the cells, if it is not that of programs, and all cells are numbers in it.
fn notation(cells: &[&str]) -> Option<Notation> {
    let present: Vec<&str> = cells.iter().copied().filter(|cell| !is_missing(cell)).collect();
    let differs = |cell: &&str| *cell != present[0];
    let is_word = |cell: &&str| number(cell).is_err();
    if !present.iter().any(differs) || !present.iter().any(is_word) {
        return None;
    }
    let notation = Notation::of(&present)?;
    let is_number = |cell: &&str| notation.plain(cell).is_some_and(|plain| number(&plain).is_ok());
    present.iter().all(is_number).then_some(notation)
}

/// The first cell that is too long.
fn trouble_of_lengths(cells: &[&str]) -> Option<Trouble> {
    let is_long = |cell: &&str| cell.len() > LONGEST_CELL;
    let row = cells.iter().position(is_long)?;
    let count = cells.iter().filter(|cell| is_long(cell)).count();
    Some(Trouble { kind: CellTrouble::Long, row, count })
}

impl Recognised {
    fn written_in(self, notation: &Notation) -> Self {
        match self {
            Self::Column(column, values) => {
                let plain = column.clone();
                Self::Column(column.written_in(notation.clone()).unwrap_or(plain), values)
            }
            Self::LeftOut(why) => Self::LeftOut(why),
        }
    }
}

/// The cells of a column, and what they are as numbers.
struct Cells<'a> {
    name: &'a str,
    texts: &'a [&'a str],
    numbers: Vec<Result<f64, CellTrouble>>,
    /// How the first hole is written.
    hole: &'a str,
}

impl<'a> Cells<'a> {
    fn new(name: &'a str, texts: &'a [&'a str]) -> Self {
        let numbers = texts.iter().map(|cell| number(cell)).collect();
        let hole = texts.iter().find(|cell| is_missing(cell)).copied().unwrap_or_default();
        Self { name, texts, numbers, hole }
    }

    fn recognised(
        &self,
        schema: Option<&ColumnSchema>,
        keep_ids: bool,
    ) -> Result<Recognised, Trouble> {
        let Some(schema) = schema else { return self.by_themselves(keep_ids) };
        if schema.kind == KindSchema::Skip {
            return Ok(Recognised::LeftOut("as the schema has it".to_owned()));
        }
        if self.are_holes() {
            return Ok(self.constant());
        }
        match schema.kind {
            KindSchema::Category => Ok(self.category()),
            KindSchema::Date => match &schema.format {
                Some(pattern) => {
                    let format = DateFormat::from_pattern(pattern);
                    self.dates(&format.ok_or(Trouble {
                        kind: CellTrouble::Date,
                        row: 0,
                        count: 1,
                    })?)
                }
                None => self.dates(&self.format(&self.guess())?),
            },
            KindSchema::Integer | KindSchema::Real => self.bounded_numbers(schema),
            KindSchema::Constant | KindSchema::Skip => self.only_value(),
        }
    }

    fn by_themselves(&self, keep_ids: bool) -> Result<Recognised, Trouble> {
        if self.are_holes() || self.texts.iter().all(|cell| *cell == self.texts[0]) {
            return Ok(self.constant());
        }
        if let Some(trouble) = self.trouble(|kind| kind == CellTrouble::TooLarge) {
            return Err(trouble);
        }
        let Some(first_word) = self.trouble(|kind| kind != CellTrouble::Missing) else {
            return Ok(self.numbers());
        };
        let present = self.texts.iter().filter(|cell| !is_missing(cell));
        let guess = self.guess();
        if guess.dates as f64 >= MOSTLY * present.count() as f64 {
            // Of dates a few others are faults.
            return self.dates(&self.format(&guess)?);
        }
        if self.trouble(|kind| kind == CellTrouble::Text).is_none() {
            // Nothing but numbers, and numbers with a comma.
            return Err(first_word);
        }
        self.words(first_word, keep_ids)
    }

    /// Words, perhaps with numbers among them.
    fn words(&self, first_word: Trouble, keep_ids: bool) -> Result<Recognised, Trouble> {
        let present = self.texts.iter().filter(|cell| !is_missing(cell));
        let labels = present.clone().collect::<HashSet<_>>().len();
        let present = present.count();
        let numbers = self.numbers.iter().filter(|number| number.is_ok()).count();
        let is_few = labels <= MOST_MIXED.max(present / ROWS_PER_VALUE);
        // Digits such as 007, or too many of them, are words; and so are the numbers beside them.
        let are_digits = |cell: &&str| cell.bytes().all(|byte| byte.is_ascii_digit());
        let are_codes = self.texts.iter().filter(|cell| !is_missing(cell)).all(are_digits);
        if numbers > present / 2 && !is_few && !are_codes {
            return Err(Trouble { kind: CellTrouble::Mixed, ..first_word });
        }
        if !keep_ids && labels as f64 > DIFFERING * present as f64 {
            if let Some(trouble) = self.odd_amount() {
                return Err(trouble);
            }
            let how = if labels == present { "all" } else { "nearly all" };
            return Ok(Recognised::LeftOut(format!(
                "whose words are {how} different, as names of rows are ({:?} is the first; keep ids to \
                 learn it)",
                shortened(self.texts[first_word.row])
            )));
        }
        if labels > MOST_LABELS {
            return Ok(Recognised::LeftOut(format!(
                "which has {labels} different words, more than {MOST_LABELS}"
            )));
        }
        Ok(self.category())
    }

    /// The first of a few cells that are no numbers as the others are, such as a word among amounts.
    fn odd_amount(&self) -> Option<Trouble> {
        let present = (0..self.texts.len()).filter(|row| !is_missing(self.texts[*row]));
        let is_amount = |row: &usize| self.texts[*row].contains(|c: char| c.is_ascii_digit());
        let (amounts, others): (Vec<usize>, Vec<usize>) = present.partition(is_amount);
        let amounts: Vec<&str> = amounts.iter().map(|row| self.texts[*row]).collect();
        let row = *others.first()?;
        let are_most = amounts.len() as f64 >= MOSTLY * (amounts.len() + others.len()) as f64;
        let is_one = are_most && notation(&amounts).is_some();
        is_one.then_some(Trouble { kind: CellTrouble::Mixed, row, count: others.len() })
    }

    /// Whether every cell is empty.
    fn are_holes(&self) -> bool {
        self.numbers.iter().all(|number| *number == Err(CellTrouble::Missing))
    }

    /// The first cell with such a trouble, and how many have it.
    fn trouble(&self, is: impl Fn(CellTrouble) -> bool) -> Option<Trouble> {
        let troubles = self.numbers.iter().enumerate();
        let mut troubles =
            troubles.filter_map(|(row, number)| number.err().map(|kind| (row, kind)));
        let (row, kind) = troubles.find(|(_, kind)| is(*kind))?;
        let count = 1 + troubles.filter(|(_, kind)| is(*kind)).count();
        Some(Trouble { kind, row, count })
    }

    fn constant(&self) -> Recognised {
        let text = self.texts.first().copied().unwrap_or_default();
        // A word for a hole keeps its spelling.
        let column = Column::of_kind(self.name, ColumnKind::Constant(text.to_owned()), self.hole);
        let value = number(text).unwrap_or(f64::NAN);
        Recognised::Column(column, vec![value; self.texts.len()])
    }

    /// The one value that a schema expects; cells without it are holes.
    fn only_value(&self) -> Result<Recognised, Trouble> {
        let Some(value) = self.texts.iter().find(|cell| !is_missing(cell)) else {
            return Ok(self.constant());
        };
        let other = |cell: &str| !is_missing(cell) && cell != *value;
        match self.texts.iter().position(|cell| other(cell)) {
            Some(row) => {
                let count = self.texts.iter().filter(|cell| other(cell)).count();
                Err(Trouble { kind: CellTrouble::NotConstant, row, count })
            }
            None if self.texts.iter().any(|cell| is_missing(cell)) => Ok(self.category()),
            None => Ok(self.constant()),
        }
    }

    fn category(&self) -> Recognised {
        let are_numbers = self.numbers.iter().all(|number| match number {
            Ok(_) | Err(CellTrouble::Missing) => true,
            Err(_) => false,
        });
        let (category, values) = if are_numbers {
            let values = self.values();
            (Category::of_numbers(&values, |row| Some(self.texts[row].to_owned())), values)
        } else {
            let cell = |cell: &&'a str| (!is_missing(cell)).then_some(*cell);
            Category::of_words(&self.texts.iter().map(cell).collect::<Vec<_>>())
        };
        let column = Column::of_kind(self.name, ColumnKind::Category(category), self.hole);
        Recognised::Column(column, values)
    }

    /// What the cells are as dates.
    fn guess(&self) -> DateGuess {
        DateGuess::of(self.texts.iter().copied().filter(|cell| !is_missing(cell)))
    }

    /// The format of most dates, if it is the only one.
    fn format(&self, guess: &DateGuess) -> Result<DateFormat, Trouble> {
        let first = |is: &dyn Fn(&str) -> bool| {
            self.texts.iter().position(|cell| !is_missing(cell) && is(cell)).unwrap_or(0)
        };
        match &guess.formats[..] {
            [format] => Ok(format.clone()),
            [] => Err(Trouble { kind: CellTrouble::Date, row: first(&|_| true), count: 1 }),
            [format, ..] => {
                let row = first(&|cell| format.reads(cell));
                Err(Trouble { kind: CellTrouble::DayOrMonth, row, count: guess.dates })
            }
        }
    }

    fn dates(&self, format: &DateFormat) -> Result<Recognised, Trouble> {
        let cell = |cell: &&'a str| (!is_missing(cell)).then_some(*cell);
        let cells: Vec<Option<&str>> = self.texts.iter().map(cell).collect();
        let (date, values) = Date::fit(&cells, format).map_err(|row| {
            let count = cells.iter().flatten().filter(|cell| !format.reads(cell)).count();
            Trouble { kind: CellTrouble::Date, row, count }
        })?;
        let column = Column::of_kind(self.name, ColumnKind::Date(date), self.hole);
        Ok(Recognised::Column(column, values))
    }

    /// The numbers, NaN for what is none.
    fn values(&self) -> Vec<f64> {
        self.numbers.iter().map(|number| number.unwrap_or(f64::NAN) + 0.0).collect() // −0 is 0
    }

    fn style(&self) -> Style {
        let are_numbers = self.texts.iter().zip(&self.numbers).filter(|(_, number)| number.is_ok());
        let values = self.numbers.iter().flatten();
        let range = [f64::min, f64::max].map(|better: fn(f64, f64) -> f64| {
            values.clone().copied().reduce(better).unwrap_or_default()
        });
        let decimals = Decimals::of_texts(are_numbers.map(|(text, _)| *text), range);
        Style { decimals, is_bounded: true, has_masses: true }
    }

    fn numbers(&self) -> Recognised {
        let values = self.values();
        let text = |row: usize| Some(self.texts[row].to_owned());
        let column = Column::of_numbers(self.name, &values, self.style(), self.hole, text);
        Recognised::Column(column, values)
    }

    /// Numbers as a schema has them, within its bounds.
    fn bounded_numbers(&self, schema: &ColumnSchema) -> Result<Recognised, Trouble> {
        if let Some(trouble) = self.trouble(|kind| kind != CellTrouble::Missing) {
            return Err(trouble);
        }
        let mut style = Style { is_bounded: false, ..self.style() };
        let values = self.values();
        let is_refused = |value: &f64| {
            let below = schema.min.is_some_and(|min| *value < min);
            let above = schema.max.is_some_and(|max| *value > max);
            below || above || schema.kind == KindSchema::Integer && value.fract() != 0.0
        };
        let refused = |value: &&f64| !value.is_nan() && is_refused(value);
        if let Some(row) = values.iter().position(|value| refused(&value)) {
            let count = values.iter().filter(refused).count();
            return Err(Trouble { kind: CellTrouble::Schema, row, count });
        }
        if schema.kind == KindSchema::Integer {
            style.decimals.most = Some(0);
        }
        let number = Number::fit(&values, style).within([schema.min, schema.max]);
        let column = Column::of_kind(self.name, ColumnKind::Number(number), self.hole);
        Ok(Recognised::Column(column, values))
    }
}
