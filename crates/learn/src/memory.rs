//! Whether a training fits into memory, before it begins.

mod available;

use ancestral_format::counted;
use thiserror::Error;

use crate::{Engine, Passes, Settings, TrainingSet};

pub use available::available_memory;

/// Vectors of all parameters that a training keeps beside gradients: weights, average, moments.
const KEPT: u64 = 4;
/// Those that saving a checkpoint takes for a while: copies of these, and the bytes of one file.
const SAVED: u64 = 5;
/// A pass takes this many halves of the engine's figure: samples are drawn during training, by a
/// network beside the one that is trained, which keeps far less for as many rows.
const HALVES: u64 = 3;

/// The memory that a training takes, in bytes, beside its data.
///
/// # Example
/// ```no_run
/// # fn settings() -> ancestral_learn::Settings { unimplemented!() }
/// # fn data() -> ancestral_learn::TrainingSet { unimplemented!() }
/// # fn engine() -> Box<dyn ancestral_learn::Engine> { unimplemented!() }
/// use ancestral_learn::{Memory, available_memory};
///
/// let (mut settings, data, engine) = (settings(), data(), engine());
/// if let Some(available) = available_memory() {
///     settings = Memory::fit(&settings, &engine, &data, available)?;
/// }
/// # Ok::<(), ancestral_learn::NotEnoughMemory>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Weights, average, moments and gradients, and copies of them while a checkpoint is saved.
    pub vectors: u64,
    /// What is between the layers of the network in one pass.
    pub pass: u64,
}

impl Memory {
    /// What a training with these settings takes.
    #[must_use]
    pub fn of(settings: &Settings, engine: &impl Engine, data: &TrainingSet) -> Self {
        let passes = Passes::new(settings.rows(), settings.batch);
        let vectors = KEPT + SAVED + passes.nodes() as u64;
        let bytes = |values: usize| values as u64 * size_of::<f32>() as u64;
        // A clean and a noisy sample, and the target.
        let samples = bytes(3 * passes.largest() * data.row_len());
        let pass = engine.memory(passes.largest()).saturating_mul(HALVES) / 2;
        Self { vectors: vectors * bytes(engine.layout().len()), pass: pass.saturating_add(samples) }
    }

    /// All of it.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.vectors.saturating_add(self.pass)
    }

    /// The settings with a batch that fits into `available` bytes: halved, with twice the passes,
    /// until it does. The update is the same, bit for bit.
    ///
    /// # Errors
    /// If not even the smallest pass fits.
    pub fn fit(
        settings: &Settings,
        engine: &impl Engine,
        data: &TrainingSet,
        available: u64,
    ) -> Result<Settings, NotEnoughMemory> {
        let mut fitted = settings.clone();
        loop {
            let needed = Self::of(&fitted, engine, data).total();
            if needed <= available {
                return Ok(fitted);
            }
            let passes = Passes::new(fitted.rows(), fitted.batch);
            let rows = passes.largest();
            if rows <= passes.leaf() || !fitted.batch.is_multiple_of(2) {
                return Err(NotEnoughMemory { rows, needed, available });
            }
            fitted.batch /= 2;
            fitted.accumulate *= 2;
        }
    }
}

/// A training that does not fit into memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "training needs {} of memory with {} in a pass, and {} are available",
    gibibytes(*needed),
    counted(*rows, "sample"),
    gibibytes(*available)
)]
pub struct NotEnoughMemory {
    /// Samples in a pass.
    pub rows: usize,
    /// Bytes that the training takes with them.
    pub needed: u64,
    /// Bytes that are available.
    pub available: u64,
}

fn gibibytes(bytes: u64) -> String {
    format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toy::{self, Toy};

    #[test]
    fn the_batch_is_halved_until_it_fits() {
        let (data, engine) = (toy::data(), Toy::default());
        let settings = Settings { batch: 64, ..toy::settings() };
        let of = |batch: usize| {
            let settings = Settings { batch, accumulate: 64 / batch, ..settings.clone() };
            Memory::of(&settings, &engine, &data).total()
        };
        // 21 parameters: 9 vectors and one gradient; 3 values a row: 1.5 + 3 times.
        assert_eq!(of(64), 4 * (10 * 21) + 64 * 54);
        let fit = |available| Memory::fit(&settings, &engine, &data, available);
        assert_eq!(fit(of(64)), Ok(settings.clone()));
        let fitted = fit(of(64) - 1).unwrap();
        assert_eq!((fitted.batch, fitted.accumulate), (32, 2));
        let smallest = fit(of(4)).unwrap();
        assert_eq!((smallest.batch, smallest.accumulate), (4, 16));
        let (needed, available) = (of(4), of(4) - 1);
        assert_eq!(fit(available), Err(NotEnoughMemory { rows: 4, needed, available }));
    }

    #[test]
    fn a_refusal_says_what_is_needed_and_what_is_there() {
        let refusal = NotEnoughMemory { rows: 4, needed: 13 << 29, available: 1 << 30 };
        assert_eq!(
            refusal.to_string(),
            "training needs 6.5 GiB of memory with 4 samples in a pass, and 1.0 GiB are available"
        );
    }
}
