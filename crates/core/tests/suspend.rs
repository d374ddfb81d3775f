//! Runs that wait make the steps of direct runs, bit for bit, in any company.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::cell::RefCell;
use std::convert::Infallible;

use ancestral::denoiser::{Clipped, Guidance, GuidanceInterval, Guided, Inpainted, Thresholded};
use ancestral::exact::Gaussian;
use ancestral::inpainting::Known;
use ancestral::noise::TorchNoise;
use ancestral::repaint::{Repaint, Resampling};
use ancestral::sampler::{Ddpm, Path, Step};
use ancestral::suspend::{Call, Pending, Remote, Waiting};
use ancestral::{
    AnySampler, AnySpacing, Batch, Denoised, Denoiser, Grid, Network, NetworkDenoiser, Noise,
    Point, Prediction, SampleNoise, Sampler, Schedule,
};

/// Beside each sampler with its default options.
const VARIANTS: &[&str] = &[
    "ddpm:variance=fixed-large",
    "ddpm:variance=learned-range",
    "ddim:eta=0.5",
    "euler:churn=40,min=0.05,max=50,noise=1.003",
    "euler-ancestral:eta=0.3",
    "heun:churn=40,min=0.05,max=50,noise=1.003",
    "dpm2:churn=40,max=50",
    "dpm2-ancestral:eta=0",
    "dpm-solver:order=2,form=data",
    "dpmpp-2m:slope=heun",
    "dpmpp-2m-sde:eta=0.5,slope=heun",
    "dpmpp-3m-sde:eta=0",
    "dpmpp-2s-ancestral:eta=0.3",
    "dpmpp-sde:eta=0",
    "unipc:order=3,variant=bh1",
    "unipc:order=1,form=noise",
    "deis:order=2",
    "lms:order=3",
];

fn samplers() -> Vec<AnySampler> {
    let variants = VARIANTS.iter().map(|text| text.parse().unwrap());
    AnySampler::all().into_iter().chain(variants).collect()
}

/// A prediction that depends on the row, its timestep and its label alone, with a variance half if
/// `doubled`.
fn prediction(call: &Call, doubled: bool) -> Batch {
    let mut shape = call.x.row_shape().to_vec();
    let mut data = Vec::new();
    for (i, row) in call.x.iter_rows().enumerate() {
        #[expect(clippy::cast_possible_truncation, reason = "any f32 will do")]
        let t = call.timesteps[i] as f32 / 1000.0;
        let label = call.labels.as_ref().map_or(0.0, |labels| labels[i] as f32 * 0.07);
        data.extend(row.iter().map(|x| (1.7 * x + t).sin() * 0.8 + label));
        if doubled {
            data.extend(row.iter().map(|x| (x + t).cos()));
        }
    }
    if doubled {
        shape[0] *= 2;
    }
    Batch::new(shape, data)
}

/// The same as a network, which notes its calls.
struct Local<'a> {
    calls: &'a RefCell<Vec<Call>>,
    doubled: bool,
}

impl Network for Local<'_> {
    type Error = Infallible;

    fn predict(
        &mut self,
        x: &Batch,
        timesteps: &[f64],
        labels: Option<&[u32]>,
    ) -> Result<Batch, Infallible> {
        let (timesteps, labels) = (timesteps.to_vec(), labels.map(<[u32]>::to_vec));
        let call = Call { x: x.clone(), timesteps, labels };
        let output = prediction(&call, self.doubled);
        self.calls.borrow_mut().push(call);
        Ok(output)
    }
}

/// Noise that is counted.
#[derive(Clone)]
struct Counted<N> {
    noise: N,
    draws: usize,
}

impl<X, N: Noise<X>> Noise<X> for Counted<N> {
    fn draw(&mut self, like: &X) -> X {
        self.draws += 1;
        self.noise.draw(like)
    }
}

/// What stands over the network.
#[derive(Clone, Copy, Debug)]
enum Stack {
    Plain,
    Labelled,
    Guided,
    GuidedClipped,
    RescaledThresholded,
    Inpainted,
    GuidedClippedInpainted,
}

