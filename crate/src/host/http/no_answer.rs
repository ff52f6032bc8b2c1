//! Why a server gave no answer, and what can be done about it.

/// Why there is no answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NoAnswer {
    /// What the host says.
    pub words: String,
    /// How the server was to be reached.
    pub way: Route,
}

/// The way to a server: what is set for it already, so that no advice names it again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Route {
    /// The URL of the proxy that stands before it, without user and password.
    pub proxy: Option<String>,
    /// The entry by which it is reached past a proxy that others are reached by.
    pub bypass: Option<String>,
    /// By what authorities are trusted beside those that Node knows: `NODE_EXTRA_CA_CERTS`.
    pub authorities: Vec<String>,
}

impl<T: Into<String>> From<T> for NoAnswer {
    fn from(words: T) -> Self {
        Self { words: words.into(), way: Route::default() }
    }
}

impl NoAnswer {
    /// Whether the certificate of the server is not trusted.
    #[must_use]
    pub fn is_of_certificate(&self) -> bool {
        let words = self.words.to_ascii_lowercase().replace('_', " ");
        !words.contains(" alert ")
            && ["certificate", "cert ", "self-signed", "self signed", "unable to verify"]
                .iter()
                .any(|word| words.contains(word))
    }

    /// What to do, as sentences without a full stop at the end.
    #[must_use]
    pub fn advice(&self) -> String {
        let Route { proxy, bypass, authorities } = &self.way;
        if self.is_of_certificate() {
            return match authorities.as_slice() {
                [] => "Configure the agent with --sslcacert, or set NODE_EXTRA_CA_CERTS to a file \
                       with the certificate of its authority"
                    .to_owned(),
                known => {
                    let (is, does) = if known.len() == 1 { ("is", "does") } else { ("are", "do") };
                    format!(
                        "{} {is} set but {does} not contain the certificate of its authority. Add \
                         it",
                        known.join(" and ")
                    )
                }
            };
        }
        match (proxy, bypass) {
            (Some(proxy), _) if self.words.contains("407") => format!(
                "The proxy {proxy} refuses the credentials. Check user and password of the \
                 agent's proxy, or of HTTPS_PROXY"
            ),
            (Some(proxy), _) => format!(
                "Check its name, and whether the proxy {proxy} can reach it. To bypass the proxy, \
                 add the host to NO_PROXY or the agent's .proxybypass"
            ),
            (None, Some(entry)) => format!(
                "The proxy was bypassed because of {entry} in NO_PROXY or the agent's \
                 .proxybypass. Check its name, and whether this agent can reach it"
            ),
            (None, None) => {
                "Check its name, and whether this agent can reach it (proxy, firewall)".to_owned()
            }
        }
    }

    /// All of it, for a server.
    pub(crate) fn of(&self, server: &str) -> String {
        format!("{server} cannot be reached: {}. {}", self.words, self.advice())
    }
}

#[cfg(test)]
mod tests {
    use super::{NoAnswer, Route};

    #[test]
    fn advice_names_what_is_not_set_yet() {
        let proxy = || Some("http://proxy.contoso.local:8080".to_owned());
        let of = |words: &str, way: Route| NoAnswer { words: words.into(), way }.advice();
        let authorities = |names: &[&str]| Route {
            authorities: names.iter().map(|name| (*name).to_owned()).collect(),
            ..Route::default()
        };
        for (advice, expected) in [
            (
                of("connect ECONNREFUSED", Route::default()),
                "Check its name, and whether this agent",
            ),
            (
                of("connect ETIMEDOUT", Route { proxy: proxy(), ..Route::default() }),
                "Check its name, and whether the proxy http://proxy.contoso.local:8080 can reach it",
            ),
            (
                of("Bad response: 407", Route { proxy: proxy(), ..Route::default() }),
                "The proxy http://proxy.contoso.local:8080 refuses the credentials",
            ),
            (
                of(
                    "ENOTFOUND",
                    Route { bypass: Some(".contoso.local".into()), ..Route::default() },
                ),
                "The proxy was bypassed because of .contoso.local in NO_PROXY",
            ),
            (
                of("self-signed certificate", Route::default()),
                "Configure the agent with --sslcacert",
            ),
            (
                of("unable to verify the first certificate", authorities(&["NODE_EXTRA_CA_CERTS"])),
                "NODE_EXTRA_CA_CERTS is set but does not contain the certificate of its authority",
            ),
            (
                of("self-signed certificate", authorities(&["--sslcacert", "NODE_EXTRA_CA_CERTS"])),
                "--sslcacert and NODE_EXTRA_CA_CERTS are set",
            ),
        ] {
            assert!(advice.starts_with(expected), "{advice}");
        }
    }
}
