//! The numbers of a page, as it holds them.

use ancestral::{Level, Posterior, Schedule};
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};
use serde::Serialize;

use super::Explanation;
use super::hops::Hops;
use super::runs::RunNumbers;
use crate::field::{Field, NODES, REACH};
use crate::process::{HOPS, Noise, Process, SCHEDULES, TIMESTEPS, schedule};
use crate::subject::{Kind, Subject};
use crate::table::Table;
use ancestral::grid::Hop;

/// All numbers of a page.
#[derive(Debug, Serialize)]
pub(super) struct Numbers {
    version: &'static str,
    subject: SubjectNumbers,
    schedules: Vec<ScheduleNumbers>,
    hops: Vec<Hops>,
    runs: Vec<RunNumbers>,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<FieldNumbers>,
}

#[derive(Debug, Serialize)]
struct SubjectNumbers {
    name: String,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    columns: Option<[String; 2]>,
    shape: Vec<usize>,
    notice: Option<String>,
    rows: Table,
}

/// A schedule, a value a timestep.
#[derive(Debug, Serialize)]
struct ScheduleNumbers {
    name: &'static str,
    alpha_bar: Table,
    beta: Table,
    beta_tilde: Table,
    snr: Table,
    /// The timesteps of the field's levels.
    field_timesteps: Vec<f64>,
}

#[derive(Debug, Serialize)]
struct FieldNumbers {
    nodes: usize,
    reach: f64,
    alpha: Table,
    sigma: Table,
    x0: Table,
}

impl Numbers {
    pub fn of(explanation: &Explanation) -> Self {
        let Explanation { subject, particles, runs, field, .. } = explanation;
        let levels = field.as_ref().map_or(&[][..], |field| &field.levels);
        let all = SCHEDULES.into_iter().flat_map(|schedule| HOPS.map(|hops| (schedule, hops)));
        let process = |(schedule, hops)| Process { schedule, hops, noise: Noise::Small };
        Self {
            version: env!("CARGO_PKG_VERSION"),
            subject: SubjectNumbers::of(subject),
            schedules: SCHEDULES.map(|name| ScheduleNumbers::of(name, levels)).into(),
            hops: all.map(|of| Hops::of(&process(of), particles.frames)).collect(),
            runs: runs.par_iter().map(|(of, run)| RunNumbers::of(explanation, of, run)).collect(),
            field: field.as_ref().map(FieldNumbers::of),
        }
    }
}

impl SubjectNumbers {
    fn of(subject: &Subject) -> Self {
        let shape = [subject.rows.rows(), subject.rows.row_len()];
        let values = subject.rows.data().iter().copied();
        let (kind, columns, rows) = match &subject.kind {
            Kind::Points { columns } => {
                ("points", Some(columns.clone()), Table::single(&shape, values))
            }
            Kind::Pictures(_) => ("pictures", None, Table::pixels(&shape, values)),
        };
        Self {
            name: subject.name.clone(),
            kind,
            columns,
            shape: match subject.kind {
                Kind::Points { .. } => vec![2],
                Kind::Pictures(shape) => shape.to_vec(),
            },
            notice: subject.notice().map(str::to_owned),
            rows,
        }
    }
}

impl ScheduleNumbers {
    fn of(name: &'static str, levels: &[Level]) -> Self {
        let schedule = schedule(name).expect("a built-in schedule");
        let column =
            |value: &dyn Fn(usize) -> f64| Table::single(&[TIMESTEPS], (0..TIMESTEPS).map(value));
        let hops = unit_hops(&schedule);
        Self {
            name,
            alpha_bar: column(&|t| schedule.level(t).alpha_bar()),
            beta: column(&|t| schedule.beta(t)),
            beta_tilde: column(&|t| Posterior::of(&hops[t]).beta_tilde),
            snr: column(&|t| schedule.level(t).snr()),
            field_timesteps: levels.iter().map(|level| schedule.timestep(*level)).collect(),
        }
    }
}

/// The hops from each timestep to the one before.
fn unit_hops(schedule: &Schedule) -> Vec<Hop> {
    let every: Vec<usize> = (0..TIMESTEPS).rev().collect();
    let grid = ancestral::Grid::from_timesteps(schedule, &every).expect("timesteps that descend");
    let mut hops: Vec<Hop> = grid.hops().collect();
    hops.reverse();
    hops
}

impl FieldNumbers {
    fn of(field: &Field) -> Self {
        let count = field.levels.len();
        let column =
            |value: fn(&Level) -> f64| Table::single(&[count], field.levels.iter().map(value));
        let x0 = field.x0.iter().flat_map(|batch| batch.data().iter().copied());
        Self {
            nodes: NODES,
            reach: REACH,
            alpha: column(|level| level.alpha()),
            sigma: column(|level| level.sigma()),
            x0: Table::single(&[count, NODES * NODES, 2], x0),
        }
    }
}
