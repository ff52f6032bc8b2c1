//! Which server is asked about a reference, and what may be told to whom.

use crate::{
    host::{
        Secret,
        http::{Url, base64},
    },
    image::reference::Reference,
};

/// The user beside a refresh token of ACR where user and password are asked for.
const NOBODY: &str = "00000000-0000-0000-0000-000000000000";

/// A registry: the server that is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registry {
    /// Where it is: scheme, host and port.
    pub(super) url: Url,
    /// Whether it is Docker Hub.
    pub(super) docker_hub: bool,
}

impl Registry {
    /// The registry of a host, with a port perhaps, as it stands in references. Docker Hub goes by
    /// `docker.io`, and is asked at `registry-1.docker.io`.
    #[must_use]
    pub fn new(host: &str) -> Self {
        let host = host.to_ascii_lowercase();
        let docker_hub =
            matches!(host.as_str(), "docker.io" | "index.docker.io" | "registry-1.docker.io");
        let host = if docker_hub { "registry-1.docker.io".to_owned() } else { host };
        let url = Url::parse(&format!("https://{host}"));
        let url = url.unwrap_or(Url { secure: true, host, port: None, path: "/".to_owned() });
        Self { url, docker_hub }
    }

    /// The same, spoken to by plain HTTP.
    #[must_use]
    pub fn plainly(mut self) -> Self {
        self.url.secure = false;
        self
    }

    /// The registry that a reference is pulled from.
    #[must_use]
    pub fn of(reference: &Reference) -> Self {
        let repository = reference.full_repository();
        Self::new(repository.split_once('/').map_or("", |(host, _)| host))
    }

    /// Its name in references: `docker.io`, `contoso.azurecr.io`, `localhost:5000`.
    #[must_use]
    pub fn name(&self) -> String {
        if self.docker_hub { "docker.io".to_owned() } else { self.url.authority() }
    }

    /// Whether it is on this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.url.is_loopback()
    }

    /// Whether both are one.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.url.same_origin(&other.url)
    }

    /// Whether a realm that this registry points to may see the login: it is the registry's own
    /// host, or shares its last two labels, and nobody reads along where nobody does here.
    pub(super) fn trusts(&self, realm: &Url) -> bool {
        (realm.secure || !self.url.secure)
            && (self.url.host == realm.host
                || last_two(&self.url.host).is_some_and(|own| last_two(&realm.host) == Some(own)))
    }
}

/// The last two labels of a name; `None` for an address, and for a name of one label.
fn last_two(host: &str) -> Option<&str> {
    let host = host.strip_suffix('.').unwrap_or(host);
    let top = host.rfind('.')?;
    if host.starts_with('[') || host[top + 1..].bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let two = host[..top].rfind('.').map_or(host, |dot| &host[dot + 1..]);
    (!two.starts_with('.')).then_some(two)
}

/// What a registry is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Login {
    /// Nothing.
    #[default]
    Anonymous,
    /// A user and a password.
    Password {
        /// The user.
        user: String,
        /// The password, or a token in its place.
        password: Secret,
    },
    /// A refresh token, as [`acr::Exchange`](super::acr::Exchange) gets one.
    RefreshToken(Secret),
}

impl Login {
    /// Whether it is nothing.
    #[must_use]
    pub fn is_anonymous(&self) -> bool {
        *self == Self::Anonymous
    }

    /// The secret in it.
    pub(super) fn secret(&self) -> Option<&Secret> {
        match self {
            Self::Anonymous => None,
            Self::Password { password, .. } => Some(password),
            Self::RefreshToken(token) => Some(token),
        }
    }

    /// The header `Authorization` of RFC 7617.
    pub(super) fn basic(&self) -> Option<Secret> {
        let secret = self.secret()?.reveal();
        let user = if let Self::Password { user, .. } = self { user } else { NOBODY };
        let pair = [user, ":", secret].concat();
        Some(["Basic ", &base64(pair.as_bytes())].concat().into())
    }
}

#[cfg(test)]
mod tests {
    use super::Registry;
    use crate::{host::http::Url, image::reference::Reference};

    #[test]
    fn a_reference_is_asked_at_its_registry() {
        for (reference, origin, name) in [
            ("nginx", "https://registry-1.docker.io", "docker.io"),
            ("index.docker.io/contoso/app:1", "https://registry-1.docker.io", "docker.io"),
            ("Contoso.azurecr.io/app", "https://contoso.azurecr.io", "contoso.azurecr.io"),
            ("localhost:5000/app", "https://localhost:5000", "localhost:5000"),
            ("[::1]:5000/app", "https://[::1]:5000", "[::1]:5000"),
            ("a.io:99999/app", "https://a.io:99999", "a.io:99999"),
        ] {
            let registry = Registry::of(&Reference::parse(reference).unwrap());
            assert_eq!((registry.url.origin().as_str(), registry.name().as_str()), (origin, name));
        }
    }

    #[test]
    fn a_login_goes_to_the_registry_and_its_kin() {
        for (host, realm, trusted) in [
            ("docker.io", "https://auth.docker.io/token", true),
            ("registry.gitlab.com", "https://gitlab.com/jwt/auth", true),
            ("quay.io", "https://quay.io:8443/", true),
            ("quay.io", "https://evilquay.io/", false),
            ("contoso.azurecr.io", "http://contoso.azurecr.io/oauth2/token", false),
            ("contoso.azurecr.io", "https://contoso.azurecr.io.evil.com/", false),
            ("contoso.azurecr.io", "https://io/", false),
            ("registry", "https://registry:5001/", true),
            ("registry", "https://other/", false),
            ("10.0.0.1", "https://10.0.0.1:8/", true),
            ("10.0.0.1", "https://9.9.0.1/", false),
            ("[::1]:5000", "https://[::1]/", true),
            ("[::1]:5000", "https://[::2]/", false),
            ("localhost:5000", "https://localhost/", true),
        ] {
            let realm = Url::parse(realm).unwrap();
            assert_eq!(Registry::new(host).trusts(&realm), trusted, "{host} {realm}");
        }
        let mut plain = Registry::new("localhost:5000");
        plain.url.secure = false;
        assert!(plain.trusts(&Url::parse("http://localhost:5001/").unwrap()));
    }
}
