//! Texts that nobody would write: whatever comes in, nothing panics, and what comes out is legal.
//!
//! `FUZZ_ROUNDS=1000000 cargo test --release --test fuzz` looks longer. The same number of rounds
//! always tries the same texts.

use std::collections::BTreeMap;

use kubectl_set_image::{
    Core, Effect, Event, Stream,
    host::{Launch, variables::Variables},
    image::{
        file::ImagesFile,
        lines::{self, Needs},
        reference::{Reference, Tag},
        tag::{downgrade, sanitise, template::Template, time::StartTime, version},
    },
};

const DEFAULT_ROUNDS: u64 = 20_000;

/// Texts of every kind that the core reads; the loop mixes and breaks them.
const SEEDS: &[&str] = &[
    "4125",
    "1.4.2-rc.1+linux.7",
    "v1.4.2_7",
    "20261124.7",
    "feature/login",
    "refs/heads/feature/Üñï",
    "refs/tags/v1.4.2",
    "refs/pull/12/merge",
    "$(Build.BuildId)",
    "${{ variables.x }}",
    "##vso[task.complete result=Failed;]",
    "{branch}-{commit:12}{-prerelease}.{date:yyyyMMdd-HHmm}_{counter}",
    "{{major}}.{minor}{patch",
    "2026-11-24 04:00:00+00:00",
    "latest, {branch} {major}.{minor}\n*-snapshot",
    "contoso.azurecr.io/IdentityServer:4125",
    "Localhost/App:4125",
    "localhost:5000/team/app:v1_2-3.4",
    "[2001:db8::1]:5000/app@sha256:0000000000000000000000000000000000000000000000000000000000000000",
    "deployments/web deploy/api app=$(ACR)/web side=nginx:1.27.0",
    "kubectl set image cronjob cleanup '*=a.io/cleanup'",
    "statefulsets.v1.apps/db \"a.io/db\"",
    "# nothing\n\n-n shop --all",
    "shop, billing: deploy,sts --all -n=shop *=https://a.io/web:feature/x # --record",
    "kubectl -nshop set image deploy/web: \\\r\n app= a.io/web:1:2, b='“x”",
    "api/v1.2.3",
    "@contoso/web@1.2.3-2.0.0",
    "Changeset 3",
    "AzureContainerRepository",
    "ResourceTrigger",
    "web",
    "$(web.tag)$(dependencies.A.outputs['b.c'])",
    "{\"format\":\"kubectl-set-image\",\"version\":1,\"tag\":\"4125\",\"images\":[{\"repository\":\"a.io/web\",\"tag\":\"1.0.0\",\"digest\":\"sha256:00\"}]}",
    "{\"version\": \"1.4.2\", \"name\": \"web\"}",
    "{\"kind\":\"List\",\"items\":[{\"kind\":\"Deployment\",\"metadata\":{\"name\":\"web\"},\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"app\",\"image\":\"a.io/web:4124\"}]}}}}]}",
    "\u{feff}1.4.2\r\n",
    "日本\u{200b}\0\u{7f}",
    "semver",
    "template",
    "file",
    "variable",
    "commit",
    "computeTag",
    "client",
    "false",
];

/// Marsaglia's xorshift64*.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).expect("below a usize")
    }

    fn seed(&mut self) -> &'static str {
        SEEDS[self.below(SEEDS.len())]
    }

    /// A seed, cut, doubled, spliced with others or with single characters changed.
    fn text(&mut self) -> String {
        let mut text: Vec<char> = self.seed().chars().collect();
        for _ in 0..self.below(4) {
            let at = self.below(text.len() + 1);
            match self.below(6) {
                0 => text.truncate(at),
                1 => text.extend_from_within(..at.min(200)),
                2 => {
                    let other: Vec<char> = self.seed().chars().collect();
                    text.splice(at..at, other);
                }
                3 if at < text.len() => text[at] = self.character(),
                4 if at < text.len() => drop(text.remove(at)),
                _ => text.insert(at, self.character()),
            }
        }
        text.into_iter().collect()
    }

    fn character(&mut self) -> char {
        const ODD: [char; 24] = [
            '-', '.', '_', '/', ':', '@', '=', '*', '{', '}', '[', ']', '"', '\'', '\\', '$', '(',
            '#', '+', '\n', '\0', 'é', '日', '0',
        ];
        ODD[self.below(ODD.len())]
    }
}

fn rounds() -> u64 {
    let asked = std::env::var("FUZZ_ROUNDS").ok();
    asked.map_or(DEFAULT_ROUNDS, |rounds| rounds.parse().expect("FUZZ_ROUNDS is a number"))
}

