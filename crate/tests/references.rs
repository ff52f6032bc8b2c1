//! The grammar of github.com/distribution/reference, case by case, and what printing keeps.

use kubectl_set_image::image::reference::Reference;
use proptest::prelude::*;

/// Full repository, tag and digest, where the text is a reference.
fn parsed(text: &str) -> Option<(String, Option<String>, Option<String>)> {
    let reference = Reference::parse(text).ok()?;
    assert_eq!(reference.to_string(), text, "printing keeps the text");
    let tag = reference.tag().map(ToString::to_string);
    Some((reference.full_repository(), tag, reference.digest().map(str::to_owned)))
}

fn hex(algorithm: &str, digits: usize) -> String {
    format!("{algorithm}:{}", "f".repeat(digits))
}

#[test]
fn what_is_a_reference_and_what_its_parts_are() {
    let deep = format!("{}a", "a/".repeat(127));
    let deep_full = format!("docker.io/{deep}");
    let (sha256, sha384, sha512) = (hex("sha256", 64), hex("sha384", 96), hex("sha512", 128));
    for (name, full) in [
        ("redis", "docker.io/library/redis"),
        ("test_com", "docker.io/library/test_com"),
        ("test.com", "docker.io/library/test.com"),
        ("192.168.1.1", "docker.io/library/192.168.1.1"),
        ("localhost", "docker.io/library/localhost"),
        ("library/ubuntu-12.04-base", "docker.io/library/ubuntu-12.04-base"),
        ("library/foo/bar", "docker.io/library/foo/bar"),
        ("team/app", "docker.io/team/app"),
        ("foo/foo_bar.com", "docker.io/foo/foo_bar.com"),
        ("docker.io/foo", "docker.io/library/foo"),
        ("docker.io/library/foo/bar", "docker.io/library/foo/bar"),
        ("index.docker.io/foo", "docker.io/library/foo"),
        ("index.docker.io/team/foo", "docker.io/team/foo"),
        ("localhost/app", "localhost/app"),
        ("localhost:5000/app", "localhost:5000/app"),
        ("test:5000/repo", "test:5000/repo"),
        ("test-com:8080/foo", "test-com:8080/foo"),
        ("sub-dom1.foo.com/bar/baz/quux", "sub-dom1.foo.com/bar/baz/quux"),
        ("b.gcr.io/test.example.com/my-app", "b.gcr.io/test.example.com/my-app"),
        ("xn--n3h.com/myimage", "xn--n3h.com/myimage"),
        ("0101.com/app", "0101.com/app"),
        ("192.168.1.1:75050/debian", "192.168.1.1:75050/debian"),
        ("[::1]/repo", "[::1]/repo"),
        ("[2001:db8::1]:5000/repo", "[2001:db8::1]:5000/repo"),
        ("[2001:0DB8:1:2:3:4:5:6]/a/b", "[2001:0db8:1:2:3:4:5:6]/a/b"),
        ("Asdf.com/foo/bar", "asdf.com/foo/bar"),
        ("DOCKER/docker", "docker/docker"),
        ("dock__er/docker---rules", "docker.io/dock__er/docker---rules"),
        (
            "registry.io/foo/project--id.module--name.v--x",
            "registry.io/foo/project--id.module--name.v--x",
        ),
        (deep.as_str(), deep_full.as_str()),
    ] {
        for (suffix, tag, digest) in [
            (String::new(), None, None),
            (":tag".to_owned(), Some("tag"), None),
            (":5000".to_owned(), Some("5000"), None),
            (":_A.b-C".to_owned(), Some("_A.b-C"), None),
            (format!("@{sha256}"), None, Some(&sha256)),
            (format!("@{sha384}"), None, Some(&sha384)),
            (format!(":tag@{sha512}"), Some("tag"), Some(&sha512)),
        ] {
            let expected = (full.to_owned(), tag.map(str::to_owned), digest.cloned());
            assert_eq!(parsed(&format!("{name}{suffix}")), Some(expected), "{name}{suffix}");
        }
    }
    let id = "1a3f5e7d9c1b3a5f".repeat(4);
    assert!(parsed(&format!("docker.io/{id}")).is_some());
    assert!(parsed(&id[1..]).is_some());
}

