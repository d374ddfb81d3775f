//! What samplers share, so that those which are the same map are the same code.

mod ancestral;
mod churn;
mod ends;
pub(crate) mod eta;
mod exponential;
mod history;
mod multistep;
pub(crate) mod order;
mod quadrature;
mod singlestep;

pub(crate) use ancestral::Ancestral;
pub use churn::{Churn, Churned};
pub(crate) use ends::{begin, begin_whole, is_whole};
pub use exponential::{Form, Slope};
pub(crate) use exponential::{Update, pair};
pub use history::History;
pub(crate) use multistep::{Multistep, lambda};
pub(crate) use quadrature::integrals;
pub(crate) use singlestep::Singlestep;
