//! A column of words, or of few numbers.

use super::number::shortest;
use super::{Codes, ColumnError};
use std::collections::BTreeMap;

/// One of several words or numbers.
///
/// The value of a cell is the number itself if all labels are numbers, and the place of the word in the
/// list otherwise; NaN is an empty cell, which is one more state.
/// # Example
/// ```
/// use ancestral_data::{Category, Column, ColumnKind};
///
/// let words = ["blue", "green", "red"].map(String::from).to_vec();
/// let colours = Category::new("colour", words, false, vec![0.1, 0.3, 0.6])?;
/// let column = Column::new("colour", ColumnKind::Category(colours), None)?;
/// assert_eq!((column.value("green"), column.text(1.0)), (Ok(1.0), "green".to_owned()));
/// # Ok::<(), ancestral_data::ColumnError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Category {
    /// Ascending: as numbers if they are numbers, else as text.
    labels: Vec<String>,
    numbers: Option<Vec<f64>>,
    states: Codes,
}

impl Category {
    /// The category of these labels, which ascend as numbers or as text. `shares` has one for each of them,
    /// and one more if cells may be empty.
    ///
    /// # Errors
    /// [`ColumnError`] if there are no labels, they do not ascend, or the shares are not theirs.
    pub fn new(
        name: &str,
        labels: Vec<String>,
        are_numbers: bool,
        shares: Vec<f64>,
    ) -> Result<Self, ColumnError> {
        let numbers: Option<Vec<f64>> = are_numbers
            .then(|| labels.iter().map(|label| label.parse().unwrap_or(f64::NAN)).collect());
        let ascend = match &numbers {
            Some(numbers) => {
                numbers.windows(2).all(|pair| pair[0] < pair[1])
                    && numbers.iter().all(|number| number.is_finite())
            }
            None => labels.windows(2).all(|pair| pair[0] < pair[1]),
        };
        if labels.is_empty() || !ascend {
            return Err(ColumnError::Labels { name: name.to_owned(), labels });
        }
        let states = Codes::new(shares)?;
        if !(labels.len()..=labels.len() + 1).contains(&states.shares().len()) {
            return Err(ColumnError::Shares { shares: states.shares().to_vec() });
        }
        Ok(Self { labels, numbers, states })
    }

