//! `ancestral inspect`: what is in a model, the table of a schedule, and the devices that compute.

mod devices;
mod schedule;

use ancestral::compat;
use ancestral_cpu::{CpuNetwork, instruction_set};
use ancestral_data::Columns;
use ancestral_format::{Dtype, ModelFolder, NetworkConfig, counted, joined, short};
use ancestral_pipeline::{Model, Precision, Process, Settings, predicted};
use anyhow::{Context, Result, bail};
use serde::Serialize;
use serde_json::json;

use crate::args::{InspectArgs, InspectWhat, ProcessArgs};
use crate::failure::{note, on_its_line};
use crate::flags::flagged;
use crate::open::Wanted;

pub fn run(args: &InspectArgs) -> Result<()> {
    let text = match (&args.what, &args.model) {
        (Some(InspectWhat::Schedule(args)), _) => schedule::text(args)?,
        (Some(InspectWhat::Devices(args)), _) => devices::text(args)?,
        (None, model) => {
            let (path, variant) = (model.as_deref(), args.variant.as_deref());
            let model = Wanted { path, variant, size: None, quiet: false }.model()?;
            check(&model)?;
            let compat = Compat::of(&args.process, &model)?;
            if args.columns {
                columns(&model)?
            } else if args.plan {
                plan(&model, args.precision.unwrap_or_default())?
            } else if args.json {
                model_json(&model, compat.as_ref())?
            } else {
                model_text(&model, compat.as_ref())
            }
        }
    };
    super::print(&text)
}

/// Checks that the weights fit the network of the model.
fn check(model: &Model) -> Result<()> {
    let folder = model.folder();
    for weights in [Some(&folder.weights), folder.raw_weights.as_ref()].into_iter().flatten() {
        let fits = CpuNetwork::check(&folder.network, weights);
        fits.with_context(|| format!("model {}", model.name()))?;
    }
    Ok(())
}

/// What the columns of a model of tables are, as a schema.
fn columns(model: &Model) -> Result<String> {
    match model.columns() {
        Some(columns) => Ok(columns.schema().to_json()),
        None => bail!("--columns: samples of model {} are pictures", model.name()),
    }
}

/// How the engine for CPUs computes the network of a model.
fn plan(model: &Model, precision: Precision) -> Result<String> {
    precision.check().with_context(|| format!("--precision {precision}"))?;
    let ModelFolder { network, weights, .. } = model.folder();
    let network = CpuNetwork::load_in(precision, network, weights.clone());
    let network = network.with_context(|| format!("model {}", model.name()))?;
    let first = format!("instructions: {}", instruction_set());
    let lines = std::iter::once(first).chain(network.describe());
    Ok(lines.fold(String::new(), |text, line| text + &line + "\n"))
}

/// The differences between our run with some settings and the run of diffusers.
#[derive(Serialize)]
struct Compat {
    sampler: String,
    steps: usize,
    /// One sentence each, if diffusers has such a run.
    differences: Option<Vec<String>>,
    /// Why diffusers has no such run.
    refusal: Option<String>,
}

