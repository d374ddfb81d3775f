//! A column of numbers.

use super::{Codes, ColumnError, Scale};

/// A value with a mass of its own has at least this share of the rows, this many of them, …
const LEAST_MASS: f64 = 0.05;
const LEAST_ROWS: usize = 10;
/// … and so many times the share of the values next to it.
const ABOVE_NEIGHBOURS: usize = 5;
/// At most so many values have a mass of their own.
const MOST_MASSES: usize = 4;
/// Numbers with more decimals come from a computation, unless there are so few steps of the last one between
/// them that f32 tells them apart.
const MOST_DECIMALS: u32 = 6;
const MOST_STEPS: f64 = 4e6;
/// Beyond these every float64 is written in full.
const ALL_DECIMALS: u32 = 1100;
/// Above 2⁵³ not every integer is a float64.
pub(super) const MAX_INTEGER: f64 = 9_007_199_254_740_992.0;

/// How many decimals the numbers of a column have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Decimals {
    /// Numbers are rounded to so many; `None`: as many are written as float32 can distinguish.
    pub most: Option<u32>,
    /// At least so many are written: 2 for 1.50.
    pub least: u32,
}

impl Decimals {
    /// Those of whole numbers.
    pub const INTEGER: Self = Self { most: Some(0), least: 0 };

    /// Those of numbers as they are written, between the smallest and the largest: free if one has an exponent
    /// or many decimals.
    pub(crate) fn of_texts<'a>(texts: impl Iterator<Item = &'a str>, [min, max]: [f64; 2]) -> Self {
        let (mut most, mut least, mut longest) = (0, u32::MAX, 0);
        for text in texts {
            if text.contains(['e', 'E']) {
                return Self::default();
            }
            let digits = text.split_once('.').map_or("", |(_, digits)| digits);
            let count = |digits: &str| u32::try_from(digits.len()).unwrap_or(u32::MAX);
            most = most.max(count(digits.trim_end_matches('0')));
            (least, longest) = (least.min(count(digits)), longest.max(count(digits)));
        }
        let unit = 10_f64.powf(f64::from(longest));
        let are_told_apart =
            (max - min) * unit < MOST_STEPS && min.abs().max(max.abs()) * unit < MAX_INTEGER;
        if longest > MOST_DECIMALS && !are_told_apart {
            return Self::default();
        }
        Self { most: Some(most), least: if least == longest { least } else { 0 } }
    }
}

/// Numbers: scaled, with a category beside them where single values have a mass of their own, or where
/// cells are empty.
///
/// # Formula
/// ```text
/// [scaled value, state …],   state: any other number, one of `masses`, a hole
/// ```
/// The scaled value is 0 in the other states. Decoded numbers beyond `min` and `max` are reflected there, so
/// that none is beyond, and none piles up.
/// # Numerics
/// Model space is f32: integers and decimals are restored exactly if the range of the column has less
/// than about four million of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Number {
    pub(super) scale: Scale,
    pub(super) decimals: Decimals,
    pub(super) min: Option<f64>,
    pub(super) max: Option<f64>,
    pub(super) masses: Vec<f64>,
    pub(super) states: Codes,
}

/// What is known of numbers beside their values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Style {
    pub decimals: Decimals,
    /// Whether no number is beyond those seen.
    pub is_bounded: bool,
    pub has_masses: bool,
}

impl Number {
    /// Puts numbers together from parts. `shares` has one for other numbers, one for each of `masses`, and
    /// one more if cells may be empty.
    ///
    /// # Errors
    /// [`ColumnError`] if the scale, the bounds, the masses or the shares are invalid.
    pub fn new(
        name: &str,
        scale: Scale,
        decimals: Decimals,
        [min, max]: [Option<f64>; 2],
        masses: Vec<f64>,
        shares: Vec<f64>,
    ) -> Result<Self, ColumnError> {
        scale.check(name)?;
        let name = name.to_owned();
        if let Some(decimals) =
            [decimals.most.unwrap_or(0), decimals.least].into_iter().find(|d| *d > ALL_DECIMALS)
        {
            return Err(ColumnError::Decimals { name, decimals, most: ALL_DECIMALS });
        }
        let ordered = min.zip(max).is_none_or(|(min, max)| min <= max);
        if !ordered || [min, max].into_iter().flatten().any(|bound| !bound.is_finite()) {
            return Err(ColumnError::Bounds { name, min, max });
        }
        if masses.iter().any(|mass| !mass.is_finite()) {
            return Err(ColumnError::Values { name, values: masses });
        }
        let states = Codes::new(shares)?;
        if !(masses.len() + 1..=masses.len() + 2).contains(&states.shares().len()) {
            return Err(ColumnError::Shares { shares: states.shares().to_vec() });
        }
        Ok(Self { scale, decimals, min, max, masses, states })
    }

