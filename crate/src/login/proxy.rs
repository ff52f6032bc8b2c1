//! The way to the network: which proxy stands before a host. It is decided here, by the host, alike
//! for kubectl, which takes it by its environment, and for every request of the step.
//!
//! | what is set | what counts |
//! | ----------- | ----------- |
//! | `HTTP_PROXY` or `HTTPS_PROXY` in the agent's environment, in upper or lower case | these, as for every other program of the machine |
//! | else the proxy that the agent was set up with | that, for both |
//! | `NO_PROXY`, and the agent's bypass list | both |
//!
//! `NO_PROXY` is read as curl and Go do (curl.se/docs/manpage.html, `NO_PROXY`;
//! pkg.go.dev/golang.org/x/net/http/httpproxy); where they differ, as Go does, since kubectl is
//! written in it. The agent's list has regular expressions of URLs: those that mean hosts, endings of
//! hosts or networks are taken as such, and so are the patterns with stars that people write.

use std::{collections::BTreeMap, fmt, net::IpAddr};

use crate::host::{
    Agent, AgentProxy, Secret,
    http::{Route, Url, percent},
};

/// The metadata service of a machine in a cloud, which no proxy stands for.
const METADATA: &str = "169.254.169.254";
/// The most patterns that one regular expression with alternatives stands for.
const MOST_ALTERNATIVES: usize = 64;

/// What is set for the way to the network.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Network {
    http: Option<Secret>,
    https: Option<Secret>,
    bypass: Vec<Bypass>,
    /// The entries that cannot be understood.
    pub ignored: Vec<Ignored>,
    authorities: Vec<String>,
}

/// An entry that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ignored {
    /// One of the agent's bypass list.
    OfAgent(String),
    /// One of `NO_PROXY`.
    OfEnvironment(String),
}

/// An entry of `NO_PROXY`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Bypass {
    what: BypassTarget,
    /// The one port that it is about.
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum BypassTarget {
    /// Every host.
    All,
    /// The addresses that begin with so many bits of this one.
    Net(IpAddr, u8),
    /// The hosts below this name, and the one of that name itself unless it begins with a dot.
    Host(String),
}

impl Network {
    /// What the agent hands over.
    #[must_use]
    pub fn new(agent: &Agent) -> Self {
        let variable = |name: &str| {
            let set = |name: &str| {
                let value = agent.environment.get(name)?.reveal().trim().to_owned();
                (!value.is_empty()).then_some(value)
            };
            set(name).or_else(|| set(&name.to_ascii_lowercase()))
        };
        let mut network = Self { authorities: agent.authorities.clone(), ..Self::default() };
        network.http = variable("HTTP_PROXY").map(|url| with_scheme(&url));
        network.https = variable("HTTPS_PROXY").map(|url| with_scheme(&url));
        if let Some(proxy) = agent.proxy.as_ref().filter(|proxy| !proxy.url.trim().is_empty()) {
            if network.http.is_none() && network.https.is_none() {
                network.http = Some(address(proxy));
                network.https = Some(address(proxy));
            }
            for pattern in &proxy.bypass {
                match of_pattern(pattern) {
                    Some(entries) => network.bypass.extend(entries),
                    None => network.ignored.push(Ignored::OfAgent(pattern.clone())),
                }
            }
        }
        let list = variable("NO_PROXY").unwrap_or_default();
        let has_proxy = network.http.is_some() || network.https.is_some();
        let entries = list.split(|c: char| ",;".contains(c) || c.is_whitespace());
        for entry in entries.filter(|entry| !entry.is_empty()) {
            match Bypass::parse(entry) {
                Some(bypass) => network.bypass.push(bypass),
                None if has_proxy => {
                    network.ignored.push(Ignored::OfEnvironment(entry.to_owned()));
                }
                None => {}
            }
        }
        network.bypass.extend(Bypass::parse(METADATA));
        network
    }

