//! The folder of a run's checkpoints.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::{Checkpoint, CheckpointError};

/// The ends of the names of incomplete checkpoints and of checkpoints being removed; the names start
/// with a dot.
const PARTIAL: &str = ".partial";

/// The checkpoints of a run; only the newest are kept.
///
/// A checkpoint is written to a temporary folder, flushed to the disk and then renamed: under its
/// name it is complete or missing, whenever the process is killed. Only then are older ones removed.
/// A checkpoint that was damaged later does not count: no complete one is removed in its place.
#[derive(Debug, Clone)]
pub struct Checkpoints {
    folder: PathBuf,
    keep: usize,
    /// By step, whether a checkpoint is complete: it was written or read here.
    known: RefCell<BTreeMap<u64, bool>>,
}

/// The newest complete checkpoint.
#[derive(Debug)]
pub struct Newest {
    /// Its folder.
    pub path: PathBuf,
    /// What is in it.
    pub checkpoint: Checkpoint,
    /// Newer checkpoints that are damaged, and the reason for each.
    pub passed_over: Vec<(PathBuf, CheckpointError)>,
}

impl Checkpoints {
    /// The checkpoints in `folder`; the newest `keep` (at least one) are kept.
    #[must_use]
    pub fn new(folder: PathBuf, keep: usize) -> Self {
        Self { folder, keep: keep.max(1), known: RefCell::default() }
    }

    /// Writes a checkpoint, then [tidies up](Self::tidy).
    ///
    /// # Errors
    /// [`CheckpointError::NoSpace`] if the file system is full, and if it refuses for another
    /// reason; earlier checkpoints are still there.
    pub fn save(&self, checkpoint: &Checkpoint) -> Result<(), CheckpointError> {
        let step = checkpoint.counters.steps;
        let path = self.path(step);
        if !Checkpoint::read(&path).is_ok_and(|known| known == *checkpoint) {
            self.write(checkpoint, &path)?;
        }
        self.known.borrow_mut().insert(step, true);
        self.tidy(step)
    }

    /// Removes the left-overs of an interrupted save and the old checkpoints. The one of `step` is
    /// complete; of those before it, all are removed that are older than the oldest complete one that
    /// is kept.
    ///
    /// # Errors
    /// If the file system refuses.
    pub fn tidy(&self, step: u64) -> Result<(), CheckpointError> {
        self.sweep()?;
        let older: Vec<u64> = self.steps()?.into_iter().filter(|other| *other < step).collect();
        let mut to_keep = self.keep - 1;
        if older.len() <= to_keep {
            return Ok(());
        }
        for step in older {
            if to_keep == 0 {
                self.discard(&self.path(step))?;
            } else if self.is_whole(step) {
                to_keep -= 1;
            }
        }
        Ok(())
    }

    /// Whether a checkpoint is complete. It is read once: reading all of them at each save would take
    /// longer than writing one.
    fn is_whole(&self, step: u64) -> bool {
        let read = || Checkpoint::read(&self.path(step)).is_ok();
        *self.known.borrow_mut().entry(step).or_insert_with(read)
    }

    /// The newest complete checkpoint; `None` if there is no checkpoint at all.
    ///
    /// # Errors
    /// If there are checkpoints and none is complete: what is wrong with the newest.
    pub fn newest(&self) -> Result<Option<Newest>, CheckpointError> {
        let mut passed_over = Vec::new();
        for step in self.steps()? {
            let path = self.path(step);
            match Checkpoint::read(&path) {
                Ok(checkpoint) => return Ok(Some(Newest { path, checkpoint, passed_over })),
                Err(error) => passed_over.push((path, error)),
            }
        }
        passed_over.into_iter().next().map_or(Ok(None), |(_, error)| Err(error))
    }

    /// Removes every checkpoint.
    ///
    /// # Errors
    /// If the file system refuses.
    pub fn clear(&self) -> Result<(), CheckpointError> {
        self.sweep()?;
        self.steps()?.into_iter().try_for_each(|step| self.discard(&self.path(step)))
    }

