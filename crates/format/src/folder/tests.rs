use std::collections::BTreeMap;

use super::*;
use crate::about::AboutData;
use crate::array::Array;
use crate::unet_config::{DownBlock, UpBlock};

fn weights(value: f32) -> Weights {
    [("conv_in.bias".to_owned(), Array::from_f32(vec![2], &[value, 0.5]).unwrap())]
        .into_iter()
        .collect()
}

fn model() -> ModelFolder {
    ModelFolder {
        unet: UNetConfig {
            sample_size: Some([8, 8]),
            block_out_channels: vec![32],
            down_block_types: vec![DownBlock::DownBlock2D],
            up_block_types: vec![UpBlock::UpBlock2D],
            ..UNetConfig::default()
        },
        scheduler: SchedulerConfig { num_train_timesteps: 200, ..SchedulerConfig::default() },
        weights: weights(1.0),
        raw_weights: Some(weights(2.0)),
        about: Some(About {
            data: AboutData { name: "digits".into(), shape: vec![1, 8, 8], class_names: None },
            training: None,
        }),
    }
}

/// Every file below `folder`, by its name with `/`.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            let inside = files(&path).into_iter();
            found.extend(inside.map(|(inner, bytes)| (format!("{name}/{inner}"), bytes)));
        } else {
            found.insert(name, fs::read(&path).unwrap());
        }
    }
    found
}

fn written(model: &ModelFolder) -> BTreeMap<String, Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    model.write(folder.path()).unwrap();
    files(folder.path())
}

fn from_memory(files: &BTreeMap<String, Vec<u8>>) -> Result<Loaded, FolderError> {
    let files: Vec<_> = files.iter().map(|(name, bytes)| (&name[..], &bytes[..])).collect();
    ModelFolder::from_files(&files)
}

/// What is said about the folder if the file `name` has another content.
fn refusal(name: &str, content: &str) -> String {
    let mut files = written(&model());
    files.insert(name.to_owned(), content.into()).unwrap();
    from_memory(&files).unwrap_err().to_string()
}

#[test]
fn the_files_of_a_folder() {
    let names: Vec<String> = written(&model()).into_keys().collect();
    assert_eq!(
        names,
        [
            "ancestral.json",
            "model_index.json",
            "scheduler/scheduler_config.json",
            "unet/config.json",
            "unet/diffusion_pytorch_model.raw.safetensors",
            "unet/diffusion_pytorch_model.safetensors",
        ]
    );
}

#[test]
fn the_index_by_hand() {
    assert_eq!(
        String::from_utf8(written(&model())["model_index.json"].clone()).unwrap(),
        r#"{
  "_class_name": "DDPMPipeline",
  "_diffusers_version": "0.42.1",
  "scheduler": [
    "diffusers",
    "DDPMScheduler"
  ],
  "unet": [
    "diffusers",
    "UNet2DModel"
  ]
}
"#
    );
}

#[test]
fn a_folder_is_read_back_from_disk_and_from_memory() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs/one");
    model().write(&path).unwrap();
    let expected = Loaded { model: model(), unknown: vec![] };
    assert_eq!(ModelFolder::read(&path).unwrap(), expected);
    assert_eq!(from_memory(&files(&path)).unwrap(), expected);
}

#[test]
fn the_main_weights_are_the_averaged_ones() {
    let files = written(&model());
    let main = &files["unet/diffusion_pytorch_model.safetensors"];
    assert_eq!(safetensors::from_bytes(main).unwrap(), weights(1.0));
}

#[test]
fn equal_models_make_equal_files() {
    assert_eq!(written(&model()), written(&model()));
}

#[test]
fn writing_over_a_model_leaves_nothing_of_it() {
    let folder = tempfile::tempdir().unwrap();
    model().write(folder.path()).unwrap();
    let bare = ModelFolder { raw_weights: None, about: None, ..model() };
    bare.write(folder.path()).unwrap();
    assert_eq!(ModelFolder::read(folder.path()).unwrap().model, bare);
    assert_eq!(files(folder.path()), written(&bare));
}

/// Makes the weight file impossible to replace, and writes `model` over the folder.
fn interrupted(model: &ModelFolder, folder: &Path) -> String {
    let weights = folder.join(WEIGHTS);
    fs::remove_file(&weights).unwrap();
    fs::create_dir_all(weights.join("in the way")).unwrap();
    let message = model.write(folder).unwrap_err().to_string();
    assert!(message.starts_with(&format!("cannot write {}: ", weights.display())), "{message}");
    message
}

#[test]
fn an_interrupted_write_of_another_model_leaves_no_index() {
    let folder = tempfile::tempdir().unwrap();
    model().write(folder.path()).unwrap();
    let mut other = model();
    other.scheduler.num_train_timesteps = 300;
    interrupted(&other, folder.path());
    assert!(!folder.path().join("model_index.json").exists());
}

