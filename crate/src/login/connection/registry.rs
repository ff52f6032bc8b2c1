//! A Docker registry service connection: which registry it is for, and how it logs in there.

use crate::{
    host::{Connection, Secret, http::Url},
    image::reference::Reference,
    login::connection::error::{ConnectionError, ErrorKind, needed},
    registry::Registry,
};

/// The input that names the connection.
const INPUT: &str = "containerRegistry";
const KNOWN: &str =
    "UsernamePassword, ServicePrincipal, ManagedServiceIdentity and WorkloadIdentityFederation";

/// What a Docker registry service connection gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryConnection {
    /// The registry's host, with a port perhaps: `contoso.azurecr.io`.
    pub host: String,
    /// Whether the connection says `http://`: that it is spoken to by plain HTTP.
    pub plain: bool,
    /// How it logs in.
    pub how: RegistryLogin,
}

/// How a registry is logged in to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegistryLogin {
    /// By a user and a password. A service principal with a secret is one: Azure Container Registry
    /// takes its client id and secret as they are.
    Password {
        /// The user.
        user: String,
        /// The password.
        password: Secret,
    },
    /// By a token of Entra, which the registry exchanges; the same connection says who gets it, see
    /// [`AzureConnection`](super::AzureConnection).
    Entra {
        /// The tenant's id; empty where the connection names none.
        tenant: String,
    },
}

impl RegistryConnection {
    /// Reads the connection that the input `containerRegistry` names.
    ///
    /// # Errors
    /// It lacks something, logs in by something unknown, or its registry is no host.
    pub fn read(connection: &Connection) -> Result<Self, ConnectionError> {
        let scheme = |known: &str| connection.scheme.eq_ignore_ascii_case(known);
        let azure = scheme("ServicePrincipal")
            || scheme("ManagedServiceIdentity")
            || scheme("WorkloadIdentityFederation");
        if !azure && !scheme("UsernamePassword") {
            let found = connection.scheme.clone();
            return Err(ErrorKind::Scheme { found, known: KNOWN }.of(INPUT));
        }
        let written = if azure {
            let name = connection.parameter("loginServer").or(connection.datum("loginServer"));
            name.ok_or(ErrorKind::Lacks("loginServer").of(INPUT))?
        } else {
            needed(connection, INPUT, "registry")?
        };
        let scheme_of = |text: &str| text.trim().get(..7).map(str::to_ascii_lowercase);
        let plain = scheme_of(written).as_deref() == Some("http://");
        let host = host(written)?;
        let password = |user, password| {
            Ok::<_, ConnectionError>(RegistryLogin::Password {
                user: needed(connection, INPUT, user)?.to_owned(),
                password: needed(connection, INPUT, password)?.into(),
            })
        };
        let certificate = connection
            .parameter("authenticationType")
            .is_some_and(|kind| kind.eq_ignore_ascii_case("spnCertificate"));
        let how = if !azure {
            password("username", "password")?
        } else if scheme("ServicePrincipal") && !certificate {
            password("serviceprincipalid", "serviceprincipalkey")?
        } else {
            let tenant = connection.parameter("tenantid").unwrap_or_default();
            RegistryLogin::Entra { tenant: tenant.to_owned() }
        };
        Ok(Self { host, plain, how })
    }

    /// Whether the login is for the registry of this image. Docker Hub has several names, which are
    /// one.
    #[must_use]
    pub fn is_for(&self, reference: &Reference) -> bool {
        let registry = Registry::of(reference);
        self.registry().is(&if self.plain { registry.plainly() } else { registry })
    }

    /// The registry.
    #[must_use]
    pub fn registry(&self) -> Registry {
        let registry = Registry::new(&self.host);
        if self.plain { registry.plainly() } else { registry }
    }

    /// Whether what is asked there can be read on the way.
    #[must_use]
    pub fn is_overheard(&self) -> bool {
        self.plain && !self.registry().is_loopback()
    }
}

/// The host of a registry that is written as a URL, perhaps without its scheme.
fn host(written: &str) -> Result<String, ConnectionError> {
    let written = written.trim();
    let rest = written.split_once("://").map_or(written, |(_, rest)| rest);
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let url = Url::parse(&["https://", host].concat());
    url.map(|url| url.authority()).ok_or_else(|| ErrorKind::Url(host.to_owned()).of(INPUT))
}

#[cfg(test)]
mod tests {
    use super::{RegistryConnection, RegistryLogin};
    use crate::{host::Connection, image::reference::Reference};