    /// The URL of the proxy that a request to this URL goes by.
    #[must_use]
    pub fn proxy_for(&self, url: &Url) -> Option<&Secret> {
        let proxy = if url.secure { &self.https } else { &self.http };
        let is_direct = url.is_loopback() || self.entry_for(url).is_some();
        proxy.as_ref().filter(|_| !is_direct)
    }

    /// The variables by which kubectl, and what it starts, take the same.
    #[must_use]
    pub(crate) fn variables(&self) -> BTreeMap<&'static str, Secret> {
        let mut variables = BTreeMap::new();
        let proxies = [("HTTP_PROXY", &self.http), ("HTTPS_PROXY", &self.https)];
        for (name, proxy) in proxies {
            if let Some(proxy) = proxy {
                variables.insert(name, proxy.clone());
            }
        }
        if !variables.is_empty() {
            let entries: Vec<String> = self.bypass.iter().map(Bypass::to_string).collect();
            variables.insert("NO_PROXY", entries.join(",").into());
        }
        variables
    }

    /// What is set for the way to a URL.
    #[must_use]
    pub fn way(&self, url: &Url) -> Route {
        let proxy = self.proxy_for(url).map(|proxy| shown(proxy.reveal()));
        let has_proxy = if url.secure { &self.https } else { &self.http }.is_some();
        let entry = self.entry_for(url).filter(|_| has_proxy && !url.is_loopback());
        Route { proxy, bypass: entry.map(Bypass::to_string), authorities: self.authorities.clone() }
    }

    /// The passwords in it.
    pub(crate) fn secrets(&self) -> Vec<Secret> {
        let proxies = [&self.http, &self.https].into_iter().flatten();
        proxies.flat_map(|url| passwords(url.reveal())).collect()
    }

    fn entry_for(&self, url: &Url) -> Option<&Bypass> {
        self.bypass.iter().find(|entry| entry.is_for(url))
    }
}

impl Bypass {
    /// Reads an entry; `None` for one that is no host, domain or network.
    fn parse(entry: &str) -> Option<Self> {
        let entry = entry.trim().to_ascii_lowercase();
        let entry = ["https://", "http://"]
            .iter()
            .find_map(|scheme| entry.strip_prefix(scheme))
            .unwrap_or(&entry)
            .trim_end_matches('/');
        if entry.is_empty() {
            return None;
        }
        if entry == "*" {
            return Some(Self { what: BypassTarget::All, port: None });
        }
        if let Some((address, bits)) = entry.split_once('/') {
            let address: IpAddr = address.parse().ok()?;
            let bits = bits.parse().ok().filter(|bits| *bits <= width(address))?;
            return Some(Self { what: BypassTarget::Net(address, bits), port: None });
        }
        if let Ok(address) = entry.parse() {
            return Some(Self::address(address, None));
        }
        let (host, port) = match entry.rsplit_once(':') {
            Some((host, port)) => match port.parse() {
                Ok(port) => (host, Some(port)),
                Err(_) => (entry, None),
            },
            None => (entry, None),
        };
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        if let Ok(address) = bare.parse() {
            return Some(Self::address(address, port));
        }
        let host = host.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(host);
        let host = host.trim_end_matches('.');
        let is_host = !host.trim_start_matches('.').is_empty() && host.bytes().all(is_of_a_host);
        is_host.then(|| Self { what: BypassTarget::Host(host.to_owned()), port })
    }

    fn address(address: IpAddr, port: Option<u16>) -> Self {
        Self { what: BypassTarget::Net(address, width(address)), port }
    }

    fn is_for(&self, url: &Url) -> bool {
        let port = url.port.unwrap_or(if url.secure { 443 } else { 80 });
        if self.port.is_some_and(|own| own != port) {
            return false;
        }
        let host = url.host.trim_end_matches('.');
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        match &self.what {
            BypassTarget::All => true,
            BypassTarget::Net(net, bits) => {
                bare.parse().is_ok_and(|address| is_within(address, *net, *bits))
            }
            BypassTarget::Host(name) => match name.strip_prefix('.') {
                Some(_) => host.ends_with(name.as_str()) && host.len() > name.len(),
                None => host
                    .strip_suffix(name.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.ends_with('.')),
            },
        }
    }
}

