//! The runs of the processes, of which a page keeps some hops.

use ancestral::exact::Mixture;
use ancestral::grid::Hop;
use ancestral::{Batch, Noise as _, SampleNoise, Sampler};

use crate::process::Process;

/// The seed of all noise: each process starts from the same x_T.
pub const SEED: u64 = 7;

/// A run, at the hops that are kept.
#[derive(Clone, Debug)]
pub struct Run {
    /// The start of each kept hop.
    pub frames: Vec<Frame>,
    /// The samples.
    pub end: Batch<f64>,
}

/// The start of a hop.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The number of the hop, from 0.
    pub index: usize,
    /// The hop.
    pub hop: Hop,
    /// x_t of each particle.
    pub x: Batch<f64>,
    /// x̂₀ of each particle.
    pub x0: Batch<f64>,
    /// x_s of each particle, at the end of the hop.
    pub to: Batch<f64>,
}

impl Run {
    /// Runs a process with this many particles, with at most `most` hops kept.
    #[must_use]
    pub fn new(process: &Process, data: &Mixture, particles: usize, most: usize) -> Self {
        let mut noise = SampleNoise::new(SEED, 0..particles as u64);
        let dimensions = data.components()[0].mean.len();
        let mut x = noise.draw(&Batch::zeros(particles, vec![dimensions]));
        let (grid, sampler) = (process.grid(), process.noise.sampler());
        let kept = kept(process.hops, most);
        let (mut frames, mut denoiser) = (Vec::new(), data.clone());
        for step in sampler.run(&grid, x.clone(), &mut denoiser, &mut noise) {
            let Ok(step) = step;
            if kept.binary_search(&step.index).is_ok() {
                let (index, hop) = (step.index, step.hop);
                frames.push(Frame { index, hop, x, x0: step.x0, to: step.x.clone() });
            }
            x = step.x;
        }
        Self { frames, end: x }
    }
}

/// The hops of which the start is kept: all, or `most` at equal distances, the first among them.
pub(crate) fn kept(hops: usize, most: usize) -> Vec<usize> {
    let count = hops.min(most);
    (0..count).map(|i| i * hops / count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::Noise;
    use ancestral::{Denoiser, Posterior};

    fn data() -> Mixture {
        Mixture::data_set(&Batch::new(vec![2], vec![1.0, 0.5, -1.0, 0.0, 0.2, -0.7])).unwrap()
    }

    #[test]
    fn hops_are_kept_at_equal_distances() {
        assert_eq!(kept(4, 50), [0, 1, 2, 3]);
        assert_eq!(kept(1000, 4), [0, 250, 500, 750]);
        assert_eq!(kept(50, 50).len(), 50);
    }

    #[test]
    fn a_run_follows_the_formula_of_ddpm() {
        // By hand, with the noise of the same streams: x_s = μ̃(x̂₀, x_t) + √β z.
        let process = Process { schedule: "cosine", hops: 4, noise: Noise::Large };
        let run = Run::new(&process, &data(), 3, 50);
        let mut noise = SampleNoise::new(SEED, 0..3);
        let start: Batch<f64> = noise.draw(&Batch::zeros(3, vec![2]));
        assert_eq!(run.frames[0].x, start);
        for frame in &run.frames[..3] {
            let z = noise.draw(&start);
            let posterior = Posterior::of(&frame.hop);
            let Ok(denoised) = data().denoise(&frame.x, frame.hop.from());
            assert_eq!(frame.x0, denoised.x0);
            for i in 0..6 {
                let mean =
                    posterior.on_x0 * frame.x0.data()[i] + posterior.on_x_from * frame.x.data()[i];
                let x = mean + posterior.beta.sqrt() * z.data()[i];
                assert!((frame.to.data()[i] - x).abs() < 1e-12);
            }
        }
        assert_eq!(run.end, run.frames[3].x0);
    }

    #[test]
    fn every_process_starts_from_the_same_noise() {
        let of = |noise| {
            let process = Process { schedule: "linear", hops: 10, noise };
            Run::new(&process, &data(), 2, 50).frames[0].x.clone()
        };
        assert!(Noise::ALL.iter().all(|noise| of(*noise) == of(Noise::Zero)));
    }

    #[test]
    fn kept_hops_of_a_long_run_are_those_of_the_run() {
        let process = Process { schedule: "linear", hops: 50, noise: Noise::Zero };
        let (all, some) = (Run::new(&process, &data(), 2, 50), Run::new(&process, &data(), 2, 5));
        assert_eq!(some.end, all.end);
        for frame in &some.frames {
            assert_eq!(frame.x, all.frames[frame.index].x);
        }
    }
}
