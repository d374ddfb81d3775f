//! Denoisers in closed form, and runs of samplers over them, or over a denoiser of the host.

use std::convert::Infallible;

use ancestral::denoiser::Denoised;
use ancestral::exact::{Component, Gaussian, Mixture, reference_mixture};
use ancestral::suspend::{Pending, Waiting};
use ancestral::{AnySampler, Batch, Denoiser, Grid, Level, Noise as _, Point, SampleNoise};

use crate::exchange::{Failure, doubles, put_doubles, reply, text};
use crate::held::{get, hold, with};

/// Data whose clean estimate has a closed form.
#[derive(Clone, Debug)]
enum Exact {
    Gaussian(Gaussian),
    Mixture(Mixture),
}

impl Exact {
    fn denoise(&mut self, x: &Batch<f64>, at: Point) -> Denoised<Batch<f64>> {
        let Ok(denoised): Result<_, Infallible> = match self {
            Self::Gaussian(gaussian) => gaussian.denoise(x, at),
            Self::Mixture(mixture) => mixture.denoise(x, at),
        };
        denoised
    }

    /// Refuses rows that are of another length than the data.
    fn check(&self, length: usize) -> Result<(), Failure> {
        let Self::Mixture(mixture) = self else { return Ok(()) };
        let expected = mixture.components()[0].mean.len();
        if length == expected {
            return Ok(());
        }
        Err(Failure::of("x", format!("rows of {length} values, expected {expected}")))
    }
}

/// Holds N(mean, std²), independent in every dimension.
#[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
pub extern "C" fn gaussian(mean: f64, std: f64) -> i32 {
    reply(|_, _| {
        if !mean.is_finite() {
            return Err(Failure::of("mean", format!("{mean}: expected a finite number")));
        }
        if !(std >= 0.0 && std.is_finite()) {
            return Err(Failure::of("std", format!("{std}: expected 0 or more")));
        }
        hold(Exact::Gaussian(Gaussian { mean, std }))
    })
}

/// Holds a mixture of isotropic Gaussians. The input has their means, a row each, then their standard deviations
/// and their weights.
#[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
pub extern "C" fn mixture(components: usize) -> i32 {
    reply(|input, _| {
        let values = doubles(&input);
        let means = values.len().saturating_sub(2 * components);
        if components == 0 || means == 0 || !means.is_multiple_of(components) {
            let text = format!("{means} values for {components} components, expected a row each");
            return Err(Failure::of("means", text));
        }
        let (means, rest) = values.split_at(means);
        let (stds, weights) = rest.split_at(components);
        let rows = means.chunks_exact(means.len() / components);
        let parts = rows.zip(stds).zip(weights);
        let parts =
            parts.map(|((mean, &std), &weight)| Component { weight, mean: mean.to_vec(), std });
        let mixture = Mixture::new(parts.collect());
        hold(Exact::Mixture(mixture.map_err(|error| Failure::chain("components", &error))?))
    })
}

/// Holds the mixture that samplers are compared on, which the input names.
#[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
pub extern "C" fn reference() -> i32 {
    reply(|input, _| {
        let name = text("name", input)?;
        let mixture = reference_mixture(&name).ok_or_else(|| {
            let known = ancestral::exact::REFERENCE_MIXTURES.join(" or ");
            Failure::of("name", format!("{name:?}: expected {known}"))
        })?;
        hold(Exact::Mixture(mixture))
    })
}

/// The clean estimates of the rows in the input, of `length` values each, at the noise level λ.
#[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
pub extern "C" fn denoise(exact: u32, length: usize, lambda: f64) -> i32 {
    reply(|input, output| {
        let level = Level::from_lambda(lambda).map_err(|error| Failure::chain("lambda", &error))?;
        let x = rows("x", &input, length)?;
        with(exact, |exact: &mut Exact| {
            exact.check(length)?;
            put_doubles(output, exact.denoise(&x, Point::off_grid(level)).x0.data());
            Ok(0)
        })
    })
}

