//! Trajectories in any company are those that run alone.

#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod common;

use std::num::NonZeroUsize;

use ancestral::{AnySampler, Sampler};
use ancestral_pipeline::{Batch, Batcher, Call, Event, NetworkError, Pipeline, Samples, Settings};
use common::{bits, settings};

fn rows(rows: usize) -> NonZeroUsize {
    NonZeroUsize::new(rows).unwrap()
}

/// Forty requests of different samplers, steps, classes and guidance; some of diffusers' schedulers.
fn requests() -> Vec<Settings> {
    let samplers = AnySampler::all();
    (0..40)
        .map(|i: usize| {
            let sampler = &samplers[i % samplers.len()];
            let new = Settings::new().seed(i as u64).count(1 + i % 3).first(i as u64 % 5);
            let new = new.sampler(sampler.to_string()).steps(2 + i % 7);
            match i % 5 {
                0 => new.class((i % 10).to_string()).guidance(3.0),
                1 => new.class("none"),
                2 => new.class((i % 10).to_string()).guidance(2.0).guidance_interval([0.2, 5.0]),
                3 => new.rng(ancestral_pipeline::NoiseSource::TorchEach),
                _ => settings(&format!(
                    r#"{{"compat": "diffusers", "seed": {i}, "count": 2, "steps": {}, "sampler": "{}"}}"#,
                    5 + i % 4,
                    ["ddim", "ddpm", "unipc", "euler", "pndm", "dpmpp-2m", "heun"][i % 7]
                )),
            }
        })
        .collect()
}

#[test]
fn forty_that_come_and_go_are_each_as_alone() {
    let pipeline = Pipeline::built_in().unwrap();
    let requests = requests();
    for most in [1, 5, 32, 256] {
        let mut batcher = Batcher::new(rows(most));
        let mut found: Vec<Option<Samples>> = vec![None; requests.len()];
        let (mut next, mut turn, mut largest) = (0, 0, 0);
        while next < requests.len() || !batcher.is_empty() {
            // They arrive in twos and threes, at any turn.
            for _ in 0..if turn % 3 == 0 { 2 + turn % 2 } else { 0 } {
                if let Some(settings) = requests.get(next) {
                    let plan = pipeline.plan(settings).unwrap();
                    batcher.add(next, plan.trajectory(plan.indices()));
                    next += 1;
                }
            }
            // One that nobody waits for any more is not in the next call.
            if turn == 7 {
                let plan = pipeline.plan(&Settings::new().steps(50)).unwrap();
                batcher.add(1000, plan.trajectory(plan.indices()));
            }
            if turn == 9 {
                assert_eq!(batcher.cancel(&1000), 1);
                assert_eq!(batcher.cancel(&1000), 0);
            }
            let events = batcher.turn(|call| {
                largest = largest.max(call.x.rows());
                pipeline.predict(call)
            });
            for (key, event) in events {
                match event {
                    Event::Done(samples) => found[key] = Some(samples),
                    Event::Step(step) => assert!(step.done <= step.of),
                    event @ (Event::Failed(_) | _) => panic!("{event:?}"),
                }
            }
            turn += 1;
        }
        assert!(largest <= most && (most > 32 || largest == most), "{largest} of {most} rows");
        for (i, (found, settings)) in found.iter().zip(&requests).enumerate() {
            let alone = pipeline.sample(settings).unwrap();
            assert_eq!(bits(found.as_ref().unwrap()), bits(&alone), "request {i}, calls of {most}");
        }
    }
}

#[test]
fn none_waits_for_ever_beside_a_crowd() {
    let pipeline = Pipeline::built_in().unwrap();
    let mut batcher = Batcher::new(rows(4));
    for key in 0..30 {
        let settings = Settings::new().count(4).steps(3).seed(key).sampler("ddim");
        let plan = pipeline.plan(&settings).unwrap();
        batcher.add(key, plan.trajectory(plan.indices()));
    }
    // A call is of one of them: after thirty turns each has made a step.
    let mut steps = [0; 30];
    for _ in 0..30 {
        for (key, event) in batcher.turn(|call| pipeline.predict(call)) {
            assert!(matches!(event, Event::Step(_)));
            steps[usize::try_from(key).unwrap()] += 1;
        }
    }
    assert_eq!(steps, [1; 30]);
}

