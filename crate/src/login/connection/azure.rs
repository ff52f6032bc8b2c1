//! An Azure service connection: who logs in, and where.

use crate::{
    host::{
        Connection, Secret,
        http::{Url, percent, without_user},
        variables::Variables,
    },
    login::{
        azure::{Identity, Proof},
        connection::error::{ConnectionError, ErrorKind, needed},
    },
};

/// Where the public cloud logs in.
const PUBLIC_AUTHORITY: &str = "https://login.microsoftonline.com/";
/// The clouds: the ending of their registries, where they log in, and for whom a token is with which a
/// registry is asked for its own.
const CLOUDS: [(&str, &str, &str); 3] = [
    (".azurecr.cn", "https://login.chinacloudapi.cn/", "https://management.core.chinacloudapi.cn/"),
    (
        ".azurecr.us",
        "https://login.microsoftonline.us/",
        "https://management.core.usgovcloudapi.net/",
    ),
    ("", PUBLIC_AUTHORITY, "https://management.core.windows.net/"),
];
/// Where a virtual machine of Azure asks for the token of its identity.
const METADATA: &str = "http://169.254.169.254";

/// What an Azure service connection gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AzureConnection {
    /// Who logs in.
    pub identity: Identity,
    /// The origin of Azure Resource Manager, such as `https://management.azure.com`.
    pub manager: String,
    /// For whom a token is: Azure Resource Manager.
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
    /// Reads the connection of Azure Resource Manager that this input names.
    ///
    /// # Errors
    /// It lacks something, or has something that cannot be.
    pub fn read(
        input: &'static str,
        connection: &Connection,
        job: Job<'_>,
    ) -> Result<Self, ConnectionError> {
        let manager = url(input, connection.url.trim())?.origin();
        let resource = connection.datum("activeDirectoryServiceEndpointResourceId");
        Ok(Self {
            identity: identity(input, connection, job, PUBLIC_AUTHORITY)?,
            resource: resource.map_or_else(|| format!("{manager}/"), str::to_owned),
            manager,
            subscription: connection.datum("subscriptionId").map(str::to_owned),
        })
    }

    /// Reads the connection of an Azure Container Registry with this host. Its URL is that of the
    /// registry, and never for whom the token is: that follows from the connection, else the cloud.
    ///
    /// # Errors
    /// It lacks something, or has something that cannot be.
    pub fn of_registry(
        input: &'static str,
        connection: &Connection,
        job: Job<'_>,
        host: &str,
    ) -> Result<Self, ConnectionError> {
        let cloud = CLOUDS.iter().find(|(ending, ..)| host.ends_with(ending));
        let (_, authority, audience) = cloud.unwrap_or(&CLOUDS[2]);
        let resource = connection.datum("activeDirectoryServiceEndpointResourceId");
        Ok(Self {
            identity: identity(input, connection, job, authority)?,
            manager: format!("https://{host}"),
            resource: resource.unwrap_or(audience).to_owned(),
            subscription: None,
        })
    }
}

fn url(input: &'static str, text: &str) -> Result<Url, ConnectionError> {
    let url = Url::parse(text).filter(|url| url.secure || url.is_loopback());
    url.ok_or_else(|| ErrorKind::Url(without_user(text)).of(input))
}

fn identity(
    input: &'static str,
    connection: &Connection,
    job: Job<'_>,
    cloud: &str,
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
        Proof::Certificate(needed(connection, input, "servicePrincipalCertificate")?.into())
    } else {
        Proof::Secret(needed(connection, input, "serviceprincipalkey")?.into())
    };
    let authority = connection
        .datum("activeDirectoryAuthority")
        .or_else(|| connection.datum("environmentAuthorityUrl"))
        .unwrap_or(cloud);
    let tenant = needed(connection, input, "tenantid")?;
    Ok(Identity::Application {
        endpoint: format!(
            "{}/{}/oauth2/v2.0/token",
            url(input, authority)?.origin(),
            percent(tenant)
        ),
        authority: authority.to_owned(),
        tenant: tenant.to_owned(),
        client: needed(connection, input, "serviceprincipalid")?.to_owned(),
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

#[cfg(test)]
mod tests {
    use super::{AzureConnection, Job};
    use crate::{
        host::{Connection, variables::Variables},
        login::azure::Identity,
    };

    #[test]
    fn a_token_for_a_registry_is_for_the_resource_manager_of_its_cloud() {
        let read = |host: &str, data: &[(&str, &str)]| {
            let connection = Connection {
                url: format!("https://{host}/"),
                scheme: "ServicePrincipal".to_owned(),
                parameters: ["tenantid", "serviceprincipalid", "serviceprincipalkey"]
                    .map(|name| (name.to_owned(), "x".into()))
                    .into(),
                data: data.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
                ..Connection::default()
            };
            let job = Job { variables: &Variables::default(), system: None };
            let azure = AzureConnection::of_registry("containerRegistry", &connection, job, host);
            let AzureConnection { identity, resource, .. } = azure.unwrap();
            let Identity::Application { endpoint, .. } = identity else { panic!("{identity:?}") };
            [endpoint.replace("/x/oauth2/v2.0/token", ""), resource]
        };
        for (host, authority, audience) in [
            (
                "contoso.azurecr.io",
                "https://login.microsoftonline.com",
                "https://management.core.windows.net/",
            ),
            (
                "contoso.azurecr.cn",
                "https://login.chinacloudapi.cn",
                "https://management.core.chinacloudapi.cn/",
            ),
            (
                "contoso.azurecr.us",
                "https://login.microsoftonline.us",
                "https://management.core.usgovcloudapi.net/",
            ),
        ] {
            assert_eq!(read(host, &[]), [authority, audience]);
        }
        let data =
            [("activeDirectoryServiceEndpointResourceId", "https://management.azs.example/x")];
        let [_, audience] = read("contoso.azurecr.io", &data);
        assert_eq!(audience, "https://management.azs.example/x");
    }
}
