//! The U-Net and the MLP as they are defined, in f64: one row at a time, channels first, plain loops.
//! Nothing here is shared with the engine.

use std::collections::BTreeMap;
use std::f64::consts::{PI, SQRT_2};

use ancestral_format::{
    ATTENTION_GROUPS, Activation, ClassEmbedding, DownBlock, MlpConfig, TimeEmbedding,
    TimeScaleShift, UNetConfig, UpBlock, Weights, groups_by_width, groups_of_joined,
};

/// Parameters by name.
pub type Values = BTreeMap<String, Vec<f64>>;

pub fn values(weights: &Weights) -> Values {
    let to_f64 = |values: Vec<f32>| values.into_iter().map(f64::from).collect();
    weights.iter().map(|(name, array)| (name.clone(), to_f64(array.to_f32()))).collect()
}

/// One row: `[channels, height, width]`.
#[derive(Clone)]
struct Map {
    c: usize,
    h: usize,
    w: usize,
    x: Vec<f64>,
}

impl Map {
    fn zeros(c: usize, h: usize, w: usize) -> Self {
        Self { c, h, w, x: vec![0.0; c * h * w] }
    }

    fn plane(&self, c: usize) -> &[f64] {
        &self.x[c * self.h * self.w..][..self.h * self.w]
    }

    fn each(mut self, f: impl Fn(f64) -> f64) -> Self {
        self.x.iter_mut().for_each(|x| *x = f(*x));
        self
    }

    fn plus(mut self, other: &Self) -> Self {
        assert_eq!((self.c, self.h, self.w), (other.c, other.h, other.w));
        self.x.iter_mut().zip(&other.x).for_each(|(x, y)| *x += y);
        self
    }

    fn beside(mut self, other: &Self) -> Self {
        self.c += other.c;
        self.x.extend(&other.x);
        self
    }

    /// A padded 3 × 3 convolution; zeros before and behind each axis.
    fn conv3(&self, p: &Part, stride: usize, [before, behind]: [usize; 2]) -> Self {
        let (weight, bias) = (p.get("weight"), p.get("bias"));
        let size = |n: usize| (n + before + behind - 3) / stride + 1;
        let mut out = Self::zeros(bias.len(), size(self.h), size(self.w));
        for o in 0..out.c {
            for i in 0..out.h {
                for j in 0..out.w {
                    let mut sum = bias[o];
                    for c in 0..self.c {
                        for (k, weight) in weight[(o * self.c + c) * 9..][..9].iter().enumerate() {
                            let y = (i * stride + k / 3).wrapping_sub(before);
                            let x = (j * stride + k % 3).wrapping_sub(before);
                            if y < self.h && x < self.w {
                                sum += weight * self.x[(c * self.h + y) * self.w + x];
                            }
                        }
                    }
                    out.x[(o * out.h + i) * out.w + j] = sum;
                }
            }
        }
        out
    }

    /// A linear layer over the channels of each position.
    fn pointwise(&self, p: &Part) -> Self {
        let (weight, bias) = (p.get("weight"), p.get("bias"));
        let mut out = Self::zeros(bias.len(), self.h, self.w);
        for o in 0..out.c {
            for at in 0..self.h * self.w {
                let terms = (0..self.c).map(|c| weight[o * self.c + c] * self.plane(c)[at]);
                out.x[o * self.h * self.w + at] = bias[o] + terms.sum::<f64>();
            }
        }
        out
    }

    fn group_norm(&self, p: &Part, groups: usize, epsilon: f64) -> Self {
        let (gamma, beta) = (p.get("weight"), p.get("bias"));
        let each = self.x.len() / groups;
        let mut out = self.clone();
        for group in out.x.chunks_exact_mut(each) {
            let mean = group.iter().sum::<f64>() / each as f64;
            let variance = group.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / each as f64;
            for x in group {
                *x = (*x - mean) / (variance + epsilon).sqrt();
            }
        }
        for (i, x) in out.x.iter_mut().enumerate() {
            let c = i / (self.h * self.w);
            *x = gamma[c] * *x + beta[c];
        }
        out
    }

    fn mean(&self) -> Self {
        let mut out = Self::zeros(self.c, self.h / 2, self.w / 2);
        for c in 0..self.c {
            for i in 0..2 * out.h {
                for j in 0..2 * out.w {
                    out.x[(c * out.h + i / 2) * out.w + j / 2] +=
                        0.25 * self.plane(c)[i * self.w + j];
                }
            }
        }
        out
    }

