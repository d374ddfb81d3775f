//! The scheduler classes of diffusers, one a file.

pub mod ddim;
pub mod ddim_inverse;
pub mod ddpm;
pub mod deis;
pub mod dpm_multistep;
pub mod dpm_singlestep;
pub mod euler;
pub mod euler_ancestral;
pub mod heun;
pub mod kdpm2;
pub mod kdpm2_ancestral;
pub mod lcm;
pub mod lms;
pub mod pndm;
pub mod unipc;
