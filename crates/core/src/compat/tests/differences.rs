use super::*;

fn spaced(spacing: Spacing) -> Config {
    Config { spacing, clip: None, ..Config::default() }
}

fn ddpm(config: Config, variance: VarianceType, steps: usize) -> Vec<Difference> {
    DdpmScheduler::new(config, variance, &Visit::Steps(steps)).unwrap().differences()
}

fn ddim(config: Config, options: DdimOptions, steps: usize) -> Vec<Difference> {
    DdimScheduler::new(config, options, steps).unwrap().differences()
}

fn sentences(differences: &[Difference]) -> Vec<String> {
    differences.iter().map(ToString::to_string).collect()
}

#[test]
fn none_where_there_is_none() {
    let leading = spaced(Spacing::Leading { offset: 0 });
    assert_eq!(ddpm(leading.clone(), VarianceType::FixedLarge, 10), []);
    assert_eq!(ddim(leading, DdimOptions::default(), 10), []);
    // Noise of std 1e-10 is none.
    assert_eq!(ddpm(spaced(Spacing::Trailing), VarianceType::FixedSmallLog, 10), []);
    assert_eq!(ddim(spaced(Spacing::Trailing), DdimOptions::default(), 10), []);
}

#[test]
fn noise_on_the_last_step() {
    let found = ddpm(spaced(Spacing::Trailing), VarianceType::FixedLarge, 10);
    assert_eq!(
        sentences(&found),
        [
            "diffusers adds noise of std 0.3209 on the last step, as it starts at timestep 99 and not \
          0; we add none"
        ]
    );
    let found = ddpm(spaced(Spacing::Trailing), VarianceType::LearnedRange, 10);
    assert_eq!(found, [Difference::LastNoise { timestep: 99, std: None }]);
}

#[test]
fn a_stride_that_is_not_the_list() {
    let found = ddim(spaced(Spacing::Linspace), DdimOptions::default(), 10);
    assert_eq!(
        sentences(&found),
        ["diffusers finds the next timestep by subtracting a stride: at 9 of 10 steps it is not \
          that of the list (from 999 to 899, where the list has 888)"]
    );
    let found = ddim(spaced(Spacing::Trailing), DdimOptions::default(), 13);
    assert!(matches!(found[0], Difference::Stride { from: 999, diffusers: 923, list: 922, .. }));
    // 76 − 76 is timestep 0, not clean data.
    assert!(matches!(found[1], Difference::NotClean { timestep: 76, .. }), "{found:?}");
    assert_eq!(found.len(), 2);
}

#[test]
fn one_step_too_many() {
    let found = ddim(spaced(Spacing::Trailing), DdimOptions::default(), 61);
    let extra = Difference::ExtraStep { entries: 62 };
    assert!(found.contains(&extra), "{found:?}");
    assert!(extra.to_string().starts_with("diffusers makes 62 steps for the 61 asked for"));
}

#[test]
fn a_single_step_from_below() {
    for spacing in [Spacing::Leading { offset: 0 }, Spacing::Linspace] {
        let found = ddpm(spaced(spacing), VarianceType::FixedSmall, 1);
        assert_eq!(found, [Difference::SingleStep { timestep: 0, noisiest: 999 }]);
    }
    assert_eq!(ddpm(spaced(Spacing::Trailing), VarianceType::FixedSmall, 1), []);
}

#[test]
fn what_a_ddim_keeps() {
    let leading = Config { clip: Some(1.0), ..spaced(Spacing::Leading { offset: 0 }) };
    let options = DdimOptions { set_alpha_to_one: false, ..DdimOptions::default() };
    let found = sentences(&ddim(leading.clone(), options, 10));
    assert!(found[0].contains("a share of 0.0100 of noise stays in"), "{found:?}");
    assert!(found[1].starts_with("diffusers keeps the predicted epsilon"), "{found:?}");
    let options = DdimOptions { use_clipped_model_output: true, ..DdimOptions::default() };
    assert_eq!(ddim(leading, options, 10), []);
}

#[test]
fn from_pure_noise_and_without_a_number() {
    let config =
        Config { rescale_zero_snr: true, prediction: Prediction::V, ..spaced(Spacing::Trailing) };
    let noise = Difference::FromPureNoise { timestep: 999 };
    assert_eq!(ddpm(config.clone(), VarianceType::FixedSmall, 10), [noise]);
    assert_eq!(
        ddim(config.clone(), DdimOptions { eta: 1.0, ..DdimOptions::default() }, 10),
        [noise, Difference::MaybeNotANumber { timestep: 999 }]
    );
    assert_eq!(ddim(config, DdimOptions::default(), 10), []);
    let leading = spaced(Spacing::Leading { offset: 0 });
    for variance in [VarianceType::FixedLargeLog, VarianceType::Learned] {
        let found = ddpm(leading.clone(), variance, 10);
        assert_eq!(found, [Difference::NotANumber { variance }]);
        assert!(found[0].to_string().contains(variance.name()));
    }
}

/// Which of these runs have NaN was found by running them in diffusers 0.42.1 with a torch 2.15.0 whose
/// roots are not all rounded to nearest.
#[test]
fn ancestral_ddim_where_diffusers_has_no_number() {
    let leading = Spacing::Leading { offset: 0 };
    let cosine = BetaCurve::SquaredCosine;
    let cases = [
        (&cosine, Spacing::Trailing, true, &[5][..]),
        (&cosine, Spacing::Trailing, false, &[1, 5]),
        (&cosine, Spacing::Linspace, true, &[5]),
        (&cosine, Spacing::Linspace, false, &[5]),
        (&cosine, leading, true, &[]),
        (&BetaCurve::Linear { start: 1e-4, end: 0.02 }, Spacing::Trailing, true, &[]),
    ];
    for (betas, spacing, set_alpha_to_one, nan) in cases {
        let config = Config { betas: betas.clone(), prediction: Prediction::X0, ..spaced(spacing) };
        let found = |eta, steps| {
            let options = DdimOptions { set_alpha_to_one, eta, ..DdimOptions::default() };
            let found = ddim(config.clone(), options, steps);
            found.contains(&Difference::MaybeNotANumber { timestep: 999 })
        };
        for steps in (1..=40).chain([50, 100, 250, 500, 1000]) {
            if nan.contains(&steps) {
                assert!(found(1.0, steps), "{spacing:?} {steps}");
            }
            assert!(!found(1.0, steps) || !nan.is_empty(), "{spacing:?} {steps}");
            assert!(!found(0.5, steps), "{spacing:?} {steps}");
        }
    }
}
