//! What samplers remember of the hops behind, to be named in the types of one's own.

pub use super::kernel::{Churned, History as Estimates};
pub use super::pndm::Estimates as PndmEstimates;
pub use super::unipc::Corrigible;
