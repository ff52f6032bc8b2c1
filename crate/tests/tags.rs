//! The table of docs/tags.md, row by row, and the file that docs/images-file.md shows.

use std::collections::BTreeMap;

use kubectl_set_image::{Core, Effect, Event, Style, image::file::ImagesFile};

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
    inputs.entry("command".to_owned()).or_insert_with(|| "computeTag".to_owned());
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
    for name in kubectl_set_image::image::tag::template::NAMES {
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
    assert_eq!(said.unwrap(), "Tag       Shop-web-7-6ad4b73a (Build.BuildNumber)");
}

/// The first lines of the log, errors and warnings among them, and the tag.
fn told(inputs: &[(&str, &str)], given: &[(&str, &str)]) -> (Vec<String>, Option<String>) {
    let owned = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
    };
    let effects = computed(owned(inputs), &owned(given));
    let tag = effects.iter().find_map(|effect| match effect {
        Effect::SetVariable { name: "tag", value } => Some(value.clone()),
        _ => None,
    });
    let lines = effects.iter().filter_map(|effect| match effect {
        Effect::Log { style: Style::Plain, text } => Some(text.as_str().to_owned()),
        Effect::Log { style: Style::Error | Style::Warning, text } => {
            Some(format!("! {}", text.as_str()))
        }
        _ => None,
    });
    (lines.skip(1).collect(), tag)
}

const DEPLOYMENT_RUN: [(&str, &str); 6] = [
    ("System.HostType", "build"),
    ("Build.BuildId", "9001"),
    ("Build.DefinitionName", "deploy"),
    ("resources.pipeline.ci.runID", "4125"),
    ("resources.pipeline.api.runID", "77"),
    ("resources.triggeringAlias", "ci"),
];

#[test]
fn the_log_says_that_the_build_is_that_of_the_resource_that_triggered_the_run() {
    for command in ["computeTag", "setImage"] {
        let inputs = [("command", command), ("images", "a.io/web"), ("dryRun", "server")];
        let (log, tag) = told(&inputs, &DEPLOYMENT_RUN);
        assert_eq!(tag.as_deref(), Some("4125"), "{command}");
        assert_eq!(
            log[0],
            "Tag       4125 (resources.pipeline.ci.runID, the run of the pipeline resource ci, \
             which triggered this run; artifactAlias: current takes this run)"
        );
    }
    let (log, tag) = told(&[("artifactAlias", "current")], &DEPLOYMENT_RUN);
    assert_eq!(
        (log, tag.as_deref()),
        (vec!["Tag       9001 (Build.BuildId)".into()], Some("9001"))
    );
}

#[test]
fn an_image_of_another_resource_than_the_triggering_one_is_refused() {
    let (log, tag) = told(&[("images", "a.io/web\na.io/api")], &DEPLOYMENT_RUN);
    assert_eq!(tag, None);
    assert_eq!(
        log,
        [
            "! images, line 2: a.io/api seems to be pushed by api, but ci triggered this run. Set it \
          in a separate step with artifactAlias: api, or set artifactAlias: ci to use the build of \
          ci. [KSI203]"
        ]
    );
    for alias in ["ci", "current"] {
        let inputs = [("images", "a.io/web\na.io/api"), ("artifactAlias", alias)];
        assert!(told(&inputs, &DEPLOYMENT_RUN).1.is_some(), "{alias}");
    }
}

#[test]
fn a_run_by_hand_beside_pipeline_resources_warns_that_they_do_not_count() {
    let by_hand = [&DEPLOYMENT_RUN[..5], &[("Build.Reason", "Manual")]].concat();
    let (log, tag) = told(&[("images", "a.io/web")], &by_hand);
    assert_eq!(tag.as_deref(), Some("9001"));
    assert_eq!(
        log[1],
        "! artifactAlias: this run was not triggered by a resource, so the tag is from the run \
         itself. If a pipeline resource pushed the image, set it to api, ci, else to current. \
         [KSI207]"
    );
    for inputs in [
        &[("images", "a.io/web"), ("artifactAlias", "current")][..],
        &[("images", "a.io/deploy")],
        &[
            ("images", "a.io/web"),
            ("tagStrategy", "semver"),
            ("versionFrom", "variable"),
            ("version", "1.4.2"),
        ],
    ] {
        let (log, _) = told(inputs, &by_hand);
        assert_eq!(log.len(), 1, "{log:?}");
    }
}

#[test]
fn a_run_that_the_end_of_a_build_triggered_warns_that_its_tag_is_its_own() {
    let completion = [
        ("System.HostType", "build"),
        ("Build.BuildId", "9001"),
        ("Build.Reason", "BuildCompletion"),
        ("Build.TriggeredBy.BuildId", "4125"),
        ("Build.TriggeredBy.DefinitionName", "ci"),
    ];
    let (log, tag) = told(&[("images", "a.io/web")], &completion);
    assert_eq!(tag.as_deref(), Some("9001"));
    assert_eq!(
        log[1],
        "! artifactAlias: build 4125 of ci triggered this run, but is not a pipeline resource, so \
         the tag is from the run itself. If that build pushed the image, define it under \
         resources: pipelines: and set its alias, else set it to current. [KSI207]"
    );
    let (log, _) = told(&[("images", "a.io/web"), ("artifactAlias", "current")], &completion);
    assert_eq!(log.len(), 1, "{log:?}");
    // The only resource there is has triggered it, whatever the reason is called.
    let with_resource = [&completion[..], &[("resources.pipeline.ci.runID", "4125")]].concat();
    assert_eq!(told(&[("images", "a.io/web")], &with_resource).1.as_deref(), Some("4125"));
}

