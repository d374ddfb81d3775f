//! Training of the U-Net, layer by layer over all rows of a pass.

mod level;
mod resnet;

use ancestral_format::{Activation, ClassEmbedding, TimeEmbedding, UNetConfig};

use super::conditioning::{Class, Conditioned, Conditioning, Embedding, Projection, Table};
use super::layer::conv3::{Conv3, Input};
use super::layer::norm::{Gradients, Norm, Normed};
use super::network::Pass;
use super::run::Run;
use crate::conv::{After, Motion};
use crate::map::{Buffer, Map, Shape};
use crate::norm::Before;
use crate::parameters::Parameters;
use crate::round::to_f32;
use crate::threads::prelude::*;
use crate::time;
use crate::train::layer::pointwise::Pointwise;
use crate::unet::plan::{Plan, time_width};
use level::{Down, DownKept, Mid, MidKept, Up, UpKept};

/// A U-Net whose weights change.
#[derive(Debug)]
pub(crate) struct UNet {
    conditioning: Conditioning,
    input: Shape,
    conv_in: Conv3,
    downs: Vec<Down>,
    mid: Option<Mid>,
    ups: Vec<Up>,
    norm_out: Norm,
    conv_out: Conv3,
    centre: bool,
    divides_by_time: bool,
}

/// What the backward pass needs of a forward pass.
#[derive(Debug)]
struct Kept {
    input: Map,
    /// The maps of the down path.
    skips: Vec<Map>,
    downs: Vec<DownKept>,
    mid: Option<MidKept>,
    ups: Vec<UpKept>,
    /// What the last convolution reads.
    x: Map,
    normed: Normed,
    /// Whether a picture is added to what it gives.
    had_picture: bool,
}

/// What all layers need in the backward pass.
#[derive(Debug)]
struct Back<'a> {
    run: Run<'a>,
    conditioned: &'a Conditioned,
    /// The gradients of each block's part of the conditioning.
    blocks: Vec<Option<Buffer>>,
    /// Of all parameters.
    gradients: &'a mut [f32],
}

impl UNet {
    /// The network of a valid config, for pictures of `size`.
    pub(crate) fn new(
        config: &UNetConfig,
        [height, width]: [usize; 2],
        named: &mut Parameters<'_>,
    ) -> Self {
        let input = Shape { height, width, channels: config.in_channels };
        let first = config.block_out_channels[0];
        let top = input.with_channels(first);
        let Plan { downs, mid, ups, common } = Plan::new(config, input);
        let mut blocks = Vec::new();
        let conv_in = Conv3::new(&mut named.child("conv_in"), input, first, Motion::Same);
        let down = |(i, plan)| {
            let named = named.child(format_args!("down_blocks.{i}"));
            Down::new(named, &mut blocks, common, plan, input.channels)
        };
        let downs = downs.iter().enumerate().map(down).collect();
        let mid = mid.map(|plan| Mid::new(named.child("mid_block"), &mut blocks, common, &plan));
        let up = |(i, plan)| {
            let named = named.child(format_args!("up_blocks.{i}"));
            Up::new(named, &mut blocks, common, plan, config.out_channels)
        };
        let ups = ups.iter().enumerate().map(up).collect();
        let mut norm_out = named.child("conv_norm_out");
        let norm_out = Norm::new(&mut norm_out, config.groups(first), first, config.norm_eps);
        let out = config.out_channels;
        Self {
            conditioning: conditioning(config, named, blocks),
            input,
            conv_in,
            downs,
            mid,
            ups,
            norm_out,
            conv_out: Conv3::new(&mut named.child("conv_out"), top, out, Motion::Same),
            centre: config.center_input_sample,
            divides_by_time: config.time_embedding_type == TimeEmbedding::Fourier,
        }
    }

