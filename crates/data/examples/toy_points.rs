//! Fresh points of a toy set, to check samples against: `moons 2000 --seed 7 points.npy`.
//!
//! The extension of the file decides its format: `.npy` of float32 [count, 2], `.csv` with a header,
//! or a `.png` to look at. Takes well under a second for 100 000 points; prints nothing.

use ancestral_data::{ScatterStyle, TOYS, save_with, scatter, toy, write_npy, write_png};
use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, count, flag, seed, path] = arguments.as_slice() else {
        return Err("expected: NAME COUNT --seed SEED FILE.npy|.csv|.png".into());
    };
    if flag != "--seed" {
        return Err(format!("expected --seed, got {flag}").into());
    }
    let Some(toy) = toy(name) else {
        return Err(format!("no toy set is named {name}, but {}", TOYS.join(", ")).into());
    };
    write(path.as_ref(), name, &toy.points(count.parse()?, seed.parse()?))
}

fn write(path: &Path, name: &str, points: &[[f64; 2]]) -> Result<(), Box<dyn Error>> {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("npy") => {
            #[allow(clippy::cast_possible_truncation, reason = "float32 is what is wanted")]
            let values: Vec<f32> = points.as_flattened().iter().map(|&x| x as f32).collect();
            write_npy(path, &[points.len(), 2], &values)?;
        }
        Some("csv") => save_with(path, |file| {
            writeln!(file, "x,y")?;
            points.iter().try_for_each(|[x, y]| writeln!(file, "{x},{y}"))
        })?,
        Some("png") => {
            let image = scatter(points, &ScatterStyle { title: name, ..Default::default() })?;
            write_png(path, &image, &[])?;
        }
        Some(_) | None => return Err(format!("{} is no .npy, .csv or .png", path.display()).into()),
    }
    Ok(())
}
