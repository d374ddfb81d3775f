//! Whether there is memory for a run, before it is begun.

use ancestral_format::NetworkConfig;

use crate::error::{Error, Problem, SettingError};
use crate::model::Model;
use crate::settings::Setting;

/// Refuses a run of `count` samples whose numbers find no room. So many `snapshots` are kept, and a
/// network call is of `batch` samples.
pub(crate) fn check(
    model: &Model,
    count: usize,
    snapshots: usize,
    batch: usize,
) -> Result<(), Error> {
    let sample: usize = model.shape()?.iter().product();
    // Where a hop begins and where it ends.
    let samples = [count, snapshots.saturating_add(2), sample];
    let network = [batch.min(count), numbers_of_network(&model.folder().network)];
    let product = |factors: &[usize]| factors.iter().fold(1_usize, |a, &b| a.saturating_mul(b));
    let numbers = product(&samples).saturating_add(product(&network));
    if Vec::<f32>::new().try_reserve_exact(numbers).is_ok() {
        return Ok(());
    }
    let gibibytes = numbers as f64 * size_of::<f32>() as f64 / f64::from(1 << 30);
    let problem = Problem::Memory { values: sample, batch: batch.min(count), gibibytes };
    Err(SettingError::of(Setting::Count, count, problem).into())
}

/// The numbers that a network holds at once, at the least, for each row of a call: the maps of the
/// full resolution that the decoder takes.
fn numbers_of_network(network: &NetworkConfig) -> usize {
    match network {
        NetworkConfig::UNet(unet) => {
            let [height, width] = unet.sample_size.unwrap_or_default();
            height * width * unet.block_out_channels[0] * (unet.layers_per_block + 1)
        }
        NetworkConfig::Mlp(mlp) => mlp.width,
    }
}
