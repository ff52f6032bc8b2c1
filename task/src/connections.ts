import { homedir } from "node:os";
import path from "node:path";
import * as tl from "azure-pipelines-task-lib/task";
import type { AgentProxy, Connection } from "./protocol";

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

/** The proxy that the agent was set up with. */
export function proxy(): AgentProxy | null {
  const configured = tl.getHttpProxyConfiguration();
  if (!configured) return null;
  return {
    url: configured.proxyUrl,
    username: configured.proxyUsername ?? "",
    password: configured.proxyPassword ?? "",
    bypass: configured.proxyBypassHosts ?? [],
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
