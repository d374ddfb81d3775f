//! How much is drawn from a model during training and at the end, so that it costs little beside
//! training.
//!
//! The amount depends only on the settings, not on the speed of the machine: equal runs have equal
//! pictures.

use std::fmt;

use ancestral_format::{DownBlock, NetworkConfig, UNetConfig, counted};
use ancestral_pipeline::Defaults;

/// Snapshots kept of the trajectory of the last samples.
pub(crate) const SNAPSHOTS: usize = 50;
/// Bytes that the snapshots may take.
const MOST_BYTES: usize = 1 << 30;
/// A pass of training costs as much as this many of sampling: gradients take two more.
const PASSES: f64 = 3.0;
/// The share of the training time that previews and last samples may cost.
const SHARE: f64 = 0.1;
/// Up to this many multiplications are always allowed: about a minute on two cores.
const FREE: f64 = 6e11;
/// Number of previews that the cost is computed for, the default. Another number of previews changes
/// no sample.
const PREVIEWS: f64 = 5.0;
/// Divisors of the number of samples and of steps, tried until the cost is low enough.
const SMALLER: [(u64, usize); 8] =
    [(1, 1), (2, 1), (4, 1), (4, 2), (16, 2), (16, 4), (64, 4), (64, 10)];

/// So many samples in so many steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Amount {
    pub(crate) count: u64,
    pub(crate) steps: usize,
}

impl Amount {
    /// The number of rows in all network calls.
    pub(crate) fn rows(self) -> f64 {
        self.count as f64 * self.steps as f64
    }

    fn divided(self, (count, steps): (u64, usize)) -> Self {
        Self { count: (self.count / count).max(1), steps: (self.steps / steps).max(1) }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}", self.count, counted(self.steps, "step"))
    }
}

/// The amounts drawn during a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Looks {
    pub(crate) last: Amount,
    pub(crate) preview: Amount,
}

impl Looks {
    /// The full amounts for pictures, or for points and tables.
    pub(crate) fn all(are_pictures: bool) -> Self {
        let Defaults { steps, count, .. } = Defaults::of(are_pictures);
        let last = Amount { count: count as u64, steps };
        // Enough to see the progress of training.
        Self { last, preview: Amount { count: if are_pictures { 36 } else { 500 }, steps: 25 } }
    }

    /// The same, or less if the trajectory of samples of so many numbers would take much memory.
    pub(crate) fn within_memory(mut self, numbers: usize) -> Self {
        let trajectory = numbers.saturating_mul(size_of::<f32>() * (SNAPSHOTS + 1));
        let most = (MOST_BYTES / trajectory.max(1)).max(1) as u64;
        for amount in [&mut self.last, &mut self.preview] {
            amount.count = amount.count.min(most);
        }
        self
    }

    /// The same, or less if it would take long, beside a training on `rows` rows in all.
    pub(crate) fn beside(self, network: &NetworkConfig, rows: f64) -> Self {
        let allowed = (SHARE * PASSES * rows).max(FREE / multiplications(network));
        let smaller = SMALLER.map(|divisors| self.divided(divisors));
        let fits = |looks: &&Self| looks.rows() <= allowed;
        *smaller.iter().find(fits).unwrap_or(&smaller[SMALLER.len() - 1])
    }

    fn rows(self) -> f64 {
        self.last.rows() + PREVIEWS * self.preview.rows()
    }

    fn divided(self, divisors: (u64, usize)) -> Self {
        let Self { last, preview } = self;
        Self { last: last.divided(divisors), preview: preview.divided(divisors) }
    }

    /// The note about amounts that are `less` than these; the command `draw` draws more.
    pub(crate) fn note(self, less: Self, has_previews: bool, draw: &str) -> Option<String> {
        let previews = if has_previews {
            format!(" (for a preview {}, not {})", less.preview, self.preview)
        } else {
            String::new()
        };
        (less != self).then(|| {
            format!(
                "samples drawn at the end: {}, not {}{previews}, which would take too long beside \
                 the training, or too much memory; draw more with: {draw}",
                less.last, self.last
            )
        })
    }
}

/// The approximate number of multiplications for one row, from the shapes of the large layers.
fn multiplications(network: &NetworkConfig) -> f64 {
    match network {
        NetworkConfig::Mlp(mlp) => 2.0 * mlp.blocks as f64 * (mlp.width as f64).powi(2),
        NetworkConfig::UNet(unet) => of_unet(unet),
    }
}

