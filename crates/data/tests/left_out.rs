//! Folders that hold more than pictures to learn from: runs, models, samples.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use ancestral_data::{
    Channels, Own, PictureOptions, PictureSet, PictureSetError, Raster, read_pictures, write_png,
};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Writes a grey picture of one pixel, and makes the folders above it.
fn picture(folder: &Path, name: &str, grey: u8, metadata: &[(&str, &str)]) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let raster = Raster::new(1, 1, Channels::Grey, vec![grey]).unwrap();
    let metadata: Vec<_> =
        metadata.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect();
    write_png(&path, &raster, &metadata).unwrap();
}

fn file(folder: &Path, name: &str, contents: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, contents).unwrap();
}

/// A folder of two pictures.
fn photos() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    picture(folder.path(), "a.png", 10, &[]);
    picture(folder.path(), "b/c.png", 20, &[]);
    folder
}

/// The first line of a log.
const LINE: &str = "{\"step\":1,\"loss\":1.0,\"gradient_norm\":2.0,\"learning_rate\":0.1}\n";

/// A run that was killed before its first checkpoint, or later, or is over.
fn run(folder: &Path, name: &str, age: usize) {
    picture(folder, &format!("{name}/previews/step-000004.png"), 99, &[]);
    file(folder, &format!("{name}/log.jsonl"), LINE);
    if age > 0 {
        file(folder, &format!("{name}/checkpoints/step-5/model_index.json"), "{}");
    }
    if age > 1 {
        file(folder, &format!("{name}/model_index.json"), "{}");
        picture(folder, &format!("{name}/samples.png"), 99, &[]);
    }
}

fn read(path: &Path) -> PictureSet {
    read_pictures(path, &PictureOptions::default()).unwrap()
}

fn classes() -> PictureOptions {
    PictureOptions { classes: true, ..PictureOptions::default() }
}

#[test]
fn runs_change_nothing_whatever_their_age_and_place() {
    let folder = photos();
    let before = read(folder.path());
    for age in 0..3 {
        for name in ["runs/photos", "run", "b/deep/er"] {
            run(folder.path(), name, age);
            let PictureSet { data, left_out, decided, .. } = read(folder.path());
            assert_eq!(data, before.data, "{name} of age {age}");
            assert_eq!(left_out, [(folder.path().join(name), Own::Run)]);
            assert_eq!(decided, before.decided);
            fs::remove_dir_all(folder.path().join(name)).unwrap();
        }
    }
    file(folder.path(), "unet/model_index.json", "{}");
    picture(folder.path(), "unet/assets/1.png", 99, &[]);
    assert_eq!(read(folder.path()).left_out, [(folder.path().join("unet"), Own::Model)]);
    assert_eq!(read(folder.path()).data, before.data);
}

/// Without its log a run is not known by its files, but it is by its place.
#[test]
fn what_is_at_the_output_is_left_out_however_it_is_named() {
    let folder = photos();
    let before = read(folder.path());
    picture(folder.path(), "out/previews/step-000004.png", 99, &[]);
    assert_eq!(read(folder.path()).data.len(), 3);
    let mut names = vec![folder.path().join("out"), folder.path().join("b/../out/")];
    #[cfg(unix)]
    {
        let elsewhere = folder.path().with_extension("link");
        std::os::unix::fs::symlink(folder.path(), &elsewhere).unwrap();
        names.push(elsewhere.join("out"));
    }
    for output in names {
        let options = PictureOptions { output: Some(output), ..PictureOptions::default() };
        let set = read_pictures(folder.path(), &options).unwrap();
        assert_eq!((set.data, set.left_out.len()), (before.data.clone(), 1));
    }
    #[cfg(unix)]
    fs::remove_file(folder.path().with_extension("link")).unwrap();
    // A folder that does not exist yet is not left out, nor is the folder of the data itself.
    for output in [PathBuf::from("no/such/run"), folder.path().to_owned()] {
        let options = PictureOptions { output: Some(output), ..PictureOptions::default() };
        let set = read_pictures(folder.path(), &options).unwrap();
        assert_eq!((set.data.len(), set.left_out.len()), (3, 0));
    }
}

