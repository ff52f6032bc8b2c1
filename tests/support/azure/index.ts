/**
 * A stand-in for what a service connection of Azure leads to: Entra's tokens, a machine's managed
 * identity, the job's OpenID Connect token from Azure DevOps, and the credentials of a cluster from
 * the Resource Manager. All of them have one address, and every request is checked to the letter.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { type Certificate, selfSigned } from "../network/certificate";
import { answer, type RecordedRequest, record } from "../network/loopback";
import { Misbehaviours, misbehave } from "../network/misbehaviour";
import { LoopbackServer } from "../network/server";
import type { TokenOptions } from "../registry/tokens";
import { serveCredentials } from "./arm";
import { serveOidcToken } from "./devops";
import { serveToken } from "./entra";
import { serveIdentity } from "./identity";
import { Tokens } from "./tokens";

/** What a cluster's kubeconfig has. */
export interface Cluster {
  server: string;
  /** PEM, where the server speaks TLS. */
  ca?: string;
  /** Who logs in: a user of the cluster itself, or one of Entra by kubelogin. */
  users?: "local" | "entra" | "entra-pop";
  /** The token of the cluster's own user. */
  token?: string;
}

export interface AzureOptions {
  cluster?: Cluster;
  /** Whether the client may list credentials. */
  authorized?: boolean;
  /** Whether the secret is one that has expired. */
  secretExpired?: boolean;
  /** Whether Entra knows the subject of the job's token. */
  federated?: boolean;
  /** Seconds until a token of Entra's expires. */
  expiresIn?: number;
  /** Seconds until a token of the job expires. */
  oidcExpiresIn?: number;
  /** HTTPS, by a certificate that vouches for itself, for 127.0.0.1 and for further names. */
  tls?: { names: string[] };
}

/** The parts of Azure that there are here; each can be told to misbehave. */
export type Part = "entra" | "identity" | "devops" | "arm";

/** The names that everything here goes by. */
export const names = {
  tenant: "7a1c6a3e-0d0f-4b8e-9a54-6f5c2d1e0b90",
  client: "c0ffee00-5d2b-4f6e-8d5a-0c1b2a394857",
  identity: "1d3e5f70-92b4-46d8-8fa0-b1c2d3e4f506",
  secret: "8Q~wZ.4vN-not-a-secret+of/anyone",
  subscription: "3f2b8c14-6a7d-4e90-b1c2-d3e4f5061728",
  resourceGroup: "shop-production",
  cluster: "shop",
  collection: "contoso",
  project: "9b8a7c6d-5e4f-4031-a2b3-c4d5e6f70819",
  plan: "2c4e6a80-1b3d-4f50-8172-93a4b5c6d7e8",
  job: "12f1170f-54f2-53f3-20dd-22fc7dff55f9",
  connection: "5e6f7081-92a3-44b5-86c7-d8e9f0a1b2c3",
  systemToken: "of.the.job-and-of-nobody-else",
};

/** The resources that tokens are given out for. */
export const resources = {
  arm: ["https://management.azure.com", "https://management.core.windows.net"],
  cluster: "6dae42f8-4368-4678-94ff-3960e28e3630",
};

/** Its `url` is the authority, the Resource Manager and the metadata of the machine. */
export class Azure extends LoopbackServer<Certificate | undefined> {
  readonly requests: RecordedRequest[] = [];
  /** What was wrong with requests that no client should make. */
  readonly faults: string[] = [];
  readonly misbehaviours = new Misbehaviours<Part>();
  readonly tokens = new Tokens();
  private ofClient: Certificate | undefined;

  private constructor(readonly options: AzureOptions) {
    super(options.tls && selfSigned("ec", options.tls.names));
  }

  static start(options: AzureOptions = {}): Promise<Azure> {
    return new Azure(options).listening();
  }

  /** That of the client, for `client_assertion`; made when it is first asked for. */
  get clientCertificate(): Certificate {
    this.ofClient ??= selfSigned("rsa");
    return this.ofClient;
  }

  /** The collection of Azure DevOps; a slash at its end. */
  get collection(): string {
    return `${this.url}/${names.collection}/`;
  }

  /** The variables of a job that asks for its token. */
  get variables(): Record<string, string> {
    return {
      "System.CollectionUri": this.collection,
      "System.TeamFoundationServerUri": this.collection,
      "System.TeamProjectId": names.project,
      "System.PlanId": names.plan,
      "System.JobId": names.job,
    };
  }

  /** How a container registry of this tenant gives out its own tokens. */
  get registryTokens(): TokenOptions {
    const knows = (token: string) => this.knows(token, ...resources.arm);
    return {
      user: { name: names.client, password: names.secret },
      acr: { tenant: names.tenant, knows },
      field: "access_token",
      expiresIn: null,
    };
  }

  /** Whether this is a token that was given out for one of these resources, and is still valid. */
  knows(token: string, ...wanted: string[]): boolean {
    const resource = this.tokens.resourceOf(token);
    return resource !== undefined && wanted.includes(resource);
  }

  /** Answers 400, or with what is given, to a request that no client should make. */
  refuse(
    response: ServerResponse,
    { method, path }: RecordedRequest,
    wrong: string[],
    body: object = { error: "invalid_request", error_description: wrong.join(", ") },
    status = 400,
  ): ServerResponse {
    this.faults.push(`${method} ${path}: ${wrong.join(", ")}`);
    return answer(response, status, body);
  }

  protected async serve(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
    const recorded = await record(request, response);
    this.requests.push(recorded);
    const part = partOf(recorded.path);
    if (part === undefined) {
      return this.refuse(response, recorded, ["there is no such thing"], {}, 404);
    }
    const how = this.misbehaviours.next(part);
    if (how !== undefined) return misbehave(how, response);
    const serve = {
      entra: serveToken,
      identity: serveIdentity,
      devops: serveOidcToken,
      arm: serveCredentials,
    };
    return serve[part](this, recorded, response);
  }
}

function partOf(path: string): Part | undefined {
  if (path.startsWith("/subscriptions/")) return "arm";
  if (path === "/metadata/identity/oauth2/token") return "identity";
  if (path.includes("/_apis/distributedtask/")) return "devops";
  return /^\/[^/]+\/oauth2\/v2\.0\/token$/.test(path) ? "entra" : undefined;
}