    fn repeat(&self) -> Self {
        let mut out = Self::zeros(self.c, 2 * self.h, 2 * self.w);
        for c in 0..self.c {
            for i in 0..out.h {
                for j in 0..out.w {
                    out.x[(c * out.h + i) * out.w + j] = self.plane(c)[i / 2 * self.w + j / 2];
                }
            }
        }
        out
    }

    /// Zeros between the values, then the filter 1 3 3 1; or the filter, then every other value.
    fn filter(&self, up: bool) -> Self {
        let taps = [1.0, 3.0, 3.0, 1.0].map(|tap| tap / if up { 4.0 } else { 8.0 });
        let (h, w) = if up { (2 * self.h, 2 * self.w) } else { (self.h / 2, self.w / 2) };
        let mut out = Self::zeros(self.c, h, w);
        // The position of the input under a tap of an output, if there is a value.
        let at = |i: usize, tap: usize, n: usize| {
            let place = if up { i + tap } else { 2 * i + tap + 1 };
            let place = place.checked_sub(2)?;
            if up && !place.is_multiple_of(2) {
                return None;
            }
            Some(if up { place / 2 } else { place }).filter(|place| *place < n)
        };
        for c in 0..self.c {
            for i in 0..h {
                for j in 0..w {
                    for (p, down) in taps.iter().enumerate() {
                        for (q, across) in taps.iter().enumerate() {
                            if let (Some(y), Some(x)) = (at(i, p, self.h), at(j, q, self.w)) {
                                out.x[(c * h + i) * w + j] +=
                                    down * across * self.plane(c)[y * self.w + x];
                            }
                        }
                    }
                }
            }
        }
        out
    }
}

/// A part of a network: its parameters by the ends of their names.
#[derive(Clone)]
struct Part<'a> {
    values: &'a Values,
    path: String,
}

impl<'a> Part<'a> {
    fn child(&self, name: &str) -> Self {
        let path =
            if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        Self { values: self.values, path }
    }

    fn get(&self, name: &str) -> &'a [f64] {
        &self.values[&self.child(name).path]
    }

    fn has(&self, name: &str) -> bool {
        let path = self.child(name).path + ".";
        self.values.range(path.clone()..).next().is_some_and(|(key, _)| key.starts_with(&path))
    }

    fn linear(&self, x: &[f64]) -> Vec<f64> {
        let (weight, bias) = (self.get("weight"), self.get("bias"));
        let row = |(o, bias): (usize, &f64)| {
            bias + x.iter().zip(&weight[o * x.len()..]).map(|(x, w)| x * w).sum::<f64>()
        };
        bias.iter().enumerate().map(row).collect()
    }

    fn embed(&self, x: &[f64]) -> Vec<f64> {
        let hidden: Vec<f64> = self
            .child("linear_1")
            .linear(x)
            .into_iter()
            .map(|x| act(Activation::Silu, x))
            .collect();
        self.child("linear_2").linear(&hidden)
    }
}

fn act(kind: Activation, x: f64) -> f64 {
    match kind {
        Activation::Silu | Activation::Swish => x / (1.0 + (-x).exp()),
        Activation::Mish => x * x.exp().ln_1p().tanh(),
        Activation::Gelu => x * normal_share(x),
        Activation::Relu => x.max(0.0),
    }
}

/// The share of a normal distribution below x, by its power series.
fn normal_share(x: f64) -> f64 {
    if x.abs() > 6.0 {
        return f64::from(x > 0.0);
    }
    let (mut term, mut sum, mut n) = (x, x, 1.0);
    while term.abs() > 1e-17 * sum.abs() {
        n += 2.0;
        term *= x * x / n;
        sum += term;
    }
    0.5 + sum * (-0.5 * x * x).exp() / (2.0 * PI).sqrt()
}

/// Sinusoids of a time. Frequencies and angles are f32, as the published networks have them.
#[expect(clippy::cast_possible_truncation, reason = "they are f32 by definition")]
fn sinusoids(time: f64, width: usize, cosines_first: bool, shift: u32) -> Vec<f64> {
    let half = width / 2;
    let ln_period = -(10_000.0_f64.ln()) as f32;
    let angle = |i: usize| {
        let exponent = ln_period * i as f32 / (half as f64 - f64::from(shift)) as f32;
        f64::from(time as f32 * f64::from(exponent).exp() as f32)
    };
    let (sines, cosines): (Vec<f64>, Vec<f64>) = (0..half).map(|i| angle(i).sin_cos()).unzip();
    let mut row = if cosines_first { [cosines, sines] } else { [sines, cosines] }.concat();
    row.resize(width, 0.0);
    row
}

