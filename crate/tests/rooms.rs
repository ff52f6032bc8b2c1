//! The rooms of the core stand in a row, and each imports only from those before it. No file of one
//! imports another that imports it in turn, be it by way of others.

use std::{
    collections::{BTreeMap, BTreeSet},
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

/// The source files in Rust below a path.
fn sources(path: &Path) -> Vec<PathBuf> {
    files(path, "rs")
}

/// The files below a path whose names end so.
fn files(path: &Path, ending: &str) -> Vec<PathBuf> {
    if path.is_dir() {
        let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
        return entries.flat_map(|entry| files(&entry, ending)).collect();
    }
    let is_one = path.extension().is_some_and(|extension| extension == ending);
    is_one.then(|| path.to_owned()).into_iter().collect()
}

/// A source as far as it matters here: without its comments, its tests and what only the docs name.
fn code(source: &str) -> String {
    let (source, _) = source.split_once("#[cfg(test)]\nmod tests {").unwrap_or((source, ""));
    let code: Vec<&str> = source.lines().map(|l| l.split("//").next().unwrap_or(l)).collect();
    let statements = code.join("\n");
    let statements = statements.split_inclusive(';');
    statements.filter(|statement| !statement.trim_start().starts_with("#[cfg(doc)]")).collect()
}

/// The paths from the top of the crate that code has.
fn imports(code: &str) -> BTreeSet<String> {
    code.split("crate::").skip(1).flat_map(leaves).collect()
}

/// The paths at the beginning of a text: `a::B`, or `a::B` and `a::c::D` of `a::{B, c::{D}}`.
fn leaves(text: &str) -> Vec<String> {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && !"_:".contains(c));
    let (path, rest) = text.split_at(end.unwrap_or(text.len()));
    let Some(list) = rest.strip_prefix('{') else { return vec![path.to_owned()] };
    let mut depth = 0;
    let close = list.find(|c| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        depth < 0
    });
    let mut depth = 0;
    let items = list[..close.unwrap_or(list.len())].split(|c| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        depth == 0 && c == ','
    });
    let items = items.map(str::trim).filter(|item| !item.is_empty());
    items.flat_map(leaves).map(|leaf| format!("{path}{leaf}")).collect()
}

/// The first name of a path.
fn first(path: &str) -> &str {
    path.split("::").next().unwrap_or_default()
}

/// The code of every module by its path, but for the front page.
fn modules() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = sources(&root).into_iter().filter(|file| !file.ends_with("lib.rs"));
    let module = |file: PathBuf| {
        let path = file.strip_prefix(&root).unwrap().with_extension("");
        let path = if path.ends_with("mod") { path.parent().unwrap() } else { &path };
        (path.to_str().unwrap().replace('/', "::"), code(&fs::read_to_string(file).unwrap()))
    };
    files.map(module).collect()
}

/// The path of a statement that hands on what is below: `b::C` of `pub use b::C`.
fn handing_on(statement: &str) -> Option<&str> {
    let (visibility, path) = statement.trim_start().split_once("use ")?;
    let within = visibility.strip_prefix("pub")?.trim_end();
    (within.is_empty() || (within.starts_with('(') && within.ends_with(')'))).then_some(path)
}

/// What a module hands on: `a::b::C` where `a` has `pub use b::C`.
fn handed_on(module: &str, code: &str) -> Vec<String> {
    let below = code.split(';').filter_map(handing_on).flat_map(leaves);
    below.map(|path| format!("{module}::{path}")).collect()
}

