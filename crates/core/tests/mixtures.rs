//! How much nearer to the exact flow the samplers of higher order come, for as many network calls:
//! on two mixtures in the plane, whose denoisers are exact.

use std::convert::Infallible;

use ancestral::exact::{Component, Mixture};
use ancestral::{
    AnySampler, Batch, Denoised, Denoiser, Grid, Level, NoNoise, Noise, Point, Sample, SampleNoise,
    Schedule, Spacing,
};

const STARTS: usize = 2000;
/// Where the runs are compared: before the hop into clean data, which has an error of its own.
const END: f64 = 3.0;

/// Three blobs of different size and share.
fn blobs() -> Mixture {
    mixture(&[(0.5, [1.0, 0.5], 0.3), (0.3, [-1.2, 0.3], 0.4), (0.2, [0.2, -1.1], 0.25)])
}

/// Eight equal blobs on the unit circle.
fn ring() -> Mixture {
    let blob = |i: u8| {
        let angle = f64::from(i) * std::f64::consts::FRAC_PI_4;
        (1.0, [angle.cos(), angle.sin()], 0.3)
    };
    mixture(&[0, 1, 2, 3, 4, 5, 6, 7].map(blob))
}

fn mixture(components: &[(f64, [f64; 2], f64)]) -> Mixture {
    let component = |&(weight, mean, std): &(f64, [f64; 2], f64)| Component {
        weight,
        mean: mean.to_vec(),
        std,
    };
    Mixture::new(components.iter().map(component).collect()).expect("a valid mixture")
}

fn level(lambda: f64) -> Level {
    Level::from_lambda(lambda).expect("a number")
}

/// `hops` hops even in λ from the noisiest level to λ = `end`, and the one into clean data.
fn grid(hops: u32, end: f64) -> Grid {
    let start = Schedule::linear_1000().noisiest().lambda();
    let lambda = |i| start + (end - start) * f64::from(i) / f64::from(hops);
    let points = (0..=hops).map(|i| Point::off_grid(level(lambda(i))));
    Grid::from_points(points.collect()).expect("lambda rises")
}

fn starts() -> Batch<f64> {
    let zeros = Batch::zeros(STARTS, vec![2]);
    SampleNoise::new(2026, 0..STARTS as u64).draw(&zeros)
}

fn unwrap<T>(result: Result<T, Infallible>) -> T {
    result.unwrap_or_else(|never| match never {})
}

/// Where the sampler takes all starts, hop by hop.
fn run(sampler: &str, data: &mut Mixture, grid: &Grid) -> Vec<Batch<f64>> {
    let sampler: AnySampler = sampler.parse().expect("a sampler");
    let mut noise = NoNoise;
    sampler.run(grid, starts(), data, &mut noise).map(|step| unwrap(step).x).collect()
}

/// Where it takes them with so many network calls, up to [`END`].
fn sampled(sampler: &str, data: &mut Mixture, calls: u32) -> Batch<f64> {
    run(sampler, data, &grid(calls, END)).swap_remove(calls as usize - 1)
}

/// Where the flow takes them: the classical Runge–Kutta method on dy/dλ = x̂₀ − y, y = x/α.
fn flow(data: &mut Mixture, steps: u32) -> Batch<f64> {
    let points = grid(steps, END);
    let lambdas: Vec<f64> = points.points().iter().map(|point| point.level.lambda()).collect();
    let mut slope = |y: &Batch<f64>, lambda: f64| {
        let x = Batch::combine(&[(level(lambda).alpha(), y)]);
        let Denoised { x0, .. } = unwrap(data.denoise(&x, Point::off_grid(level(lambda))));
        Batch::combine(&[(1.0, &x0), (-1.0, y)])
    };
    let mut y = Batch::combine(&[(1.0 / level(lambdas[0]).alpha(), &starts())]);
    for pair in lambdas.windows(2) {
        let h = pair[1] - pair[0];
        let middle = pair[0] + h / 2.0;
        let k1 = slope(&y, pair[0]);
        let k2 = slope(&Batch::combine(&[(1.0, &y), (h / 2.0, &k1)]), middle);
        let k3 = slope(&Batch::combine(&[(1.0, &y), (h / 2.0, &k2)]), middle);
        let k4 = slope(&Batch::combine(&[(1.0, &y), (h, &k3)]), pair[1]);
        let (once, twice) = (h / 6.0, h / 3.0);
        y = Batch::combine(&[(1.0, &y), (once, &k1), (twice, &k2), (twice, &k3), (once, &k4)]);
    }
    Batch::combine(&[(level(END).alpha(), &y)])
}

fn rms(a: &Batch<f64>, b: &Batch<f64>) -> f64 {
    let squares = std::iter::zip(a.data(), b.data()).map(|(a, b)| (a - b).powi(2));
    (squares.sum::<f64>() / a.rows() as f64).sqrt()
}

fn check(name: &str, mut data: Mixture) {
    let truth = flow(&mut data, 600);
    let own_error = rms(&truth, &flow(&mut data, 300));
    assert!(own_error < 1e-6, "{name}: the flow itself is known to {own_error:.1e}");
    for (sampler, calls, nearer) in
        [("dpmpp-2m", 20, 3.0), ("dpmpp-2m", 64, 7.0), ("dpmpp-3m", 64, 100.0)]
    {
        let first = rms(&sampled("ddim", &mut data, calls), &truth);
        let found = rms(&sampled(sampler, &mut data, calls), &truth);
        let ratio = first / found;
        assert!(ratio >= nearer, "{name}: {sampler} is {ratio:.1} times nearer with {calls} calls");
    }
}

/// Grids that end at timestep 0 have a very long hop before it.
#[test]
fn a_long_hop_behind_short_ones_does_not_spoil_a_run() {
    let (mut data, schedule) = (blobs(), Schedule::linear_1000());
    let mut end =
        |sampler: &str, grid: &Grid| run(sampler, &mut data, grid).pop().expect("a run has a step");
    let truth = end("dpmpp-3m", &grid(1000, 12.0));
    for spacing in [Spacing::Linspace, Spacing::Leading { offset: 0 }] {
        for steps in [5, 10, 20, 40] {
            let grid = Grid::new(&schedule, spacing, steps).unwrap();
            let first = rms(&end("ddim", &grid), &truth);
            for sampler in
                ["dpmpp-2m", "dpmpp-2m:slope=heun", "dpmpp-3m", "unipc", "unipc:order=3", "deis"]
            {
                let found = rms(&end(sampler, &grid), &truth);
                assert!(found < first, "{spacing:?} {steps}: {sampler} {found}, ddim {first}");
            }
        }
    }
}

#[test]
fn blobs_are_met() {
    check("blobs", blobs());
}

#[test]
fn the_ring_is_met() {
    check("ring", ring());
}
