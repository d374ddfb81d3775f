use std::convert::Infallible;

use super::*;
use crate::batch::Scalar;
use crate::denoiser::Network;
use crate::noise::TorchNoise;

/// diffusers' noise, and how often it was drawn.
struct Counted {
    noise: TorchNoise,
    draws: usize,
}

impl Noise<Batch> for Counted {
    fn draw(&mut self, like: &Batch) -> Batch {
        self.draws += 1;
        self.noise.draw(like)
    }
}

/// The network of diffusers' tests, x t/(t + 1), with a second half if asked for.
struct Dummy {
    second_half: Option<f32>,
}

impl Network for Dummy {
    type Error = Infallible;

    fn predict(
        &mut self,
        x: &Batch,
        timesteps: &[f64],
        _labels: Option<&[u32]>,
    ) -> Result<Batch, Infallible> {
        let rows = std::iter::zip(x.iter_rows(), timesteps).flat_map(|(row, t)| {
            let t = f32::from_f64(*t);
            let half = vec![self.second_half.unwrap_or_default(); row.len()];
            let row: Vec<f32> = row.iter().map(|x| x * t / (t + 1.0)).collect();
            if self.second_half.is_some() { [row, half].concat() } else { row }
        });
        let mut shape = x.row_shape().to_vec();
        shape[0] *= if self.second_half.is_some() { 2 } else { 1 };
        Ok(Batch::new(shape, rows.collect()))
    }
}

/// The samples of diffusers' tests, whose batch is last in memory.
fn ramp(shape: &[usize]) -> Batch {
    places(shape, |k, count| k / count)
}

/// Their noise: the same from its end.
fn ramp_down(shape: &[usize]) -> Batch {
    places(shape, |k, count| (count - 1.0 - k) / count)
}

fn places(shape: &[usize], of: impl Fn(f32, f32) -> f32) -> Batch {
    let row: usize = shape.iter().product();
    let values = (0..4).flat_map(|b| (0..row).map(move |at| (at * 4 + b) as f32));
    Batch::new(shape.to_vec(), values.map(|k| of(k, 4.0 * row as f32)).collect())
}

/// The shape of a case's rows.
fn shape(case: &Value) -> Vec<usize> {
    let given = |shape: &Vec<Value>| shape.iter().map(usize_of).collect();
    case["shape"].as_array().map_or_else(|| vec![3, 8, 8], given)
}

/// The level of entry `index` put on `x0`, with the noise of diffusers' tests.
fn noisy(case: &Value, scheduler: &dyn Scheduler, index: usize, x0: &Batch) -> Batch {
    let noise = ramp_down(x0.row_shape());
    let (alpha, sigma) = match case["sigma"].as_f64().map(f32::from_f64) {
        Some(sigma) if scheduler.input_scale(index) != 1.0 => (scheduler.start_std(), sigma),
        Some(sigma) => kit::sigmas::Vp::of(sigma).scales(),
        None => {
            let timestep = scheduler.timesteps()[index];
            let whole = (0..1000).find(|t| *t as f64 == timestep).unwrap();
            let alpha_bar = scheduler.table().at(whole);
            (alpha_bar.sqrt(), (1.0 - alpha_bar).sqrt())
        }
    };
    kit::elementwise::sum(alpha, x0, sigma, &noise)
}

fn run(case: &Value) -> Batch {
    let scheduler = scheduler(case);
    let mut noise = Counted { noise: TorchNoise::whole(0), draws: 0 };
    let mut network = Dummy { second_half: case["second_half"].as_f64().map(f32::from_f64) };
    let start = case["t_start"].as_u64().map_or(0, |t| usize::try_from(t).unwrap());
    let x = ramp(&shape(case));
    let noised = (start > 0).then(|| noisy(case, &*scheduler, start, &x));
    let x = if case["flow"] == "scaled_reassign" {
        let std = scheduler.start_std();
        let x = noised.unwrap_or_else(|| kit::elementwise::map(&x, |x| x * std));
        with_scaled_x(&*scheduler, start, x, &mut network, &mut noise)
    } else {
        let mut run = SchedulerRun::new(&*scheduler, x, &mut network, &mut noise);
        if let Some(x) = noised {
            run = run.after(start, x);
        }
        let Ok(last) = run.last().unwrap();
        last.x
    };
    assert_eq!(noise.draws, usize_of(&case["draws"]), "{}", case["name"]);
    x
}

