//! The built-in digits: 1797 handwritten ones, 8 × 8 pixels each.

use crate::Dataset;

/// 65 bytes a record: 64 pixels, row by row, each 0 to 16; then the digit. `tools/data/digits.py`
/// writes this file.
static RECORDS: &[u8] = include_bytes!("digits.bin");
const PIXELS: usize = 64;

/// The 1797 handwritten digits of a classic test set, with their labels.
///
/// # Formula
/// ```text
/// value = ink / 8 − 1,     ink = 0 (paper) … 16
/// ```
/// # Shapes
/// A row is `[1, 8, 8]`. Range: −1 ≤ value ≤ 1; ink is white. The ten classes are "0" to "9".
/// # Numerics
/// Exact: every value is a multiple of 1/8.
/// # Source
/// Alpaydin and Kaynak 1998, *Optical Recognition of Handwritten Digits*, UCI Machine Learning
/// Repository, doi:10.24432/C50P49: its test set, in its order, as scikit-learn's `load_digits`
/// has it. Licence: CC BY 4.0.
/// # Panics
/// Never: the records are part of the program.
/// # Example
/// ```
/// let digits = ancestral_data::digits();
/// assert_eq!((digits.len(), digits.shape()), (1797, [1, 8, 8].as_slice()));
/// ```
#[must_use]
pub fn digits() -> Dataset {
    let records = RECORDS.chunks_exact(PIXELS + 1);
    let pixels = records.clone().flat_map(|record| &record[..PIXELS]);
    let rows = pixels.map(|&ink| f32::from(ink) / 8.0 - 1.0).collect();
    let labels = records.map(|record| u32::from(record[PIXELS])).collect();
    let class_names = (0..10).map(|digit| digit.to_string()).collect();
    Dataset::new(vec![1, 8, 8], rows)
        .and_then(|digits| digits.with_labels(labels, class_names))
        .expect("the built-in digits are whole rows with labels below 10")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ink(row: &[f32]) -> Vec<f32> {
        row.iter().map(|value| (value + 1.0) * 8.0).collect()
    }

    /// The facts below were read from scikit-learn's `load_digits`.
    #[test]
    fn digits_are_those_of_scikit_learn() {
        let digits = digits();
        assert_eq!(RECORDS.len(), 1797 * 65);
        assert_eq!((digits.len(), digits.shape()), (1797, [1, 8, 8].as_slice()));
        assert_eq!(ink(&digits.row(0)[..8]), [0.0, 0.0, 5.0, 13.0, 9.0, 1.0, 0.0, 0.0]);
        assert_eq!(ink(&digits.row(1796)[56..]), [0.0, 1.0, 8.0, 12.0, 14.0, 12.0, 1.0, 0.0]);
        let sum: f64 = ink(digits.rows()).into_iter().map(f64::from).sum();
        assert!((sum / digits.rows().len() as f64 - 4.884_164_579_855_314).abs() < 1e-12);
        assert!(digits.rows().iter().all(|value| (-1.0..=1.0).contains(value)));
    }

    #[test]
    fn labels_are_those_of_scikit_learn() {
        let digits = digits();
        let labels = digits.labels().unwrap();
        let mut counts = [0; 10];
        for &label in labels {
            counts[label as usize] += 1;
        }
        assert_eq!(counts, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
        assert_eq!(labels[..10], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(labels[1796], 8);
        assert_eq!(digits.class_names()[7], "7");
    }
}
