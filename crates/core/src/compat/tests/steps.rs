use super::*;

/// One draw of noise, for one step.
struct Given(Option<Batch>);

impl Noise<Batch> for Given {
    fn draw(&mut self, _like: &Batch) -> Batch {
        self.0.take().expect("one draw a step")
    }
}

struct Tensors {
    x: Batch,
    output: Batch,
    doubled: Batch,
    noise: Batch,
}

impl Tensors {
    fn of(golden: &Value) -> Self {
        let shape: Vec<usize> =
            golden["shape"].as_array().unwrap()[1..].iter().map(usize_of).collect();
        let batch = |name: &str| Batch::new(shape.clone(), floats(&golden[name]));
        let (output, half) = (batch("output"), batch("half"));
        let rows = std::iter::zip(output.iter_rows(), half.iter_rows());
        let both = rows.flat_map(|(output, half)| [output, half].concat()).collect();
        let doubled = Batch::new(vec![2 * shape[0], shape[1]], both);
        Self { x: batch("x"), output, doubled, noise: batch("noise") }
    }
}

/// The step of a case.
fn step(case: &Value, tensors: &Tensors, noise: &mut Given) -> Stepped<Batch> {
    let learned = variance_type(&case["config"]).is_learned();
    let output = if learned { &tensors.doubled } else { &tensors.output };
    step_from(&*scheduler(case), case["t"].as_i64().unwrap(), output.clone(), &tensors.x, noise)
}

#[test]
fn single_steps_have_the_bits_of_diffusers() {
    let golden = golden_steps();
    let tensors = Tensors::of(&golden);
    for case in golden["cases"].as_array().unwrap() {
        let mut noise = Given(Some(tensors.noise.clone()));
        let Stepped { x, x0 } = step(case, &tensors, &mut noise);
        assert_eq!(bits(x0.data()), bits(&floats(&case["x0"])), "x0 of {case}");
        assert_eq!(bits(x.data()), bits(&floats(&case["x"])), "x of {case}");
    }
}

#[test]
fn single_steps_are_near_diffusers_with_its_own_square_roots() {
    let golden = golden_steps();
    let tensors = Tensors::of(&golden);
    let largest = |values: &[f32]| values.iter().fold(1.0_f32, |max, value| max.max(value.abs()));
    for case in golden["cases"].as_array().unwrap() {
        let Some(raw) = case.get("raw") else { continue };
        let Stepped { x, x0 } = step(case, &tensors, &mut Given(Some(tensors.noise.clone())));
        // A unit in the last place in each of three or four coefficients.
        let limit = 1e-6 * largest(x.data()).max(largest(x0.data()));
        for (found, expected) in std::iter::zip(x.data(), floats(raw)) {
            assert!((found - expected).abs() < limit, "{found} is not {expected} in {case}");
        }
    }
}

#[test]
fn noise_is_drawn_where_diffusers_draws_it() {
    let golden = golden_steps();
    let tensors = Tensors::of(&golden);
    for case in golden["cases"].as_array().unwrap() {
        let mut noise = Given(Some(tensors.noise.clone()));
        step(case, &tensors, &mut noise);
        let expected = match case["class"].as_str().unwrap() {
            "DDPMScheduler" => case["t"].as_i64().unwrap() > 0,
            _ => case["options"]["eta"].as_f64().is_some_and(|eta| eta > 0.0),
        };
        assert_eq!(noise.0.is_none(), expected, "{case}");
    }
}

#[test]
fn an_output_of_twice_the_length_is_its_first_half() {
    let tensors = Tensors::of(&golden_steps());
    let ddpm =
        DdpmScheduler::new(Config::default(), VarianceType::FixedLarge, &Visit::Steps(10)).unwrap();
    let ddim = DdimScheduler::new(Config::default(), DdimOptions::default(), 10).unwrap();
    let inverse =
        DdimInverseScheduler::new(Config::default(), DdimInverseOptions::default(), 10).unwrap();
    for scheduler in [&ddpm as &dyn Scheduler, &ddim, &inverse] {
        let step = |output: &Batch| {
            let mut noise = Given(Some(tensors.noise.clone()));
            step_from(scheduler, 500, output.clone(), &tensors.x, &mut noise)
        };
        assert_eq!(step(&tensors.doubled), step(&tensors.output));
    }
}

fn ddpm_step(variance: VarianceType, half: f32) -> f32 {
    let scheduler = DdpmScheduler::new(Config::default(), variance, &Visit::Steps(10)).unwrap();
    let batch = |values: Vec<f32>| Batch::new(vec![values.len()], values);
    let output = if variance.is_learned() { batch(vec![0.0, half]) } else { batch(vec![0.0]) };
    let mut noise = Given(Some(batch(vec![1.5])));
    step_from(&scheduler, 500, output, &batch(vec![0.0]), &mut noise).x.data()[0]
}

#[test]
fn variance_types_without_a_number_in_diffusers_are_what_was_meant() {
    // From zeros only the noise is left.
    let (log, plain) =
        (ddpm_step(VarianceType::FixedLargeLog, 0.0), ddpm_step(VarianceType::FixedLarge, 0.0));
    assert!((log / plain - 1.0).abs() < 1e-6, "{log} is not {plain}");
    let learned = ddpm_step(VarianceType::Learned, -3.0);
    assert!((learned / (1.5 * (-1.5_f32).exp()) - 1.0).abs() < 1e-6, "{learned}");
}

