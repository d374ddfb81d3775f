//! The examples of every README, as documentation tests: a crate of their own, as they use several
//! crates, and as a published crate cannot read a file outside itself.

#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
mod root {}

#[cfg(doctest)]
#[doc = include_str!("../../learn/README.md")]
mod learn {}

#[cfg(doctest)]
#[doc = include_str!("../../metrics/README.md")]
mod metrics {}
