//! The U-Net of denoising diffusion models, planned for a CPU.

mod level;
pub(crate) mod plan;
pub(crate) mod resample;
pub(crate) mod resnet;

use ancestral_format::{Activation, ClassEmbedding, Labels, TimeEmbedding, UNetConfig};

use crate::conv::{After, Conv3, Motion};
use crate::error::LoadError;
use crate::map::{Arena, Map, Shape};
use crate::norm::{Before, Norm};
use crate::parameters::Parameters;
use crate::round::to_f32;
use crate::shapes::Shapes;
use crate::threads::{self, prelude::*};
use crate::time::{Class, ConditionedRows, Conditioning, Embedding, Gathered, Projection};
use level::{Down, Mid, Up};
use plan::Plan;

/// A U-Net: see `UNet2DModel` in diffusers.
#[derive(Debug)]
pub(crate) struct UNet {
    conditioning: Conditioning,
    conv_in: Conv3,
    downs: Vec<Down>,
    mid: Option<Mid>,
    ups: Vec<Up>,
    norm_out: Norm,
    conv_out: Conv3,
    centre: bool,
    divides_by_time: bool,
}

impl UNet {
    /// What it takes and gives.
    pub(crate) fn shapes(config: &UNetConfig) -> Result<Shapes, LoadError> {
        config.validate()?;
        let [height, width] = config.sample_size.ok_or(LoadError::NoSize)?;
        let labels = config.labels();
        if labels == Labels::Vectors {
            return Err(LoadError::Vectors);
        }
        let is_learned = config.time_embedding_type == TimeEmbedding::Learned;
        Ok(Shapes {
            input: vec![config.in_channels, height, width],
            output: vec![config.out_channels, height, width],
            labels,
            timesteps: config.num_train_timesteps.filter(|_| is_learned),
        })
    }

    /// The network of a valid config, for pictures of `size`.
    pub(crate) fn assemble(
        config: &UNetConfig,
        [height, width]: [usize; 2],
        named: &mut Parameters<'_>,
    ) -> Self {
        let input = Shape { height, width, channels: config.in_channels };
        let first = config.block_out_channels[0];
        let mut gathered = Gathered::default();
        let Plan { downs, mid, ups, common } = Plan::new(config, input);
        let conv_in = Conv3::load(&mut named.child("conv_in"), input, first, Motion::Same);
        let top = input.with_channels(first);
        let downs = downs.iter().enumerate().map(|(i, plan)| {
            let named = named.child(format_args!("down_blocks.{i}"));
            Down::load(named, &mut gathered, common, plan, input.channels)
        });
        let downs = downs.collect();
        let mid = mid.map(|plan| Mid::load(named.child("mid_block"), &mut gathered, common, &plan));
        let ups = ups.iter().enumerate().map(|(i, plan)| {
            let named = named.child(format_args!("up_blocks.{i}"));
            Up::load(named, &mut gathered, common, plan, config.out_channels)
        });
        let ups = ups.collect();
        let epsilon = config.norm_eps;
        let norm_out =
            Norm::load(&mut named.child("conv_norm_out"), config.groups(first), first, epsilon);
        let out = config.out_channels;
        Self {
            conditioning: conditioning(config, named, gathered),
            conv_in,
            downs,
            mid,
            ups,
            norm_out,
            conv_out: Conv3::load(&mut named.child("conv_out"), top, out, Motion::Same),
            centre: config.center_input_sample,
            divides_by_time: config.time_embedding_type == TimeEmbedding::Fourier,
        }
    }

    /// Its parts and how each is computed, a line each.
    pub(crate) fn describe(&self) -> Vec<String> {
        let downs = self.downs.iter().flat_map(Down::describe);
        let mid = self.mid.iter().flat_map(Mid::describe);
        let ups = self.ups.iter().flat_map(Up::describe);
        let ends = [self.conv_in.describe()].into_iter().chain(downs).chain(mid).chain(ups);
        ends.chain([self.conv_out.describe()]).collect()
    }

    /// Predicts from noisy pictures, channels first: `[rows, channels, height, width]`.
    ///
    /// Each thread takes some rows through the whole network, so that they stay near and nobody
    /// waits; a thread without rows of its own helps with a part of a layer.
    pub(crate) fn predict(
        &self,
        x: &[f32],
        times: &[f64],
        labels: Option<&[u32]>,
        arena: &Arena,
    ) -> Vec<f32> {
        let rows = times.len();
        let conditioned = self.conditioning.run(times, labels, arena);
        let mut predicted = vec![0.0; rows * self.conv_out.output().len()];
        let together = rows.div_ceil(threads::current_num_threads());
        let [from, to] = [x, &predicted].map(|values| together * (values.len() / rows));
        let pieces = predicted.par_chunks_mut(to).zip(x.par_chunks(from));
        pieces.zip(times.par_chunks(together)).enumerate().for_each(
            |(piece, ((out, x), times))| {
                let input = self.channels_last(x, times.len(), arena);
                let map = self.forward(input, conditioned.rows_from(piece * together), arena);
                self.channels_first(&map, times, out);
                arena.give(map.data);
            },
        );
        arena.give(conditioned.data);
        predicted
    }

