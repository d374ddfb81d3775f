//! How good models are: likelihood, samples beside data, optimal variances.

#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod common;

use common::Folder;
use serde_json::Value;

/// The JSON that a command prints.
fn json(folder: &Folder, command: &str) -> Value {
    serde_json::from_slice(&folder.try_run(command).stdout).unwrap()
}

/// A measure of a report on samples.
fn measure(report: &Value, name: &str, key: &str) -> f64 {
    let measures = report["measures"].as_array().unwrap();
    let found = measures.iter().find(|measure| measure["name"] == name);
    found.unwrap_or_else(|| panic!("{name} in {report}"))[key].as_f64().unwrap()
}

#[test]
fn the_optimal_variance_has_the_lowest_bound_of_the_fixed_ones() {
    let folder = Folder::new();
    let bits = |variance: &str| {
        let command = "eval digits --likelihood -n 32 --steps 10 --json --variance";
        let report = json(&folder, &format!("{command} {variance}"));
        assert_eq!(report["units"]["values"], 17);
        assert_eq!(report["hops"].as_array().unwrap().len(), 10);
        let hops = report["hops"].as_array().unwrap();
        let sum: f64 = hops.iter().map(|hop| hop["bits"].as_f64().unwrap()).sum();
        let bits = report["bits"].as_f64().unwrap();
        assert!((sum + report["prior"].as_f64().unwrap() - bits).abs() < 1e-9);
        bits
    };
    let [optimal, small, large] = ["optimal", "fixed-small", "fixed-large"].map(bits);
    assert!(optimal < small && optimal < large, "{optimal} {small} {large}");
    // As many bits as one value of seventeen takes, if nothing is known of it.
    assert!(0.0 < optimal && optimal < 17_f64.log2(), "{optimal}");
}

#[test]
fn the_curve_of_a_bound_is_written_and_not_replaced_unasked() {
    let folder = Folder::new();
    let command = "eval digits --likelihood -n 2 --steps 3 -o curve";
    folder.run(command);
    let curve = folder.text("curve/curve.csv");
    assert_eq!(curve.lines().count(), 4);
    assert!(curve.starts_with("hop,timestep,lambda,bits,standard_error\n0,999,-"), "{curve}");
    assert_eq!(folder.read("curve/curve.png")[..4], *b"\x89PNG");
    assert!(folder.refused(command).contains("curve.csv already exists"));
}

#[test]
fn a_model_that_is_calibrated_knows_its_optimal_variance() {
    let folder = Folder::new();
    folder.run("train moons --points 300 --steps 40 --width 16 --layers 1 -o run");
    let refusal = folder.refused("sample run -n 2 --steps 2 --variance optimal -o x.csv");
    assert!(refusal.contains("--variance optimal: model run does not say"), "{refusal}");
    folder.run("calibrate run moons -n 100 --levels 10");
    let about: Value = serde_json::from_str(&folder.text("run/ancestral.json")).unwrap();
    assert_eq!(about["calibration"]["rows"], 100);
    assert_eq!(about["calibration"]["lambda"].as_array().unwrap().len(), 10);
    folder.run("sample run -n 2 --steps 2 --variance optimal -o x.csv");
    let flow = json(&folder, "eval run moons -n 8 --flow --flow-steps 5 --json");
    assert_eq!((&flow["probes"], &flow["units"]), (&0.into(), &"density".into()));
    assert!(flow["bits"].as_f64().unwrap().is_finite());
}

