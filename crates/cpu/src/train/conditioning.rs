//! What the blocks of a network learn of the time and the class.

use std::collections::BTreeMap;

use ancestral_format::Activation;

use super::layer::activation;
use super::layer::pointwise::{Pointwise, Rows};
use super::run::Run;
use super::tree;
use crate::map::{Arena, Buffer};
use crate::parameters::{Parameters, Place};
use crate::round::to_f32;
use crate::time::{self, to_index};

/// How a time becomes a row of numbers.
#[derive(Debug)]
pub(crate) enum Projection {
    /// By what is not learned; the parameter is the frequencies, if they are stored.
    Fixed(time::Projection),
    Fourier(Place),
    /// A table with a row a timestep.
    Table(Table),
}

/// A table of vectors; each row of the batch takes one.
#[derive(Debug)]
pub(crate) struct Table {
    weight: Place,
    width: usize,
}

impl Table {
    pub(crate) fn new(named: &mut Parameters<'_>, count: usize, width: usize) -> Self {
        Self { weight: named.place("weight", &[count, width]), width }
    }

    fn row<'a>(&self, run: Run<'a>, index: usize) -> &'a [f32] {
        &self.weight.of(run.weights)[index * self.width..][..self.width]
    }

    /// Writes the gradient of the table, from that of each row taken.
    fn backward(&self, run: Run<'_>, indices: &[usize], dy: &[f32], gradients: &mut [f32]) {
        let out = self.weight.of_mut(gradients);
        out.fill(0.0);
        for (index, sum) in self.sums(run, indices, dy) {
            out[index * self.width..][..self.width].copy_from_slice(&sum);
        }
    }

    /// The sums of the rows of `dy` with the same index, by the tree; an index that a part of it lacks
    /// adds nothing there.
    fn sums(&self, run: Run<'_>, indices: &[usize], dy: &[f32]) -> BTreeMap<usize, Vec<f32>> {
        let leaves = run.leaves(indices.len());
        let mut sums = BTreeMap::new();
        let mut add = |index: usize, row: &[f32]| {
            let sum: &mut Vec<f32> = sums.entry(index).or_insert_with(|| vec![0.0; row.len()]);
            sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
        };
        if leaves == 1 {
            let rows = indices.iter().zip(dy.chunks_exact(self.width));
            rows.for_each(|(index, row)| add(*index, row));
        } else {
            let middle = tree::split(leaves) * run.leaf;
            let (left, right) = dy.split_at(middle * self.width);
            let parts = [self.sums(run, &indices[..middle], left)];
            let parts = parts.into_iter().chain([self.sums(run, &indices[middle..], right)]);
            parts.flatten().for_each(|(index, row)| add(index, &row));
        }
        sums
    }
}

/// Two linear layers with silu between them.
#[derive(Debug)]
pub(crate) struct Embedding {
    first: Pointwise,
    second: Pointwise,
}

/// What the backward pass of an [`Embedding`] needs.
#[derive(Debug)]
struct Embedded {
    /// What times are projected to, before anything is learned.
    projected: Vec<f32>,
    hidden: Buffer,
    active: Buffer,
}

impl Embedded {
    fn give(self, arena: &Arena) {
        arena.give(self.hidden);
        arena.give(self.active);
    }
}

impl Embedding {
    pub(crate) fn new(mut named: Parameters<'_>, from: usize, to: usize) -> Self {
        let first = Pointwise::new(&mut named.child("linear_1"), from, to);
        Self { first, second: Pointwise::new(&mut named.child("linear_2"), to, to) }
    }

    /// Embeds rows and adds them to `out`, or puts them there.
    fn forward(&self, run: Run<'_>, projected: Vec<f32>, adds: bool, out: &mut [f32]) -> Embedded {
        let width = self.second.columns();
        let columns = projected.len() * width / out.len();
        let mut hidden = run.arena.take(out.len());
        let mut active = run.arena.take(out.len());
        let rows = [Rows { data: &projected, columns }];
        self.first.forward(run, &rows, (&[], 1.0), &mut hidden);
        activation::forward(Activation::Silu, &hidden, &mut active);
        let rows = [Rows { data: &active, columns: width }];
        if adds {
            let before = out.to_vec();
            self.second.forward(run, &rows, (&before, 1.0), out);
        } else {
            self.second.forward(run, &rows, (&[], 1.0), out);
        }
        Embedded { projected, hidden, active }
    }

    /// Writes the gradients of the weights; gives that of what was projected, if it is wanted.
    fn backward(
        &self,
        run: Run<'_>,
        kept: &Embedded,
        dy: &[f32],
        wants_projected: bool,
        gradients: &mut [f32],
    ) -> Vec<f32> {
        let width = self.second.columns();
        let columns = kept.projected.len() * width / dy.len();
        let active = [Rows { data: &kept.active, columns: width }];
        self.second.parameter_gradients(run, &active, dy, 1, gradients);
        let mut d_hidden = run.arena.take(dy.len());
        self.second.input_gradient(run, dy, (0, width), false, &mut d_hidden);
        activation::backward(Activation::Silu, &kept.hidden, &mut d_hidden);
        let projected = [Rows { data: &kept.projected, columns }];
        self.first.parameter_gradients(run, &projected, &d_hidden, 1, gradients);
        let mut d_projected = vec![0.0; if wants_projected { kept.projected.len() } else { 0 }];
        if wants_projected {
            self.first.input_gradient(run, &d_hidden, (0, columns), false, &mut d_projected);
        }
        run.arena.give(d_hidden);
        d_projected
    }
}