#[test]
fn an_interrupted_write_of_other_weights_leaves_no_index_either() {
    let folder = tempfile::tempdir().unwrap();
    model().write(folder.path()).unwrap();
    let other = ModelFolder { weights: weights(3.0), ..model() };
    interrupted(&other, folder.path());
    assert!(!folder.path().join("model_index.json").exists());
}

#[test]
fn an_invalid_model_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut invalid = model();
    invalid.unet.in_channels = 0;
    let message = invalid.write(folder.path()).unwrap_err().to_string();
    assert!(message.ends_with("unet/config.json: in_channels 0 must be 1 to 16384"), "{message}");
    let mut invalid = model();
    invalid.scheduler.num_train_timesteps = 0;
    assert!(invalid.write(folder.path()).is_err());
    assert!(files(folder.path()).is_empty());
}

#[test]
fn a_missing_file_is_named_with_what_it_holds() {
    for (name, what) in [
        ("model_index.json", "model index"),
        ("scheduler/scheduler_config.json", "scheduler config"),
        ("unet/config.json", "network config"),
        ("unet/diffusion_pytorch_model.safetensors", "weights"),
    ] {
        let mut files = written(&model());
        files.remove(name).unwrap();
        let message = from_memory(&files).unwrap_err().to_string();
        assert_eq!(message, format!("no {what}: looked for {name}"));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nothing");
    assert_eq!(
        ModelFolder::read(&path).unwrap_err().to_string(),
        format!("no model index: looked for {}", path.join("model_index.json").display())
    );
}

#[test]
fn a_file_that_is_there_but_cannot_be_read_is_not_called_missing() {
    let folder = tempfile::tempdir().unwrap();
    model().write(folder.path()).unwrap();
    let about = folder.path().join("ancestral.json");
    fs::remove_file(&about).unwrap();
    fs::create_dir(&about).unwrap();
    let message = ModelFolder::read(folder.path()).unwrap_err().to_string();
    assert!(message.starts_with(&format!("cannot read {}: ", about.display())), "{message}");
}

#[test]
fn what_is_ours_alone_may_be_absent() {
    let mut files = written(&model());
    files.remove("ancestral.json").unwrap();
    files.remove("unet/diffusion_pytorch_model.raw.safetensors").unwrap();
    let read = from_memory(&files).unwrap().model;
    assert_eq!(read, ModelFolder { raw_weights: None, about: None, ..model() });
}

#[test]
fn refusals_name_the_file() {
    for (name, content, message) in [
        (
            "model_index.json",
            r#"{"_class_name": "LDMPipeline"}"#,
            "_class_name \"LDMPipeline\" is not supported (supported: DDPMPipeline)",
        ),
        (
            "model_index.json",
            r#"{"_class_name": "DDPMPipeline", "unet": ["diffusers", "UNet1DModel"]}"#,
            "unet: unknown variant `UNet1DModel`, expected `UNet2DModel`",
        ),
        (
            "scheduler/scheduler_config.json",
            r#"{"_class_name": "PNDMScheduler"}"#,
            "_class_name \"PNDMScheduler\" is not supported (supported: DDPMScheduler)",
        ),
        (
            "unet/config.json",
            r#"{"_class_name": "UNet2DModel", "act_fn": "mish"}"#,
            "act_fn: \"mish\" is not supported (supported: silu)",
        ),
        (
            "unet/diffusion_pytorch_model.safetensors",
            "short",
            "not a sound safetensors file: header too small",
        ),
        (
            "unet/diffusion_pytorch_model.raw.safetensors",
            "short",
            "not a sound safetensors file: header too small",
        ),
        ("ancestral.json", r#"{"format": 7}"#, "format 7 is not supported (supported: 1)"),
    ] {
        assert_eq!(refusal(name, content), format!("{name}: {message}"));
    }
}

#[test]
fn the_scheduler_entry_of_the_index_decides_nothing() {
    let mut files = written(&model());
    for entry in ["null", r#"["diffusers", "DDIMScheduler"]"#] {
        let index = format!(r#"{{"_class_name": "DDPMPipeline", "scheduler": {entry}}}"#);
        files.insert("model_index.json".into(), index.into());
        assert_eq!(from_memory(&files).unwrap().model, model());
    }
}

#[test]
fn unknown_keys_are_reported_with_their_file() {
    let mut files = written(&model());
    for (name, class) in [(INDEX, "DDPMPipeline"), (SCHEDULER, "DDPMScheduler")] {
        let json = format!(r#"{{"_class_name": "{class}", "num_train_timesteps": 200, "odd": 1}}"#);
        files.insert(name.into(), json.into());
    }
    let unknown = from_memory(&files).unwrap().unknown;
    let messages: Vec<String> = unknown.iter().map(UnknownKey::to_string).collect();
    assert_eq!(
        messages,
        [
            "model_index.json: num_train_timesteps is not a known key",
            "model_index.json: odd is not a known key",
            "scheduler/scheduler_config.json: odd is not a known key",
        ]
    );
}
