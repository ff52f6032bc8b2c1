//! A kubeconfig, recognized by what it holds, however it was handed on.
//!
//! A kubeconfig in a variable or a service connection may have lost its line breaks, or may be base64
//! or quoted. What it is decides its content, never its shape: what can be read is read, and what
//! could be one and cannot be read is refused, so that no part of it is taken for a path.

use std::fmt;

use serde_json::Value;

use crate::{
    host::{Secret, http::from_base64},
    login::{kubeconfig::yaml, proxy::passwords},
};

/// How often a text is base64 or quoted, at most.
const MOST_WRAPPINGS: u8 = 3;
/// What `kubectl config view` prints in place of a credential.
const OMITTED: [&str; 2] = ["DATA+OMITTED", "REDACTED"];
/// The longest path, and the longest name in one.
const LONGEST_PATH: usize = 1024;
const LONGEST_NAME: usize = 255;

/// What a text is that should be a kubeconfig, or lead to one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// A kubeconfig.
    Kubeconfig(KubeconfigText),
    /// Nothing that could be one: a path.
    Path,
    /// What could be one, and cannot be read.
    Unreadable(KubeconfigError),
}

/// A kubeconfig that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KubeconfigText {
    /// Its text, as YAML or JSON.
    pub text: Secret,
    /// Each of the credentials in it.
    pub secrets: Vec<Secret>,
    /// Whether it has an API server whose certificate is not looked at.
    pub insecure: bool,
}

/// Why a text that could be a kubeconfig cannot be read. It quotes nothing of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KubeconfigError {
    /// Its line breaks are lost.
    NoLines,
    /// It begins like the base64 of one, and goes on otherwise.
    Base64,
    /// It is no YAML; the parser's words say why.
    Yaml(String),
    /// It is what `kubectl config view` prints, with its credentials left out.
    Omitted,
    /// It is something else.
    Another,
}

impl fmt::Display for KubeconfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLines => f.write_str(
                "the text is a kubeconfig without its line breaks, which a one-line variable \
                 loses. Set the variable to its base64 (base64 -w0 FILE) or JSON (kubectl config \
                 view --raw --minify --output=json), or set the path of a secure file",
            ),
            Self::Base64 => f.write_str(
                "the text looks like the base64 of a kubeconfig but cannot be decoded. Copy all \
                 of what base64 -w0 FILE prints",
            ),
            Self::Yaml(words) => write!(
                f,
                "the text is not valid YAML: {words}. Compare its line breaks and indentation \
                 with kubectl config view --raw"
            ),
            Self::Omitted => f.write_str(
                "the kubeconfig has REDACTED or DATA+OMITTED in place of its credentials, as \
                 kubectl config view prints it. Set what kubectl config view --raw --minify prints",
            ),
            Self::Another => f.write_str(
                "the text is neither a kubeconfig nor a path. Set what kubectl config view --raw \
                 --minify prints, its base64, or the path of a file",
            ),
        }
    }
}

/// The credentials in a kubeconfig.
pub(crate) fn credentials(kubeconfig: &str) -> Vec<Secret> {
    match recognize(kubeconfig) {
        Written::Kubeconfig(kubeconfig) => kubeconfig.secrets,
        Written::Path | Written::Unreadable(_) => Vec::new(),
    }
}

/// Says what a text is.
#[must_use]
pub fn recognize(text: &str) -> Written {
    unwrapped(text, MOST_WRAPPINGS).unwrap_or_else(|| {
        if is_path(text.trim()) { Written::Path } else { Written::Unreadable(reason(text)) }
    })
}

/// The kubeconfig that a text is, or holds in another form; or why it cannot be read. Nothing where
/// it is none.
fn unwrapped(text: &str, left: u8) -> Option<Written> {
    let text = text.trim_start_matches('\u{feff}').trim();
    if let Some(written) = read(text) {
        return Some(written);
    }
    let left = left.checked_sub(1)?;
    if let Some(inner) = unquoted(text) {
        return unwrapped(&inner, left);
    }
    if !text.contains('\n') && text.contains("\\n") {
        let broken = text.replace("\\r", "").replace("\\n", "\n").replace("\\\"", "\"");
        if let Some(written) = read(&broken) {
            return Some(written);
        }
    }
    let inner = decoded(text)?;
    match unwrapped(&inner, left) {
        Some(written) => Some(written),
        None => could_be_one(&inner).then(|| Written::Unreadable(reason(&inner))),
    }
}