/// How a class becomes a vector.
#[derive(Debug)]
pub(crate) enum Class {
    /// By a table.
    Table(Table),
    /// As a time does, with weights of its own.
    Time(Embedding),
}

/// Time and class as the blocks of a network take them.
#[derive(Debug)]
pub(crate) struct Conditioning {
    pub projection: Projection,
    pub time: Embedding,
    pub class: Option<Class>,
    pub activation: Activation,
    /// What each block makes of them.
    pub blocks: Vec<Pointwise>,
}

/// What a pass's blocks learn, and what the backward pass needs.
#[derive(Debug)]
pub(crate) struct Conditioned {
    /// What each block takes, `[rows, columns]`.
    pub blocks: Vec<Buffer>,
    times: Vec<f32>,
    labels: Vec<u32>,
    time: Embedded,
    class: Option<Embedded>,
    vector: Buffer,
    active: Buffer,
}

impl Conditioning {
    pub(crate) fn forward(
        &self,
        run: Run<'_>,
        times: &[f64],
        labels: Option<&[u32]>,
    ) -> Conditioned {
        let width = self.time.second.columns();
        let mut vector = run.arena.take(times.len() * width);
        let times: Vec<f32> = times.iter().copied().map(to_f32).collect();
        let labels = labels.unwrap_or_default().to_vec();
        let time = self.time.forward(run, self.projected(run, &times), false, &mut vector);
        let class = match &self.class {
            Some(Class::Time(embedding)) => {
                let times: Vec<f32> = labels.iter().map(|label| *label as f32).collect();
                Some(embedding.forward(run, self.projected(run, &times), true, &mut vector))
            }
            Some(Class::Table(table)) => {
                for (vector, label) in vector.chunks_exact_mut(width).zip(&labels) {
                    let class = table.row(run, *label as usize);
                    vector.iter_mut().zip(class).for_each(|(sum, x)| *sum += x);
                }
                None
            }
            None => None,
        };
        let mut active = run.arena.take(vector.len());
        activation::forward(self.activation, &vector, &mut active);
        let block = |block: &Pointwise| {
            let mut out = run.arena.take(times.len() * block.columns());
            let rows = Rows { data: &active, columns: width };
            block.forward(run, &[rows], (&[], 1.0), &mut out);
            out
        };
        let blocks = self.blocks.iter().map(block).collect();
        Conditioned { blocks, times, labels, time, class, vector, active }
    }

    fn projected(&self, run: Run<'_>, times: &[f32]) -> Vec<f32> {
        let stored;
        let projection = match &self.projection {
            Projection::Fixed(projection) => projection,
            Projection::Fourier(place) => {
                stored = time::Projection::Fourier(place.of(run.weights).to_vec());
                &stored
            }
            Projection::Table(table) => {
                let rows = times.iter().map(|time| table.row(run, to_index(*time)));
                return rows.flatten().copied().collect();
            }
        };
        times.iter().flat_map(|time| projection.project(*time)).collect()
    }

    /// Writes the gradients of all weights here, from those of what the blocks take.
    pub(crate) fn backward(
        &self,
        run: Run<'_>,
        kept: Conditioned,
        blocks: Vec<Buffer>,
        gradients: &mut [f32],
    ) {
        let Conditioned { blocks: values, times, labels, time, class, vector, active } = kept;
        let width = self.time.second.columns();
        let mut dy = run.arena.take(active.len());
        for (index, (block, d_block)) in self.blocks.iter().zip(&blocks).enumerate() {
            let rows = [Rows { data: &active, columns: width }];
            block.parameter_gradients(run, &rows, d_block, 1, gradients);
            block.input_gradient(run, d_block, (0, width), index > 0, &mut dy);
        }
        activation::backward(self.activation, &vector, &mut dy);
        let wants = matches!(self.projection, Projection::Table(_));
        let mut d_projected = self.time.backward(run, &time, &dy, wants, gradients);
        let mut indices: Vec<usize> = times.iter().map(|time| to_index(*time)).collect();
        match (&self.class, &class) {
            (Some(Class::Table(table)), _) => {
                let labels: Vec<usize> = labels.iter().map(|label| *label as usize).collect();
                table.backward(run, &labels, &dy, gradients);
            }
            (Some(Class::Time(embedding)), Some(class)) => {
                let more = embedding.backward(run, class, &dy, wants, gradients);
                indices.extend(labels.iter().map(|label| *label as usize));
                d_projected.extend(more);
            }
            (Some(Class::Time(_)) | None, _) => {}
        }
        match &self.projection {
            Projection::Fixed(_) => {}
            // Frequencies are not learned.
            Projection::Fourier(place) => place.of_mut(gradients).fill(0.0),
            Projection::Table(table) => table.backward(run, &indices, &d_projected, gradients),
        }
        time.give(run.arena);
        if let Some(class) = class {
            class.give(run.arena);
        }
        let buffers = values.into_iter().chain(blocks).chain([vector, active, dy]);
        buffers.for_each(|buffer| run.arena.give(buffer));
    }
}
