//! Tokens of Microsoft Entra ID.
//!
//! An application gets one by the client credentials grant (RFC 6749, section 4.4), with its secret
//! or with an assertion (RFC 7523) that its certificate signs or Azure DevOps gives; a managed
//! identity by the metadata service of its machine.

use std::fmt;

use serde::Deserialize;

use crate::{
    host::{
        Code, Coded, Secret, code,
        http::{
            Answer, Assertion, Dialogue, Next, NoAnswer, Reply, Request, Url, percent,
            retry::Retries,
        },
    },
    login::azure::{Identity, Proof},
    registry::Finding,
};

/// How long a token holds where nothing is said, in seconds.
const SHORTEST_LIFE: u32 = 300;

/// A token, for one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The token.
    pub value: Secret,
    /// How long it holds from now, in seconds.
    pub expires_in: u32,
}

/// The dialogue that gets a token.
#[derive(Debug)]
pub struct Login {
    identity: Identity,
    /// For whom the token is: the URL or the id of an application.
    resource: String,
    asked: Asked,
    retries: Retries,
}

/// What is being waited for.
#[derive(Debug, Default, Clone)]
enum Asked {
    /// Nothing.
    #[default]
    Nothing,
    /// The word of Azure DevOps.
    Word(Request),
    /// The assertion of the certificate.
    Assertion,
    /// The token.
    Token(Request),
}

/// Why there is no token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenError {
    host: String,
    kind: ErrorKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum ErrorKind {
    NoAnswer(NoAnswer),
    NoMetadata(NoAnswer),
    Refused { status: u16, said: String, code: Option<u32> },
    NotUnderstood,
    NotSigned(String),
}

#[derive(Deserialize)]
struct Granted {
    access_token: Secret,
    expires_in: Option<Seconds>,
}

/// Entra ID says it as a number, the metadata service as a text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Seconds {
    Number(u32),
    Text(String),
}

#[derive(Deserialize)]
struct Word {
    #[serde(rename = "oidcToken")]
    token: Secret,
}

#[derive(Deserialize)]
struct Refusal {
    error: Option<String>,
    error_description: Option<String>,
    #[serde(default)]
    error_codes: Vec<u32>,
    message: Option<String>,
}

impl Login {
    /// A login of this identity, for this resource.
    #[must_use]
    pub fn new(identity: Identity, resource: String) -> Self {
        Self { identity, resource, asked: Asked::Nothing, retries: Retries::default() }
    }

    fn ask(&mut self, asked: Asked) -> Next<Result<Token, TokenError>> {
        self.asked = asked.clone();
        match asked {
            Asked::Word(request) | Asked::Token(request) => Next::Ask(request),
            Asked::Assertion | Asked::Nothing => self.begin(),
        }
    }

    /// Asks for the token with what proves the identity.
    fn ask_with(&mut self, proof: &[(&str, &str)]) -> Next<Result<Token, TokenError>> {
        let Identity::Application { endpoint, client, .. } = &self.identity else {
            return self.begin();
        };
        let scope = format!("{}/.default", self.resource);
        let mut fields =
            vec![("grant_type", "client_credentials"), ("client_id", client), ("scope", &scope)];
        fields.extend_from_slice(proof);
        let request = Request::form(endpoint.clone(), &fields);
        self.retries = Retries::default();
        self.ask(Asked::Token(request))
    }

    fn ask_with_assertion(&mut self, assertion: &Secret) -> Next<Result<Token, TokenError>> {
        self.ask_with(&[
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", assertion.reveal()),
        ])
    }

    fn fail(&self, kind: ErrorKind) -> Next<Result<Token, TokenError>> {
        let url = match (&self.asked, &self.identity) {
            (Asked::Word(request) | Asked::Token(request), _) => request.url.as_str(),
            (_, Identity::Application { endpoint, .. }) => endpoint,
            (_, Identity::Managed { metadata, .. }) => metadata,
        };
        let host = Url::parse(url).map_or_else(|| url.to_owned(), |url| url.authority());
        Next::Done(Err(TokenError { host, kind }))
    }
}

impl TokenError {
    /// What it means for the images of a registry that wanted the token.
    pub(crate) fn found(&self) -> Finding {
        let server = self.host.clone();
        match &self.kind {
            ErrorKind::NoAnswer(why) | ErrorKind::NoMetadata(why) => {
                Finding::Unreachable { server, why: why.clone() }
            }
            ErrorKind::Refused { status, said, .. } if *status == 429 || *status >= 500 => {
                Finding::Busy { server, status: *status, said: said.clone() }
            }
            _ => Finding::LoginRefused { said: self.to_string() },
        }
    }
}

impl Dialogue for Login {
    type Outcome = Result<Token, TokenError>;

    fn begin(&mut self) -> Next<Self::Outcome> {
        match self.identity.clone() {
            Identity::Managed { metadata, client } => {
                let mut url = format!(
                    "{metadata}/metadata/identity/oauth2/token?api-version=2018-02-01&resource={}",
                    percent(&self.resource)
                );
                if let Some(client) = client {
                    url.push_str("&client_id=");
                    url.push_str(&percent(&client));
                }
                let request = Request { direct: true, ..Request::new("GET", url) };
                self.ask(Asked::Token(request.with("Metadata", "true")))
            }
            Identity::Application { proof: Proof::Secret(secret), .. } => {
                self.ask_with(&[("client_secret", secret.reveal())])
            }
            Identity::Application {
                proof: Proof::Certificate(certificate),
                endpoint,
                client,
                ..
            } => {
                self.asked = Asked::Assertion;
                Next::Sign(Assertion { certificate, audience: endpoint, issuer: client })
            }
            Identity::Application { proof: Proof::Federation { url, token, .. }, .. } => {
                let request = Request::new("POST", url)
                    .with("Content-Type", "application/json")
                    .with("Authorization", format!("Bearer {}", token.reveal()));
                self.ask(Asked::Word(request))
            }
        }
    }