#[test]
fn samples_in_files_are_compared_with_data() {
    let folder = Folder::new();
    folder.run("sample digits -n 40 --steps 4 -o x.npz");
    folder.run("sample digits -n 40 --steps 4 -o x.npy");
    // As bytes, the pictures are nearly the same.
    let [bytes, reals] = ["npz", "npy"].map(|kind| {
        let report = json(&folder, &format!("eval x.{kind} digits --json --neighbours 3"));
        assert_eq!((&report["samples"], &report["real"]), (&40.into(), &1797.into()));
        measure(&report, "frechet_distance", "value")
    });
    assert!((bytes - reals).abs() < 0.02 * reals, "{bytes} {reals}");
    let report = json(&folder, "eval x.npy digits --training digits --json");
    assert_eq!(measure(&report, "copies", "value"), 0.0);
    assert!(measure(&report, "precision", "floor") > 0.5);
    folder.run("eval x.npy digits -o shown");
    assert_eq!(folder.read("shown/neighbours.png")[..4], *b"\x89PNG");
    for (command, text) in [
        ("eval x.npy", "x.npy: name the data to compare with"),
        ("eval x.npy moons", "moons: rows of 2, expected 1x8x8 as in x.npy"),
        ("eval x.npy digits --steps 3", "--steps: x.npy holds samples"),
        ("eval x.npy digits --likelihood", "x.npy: samples have no likelihood"),
        ("eval x.npy digits --neighbours 40", "40"),
        ("eval x.npy digits --features x.npy", "--features x.npy: "),
    ] {
        let refusal = folder.refused(command);
        assert!(refusal.contains(text), "{command}: {refusal}");
    }
}

#[test]
fn tables_are_compared_in_the_units_of_what_was_learned() {
    let folder = Folder::new();
    let table = |offset: f64, scale: f64| {
        let row = |i: i32| {
            let x = f64::from(i * 37 % 101) / 50.0 + offset;
            format!("{},{}\n", scale * x, f64::from(i * i % 53))
        };
        format!("a,b\n{}", (0..200).map(row).collect::<String>())
    };
    folder.write("a.csv", table(0.0, 1.0));
    folder.write("b.csv", table(0.5, 3.0));
    let report = json(&folder, "eval a.csv b.csv --training a.csv --json");
    assert_eq!(measure(&report, "copies", "value"), 1.0);
    let report = json(&folder, "eval b.csv a.csv --training a.csv --json");
    assert_eq!(measure(&report, "copies", "value"), 0.0);
    // Arrays have no names of columns.
    folder.run("train a.csv --steps 3 --width 8 --layers 1 -o run");
    folder.run("sample run -n 20 --steps 2 -o drawn.npy");
    let report = json(&folder, "eval drawn.npy a.csv --json");
    assert_eq!(report["samples"], 20);
    for (command, text) in [
        ("eval a.csv b.csv --bins 256", "--bins: only with --likelihood or --flow"),
        ("eval run a.csv --likelihood --probes 2", "--probes: only with --flow"),
        ("calibrate run a.csv -n 1", "1 row of a.csv are too few to measure with"),
        ("eval run no.csv", "no.csv"),
    ] {
        let refusal = folder.refused(command);
        assert!(refusal.contains(text) && !refusal.contains("--data"), "{command}: {refusal}");
    }
}

#[test]
fn the_flow_of_pictures_is_below_the_bound() {
    let folder = Folder::new();
    let bits = |flags: &str| {
        let command = format!("eval digits -n 8 --json {flags}");
        json(&folder, &command)["bits"].as_f64().unwrap()
    };
    let (flow, bound) = (bits("--flow --flow-steps 15"), bits("--likelihood --steps 20"));
    assert!(0.0 < flow && flow < bound + 1.0, "{flow} {bound}");
}

#[test]
fn large_pictures_have_no_frechet_distance_and_no_wild_estimate() {
    let folder = Folder::new();
    for i in 0..12 {
        folder.write_picture(&format!("photos/{i}.png"), [80, 60], 1, i + 1);
    }
    let output = folder.try_run("eval photos photos --json --neighbours 2");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(report["warnings"][0].as_str().unwrap().contains("4800 values are too long"));
    assert_eq!(report["measures"][0]["name"], "kernel_distance");
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        !stderr.contains("takes about") && stderr.contains("take --features small"),
        "{stderr}"
    );
}

