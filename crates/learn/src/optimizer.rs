//! How weights follow from gradients.

use std::fmt;
use std::ops::Range;

use ancestral_format::Layout;
use serde::{Deserialize, Serialize};

/// How weights follow from gradients.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Optimizer {
    /// AdamW for all.
    #[default]
    AdamW,
    /// Muon for the matrices between the first layer and the last, AdamW for the rest.
    ///
    /// # Source
    /// Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks".
    Muon,
}

/// Parameters that are updated by one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    /// Where they are among all.
    pub at: Range<usize>,
    /// The rows of the matrix that they are, for Muon; `None`: AdamW.
    pub rows: Option<usize>,
}

impl Part {
    /// What of it is among the parameters `own`: of a matrix all or nothing.
    pub(crate) fn within(self, own: &Range<usize>) -> Option<Self> {
        let at = self.at.start.max(own.start)..self.at.end.min(own.end);
        (at.start < at.end).then_some(Self { at, ..self })
    }
}

impl Optimizer {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AdamW => "adamw",
            Self::Muon => "muon",
        }
    }

    /// All parameters of a layout, in order: neighbours of one rule together, matrices alone.
    pub(crate) fn parts(self, layout: &Layout) -> Vec<Part> {
        let mut parts: Vec<Part> = Vec::new();
        for (name, shape, at) in layout.iter() {
            let rows = (self == Self::Muon && is_hidden_matrix(name, shape)).then(|| shape[0]);
            match parts.last_mut() {
                Some(Part { at: before, rows: None }) if rows.is_none() => before.end = at.end,
                _ => parts.push(Part { at, rows }),
            }
        }
        parts
    }
}

/// Whether a parameter maps many values to many, neither from the data nor to them: a kernel counts as
/// the matrix of its outputs by all of its inputs.
fn is_hidden_matrix(name: &str, shape: &[usize]) -> bool {
    const LEAST: usize = 8;
    const OTHERS: [&str; 6] =
        ["conv_in", "conv_out", "linear_in", "linear_out", "class_embedding", "time_proj"];
    let is_other = name.split('.').next().is_some_and(|first| OTHERS.contains(&first));
    let is_matrix = shape.len() > 1 && shape[0] >= LEAST;
    is_matrix && !is_other && shape[1..].iter().product::<usize>() >= LEAST
}

impl fmt::Display for Optimizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matrices_stand_alone_and_the_rest_together() {
        let layout = Layout::new(
            [
                ("conv_in.weight", &[16, 3, 3, 3][..]),
                ("conv_in.bias", &[16]),
                ("mid.conv1.weight", &[32, 16, 3, 3]),
                ("mid.conv1.bias", &[32]),
                ("mid.norm.weight", &[32]),
                ("mid.to_q.weight", &[32, 32]),
                ("class_embedding.weight", &[11, 64]),
            ]
            .map(|(name, shape)| (name.to_owned(), shape.to_vec()))
            .into(),
        );
        let part = |at, rows| Part { at, rows };
        let all = layout.len();
        assert_eq!(Optimizer::AdamW.parts(&layout), [part(0..all, None)]);
        assert_eq!(
            Optimizer::Muon.parts(&layout),
            [
                part(0..448, None),
                part(448..5056, Some(32)),
                part(5056..5120, None),
                part(5120..6144, Some(32)),
                part(6144..all, None),
            ]
        );
    }
}