    fn hear(&mut self, heard: Reply) -> Next<Self::Outcome> {
        if let Some(after_ms) = self.retries.after(&heard) {
            return Next::Wait(after_ms);
        }
        let managed = matches!(self.identity, Identity::Managed { .. });
        match (heard, &self.asked) {
            (Reply::Waited, asked) => {
                let asked = asked.clone();
                self.ask(asked)
            }
            (Reply::Signed(assertion), _) => self.ask_with_assertion(&assertion),
            (Reply::NotSigned(words), _) => self.fail(ErrorKind::NotSigned(words)),
            (Reply::NoAnswer(why), _) if managed => self.fail(ErrorKind::NoMetadata(why)),
            (Reply::NoAnswer(why), _) => self.fail(ErrorKind::NoAnswer(why)),
            (Reply::Answer(answer), _) if !answer.is_success() => self.fail(refused(&answer)),
            (Reply::Answer(answer), Asked::Word(_)) => match serde_json::from_slice(&answer.body) {
                Ok(Word { token }) if token.is_token() => self.ask_with_assertion(&token),
                _ => self.fail(ErrorKind::NotUnderstood),
            },
            (Reply::Answer(answer), _) => match serde_json::from_slice(&answer.body) {
                Ok(Granted { access_token, expires_in }) if access_token.is_token() => {
                    let expires_in = match expires_in {
                        Some(Seconds::Number(seconds)) => seconds,
                        Some(Seconds::Text(seconds)) => seconds.parse().unwrap_or(SHORTEST_LIFE),
                        None => SHORTEST_LIFE,
                    };
                    Next::Done(Ok(Token { value: access_token, expires_in }))
                }
                _ => self.fail(ErrorKind::NotUnderstood),
            },
        }
    }
}

fn refused(answer: &Answer) -> ErrorKind {
    let Ok(refusal) = serde_json::from_slice::<Refusal>(&answer.body) else {
        return ErrorKind::Refused { status: answer.status, said: String::new(), code: None };
    };
    let said = refusal.error_description.or(refusal.message).or(refusal.error);
    let said = said.unwrap_or_default();
    let said = said.split(" Trace ID").next().unwrap_or_default();
    let said = said.lines().next().unwrap_or_default().trim().chars().take(500).collect();
    ErrorKind::Refused { status: answer.status, said, code: refusal.error_codes.first().copied() }
}

/// What an error of Entra ID (the number after `AADSTS`) asks for.
fn advice(code: u32) -> &'static str {
    match code {
        7_000_215 => {
            ". Set the secret of the service connection to the value of a client secret, not its ID"
        }
        7_000_222 => {
            ". The secret of the service connection has expired. Create a new one for the \
             application, and save it in the service connection"
        }
        700_027 => {
            ". Add the certificate of the service connection to the application's certificates"
        }
        700_016 => {
            ". The application was not found in the tenant. Check the IDs in the service \
             connection"
        }
        90_002 => ". The tenant was not found. Check the tenant ID in the service connection",
        70_021 | 700_211 | 700_212 | 700_213 => {
            ". Set issuer and subject of the application's federated credential to the values in \
             the service connection"
        }
        _ => "",
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = &self.host;
        match &self.kind {
            ErrorKind::NoAnswer(why) => f.write_str(&why.of(host)),
            ErrorKind::NoMetadata(NoAnswer { words, .. }) => write!(
                f,
                "{host} cannot be reached: {words}. A managed identity works only on an agent \
                 that runs on an Azure virtual machine with that identity"
            ),
            ErrorKind::Refused { status, said, .. } if said.is_empty() => {
                write!(f, "{host} refused to authenticate with status {status}")
            }
            ErrorKind::Refused { status, said, code } => {
                let said = said.trim_end_matches('.');
                let advice = code.map_or("", advice);
                write!(f, "{host} refused to authenticate with status {status}: {said}{advice}")
            }
            ErrorKind::NotUnderstood => {
                write!(f, "unexpected answer of {host}: the token is missing")
            }
            ErrorKind::NotSigned(words) => write!(
                f,
                "the certificate of the service connection cannot sign: {words}. Set it to a \
                 certificate and its private key, both as PEM"
            ),
        }
    }
}

impl Coded for TokenError {
    fn code(&self) -> Code {
        match self.kind {
            ErrorKind::NoAnswer(_) => code::AZURE_UNREACHABLE,
            ErrorKind::NoMetadata(_) => code::NO_MANAGED_IDENTITY,
            ErrorKind::Refused { .. } => code::AUTHENTICATION_REFUSED,
            ErrorKind::NotUnderstood => code::AZURE_NOT_UNDERSTOOD,
            ErrorKind::NotSigned(_) => code::CERTIFICATE_UNUSABLE,
        }
    }
}
