//! The site's own name, pictures, colour, links and rules: what settings may say, what is served,
//! and what people see.

mod pages;
mod served;
mod settings;

use std::fs;

use authara::config::{Brand, Checked, Config, Problems};

use crate::kit::database::Folder;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89";
const ICO: &[u8] = b"\0\0\x01\0\x01\0\x10\x10\0\0\x01\0\x20\0";
const SVG: &[u8] = b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";

/// Writes a file and returns its path.
fn file(folder: &Folder, name: &str, content: &[u8]) -> String {
    let path = folder.0.join(name);
    fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The least that `serve` needs, and these settings.
fn read(settings: &[(&str, &str)]) -> Result<Checked<Config>, Problems> {
    let place = ("PUBLIC_URL", "https://login.example.com:8443");
    crate::kit::settings::read(&[&[place], settings].concat())
}

fn brand(settings: &[(&str, &str)]) -> Brand {
    match read(settings) {
        Ok(checked) => checked.value.brand,
        Err(problems) => panic!("{settings:?}: {problems}"),
    }
}
