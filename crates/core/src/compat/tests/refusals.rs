use super::*;

fn ddpm(config: Config, visit: &Visit) -> String {
    DdpmScheduler::new(config, VarianceType::FixedSmall, visit).unwrap_err().to_string()
}

fn ddim(config: Config, steps: usize) -> String {
    DdimScheduler::new(config, DdimOptions::default(), steps).unwrap_err().to_string()
}

fn inverse(config: Config, steps: usize) -> String {
    DdimInverseScheduler::new(config, DdimInverseOptions::default(), steps).unwrap_err().to_string()
}

#[test]
fn numbers_of_steps_out_of_range_with_both_numbers() {
    for refused in [
        ddpm(Config::default(), &Visit::Steps(2000)),
        ddim(Config::default(), 2000),
        inverse(Config::default(), 2000),
    ] {
        assert_eq!(refused, "2000 steps asked of a schedule of 1000 timesteps: at most 1000");
    }
    for refused in [
        ddpm(Config::default(), &Visit::Steps(0)),
        ddim(Config::default(), 0),
        inverse(Config::default(), 0),
    ] {
        let text = "0 steps asked of a schedule of 1000 timesteps: a run has 1 to 1000 steps";
        assert_eq!(refused, text);
    }
}

#[test]
fn an_offset_that_leaves_the_schedule() {
    let config = Config { spacing: Spacing::Leading { offset: 1 }, ..Config::default() };
    for refused in [
        ddpm(config.clone(), &Visit::Steps(1000)),
        ddim(config.clone(), 1000),
        inverse(config.clone(), 1000),
    ] {
        assert_eq!(
            refused,
            "1000 steps with leading spacing and offset 1 visit timestep 1000, outside 0..1000 of \
             the schedule"
        );
    }
    assert!(DdimScheduler::new(config, DdimOptions::default(), 500).is_ok());
}

#[test]
fn lists_that_are_none() {
    let refused = |list: &[usize]| ddpm(Config::default(), &Visit::List(list.to_vec()));
    let descend = "timesteps must descend, but 51 (entry 3) follows 50";
    assert_eq!(refused(&[100, 87, 50, 51, 0]), descend);
    assert_eq!(refused(&[1000]), "timestep 1000 (entry 0) is outside 0..1000 of the schedule");
    assert_eq!(refused(&[5, 5]), "timesteps must descend, but 5 (entry 1) follows 5");
    assert!(refused(&[]).contains("found none"));
}

#[test]
fn epsilon_with_zero_terminal_snr() {
    let config = Config { rescale_zero_snr: true, ..Config::default() };
    for refused in [
        ddpm(config.clone(), &Visit::Steps(10)),
        ddim(config.clone(), 10),
        inverse(config.clone(), 10),
    ] {
        assert!(refused.contains("at timestep 999 alpha is 0.0"), "{refused}");
        assert!(refused.contains("predicts v or x0"), "{refused}");
    }
    let config = Config { prediction: Prediction::V, ..config };
    assert!(DdpmScheduler::new(config, VarianceType::FixedSmall, &Visit::All).is_ok());
}

#[test]
fn settings_that_a_class_does_not_have() {
    for betas in [BetaCurve::Laplace, BetaCurve::Sigmoid { start: 1e-4, end: 0.02 }] {
        let config = Config { betas, ..Config::default() };
        assert!(ddim(config.clone(), 10).starts_with("DDIMScheduler has no beta_schedule "));
        assert!(inverse(config.clone(), 10).starts_with("DDIMInverseScheduler has no beta_sched"));
        assert!(DdpmScheduler::new(config, VarianceType::FixedSmall, &Visit::All).is_ok());
    }
    let config = Config { spacing: Spacing::Linspace, ..Config::default() };
    assert_eq!(
        inverse(config, 10),
        "DDIMInverseScheduler has no timestep_spacing linspace: expected leading or trailing"
    );
    let threshold = Some(Threshold { ratio: 0.995, max: 1.0 });
    let config = Config { threshold, ..Config::default() };
    assert!(inverse(config, 10).contains("has no thresholding true: expected false"));
}

#[test]
fn values_out_of_range() {
    let refused = |config| Table::new(&config).unwrap_err().to_string();
    let zero = Config { timesteps: 0, ..Config::default() };
    assert!(refused(zero).contains("num_train_timesteps is 0"));
    let given = |betas: Vec<f64>, timesteps| Config {
        betas: BetaCurve::Given(betas),
        timesteps,
        ..Config::default()
    };
    assert_eq!(
        refused(given(vec![0.1; 5], 1000)),
        "trained_betas has 5 values: expected one for each of 1000 timesteps"
    );
    assert!(refused(given(vec![0.1, -0.2], 2)).contains("at timestep 1: expected at most 0.9"));
    // In f32 there is no noise left, and the first step would be 0/0.
    assert!(refused(given(vec![1e-9, 0.1], 2)).starts_with("alphas_cumprod is 1.0 at timestep 0"));
    assert!(refused(given(vec![0.1, 1.0, 0.1], 3)).contains("alphas_cumprod is 0.0 at timestep 1"));
    let one = Config { timesteps: 1, rescale_zero_snr: true, ..Config::default() };
    assert!(refused(one).contains("alphas_cumprod is NaN at timestep 0"));
    let ddim = |config| ddim(config, 10);
    assert!(ddim(Config { clip: Some(0.0), ..Config::default() }).contains("range is 0"));
    let threshold =
        |ratio, max| Config { threshold: Some(Threshold { ratio, max }), ..Config::default() };
    assert!(ddim(threshold(1.5, 1.0)).contains("ratio is 1.5: expected a number from 0 to 1"));
    assert!(ddim(threshold(0.5, f64::NAN)).contains("sample_max_value is NaN"));
    let options = DdimOptions { eta: 1.5, ..DdimOptions::default() };
    let eta = DdimScheduler::new(Config::default(), options, 10).unwrap_err().to_string();
    assert_eq!(eta, "eta is 1.5: expected a number from 0 to 1");
}

#[test]
fn an_inversion_of_x0_from_clean_data() {
    let config = Config { prediction: Prediction::X0, ..Config::default() };
    let refused = inverse(config.clone(), 10);
    assert!(refused.contains("DDIMInverseScheduler to timestep 0 starts"), "{refused}");
    assert!(
        DdimInverseScheduler::new(config, DdimInverseOptions { set_alpha_to_one: false }, 10)
            .is_ok()
    );
}