impl fmt::Display for Bypass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.what, self.port) {
            (BypassTarget::All, _) => f.write_str("*")?,
            (BypassTarget::Net(IpAddr::V6(address), 128), Some(_)) => write!(f, "[{address}]")?,
            (BypassTarget::Net(address, bits), _) if *bits == width(*address) => {
                write!(f, "{address}")?;
            }
            (BypassTarget::Net(address, bits), _) => write!(f, "{address}/{bits}")?,
            (BypassTarget::Host(name), _) => f.write_str(name)?,
        }
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn is_within(address: IpAddr, net: IpAddr, bits: u8) -> bool {
    let (address, net) = match (address, net) {
        (IpAddr::V4(one), IpAddr::V4(other)) => {
            (u128::from(u32::from(one)) << 96, u128::from(u32::from(other)) << 96)
        }
        (IpAddr::V6(one), IpAddr::V6(other)) => (u128::from(one), u128::from(other)),
        _ => return false,
    };
    bits == 0 || (address ^ net) >> (128 - u32::from(bits)) == 0
}

fn is_of_a_host(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"._-".contains(&b)
}

/// Stands for "anything" in a pattern.
const ANY: char = '\u{1}';

/// What a regular expression of URLs, or a pattern with stars, means as entries of `NO_PROXY`.
/// `None` where it cannot be said so.
fn of_pattern(pattern: &str) -> Option<Vec<Bypass>> {
    let mut text = pattern.trim().to_ascii_lowercase();
    for scheme in ["(http|https)://", "(https|http)://", "https?://", "https://", "http://"] {
        let found = text.trim_start_matches('^').strip_prefix(scheme);
        if let Some(rest) = found {
            text = rest.to_owned();
            break;
        }
    }
    text = text.trim_start_matches('^').trim_end_matches('$').to_owned();
    // What stands for a part of a name, or of an address.
    for any in [
        r"[0-9]{1,3}",
        r"\d{1,3}",
        "[0-9]+",
        "[0-9]*",
        r"\d+",
        r"\d*",
        "[^/]+",
        "[^/]*",
        "[^.]+",
        "[^.]*",
        "[a-z0-9-]+",
        "[a-z0-9-]*",
        r"[\w-]+",
        r"\w+",
        ".+",
        ".*",
    ] {
        text = text.replace(any, "\u{1}");
    }
    for (escaped, plain) in [(r"\.", "."), (r"\-", "-"), (r"\/", "/"), (r"\:", ":")] {
        text = text.replace(escaped, plain);
    }
    text = text.replace('*', "\u{1}");
    let mut entries = Vec::new();
    for alternative in alternatives(&text)? {
        let entry = of_plain_pattern(&alternative)?;
        if !entries.contains(&entry) {
            entries.push(entry);
        }
    }
    Some(entries)
}

/// The texts that a pattern with groups stands for; `None` for too many, or where groups do not end.
fn alternatives(pattern: &str) -> Option<Vec<String>> {
    let mut done = Vec::new();
    let mut open = vec![pattern.to_owned()];
    while let Some(text) = open.pop() {
        if done.len() + open.len() > MOST_ALTERNATIVES {
            return None;
        }
        let Some(end) = text.find(')') else {
            if text.contains('(') {
                return None;
            }
            done.extend(text.split('|').map(str::to_owned));
            continue;
        };
        let start = text[..end].rfind('(')?;
        let inner = text[start + 1..end].trim_start_matches("?:");
        let (rest, optional) = match text[end + 1..].strip_prefix('?') {
            Some(rest) => (rest, Some("")),
            None => (&text[end + 1..], None),
        };
        for one in inner.split('|').chain(optional) {
            open.push([&text[..start], one, rest].concat());
        }
    }
    Some(done)
}

