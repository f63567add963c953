//! A PostgreSQL of one's own that keeps what was committed.

use std::path::{Path, PathBuf};
use std::process::Command;

/// What `scripts/postgres` leaves out, because most tests need no disk.
pub(crate) const DURABLE: [&str; 3] = ["fsync=on", "synchronous_commit=on", "full_page_writes=on"];

/// Started by `scripts/postgres`; stopped and deleted when dropped.
pub(crate) struct Cluster {
    /// Its folder.
    pub(crate) folder: PathBuf,
    /// Its address.
    pub(crate) address: String,
}

impl Cluster {
    /// Starts one.
    pub(crate) fn start() -> Self {
        // Not beside the build: the server runs as another user, who must be able to walk there.
        let folder = std::env::temp_dir().join(format!("authara-cluster-{}", std::process::id()));
        let address = Self::script("start", &folder, &DURABLE);
        Self { folder, address }
    }

    /// Runs `scripts/postgres`; what it printed.
    pub(crate) fn script(verb: &str, folder: &Path, options: &[&str]) -> String {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/postgres");
        let mut command = Command::new(script);
        let output = command.arg(verb).arg(folder).args(options).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        Self::script("stop", &self.folder, &[]);
    }
}
