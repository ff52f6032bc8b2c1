//! The rooms of the core stand in a row, and each imports only from those before it.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// The rooms in their order, as the front page of the core has them.
fn row() -> Vec<String> {
    let front = include_str!("../src/lib.rs");
    let entries = front.lines().filter_map(|line| {
        let (number, entry) = line.strip_prefix("//! ")?.split_once(". ")?;
        number.parse::<u8>().ok()?;
        let (name, _) = entry.trim_start_matches('[').strip_prefix('`')?.split_once('`')?;
        Some(name.to_owned())
    });
    entries.collect()
}

/// The source files below a path.
fn sources(path: &Path) -> Vec<PathBuf> {
    if path.is_dir() {
        let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
        return entries.flat_map(|entry| sources(&entry)).collect();
    }
    let is_source = path.extension().is_some_and(|extension| extension == "rs");
    is_source.then(|| path.to_owned()).into_iter().collect()
}

/// The modules at the top of the crate that a source names, its comments and its tests aside.
fn imports(source: &str) -> BTreeSet<String> {
    let (source, _) = source.split_once("#[cfg(test)]\nmod tests {").unwrap_or((source, ""));
    let code: Vec<&str> = source.lines().map(|l| l.split("//").next().unwrap_or(l)).collect();
    let code = code.join("\n");
    code.split("crate::").skip(1).flat_map(first_names).collect()
}

/// The first names of what follows `crate::`: `a` of `a::B`, `a` and `c` of `{a::{B, D}, c}`.
fn first_names(path: &str) -> Vec<String> {
    let name = |text: &str| {
        let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        text[..end.unwrap_or(text.len())].to_owned()
    };
    let Some(list) = path.strip_prefix('{') else { return vec![name(path)] };
    let mut depth = 0;
    let end = list.find(|c| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        depth < 0
    });
    let mut names = Vec::new();
    let mut depth: i32 = 0;
    for part in list[..end.unwrap_or(list.len())].split(',') {
        if depth == 0 {
            names.push(name(part.trim()));
        }
        let count = |bracket: char| i32::try_from(part.matches(bracket).count()).unwrap_or(0);
        depth += count('{') - count('}');
    }
    names.into_iter().filter(|name| !name.is_empty()).collect()
}

#[test]
fn every_room_imports_only_from_those_before_it() {
    let row = row();
    assert_eq!(row.len(), 11, "{row:?}");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for (at, room) in row.iter().enumerate() {
        let files = sources(&root.join(room));
        assert!(!files.is_empty(), "{room} is not there");
        for file in files {
            let imports = imports(&fs::read_to_string(&file).unwrap());
            let later: Vec<&String> =
                row[at + 1..].iter().filter(|later| imports.contains(*later)).collect();
            assert!(later.is_empty(), "{} imports from {later:?}", file.display());
        }
    }
}

#[test]
fn every_line_of_the_log_is_made_where_errors_and_warnings_get_their_codes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let makers = sources(&root).into_iter().filter(|file| {
        let source = fs::read_to_string(file).unwrap();
        let (code, _) = source.split_once("#[cfg(test)]\nmod tests {").unwrap_or((&source, ""));
        let code = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        code.flat_map(|line| line.split(|c: char| !c.is_alphanumeric())).any(|word| word == "Style")
    });
    let makers: BTreeSet<PathBuf> = makers.collect();
    let known = ["host/effect.rs", "host/mod.rs", "lib.rs", "report/line.rs"];
    assert_eq!(makers, known.map(|file| root.join(file)).into());
}

#[test]
fn every_module_of_the_core_is_a_room_or_the_boundary() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut expected: BTreeSet<String> = row().into_iter().collect();
    expected.extend(["lib.rs".to_owned(), "wasm.rs".to_owned()]);
    let entries = fs::read_dir(root).unwrap();
    let found = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(found.collect::<BTreeSet<_>>(), expected);
}

#[test]
fn the_docs_draw_the_same_row() {
    let docs = include_str!("../../docs/architecture.md");
    let drawn = format!("    {}\n", row().join(" ▶ "));
    assert!(docs.contains(&drawn), "docs/architecture.md does not have {drawn}");
}

#[test]
fn imports_are_found_in_nested_lists_and_in_paths() {
    let source = "
use crate::{
    host::{Event, http::{Url}},
    plan,
};
use crate::kubernetes::Kind; // crate::run
fn f() -> crate::registry::Found {}
#[cfg(test)]
mod tests {
    use crate::report;
}";
    let found = imports(source);
    assert_eq!(found.iter().collect::<Vec<_>>(), ["host", "kubernetes", "plan", "registry"]);
}
