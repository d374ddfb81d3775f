//! The U-Net of denoising diffusion models, planned for a CPU.

mod builder;
mod level;
mod resample;
mod resnet;

use ancestral_format::{Activation, ClassEmbedding, Labels, TimeEmbedding, UNetConfig};

use crate::conv::{After, Conv3, Motion};
use crate::map::{Arena, Map, Shape};
use crate::network::{LoadError, Shapes};
use crate::norm::{Before, Norm};
use crate::parameters::Parameters;
use crate::time::{Class, Conditioning, Embedding, Gathered, Projection, Told};
use builder::Builder;
use level::{Down, Mid, Up};

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
        let builder = Builder::new(config);
        let conv_in = Conv3::load(&mut named.child("conv_in"), input, first, Motion::Same);
        let top = input.with_channels(first);
        let mut shape = top;
        let mut downs = Vec::new();
        for level in 0..config.levels() {
            let named = named.child("down_blocks").into_child(level);
            let down = Down::load(named, &mut gathered, builder, level, shape);
            shape = down.output();
            downs.push(down);
        }
        let mid = config
            .mid_block_type
            .map(|_| Mid::load(named.child("mid_block"), &mut gathered, builder, shape));
        let mut ups = Vec::new();
        for level in 0..config.levels() {
            let named = named.child("up_blocks").into_child(level);
            let up = Up::load(named, &mut gathered, builder, level, shape);
            shape = up.output();
            ups.push(up);
        }
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
    pub(crate) fn predict(
        &self,
        x: &[f32],
        times: &[f64],
        labels: Option<&[u32]>,
        arena: &Arena,
    ) -> Vec<f32> {
        let told = self.conditioning.run(times, labels, arena);
        let input = self.channels_last(x, times.len(), arena);
        let out = self.forward(input, &told, arena);
        arena.give(told.data);
        let output = out.shape;
        let mut predicted = vec![0.0; out.data.len()];
        let rows = predicted.chunks_exact_mut(output.len()).zip(times).enumerate();
        for (row, (predicted, time)) in rows {
            let values = out.row(row);
            for (c, plane) in predicted.chunks_exact_mut(output.positions()).enumerate() {
                for (at, value) in plane.iter_mut().enumerate() {
                    *value = values[at * output.channels + c];
                }
            }
            if self.divides_by_time {
                let time = to_f32(*time);
                for value in predicted {
                    *value /= time;
                }
            }
        }
        arena.give(out.data);
        predicted
    }

    fn forward(&self, input: Map, told: &Told, arena: &Arena) -> Map {
        let mut x = self.conv_in.run(&[&input], Before::NOTHING, After::NOTHING, arena);
        let mut picture = input;
        let mut skips = Vec::new();
        skips.push(copied(&x, arena));
        for down in &self.downs {
            x = down.run(x, told, &mut skips, &mut picture, arena);
        }
        arena.give(picture.data);
        if let Some(mid) = &self.mid {
            x = mid.run(x, told, arena);
        }
        let mut picture = None;
        for up in &self.ups {
            x = up.run(x, told, &mut skips, &mut picture, arena);
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

/// A copy, where a map is both gone on with and kept for the way up.
fn copied(map: &Map, arena: &Arena) -> Map {
    let mut copy = arena.map(map.rows, map.shape);
    copy.data.copy_from_slice(&map.data);
    copy
}

#[expect(clippy::cast_possible_truncation, reason = "networks take their times as f32")]
fn to_f32(value: f64) -> f32 {
    value as f32
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
    let to = builder::time_width(config);
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
