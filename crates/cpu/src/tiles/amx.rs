//! The tiles of the CPU.

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod machine;
#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
mod none;

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
pub(crate) use machine::Amx;
#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
pub(crate) use none::Amx;
