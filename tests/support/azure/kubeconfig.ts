import { selfSigned } from "../network/certificate";
import { type Cluster, names, resources } from ".";

/** The text of a kubeconfig as the Azure Kubernetes Service writes it: YAML, keys in order. */
export function kubeconfig(cluster: Cluster, role: "clusterUser" | "clusterAdmin"): string {
  const { server, ca, users = "local", token = "token-of-the-cluster" } = cluster;
  const user = `${role}_${names.resourceGroup}_${names.cluster}`;
  const context = role === "clusterAdmin" ? `${names.cluster}-admin` : names.cluster;
  const authority = ca === undefined ? [] : [`    certificate-authority-data: ${base64(ca)}`];
  return [
    "apiVersion: v1",
    "clusters:",
    "- cluster:",
    ...authority,
    `    server: ${server}`,
    `  name: ${names.cluster}`,
    "contexts:",
    "- context:",
    `    cluster: ${names.cluster}`,
    `    user: ${user}`,
    `  name: ${context}`,
    `current-context: ${context}`,
    "kind: Config",
    "preferences: {}",
    "users:",
    `- name: ${user}`,
    "  user:",
    ...(users === "local" ? local(token) : kubelogin(users === "entra-pop")),
    "",
  ].join("\n");
}

function local(token: string): string[] {
  const { certificate, key } = selfSigned("ec");
  return [
    `    client-certificate-data: ${base64(certificate)}`,
    `    client-key-data: ${base64(key)}`,
    `    token: ${token}`,
  ];
}

/** Proof of possession binds a token to its host: a bare token does not do there. */
function kubelogin(pop: boolean): string[] {
  const claims = `u=/subscriptions/${names.subscription}/resourceGroups/${names.resourceGroup}`;
  const args = [
    ...["get-token", "--environment", "AzurePublicCloud"],
    ...["--server-id", resources.cluster],
    ...["--client-id", "80faf920-1908-4b52-b5ef-a8e7bedfc67a"],
    ...["--tenant-id", names.tenant, "--login", "devicecode"],
    ...(pop ? ["--pop-enabled", "--pop-claims", claims] : []),
  ];
  return [
    "    exec:",
    "      apiVersion: client.authentication.k8s.io/v1beta1",
    "      args:",
    ...args.map((arg) => `      - ${arg}`),
    "      command: kubelogin",
    "      env: null",
    "      installHint: |2",
    "",
    "        kubelogin is not installed which is required to connect to AAD enabled cluster.",
    "",
    "        To learn more, please go to https://aka.ms/aks/kubelogin",
    "      provideClusterInfo: false",
  ];
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