#[test]
fn learned_range_goes_from_small_to_large() {
    // 900 → 800: variances 0.8197201, 0.8202278, 0.8207358 for a network value of −1, 0, 1.
    let config = Config { clip: None, ..Config::default() };
    let visit = Visit::List(vec![900, 800]);
    let scheduler = DdpmScheduler::new(config, VarianceType::LearnedRange, &visit).unwrap();
    let zero = Batch::new(vec![1], vec![0.0]);
    for (half, expected) in [(-1.0, 0.819_720_1), (0.0, 0.820_227_8), (1.0, 0.820_735_8)] {
        let mut noise = Given(Some(Batch::new(vec![1], vec![1.0])));
        let output = Batch::new(vec![2], vec![0.0, half]);
        let std = step_from(&scheduler, 900, output, &zero, &mut noise).x.data()[0];
        // ᾱ in f32 is 6e-8 off, and 1 − ᾱ_t/ᾱ_s as much.
        assert!((std * std - expected).abs() < 5e-7, "{}", std * std);
    }
}

fn ddim_step(options: DdimOptions, timestep: i64, x: f32, epsilon: f32) -> f32 {
    let scheduler = DdimScheduler::new(Config::default(), options, 10).unwrap();
    let batch = |value| Batch::new(vec![1], vec![value]);
    step_from(&scheduler, timestep, batch(epsilon), &batch(x), &mut crate::NeverDrawn).x.data()[0]
}

#[test]
fn epsilon_is_kept_after_a_clip_unless_it_is_to_follow() {
    let kept = ddim_step(DdimOptions::default(), 500, 2.0, 0.0);
    assert!((kept - 0.439_968).abs() < 5e-7, "{kept}");
    let options = DdimOptions { use_clipped_model_output: true, ..DdimOptions::default() };
    let derived = ddim_step(options, 500, 2.0, 0.0);
    assert!((derived - 2.049_392).abs() < 1e-6, "{derived}");
}

#[test]
fn the_last_step_from_timestep_0_ends_at_x0_or_at_the_cleanest_level() {
    let alpha_bar = Table::new(&Config::default()).unwrap().alphas_cumprod()[0];
    let x0 = (0.8 + 0.6 * (1.0 - alpha_bar).sqrt()) / alpha_bar.sqrt();
    let clean = ddim_step(DdimOptions::default(), 0, 0.8, -0.6);
    assert_eq!(clean, x0);
    let options = DdimOptions { set_alpha_to_one: false, ..DdimOptions::default() };
    let kept = ddim_step(options, 0, 0.8, -0.6);
    assert_eq!(kept, x0 * alpha_bar.sqrt() + -0.6 * (1.0 - alpha_bar).sqrt());
}

#[test]
fn thresholding_by_hand_and_a_maximum_of_1_is_plain_clipping() {
    let step = |ratio, max| {
        let config = Config {
            prediction: Prediction::X0,
            threshold: Some(Threshold { ratio, max }),
            ..Config::default()
        };
        let scheduler = DdimScheduler::new(config, DdimOptions::default(), 10).unwrap();
        let output = Batch::new(vec![3], vec![0.5, -2.0, 4.0]);
        let x = Batch::zeros(1, vec![3]);
        step_from(&scheduler, 500, output, &x, &mut crate::NeverDrawn).x0.into_data()
    };
    assert_eq!(step(0.5, 10.0), [0.25, -1.0, 1.0]);
    assert_eq!(step(0.5, 1.0), [0.5, -1.0, 1.0]);
    assert_eq!(step(0.5, 0.5), [1.0, -1.0, 1.0]);
}

#[test]
fn with_fixed_large_the_last_step_of_trailing_is_noisy() {
    let config = Config { spacing: Spacing::Trailing, ..Config::default() };
    let scheduler =
        DdpmScheduler::new(config, VarianceType::FixedLarge, &Visit::Steps(10)).unwrap();
    let zero = Batch::new(vec![1], vec![0.0]);
    let mut noise = Given(Some(Batch::new(vec![1], vec![1.0])));
    let Stepped { x, x0 } = step_from(&scheduler, 99, zero.clone(), &zero, &mut noise);
    assert!((x.data()[0] - x0.data()[0] - 0.3209).abs() < 5e-5, "{x:?}");
}

#[test]
fn from_pure_noise_with_eta_1_there_is_always_a_number() {
    // (1 − ᾱ_s) − √(1 − ᾱ_s)² is below 0 in f32 for about a third of all ᾱ_s.
    let config = Config {
        rescale_zero_snr: true,
        prediction: Prediction::V,
        spacing: Spacing::Trailing,
        ..Config::default()
    };
    let options = DdimOptions { eta: 1.0, ..DdimOptions::default() };
    for steps in 1..100 {
        let scheduler = DdimScheduler::new(config.clone(), options, steps).unwrap();
        let one = Batch::new(vec![1], vec![1.0]);
        let stepped = step_from(&scheduler, 999, one.clone(), &one, &mut Given(Some(one.clone())));
        assert!(stepped.x.data()[0].is_finite(), "{steps} steps");
    }
}
