/**
 * A real registry on this machine: the distribution project's, as Debian packages it, or one of the
 * other projects in `others/`.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type IncomingMessage, request as requestUpstream, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Certificate, selfSigned } from "../network/certificate";
import { answer, type RecordedRequest, record, textOf } from "../network/loopback";
import { Misbehaviours, misbehave } from "../network/misbehaviour";
import { LoopbackServer } from "../network/server";
import { type Blob, type Image, image, index, type MediaTypes, type Says } from "./images";
import { Storage } from "./storage";
import { issuer, type TokenOptions, TokenServer, type User } from "./tokens";

export interface RegistryOptions {
  /** Whose it is: the distribution project's where it is left out. Only that one has logins. */
  kind?: "distribution" | OtherKind;
  /**
   * How it wants to know who asks: not at all; by Basic; by a token of another server; by a token of
   * its own, as Azure Container Registry.
   */
  auth?: "none" | "htpasswd" | "token" | "acr";
  /** How the tokens are given out. */
  tokens?: TokenOptions;
  /**
   * HTTPS, by a certificate that vouches for itself, for 127.0.0.1 and for further names; for clients
   * alone that show a certificate of an authority (PEM), where one is given.
   */
  tls?: boolean | { names?: string[]; clients?: string };
  /** The name it goes by, where a proxy leads to it: `contoso.azurecr.io`. */
  name?: string;
  /** Whether it keeps its blobs elsewhere, and sends clients there. */
  storage?: boolean;
  /** How many tags it lists at once, in their order; all of them, in any order, where it is left out. */
  pageSize?: number;
  /** Told what each tag that is pushed stands for, so that nodes can pull by it. */
  pushed?: (image: string, digest: string) => void;
}

export interface PushOptions {
  /** As `linux/arm64/v8`; more than one make an index. */
  platforms?: string[];
  /** Whether one platform is put into an index too. */
  index?: boolean;
  mediaTypes?: MediaTypes;
  /** What the images hold: the same gives the same digest. */
  label?: string;
  /** What else the images say of themselves. */
  says?: Says;
}

/** Who may pull where it is asked who asks. */
export const user: User = { name: "robot", password: "open sesame" };
/** Made by bcrypt from the password above. */
const htpasswd = "robot:$2b$05$Kb4uLr0Zl2oEXAMPLEsalebSl9ORgBSccDiGPKca2VfC4Qp5a0916\n";

export const otherKinds = ["go-containerregistry", "ociregistry"] as const;
export type OtherKind = (typeof otherKinds)[number];

const program = process.env.DOCKER_REGISTRY ?? "docker-registry";
const others = process.env.OTHER_REGISTRIES;

/** Why there can be no other registries here; nothing where there can. */
export const othersMissing: string | undefined =
  others === undefined
    ? "OTHER_REGISTRIES does not name the program of tests/support/registry/others"
    : undefined;

/** Why there can be no registry here; nothing where there can. */
export const registryMissing: string | undefined = (() => {
  try {
    execFileSync(program, ["--version"], { stdio: "ignore" });
    return undefined;
  } catch {
    return "docker-registry is not on PATH, and DOCKER_REGISTRY does not name it";
  }
})();

export class Registry extends LoopbackServer<Certificate | undefined> {
  /** What clients asked the registry for; not what was pushed, nor what the token server was asked. */
  readonly requests: RecordedRequest[] = [];
  /** By the names `GET manifests`, `HEAD manifests`, `GET tags` and so on. */
  readonly misbehaviours = new Misbehaviours();
  private readonly folder = mkdtempSync(join(tmpdir(), "registry-"));
  private process: ChildProcess | undefined;
  private upstream = 0;
  private blobs: Storage | undefined;

  private constructor(
    private readonly options: RegistryOptions,
    /** Gives out the tokens, where there are any. */
    readonly tokens: TokenServer | undefined,
  ) {
    const { tls = false } = options;
    const { names, clients } = typeof tls === "object" ? tls : {};
    super(tls === false ? undefined : selfSigned("ec", names), clients);
  }