/// What it hands on and has a use for itself.
fn used(module: &str, code: &str) -> Vec<String> {
    let names =
        |statement: &str| statement.lines().last().is_some_and(|line| line.contains("mod "));
    let is_own = |statement: &&str| handing_on(statement).is_none() && !names(statement);
    let words = code.split(';').filter(is_own);
    let words = words.flat_map(|text| text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_'));
    let words: BTreeSet<&str> = words.collect();
    let mut handed_on = handed_on(module, code);
    handed_on.retain(|path| path.rsplit("::").next().is_some_and(|item| words.contains(item)));
    handed_on
}

/// The module that has what a path leads to, and not the one that hands it on.
fn home(path: &str, modules: &BTreeMap<String, String>) -> Option<String> {
    let mut module = path;
    while !modules.contains_key(module) {
        (module, _) = module.rsplit_once("::")?;
    }
    let item = path[module.len()..].split("::").nth(1).unwrap_or_default();
    let on = handed_on(module, &modules[module]);
    let on = on.iter().find(|on| on.rsplit("::").next() == Some(item));
    on.map_or_else(|| Some(module.to_owned()), |on| home(on, modules))
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
            let imports = imports(&code(&fs::read_to_string(&file).unwrap()));
            let rooms = imports.iter().map(|path| first(path));
            let later: Vec<&str> =
                rooms.filter(|room| row[at + 1..].iter().any(|later| later == room)).collect();
            assert!(later.is_empty(), "{} imports from {later:?}", file.display());
        }
    }
}

#[test]
fn no_file_imports_in_a_circle() {
    let modules = modules();
    let mut left: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (module, code) in &modules {
        for statement in code.split(';') {
            let path = statement.trim_start().strip_prefix("use ").unwrap_or_default();
            let is_below = modules.contains_key(&format!("{module}::{}", first(path)));
            let is_read = !is_below && !statement.contains("super::");
            assert!(is_read, "{module}: a path begins with crate::, not as {statement:?}");
        }
        let paths = imports(code).into_iter().chain(used(module, code));
        let homes = paths.filter_map(|path| home(&path, &modules));
        left.insert(module, homes.filter(|home| home != module).collect());
    }
    loop {
        let before = left.len();
        let still = left.keys().map(|module| (*module).to_owned()).collect();
        let imported: BTreeSet<String> = left.values().flatten().cloned().collect();
        left.retain(|module, imports| {
            *imports = &*imports & &still;
            !imports.is_empty() && imported.contains(*module)
        });
        if left.len() == before {
            break;
        }
    }
    assert!(left.is_empty(), "in circles: {left:#?}");
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
fn every_code_is_that_of_a_message_of_the_core_or_of_the_host() {
    let core: String = modules().into_values().collect();
    let named: BTreeSet<&str> = core
        .split("code::")
        .skip(1)
        .filter_map(|text| text.split(|c: char| !c.is_ascii_uppercase() && c != '_').next())
        .collect();
    let host = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../task/src"), "ts");
    let host: String = host.into_iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let table = include_str!("../src/host/code.rs").lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        Some((words.next()?.parse::<u16>().ok()?, words.next()?))
    });
    let codes: Vec<_> = table.collect();
    assert!(codes.len() > 100, "{codes:?}");
    for (number, name) in codes {
        let is_given = named.contains(name) || host.contains(&format!("KSI{number}"));
        assert!(is_given, "KSI{number}, {name}, is the code of no message");
    }
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
#[cfg(doc)]
use crate::run::Core;
fn f() -> crate::registry::Found {}
#[cfg(test)]
mod tests {
    use crate::report;
}";
    let found = imports(&code(source));
    let expected =
        ["host::Event", "host::http::Url", "kubernetes::Kind", "plan", "registry::Found"];
    assert_eq!(found.iter().collect::<Vec<_>>(), expected);
}

#[test]
fn what_a_module_hands_on_is_at_home_below_it() {
    let modules = [
        ("plan", "mod query;\npub use query::{Query, ByName};\nstruct Plan;"),
        ("plan::query", "struct Query;"),
    ];
    let modules = modules.map(|(path, code)| (path.to_owned(), code.to_owned())).into();
    let home = |path| home(path, &modules);
    assert_eq!(home("plan::Query").as_deref(), Some("plan::query"));
    assert_eq!(home("plan::Plan").as_deref(), Some("plan"));
    assert_eq!(home("Core"), None);
}
