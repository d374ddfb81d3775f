use std::fs;
use std::path::PathBuf;

use ancestral_format::{Layout, MlpConfig};

use super::*;
use crate::timestep_sampler::SecondMoment;
use crate::{initial, toy};

/// A checkpoint of a small network after `steps` steps.
fn checkpoint(steps: u64) -> Checkpoint {
    let width = 3;
    let config =
        MlpConfig { columns: 2, width, blocks: 1, time_embed_dim: 4, ..MlpConfig::default() };
    let layout = Layout::new(vec![
        ("linear_in.weight".into(), vec![width, 2]),
        ("linear_in.bias".into(), vec![width]),
        ("linear_out.weight".into(), vec![2, width]),
    ]);
    let weights = |seed| layout.to_weights(&initial(&layout, seed));
    let request = Request { network: config.into(), ..toy::request() };
    Checkpoint {
        model: ModelFolder {
            network: request.network.clone(),
            scheduler: request.scheduler.clone(),
            weights: weights(steps),
            raw_weights: Some(weights(1)),
            about: None,
        },
        moments: [weights(2), weights(3)],
        timestep_losses: SecondMoment::new(4).to_weights(),
        counters: Counters { steps, updates: steps - 1, skipped_in_a_row: 1 },
        request,
        data_sha256: "0f".into(),
    }
}

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn store(&self, keep: usize) -> Checkpoints {
        Checkpoints::new(self.folder.path().join("checkpoints"), keep)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("checkpoints").join(name)
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path("")).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

#[test]
fn what_is_saved_is_read_and_equal_checkpoints_have_equal_files() {
    let (a, b) = (Place::new(), Place::new());
    for place in [&a, &b] {
        place.store(2).save(&checkpoint(7)).unwrap();
        let newest = place.store(2).newest().unwrap().unwrap();
        assert_eq!((newest.path, newest.passed_over.len()), (place.path("step-7"), 0));
        assert_eq!(newest.checkpoint, checkpoint(7));
        assert_eq!(ModelFolder::read(&place.path("step-7")).unwrap().model, checkpoint(7).model);
    }
    let files = |place: &Place| {
        let mut files = BTreeMap::new();
        checksums(&place.path("step-7"), "", &mut files).unwrap();
        files
    };
    assert_eq!(files(&a), files(&b));
    let size =
        |(name, _): (&String, &String)| fs::metadata(a.path("step-7").join(name)).unwrap().len();
    let taken: u64 = files(&a).iter().map(size).sum();
    assert!((taken..taken + 66_000).contains(&checkpoint(7).byte_size().unwrap()));
}

#[test]
fn only_the_newest_are_kept_and_10_is_newer_than_9() {
    let place = Place::new();
    for steps in [8, 9, 10, 11] {
        place.store(2).save(&checkpoint(steps)).unwrap();
    }
    assert_eq!(place.names(), ["step-10", "step-11"]);
    fs::remove_dir_all(place.path("step-11")).unwrap();
    place.store(3).save(&checkpoint(9)).unwrap();
    assert_eq!(place.store(2).newest().unwrap().unwrap().path, place.path("step-10"));
    place.store(1).clear().unwrap();
    assert!(place.names().is_empty());
}

/// Halves a file of a checkpoint.
fn damage(place: &Place, name: &str) {
    let file = place.path(name).join(MOMENTS[0]);
    let bytes = fs::read(&file).unwrap();
    fs::write(file, &bytes[..bytes.len() / 2]).unwrap();
}

#[test]
fn a_damaged_one_takes_no_place_of_a_whole_one() {
    let place = Place::new();
    for steps in 1..=4 {
        place.store(9).save(&checkpoint(steps)).unwrap();
    }
    damage(&place, "step-3");
    damage(&place, "step-2");
    // A new process, so that nothing is known.
    let store = place.store(2);
    store.tidy(4).unwrap();
    assert_eq!(place.names(), ["step-1", "step-2", "step-3", "step-4"]);
    store.save(&checkpoint(5)).unwrap();
    assert_eq!(place.names(), ["step-4", "step-5"]);
    // What this process wrote is known to be whole, and what it read is not read again.
    damage(&place, "step-5");
    store.save(&checkpoint(6)).unwrap();
    assert_eq!(place.names(), ["step-5", "step-6"]);
}

#[test]
fn if_the_only_whole_one_is_old_it_stays() {
    let place = Place::new();
    for steps in 1..=4 {
        place.store(9).save(&checkpoint(steps)).unwrap();
    }
    for name in ["step-2", "step-3", "step-4"] {
        damage(&place, name);
    }
    let newest = place.store(2).newest().unwrap().unwrap();
    assert_eq!((newest.path, newest.passed_over.len()), (place.path("step-1"), 3));
    // It continues from step 1 and saves that step again.
    place.store(2).tidy(1).unwrap();
    place.store(2).save(&checkpoint(2)).unwrap();
    assert_eq!(place.names(), ["step-1", "step-2", "step-3", "step-4"]);
    assert_eq!(place.store(2).newest().unwrap().unwrap().path, place.path("step-2"));
}

