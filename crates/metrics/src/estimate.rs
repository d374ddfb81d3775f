//! A number and its error.

/// An estimate with its standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The value.
    pub value: f64,
    /// The standard error: the standard deviation over repeated draws of the rows.
    pub standard_error: f64,
}

impl Estimate {
    /// A share p of `count` independent rows, with the error √(p (1 − p) / count).
    pub(crate) fn of_share(part: f64, count: usize) -> Self {
        let count = count as f64;
        let value = part / count;
        Self { value, standard_error: (value * (1.0 - value) / count).max(0.0).sqrt() }
    }

    /// The mean of independent numbers, with the error s / √n (s² with n − 1; 0 of a single number).
    pub(crate) fn of_mean(values: &[f64]) -> Self {
        let n = values.len() as f64;
        let value = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|x| (x - value).powi(2)).sum();
        Self { value, standard_error: (squares / (n - 1.0).max(1.0) / n).sqrt() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_means_have_their_errors() {
        let share = Estimate::of_share(20.0, 100);
        assert_eq!((share.value, share.standard_error), (0.2, 0.04));
        // Squares about 2: 1 + 0 + 1, over 2 and over 3.
        let mean = Estimate::of_mean(&[1.0, 2.0, 3.0]);
        assert!((mean.standard_error - (1.0_f64 / 3.0).sqrt()).abs() < 1e-15);
        assert_eq!(Estimate::of_mean(&[5.0]), Estimate { value: 5.0, standard_error: 0.0 });
    }
}