/// What stands between the quotes around a text: as JSON has it, as YAML does between single quotes,
/// or as it is.
fn unquoted(text: &str) -> Option<String> {
    let quote = text.chars().next().filter(|first| matches!(first, '"' | '\''))?;
    if let Ok(inner) = serde_json::from_slice(text.as_bytes()) {
        return Some(inner);
    }
    let inner = text.strip_prefix(quote)?.strip_suffix(quote)?;
    Some(if quote == '\'' { inner.replace("''", "'") } else { inner.to_owned() })
}

/// The text that base64 stands for, in UTF-8 or UTF-16, with either alphabet and with line breaks
/// anywhere.
fn decoded(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let digits = digits.replace('-', "+").replace('_', "/").replace("%3D", "=");
    let bytes = from_base64(&digits).filter(|bytes| bytes.len() >= 8)?;
    let zeros = bytes.iter().skip(1).step_by(2).filter(|byte| **byte == 0).count();
    if zeros * 4 > bytes.len() {
        let units = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
        return String::from_utf16(&units.collect::<Vec<_>>()).ok();
    }
    String::from_utf8(bytes).ok()
}

/// Whether something in a text says that it is, or was, a kubeconfig or another text that is none of
/// a path.
fn could_be_one(text: &str) -> bool {
    const WORDS: [&str; 9] = [
        "apiVersion",
        "clusters:",
        "users:",
        "contexts:",
        "current-context:",
        "certificate-authority-data",
        "client-key-data",
        "client-certificate-data",
        "-----BEGIN",
    ];
    text.trim().contains(['\n', '\r'])
        || text.trim_start().starts_with(['{', '[', '"'])
        || WORDS.iter().any(|word| text.contains(word))
}

/// Whether a text begins like the base64 of something that could be a kubeconfig.
fn begins_like_base64(text: &str) -> bool {
    let is_digit = |c: &char| c.is_ascii_alphanumeric() || "+/-_".contains(*c);
    let digits: String = text.trim().chars().take_while(is_digit).take(64).collect();
    let digits = digits.replace('-', "+").replace('_', "/");
    if digits.len() < 16 {
        return false;
    }
    let bytes = from_base64(&digits[..digits.len() / 4 * 4]).unwrap_or_default();
    let text: String = String::from_utf8_lossy(&bytes).chars().filter(|c| *c != '\0').collect();
    let text = text.trim_start_matches('\u{feff}').trim_start_matches("---").trim_start();
    text.starts_with('{')
        || [
            "apiVersion",
            "kind:",
            "clusters:",
            "users:",
            "contexts:",
            "current-context:",
            "preferences:",
            "#",
        ]
        .iter()
        .any(|word| text.starts_with(word))
        || text.contains("-----BEGIN")
}

/// What stands between the quotes of a text.
pub(crate) fn between_quotes(text: &str) -> Option<&str> {
    text.strip_prefix('"')?.strip_suffix('"')
}

/// Whether a text is a path, be it between quotes.
fn is_path(text: &str) -> bool {
    let text = between_quotes(text).unwrap_or(text);
    text.len() <= LONGEST_PATH
        && text.split(['/', '\\']).all(|name| name.len() <= LONGEST_NAME)
        && !text.contains(char::is_control)
        && !could_be_one(text)
        && !begins_like_base64(text)
}

fn reason(text: &str) -> KubeconfigError {
    let text = text.trim();
    if begins_like_base64(text) {
        return KubeconfigError::Base64;
    }
    let has_lines = text.contains(['\n', '\r']);
    match yaml::parse(text) {
        _ if !has_lines && could_be_one(text) && !text.starts_with(['{', '[', '"', '-']) => {
            KubeconfigError::NoLines
        }
        Err(words) if could_be_one(text) => KubeconfigError::Yaml(words),
        _ => KubeconfigError::Another,
    }
}

