//! A training run on disk, as people have it: their data, a plan of the time, the training itself,
//! pictures of what it learned, and a folder from which it can be resumed.
//!
//! - [`Order`]: what the user chooses; [`Order::begin`] settles the rest.
//! - [`Stored`]: a run that was begun before.
//! - [`Run`]: a training with its folder; [`Run::run`] trains and draws the samples at the end.
//! - [`Front`]: the program around it, which shows notices and progress, and may stop a run.
//!
//! What a training is, whatever its data and its files are, is in `ancestral_learn`.

mod data;
mod error;
mod folder;
mod front;
mod gradients;
mod looks;
mod order;
mod run;
mod stored;

pub use data::{Data, ReadingChoices, data_name};
pub use error::{Problem, RunError, SETTINGS, SettingError};
pub use folder::{FolderError, RunFolder};
pub use front::{Front, Notice, NoticeKind, Silent, Task, Work};
pub use order::{Limits, Order};
pub use run::{Outcome, Run};
pub use stored::Stored;