#[test]
fn samples_of_a_model_are_drawn_and_compared() {
    let folder = Folder::new();
    let report = json(&folder, "eval digits -n 30 --sets 2 --steps 3 --json");
    assert_eq!((&report["sets"], &report["samples"]), (&2.into(), &30.into()));
    let held_out = json(&folder, "eval digits -n 20 --sets 1 --steps 3 --holdout 0.1 --json");
    assert_eq!(held_out["real"], 180);
    assert_eq!(measure(&held_out, "copies", "value"), 0.0);
    let error = measure(&report, "two_sample_accuracy", "standard_error");
    assert!((0.0..0.5).contains(&error), "{error}");
    assert!(report["warnings"][0].as_str().unwrap().contains("30 samples with 64 values"));
}

#[test]
fn a_learned_variance_is_trained_and_sampled() {
    let folder = Folder::new();
    let tiny = "train digits --steps 3 --batch 8 --width 8,16 --variance learned-range -o run";
    folder.run(tiny);
    let config: Value =
        serde_json::from_str(&folder.text("run/scheduler/scheduler_config.json")).unwrap();
    assert_eq!(config["variance_type"], "learned_range");
    let report = json(&folder, "eval run digits --likelihood -n 2 --steps 2 --json");
    assert_eq!(report["variance"], "learned-range");
    let refusal = folder.refused("sample run -n 1 --steps 2 --variance learned -o x.png");
    assert!(refusal.contains("predicts its variance as learned-range"), "{refusal}");
    let refusal = folder.refused("train digits --loss vlb -o other");
    assert!(
        refusal.contains("--loss: loss vlb does not go with variance fixed-small"),
        "{refusal}"
    );
    let refusal = folder.refused("train --resume run --variance fixed-small");
    assert!(refusal.contains("begun with --variance learned-range"), "{refusal}");
}

#[test]
fn samples_of_a_table_are_measured_as_they_are_written() {
    let folder = Folder::new();
    // Words, a constant, integers: a network's rows hold none of these before they are written.
    let row = |i: i32| format!("{},7,{}\n", ["red", "green"][usize::from(i % 3 == 0)], i % 11);
    folder.write("data.csv", format!("colour,kind,days\n{}", (0..80).map(row).collect::<String>()));
    folder.run("train data.csv --width 8 --layers 1 --timesteps 25 --steps 3 --quiet -o run");
    folder.run("sample run -n 30 --steps 4 --seed 5 -o drawn.csv");
    let [drawn, written] = [
        "run data.csv -n 30 --sets 1 --steps 4 --seed 5",
        "drawn.csv data.csv --training data.csv",
    ]
    .map(|what| json(&folder, &format!("eval {what} --json")));
    for name in ["frechet_distance", "sliced_wasserstein", "precision", "recall"] {
        let [drawn, written] = [&drawn, &written].map(|report| measure(report, name, "value"));
        assert!(
            (drawn - written).abs() <= 1e-6 * drawn.abs().max(1.0),
            "{name}: {drawn}, {written}"
        );
    }
}

