//! How good the samples of a run are.

use ancestral::Batch;

/// The mean distance of a sample to the nearest row of the data.
pub(super) fn off_the_data(samples: &Batch<f64>, data: &Batch<f64>) -> f64 {
    let nearest = |x: &[f64]| {
        let distances = data.iter_rows().map(|row| distance(x, row));
        distances.fold(f64::INFINITY, f64::min)
    };
    samples.iter_rows().map(nearest).sum::<f64>() / samples.rows() as f64
}

/// The variance of the samples, divided by that of the data; both summed over the dimensions.
pub(super) fn spread(samples: &Batch<f64>, data: &Batch<f64>) -> f64 {
    variance(samples) / variance(data)
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    std::iter::zip(a, b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

fn variance(rows: &Batch<f64>) -> f64 {
    let count = rows.rows() as f64;
    let of_column = |column: usize| {
        let values = || rows.iter_rows().map(move |row| row[column]);
        let mean = values().sum::<f64>() / count;
        values().map(|value| (value - mean).powi(2)).sum::<f64>() / count
    };
    (0..rows.row_len()).map(of_column).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let data = Batch::new(vec![2], vec![0.0, 0.0, 2.0, 0.0]);
        let samples = Batch::new(vec![2], vec![0.0, 0.5, 2.0, 0.0, 4.0, 0.0]);
        assert!((off_the_data(&samples, &data) - 2.5 / 3.0).abs() < 1e-15);
        // Of the data: 1 and 0. Of the samples: 8/3, and 1/4 · 2/9 = 1/18.
        assert!((spread(&samples, &data) - (8.0 / 3.0 + 1.0 / 18.0)).abs() < 1e-14);
    }
}
