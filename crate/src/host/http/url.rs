//! The parts of a URL that decide where something is sent.

use std::fmt;

/// An absolute `http` or `https` URL (RFC 3986) without a fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    /// Whether it is `https`.
    pub secure: bool,
    /// The host, in lower case.
    pub host: String,
    /// The port, where the URL names one.
    pub port: Option<u16>,
    /// What follows, beginning with a slash.
    pub path: String,
}

impl Url {
    /// Parses a URL. `None` where it is none, names another scheme, has a user in it, or characters
    /// that no URL has.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let rest = rest.split_once('#').map_or(rest, |(rest, _)| rest);
        if rest.bytes().any(|b| !b.is_ascii_graphic() || b"\\\"<>`{|}".contains(&b)) {
            return None;
        }
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port.parse().ok()?)),
            _ => (authority, None),
        };
        let of_a_host = |b: u8| b.is_ascii_alphanumeric() || b"-._[]:".contains(&b);
        if host.is_empty() || !host.bytes().all(of_a_host) {
            return None;
        }
        let slash = if path.starts_with('/') { "" } else { "/" };
        let host = host.to_ascii_lowercase();
        Some(Self { secure, host, port, path: format!("{slash}{path}") })
    }

    /// The URL that a reference in an answer from this one means: an absolute URL, or a path.
    #[must_use]
    pub fn join(&self, reference: &str) -> Option<Self> {
        let names_scheme = reference.split(['/', '?']).next().is_none_or(|part| part.contains(':'));
        if reference.starts_with("//") {
            let scheme = if self.secure { "https:" } else { "http:" };
            Self::parse(&format!("{scheme}{reference}"))
        } else if reference.starts_with('/') {
            Self::parse(&format!("{}{reference}", self.origin()))
        } else if reference.is_empty() || names_scheme {
            Self::parse(reference)
        } else {
            let path = self.path.split('?').next().unwrap_or_default();
            let folder = &path[..=path.rfind('/')?];
            Self::parse(&format!("{}{folder}{reference}", self.origin()))
        }
    }

    /// Where an answer from this one sends on to. `None` where that is no URL, or leads out of TLS.
    #[must_use]
    pub fn sent_on(&self, location: &str) -> Option<Self> {
        self.join(location).filter(|to| to.secure || !self.secure)
    }

    /// Scheme, host and port.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("{}://{}", if self.secure { "https" } else { "http" }, self.authority())
    }

    /// The host, and the port where the URL names one.
    #[must_use]
    pub fn authority(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.clone(),
        }
    }

    /// Whether scheme, host and port are the same.
    #[must_use]
    pub fn same_origin(&self, other: &Self) -> bool {
        let port = |url: &Self| url.port.unwrap_or(if url.secure { 443 } else { 80 });
        self.secure == other.secure && self.host == other.host && port(self) == port(other)
    }

    /// Whether the host is this machine by its name: what is sent there crosses no network.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost"
            || self.host == "[::1]"
            || (self.host.starts_with("127.")
                && self.host.bytes().all(|b| b == b'.' || b.is_ascii_digit()))
    }
}

/// What should have been a URL, without the user and the password that may be in it.
pub(crate) fn without_user(text: &str) -> String {
    match (text.split_once("://"), text.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://…@{rest}"),
        _ => text.to_owned(),
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin(), self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::Url;

    #[test]
    fn tells_where_something_is_sent() {
        for (text, origin, path) in [
            ("https://Contoso.azurecr.io", "https://contoso.azurecr.io", "/"),
            (
                "https://contoso.azurecr.io:443/v2/?n=1#x",
                "https://contoso.azurecr.io:443",
                "/v2/?n=1",
            ),
            ("http://127.0.0.1:5000?a=b", "http://127.0.0.1:5000", "/?a=b"),
            ("http://[::1]:5000/", "http://[::1]:5000", "/"),
            ("http://[::1]/", "http://[::1]", "/"),
        ] {
            let url = Url::parse(text).unwrap();
            assert_eq!((url.origin().as_str(), url.path.as_str()), (origin, path));
        }
        for text in [
            "contoso.azurecr.io",
            "ftp://a.io/",
            "https://",
            "https://user@a.io/",
            "https://a.io:port/",
            "https://a.io/\r\nHost: b.io",
            "https://a.io\\@b.io/",
        ] {
            assert_eq!(Url::parse(text), None, "{text}");
        }
    }

    #[test]
    fn joins_what_an_answer_refers_to() {
        let base = Url::parse("https://a.io/v2/x").unwrap();
        let joined = |reference| base.join(reference).map(|url| url.to_string());
        assert_eq!(joined("/v2/y?last=1").unwrap(), "https://a.io/v2/y?last=1");
        assert_eq!(joined("http://b.io").unwrap(), "http://b.io/");
        assert_eq!(joined("//b.io/z").unwrap(), "https://b.io/z");
        assert_eq!(joined("y/z?last=1").unwrap(), "https://a.io/v2/y/z?last=1");
        assert_eq!(joined(""), None);
        assert_eq!(joined("javascript:alert(1)"), None);
        assert_eq!(base.sent_on("/y").unwrap().to_string(), "https://a.io/y");
        assert_eq!(base.sent_on("http://a.io/"), None);
        assert!(base.same_origin(&Url::parse("https://A.io:443/").unwrap()));
        assert!(!base.same_origin(&Url::parse("http://a.io/").unwrap()));
    }
}
