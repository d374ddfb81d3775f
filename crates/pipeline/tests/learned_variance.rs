//! Models that a training with a learned variance writes are drawn from as any other.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use ancestral::Variance;
use ancestral_cpu::train::TrainingNetwork;
use ancestral_format::{About, AboutData, ModelFolder};
use ancestral_learn::{Recipe, Source, Trainer, TrainingSet};
use ancestral_pipeline::{Model, Pipeline, Settings};

/// What a short training learns.
fn trained(variance: Variance, data: TrainingSet) -> ModelFolder {
    // Rows of points are not clipped: an untrained variance would carry them away.
    let (steps, width) = if data.is_pictures() { (3, vec![8, 16]) } else { (400, vec![16]) };
    let recipe = Recipe {
        steps: Some(steps),
        batch: Some(8),
        width: Some(width),
        variance: Some(variance),
        ..Recipe::default()
    };
    let request = recipe.request(Source::plain("test"), &data).unwrap();
    let network = TrainingNetwork::new(request.training.precision, &request.network).unwrap();
    let shape = data.shape().to_vec();
    let mut trainer = Trainer::new(&request, network, data).unwrap();
    for _ in 0..steps {
        trainer.step().unwrap();
    }
    let data = AboutData { shape, ..AboutData::default() };
    trainer.model(About { data, ..About::default() }).unwrap()
}

fn waves(shape: &[usize]) -> TrainingSet {
    let values = (0..10 * shape.iter().product::<usize>()).map(|i| (i as f32 * 0.7).sin());
    TrainingSet::new(shape.to_vec(), values.collect()).unwrap()
}

#[test]
fn a_folder_with_a_learned_variance_is_drawn_from() {
    for variance in [Variance::LearnedRange, Variance::Learned] {
        for shape in [vec![1, 8, 8], vec![2]] {
            let folder = tempfile::tempdir().unwrap();
            trained(variance, waves(&shape)).write(folder.path()).unwrap();
            let model = Model::open(folder.path(), None).unwrap().value;
            assert!(model.predicts_variance());
            assert_eq!(model.folder().scheduler.variance(), variance);
            let pipeline = Pipeline::open(folder.path()).unwrap();
            let draw = |settings: Settings| {
                let samples = pipeline.sample(&settings.count(3).seed(1).steps(20)).unwrap();
                assert_eq!(samples.x.row_shape(), shape);
                assert!(samples.x.data().iter().all(|value| value.is_finite()), "{variance}");
                samples.x.into_data()
            };
            let learned = draw(Settings::new());
            // The model's own variance is the default; another one, or none, gives other samples.
            assert_eq!(learned, draw(Settings::new().variance(variance.name())));
            assert_ne!(learned, draw(Settings::new().variance("fixed-small")));
            assert_ne!(learned, draw(Settings::new().sampler("ddim")));
        }
    }
}
