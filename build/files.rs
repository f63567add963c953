//! Static files: the style sheet and the script from their parts, pictures as they are. Each gets a
//! name that changes with its content, so that browsers may keep it for ever, and compressed twins.
//! Writes a folder that `http/assets.rs` embeds, and a table of names.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::{listed, stem};

pub(super) fn prepare(root: &Path, out: &Path) -> io::Result<()> {
    let folder = out.join("static");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;

    let source = root.join("assets/source");
    let mut files = vec![
        (
            "style.css".to_owned(),
            without_comments(&joined(&source.join("style"))?).into_bytes(),
        ),
        ("script.js".to_owned(), joined(&source.join("script"))?.into_bytes()),
    ];
    for path in listed(&root.join("assets/static"))? {
        let ending = path.extension().and_then(|ending| ending.to_str());
        let ending = ending.expect("static files have an ending");
        files.push((format!("{}.{ending}", stem(&path)), fs::read(&path)?));
    }

    let mut table = String::from("&[\n");
    for (name, content) in files {
        table += &entry(&folder, &name, &content)?;
    }
    table.push(']');
    fs::write(out.join("assets.rs"), table)
}

fn entry(folder: &Path, name: &str, content: &[u8]) -> io::Result<String> {
    let (stem, extension) = name.rsplit_once('.').expect("static files have an ending");
    let file = format!("{stem}.{:016x}.{extension}", fnv(content));
    let url = format!("/auth/static/{file}");
    fs::write(folder.join(&file), content)?;
    twin(folder, &format!("{file}.br"), content, &brotli(content)?)?;
    twin(folder, &format!("{file}.gz"), content, &gzip(content)?)?;
    let mut line = String::new();
    writeln!(
        line,
        "Asset {{ name: {name:?}, url: {url:?}, file: {file:?}, extension: {extension:?} }},"
    )
    .expect("writing to a string cannot fail");
    Ok(line)
}

/// The parts in the order of their names, which begin with a number.
fn joined(folder: &Path) -> io::Result<String> {
    let parts: Vec<PathBuf> = listed(folder)?;
    let parts: io::Result<Vec<String>> = parts.iter().map(fs::read_to_string).collect();
    Ok(parts?.join("\n"))
}

/// A style sheet without its comments and indentation; there is no string with `/*` in ours.
fn without_comments(css: &str) -> String {
    let mut plain = String::with_capacity(css.len());
    let mut rest = css;
    while let Some((before, after)) = rest.split_once("/*") {
        plain += before;
        rest = after.split_once("*/").expect("comments end").1;
    }
    plain += rest;
    let lines = plain.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
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
