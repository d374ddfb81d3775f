//! Models from files in memory, with their networks; and models whose network is the host's.

use std::sync::Arc;

use ancestral_data::{Column, Pictures};
use ancestral_format::{Loaded, ModelFolder, SchedulerConfig};
use ancestral_pipeline::{
    Batch, Call, Engine, Facts, Model, Notice, NoticeKind, OwnNetwork, Pipeline,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::exchange::{Failure, reply, text, text_and_rest};
use crate::held::{get, hold, with};
use crate::settings::failure;

/// A model, with its network unless that is the host's.
#[derive(Clone, Debug)]
pub(crate) struct Opened {
    pub(crate) model: Arc<Model>,
    pub(crate) pipeline: Option<Pipeline>,
    notices: Vec<String>,
}

/// The files of a folder: names with `/`, and contents.
#[derive(Debug, Default)]
struct Folder(Vec<(String, Vec<u8>)>);

/// A network of the host.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Own {
    shape: Vec<usize>,
    #[serde(default)]
    scheduler: Map<String, Value>,
    classes: Option<usize>,
    #[serde(default)]
    predicts_variance: bool,
}

/// A notice as JSON.
#[derive(Debug, Serialize)]
pub(crate) struct Said {
    kind: &'static str,
    text: String,
}

/// Notices as JSON has them.
pub(crate) fn said(notices: &[Notice]) -> Vec<Said> {
    let kind = |notice: &Notice| match notice.kind {
        NoticeKind::Note => "note",
        NoticeKind::Warning => "warning",
    };
    let said = |notice: &Notice| Said { kind: kind(notice), text: notice.text.replace('`', "") };
    notices.iter().map(said).collect()
}

/// Holds a folder without files.
#[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
pub extern "C" fn folder() -> i32 {
    reply(|_, _| hold(Folder::default()))
}

/// Puts a file into a folder. The input has its name, of `length` bytes, and then its content.
#[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
pub extern "C" fn file(folder: u32, length: usize) -> i32 {
    reply(|input, _| {
        let file = text_and_rest(input, length)?;
        with(folder, |folder: &mut Folder| {
            folder.0.push(file);
            Ok(0)
        })
    })
}

/// Holds the model in a folder, whose files it takes, with its network. The input is its name for messages;
/// `height` and `width` are the size of its pictures, or 0 for that it was trained on.
#[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
pub extern "C" fn open(folder: u32, height: usize, width: usize) -> i32 {
    reply(|input, _| {
        let name = text("name", input)?;
        let files = with(folder, |folder: &mut Folder| Ok(std::mem::take(&mut folder.0)))?;
        let files: Vec<_> = files.iter().map(|(name, bytes)| (&**name, &**bytes)).collect();
        let read = ModelFolder::from_files(&files);
        let Loaded { model, notices } = read.map_err(|error| Failure::chain("files", &error))?;
        let mut model = Model::from_folder(name, model).map_err(|error| failure(&error))?;
        if (height, width) != (0, 0) {
            model = model.with_size([height, width]).map_err(|error| failure(&error))?;
        }
        let pipeline = Pipeline::new(model, &Engine::default()).map_err(|error| failure(&error))?;
        hold(Opened {
            model: Arc::clone(pipeline.model()),
            pipeline: Some(pipeline),
            notices: notices.iter().map(ToString::to_string).collect(),
        })
    })
}

/// Holds a model whose network the host computes. The input is JSON: the `shape` of a sample, the `scheduler` with
/// the keys of diffusers, how many `classes` there are, and whether it `predictsVariance`.
#[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
pub extern "C" fn own_network() -> i32 {
    reply(|input, _| {
        let mut own: Own =
            serde_json::from_slice(&input).map_err(|error| Failure::chain("", &error))?;
        // That of an empty scheduler in diffusers.
        own.scheduler.entry("_class_name").or_insert_with(|| json!("DDPMScheduler"));
        let read = SchedulerConfig::from_json(json!(own.scheduler).to_string().as_bytes());
        let read = read.map_err(|error| Failure::chain("scheduler", &error))?;
        let shape = own.shape.try_into().map_err(|shape| {
            Failure::of("shape", format!("{shape:?}: expected [channels, height, width]"))
        })?;
        let (classes, predicts_variance) = (own.classes, own.predicts_variance);
        let network = OwnNetwork { shape, classes, predicts_variance };
        let model = Model::without_network("of the host", read.config, network);
        let unknown = read.unknown.iter();
        let unknown =
            unknown.map(|key| format!("scheduler: the key {key:?} is not known, and is ignored"));
        hold(Opened {
            model: Arc::new(model.map_err(|error| failure(&error))?),
            pipeline: None,
            notices: unknown.collect(),
        })
    })
}