    /// Predicts, gives the predictions to `loss`, and writes the gradients of all parameters.
    pub(crate) fn gradients(
        &self,
        run: Run<'_>,
        pass: Pass<'_>,
        loss: &mut dyn FnMut(&[f32], &mut [f32]),
        gradients: &mut [f32],
    ) {
        let conditioned = self.conditioning.forward(run, pass.timesteps, pass.labels);
        let (out, kept) = self.forward(run, pass, &conditioned);
        let dy = self.slopes(run, &out, pass.timesteps, loss);
        run.arena.give(out.data);
        let blocks = (0..self.conditioning.blocks.len()).map(|_| None).collect();
        let all = &mut *gradients;
        let mut back = Back { run, conditioned: &conditioned, blocks, gradients: all };
        self.backward(&mut back, kept, dy);
        let blocks = back.blocks.into_iter().map(|block| block.expect("one a block")).collect();
        self.conditioning.backward(run, conditioned, blocks, gradients);
    }

    fn forward(&self, run: Run<'_>, pass: Pass<'_>, conditioned: &Conditioned) -> (Map, Kept) {
        let input = self.channels_last(run, pass.x, self.input);
        let source = Input { sources: &[input.view()], before: Before::NOTHING };
        let mut skips = vec![self.conv_in.forward(run, source, After::NOTHING)];
        let mut picture = Some(copied(run, &input));
        let down = |down: &Down| down.forward(run, conditioned, &mut skips, &mut picture);
        let downs = self.downs.iter().map(down).collect();
        if let Some(picture) = picture {
            run.arena.give(picture.data);
        }
        let coarsest = &skips[skips.len() - 1];
        let (mut x, mid) = match &self.mid {
            Some(mid) => {
                let (x, kept) = mid.forward(run, conditioned, coarsest);
                (x, Some(kept))
            }
            None => (copied(run, coarsest), None),
        };
        let mut picture = None;
        let mut ups = Vec::new();
        let mut left = skips.len();
        for up in &self.ups {
            let skips = &skips[left - up.skips()..left];
            left -= up.skips();
            let (y, kept) = up.forward(run, conditioned, x, skips, &mut picture);
            x = y;
            ups.push(kept);
        }
        let normed = self.norm_out.forward(run, &[&x], Some(Activation::Silu));
        let after = After { residual: picture.as_ref().map(Map::view), ..After::NOTHING };
        let last = Input { sources: &[x.view()], before: normed.before() };
        let out = self.conv_out.forward(run, last, after);
        let had_picture = picture.is_some();
        if let Some(picture) = picture {
            run.arena.give(picture.data);
        }
        (out, Kept { input, skips, downs, mid, ups, x, normed, had_picture })
    }

    fn backward(&self, back: &mut Back<'_>, kept: Kept, dy: Map) {
        let (run, arena) = (back.run, back.run.arena);
        let Kept { input, mut skips, downs, mid, ups, x, normed, had_picture } = kept;
        let mut d_picture = had_picture.then(|| copied(run, &dy));
        let last = Input { sources: &[x.view()], before: normed.before() };
        self.conv_out.parameter_gradients(run, last, &dy, back.gradients);
        let mut d = self.conv_out.input_gradient(run, &dy);
        arena.give(dy.data);
        let norm = &self.norm_out;
        let sums = norm.backward(run, &[&x], &normed, &mut d, Gradients::InPlace);
        norm.parameter_gradients(run, &sums, back.gradients);
        arena.give(sums.data);
        arena.give(x.data);
        normed.give(arena);
        let mut d_skips = Vec::new();
        let mut first = 0;
        for (up, kept) in self.ups.iter().zip(ups).rev() {
            let skips = &skips[first..first + up.skips()];
            first += up.skips();
            d = up.backward(back, kept, d, skips, (&mut d_skips, &mut d_picture));
        }
        if let Some(picture) = d_picture {
            arena.give(picture.data);
        }
        let mut known = d_skips.pop().expect("one gradient per map of the down path");
        let d = if let (Some(mid), Some(kept)) = (&self.mid, mid) {
            mid.backward(back, kept, &skips[skips.len() - 1], d, Some(known))
        } else {
            known.add(&d);
            arena.give(d.data);
            known
        };
        d_skips.push(d);
        for (down, kept) in self.downs.iter().zip(downs).rev() {
            down.backward(back, kept, &mut skips, &mut d_skips);
        }
        let dy = d_skips.pop().expect("the gradient of the first map");
        let source = Input { sources: &[input.view()], before: Before::NOTHING };
        self.conv_in.parameter_gradients(run, source, &dy, back.gradients);
        for map in skips.into_iter().chain([dy, input]) {
            arena.give(map.data);
        }
    }

