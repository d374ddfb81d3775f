//! The schedule of a process: its table, and its curves.

use std::fmt::Write as _;
use std::path::Path;

use ancestral::{AnySchedule, Grid, Posterior, Schedule};
use ancestral_data::{Panel, encode_png, panels, panels_svg};
use ancestral_format::counted;
use ancestral_pipeline::signal_left;
use anyhow::{Context, Result};
use serde::Serialize;

use crate::args::{InspectScheduleArgs, ScheduleArgs};
use crate::failure::{Failed, note};
use crate::output::{check_file, save};

/// A timestep of a schedule: one row of the table.
#[derive(Serialize)]
struct Row {
    t: usize,
    beta: f64,
    alpha: f64,
    alpha_bar: f64,
    beta_tilde: f64,
    snr: f64,
    posterior_x0: f64,
    posterior_xt: f64,
}

fn rows(schedule: &Schedule) -> Result<Vec<Row>> {
    let descending: Vec<usize> = (0..schedule.len()).rev().collect();
    let grid = Grid::from_timesteps(schedule, &descending)?;
    let row = |(t, hop)| {
        let Posterior { on_x0, on_x_from, beta, beta_tilde, .. } = Posterior::of(&hop);
        let level = schedule.level(t);
        Row {
            t,
            beta,
            alpha: 1.0 - beta,
            alpha_bar: level.alpha_bar(),
            beta_tilde,
            snr: level.snr(),
            posterior_x0: on_x0,
            posterior_xt: on_x_from,
        }
    };
    Ok(grid.hops().rev().enumerate().map(row).collect())
}

/// What `inspect schedule` prints; nothing with `--plot`, which writes a file.
pub fn text(args: &InspectScheduleArgs) -> Result<String> {
    let ScheduleArgs { schedule: name, timesteps, zero_snr } = &args.schedule;
    let (name, timesteps) = (name.as_deref().unwrap_or("linear"), timesteps.unwrap_or(1000));
    let family = AnySchedule::parse(name, timesteps).context("--schedule")?;
    let mut schedule = family.schedule(timesteps).context("--schedule")?;
    if *zero_snr {
        schedule = schedule.rescale_zero_terminal_snr().context("--zero-snr")?;
    }
    if name.contains(':')
        && let Some(text) = signal_left(&schedule)
    {
        note(false, format_args!("warning: {text}"));
    }
    let rows = rows(&schedule)?;
    if let Some(path) = &args.plot {
        let end = if *zero_snr { ", rescaled to end in pure noise" } else { "" };
        let title = format!("{name} schedule, {}{end}", counted(rows.len(), "timestep"));
        plot(path, args.force, &title, &rows)?;
        return Ok(String::new());
    }
    if args.json {
        return Ok(serde_json::to_string_pretty(&rows)? + "\n");
    }
    let names =
        ["t", "beta", "alpha", "alpha_bar", "beta_tilde", "snr", "posterior_x0", "posterior_xt"];
    let mut text = if args.csv {
        names.join(",")
    } else {
        let [t, rest @ ..] = names;
        rest.iter().fold(format!("{t:>5}"), |line, name| format!("{line}  {name:>13}"))
    };
    text.push('\n');
    for Row { t, beta, alpha, alpha_bar, beta_tilde, snr, posterior_x0, posterior_xt } in rows {
        let values = [beta, alpha, alpha_bar, beta_tilde, snr, posterior_x0, posterior_xt];
        if args.csv {
            let values = values.map(|value| value.to_string());
            writeln!(text, "{t},{}", values.join(","))?;
        } else {
            let line = values.iter().fold(format!("{t:>5}"), |l, v| format!("{l}  {v:>13.7e}"));
            writeln!(text, "{line}")?;
        }
    }
    Ok(text)
}

/// Writes the curves: signal and noise in x_t, their ratio, and the variances of a step.
fn plot(path: &Path, force: bool, title: &str, rows: &[Row]) -> Result<()> {
    check_file(path, &["svg", "png"], force)
        .with_context(|| format!("--plot {}", path.display()))?;
    let is_svg = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("svg"));
    let column = |of: fn(&Row) -> f64| rows.iter().map(of).collect::<Vec<_>>();
    let places = column(|row| row.t as f64);
    let parts = [
        Panel {
            name: "share of x_t",
            is_logarithmic: false,
            curves: vec![
                ("signal, √alpha_bar", column(|row| row.alpha_bar.sqrt())),
                ("noise, √(1 − alpha_bar)", column(|row| (1.0 - row.alpha_bar).sqrt())),
            ],
        },
        Panel {
            name: "signal-to-noise ratio (log scale)",
            is_logarithmic: true,
            curves: vec![("snr", column(|row| row.snr))],
        },
        Panel {
            name: "variance of a step (log scale)",
            is_logarithmic: true,
            curves: vec![
                ("beta", column(|row| row.beta)),
                ("beta_tilde", column(|row| row.beta_tilde)),
            ],
        },
    ];
    let bytes = if is_svg {
        panels_svg(title, "timestep t", &places, &parts)?.into_bytes()
    } else {
        encode_png(&panels(title, "timestep t", &places, &parts)?, &[])?
    };
    save(path, &bytes).map_err(|error| Failed(error).into())
}