    /// The category of these words, of which `None` is a hole, and the value of each cell.
    ///
    /// # Panics
    /// If there is no word.
    pub(crate) fn of_words<'a>(cells: &[Option<&'a str>]) -> (Self, Vec<f64>) {
        let mut counts: BTreeMap<&'a str, usize> = BTreeMap::new();
        for word in cells.iter().flatten() {
            *counts.entry(word).or_default() += 1;
        }
        let labels: Vec<String> = counts.keys().map(ToString::to_string).collect();
        let holes = cells.iter().filter(|cell| cell.is_none()).count();
        let counts: Vec<usize> = counts.into_values().chain((holes > 0).then_some(holes)).collect();
        let category = Self { labels, numbers: None, states: Codes::of_counts(&counts) };
        let value = |word: &str| category.value(word).unwrap_or(f64::NAN);
        let values = cells.iter().map(|cell| cell.map_or(f64::NAN, value)).collect();
        (category, values)
    }

    /// The category of these numbers, of which NaN is a hole, written as in `texts`.
    ///
    /// # Panics
    /// If there is no number.
    pub(crate) fn of_numbers(cells: &[f64], text: impl Fn(usize) -> Option<String>) -> Self {
        let mut places: Vec<usize> = (0..cells.len()).filter(|i| !cells[*i].is_nan()).collect();
        let holes = cells.len() - places.len();
        places.sort_by(|a, b| cells[*a].total_cmp(&cells[*b]));
        let runs: Vec<&[usize]> = places.chunk_by(|a, b| cells[*a] == cells[*b]).collect();
        let label = |run: &&[usize]| text(run[0]).unwrap_or_else(|| shortest(cells[run[0]]));
        let counts = runs.iter().map(|run| run.len()).chain((holes > 0).then_some(holes));
        Self {
            labels: runs.iter().map(label).collect(),
            numbers: Some(runs.iter().map(|run| cells[run[0]] + 0.0).collect()), // −0 is 0
            states: Codes::of_counts(&counts.collect::<Vec<_>>()),
        }
    }

    /// The words or numbers, ascending.
    #[must_use]
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// The numbers, if all labels are numbers.
    #[must_use]
    pub fn numbers(&self) -> Option<&[f64]> {
        self.numbers.as_deref()
    }

    /// The shares of the labels, and of holes if there are some.
    #[must_use]
    pub fn shares(&self) -> &[f64] {
        self.states.shares()
    }

    pub(super) fn codes(&self) -> &Codes {
        &self.states
    }

    pub(super) fn has_holes(&self) -> bool {
        self.states.shares().len() > self.labels.len()
    }

    pub(super) fn width(&self) -> usize {
        self.states.width()
    }

    pub(super) fn encode(&self, value: f64, model: &mut Vec<f32>) {
        if value.is_nan() && self.has_holes() {
            return self.states.encode(self.labels.len(), model);
        }
        match &self.numbers {
            // There are numbers between two.
            Some(numbers) if self.is_line() => {
                let share = (value - numbers[0]) / (numbers[1] - numbers[0]);
                self.states.encode_between(share, model);
            }
            Some(numbers) => self.states.encode(nearest(numbers, value), model),
            None => self.states.encode(self.place(value), model),
        }
    }

    /// NaN for a hole.
    pub(super) fn decode(&self, model: &[f32]) -> f64 {
        let state = self.states.decode(model);
        match &self.numbers {
            _ if state == self.labels.len() => f64::NAN,
            Some(numbers) => numbers[state],
            None => state as f64,
        }
    }

    /// Whether it is two numbers and no holes: then numbers between them make sense.
    pub(super) fn is_line(&self) -> bool {
        self.numbers.is_some() && self.states.shares().len() == 2 && self.labels.len() == 2
    }

    /// Whether it is a number that is no label.
    pub(super) fn is_between(&self, value: f64) -> bool {
        self.numbers.as_ref().is_some_and(|numbers| !value.is_nan() && !numbers.contains(&value))
    }

    /// The number between the two.
    pub(super) fn loose(&self, model: &[f32]) -> Option<f64> {
        let numbers = self.numbers.as_ref().filter(|_| self.is_line())?;
        Some(numbers[0] + (numbers[1] - numbers[0]) * self.states.share_of_second(model))
    }

    /// The value of a label, if it is one.
    pub(super) fn value(&self, text: &str) -> Option<f64> {
        if let Some(numbers) = &self.numbers {
            let value: f64 = text.parse().ok()?;
            return numbers.contains(&value).then_some(value);
        }
        let place = self.labels.binary_search_by(|label| label.as_str().cmp(text));
        place.ok().map(|place| place as f64)
    }

    pub(super) fn text(&self, value: f64) -> &str {
        let place = match &self.numbers {
            Some(numbers) => nearest(numbers, value),
            None => self.place(value),
        };
        &self.labels[place]
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
    fn place(&self, value: f64) -> usize {
        value.round().clamp(0.0, (self.labels.len() - 1) as f64) as usize
    }

    /// What it is, in a few words: the most frequent labels.
    pub(super) fn describe(&self) -> String {
        const SHOWN: usize = 4;
        let mut labels: Vec<(&String, &f64)> = self.labels.iter().zip(self.shares()).collect();
        labels.sort_by(|a, b| b.1.total_cmp(a.1));
        let short = |label: &str| -> String {
            let cut: String = label.chars().take(24).collect();
            if cut.len() < label.len() { format!("{cut}…") } else { cut }
        };
        let shown: Vec<String> = labels
            .iter()
            .take(SHOWN)
            .map(|(label, share)| format!("{} {:.1} %", short(label), 100.0 * **share))
            .collect();
        let more = if labels.len() > SHOWN { ", …" } else { "" };
        format!("one of {}: {}{more}", labels.len(), shown.join(", "))
    }
}

