//! Cache folders of the Hugging Face hub, which contain models as links.

use std::fs;
use std::path::{Component, Path, PathBuf};

use super::{FolderError, INDEX_OF_MODEL};

/// The folder of a model: `path` itself, or the snapshot that `refs/main` names if it is the cache
/// folder of a hub's model (`models--OWNER--NAME`); without that reference, its only snapshot.
///
/// # Errors
/// If it is such a cache folder, but there is no such snapshot.
pub(super) fn resolved(path: &Path) -> Result<PathBuf, FolderError> {
    let snapshots = path.join("snapshots");
    if path.join(INDEX_OF_MODEL).exists() || !snapshots.is_dir() {
        return Ok(path.to_owned());
    }
    let reference = fs::read_to_string(path.join("refs/main")).ok();
    let reference = reference.as_deref().map(str::trim);
    // A name alone: what a file says leads nowhere else.
    let is_name = |commit: &str| {
        let mut parts = Path::new(commit).components();
        matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None))
    };
    let named = reference.filter(|commit| is_name(commit)).map(|commit| snapshots.join(commit));
    if let Some(snapshot) = named.filter(|snapshot| snapshot.is_dir()) {
        return Ok(snapshot);
    }
    let entries = fs::read_dir(&snapshots).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> =
        entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    found.sort();
    if let [only] = &mut found[..] {
        return Ok(std::mem::take(only));
    }
    let (path, reference) = (path.to_owned(), reference.map(str::to_owned));
    Err(FolderError::Snapshots { path, reference, found })
}
