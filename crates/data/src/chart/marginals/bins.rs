//! How the values of a column are counted.

use crate::chart::axis::Axis;
use crate::chart::ticks::{even_labels, even_ticks, short};
use crate::chart::window::{extent, padded};
use crate::table::nearest;
use crate::{Column, ColumnKind};
use std::ops::Range;

/// As many bins as this, if the values are not few.
const COUNT: u32 = 40;
/// At most this many spaces between ticks, and as many characters below them in all.
const TICKS: usize = 5;
const CHARACTERS: usize = 22;

/// Bins side by side. Values that are few are known by their place in the list.
pub(super) struct Bins {
    edges: Vec<f64>,
    few: Option<Few>,
    /// The column, for the text of dates.
    column: Option<Column>,
}

/// Values with a bin each, ascending, and their text.
#[derive(Clone)]
struct Few {
    values: Vec<f64>,
    labels: Vec<String>,
}

impl Bins {
    /// The bins for a column that holds these values.
    pub(super) fn new(column: &Column, values: &[f64]) -> Self {
        match column.kind() {
            ColumnKind::Category(category) => {
                let places = || (0..category.labels().len()).map(|place| place as f64).collect();
                let values = category.numbers().map_or_else(places, <[f64]>::to_vec);
                let labels = match category.numbers() {
                    Some(numbers) => numbers.iter().map(|number| short(*number)).collect(),
                    None => category.labels().to_vec(),
                };
                Self::few(Few { values, labels })
            }
            ColumnKind::Constant(text) => {
                Self::few(Few { values: vec![column.decode(&[0.0])], labels: vec![text.clone()] })
            }
            _ if values.is_empty() => {
                Self::few(Few { values: vec![0.0], labels: vec![String::new()] })
            }
            ColumnKind::Number(number) if !number.are_integers() => {
                let [low, high] = padded(extent(values));
                Self::wide(edges(low, (high - low) / f64::from(COUNT), COUNT), None)
            }
            ColumnKind::Number(_) => Self::wide(whole_edges(values), None),
            ColumnKind::Date(_) => Self::wide(whole_edges(values), Some(column.clone())),
        }
    }

    fn wide(edges: Vec<f64>, column: Option<Column>) -> Self {
        Self { edges, few: None, column }
    }

    fn few(few: Few) -> Self {
        let edges = edges(-0.5, 1.0, whole(few.values.len() as f64));
        Self { edges, few: Some(few), column: None }
    }

    /// The edges of each bin.
    pub(super) fn spans(&self) -> impl Iterator<Item = [f64; 2]> {
        self.edges.windows(2).map(|pair| [pair[0], pair[1]])
    }

    /// The part of the values that each bin holds. The parts of those outside are lost.
    pub(super) fn shares(&self, values: &[f64]) -> Vec<f64> {
        let mut shares = vec![0.0; self.edges.len() - 1];
        for &value in values {
            let place = self.few.as_ref().map_or(value, |few| nearest(&few.values, value) as f64);
            // An edge belongs to the bin on its right, the last one to the bin on its left.
            let bin = self.edges.partition_point(|edge| *edge <= place);
            let bin = if self.edges.last() == Some(&place) { bin - 1 } else { bin };
            if let Some(share) = bin.checked_sub(1).and_then(|bin| shares.get_mut(bin)) {
                *share += 1.0 / values.len() as f64;
            }
        }
        shares
    }

    /// The axis below the bins, with as many ticks as have room.
    pub(super) fn axis(&self) -> Axis {
        let counts = (1..=TICKS).rev();
        counts.map(|count| self.axis_with(count)).find(has_room).unwrap_or_else(|| self.bare_axis())
    }

    fn axis_with(&self, count: usize) -> Axis {
        let range = self.range();
        match self.few.clone() {
            None => {
                let ticks = even_ticks(range.clone(), count);
                let label: Box<dyn Fn(f64) -> String> = match self.column.clone() {
                    Some(column) => Box::new(move |tick| column.text(tick.round())),
                    None => Box::new(even_labels(&ticks)),
                };
                Axis { range, ticks, label }
            }
            Some(few) => {
                let stride = few.labels.len().div_ceil(count);
                let ticks = (0..few.labels.len()).step_by(stride).map(|i| i as f64).collect();
                let label = Box::new(move |tick: f64| few.labels[whole(tick) as usize].clone());
                Axis { range, ticks, label }
            }
        }
    }

    /// An axis without ticks: of very long numbers not even one has room.
    fn bare_axis(&self) -> Axis {
        Axis { range: self.range(), ticks: Vec::new(), label: Box::new(short) }
    }

    /// From the first edge to the last.
    pub(super) fn range(&self) -> Range<f64> {
        self.edges[0]..self.edges[self.edges.len() - 1]
    }
}

fn has_room(axis: &Axis) -> bool {
    let characters = axis.ticks.iter().map(|tick| (axis.label)(*tick).chars().count());
    characters.sum::<usize>() <= CHARACTERS
}

/// Edges between whole numbers.
fn whole_edges(values: &[f64]) -> Vec<f64> {
    let [low, high] = extent(values);
    let (low, high) = (low.round() - 0.5, high.round() + 0.5);
    let width = ((high - low) / f64::from(COUNT)).ceil();
    edges(low, width, whole(((high - low) / width).ceil()))
}

fn edges(from: f64, width: f64, count: u32) -> Vec<f64> {
    (0..=count).map(|i| from + width * f64::from(i)).collect()
}

/// A small whole number.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small and whole")]
fn whole(value: f64) -> u32 {
    value as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn discrete_values_have_a_bin_each() {
        let values = [0.5, 0.5, 9.0, -1.0].repeat(10);
        let bins = Bins::new(&Column::fit("a", &values), &values);
        assert_eq!(bins.edges, [-0.5, 0.5, 1.5, 2.5]);
        let shares = bins.shares(&values);
        assert!(shares.iter().zip([0.25, 0.5, 0.25]).all(|(a, b)| (a - b).abs() < 1e-12));
        assert_eq!(["-1", "0.5", "9"], [0.0, 1.0, 2.0].map(|tick| (bins.axis().label)(tick))[..]);
        let bins = Bins::new(&Column::fit("a", &[7.0]), &[7.0]);
        assert_eq!(bins.shares(&[7.0]), [1.0]);
    }

    #[test]
    fn integers_fall_into_bins_of_equal_whole_width() {
        let values: Vec<f64> = (0..100).map(f64::from).collect();
        let bins = Bins::new(&Column::fit("a", &values), &values);
        assert_eq!(bins.edges[..2], [-0.5, 2.5]);
        assert_eq!(bins.edges.len(), 35);
        let shares = bins.shares(&values);
        assert!(shares[..33].iter().all(|share| (share - 0.03).abs() < 1e-12));
        let few = [3.0, 5.0];
        let bins = Bins::new(&Column::fit("a", &few), &few);
        assert_eq!(bins.edges, [2.5, 3.5, 4.5, 5.5]);
    }

    #[test]
    fn reals_are_all_counted_but_for_outliers() {
        let mut values: Vec<f64> = (0..1000).map(|i| 0.1 * f64::from(i)).collect();
        let column = Column::fit("a", &values);
        let bins = Bins::new(&column, &values);
        assert!((bins.shares(&values).iter().sum::<f64>() - 1.0).abs() < 1e-12);
        values[3] = 1e9;
        let bins = Bins::new(&column, &values);
        assert!((bins.shares(&values).iter().sum::<f64>() - 0.999).abs() < 1e-12);
    }
}
