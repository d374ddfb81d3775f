//! Quantiles of Beta(0.6, 0.6).

/// Both parameters.
const SHAPE: f64 = 0.6;
/// B(0.6, 0.6) = Γ(0.6)²/Γ(1.2).
const BETA: f64 = 2.415_344_208_002_472;

/// x with `P(X ≤ x) = p` for X of Beta(0.6, 0.6), 0 ≤ p ≤ 1.
pub(crate) fn symmetric_beta_quantile(p: f64) -> f64 {
    if p > 0.5 {
        return 1.0 - symmetric_beta_quantile(1.0 - p);
    }
    let (mut low, mut high) = (0.0, 0.5);
    // Until the two are neighbours, or as near.
    for _ in 0..1100 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if below_half(middle) < p { low = middle } else { high = middle }
    }
    if p > 0.0 { high } else { 0.0 }
}

/// `P(X ≤ x)` for x ≤ ½, by the series `x^a/(a B) ₂F₁(a, 1−a; a+1; x)`.
fn below_half(x: f64) -> f64 {
    let (mut term, mut sum) = (1.0, 0.0);
    for k in 0..80 {
        sum += term / (SHAPE + f64::from(k));
        term *= (f64::from(k) + 1.0 - SHAPE) / (f64::from(k) + 1.0) * x;
    }
    x.powf(SHAPE) * sum / BETA
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_scipy() {
        for (p, expected) in QUANTILES {
            let found = symmetric_beta_quantile(p);
            assert!((found - expected).abs() < 1e-13, "{p}: {found} is not {expected}");
        }
        assert_eq!(symmetric_beta_quantile(0.0), 0.0);
        assert_eq!(symmetric_beta_quantile(1.0), 1.0);
        assert!((symmetric_beta_quantile(0.5) - 0.5).abs() < 1e-15);
    }

    /// `scipy.stats.beta.ppf(p, 0.6, 0.6)` of SciPy 1.17.1.
    const QUANTILES: [(f64, f64); 5] = [
        (0.001, 1.855_873_851_745_199e-5),
        (0.1, 0.039_584_405_588_780_85),
        (0.3, 0.234_017_003_875_235_72),
        (0.7, 0.765_982_996_124_764_3),
        (0.95, 0.987_445_543_126_388_5),
    ];
}
