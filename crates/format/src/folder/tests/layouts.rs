//! Where the parts of a folder may be.

use super::*;

type Contents = BTreeMap<String, Vec<u8>>;

/// The model's files, all in one place.
fn in_one_place(model: &ModelFolder) -> Contents {
    let name = |name: String| name.rsplit('/').next().unwrap().to_owned();
    written(model).into_iter().map(|(path, bytes)| (name(path), bytes)).collect()
}

/// A U-Net's config and weights alone.
fn bare() -> Contents {
    let files = in_one_place(&ModelFolder { raw_weights: None, about: None, ..model() });
    let parts = [CONFIG, WEIGHTS].map(|name| (name.to_owned(), files[name].clone()));
    parts.into_iter().collect()
}

fn refused(files: &Contents) -> String {
    from_memory(files).unwrap_err().to_string()
}

#[test]
fn all_in_one_place() {
    for model in [model(), table_model()] {
        let files = in_one_place(&model);
        assert_eq!(from_memory(&files).unwrap(), Loaded { model, notices: vec![] });
    }
}

#[test]
fn one_part_in_one_place_and_one_in_its_folder() {
    let (folders, root) = (written(&model()), in_one_place(&model()));
    let mix = |prefix: &str, from: &Contents, rest: &Contents| {
        let part = from.iter().filter(|(name, _)| name.starts_with(prefix));
        let rest = rest.iter().filter(|(name, _)| !name.contains('/') && !name.starts_with(prefix));
        part.chain(rest).map(|(name, bytes)| (name.clone(), bytes.clone())).collect::<Contents>()
    };
    for prefix in ["unet/", "scheduler/"] {
        let files = mix(prefix, &folders, &root);
        assert_eq!(from_memory(&files).unwrap(), Loaded { model: model(), notices: vec![] });
    }
}

#[test]
fn the_folder_of_a_part_comes_before_the_root() {
    let mut files = written(&model());
    let other = SchedulerConfig { num_train_timesteps: 300, ..SchedulerConfig::default() };
    files.insert("scheduler_config.json".into(), other.to_json().into());
    files.insert("config.json".into(), UNetConfig::default().to_json().into());
    assert_eq!(from_memory(&files).unwrap().model, model());
}

#[test]
fn without_an_index_the_config_names_the_network() {
    for model in [model(), table_model()] {
        let (mut folders, mut root) = (written(&model), in_one_place(&model));
        for files in [&mut folders, &mut root] {
            files.remove(INDEX).unwrap();
            let expected = Loaded { model: model.clone(), notices: vec![] };
            assert_eq!(from_memory(files).unwrap(), expected);
        }
    }
}

#[test]
fn a_bare_network_gets_the_default_scheduler_and_a_notice() {
    let Loaded { model: read, notices } = from_memory(&bare()).unwrap();
    let scheduler = SchedulerConfig::default();
    assert_eq!(read, ModelFolder { scheduler, raw_weights: None, about: None, ..model() });
    assert_eq!(
        notices.iter().map(Notice::to_string).collect::<Vec<_>>(),
        ["no scheduler config: looked for scheduler/scheduler_config.json, \
             scheduler_config.json; using the defaults of DDPMScheduler"]
    );
}

#[test]
fn a_bare_network_of_another_class_is_refused_by_name() {
    let mut files = bare();
    files.insert(CONFIG.into(), r#"{"_class_name": "UNet2DConditionModel"}"#.into());
    assert_eq!(
        refused(&files),
        "config.json: _class_name \"UNet2DConditionModel\" is not supported (supported: \
         UNet2DModel)"
    );
}

#[test]
fn only_a_bare_u_net_goes_without_a_scheduler() {
    let message = "no scheduler config: looked for scheduler/scheduler_config.json, \
        scheduler_config.json";
    let remove = |mut files: Contents, names: &[&str]| {
        for name in names {
            files.remove(*name).unwrap();
        }
        files
    };
    for files in [
        remove(written(&model()), &[SCHEDULER]),
        remove(written(&model()), &[SCHEDULER, INDEX]),
        remove(in_one_place(&model()), &["scheduler_config.json"]),
        remove(in_one_place(&table_model()), &["scheduler_config.json", INDEX]),
    ] {
        assert_eq!(refused(&files), message);
    }
}

#[test]
fn the_class_of_the_pipeline_is_a_note() {
    let mut files = written(&model());
    for class in ["DDIMPipeline", "DDPMPipeline", "AncestralPipeline", "TheirPipeline"] {
        let index = format!(
            r#"{{"_class_name": "{class}", "unet": ["diffusers", "UNet2DModel"],
                "scheduler": ["diffusers", "DDIMScheduler"], "vae": null,
                "safety_checker": [null, null]}}"#
        );
        files.insert(INDEX.into(), index.into());
        assert_eq!(from_memory(&files).unwrap(), Loaded { model: model(), notices: vec![] });
    }
}

