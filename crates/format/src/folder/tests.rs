mod layouts;
mod weights;

use std::collections::BTreeMap;
use std::fs;

use super::layout::{ABOUT, CONFIG, INDEX, SCHEDULER, UNFINISHED, WEIGHTS, inside};
use super::*;
use crate::about::AboutData;
use crate::about::{AboutColumn, AboutColumnKind, AboutNumber, AboutReading, AboutScale};
use crate::array::Array;
use crate::mlp_config::MlpConfig;
use crate::network_config::NetworkKind;
use crate::safetensors;
use crate::unet_config::{DownBlock, TimeEmbedding, UNetConfig, UpBlock};

fn weights(value: f32) -> Weights {
    [("conv_in.bias".to_owned(), Array::from_f32(vec![2], &[value, 0.5]).unwrap())]
        .into_iter()
        .collect()
}

fn model() -> ModelFolder {
    ModelFolder {
        network: UNetConfig {
            sample_size: Some([8, 8]),
            block_out_channels: vec![32],
            down_block_types: vec![DownBlock::DownBlock2D],
            up_block_types: vec![UpBlock::UpBlock2D],
            ..UNetConfig::default()
        }
        .into(),
        scheduler: SchedulerConfig { num_train_timesteps: 200, ..SchedulerConfig::default() },
        weights: weights(1.0),
        raw_weights: Some(weights(2.0)),
        about: Some(About {
            data: AboutData {
                name: "digits".into(),
                shape: vec![1, 8, 8],
                class_names: None,
                class_counts: None,
                columns: None,
                reading: AboutReading::default(),
            },
            ..About::default()
        }),
    }
}