    /// The numbers of these cells; NaN is a hole.
    ///
    /// # Panics
    /// If there is no number.
    pub(crate) fn fit(cells: &[f64], style: Style) -> Self {
        let mut values: Vec<f64> = cells.iter().copied().filter(|cell| !cell.is_nan()).collect();
        let holes = cells.len() - values.len();
        let fold = |better: fn(f64, f64) -> f64| values.iter().copied().reduce(better);
        let [min, max] =
            [fold(f64::min), fold(f64::max)].map(|bound| bound.filter(|_| style.is_bounded));
        let counted = if style.has_masses { masses(&values) } else { Vec::new() };
        let masses: Vec<f64> = counted.iter().map(|(value, _)| *value).collect();
        let mut counts = vec![values.len() - counted.iter().map(|(_, rows)| rows).sum::<usize>()];
        counts.extend(counted.iter().map(|(_, rows)| rows));
        counts.extend((holes > 0).then_some(holes));
        values.retain(|value| !masses.contains(value));
        let states = Codes::of_counts(&counts);
        Self { scale: Scale::fit(&values), decimals: style.decimals, min, max, masses, states }
    }

    /// The same with other bounds.
    pub(crate) fn within(self, [min, max]: [Option<f64>; 2]) -> Self {
        Self { min, max, ..self }
    }

    /// How numbers that have no mass of their own are scaled.
    #[must_use]
    pub fn scale(&self) -> &Scale {
        &self.scale
    }

    /// How many decimals they have.
    #[must_use]
    pub fn decimals(&self) -> Decimals {
        self.decimals
    }

    /// Whether they are whole numbers.
    #[must_use]
    pub fn are_integers(&self) -> bool {
        self.decimals.most == Some(0)
    }

    /// The smallest and the largest that are drawn.
    #[must_use]
    pub fn bounds(&self) -> [Option<f64>; 2] {
        [self.min, self.max]
    }

    /// The values that have a mass of their own.
    #[must_use]
    pub fn masses(&self) -> &[f64] {
        &self.masses
    }

    /// The shares of other numbers, of each of the masses, and of holes if there are some.
    #[must_use]
    pub fn shares(&self) -> &[f64] {
        self.states.shares()
    }

    /// The states beside the scaled value.
    pub(super) fn codes(&self) -> &Codes {
        &self.states
    }

    pub(super) fn has_holes(&self) -> bool {
        self.states.shares().len() == self.masses.len() + 2
    }

    pub(super) fn width(&self) -> usize {
        1 + self.states.width()
    }

    #[allow(clippy::cast_possible_truncation, reason = "model space is f32")]
    pub(super) fn encode(&self, value: f64, model: &mut Vec<f32>) {
        let mass = self.masses.iter().position(|mass| *mass == value).map(|place| place + 1);
        let state =
            if value.is_nan() && self.has_holes() { Some(self.masses.len() + 1) } else { mass };
        model.push(if state.is_none() { self.scale.encode(value) as f32 } else { 0.0 });
        self.states.encode(state.unwrap_or(0), model);
    }

    /// NaN for a hole.
    pub(super) fn decode(&self, model: &[f32]) -> f64 {
        match self.states.decode(&model[1..]) {
            0 => self.rounded(self.bounded(self.loose(model))),
            state => self.masses.get(state - 1).copied().unwrap_or(f64::NAN),
        }
    }

    /// The number before it is rounded, whatever the state.
    pub(super) fn loose(&self, model: &[f32]) -> f64 {
        self.scale.decode(f64::from(model[0]))
    }

    /// Reflected at the bounds, as often as it takes one reflection.
    fn bounded(&self, value: f64) -> f64 {
        let (low, high) = (self.min.unwrap_or(f64::MIN), self.max.unwrap_or(f64::MAX));
        let within = if value < low {
            low + (low - value)
        } else if value > high {
            high - (value - high)
        } else {
            return value;
        };
        within.clamp(low, high)
    }

    fn rounded(&self, value: f64) -> f64 {
        let rounded = match self.decimals.most {
            None => return value,
            Some(0) => value.round(),
            Some(decimals) => {
                let decimals = decimals as usize;
                format!("{value:.decimals$}").parse().unwrap_or(value)
            }
        };
        rounded + 0.0 // makes −0 a 0
    }

