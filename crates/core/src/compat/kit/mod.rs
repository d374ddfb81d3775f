//! What the classes share: levels, timesteps, estimates, updates.

pub mod dpm;
pub mod elementwise;
pub mod estimate;
pub mod runnable;
pub mod sigma_grid;
pub mod sigmas;
pub mod solve;
pub mod spacing;
pub mod variance;
