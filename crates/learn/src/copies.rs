//! Whether samples are new.

use rayon::prelude::*;

use crate::groups::squared_distance;
use crate::{TrainError, TrainingSet};

/// A sample is a copy of its nearest row if the next row is this many times further away.
const NEARER: f32 = 3.0;

impl TrainingSet {
    /// How many of these samples are copies of training rows: the distance to one row is less than a
    /// third of the distance to any other.
    ///
    /// # Source
    /// The rule of Yoon et al. 2023 (ICML workshop on structured probabilistic inference) and Gu et
    /// al. 2023, arXiv:2310.02664.
    ///
    /// # Errors
    /// If a row cannot be read.
    pub fn copies(&self, samples: &[f32]) -> Result<usize, TrainError> {
        let samples: Vec<&[f32]> = samples.chunks_exact(self.row_len()).collect();
        // Each row is read once for all samples.
        let nearest = (0..self.len()).into_par_iter().try_fold(
            || vec![Nearest::default(); samples.len()],
            |mut nearest, row| -> Result<_, TrainError> {
                let row = self.row(row)?;
                for (nearest, sample) in nearest.iter_mut().zip(&samples) {
                    nearest.see(distance(sample, &row, nearest.next));
                }
                Ok(nearest)
            },
        );
        let none = || vec![Nearest::default(); samples.len()];
        let nearest = nearest.try_reduce(none, |mut some, others| {
            for (nearest, other) in some.iter_mut().zip(others) {
                nearest.see(other.first);
                nearest.see(other.next);
            }
            Ok(some)
        })?;
        Ok(nearest.into_iter().filter(|nearest| nearest.is_of_a_copy()).count())
    }
}

/// Squared distances of a sample: to the nearest row, and to the next.
#[derive(Clone, Copy)]
struct Nearest {
    first: f32,
    next: f32,
}

impl Default for Nearest {
    fn default() -> Self {
        Self { first: f32::INFINITY, next: f32::INFINITY }
    }
}

impl Nearest {
    fn see(&mut self, distance: f32) {
        if distance < self.first {
            *self = Self { first: distance, next: self.first };
        } else if distance < self.next {
            self.next = distance;
        }
    }

    fn is_of_a_copy(self) -> bool {
        self.next.is_finite() && self.first * NEARER * NEARER < self.next
    }
}

/// The squared distance; of those above `most` some number above it.
fn distance(a: &[f32], b: &[f32], most: f32) -> f32 {
    const PIECE: usize = 64;
    let mut sum = 0.0;
    for (a, b) in a.chunks(PIECE).zip(b.chunks(PIECE)) {
        sum += squared_distance(a, b);
        if sum > most {
            break;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_much_nearer_to_one_row_is_a_copy() {
        let rows = vec![0.0, 0.0, 4.0, 0.0, 0.0, 4.0];
        let set = TrainingSet::new(vec![2], rows).unwrap();
        // At 0.9 of 4 − 0.9 = 3.1 and at 1.1 of 2.9.
        assert_eq!(set.copies(&[0.9, 0.0, 1.1, 0.0]), Ok(1));
        assert_eq!(set.copies(&[0.0, 0.0, 2.0, 2.0]), Ok(1));
        // With a single row there is no next row; of two equal rows neither is the nearest.
        let one = TrainingSet::new(vec![2], vec![0.0, 0.0]).unwrap();
        assert_eq!(one.copies(&[0.0, 0.0]), Ok(0));
        let twins = TrainingSet::new(vec![2], vec![0.0, 0.0, 0.0, 0.0, 4.0, 0.0]).unwrap();
        assert_eq!(twins.copies(&[0.1, 0.0]), Ok(0));
    }

    #[test]
    fn distances_are_whole_below_the_bound() {
        let (a, b) = (vec![1.0; 200], vec![0.0; 200]);
        assert_eq!(distance(&a, &b, f32::INFINITY), 200.0);
        assert!(distance(&a, &b, 50.0) > 50.0);
    }
}
