//! NVIDIA's cards by their own driver.

use burn::tensor::{Device, DeviceType};

use super::card::{Api, Card, Kind};

/// The driver's cards. Their names would cost a context, and memory, on each: `nvidia-smi -L` has them.
pub(super) fn cards() -> Vec<Card> {
    let count = Device::enumerate(DeviceType::Cuda).len();
    let card = |index| Card {
        api: Api::Cuda,
        index,
        name: format!("card {index} of the CUDA driver"),
        driver: "CUDA".to_owned(),
        kind: Kind::Discrete,
        of_its_kind: index,
    };
    (0..count).map(card).collect()
}

/// Opens a card.
pub(super) fn open(card: &Card) -> Device {
    Device::cuda(card.index)
}
