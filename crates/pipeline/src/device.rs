//! The devices that networks are computed on, by name.

use ancestral_cpu::instruction_set;
use serde::Serialize;

/// What the CPU is called as a device.
pub(crate) const CPU: &str = "cpu";

/// A way to cards: its name in those of devices, the cargo feature that brings it, and whether this build
/// has it.
const WAYS: [(&str, &str, bool); 5] = [
    ("cuda", "cuda", cfg!(feature = "cuda")),
    ("vulkan", "wgpu", cfg!(feature = "wgpu")),
    ("metal", "metal", cfg!(feature = "metal")),
    ("dx12", "wgpu", cfg!(feature = "wgpu")),
    (ANY, "wgpu", cfg!(any(feature = "metal", feature = "wgpu"))),
];

/// The best card by any of the graphics APIs.
const ANY: &str = "wgpu";

/// A device on this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Device {
    /// Its name, as [`Engine::new`](crate::Engine::new) takes it.
    pub name: String,
    /// What kind of processor it is: `cpu`; cards are `discrete`, `integrated`, `virtual`, or `software`,
    /// which is the CPU as well.
    pub kind: String,
    /// What its driver calls it; the instructions of a CPU.
    pub card: String,
    /// The driver with its version; empty if it does not say.
    pub driver: String,
}

/// The devices of this machine that this build computes on, the CPU first.
///
/// # Example
/// ```
/// assert_eq!(ancestral_pipeline::devices()[0].name, "cpu");
/// ```
#[must_use]
pub fn devices() -> Vec<Device> {
    let cpu = Device {
        name: CPU.to_owned(),
        kind: CPU.to_owned(),
        card: instruction_set().to_owned(),
        driver: String::new(),
    };
    std::iter::once(cpu).chain(cards()).collect()
}

/// The names of devices that this build lacks, each with the cargo feature that brings it.
#[must_use]
pub fn devices_not_built() -> Vec<(&'static str, &'static str)> {
    let lacking = WAYS.into_iter().filter(|(name, _, is_built)| !is_built && *name != ANY);
    lacking.map(|(name, feature, _)| (name, feature)).collect()
}

/// The way that a name of a card means, and the number of the card; or why it means none here.
fn way(name: &str) -> Result<(&'static str, Option<usize>), String> {
    let unknown = || {
        let known: Vec<_> = WAYS.iter().map(|(name, ..)| *name).collect();
        format!(
            "unknown device {name:?} (known: cpu, {}; vulkan:1 is the second card of vulkan)",
            known.join(", ")
        )
    };
    let (way, index) = match name.split_once(':') {
        None => (name, None),
        Some((way, index)) => (way, Some(index.parse().map_err(|_| unknown())?)),
    };
    let way = WAYS.into_iter().find(|(known, ..)| *known == way);
    let (way, feature, is_built) = way.ok_or_else(unknown)?;
    if way == ANY && index.is_some() {
        return Err(unknown());
    }
    if !is_built {
        return Err(format!(
            "device {name:?} is not in this build: build it with `--features {feature}`"
        ));
    }
    Ok((way, index))
}

#[cfg(feature = "burn")]
pub(crate) use burn::{Opened, open};

#[cfg(feature = "burn")]
use burn::cards;

#[cfg(not(feature = "burn"))]
fn cards() -> [Device; 0] {
    []
}

/// Why a name is none of a device: builds without Burn have none but the CPU.
#[cfg(not(feature = "burn"))]
pub(crate) fn refused(name: &str) -> String {
    match way(name) {
        Err(reason) => reason,
        Ok(_) => unreachable!("every way needs Burn"),
    }
}

#[cfg(feature = "burn")]
mod burn {
    use ancestral_cpu::Precision;
    use ancestral_nn::device::{Api, Card, Device as BurnDevice, Kind};

    use super::{ANY, Device, way};
    use crate::error::{Notice, Problem, SettingError};
    use crate::settings::Setting;

    /// A card that is open.
    #[derive(Clone, Debug)]
    pub(crate) struct Opened {
        pub device: BurnDevice,
        pub precision: Precision,
        pub notices: Vec<Notice>,
    }

