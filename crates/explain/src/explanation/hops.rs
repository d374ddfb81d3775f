//! What a page needs of the hops of a process: they do not depend on its noise, nor on the data.

use ancestral::grid::Hop;
use ancestral::{Level, Posterior, Prediction};
use serde::Serialize;

use crate::process::Process;
use crate::run::kept;
use crate::table::Table;

/// The kept hops of a schedule and a number of hops, a value a hop.
#[derive(Debug, Serialize)]
pub(super) struct Hops {
    schedule: &'static str,
    #[serde(rename = "hops")]
    count: usize,
    /// The number of the hop, from 0.
    index: Table,
    /// The timesteps of its ends; −1 for clean data.
    timestep: Table,
    timestep_to: Table,
    alpha: Table,
    sigma: Table,
    alpha_to: Table,
    sigma_to: Table,
    on_x0: Table,
    on_x_from: Table,
    beta: Table,
    beta_tilde: Table,
    /// For each prediction: the coefficients on x₀ and ε that make it, on x_t and it that make x₀, and ε.
    target: Table,
    to_x0: Table,
    to_epsilon: Table,
}

impl Hops {
    pub fn of(process: &Process, frames: usize) -> Self {
        let all: Vec<Hop> = process.grid().hops().collect();
        let index = kept(process.hops, frames);
        let hops: Vec<Hop> = index.iter().map(|i| all[*i]).collect();
        let count = hops.len();
        let column = |value: fn(&Hop) -> f64| Table::single(&[count], hops.iter().map(value));
        let pairs = |pair: fn(Prediction, Level) -> (f64, f64)| {
            let of_hop = |hop: &Hop| {
                let level = hop.from().level;
                Prediction::ALL
                    .into_iter()
                    .flat_map(move |prediction| <[f64; 2]>::from(pair(prediction, level)))
            };
            Table::single(&[count, 3, 2], hops.iter().flat_map(of_hop))
        };
        Self {
            schedule: process.schedule,
            count: process.hops,
            index: Table::whole(&[count], index.iter().copied()),
            timestep: column(|hop| hop.from().timestep.unwrap_or(-1.0)),
            timestep_to: column(|hop| hop.to().timestep.unwrap_or(-1.0)),
            alpha: column(|hop| hop.from().level.alpha()),
            sigma: column(|hop| hop.from().level.sigma()),
            alpha_to: column(|hop| hop.to().level.alpha()),
            sigma_to: column(|hop| hop.to().level.sigma()),
            on_x0: column(|hop| Posterior::of(hop).on_x0),
            on_x_from: column(|hop| Posterior::of(hop).on_x_from),
            beta: column(|hop| Posterior::of(hop).beta),
            beta_tilde: column(|hop| Posterior::of(hop).beta_tilde),
            target: pairs(Prediction::target),
            to_x0: pairs(Prediction::to_x0),
            to_epsilon: pairs(Prediction::to_epsilon),
        }
    }
}