#[test]
#[cfg(unix)]
fn data_named_by_a_link_are_those_of_the_folder() {
    let folder = photos();
    let before = read(folder.path());
    run(folder.path(), "runs/photos", 1);
    let link = folder.path().with_extension("link");
    std::os::unix::fs::symlink(folder.path(), &link).unwrap();
    let options = PictureOptions {
        output: Some(folder.path().join("runs/photos")),
        ..PictureOptions::default()
    };
    let set = read_pictures(&link, &options).unwrap();
    assert_eq!((set.data, set.left_out), (before.data, vec![(link.join("runs/photos"), Own::Run)]));
    fs::remove_file(link).unwrap();
}

#[test]
fn a_folder_that_holds_only_runs_is_no_class() {
    let folder = tempfile::tempdir().unwrap();
    picture(folder.path(), "cat/1.png", 10, &[]);
    picture(folder.path(), "dog/1.png", 20, &[]);
    run(folder.path(), "birds/run", 2);
    run(folder.path(), "car", 1);
    run(folder.path(), "cat/run", 2);
    let set = read_pictures(folder.path(), &classes()).unwrap();
    assert_eq!(set.data.class_names(), ["cat", "dog"]);
    assert_eq!(set.data.labels(), Some([0, 1].as_slice()));
    assert_eq!(set.left_out.len(), 3);
    // One without anything is a class of which pictures are missing.
    fs::create_dir(folder.path().join("empty")).unwrap();
    let message = read_pictures(folder.path(), &classes()).unwrap_err().to_string();
    assert!(message.ends_with("empty has no picture that can be read"), "{message}");
}

#[test]
fn a_run_is_refused_as_data_and_what_it_drew_is_not() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), "run", 2);
    let path = folder.path().join("run");
    for options in [PictureOptions::default(), classes()] {
        let error = read_pictures(&path, &options).unwrap_err();
        assert!(matches!(error, PictureSetError::Own { own: Own::Run, .. }));
        let expected = "holds a run of ancestral, not data: name the folder of pictures to learn";
        assert!(error.to_string().contains(expected), "{error}");
    }
    let message = read_pictures(folder.path(), &PictureOptions::default()).unwrap_err().to_string();
    let end = format!("and found 0 other files; left out {}: a run of ancestral", path.display());
    assert!(message.ends_with(&end), "{message}");
    assert_eq!(read(&path.join("previews")).data.len(), 1);
}

#[test]
fn hidden_files_and_folders_are_not_looked_into_and_that_is_said() {
    let folder = photos();
    let before = read(folder.path());
    picture(folder.path(), ".trash/1.png", 99, &[]);
    picture(folder.path(), "b/.c.png", 99, &[]);
    file(folder.path(), "runs/.lock", "4711\n");
    let set = read(folder.path());
    assert_eq!(set.data, before.data);
    let hidden = "1 hidden folder passed over, 1 hidden picture passed over";
    assert_eq!(set.decided, format!("{}, {hidden}", before.decided));
    // Nor are they classes.
    let folder = tempfile::tempdir().unwrap();
    picture(folder.path(), "cat/1.png", 10, &[]);
    picture(folder.path(), ".ipynb_checkpoints/1.png", 20, &[]);
    let set = read_pictures(folder.path(), &classes()).unwrap();
    assert_eq!((set.data.class_names(), set.data.len()), (["cat".to_owned()].as_slice(), 1));
    assert!(set.decided.ends_with("1 hidden folder passed over"), "{}", set.decided);
    fs::rename(folder.path().join("cat"), folder.path().join(".cat")).unwrap();
    let message = read_pictures(folder.path(), &classes()).unwrap_err().to_string();
    assert!(message.ends_with("0 other files, 2 with a name that begins with a dot"), "{message}");
}