  static async start(options: RegistryOptions = {}): Promise<Registry> {
    const { auth = "none" } = options;
    const hasTokens = auth === "token" || auth === "acr";
    const tokens = hasTokens ? await TokenServer.start({ user, ...options.tokens }) : undefined;
    const registry = await new Registry(options, tokens).listening();
    try {
      if (options.storage) {
        const blob = (path: string) => registry.blob(path);
        registry.blobs = await Storage.start(blob, registry.certificate);
      }
      registry.upstream = await registry.startProcess();
    } catch (error) {
      await registry.stop();
      throw error;
    }
    return registry;
  }

  /** What an image's name begins with. */
  get host(): string {
    return this.options.name ?? this.address;
  }

  override async stop(): Promise<void> {
    const { process } = this;
    if (process !== undefined && process.exitCode === null && process.signalCode === null) {
      const ended = new Promise((resolve) => process.once("exit", resolve));
      process.kill("SIGKILL");
      await ended;
    }
    await super.stop();
    await this.tokens?.stop();
    await this.blobs?.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Where its blobs are, if elsewhere. */
  get storage(): Storage | undefined {
    return this.blobs;
  }

  /** Pushes an image of a few bytes, and resolves to the digest that its tag stands for. */
  async push(repository: string, tag: string, options: PushOptions = {}): Promise<string> {
    const digest = await this.pushPlatforms(repository, tag, options);
    this.options.pushed?.(`${this.host}/${repository}:${tag}`, digest);
    return digest;
  }

  private async pushPlatforms(
    repository: string,
    tag: string,
    options: PushOptions,
  ): Promise<string> {
    const { platforms = ["linux/amd64"], mediaTypes = "oci" } = options;
    const { label = `${repository}:${tag}` } = options;
    const images = platforms.map((platform): [string, Image] => {
      return [platform, image(platform, label, mediaTypes, options.says)];
    });
    const [only] = images;
    if (images.length === 1 && only !== undefined && !options.index) {
      const [, { manifest, blobs }] = only;
      await this.pushImage(repository, tag, manifest, blobs);
      return manifest.digest;
    }
    for (const [, { manifest, blobs }] of images) {
      await this.pushImage(repository, manifest.digest, manifest, blobs);
    }
    const list = index(images, mediaTypes);
    await this.pushImage(repository, tag, list, []);
    return list.digest;
  }

  private startProcess(): Promise<number> {
    const { kind = "distribution" } = this.options;
    if (kind !== "distribution") return this.startOther(kind);
    const config = join(this.folder, "config.json");
    writeFileSync(config, JSON.stringify(this.config()));
    const child = spawn(program, ["serve", config], { stdio: ["ignore", "ignore", "pipe"] });
    this.process = child;
    return new Promise((resolve, reject) => {
      let log = "";
      createInterface({ input: child.stderr }).on("line", (line) => {
        log += `${line}\n`;
        const [, port] = /"listening on 127\.0\.0\.1:(\d+)"/.exec(line) ?? [];
        if (port !== undefined) resolve(Number(port));
      });
      child.once("error", reject);
      child.once("exit", () => reject(new Error(`${program} has ended:\n${log}`)));
    });
  }

  private startOther(kind: OtherKind): Promise<number> {
    const child = spawn(others ?? "", [kind], { stdio: ["ignore", "pipe", "inherit"] });
    this.process = child;
    return new Promise((resolve, reject) => {
      createInterface({ input: child.stdout }).on("line", (line) => resolve(Number(line)));
      child.once("error", reject);
      child.once("exit", () => reject(new Error(`${kind} has ended`)));
    });
  }

  private config(): object {
    return {
      version: 0.1,
      log: { level: "info", formatter: "json" },
      storage: {
        filesystem: { rootdirectory: join(this.folder, "data") },
        delete: { enabled: true },
      },
      http: { addr: "127.0.0.1:0", secret: "of the tests" },
      ...this.authConfig(),
    };
  }

  private authConfig(): object {
    const { auth = "none" } = this.options;
    if (auth === "none") return {};
    if (auth === "htpasswd") {
      const path = join(this.folder, "htpasswd");
      writeFileSync(path, htpasswd);
      return { auth: { htpasswd: { realm: "registry.test", path } } };
    }
    const { tokens } = this;
    if (tokens === undefined) return {};
    tokens.service = this.host;
    const realm =
      auth === "acr" ? `${this.scheme}://${this.host}/oauth2/token` : `${tokens.url}/token`;
    const rootcertbundle = join(this.folder, "tokens.pem");
    writeFileSync(rootcertbundle, tokens.signer.certificate);
    return { auth: { token: { realm, service: tokens.service, issuer, rootcertbundle } } };
  }

  protected async serve(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
    const { url: path = "/", method = "GET" } = request;
    if (this.tokens !== undefined && path.startsWith("/oauth2/")) {
      return this.tokens.serve(request, response);
    }
    const recorded = await record(request, response);
    this.requests.push(recorded);
    const [, what = ""] = /\/(manifests|tags|blobs)\//.exec(recorded.path) ?? [];
    const how = this.misbehaviours.next(`${method} ${what}`);
    if (how !== undefined) return misbehave(how, response);
    const { pageSize } = this.options;
    const headers = { ...request.headers, "x-forwarded-proto": this.scheme };
    const forwarded = requestUpstream(
      { host: "127.0.0.1", port: this.upstream, method, path, headers },
      async (answered) => {
        const succeeded = answered.statusCode === 200;
        if (succeeded && what === "blobs" && this.blobs !== undefined) {
          answered.resume();
          return answer(response, 307, undefined, { location: this.blobs.addressOf(path) });
        }
        if (succeeded && what === "tags" && pageSize !== undefined) {
          return page(recorded, await textOf(answered), pageSize, response);
        }
        response.writeHead(answered.statusCode ?? 502, answered.headers);
        return answered.pipe(response);
      },
    );
    forwarded.on("error", (error) =>
      answer(response, 502, { errors: [{ message: error.message }] }),
    );
    return forwarded.end(recorded.body);
  }

  private async blob(path: string): Promise<Buffer> {
    const [, repository = ""] = /^\/v2\/(.+)\/blobs\//.exec(path) ?? [];
    const response = await this.ask("GET", repository, path);
    return Buffer.from(await response.arrayBuffer());
  }

  private async pushImage(
    repository: string,
    reference: string,
    manifest: Blob,
    blobs: Blob[],
  ): Promise<void> {
    for (const { digest, content } of blobs) {
      const opened = await this.ask("POST", repository, `/v2/${repository}/blobs/uploads/`);
      const { pathname, searchParams } = new URL(opened.headers.get("location") ?? "", this.url);
      searchParams.set("digest", digest);
      await this.ask("PUT", repository, `${pathname}?${searchParams}`, content);
    }
    const { content, mediaType } = manifest;
    await this.ask(
      "PUT",
      repository,
      `/v2/${repository}/manifests/${reference}`,
      content,
      mediaType,
    );
  }

  private async ask(
    method: string,
    repository: string,
    path: string,
    body?: Buffer,
    type = "application/octet-stream",
  ): Promise<Response> {
    const response = await fetch(`http://127.0.0.1:${this.upstream}${path}`, {
      method,
      headers: { ...this.authorization(repository), ...(body && { "content-type": type }) },
      ...(body && { body }),
    });
    if (response.ok) return response;
    throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  }

  private authorization(repository: string): Record<string, string> {
    const { auth = "none" } = this.options;
    if (auth === "none") return {};
    if (auth === "htpasswd") {
      const encoded = Buffer.from(`${user.name}:${user.password}`).toString("base64");
      return { authorization: `Basic ${encoded}` };
    }
    const access = [{ type: "repository", name: repository, actions: ["pull", "push"] }];
    return { authorization: `Bearer ${this.tokens?.mint(access)}` };
  }
}

/** One page of a list of tags, with a link to the next, as the OCI distribution specification has it. */
function page(
  { path, query }: RecordedRequest,
  list: string,
  pageSize: number,
  response: ServerResponse,
): ServerResponse {
  const { name, tags }: { name: string; tags: string[] } = JSON.parse(list);
  const size = Math.min(Number(query.get("n") ?? pageSize), pageSize);
  const rest = tags.toSorted().filter((tag) => tag > (query.get("last") ?? ""));
  const shown = rest.slice(0, size);
  const next = new URLSearchParams({ last: shown.at(-1) ?? "", n: String(size) });
  const link = { link: `<${path}?${next}>; rel="next"` };
  return answer(response, 200, { name, tags: shown }, rest.length > size ? link : {});
}