impl Compat {
    /// `None` for networks that diffusers lacks. Also `None`, with a warning, if there is no run and no
    /// flag is the cause.
    fn of(args: &ProcessArgs, model: &Model) -> Result<Option<Self>> {
        if model.columns().is_some() {
            return Ok(None);
        }
        let settings = args.settings();
        let process = match Process::new(&settings, model).map_err(flagged) {
            Ok(process) => process.value,
            Err(error) => {
                let text = format!("{error:#}");
                let of_model = Process::new(&Settings::new(), model).map_err(flagged).err();
                if of_model.is_none_or(|of_model| format!("{of_model:#}") != text) {
                    return Err(error);
                }
                note(false, format_args!("warning: {text}"));
                return Ok(None);
            }
        };
        let sentences = |found: Vec<compat::Difference>| {
            found.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let (differences, refusal) = match process.differences(&settings, model).map_err(flagged) {
            Ok(found) => (Some(sentences(found)), None),
            Err(error) => (None, Some(format!("{error:#}"))),
        };
        Ok(Some(Self { sampler: process.sampler(), steps: process.hops(), differences, refusal }))
    }

    /// As lines of text.
    fn lines(&self) -> Vec<String> {
        let run = format!("{} of {}", counted(self.steps, "step"), self.sampler);
        if let Some(reason) = &self.refusal {
            return vec![format!("{run}: not in diffusers ({reason})")];
        }
        match self.differences.as_deref().unwrap_or_default() {
            [] => vec![format!("{run}: diffusers does the same")],
            sentences => {
                let differ = format!("{run}: diffusers differs");
                std::iter::once(differ).chain(sentences.iter().cloned()).collect()
            }
        }
    }
}

/// The types in which the weights of a model are stored.
fn stored_as(model: &Model) -> String {
    let count = |dtype: Dtype| {
        model.folder().weights.iter().filter(|(_, array)| array.dtype() == dtype).count()
    };
    let kinds = Dtype::ALL.map(|dtype| (dtype, count(dtype)));
    let kinds = kinds.iter().filter(|(_, count)| *count > 0);
    kinds.map(|(dtype, count)| format!("{count} {dtype:?}")).collect::<Vec<_>>().join(", ")
}

fn model_text(model: &Model, compat: Option<&Compat>) -> String {
    let folder = model.folder();
    let scheduler = &folder.scheduler;
    let list = |items: &[String]| items.join(", ");
    let (samples, network) = structure(&folder.network);
    let mut rows = vec![
        ("model", model.name().to_owned()),
        ("samples", samples),
        ("network", format!("{network}, {} parameters", folder.weights.parameters())),
        ("tensors", stored_as(model)),
        ("raw weights", if folder.raw_weights.is_some() { "yes" } else { "no" }.to_owned()),
        ("predicts", predicted(scheduler, model.categories())),
        (
            "schedule",
            format!(
                "{}, T = {}, alpha_bar from {:.6} to {:.4e}",
                if scheduler.trained_betas.is_some() {
                    "trained_betas"
                } else {
                    scheduler.beta_schedule.name()
                },
                model.schedule().len(),
                model.schedule().level(0).alpha_bar(),
                model.schedule().noisiest().alpha_bar()
            ),
        ),
        ("scheduler", scheduler.class.to_string()),
        ("variance", scheduler.variance_type.to_string()),
        ("spacing", scheduler.timestep_spacing.to_string()),
        ("clips to", clipping(scheduler)),
    ];
    let columns = model.columns().into_iter().flat_map(Columns::as_slice);
    rows.extend(columns.map(|column| ("column", column.to_string())));
    if let Some(about) = &folder.about {
        rows.push(("data", about.data.name.clone()));
        rows.extend(about.data.class_names.as_deref().map(|names| ("classes", list(names))));
        if let Some(training) = &about.training {
            let loss = training.final_loss.map_or("unknown".to_owned(), |l| format!("{l:.4}"));
            let (steps, batch) = (training.steps, training.batch);
            rows.push((
                "trained",
                format!("{} of {batch}, loss {loss} at the end", counted(steps, "step")),
            ));
            rows.push(("made by", training.command.clone()));
        }
    }
    rows.extend(compat.iter().flat_map(|compat| compat.lines()).map(|line| ("compat", line)));
    rows.push(("sha256", model.digest().to_owned()));
    rows.iter().fold(String::new(), |text, (key, value)| {
        format!("{text}{key:<12} {}\n", on_its_line(value))
    })
}

/// The kind of the samples, and the network that draws them.
fn structure(network: &NetworkConfig) -> (String, String) {
    match network {
        NetworkConfig::UNet(unet) => {
            let size = unet.sample_size.map_or("any size".to_owned(), |[h, w]| format!("{h}x{w}"));
            let channels = joined(&unet.block_out_channels, "-");
            (
                format!("{} of {size}", counted(unet.in_channels, "channel")),
                format!("U-Net {channels} with {}", counted(unet.layers_per_block, "layer")),
            )
        }
        NetworkConfig::Mlp(mlp) => (
            format!("rows of {}", counted(mlp.columns, "column")),
            format!("MLP of {}, {} wide", counted(mlp.blocks, "residual block"), mlp.width),
        ),
    }
}

fn clipping(scheduler: &ancestral_format::SchedulerConfig) -> String {
    if scheduler.thresholding {
        let ratio = scheduler.dynamic_thresholding_ratio;
        format!(
            "the quantile {ratio} of each sample, at most {}",
            short(scheduler.sample_max_value)
        )
    } else if scheduler.clip_sample {
        format!("±{}", short(scheduler.clip_sample_range))
    } else {
        "nothing".to_owned()
    }
}

fn model_json(model: &Model, compat: Option<&Compat>) -> Result<String> {
    let folder = model.folder();
    let parsed = |text: String| serde_json::from_str::<serde_json::Value>(&text);
    let about = folder.about.as_ref().map(|about| parsed(about.to_json())).transpose()?;
    let tensors: serde_json::Map<_, _> = folder
        .weights
        .iter()
        .map(|(name, array)| {
            let dtype = format!("{:?}", array.dtype());
            (name.clone(), json!({ "dtype": dtype, "shape": array.shape() }))
        })
        .collect();
    let json = json!({
        "model": model.name(),
        "sha256": model.digest(),
        "parameters": folder.weights.parameters(),
        folder.network.kind().name(): parsed(folder.network.to_json())?,
        "scheduler": parsed(folder.scheduler.to_json())?,
        "about": about,
        "compat": compat,
        "tensors": tensors,
    });
    Ok(serde_json::to_string_pretty(&json)? + "\n")
}
