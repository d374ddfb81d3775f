//! A network small enough to differentiate by hand, for tests.

use ancestral::LossWeight;
use ancestral_cpu::{Precision, Shapes};
use ancestral_format::{Labels, Layout, MlpConfig, SchedulerConfig};

use crate::tree::sum_of_leaves;
use crate::{
    Decay, Engine, EngineError, LearningRate, Loss, Optimizer, Pass, Request, Saving, Settings,
    Source, TimestepSampler, TrainingSet, Warmup,
};

/// Values of a row.
const COLUMNS: usize = 3;
/// Labels, "no label" among them.
const LABELS: usize = 3;

/// y = W x + τ b + e_label, with τ = t/1000.
#[derive(Clone, Debug)]
pub(crate) struct Toy {
    layout: Layout,
    shapes: Shapes,
    /// Rows of each pass so far.
    pub passes: Vec<usize>,
}

impl Default for Toy {
    fn default() -> Self {
        Self::of(COLUMNS)
    }
}

impl Toy {
    /// With a variance half.
    pub(crate) fn doubled() -> Self {
        Self::of(2 * COLUMNS)
    }

    fn of(outputs: usize) -> Self {
        let parameter = |name: &str, shape: &[usize]| (name.to_owned(), shape.to_vec());
        Self {
            layout: Layout::new(vec![
                parameter("linear.weight", &[outputs, COLUMNS]),
                parameter("linear.bias", &[outputs]),
                parameter("class_embedding.weight", &[LABELS, outputs]),
            ]),
            shapes: Shapes {
                input: vec![COLUMNS],
                output: vec![outputs],
                labels: Labels::Classes(LABELS),
                timesteps: None,
            },
            passes: Vec::new(),
        }
    }
}

impl Toy {
    pub(crate) fn with_shapes(change: impl FnOnce(&mut Shapes)) -> Self {
        let mut toy = Self::default();
        change(&mut toy.shapes);
        toy
    }
}

#[expect(clippy::cast_possible_truncation, reason = "times as f32")]
impl Engine for Toy {
    fn layout(&self) -> &Layout {
        &self.layout
    }

    fn shapes(&self) -> &Shapes {
        &self.shapes
    }

    fn memory(&self, rows: usize) -> u64 {
        (rows * COLUMNS * size_of::<f32>()) as u64
    }

    fn gradients(
        &mut self,
        weights: &[f32],
        pass: Pass<'_>,
        loss: &mut (dyn FnMut(&[f32], &mut [f32]) + Send),
        gradients: &mut [f32],
    ) -> Result<(), EngineError> {
        let rows = pass.timesteps.len();
        let labels = pass.labels.expect("the toy takes labels");
        self.passes.push(rows);
        let outputs = self.layout.find("linear.bias").expect("the toy has biases").len();
        let (matrix, rest) = weights.split_at(outputs * COLUMNS);
        let (bias, table) = rest.split_at(outputs);
        let inputs = |row: usize| &pass.x[row * COLUMNS..][..COLUMNS];
        let time = |row: usize| pass.timesteps[row] as f32 / 1000.0;
        let label = |row: usize| labels[row] as usize * outputs;
        let output = |row: usize, i: usize| {
            let products = matrix[i * COLUMNS..].iter().zip(inputs(row)).map(|(w, x)| w * x);
            products.sum::<f32>() + time(row) * bias[i] + table[label(row) + i]
        };
        let predicted: Vec<f32> = (0..rows)
            .flat_map(|row| (0..outputs).map(move |i| (row, i)))
            .map(|(row, i)| output(row, i))
            .collect();
        let mut slopes = vec![0.0; predicted.len()];
        loss(&predicted, &mut slopes);
        let leaf = |first: usize| {
            let mut sum = vec![0.0; weights.len()];
            for row in first..rows.min(first + pass.leaf) {
                for i in 0..outputs {
                    let slope = slopes[row * outputs + i];
                    for (j, x) in inputs(row).iter().enumerate() {
                        sum[i * COLUMNS + j] += slope * x;
                    }
                    sum[outputs * COLUMNS + i] += slope * time(row);
                    sum[outputs * (COLUMNS + 1) + label(row) + i] += slope;
                }
            }
            sum
        };
        let leaves: Vec<_> = (0..rows).step_by(pass.leaf).map(leaf).collect();
        gradients.copy_from_slice(&sum_of_leaves(&leaves));
        Ok(())
    }
}

/// Seven samples of two classes.
pub(crate) fn data() -> TrainingSet {
    let rows = (0..7 * COLUMNS).map(|i| (i as f32 * 0.7).sin()).collect();
    let set = TrainingSet::new(vec![COLUMNS], rows).unwrap();
    set.with_labels(vec![0, 1, 1, 0, 1, 0, 0], 2).unwrap()
}

/// Settings that leave nothing switched off.
pub(crate) fn settings() -> Settings {
    Settings {
        steps: 100,
        precision: Precision::F32,
        batch: 8,
        accumulate: 1,
        loss: Loss::Simple,
        loss_weight: LossWeight::Uniform,
        timestep_sampler: TimestepSampler::Uniform,
        optimizer: Optimizer::AdamW,
        learning_rate: LearningRate {
            peak: 1e-3,
            warmup: Warmup::Steps(2),
            decay: Decay::Constant,
        },
        betas: [0.9, 0.999],
        epsilon: 1e-8,
        weight_decay: 1e-6,
        clip_norm: Some(1.0),
        ema_decay: 0.9999,
        label_dropout: 0.1,
        hold_out: 0.0,
        groups: 0,
        flip: false,
        seed: 3,
    }
}

/// A request to train the toy. Its network config is of another network: the toy has no config.
pub(crate) fn request() -> Request {
    let network = MlpConfig {
        columns: COLUMNS,
        width: 4,
        blocks: 1,
        time_embed_dim: 4,
        ..MlpConfig::default()
    };
    Request {
        source: Source::plain("toy"),
        network: network.into(),
        scheduler: SchedulerConfig::default(),
        training: settings(),
        saving: Saving { preview_every: 2, checkpoint_every: 3, keep: 1 },
    }
}