    /// A decoded value as text. Of free decimals no more are written than f32 can distinguish.
    pub(super) fn text(&self, value: f64) -> String {
        if self.decimals.most.is_some() || self.masses.contains(&value) {
            return self.exact_text(value);
        }
        let rounded = match &self.scale {
            // Decimals up to 10⁻⁷ of the deviation.
            Scale::Standard { deviation, .. } => {
                to_decimals(value, 7.0 - deviation.log10().floor())
            }
            // Scores tell small numbers apart, too, however large others are: seven digits of each.
            Scale::Scores { .. } => to_decimals(value, 6.0 - value.abs().log10().floor()),
        };
        let (low, high) = (self.min.unwrap_or(f64::MIN), self.max.unwrap_or(f64::MAX));
        shortest(if (low..=high).contains(&value) { rounded.clamp(low, high) } else { rounded })
    }

    /// A value as text, to the last digit.
    pub(super) fn exact_text(&self, value: f64) -> String {
        if self.decimals.most.is_none() || value.abs() >= MAX_INTEGER || !value.is_finite() {
            return shortest(value);
        }
        let text = value.to_string();
        let digits = text.split_once('.').map_or(0, |(_, digits)| digits.len());
        match self.decimals.least as usize {
            least if least > digits => format!("{value:.least$}"),
            _ => text,
        }
    }

    /// What they are, in a few words.
    pub(super) fn describe(&self) -> String {
        let kind = if self.are_integers() { "integer" } else { "real" };
        let skewed = if matches!(self.scale, Scale::Scores { .. }) { ", skewed" } else { "" };
        let range = match [self.min, self.max] {
            [Some(min), Some(max)] => format!(", {} to {}", shortest(min), shortest(max)),
            [Some(min), None] => format!(", at least {}", shortest(min)),
            [None, Some(max)] => format!(", at most {}", shortest(max)),
            [None, None] => String::new(),
        };
        let mass =
            |(value, share): (&f64, &f64)| format!(", {:.1} % {}", 100.0 * share, shortest(*value));
        let masses: Vec<String> = self.masses.iter().zip(&self.shares()[1..]).map(mass).collect();
        format!("{kind}{skewed}{range}{}", masses.concat())
    }
}

/// Values that many rows have, and many more rows than the values next to them; with their rows.
fn masses(values: &[f64]) -> Vec<(f64, usize)> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    // Adding 0 makes −0 a 0.
    let runs = sorted.chunk_by(|a, b| a == b).map(|run| (run[0] + 0.0, run.len()));
    let counts: Vec<(f64, usize)> = runs.collect();
    let rows = |place: Option<usize>| place.and_then(|i| counts.get(i)).map_or(0, |run| run.1);
    let stands_out = |(i, (_, count)): &(usize, &(f64, usize))| {
        let beside = rows(i.checked_sub(1)).max(rows(Some(i + 1)));
        let is_mass = *count as f64 >= LEAST_MASS * values.len() as f64;
        is_mass && *count >= LEAST_ROWS && *count >= ABOVE_NEIGHBOURS * beside
    };
    let found = counts.iter().enumerate().filter(stands_out).map(|(_, run)| *run);
    let mut found: Vec<(f64, usize)> = found.collect();
    found.sort_by_key(|(_, rows)| std::cmp::Reverse(*rows));
    found.truncate(MOST_MASSES);
    // Some numbers must be left to scale.
    if found.len() == counts.len() {
        found.pop();
    }
    found
}

/// A number with so many decimals, or none.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped first")]
fn to_decimals(value: f64, decimals: f64) -> f64 {
    // Beyond 323 decimals there are no numbers; of 0 the logarithm is infinite.
    let decimals = decimals.clamp(0.0, 323.0) as usize;
    format!("{value:.decimals$}").parse().unwrap_or(value)
}

