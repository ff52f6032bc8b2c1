//! An Azure service connection: who logs in, and where.

use crate::{
    azure::{Identity, Proof},
    connection::{Connection, ConnectionError, error::ErrorKind},
    http::{Url, percent, without_user},
    secret::Secret,
    variables::Variables,
};

const PUBLIC_AUTHORITY: &str = "https://login.microsoftonline.com/";
/// Where a virtual machine of Azure asks for the token of its identity.
const METADATA: &str = "http://169.254.169.254";

/// What an Azure service connection gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AzureConnection {
    /// Who logs in.
    pub identity: Identity,
    /// The origin of Azure Resource Manager, such as `https://management.azure.com`.
    pub manager: String,
    /// For whom a token of Azure Resource Manager is.
    pub resource: String,
    /// The subscription's id, where the connection names one.
    pub subscription: Option<String>,
}

/// The job, which Azure DevOps vouches for.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    /// The public variables.
    pub variables: &'a Variables,
    /// The job's own connection to Azure DevOps.
    pub system: Option<&'a Connection>,
}

impl AzureConnection {
    /// Reads the connection that this input names: one of Azure Resource Manager, or of an Azure
    /// Container Registry.
    ///
    /// # Errors
    /// It lacks something, or has something that cannot be.
    pub fn read(
        input: &'static str,
        connection: &Connection,
        job: Job<'_>,
    ) -> Result<Self, ConnectionError> {
        let url = |text: &str| {
            let url = Url::parse(text).filter(|url| url.secure || url.is_loopback());
            url.ok_or_else(|| ErrorKind::Url(without_user(text)).of(input))
        };
        let manager = url(connection.url.trim())?.origin();
        let resource = connection.datum("activeDirectoryServiceEndpointResourceId");
        Ok(Self {
            identity: identity(input, connection, job, url)?,
            resource: resource.map_or_else(|| format!("{manager}/"), str::to_owned),
            manager,
            subscription: connection.datum("subscriptionId").map(str::to_owned),
        })
    }
}

fn identity(
    input: &'static str,
    connection: &Connection,
    job: Job<'_>,
    url: impl Fn(&str) -> Result<Url, ConnectionError>,
) -> Result<Identity, ConnectionError> {
    let scheme = connection.scheme.as_str();
    if scheme.eq_ignore_ascii_case("ManagedServiceIdentity") {
        let metadata = job.variables.get("AZURE_POD_IDENTITY_AUTHORITY_HOST").unwrap_or(METADATA);
        let no_url = || ErrorKind::Url(without_user(metadata)).of(input);
        return Ok(Identity::Managed {
            metadata: Url::parse(metadata).ok_or_else(no_url)?.origin(),
            client: connection.datum("msiclientId").map(str::to_owned),
        });
    }
    let proof = if scheme.eq_ignore_ascii_case("WorkloadIdentityFederation") {
        let (url, token) = of_the_job(input, connection, job)?;
        Proof::Federation { url, token, connection: connection.id.clone() }
    } else if !scheme.eq_ignore_ascii_case("ServicePrincipal") {
        let known = "ServicePrincipal, ManagedServiceIdentity and WorkloadIdentityFederation";
        return Err(ErrorKind::Scheme { found: scheme.to_owned(), known }.of(input));
    } else if connection
        .parameter("authenticationType")
        .is_some_and(|kind| kind.eq_ignore_ascii_case("spnCertificate"))
    {
        Proof::Certificate(connection.needed(input, "servicePrincipalCertificate")?.into())
    } else {
        Proof::Secret(connection.needed(input, "serviceprincipalkey")?.into())
    };
    let authority = connection
        .datum("activeDirectoryAuthority")
        .or_else(|| connection.datum("environmentAuthorityUrl"))
        .unwrap_or(PUBLIC_AUTHORITY);
    let tenant = connection.needed(input, "tenantid")?;
    Ok(Identity::Application {
        endpoint: format!("{}/{}/oauth2/v2.0/token", url(authority)?.origin(), percent(tenant)),
        authority: authority.to_owned(),
        tenant: tenant.to_owned(),
        client: connection.needed(input, "serviceprincipalid")?.to_owned(),
        proof,
    })
}

/// Where Azure DevOps gives a token that says which job this is, and the job's own token for it.
fn of_the_job(
    input: &'static str,
    connection: &Connection,
    job: Job<'_>,
) -> Result<(String, Secret), ConnectionError> {
    let variable =
        |name: &'static str| job.variables.get(name).ok_or(ErrorKind::NoJob(name).of(input));
    let collection = variable("System.CollectionUri")
        .or_else(|_| variable("System.TeamFoundationServerUri"))?
        .trim_end_matches('/');
    let is_own = |url: &Url| {
        let own = job.system.and_then(|system| Url::parse(&system.url));
        url.secure || url.is_loopback() || own.is_some_and(|own| own.same_origin(url))
    };
    if !Url::parse(collection).is_some_and(|url| is_own(&url)) {
        return Err(ErrorKind::Url(without_user(collection)).of(input));
    }
    let url = format!(
        "{collection}/{}/_apis/distributedtask/hubs/{}/plans/{}/jobs/{}/oidctoken?\
         serviceConnectionId={}&api-version=7.2-preview.1",
        percent(variable("System.TeamProjectId")?),
        percent(variable("System.HostType")?),
        percent(variable("System.PlanId")?),
        percent(variable("System.JobId")?),
        percent(&connection.id),
    );
    let token = job.system.and_then(|system| system.parameter("AccessToken"));
    Ok((url, token.ok_or(ErrorKind::NoJob("System.AccessToken").of(input))?.into()))
}
