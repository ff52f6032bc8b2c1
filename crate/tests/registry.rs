//! Whole talks with registries: what is asked, to the letter, and what comes of the answers.

use kubectl_set_image::{
    Effect, Style,
    host::http::{Answer, Dialogue, Next, Reply, Request, Url},
    image::reference::Reference,
    registry::{
        Check, CheckResult, Finding, Login, Origin, Part, Platform, Stored, Verify, acr::Exchange,
        fails,
    },
    report::registry::{checked, origin, platforms},
};
use proptest::prelude::*;

const ACCEPT: &str = "application/vnd.oci.image.index.v1+json, \
                      application/vnd.oci.image.manifest.v1+json, \
                      application/vnd.docker.distribution.manifest.list.v2+json, \
                      application/vnd.docker.distribution.manifest.v2+json";
const IMAGE: &str = "contoso.azurecr.io/web:4125";
const MANIFEST: &str = "https://contoso.azurecr.io/v2/web/manifests";
const TAGS: &str = "https://contoso.azurecr.io/v2/web/tags/list?n=1000";
const REALM: &str = "https://contoso.azurecr.io/oauth2/token";
const BEARER: &str = "Bearer \
                      realm=\"https://contoso.azurecr.io/oauth2/token\",service=\"contoso.azurecr.io\",scope=\"repository:web:pull\"";
const TOKEN_URL: &str = "https://contoso.azurecr.io/oauth2/token?service=contoso.azurecr.io&scope=repository%3Aweb%3Apull";
/// `u:pass-word`, as Basic has it.
const BASIC: &str = "Basic dTpwYXNzLXdvcmQ=";
/// An index that says where it comes from, so that nothing more is asked for.
const INDEX: &str = r#"{"schemaVersion":2,"annotations":{
    "org.opencontainers.image.created":"2026-11-24T03:12:00Z",
    "org.opencontainers.image.revision":"3f1c9d2e4b5a"},"manifests":[
    {"digest":"sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
     "platform":{"os":"linux","architecture":"amd64"}},
    {"digest":"sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc",
     "platform":{"os":"linux","architecture":"arm64","variant":"v8"}},
    {"digest":"sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd",
     "platform":{"os":"unknown","architecture":"unknown"}}]}"#;

/// A digest that is well formed; its hex is told by the answer as the content's.
fn hex(digit: char) -> String {
    digit.to_string().repeat(64)
}

fn digest(digit: char) -> String {
    format!("sha256:{}", hex(digit))
}