/// The network's prediction for one row.
pub fn mlp(
    config: &MlpConfig,
    values: &Values,
    x: &[f64],
    time: f64,
    label: Option<u32>,
) -> Vec<f64> {
    let p = Part { values, path: String::new() };
    let width = config.time_embed_dim;
    let row = sinusoids(time, width, config.flip_sin_to_cos, config.freq_shift);
    let mut e = p.child("time_embedding").embed(&row);
    if let Some(label) = label {
        let row = &p.child("class_embedding").get("weight")[label as usize * width..];
        e.iter_mut().zip(row).for_each(|(e, x)| *e += x);
    }
    let silu = |x: &[f64]| x.iter().map(|x| act(Activation::Silu, *x)).collect::<Vec<_>>();
    let e = silu(&e);
    let mut h = p.child("linear_in").linear(x);
    for i in 0..config.blocks {
        let p = p.child(&format!("blocks.{i}"));
        let mut inner = p.child("linear_1").linear(&silu(&h));
        let time = p.child("time_emb_proj").linear(&e);
        inner.iter_mut().zip(time).for_each(|(x, t)| *x += t);
        let change = p.child("linear_2").linear(&silu(&inner));
        h.iter_mut().zip(change).for_each(|(h, x)| *h += x);
    }
    p.child("linear_out").linear(&silu(&h))
}

/// What a block does to the resolution of both its branches.
#[derive(Clone, Copy, PartialEq)]
enum Change {
    Keep,
    Mean,
    Repeat,
    FilterDown,
    FilterUp,
}

impl Change {
    fn of(self, x: &Map) -> Map {
        match self {
            Self::Keep => x.clone(),
            Self::Mean => x.mean(),
            Self::Repeat => x.repeat(),
            Self::FilterDown => x.filter(false),
            Self::FilterUp => x.filter(true),
        }
    }
}

struct UNet<'a> {
    config: &'a UNetConfig,
    /// Time and class, activated.
    embedded: Vec<f64>,
}

/// The network's prediction for one row.
pub fn unet(
    config: &UNetConfig,
    values: &Values,
    x: &[f64],
    time: f64,
    label: Option<u32>,
) -> Vec<f64> {
    let p = Part { values, path: String::new() };
    let [h, w] = config.sample_size.expect("a size");
    let mut x = Map { c: config.in_channels, h, w, x: x.to_vec() };
    if config.center_input_sample {
        x = x.each(|x| 2.0 * x - 1.0);
    }
    let net = UNet { config, embedded: embedded(config, &p, time, label) };
    let mut out = net.forward(&p, &x);
    if config.time_embedding_type == TimeEmbedding::Fourier {
        out = out.each(|x| x / time);
    }
    out.x
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "times are small")]
fn embedded(config: &UNetConfig, p: &Part, time: f64, label: Option<u32>) -> Vec<f64> {
    let width = config.block_out_channels[0];
    let project = |time: f64| match config.time_embedding_type {
        TimeEmbedding::Positional => {
            sinusoids(time, width, config.flip_sin_to_cos, config.freq_shift)
        }
        TimeEmbedding::Fourier => {
            let log = f64::from((time as f32).ln());
            let angles = p.child("time_proj").get("weight").iter().map(|w| log * w * 2.0 * PI);
            let (sines, cosines): (Vec<f64>, Vec<f64>) = angles.map(f64::sin_cos).unzip();
            [sines, cosines].concat()
        }
        TimeEmbedding::Learned => {
            p.child("time_proj").get("weight")[time.round() as usize * width..][..width].to_vec()
        }
    };
    let mut e = p.child("time_embedding").embed(&project(time));
    let class = p.child("class_embedding");
    let added = match (config.class_embed_type, label) {
        (Some(ClassEmbedding::Timestep), Some(label)) => class.embed(&project(f64::from(label))),
        (_, Some(label)) => class.get("weight")[label as usize * e.len()..][..e.len()].to_vec(),
        (_, None) => vec![0.0; e.len()],
    };
    e.iter_mut().zip(added).for_each(|(e, x)| *e += x);
    e.into_iter().map(|x| act(config.act_fn, x)).collect()
}

