//! The house rules that a machine can check: docs/contributing.md has them with their reasons.

mod architecture;
mod rules;
mod source;

use std::fs;
use std::path::{Path, PathBuf};

use architecture::Architecture;
use source::Source;

/// Files that may be longer than [`rules::MAX_LINES`], with the length that they may not exceed. The list
/// only gets shorter.
const LONG_FILES: &[(&str, usize)] = &[];

#[test]
fn the_house_is_tidy() {
    let house = Architecture::parse(&read("docs/architecture.md"));
    let sources = sources();
    assert!(sources.len() > 15, "only {} files found: is this the right folder?", sources.len());
    let faults: Vec<_> =
        sources.iter().flat_map(|source| rules::faults(source, &house, LONG_FILES)).collect();
    assert!(faults.is_empty(), "{} faults:\n\n{}\n", faults.len(), faults.join("\n"));
}

#[test]
fn every_module_has_a_floor() {
    let house = Architecture::parse(&read("docs/architecture.md"));
    for module in modules() {
        assert!(
            house.floor(&module).is_some(),
            "src/{module} has no floor: add it to the table in docs/architecture.md"
        );
    }
}

fn sources() -> Vec<Source> {
    let mut paths = Vec::new();
    collect(&root().join("src"), &mut paths);
    paths.sort();
    let relative = |path: &Path| path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
    paths.iter().map(|path| Source::new(&relative(path), &read_at(path))).collect()
}

/// The modules of `lib.rs`, by their files and folders.
fn modules() -> Vec<String> {
    let entries = fs::read_dir(root().join("src")).unwrap().map(Result::unwrap);
    let names = entries.map(|entry| entry.file_name().into_string().unwrap());
    let modules = names.map(|name| name.trim_end_matches(".rs").to_owned());
    modules.filter(|module| module != "lib").collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    read_at(&root().join(path))
}

fn read_at(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