/// The kubeconfig that a text is, as it stands, unless its credentials are left out.
fn read(text: &str) -> Option<Written> {
    let value = yaml::parse(text).ok()?;
    let is_config = value.get("kind").and_then(Value::as_str) == Some("Config");
    if !is_config && value.get("clusters").is_none() {
        return None;
    }
    let mut found = Found::default();
    found.look_into(&value);
    if found.omitted {
        return Some(Written::Unreadable(KubeconfigError::Omitted));
    }
    let Found { secrets, insecure, .. } = found;
    Some(Written::Kubeconfig(KubeconfigText { text: text.into(), secrets, insecure }))
}

/// What was found in a kubeconfig.
#[derive(Default)]
struct Found {
    secrets: Vec<Secret>,
    insecure: bool,
    omitted: bool,
}

impl Found {
    fn look_into(&mut self, value: &Value) {
        match value {
            Value::Array(list) => {
                // The arguments of a login program: --client-secret VALUE, --token=VALUE.
                let mut awaited = false;
                for value in list {
                    if let Value::String(text) = value {
                        if std::mem::take(&mut awaited) && !text.starts_with('-') {
                            self.add(text);
                        } else if let Some(flag) = text.strip_prefix('-') {
                            match flag.split_once('=') {
                                Some((name, value)) if is_secret(name) => self.add(value),
                                Some(_) => {}
                                None => awaited = is_secret(flag),
                            }
                        }
                    }
                    self.look_into(value);
                }
            }
            Value::Object(fields) => {
                for (name, value) in fields {
                    self.look_into(value);
                    let text = match value {
                        Value::String(text) => text.as_str(),
                        Value::Bool(true) => "true",
                        _ => continue,
                    };
                    if name == "insecure-skip-tls-verify" {
                        let word = text.to_ascii_lowercase();
                        self.insecure |= matches!(word.as_str(), "true" | "yes" | "on" | "y");
                    } else if is_secret(name) {
                        self.add(text);
                    }
                }
                // A variable in the environment of a login program.
                let text = |name| fields.get(name).and_then(Value::as_str);
                if let (Some(name), Some(value)) = (text("name"), text("value"))
                    && is_secret(name)
                {
                    self.add(value);
                }
            }
            Value::String(text) => {
                self.omitted |= OMITTED.contains(&text.as_str());
                // The password of a proxy or of a server, in its URL.
                if text.contains("://") {
                    self.secrets.extend(passwords(text));
                }
            }
            _ => {}
        }
    }

    fn add(&mut self, text: &str) {
        if text.trim().is_empty() {
            return;
        }
        self.secrets.push(text.trim().into());
        // The key itself, where it stands as base64.
        let inner = decoded(text).filter(|inner| inner.contains("-----BEGIN"));
        self.secrets.extend(inner.map(Secret::from));
    }
}

/// Whether what goes by this name is a secret; a name of a file or of a certificate is none.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace(['-', '_'], "");
    let words = [
        "token",
        "password",
        "passwd",
        "secret",
        "keydata",
        "apikey",
        "accesskey",
        "passphrase",
        "credential",
        "privatekey",
    ];
    !name.ends_with("file")
        && !name.ends_with("path")
        && !name.ends_with("url")
        && words.iter().any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{KubeconfigError, KubeconfigText, Written, recognize};
    use crate::host::{Secret, http::base64};

    const PLAIN: &str = "apiVersion: v1
kind: Config
clusters:
- cluster:
    certificate-authority-data: LS0tLS1CRUdJTg==
    server: https://shop.contoso.test:6443
  name: shop
contexts:
- context: {cluster: shop, user: robot}
  name: shop
current-context: shop
users:
- name: robot
  user:
    client-key-data: LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQpNSUlFcEFJQkFBS0NBUUVBCi0tLS0tRU5E
    token: eyJhbGciOiJSUzI1NiJ9.of-the-robot
- name: other
  user:
    username: admin
    password: \"open \\\"sesame\\\"\"
    tokenFile: /var/run/token
    exec:
      command: kubelogin
      args: [get-token, --client-secret, s3cr3t-of-the-app, --server-id=1234, --pop-token=p0p-token]
      env:
      - {name: AAD_SERVICE_PRINCIPAL_CLIENT_SECRET, value: 's3cr3t of the env'}
      - {name: HTTPS_PROXY, value: 'http://proxy'}
    auth-provider:
      config:
        id-token: the-id-token
        refresh-token: |
          the-refresh-token
