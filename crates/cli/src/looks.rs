//! How much is drawn of a model on the way and at the end, so that it costs little beside training.
//!
//! What is drawn follows from the settings alone, not from how fast the machine is: equal runs have
//! equal pictures.

use std::fmt;

use ancestral_format::NetworkConfig;

/// A pass of training costs as much as so many of sampling: the gradients take two more.
const PASSES: f64 = 3.0;
/// The share of the training that looks may cost.
const SHARE: f64 = 0.1;
/// Looks of no more multiplications are free: at most about a minute on two cores.
const FREE: f64 = 6e11;
/// By what the number of samples and of steps is divided, until looks are cheap enough.
const SMALLER: [(u64, usize); 8] =
    [(1, 1), (2, 1), (4, 1), (4, 2), (16, 2), (16, 4), (64, 4), (64, 10)];

/// So many samples in so many steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount {
    pub count: u64,
    pub steps: usize,
}

impl Amount {
    /// How many rows the network sees.
    fn rows(self) -> f64 {
        self.count as f64 * self.steps as f64
    }

    fn divided(self, (count, steps): (u64, usize)) -> Self {
        Self { count: (self.count / count).max(1), steps: (self.steps / steps).max(1) }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {} steps", self.count, self.steps)
    }
}

/// What is drawn during a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Looks {
    pub last: Amount,
    pub preview: Amount,
    /// How many previews there are.
    pub previews: u64,
}

impl Looks {
    /// The same, or less if it would take long, beside a training on `rows` rows in all.
    pub fn beside(self, network: &NetworkConfig, rows: f64) -> Self {
        let allowed = (SHARE * PASSES * rows).max(FREE / multiplications(network));
        let smaller = SMALLER.map(|divisors| self.divided(divisors));
        let fits = |looks: &&Self| looks.rows() <= allowed;
        *smaller.iter().find(fits).unwrap_or(&smaller[SMALLER.len() - 1])
    }

    fn rows(self) -> f64 {
        self.last.rows() + self.previews as f64 * self.preview.rows()
    }

    fn divided(self, divisors: (u64, usize)) -> Self {
        let Self { last, preview, previews } = self;
        Self { last: last.divided(divisors), preview: preview.divided(divisors), previews }
    }

    /// What to say of looks that are `less` than these, if they are.
    pub fn note(self, less: Self, folder: &str) -> Option<String> {
        let previews = if self.previews > 0 {
            format!(" (of a preview {}, not {})", less.preview, self.preview)
        } else {
            String::new()
        };
        (less != self).then(|| {
            format!(
                "note: samples drawn at the end: {}, not {}{previews}, which would take long beside \
                 the training; draw more with: ancestral sample {folder}",
                less.last, self.last
            )
        })
    }
}

/// About how many multiplications a row takes, by the shapes of the large layers.
fn multiplications(network: &NetworkConfig) -> f64 {
    let product = |sizes: [usize; 2]| sizes.iter().map(|size| *size as f64).product::<f64>();
    match network {
        NetworkConfig::Mlp(mlp) => 2.0 * mlp.blocks as f64 * product([mlp.width; 2]),
        NetworkConfig::UNet(unet) => {
            /// Of the kernel of a convolution.
            const TAPS: f64 = 9.0;
            let layers = unet.layers_per_block as f64;
            // Two a layer on the way down; on the way up one layer more, of twice the channels.
            let convolutions = 2.0 * layers + 3.0 * (layers + 1.0);
            let pixels = product(unet.sample_size.unwrap_or([64; 2]));
            let level = |(i, channels): (i32, &usize)| {
                pixels / 4_f64.powi(i) * TAPS * product([*channels; 2]) * convolutions
            };
            (0..).zip(&unet.block_out_channels).map(level).sum()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ancestral_format::{MlpConfig, UNetConfig};

    const LOOKS: Looks = Looks {
        last: Amount { count: 64, steps: 100 },
        preview: Amount { count: 36, steps: 25 },
        previews: 5,
    };

    fn unet(size: [usize; 2], widths: &[usize]) -> NetworkConfig {
        UNetConfig {
            sample_size: Some(size),
            block_out_channels: widths.to_vec(),
            layers_per_block: 1,
            ..UNetConfig::default()
        }
        .into()
    }

    #[test]
    fn the_digits_take_about_as_many_multiplications_as_the_engine_counts() {
        let count = multiplications(&unet([8, 8], &[32, 64]));
        assert!((8e6..20e6).contains(&count), "{count}");
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
        let note = LOOKS.note(less, "runs/long").unwrap();
        assert!(
            note.contains("not 64 in 100 steps") && note.contains("sample runs/long"),
            "{note}"
        );
        assert_eq!(LOOKS.note(LOOKS, "runs/long"), None);
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
