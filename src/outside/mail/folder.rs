//! Letters as files of a folder, one `.eml` each, for a program that collects them.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::outside::mail::{Message, NotSent, Outcome, mime};

/// The folder.
pub struct Folder(PathBuf);

impl Folder {
    /// It must exist.
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    pub(super) fn describe(&self) -> String {
        format!("files in {}", self.0.display())
    }

    pub(super) async fn send(&self, message: &Message) -> Outcome {
        let bytes = mime::bytes(message)?;
        let (folder, name) = (self.0.clone(), format!("{}.eml", message.id));
        let written = tokio::task::spawn_blocking(move || write(&folder, &name, &bytes)).await;
        match written {
            Ok(Ok(path)) => Ok(path.display().to_string()),
            Ok(Err(error)) => Err(NotSent::Setup(format!("{}: {error}", self.0.display()))),
            Err(_) => Err(NotSent::later("writing was broken off")),
        }
    }
}

/// A file has its name only when it is complete. For its owner alone: it may hold a code.
fn write(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<PathBuf> {
    let (partial, path) = (folder.join(format!(".{name}.partial")), folder.join(name));
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&partial)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&partial, &path)?;
    Ok(path)
}
