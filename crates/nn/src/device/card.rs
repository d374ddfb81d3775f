//! Cards: what they are, and how they are opened.

use std::fmt;

use burn::tensor::Device;
use thiserror::Error;

use super::{cuda, graphics};

/// What cards are reached through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    /// NVIDIA's own.
    Cuda,
    /// Cards of most makers, on Linux and Windows; also processors that play a card.
    Vulkan,
    /// Apple's own.
    Metal,
    /// Windows' own, DirectX 12.
    Dx12,
}

impl Api {
    /// All of them, in the order in which their cards are listed.
    pub const ALL: [Self; 4] = [Self::Cuda, Self::Vulkan, Self::Metal, Self::Dx12];

    /// Its name in those of devices.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cuda => "cuda",
            Self::Vulkan => "vulkan",
            Self::Metal => "metal",
            Self::Dx12 => "dx12",
        }
    }

    /// Its cards on this machine, in the order of the driver; none if this build lacks it. No device is
    /// opened.
    ///
    /// # Example
    /// ```
    /// use ancestral_nn::device::Api;
    ///
    /// for card in Api::Vulkan.cards() {
    ///     println!("{card}: {}", card.name); // vulkan:0: NVIDIA GeForce RTX 4090
    /// }
    /// ```
    #[must_use]
    pub fn cards(self) -> Vec<Card> {
        match self {
            Self::Cuda => cuda::cards(),
            Self::Vulkan | Self::Metal | Self::Dx12 => graphics::cards(self),
        }
    }
}

/// A card, or a processor that plays one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// What it is reached through.
    pub api: Api,
    /// Its number among those of the same API.
    pub index: usize,
    /// What its driver calls it.
    pub name: String,
    /// The driver with its version; empty if it does not say.
    pub driver: String,
    /// What kind of processor it is.
    pub kind: Kind,
    /// Its number among those of the same API and kind, by which it is opened.
    pub(super) of_its_kind: usize,
}

/// What kind of processor a card is, the fastest first as a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A card with memory of its own.
    Discrete,
    /// A part of the processor, with whose memory it works.
    Integrated,
    /// A share of a card in a virtual machine.
    Virtual,
    /// The CPU: a driver that needs no card.
    Software,
}

/// Why a card cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{card} ({}) can't be opened: {reason}", card.name)]
pub struct DeviceError {
    /// The card.
    pub card: Card,
    /// What its driver says.
    pub reason: String,
}

impl Card {
    /// Opens it. Opening it again gives the same device.
    ///
    /// # Errors
    /// If the driver refuses.
    pub fn open(&self) -> Result<Device, DeviceError> {
        match self.api {
            Api::Cuda => Ok(cuda::open(self)),
            Api::Vulkan | Api::Metal | Api::Dx12 => graphics::open(self),
        }
    }
}

/// As users name it: `vulkan:0`.
impl fmt::Display for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.api.name(), self.index)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Discrete => "discrete",
            Self::Integrated => "integrated",
            Self::Virtual => "virtual",
            Self::Software => "software",
        })
    }
}
