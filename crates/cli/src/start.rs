//! Where runs begin: at noise, at rows that are given, or at data that are noised.

use std::ops::Range;

use ancestral::{Batch, Level, Noise, slerp};
use ancestral_format::counted;
use anyhow::{Context, Result, bail};

use crate::args::SampleArgs;
use crate::model::Model;
use crate::process::Process;
use crate::rows::Source;

/// Share of the steps that are taken from data, if nothing is said.
const STRENGTH: f64 = 0.5;

/// Where runs begin.
#[derive(Clone, Debug, Default)]
pub enum Start {
    /// At fresh noise.
    #[default]
    Noise,
    /// At these rows, one a sample.
    Rows(Batch),
    /// At `count` rows on the great circle from one row to another, both included.
    Between { from: Batch, to: Batch, count: usize },
    /// At these clean rows, one a sample or one for all, brought to a level by fresh noise.
    Data { x0: Batch, level: Level },
}

impl Start {
    /// As the flags say; also cuts the way to what is left of it from there.
    pub fn new(args: &SampleArgs, model: &Model, process: &mut Process) -> Result<Self> {
        let (steering, quiet) = (&args.steering, args.compute.quiet);
        let init = args.init.as_deref().map(|path| Source { flag: "--init", path });
        let rows = init.map(|init| init.array(model)).transpose()?;
        if let Some(between) = steering.interpolate {
            return Self::between(args, model, rows, between);
        }
        let Some(path) = &steering.from else { return Ok(rows.map_or(Self::Noise, Self::Rows)) };
        let x0 = Source { flag: "--from", path }.rows(model, quiet)?;
        let strength = steering.strength.unwrap_or(STRENGTH);
        let first = process.cut(strength)?;
        // A full run begins with noise alone, however little of the data its first level would keep.
        let level = if strength == 1.0 { Level::NOISE } else { first };
        Ok(Self::Data { x0, level })
    }

    /// On the great circle from one x_T to another, with so many rows between them.
    fn between(
        args: &SampleArgs,
        model: &Model,
        ends: Option<Batch>,
        between: usize,
    ) -> Result<Self> {
        let ends = ends.map_or_else(|| first_two(args, model), Ok)?;
        if ends.rows() != 2 {
            bail!(
                "--interpolate {between}: --init has {}, expected 2",
                counted(ends.rows(), "row")
            );
        }
        let (from, to) = (ends.slice(0..1), ends.slice(1..2));
        Ok(Self::Between { from, to, count: between + 2 })
    }

    /// How many samples it is for, if not for any number.
    pub fn rows(&self) -> Option<usize> {
        match self {
            Self::Noise => None,
            Self::Rows(rows) => Some(rows.rows()),
            Self::Between { count, .. } => Some(*count),
            Self::Data { x0, .. } => Some(x0.rows()).filter(|rows| *rows > 1),
        }
    }

    /// Whether the first draw of noise is part of it.
    pub fn is_drawn(&self) -> bool {
        match self {
            Self::Noise | Self::Data { .. } => true,
            Self::Rows(_) | Self::Between { .. } => false,
        }
    }

    /// Where the samples `range` begin, of this shape.
    pub fn x_t(&self, range: Range<usize>, shape: &[usize], noise: &mut dyn Noise<Batch>) -> Batch {
        let blank = Batch::zeros(range.len(), shape.to_vec());
        match self {
            Self::Noise => noise.draw(&blank),
            Self::Rows(rows) => rows.slice(range),
            Self::Between { from, to, count } => {
                let share = |i: usize| i as f64 / (count - 1) as f64;
                Batch::stack(&range.map(|i| slerp(from, to, share(i))).collect::<Vec<_>>())
            }
            Self::Data { x0, level } if x0.rows() == 1 => {
                let x0 = Batch::stack(range.map(|_| x0));
                level.noised(&x0, &noise.draw(&blank))
            }
            Self::Data { x0, level } => level.noised(&x0.slice(range), &noise.draw(&blank)),
        }
    }
}

/// x_T of the first sample and the one after it.
fn first_two(args: &SampleArgs, model: &Model) -> Result<Batch> {
    let end = args.first.checked_add(2).context("--first: no sample comes after it")?;
    let mut noise = args.rng.noise(args.seed, args.first..end, false);
    Ok(noise.draw(&Batch::zeros(2, model.shape()?)))
}
