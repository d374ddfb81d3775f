//! A run on several ranks, which are threads here, leaves the files of one process.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use ancestral_cluster::{Cluster, on_threads};
use ancestral_learn::Recipe;
use ancestral_pipeline::Engine;
use ancestral_run::{
    Limits, Order, Outcome, ReadingChoices, RunError, RunFolder, Silent, Stored, dismiss, follow,
};
use rayon::ThreadPoolBuilder;

const STEPS: u64 = 60;

/// Every file below a folder.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            let below = self::files(&path).into_iter();
            files.extend(below.map(|(below, bytes)| (format!("{name}/{below}"), bytes)));
        } else {
            files.insert(name, fs::read(&path).unwrap());
        }
    }
    files
}

fn recipe(recipe: Recipe) -> Recipe {
    Recipe {
        steps: Some(STEPS),
        width: Some(vec![8, 8]),
        layers: Some(1),
        batch: Some(20),
        hold_out: 0.1,
        preview_every: Some(25),
        checkpoint_every: Some(20),
        ..recipe
    }
}

/// Begins a run on all ranks, or resumes it.
fn run(
    cluster: &Cluster,
    threads: usize,
    (folder, recipe): (&Path, &Recipe),
    stop_at: Option<u64>,
    resumes: bool,
) -> Result<Option<Outcome>, RunError> {
    let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let (front, limits) = (&mut Silent, Limits { stop_at, ..Limits::default() });
    pool.install(|| {
        let engine = Engine::default().in_cluster(cluster.clone());
        if !cluster.leads() {
            return follow(engine, None, front).map(|()| None);
        }
        let run = if resumes {
            Stored::read(RunFolder::new(folder.into()), front)?
                .resume(engine, limits, None, front)?
        } else {
            let reading = ReadingChoices::default();
            let (data, folder) = ("digits".into(), folder.into());
            let recipe = recipe.clone();
            Order { data, folder, force: false, reading, recipe, limits }.begin(engine, front)?
        };
        let outcome = run.run(front)?;
        dismiss(cluster)?;
        Ok(Some(outcome))
    })
}

#[test]
fn any_number_of_ranks_leaves_the_files_of_one_process() {
    let place = tempfile::tempdir().unwrap();
    let recipe = recipe(Recipe::default());
    let whole = place.path().join("whole");
    run(&Cluster::alone(), 2, (&whole, &recipe), None, false).unwrap();
    let expected = files(&whole);
    assert!(expected.contains_key("previews/step-000025.png"));
    // 20 rows are 5 leaves.
    for (ranks, threads) in [(2, 1), (3, 2), (5, 1)] {
        let folder = place.path().join(format!("{ranks}"));
        let ended =
            on_threads(ranks, |cluster| run(&cluster, threads, (&folder, &recipe), None, false));
        let ended: Vec<_> = ended.into_iter().map(Result::unwrap).collect();
        assert!(ended[0] == Some(Outcome::Finished) && ended[1..].iter().all(Option::is_none));
        assert!(files(&folder) == expected, "{ranks} ranks of {threads} threads");
    }
    // Begun by three ranks, continued by two, ended by one.
    let folder = place.path().join("parts");
    for (ranks, stop_at, resumes) in [(3, Some(20), false), (2, Some(40), true), (1, None, true)] {
        let ended =
            on_threads(ranks, |cluster| run(&cluster, 1, (&folder, &recipe), stop_at, resumes));
        assert!(ended.iter().all(Result::is_ok), "{ended:?}");
    }
    assert!(files(&folder) == expected);
}

#[test]
fn a_time_is_planned_on_all_ranks() {
    let place = tempfile::tempdir().unwrap();
    let (folder, recipe) = (place.path().join("timed"), recipe(Recipe::default()));
    let recipe = Recipe { steps: None, ..recipe };
    let ended = on_threads(2, |cluster| {
        let (front, limits) = (&mut Silent, Limits { time: Some(1e6), stop_at: Some(2) });
        let engine = Engine::default().in_cluster(cluster.clone());
        if !cluster.leads() {
            return follow(engine, None, front).map(|()| None);
        }
        let (data, reading) = ("moons".into(), ReadingChoices::default());
        let recipe = Recipe { width: Some(vec![16]), layers: Some(1), ..recipe.clone() };
        let order = Order { data, folder: folder.clone(), force: false, reading, recipe, limits };
        let outcome = order.begin(engine, front)?.run(front)?;
        dismiss(&cluster)?;
        Ok(Some(outcome))
    });
    assert!(matches!(ended[0], Ok(Some(Outcome::Stopped { after: 2 }))), "{ended:?}");
}

#[test]
fn more_ranks_than_leaves_are_refused_before_anything_is_written() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("run");
    let recipe = Recipe { batch: Some(8), ..recipe(Recipe::default()) };
    let ended = on_threads(3, |cluster| {
        run(&cluster, 1, (&folder, &recipe), None, false).unwrap_err().to_string()
    });
    assert_eq!(
        ended[0],
        "3 ranks: an update of 8 samples has 2 leaves, so at most 2 ranks can share it"
    );
    // The others wait for rank 0, and end when it does.
    assert_eq!(ended[1], "rank 0 has ended");
    assert!(!folder.exists());
}