    /// Gives predictions to `loss`, and the gradients that it writes to the network.
    fn slopes(
        &self,
        run: Run<'_>,
        out: &Map,
        times: &[f64],
        loss: &mut dyn FnMut(&[f32], &mut [f32]),
    ) -> Map {
        let mut predicted = run.arena.take(out.data.len());
        let mut slopes = run.arena.take(out.data.len());
        channels_first(out, &mut predicted);
        self.divide(&mut predicted, times);
        loss(&predicted, &mut slopes);
        self.divide(&mut slopes, times);
        run.arena.give(predicted);
        let mut dy = run.arena.map(out.rows, out.shape);
        channels_last(&slopes, &mut dy, |x| x);
        run.arena.give(slopes);
        dy
    }

    /// Divides the values of each row by its time, if the network does that.
    fn divide(&self, values: &mut [f32], times: &[f64]) {
        if self.divides_by_time {
            let each = values.len() / times.len();
            for (row, time) in values.chunks_exact_mut(each).zip(times) {
                let time = to_f32(*time);
                for value in row {
                    *value /= time;
                }
            }
        }
    }

    fn channels_last(&self, run: Run<'_>, x: &[f32], shape: Shape) -> Map {
        let mut map = run.arena.map(x.len() / shape.len(), shape);
        let centre = self.centre;
        channels_last(x, &mut map, |x| if centre { 2.0 * x - 1.0 } else { x });
        map
    }
}

fn channels_last(x: &[f32], map: &mut Map, of: impl Fn(f32) -> f32 + Sync) {
    let (shape, positions) = (map.shape, map.shape.positions());
    let rows = map.data.par_chunks_exact_mut(shape.len()).zip(x.par_chunks_exact(shape.len()));
    rows.for_each(|(out, row)| {
        for (c, plane) in row.chunks_exact(positions).enumerate() {
            for (at, value) in plane.iter().enumerate() {
                out[at * shape.channels + c] = of(*value);
            }
        }
    });
}

fn channels_first(map: &Map, out: &mut [f32]) {
    let (shape, positions) = (map.shape, map.shape.positions());
    let rows = out.par_chunks_exact_mut(shape.len()).zip(map.data.par_chunks_exact(shape.len()));
    rows.for_each(|(out, row)| {
        for (c, plane) in out.chunks_exact_mut(positions).enumerate() {
            for (at, value) in plane.iter_mut().enumerate() {
                *value = row[at * shape.channels + c];
            }
        }
    });
}

fn copied(run: Run<'_>, map: &Map) -> Map {
    let mut copy = run.arena.map(map.rows, map.shape);
    copy.data.copy_from_slice(&map.data);
    copy
}

fn conditioning(
    config: &UNetConfig,
    named: &mut Parameters<'_>,
    blocks: Vec<Pointwise>,
) -> Conditioning {
    let width = config.block_out_channels[0];
    let (projection, from) = match config.time_embedding_type {
        TimeEmbedding::Positional => {
            let (flip, shift) = (config.flip_sin_to_cos, config.freq_shift);
            (Projection::Fixed(time::Projection::fixed(width, flip, shift)), width)
        }
        TimeEmbedding::Fourier => {
            // A sine and a cosine each.
            (Projection::Fourier(named.child("time_proj").place("weight", &[width])), 2 * width)
        }
        TimeEmbedding::Learned => {
            let count = config.num_train_timesteps.unwrap_or_default();
            (Projection::Table(Table::new(&mut named.child("time_proj"), count, width)), width)
        }
    };
    let to = time_width(config);
    let mut class = named.child("class_embedding");
    let class = match (config.class_embed_type, config.num_class_embeds) {
        (Some(ClassEmbedding::Timestep), _) => Some(Class::Time(Embedding::new(class, from, to))),
        (None, Some(count)) => Some(Class::Table(Table::new(&mut class, count, to))),
        (Some(ClassEmbedding::Identity), _) | (None, None) => None,
    };
    Conditioning {
        time: Embedding::new(named.child("time_embedding"), from, to),
        projection,
        class,
        activation: config.act_fn,
        blocks,
    }
}