    fn channels_first(&self, map: &Map, times: &[f64], out: &mut [f32]) {
        let shape = map.shape;
        let rows = out.chunks_exact_mut(shape.len()).zip(times).enumerate();
        for (row, (out, time)) in rows {
            let values = map.row(row);
            for (c, plane) in out.chunks_exact_mut(shape.positions()).enumerate() {
                for (at, value) in plane.iter_mut().enumerate() {
                    *value = values[at * shape.channels + c];
                }
            }
            if self.divides_by_time {
                let time = to_f32(*time);
                for value in out {
                    *value /= time;
                }
            }
        }
    }

    fn forward(&self, input: Map, conditioning: ConditionedRows<'_>, arena: &Arena) -> Map {
        let first = self.conv_in.run(&[&input], Before::NOTHING, After::NOTHING, arena);
        let mut picture = input;
        let mut skips = vec![first];
        for down in &self.downs {
            down.run(conditioning, &mut skips, &mut picture, arena);
        }
        arena.give(picture.data);
        let coarsest = &skips[skips.len() - 1];
        let mut x = match &self.mid {
            Some(mid) => mid.run(coarsest, conditioning, arena),
            None => copied(coarsest, arena),
        };
        let mut picture = None;
        for up in &self.ups {
            x = up.run(x, conditioning, &mut skips, &mut picture, arena);
        }
        let affine = self.norm_out.affine(&[&x], arena);
        let before = Before { affine: Some(&affine), activation: Some(Activation::Silu) };
        let after = After { residual: picture.as_ref().map(Map::view), ..After::NOTHING };
        let out = self.conv_out.run(&[&x], before, after, arena);
        arena.give(x.data);
        arena.give(affine.data);
        if let Some(map) = picture {
            arena.give(map.data);
        }
        out
    }

    fn channels_last(&self, x: &[f32], rows: usize, arena: &Arena) -> Map {
        let shape = self.conv_in.output();
        let channels = x.len() / rows / shape.positions();
        let mut map = arena.map(rows, shape.with_channels(channels));
        let planes = x.chunks_exact(shape.positions() * channels);
        for (out, row) in map.data.chunks_exact_mut(shape.positions() * channels).zip(planes) {
            for (c, plane) in row.chunks_exact(shape.positions()).enumerate() {
                for (at, value) in plane.iter().enumerate() {
                    let value = if self.centre { 2.0 * value - 1.0 } else { *value };
                    out[at * channels + c] = value;
                }
            }
        }
        map
    }
}

/// A copy of a map that the next layer and the up path both need.
fn copied(map: &Map, arena: &Arena) -> Map {
    let mut copy = arena.map(map.rows, map.shape);
    copy.data.copy_from_slice(&map.data);
    copy
}

fn conditioning(
    config: &UNetConfig,
    named: &mut Parameters<'_>,
    gathered: Gathered,
) -> Conditioning {
    let width = config.block_out_channels[0];
    let projection = match config.time_embedding_type {
        TimeEmbedding::Positional => {
            Projection::fixed(width, config.flip_sin_to_cos, config.freq_shift)
        }
        TimeEmbedding::Fourier => {
            Projection::Fourier(named.child("time_proj").take("weight", &[width]))
        }
        TimeEmbedding::Learned => {
            let count = config.num_train_timesteps.unwrap_or_default();
            let rows = named.child("time_proj").take("weight", &[count, width]);
            Projection::Table { rows, width }
        }
    };
    let from = match config.time_embedding_type {
        TimeEmbedding::Positional | TimeEmbedding::Learned => width,
        TimeEmbedding::Fourier => 2 * width, // a sine and a cosine each
    };
    let to = plan::time_width(config);
    let mut class = named.child("class_embedding");
    let class = match (config.class_embed_type, config.num_class_embeds) {
        (Some(ClassEmbedding::Timestep), _) => Some(Class::Time(Embedding::load(class, from, to))),
        (None, Some(count)) => Some(Class::Table(class.take("weight", &[count, to]))),
        (Some(ClassEmbedding::Identity), _) | (None, None) => None,
    };
    Conditioning {
        time: Embedding::load(named.child("time_embedding"), from, to),
        projection,
        class,
        activation: config.act_fn,
        blocks: gathered.pack(to),
    }
}