#[test]
fn a_call_that_fails_takes_only_its_own_with_it() {
    let pipeline = Pipeline::built_in().unwrap();
    let mut batcher = Batcher::new(rows(64));
    for key in 0..3_u64 {
        let settings = Settings::new().count(2).steps(2).seed(key).class(key.to_string());
        let plan = pipeline.plan(&settings).unwrap();
        batcher.add(key, plan.trajectory(plan.indices()));
    }
    // The network fails where there is a row of class 1.
    let predict = |call: &Call| -> Result<Batch, NetworkError> {
        match call.labels.as_ref().unwrap().iter().position(|label| *label == 1) {
            Some(row) => Err(NetworkError::Label { label: 1, row, count: 1 }),
            None => pipeline.predict(call),
        }
    };
    let (mut failed, mut done) = (Vec::new(), Vec::new());
    while !batcher.is_empty() {
        for (key, event) in batcher.turn(predict) {
            match event {
                Event::Failed(NetworkError::Label { label: 1, .. }) => failed.push(key),
                Event::Done(samples) => done.push((key, bits(&samples))),
                Event::Step(_) => {}
                event @ (Event::Failed(_) | _) => panic!("{event:?}"),
            }
        }
    }
    assert_eq!(failed, [1]);
    done.sort_unstable();
    for (key, bits_found) in done {
        let settings = Settings::new().count(2).steps(2).seed(key).class(key.to_string());
        assert_eq!(bits_found, bits(&pipeline.sample(&settings).unwrap()));
    }
}

#[test]
fn every_sampler_names_its_calls() {
    let pipeline = Pipeline::built_in().unwrap();
    for sampler in AnySampler::all() {
        let settings = Settings::new().count(3).steps(4).sampler(sampler.info().name);
        let plan = pipeline.plan(&settings).unwrap();
        let (samples, calls) = common::by_hand(&pipeline, &plan);
        assert_eq!(calls, plan.calls(), "{sampler}");
        assert_eq!(bits(&samples), bits(&pipeline.sample(&settings).unwrap()), "{sampler}");
    }
}

/// Takes turns of 8 rows among trajectories of 4 rows and many steps, with these owners, and counts the
/// steps of each owner.
fn steps_of_owners(batcher: &mut Batcher<u64>, pipeline: &Pipeline, turns: usize) -> [usize; 3] {
    let mut steps = [0; 3];
    for _ in 0..turns {
        for (owner, event) in batcher.turn(|call| pipeline.predict(call)) {
            assert!(matches!(event, Event::Step(_)));
            steps[usize::try_from(owner).unwrap()] += 1;
        }
    }
    steps
}

#[test]
fn owners_share_rows_evenly_however_many_trajectories_they_have() {
    let pipeline = Pipeline::built_in().unwrap();
    let settings = Settings::new().count(4).steps(900).sampler("ddim");
    let plan = pipeline.plan(&settings).unwrap();
    let mut batcher = Batcher::new(rows(8));
    let add = |batcher: &mut Batcher<u64>, owner, count| {
        for _ in 0..count {
            batcher.add_of(owner, owner, plan.trajectory(plan.indices()));
        }
    };
    add(&mut batcher, 0, 20);
    assert_eq!(steps_of_owners(&mut batcher, &pipeline, 10), [20, 0, 0]);
    // One trajectory beside twenty has a step in each turn, from the next one on,
    add(&mut batcher, 1, 1);
    assert_eq!(steps_of_owners(&mut batcher, &pipeline, 10), [10, 10, 0]);
    // and with a third owner each has a third, although two came later.
    add(&mut batcher, 2, 5);
    let steps = steps_of_owners(&mut batcher, &pipeline, 30);
    assert!(steps.iter().all(|steps| (18..=22).contains(steps)), "{steps:?}");
}
