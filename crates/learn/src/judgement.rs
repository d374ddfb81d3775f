//! How good a training is, by what it does not see.

use std::fmt;

use ancestral::noise::{Purpose, Streams};
use serde::{Deserialize, Serialize};

use crate::{TrainError, TrainingSet};

/// Bands of timesteps that losses are averaged over.
pub const BANDS: usize = 10;
/// Rows whose loss is measured, some in each band.
pub(crate) const ROWS: usize = 16 * BANDS;
/// A loss has fallen if it is below this share of the least before.
const FALLEN: f64 = 0.995;
/// So many looks without that are enough.
const PATIENCE: usize = 2;
/// A loss of what is not seen above so many times the other is a sign of learning by heart. With 160
/// rows each the two are known to a twentieth or so.
const BY_HEART: f64 = 1.25;

/// How good a training is at a step, by its averaged weights.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judgement {
    /// Steps made.
    pub step: u64,
    /// How far samples are from data that were held out, or from those that were seen if none were: an
    /// estimate that is scattered by chance, also to below 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distance: Option<f64>,
    /// The losses of data that were held out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_out: Option<Losses>,
    /// Those of as many data that were seen, with the same noise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<Losses>,
}

/// Losses by timestep.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Losses {
    /// The mean, weighted as in training.
    pub mean: f64,
    /// The mean squared error of the prediction in each tenth of the timesteps, the cleanest first.
    pub bands: [f64; BANDS],
}

/// What judgements show.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Verdict {
    /// The loss of held-out data has not fallen for some looks.
    Stalled {
        /// The step at which it was least.
        since: u64,
    },
    /// The loss of held-out data is far above that of seen ones.
    ByHeart {
        /// How many times.
        ratio: f64,
    },
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stalled { since } => write!(
                f,
                "the loss of the held-out data has not fallen since step {since}: more steps are \
                 unlikely to help"
            ),
            Self::ByHeart { ratio } => write!(
                f,
                "the loss of the held-out data is {ratio:.2} times that of the data seen: they are \
                 being learned by heart; fewer steps, a smaller network or more data would help"
            ),
        }
    }
}

/// What is new in the last of some judgements.
#[must_use]
pub fn verdict(judgements: &[Judgement]) -> Option<Verdict> {
    let mean = |losses: &Option<Losses>| losses.as_ref().map(|losses| losses.mean);
    let ratio = |judgement: &Judgement| Some(mean(&judgement.held_out)? / mean(&judgement.seen)?);
    let (last, before) = judgements.split_last()?;
    let is_by_heart = |judgement: &Judgement| ratio(judgement).is_some_and(|x| x > BY_HEART);
    if is_by_heart(last) && !before.iter().any(is_by_heart) {
        return ratio(last).map(|ratio| Verdict::ByHeart { ratio });
    }
    // (step, loss) of the last fall, and how many looks came after it.
    let mut best: Option<(u64, f64, usize)> = None;
    for judgement in judgements {
        let loss = mean(&judgement.held_out)?;
        best = match best {
            Some((step, least, since)) if loss >= FALLEN * least => Some((step, least, since + 1)),
            _ => Some((judgement.step, loss, 0)),
        };
    }
    best.filter(|(_, _, since)| *since == PATIENCE).map(|(since, ..)| Verdict::Stalled { since })
}

/// Which of so many samples are learned, and which are held out: the share of them, at least one sample of
/// each.
///
/// # Errors
/// [`TrainError::HoldOut`] if there is not a sample for each.
///
/// # Example
/// ```
/// let [learned, held_out] = ancestral_learn::hold_out(10, 0.2, 7)?;
/// assert_eq!((learned.len(), held_out.len()), (8, 2));
/// # Ok::<(), ancestral_learn::TrainError>(())
/// ```
pub fn hold_out(samples: usize, share: f64, seed: u64) -> Result<[Vec<usize>; 2], TrainError> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and the number of samples"
    )]
    let count = ((share * samples as f64).round() as usize).max(1);
    if count >= samples {
        return Err(TrainError::HoldOut { share, samples });
    }
    // The samples with the smallest numbers of all that are drawn, one each.
    let streams = Streams::new(seed, Purpose::HoldOut);
    let mut drawn: Vec<(u64, usize)> = (0..samples)
        .map(|sample| (rand::Rng::next_u64(&mut streams.rng(sample as u64, 0)), sample))
        .collect();
    drawn.sort_unstable();
    let mut held: Vec<usize> = drawn[..count].iter().map(|(_, sample)| *sample).collect();
    let mut kept: Vec<usize> = drawn[count..].iter().map(|(_, sample)| *sample).collect();
    held.sort_unstable();
    kept.sort_unstable();
    Ok([kept, held])
}

