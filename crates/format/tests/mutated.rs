//! Damaged model folders of every layout: reading one may neither panic nor take memory out of
//! proportion.
//!
//! A case is a valid folder whose files are damaged by one to four changes that its seed decides. Ten
//! thousand cases are run; for an hour of others, and to see one again:
//!
//! ```text
//! ANCESTRAL_MUTATION_SECONDS=3600 cargo test -p ancestral-format --test mutated -- --nocapture
//! ANCESTRAL_MUTATION_SEED=4711 cargo test -p ancestral-format --test mutated
//! ```

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{env, fs};

use ancestral_format::{
    About, AboutCategory, AboutColumn, AboutColumnKind, AboutData, AboutNumber, AboutScale, Array,
    DownBlock, Dtype, MlpConfig, ModelFolder, SchedulerConfig, UNetConfig, UpBlock, Weights,
    safetensors,
};
use peak_alloc::PeakAlloc;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Cases without `ANCESTRAL_MUTATION_SECONDS`.
const CASES: u64 = 10_000;

/// What reading may take besides the bytes of the files, whatever is in them: a JSON config of half a
/// mebibyte takes 130 times as much as values, which are held twice while they are checked.
const BESIDES: usize = 256 << 20;

/// What one case may take besides: its files are small.
const BESIDES_SMALL: usize = 1 << 20;

const STEM: &str = "diffusion_pytorch_model";

/// Files by their names inside the folder.
type Files = BTreeMap<String, Vec<u8>>;

fn unet() -> ModelFolder {
    let config = UNetConfig {
        sample_size: Some([8, 8]),
        block_out_channels: vec![32],
        down_block_types: vec![DownBlock::DownBlock2D],
        up_block_types: vec![UpBlock::UpBlock2D],
        ..UNetConfig::default()
    };
    ModelFolder {
        network: config.into(),
        scheduler: SchedulerConfig { trained_betas: None, ..SchedulerConfig::default() },
        weights: weights("to_q"),
        raw_weights: Some(weights("to_q").to_dtype(Dtype::F16).unwrap()),
        about: Some(about(vec![1, 8, 8], None)),
    }
}

fn mlp() -> ModelFolder {
    let config =
        MlpConfig { columns: 2, width: 8, blocks: 1, time_embed_dim: 4, ..MlpConfig::default() };
    let number = AboutNumber {
        scale: AboutScale::Standard { mean: 1.5, deviation: 2.0 },
        decimals: Some(0),
        padding: 0,
        min: Some(0.0),
        max: None,
        masses: vec![],
        shares: vec![1.0],
    };
    let words = AboutCategory {
        labels: vec!["left".into(), "right".into()],
        are_numbers: false,
        shares: vec![0.5, 0.5],
    };
    let kinds = [AboutColumnKind::Number(number), AboutColumnKind::Category(words)];
    let columns = kinds.into_iter().zip(["x", "side"]).map(|(kind, name)| AboutColumn {
        name: name.into(),
        width: 1,
        hole: None,
        notation: None,
        kind,
    });
    ModelFolder {
        network: config.into(),
        about: Some(about(vec![2], Some(columns.collect()))),
        ..unet()
    }
}

fn about(shape: Vec<usize>, columns: Option<Vec<AboutColumn>>) -> About {
    let class_names = Some(vec!["zero".into(), "one".into()]);
    let class_counts = Some(vec![2, 1]);
    let name = "data".into();
    About {
        data: AboutData { name, shape, class_names, class_counts, columns, ..AboutData::default() },
        training: None,
        calibration: None,
    }
}

fn weights(query: &str) -> Weights {
    let array = |shape: &[usize]| {
        Array::from_f32(shape.to_vec(), &vec![0.5; shape.iter().product()]).unwrap()
    };
    let names = [
        ("conv_in.bias".to_owned(), array(&[4])),
        ("conv_in.weight".to_owned(), array(&[4, 1, 3, 3]).to_dtype(Dtype::BF16).unwrap()),
        (format!("mid_block.attentions.0.{query}.weight"), array(&[4, 4, 1, 1])),
        ("mid_block.attentions.0.group_norm.bias".to_owned(), array(&[4])),
        ("scale".to_owned(), array(&[]).to_dtype(Dtype::F64).unwrap()),
    ];
    names.into_iter().collect()
}

