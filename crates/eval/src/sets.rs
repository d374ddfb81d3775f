//! Sets of a model's samples.

use ancestral_pipeline::{Batch, Error, Pipeline, Settings, collect};

use crate::EvalError;

/// Draws `sets` sets of `count` samples, from as many seeds from that of the settings on. Rows are as a file of
/// them would have it: of tables with whole words, rounded numbers, and nothing beyond bounds. Every rank of
/// the pipeline's engine draws its share; rank 0 gets all, the others none.
///
/// `at` is called after each step, with the steps that are done, those of all sets, and the set from 1 on. An
/// error of it ends the drawing.
///
/// # Errors
/// If a setting is invalid, the network fails, a rank has ended, or `at` fails.
pub fn draw_sets<E: From<EvalError>>(
    pipeline: &Pipeline,
    settings: &Settings,
    [sets, count]: [usize; 2],
    mut at: impl FnMut(u64, u64, u64) -> Result<(), E>,
) -> Result<Vec<Batch>, E> {
    let cluster = pipeline.cluster();
    let failed = |error: Error| E::from(error.into());
    let mut drawn = Vec::new();
    for set in 0..sets as u64 {
        let seed = settings.seed.saturating_add(set);
        let plan = pipeline.plan(&settings.clone().count(count).seed(seed)).map_err(failed)?;
        let mut steps = pipeline.run_share(plan.clone()).map_err(failed)?;
        let total = steps.total() as u64;
        for (step, done) in steps.by_ref().zip(1..) {
            step.map_err(failed)?;
            at(set * total + done, sets as u64 * total, set + 1)?;
        }
        let mut found = Vec::new();
        collect(cluster, &plan, Ok(steps.finished()), |samples| {
            found.push(samples.x);
            Ok::<_, EvalError>(())
        })?;
        if cluster.leads() {
            drawn.push(as_written(pipeline, Batch::stack(&found)));
        }
    }
    Ok(drawn)
}

/// Samples as files have them.
fn as_written(pipeline: &Pipeline, samples: Batch) -> Batch {
    let Some(columns) = pipeline.model().columns() else { return samples };
    let rows = columns.to_model_rows(&columns.from_model_rows(samples.data()));
    Batch::new(samples.row_shape().to_vec(), rows)
}
