//! Models as the command line names them, and the engines that compute them.

use std::path::Path;

use ancestral_pipeline::{Engine, Model, Noted, Precision};
use anyhow::Result;

use crate::args::{ComputeArgs, Wrapped};
use crate::failure::note;
use crate::flags::{flagged, spelled};

/// The name of the built-in model, unless a file or folder has that name.
const SHORT: &str = "digits";
/// The note if a file or folder has that name.
const HERE: &str = "using the folder here, not the built-in model";

/// The model that the user names.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    pub path: Option<&'a Path>,
    pub variant: Option<&'a str>,
    /// Size of pictures, if it differs from the size of training.
    pub size: Option<Wrapped<[usize; 2]>>,
    pub quiet: bool,
}

impl Wanted<'_> {
    /// The model in that folder; the built-in one without a folder, or for the name `digits` if no file
    /// or folder has it.
    pub fn model(&self) -> Result<Model> {
        let Self { path, variant, size, quiet } = *self;
        let model = match self.elsewhere() {
            None => {
                if variant.is_some() {
                    anyhow::bail!("--variant: the built-in model has one set of weights");
                }
                Model::built_in()
            }
            Some(folder) => {
                let is_named = path == Some(Path::new(SHORT));
                let opened = Model::open(folder, variant).map_err(flagged);
                let opened = if is_named { opened.map_err(|e| e.context(HERE)) } else { opened };
                let Noted { value, notices } = opened?;
                note(quiet || !is_named, format_args!("{SHORT}: {HERE}"));
                for notice in notices {
                    note(quiet, spelled(&notice.to_string()));
                }
                value
            }
        };
        match size {
            None => Ok(model),
            Some(Wrapped(size)) => model.with_size(size).map_err(flagged),
        }
    }

    /// Whether this is the built-in model.
    pub fn is_built_in(&self) -> bool {
        self.elsewhere().is_none()
    }

    /// The path of the model, if it is not built in.
    fn elsewhere(&self) -> Option<&Path> {
        self.path.filter(|path| path.exists() || *path != Path::new(SHORT))
    }
}

/// The engine for the device, precision and threads of the flags.
pub fn engine(args: &ComputeArgs) -> Result<Engine> {
    let engine = engine_on(args, args.precision.unwrap_or_default())?;
    match args.threads {
        None => Ok(engine),
        Some(threads) => engine.with_threads(threads).map_err(flagged),
    }
}

/// The same in a precision, on the threads that it is called from.
pub fn engine_on(args: &ComputeArgs, precision: Precision) -> Result<Engine> {
    let engine = Engine::new(&args.device, precision).map_err(flagged)?;
    for notice in engine.notices() {
        note(args.quiet, notice);
    }
    Ok(engine)
}

/// Runs `work` on the number of threads from the flags.
#[cfg(feature = "train")]
pub fn on_threads<T: Send>(
    args: &ComputeArgs,
    work: impl FnOnce() -> Result<T> + Send,
) -> Result<T> {
    match args.threads {
        None => work(),
        Some(threads) => Engine::default().with_threads(threads).map_err(flagged)?.run(work),
    }
}
