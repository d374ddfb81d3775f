//! Likelihoods that several ranks measure, which are threads here, are those of one process.

#![cfg(feature = "datasets")]
#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use ancestral_cluster::{Cluster, on_threads};
use ancestral_eval::{Flow, Reference, decoder_of, flow_likelihood, variational_bound};
use ancestral_pipeline::{Engine, Model, Pipeline, Settings};

/// Both reports of so many rows as JSON, which writes every bit.
fn reports(cluster: &Cluster, rows: usize) -> [String; 2] {
    let engine = Engine::default().with_threads(1).unwrap().in_cluster(cluster.clone());
    let model = Model::built_in();
    let data = Reference::read(None, &model, true, None, drop).unwrap().spread(rows);
    let pipeline = Pipeline::new(model, &engine).unwrap();
    let (settings, decoder) = (Settings::new().steps(5).batch(2), decoder_of(&data.rows));
    let mut ignore = |_: u64, _: u64, _: &str| ();
    let bound = variational_bound(&pipeline, &settings, &data, decoder, &mut ignore).unwrap();
    let flow = Flow { steps: 2, probes: Some(2) };
    let flow = flow_likelihood(&pipeline, &settings, &data, decoder, flow, &mut ignore).unwrap();
    [serde_json::to_string(&bound).unwrap(), serde_json::to_string(&flow).unwrap()]
}

#[test]
fn any_number_of_ranks_measures_the_bits_of_one_process() {
    for (rows, all_ranks) in [(7, &[2, 3][..]), (2, &[5])] {
        let alone = reports(&Cluster::alone(), rows);
        assert!(alone.iter().all(|report| report.contains("\"bits\":")), "{alone:?}");
        for ranks in all_ranks {
            let found = on_threads(*ranks, |cluster| reports(&cluster, rows));
            assert_eq!(found[0], alone, "{rows} rows, {ranks} ranks");
        }
    }
}