fn of_unet(unet: &UNetConfig) -> f64 {
    /// Values of the kernel of a convolution.
    const TAPS: f64 = 9.0;
    /// For each pair of positions and channel: the product, the weighing, and the exponentials of
    /// narrow heads, which take about as long as both.
    const PAIR: f64 = 4.0;
    let layers = unet.layers_per_block as f64;
    // Two per layer on the down path; on the up path one layer more, with twice the channels.
    let convolutions = 2.0 * layers + 3.0 * (layers + 1.0);
    let [height, width] = unet.sample_size.unwrap_or([64; 2]);
    let pixels = height as f64 * width as f64;
    let levels = unet.block_out_channels.iter().zip(&unet.down_block_types);
    let level = |(i, (channels, block)): (usize, (&usize, &DownBlock))| {
        let (positions, channels) = (pixels / 4_f64.powf(i as f64), *channels as f64);
        let is_last = i + 1 == unet.block_out_channels.len();
        let beside = if *block == DownBlock::AttnDownBlock2D { 2.0 * layers + 1.0 } else { 0.0 };
        let attentions = beside + f64::from(u8::from(is_last && unet.add_attention));
        TAPS * positions * channels.powi(2) * convolutions
            + PAIR * positions.powi(2) * channels * attentions
    };
    levels.enumerate().map(level).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ancestral_format::MlpConfig;

    const LOOKS: Looks =
        Looks { last: Amount { count: 64, steps: 100 }, preview: Amount { count: 36, steps: 25 } };

    fn unet(size: [usize; 2], widths: &[usize]) -> NetworkConfig {
        UNetConfig {
            sample_size: Some(size),
            block_out_channels: widths.to_vec(),
            down_block_types: vec![DownBlock::DownBlock2D; widths.len()],
            layers_per_block: 1,
            ..UNetConfig::default()
        }
        .into()
    }

    #[test]
    fn of_small_samples_there_is_room_for_all() {
        assert_eq!(Looks::all(true), LOOKS);
        assert_eq!(LOOKS.within_memory(3 * 160 * 160), LOOKS);
        let table = Looks::all(false);
        assert_eq!(table.within_memory(5000), table);
    }

    #[test]
    fn of_large_samples_there_are_so_many_that_the_way_to_them_fits() {
        let less = LOOKS.within_memory(3 * 256 * 256);
        // 51 snapshots of 768 KiB are 38.25 MiB.
        assert_eq!((less.last.count, less.preview.count), (1024 / 39, 1024 / 39));
        assert_eq!((less.last.steps, less.preview.steps), (100, 25));
        assert_eq!(LOOKS.within_memory(usize::MAX).last.count, 1);
    }

    #[test]
    fn the_digits_take_about_as_many_multiplications_as_the_engine_counts() {
        let count = multiplications(&unet([8, 8], &[32, 64]));
        assert!((8e6..20e6).contains(&count), "{count}");
    }

    #[test]
    fn attention_over_many_positions_is_most_of_a_network() {
        let shallow = multiplications(&unet([640, 40], &[8]));
        let deep = multiplications(&unet([640, 40], &[8, 8, 8, 8]));
        assert!(shallow > 100.0 * deep, "{shallow} {deep}");
    }

    #[test]
    fn usual_trainings_and_short_ones_of_small_networks_draw_all() {
        let digits = unet([8, 8], &[32, 64]);
        assert_eq!(LOOKS.beside(&digits, 2000.0 * 64.0), LOOKS);
        assert_eq!(LOOKS.beside(&digits, 8.0), LOOKS);
        let large = unet([64, 64], &[128, 256, 256]);
        assert_eq!(LOOKS.beside(&large, 20_000.0 * 64.0), LOOKS);
        let mlp = NetworkConfig::from(MlpConfig { width: 128, blocks: 4, ..MlpConfig::default() });
        assert_eq!(LOOKS.beside(&mlp, 1.0), LOOKS);
    }

    #[test]
    fn two_steps_on_a_long_picture_draw_little_and_say_so() {
        let less = LOOKS.beside(&unet([3000, 10], &[32, 64]), 2.0 * 64.0);
        assert!(less.last.count <= 4 && less.preview.count <= 2, "{less:?}");
        let draw = "ancestral sample runs/long";
        let note = LOOKS.note(less, true, draw).unwrap();
        for part in ["not 64 in 100 steps (for a preview ", "not 36 in 25 steps)", draw] {
            assert!(note.contains(part), "{note}");
        }
        assert!(!LOOKS.note(less, false, draw).unwrap().contains("preview"));
        assert_eq!(LOOKS.note(LOOKS, true, draw), None);
        // The longer the training, the more is drawn, up to all.
        let rows = [1e2, 1e3, 1e4, 1e5]
            .map(|rows| LOOKS.beside(&unet([3000, 10], &[32, 64]), rows).rows());
        assert!(rows.is_sorted(), "{rows:?}");
        assert_eq!(rows[3], LOOKS.rows());
    }

    #[test]
    fn there_is_always_something_to_see() {
        let less = LOOKS.beside(&unet([65_536, 65_536], &[512, 512]), 1.0);
        assert_eq!(less.last, Amount { count: 1, steps: 10 });
        assert_eq!(less.preview, Amount { count: 1, steps: 2 });
    }
}
