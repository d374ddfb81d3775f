//! The classes of schedulers: which keys each has, and what it takes for those that are missing.

mod ddim;
mod ddpm;

use super::{BetaSchedule, SchedulerConfig};
use crate::names::names;

names! {
    /// The class of a scheduler. The name is the `_class_name` of its config.
    pub enum SchedulerClass {
        /// Ancestral sampling.
        Ddpm = "DDPMScheduler",
        /// The deterministic hops of DDIM, or any part of the ancestral noise.
        Ddim = "DDIMScheduler",
    }
}

/// All that a class says about its configs; one class a file.
struct Entry {
    pipeline: &'static str,
    keys: &'static [&'static str],
    schedules: &'static [BetaSchedule],
    defaults: fn() -> SchedulerConfig,
}

impl SchedulerClass {
    /// The class of the peer's pipeline that is made for this scheduler: the `_class_name` of
    /// `model_index.json`.
    #[must_use]
    pub const fn pipeline(self) -> &'static str {
        self.entry().pipeline
    }

    /// The keys of the class, in the order in which they are written.
    #[must_use]
    pub const fn keys(self) -> &'static [&'static str] {
        self.entry().keys
    }

    /// The curves of the betas that the class knows.
    #[must_use]
    pub const fn schedules(self) -> &'static [BetaSchedule] {
        self.entry().schedules
    }

    /// The config of the class with nothing said. What the class has no key for has the value that
    /// says what the class does.
    #[must_use]
    pub fn defaults(self) -> SchedulerConfig {
        (self.entry().defaults)()
    }

    const fn entry(self) -> &'static Entry {
        match self {
            Self::Ddpm => &ddpm::ENTRY,
            Self::Ddim => &ddim::ENTRY,
        }
    }
}
