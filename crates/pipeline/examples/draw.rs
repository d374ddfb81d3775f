//! Opens a model folder, draws 16 samples and writes them as a PNG.

use ancestral_pipeline::{Format, Pipeline, Settings, Show, View};

pub(crate) fn draw(model: &str, png: &str) -> Result<(), Box<dyn std::error::Error>> {
    let pipeline = Pipeline::open(model)?;
    let samples = pipeline.sample(&Settings::new().count(16).seed(7).steps(50))?;
    let bytes = Show::of(pipeline.model()).encode(&samples, Format::Png, View::Samples, &[])?;
    Ok(std::fs::write(png, bytes)?)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    draw("crates/pipeline/models/digits", "samples.png")
}
