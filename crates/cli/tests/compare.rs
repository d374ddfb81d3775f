//! Samplers × network calls: what is written, and that it is what `sample` draws.

#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod common;

use ancestral_data::{digits, read_npy};
use ancestral_metrics::{Moments, Rows, frechet_distance};
use common::Folder;

/// The values of a line of table.csv by the name of their column.
fn value(table: &str, sampler: &str, calls: &str, column: &str) -> f64 {
    let mut lines = table.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().unwrap();
    let place = header.iter().position(|name| *name == column).unwrap();
    let line = lines.find(|line| line[..2] == [sampler, calls]).unwrap();
    line[place].parse().unwrap()
}

#[test]
fn orders_are_seen_and_the_table_is_not_replaced_unasked() {
    let folder = Folder::new();
    let compare =
        "compare --exact ring --samplers ddim,dpmpp-2m,heun --calls 65,33 -n 100 -o found";
    folder.run(compare);
    let table = folder.text("found/table.csv");
    for (sampler, order) in [("ddim", 1.0), ("dpmpp-2m", 2.0), ("heun", 2.0)] {
        assert_eq!(value(&table, sampler, "65", "order_claimed"), order);
        let seen = value(&table, sampler, "65", "order_seen");
        assert!((seen - order).abs() < 0.3, "{sampler}: {seen}");
    }
    // Two calls a hop.
    assert_eq!(value(&table, "heun", "65", "calls_made"), 64.0);
    assert_eq!(value(&table, "ddim", "65", "calls_made"), 65.0);
    assert_eq!(folder.read("found/plot.png")[..4], *b"\x89PNG");
    let refusal = folder.refused(compare);
    assert!(refusal.contains("table.csv already exists"), "{refusal}");
    let before = folder.read("found/plot.png");
    folder.run(&format!("{compare} --force"));
    assert_eq!(folder.text("found/table.csv"), table);
    assert_eq!(folder.read("found/plot.png"), before);
}

#[test]
fn whole_runs_over_a_spacing_come_nearer_with_each_call() {
    let folder = Folder::new();
    folder.run("compare --spacing karras --samplers ddim,heun --calls 1,33,65 -n 100 -o found");
    let table = folder.text("found/table.csv");
    let distance = |sampler, calls| value(&table, sampler, calls, "distance");
    // The hop into clean data is a call, and the only one of heun's that is not two.
    assert_eq!(value(&table, "ddim", "65", "calls_made"), 65.0);
    assert_eq!(value(&table, "heun", "65", "calls_made"), 65.0);
    // From noise in one call: to the mean of the blobs, which are this far from it.
    assert_eq!(distance("ddim", "1"), distance("heun", "1"));
    assert!(distance("ddim", "1") > 0.5);
    let ratio = distance("ddim", "33") / distance("ddim", "65");
    assert!((1.8..2.2).contains(&ratio), "of first order: {ratio}");
    assert!(distance("heun", "65") < distance("ddim", "65") / 3.0);
    // Ends are as far from the order as the schedule's last level is from clean data.
    assert!(table.lines().skip(1).all(|line| line.ends_with(",,")), "{table}");
}

#[test]
fn the_distance_is_that_of_the_samples_that_sample_draws() {
    let folder = Folder::new();
    folder.run(
        "compare digits --samplers dpmpp-2m --calls 5 -n 70 --seeds 2 --reference 0 --batch 9 \
         -o found",
    );
    let table = folder.text("found/table.csv");
    let data = digits();
    let distance = |seed: usize| {
        let sample =
            format!("sample -n 70 --sampler dpmpp-2m --calls 5 --seed {seed} -o {seed}.npy");
        folder.run(&sample);
        let (_, samples) = read_npy(&folder.path(&format!("{seed}.npy"))).unwrap().into_parts();
        let moments = |rows| Moments::of(Rows::new(rows, 64).unwrap()).unwrap();
        frechet_distance(&moments(&samples), &moments(data.rows())).unwrap().distance
    };
    let [a, b] = [0, 1].map(distance);
    let mean = value(&table, "dpmpp-2m", "5", "distance");
    assert!((mean - f64::midpoint(a, b)).abs() < 1e-9, "{mean} is not the mean of {a} and {b}");
    // Of two: half their difference.
    let error = value(&table, "dpmpp-2m", "5", "standard_error");
    assert!((error - (a - b).abs() / 2.0).abs() < 1e-9, "{error}");
}

#[test]
fn the_data_are_those_that_are_named() {
    let folder = Folder::new();
    let far = |name: &str, options: &str| {
        let flags = "--samplers ddim --calls 3 -n 5 --seeds 1 --reference 0";
        folder.run(&format!("compare digits {flags} {options} -o {name}"));
        value(&folder.text(&format!("{name}/table.csv")), "ddim", "3", "distance")
    };
    assert_eq!(far("unsaid", ""), far("named", "--data digits"));
    // What a run draws is at no distance from itself.
    folder.run("sample -n 5 --sampler ddim --calls 3 -o drawn.npy");
    assert_eq!(far("itself", "--data drawn.npy"), 0.0);
}
