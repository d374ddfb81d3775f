//! The conditioning of a network: the time and the class of each sample.

use ancestral_format::Activation;

use crate::map::{Arena, Buffer};
use crate::norm::activate;
use crate::parameters::Parameters;
use crate::pointwise::Pointwise;
use crate::round::to_f32;
use crate::threads::prelude::*;

/// The projection of a time to a row of numbers.
#[derive(Clone, Debug)]
pub(crate) enum Projection {
    /// Sinusoids of fixed frequencies.
    Fixed { frequencies: Vec<f32>, width: usize, cosines_first: bool },
    /// Sinusoids of the logarithm of the time, of stored frequencies.
    Fourier(Vec<f32>),
    /// A table with a row a timestep.
    Table { rows: Vec<f32>, width: usize },
}

impl Projection {
    pub(crate) fn fixed(width: usize, cosines_first: bool, shift: u32) -> Self {
        let half = width / 2;
        // As diffusers rounds them: the exponent to f32 after each operation.
        let ln_period = to_f32(-(10_000.0_f64.ln()));
        let denominator = to_f32(half as f64 - f64::from(shift));
        let frequency = |i: usize| to_f32(f64::from(ln_period * i as f32 / denominator).exp());
        Self::Fixed { frequencies: (0..half).map(frequency).collect(), width, cosines_first }
    }

    pub(crate) fn project(&self, time: f32) -> Vec<f32> {
        let sinusoids = |angles: Vec<f32>, cosines_first: bool| {
            let sines = angles.iter().map(|a| to_f32(f64::from(*a).sin()));
            let cosines = angles.iter().map(|a| to_f32(f64::from(*a).cos()));
            if cosines_first {
                cosines.chain(sines).collect::<Vec<_>>()
            } else {
                sines.chain(cosines).collect()
            }
        };
        match self {
            Self::Fixed { frequencies, width, cosines_first } => {
                let angles = frequencies.iter().map(|frequency| time * frequency).collect();
                let mut row = sinusoids(angles, *cosines_first);
                row.resize(*width, 0.0);
                row
            }
            Self::Fourier(frequencies) => {
                let log = time.ln();
                let angle = |frequency: &f32| log * frequency * 2.0 * std::f32::consts::PI;
                sinusoids(frequencies.iter().map(angle).collect(), false)
            }
            Self::Table { rows, width } => {
                let row = to_index(time) * width;
                rows[row..row + width].to_vec()
            }
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "times are checked")]
pub(crate) fn to_index(time: f32) -> usize {
    time.round().max(0.0) as usize
}

/// Two linear layers with silu between them.
#[derive(Debug)]
pub(crate) struct Embedding {
    first: Pointwise,
    second: Pointwise,
}

impl Embedding {
    pub(crate) fn load(mut named: Parameters<'_>, from: usize, to: usize) -> Self {
        let mut linear = |name: &str, from: usize| {
            let mut named = named.child(name);
            let weight = named.take("weight", &[to, from]);
            Pointwise::new(&weight, named.take("bias", &[to]), &[from])
        };
        Self { first: linear("linear_1", from), second: linear("linear_2", to) }
    }

    fn run(&self, projected: &[f32], arena: &Arena) -> Vec<f32> {
        let width = self.second.columns();
        let mut hidden = vec![0.0; width];
        self.first.rows(projected, &mut hidden, arena);
        activate(Activation::Silu, &mut hidden);
        let mut out = vec![0.0; width];
        self.second.rows(&hidden, &mut out, arena);
        out
    }
}

/// The embedding of a class as a vector.
#[derive(Debug)]
pub(crate) enum Class {
    /// By a table.
    Table(Vec<f32>),
    /// As a time does, with weights of its own.
    Time(Embedding),
}

/// Columns of a slice: as the vectors of rows are few, threads share the columns.
const COLUMNS: usize = 256;

/// Time and class as the blocks of a network take them.
#[derive(Debug)]
pub(crate) struct Conditioning {
    pub projection: Projection,
    pub time: Embedding,
    pub class: Option<Class>,
    pub activation: Activation,
    /// The linear layers of all blocks, side by side, in slices of so many columns.
    pub blocks: Vec<Pointwise>,
}

/// The conditioning of all blocks of a pass: a row for each sample, or one for all. `[rows or 1, columns]`
#[derive(Debug)]
pub(crate) struct Conditioned {
    pub data: Buffer,
    /// Values from one sample's row to the next: 0 if there is one row for all.
    pub stride: usize,
}

impl Conditioned {
    /// The conditioning of the samples from `row` on.
    pub(crate) fn rows_from(&self, row: usize) -> ConditionedRows<'_> {
        ConditionedRows { data: &self.data[row * self.stride..], stride: self.stride }
    }
}

/// The conditioning of some samples.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConditionedRows<'a> {
    data: &'a [f32],
    stride: usize,
}

impl<'a> ConditionedRows<'a> {
    /// The part of a block that begins at `first`, with the stride.
    pub(crate) fn part(self, first: usize) -> (&'a [f32], usize) {
        (&self.data[first..], self.stride)
    }
}

impl Conditioning {
    /// One row for each sample; a single row, if all have the same conditioning.
    pub(crate) fn run(&self, times: &[f64], labels: Option<&[u32]>, arena: &Arena) -> Conditioned {
        let label = |row: usize| labels.map(|labels| labels[row]);
        let same = (1..times.len()).all(|row| times[row] == times[0] && label(row) == label(0));
        let columns = self.blocks.iter().map(Pointwise::columns).sum::<usize>();
        let rows = if same { 1 } else { times.len() };
        let mut data = arena.take(rows * columns);
        for (row, out) in data.chunks_exact_mut(columns).enumerate() {
            let mut vector = self.time.run(&self.projection.project(to_f32(times[row])), arena);
            if let (Some(class), Some(label)) = (&self.class, label(row)) {
                let width = vector.len();
                let class = match class {
                    Class::Table(rows) => rows[label as usize * width..][..width].to_vec(),
                    Class::Time(embedding) => {
                        embedding.run(&self.projection.project(to_f32(f64::from(label))), arena)
                    }
                };
                vector.iter_mut().zip(class).for_each(|(vector, class)| *vector += class);
            }
            activate(self.activation, &mut vector);
            let slices = out.par_chunks_mut(COLUMNS).zip(&self.blocks);
            slices.for_each(|(out, slice)| slice.rows(&vector, out, arena));
        }
        Conditioned { data, stride: if same { 0 } else { columns } }
    }
}

/// The linear layers of the conditioning in all blocks, gathered into one.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    weight: Vec<f32>,
    bias: Vec<f32>,
}

impl Gathered {
    /// Adds a layer; gives where its part of the result begins.
    pub(crate) fn add(&mut self, mut named: Parameters<'_>, from: usize, to: usize) -> usize {
        let first = self.bias.len();
        self.weight.extend(named.take("weight", &[to, from]));
        self.bias.extend(named.take("bias", &[to]));
        first
    }

    pub(crate) fn pack(self, from: usize) -> Vec<Pointwise> {
        let slices = self.weight.par_chunks(COLUMNS * from).zip(self.bias.par_chunks(COLUMNS));
        slices.map(|(weight, bias)| Pointwise::new(weight, bias.to_vec(), &[from])).collect()
    }
}