/// The index of the ascending value that is nearest, the smaller of two equally near.
pub(crate) fn nearest(values: &[f64], value: f64) -> usize {
    let above = values.partition_point(|seen| *seen < value);
    if above == values.len() || (above > 0 && value - values[above - 1] <= values[above] - value) {
        above - 1
    } else {
        above
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_are_counted_and_come_back() {
        let cells = [Some("red"), Some("a, \"b\""), None, Some("red"), Some("ß")];
        let (category, values) = Category::of_words(&cells);
        assert_eq!(category.labels(), ["a, \"b\"", "red", "ß"]);
        assert_eq!(category.shares(), [0.2, 0.4, 0.2, 0.2]);
        let expected = [1.0, 0.0, f64::NAN, 1.0, 2.0];
        assert!(values.iter().zip(expected).all(|(a, b)| *a == b || a.is_nan() && b.is_nan()));
        assert_eq!((category.value("green"), category.text(2.0)), (None, "ß"));
        assert_eq!(category.describe(), "one of 3: red 40.0 %, a, \"b\" 20.0 %, ß 20.0 %");
    }

    #[test]
    fn numbers_are_those_seen() {
        let values = [0.5, -1.0, 10.0].repeat(10);
        let category = Category::of_numbers(&values, |_| None);
        assert_eq!(category.numbers(), Some([-1.0, 0.5, 10.0].as_slice()));
        assert_eq!(category.labels(), ["-1", "0.5", "10"]);
        assert_eq!((category.value("10.0"), category.value("11")), (Some(10.0), None));
        assert_eq!(category.text(10.0), "10");
        assert_eq!([5.25, 5.26].map(|value| nearest(&[0.5, 10.0], value)), [0, 1]);
    }

    #[test]
    fn between_two_numbers_there_is_a_line() {
        let category = Category::of_numbers(&[0.0, 1.0].repeat(10), |_| None);
        let mut model = Vec::new();
        category.encode(0.25, &mut model);
        assert_eq!((model.as_slice(), category.loose(&model)), ([-0.5].as_slice(), Some(0.25)));
        assert_eq!(category.decode(&model), 0.0);
    }

    #[test]
    fn labels_that_cannot_be_are_refused() {
        let make = |labels: &[&str], are_numbers, shares: &[f64]| {
            let labels = labels.iter().map(ToString::to_string).collect();
            Category::new("a", labels, are_numbers, shares.to_vec())
        };
        assert!(make(&["10", "9"], false, &[0.5, 0.5]).is_ok());
        assert!(make(&["9", "10"], true, &[0.5, 0.5]).is_ok());
        assert!(make(&["10", "9"], true, &[0.5, 0.5]).is_err());
        assert!(make(&["a", "b"], true, &[0.5, 0.5]).is_err());
        assert!(make(&["a", "a"], false, &[0.5, 0.5]).is_err());
        assert!(make(&[], false, &[1.0]).is_err());
        assert!(make(&["a"], false, &[0.5, 0.25, 0.25]).is_err());
    }

    proptest! {
        #[test]
        fn every_word_comes_back(
            cells in prop::collection::vec(prop::option::of("[a-eß\u{4e00}-\u{4e20}, \"]{1,3}"), 1..200)
        ) {
            let cells: Vec<Option<&str>> = cells.iter().map(Option::as_deref).collect();
            prop_assume!(cells.iter().any(Option::is_some));
            let (category, values) = Category::of_words(&cells);
            for (cell, value) in cells.iter().zip(values) {
                let mut model = Vec::new();
                category.encode(value, &mut model);
                let back = category.decode(&model);
                prop_assert_eq!(model.len(), category.width());
                prop_assert_eq!(*cell, (!back.is_nan()).then(|| category.text(back)));
            }
        }
    }
}
