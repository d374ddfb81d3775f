//! Help texts that list the choices.

use ancestral::grid::LevelSpacing;
use ancestral::sampler::SamplerInfo;
use ancestral::schedule::ScheduleInfo;
use ancestral::{AnySampler, AnySchedule, LossWeight, Sampler, Spacing};
use ancestral_data::{BUILTIN, TOYS};

#[cfg(feature = "train")]
pub fn data_help() -> String {
    format!(
        "What to learn: a picture or a folder of pictures, .npy or .npz, IDX (.gz too), .csv with \
         a header; or, where no file or folder has that name, built in: {}, or the toy sets {}",
        BUILTIN.join(", "),
        TOYS.join(", ")
    )
}

pub fn sampler_help() -> String {
    let names: Vec<_> = AnySampler::all().iter().map(|sampler| sampler.info().name).collect();
    format!("The sampler: {} [default: the model's, else ddpm]", names.join(", "))
}

pub fn sampler_long_help() -> String {
    let line = |sampler: AnySampler| {
        let SamplerInfo { name, about, options, .. } = sampler.info();
        format!("- {}", entry(name, about, options))
    };
    let lines: Vec<_> = AnySampler::all().into_iter().map(line).collect();
    format!("The sampler [default: the model's, else ddpm]:\n{}", lines.join("\n"))
}

pub fn spacing_help() -> String {
    format!(
        "Spacing of the steps: over timesteps, {}, beta; over noise levels, {} (karras:rho=7) [default: \
         the model's]",
        Spacing::NAMES.join(", "),
        LevelSpacing::NAMES.join(", ")
    )
}

pub fn schedule_help() -> String {
    let line = |family: &AnySchedule| {
        let ScheduleInfo { name, about, options, .. } = family.info();
        entry(name, about, options)
    };
    let lines: Vec<_> = AnySchedule::all().iter().map(line).collect();
    let lines = lines.join("; ");
    format!("Noise schedule: {lines} [default: linear; in training, by the data]")
}

#[cfg(feature = "train")]
pub fn loss_weight_help() -> String {
    let lines: Vec<_> =
        LossWeight::LIST.iter().map(|info| entry(info.name, info.about, info.options)).collect();
    format!("How much an error at each noise level counts: {} [default: uniform]", lines.join("; "))
}

pub fn entry(name: &str, about: &str, options: &[ancestral::options::OptionInfo]) -> String {
    let options: Vec<_> =
        options.iter().map(|o| format!("{}={}: {}", o.name, o.default, o.about)).collect();
    if options.is_empty() {
        format!("{name} ({about})")
    } else {
        format!("{name} ({about}; {})", options.join("; "))
    }
}
