//! The table of docs/tags.md, row by row, and the file that docs/images-file.md shows.

use std::collections::BTreeMap;

use kubectl_set_image::{Core, Effect, Event, Style, images_file::ImagesFile};

const TAGS: &str = include_str!("../../docs/tags.md");
const IMAGES_FILE: &str = include_str!("../../docs/images-file.md");

/// The pieces of a cell between backticks.
fn code(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

fn pairs(cell: &str) -> BTreeMap<String, String> {
    let pair = |code: &str| {
        let (name, value) = code.split_once(": ").unwrap_or_else(|| panic!("no value in {code}"));
        (name.to_owned(), value.to_owned())
    };
    code(cell).into_iter().map(pair).collect()
}

/// Computes the tag; a file that the step wants to read is among the variables.
fn computed(inputs: BTreeMap<String, String>, given: &BTreeMap<String, String>) -> Vec<Effect> {
    let mut inputs = inputs;
    inputs.insert("command".to_owned(), "computeTag".to_owned());
    let mut core = Core::new();
    let mut effects =
        core.handle(0, &Event::Started { inputs, variables: given.clone(), agent: Box::default() });
    if let Some(Effect::ReadFile { path, .. }) = effects.last() {
        let content = given[path].clone();
        effects = core.handle(0, &Event::FileRead { content });
    }
    effects
}

#[test]
fn every_row_of_the_table_is_true() {
    let table = TAGS.lines().skip_while(|line| !line.starts_with("| what your pipeline has"));
    let rows: Vec<&str> = table.skip(2).take_while(|line| line.starts_with('|')).collect();
    assert!(rows.len() > 25, "{} rows", rows.len());
    let mut wrong = Vec::new();
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split('|').collect();
        let [given, inputs, tag] = cells[..] else { panic!("{row}") };
        let effects = computed(pairs(inputs), &pairs(given));
        let expected = Effect::SetVariable { name: "tag", value: code(tag)[0].to_owned() };
        if !effects.contains(&expected) {
            wrong.push(format!("{row}\n{effects:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_tokens_of_the_documentation_are_those_that_there_are() {
    for name in kubectl_set_image::tag::template::NAMES {
        assert!(TAGS.contains(&format!("`{{{name}}}`")), "{name}");
    }
}

#[test]
fn the_file_of_the_documentation_can_be_read() {
    let json = IMAGES_FILE.split("```json\n").nth(1).unwrap().split("```").next().unwrap();
    let file = ImagesFile::parse(json).unwrap();
    let images: Vec<String> = file.images.iter().map(ToString::to_string).collect();
    assert_eq!(images[0], "contoso.azurecr.io/web:1.4.2_7");
    assert!(images[1].starts_with("contoso.azurecr.io/api:1.4.2_7@sha256:9f86d"));
    assert_eq!(file.content.build.id.as_deref(), Some("4125"));
}

#[test]
fn what_a_tag_cannot_hold_is_said() {
    let given = pairs("`Build.BuildNumber: Shop web 7`");
    let effects = computed(pairs("`tagStrategy: buildNumber`"), &given);
    let said = effects.iter().find_map(|effect| match effect {
        Effect::Log { style: Style::Plain, text } if text.as_str().starts_with("Tag ") => {
            Some(text.as_str())
        }
        _ => None,
    });
    assert_eq!(
        said.unwrap(),
        "Tag Shop-web-7-6ad4b73a, from Build.BuildNumber: \"Shop web 7\" cannot be a tag as it is, so \
         what is illegal became a dash, what is too long was cut, and a mark was added where the tag \
         would otherwise be the same for another text"
    );
}

#[test]
fn the_form_shows_what_counts() {
    let task = include_str!("../../task/task.json");
    let task: serde_json::Value = serde_json::from_str(task).unwrap();
    let rule = |list: &str, name: &str| {
        let found = task[list].as_array().unwrap().iter().find(|entry| entry["name"] == name);
        found.unwrap()["visibleRule"].as_str().unwrap().to_owned()
    };
    assert_eq!(rule("groups", "tag"), "command = setImage || command = computeTag");
    let reads_version = "tagStrategy != buildId && tagStrategy != buildNumber && \
                         tagStrategy != commit && tagStrategy != none";
    for (input, expected) in [
        ("version", format!("versionFrom = variable && {reads_version}")),
        ("versionFile", format!("versionFrom = file && {reads_version}")),
        ("versionFrom", "tagStrategy = semver || tagStrategy = template".to_owned()),
    ] {
        assert_eq!(rule("inputs", input), expected, "{input}");
    }
}
