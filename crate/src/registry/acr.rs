//! Azure Container Registry: a token of Entra for a login.

use serde::Deserialize;

use crate::{
    host::{
        Secret,
        http::{Answer, Dialogue, Next, Reply, Request, Url},
    },
    registry::{
        Finding, Login, ProtocolViolation, Registry,
        call::{Call, Turn},
        outcome::{said, status},
    },
};

/// Asks a registry of Azure for a refresh token that stands for an identity of Entra. What comes of
/// it is a login for every image of that registry, or why there is none: an
/// [`CheckResult`](super::CheckResult) of each of them.
///
/// The request is the one of github.com/Azure/acr/blob/main/docs/AAD-OAuth.md.
#[derive(Debug, Clone)]
pub struct Exchange {
    call: Call,
    token: Secret,
}

#[derive(Deserialize)]
struct Answered {
    refresh_token: Secret,
}

impl Exchange {
    /// The exchange at a registry's host (its login server), of a token that Entra gave for this
    /// tenant; an empty tenant is left out.
    #[must_use]
    pub fn new(host: &str, tenant: &str, entra_token: Secret) -> Self {
        let url = Url { path: "/oauth2/exchange".to_owned(), ..Registry::new(host).url };
        let service = url.authority();
        let fields = [
            ("grant_type", "access_token"),
            ("service", &service),
            ("tenant", tenant),
            ("access_token", entra_token.reveal()),
        ];
        let fields: Vec<_> = fields.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        let request = Request::form(url.to_string(), &fields);
        Self { call: Call::new(request, url, true), token: entra_token }
    }

    fn answered(&self, answer: &Answer) -> Result<Login, Finding> {
        let said = || said(answer, &[Some(self.token.reveal())]);
        match answer.status {
            400 | 401 | 403 => return Err(Finding::LoginRefused { said: said() }),
            _ if !answer.is_success() => {
                return Err(status(&self.call.url, answer.status, said()));
            }
            _ => {}
        }
        serde_json::from_slice::<Answered>(&answer.body)
            .ok()
            .map(|answered| answered.refresh_token)
            .filter(|token| token.is_token() && !self.call.is_cut(answer))
            .map(Login::RefreshToken)
            .ok_or(Finding::NotUnderstood(ProtocolViolation::Token))
    }
}

impl Dialogue for Exchange {
    type Outcome = Result<Login, Finding>;

    fn begin(&mut self) -> Next<Self::Outcome> {
        Next::Ask(self.call.request())
    }

    fn hear(&mut self, heard: Reply) -> Next<Self::Outcome> {
        match self.call.hear(heard) {
            Turn::Ask(request) => Next::Ask(request),
            Turn::Wait(wait) => Next::Wait(wait),
            Turn::Failed(found) => Next::Done(Err(found)),
            Turn::Answer(answer) => Next::Done(self.answered(&answer)),
        }
    }
}
