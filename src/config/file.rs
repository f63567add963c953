//! Files that a setting names, read at the start and on SIGHUP.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// A whole file of at most that many KiB; the error goes on after the setting's name. It shows the
/// path only of what there is: another text may be a secret that ended up in the wrong setting.
pub(super) fn read(path: &str, kib: u64) -> Result<Vec<u8>, String> {
    let missing = |error: std::io::Error| format!("names a file that cannot be read: {error}");
    let unreadable = |error: std::io::Error| format!("names {path}, which cannot be read: {error}");
    // Asked before it is opened: opening a pipe waits for somebody to write.
    if !Path::new(path).metadata().map_err(missing)?.is_file() {
        return Err(format!("names {path}, which is not a file"));
    }
    let mut content = Vec::new();
    let most = kib * 1024;
    File::open(path)
        .and_then(|file| file.take(most + 1).read_to_end(&mut content))
        .map_err(unreadable)?;
    if content.is_empty() {
        return Err(format!("names {path}, which is empty"));
    }
    if content.len() as u64 > most {
        return Err(format!("names {path}, which is larger than {kib} KiB"));
    }
    Ok(content)
}
