#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod explanation;
pub mod field;
mod page;
pub mod process;
pub mod run;
mod subject;
mod table;

pub use explanation::{Explanation, Particles};
pub use field::Field;
pub use page::STYLE;
pub use process::{Noise, Process};
pub use run::{Frame, Run};
pub use subject::{Subject, SubjectError};
