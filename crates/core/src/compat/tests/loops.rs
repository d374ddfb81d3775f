use std::convert::Infallible;

use super::*;
use crate::batch::Scalar;
use crate::denoiser::Network;
use crate::noise::TorchNoise;

/// The peer's noise, and how often it was drawn.
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

/// The network of the peer's tests, x t/(t + 1), with a second half if asked for.
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
        let channels = if self.second_half.is_some() { 6 } else { 3 };
        Ok(Batch::new(vec![channels, 8, 8], rows.collect()))
    }
}

/// The samples of the peer's tests, whose batch is last in memory; index k replaced by `of(k)`.
fn ramp(of: impl Fn(u16) -> u16) -> Batch {
    let values = (0..4).flat_map(|b| (0..192).map(move |at| at * 4 + b));
    let data = values.map(|k| f32::from(of(k)) / 768.0).collect();
    Batch::new(vec![3, 8, 8], data)
}

/// The level of `timestep` added to `x0`, with the noise of the peer's tests.
fn noisy(scheduler: &dyn Scheduler, timestep: i64, x0: &Batch) -> Batch {
    let alpha_bar = scheduler.table().at(timestep);
    elementwise::sum(alpha_bar.sqrt(), x0, (1.0 - alpha_bar).sqrt(), &ramp(|k| 767 - k))
}

fn run(case: &Value) -> Batch {
    let scheduler = scheduler(case);
    let mut noise = Counted { noise: TorchNoise::whole(0), draws: 0 };
    let mut network = Dummy { second_half: case["second_half"].as_f64().map(f32::from_f64) };
    let start = case["t_start"].as_u64().map_or(0, |t| usize::try_from(t).unwrap());
    let mut x = ramp(|k| k);
    if start > 0 {
        x = noisy(&*scheduler, scheduler.timesteps()[start], &x);
    }
    let run = Run::new(&*scheduler, x, &mut network, &mut noise).after(start);
    let Ok(last) = run.last().unwrap();
    assert_eq!(noise.draws, usize_of(&case["draws"]), "{}", case["name"]);
    last.x
}

/// Samples at three timesteps, each moved by one step without noise.
fn batch_step(case: &Value) -> Batch {
    let scheduler = scheduler(case);
    let mut data = Vec::new();
    for (timestep, shift) in [(0, 0.0), (1, 0.1), (2, -0.1)] {
        let mut x = ramp(|k| k);
        x.data_mut().iter_mut().for_each(|x| *x += shift);
        let Ok(output) = Dummy { second_half: None }.predict(&x, &[timestep as f64; 4], None);
        let mut noise = Zero;
        data.extend(scheduler.step(timestep, output, &x, &mut noise).x.into_data());
    }
    Batch::new(vec![3, 8, 8], data)
}

struct Zero;
impl Noise<Batch> for Zero {
    fn draw(&mut self, like: &Batch) -> Batch {
        Batch::zeros(like.rows(), like.shape().to_vec())
    }
}

#[test]
fn the_numbers_of_the_peers_own_tests() {
    for case in facts()["loops"].as_array().unwrap() {
        let x = match case["flow"].as_str().unwrap() {
            "batch_step" => batch_step(case),
            "plain" => run(case),
            other => panic!("flow {other}"),
        };
        let sum: f64 = x.data().iter().map(|x| f64::from(x.abs())).sum();
        let mean = sum / x.data().len() as f64;
        for (found, name, tolerance) in
            [(sum, "sum_abs", "tol_sum"), (mean, "mean_abs", "tol_mean")]
        {
            let (expected, limit) =
                (case[name].as_f64().unwrap(), case[tolerance].as_f64().unwrap());
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
        for (found, expected) in found.zip(expected) {
            // The noise is 1.5e-6 off at each of up to 1000 steps, most of which die out.
            let expected = expected.as_f64().unwrap();
            assert!((f64::from(*found) - expected).abs() < 5e-6, "{}: {found}", case["name"]);
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
    let scheduler = Ddim::new(Config::default(), DdimOptions::default(), 10).unwrap();
    let (mut network, mut noise) = (Failing(0), crate::NoNoise);
    let x = Batch::zeros(2, vec![3]);
    let run = Run::new(&scheduler, x, &mut network, &mut noise).with_labels(vec![3, 4]);
    assert_eq!(run.size_hint(), (0, Some(10)));
    let steps: Vec<_> = run.map(|step| step.map(|step| (step.index, step.timestep))).collect();
    assert_eq!(steps, [Ok((0, 900)), Err("cancelled")]);
}
