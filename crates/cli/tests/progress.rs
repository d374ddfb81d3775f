//! The program's messages while it works, and the previews of a training.

mod common;

use common::{Folder, assert_same, people, png_texts};

const TINY: &str = "--width 8 --layers 1 --batch 4 --timesteps 25";

#[test]
fn logs_have_no_carriage_return_and_stdout_is_only_the_folder() {
    let folder = Folder::new();
    folder.write("people.csv", people(40));
    let output =
        folder.try_run(&format!("train people.csv {TINY} --prediction x0 --steps 50 -o run"));
    assert!(output.status.success());
    assert_eq!(output.stdout, b"run\n");
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(!stderr.contains(['\r', '\x1b']), "{stderr}");
    // What was read, and what will be done with it.
    assert!(stderr.starts_with("people.csv: 40 rows of 3 columns\n"), "{stderr}");
    assert!(stderr.contains("50 steps of 4, learning rate 0.002 cosine"), "{stderr}");
    let output = folder.try_run("sample run -n 100 --steps 25 -o x.csv");
    assert!(output.status.success() && output.stdout.is_empty() && output.stderr.is_empty());
}

#[test]
fn quiet_is_quiet_whatever_there_is_to_warn_of() {
    let folder = Folder::new();
    folder.write("a/1.png", "no picture");
    folder.write_picture("a/2.png", [8, 8], 3, 3);
    let train = format!("train a --skip-bad {TINY} --batch 9 --steps 3");
    let stderr = folder.stderr(&format!("{train} --stop-at 2 -o loud"));
    for text in ["skipped a/1.png", "note: a batch of 9", "stopped after step 2"] {
        assert!(stderr.contains(text), "{text}: {stderr}");
    }
    for command in [
        format!("{train} --stop-at 2 -o run --quiet"),
        "train --resume run --quiet".to_owned(),
        "sample run -n 2 --steps 1 --spacing leading --no-clip -o x.png --quiet".to_owned(),
    ] {
        assert_eq!(folder.stderr(&command), "", "{command}");
    }
}

#[test]
fn previews_come_as_often_as_asked_and_change_no_sample() {
    let folder = Folder::new();
    let run = |name: &str, every: u32| {
        folder.run(&format!(
            "train digits {TINY} --steps 10 --preview-every {every} --quiet -o {name}"
        ));
        let mut files = folder.files(name);
        // Each preview is judged.
        files.retain(|file, _| !file.starts_with("checkpoints") && file != "judgements.jsonl");
        files
    };
    let (mut with, without) = (run("with", 2), run("without", 0));
    // Of the last step there is samples.png.
    let steps = [2, 4, 6, 8].map(|step| format!("previews/step-{step:06}.png"));
    let previews: Vec<Vec<u8>> = steps.iter().map(|name| with.remove(name).unwrap()).collect();
    assert_same(&with, &without);
    // From the same noise, each of another network.
    for pair in previews.windows(2) {
        assert!(pair[0] != pair[1]);
    }
    let texts = png_texts(&folder.path("with/previews/step-000008.png"));
    for (key, value) in [("seed", "0"), ("sampler", "ddim:eta=0"), ("data", "digits")] {
        assert!(texts.contains(&(key.to_owned(), value.to_owned())), "{key} in {texts:?}");
    }
}