/// Rows of `length` values.
fn rows(name: &str, input: &[u8], length: usize) -> Result<Batch<f64>, Failure> {
    let values = doubles(input);
    if length == 0 || values.is_empty() || !values.len().is_multiple_of(length) {
        let text = format!("{} values, expected rows of {length}", values.len());
        return Err(Failure::of(name, text));
    }
    Ok(Batch::new(vec![length], values))
}

/// A run over a grid: with an exact denoiser, or one of the host.
#[derive(Debug)]
struct Path {
    run: Waiting<AnySampler, Batch<f64>, SampleNoise>,
    exact: Option<Exact>,
    /// Rows, and values in one.
    shape: [usize; 2],
    is_waiting: bool,
}

/// All steps are made.
const DONE: i32 = 0;
/// The output is a step.
const STEP: i32 = 1;
/// The output is what the host has to answer.
const CALL: i32 = 2;

/// Holds a run of the sampler that the input names: of `rows` samples of `length` values, the first of index
/// `first`. With an exact denoiser of 0 the host denoises.
#[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
pub extern "C" fn path(
    exact: u32,
    grid: u32,
    rows: usize,
    length: usize,
    seed: u64,
    first: u64,
) -> i32 {
    reply(|input, _| {
        let sampler = text("sampler", input)?.parse::<AnySampler>();
        let sampler = sampler.map_err(|error| Failure::chain("sampler", &error))?;
        let exact = if exact == 0 { None } else { Some(get::<Exact>(exact)?) };
        for (name, found) in [("count", rows), ("length", length)] {
            if found == 0 {
                return Err(Failure::of(name, "0: expected at least 1"));
            }
        }
        exact.as_ref().map_or(Ok(()), |exact| exact.check(length))?;
        let mut noise = SampleNoise::new(seed, first..first.saturating_add(rows as u64));
        let x = noise.draw(&Batch::zeros(rows, vec![length]));
        let run = Waiting::new(sampler, &get::<Grid>(grid)?, x, noise);
        hold(Path { run, exact, shape: [rows, length], is_waiting: false })
    })
}

/// What is next for a run: 0 nothing, all steps are made; 1 a step, of which the output has x, then the clean
/// estimates; 2 a call of the host's denoiser, of which the output has λ, the timestep or NaN, and x.
#[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
pub extern "C" fn path_poll(path: u32) -> i32 {
    reply(|_, output| with(path, |path: &mut Path| Ok(path.poll(output))))
}

/// Gives a run the clean estimates of its call.
#[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
pub extern "C" fn path_answer(path: u32) -> i32 {
    reply(|input, _| {
        with(path, |path: &mut Path| {
            let [rows, length] = path.shape;
            if !std::mem::take(&mut path.is_waiting) {
                return Err(Failure::of("", "an answer that no call waits for"));
            }
            let x0 = doubles(&input);
            if x0.len() != rows * length {
                path.is_waiting = true;
                let text = format!("{} values, expected {rows} rows of {length}", x0.len());
                return Err(Failure::of("x0", text));
            }
            path.run.answer(Denoised::new(Batch::new(vec![length], x0)));
            Ok(0)
        })
    })
}

impl Path {
    fn poll(&mut self, output: &mut Vec<u8>) -> i32 {
        loop {
            match (self.run.poll(), &mut self.exact) {
                (Pending::Done, _) => return DONE,
                (Pending::Step(step), _) => {
                    put_doubles(output, step.x.data());
                    put_doubles(output, step.x0.data());
                    return STEP;
                }
                (Pending::Estimate { x, at }, Some(exact)) => {
                    let denoised = exact.denoise(x, at);
                    self.run.answer(denoised);
                }
                (Pending::Estimate { x, at }, None) => {
                    let timestep = at.timestep.unwrap_or(f64::NAN);
                    put_doubles(output, &[at.level.lambda(), timestep]);
                    put_doubles(output, x.data());
                    self.is_waiting = true;
                    return CALL;
                }
            }
        }
    }
}
