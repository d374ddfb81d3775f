//! At most one process writes to a run folder.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::FolderError;
use crate::front::{Front, Notice};

/// The file that is locked. It is removed at the end, so that equal runs leave equal files.
pub(super) const LOCK: &str = ".lock";
/// How often, and how long apart, a lock is tried: a process that only checks for a lock holds it
/// briefly.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(20);

/// A folder that no other process writes to, until this is dropped or the process ends. The system
/// releases the lock however the process ends.
#[derive(Debug)]
pub(super) struct Lock {
    path: PathBuf,
    /// Kept open only for its lock.
    _file: File,
}

impl Lock {
    /// Locks an existing folder. The error names the process that holds the lock.
    pub(super) fn take(folder: &Path, front: &mut dyn Front) -> Result<Self, FolderError> {
        let path = folder.join(LOCK);
        let mut tries = 0;
        loop {
            let open =
                OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
            let unwritable = |source| FolderError::Lock { folder: folder.to_owned(), source };
            let file = open.map_err(unwritable)?;
            match file.try_lock() {
                // The process that held the lock has removed the file, so this lock is void.
                Ok(()) if !is_still(&file, &path) => {}
                Ok(()) => return Ok(Self::held(path, file)),
                Err(TryLockError::WouldBlock) if tries == TRIES => return Err(refusal(folder)),
                Err(TryLockError::WouldBlock) => {
                    tries += 1;
                    thread::sleep(PAUSE);
                }
                Err(TryLockError::Error(error)) => {
                    front.tell(Notice::warning(unlockable(folder, &error)));
                    return Ok(Self::held(path, file));
                }
            }
        }
    }

    /// Refuses a folder that another process has locked; a missing folder is accepted.
    pub(super) fn check(folder: &Path) -> Result<(), FolderError> {
        let Ok(file) = File::open(folder.join(LOCK)) else { return Ok(()) };
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => Err(refusal(folder)),
            Ok(()) | Err(TryLockError::Error(_)) => Ok(()),
        }
    }

    fn held(path: PathBuf, mut file: File) -> Self {
        // The number is only for messages: the lock holds without it.
        let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
        Self { path, _file: file }
    }
}

impl Drop for Lock {
    /// The file is removed while it is locked, so that no other process can hold it.
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// The error that names the process which holds the folder.
fn refusal(folder: &Path) -> FolderError {
    let read = || fs::read_to_string(folder.join(LOCK)).ok()?.trim().parse::<u32>().ok();
    // It may have locked the file just now, and not have written its number yet.
    let process = read().or_else(|| {
        thread::sleep(PAUSE);
        read()
    });
    FolderError::Held { folder: folder.to_owned(), process }
}

fn unlockable(folder: &Path, error: &io::Error) -> String {
    format!(
        "run folder {}: this file system has no locks ({error}): make sure that no \
         other process writes to it",
        folder.display()
    )
}

/// Whether the file is the one that has that name.
#[cfg(unix)]
fn is_still(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let same = |a: &fs::Metadata, b: &fs::Metadata| a.dev() == b.dev() && a.ino() == b.ino();
    matches!((file.metadata(), fs::metadata(path)), (Ok(a), Ok(b)) if same(&a, &b))
}

/// On other systems an open file keeps its name.
#[cfg(not(unix))]
fn is_still(_: &File, _: &Path) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::front::Silent;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn a_second_holder_is_refused_and_the_first_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let lock = Lock::take(folder.path(), &mut Silent).unwrap();
        for error in [
            Lock::take(folder.path(), &mut Silent).unwrap_err(),
            Lock::check(folder.path()).unwrap_err(),
        ] {
            let process = format!("process {} is writing to it", std::process::id());
            assert!(error.to_string().contains(&process), "{error}");
            assert!(error.to_string().contains(&folder.path().display().to_string()), "{error}");
        }
        drop(lock);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        Lock::check(folder.path()).unwrap();
        drop(Lock::take(folder.path(), &mut Silent).unwrap());
    }

    #[test]
    fn what_a_killed_process_left_is_no_lock() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(LOCK), "4711\nof a process with a longer number").unwrap();
        Lock::check(folder.path()).unwrap();
        let _lock = Lock::take(folder.path(), &mut Silent).unwrap();
        let id = format!("{}\n", std::process::id());
        assert_eq!(fs::read_to_string(folder.path().join(LOCK)).unwrap(), id);
    }

    #[test]
    fn folders_that_are_not_there_or_can_not_be_written_to_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing");
        Lock::check(&missing).unwrap();
        let message = Lock::take(&missing, &mut Silent).unwrap_err().to_string();
        assert!(message.ends_with("missing: .lock cannot be written"), "{message}");
    }

    /// Such locks break when a file is removed while other processes wait for it.
    #[test]
    fn of_many_that_come_and_go_there_is_never_more_than_one() {
        let folder = tempfile::tempdir().unwrap();
        let (inside, held) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..300 {
                        let Ok(_lock) = Lock::take(folder.path(), &mut Silent) else { continue };
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        held.fetch_add(1, Ordering::SeqCst);
                        thread::yield_now();
                        assert_eq!(inside.fetch_sub(1, Ordering::SeqCst), 1);
                    }
                });
            }
        });
        assert!(held.into_inner() > 10);
    }
}