const STACKS: [Stack; 7] = [
    Stack::Plain,
    Stack::Labelled,
    Stack::Guided,
    Stack::GuidedClipped,
    Stack::RescaledThresholded,
    Stack::Inpainted,
    Stack::GuidedClippedInpainted,
];

fn known() -> Known {
    let data = Batch::new(vec![2, 3], vec![0.25, 0.5, -0.5, 0.0, 0.1, 0.2]);
    Known::new(data, Batch::new(vec![2, 3], vec![1.0, 0.0, 0.5, 0.0, 1.0, 0.0])).unwrap()
}

impl Stack {
    fn over<'a, N: Network + 'a>(
        self,
        network: N,
        prediction: Prediction,
        schedule: &Schedule,
    ) -> Box<dyn Denoiser<Batch, Error = N::Error> + 'a> {
        let inner = NetworkDenoiser::new(network, prediction, schedule.clone()).unwrap();
        let labels = vec![3, 1, 4];
        let within = || {
            let interval = GuidanceInterval::new(schedule.level(900), schedule.level(150));
            Guidance::new(3.0).unwrap().within(interval.unwrap())
        };
        let rescaled = || Guidance::new(4.0).unwrap().with_rescale(0.7).unwrap();
        match self {
            Self::Plain => Box::new(inner),
            Self::Labelled => Box::new(inner.with_labels(labels)),
            Self::Guided => Box::new(Guided::new(inner.conditional_on(labels, 10), within())),
            Self::GuidedClipped => {
                let guided = Guided::new(inner.conditional_on(labels, 10), within());
                Box::new(Clipped::new(guided, 1.0).unwrap())
            }
            Self::RescaledThresholded => {
                let guided = Guided::new(inner.conditional_on(labels, 10), rescaled());
                Box::new(Thresholded::new(guided, 0.9, 2.0).unwrap())
            }
            Self::Inpainted => Box::new(Inpainted::new(inner, known())),
            Self::GuidedClippedInpainted => {
                let guided = Guided::new(inner.conditional_on(labels, 10), within());
                Box::new(Inpainted::new(Clipped::new(guided, 1.0).unwrap(), known()))
            }
        }
    }
}

/// A run over a remote network, with what stands over it.
#[derive(Clone)]
struct Trajectory<P: Path<Batch>, N> {
    run: Waiting<P, Batch, N>,
    remote: Remote,
    stack: Stack,
    prediction: Prediction,
    schedule: Schedule,
}

impl<P: Path<Batch>, N: Noise<Batch>> Trajectory<P, N> {
    /// Goes on to the next call; the steps on the way are added to `steps`.
    fn call(&mut self, steps: &mut Vec<Step<Batch>>) -> Option<Call> {
        let Self { run, remote, stack, prediction, schedule } = self;
        while remote.call().is_none() {
            match run.poll() {
                Pending::Done => return None,
                Pending::Step(step) => steps.push(step),
                Pending::Estimate { x, at } => {
                    let denoised = remote
                        .run(|network| stack.over(network, *prediction, schedule).denoise(x, at));
                    if let Some(denoised) = denoised {
                        run.answer(denoised);
                    }
                }
            }
        }
        remote.call().cloned()
    }

    fn finish(&mut self, doubled: bool) -> (Vec<Step<Batch>>, Vec<Call>) {
        let (mut steps, mut calls) = (Vec::new(), Vec::new());
        while let Some(call) = self.call(&mut steps) {
            self.remote.answer(prediction(&call, doubled));
            calls.push(call);
        }
        (steps, calls)
    }
}

fn assert_equal(found: &[Step<Batch>], expected: &[Step<Batch>], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let bits = |x: &Batch| x.data().iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!((found.index, found.hop), (expected.index, expected.hop), "{what}");
        assert_eq!(bits(&found.x), bits(&expected.x), "{what}");
        assert_eq!(bits(&found.x0), bits(&expected.x0), "{what}");
    }
}

fn needs_variance(sampler: &AnySampler) -> bool {
    sampler.value("variance").is_some_and(|variance| variance.starts_with("learned"))
}