";

    fn kubeconfig(text: &str) -> KubeconfigText {
        match recognize(text) {
            Written::Kubeconfig(kubeconfig) => kubeconfig,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_credential_is_found() {
        let found = kubeconfig(PLAIN);
        let secrets: Vec<&str> = found.secrets.iter().map(Secret::reveal).collect();
        assert_eq!(
            secrets,
            [
                "LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQpNSUlFcEFJQkFBS0NBUUVBCi0tLS0tRU5E",
                "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n-----END",
                "eyJhbGciOiJSUzI1NiJ9.of-the-robot",
                "the-id-token",
                "the-refresh-token",
                "s3cr3t-of-the-app",
                "p0p-token",
                "s3cr3t of the env",
                "open \"sesame\"",
            ]
        );
        assert!(!found.insecure);
        assert_eq!(found.text.reveal(), PLAIN.trim());
    }

    #[test]
    fn the_password_in_a_url_is_found_wherever_the_url_stands() {
        let found = kubeconfig(
            "clusters:
- cluster:
    server: https://shop.contoso.test:6443
    proxy-url: http://robot:of%20the%20proxy@proxy.contoso.test:3128
users:
- user:
    exec:
      command: kubelogin
      args: [get-token, --proxy, 'https://robot:of-the-argument@proxy.contoso.test', a@b:c]
      env:
      - {name: HTTPS_PROXY, value: 'http://robot:of-the-environment@proxy.contoso.test:3128'}
      - {name: HTTP_PROXY, value: 'http://robot@proxy.contoso.test:3128'}
",
        );
        let secrets: Vec<&str> = found.secrets.iter().map(Secret::reveal).collect();
        for secret in ["of%20the%20proxy", "of the proxy", "of-the-argument", "of-the-environment"]
        {
            assert!(secrets.contains(&secret), "{secret}: {secrets:?}");
        }
        assert_eq!(secrets.len(), 6, "each as it stands and as it is meant: {secrets:?}");
    }

    #[test]
    fn a_kubeconfig_is_recognized_in_every_form() {
        let yaml =
            "apiVersion: v1\nkind: Config\nclusters: []\nusers:\n- user:\n    token: hush-hush\n";
        let json = r#"{"apiVersion":"v1","kind":"Config","clusters":[],"users":[{"user":{"token":"hush-hush"}}]}"#;
        let utf16: Vec<u8> = yaml.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let wrapped: String = base64(yaml.as_bytes())
            .as_bytes()
            .chunks(20)
            .map(|line| [&*String::from_utf8_lossy(line), "\n"].concat())
            .collect();
        for text in [
            yaml.to_owned(),
            json.to_owned(),
            format!("\u{feff}{yaml}"),
            yaml.replace('\n', "\r\n"),
            format!("# of the cluster\n---\n{yaml}"),
            base64(yaml.as_bytes()),
            base64(json.as_bytes()),
            base64(&utf16),
            base64(base64(yaml.as_bytes()).as_bytes()),
            base64(yaml.as_bytes()).trim_end_matches('=').to_owned(),
            base64(yaml.as_bytes()).replace('+', "-").replace('/', "_"),
            wrapped.clone(),
            wrapped.replace('\n', " "),
            yaml.replace('\n', "\\n"),
            serde_json::to_string(yaml).unwrap(),
            format!("'{json}'"),
            format!("'{}'", base64(yaml.as_bytes())),
            format!("\"{yaml}\""),
        ] {
            let found = kubeconfig(&text);
            assert_eq!(found.secrets, ["hush-hush".into()], "{text}");
            assert!(found.text.reveal().contains("hush-hush"), "{text}");
        }
        assert!(kubeconfig("clusters:\n- cluster: {insecure-skip-tls-verify: true}").insecure);
    }

    #[test]
    fn what_could_be_one_and_cannot_be_read_is_refused() {
        let yaml =
            "apiVersion: v1\nkind: Config\nclusters: []\nusers:\n- user:\n    token: hush-hush\n";
        let encoded = base64(yaml.as_bytes());
        for (text, error) in [
            (yaml.replace('\n', " "), KubeconfigError::NoLines),
            (yaml.replace('\n', ""), KubeconfigError::NoLines),
            (base64(yaml.replace('\n', " ").as_bytes()), KubeconfigError::NoLines),
            (format!("{}*{}", &encoded[..40], &encoded[41..]), KubeconfigError::Base64),
            (encoded[..41].to_owned(), KubeconfigError::Base64),
            ("eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJhIn0.c2ln".to_owned(), KubeconfigError::Base64),
            ("kind: Config\nclusters:\n\t- x: [".to_owned(), KubeconfigError::Yaml(String::new())),
            (yaml.replace("hush-hush", "REDACTED"), KubeconfigError::Omitted),
            (
                base64(format!("{yaml}    client-key-data: DATA+OMITTED\n").as_bytes()),
                KubeconfigError::Omitted,
            ),
            (format!("'{}'", yaml.replace('\n', " ")), KubeconfigError::NoLines),
            ("hush\nhush".to_owned(), KubeconfigError::Another),
            ("{\"a\": 1}".to_owned(), KubeconfigError::Another),
            ("-----BEGIN PRIVATE KEY----- MII".to_owned(), KubeconfigError::Another),
            ("x".repeat(2000), KubeconfigError::Another),
            ("x".repeat(256), KubeconfigError::Another),
        ] {
            let Written::Unreadable(found) = recognize(&text) else { panic!("{text}") };
            assert!(!found.to_string().contains("hush"));
            let found = match found {
                KubeconfigError::Yaml(_) => KubeconfigError::Yaml(String::new()),
                found => found,
            };
            assert_eq!(found, error, "{text}");
        }
    }

    #[test]
    fn a_path_is_what_could_be_nothing_else() {
        for path in [
            "/home/agent/.kube/config",
            "kubeconfig",
            "C:\\agent\\_work\\new\\kubeconfig.yaml",
            "drop/shop production/kube-config_1.yml",
            "$HOME/.kube/config",
            "YXBpVmVy",
            "/etc/kubernetes/client-key.conf",
        ] {
            assert_eq!(recognize(path), Written::Path, "{path}");
            let quoted = format!("\"{path}\"");
            assert_eq!(recognize(&quoted), Written::Path, "{quoted}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_something(text in "(?s).{0,200}") {
            let _ = recognize(&text);
        }

        #[test]
        fn any_text_of_yaml_signs_is_something(
            text in "(apiVersion|kind|clusters|users|token|Config|[-:\\[\\]{}&*!|>'\"%@`# \
                     \\n\\t,?.a]){0,60}"
        ) {
            let _ = recognize(&text);
        }

        #[test]
        fn no_token_is_lost_whatever_it_holds(token in "[ -~]{8,40}", indent in 1usize..6) {
            prop_assume!(token.trim() == token);
            let indent = " ".repeat(indent);
            let quoted = [
                serde_json::to_string(&token).unwrap(),
                format!("'{}'", token.replace('\'', "''")),
            ];
            for quoted in quoted {
                let text = format!("kind: Config\nusers:\n- user:\n  {indent}token: {quoted}\n");
                for text in [base64(text.as_bytes()), text] {
                    let found = kubeconfig(&text);
                    prop_assert_eq!(found.secrets.first().map(Secret::reveal), Some(token.as_str()));
                }
            }
        }

        #[test]
        fn nothing_of_a_kubeconfig_is_taken_for_a_path(cut in 0usize..200, odd in 0u8..4) {
            let yaml = "apiVersion: v1\nkind: Config\nclusters: []\nusers:\n- user:\n    token: \
                        hush-hush\n";
            let text = match odd {
                0 => yaml.replace('\n', " "),
                1 => base64(yaml.as_bytes()),
                2 => yaml.replace('\n', ""),
                _ => base64(base64(yaml.as_bytes()).as_bytes()),
            };
            let cut = (24 + cut).min(text.len());
            // Double base64 that was cut cannot be told from a word, and begins with one in no text.
            prop_assume!(odd != 3 || cut == text.len());
            prop_assert_ne!(recognize(&text[..cut]), Written::Path, "{}", &text[..cut]);
        }
    }
}
