//! The native half of Python's module `ancestral`: a thin front over the pipeline. The Python half,
//! in `python/ancestral`, has what people call; this half has what it calls.

mod arrays;
mod command;
mod config;
mod errors;
mod eval;
mod exact;
mod keywords;
mod noise;
mod pipeline;
mod plan;
mod samples;
mod schedule;
mod settings;
mod steps;
mod threads;
mod train;
mod trajectory;

use pyo3::prelude::*;

/// The native half of `ancestral`.
#[pymodule]
mod _ancestral {
    #[pymodule_export]
    use crate::command::run_command;
    #[pymodule_export]
    use crate::config::Config;
    #[pymodule_export]
    use crate::eval::evaluate;
    #[pymodule_export]
    use crate::exact::{Gaussian, Mixture};
    #[pymodule_export]
    use crate::noise::noise;
    #[pymodule_export]
    use crate::pipeline::Pipeline;
    #[pymodule_export]
    use crate::plan::Plan;
    #[pymodule_export]
    use crate::samples::Samples;
    #[pymodule_export]
    use crate::schedule::{Grid, Schedule, samplers, schedules, spacings};
    #[pymodule_export]
    use crate::settings::{Settings, settings_of_drawing};
    #[pymodule_export]
    use crate::steps::{Step, Steps};
    #[pymodule_export]
    use crate::train::{settings_of_training, train};
    #[pymodule_export]
    use crate::trajectory::{Call, Trajectory, calls_of};

    #[pymodule_export]
    #[expect(non_upper_case_globals, reason = "Python's name")]
    const __version__: &str = env!("CARGO_PKG_VERSION");
}
