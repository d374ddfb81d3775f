//! Built-in names and names of files and folders: files and folders have precedence, in every
//! command.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod common;

use common::Folder;

#[test]
fn a_model_folder_comes_before_the_built_in_model() {
    let folder = Folder::new();
    let inspect = || folder.try_run("inspect digits");
    assert!(folder.run("inspect digits").contains("built-in digits"));
    folder.run("convert digits -o small --dtype f16");
    std::fs::rename(folder.path("small"), folder.path("digits")).unwrap();
    let output = inspect();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(stderr, "digits: using the folder here, not the built-in model\n");
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(!stdout.contains("built-in") && stdout.contains("F16"), "{stdout}");
    // Without a name, and by a path.
    let output = folder.try_run("inspect ./digits");
    assert!(output.status.success() && output.stderr.is_empty());
    let stderr = folder.stderr("sample digits -n 1 --steps 2 -o x.png");
    assert!(stderr.contains("digits: using the folder here, not the built-in model"), "{stderr}");
    assert_eq!(folder.stderr("sample -n 1 --steps 2 -o y.png"), "");
}

#[test]
fn a_folder_that_is_no_model_says_that_it_came_first() {
    let folder = Folder::new();
    folder.write_picture("digits/1.png", [8, 8], 1, 3);
    folder.write_picture("one.png", [8, 8], 1, 3);
    for command in ["inspect digits", "sample digits", "invert digits one.png -o x.npy"] {
        let message = folder.refused(command);
        let expected =
            "error: using the folder here, not the built-in model: no model: looked for digits";
        assert!(message.contains(expected), "{command}: {message}");
    }
}

#[test]
fn data_that_are_here_come_before_those_that_are_built_in() {
    let folder = Folder::new();
    folder.run("convert digits -o model");
    let compare = "compare model --samplers ddim --calls 2 -n 8 --seeds 1 --reference 0 --data";
    let compared = |data: &str| {
        let output = folder.try_run(&format!("{compare} {data}"));
        assert!(output.status.success(), "{output:?}");
        [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap())
    };
    let [found, stderr] = compared("digits");
    assert!(found.contains("1797 rows of digits") && stderr.is_empty(), "{found} {stderr}");
    folder.write_picture("digits/1.png", [8, 8], 1, 3);
    folder.write_picture("digits/2.png", [8, 8], 1, 5);
    let [found, stderr] = compared("digits");
    assert!(found.contains("2 rows of digits"), "{found}");
    assert!(
        stderr.contains("digits: the folder here, not the built-in set; 2 pictures"),
        "{stderr}"
    );
    let [_, stderr] = compared("./digits");
    assert!(stderr.starts_with("./digits: 2 pictures"), "{stderr}");
    // What holds a model is no data.
    folder.write("digits/model_index.json", "{}");
    let [found, stderr] = compared("digits");
    assert!(found.contains("1797 rows of digits"), "{found}");
    assert_eq!(stderr, "digits: the built-in set; the folder here holds a model\n");
}

#[test]
fn what_is_here_is_left_out_where_it_is_no_data_and_said() {
    let folder = Folder::new();
    folder.run("convert digits -o model");
    folder.write_picture("photos/1.png", [8, 8], 1, 3);
    folder.write_picture("photos/2.png", [8, 8], 1, 5);
    folder.run("convert digits -o photos/models/digits");
    folder.write_picture("photos/models/digits/3.png", [8, 8], 1, 5);
    let compare = "compare model --samplers ddim --calls 2 -n 8 --seeds 1 --reference 0 --data";
    let stderr = folder.stderr(&format!("{compare} photos"));
    assert!(stderr.contains("left out photos/models/digits: a model\n"), "{stderr}");
    assert!(stderr.contains("photos: 2 pictures"), "{stderr}");
    let message = folder.refused(&format!("{compare} model"));
    assert!(message.contains("--data: model holds a model, not data"), "{message}");
}
