//! A batch that fits into memory.

use ancestral_learn::{Memory, Request, available_memory};

use crate::error::{Problem, RunError, SettingError};
use crate::front::Notice;
use crate::gradients::gradients;
use crate::run::Run;

/// Makes the batch small enough for the memory and returns a notice; if the user chose the batch, it is
/// an error that it does not fit.
pub(super) fn fit(run: &mut Run, is_chosen: bool) -> Result<Option<Notice>, RunError> {
    let (true, Some(available)) = (run.engine.is_cpu(), available_memory()) else {
        return Ok(None);
    };
    let engine = gradients(&run.engine, &run.request.network)?;
    let settings = &run.request.training;
    let fitted = Memory::fit(settings, &engine, &run.data.set, available);
    let fitted =
        fitted.map_err(|source| RunError::Memory { advice: advice(&run.request), source })?;
    if fitted == *settings {
        return Ok(None);
    }
    if is_chosen {
        let needed = Memory::of(settings, &engine, &run.data.set).total();
        let problem = Problem::Memory {
            needed: gibibytes(needed),
            available: gibibytes(available),
            batch: fitted.batch,
            accumulate: fitted.accumulate,
        };
        return Err(SettingError::of("batch", &settings.batch, problem).into());
    }
    let notice = Notice::line(format_args!(
        "memory: a batch of {} does not fit into {}; using `batch` {} `accumulate` {}, which gives the \
         same results",
        settings.batch,
        gibibytes(available),
        fitted.batch,
        fitted.accumulate
    ));
    run.request.training = fitted;
    Ok(Some(notice))
}

/// How to make a training smaller.
fn advice(request: &Request) -> String {
    match request.network.sample_shape().as_deref() {
        Some([_, height, width]) => {
            format!(
                "pictures of {height}x{width} need too much memory: choose a smaller `size` or `width`"
            )
        }
        _ => "choose a smaller `width`, `layers` or `batch`".to_owned(),
    }
}

fn gibibytes(bytes: u64) -> String {
    format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30))
}
