//! Whether samples are new.

use rayon::prelude::*;

use crate::{TrainError, TrainingSet};

/// A sample whose nearest row is so many times nearer than the next is a copy of it.
const NEARER: f32 = 3.0;

impl TrainingSet {
    /// How many of some samples, one after the other, are copies of rows that training saw: nearer to
    /// one than a third of the distance to any other.
    ///
    /// # Source
    /// The rule of Yoon et al. 2023 (ICML workshop on structured probabilistic inference) and Gu et
    /// al. 2023, arXiv:2310.02664.
    ///
    /// # Errors
    /// If a row cannot be read.
    pub fn copies(&self, samples: &[f32]) -> Result<usize, TrainError> {
        let is_copy = |sample: &[f32]| -> Result<bool, TrainError> {
            // Squared distances: to the nearest row, and to the next.
            let mut nearest = [f32::INFINITY; 2];
            for row in 0..self.len() {
                let distance = distance(sample, &self.row(row)?, nearest[1]);
                if distance < nearest[0] {
                    nearest = [distance, nearest[0]];
                } else if distance < nearest[1] {
                    nearest[1] = distance;
                }
            }
            Ok(nearest[1].is_finite() && nearest[0] * NEARER * NEARER < nearest[1])
        };
        let found: Result<Vec<bool>, _> =
            samples.par_chunks_exact(self.row_len()).map(is_copy).collect();
        Ok(found?.into_iter().filter(|is_copy| *is_copy).count())
    }
}

/// The squared distance; of those above `most` some number above it.
fn distance(a: &[f32], b: &[f32], most: f32) -> f32 {
    const PIECE: usize = 64;
    let mut sum = 0.0;
    for (a, b) in a.chunks(PIECE).zip(b.chunks(PIECE)) {
        sum += a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f32>();
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
        // One row has no next one, and of two alike neither is the one.
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
