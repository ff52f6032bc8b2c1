//! The agent's proxy in the words that kubectl knows.

use std::collections::BTreeMap;

use crate::{http::percent, protocol::AgentProxy, secret::Secret};

/// The metadata service of a machine in a cloud, which no proxy stands for.
const METADATA: &str = "169.254.169.254";

/// The variables of the environment by which kubectl takes the proxy.
///
/// The agent's bypass list has regular expressions of URLs, and `NO_PROXY` has hosts and endings of
/// hosts: `contoso\.local` and `.*\.contoso\.local` can be said, and what cannot be said is left out.
#[must_use]
pub(crate) fn variables(proxy: &AgentProxy) -> BTreeMap<&'static str, Secret> {
    let hosts = proxy.bypass.iter().filter_map(|pattern| host(pattern));
    let hosts: Vec<String> = hosts.chain([METADATA.to_owned()]).collect();
    let mut variables = BTreeMap::new();
    variables.insert("HTTP_PROXY", address(proxy));
    variables.insert("HTTPS_PROXY", address(proxy));
    variables.insert("NO_PROXY", hosts.join(",").into());
    variables
}

/// The URL of the proxy, with user and password in it where there are some.
fn address(proxy: &AgentProxy) -> Secret {
    match proxy.url.split_once("://") {
        Some((scheme, host)) if !proxy.username.is_empty() => format!(
            "{scheme}://{}:{}@{host}",
            percent(&proxy.username),
            percent(proxy.password.reveal())
        )
        .into(),
        _ => proxy.url.as_str().into(),
    }
}

/// The host, or the ending of hosts, that a regular expression of URLs stands for.
fn host(pattern: &str) -> Option<String> {
    let pattern = pattern.trim().trim_start_matches('^').trim_end_matches('$');
    let pattern = pattern.trim_end_matches(".*").trim_end_matches('/');
    let pattern = ["https?://", "https://", "http://"]
        .iter()
        .find_map(|scheme| pattern.strip_prefix(scheme))
        .unwrap_or(pattern);
    let (any, rest) = match pattern.strip_prefix(".*") {
        Some(rest) => (true, rest),
        None => (false, pattern),
    };
    let rest = rest.replace("\\.", ".").replace("\\-", "-");
    let plain = |b: u8| b.is_ascii_alphanumeric() || b".-:".contains(&b);
    if rest.trim_start_matches('.').is_empty() || !rest.bytes().all(plain) {
        return None;
    }
    Some(if any && !rest.starts_with('.') { format!(".{rest}") } else { rest })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_escaped() {
        let proxy = AgentProxy {
            url: "http://proxy.contoso.local:8080".into(),
            username: "robot".into(),
            password: "p@ss word".into(),
            bypass: vec![r"contoso\.local".into(), r"10\.[0-9]+".into()],
        };
        let variables = variables(&proxy);
        let said = |name| variables.get(name).map_or("", Secret::reveal);
        assert_eq!(said("HTTPS_PROXY"), "http://robot:p%40ss%20word@proxy.contoso.local:8080");
        assert_eq!(said("NO_PROXY"), "contoso.local,169.254.169.254");
    }

    #[test]
    fn says_the_bypass_list_in_hosts() {
        for (pattern, said) in [
            (r"contoso\.local", Some("contoso.local")),
            ("contoso.local", Some("contoso.local")),
            (r".*\.contoso\.local", Some(".contoso.local")),
            (r"^https?://10\.0\.0\.1.*", Some("10.0.0.1")),
            (r"https://registry\.contoso\.local:5000/", Some("registry.contoso.local:5000")),
            (r"10\.0\.0\.[0-9]+", None),
            (".*", None),
            ("", None),
        ] {
            assert_eq!(host(pattern).as_deref(), said, "{pattern}");
        }
    }
}