#[test]
fn no_text_breaks_a_parser() {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    for _ in 0..rounds() {
        let (text, other) = (random.text(), random.text());
        if let Ok(reference) = Reference::parse(&text) {
            assert_eq!(reference.to_string(), text);
        }
        if let Ok((reference, _)) = Reference::parse_lowercasing(&text) {
            let again = Reference::parse(&reference.to_string());
            assert_eq!(again.as_ref(), Ok(&reference), "{text:?}");
        }
        for unique in [sanitise::Unique::Yes, sanitise::Unique::No] {
            if let Some(tag) = sanitise::sanitise(&text, unique) {
                assert!(Tag::parse(tag.as_str()).is_ok(), "{text:?}");
                assert_eq!(sanitise::sanitise(tag.as_str(), unique), Some(tag), "{text:?}");
            }
        }
        if let Some(version) = version::from_tag(&text) {
            assert_eq!(version::from_tag(&version::to_tag(&version)), Some(version));
        }
        let (there, back) = (version::compare(&text, &other), version::compare(&other, &text));
        assert_eq!(there, back.map(std::cmp::Ordering::reverse), "{text:?} {other:?}");
        let _ = downgrade::direction(&text, &other);
        for needs in [Needs::Images, Needs::Workloads] {
            let text = text.replace("\r\n", "\n");
            let lines = lines::parse(&text, needs, &Variables::default());
            let other_ends = text.replace('\n', "\r\n");
            assert_eq!(lines, lines::parse(&other_ends, needs, &Variables::default()), "{text:?}");
            let _ = lines.map_err(|errors| errors.iter().map(ToString::to_string).count());
        }
        let _ = Template::parse(&text).map_err(|error| error.to_string());
        let _ = StartTime::parse(&text).map(|time| time.format(&other));
        if let Ok(file) = ImagesFile::parse(&text) {
            let again = ImagesFile::parse(&file.content.to_json()).unwrap();
            assert_eq!(again, file);
        }
    }
}

#[test]
fn no_step_breaks_the_core() {
    let inputs = kubectl_set_image::inputs::NAMES;
    let variables = [
        "Build.BuildId",
        "Build.BuildNumber",
        "Build.SourceBranch",
        "Build.SourceVersion",
        "Build.DefinitionName",
        "Build.ArtifactStagingDirectory",
        "System.HostType",
        "System.PipelineStartTime",
        "System.PullRequest.SourceCommitId",
        "Build.Reason",
        "Release.PrimaryArtifactSourceAlias",
        "Release.Artifacts._web.BuildId",
        "Release.Artifacts._web.Type",
        "resources.triggeringAlias",
        "resources.container.web.tag",
        "resources.pipeline.web.runID",
    ];
    let mut random = Random(0x0123_4567_89AB_CDEF);
    for _ in 0..rounds() / 4 {
        let mut some = |names: &[&str], of: usize| -> BTreeMap<String, String> {
            let mut values = BTreeMap::new();
            for name in names {
                if random.below(of) == 0 {
                    values.insert((*name).to_owned(), random.text());
                }
            }
            values
        };
        let (inputs, variables) = (some(&inputs, 4), some(&variables, 2));
        let mut core = Core::new();
        let mut effects =
            core.handle(0, &Event::Started { inputs, variables, agent: Box::default() });
        for _ in 0..8 {
            legal(&effects);
            let event = match effects.iter().rev().find(|e| !matches!(e, Effect::Wake { .. })) {
                Some(Effect::ReadFile { .. }) => Event::FileRead { content: random.text() },
                Some(Effect::SaveFile { path, .. }) => Event::Written { path: path.clone() },
                Some(Effect::WriteFile { .. }) => Event::Written { path: random.text() },
                Some(Effect::Spawn(Launch { process, .. })) => {
                    let chunk = random.text().into_bytes();
                    let process = *process;
                    core.handle(1, &Event::Output { process, stream: Stream::Stdout, chunk });
                    Event::Exited { process, code: Some(0) }
                }
                _ => break,
            };
            effects = core.handle(2, &event);
        }
    }
}

/// A computed tag is legal, and so is every reference that is set.
fn legal(effects: &[Effect]) {
    for effect in effects {
        match effect {
            Effect::SetVariable { name: "tag", value }
            | Effect::AddBuildTag { tag: value }
            | Effect::UpdateBuildNumber { number: value } => {
                assert!(Tag::parse(value).is_ok(), "{value:?}");
            }
            Effect::SetVariable { name: "image", value } => {
                for reference in value.lines() {
                    assert!(Reference::parse(reference).is_ok(), "{reference:?}");
                }
            }
            _ => {}
        }
    }
}
