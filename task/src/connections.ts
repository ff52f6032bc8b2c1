import { homedir } from "node:os";
import path from "node:path";
import * as tl from "azure-pipelines-task-lib/task";
import type { Agent, AgentProxy, Connection } from "./protocol";

/** A service connection by its id, as the agent hands it over. */
export function connection(id: string): Connection | undefined {
  const url = tl.getEndpointUrl(id, true);
  const authorization = tl.getEndpointAuthorization(id, true);
  if (url === undefined && !authorization) return undefined;
  return {
    id,
    url: url ?? "",
    scheme: authorization?.scheme ?? "",
    parameters: texts(authorization?.parameters),
    data: texts(parsed(process.env[`ENDPOINT_DATA_${id}`])),
  };
}

/** The service connections that inputs name. */
export function connections(inputs: { name: string; type: string }[]): Record<string, Connection> {
  const found: Record<string, Connection> = {};
  for (const { name, type } of inputs) {
    const id = type.startsWith("connectedService:") ? tl.getInput(name) : undefined;
    const known = id ? connection(id) : undefined;
    if (known) found[name] = known;
  }
  return found;
}

/** What is set for the way to the network: by the agent's configuration, and its environment. */
export function network(): Pick<Agent, "proxy" | "environment" | "authorities"> {
  const variables = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"].flatMap((name) => [
    name,
    name.toLowerCase(),
  ]);
  const set = [
    tl.getVariable("Agent.CAInfo") && "--sslcacert of the agent",
    process.env.NODE_EXTRA_CA_CERTS && "NODE_EXTRA_CA_CERTS",
  ];
  return {
    proxy: proxy(),
    environment: texts(Object.fromEntries(variables.map((name) => [name, process.env[name]]))),
    authorities: set.flatMap((name) => name || []),
  };
}

function proxy(): AgentProxy | null {
  const url = tl.getVariable("Agent.ProxyUrl");
  if (!url) return null;
  const bypass = parsed(tl.getVariable("Agent.ProxyBypassList"));
  return {
    url,
    username: tl.getVariable("Agent.ProxyUsername") ?? "",
    password: tl.getVariable("Agent.ProxyPassword") ?? "",
    bypass: Array.isArray(bypass) ? bypass.filter((entry) => typeof entry === "string") : [],
  };
}

/** The files that kubectl reads where no kubeconfig is named. */
export function kubeconfigs(): string[] {
  const named = process.env.KUBECONFIG?.split(path.delimiter).filter(Boolean);
  return named?.length ? named : [path.join(homedir(), ".kube", "config")];
}

/** The API server of the cluster whose pod this machine is. */
export function ownCluster(): string | null {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = process.env;
  if (!host || !port) return null;
  return `https://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function parsed(json: string | undefined): unknown {
  try {
    return JSON.parse(json ?? "{}");
  } catch {
    return {};
  }
}

function texts(values: unknown): Record<string, string> {
  const pairs = Object.entries(values ?? {}).filter(([, value]) => typeof value === "string");
  return Object.fromEntries(pairs);
}