#[test]
fn left_overs_and_other_names_are_no_checkpoints() {
    let place = Place::new();
    assert!(place.store(2).newest().unwrap().is_none());
    for name in [".step-90.partial", "step-x", "step-", "latest", "step-5.old"] {
        fs::create_dir_all(place.path(name)).unwrap();
    }
    fs::write(place.path("step-80"), "a file").unwrap();
    assert!(place.store(2).newest().unwrap().is_none());
    place.store(2).save(&checkpoint(3)).unwrap();
    assert_eq!(place.store(2).newest().unwrap().unwrap().path, place.path("step-3"));
    // A left-over of the same step is overwritten.
    fs::create_dir_all(place.path(".step-4.partial/unet")).unwrap();
    place.store(2).save(&checkpoint(4)).unwrap();
    assert_eq!(place.store(2).newest().unwrap().unwrap().checkpoint, checkpoint(4));
    let left_over = |name: &String| name.starts_with('.');
    assert!(!place.names().iter().any(left_over), "{:?}", place.names());
    // So is one of a removal that was interrupted, when the run continues.
    fs::create_dir_all(place.path(".step-1.partial/unet")).unwrap();
    place.store(1).tidy(4).unwrap();
    let others = ["latest", "step-", "step-4", "step-5.old", "step-80", "step-x"];
    assert_eq!(place.names(), others);
}

#[test]
fn the_newest_that_is_whole_is_found_whatever_file_of_a_newer_one_is_damaged() {
    let place = Place::new();
    let mut files = BTreeMap::new();
    place.store(3).save(&checkpoint(1)).unwrap();
    place.store(3).save(&checkpoint(2)).unwrap();
    checksums(&place.path("step-2"), "", &mut files).unwrap();
    assert!(files.len() >= 7 && files.contains_key(TRAINING), "{files:?}");
    for name in files.keys() {
        let file = place.path("step-2").join(name);
        let whole = fs::read(&file).unwrap();
        let mut flipped = whole.clone();
        flipped[whole.len() / 2] ^= 1;
        for damage in [None, Some(&whole[..whole.len() / 2]), Some(&flipped[..])] {
            match damage {
                None => fs::remove_file(&file).unwrap(),
                Some(bytes) => fs::write(&file, bytes).unwrap(),
            }
            let newest = place.store(3).newest().unwrap().unwrap();
            // A changed digit in the counters is another checkpoint, not a damaged one.
            if name != TRAINING {
                assert_eq!(newest.checkpoint, checkpoint(1), "{name}");
                assert_eq!(newest.passed_over[0].0, place.path("step-2"));
            }
        }
        fs::write(&file, whole).unwrap();
    }
    assert_eq!(place.store(3).newest().unwrap().unwrap().checkpoint, checkpoint(2));
    // What is damaged is replaced when the step is saved again.
    fs::write(place.path("step-2").join(MOMENTS[0]), "").unwrap();
    place.store(3).save(&checkpoint(2)).unwrap();
    assert_eq!(place.store(3).newest().unwrap().unwrap().checkpoint, checkpoint(2));
}

#[test]
fn if_none_is_whole_the_newest_says_why() {
    let place = Place::new();
    for steps in [1, 2] {
        place.store(2).save(&checkpoint(steps)).unwrap();
        fs::write(place.path(&format!("step-{steps}")).join(TRAINING), "{}").unwrap();
    }
    let message = place.store(2).newest().unwrap_err().to_string();
    assert!(message.contains("step-2/training.json") && message.contains("format"), "{message}");
}

#[test]
fn another_format_and_an_unknown_key_are_refused_by_name() {
    let place = Place::new();
    place.store(1).save(&checkpoint(1)).unwrap();
    let file = place.path("step-1").join(TRAINING);
    let text = fs::read_to_string(&file).unwrap();
    let message = |from: &str, to: &str| {
        fs::write(&file, text.replacen(from, to, 1)).unwrap();
        Checkpoint::read(&place.path("step-1")).unwrap_err().to_string()
    };
    let format = message("\"format\": 2", "\"format\": 1");
    assert!(
        format.ends_with("training.json: format 1 is not supported (supported: 2)"),
        "{format}"
    );
    let unknown = message("\"seed\"", "\"sede\": 1, \"seed\"");
    assert!(unknown.contains("training.json: unknown field `sede`"), "{unknown}");
}