#[test]
fn tables_are_compared_column_by_column() {
    let folder = Folder::new();
    let table = |rows: std::ops::Range<i32>, rare: &str| {
        let row = |i: i32| {
            let word =
                if i == rows.start { rare } else { ["red", "green"][usize::from(i % 3 == 0)] };
            format!("{},{}\n", i * 37 % 101, word)
        };
        format!("size,colour\n{}", rows.clone().map(row).collect::<String>())
    };
    folder.write("learned.csv", table(0..300, "blue"));
    folder.write("new.csv", table(301..400, "red"));
    folder.write("drawn.csv", table(400..600, "blue"));
    let command =
        "eval drawn.csv new.csv --training learned.csv --target colour -o shown/page.html";
    let report = json(&folder, &format!("{command} --json"));
    let table = &report["table"];
    assert_eq!((&table["samples"], &table["rows"]), (&200.into(), &99.into()));
    assert_eq!(table["columns"][1]["measure"], "total_variation");
    assert_eq!(table["pairs"][0]["columns"], serde_json::json!(["size", "colour"]));
    assert!(table["usefulness"]["data"].as_f64().unwrap() > 0.5, "{table}");
    assert!(folder.text("shown/page.html").contains("<b>colour</b>"));
    for (command, text) in [
        (command, "page.html already exists: replace it with --force"),
        ("eval drawn.csv learned.csv -o shown", "-o shown: expected NAME.html"),
        ("eval drawn.csv learned.csv --target age", "--target: unknown column \"age\""),
        ("eval digits --target age", "--target: digits is no table"),
        ("eval drawn.csv new.csv", "\"blue\" in row 1"),
    ] {
        let refusal = folder.refused(command);
        assert!(refusal.contains(text), "{command}: {refusal}");
    }
}

#[test]
fn data_are_read_as_those_of_the_training() {
    let folder = Folder::new();
    // Letterboxed pictures over black: as crops over white they would be others.
    for i in 0..6_u8 {
        folder.write_picture(&format!("wide/{i}.png"), [8, 16], 3, i);
    }
    let tiny = "--steps 2 --width 8 --layers 1 --batch 4 --timesteps 25 --preview-every 0 --groups 0 --quiet";
    folder.run(&format!("train wide --size 8 --fit letterbox --background black {tiny} -o run"));
    let found = folder.stderr("eval run wide -n 6 --sets 1 --steps 2 --neighbours 2");
    assert!(found.contains("8x8 (letterboxed from 8x16)"), "{found}");
    let found = folder.stderr("sample run --from wide --strength 0.1 --steps 10 -n 6 -o x.npy");
    assert!(found.contains("letterboxed"), "{found}");

    // Rows with holes that were left out, a column that was, and a column that a schema makes a category.
    let cell = |i: usize| match i % 20 {
        0 => String::new(),
        7 => "unknown".to_owned(),
        _ => format!("{}.5", i * i % 997),
    };
    let rows = (0..200).map(|i| format!("{},{},{},name {i}\n", cell(i), i * 7 % 31, i % 3));
    folder.write("t.csv", "a,b,c,who\n".to_owned() + &rows.collect::<String>());
    folder.write(
        "s.json",
        r#"{"columns": [{"name": "a", "kind": "category"}, {"name": "c", "kind": "skip"}]}"#,
    );
    let tiny = "--steps 5 --width 16 --layers 1 --preview-every 0";
    let command =
        format!("train t.csv --columns s.json --missing drop --holdout 0.2 {tiny} -o table");
    folder.run(&command);
    let report = json(&folder, "eval table t.csv --holdout 0.2 -n 10 --sets 1 --json");
    assert_eq!(report["real"], 38); // a fifth of the 190 rows without a hole
    folder.run("eval table t.csv --holdout 0.2 --likelihood -n 10 --steps 5");
    folder.run("calibrate table t.csv -n 50 --levels 5");
    folder.run("sample table --given t.csv --steps 2 -o given.csv");
    // What was held out is known; another share measures rows that were learned.
    let found = folder.stderr("eval table t.csv --holdout 0.3 -n 10 --sets 1");
    assert!(found.contains("warning: --holdout 0.3: the training held out 0.2"), "{found}");
}

#[test]
fn classes_that_the_model_does_not_know_are_named() {
    let folder = Folder::new();
    for name in ["7/a.png", "sieben/b.png"] {
        folder.write_picture(&format!("digits-here/{name}"), [8, 8], 1, 3);
    }
    let found = folder.stderr("eval digits digits-here --likelihood -n 2 --steps 3");
    assert!(found.contains("does not know the classes sieben: measured as none"), "{found}");
}