fn of_plain_pattern(pattern: &str) -> Option<Bypass> {
    if !pattern.is_empty() && pattern.chars().all(|c| c == ANY) {
        return Some(Bypass { what: BypassTarget::All, port: None });
    }
    if let Some(net) = of_prefix(pattern) {
        return Some(net);
    }
    let text = pattern.trim_end_matches([ANY, '/', ':']);
    let rest = text.trim_start_matches(ANY);
    let entry = Bypass::parse(rest)?;
    match &entry.what {
        // A path, or a mask.
        BypassTarget::Net(address, bits) if *bits != width(*address) && !rest.contains('/') => None,
        _ => Some(entry),
    }
}

/// The network of a pattern that begins like an IPv4 address and leaves the rest of it open.
fn of_prefix(pattern: &str) -> Option<Bypass> {
    let fixed = pattern.trim_end_matches([ANY, '.', '/']);
    let open = &pattern[fixed.len()..];
    let mut octets = [0; 4];
    let mut count: u8 = 0;
    for octet in fixed.split('.') {
        *octets.get_mut(usize::from(count))? = octet.parse::<u8>().ok()?;
        count += 1;
    }
    (count < 4 && open.starts_with('.') || count == 4 || open.starts_with(ANY))
        .then(|| Bypass { what: BypassTarget::Net(octets.into(), 8 * count), port: None })
}

/// The URL of the agent's proxy, with user and password in it where there are some.
fn address(proxy: &AgentProxy) -> Secret {
    let url = with_scheme(proxy.url.trim());
    match url.reveal().split_once("://") {
        Some((scheme, host)) if !proxy.username.is_empty() => format!(
            "{scheme}://{}:{}@{host}",
            percent(&proxy.username),
            percent(proxy.password.reveal())
        )
        .into(),
        _ => url,
    }
}

fn with_scheme(url: &str) -> Secret {
    if url.contains("://") { url.into() } else { ["http://", url].concat().into() }
}

/// The user and the password in the URL of a proxy.
fn credentials(url: &str) -> Option<&str> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    rest[..authority.len()].rsplit_once('@').map(|(user, _)| user)
}

/// The password in a URL, as it stands there and as it is meant.
pub(super) fn passwords(url: &str) -> Vec<Secret> {
    let password = credentials(url).and_then(|user| user.split_once(':'));
    let password = password.map(|(_, password)| password).filter(|password| !password.is_empty());
    password.map_or_else(Vec::new, |password| vec![password.into(), unescaped(password).into()])
}

/// The URL of a proxy without user and password.
fn shown(url: &str) -> String {
    match credentials(url) {
        Some(user) => url.replacen(&[user, "@"].concat(), "", 1),
        None => url.to_owned(),
    }
}

