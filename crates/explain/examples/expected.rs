//! What the figures of a page should show, as JSON: computed by the core library alone, for the browser
//! tests to compare with what they read from the page.
//!
//! Run with `cargo run -p ancestral-explain --example expected`.

#![allow(clippy::print_stdout, reason = "an example prints")]

use ancestral::exact::Mixture;
use ancestral::grid::Hop;
use ancestral::{
    AnySampler, AnySchedule, Batch, Denoiser as _, Grid, Level, Noise as _, Point, Posterior,
    SampleNoise, Sampler as _, Spacing,
};
use serde_json::{Value, json};

type Rows = Batch<f64>;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (data, _) = ancestral_data::toy("moons").ok_or("no moons")?.table(300, 0)?.into_parts();
    let rows = data.rows().iter().map(|value| f64::from(*value)).collect();
    let rows: Rows = Batch::new(vec![2], rows);
    let points = Mixture::data_set(&rows)?;
    let mut runs = Vec::new();
    for (schedule, hops, noise, sampler) in [
        ("linear", 10, "small", "ddpm"),
        ("linear", 4, "large", "ddpm:variance=fixed-large"),
        ("cosine", 50, "zero", "ddim"),
        ("sigmoid", 10, "small", "ddpm"),
        ("linear", 1000, "small", "ddpm"),
    ] {
        runs.push(run(&points, schedule, hops, noise, &sampler.parse()?)?);
    }
    let estimates = [(-5.0, -3.0, -3.0), (-0.5, 0.6, -0.3), (1.75, 1.5, 0.9), (4.0, 0.0, 0.3)]
        .map(|(lambda, x, y)| estimate(&points, lambda, [x, y]));
    let noise: Rows = SampleNoise::new(7, 0..1).draw(&Batch::zeros(1, vec![2]));
    let schedules =
        ["linear", "cosine", "sigmoid"].map(|name| levels(name, &rows.slice(0..1), &noise));
    println!("{}", json!({ "runs": runs, "estimates": estimates, "schedules": schedules }));
    Ok(())
}

/// A run of the page's particles: the first four at each hop of at most 50, and the first samples.
fn run(
    points: &Mixture,
    schedule: &str,
    hops: usize,
    noise: &str,
    sampler: &AnySampler,
) -> Result<Value, Box<dyn std::error::Error>> {
    let grid =
        Grid::new(&AnySchedule::parse(schedule, 1000)?.schedule(1000)?, Spacing::Trailing, hops)?;
    let mut source = SampleNoise::new(7, 0..4);
    let mut x: Rows = source.draw(&Batch::zeros(4, vec![2]));
    let (mut denoiser, mut frames) = (points.clone(), Vec::new());
    for step in sampler.run(&grid, x.clone(), &mut denoiser, &mut source) {
        let Ok(step) = step;
        frames.push(frame(&step.hop, &x, &step.x0, &step.x));
        x = step.x;
    }
    Ok(
        json!({ "schedule": schedule, "hops": hops, "noise": noise, "frames": frames, "end": x.data() }),
    )
}

/// A hop of the first particle, by the formulas of the papers.
fn frame(hop: &Hop, x: &Rows, x0: &Rows, to: &Rows) -> Value {
    let (x, x0, to) = (x.row(0), x0.row(0), to.row(0));
    let level = hop.from().level;
    let (alpha, sigma) = (level.alpha(), level.sigma());
    let epsilon = [0, 1].map(|i| (x[i] - alpha * x0[i]) / sigma);
    let v = [0, 1].map(|i| alpha * epsilon[i] - sigma * x0[i]);
    let posterior = Posterior::of(hop);
    let mean = [0, 1].map(|i| posterior.on_x0 * x0[i] + posterior.on_x_from * x[i]);
    json!({
        "timestep": hop.from().timestep, "alpha": alpha, "sigma": sigma, "x": x, "x0": x0, "to": to,
        "epsilon": epsilon, "v": v, "mean": mean, "on_x0": posterior.on_x0,
        "on_x_from": posterior.on_x_from, "beta": posterior.beta, "beta_tilde": posterior.beta_tilde,
    })
}

/// x̂₀ at a place of the plane, and the largest share of a row of the data in it.
fn estimate(points: &Mixture, lambda: f64, x: [f64; 2]) -> Value {
    let level = Level::from_lambda(lambda).unwrap_or(Level::NOISE);
    let Ok(denoised) =
        points.clone().denoise(&Batch::new(vec![2], x.to_vec()), Point::off_grid(level));
    let shares = points.responsibilities(&x, level);
    let largest = shares.iter().copied().fold(0.0, f64::max);
    json!({ "lambda": lambda, "x": x, "x0": denoised.x0.data(), "largest": largest })
}

/// Some levels of a schedule, and the first row of the data there.
fn levels(name: &str, x0: &Rows, noise: &Rows) -> Value {
    let schedule = AnySchedule::parse(name, 1000).and_then(|family| family.schedule(1000));
    let schedule = schedule.expect("a built-in schedule");
    let level = |t: usize| {
        let level = schedule.level(t);
        json!({
            "timestep": t, "alpha_bar": level.alpha_bar(), "beta": schedule.beta(t), "snr": level.snr(),
            "x": level.noised(x0, noise).data(),
        })
    };
    let levels = [0, 250, 500, 999].map(level);
    json!({ "name": name, "levels": levels })
}
