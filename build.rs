//! Prepares the static files: a name that changes with the content, so that browsers may keep each
//! for ever, and compressed twins. Writes a folder that `http/assets.rs` embeds, and a table of names.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

const SOURCE: &str = "assets/static";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={SOURCE}");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR"));

    let folder = out.join("static");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;

    let mut table = String::from("&[\n");
    for path in files(&root.join(SOURCE))? {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .expect("static files have plain names");
        let content = fs::read(&path)?;
        let (stem, extension) = name.rsplit_once('.').expect("static files have an extension");
        let file = format!("{stem}.{:016x}.{extension}", fnv(&content));
        let url = format!("/auth/static/{file}");
        fs::write(folder.join(&file), &content)?;
        twin(&folder, &format!("{file}.br"), &content, &brotli(&content)?)?;
        twin(&folder, &format!("{file}.gz"), &content, &gzip(&content)?)?;
        writeln!(
            table,
            "Asset {{ name: {name:?}, url: {url:?}, file: {file:?}, extension: {extension:?} }},"
        )
        .expect("writing to a string cannot fail");
    }
    table.push(']');
    fs::write(out.join("assets.rs"), table)
}

fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// FNV-1a: the name only has to change when the content does.
fn fnv(content: &[u8]) -> u64 {
    content.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Keeps a compressed form where compression gains something.
fn twin(folder: &Path, name: &str, plain: &[u8], packed: &[u8]) -> io::Result<()> {
    if packed.len() >= plain.len() {
        return Ok(());
    }
    fs::write(folder.join(name), packed)
}

fn brotli(content: &[u8]) -> io::Result<Vec<u8>> {
    let mut packed = Vec::new();
    let mut writer = brotli::CompressorWriter::new(&mut packed, 4096, 11, 22);
    writer.write_all(content)?;
    drop(writer);
    Ok(packed)
}

fn gzip(content: &[u8]) -> io::Result<Vec<u8>> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    writer.write_all(content)?;
    writer.finish()
}