fn table_model() -> ModelFolder {
    let number = AboutNumber {
        scale: AboutScale::Standard { mean: 1.5, deviation: 2.0 },
        decimals: None,
        padding: 0,
        min: None,
        max: None,
        masses: vec![],
        shares: vec![1.0],
    };
    let columns = vec![
        AboutColumn {
            name: "x".into(),
            width: 1,
            hole: None,
            notation: None,
            kind: AboutColumnKind::Number(number),
        },
        AboutColumn {
            name: "side".into(),
            width: 1,
            hole: None,
            notation: None,
            kind: AboutColumnKind::Constant("left".into()),
        },
    ];
    ModelFolder {
        network: MlpConfig {
            columns: 2,
            width: 8,
            blocks: 1,
            time_embed_dim: 4,
            ..MlpConfig::default()
        }
        .into(),
        about: Some(About {
            data: AboutData {
                name: "moons".into(),
                shape: vec![2],
                class_names: None,
                class_counts: None,
                columns: Some(columns),
                reading: AboutReading::default(),
            },
            ..About::default()
        }),
        ..model()
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

/// The error for the folder if the file `name` has another content.
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
    let expected = Loaded { model: model(), notices: vec![] };
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

#[test]
fn a_write_that_fails_leaves_the_old_model_as_it_was() {
    for (name, other) in [
        (inside(NetworkKind::UNet, WEIGHTS), ModelFolder { weights: weights(3.0), ..model() }),
        (ABOUT.to_owned(), ModelFolder { weights: weights(3.0), ..model() }),
        (inside(NetworkKind::Mlp, WEIGHTS), table_model()),
        (INDEX.to_owned(), table_model()),
    ] {
        let folder = tempfile::tempdir().unwrap();
        model().write(folder.path()).unwrap();
        let path = folder.path().join(&name);
        let _ = fs::remove_file(&path);
        // Not a file: it is found out when others have been moved already.
        fs::create_dir_all(&path).unwrap();
        let before = files(folder.path());
        let message = other.write(folder.path()).unwrap_err().to_string();
        assert!(message.starts_with(&format!("cannot write {}: ", path.display())), "{message}");
        assert_eq!(files(folder.path()), before);
        assert_eq!(hidden(folder.path()), 0);
        fs::remove_dir(&path).unwrap();
        other.write(folder.path()).unwrap();
        assert_eq!(files(folder.path()), written(&other));
    }
}

/// How many of the entries of a folder have a name that begins with a dot.
fn hidden(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    entries.filter(|name| name.to_string_lossy().starts_with('.')).count()
}

#[test]
fn a_first_write_that_fails_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/model");
    fs::write(folder.path().join("new"), "a file").unwrap();
    model().write(&path).unwrap_err();
    assert_eq!(files(folder.path()).into_keys().collect::<Vec<_>>(), ["new"]);
}

#[test]
fn a_folder_that_was_left_halfway_is_not_read_until_it_is_written_again() {
    let folder = tempfile::tempdir().unwrap();
    model().write(folder.path()).unwrap();
    let index = folder.path().join(INDEX);
    fs::rename(&index, folder.path().join(UNFINISHED)).unwrap();
    assert_eq!(
        ModelFolder::read(folder.path()).unwrap_err().to_string(),
        format!("no model index: {} was not written before an interruption", index.display())
    );
    model().write(folder.path()).unwrap();
    assert_eq!(files(folder.path()), written(&model()));
}

#[test]
fn nothing_of_a_model_in_another_layout_is_left() {
    let folder = tempfile::tempdir().unwrap();
    model().write(folder.path()).unwrap();
    let old = [
        "config.json",
        "scheduler_config.json",
        "diffusion_pytorch_model.bin",
        "unet/diffusion_pytorch_model.safetensors.index.json",
        "unet/diffusion_pytorch_model-00001-of-00002.safetensors",
        "unet/diffusion_pytorch_model.fp16.safetensors",
        "unet/diffusion_pytorch_model.safetensors.index.fp16.json",
        "unet/diffusion_pytorch_model.fp16-00001-of-00002.safetensors",
        "unet/diffusion_pytorch_model-00001-of-00002.bin",
        "mlp/diffusion_pytorch_model.raw.safetensors",
    ];
    let foreign = ["README.md", "unet/notes.txt", "unet/diffusion_pytorch_model.txt", "mlp/x"];
    fs::create_dir(folder.path().join("mlp")).unwrap();
    for name in old.iter().chain(&foreign) {
        fs::write(folder.path().join(name), br#"{"_class_name": "UNet2DModel"}"#).unwrap();
    }
    model().write(folder.path()).unwrap();
    let mut expected: Vec<String> = written(&model()).into_keys().collect();
    expected.extend(foreign.map(str::to_owned));
    expected.sort_unstable();
    assert_eq!(files(folder.path()).into_keys().collect::<Vec<_>>(), expected);
}

#[test]
fn a_config_of_another_program_stays() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["config.json", "scheduler_config.json"] {
        fs::write(folder.path().join(name), r#"{"mine": 1}"#).unwrap();
        model().write(folder.path()).unwrap();
        assert_eq!(fs::read(folder.path().join(name)).unwrap(), br#"{"mine": 1}"#);
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_is_replaced_keeps_its_permissions() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    model().write(folder.path()).unwrap();
    let index = folder.path().join(INDEX);
    fs::set_permissions(&index, fs::Permissions::from_mode(0o600)).unwrap();
    table_model().write(folder.path()).unwrap();
    assert_eq!(fs::metadata(&index).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn an_invalid_model_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut invalid = model();
    invalid.network = UNetConfig { in_channels: 0, ..UNetConfig::default() }.into();
    let message = invalid.write(folder.path()).unwrap_err().to_string();
    assert!(message.ends_with("unet/config.json: in_channels 0 must be 1 to 16384"), "{message}");
    let mut invalid = model();
    invalid.scheduler.num_train_timesteps = 0;
    assert!(invalid.write(folder.path()).is_err());
    let mut invalid = table_model();
    invalid.about.as_mut().unwrap().data.shape = vec![3];
    let message = invalid.write(folder.path()).unwrap_err().to_string();
    assert!(message.contains("ancestral.json: columns take 2 numbers, so shape"), "{message}");
    assert!(files(folder.path()).is_empty());
}

#[test]
fn a_missing_file_is_named_with_what_it_holds() {
    for (name, what) in [
        (
            "scheduler/scheduler_config.json",
            "scheduler config: looked for NAME, scheduler_config.json",
        ),
        ("unet/config.json", "network config: looked for NAME, config.json"),
        (
            "unet/diffusion_pytorch_model.safetensors",
            "weights: looked for NAME.index.json, NAME; found \
             diffusion_pytorch_model.raw.safetensors; there are the variants raw: choose one",
        ),
    ] {
        let mut files = written(&model());
        files.remove(name).unwrap();
        let message = from_memory(&files).unwrap_err().to_string();
        assert_eq!(message, format!("no {}", what.replace("NAME", name)));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nothing");
    let names = ["model_index.json", "unet/config.json", "mlp/config.json", "config.json"];
    let looked_for = names.map(|name| path.join(name).display().to_string()).join(", ");
    let message = ModelFolder::read(&path).unwrap_err().to_string();
    assert_eq!(message, format!("no model: looked for {looked_for}"));
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
            "scheduler/scheduler_config.json",
            r#"{"_class_name": "IPNDMScheduler"}"#,
            "_class_name \"IPNDMScheduler\" is not supported (supported: DDPMScheduler, \
             DDIMScheduler, DPMSolverMultistepScheduler, DPMSolverSinglestepScheduler, \
             UniPCMultistepScheduler, DEISMultistepScheduler, EulerDiscreteScheduler, \
             EulerAncestralDiscreteScheduler, HeunDiscreteScheduler, KDPM2DiscreteScheduler, \
             KDPM2AncestralDiscreteScheduler, LMSDiscreteScheduler, PNDMScheduler, LCMScheduler)",
        ),
        (
            "unet/config.json",
            r#"{"_class_name": "UNet2DModel", "act_fn": "elu"}"#,
            "act_fn: \"elu\" is not supported (supported: silu, swish, mish, gelu, relu)",
        ),
        (
            "unet/diffusion_pytorch_model.safetensors",
            "short",
            "too short for a safetensors file, 5 bytes: truncated?",
        ),
        (
            "unet/diffusion_pytorch_model.raw.safetensors",
            "short",
            "too short for a safetensors file, 5 bytes: truncated?",
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
        let index = format!(
            r#"{{"_class_name": "DDPMPipeline", "scheduler": {entry},
                "unet": ["diffusers", "UNet2DModel"], "mlp": null}}"#
        );
        files.insert("model_index.json".into(), index.into());
        assert_eq!(from_memory(&files).unwrap().model, model());
    }
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_nowhere_is_not_a_missing_file() {
    for name in [SCHEDULER, ABOUT, "unet/config.json", "unet/diffusion_pytorch_model.safetensors"] {
        let folder = tempfile::tempdir().unwrap();
        model().write(folder.path()).unwrap();
        let path = folder.path().join(name);
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/no/where", &path).unwrap();
        let message = ModelFolder::read(folder.path()).unwrap_err().to_string();
        let path = path.display();
        let expected = format!("cannot read {path}: a link to /no/where, which is not there");
        assert_eq!(message, expected);
    }
}

#[test]
fn weights_that_are_no_numbers_are_refused_by_tensor() {
    for name in [WEIGHTS, "diffusion_pytorch_model.raw.safetensors"] {
        for (value, text) in [(f32::NAN, "NaN"), (f32::INFINITY, "inf")] {
            let mut files = written(&model());
            let name = format!("unet/{name}");
            files.insert(name.clone(), safetensors::to_bytes(&weights(value)).unwrap()).unwrap();
            assert_eq!(
                from_memory(&files).unwrap_err().to_string(),
                format!(
                    "{name}: tensor \"conv_in.bias\": 1 of 2 values are not finite in single \
                     precision, the first {text} at index 0"
                )
            );
        }
    }
}

#[test]
fn a_learned_table_of_times_is_as_long_as_the_schedule() {
    let learned = |rows| {
        let NetworkConfig::UNet(config) = model().network else { panic!("a U-Net") };
        let config = UNetConfig {
            time_embedding_type: TimeEmbedding::Learned,
            num_train_timesteps: Some(rows),
            ..*config
        };
        ModelFolder { network: config.into(), ..model() }
    };
    let files = written(&learned(200));
    from_memory(&files).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let refused = learned(199).write(folder.path()).unwrap_err().to_string();
    let mut files = files;
    files.insert("unet/config.json".into(), learned(199).network.to_json().into()).unwrap();
    let message = from_memory(&files).unwrap_err().to_string();
    assert!(refused.ends_with(&message), "{refused}");
    assert_eq!(
        message,
        "unet/config.json: num_train_timesteps 199, the rows of the tensor time_proj.weight, must be \
         at least 200, as num_train_timesteps of the scheduler"
    );
}

#[test]
fn json_of_other_programs_is_called_what_it_is() {
    let scheduler = String::from_utf8(written(&model())[SCHEDULER].clone()).unwrap();
    let line = |key| scheduler.lines().position(|line| line.contains(key)).unwrap() + 1;
    let expected =
        |found, line| format!("{found} in line {line} is not JSON: expected a finite number");
    let infinity = expected("Infinity", line("clip_sample_range") + 1);
    let nan = expected("NaN", line("beta_end"));
    let utf16: Vec<u8> = scheduler.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (content, message) in [
        (
            format!("\u{feff}{scheduler}").into_bytes(),
            "expected JSON, found text that begins with a",
        ),
        ([&b"\xff\xfe"[..], &utf16].concat(), "expected JSON, found text in UTF-16"),
        (utf16, "expected JSON, found text in UTF-16"),
        (
            scheduler
                .replace("\"clip_sample_range\": 1.0", "\"a\\\"Inf\": \"NaN\",\n\"b\": -Infinity")
                .into(),
            &infinity,
        ),
        (scheduler.replace("0.02", "NaN").into(), &nan),
    ] {
        let mut files = written(&model());
        files.insert(SCHEDULER.into(), content).unwrap();
        let found = from_memory(&files).unwrap_err().to_string();
        assert!(found.starts_with(&format!("{SCHEDULER}: {message}")), "{found}");
    }
}

#[test]
fn what_python_writes_for_no_lambda_is_read() {
    let mut files = written(&model());
    let config =
        r#"{"_class_name": "DPMSolverMultistepScheduler", "lambda_min_clipped": -Infinity}"#;
    files.insert(SCHEDULER.into(), config.into()).unwrap();
    let read = from_memory(&files).unwrap();
    assert_eq!(read.model.scheduler.solver.lambda_min_clipped, None);
    assert!(read.notices.is_empty(), "{:?}", read.notices);
}

#[test]
fn a_class_that_is_no_name_is_shown() {
    for (name, class) in [(INDEX, "3"), (SCHEDULER, "null"), ("unet/config.json", "[\"a\"]")] {
        let found = refusal(name, &format!(r#"{{"_class_name": {class}}}"#));
        assert!(found.starts_with(&format!("{name}: _class_name {class} is not")), "{found}");
    }
}

#[test]
fn unknown_keys_are_reported_with_their_file() {
    let mut files = written(&model());
    for (name, keys) in [
        (INDEX, r#""_class_name": "DDPMPipeline", "unet": ["", "UNet2DModel"], "even": 0"#),
        (SCHEDULER, r#""_class_name": "DDPMScheduler", "num_train_timesteps": 200"#),
    ] {
        files.insert(name.into(), format!(r#"{{{keys}, "odd": 1}}"#).into());
    }
    let notices = from_memory(&files).unwrap().notices;
    let messages: Vec<String> = notices.iter().map(Notice::to_string).collect();
    assert_eq!(
        messages,
        [
            "model_index.json: unknown keys, ignored: even, odd",
            "scheduler/scheduler_config.json: unknown keys, ignored: odd",
        ]
    );
}

#[test]
fn the_files_of_a_folder_with_a_perceptron() {
    let files = written(&table_model());
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "ancestral.json",
            "mlp/config.json",
            "mlp/diffusion_pytorch_model.raw.safetensors",
            "mlp/diffusion_pytorch_model.safetensors",
            "model_index.json",
            "scheduler/scheduler_config.json",
        ]
    );
    assert_eq!(
        str::from_utf8(&files["model_index.json"]).unwrap(),
        r#"{
  "_class_name": "AncestralPipeline",
  "_diffusers_version": "0.42.1",
  "mlp": [
    "ancestral",
    "ResidualMlp"
  ],
  "scheduler": [
    "diffusers",
    "DDPMScheduler"
  ]
}
"#
    );
}

#[test]
fn a_folder_with_a_perceptron_is_read_back_from_disk_and_from_memory() {
    let folder = tempfile::tempdir().unwrap();
    table_model().write(folder.path()).unwrap();
    let expected = Loaded { model: table_model(), notices: vec![] };
    assert_eq!(ModelFolder::read(folder.path()).unwrap(), expected);
    assert_eq!(from_memory(&files(folder.path())).unwrap(), expected);
}

#[test]
fn refusals_name_the_files_of_a_perceptron() {
    for (name, content, message) in [
        ("mlp/config.json", r#"{"_class_name": "ResidualMlp"}"#, "columns 0 must be 1 to 16384"),
        (
            "mlp/diffusion_pytorch_model.safetensors",
            "short",
            "too short for a safetensors file, 5 bytes: truncated?",
        ),
    ] {
        let mut files = written(&table_model());
        files.insert(name.to_owned(), content.into()).unwrap();
        let refusal = from_memory(&files).unwrap_err().to_string();
        assert_eq!(refusal, format!("{name}: {message}"));
        files.remove(name).unwrap();
        let refusal = from_memory(&files).unwrap_err().to_string();
        assert!(refusal.contains(&format!("looked for {name}")), "{refusal}");
    }
}

#[test]
fn writing_over_another_network_leaves_nothing_of_it() {
    for (old, new) in [(model(), table_model()), (table_model(), model())] {
        let folder = tempfile::tempdir().unwrap();
        old.write(folder.path()).unwrap();
        new.write(folder.path()).unwrap();
        assert_eq!(files(folder.path()), written(&new));
        assert!(!folder.path().join(old.network.kind().name()).exists());
        assert_eq!(ModelFolder::read(folder.path()).unwrap().model, new);
    }
}

#[test]
fn files_beside_another_network_that_are_not_ours_stay() {
    let folder = tempfile::tempdir().unwrap();
    model().write(folder.path()).unwrap();
    let notes = folder.path().join("unet/notes.txt");
    fs::write(&notes, "mine").unwrap();
    table_model().write(folder.path()).unwrap();
    let mut expected = written(&table_model());
    expected.insert("unet/notes.txt".into(), b"mine".into());
    assert_eq!(files(folder.path()), expected);
}

#[test]
fn the_size_is_that_of_all_files() {
    let bare = ModelFolder { raw_weights: None, about: None, ..model() };
    for model in [model(), bare, table_model()] {
        let size: usize = written(&model).values().map(Vec::len).sum();
        assert_eq!(model.byte_size().unwrap(), size as u64);
    }
}

#[test]
fn the_built_in_model_is_written_unchanged() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../pipeline/models/digits");
    let loaded = ModelFolder::read(&path).unwrap();
    assert_eq!(loaded.notices, []);
    assert_eq!(written(&loaded.model), files(&path));
}

/// The built-in model in `folder`, with another network beside it.
fn with_average(folder: &Path) {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../pipeline/models/digits");
    for file in ["model_index.json", SCHEDULER] {
        crate::write_file(&folder.join(file), &fs::read(from.join(file)).unwrap()).unwrap();
    }
    for (part, file) in
        ["unet", "unet_ema"].into_iter().flat_map(|part| [(part, CONFIG), (part, WEIGHTS)])
    {
        let bytes = fs::read(from.join("unet").join(file)).unwrap();
        crate::write_file(&folder.join(part).join(file), &bytes).unwrap();
    }
}

#[test]
fn networks_beside_the_usual_one_are_variants() {
    let folder = tempfile::tempdir().unwrap();
    with_average(folder.path());
    let read = ModelFolder::read(folder.path()).unwrap();
    let notices: Vec<_> = read.notices.iter().map(ToString::to_string).collect();
    assert_eq!(notices.len(), 1);
    assert!(notices[0].contains("unet") && notices[0].ends_with("as variants: ema"), "{notices:?}");
    let average = ModelFolder::read_variant(folder.path(), Some("ema")).unwrap();
    assert!(average.notices.is_empty());
    // A name that is another's is answered with those that there are.
    let error = ModelFolder::read_variant(folder.path(), Some("EMA")).unwrap_err().to_string();
    assert!(error.contains("there are the variants ema: choose one"), "{error}");
    // It is that folder that is read.
    fs::remove_file(folder.path().join("unet_ema").join(WEIGHTS)).unwrap();
    let error = ModelFolder::read_variant(folder.path(), Some("ema")).unwrap_err().to_string();
    assert!(error.contains("unet_ema"), "{error}");
    // A folder without a config is no network.
    fs::remove_file(folder.path().join("unet_ema").join(CONFIG)).unwrap();
    assert!(ModelFolder::read(folder.path()).unwrap().notices.is_empty());
}

#[test]
fn networks_without_a_scheduler_or_the_usual_one_are_named() {
    let folder = tempfile::tempdir().unwrap();
    with_average(folder.path());
    let error = || ModelFolder::read(folder.path()).unwrap_err().to_string();
    fs::remove_file(folder.path().join("model_index.json")).unwrap();
    fs::remove_file(folder.path().join(SCHEDULER)).unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let [usual, average] = ["unet/", "unet_ema/"].map(path);
    let expected = format!("networks found: {usual}, {average}");
    assert!(
        error().starts_with("no scheduler config") && error().ends_with(&expected),
        "{}",
        error()
    );
    fs::remove_dir_all(&usual).unwrap();
    let expected = format!("there is the network {average}, as a variant");
    assert!(error().starts_with("no model") && error().ends_with(&expected), "{}", error());
}

#[test]
fn the_cache_folder_of_a_hub_leads_to_its_snapshot() {
    let cache = tempfile::tempdir().unwrap();
    let (old, new) = (cache.path().join("snapshots/0123"), cache.path().join("snapshots/4567"));
    with_average(&old);
    let error = |expected: &str| {
        let error = ModelFolder::read(cache.path()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    // The only one, and then the one that is named.
    assert!(ModelFolder::read(cache.path()).is_ok());
    with_average(&new);
    error(
        "a cache folder with 2 snapshots, 0123, 4567; refs/main does not exist: open one of them",
    );
    crate::write_file(&cache.path().join("refs/main"), b"4567\n").unwrap();
    assert!(ModelFolder::read(cache.path()).is_ok());
    // It is a name, not a path.
    with_average(&cache.path().join("elsewhere"));
    crate::write_file(&cache.path().join("refs/main"), b"../elsewhere").unwrap();
    error("refs/main names ../elsewhere, which is not one of them: open one of them, such as");
    error(&old.display().to_string());
    crate::write_file(&cache.path().join("refs/main"), b"4567").unwrap();
    fs::remove_dir_all(&new).unwrap();
    assert!(ModelFolder::read(cache.path()).is_ok());
    with_average(&new);
    fs::remove_file(new.join(SCHEDULER)).unwrap();
    error("4567");
    fs::remove_dir_all(cache.path().join("snapshots")).unwrap();
    fs::create_dir(cache.path().join("snapshots")).unwrap();
    error("a cache folder without a snapshot of the model");
}