/// The loop of diffusers' own tests for the classes that scale what the network sees: the step is
/// given that, too, which is no way to sample.
fn with_scaled_x(
    scheduler: &dyn Scheduler,
    start: usize,
    mut x: Batch,
    network: &mut Dummy,
    noise: &mut Counted,
) -> Batch {
    let mut history = History::default();
    for (index, timestep) in scheduler.timesteps().into_iter().enumerate().skip(start) {
        let scale = scheduler.input_scale(index);
        let scaled = kit::elementwise::map(&x, |x| x / scale);
        let Ok(output) = network.predict(&scaled, &vec![timestep; x.rows()], None);
        x = scheduler.step(index, output, &scaled, &mut history, noise).x;
    }
    x
}

/// Samples at three timesteps, each moved by one step without noise.
fn batch_step(case: &Value) -> Batch {
    let mut data = Vec::new();
    for (timestep, shift) in [(0, 0.0), (1, 0.1), (2, -0.1)] {
        // The offset puts the timestep on the list, where there is one.
        let mut case = case.clone();
        case["config"]["steps_offset"] = timestep.into();
        let scheduler = scheduler(&case);
        let mut x = ramp(&shape(&case));
        x.data_mut().iter_mut().for_each(|x| *x += shift);
        let Ok(output) = Dummy { second_half: None }.predict(&x, &[timestep as f64; 4], None);
        let mut noise = Zero;
        data.extend(step_from(&*scheduler, timestep, output, &x, &mut noise).x.into_data());
    }
    Batch::new(vec![3, 8, 8], data)
}

struct Zero;
impl Noise<Batch> for Zero {
    fn draw(&mut self, like: &Batch) -> Batch {
        Batch::zeros(like.rows(), like.row_shape().to_vec())
    }
}

/// All that are asserted of the classes here, but for the sigmas of UniPC's `use_flow_sigmas`: those
/// are levels of flows, which there are none of here.
#[test]
fn the_numbers_of_diffusers_own_tests() {
    for case in facts()["loops"].as_array().unwrap() {
        let x = match case["flow"].as_str().unwrap() {
            "batch_step" => batch_step(case),
            "plain" | "scaled_reassign" | "scaled_separate" | "pndm" => run(case),
            other => panic!("flow {other}"),
        };
        let sum: f64 = x.data().iter().map(|x| f64::from(x.abs())).sum();
        let mean = sum / x.data().len() as f64;
        for (found, name, tolerance) in
            [(sum, "sum_abs", "tol_sum"), (mean, "mean_abs", "tol_mean")]
        {
            let Some(expected) = case[name].as_f64() else { continue };
            let limit = case[tolerance].as_f64().unwrap();
            assert!((found - expected).abs() < limit, "{}: {name} {found}", case["name"]);
        }
    }
}

#[test]
fn elements_of_further_loops() {
    for case in facts()["measured"].as_array().unwrap() {
        let data = run(case).into_data();
        let found = data[..4].iter().chain(&data[766..]);
        let expected =
            case["first4"].as_array().unwrap().iter().chain(case["last2"].as_array().unwrap());
        // Of the DDPM family: the noise is 1.5e-6 off at each of up to 1000 steps, most of which die
        // out. The others begin with x of up to 157, of which f32 has 1e-5, and magnify that.
        let limit = if case["class"].as_str().unwrap().starts_with("DD") { 5e-6 } else { 2e-5 };
        for (found, expected) in found.zip(expected) {
            let expected = expected.as_f64().unwrap();
            assert!((f64::from(*found) - expected).abs() < limit, "{}: {found}", case["name"]);
        }
    }
}

/// Fails at its second call.
struct Failing(u32);

impl Network for Failing {
    type Error = &'static str;

    fn predict(
        &mut self,
        x: &Batch,
        timesteps: &[f64],
        labels: Option<&[u32]>,
    ) -> Result<Batch, &'static str> {
        assert_eq!((timesteps.len(), labels), (x.rows(), Some(&[3_u32, 4][..])));
        self.0 += 1;
        if self.0 == 2 { Err("cancelled") } else { Ok(x.clone()) }
    }
}

#[test]
fn an_error_of_the_network_ends_the_run() {
    let scheduler = DdimScheduler::new(Config::default(), DdimOptions::default(), 10).unwrap();
    let (mut network, mut noise) = (Failing(0), crate::NeverDrawn);
    let x = Batch::zeros(2, vec![3]);
    let run = SchedulerRun::new(&scheduler, x, &mut network, &mut noise).with_labels(vec![3, 4]);
    assert_eq!(run.size_hint(), (0, Some(10)));
    let steps: Vec<_> = run.map(|step| step.map(|step| (step.index, step.timestep))).collect();
    assert_eq!(steps, [Ok((0, 900.0)), Err("cancelled")]);
}
