/**
 * A server that gives out the bearer tokens that a registry asks for, as the distribution project
 * specifies it (docs/spec/auth/token.md, oauth.md) and as Azure Container Registry does
 * (Azure/acr, docs/AAD-OAuth.md).
 */
import { createPrivateKey, randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { type Certificate, selfSigned } from "../network/certificate";
import { decoded, signed } from "../network/jwt";
import {
  answer,
  basicOf,
  formOf,
  type RecordedRequest,
  record,
  wrongNames,
} from "../network/loopback";
import { Misbehaviours, misbehave } from "../network/misbehaviour";
import { LoopbackServer } from "../network/server";

export interface User {
  name: string;
  password: string;
}

export interface TokenOptions {
  /** Who may pull everything. */
  user?: User;
  /** Whether one who says no name may pull too. */
  anonymous?: boolean;
  /** Whether POST is served (OAuth 2), or answered with 404. */
  oauth?: boolean;
  /** The field or fields that carry the token. */
  field?: "token" | "access_token" | "both";
  /** Seconds a token is said to be valid; nothing is said where it is null. */
  expiresIn?: number | null;
  /** Plays Azure Container Registry: its tenant, and which tokens of Entra it knows. */
  acr?: { tenant: string; knows: (accessToken: string) => boolean };
}

interface Access {
  type: string;
  name: string;
  actions: string[];
}

export const issuer = "tokens.test";
const nobody = "00000000-0000-0000-0000-000000000000";

export class TokenServer extends LoopbackServer {
  readonly requests: RecordedRequest[] = [];
  /** What was wrong with requests that no client should make. */
  readonly faults: string[] = [];
  /** By the names token, exchange and oauth. */
  readonly misbehaviours = new Misbehaviours();
  /** Signs the tokens: what the registry is to trust. */
  readonly signer: Certificate = selfSigned("ec");
  /** The name of the registry whose tokens these are. */
  service = "registry.test";
  private readonly refreshTokens = new Set<string>();

  private constructor(private readonly options: TokenOptions) {
    super(undefined);
  }

  static start(options: TokenOptions = {}): Promise<TokenServer> {
    return new TokenServer(options).listening();
  }

  /** A token for the registry that allows this. */
  mint(access: Access[], subject = "", seconds = 300): string {
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: issuer,
      sub: subject,
      aud: this.service,
      iat: now,
      nbf: now - 10,
      exp: now + seconds,
      jti: randomUUID(),
      access,
    };
    const { x509, key } = this.signer;
    const header = { x5c: [x509.raw.toString("base64")] };
    return signed(header, claims, createPrivateKey(key));
  }

  /** Serves /token, or /oauth2/token and /oauth2/exchange where it plays Azure. */
  async serve(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
    const recorded = await record(request, response);
    this.requests.push(recorded);
    const { method, path } = recorded;
    const name = path === "/oauth2/exchange" ? "exchange" : method === "POST" ? "oauth" : "token";
    const how = this.misbehaviours.next(name);
    if (how !== undefined) return misbehave(how, response);
    const tokenPath = this.options.acr === undefined ? "/token" : "/oauth2/token";
    if (path === tokenPath && method === "GET") return this.serveToken(recorded, response);
    if (path === tokenPath && method === "POST") return this.serveOauth(recorded, response);
    if (this.options.acr !== undefined && name === "exchange" && method === "POST") {
      return this.serveExchange(recorded, response);
    }
    return this.refuse(response, recorded, ["there is no such thing"], 404);
  }

  private serveToken(recorded: RecordedRequest, response: ServerResponse): ServerResponse {
    const { query, headers, body } = recorded;
    const scopes = query.getAll("scope");
    const single = new URLSearchParams(query);
    if (scopes[0] !== undefined) single.set("scope", scopes[0]);
    const wrong = wrongNames(
      single,
      ["service"],
      ["scope", "account", "client_id", "offline_token"],
    );
    wrong.push(...this.wrongService(query.get("service")), ...scopes.flatMap(wrongScope));
    if (body !== "") wrong.push("GET has a body");
    const { authorization } = headers;
    const basic = basicOf(authorization);
    if (authorization !== undefined && basic === undefined) wrong.push("Authorization is no Basic");
    if (wrong.length > 0) return this.refuse(response, recorded, wrong);
    if (basic !== undefined && !this.isUser(...basic)) return unauthorized(response);
    const isKnown = basic !== undefined || (this.options.anonymous ?? false);
    const access = isKnown ? scopes.map(pullOf) : [];
    return this.give(response, this.mint(access, basic?.[0]));
  }

  private serveOauth(recorded: RecordedRequest, response: ServerResponse): ServerResponse {
    const { acr, oauth = false } = this.options;
    if (acr === undefined && !oauth) return answer(response, 404);
    const more = acr === undefined ? ["client_id"] : [];
    const { form, wrong } = formOf(
      recorded,
      ["grant_type", "service", ...more],
      ["scope", "refresh_token", "username", "password", "access_type", "client_id"],
    );
    const { grant_type: grant, scope = "", refresh_token: refreshToken = "" } = form;
    const scopes = scope.split(" ").filter(Boolean);
    wrong.push(...this.wrongService(form.service), ...scopes.flatMap(wrongScope));
    if (grant !== "refresh_token" && grant !== "password") wrong.push(`grant_type is ${grant}`);
    if (grant === "refresh_token" && refreshToken === "") wrong.push("refresh_token is missing");
    if (grant === "password" && !form.username) wrong.push("username is missing");
    if (recorded.headers.authorization !== undefined) wrong.push("Authorization is sent as well");
    if (wrong.length > 0) return this.refuse(response, recorded, wrong);
    const isUser =
      grant === "password"
        ? this.isUser(form.username ?? "", form.password ?? "")
        : this.refreshTokens.has(refreshToken);
    if (!isUser) return unauthorized(response);
    const token = this.mint(scopes.map(pullOf), form.username ?? nobody);
    if (acr !== undefined) return answer(response, 200, { access_token: token });
    return answer(response, 200, {
      access_token: token,
      scope,
      expires_in: this.options.expiresIn ?? 60,
    });
  }

  private serveExchange(recorded: RecordedRequest, response: ServerResponse): ServerResponse {
    const { form, wrong } = formOf(recorded, ["grant_type", "service", "access_token"], ["tenant"]);
    const { acr } = this.options;
    if (form.grant_type !== "access_token") wrong.push(`grant_type is ${form.grant_type}`);
    if (form.tenant !== undefined && form.tenant !== acr?.tenant) {
      wrong.push(`tenant is ${form.tenant}`);
    }
    wrong.push(...this.wrongService(form.service));
    if (recorded.headers.authorization !== undefined) wrong.push("Authorization is sent as well");
    if (wrong.length > 0) return this.refuse(response, recorded, wrong);
    if (acr?.knows(form.access_token ?? "") !== true) return unauthorized(response);
    const refreshToken = this.mint([], nobody, 3 * 60 * 60);
    this.refreshTokens.add(refreshToken);
    return answer(response, 200, { refresh_token: refreshToken });
  }

  private give(response: ServerResponse, token: string): ServerResponse {
    const { field = "token", expiresIn = 300 } = this.options;
    return answer(response, 200, {
      ...(field !== "access_token" && { token }),
      ...(field !== "token" && { access_token: token }),
      ...(expiresIn !== null && { expires_in: expiresIn }),
    });
  }

  private isUser(name: string, password: string): boolean {
    const { user } = this.options;
    if (name === nobody && this.refreshTokens.has(password)) return true;
    return user !== undefined && name === user.name && password === user.password;
  }

  private wrongService(service: string | null | undefined): string[] {
    return service && service !== this.service ? [`service is ${service}`] : [];
  }

  private refuse(
    response: ServerResponse,
    { method, path }: RecordedRequest,
    wrong: string[],
    status = 400,
  ): ServerResponse {
    this.faults.push(`${method} ${path}: ${wrong.join(", ")}`);
    return answer(response, status, {
      errors: [{ code: "UNSUPPORTED", message: wrong.join(", ") }],
    });
  }
}

/** The repositories that a token is for. */
export function repositoriesOf(token: string): string[] {
  const access = decoded(token)?.claims.access as Access[] | undefined;
  return (access ?? []).map(({ name }) => name);
}

function wrongScope(scope: string): string[] {
  const fits = /^repository(\([a-z]+\))?:[a-z0-9._/-]+:(pull|push|delete)(,(pull|push|delete))*$/;
  return scope === "" || fits.test(scope) ? [] : [`scope is ${scope}`];
}

function pullOf(scope: string): Access {
  const [type = "", name = ""] = scope.split(":");
  return { type, name, actions: ["pull"] };
}

function unauthorized(response: ServerResponse): ServerResponse {
  const errors = [{ code: "UNAUTHORIZED", message: "authentication required", detail: null }];
  return answer(response, 401, { errors });
}