#[test]
fn the_log_names_the_commit_of_a_pull_request() {
    let given = [
        ("System.HostType", "build"),
        ("Build.BuildId", "4125"),
        ("Build.SourceBranch", "refs/pull/17/merge"),
        ("Build.SourceVersion", "d34db33fe7d24c5f8a6b1e0d9c8b7a6f5e4d3c2b"),
        ("System.PullRequest.SourceCommitId", "3f1c0a9be7d24c5f8a6b1e0d9c8b7a6f5e4d3c2b"),
    ];
    let note = "System.PullRequest.SourceCommitId, the head of pull request 17; the merge that was \
                built is d34db33fe7d24c5f8a6b1e0d9c8b7a6f5e4d3c2b";
    for (inputs, tag, origin) in [
        (&[("tagStrategy", "commit")][..], "3f1c0a9", "System.PullRequest.SourceCommitId"),
        (
            &[("tagStrategy", "template"), ("tagTemplate", "{branch}-{commit}")],
            "pr-17-3f1c0a9",
            "tagTemplate",
        ),
    ] {
        let (log, made) = told(inputs, &given);
        assert_eq!(made.as_deref(), Some(tag));
        let origin = if note.starts_with(origin) { String::new() } else { format!("{origin}, ") };
        assert_eq!(log[0], format!("Tag       {tag} ({origin}{note})"));
    }
    assert_eq!(told(&[], &given).0, ["Tag       4125 (Build.BuildId)"]);
}

#[test]
fn what_a_tag_is_made_of_decides_whether_it_moves() {
    let given = [
        ("Build.BuildId", "412"),
        ("Build.BuildNumber", "20261124.7"),
        ("Build.SourceBranch", "refs/heads/main"),
        ("Build.SourceVersion", "3f1c0a9be7d24c5f8a6b1e0d9c8b7a6f5e4d3c2b"),
    ];
    let version = [("versionFrom", "variable"), ("version", "2026.11.3")];
    for (template, advised) in [
        ("1.{buildId}", None),
        ("1.{counter}", None),
        ("v{buildId}", None),
        ("{major}.{minor}.{patch}", None),
        ("1.4", Some("1.4-{buildId}")),
        ("{branch}", Some("{branch}-{buildId}")),
        ("web-{branch}", Some("web-{branch}-{buildId}")),
        ("{major}.{minor}", Some("{major}.{minor}-{buildId}")),
        ("{branch}-{major}", Some("{branch}-{major}-{buildId}")),
    ] {
        let inputs = [("tagStrategy", "template"), ("tagTemplate", template)];
        let (log, tag) = told(&[&inputs[..], &version].concat(), &given);
        assert_eq!(tag.is_some(), advised.is_none(), "{template}: {log:?}");
        if let Some(advised) = advised {
            assert!(
                log[0].ends_with(&format!("such as with tagTemplate: {advised}. [KSI301]")),
                "{log:?}"
            );
        }
    }
    let (log, _) = told(&[("images", "a.io/web:1.412\na.io/api:1.411")], &given);
    assert_eq!(log.len(), 1, "{log:?}");
    assert!(log[0].starts_with("! images, line 2: a.io/api:1.411 uses a mutable tag"), "{log:?}");
}

#[test]
fn one_wrong_value_gives_one_error() {
    for inputs in [
        &[("tagStrategy", "template"), ("tagTemplate", "$(Template)")][..],
        &[("tagStrategy", "semver"), ("versionFrom", "variable"), ("version", "$(Version)")],
        &[("tagStrategy", "semver"), ("versionFrom", "file"), ("versionFile", "$(File)")],
        &[("tagStrategy", "semver"), ("tagPrefix", "$(Prefix)")],
        &[
            ("tagStrategy", "semver"),
            ("releaseBranches", "$(Branches)"),
            ("versionFrom", "variable"),
            ("version", "1.4.2"),
        ],
        &[("artifactAlias", "$(Alias)")],
        &[("tagStrategy", "$(Strategy)")],
        &[("tagStrategy", "template"), ("tagTemplate", "{brunch}")],
        &[("mutableTagList", "$(List)")],
        &[("command", "setImage"), ("imagesFile", "$(File)")],
    ] {
        let (log, tag) = told(inputs, &[]);
        let given = [("Build.BuildId", "4125"), ("Build.SourceBranch", "refs/heads/topic")];
        let (with_build, _) = told(inputs, &given);
        assert_eq!(tag, None);
        assert_eq!(with_build.len(), 1, "{with_build:?}");
        assert!(log.contains(&with_build[0]), "{log:?}");
    }
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
        ("tagPrefix", format!("versionFrom = gitTag && {reads_version}")),
        ("versionFrom", "tagStrategy = semver || tagStrategy = template".to_owned()),
    ] {
        assert_eq!(rule("inputs", input), expected, "{input}");
    }
}