#[test]
fn what_an_index_cannot_say_is_refused_by_name() {
    for (content, message) in [
        (
            r#"{"_class_name": "UNet2DModel"}"#,
            "_class_name \"UNet2DModel\" is not supported (supported: any pipeline of one network)",
        ),
        (
            r#"{"_class_name": "LDMPipeline", "unet": ["diffusers", "UNet2DModel"],
                "vqvae": ["diffusers", "VQModel"]}"#,
            "vqvae: a part of class \"VQModel\" is not supported (supported: a network and a \
             scheduler)",
        ),
        (
            r#"{"_class_name": "DDPMPipeline", "unet": ["UNet2DModel"]}"#,
            "unet: expected [library, class], found another list",
        ),
        (
            r#"{"_class_name": "StableDiffusionPipeline",
                "unet": ["diffusers", "UNet2DConditionModel"]}"#,
            "unet: class \"UNet2DConditionModel\" is not supported (supported: UNet2DModel)",
        ),
        (
            r#"{"_class_name": "DDPMPipeline", "unet": ["diffusers", "UNet1DModel"]}"#,
            "unet: class \"UNet1DModel\" is not supported (supported: UNet2DModel)",
        ),
        (
            r#"{"_class_name": "AncestralPipeline", "mlp": ["ancestral", "DeepMlp"]}"#,
            "mlp: class \"DeepMlp\" is not supported (supported: ResidualMlp)",
        ),
        (
            r#"{"_class_name": "DDPMPipeline", "unet": null}"#,
            "expected one network, \"unet\" or \"mlp\", but found neither",
        ),
        (
            r#"{"_class_name": "DDPMPipeline", "unet": ["", "UNet2DModel"], "mlp": ["", ""]}"#,
            "expected one network, \"unet\" or \"mlp\", but found both",
        ),
    ] {
        assert_eq!(refusal(INDEX, content), format!("{INDEX}: {message}"));
    }
}

#[test]
fn configs_that_are_something_else_are_called_what_they_are() {
    for (content, found) in [
        ("", "an empty file"),
        (
            "version https://git-lfs.github.com/spec/v1\n",
            "a Git LFS pointer instead of the file: run `git lfs pull` in the cloned \
             repository",
        ),
        ("\n<html>", "an HTML page: was it a download that failed?"),
    ] {
        for name in [INDEX, SCHEDULER, "unet/config.json", "ancestral.json"] {
            assert_eq!(refusal(name, content), format!("{name}: expected JSON, found {found}"));
        }
    }
}

#[test]
fn configs_beyond_all_reason_are_not_read() {
    for (name, limit) in [(INDEX, 1 << 19), (SCHEDULER, 1 << 19), ("ancestral.json", 1 << 24)] {
        let refusal = refusal(name, &" ".repeat(limit + 1));
        assert_eq!(refusal, format!("{name}: {} bytes, expected at most {limit}", limit + 1));
    }
}

#[test]
fn what_would_not_be_read_is_not_written() {
    let mut model = model();
    model.about.as_mut().unwrap().data.name = "a".repeat(1 << 24);
    let folder = tempfile::tempdir().unwrap();
    let message = model.write(folder.path()).unwrap_err().to_string();
    assert!(message.ends_with("bytes, expected at most 16777216"), "{message}");
    assert!(files(folder.path()).is_empty());
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_devices_are_not_read() {
    use std::os::unix::fs::symlink;
    let (blobs, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    model().write(blobs.path()).unwrap();
    for name in files(blobs.path()).into_keys() {
        fs::create_dir_all(folder.path().join(&name).parent().unwrap()).unwrap();
        symlink(blobs.path().join(&name), folder.path().join(&name)).unwrap();
    }
    assert_eq!(ModelFolder::read(folder.path()).unwrap().model, model());
    let scheduler = folder.path().join(SCHEDULER);
    fs::remove_file(&scheduler).unwrap();
    symlink("/dev/zero", &scheduler).unwrap();
    assert_eq!(
        ModelFolder::read(folder.path()).unwrap_err().to_string(),
        format!("cannot read {}: a pipe or a device, expected a file", scheduler.display())
    );
}
