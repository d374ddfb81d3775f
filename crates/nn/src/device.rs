//! Where to compute: from a name to a Burn device.

pub use burn::tensor::Device;
use thiserror::Error;

/// The names that [`parse`] knows, whether compiled in or not.
pub const NAMES: [&str; 4] = ["cpu", "cuda", "wgpu", "metal"];

/// Why a name is no device.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// The name is not known at all.
    #[error("unknown device {name:?} (known: cpu, cuda[:N], wgpu, metal)")]
    Unknown {
        /// The requested name.
        name: String,
    },
    /// The name is known, but this program was built without it.
    #[error("device {name:?} is not in this build: build with `--features {feature}`")]
    NotBuilt {
        /// The requested name.
        name: String,
        /// The cargo feature that brings it.
        feature: &'static str,
    },
}

/// The CPU, in pure Rust; results do not depend on the number of threads.
#[must_use]
pub fn cpu() -> Device {
    Device::flex()
}

/// The device called `name`: `cpu`; `cuda` (or `cuda:1` for the second card), `wgpu` and `metal` need the cargo feature of the same name.
///
/// # Errors
/// If the name is unknown, or its feature is not compiled in.
///
/// # Example
/// ```
/// use ancestral_nn::device;
///
/// assert!(device::parse("cpu").is_ok());
/// assert!(device::parse("abacus").unwrap_err().to_string().contains("known: cpu"));
/// ```
pub fn parse(name: &str) -> Result<Device, DeviceError> {
    let unknown = || DeviceError::Unknown { name: name.to_owned() };
    match name.split_once(':') {
        None => match name {
            "cpu" => Ok(cpu()),
            "cuda" => cuda(name, 0),
            "wgpu" => wgpu(name),
            "metal" => metal(name),
            _ => Err(unknown()),
        },
        Some(("cuda", index)) => cuda(name, index.parse().map_err(|_| unknown())?),
        Some(_) => Err(unknown()),
    }
}

#[cfg(feature = "cuda")]
#[expect(clippy::unnecessary_wraps, reason = "fails in builds without the feature")]
fn cuda(_name: &str, index: usize) -> Result<Device, DeviceError> {
    Ok(Device::cuda(index))
}

#[cfg(not(feature = "cuda"))]
fn cuda(name: &str, _index: usize) -> Result<Device, DeviceError> {
    Err(DeviceError::NotBuilt { name: name.to_owned(), feature: "cuda" })
}

#[cfg(feature = "wgpu")]
#[expect(clippy::unnecessary_wraps, reason = "fails in builds without the feature")]
fn wgpu(_name: &str) -> Result<Device, DeviceError> {
    Ok(Device::wgpu(burn::tensor::DeviceKind::DefaultDevice))
}

#[cfg(not(feature = "wgpu"))]
fn wgpu(name: &str) -> Result<Device, DeviceError> {
    Err(DeviceError::NotBuilt { name: name.to_owned(), feature: "wgpu" })
}

#[cfg(feature = "metal")]
#[expect(clippy::unnecessary_wraps, reason = "fails in builds without the feature")]
fn metal(_name: &str) -> Result<Device, DeviceError> {
    Ok(Device::metal(burn::tensor::DeviceKind::DefaultDevice))
}

#[cfg(not(feature = "metal"))]
fn metal(name: &str) -> Result<Device, DeviceError> {
    Err(DeviceError::NotBuilt { name: name.to_owned(), feature: "metal" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cpu_is_always_there() {
        assert_eq!(parse("cpu"), Ok(Device::flex()));
    }

    #[test]
    #[cfg(not(feature = "cuda"))]
    fn a_device_that_is_not_built_names_its_feature() {
        for name in ["cuda", "cuda:1"] {
            let message = parse(name).unwrap_err().to_string();
            assert_eq!(
                message,
                format!("device {name:?} is not in this build: build with `--features cuda`")
            );
        }
    }

    #[test]
    fn nonsense_is_unknown() {
        for name in ["", "Cpu", "gpu", "cuda:x", "cuda:-1", "cpu:0"] {
            assert_eq!(parse(name), Err(DeviceError::Unknown { name: name.to_owned() }));
        }
    }
}
