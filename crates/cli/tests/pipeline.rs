//! The command draws what the library draws, alone and in shared calls.

mod common;

use std::num::NonZeroUsize;

use ancestral_data::read_npy;
use ancestral_pipeline::{Batcher, Compat, Event, NoiseSource, Pipeline, Settings};
use common::Folder;

/// Flags, and the same as settings.
fn pairs() -> Vec<(&'static str, Settings)> {
    let new = || Settings::new().count(3).steps(4);
    vec![
        ("", new()),
        ("--seed 5 --first 7", new().seed(5).first(7)),
        ("--sampler heun --class 3", new().sampler("heun").class("3")),
        ("--sampler dpmpp-sde --class none", new().sampler("dpmpp-sde").class("none")),
        (
            "--sampler unipc:order=3 --class 7 --guidance 3 --guidance-rescale 0.5",
            new().sampler("unipc:order=3").class("7").guidance(3.0).guidance_rescale(0.5),
        ),
        (
            "--eta 0.5 --class 1 --guidance 2 --guidance-interval 0.2,5 --spacing karras",
            new().eta(0.5).class("1").guidance(2.0).guidance_interval([0.2, 5.0]).spacing("karras"),
        ),
        ("--variance fixed-large --no-clip", new().variance("fixed-large").clip(false)),
        ("--rng torch", new().rng(NoiseSource::Torch)),
        ("--compat diffusers --sampler pndm", new().compat(Compat::Diffusers).sampler("pndm")),
        (
            "--compat diffusers --rng torch-each --sampler dpmpp-2m",
            new().compat(Compat::Diffusers).rng(NoiseSource::TorchEach).sampler("dpmpp-2m"),
        ),
    ]
}

#[test]
fn the_command_and_the_library_draw_the_same_alone_and_together() {
    let folder = Folder::new();
    let pipeline = Pipeline::built_in().unwrap();
    let mut batcher = Batcher::new(NonZeroUsize::new(5).unwrap());
    let mut expected = Vec::new();
    for (key, (flags, settings)) in pairs().into_iter().enumerate() {
        let steps = if flags.contains("pndm") { 5 } else { 4 };
        folder.run(&format!("sample -n 3 --steps {steps} {flags} --quiet --force -o x.npy"));
        expected.push((flags, read_npy(&folder.path("x.npy")).unwrap().into_parts().1));
        let plan = pipeline.plan(&settings.steps(steps)).unwrap();
        batcher.add(key, plan.trajectory(plan.indices()));
    }
    let mut done = 0;
    while !batcher.is_empty() {
        for (key, event) in batcher.turn(|call| pipeline.predict(call)) {
            if let Event::Done(samples) = event {
                let (flags, expected) = &expected[key];
                assert_eq!(samples.x.data(), expected, "{flags}");
                done += 1;
            }
        }
    }
    assert_eq!(done, expected.len());
}
