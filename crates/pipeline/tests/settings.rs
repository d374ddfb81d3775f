//! Settings are refused by name before anything is computed, and mean the same however they come.

#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod common;

use std::sync::Arc;

use ancestral_pipeline::{
    Batch, Engine, Error, Known, Model, Pipeline, Plan, Precision, Setting, Settings,
};
use common::{bits, by_hand, settings};

#[test]
fn calls_of_pndm_are_counted_and_kept_within_a_limit() {
    let model = Arc::new(Model::built_in());
    let calls = |settings: &Settings| Plan::new(&model, settings).unwrap().calls();
    let pndm = Settings::new().sampler("pndm");
    // Three hops of four calls, then one each.
    assert_eq!(calls(&pndm.clone().steps(20)), 3 * 4 + 17);
    assert!((1..=20).contains(&calls(&pndm.calls(20))));
}

#[test]
#[expect(clippy::too_many_lines, reason = "one line a setting")]
fn what_cannot_be_had_names_its_setting() {
    let model = Arc::new(Model::built_in());
    let row = |columns: usize| Batch::zeros(1, vec![1, 8, columns]);
    let [known, all] = [4, 8].map(|columns| Known::new(row(columns), row(columns)).unwrap());
    for (settings, setting, text) in vec![
        (Settings::new().steps(0), Setting::Steps, "`steps`: 0 steps asked"),
        (Settings::new().calls(0), Setting::Calls, "`calls` 0: "),
        (Settings::new().calls(5).steps(5), Setting::Calls, "not together with `steps`"),
        (Settings::new().sampler("eulr"), Setting::Sampler, "unknown sampler \"eulr\""),
        (Settings::new().sampler("heun").eta(0.5), Setting::Eta, "`sampler` is heun"),
        (Settings::new().eta(2.0), Setting::Eta, "expected a number from 0 to 1"),
        (Settings::new().variance("big"), Setting::Variance, "big"),
        (Settings::new().spacing("even"), Setting::Spacing, "unknown spacing \"even\""),
        (Settings::new().visit(vec![3, 3]), Setting::Visit, "must descend"),
        (Settings::new().class("eleven"), Setting::Class, "no such class: expected one of 0, 1"),
        (Settings::new().null_label(11), Setting::NullLabel, "labels 0 to 10"),
        (
            Settings::new().null_label(9),
            Setting::NullLabel,
            "label 10 is the one that means no class",
        ),
        (Settings::new().guidance(-1.0), Setting::Guidance, "-1"),
        (Settings::new().guidance_rescale(0.5), Setting::GuidanceRescale, "needs `guidance`"),
        (
            Settings::new().class("3").guidance(2.0).guidance_interval([5.0, 0.2]),
            Setting::GuidanceInterval,
            "the lower first",
        ),
        (Settings::new().strength(0.5), Setting::Strength, "needs `from`"),
        (Settings::new().from(row(8)).strength(1.5), Setting::Strength, "outside (0, 1]"),
        (Settings::new().init(row(9)), Setting::Init, "expected [n, 1, 8, 8]"),
        (Settings::new().inpaint(known.clone()), Setting::Inpaint, "expected [n, 1, 8, 8]"),
        (Settings::new().given(known), Setting::Given, "expected [n, 1, 8, 8]"),
        (
            Settings::new().given(all.clone()).sampler("heun"),
            Setting::Given,
            "by ddpm, not by heun",
        ),
        (Settings::new().given(all).init(row(8)), Setting::Given, "not together with `init`"),
        (Settings::new().init(row(8)).count(2), Setting::Count, "`init` has 1 row"),
        (Settings::new().interpolate(2).init(row(8)), Setting::Interpolate, "expected 2"),
        (Settings::new().interpolate(2).sampler("ddpm"), Setting::Interpolate, "draws noise"),
        (Settings::new().count(0), Setting::Count, "at least 1"),
        (Settings::new().batch(0), Setting::Batch, "at least 1"),
        (Settings::new().first(u64::MAX).count(2), Setting::First, "would be above"),
        (Settings::new().count(1 << 60), Setting::Count, "GiB of memory"),
        (
            settings(r#"{"compat": "diffusers", "sampler": "dpmpp-sde"}"#),
            Setting::Sampler,
            "diffusers has no scheduler of that kind",
        ),
        (settings(r#"{"compat": "diffusers", "calls": 5}"#), Setting::Calls, "set `steps`"),
        (
            settings(r#"{"compat": "diffusers", "guidance": 2, "class": "3"}"#),
            Setting::Guidance,
            "not with `compat`",
        ),
        (settings(r#"{"rng": "torch", "first": 2}"#), Setting::First, "`rng` torch-each"),
    ] {
        match Plan::new(&model, &settings) {
            Err(Error::Setting(error)) => {
                assert_eq!(error.setting, setting, "{error}");
                let message = error.to_string();
                assert!(message.contains(text), "{text}: {message}");
            }
            other => panic!("{settings:?}: {other:?}"),
        }
    }
}

#[test]
fn unknown_names_and_wrong_types_are_no_settings() {
    for text in [
        r#"{"step": 5}"#,
        r#"{"steps": -3}"#,
        r#"{"steps": "5"}"#,
        r#"{"seed": 18446744073709551616}"#,
        r#"{"compat": "keras"}"#,
        r#"{"init": [1]}"#,
    ] {
        assert!(serde_json::from_str::<Settings>(text).is_err(), "{text}");
    }
    // The largest seeds come back digit by digit.
    for seed in [0, 9_007_199_254_740_993, u64::MAX] {
        let json = serde_json::to_string(&Settings::new().seed(seed)).unwrap();
        assert_eq!(settings(&json).seed, seed);
    }
}

#[test]
fn batches_and_threads_change_no_bit() {
    let pipeline = Pipeline::built_in().unwrap();
    let drawn = Settings::new().count(7).seed(3).steps(4).class("5").guidance(2.0);
    let all = pipeline.sample(&drawn).unwrap();
    for batch in [1, 2, 100] {
        let parts = pipeline.sample(&drawn.clone().batch(batch)).unwrap();
        assert_eq!(bits(&parts), bits(&all), "batches of {batch}");
        let plan = pipeline.plan(&drawn.clone().batch(batch)).unwrap();
        assert_eq!(bits(&by_hand(&pipeline, &plan).0), bits(&all));
    }
    for threads in [1, 3] {
        let engine = Engine::new("cpu", Precision::F32).unwrap().with_threads(threads).unwrap();
        let pipeline = Pipeline::new(Model::built_in(), &engine).unwrap();
        assert_eq!(bits(&pipeline.sample(&drawn).unwrap()), bits(&all), "{threads} threads");
    }
    // Two at once, from two threads.
    let again = std::thread::scope(|scope| {
        let runs = [0, 1].map(|_| scope.spawn(|| pipeline.sample(&drawn).unwrap()));
        runs.map(|run| run.join().unwrap())
    });
    assert!(again.iter().all(|samples| bits(samples) == bits(&all)));
}

#[test]
fn inpainting_and_torch_noise_wait_as_all_do() {
    let pipeline = Pipeline::built_in().unwrap();
    let half = |value| [vec![value; 32], vec![0.0; 32]].concat();
    let known =
        Known::new(Batch::new(vec![1, 8, 8], half(0.5)), Batch::new(vec![1, 8, 8], half(1.0)));
    let known = known.unwrap();
    for json in [
        r#"{"count": 5, "steps": 6, "batch": 2}"#,
        r#"{"count": 5, "steps": 6, "batch": 2, "rng": "torch"}"#,
        r#"{"count": 5, "steps": 6, "sampler": "heun", "class": "2", "guidance": 3}"#,
    ] {
        let settings = settings(json).inpaint(known.clone());
        let samples = pipeline.sample(&settings).unwrap();
        assert!(samples.x.iter_rows().all(|row| row[..32] == [0.5; 32]));
        let (found, _) = by_hand(&pipeline, &pipeline.plan(&settings).unwrap());
        assert_eq!(bits(&found), bits(&samples), "{json}");
    }
}

#[test]
fn a_run_that_is_dropped_calls_no_more() {
    let pipeline = Pipeline::built_in().unwrap();
    let mut steps = pipeline.steps(&Settings::new().count(130).steps(5)).unwrap();
    assert_eq!(steps.total(), 3 * 5);
    let seen: Vec<(usize, u64)> = steps
        .by_ref()
        .take(7)
        .map(|step| step.map(|step| (step.done, step.indices.start)).unwrap())
        .collect();
    assert_eq!(seen[4..], [(5, 0), (1, 64), (2, 64)]);
    let finished = steps.finished();
    assert_eq!(finished.len(), 1);
    assert_eq!(finished[0].indices(), 0..64);
    assert!(steps.finished().is_empty());
}

#[test]
fn predictions_of_another_shape_are_refused_and_change_nothing() {
    let pipeline = Pipeline::built_in().unwrap();
    let plan = pipeline.plan(&Settings::new().count(2).steps(2)).unwrap();
    let mut trajectory = plan.trajectory(plan.indices());
    let zeros = |rows, shape: &[usize]| Batch::zeros(rows, shape.to_vec());
    assert!(trajectory.answer(zeros(2, &[1, 8, 8])).is_err(), "nothing was asked yet");
    let mut calls = 0;
    loop {
        match trajectory.poll() {
            ancestral_pipeline::Poll::Call(_) => {
                for wrong in [zeros(1, &[1, 8, 8]), zeros(2, &[1, 8, 9]), zeros(2, &[3, 8, 8])] {
                    let error = trajectory.answer(wrong).unwrap_err().to_string();
                    assert!(error.contains("expected 2 rows of [1, 8, 8]"), "{error}");
                }
                trajectory.answer(zeros(2, &[1, 8, 8])).unwrap();
                calls += 1;
            }
            ancestral_pipeline::Poll::Step(_) => {}
            ancestral_pipeline::Poll::Done(_) => break,
        }
    }
    assert_eq!(calls, 2);
}

#[test]
fn another_size_is_drawn_where_the_network_allows_it() {
    let model = || Model::built_in().with_size([16, 24]).unwrap();
    let pipeline = Pipeline::new(model(), &Engine::default()).unwrap();
    let samples = pipeline.sample(&Settings::new().count(2).steps(2)).unwrap();
    assert_eq!(samples.x.row_shape(), [1, 16, 24]);
    assert!(samples.x.data().iter().all(|x| x.is_finite()));
    let error = Model::built_in().with_size([9, 8]).unwrap_err().to_string();
    assert!(error.contains("multiples of 2: 10x8 is the nearest"), "{error}");
}
