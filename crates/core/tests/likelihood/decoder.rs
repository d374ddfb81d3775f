//! The decoder's bins.

use ancestral::likelihood::{Bins, Decoder, Normal};
use proptest::prelude::{ProptestConfig, prop_assert, proptest};

#[test]
fn a_uniform_decoder_takes_the_bits_of_its_values() {
    for (bins, bits) in [(Bins::BYTES, 8.0), (Bins::new(4096).unwrap(), 12.0)] {
        let density = -(f64::from(bins.count()) * bins.width()).ln();
        assert!((bins.bits(3.0 * density, 3) - bits).abs() < 1e-12);
    }
    assert_eq!(
        Bins::new(1).unwrap_err().to_string(),
        "1 bins: expected 2 or more, 256 for pictures of bytes"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn bins_sum_to_1_for_every_mean_and_scale(
        place in -3.0_f64..3.0,
        far in 0_i32..7,
        log_variance in -60.0_f64..60.0,
        bins in 0_usize..4,
    ) {
        let bins = Bins::new([2, 3, 256, 4096][bins]).unwrap();
        let p = Normal { mean: place * 10_f64.powi(far), log_variance };
        let mut sum = 0.0;
        for index in 0..bins.count() {
            let log = Decoder::Bins(bins).log_likelihood(bins.value(index), &p);
            prop_assert!(log.is_finite() && log <= 1e-15, "bin {index} of {p:?}: {log}");
            sum += log.exp();
        }
        prop_assert!((sum - 1.0).abs() < 1e-10, "{p:?}: {sum}");
    }
}

#[test]
fn bins_far_from_the_mean_are_those_of_40_digits() {
    // ln of the mass of a bin by mpmath, with 60 digits: (value, mean, ln σ², bins, result).
    for (index, mean, log_variance, bins, expected) in FAR_BINS {
        let bins = Bins::new(bins).unwrap();
        let p = Normal { mean, log_variance };
        let found = Decoder::Bins(bins).log_likelihood(bins.value(index), &p);
        assert!((found / expected - 1.0).abs() < 1e-12, "{index} of {p:?}: {found} {expected}");
    }
}

const FAR_BINS: [(u32, f64, f64, u32, f64); 7] = [
    (128, -0.9, -9.0, 256, -3_287.062_720_985_372),
    (200, 0.1, -12.5, 256, -28_980.330_030_408_53),
    (0, 0.8, -10.0, 256, -35_534.067_580_020_23),
    (4095, -1.0, -11.0, 4096, -119_726.154_623_382_04),
    (2000, 0.0, 3.0, 4096, -10.043_326_746_994_315),
    (10, 2.5, -2.0, 256, -48.017_763_166_353_86),
    (77, 1000.0, 1.0, 256, -184_091.399_797_222_76),
];
