//! How much memory a pass takes, from the plan of a network.

use ancestral_format::{MlpConfig, UNetConfig};

use crate::attention::{self, is_narrow};
use crate::map::Shape;
use crate::unet::plan::{Level, Plan};
use crate::unet::resample::Resample;
use crate::unet::resnet;

/// What is free and used again is not always of the size that is needed: so much more is taken.
const WASTE: f64 = 1.5;
/// Leaves whose sums of gradients are there at once.
const SUMS: usize = 8;

/// Values of a pass: for each row, and whatever its rows.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Values {
    /// Kept for the backward pass.
    kept: usize,
    /// The most that a layer takes for a while.
    passing: usize,
    /// Transformed weights and sums of gradients of the largest layer.
    weights: usize,
}

impl Values {
    /// Bytes of a pass of so many rows.
    pub(super) fn bytes(self, rows: usize) -> u64 {
        let values = (rows as f64) * (self.kept + self.passing) as f64 + self.weights as f64;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        let bytes = (WASTE * values * size_of::<f32>() as f64) as u64;
        bytes
    }

    pub(super) fn of_unet(config: &UNetConfig, input: Shape) -> Self {
        let plan = Plan::new(config, input);
        let first = input.with_channels(config.block_out_channels[0]);
        // Pictures: as given, with channels last, predicted, and their gradients.
        let pictures = 4 * (input.len() + input.with_channels(config.out_channels).len());
        let mut values =
            Self { kept: pictures + 2 * first.len(), passing: 3 * first.len(), weights: 0 };
        for level in plan.downs.iter().chain(&plan.mid).chain(&plan.ups) {
            values.level(level);
        }
        values
    }

    pub(super) fn of_mlp(config: &MlpConfig) -> Self {
        let MlpConfig { width, blocks, columns, time_embed_dim, .. } = *config;
        let values = 2 * columns + 2 * config.outputs();
        let kept = (5 * blocks + 4) * width + 6 * time_embed_dim + values;
        let weights = SUMS * width * width.max(time_embed_dim);
        Self { kept, passing: 3 * width, weights }
    }

    fn level(&mut self, level: &Level) {
        for plan in &level.resnets {
            self.resnet(plan);
        }
        for plan in &level.attentions {
            self.attention(plan, level.here);
        }
        match &level.change {
            Some(crate::unet::plan::Change::Resnet(_, plan)) => self.resnet(plan),
            Some(crate::unet::plan::Change::Conv(..)) => {
                self.kept += 2 * level.output.len();
                let wide = level.here.len().max(level.output.len());
                self.layer(3 * wide, level.here.channels, level.here.channels);
            }
            None => {}
        }
    }

    fn resnet(&mut self, plan: &resnet::Plan) {
        let output = plan.resample.output(plan.shape).with_channels(plan.to);
        // Between the convolutions, and the output with its gradient.
        self.kept += 3 * output.len();
        if plan.resample != Resample::Keep {
            self.kept += 2 * output.with_channels(plan.shape.channels).len();
        }
        let wide = output.len().max(output.with_channels(plan.shape.channels).len());
        self.layer(2 * plan.shape.len() + 4 * wide, plan.shape.channels.max(plan.to), plan.to);
    }

    fn attention(&mut self, plan: &attention::Plan, here: Shape) {
        // Input, normalised, q, k, v, mixed, output and its gradient.
        self.kept += 8 * here.len();
        let heads = plan.head_width.map_or(1, |width| plan.channels / width);
        let scores = if is_narrow(heads, plan.channels) { 0 } else { 3 * here.positions().pow(2) };
        self.layer(5 * here.len() + scores, plan.channels, plan.channels);
    }

    fn layer(&mut self, passing: usize, from: usize, to: usize) {
        self.passing = self.passing.max(passing);
        // By Winograd's method four times as many as weights, and tiles that stay near.
        self.weights = self.weights.max((36 + 9 * SUMS) * from * to + 4_000_000);
    }
}