#[test]
fn what_is_no_reference_says_which_part_and_why() {
    let digest = hex("sha256", 64);
    let separator = "is not between two letters or digits (allowed: one dot, one or two \
                     underscores, any number of dashes)";
    let of = |sign: char, part: &str| format!("'{sign}' in the {part} {separator}");
    let host = |sign: char| {
        format!(
            "'{sign}' in the registry host is not between two letters or digits (allowed: one dot \
             between labels, any number of dashes inside them)"
        )
    };
    let id = "1a3f5e7d9c1b3a5f".repeat(4);
    for (text, message) in [
        ("", "the reference is empty".to_owned()),
        (":justtag", "the reference is empty".to_owned()),
        (&format!("@{digest}"), "the reference is empty".to_owned()),
        ("foo.com/", "the repository is empty".to_owned()),
        ("docker/", "the repository has an empty part between slashes".to_owned()),
        ("docker///docker", "the repository has an empty part between slashes".to_owned()),
        ("a/a/a/", "the repository has an empty part between slashes".to_owned()),
        ("https://github.com/docker/docker", "the port of the registry host is empty".to_owned()),
        (
            "Uppercase:tag",
            "capital letter 'U' in the repository, which must be lower case".to_owned(),
        ),
        (
            "docker.io/docker/Docker",
            "capital letter 'D' in the repository, which must be lower case".to_owned(),
        ),
        (
            "test:5000/Upper/lower:tag",
            "capital letter 'U' in the repository, which must be lower case".to_owned(),
        ),
        ("aa/asdf$$^/aa", "unexpected character '$' in the repository".to_owned()),
        ("a^a", "unexpected character '^' in the repository".to_owned()),
        ("-foo/bar", of('-', "repository")),
        ("foo-/bar", of('-', "repository")),
        ("_docker/_docker", of('_', "repository")),
        ("____/____", of('_', "repository")),
        ("docker/dock_.er", of('_', "repository")),
        ("docker/dock-.er", of('-', "repository")),
        ("example.com/a___b", of('_', "repository")),
        ("example.com/.dots/myimage", of('.', "repository")),
        ("-docker.io/docker", host('-')),
        ("ab-.com/docker", host('-')),
        ("ab.-com/docker", host('-')),
        ("docker./docker", "the registry host has an empty part beside a dot".to_owned()),
        ("do..cker.io/docker", "the registry host has an empty part beside a dot".to_owned()),
        ("dock_.er/docker", "unexpected character '_' in the registry host".to_owned()),
        ("foo_bar.com:8080/app", "unexpected character '_' in the registry host".to_owned()),
        (
            "foo.com:http/bar",
            "unexpected character 'h' in the port of the registry host, which must be a number"
                .to_owned(),
        ),
        ("[fc00::1]", "unexpected character '[' in the repository".to_owned()),
        ("[fe80::1%eth0]:5000/debian", "unexpected character '%' in the registry host".to_owned()),
        (
            "[2001:db8::192.0.2.33]:5000/debian",
            "unexpected character '.' in the registry host".to_owned(),
        ),
        ("[fd00::3]75050/a", "unexpected character '7' in the registry host".to_owned()),
        ("[]:5000/a", "the address of the registry host is empty".to_owned()),
        (
            "fc00::1:5000/debian",
            "unexpected character ':' in the port of the registry host, which must be a number"
                .to_owned(),
        ),
        (
            "repo@sha256:ffff",
            "the digest needs 64 hex digits in lower case after the colon".to_owned(),
        ),
        (
            &format!("repo@{}", digest.to_uppercase()),
            "the digest does not begin with sha256:, sha384: or sha512:".to_owned(),
        ),
        ("repo@bad", "the digest does not begin with sha256:, sha384: or sha512:".to_owned()),
        ("registry.com:8080/myapp:invalid~tag", "unexpected character '~' in the tag".to_owned()),
        (&id, "the repository is 64 hex digits, which is an image ID, not a name".to_owned()),
    ] {
        assert_eq!(Reference::parse(text).map_err(|e| e.to_string()), Err(message), "{text}");
    }
}

#[test]
fn a_registry_by_itself_is_told_from_a_repository() {
    for (text, is_registry) in [
        ("contoso.azurecr.io", true),
        ("localhost", true),
        ("192.168.1.1", true),
        ("registry.k8s.io", true),
        ("redis", false),
        ("library/redis", false),
        ("web.v2", false),
        ("1.2", false),
        (".io", false),
        ("a..io", false),
        ("-a.io", false),
        ("", false),
    ] {
        assert_eq!(Reference::is_registry(text), is_registry, "{text}");
    }
}

prop_compose! {
    fn references()(
        domain in "|localhost(:[0-9]{1,5})?/|[a-z0-9]{1,5}(\\.[a-zA-Z0-9-]{0,3}[a-z0-9]){1,2}(:[0-9]{1,5})?/|\\[[0-9a-f]{0,4}::?[0-9a-f]{1,4}\\]/",
        path in "[a-z0-9]{1,6}((_|__|-{1,3})[a-z0-9]{1,4}){0,2}(/[a-z0-9]{1,6}(\\.[a-z0-9]{1,4})?){0,3}",
        tag in "|:[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}",
        digest in "|@sha256:[0-9a-f]{64}|@sha512:[0-9a-f]{128}",
    ) -> String {
        format!("{domain}{path}{tag}{digest}")
    }
}

proptest! {
    #[test]
    fn printing_gives_back_what_was_parsed(text in references()) {
        // A label of a host may not begin with a dash; the pattern above does not know.
        prop_assume!(!text.contains(".-"));
        prop_assert_eq!(Reference::parse(&text).map(|r| r.to_string()), Ok(text));
    }

    #[test]
    fn any_text_is_printed_as_it_was_or_refused(text in "[a-zA-Z0-9./:@_\\[\\]ü -]{0,40}") {
        match Reference::parse(&text) {
            Ok(reference) => prop_assert_eq!(reference.to_string(), text),
            Err(error) => prop_assert!(error.at() <= text.len() && text.is_char_boundary(error.at())),
        }
    }

    #[test]
    fn the_same_repository_is_the_same_both_ways(a in references(), b in references()) {
        let (Ok(a), Ok(b)) = (Reference::parse(&a), Reference::parse(&b)) else { return Ok(()) };
        prop_assert!(a.same_repository(&a));
        prop_assert_eq!(a.same_repository(&b), b.same_repository(&a));
        let full = Reference::parse(&a.full_repository()).unwrap();
        prop_assert!(full.same_repository(&a));
    }
}