    /// All cards that this build reaches.
    pub(super) fn cards() -> impl Iterator<Item = Device> {
        let found = Api::ALL.into_iter().flat_map(Api::cards);
        found.map(|card| Device {
            name: card.to_string(),
            kind: card.kind.to_string(),
            card: card.name,
            driver: card.driver,
        })
    }

    /// Opens the card of a name, to compute in a precision.
    pub(crate) fn open(name: &str, precision: Precision) -> Result<Opened, SettingError> {
        let refused = |reason| SettingError::new(Setting::Device, Problem::Device(reason));
        let card = card(name).map_err(refused)?;
        let mut notices = Vec::new();
        if card.kind == Kind::Software {
            notices.push(Notice::note(format!(
                "{card} is software ({}): it computes on the CPU, more slowly than the device cpu",
                card.name
            )));
        }
        notices.extend(kernels(&card));
        let device = card.open().map_err(|error| refused(error.to_string()))?;
        if !ancestral_nn::computes_in(&device, precision) {
            let device = format!("{card} ({})", card.name);
            let problem = Problem::PrecisionOfDevice { device };
            return Err(SettingError::of(Setting::Precision, precision, problem));
        }
        if card.api == Api::Cuda && precision == Precision::F32 {
            notices.push(Notice::note(
                "products of f32 are computed in tf32, of 10 bits of mantissa, where CUDA has a faster \
                 kernel for it",
            ));
        }
        Ok(Opened { device, precision, notices })
    }

    /// The card of a name: without a number the fastest by its kind, and software only where there is
    /// nothing else.
    fn card(name: &str) -> Result<Card, String> {
        let (way, index) = way(name)?;
        let apis = Api::ALL.into_iter().filter(|api| match way {
            ANY => *api != Api::Cuda,
            way => api.name() == way,
        });
        let cards: Vec<Card> = apis.flat_map(Api::cards).collect();
        let chosen = match index {
            Some(index) => cards.iter().find(|card| card.index == index),
            None => cards.iter().min_by_key(|card| card.kind),
        };
        chosen.cloned().ok_or_else(|| {
            let found: Vec<_> = cards.iter().map(|c| format!("{c} ({})", c.name)).collect();
            let found = if found.is_empty() { "none".to_owned() } else { found.join(", ") };
            format!("there is no device {name:?} on this machine (found: {found})")
        })
    }

    /// Keeps the kernels of a card. Something to say if there are none yet.
    #[cfg(any(feature = "cuda", feature = "metal", feature = "wgpu"))]
    fn kernels(card: &Card) -> Option<Notice> {
        let kernels = ancestral_nn::device::keep_kernels(card);
        (!kernels.were_kept).then(|| {
            Notice::note(format!(
                "the first calls on {card} compile and measure kernels, which can take minutes; what was \
                 measured is kept in {}",
                kernels.path.display()
            ))
        })
    }

    #[cfg(not(any(feature = "cuda", feature = "metal", feature = "wgpu")))]
    fn kernels(_: &Card) -> Option<Notice> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_ways_with_or_without_a_number() {
        for name in ["", "Cpu", "gpu", "cuda:x", "cuda:-1", "cpu:0", "wgpu:0", "vulkan:"] {
            let reason = way(name).unwrap_err();
            assert!(reason.starts_with(&format!("unknown device {name:?} (known: cpu, cuda, ")));
        }
        for (name, feature, is_built) in WAYS {
            match way(name) {
                Ok(found) => assert!(is_built && found == (name, None)),
                Err(reason) => assert_eq!(
                    (is_built, reason),
                    (
                        false,
                        format!(
                            "device {name:?} is not in this build: build it with `--features {feature}`"
                        )
                    )
                ),
            }
        }
    }

    #[test]
    fn the_cpu_is_always_there() {
        let devices = devices();
        assert_eq!((&*devices[0].name, &*devices[0].kind), ("cpu", "cpu"));
        assert!(!devices[0].card.is_empty());
    }
}