    /// Removes incomplete checkpoints and remains of removed ones.
    fn sweep(&self) -> Result<(), CheckpointError> {
        let names = self.names()?;
        let left_over = |name: &&String| name.starts_with(".step-") && name.ends_with(PARTIAL);
        names.iter().filter(left_over).try_for_each(|name| remove(&self.folder.join(name)))
    }

    /// The steps that have a checkpoint, the last first; ordered by number, not by name.
    fn steps(&self) -> Result<Vec<u64>, CheckpointError> {
        let number = |name: &String| name.strip_prefix("step-")?.parse().ok();
        let mut steps: Vec<u64> = self.names()?.iter().filter_map(number).collect();
        steps.retain(|step| self.path(*step).is_dir());
        steps.sort_unstable_by(|a, b| b.cmp(a));
        Ok(steps)
    }

    /// The names of all entries of the folder; names that are not text are converted approximately.
    fn names(&self) -> Result<Vec<String>, CheckpointError> {
        let unreadable = |reason| CheckpointError::io("read", &self.folder, reason);
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(unreadable)?,
        };
        let name = |entry: io::Result<fs::DirEntry>| {
            Ok(entry.map_err(unreadable)?.file_name().to_string_lossy().into_owned())
        };
        entries.map(name).collect()
    }

    fn path(&self, step: u64) -> PathBuf {
        self.folder.join(format!("step-{step}"))
    }

    fn write(&self, checkpoint: &Checkpoint, path: &Path) -> Result<(), CheckpointError> {
        let io = |verb, path| move |reason| CheckpointError::io(verb, path, reason);
        fs::create_dir_all(&self.folder).map_err(io("make", &self.folder))?;
        let aside = self.aside(path);
        remove(&aside)?;
        let (needed, free) = (checkpoint.byte_size()?, fs4::available_space(&self.folder).ok());
        let full = || CheckpointError::NoSpace { path: path.to_owned(), needed, free };
        if free.is_some_and(|free| free < needed) {
            return Err(full());
        }
        let written = checkpoint.write(&aside).and_then(|()| sync_folders(&aside));
        if let Err(error) = written {
            // Left-overs that cannot be removed now are removed before the next save.
            let _ = remove(&aside);
            return Err(if error.is_full() { full() } else { error });
        }
        // A checkpoint of that step exists only if it is damaged, or another run's.
        remove(path)?;
        fs::rename(&aside, path).map_err(io("rename", &aside))?;
        sync(&self.folder).map_err(io("sync", &self.folder))
    }

    /// Removes a checkpoint; if this is interrupted, the remains do not have the name of a checkpoint.
    fn discard(&self, path: &Path) -> Result<(), CheckpointError> {
        let aside = self.aside(path);
        remove(&aside)?;
        fs::rename(path, &aside).map_err(|reason| CheckpointError::io("rename", path, reason))?;
        remove(&aside)
    }

    /// The path of an incomplete checkpoint, or of one being removed.
    fn aside(&self, path: &Path) -> PathBuf {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        self.folder.join(format!(".{name}{PARTIAL}"))
    }
}

fn remove(folder: &Path) -> Result<(), CheckpointError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(CheckpointError::io("remove", folder, error))
        }
        _ => Ok(()),
    }
}

/// Flushes a folder and those in it; the files in them are flushed when they are written.
fn sync_folders(folder: &Path) -> Result<(), CheckpointError> {
    let unreadable = |reason| CheckpointError::io("sync", folder, reason);
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.is_dir() {
            sync_folders(&path)?;
        }
    }
    sync(folder).map_err(unreadable)
}

/// Flushes the names in a folder to the disk.
fn sync(folder: &Path) -> io::Result<()> {
    // Only Unix can open folders; other systems flush them themselves.
    if cfg!(unix) { fs::File::open(folder)?.sync_all() } else { Ok(()) }
}
