//! The inputs that say how much the registry is asked.

use crate::{
    inputs::{InputError, reader::Reader},
    login::connection::{AzureConnection, Job, RegistryConnection, RegistryLogin},
    registry::{Built, Verify},
};

pub(super) const VERIFY: [&str; 3] = ["auto", "required", "off"];
pub(super) const PINS: [&str; 2] = ["none", "digest"];

/// What registries are asked before the cluster is touched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verification {
    /// How much depends on it; `None` where nothing is asked.
    pub verify: Option<Verify>,
    /// Whether the images are set by their digests.
    pub pin: bool,
    /// The login to one registry, where there is a service connection for it.
    pub login: Option<RegistryAccess>,
    /// The build of which the tag was computed, where there is one.
    pub built: Option<Built>,
}

/// A registry, and who logs in to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryAccess {
    /// The registry, and how it takes a login.
    pub connection: RegistryConnection,
    /// Who gets a token of Entra ID for it, where it takes one.
    pub azure: Option<AzureConnection>,
}

impl Reader<'_> {
    /// What registries are asked.
    pub(super) fn verification(&mut self) -> Option<Verification> {
        let verify = self.choice("verifyImage", &VERIFY);
        let pin = self.pins();
        let login =
            if self.has("containerRegistry") { Some(self.registry_access()?) } else { None };
        let (verify, pin) = (verify?, pin?);
        let verify = match verify {
            "off" if pin => return self.fail(InputError::PinNeedsRegistry("verifyImage: off")),
            "off" => None,
            "required" => Some(Verify::Required),
            _ if pin => Some(Verify::Required),
            _ => Some(Verify::Auto),
        };
        Some(Verification { verify, pin, login, built: None })
    }

    /// Whether images are set by their digests.
    pub(super) fn pins(&mut self) -> Option<bool> {
        self.choice("pin", &PINS).map(|pin| pin == "digest")
    }

    fn registry_access(&mut self) -> Option<RegistryAccess> {
        const INPUT: &str = "containerRegistry";
        let handed_over = self.connection(INPUT, INPUT)?;
        let connection =
            self.take(RegistryConnection::read(handed_over).map_err(InputError::Connection))?;
        let azure = match connection.how {
            RegistryLogin::Password { .. } => None,
            RegistryLogin::Entra { .. } => {
                let job = Job { variables: self.variables, system: self.agent.system.as_ref() };
                let host = &connection.host;
                let azure = AzureConnection::of_registry(INPUT, handed_over, job, host);
                Some(self.take(azure.map_err(InputError::Connection))?)
            }
        };
        Some(RegistryAccess { connection, azure })
    }
}