    fn read(scheme: &str, parameters: &[(&str, &str)]) -> Result<RegistryConnection, String> {
        let parameters =
            parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        let connection =
            Connection { scheme: scheme.to_owned(), parameters, ..Connection::default() };
        RegistryConnection::read(&connection).map_err(|error| error.to_string())
    }

    fn password(user: &str, password: &str) -> RegistryLogin {
        RegistryLogin::Password { user: user.to_owned(), password: password.into() }
    }

    fn entra() -> RegistryLogin {
        RegistryLogin::Entra { tenant: "t-1".to_owned() }
    }

    #[test]
    fn each_kind_says_where_and_how() {
        let azure = [
            ("loginServer", "Contoso.azurecr.io"),
            ("tenantId", "t-1"),
            ("servicePrincipalId", "app"),
            ("servicePrincipalKey", "key"),
        ];
        let with_certificate: Vec<_> =
            azure.into_iter().chain([("authenticationType", "spnCertificate")]).collect();
        let user = |registry| vec![("registry", registry), ("username", "u"), ("password", "p")];
        for (scheme, parameters, host, how) in [
            (
                "UsernamePassword",
                user("https://index.docker.io/v1/"),
                "index.docker.io",
                password("u", "p"),
            ),
            ("usernamepassword", user("localhost:5000"), "localhost:5000", password("u", "p")),
            ("UsernamePassword", user("https://x:y@a.io/"), "a.io", password("u", "p")),
            ("ServicePrincipal", azure.to_vec(), "contoso.azurecr.io", password("app", "key")),
            ("ServicePrincipal", with_certificate, "contoso.azurecr.io", entra()),
            ("ManagedServiceIdentity", azure.to_vec(), "contoso.azurecr.io", entra()),
            ("WorkloadIdentityFederation", azure.to_vec(), "contoso.azurecr.io", entra()),
        ] {
            assert_eq!(
                read(scheme, &parameters),
                Ok(RegistryConnection { host: host.to_owned(), plain: false, how }),
                "{scheme} {parameters:?}"
            );
        }
    }

    #[test]
    fn an_error_names_the_input() {
        let lacks = |what: &str| {
            format!(
                "containerRegistry: {what} of the service connection is not set. Edit it in \
                 Project settings, Service connections, and save it again"
            )
        };
        for (scheme, parameters, words) in [
            ("UsernamePassword", vec![], lacks("registry")),
            ("UsernamePassword", vec![("registry", "a.io")], lacks("username")),
            ("UsernamePassword", vec![("registry", "a.io"), ("username", "u")], lacks("password")),
            ("ServicePrincipal", vec![], lacks("loginServer")),
            ("ServicePrincipal", vec![("loginServer", "a.io")], lacks("serviceprincipalid")),
            (
                "UsernamePassword",
                vec![("registry", "https://u:secret@no host/")],
                "containerRegistry: invalid URL \"no host\" of the service connection. Use a URL \
                 that begins with https://"
                    .to_owned(),
            ),
            (
                "Token",
                vec![],
                "containerRegistry: the service connection authenticates with \"Token\", which is \
                 not supported. Use UsernamePassword, ServicePrincipal, ManagedServiceIdentity \
                 and WorkloadIdentityFederation"
                    .to_owned(),
            ),
        ] {
            assert_eq!(read(scheme, &parameters), Err(words));
        }
    }

    #[test]
    fn a_login_is_for_one_registry() {
        for (host, reference, is_for) in [
            ("index.docker.io", "nginx:1", true),
            ("docker.io", "registry-1.docker.io/contoso/app", true),
            ("contoso.azurecr.io", "Contoso.azurecr.io/app:1", true),
            ("contoso.azurecr.io:443", "contoso.azurecr.io/app:1", true),
            ("contoso.azurecr.io", "fabrikam.azurecr.io/app:1", false),
            ("localhost:5000", "localhost:5001/app:1", false),
            ("http://registry.local", "registry.local/app:1", true),
            ("http://registry.local:80", "registry.local/app:1", true),
            ("HTTP://registry.local:5000/", "registry.local:5000/app:1", true),
            ("http://registry.local", "registry.local:5000/app:1", false),
        ] {
            let parameters = vec![("registry", host), ("username", "u"), ("password", "p")];
            let connection = read("UsernamePassword", &parameters).unwrap();
            assert_eq!(connection.is_overheard(), host.to_lowercase().starts_with("http:"));
            let reference = Reference::parse(reference).unwrap();
            assert_eq!(connection.is_for(&reference), is_for, "{host} {reference}");
        }
    }
}
