#![doc = include_str!("../README.md")]

mod data;
mod error;
mod folder;
mod front;
mod gradients;
mod looks;
mod order;
mod ranks;
mod run;
mod stored;

pub use data::{Data, ReadingChoices, data_name};
pub use error::{Problem, RunError, SETTINGS, SettingError};
pub use folder::{FolderError, RunFolder};
pub use front::{Front, Notice, NoticeKind, Silent, Task, Work};
pub use order::{Limits, Order};
pub use ranks::{dismiss, follow};
pub use run::{Outcome, Run};
pub use stored::Stored;
