//! Finds and reads vectors on disk.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use xmpp_machines::sim::vectors::{Shelf, TOPICS, Topic, Vector, read};

/// Where vectors are looked for if nothing else is said.
pub(crate) const DEFAULT: &str = "spec-vectors";

/// The name of the file that lists the others.
pub(crate) const MANIFEST: &str = "manifest.xml";

/// The folder of files that are given to vectors.
const GIVEN: &str = "given";

/// Reads a file; a complaint names it.
pub(crate) fn text(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Finds what is given to a vector: in the folder `given` beside the vector.
pub(crate) fn given(path: &Path) -> impl FnMut(&str) -> Result<(String, String), String> {
    let folder = path.with_file_name(GIVEN);
    move |name| {
        let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        if !plain {
            return Err(format!("'{name}' is no name of a given file"));
        }
        let path = folder.join(format!("{name}.xml"));
        let text =
            text(&path).map_err(|why| format!("what is given stands in the folder 'given' beside the file: {why}"))?;
        Ok((path.display().to_string(), text))
    }
}

/// Reads one vector.
pub(crate) fn vector(path: &Path) -> Result<Vector, String> {
    let text = text(path)?;
    read(&path.display().to_string(), &text, &mut given(path)).map_err(|bad| bad.to_string())
}

/// The topic that a vector or scenario is of.
pub(crate) fn known(vector: &Vector) -> Result<&'static Topic, String> {
    Topic::named(&vector.topic).ok_or_else(|| {
        let known: Vec<&str> = TOPICS.iter().map(|topic| topic.name).collect();
        format!("{}: there is no topic '{}'; there is {}", vector.file, vector.topic, known.join(", "))
    })
}

/// All vectors at a path: a file, or a folder with folders of topics.
pub(crate) fn shelf(path: &Path) -> Result<Shelf, String> {
    let mut shelf = Shelf::default();
    if !path.exists() {
        return Err(format!(
            "{}: no vectors are there; name the folder 'spec-vectors' or a file in it",
            path.display()
        ));
    }
    if !path.is_dir() {
        shelf.vectors.insert(path.display().to_string(), vector(path)?);
        return Ok(shelf);
    }
    for file in xml_files(path)? {
        let name = file.strip_prefix(path).unwrap_or(&file).to_string_lossy().replace('\\', "/");
        if name == MANIFEST {
            continue;
        }
        if file.parent().and_then(Path::file_name).is_some_and(|folder| folder == GIVEN) {
            shelf.given.insert(name);
        } else {
            shelf.vectors.insert(name, vector(&file)?);
        }
    }
    Ok(shelf)
}

/// All XML files below a folder, in order of their paths.
fn xml_files(folder: &Path) -> Result<BTreeSet<PathBuf>, String> {
    let mut files = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let bad = |error: std::io::Error| format!("{}: {error}", folder.display());
        for entry in fs::read_dir(&folder).map_err(bad)? {
            let path = entry.map_err(bad)?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "xml") {
                files.insert(path);
            }
        }
    }
    Ok(files)
}