fn written(model: &ModelFolder) -> Files {
    let folder = tempfile::tempdir().unwrap();
    model.write(folder.path()).unwrap();
    let names = [
        "model_index.json",
        "ancestral.json",
        "scheduler/scheduler_config.json",
        "unet/config.json",
        "unet/diffusion_pytorch_model.safetensors",
        "unet/diffusion_pytorch_model.raw.safetensors",
        "mlp/config.json",
        "mlp/diffusion_pytorch_model.safetensors",
        "mlp/diffusion_pytorch_model.raw.safetensors",
    ];
    let read = |name: &str| Some((name.to_owned(), fs::read(folder.path().join(name)).ok()?));
    names.into_iter().filter_map(read).collect()
}

fn renamed(files: Files, rename: impl Fn(String) -> String) -> Files {
    files.into_iter().map(|(name, bytes)| (rename(name), bytes)).collect()
}

fn sharded(variant: &str) -> Files {
    let mut files = written(&ModelFolder { raw_weights: None, ..unet() });
    files.remove(&format!("unet/{STEM}.safetensors")).unwrap();
    let mut map = BTreeMap::new();
    for (i, (name, array)) in weights("query").into_iter().enumerate() {
        let shard = format!("{STEM}-0000{}-of-00002.safetensors", i % 2 + 1);
        map.entry(shard).or_insert_with(Weights::new).insert(name, array);
    }
    let lines = map.iter().flat_map(|(shard, weights)| {
        weights.iter().map(move |(name, _)| format!("{name:?}: {shard:?}"))
    });
    let lines = lines.collect::<Vec<_>>().join(",\n");
    let index = format!(r#"{{"metadata": {{"total_size": 1}}, "weight_map": {{{lines}}}}}"#);
    files.insert(format!("unet/{STEM}.safetensors.index.{variant}json"), index.into());
    for (shard, weights) in map {
        files.insert(format!("unet/{shard}"), safetensors::to_bytes(&weights).unwrap());
    }
    files
}

/// A valid folder of every layout.
fn folders() -> Vec<Files> {
    let root = |name: String| name.rsplit('/').next().unwrap().to_owned();
    let mut bare = renamed(written(&unet()), root);
    bare.retain(|name, _| name == "config.json" || name.ends_with(".safetensors"));
    let old = ModelFolder { weights: weights("query"), raw_weights: None, ..unet() };
    let variant = |name: String| name.replace(".safetensors", ".fp16.safetensors");
    vec![
        written(&unet()),
        written(&mlp()),
        renamed(written(&unet()), root),
        bare,
        renamed(written(&old), variant),
        sharded(""),
        sharded("fp16."),
    ]
}

/// Values that a JSON file of ours has nowhere.
const VALUES: [&str; 12] = [
    "null",
    "true",
    "-1",
    "0",
    "1e999",
    "18446744073709551615",
    "\"\"",
    "[]",
    "{}",
    "[[[[]]]]",
    "\"../x\"",
    "\"\\u0000\"",
];

/// Puts another value in the place of one: from a colon, a comma or a bracket to the next.
fn edit_json(bytes: &mut Vec<u8>, place: usize, value: &str) {
    let is_end = |byte: &u8| b",:[]{}".contains(byte);
    let from = bytes[..place].iter().rposition(is_end).map_or(0, |at| at + 1);
    let to = bytes[place..].iter().position(is_end).map_or(bytes.len(), |at| place + at);
    bytes.splice(from..to.max(from), value.bytes());
}

/// Damages a file as files are damaged or forged.
fn mutate(bytes: &mut Vec<u8>, other_file: &[u8], random: &mut ChaCha8Rng) {
    if bytes.is_empty() {
        return;
    }
    let place = random.random_range(0..bytes.len());
    let other = random.random_range(0..bytes.len());
    let length = random.random_range(0..=(bytes.len() - place).min(64));
    match random.random_range(0..11) {
        0 => bytes[place] ^= 1 << random.random_range(0..8),
        1 => bytes[place] = random.random(),
        2 => bytes.truncate(place),
        // A field of one to eight bytes, as a length is: nothing, all, or a little less.
        3 => {
            let (place, width) =
                (if random.random() { 0 } else { place }, random.random_range(1..9));
            let value = [0_u8, 1, 0x7f, 0x80, 0xff][random.random_range(0..5)];
            bytes.iter_mut().skip(place).take(width).for_each(|byte| *byte = value);
        }
        4 => drop(bytes.drain(place..place + length)),
        5 => {
            let block = bytes[place..place + length].to_vec();
            bytes.splice(other..other, block);
        }
        6 => {
            let block = bytes[place..place + length].to_vec();
            let end = (other + length).min(bytes.len());
            bytes.splice(other..end, block);
        }
        7 => {
            let from = random.random_range(0..=other_file.len());
            bytes.splice(place..place + length, other_file[from..].iter().copied());
        }
        8 => {
            // One digit of a number: an offset, an axis, a count.
            let digits = bytes.iter().enumerate().filter(|(_, byte)| byte.is_ascii_digit());
            let digits: Vec<usize> = digits.map(|(at, _)| at).collect();
            if let Some(&at) = digits.get(random.random_range(0..digits.len().max(1))) {
                bytes[at] = random.random_range(b'0'..=b'9');
            }
        }
        _ => edit_json(bytes, place, VALUES[random.random_range(0..VALUES.len())]),
    }
}

/// Damages files of the folder, removes some and swaps some.
fn damage(files: &mut Files, random: &mut ChaCha8Rng) {
    for _ in 0..random.random_range(1..=4) {
        let names: Vec<String> = files.keys().cloned().collect();
        let [name, other] = [(); 2].map(|()| names[random.random_range(0..names.len())].clone());
        let (mut bytes, other_bytes) = (files[&name].clone(), files[&other].clone());
        match random.random_range(0..20) {
            0 => drop(files.remove(&name)),
            1 => {
                files.insert(other, bytes);
                files.insert(name, other_bytes);
            }
            2 => drop(files.insert(other, bytes)),
            _ => {
                mutate(&mut bytes, &other_bytes, random);
                files.insert(name, bytes);
            }
        }
        if files.is_empty() {
            return;
        }
    }
}

fn put(files: &Files, folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    for (name, bytes) in files {
        let path: PathBuf = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

/// Reads a folder: the most bytes that it took besides those of the files, or that it panics.
fn read(folder: &Path, files: usize, variant: Option<&str>) -> Result<usize, String> {
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    let panicked =
        catch_unwind(AssertUnwindSafe(|| drop(ModelFolder::read_variant(folder, variant))))
            .is_err();
    let peak = MEMORY.peak_usage().saturating_sub(before);
    if panicked { Err("panics".into()) } else { Ok(peak.saturating_sub(files)) }
}

/// Runs one case: the most bytes that it took besides its files, or what is wrong with it.
fn case(folders: &[Files], seed: u64, place: &Path) -> Result<usize, String> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut files = folders[random.random_range(0..folders.len())].clone();
    damage(&mut files, &mut random);
    let folder = place.join(seed.to_string());
    put(&files, &folder);
    let variant = [None, None, Some("fp16"), Some("raw")][random.random_range(0..4)];
    let length = files.values().map(Vec::len).sum();
    let peak = read(&folder, length, variant)?;
    fs::remove_dir_all(&folder).unwrap();
    if peak > BESIDES_SMALL {
        return Err(format!("takes {peak} bytes besides its files"));
    }
    Ok(peak)
}

fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok().map(|value| value.parse().expect("a whole number"))
}

/// Reads the cases: what came of it.
fn damaged_folders() -> String {
    let (folders, place) = (folders(), tempfile::tempdir().unwrap());
    for (i, files) in folders.iter().enumerate() {
        let folder = place.path().join(format!("sound-{i}"));
        put(files, &folder);
        ModelFolder::read(&folder).unwrap();
    }
    let start = Instant::now();
    let more = |seed: u64| match number("ANCESTRAL_MUTATION_SECONDS") {
        Some(seconds) => start.elapsed() < Duration::from_secs(seconds),
        None => seed < CASES,
    };
    let only = number("ANCESTRAL_MUTATION_SEED");
    let seeds = only.map_or(0..u64::MAX, |seed| seed..seed + 1);
    let (mut cases, mut largest) = (0, 0);
    for seed in seeds.take_while(|&seed| only.is_some() || more(seed)) {
        match case(&folders, seed, place.path()) {
            Ok(peak) => largest = largest.max(peak),
            Err(fault) => panic!("ANCESTRAL_MUTATION_SEED={seed}: {fault}"),
        }
        cases += 1;
    }
    format!("{cases} cases in {:?}, at most {largest} bytes besides the files", start.elapsed())
}

/// A large weight file is in memory once.
fn large_weights() -> String {
    let place = tempfile::tempdir().unwrap();
    let array = Array::new(Dtype::F16, vec![4, 2 << 20], vec![0; 16 << 20]).unwrap();
    let weights =
        ["a", "b", "attentions.0.query.weight"].map(|name| (name.to_owned(), array.clone()));
    let weights = weights.into_iter().collect();
    let files = written(&ModelFolder { weights, raw_weights: None, ..unet() });
    put(&files, place.path());
    let length = files.values().map(Vec::len).sum();
    let peak = read(place.path(), length, None).unwrap();
    assert!(peak <= BESIDES_SMALL, "{peak} bytes");
    format!("{length} bytes of weights: {peak} besides")
}

/// `text` as often as it fits between the two others into `length` bytes.
fn filled(start: &str, text: &str, end: &str, length: usize) -> Vec<u8> {
    let times = (length - start.len() - end.len()) / text.len();
    let text = text.repeat(times);
    format!("{start}{}{end}", text.strip_suffix(',').unwrap_or(&text)).into_bytes()
}

fn with_header(header: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header].concat()
}

