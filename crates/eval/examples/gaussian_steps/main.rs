//! Is a step of the reverse process Gaussian? How many steps until it matters that it is not?
//!
//! ```text
//! cargo run --release -p ancestral-eval --example gaussian_steps -- FOLDER
//! ```
//! With mixtures of Gaussians as data, everything is known exactly: p(x_s | x_t) is a mixture itself.
//! Three parts, each a table, a CSV file and a PNG in FOLDER; a few minutes on two cores:
//!
//! - `hops`: how far p(x_s | x_t) is from Gaussians, as the β of the hop grows
//! - `bounds`: the variational bound with the exact denoiser, above the entropy of the data
//! - `samples`: how far samples with the exact denoiser are from the data, by the number of steps
//!
//! Each part compares the same four variances; see [`ideal::Kind`].

#![allow(clippy::print_stdout, reason = "an example prints")]

mod hops;
mod ideal;
mod line;
mod plane;
mod table;
mod truth;

use std::path::PathBuf;

use table::Table;

/// Why a measurement fails, on any thread.
type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let folder = std::env::args().nth(1).ok_or("usage: gaussian_steps FOLDER")?;
    let folder = PathBuf::from(folder);
    std::fs::create_dir_all(&folder)?;
    let line = truth::two_modes()?;
    let plane = truth::blobs()?;

    let mut gaps = hops::measure("line", &line)?;
    gaps.extend(hops::measure("plane", &plane)?);
    let hops = Table { name: "hops", axes: ["beta of the hop", "KL in nats"], cells: gaps };
    hops.write(
        &folder,
        "KL(p(x_s | x_t) || Gaussian), mean over x_t, two modes on the line",
        hops::is_drawn,
    )?;

    let bounds = Table {
        name: "bounds",
        axes: ["steps", "bits per dimension above the entropy"],
        cells: plane::bounds(&plane)?,
    };
    bounds.write(&folder, "Bound above the entropy, three blobs, exact denoiser", |_| true)?;

    let mut cells = line::distances(&line)?;
    cells.extend(plane::distances(&plane)?);
    let samples = Table { name: "samples", axes: ["steps", "2-Wasserstein distance"], cells };
    samples.write(&folder, "Distance of samples to the data, exact denoiser", |_| true)?;
    Ok(())
}
