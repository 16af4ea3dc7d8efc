//! Reads every manifest of a folder and writes it twice, for bench/roundtrip: unchanged, and with
//! `spec.backoffLimit` of its first Job set to 77. `cargo run --release --example roundtrip -- FROM TO`.

use std::path::Path;

use manifest::{Document, Edit};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut folders = std::env::args().skip(1);
    let (Some(from), Some(to)) = (folders.next(), folders.next()) else {
        return Err("two folders are needed".into());
    };
    for file in std::fs::read_dir(from)? {
        let file = file?.path();
        let Some(name) = file
            .file_name()
            .filter(|_| file.extension().is_some_and(|ending| ending != "md"))
        else {
            continue;
        };
        let mut document = Document::parse(std::fs::read_to_string(&file)?);
        std::fs::write(Path::new(&to).join("written").join(name), document.text())?;
        let set = Edit::Set {
            path: "spec.backoffLimit".parse()?,
            value: 77.into(),
        };
        if let Some(job) = document.job() {
            document.apply(job, &set)?;
            std::fs::write(Path::new(&to).join("edited").join(name), document.text())?;
        }
    }
    Ok(())
}
