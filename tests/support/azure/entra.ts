/** Entra's token endpoint, for the grant of client credentials. */
import { createHash, randomUUID } from "node:crypto";
import type { ServerResponse } from "node:http";
import { decoded, type Jwt } from "../network/jwt";
import { answer, formOf, type RecordedRequest } from "../network/loopback";
import { type Azure, names, resources } from ".";
import { resourceNamed } from "./tokens";

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/** What the job's token is for. */
export const exchange = "api://AzureADTokenExchange";
/** Whom the job's token is about: a service connection. */
export const subject = "sc://contoso/shop/production";

interface Refusal {
  status: number;
  error: string;
  code: number;
  words: string;
}

export function serveToken(
  azure: Azure,
  recorded: RecordedRequest,
  response: ServerResponse,
): ServerResponse {
  const { form, wrong } = formOf(
    recorded,
    ["grant_type", "client_id", "scope"],
    ["client_secret", "client_assertion", "client_assertion_type"],
  );
  if (recorded.method !== "POST") wrong.push(`method is ${recorded.method}`);
  if (form.grant_type !== "client_credentials") wrong.push(`grant_type is ${form.grant_type}`);
  const resource = resourceOf(azure, form.scope ?? "");
  if (form.scope && resource === undefined) wrong.push(`scope is ${form.scope}`);
  const { client_secret: secret, client_assertion: assertion } = form;
  if ((secret === undefined) === (assertion === undefined)) {
    wrong.push("there is not one of client_secret and client_assertion");
  }
  if (assertion !== undefined && form.client_assertion_type !== assertionType) {
    wrong.push(`client_assertion_type is ${form.client_assertion_type}`);
  }
  if (wrong.length > 0 || resource === undefined) return azure.refuse(response, recorded, wrong);

  const [, tenant = ""] = recorded.path.split("/");
  const refusal = refusalOf(azure, tenant, form.client_id ?? "", secret, assertion);
  if (refusal !== undefined) return refuse(response, refusal);
  const jwt = assertion === undefined ? undefined : decoded(assertion);
  if (assertion !== undefined && azure.tokens.resourceOf(assertion) !== exchange) {
    const faults = faultsOf(azure, recorded, jwt, form.client_id ?? "");
    if (faults.length > 0) {
      const body = bodyOf("invalid_client", 700027, "The client assertion is not valid.");
      return azure.refuse(response, recorded, faults, body, 401);
    }
  }
  const { expiresIn = 3599 } = azure.options;
  return answer(response, 200, {
    token_type: "Bearer",
    expires_in: expiresIn,
    ext_expires_in: expiresIn,
    access_token: azure.tokens.issue(resource, expiresIn, { tid: tenant, appid: form.client_id }),
  });
}

function resourceOf(azure: Azure, scope: string): string | undefined {
  const [, name] = /^(.+)\/\.default$/.exec(scope) ?? [];
  const known = [azure.url, ...resources.arm, resources.cluster];
  return name === undefined ? undefined : resourceNamed(name, known);
}

/** Why a request that is as it should be is refused all the same. */
function refusalOf(
  azure: Azure,
  tenant: string,
  client: string,
  secret: string | undefined,
  assertion: string | undefined,
): Refusal | undefined {
  if (tenant !== names.tenant) {
    const words = `Tenant '${tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.`;
    return { status: 400, error: "invalid_request", code: 90002, words };
  }
  if (client !== names.client) {
    const words = `Application with identifier '${client}' was not found in the directory 'Contoso'.`;
    return { status: 400, error: "unauthorized_client", code: 700016, words };
  }
  const invalid = { status: 401, error: "invalid_client" };
  if (secret !== undefined && secret !== names.secret) {
    const words = `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${client}'.`;
    return { ...invalid, code: 7000215, words };
  }
  if (secret !== undefined && azure.options.secretExpired) {
    const words = `The provided client secret keys for app '${client}' are expired. Visit the Azure portal to create new keys for your app: https://aka.ms/NewClientSecret`;
    return { ...invalid, code: 7000222, words };
  }
  const isOfJob = assertion !== undefined && decoded(assertion)?.claims.aud === exchange;
  if (isOfJob && azure.options.federated === false) {
    const words = `No matching federated identity record found for presented assertion subject '${subject}'. Check your federated identity credential Subject, Audience and Issuer against the presented assertion.`;
    return { ...invalid, code: 700213, words };
  }
  if (isOfJob && azure.tokens.resourceOf(assertion) === undefined) {
    const words = "Client assertion is not within its valid time range.";
    return { ...invalid, code: 700024, words };
  }
  return undefined;
}

/** What is wrong with an assertion that the client signed itself. */
function faultsOf(
  azure: Azure,
  { headers, path }: RecordedRequest,
  jwt: Jwt | undefined,
  client: string,
): string[] {
  if (jwt === undefined) return ["client_assertion is no JWT"];
  const { x509 } = azure.clientCertificate;
  const { header, claims } = jwt;
  const thumbprint = (hash: string) => createHash(hash).update(x509.raw).digest("base64url");
  const now = Date.now() / 1000;
  const expected: Record<string, boolean> = {
    "alg is not RS256": header.alg === "RS256",
    "there is no thumbprint of the certificate":
      header.x5t === thumbprint("sha1") || header["x5t#S256"] === thumbprint("sha256"),
    "the signature is not the certificate's": jwt.isSignedBy(x509.publicKey),
    "aud is not the token endpoint":
      claims.aud === `${azure.url.split(":")[0]}://${headers.host}${path}`,
    "iss is not the client": claims.iss === client,
    "sub is not the client": claims.sub === client,
    "jti is missing": typeof claims.jti === "string" && claims.jti !== "",
    "jti is used already": azure.tokens.isFirstUse(String(claims.jti)),
    "nbf is not a time that has come": typeof claims.nbf === "number" && claims.nbf <= now + 1,
    "exp is not within a day":
      typeof claims.exp === "number" && claims.exp > now && claims.exp < now + 86_400,
  };
  return Object.keys(expected).filter((name) => !expected[name]);
}

function refuse(response: ServerResponse, { status, error, code, words }: Refusal): ServerResponse {
  return answer(response, status, bodyOf(error, code, words));
}

function bodyOf(error: string, code: number, words: string): object {
  const [trace, correlation] = [randomUUID(), randomUUID()];
  const timestamp = `${new Date().toISOString().slice(0, 19).replace("T", " ")}Z`;
  const lines = [
    `AADSTS${code}: ${words}`,
    `Trace ID: ${trace}`,
    `Correlation ID: ${correlation}`,
    `Timestamp: ${timestamp}`,
  ];
  return {
    error,
    error_description: lines.join("\r\n"),
    error_codes: [code],
    timestamp,
    trace_id: trace,
    correlation_id: correlation,
    error_uri: `https://login.microsoftonline.com/error?code=${code}`,
  };
}
