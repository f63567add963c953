//! Certificates, by OpenSSL.

use std::path::Path;
use std::process::Command;

/// Makes `NAME.key` and `NAME.crt` in a folder: a certificate that is its own authority, of that subject, good for that
/// host for two days. `more` are further arguments of `openssl req`.
pub(crate) fn own(folder: &Path, name: &str, (subject, host): (&str, &str), more: &[&str]) {
    let (key, certificate) = (format!("{name}.key"), format!("{name}.crt"));
    let (subject, host) = (format!("/CN={subject}"), format!("subjectAltName=DNS:{host}"));
    let kind = [
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
    ];
    let about = ["-days", "2", "-subj", &subject, "-addext", &host];
    let files = ["-keyout", &key, "-out", &certificate];
    openssl(folder, &[&kind[..], &about, more, &files].concat());
}

/// Runs OpenSSL in a folder.
pub(crate) fn openssl(folder: &Path, arguments: &[&str]) {
    let output = Command::new("openssl")
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
