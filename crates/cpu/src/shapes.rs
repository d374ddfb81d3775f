//! What a network takes and gives.

use ancestral_format::Labels;

use crate::error::NetworkError;

/// What a network takes and gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Shapes {
    /// The shape of an input row: `[channels, height, width]` or `[columns]`.
    pub input: Vec<usize>,
    /// The shape of an output row; twice the channels if a variance is predicted too.
    pub output: Vec<usize>,
    /// What labels it takes.
    pub labels: Labels,
    /// How many timesteps it knows; `None` if it knows any time.
    pub timesteps: Option<usize>,
}

impl Shapes {
    /// Checks the arguments of a call.
    ///
    /// # Errors
    /// If labels or timesteps are not valid for the network.
    pub fn check(&self, timesteps: &[f64], labels: Option<&[u32]>) -> Result<(), NetworkError> {
        self.check_labels(labels)?;
        let Some(count) = self.timesteps else { return Ok(()) };
        let known = -0.5..count as f64 - 0.5; // they are rounded
        let wrong = timesteps.iter().position(|timestep| !known.contains(timestep));
        wrong.map_or(Ok(()), |row| {
            Err(NetworkError::Timestep { timestep: timesteps[row], row, count })
        })
    }

    fn check_labels(&self, labels: Option<&[u32]>) -> Result<(), NetworkError> {
        match (self.labels, labels) {
            (Labels::None, None) | (Labels::Times, Some(_)) => Ok(()),
            (Labels::Classes(count), Some(labels)) => {
                let wrong = labels.iter().position(|&label| label as usize >= count);
                wrong.map_or(Ok(()), |row| {
                    Err(NetworkError::Label { label: labels[row], row, count })
                })
            }
            (
                expected @ (Labels::None | Labels::Classes(_) | Labels::Times | Labels::Vectors),
                given,
            ) => Err(NetworkError::Labels { expected, given: given.is_some() }),
        }
    }
}