#[test]
fn every_sampler_under_every_stack_waits_without_a_change() {
    let plain = Schedule::linear_1000();
    let zero = plain.rescale_zero_terminal_snr().unwrap();
    let cases = [(&plain, Prediction::Epsilon), (&plain, Prediction::V), (&zero, Prediction::V)];
    for (schedule, predicts) in cases {
        for (spacing, steps) in [("trailing", 1), ("trailing", 3), ("karras", 2), ("karras", 9)] {
            let grid = Grid::new(schedule, spacing.parse::<AnySpacing>().unwrap(), steps).unwrap();
            for sampler in samplers() {
                for stack in STACKS {
                    for doubled in [false, true] {
                        if doubled || !needs_variance(&sampler) {
                            check(&sampler, stack, predicts, schedule, &grid, doubled);
                        }
                    }
                }
            }
        }
    }
}

fn check(
    sampler: &AnySampler,
    stack: Stack,
    predicts: Prediction,
    schedule: &Schedule,
    grid: &Grid,
    doubled: bool,
) {
    for is_torch in [false, true] {
        let what = format!("{sampler}, {} hops, {predicts:?}, {stack:?}", grid.points().len());
        let source = || -> Box<dyn Noise<Batch>> {
            if is_torch {
                Box::new(TorchNoise::whole(5))
            } else {
                Box::new(SampleNoise::new(5, 2..5))
            }
        };
        let mut noise = Counted { noise: source(), draws: 0 };
        let x = noise.draw(&Batch::zeros(3, vec![2, 3]));
        let asked = RefCell::new(Vec::new());
        let mut denoiser = stack.over(Local { calls: &asked, doubled }, predicts, schedule);
        let direct: Vec<_> =
            sampler.run(grid, x.clone(), &mut denoiser, &mut noise).map(Result::unwrap).collect();

        let mut again = Counted { noise: source(), draws: 0 };
        let x = again.draw(&x);
        let mut trajectory = Trajectory {
            run: Waiting::new(sampler.clone(), grid, x, &mut again),
            remote: Remote::default(),
            stack,
            prediction: predicts,
            schedule: schedule.clone(),
        };
        let (steps, calls) = trajectory.finish(doubled);
        assert_equal(&steps, &direct, &what);
        assert_eq!(calls, *asked.borrow(), "{what}");
        assert_eq!(calls.len(), sampler.calls(grid), "{what}");
        assert_eq!(again.draws, noise.draws, "{what}");
    }
}

fn trajectory(
    sampler: &AnySampler,
    stack: Stack,
    seed: u64,
    hops: usize,
) -> Trajectory<AnySampler, SampleNoise> {
    let schedule = Schedule::linear_1000();
    let grid = Grid::new(&schedule, "karras".parse::<AnySpacing>().unwrap(), hops).unwrap();
    let mut noise = SampleNoise::new(seed, 2..5);
    let x = noise.start(vec![2, 3]);
    let run = Waiting::new(sampler.clone(), &grid, x, noise);
    Trajectory { run, remote: Remote::default(), stack, prediction: Prediction::V, schedule }
}

#[test]
fn a_clone_in_the_middle_of_any_step_ends_as_the_original() {
    for sampler in samplers() {
        let new = || trajectory(&sampler, Stack::GuidedClipped, 5, 7);
        let (whole, calls) = new().finish(true);
        for stop in 0..calls.len() {
            let (mut run, mut steps) = (new(), Vec::new());
            for call in &calls[..stop] {
                assert_eq!(run.call(&mut steps).as_ref(), Some(call));
                run.remote.answer(prediction(call, true));
            }
            run.call(&mut steps);
            let twin = run.clone();
            // It can go to another thread.
            let twin = std::thread::spawn(move || { twin }.finish(true).0);
            for rest in [run.finish(true).0, twin.join().unwrap()] {
                assert_equal(&[&steps[..], &rest].concat(), &whole, &sampler.to_string());
            }
        }
    }
}

