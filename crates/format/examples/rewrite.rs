//! Reads a model folder, whatever its layout, and writes it again in ours.
//!
//! ```text
//! cargo run --example rewrite -- FOLDER NEW-FOLDER [VARIANT]
//! ```
//!
//! What was ignored or assumed is printed to standard error; it takes no longer than reading and
//! writing the files.

use std::env;
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use ancestral_format::ModelFolder;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (from, to, variant) = match &arguments[..] {
        [from, to] => (from, to, None),
        [from, to, variant] => (from, to, Some(&variant[..])),
        _ => return Err("expected FOLDER NEW-FOLDER [VARIANT]".into()),
    };
    let loaded = ModelFolder::read_variant(Path::new(from), variant)?;
    for notice in loaded.notices {
        eprintln!("{notice}");
    }
    Ok(loaded.model.write(Path::new(to))?)
}
