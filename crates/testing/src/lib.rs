//! What the tests of several crates compare with.
//!
//! [`unet`] has U-Nets of every configuration, with their outputs in diffusers.

pub mod unet;