fn answer(status: u16, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Reply {
    let headers =
        headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Reply::Answer(Answer { status, headers, sha256: hex('a'), body: body.into() })
}

fn found(digit: char) -> Reply {
    answer(200, &[("docker-content-digest", &digest(digit))], "")
}

fn challenge(value: &str) -> Reply {
    answer(401, &[("www-authenticate", value)], "")
}

fn token(token: &str) -> Reply {
    answer(200, &[], format!("{{\"token\":{token:?},\"expires_in\":300}}"))
}

fn user() -> Login {
    Login::Password { user: "u".into(), password: "pass-word".into() }
}

fn refresh() -> Login {
    Login::RefreshToken("re-fresh".into())
}

/// A request as a line, with everything that is sent.
fn line(request: &Request) -> String {
    let mut line = format!("{} {}", request.method, request.url);
    for (name, value) in &request.headers {
        let value = if value.reveal() == ACCEPT { "manifests" } else { value.reveal() };
        line = format!("{line} | {name}: {value}");
    }
    if !request.body.reveal().is_empty() {
        line = format!("{line} | {}", request.body.reveal());
    }
    line
}

/// Plays a server that expects these requests, and gives these answers.
fn play<D: Dialogue>(mut dialogue: D, script: Vec<(String, Reply)>) -> D::Outcome {
    let mut next = dialogue.begin();
    for (expected, heard) in script {
        loop {
            match next {
                Next::Ask(request) => {
                    assert_eq!(line(&request), expected);
                    break;
                }
                Next::Wait(_) => next = dialogue.hear(Reply::Waited),
                Next::Sign(_) => panic!("nothing is to be signed"),
                Next::Done(_) => panic!("it ended before: {expected}"),
            }
        }
        next = dialogue.hear(heard);
    }
    match next {
        Next::Done(outcome) => outcome,
        Next::Ask(request) => panic!("one more request: {}", line(&request)),
        _ => panic!("it does not end"),
    }
}

fn check(image: &str, login: Login, script: Vec<(String, Reply)>) -> CheckResult {
    play(Check::new(&Reference::parse(image).unwrap(), login), script)
}

fn head(url: &str) -> String {
    format!("HEAD {url} | Accept: manifests")
}

fn get(url: &str) -> String {
    format!("GET {url} | Accept: manifests")
}

fn shown(request: impl AsRef<str>, authorization: &str) -> String {
    format!("{} | Authorization: {authorization}", request.as_ref())
}

fn asks(tag: &str) -> String {
    head(&format!("{MANIFEST}/{tag}"))
}

fn gets_tag(tag: &str) -> String {
    get(&format!("{MANIFEST}/{tag}"))
}

/// The image is denied twice, by HEAD and by GET.
fn not_found() -> Vec<(String, Reply)> {
    vec![(asks("4125"), answer(404, &[], "")), (gets_tag("4125"), answer(404, &[], ""))]
}

fn gets(digit: char) -> String {
    get(&format!("{MANIFEST}/{}", digest(digit)))
}

/// What comes of one answer to the first request.
fn at_once(heard: Reply, login: Login) -> String {
    check(IMAGE, login, vec![(asks("4125"), heard)]).to_string()
}

#[test]
fn an_open_registry_tells_digest_and_platforms() {
    let outcome = check(
        IMAGE,
        Login::Anonymous,
        vec![(asks("4125"), found('a')), (gets('a'), answer(200, &[], INDEX))],
    );
    assert_eq!(
        outcome.to_string(),
        format!("{IMAGE} is in the registry: {}, linux/amd64, linux/arm64", digest('a'))
    );
    assert_eq!(outcome.digest(), Some(digest('a').as_str()));
    assert!(!outcome.login, "nobody logged in");
}

#[test]
fn a_bearer_challenge_is_answered_with_a_token() {
    for (login, request) in [
        (Login::Anonymous, format!("GET {TOKEN_URL}")),
        (user(), shown(format!("GET {TOKEN_URL}"), BASIC)),
        (
            refresh(),
            format!(
                "POST {REALM} | Content-Type: application/x-www-form-urlencoded | Accept: \
                 application/json | grant_type=refresh_token&service=contoso.azurecr.io&\
                 scope=repository%3Aweb%3Apull&refresh_token=re-fresh"
            ),
        ),
    ] {
        let outcome = check(
            IMAGE,
            login,
            vec![
                (asks("4125"), challenge(BEARER)),
                (request, token("t0k")),
                (shown(asks("4125"), "Bearer t0k"), found('a')),
                (shown(gets('a'), "Bearer t0k"), answer(200, &[], INDEX)),
            ],
        );
        assert_eq!(outcome.digest(), Some(digest('a').as_str()));
    }
}

#[test]
fn a_refresh_token_is_shown_as_a_password_where_nothing_can_be_posted() {
    let outcome = check(
        IMAGE,
        refresh(),
        vec![
            (asks("4125"), challenge(BEARER)),
            (
                format!(
                    "POST {REALM} | Content-Type: application/x-www-form-urlencoded | Accept: \
                     application/json | grant_type=refresh_token&service=contoso.azurecr.io&\
                     scope=repository%3Aweb%3Apull&refresh_token=re-fresh"
                ),
                answer(404, &[], ""),
            ),
            (
                shown(
                    format!("GET {TOKEN_URL}"),
                    "Basic MDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDAwOnJlLWZyZXNo",
                ),
                answer(200, &[], r#"{"access_token":"t0k"}"#),
            ),
            (shown(asks("4125"), "Bearer t0k"), found('a')),
            (shown(gets('a'), "Bearer t0k"), answer(500, &[], "")),
            (shown(gets('a'), "Bearer t0k"), answer(500, &[], "")),
            (shown(gets('a'), "Bearer t0k"), answer(500, &[], "")),
        ],
    );
    assert_eq!(outcome.to_string(), format!("{IMAGE} is in the registry: {}", digest('a')));
}

#[test]
fn basic_is_answered_with_the_login() {
    let basic = "Negotiate, Basic realm=\"Registry Realm\"";
    let outcome = check(
        IMAGE,
        user(),
        vec![
            (asks("4125"), challenge(basic)),
            (shown(asks("4125"), BASIC), found('a')),
            (shown(gets('a'), BASIC), answer(200, &[], INDEX)),
        ],
    );
    assert_eq!(outcome.digest(), Some(digest('a').as_str()));
    let needed = check(IMAGE, Login::Anonymous, vec![(asks("4125"), challenge(basic))]);
    assert_eq!(
        needed.to_string(),
        "contoso.azurecr.io/web:4125 was not checked: contoso.azurecr.io requires authentication. \
         Set containerRegistry to a service connection for it"
    );
}

#[test]
fn docker_hub_counts_no_pull() {
    let url = "https://registry-1.docker.io/v2/library/nginx/manifests/latest";
    let realm = "Bearer \
                 realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\",scope=\"repository:library/nginx:pull\"";
    let token_url = "https://auth.docker.io/token?service=registry.docker.io&scope=repository%3Alibrary%2Fnginx%3Apull";
    let outcome = check(
        "nginx",
        user(),
        vec![
            (head(url), challenge(realm)),
            (shown(format!("GET {token_url}"), BASIC), token("t0k")),
            (shown(head(url), "Bearer t0k"), found('b')),
        ],
    );
    assert_eq!(outcome.to_string(), format!("nginx is in the registry: {}", digest('b')));
}

#[test]
fn a_digest_that_is_not_told_is_taken_of_the_content() {
    for told in [vec![], vec![("docker-content-digest", "sha256:abc ##vso[x]")]] {
        let outcome = check(
            IMAGE,
            Login::Anonymous,
            vec![
                (asks("4125"), answer(200, &told, "")),
                (get(&format!("{MANIFEST}/4125")), answer(200, &[], INDEX)),
            ],
        );
        assert_eq!(outcome.digest(), Some(digest('a').as_str()));
    }
}

#[test]
fn a_pinned_image_is_asked_for_by_its_digest() {
    let image = format!("{IMAGE}@{}", digest('a'));
    let outcome = check(
        &image,
        Login::Anonymous,
        vec![(asks(&digest('a')), found('a')), (gets('a'), answer(200, &[], INDEX))],
    );
    assert_eq!(outcome.digest(), Some(digest('a').as_str()));
    let other = check(&image, Login::Anonymous, vec![(asks(&digest('a')), found('b'))]);
    assert_eq!(
        other.to_string(),
        format!(
            "{image} was not checked: contoso.azurecr.io returned content with a digest mismatch. \
             Do not deploy it. Push the image again"
        )
    );
}

#[test]
fn content_that_is_not_of_its_digest_is_an_error() {
    let outcome = check(
        IMAGE,
        Login::Anonymous,
        vec![(asks("4125"), found('b')), (gets('b'), answer(200, &[], INDEX))],
    );
    assert_eq!(
        outcome.to_string(),
        "contoso.azurecr.io/web:4125 was not checked: contoso.azurecr.io returned content with a \
         digest mismatch. Do not deploy it. Push the image again"
    );
}

#[test]
fn one_manifest_has_its_platform_in_a_blob_that_is_elsewhere() {
    let manifest = format!(r#"{{"schemaVersion":2,"config":{{"digest":"{}"}}}}"#, digest('a'));
    let blob = format!("GET https://contoso.azurecr.io/v2/web/blobs/{}", digest('a'));
    let storage = "https://storage.example/blob?sig=1";
    let outcome = check(
        IMAGE,
        user(),
        vec![
            (asks("4125"), challenge("Basic realm=\"r\"")),
            (shown(asks("4125"), BASIC), found('a')),
            (shown(gets('a'), BASIC), answer(200, &[], manifest)),
            (shown(blob, BASIC), answer(307, &[("location", storage)], "")),
            (
                format!("GET {storage}"),
                answer(200, &[], r#"{"os":"linux","architecture":"arm","variant":"v7"}"#),
            ),
        ],
    );
    assert_eq!(
        outcome.to_string(),
        format!("{IMAGE} is in the registry: {}, linux/arm/v7", digest('a'))
    );
}

#[test]
fn odd_platforms_are_unknown_platforms() {
    for body in [
        "no JSON",
        "{}",
        r#"{"schemaVersion":2,"config":{"digest":"../../x"}}"#,
        r###"{"schemaVersion":2,"manifests":[{"digest":"x","platform":{"os":"##vso[x]","architecture":"a"}}]}"###,
        r#"{"schemaVersion":2,"manifests":[{"digest":"x"}]}"#,
        r#"{"schemaVersion":2,"manifests":[]}"#,
    ] {
        let outcome = check(
            IMAGE,
            Login::Anonymous,
            vec![(asks("4125"), found('a')), (gets('a'), answer(200, &[], body))],
        );
        assert_eq!(outcome.digest(), Some(digest('a').as_str()), "{body}");
        assert_eq!(outcome.stored().and_then(|stored| stored.platforms.clone()), None, "{body}");
    }
}

#[test]
fn a_missing_tag_has_neighbours() {
    let second = "/v2/web/tags/list?n=1000&last=4122";
    let outcome = check(
        IMAGE,
        user(),
        vec![
            (asks("4125"), challenge(BEARER)),
            (shown(format!("GET {TOKEN_URL}"), BASIC), token("one")),
            (shown(asks("4125"), "Bearer one"), answer(404, &[], "")),
            (shown(gets_tag("4125"), "Bearer one"), answer(404, &[], "")),
            (
                shown(format!("GET {TAGS}"), "Bearer one"),
                challenge(&BEARER.replace(":pull", ":metadata_read")),
            ),
            (
                shown(format!("GET {}", TOKEN_URL.replace("%3Apull", "%3Ametadata_read")), BASIC),
                token("two"),
            ),
            (
                shown(format!("GET {TAGS}"), "Bearer two"),
                answer(
                    200,
                    &[("link", &format!("<{second}>; rel=\"next\""))],
                    r#"{"tags":["4120","4121","4122"]}"#,
                ),
            ),
            (
                shown(format!("GET https://contoso.azurecr.io{second}"), "Bearer two"),
                answer(200, &[], r###"{"tags":["4123","4126","4200","9999","##vso[x]"]}"###),
            ),
            (shown(gets_tag("4125"), "Bearer two"), challenge(BEARER)),
            (shown(format!("GET {TOKEN_URL}"), BASIC), token("three")),
            (shown(gets_tag("4125"), "Bearer three"), answer(404, &[], "")),
        ],
    );
    assert_eq!(
        outcome.to_string(),
        "contoso.azurecr.io/web:4125 was not found in the registry; the closest tags are 4121, \
         4122, 4123, 4126, 4200. Push the image first, or set an existing tag"
    );
}

#[test]
fn pages_are_followed_on_the_registry_alone_and_ten_times() {
    let elsewhere = ("link", "<https://evil.example/v2/web/tags/list>; rel=\"next\"");
    let outcome = check(
        IMAGE,
        Login::Anonymous,
        vec![
            (asks("4125"), answer(404, &[], "")),
            (gets_tag("4125"), answer(404, &[], "")),
            (format!("GET {TAGS}"), answer(200, &[elsewhere], r#"{"tags":["4124"]}"#)),
            (gets_tag("4125"), answer(404, &[], "")),
        ],
    );
    assert_eq!(
        outcome.to_string(),
        "contoso.azurecr.io/web:4125 was not found in the registry; the closest tags are 4124. \
         Push the image first, or set an existing tag"
    );
    let page = |_| {
        let next = format!("<{TAGS}>; rel=next");
        (format!("GET {TAGS}"), answer(200, &[("link", &next)], r#"{"tags":["x"]}"#))
    };
    let mut script = not_found();
    script.extend((0..10).map(page));
    script.push((gets_tag("4125"), answer(404, &[], "")));
    assert_eq!(
        check(IMAGE, Login::Anonymous, script).to_string(),
        "contoso.azurecr.io/web:4125 was not found in the registry; the closest tags are x. Push \
         the image first, or set an existing tag"
    );
}

/// Plays on, to the answers to the list of tags and to the second look.
fn denied_and_listed(list: Reply, again: Reply, login: Login) -> CheckResult {
    let mut script = not_found();
    script.push((format!("GET {TAGS}"), list));
    script.push((gets_tag("4125"), again));
    check(IMAGE, login, script)
}

fn tags(list: &str) -> Reply {
    answer(200, &[], format!(r#"{{"tags":{list}}}"#))
}

#[test]
fn what_head_denies_and_get_has_is_there() {
    let script =
        vec![(asks("4125"), answer(404, &[], "")), (gets_tag("4125"), answer(200, &[], INDEX))];
    assert_eq!(
        check(IMAGE, Login::Anonymous, script).to_string(),
        format!(
            "{IMAGE} is in the registry: {}, linux/amd64, linux/arm64 (its answer to HEAD was not \
             found)",
            digest('a')
        )
    );
    // What cannot be got is looked for in the list.
    let mut script = vec![(asks("4125"), answer(404, &[], ""))];
    script.extend((0..3).map(|_| (gets_tag("4125"), answer(503, &[], ""))));
    script.push((format!("GET {TAGS}"), tags(r#"["4124"]"#)));
    script.push((gets_tag("4125"), answer(404, &[], "")));
    let words = check(IMAGE, Login::Anonymous, script).to_string();
    assert!(words.contains("was not found in the registry; the closest tags are 4124."), "{words}");
}

#[test]
fn what_head_refuses_and_get_has_is_there() {
    for (status, told) in [
        (403, " (its answer to HEAD was status 403)"),
        (400, " (its answer to HEAD was status 400)"),
        (405, ""),
        (501, ""),
    ] {
        let script = vec![
            (asks("4125"), answer(status, &[], "")),
            (gets_tag("4125"), answer(200, &[], INDEX)),
        ];
        assert_eq!(
            check(IMAGE, Login::Anonymous, script).to_string(),
            format!("{IMAGE} is in the registry: {}, linux/amd64, linux/arm64{told}", digest('a'))
        );
    }
}

#[test]
fn a_storage_whose_url_is_signed_for_get_alone_is_asked_by_get() {
    let storage = "https://storage.example/manifest?sig=1";
    let sends_on = || answer(307, &[("location", storage)], "");
    let script = vec![
        (asks("4125"), challenge("Basic realm=\"r\"")),
        (shown(asks("4125"), BASIC), sends_on()),
        (head(storage), answer(403, &[], "")),
        (shown(gets_tag("4125"), BASIC), sends_on()),
        (get(storage), answer(200, &[], INDEX)),
    ];
    assert_eq!(check(IMAGE, user(), script).digest(), Some(digest('a').as_str()));
}

/// An index of two platforms, and what is answered for the manifest of each.
fn index_of(answers: &[(char, &str)]) -> String {
    let parts = answers.iter().map(|(digit, architecture)| {
        let platform = format!(r#"{{"os":"linux","architecture":"{architecture}"}}"#);
        format!(r#"{{"digest":"{}","platform":{platform}}}"#, digest(*digit))
    });
    format!(r#"{{"schemaVersion":2,"manifests":[{}]}}"#, parts.collect::<Vec<_>>().join(","))
}

#[test]
fn a_platform_whose_manifest_is_gone_is_no_platform_of_the_image() {
    let index = index_of(&[('c', "amd64"), ('a', "arm64")]);
    let manifest = r#"{"schemaVersion":2}"#;
    let script = vec![
        (asks("4125"), found('a')),
        (gets('a'), answer(200, &[], index)),
        (gets('c'), answer(404, &[], "")),
        (gets('a'), answer(200, &[], manifest)),
    ];
    let outcome = check(IMAGE, user(), script);
    assert_eq!(
        outcome.to_string(),
        format!(
            "{IMAGE} is in the registry: {}, linux/arm64; not found for linux/amd64",
            digest('a')
        )
    );
    let node = Platform { os: "linux".into(), architecture: "amd64".into(), ..Platform::default() };
    let Some(Effect::Log { style: Style::Warning, text }) = platforms(&outcome, &[(node, 3)])
    else {
        panic!("no warning")
    };
    assert!(text.as_str().contains("has no image for linux/amd64, which 3 nodes"), "{text:?}");
}

#[test]
fn an_index_of_which_no_manifest_is_left_cannot_be_used() {
    let index = index_of(&[('c', "amd64"), ('c', "amd64"), ('d', "arm64")]);
    let gone = || {
        vec![
            (gets('a'), answer(200, &[], index.clone())),
            (gets('c'), answer(404, &[], "")),
            (gets('c'), answer(404, &[], "")),
            (gets('d'), answer(404, &[], r#"{"errors":[{"message":"manifest unknown"}]}"#)),
        ]
    };
    let asked = || vec![(asks("4125"), found('a'))];
    let outcome = check(IMAGE, user(), [asked(), gone(), gone()].concat());
    assert_eq!(
        outcome.to_string(),
        format!(
            "{IMAGE} is not available: contoso.azurecr.io gives the digest {}, but answers it with \
             status 404 (manifest unknown). Push the image again, or wait until the registry has \
             replicated it",
            digest('d')
        )
    );
    assert_eq!(outcome.digest(), None, "nothing to pin");
    assert!(fails(&outcome, Verify::Required) && !fails(&outcome, Verify::Auto));
    let replicated = vec![
        (gets('a'), answer(200, &[], index.clone())),
        (gets('c'), answer(200, &[], r#"{"schemaVersion":2}"#)),
    ];
    let late = check(IMAGE, user(), [asked(), gone(), replicated].concat());
    assert_eq!(late.stored().map(|stored| stored.lost.len()), Some(0), "{late}");
}

#[test]
fn a_tag_that_is_listed_and_denied_is_a_contradiction() {
    let outcome = denied_and_listed(
        tags(r#"["4123","4124","4125"]"#),
        answer(404, &[], ""),
        Login::Anonymous,
    );
    assert_eq!(
        outcome.to_string(),
        "contoso.azurecr.io/web:4125 was not checked: contoso.azurecr.io lists the tag 4125, but \
         its manifest is not found. Try again later, or push the image again"
    );
}

#[test]
fn what_comes_a_moment_later_is_there() {
    for list in [tags(r#"["4124"]"#), tags(r#"["4125"]"#), answer(404, &[], "")] {
        let outcome = denied_and_listed(list, answer(200, &[], INDEX), user());
        assert_eq!(
            outcome.to_string(),
            format!(
                "{IMAGE} is in the registry: {}, linux/amd64, linux/arm64 (its first answer was \
                 not found)",
                digest('a')
            )
        );
    }
}

#[test]
fn a_second_answer_that_says_nothing_leaves_the_first() {
    for again in [answer(403, &[], ""), answer(418, &[], ""), answer(200, &[], "no manifest")] {
        let outcome = denied_and_listed(tags(r#"["4124"]"#), again.clone(), user());
        let is_odd = matches!(&again, Reply::Answer(answer) if answer.status == 200);
        let words = outcome.to_string();
        let expected = if is_odd { "invalid manifest" } else { "was not found in the registry" };
        assert!(words.contains(expected), "{words}");
    }
}

#[test]
fn a_digest_that_is_named_and_denied_cannot_be_used() {
    let denied = |status: u16| answer(status, &[], r#"{"errors":[{"message":"no such thing"}]}"#);
    let words = |status: u16, cure: &str| {
        format!(
            "{IMAGE} is not available: contoso.azurecr.io gives the digest {}, but answers it \
             with status {status} (no such thing). {cure}",
            digest('a')
        )
    };
    let twice =
        vec![(asks("4125"), found('a')), (gets('a'), denied(404)), (gets('a'), denied(404))];
    let outcome = check(IMAGE, Login::Anonymous, twice);
    assert_eq!(
        outcome.to_string(),
        words(404, "Push the image again, or wait until the registry has replicated it")
    );
    assert_eq!(outcome.digest(), None, "nothing to pin");
    assert!(fails(&outcome, Verify::Required) && !fails(&outcome, Verify::Auto));
    let late = vec![
        (asks("4125"), found('a')),
        (gets('a'), denied(404)),
        (gets('a'), answer(200, &[], INDEX)),
    ];
    assert_eq!(check(IMAGE, user(), late).digest(), Some(digest('a').as_str()));
    for (login, cure) in [
        (
            Login::Anonymous,
            "Set containerRegistry to a service connection with permission to pull from the \
             repository",
        ),
        (
            user(),
            "Give the service connection of containerRegistry permission to pull from the \
                  repository",
        ),
    ] {
        let script = vec![(asks("4125"), found('a')), (gets('a'), denied(403))];
        assert_eq!(check(IMAGE, login, script).to_string(), words(403, cure));
    }
}

#[test]
fn a_refusal_that_hides_a_missing_tag_is_seen_in_the_list() {
    let refused_and_listed = |list: Reply| {
        let basic = || challenge("Basic realm=\"r\"");
        let script = vec![
            (asks("4125"), basic()),
            (shown(asks("4125"), BASIC), answer(403, &[], "")),
            (
                shown(gets_tag("4125"), BASIC),
                answer(403, &[], r#"{"errors":[{"message":"denied"}]}"#),
            ),
            (shown(format!("GET {TAGS}"), BASIC), list),
        ];
        check(IMAGE, user(), script).to_string()
    };
    assert_eq!(
        refused_and_listed(tags(r#"["4123","4124"]"#)),
        "contoso.azurecr.io/web:4125 was not found in the registry (status 403, and the tag is \
         not in its list); the closest tags are 4123, 4124. Push the image first, or set an \
         existing tag"
    );
    let refused = "contoso.azurecr.io/web:4125 was not checked: contoso.azurecr.io refuses the \
                   credentials (denied). Check in the service connection of containerRegistry \
                   whether the secret has expired, and whether it has permission to pull \
                   contoso.azurecr.io/web";
    let more = ("link", "<https://elsewhere.example/>; rel=\"next\"");
    for list in [
        tags(r#"["4124","4125"]"#),
        answer(403, &[], ""),
        answer(404, &[], ""),
        answer(500, &[], ""),
        answer(200, &[more], r#"{"tags":["4124"]}"#),
        answer(200, &[], "no list"),
    ] {
        let is_passing = matches!(&list, Reply::Answer(answer) if answer.status == 500);
        if !is_passing {
            assert_eq!(refused_and_listed(list), refused);
        }
    }
}

#[test]
fn a_digest_that_is_denied_beside_its_tag_says_so() {
    let image = format!("{IMAGE}@{}", digest('e'));
    let outcome = check(
        &image,
        Login::Anonymous,
        vec![
            (asks(&digest('e')), answer(404, &[], "")),
            (gets('e'), answer(404, &[], "")),
            (format!("GET {TAGS}"), tags(r#"["4124","4125"]"#)),
            (gets('e'), answer(404, &[], "")),
        ],
    );
    assert_eq!(
        outcome.to_string(),
        format!(
            "{image} was not found: the registry has the tag 4125, but not this digest. Correct \
             the digest, or remove it to use the tag"
        )
    );
}

#[test]
fn plain_http_is_spoken_where_it_is_said_and_nowhere_else() {
    let reference = Reference::parse("registry.contoso.test:5000/web:1").unwrap();
    let url = |scheme: &str| format!("{scheme}://registry.contoso.test:5000/v2/web/manifests/1");
    let words = "write EPROTO: ssl3_get_record:wrong version number";
    let outcome = play(
        Check::new(&reference, user()),
        vec![(head(&url("https")), Reply::NoAnswer(words.into()))],
    );
    assert_eq!(
        outcome.to_string(),
        "registry.contoso.test:5000/web:1 was not checked: registry.contoso.test:5000 does not \
         support TLS. Set up TLS, or set containerRegistry to a service connection with http:// \
         to check it unencrypted"
    );
    let by_digest = format!("http://registry.contoso.test:5000/v2/web/manifests/{}", digest('a'));
    let outcome = play(
        Check::new(&reference, user()).plainly(),
        vec![
            (head(&url("http")), challenge("Basic realm=\"r\"")),
            (shown(head(&url("http")), BASIC), found('a')),
            (shown(get(&by_digest), BASIC), answer(200, &[], INDEX)),
        ],
    );
    assert_eq!(outcome.digest(), Some(digest('a').as_str()));
    // One that speaks TLS alone, though its connection says otherwise.
    for said in [
        "Client sent an HTTP request to an HTTPS server.\n",
        "<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>",
    ] {
        let outcome = play(
            Check::new(&reference, user()).plainly(),
            vec![
                (head(&url("http")), answer(400, &[], "")),
                (get(&url("http")), answer(400, &[], said)),
            ],
        );
        assert_eq!(
            outcome.to_string(),
            "registry.contoso.test:5000/web:1 was not checked: registry.contoso.test:5000 requires \
             TLS, but its service connection has http://. Use https:// in the service connection of \
             containerRegistry"
        );
    }
    // A registry that sends on to TLS is shown the login there.
    let location = "https://registry.contoso.test:5000/v2/web/manifests/1";
    let outcome = play(
        Check::new(&reference, user()).plainly(),
        vec![
            (head(&url("http")), answer(308, &[("location", location)], "")),
            (head(location), challenge("Basic realm=\"r\"")),
            (shown(head(location), BASIC), found('a')),
            (shown(get(&by_digest.replacen("http:", "https:", 1)), BASIC), answer(200, &[], INDEX)),
        ],
    );
    assert_eq!(outcome.digest(), Some(digest('a').as_str()));
}

/// What an image says of itself, asked with at most two requests beyond the check.
#[test]
fn an_image_says_where_it_comes_from() {
    let part = |digit: char, platform: &str| {
        format!(r#"{{"digest":"{}","platform":{platform}}}"#, digest(digit))
    };
    let index = format!(
        r#"{{"schemaVersion":2,"manifests":[{},{}]}}"#,
        part('a', r#"{"os":"linux","architecture":"amd64"}"#),
        part('b', r#"{"os":"linux","architecture":"arm64"}"#)
    );
    let manifest = format!(r#"{{"schemaVersion":2,"config":{{"digest":"{}"}}}}"#, digest('a'));
    let config = r#"{"os":"linux","architecture":"amd64","created":"2026-11-24T03:12:00Z","config":{
        "Labels":{"com.azure.dev.image.build.sourceversion":"3f1c9d2e4b5a",
        "com.azure.dev.image.build.repository.uri":"https://dev.azure.com/c/shop/_git/web"}}}"#;
    let blob = format!("GET https://contoso.azurecr.io/v2/web/blobs/{}", digest('a'));
    let expected = Origin {
        created: Some("2026-11-24T03:12:00Z".into()),
        revision: Some("3f1c9d2e4b5a".into()),
        source: Some("https://dev.azure.com/c/shop/_git/web".into()),
        version: None,
    };
    // Of an index, two requests beyond; of a manifest, none.
    let outcome = check(
        IMAGE,
        Login::Anonymous,
        vec![
            (asks("4125"), found('a')),
            (gets('a'), answer(200, &[], index.clone())),
            (gets('a'), answer(200, &[], manifest.clone())),
            (blob.clone(), answer(200, &[], config)),
        ],
    );
    let stored = outcome.stored().unwrap();
    assert_eq!(stored.origin, expected);
    assert_eq!(stored.parts.len(), 2, "{:?}", stored.parts);
    assert_eq!(
        stored.parts[1],
        Part {
            digest: digest('b'),
            platform: Some(Platform {
                os: "linux".into(),
                architecture: "arm64".into(),
                variant: String::new()
            })
        }
    );
    let all: Vec<&str> = stored.digests().collect();
    assert_eq!(all, [digest('a'), digest('a'), digest('b'), digest('a')]);
    let Some(Effect::Log { style: Style::Plain, text }) = origin(&outcome) else {
        panic!("no line")
    };
    assert_eq!(
        text.as_str(),
        format!(
            "{IMAGE}: built 2026-11-24T03:12:00Z, commit 3f1c9d2e4b5a of \
             https://dev.azure.com/c/shop/_git/web"
        )
    );
    let outcome = check(
        IMAGE,
        Login::Anonymous,
        vec![
            (asks("4125"), found('a')),
            (gets('a'), answer(200, &[], manifest)),
            (blob.clone(), answer(200, &[], config)),
        ],
    );
    assert_eq!(outcome.stored().unwrap().origin, expected);
    // What cannot be had is not known, and nothing worse.
    for odd in [answer(418, &[], ""), answer(200, &[], "no manifest"), answer(403, &[], "")] {
        let outcome = check(
            IMAGE,
            Login::Anonymous,
            vec![
                (asks("4125"), found('a')),
                (gets('a'), answer(200, &[], index.clone())),
                (gets('a'), odd),
            ],
        );
        assert_eq!(outcome.stored().unwrap().origin, Origin::default());
        assert!(outcome.stored().unwrap().is_read());
        assert_eq!(origin(&outcome), None);
    }
}

#[test]
fn a_list_without_tags_is_a_list() {
    let mut script = not_found();
    script.push((format!("GET {TAGS}"), answer(200, &[], r#"{"name":"web","tags":null}"#)));
    script.push((gets_tag("4125"), answer(404, &[], "")));
    assert_eq!(
        check(IMAGE, Login::Anonymous, script).to_string(),
        "contoso.azurecr.io/web:4125 was not found in the registry. Push the image first, or set \
         an existing tag"
    );
}

#[test]
fn a_missing_repository_is_known_to_those_with_a_login() {
    let script = || {
        let mut script = not_found();
        script.push((format!("GET {TAGS}"), answer(404, &[], r#"{"errors":[]}"#)));
        script.push((gets_tag("4125"), answer(404, &[], "")));
        script
    };
    assert_eq!(
        check(IMAGE, user(), script()).to_string(),
        "contoso.azurecr.io/web:4125 was not found: contoso.azurecr.io does not have the \
         repository contoso.azurecr.io/web. Correct the name, or push the image first"
    );
    let unclear = "contoso.azurecr.io/web:4125 was not checked: contoso.azurecr.io, checked \
                   anonymously, does not show it: the image does not exist, or is private. Set \
                   containerRegistry to a service connection for it";
    assert_eq!(check(IMAGE, Login::Anonymous, script()).to_string(), unclear);
    let mut refused = not_found();
    refused.push((format!("GET {TAGS}"), challenge("Basic realm=\"r\"")));
    refused.push((gets_tag("4125"), answer(404, &[], "")));
    assert_eq!(check(IMAGE, Login::Anonymous, refused).to_string(), unclear);
}

#[test]
fn a_refused_login_says_where_to_look() {
    let words = |said: &str| {
        format!(
            "contoso.azurecr.io/web:4125 was not checked: contoso.azurecr.io refuses the \
             credentials{said}. Check in the service connection of containerRegistry whether the \
             secret has expired, and whether it has permission to pull contoso.azurecr.io/web"
        )
    };
    let token_request = || shown(format!("GET {TOKEN_URL}"), BASIC);
    let no = |body: &str| answer(401, &[("www-authenticate", BEARER)], body);
    let message = |text: &str| format!(r#"{{"errors":[{{"message":{text:?}}}]}}"#);
    for (body, said) in [
        (message("expired"), " (expired)".to_owned()),
        (message("you sent pass-word"), String::new()),
        (message(&"x".repeat(300)), format!(" ({}…)", "x".repeat(200))),
        ("<html>".to_owned(), String::new()),
    ] {
        let script = vec![(asks("4125"), no("")), (token_request(), no(&body))];
        assert_eq!(check(IMAGE, user(), script).to_string(), words(&said));
    }
    let again = vec![
        (asks("4125"), no("")),
        (token_request(), token("t0k")),
        (shown(asks("4125"), "Bearer t0k"), no("")),
    ];
    assert_eq!(check(IMAGE, user(), again).to_string(), words(""));
}

#[test]
fn a_stranger_is_not_shown_the_login() {
    for realm in [
        "https://evil.example/token",
        "http://contoso.azurecr.io/token",
        "https://contoso.azurecr.io.evil.example/token",
    ] {
        for login in [user(), refresh()] {
            let outcome = check(
                IMAGE,
                login,
                vec![
                    (asks("4125"), challenge(&format!("Bearer realm=\"{realm}\",service=\"s\""))),
                    (
                        format!("GET {realm}?service=s&scope=repository%3Aweb%3Apull"),
                        answer(401, &[], ""),
                    ),
                ],
            );
            let host = Url::parse(realm).unwrap().host;
            assert_eq!(
                outcome.to_string(),
                format!(
                    "contoso.azurecr.io/web:4125 was not checked: contoso.azurecr.io refuses the \
                     credentials. The credentials were not sent to its token service {host}, \
                     which is in another domain. Ask its administrator for one in the domain of \
                     the registry"
                )
            );
        }
    }
}

#[test]
fn redirects_are_followed_three_times_and_without_the_login_elsewhere() {
    let to = |url: &str| answer(307, &[("location", url)], "");
    let outcome = check(
        IMAGE,
        user(),
        vec![
            (asks("4125"), challenge("Basic realm=\"r\"")),
            (shown(asks("4125"), BASIC), to("/v2/x")),
            (shown(head("https://contoso.azurecr.io/v2/x"), BASIC), to("https://a.example/y")),
            (head("https://a.example/y"), to("https://contoso.azurecr.io/v2/z")),
            (head("https://contoso.azurecr.io/v2/z"), to("/again")),
        ],
    );
    let words = "contoso.azurecr.io/web:4125 was not checked: contoso.azurecr.io has a redirect \
                 loop, or redirects to a URL without https. Check the name of the registry, and \
                 any proxy on the way";
    assert_eq!(outcome.to_string(), words);
    for target in ["http://contoso.azurecr.io/", "https://u@b.example/", "ftp://x", "", "\r\nx"] {
        assert_eq!(at_once(to(target), user()), words, "{target:?}");
    }
}

#[test]
fn this_machine_is_asked_by_plain_http_where_it_speaks_no_tls() {
    let words = "write EPROTO: ssl3_get_record:wrong version number";
    let url = |scheme: &str| format!("{scheme}://localhost:5000/v2/web/manifests/latest");
    let realm = "http://localhost:5001/token";
    let outcome = check(
        "localhost:5000/web",
        user(),
        vec![
            (head(&url("https")), Reply::NoAnswer(words.into())),
            (head(&url("http")), challenge(&format!("Bearer realm=\"{realm}\""))),
            (shown(format!("GET {realm}?scope=repository%3Aweb%3Apull"), BASIC), token("t0k")),
            (shown(head(&url("http")), "Bearer t0k"), found('a')),
            (
                shown(
                    get(&format!("http://localhost:5000/v2/web/manifests/{}", digest('a'))),
                    "Bearer t0k",
                ),
                answer(200, &[], INDEX),
            ),
        ],
    );
    assert_eq!(outcome.digest(), Some(digest('a').as_str()));
}

#[test]
fn no_answer_says_why() {
    let unreachable = |words: &str| {
        let heard = || (asks("4125"), Reply::NoAnswer(words.into()));
        check(IMAGE, Login::Anonymous, vec![heard(), heard(), heard()]).to_string()
    };
    assert_eq!(
        unreachable("getaddrinfo ENOTFOUND contoso.azurecr.io"),
        "contoso.azurecr.io/web:4125 was not checked: contoso.azurecr.io cannot be reached \
         (getaddrinfo ENOTFOUND contoso.azurecr.io). Check its name, and whether this agent can \
         reach it (proxy, firewall)"
    );
    let busy = |login: Login| {
        let heard = || (asks("4125"), answer(429, &[("retry-after", "1")], ""));
        check(IMAGE, login, vec![heard(), heard(), heard()]).to_string()
    };
    assert_eq!(
        busy(Login::Anonymous),
        "contoso.azurecr.io/web:4125 was not checked: contoso.azurecr.io answers with status 429, \
         rate limit exceeded. Try again later, or set containerRegistry to a service connection, \
         which has a higher limit"
    );
    let certificate = Reply::NoAnswer("self-signed certificate in certificate chain".into());
    assert_eq!(
        at_once(certificate, Login::Anonymous),
        "contoso.azurecr.io/web:4125 was not checked: the certificate of contoso.azurecr.io is \
         not trusted (self-signed certificate in certificate chain). Configure the agent with \
         --sslcacert, or set NODE_EXTRA_CA_CERTS to a file with the certificate of its authority"
    );
}

#[test]
fn hostile_answers_are_not_understood() {
    let words = |what: &str| {
        format!(
            "contoso.azurecr.io/web:4125 was not checked: contoso.azurecr.io {what}. Check the \
             name of the registry, and any proxy on the way"
        )
    };
    let unknown = words("requires an unsupported authentication scheme");
    for value in [
        "",
        "Negotiate",
        "Bearer",
        "Bearer realm=\"\"",
        "Bearer realm=\"##vso[task.complete]\"",
        "Bearer realm=\"https://u@contoso.azurecr.io/\"",
        "Bearer realm=\"ftp://contoso.azurecr.io/\"",
        "Bearer realm=\"https://contoso.azurecr.io/",
        "Bearer realm=\"https://a\r\nHost: b/\"",
        &format!("Bearer realm=\"https://contoso.azurecr.io/{}\"", "x".repeat(100_000)),
    ] {
        assert_eq!(at_once(challenge(value), user()), unknown, "{value:.60}");
    }
    let page = answer(200, &[("content-type", "text/html; charset=utf-8")], "");
    assert_eq!(at_once(page, user()), words("did not answer as a registry"));
    for (body, what) in [
        (b"no JSON".to_vec(), "returned an invalid manifest"),
        (vec![0xff, 0xfe], "returned an invalid manifest"),
        (b"{}".to_vec(), "returned an invalid manifest"),
        (vec![b' '; 4 * 1024 * 1024 + 1], "returned too long an answer"),
    ] {
        let script = vec![
            (asks("4125"), answer(200, &[], "")),
            (get(&format!("{MANIFEST}/4125")), answer(200, &[], body)),
        ];
        assert_eq!(check(IMAGE, user(), script).to_string(), words(what));
    }
    for body in ["", "{}", "[]", r#"{"token":""}"#, r#"{"token":"a\nb"}"#, r#"{"token":7}"#] {
        let script = vec![
            (asks("4125"), challenge(BEARER)),
            (shown(format!("GET {TOKEN_URL}"), BASIC), answer(200, &[], body)),
        ];
        assert_eq!(
            check(IMAGE, user(), script).to_string(),
            words("names a token service that returns no token"),
            "{body}"
        );
    }
    let teapot = answer(418, &[], r###"{"errors":[{"message":"##vso[x]"}]}"###);
    let script = vec![(asks("4125"), teapot.clone()), (gets_tag("4125"), teapot)];
    let outcome = check(IMAGE, user(), script);
    let Effect::Log { text, .. } = checked(&outcome, Verify::Auto) else { panic!("no line") };
    assert_eq!(
        text.as_str(),
        "contoso.azurecr.io/web:4125 was not checked: contoso.azurecr.io answers with status 418 \
         (# #vso[x]). Check the name of the image and of the registry. [KSI459]"
    );
}

#[test]
fn a_token_of_entra_is_exchanged_for_a_login() {
    let exchange = || Exchange::new("contoso.azurecr.io", "t-1", "ey.J".into());
    let request = || {
        "POST https://contoso.azurecr.io/oauth2/exchange | Content-Type: \
         application/x-www-form-urlencoded | Accept: application/json | grant_type=access_token&\
         service=contoso.azurecr.io&tenant=t-1&access_token=ey.J"
            .to_owned()
    };
    let body = r#"{"refresh_token":"re-fresh"}"#;
    assert_eq!(play(exchange(), vec![(request(), answer(200, &[], body))]), Ok(refresh()));
    let refused = answer(401, &[], r#"{"errors":[{"message":"no such identity"}]}"#);
    let found = play(exchange(), vec![(request(), refused)]).unwrap_err();
    let outcome = CheckResult::new(&Reference::parse(IMAGE).unwrap(), found);
    assert_eq!(
        outcome.to_string(),
        "contoso.azurecr.io/web:4125 was not checked: contoso.azurecr.io refuses the credentials \
         (no such identity). Check in the service connection of containerRegistry whether the \
         secret has expired, and whether it has permission to pull contoso.azurecr.io/web"
    );
    let local = Exchange::new("127.0.0.1:5000", "", "e".into());
    let local_request = |scheme: &str| {
        format!(
            "POST {scheme}://127.0.0.1:5000/oauth2/exchange | Content-Type: \
             application/x-www-form-urlencoded | Accept: application/json | \
             grant_type=access_token&service=127.0.0.1%3A5000&access_token=e"
        )
    };
    let script = vec![
        (local_request("https"), Reply::NoAnswer("packet length too long".into())),
        (local_request("http"), answer(200, &[], body)),
    ];
    assert_eq!(play(local, script), Ok(refresh()));
}

#[test]
fn what_is_not_known_weighs_more_where_it_is_required() {
    use kubectl_set_image::registry::{NotFound, ProtocolViolation};
    let reference = Reference::parse(IMAGE).unwrap();
    let unreachable = Finding::Unreachable { server: "s".into(), why: "".into() };
    let busy = Finding::Busy { server: "s".into(), status: 503, said: String::new() };
    let (plain, warning, error) = (Style::Plain, Style::Warning, Style::Error);
    // By auto with a login and without, by required with a login and without.
    for (found, styles) in [
        (Finding::Exists(Box::new(Stored::new(digest('a')))), [plain, plain, plain, plain]),
        (
            Finding::Unusable { digest: digest('a'), status: 404, said: String::new() },
            [warning, warning, error, error],
        ),
        (Finding::Contradicted { tag: "4125".into() }, [warning, warning, error, error]),
        (Finding::Missing(NotFound::Repository), [error, error, error, error]),
        (Finding::LoginRefused { said: String::new() }, [error, error, error, error]),
        (Finding::LoginNeeded, [plain, plain, error, error]),
        (Finding::Unclear, [plain, plain, error, error]),
        (Finding::NotUnderstood(ProtocolViolation::Manifest), [error, plain, error, error]),
        (unreachable, [warning, plain, error, error]),
        (busy, [warning, plain, error, error]),
    ] {
        let cases = [
            (Verify::Auto, true),
            (Verify::Auto, false),
            (Verify::Required, true),
            (Verify::Required, false),
        ];
        for ((verify, login), expected) in cases.into_iter().zip(styles) {
            let outcome = CheckResult { login, ..CheckResult::new(&reference, found.clone()) };
            let Effect::Log { style, .. } = checked(&outcome, verify) else { panic!("no line") };
            assert_eq!(style, expected, "{found:?} {verify:?} {login}");
            assert_eq!(fails(&outcome, verify), expected == error, "{found:?} {verify:?} {login}");
        }
    }
}

#[test]
fn nodes_without_an_image_are_warned_of() {
    let platform = |os: &str, architecture: &str| Platform {
        os: os.into(),
        architecture: architecture.into(),
        variant: String::new(),
    };
    let reference = Reference::parse(IMAGE).unwrap();
    let with = |platforms| {
        let stored = Stored { platforms, ..Stored::new(digest('a')) };
        CheckResult::new(&reference, Finding::Exists(Box::new(stored)))
    };
    let nodes = [
        (platform("linux", "amd64"), 3),
        (platform("linux", "arm64"), 2),
        (platform("windows", "amd64"), 1),
    ];
    let Some(Effect::Log { style, text }) =
        platforms(&with(Some(vec![platform("linux", "amd64")])), &nodes)
    else {
        panic!("no warning")
    };
    assert_eq!(style, Style::Warning);
    assert_eq!(
        text.as_str(),
        "contoso.azurecr.io/web:4125 has no image for linux/arm64, which 2 nodes of the cluster \
         are and for windows/amd64, which 1 node of the cluster is. A pod on such a node cannot \
         start. Build the image for that platform too, or set a nodeSelector on kubernetes.io/os \
         and kubernetes.io/arch. [KSI325]"
    );
    assert_eq!(platforms(&with(None), &nodes), None);
    assert_eq!(platforms(&with(Some(vec![platform("linux", "amd64")])), &nodes[..1]), None);
}

/// Something that a server might say, likely to lead on.
fn any_answer() -> impl Strategy<Value = Reply> {
    let url = prop_oneof![
        Just("https://contoso.azurecr.io/x".to_owned()),
        Just("https://auth.azurecr.io/token".to_owned()),
        Just("https://evil.example/t?x=1".to_owned()),
        Just("http://contoso.azurecr.io/x".to_owned()),
        Just("/v2/y".to_owned()),
        any::<String>(),
    ];
    let status = prop_oneof![
        4 => Just(200u16), 4 => Just(401), 2 => Just(404), 2 => Just(307),
        1 => Just(503), 1 => any::<u16>()
    ];
    let body = prop_oneof![
        Just(b"{\"token\":\"to-ken\",\"tags\":[\"1.0.0\"]}".to_vec()),
        Just(INDEX.as_bytes().to_vec()),
        Just(
            format!(r#"{{"schemaVersion":2,"config":{{"digest":"{}"}}}}"#, digest('a'))
                .into_bytes()
        ),
        any::<Vec<u8>>(),
    ];
    let header = (url, any::<String>(), any::<bool>()).prop_map(|(url, text, known)| {
        vec![
            ("location".to_owned(), url.clone()),
            ("link".to_owned(), format!("<{url}>; rel=\"next\"")),
            ("www-authenticate".to_owned(), format!("Bearer realm=\"{url}\",scope=\"{text}\"")),
            ("docker-content-digest".to_owned(), if known { digest('a') } else { text }),
        ]
    });
    prop_oneof![
        9 => (status, header, body).prop_map(|(status, headers, body)| {
            Reply::Answer(Answer { status, headers, sha256: hex('a'), body })
        }),
        1 => prop_oneof![Just("EPROTO".to_owned()), any::<String>()]
            .prop_map(|words| Reply::NoAnswer(words.into())),
    ]
}

/// What is found where these are the answers, one after the other and over again.
fn found_by(answers: &[Reply], login: Login) -> Finding {
    let mut check = Check::new(&Reference::parse(IMAGE).unwrap(), login);
    let mut next = check.begin();
    let mut answers = answers[..1].iter().chain(answers[1..].iter().cycle());
    loop {
        next = match next {
            Next::Ask(_) => check.hear(answers.next().unwrap().clone()),
            Next::Wait(_) => check.hear(Reply::Waited),
            Next::Sign(_) => panic!("nothing is to be signed"),
            Next::Done(outcome) => return outcome.found,
        };
    }
}

proptest! {
    #[test]
    fn how_a_head_is_refused_changes_nothing_of_what_is_found(
        one in prop::sample::select(&[400u16, 403, 405, 406, 410, 415, 501][..]),
        other in prop::sample::select(&[400u16, 403, 405, 406, 410, 415, 501][..]),
        answers in prop::collection::vec(any_answer(), 1..12),
        login in prop_oneof![Just(Login::Anonymous), Just(user()), Just(refresh())],
    ) {
        let found = |status| {
            let head = std::iter::once(answer(status, &[], ""));
            found_by(&head.chain(answers.clone()).collect::<Vec<_>>(), login.clone())
        };
        prop_assert_eq!(found(one), found(other));
    }

    #[test]
    fn whatever_is_answered_the_talk_ends_and_no_secret_goes_astray(
        answers in prop::collection::vec(any_answer(), 1..12),
        login in prop_oneof![Just(Login::Anonymous), Just(user()), Just(refresh())],
        image in prop_oneof![Just(IMAGE), Just("nginx"), Just("localhost:5000/web:1.2.3")],
    ) {
        let mut check = Check::new(&Reference::parse(image).unwrap(), login);
        let kin = ["contoso.azurecr.io", "auth.azurecr.io", "registry-1.docker.io", "localhost"];
        let mut next = check.begin();
        let mut answers = answers.iter().cycle();
        for asked in 0.. {
            prop_assert!(asked < 200, "it asks for ever");
            next = match next {
                Next::Ask(request) => {
                    let all = line(&request);
                    let secret = ["pass-word", "cGFzcy13b3Jk", "re-fresh", "to-ken", "Authorization"]
                        .iter()
                        .any(|secret| all.contains(secret))
                        || all.contains(BASIC);
                    let url = Url::parse(&request.url);
                    let host = url.as_ref().map_or("", |url| url.host.as_str());
                    let plain = !request.url.starts_with("https:");
                    prop_assert!(!secret || kin.contains(&host), "{all}");
                    prop_assert!(!secret || !plain || host == "localhost", "{all}");
                    for secret in ["pass-word", "re-fresh", "to-ken"] {
                        prop_assert!(!request.url.contains(secret), "{all}");
                    }
                    check.hear(answers.next().unwrap().clone())
                }
                Next::Wait(_) => check.hear(Reply::Waited),
                Next::Sign(_) => panic!("nothing is to be signed"),
                Next::Done(outcome) => {
                    let words = outcome.to_string();
                    prop_assert!(words.starts_with(image), "{words}");
                    for secret in ["pass-word", "re-fresh"] {
                        prop_assert!(!words.contains(secret), "{words}");
                    }
                    return Ok(());
                }
            };
        }
    }
}
