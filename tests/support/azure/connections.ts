/** Service connections of each kind, with what Azure DevOps hands over of them. */
import type { Connection } from "../agent";
import { type Azure, names } from ".";

/** A connection to a cluster by the text of a kubeconfig. */
export function byKubeconfig(kubeconfig: string, clusterContext?: string): Connection {
  return {
    id: names.connection,
    url: "https://kubernetes.test/",
    scheme: "Kubernetes",
    parameters: { kubeconfig, ...(clusterContext !== undefined && { clusterContext }) },
    data: { authorizationType: "Kubeconfig", acceptUntrustedCerts: "true" },
  };
}

/** A connection to a cluster by the secret of a service account; the authority is PEM. */
export function byServiceAccount(
  server: string,
  token: string,
  authority = "",
  type: "ServiceAccount" | "AzureSubscription" = "ServiceAccount",
): Connection {
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const azure = {
    azureSubscriptionId: names.subscription,
    azureSubscriptionName: "Contoso Production",
    clusterId: `/subscriptions/${names.subscription}/resourcegroups/${names.resourceGroup}/providers/Microsoft.ContainerService/managedClusters/${names.cluster}`,
    namespace: "default",
  };
  return {
    id: names.connection,
    url: `${server}/`,
    scheme: type === "ServiceAccount" ? "Token" : "Kubernetes",
    parameters: {
      apiToken: base64(token),
      serviceAccountCertificate: base64(authority),
      isCreatedFromSecretYaml: "true",
    },
    data: { authorizationType: type, ...(type === "AzureSubscription" && azure) },
  };
}

/** A connection to a subscription; each function below says how one logs in. */
function byResourceManager(
  azure: Azure,
  scheme: string,
  parameters: Record<string, string>,
  data: Record<string, string> = {},
): Connection {
  return {
    id: names.connection,
    url: `${azure.url}/`,
    scheme,
    parameters: { tenantid: names.tenant, ...parameters },
    data: {
      environment: "AzureCloud",
      scopeLevel: "Subscription",
      subscriptionId: names.subscription,
      subscriptionName: "Contoso Production",
      environmentUrl: `${azure.url}/`,
      resourceManagerUrl: `${azure.url}/`,
      environmentAuthorityUrl: `${azure.url}/`,
      activeDirectoryAuthority: `${azure.url}/`,
      activeDirectoryServiceEndpointResourceId: "https://management.core.windows.net/",
      ...data,
    },
  };
}

export function bySecret(azure: Azure, secret = names.secret): Connection {
  return byResourceManager(azure, "ServicePrincipal", {
    serviceprincipalid: names.client,
    authenticationType: "spnKey",
    serviceprincipalkey: secret,
  });
}

/** The certificate and its key are one PEM, as the portal takes it. */
export function byCertificate(azure: Azure): Connection {
  const { certificate, key } = azure.clientCertificate;
  return byResourceManager(azure, "ServicePrincipal", {
    serviceprincipalid: names.client,
    authenticationType: "spnCertificate",
    servicePrincipalCertificate: `${key}${certificate}`,
  });
}

/** The identity that the machine has of its own, or one that was given to it. */
export function byManagedIdentity(azure: Azure, ofUser = false): Connection {
  const data: Record<string, string> = ofUser ? { msiclientId: names.identity } : {};
  return byResourceManager(azure, "ManagedServiceIdentity", {}, data);
}

export function byFederation(azure: Azure): Connection {
  return byResourceManager(azure, "WorkloadIdentityFederation", {
    serviceprincipalid: names.client,
  });
}

/** The job's own connection, which asks for the token of a federation. */
export function ofJob(azure: Azure, token = names.systemToken): Connection {
  return { url: azure.collection, scheme: "OAuth", parameters: { AccessToken: token } };
}

interface Login {
  name: string;
  password: string;
}

/** A registry by a name and a password. */
export function registry(url: string, { name, password }: Login): Connection {
  return byPassword(url, name, password, "Others");
}

export function dockerHub({ name, password }: Login): Connection {
  return byPassword("https://index.docker.io/v1/", name, password, "DockerHub");
}

function byPassword(url: string, username: string, password: string, type: string): Connection {
  return {
    id: "6f708192-a3b4-45c6-97d8-e9f0a1b2c3d4",
    url,
    scheme: "UsernamePassword",
    parameters: { registry: url, username, password, email: "" },
    data: { registrytype: type },
  };
}

/** An Azure Container Registry by one of the ways to log in above. */
export function containerRegistry(loginServer: string, login: Connection): Connection {
  const { scheme, parameters, data = {} } = login;
  return {
    id: login.id ?? names.connection,
    url: `https://${loginServer}`,
    scheme,
    parameters: { loginServer, ...parameters },
    data: {
      registryId: `/subscriptions/${names.subscription}/resourceGroups/${names.resourceGroup}/providers/Microsoft.ContainerRegistry/registries/${loginServer.split(".")[0]}`,
      registrytype: "ACR",
      subscriptionId: names.subscription,
      subscriptionName: "Contoso Production",
      ...(data.msiclientId !== undefined && { msiclientId: data.msiclientId }),
      ...(data.activeDirectoryAuthority !== undefined && {
        activeDirectoryAuthority: data.activeDirectoryAuthority,
      }),
    },
  };
}
