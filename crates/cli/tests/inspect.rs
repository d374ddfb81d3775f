//! `ancestral inspect`, for machines.

mod common;

use common::Folder;

const NAMES: [&str; 8] =
    ["t", "beta", "alpha", "alpha_bar", "beta_tilde", "snr", "posterior_x0", "posterior_xt"];

/// The rows of a schedule from its betas, by the paper's formulas.
fn truth(betas: &[f64]) -> Vec<[f64; 8]> {
    let mut before = 1.0;
    let row = |(t, &beta): (usize, &f64)| {
        let alpha = 1.0 - beta;
        let alpha_bar = before * alpha;
        let beta_tilde = (1.0 - before) / (1.0 - alpha_bar) * beta;
        let on_x0 = f64::sqrt(before) * beta / (1.0 - alpha_bar);
        let on_xt = f64::sqrt(alpha) * (1.0 - before) / (1.0 - alpha_bar);
        let snr = alpha_bar / (1.0 - alpha_bar);
        before = alpha_bar;
        [t as f64, beta, alpha, alpha_bar, beta_tilde, snr, on_x0, on_xt]
    };
    betas.iter().enumerate().map(row).collect()
}

fn assert_close(found: &[[f64; 8]], truth: &[[f64; 8]]) {
    assert_eq!(found.len(), truth.len());
    for (found, truth) in std::iter::zip(found, truth) {
        for ((found, truth), name) in std::iter::zip(found, truth).zip(NAMES) {
            assert!((found - truth).abs() < 1e-13, "{name}: {found} is not {truth}");
        }
    }
}

#[test]
fn csv_and_json_have_the_numbers_of_the_paper() {
    let folder = Folder::new();
    let command = "inspect schedule --schedule linear:start=0.1,end=0.7 --timesteps 4";
    let truth = truth(&[0.1, 0.3, 0.5, 0.7]);

    let csv = folder.run(&format!("{command} --csv"));
    let mut lines = csv.lines();
    assert_eq!(lines.next(), Some(NAMES.join(",").as_str()));
    let row = |line: &str| -> [f64; 8] {
        let values: Vec<f64> = line.split(',').map(|value| value.parse().unwrap()).collect();
        values.try_into().unwrap()
    };
    assert_close(&lines.map(row).collect::<Vec<_>>(), &truth);

    let json = folder.run(&format!("{command} --json"));
    let rows: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
    let row = |row: &serde_json::Value| NAMES.map(|name| row[name].as_f64().unwrap());
    assert_close(&rows.iter().map(row).collect::<Vec<_>>(), &truth);
}

#[test]
fn a_schedule_can_end_in_pure_noise() {
    let folder = Folder::new();
    let csv = folder.run("inspect schedule --timesteps 50 --zero-snr --csv");
    let last = csv.lines().last().unwrap();
    assert!(last.starts_with("49,1,0,0,"), "{last}");
}

#[test]
fn betas_of_ones_own_that_leave_the_data_visible_are_warned_of() {
    let folder = Folder::new();
    let own = "inspect schedule --timesteps 100 --schedule linear:start=1e-4,end=0.02 --csv";
    let warning = String::from_utf8(folder.try_run(own).stderr).unwrap();
    assert!(warning.contains("ends at alpha_bar = 0.3636"), "{warning}");
    let defaults = folder.try_run("inspect schedule --timesteps 100 --csv");
    assert!(defaults.stderr.is_empty());
}

#[test]
fn a_plan_says_how_each_layer_is_computed() {
    let folder = Folder::new();
    let plan = folder.run("inspect digits --plan");
    assert!(plan.starts_with("instructions: "), "{plan}");
    for line in [
        "3×3 1 → 32 at 8×8: direct, as channels are few",
        "3×3 32 → 32 at 8×8: F(4×4, 3×3), 0.1 MB of weights",
        "3×3 32 → 32 at 4×4, of stride 2: direct, as it strides",
        "3×3 64 → 64 at 8×8, after repeating: F(4×4, 3×3), 0.4 MB of weights",
    ] {
        assert!(plan.contains(line), "{line} in {plan}");
    }
}