#[test]
#[cfg(unix)]
fn links_to_folders_are_folders() {
    use std::os::unix::fs::symlink;
    let elsewhere = photos();
    let folder = tempfile::tempdir().unwrap();
    picture(folder.path(), "cat/1.png", 30, &[]);
    picture(folder.path(), "zebra/1.png", 40, &[]);
    symlink(elsewhere.path(), folder.path().join("dog")).unwrap();
    let set = read_pictures(folder.path(), &classes()).unwrap();
    assert_eq!(set.data.class_names(), ["cat", "dog", "zebra"]);
    assert_eq!(set.data.labels(), Some([0, 1, 1, 2].as_slice()));
    assert_eq!(set.decided, "4 pictures, 3 classes, 1 channel (all are grey), 1x1");
    assert_eq!(read(folder.path()).data.rows(), set.data.rows());
    // A folder under two names is one class, and is read once in each class.
    symlink(elsewhere.path(), folder.path().join("hound")).unwrap();
    symlink("../dog", folder.path().join("zebra/dog")).unwrap();
    symlink("../dog/b", folder.path().join("zebra/b")).unwrap();
    let set = read_pictures(folder.path(), &classes()).unwrap();
    assert_eq!(set.data.labels(), Some([0, 1, 1, 2, 2, 2].as_slice()));
    assert!(
        set.decided.ends_with("2 links to what is read already passed over"),
        "{}",
        set.decided
    );
    let set = read(folder.path());
    assert_eq!(set.data.len(), 4);
    assert!(set.decided.ends_with("3 links to what is read already passed over"));
    // Runs are left out by whichever way.
    run(elsewhere.path(), "run", 1);
    assert_eq!(read(folder.path()).left_out, [(folder.path().join("dog/run"), Own::Run)]);
}

#[test]
#[cfg(unix)]
fn a_link_that_leads_nowhere_is_named() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    picture(folder.path(), "cat/1.png", 30, &[]);
    symlink("no/such/folder", folder.path().join("dog")).unwrap();
    let dog = folder.path().join("dog").display().to_string();
    let message = read_pictures(folder.path(), &classes()).unwrap_err().to_string();
    assert_eq!(message, format!("cannot read {dog}"));
    let message = read_pictures(folder.path(), &PictureOptions::default()).unwrap_err().to_string();
    assert!(message.contains("1 of 2 pictures cannot be read") && message.contains(&dog));
    let options = PictureOptions { skip_bad: true, ..PictureOptions::default() };
    let set = read_pictures(folder.path(), &options).unwrap();
    assert_eq!((set.data.len(), set.skipped.len()), (1, 1));
}

#[test]
fn samples_among_the_pictures_are_counted() {
    let folder = photos();
    picture(folder.path(), "s/1.png", 30, &[("Software", "ancestral 0.1.0"), ("seed", "0")]);
    picture(folder.path(), "s/2.png", 30, &[("Software", "another 0.1.0")]);
    let decided = read(folder.path()).decided;
    assert_eq!(decided, "4 pictures, 1 channel (all are grey), 1x1, 1 drawn by ancestral");
}

#[test]
#[cfg(unix)]
fn links_that_lead_in_circles_end() {
    use std::os::unix::fs::symlink;
    let folder = photos();
    let before = read(folder.path());
    for (to, name) in [("..", "b/up"), ("../b", "b/self"), ("../..", "b/top"), ("/", "b/root")] {
        symlink(to, folder.path().join(name)).unwrap();
        assert_eq!(read(folder.path()).data, before.data, "{name}");
    }
    let set = read_pictures(&folder.path().join("b"), &PictureOptions::default()).unwrap();
    assert_eq!(
        set.decided,
        "1 picture, 1 channel (all are grey), 1x1, 4 links to what is read already passed over"
    );
    symlink("round.png", folder.path().join("round.png")).unwrap();
    let message = read_pictures(folder.path(), &PictureOptions::default()).unwrap_err().to_string();
    assert!(message.contains("round.png: cannot be read: Too many levels"), "{message}");
}
