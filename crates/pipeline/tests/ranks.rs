//! Samples that several ranks draw, which are threads here, are those of one process.

#![cfg(feature = "digits")]
#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use ancestral_cluster::{Cluster, on_threads};
use ancestral_pipeline::{Engine, Error, Model, NoiseSource, Pipeline, Samples, Settings, collect};

/// What rank 0 has in the end.
fn drawn(cluster: &Cluster, settings: &Settings) -> Result<Vec<Samples>, Error> {
    let engine = Engine::default().with_threads(1)?.in_cluster(cluster.clone());
    let pipeline = Pipeline::new(Model::built_in(), &engine)?;
    let plan = pipeline.plan(settings)?;
    let mut steps = pipeline.run_share(plan.clone())?;
    let failed = steps.by_ref().find_map(Result::err);
    assert!(failed.is_none(), "{failed:?}");
    let mut all = Vec::new();
    let collected = collect(cluster, &plan, Ok(steps.finished()), |samples| {
        all.push(samples);
        Ok::<_, ancestral_cluster::ClusterError>(())
    });
    collected.unwrap();
    Ok(all)
}

#[test]
fn every_sample_is_drawn_once_and_in_order_by_any_number_of_ranks() {
    // 50 samples in calls of 16; 3 on more ranks than samples.
    for settings in [
        Settings::new().count(50).batch(16).steps(3).first(7).snapshots(2),
        Settings::new().count(3).steps(4).rng(NoiseSource::TorchEach),
        Settings::new().steps(2).interpolate(4),
    ] {
        let alone = Samples::joined(&drawn(&Cluster::alone(), &settings).unwrap());
        for ranks in [2, 3, 5] {
            let mut found = on_threads(ranks, |cluster| drawn(&cluster, &settings).unwrap());
            assert!(found[1..].iter().all(Vec::is_empty));
            let batches = found.swap_remove(0);
            let indices = batches.iter().flat_map(Samples::indices);
            assert!(indices.eq(alone.indices()), "{ranks} ranks");
            assert!(Samples::joined(&batches) == alone, "{ranks} ranks");
        }
    }
}

#[test]
fn noise_that_is_one_draw_is_refused_by_name_on_several_ranks() {
    let settings = Settings::new().count(4).steps(2).rng(NoiseSource::Torch);
    let refused = on_threads(2, |cluster| drawn(&cluster, &settings).unwrap_err());
    let sources = |error: &Error| {
        let first: Option<&(dyn std::error::Error + 'static)> = Some(error);
        let chain = std::iter::successors(first, |error| error.source());
        chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
    };
    assert_eq!(
        sources(&refused[0]),
        "`rng` torch: the noise of all samples is drawn as one, which 2 ranks can't share: use one rank, or \
         another `rng`"
    );
}