/// A text with the bytes that `%` and two hex digits stand for.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = (*first == b'%').then(|| after.get(..2)).flatten();
        let hex = hex.and_then(|hex| std::str::from_utf8(hex).ok());
        if let Some(byte) = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            bytes.push(byte);
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn agent(variables: &[(&str, &str)], proxy: Option<(&str, &[&str])>) -> Agent {
        Agent {
            environment: variables
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).into()))
                .collect(),
            proxy: proxy.map(|(url, bypass)| AgentProxy {
                url: url.into(),
                bypass: bypass.iter().map(|entry| (*entry).to_owned()).collect(),
                ..AgentProxy::default()
            }),
            ..Agent::default()
        }
    }

    fn goes_by(agent: &Agent, url: &str) -> Option<String> {
        let network = Network::new(agent);
        let url = Url::parse(url).unwrap();
        network.proxy_for(&url).map(|proxy| proxy.reveal().to_owned())
    }

    fn no_proxy(agent: &Agent) -> String {
        let variables = Network::new(agent).variables();
        variables.get("NO_PROXY").map_or("", Secret::reveal).to_owned()
    }

    const PROXY: &str = "http://proxy.contoso.local:8080";

    #[test]
    fn no_proxy_is_read_by_host_suffix_network_and_port() {
        for (list, direct, by_proxy) in [
            ("172.", "", "https://172.16.0.1/ https://a.io/172.16.0.1"),
            ("contoso", "https://contoso/ https://x.contoso/", "https://contoso.azurecr.io/"),
            (
                "contoso.local",
                "https://contoso.local/ https://a.contoso.local:5000/ https://CONTOSO.local./",
                "https://notcontoso.local/ https://contoso.local.evil.io/",
            ),
            (".contoso.local", "https://a.contoso.local/", "https://contoso.local/"),
            ("*.contoso.local", "https://a.b.contoso.local/", "https://contoso.local/"),
            ("*", "https://a.io/ http://10.0.0.1/", ""),
            ("10.0.0.0/8, ,", "https://10.1.2.3/", "https://11.0.0.1/ https://10.io/"),
            ("10.0.0.1", "https://10.0.0.1:6443/", "https://10.0.0.10/"),
            (
                "registry.io:5000",
                "https://registry.io:5000/ https://a.registry.io:5000/",
                "https://registry.io/",
            ),
            ("registry.io:443", "https://registry.io/", "http://registry.io/"),
            (
                "fd00::/8,[fe80::1]:5000",
                "https://[fd12::1]/ https://[fe80::1]:5000/",
                "https://[fe80::1]/",
            ),
            ("::2", "https://[::2]/", "https://[::3]/"),
            ("a.io;b.io;", "https://a.io/ https://b.io/", "https://c.io/"),
            (
                "172.17.*,10.0.*,[ocalhost,.internal",
                "https://a.internal/",
                "https://172.17.0.8/ https://10.0.0.1/",
            ),
            (
                "localhost,127.0.0.1,.example.com,10.0.0.0/8",
                "https://10.237.72.166:6443/ https://api.example.com/",
                "https://11.0.0.1/",
            ),
            ("a.io b.io\tc.io,", "https://a.io/ https://b.io/ https://c.io/", "https://d.io/"),
            ("https://a.io/,ü,-:x,/", "https://a.io/", "https://b.io/"),
            ("", "https://localhost/ https://127.0.0.9:5000/ http://[::1]/", "https://a.io/"),
            ("", "http://169.254.169.254/metadata", "http://169.254.169.253/"),
        ] {
            for name in ["NO_PROXY", "no_proxy"] {
                let agent =
                    agent(&[("https_proxy", PROXY), ("HTTP_PROXY", PROXY), (name, list)], None);
                for url in direct.split_whitespace() {
                    assert_eq!(goes_by(&agent, url), None, "{list}: {url}");
                }
                for url in by_proxy.split_whitespace() {
                    assert_eq!(goes_by(&agent, url).as_deref(), Some(PROXY), "{list}: {url}");
                }
            }
        }
    }

    #[test]
    fn the_bypass_list_of_the_agent_is_understood_as_hosts() {
        for (pattern, said) in [
            (r"contoso\.local", Some("contoso.local")),
            ("contoso.local", Some("contoso.local")),
            ("*.contoso.local", Some(".contoso.local")),
            (r".*\.contoso\.local", Some(".contoso.local")),
            (r".*contoso\.local", Some("contoso.local")),
            (r"\.contoso\.local", Some(".contoso.local")),
            (r"^https?://.*\.contoso\.local(:\d+)?(/.*)?$", Some(".contoso.local")),
            (r"(http|https)://contoso\.local/.*", Some("contoso.local")),
            (r".*\.(dev|test)\.contoso\.local", Some(".dev.contoso.local,.test.contoso.local")),
            (r"(.*\.)?contoso\.local", Some("contoso.local,.contoso.local")),
            (r"^https?://10\.0\.0\.1.*", Some("10.0.0.1")),
            (r"127\.0\.0\.1", Some("127.0.0.1")),
            (r"https://registry\.contoso\.local:5000/", Some("registry.contoso.local:5000")),
            (r"10\.0\.0\.[0-9]+", Some("10.0.0.0/24")),
            (r"192\.168\.\d{1,3}\.\d{1,3}", Some("192.168.0.0/16")),
            (r"10\..*", Some("10.0.0.0/8")),
            ("10.*", Some("10.0.0.0/8")),
            ("172.16.0.0/12", Some("172.16.0.0/12")),
            // The dots of NO_PROXY, as the agent escapes them.
            (r"*\.contoso\.local", Some(".contoso.local")),
            (r"10\.1\.1\.0/26", Some("10.1.1.0/26")),
            (r"127\.0\.0.*", Some("127.0.0.0/24")),
            (r"\.some-address\.cloud", Some(".some-address.cloud")),
            (r"shop2010-test\.contoso-ad", Some("shop2010-test.contoso-ad")),
            ("localhost", Some("localhost")),
            ("*", Some("*")),
            (".*", Some("*")),
            ("a(b", None),
            (r"contoso\.(local", None),
            (r"^(?!contoso)", None),
            ("[a-f]+\\.local", None),
            ("a.*b.local", None),
            ("", None),
        ] {
            let agent = agent(&[], Some((PROXY, &[pattern])));
            let network = Network::new(&agent);
            let expected = said.map(|said| {
                let mut entries: Vec<&str> = said.split(',').collect();
                entries.sort_unstable();
                entries.join(",")
            });
            let mut found: Vec<String> = network.bypass.iter().map(Bypass::to_string).collect();
            found.pop();
            found.sort();
            assert_eq!(found.join(","), expected.unwrap_or_default(), "{pattern}");
            assert_eq!(network.ignored.is_empty(), said.is_some(), "{pattern}");
        }
    }

    #[test]
    fn an_entry_that_means_no_host_is_told_where_there_is_a_proxy() {
        let ignored = |variables: &[(&str, &str)]| {
            let network = Network::new(&agent(variables, None));
            let told = network.ignored.into_iter().map(|ignored| match ignored {
                Ignored::OfAgent(entry) | Ignored::OfEnvironment(entry) => entry,
            });
            told.collect::<Vec<_>>()
        };
        let list = ("no_proxy", "172.17.*, ,10.0.0.0/99;[ocalhost,a.io,-:x");
        assert_eq!(
            ignored(&[("https_proxy", PROXY), list]),
            ["172.17.*", "10.0.0.0/99", "[ocalhost", "-:x"]
        );
        assert_eq!(ignored(&[list]), [""; 0]);
    }

    #[test]
    fn the_environment_goes_before_the_agent_as_a_whole() {
        let own = ("http://agent-proxy:8080", &["a.io"][..]);
        let both = agent(&[("https_proxy", "env-proxy:3128"), ("NO_PROXY", "b.io")], Some(own));
        assert_eq!(goes_by(&both, "https://c.io/").as_deref(), Some("http://env-proxy:3128"));
        assert_eq!(goes_by(&both, "http://c.io/"), None, "the environment names none for http");
        assert_eq!(no_proxy(&both), "a.io,b.io,169.254.169.254");
        let only_exceptions = agent(&[("no_proxy", "b.io")], Some(own));
        assert_eq!(goes_by(&only_exceptions, "https://b.io/"), None);
        assert_eq!(
            goes_by(&only_exceptions, "https://c.io/").as_deref(),
            Some("http://agent-proxy:8080")
        );
        let upper_first = agent(&[("HTTPS_PROXY", "http://u"), ("https_proxy", "http://l")], None);
        assert_eq!(goes_by(&upper_first, "https://c.io/").as_deref(), Some("http://u"));
        let none = agent(&[("NO_PROXY", "b.io"), ("HTTPS_PROXY", " ")], None);
        assert!(Network::new(&none).variables().is_empty());
    }

    #[test]
    fn credentials_are_in_the_address_and_in_no_word() {
        let mut with_login = agent(&[], Some((PROXY, &[])));
        if let Some(proxy) = &mut with_login.proxy {
            proxy.username = "robot".into();
            proxy.password = "p@ss word".into();
        }
        let by_url =
            agent(&[("HTTPS_PROXY", "http://robot:p%40ss%20word@proxy.contoso.local:8080")], None);
        for agent in [with_login, by_url] {
            let network = Network::new(&agent);
            let url = Url::parse("https://a.io/").unwrap();
            assert_eq!(
                network.proxy_for(&url).map(Secret::reveal),
                Some("http://robot:p%40ss%20word@proxy.contoso.local:8080")
            );
            assert_eq!(network.way(&url).proxy.as_deref(), Some(PROXY));
            let secrets = network.secrets();
            let secrets: Vec<&str> = secrets.iter().map(Secret::reveal).collect();
            assert!(secrets.contains(&"p%40ss%20word") && secrets.contains(&"p@ss word"));
        }
    }

    proptest! {
        #[test]
        fn any_login_at_a_proxy_has_one_meaning_and_is_in_no_word(
            user in "[!-~]{1,8}",
            password in "[ -~]{1,16}",
            name in prop_oneof![Just("HTTPS_PROXY"), Just("https_proxy")],
        ) {
            let mut of_agent = agent(&[], Some((PROXY, &[])));
            if let Some(proxy) = &mut of_agent.proxy {
                proxy.username = user.clone();
                proxy.password = password.as_str().into();
            }
            let login = format!("//{}:{}@", percent(&user), percent(&password));
            let of_environment = agent(&[(name, &PROXY.replacen("//", &login, 1))], None);
            let url = Url::parse("https://a.io/").unwrap();
            let [of_agent, of_environment] = [of_agent, of_environment].map(|a| Network::new(&a));
            prop_assert_eq!(of_agent.proxy_for(&url), of_environment.proxy_for(&url));
            for network in [of_agent, of_environment] {
                let way = network.way(&url);
                prop_assert_eq!(way.proxy.as_deref(), Some(PROXY));
                let secrets = network.secrets();
                prop_assert!(secrets.iter().any(|secret| secret.reveal() == password));
            }
        }

        #[test]
        fn any_list_has_one_meaning(
            entries in prop::collection::vec(
                prop_oneof![
                    "[a-z*.]{0,6}(\\.(io|local))?(:[0-9]{1,5})?",
                    "[0-9]{1,3}(\\.[0-9]{1,3}){0,3}(/[0-9]{1,2})?",
                    "(\\.\\*|\\\\\\.|[a-z]|\\(|\\)|\\||\\?|\\^|\\$|\\[|\\]|:|/){0,12}",
                    ".{0,8}",
                ],
                0..6,
            ),
            host in "(([a-z]{1,4}\\.){0,2}(io|local)|[0-9]{1,3}(\\.[0-9]{1,3}){3})",
            port in prop::option::of(1u16..9999),
            as_list: bool,
        ) {
            let port = port.map(|port| format!(":{port}")).unwrap_or_default();
            let url = Url::parse(&format!("https://{host}{port}/")).unwrap();
            let entries: Vec<&str> = entries.iter().map(String::as_str).collect();
            let list = entries.join(",");
            let given = if as_list {
                agent(&[], Some((PROXY, &entries)))
            } else {
                agent(&[("HTTPS_PROXY", PROXY), ("NO_PROXY", &list)], None)
            };
            let network = Network::new(&given);
            // What kubectl is given means the same as what was read.
            let again = agent(&[("HTTPS_PROXY", PROXY), ("NO_PROXY", &no_proxy(&given))], None);
            prop_assert_eq!(
                network.proxy_for(&url).is_some(),
                Network::new(&again).proxy_for(&url).is_some(),
                "{} {}", list, no_proxy(&given)
            );
        }
    }
}