/// The shortest text that is read as this value; of a whole number without a point.
pub(in crate::table) fn shortest(value: f64) -> String {
    let value = value + 0.0; // makes −0 a 0
    if value == 0.0 || (1e-10..1e16).contains(&value.abs()) {
        return value.to_string();
    }
    let text = format!("{value:?}");
    text.strip_suffix(".0").map(ToOwned::to_owned).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const STYLE: Style = Style { decimals: Decimals::INTEGER, is_bounded: true, has_masses: true };

    fn back(number: &Number, value: f64) -> f64 {
        let mut model = Vec::new();
        number.encode(value, &mut model);
        assert_eq!(model.len(), number.width());
        number.decode(&model)
    }

    #[test]
    fn integers_are_rounded_and_reflected_at_the_ends() {
        let ages = Number::fit(&[20.0, 80.0, 50.0], STYLE);
        assert_eq!((ages.bounds(), ages.width()), ([Some(20.0), Some(80.0)], 1));
        // The deviation is 24.49: 50 + 2 · 24.49 = 98.99, which is 61.01 reflected at 80.
        assert_eq!([0.01, 2.0, -1.3, 9.0].map(|x| ages.decode(&[x])), [50.0, 61.0, 22.0, 20.0]);
        let free = Number::fit(&[20.0, 80.0, 50.0], Style { is_bounded: false, ..STYLE });
        assert_eq!([2.0, -2.1].map(|x| free.decode(&[x])), [99.0, -1.0]);
        let signed = Number::fit(&[-1.0, 1.0], Style { is_bounded: false, ..STYLE });
        assert!(signed.decode(&[-0.25]).is_sign_positive());
    }

    #[test]
    fn a_mass_at_a_value_is_a_category_beside_the_others() {
        // Six of ten are 0, the others 1, 2, 3, …
        let values: Vec<f64> =
            (0..1000).map(|i| if i % 10 < 6 { 0.0 } else { f64::from(i) }).collect();
        let number = Number::fit(&values, STYLE);
        assert_eq!((number.masses(), number.width()), ([0.0].as_slice(), 2));
        assert!((number.shares()[1] - 0.6).abs() < 1e-12);
        assert!(values.iter().all(|value| back(&number, *value) == *value));
        assert_eq!(number.decode(&[0.3, 2.0]), 0.0);
        assert!(number.decode(&[-9.0, -2.0]) >= 0.0);
        assert!(number.describe().ends_with(", 60.0 % 0"), "{}", number.describe());
    }

    #[test]
    fn values_beside_others_as_frequent_have_no_mass() {
        let bell = [1_usize, 5, 20, 50, 80, 50, 20, 5, 1];
        let values: Vec<f64> =
            (0_u32..).zip(bell).flat_map(|(i, n)| vec![f64::from(i); n]).collect();
        assert_eq!(masses(&values), []);
        assert_eq!(masses(&[vec![7.0; 30], vec![9.0; 29]].concat()), []);
        assert_eq!(masses(&[vec![7.0; 50], vec![9.0; 10]].concat()), [(7.0, 50)]);
        assert_eq!(masses(&[7.0; 20]), []);
    }

    #[test]
    fn holes_come_back_as_holes() {
        let values = [vec![f64::NAN; 5], (0..20).map(f64::from).collect()].concat();
        let number = Number::fit(&values, STYLE);
        assert_eq!(number.shares(), [0.8, 0.2]);
        assert!(back(&number, f64::NAN).is_nan());
        assert!(values[5..].iter().all(|value| back(&number, *value) == *value));
    }

    #[test]
    fn small_numbers_beside_large_ones_are_written() {
        // Six decades below 1 and four above.
        let values: Vec<f64> = (0..500).map(|i| 10_f64.powf(f64::from(i) / 50.0 - 6.0)).collect();
        let style = Style { decimals: Decimals::default(), ..STYLE };
        let number = Number::fit(&values, style);
        assert!(matches!(number.scale(), Scale::Scores { .. }));
        for value in &values {
            let text = number.text(back(&number, *value));
            let written: f64 = text.parse().unwrap();
            assert!((written / value - 1.0).abs() < 1e-4 && text.len() <= 16, "{value} {text}");
            assert!(written >= values[0], "{text}");
        }
        assert_eq!(number.text(1.234_567_891_2e-5), "0.00001234568");
    }

    #[test]
    fn text_is_short() {
        let scale = |mean, deviation| Scale::Standard { mean, deviation };
        let of = |scale, decimals| {
            Number::new("a", scale, decimals, [None; 2], Vec::new(), vec![1.0]).unwrap()
        };
        let text = |number: &Number, model| number.text(number.decode(&[model]));
        let real = of(scale(0.1, 0.25), Decimals::default());
        assert_eq!(text(&real, 0.0), "0.1");
        assert_eq!(text(&real, 0.1), "0.125"); // 0.1_f32 is 0.100000001490116…
        assert_eq!(text(&real, -0.4), "0"); // 0.1 − 0.25 · 0.4000000059… = −1.5e-9
        assert_eq!(text(&of(scale(0.0, 1e30), Decimals::default()), 0.5), "5e29");
        assert_eq!(text(&of(scale(3.0, 1e15), Decimals::INTEGER), 1.0), "1000000000000003");
        let decimals = |least| of(scale(3.0, 1.0), Decimals { most: Some(2), least });
        assert_eq!([0, 2].map(|least| text(&decimals(least), 0.5)), ["3.5", "3.50"]);
    }

    #[test]
    fn decimals_are_those_written() {
        let of = |texts: &[&str]| {
            let values: Vec<f64> = texts.iter().map(|text| text.parse().unwrap()).collect();
            let fold = |better: fn(f64, f64) -> f64| values.iter().copied().reduce(better).unwrap();
            let range = [fold(f64::min), fold(f64::max)];
            let Decimals { most, least } = Decimals::of_texts(texts.iter().copied(), range);
            (most, least)
        };
        assert_eq!(of(&["1", "-20"]), (Some(0), 0));
        assert_eq!(of(&["1.50", "0.25"]), (Some(2), 2));
        assert_eq!(of(&["1.5", "0.25", "3"]), (Some(2), 0));
        assert_eq!(of(&["1.0", "3.0"]), (Some(0), 1));
        assert_eq!([of(&["1e5"]), of(&["0.1234567", "7"])], [(None, 0); 2]);
        assert_eq!(of(&["0.0000651", "0.0000072"]), (Some(7), 7));
        assert_eq!(of(&["1000000000.0000001", "1000000000.0000002"]), (None, 0));
    }

    #[test]
    fn parts_that_make_no_numbers_are_refused() {
        let scale = |mean, deviation| Scale::Standard { mean, deviation };
        let make = |scale, bounds, shares| {
            Number::new("a", scale, Decimals::default(), bounds, vec![0.5], shares)
        };
        let two = || vec![0.5, 0.5];
        assert!(make(scale(0.0, 1.0), [None; 2], two()).is_ok());
        for (mean, deviation) in [(0.0, 0.0), (0.0, -1.0), (f64::NAN, 1.0), (0.0, f64::INFINITY)] {
            assert!(make(scale(mean, deviation), [None; 2], two()).is_err());
        }
        assert!(make(scale(0.0, 1.0), [Some(2.0), Some(1.0)], two()).is_err());
        assert!(make(scale(0.0, 1.0), [Some(f64::NAN), None], two()).is_err());
        assert!(make(scale(0.0, 1.0), [None; 2], vec![1.0]).is_err());
        assert!(make(scale(0.0, 1.0), [None; 2], vec![0.25; 4]).is_err());
        for values in [vec![], vec![1.0], vec![1.0, 1.0], vec![2.0, 1.0], vec![f64::NAN, 1.0]] {
            let scores = Scale::Scores { edge: 2.0, values };
            assert!(make(scores, [None; 2], two()).is_err());
        }
    }

    proptest! {
        #[test]
        fn integers_come_back(
            values in prop::collection::vec(-2_000_000_i32..2_000_000, 1..80), holes in 0_usize..9
        ) {
            let mut values: Vec<f64> = values.into_iter().map(f64::from).collect();
            values.extend(vec![f64::NAN; holes]);
            let number = Number::fit(&values, STYLE);
            for value in values {
                let back = back(&number, value);
                prop_assert!(back == value || back.is_nan() && value.is_nan(), "{value} {back}");
            }
        }

        #[test]
        fn decimals_come_back(
            values in prop::collection::vec(-30_000_i32..30_000, 1..80), decimals in 1_u32..5
        ) {
            let text = |value: i32| format!("{value}e-{decimals}").parse::<f64>().unwrap();
            let values: Vec<f64> = values.into_iter().map(text).collect();
            let decimals = Decimals { most: Some(decimals), least: 0 };
            let number = Number::fit(&values, Style { decimals, ..STYLE });
            for value in values {
                prop_assert_eq!(back(&number, value), value);
            }
        }

        #[test]
        fn reals_come_back_to_the_precision_of_f32(
            values in prop::collection::vec(-1e300..1e300_f64, 2..50)
        ) {
            let number = Number::fit(&values, Style { decimals: Decimals::default(), ..STYLE });
            for value in values {
                prop_assert!((back(&number, value) - value).abs() <= 1e-6 * 2e300);
            }
        }

        #[test]
        fn text_is_read_as_nearly_the_same(
            mean in -1e6..1e6_f64, exponent in -8.0..8.0_f64, model in -4.0..4.0_f32
        ) {
            let deviation = 10_f64.powf(exponent);
            let scale = Scale::Standard { mean, deviation };
            let free = Decimals::default();
            let number = Number::new("a", scale, free, [None; 2], Vec::new(), vec![1.0]).unwrap();
            let value = number.decode(&[model]);
            let read: f64 = number.text(value).parse().unwrap();
            let float64 = f64::EPSILON * mean.abs();
            prop_assert!((read - value).abs() <= 5.1e-8 * deviation + float64);
        }
    }
}