/// The groups and the scale of a kind of block.
#[derive(Clone, Copy)]
struct Kind {
    picture: bool,
    mid: bool,
}

impl UNet<'_> {
    fn forward(&self, p: &Part, input: &Map) -> Map {
        let config = self.config;
        let mut picture = input.clone();
        let mut skips = vec![input.conv3(&p.child("conv_in"), 1, [1, 1])];
        for (i, kind) in config.down_block_types.iter().enumerate() {
            self.down(&p.child(&format!("down_blocks.{i}")), *kind, &mut skips, &mut picture);
        }
        let mut x = skips[skips.len() - 1].clone();
        if config.mid_block_type.is_some() {
            let (p, kind) = (p.child("mid_block"), Kind { picture: false, mid: true });
            x = self.resnet(&p.child("resnets.0"), &x, kind, Change::Keep, None);
            if p.has("attentions.0") {
                x = self.attention(&p.child("attentions.0"), &x, kind);
            }
            x = self.resnet(&p.child("resnets.1"), &x, kind, Change::Keep, None);
        }
        let mut picture = None;
        for (i, kind) in config.up_block_types.iter().enumerate() {
            x = self.up(&p.child(&format!("up_blocks.{i}")), *kind, x, &mut skips, &mut picture);
        }
        let groups = config.groups(config.block_out_channels[0]);
        let x = x.group_norm(&p.child("conv_norm_out"), groups, config.norm_eps);
        let out = x.each(|x| act(Activation::Silu, x)).conv3(&p.child("conv_out"), 1, [1, 1]);
        match picture {
            Some(picture) => out.plus(&picture),
            None => out,
        }
    }

    fn down(&self, p: &Part, kind: DownBlock, skips: &mut Vec<Map>, picture: &mut Map) {
        let kind_of = Kind { picture: kind.has_picture(), mid: false };
        for j in 0..self.config.layers_per_block {
            let x = skips[skips.len() - 1].clone();
            let mut x =
                self.resnet(&p.child(&format!("resnets.{j}")), &x, kind_of, Change::Keep, None);
            if kind.has_attention() {
                x = self.attention(&p.child(&format!("attentions.{j}")), &x, kind_of);
            }
            skips.push(x);
        }
        let x = skips[skips.len() - 1].clone();
        if p.has("resnet_down") {
            *picture = picture.filter(false);
            let x = self.resnet(&p.child("resnet_down"), &x, kind_of, Change::FilterDown, None);
            skips.push(x.plus(&picture.pointwise(&p.child("skip_conv"))));
        } else if p.has("downsamplers.0.conv") {
            let padding = if self.config.downsample_padding == 0 { [0, 1] } else { [1, 1] };
            skips.push(x.conv3(&p.child("downsamplers.0.conv"), 2, padding));
        } else if p.has("downsamplers.0") {
            skips.push(self.resnet(&p.child("downsamplers.0"), &x, kind_of, Change::Mean, None));
        }
    }

    fn up(
        &self,
        p: &Part,
        kind: UpBlock,
        mut x: Map,
        skips: &mut Vec<Map>,
        picture: &mut Option<Map>,
    ) -> Map {
        let kind_of = Kind { picture: kind.has_picture(), mid: false };
        for j in 0..=self.config.layers_per_block {
            let skip = skips.pop().expect("a map a block");
            let groups = groups_of_joined(kind, x.c, skip.c);
            let groups = kind_of.picture.then_some(groups);
            let p_j = p.child(&format!("resnets.{j}"));
            x = self.resnet(&p_j, &x.beside(&skip), kind_of, Change::Keep, groups);
            if kind.has_attention() && !kind_of.picture {
                x = self.attention(&p.child(&format!("attentions.{j}")), &x, kind_of);
            }
        }
        if kind.has_attention() && kind_of.picture {
            x = self.attention(&p.child("attentions.0"), &x, kind_of);
        }
        if kind_of.picture {
            *picture = picture.take().map(|picture| picture.filter(true));
        }
        if p.has("resnet_up") {
            let groups = groups_by_width(x.c);
            let normed = x.group_norm(&p.child("skip_norm"), groups, self.config.norm_eps);
            let added =
                normed.each(|x| act(Activation::Silu, x)).conv3(&p.child("skip_conv"), 1, [1, 1]);
            *picture = Some(match picture.take() {
                Some(picture) => added.plus(&picture),
                None => added,
            });
            x = self.resnet(&p.child("resnet_up"), &x, kind_of, Change::FilterUp, None);
        } else if p.has("upsamplers.0.conv") {
            x = x.repeat().conv3(&p.child("upsamplers.0.conv"), 1, [1, 1]);
        } else if p.has("upsamplers.0") {
            x = self.resnet(&p.child("upsamplers.0"), &x, kind_of, Change::Repeat, None);
        }
        x
    }

    fn scale(&self, kind: Kind) -> f64 {
        match kind {
            Kind { mid: true, .. } => self.config.mid_block_scale_factor,
            Kind { picture: true, .. } => SQRT_2,
            Kind { .. } => 1.0,
        }
    }

    fn groups(&self, kind: Kind, channels: usize) -> usize {
        if kind.picture { groups_by_width(channels) } else { self.config.groups(channels) }
    }

    fn resnet(&self, p: &Part, x: &Map, kind: Kind, change: Change, groups: Option<usize>) -> Map {
        let (config, epsilon) = (self.config, self.config.norm_eps);
        let groups = groups.unwrap_or_else(|| self.groups(kind, x.c));
        let h = x.group_norm(&p.child("norm1"), groups, epsilon).each(|x| act(config.act_fn, x));
        let mut h = change.of(&h).conv3(&p.child("conv1"), 1, [1, 1]);
        let time = p.child("time_emb_proj").linear(&self.embedded);
        let positions = h.h * h.w;
        let groups = self.groups(kind, h.c);
        let normed = |h: &Map| h.group_norm(&p.child("norm2"), groups, epsilon);
        h = match config.resnet_time_scale_shift {
            TimeScaleShift::Default => {
                h.x.iter_mut().enumerate().for_each(|(i, x)| *x += time[i / positions]);
                normed(&h)
            }
            TimeScaleShift::ScaleShift => {
                let mut h = normed(&h);
                let (scale, shift) = time.split_at(h.c);
                for (i, x) in h.x.iter_mut().enumerate() {
                    *x = *x * (1.0 + scale[i / positions]) + shift[i / positions];
                }
                h
            }
        };
        let h = h.each(|x| act(config.act_fn, x)).conv3(&p.child("conv2"), 1, [1, 1]);
        let mut x = change.of(x);
        if p.has("conv_shortcut") {
            x = x.pointwise(&p.child("conv_shortcut"));
        }
        let scale = self.scale(kind);
        h.plus(&x).each(|x| x / scale)
    }

    fn attention(&self, p: &Part, x: &Map, kind: Kind) -> Map {
        let groups = match kind {
            Kind { mid: true, .. } => self.config.mid_attention_groups(x.c),
            Kind { picture: true, .. } => Some(ATTENTION_GROUPS),
            Kind { .. } => Some(self.config.groups(x.c)),
        };
        let normed = match groups {
            Some(groups) => x.group_norm(&p.child("group_norm"), groups, self.config.norm_eps),
            None => x.clone(),
        };
        let [q, k, v] = ["to_q", "to_k", "to_v"].map(|name| normed.pointwise(&p.child(name)));
        let width = self.config.attention_head_dim.unwrap_or(x.c);
        let positions = x.h * x.w;
        let mut mixed = Map::zeros(x.c, x.h, x.w);
        for head in 0..x.c / width {
            let channels = head * width..(head + 1) * width;
            for i in 0..positions {
                let score = |j: usize| {
                    let terms = channels.clone().map(|c| q.plane(c)[i] * k.plane(c)[j]);
                    terms.sum::<f64>() / (width as f64).sqrt()
                };
                let scores: Vec<f64> = (0..positions).map(score).collect();
                let most = scores.iter().fold(f64::MIN, |most, x| most.max(*x));
                let scores: Vec<f64> = scores.iter().map(|x| (x - most).exp()).collect();
                let sum: f64 = scores.iter().sum();
                for c in channels.clone() {
                    let terms = scores.iter().zip(v.plane(c)).map(|(p, v)| p * v);
                    mixed.x[c * positions + i] = terms.sum::<f64>() / sum;
                }
            }
        }
        let scale = self.scale(kind);
        mixed.pointwise(&p.child("to_out.0")).plus(x).each(|x| x / scale)
    }
}