/// What a model is, as JSON: the facts that the server's clients get, its name, what is worth a word about its
/// files, and the instructions that its network is computed with.
#[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
pub extern "C" fn about(model: u32) -> i32 {
    reply(|_, output| {
        let Opened { model, notices, .. } = get(model)?;
        let mut about = json!(Facts::of(&model));
        about["name"] = json!(model.name());
        about["notices"] = json!(notices);
        about["instructions"] = json!(ancestral_cpu::instruction_set());
        output.extend(about.to_string().as_bytes());
        Ok(0)
    })
}

/// What the network of a model predicts of rows at a timestep. The input has one label a row as a number, if
/// `labels` is not 0, and then the rows, as f32 numbers; the output is numbers of f32.
#[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
pub extern "C" fn predict(model: u32, rows: usize, timestep: f64, labels: u32) -> i32 {
    reply(|mut input, output| {
        let opened: Opened = get(model)?;
        let Some(pipeline) = &opened.pipeline else {
            return Err(Failure::of("", "this model has no network"));
        };
        let labelled = if labels == 0 { 0 } else { rows.saturating_mul(4).min(input.len()) };
        let values = input.split_off(labelled);
        let shape = opened.model.shape().map_err(|error| failure(&error))?;
        let call = Call {
            x: batch("x", &values, rows, shape)?,
            timesteps: vec![timestep; rows],
            labels: (labels != 0).then(|| whole(&input)),
        };
        let predicted = pipeline.predict(&call).map_err(|error| Failure::chain("x", &error))?;
        put_floats(output, predicted.data());
        Ok(0)
    })
}

/// Samples of a model in the data's own units, as JSON: a list for each row, with numbers, texts, and null for what
/// is empty. The input has them in model space.
#[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
pub extern "C" fn cells(model: u32) -> i32 {
    reply(|input, output| {
        let model = get::<Opened>(model)?.model;
        let Some(columns) = model.columns() else {
            return Err(Failure::of("", "the samples of this model are pictures"));
        };
        let values = columns.from_model_rows(&floats(&input));
        let cell = |(column, value): (&Column, &f64)| match column.hole() {
            Some(_) if value.is_nan() => Value::Null,
            _ if column.is_numeric() => json!(value),
            _ => json!(column.text(*value)),
        };
        let row = |row: &[f64]| columns.as_slice().iter().zip(row).map(cell).collect::<Value>();
        let rows: Value = values.chunks(columns.len()).map(row).collect();
        output.extend(rows.to_string().as_bytes());
        Ok(0)
    })
}

/// Pictures in model space as bytes of red, green, blue and opacity, one picture after the other.
#[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
pub extern "C" fn pixels(channels: usize, height: usize, width: usize) -> i32 {
    reply(|input, output| {
        let values = floats(&input);
        let pictures = Pictures::new(&values, &[channels, height, width]);
        let pictures = pictures.map_err(|error| Failure::chain("x", &error))?;
        for index in 0..pictures.count() {
            let raster = pictures.raster(index);
            output.extend(raster.data().chunks(channels).flat_map(|pixel| match *pixel {
                [grey] => [grey, grey, grey, 255],
                [red, green, blue] => [red, green, blue, 255],
                [red, green, blue, opacity] => [red, green, blue, opacity],
                _ => [0; 4],
            }));
        }
        Ok(0)
    })
}

/// Rows of f32 numbers.
pub(crate) fn batch(
    name: &str,
    input: &[u8],
    rows: usize,
    shape: Vec<usize>,
) -> Result<Batch, Failure> {
    let values = floats(input);
    if rows == 0 || values.len() != rows * shape.iter().product::<usize>() {
        let text = format!("{} values, expected {rows} rows of {shape:?}", values.len());
        return Err(Failure::of(name, text));
    }
    Ok(Batch::new(shape, values))
}

pub(crate) fn floats(input: &[u8]) -> Vec<f32> {
    input.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

fn whole(input: &[u8]) -> Vec<u32> {
    input.as_chunks().0.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect()
}

pub(crate) fn put_floats(output: &mut Vec<u8>, values: &[f32]) {
    output.extend(values.iter().flat_map(|value| value.to_le_bytes()));
}