#[test]
fn runs_of_all_samplers_share_calls() {
    let mut live = Vec::new();
    for (i, sampler) in samplers().iter().enumerate() {
        for (j, stack) in [Stack::Labelled, Stack::Guided, Stack::GuidedClipped].iter().enumerate()
        {
            let new = || trajectory(sampler, *stack, i as u64, 3 + (i + j) % 9);
            live.push((new(), Vec::new(), new().finish(true).0, sampler.to_string()));
        }
    }
    loop {
        let calls: Vec<Option<Call>> =
            live.iter_mut().map(|(run, steps, ..)| run.call(steps)).collect();
        let asked: Vec<&Call> = calls.iter().flatten().collect();
        let Some(first) = asked.first() else { break };
        let mut all = (*first).clone();
        all.x = Batch::stack(asked.iter().map(|call| &call.x));
        all.timesteps = asked.iter().flat_map(|call| call.timesteps.clone()).collect();
        all.labels = asked
            .iter()
            .map(|call| call.labels.clone())
            .collect::<Option<Vec<_>>>()
            .map(|labels| labels.concat());
        let output = prediction(&all, true);
        let mut at = 0;
        for ((run, ..), call) in live.iter_mut().zip(&calls) {
            if let Some(call) = call {
                run.remote.answer(output.slice(at..at + call.x.rows()));
                at += call.x.rows();
            }
        }
    }
    for (_, steps, alone, what) in &live {
        assert_equal(steps, alone, what);
    }
}

#[test]
fn repaint_waits_too() {
    let schedule = Schedule::linear_1000();
    let grid = Grid::new(&schedule, "trailing".parse::<AnySpacing>().unwrap(), 12).unwrap();
    let resampling = Resampling::new(3, 3).unwrap();
    let repaint = Repaint { sampler: Ddpm::default(), known: known(), resampling };
    let stack = Stack::GuidedClipped;
    let mut noise = Counted { noise: SampleNoise::new(5, 2..5), draws: 0 };
    let x = noise.noise.start(vec![2, 3]);
    let asked = RefCell::new(Vec::new());
    let local = Local { calls: &asked, doubled: false };
    let mut denoiser = stack.over(local, Prediction::V, &schedule);
    let direct: Vec<_> =
        repaint.run(&grid, x.clone(), &mut denoiser, &mut noise).map(Result::unwrap).collect();
    let mut again = Counted { noise: SampleNoise::new(5, 2..5).after_start(), draws: 0 };
    let mut trajectory = Trajectory {
        run: Waiting::new(repaint.clone(), &grid, x, &mut again),
        remote: Remote::default(),
        stack,
        prediction: Prediction::V,
        schedule,
    };
    let (steps, calls) = trajectory.finish(false);
    assert_equal(&steps, &direct, "repaint");
    assert_eq!(calls, *asked.borrow());
    assert_eq!(again.draws, noise.draws);
}

#[test]
fn numbers_wait_as_batches_do() {
    let schedule = Schedule::linear_1000();
    let grid = Grid::new(&schedule, "karras".parse::<AnySpacing>().unwrap(), 12).unwrap();
    for sampler in samplers().into_iter().filter(|sampler| !needs_variance(sampler)) {
        let mut data = Gaussian { mean: 0.3, std: 0.2 };
        let mut noise = SampleNoise::new(1, [0]);
        let run = sampler.run(&grid, 1.3, &mut data, &mut noise);
        let direct: Vec<f64> = run.map(|step| step.unwrap().x).collect();
        let mut waiting = Waiting::new(sampler, &grid, 1.3, SampleNoise::new(1, [0]));
        let mut found = Vec::new();
        loop {
            let denoised: Denoised<f64> = match waiting.poll() {
                Pending::Estimate { x, at } => estimate(&mut data, *x, at),
                Pending::Step(step) => {
                    found.push(step.x);
                    continue;
                }
                Pending::Done => break,
            };
            waiting.answer(denoised);
        }
        assert_eq!(found, direct);
    }
}

fn estimate(data: &mut Gaussian, x: f64, at: Point) -> Denoised<f64> {
    let Ok(denoised) = data.denoise(&x, at);
    denoised
}