/// Many small tensors: the header is large, and so is what it describes in memory.
fn many_tensors(count: usize) -> Vec<u8> {
    let entry = |i: usize| format!(r#""{i}":{{"dtype":"F16","shape":[0],"data_offsets":[0,0]}}"#);
    let entries: Vec<String> = (0..count).map(entry).collect();
    with_header(format!("{{{}}}", entries.join(",")).as_bytes())
}

/// JSON that takes the most memory for its length: lists, objects, strings in each place where they
/// are read, up to the length that is read and one byte beyond.
fn bombs() -> Vec<(&'static str, Vec<u8>)> {
    let deep = format!("{}1{},", r#"{"":"#.repeat(120), "}".repeat(120));
    let config = r#"{"_class_name":"UNet2DModel","x":["#;
    let scheduler = r#"{"_class_name":"DDPMScheduler","trained_betas":["#;
    let index = r#"{"_class_name":"DDPMPipeline","unet":["diffusers","UNet2DModel"],"x":["#;
    let about = r#"{"format":1,"training":null,"data":{"name":"","shape":[],"class_names":["#;
    let counts = r#"{"format":1,"training":null,"data":{"name":"","shape":[],"class_counts":["#;
    let mut bombs = Vec::new();
    for text in [&deep[..], r#"{"":1},"#, "[1],", "1,", r#""","#, "[],"] {
        for (name, start) in [
            ("unet/config.json", config),
            ("model_index.json", index),
            ("scheduler/scheduler_config.json", scheduler),
        ] {
            bombs.push((name, filled(start, text, "]}", 1 << 19)));
        }
    }
    bombs.push(("ancestral.json", filled(about, r#""","#, "]}}", 16 << 20)));
    bombs.push(("ancestral.json", filled(counts, "1,", "]}}", 16 << 20)));
    bombs.push(("ancestral.json", vec![b'['; 16 << 20]));
    let weights = "unet/diffusion_pytorch_model.safetensors";
    bombs.push((weights, many_tensors(1 << 16)));
    bombs.push((weights, many_tensors((1 << 16) + 1)));
    bombs.push((weights, with_header(&filled("{\"__metadata__\":[", "[],", "]}", 16 << 20))));
    bombs.push((weights, with_header(&filled("{\"", "a", "\":1}", 16 << 20))));
    let shards = "unet/diffusion_pytorch_model.safetensors.index.json";
    bombs.push((shards, filled("{\"weight_map\":{", r#""":"","#, "}}", 16 << 20)));
    let many: Vec<String> = (0..=1 << 16).map(|i| format!(r#""{i}":"{i}""#)).collect();
    bombs.push((shards, format!("{{\"weight_map\":{{{}}}}}", many.join(",")).into()));
    bombs
}

fn small_files_that_ask_for_much() -> String {
    let (start, mut largest) = (Instant::now(), 0);
    for (i, (name, bytes)) in bombs().into_iter().enumerate() {
        let place = tempfile::tempdir().unwrap();
        let mut files = written(&unet());
        files.insert(name.to_owned(), bytes);
        put(&files, place.path());
        let length = files.values().map(Vec::len).sum();
        drop(files);
        let peak = read(place.path(), length, None).unwrap();
        assert!(peak <= BESIDES, "{name}, bomb {i}: {peak} bytes");
        largest = largest.max(peak);
    }
    format!("bombs: {:?}, at most {largest} bytes besides the files", start.elapsed())
}

/// One test: what one takes would be counted as another's.
#[test]
fn damaged_folders_are_refused_or_read() {
    println!("{}", large_weights());
    println!("{}", damaged_folders());
    println!("{}", small_files_that_ask_for_much());
}
