import { readFileSync } from "node:fs";
import * as tls from "node:tls";
import * as tl from "azure-pipelines-task-lib/task";
import { quietly } from "../effects/quietly";

/** What Node 22.15 and newer have, and Node 20 has not. */
type Known = { getCACertificates?: (of: "default" | "system") => string[] };

let made: { context: tls.SecureContext | undefined } | undefined;

/**
 * Whom the requests trust, and what they show of this agent: Node's own authorities, the system's
 * store where Node can read it, NODE_EXTRA_CA_CERTS, and what the agent was configured with, all
 * together. Nothing where Node's own way is the same.
 */
export function trust(): tls.SecureContext | undefined {
  made ??= quietly(() => ({ context: contextOf(ofAgent("CAInfo"), ofAgent("ClientCert")) }));
  return made.context;
}

function contextOf(ca?: string, cert?: string): tls.SecureContext | undefined {
  const { getCACertificates } = tls as Known;
  if (!ca && !cert && !getCACertificates) return undefined;
  const known = getCACertificates
    ? [...getCACertificates("default"), ...getCACertificates("system")]
    : [...tls.rootCertificates, ...extra()];
  const key = ofAgent("ClientCertKey");
  return tls.createSecureContext({
    ca: [...new Set([...known, ...(ca ? [ca] : [])])],
    cert,
    key,
    passphrase: tl.getVariable("Agent.ClientCertPassword"),
  });
}

/** The file that the agent was configured with, if it was. */
function ofAgent(name: string): string | undefined {
  const file = tl.getVariable(`Agent.${name}`);
  if (!file) return undefined;
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const why = error instanceof Error ? error.message : error;
    throw new Error(`the agent's configuration (Agent.${name}) cannot be read: ${why}`);
  }
}

/** Node itself passes over a file that is not there. */
function extra(): string[] {
  const file = process.env.NODE_EXTRA_CA_CERTS;
  try {
    return file ? [readFileSync(file, "utf8")] : [];
  } catch {
    return [];
  }
}