impl TrainingSet {
    /// Two sets: what is learned, and the share that is held out of it, at least one sample of each.
    /// `None` is held out if the share is 0.
    ///
    /// # Errors
    /// [`TrainError::HoldOut`] if there is not a sample for each.
    pub fn split(self, share: f64, seed: u64) -> Result<(Self, Option<Self>), TrainError> {
        if share == 0.0 {
            return Ok((self, None));
        }
        let [kept, held] = hold_out(self.len(), share, seed)?;
        Ok((self.some(kept), Some(self.some(held))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(means: &[(f64, f64)]) -> Vec<Judgement> {
        let losses = |mean| Some(Losses { mean, bands: [mean; BANDS] });
        let of = |(i, (held_out, seen)): (usize, &(f64, f64))| Judgement {
            step: 100 * (i as u64 + 1),
            distance: None,
            held_out: losses(*held_out),
            seen: losses(*seen),
        };
        means.iter().enumerate().map(of).collect()
    }

    #[test]
    fn a_loss_that_stays_is_said_once() {
        let all = judged(&[(1.0, 1.0), (0.8, 0.8), (0.799, 0.7), (0.81, 0.7), (0.9, 0.75)]);
        let found: Vec<_> = (0..=5).map(|n| verdict(&all[..n])).collect();
        let stalled = Verdict::Stalled { since: 200 };
        assert_eq!(found, [None, None, None, None, Some(stalled), None]);
        assert!(stalled.to_string().contains("since step 200"));
    }

    #[test]
    fn a_gap_is_said_once_and_nothing_without_data_held_out() {
        let all = judged(&[(1.0, 1.0), (0.8, 0.6), (0.7, 0.5)]);
        let found: Vec<_> = (1..=3).map(|n| verdict(&all[..n])).collect();
        assert!(
            matches!(found[1], Some(Verdict::ByHeart { ratio }) if (ratio - 4.0 / 3.0).abs() < 1e-12)
        );
        assert_eq!((found[0], found[2]), (None, None));
        let bare = Judgement { step: 9, distance: Some(1.0), ..Judgement::default() };
        assert_eq!(verdict(&[bare.clone(), bare.clone(), bare]), None);
    }

    #[test]
    fn a_share_is_held_out_by_chance_and_the_rest_is_kept_in_order() {
        let rows: Vec<f32> = (0..40).map(|i| i as f32).collect();
        let labels: Vec<u32> = (0..20).map(|i| i % 3).collect();
        let set = TrainingSet::new(vec![2], rows).unwrap().with_labels(labels, 3).unwrap();
        assert_eq!(set.clone().split(0.0, 1), Ok((set.clone(), None)));
        let first = |set: &TrainingSet| -> Vec<f32> {
            (0..set.len()).map(|i| set.row(i).unwrap()[0]).collect()
        };
        let (kept, held) = set.clone().split(0.25, 1).unwrap();
        let held = held.unwrap();
        assert_eq!((kept.len(), held.len()), (15, 5));
        assert!(first(&kept).is_sorted() && first(&held).is_sorted());
        let mut all = [first(&kept), first(&held)].concat();
        all.sort_by(f32::total_cmp);
        assert_eq!(all, (0..20).map(|i| 2.0 * i as f32).collect::<Vec<_>>());
        for i in 0..5 {
            let sample = held.row(i).unwrap()[0] / 2.0;
            assert_eq!(held.labels().unwrap()[i] as f32, sample % 3.0);
        }
        let (_, other) = set.clone().split(0.25, 2).unwrap();
        assert_ne!(first(&other.unwrap()), first(&held));
        assert_eq!(set.clone().split(0.01, 1).unwrap().1.unwrap().len(), 1);
        assert!(set.split(0.99, 1).unwrap_err().to_string().contains("0.99"));
    }
}
