//! What stands between a network and a sampler.

use ancestral::categorical::Categories;
use ancestral::denoiser::{Clipped, Guidance, Guided, Inpainted, Thresholded};
use ancestral::inpainting::Known;
use ancestral::{Batch, Denoiser, Network, NetworkDenoiser, Prediction, Schedule};
use ancestral_format::SchedulerConfig;

use crate::model::Model;

/// What turns the predictions of a network into the clean estimates that a sampler sees.
#[derive(Clone, Debug)]
pub(crate) struct Stack {
    pub(crate) prediction: Prediction,
    pub(crate) schedule: Schedule,
    /// What the network predicts logits of.
    pub(crate) categories: Categories,
    /// The label of each row.
    pub(crate) labels: Option<Vec<u32>>,
    /// How to guide, and the label that means "none".
    pub(crate) guidance: Option<(Guidance, u32)>,
    pub(crate) limit: Option<Limit>,
    /// What is known of each row.
    pub(crate) known: Option<Known>,
}

/// A limit to clean estimates.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Limit {
    /// Values are clipped to ± this.
    Range(f64),
    /// Values are clipped to a quantile of their own, and divided by it.
    Quantile { ratio: f64, max: f64 },
}

const VALIDATED: &str = "limits of a config are validated when it is read";

impl Limit {
    /// As the config of a model says.
    pub(crate) fn of(config: &SchedulerConfig) -> Self {
        if config.thresholding {
            let (ratio, max) = (config.dynamic_thresholding_ratio, config.sample_max_value);
            Self::Quantile { ratio, max }
        } else {
            Self::Range(config.clip_sample_range)
        }
    }
}

impl Stack {
    /// That of a model for rows of these labels: nothing is guided, limited or known.
    pub(crate) fn of(model: &Model, labels: Option<Vec<u32>>) -> Self {
        Self {
            prediction: model.folder().scheduler.prediction(),
            schedule: model.schedule().clone(),
            categories: model.categories().clone(),
            labels,
            guidance: None,
            limit: None,
            known: None,
        }
    }

    /// The denoiser over a network. What is known is not clipped.
    pub(crate) fn over<'a, N: Network + 'a>(
        &self,
        network: N,
    ) -> Box<dyn Denoiser<Batch, Error = N::Error> + 'a> {
        let inner = NetworkDenoiser::new(network, self.prediction, self.schedule.clone())
            .expect(
                "a model whose network says nothing at the end of its schedule is not planned for",
            )
            .with_categories(self.categories.clone());
        let mut denoiser: Box<dyn Denoiser<Batch, Error = N::Error> + 'a> =
            match (self.labels.clone(), self.guidance) {
                (Some(labels), Some((guidance, null))) => {
                    Box::new(Guided::new(inner.conditional_on(labels, null), guidance))
                }
                (Some(labels), None) => Box::new(inner.with_labels(labels)),
                (None, _) => Box::new(inner),
            };
        match self.limit {
            None => {}
            Some(Limit::Range(range)) => {
                denoiser = Box::new(Clipped::new(denoiser, range).expect(VALIDATED));
            }
            Some(Limit::Quantile { ratio, max }) => {
                denoiser = Box::new(Thresholded::new(denoiser, ratio, max).expect(VALIDATED));
            }
        }
        match self.known.clone() {
            None => denoiser,
            Some(known) => Box::new(Inpainted::new(denoiser, known)),
        }
    }
}
