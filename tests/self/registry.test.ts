/** The registry of the tests, and its stand-ins, with fetch as the client. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, test } from "node:test";
import { promisify } from "node:util";
import { Azure, names } from "../support/azure";
import { RecordingProxy } from "../support/network/proxy";
import { Registry, type RegistryOptions, registryMissing, user } from "../support/registry";
import { Hostile } from "../support/registry/hostile";
import { repositoriesOf } from "../support/registry/tokens";

const folder = mkdtempSync(path.join(tmpdir(), "registry-test-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const accept = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");
const basic = (name: string, password: string) =>
  `Basic ${Buffer.from(`${name}:${password}`).toString("base64")}`;
const known = basic(user.name, user.password);

/** The JSON of an answer. */
async function documentOf(response: Response) {
  // biome-ignore lint/suspicious/noExplicitAny: what it holds is what the test asserts.
  return (await response.json()) as any;
}

async function withRegistry(
  options: RegistryOptions,
  body: (registry: Registry) => Promise<void>,
): Promise<void> {
  const registry = await Registry.start(options);
  try {
    await body(registry);
  } finally {
    await registry.stop();
  }
}

function manifest(registry: Registry, tag: string, authorization = "", method = "HEAD") {
  const headers = { accept, ...(authorization && { authorization }) };
  return fetch(`${registry.url}/v2/team/web/manifests/${tag}`, { method, headers });
}

describe("the registry", { concurrency: 2, skip: registryMissing ?? false }, () => {
  test("has what was pushed: an index, manifests of both kinds, tags", () =>
    withRegistry({}, async (registry) => {
      const platforms = ["linux/amd64", "linux/arm64/v8", "windows/amd64", "unknown/unknown"];
      const digest = await registry.push("team/web", "1", { platforms });
      const head = await manifest(registry, "1");
      assert.equal(head.status, 200);
      assert.equal(head.headers.get("docker-content-digest"), digest);
      const got = await documentOf(await manifest(registry, "1", "", "GET"));
      const platformsGot = got.manifests.map((each: { platform: unknown }) => each.platform);
      assert.deepEqual(platformsGot, [
        { os: "linux", architecture: "amd64" },
        { os: "linux", architecture: "arm64", variant: "v8" },
        { os: "windows", architecture: "amd64", "os.version": "10.0.20348.2700" },
        { os: "unknown", architecture: "unknown" },
      ]);

      const other = await registry.push("team/web", "2", { mediaTypes: "docker" });
      const plain = await manifest(registry, other);
      const type = "application/vnd.docker.distribution.manifest.v2+json";
      assert.equal(plain.headers.get("content-type"), type);
      const { config } = await documentOf(await manifest(registry, "2", "", "GET"));
      const blob = await fetch(`${registry.url}/v2/team/web/blobs/${config.digest}`);
      assert.equal((await documentOf(blob)).architecture, "amd64");

      const tags = await fetch(`${registry.url}/v2/team/web/tags/list`);
      assert.deepEqual((await documentOf(tags)).tags.sort(), ["1", "2"]);
      assert.equal((await manifest(registry, "3")).status, 404);
      const [first] = registry.requests;
      assert.deepEqual([first?.method, first?.status], ["HEAD", 200]);
    }));

  test("asks for a name and a password", () =>
    withRegistry({ auth: "htpasswd" }, async (registry) => {
      await registry.push("team/web", "1");
      const refused = await manifest(registry, "1");
      assert.equal(refused.status, 401);
      assert.equal(refused.headers.get("www-authenticate"), 'Basic realm="registry.test"');
      assert.equal((await manifest(registry, "1", basic("robot", "wrong"))).status, 401);
      assert.equal((await manifest(registry, "1", known)).status, 200);
    }));

  test("asks for a token of another server", () =>
    withRegistry({ auth: "token" }, async (registry) => {
      await registry.push("team/web", "1");
      const challenge = (await manifest(registry, "1")).headers.get("www-authenticate") ?? "";
      const { tokens } = registry;
      assert.equal(
        challenge,
        `Bearer realm="${tokens?.url}/token",service="${registry.host}",scope="repository:team/web:pull"`,
      );
      const query = new URLSearchParams({
        service: registry.host,
        scope: "repository:team/web:pull",
      });
      const ask = (more: RequestInit = {}, parameters = query) =>
        fetch(`${tokens?.url}/token?${parameters}`, more);
      const given = await documentOf(await ask({ headers: { authorization: known } }));
      assert.equal(given.expires_in, 300);
      assert.deepEqual(repositoriesOf(given.token), ["team/web"]);
      assert.equal((await manifest(registry, "1", `Bearer ${given.token}`)).status, 200);

      const nobody = await documentOf(await ask());
      const refused = await manifest(registry, "1", `Bearer ${nobody.token}`);
      assert.match(refused.headers.get("www-authenticate") ?? "", /error="insufficient_scope"$/);
      assert.equal((await ask({ headers: { authorization: basic("a", "b") } })).status, 401);
      assert.equal((await ask({ method: "POST" })).status, 404);
      assert.deepEqual(tokens?.faults, []);

      query.set("service", "another");
      query.append("scope", "everything");
      assert.equal((await ask({ headers: { authorization: "Bearer x" } })).status, 400);
      assert.deepEqual(tokens?.faults, [
        "GET /token: service is another, scope is everything, Authorization is no Basic",
      ]);
    }));

  test("plays Azure Container Registry", async () => {
    const azure = await Azure.start();
    const known = azure.tokens.issue("https://management.azure.com", 60);
    const unknown = azure.tokens.issue("6dae42f8-4368-4678-94ff-3960e28e3630", 60);
    await withRegistry({ auth: "acr", tokens: azure.registryTokens }, async (registry) => {
      await registry.push("team/web", "1");
      const service = registry.host;
      const post = async (path: string, form: Record<string, string>) => {
        const body = new URLSearchParams(form);
        const url = `${registry.url}/oauth2/${path}`;
        const response = await fetch(url, { method: "POST", body });
        return { status: response.status, ...(await documentOf(response)) };
      };
      const grant = { grant_type: "access_token", service, tenant: names.tenant };
      const { refresh_token } = await post("exchange", { ...grant, access_token: known });
      const scope = "repository:team/web:pull";
      const refresh = { grant_type: "refresh_token", service, scope, refresh_token };
      const { access_token } = await post("token", refresh);
      assert.equal((await manifest(registry, "1", `Bearer ${access_token}`)).status, 200);
      const query = new URLSearchParams({ service, scope });
      const authorization = basic(names.client, names.secret);
      const url = `${registry.url}/oauth2/token?${query}`;
      const bySecret = await documentOf(await fetch(url, { headers: { authorization } }));
      const bearer = `Bearer ${bySecret.access_token}`;
      assert.equal((await manifest(registry, "1", bearer)).status, 200);
      assert.equal((await post("exchange", { ...grant, access_token: unknown })).status, 401);
      assert.equal((await post("token", { ...refresh, refresh_token: "another" })).status, 401);
      assert.deepEqual(registry.tokens?.faults, []);
      assert.equal((await post("exchange", { ...grant, tenant: "another" })).status, 400);
      assert.deepEqual(registry.tokens?.faults, [
        "POST /oauth2/exchange: access_token is missing, tenant is another",
      ]);
    });
    await azure.stop();
  });

  test("speaks HTTPS by a certificate that vouches for itself", () =>
    withRegistry({ tls: true }, async (registry) => {
      await registry.push("team/web", "1");
      const options = { method: "HEAD", headers: { accept } };
      const ask = (ca?: string) =>
        new Promise<number | undefined>((resolve, reject) => {
          const url = `${registry.url}/v2/team/web/manifests/1`;
          httpsRequest(url, { ...options, ca }, ({ statusCode }) => resolve(statusCode))
            .on("error", reject)
            .end();
        });
      assert.equal(await ask(registry.certificate?.certificate), 200);
      await assert.rejects(ask(), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" });
    }));

  test("is reached by its name through a proxy", () => {
    const name = "contoso.azurecr.io";
    return withRegistry({ tls: { names: [name] }, name }, async (registry) => {
      const digest = await registry.push("team/web", "1");
      const ca = path.join(folder, "ca.pem");
      writeFileSync(ca, registry.certificate?.certificate ?? "");
      const proxy = await RecordingProxy.start({ routes: { [`${name}:443`]: registry.address } });
      try {
        const url = `https://${registry.host}/v2/team/web/manifests/1`;
        const args = ["--silent", "--head", "--proxy", proxy.url, "--cacert", ca];
        const accepted = ["--header", `Accept: ${accept}`];
        const { stdout } = await promisify(execFile)("curl", [...args, ...accepted, url]);
        assert.match(stdout, new RegExp(`^docker-content-digest: ${digest}\r$`, "im"));
        assert.deepEqual(proxy.asked, [`CONNECT ${name}:443`]);
      } finally {
        await proxy.stop();
      }
    });
  });

  test("has another image under a tag that is pushed anew", () =>
    withRegistry({}, async (registry) => {
      const first = await registry.push("team/web", "1");
      assert.equal(await registry.push("team/web", "1"), first);
      const second = await registry.push("team/web", "1", { label: "made anew" });
      assert.notEqual(second, first);
      const head = await manifest(registry, "1");
      assert.equal(head.headers.get("docker-content-digest"), second);
    }));

  test("keeps its blobs elsewhere", () =>
    withRegistry({ auth: "htpasswd", storage: true }, async (registry) => {
      await registry.push("team/web", "1");
      const { config } = await documentOf(await manifest(registry, "1", known, "GET"));
      const url = `${registry.url}/v2/team/web/blobs/${config.digest}`;
      const sent = await fetch(url, { headers: { authorization: known }, redirect: "manual" });
      assert.equal(sent.status, 307);
      const location = sent.headers.get("location") ?? "";
      assert.equal((await documentOf(await fetch(location))).os, "linux");
      assert.deepEqual(registry.storage?.faults, []);
      const refused = await fetch(location, { headers: { authorization: known } });
      assert.equal(refused.status, 400);
      assert.deepEqual(registry.storage?.faults, [
        `GET /v2/team/web/blobs/${config.digest}: there is an Authorization`,
      ]);
    }));

  test("lists its tags by the page", () =>
    withRegistry({ pageSize: 2 }, async (registry) => {
      for (const tag of ["b", "a", "c"]) await registry.push("team/web", tag);
      const list = await fetch(`${registry.url}/v2/team/web/tags/list?n=100`);
      assert.deepEqual((await documentOf(list)).tags, ["a", "b"]);
      const link = list.headers.get("link") ?? "";
      assert.equal(link, '</v2/team/web/tags/list?last=b&n=2>; rel="next"');
      const rest = await fetch(`${registry.url}/v2/team/web/tags/list?last=b&n=2`);
      assert.deepEqual((await documentOf(rest)).tags, ["c"]);
      assert.equal(rest.headers.get("link"), null);
    }));

  test("misbehaves when told to", () =>
    withRegistry({}, async (registry) => {
      await registry.push("team/web", "1");
      registry.misbehaviours.add("HEAD manifests", { kind: "status", code: 503 }, 1);
      assert.equal((await manifest(registry, "1")).status, 503);
      assert.equal((await manifest(registry, "1")).status, 200);
    }));
});

describe("a hostile registry", () => {
  /** The status of an answer that is read to its end, or what became of it. */
  async function outcome(method: string, url: string, patience: number): Promise<string> {
    const headers = { accept, authorization: known };
    const signal = AbortSignal.timeout(patience);
    try {
      const response = await fetch(url, { method, headers, signal, redirect: "manual" });
      let bytes = 0;
      for await (const chunk of response.body ?? []) {
        bytes += (chunk as Uint8Array).length;
        if (bytes > 1024 * 1024) return "too much";
      }
      return String(response.status);
    } catch (error) {
      return (error as Error).name === "TimeoutError" ? "no answer" : "an error";
    }
  }

  const bodies: Record<string, string> = {
    "sends a body without end": "too much",
    "sends a huge body": "too much",
    "closes the connection in the middle": "an error",
  };
  const others: Record<string, string> = {
    "has a header of 100 KB": "an error",
    "closes the connection at once": "an error",
    "never answers": "no answer",
  };

  test("does what it can", async () => {
    const hostile = await Hostile.start();
    try {
      const url = `${hostile.registry.url}/v2/team/web/manifests/1`;
      for (const [name, how] of Object.entries(hostile.repertoire)) {
        hostile.behave(how);
        const status = typeof how === "object" && how.kind === "status" ? how.code : 200;
        const patience = how === "hang" ? 100 : 20_000;
        const expected = others[name] ?? String(status);
        assert.equal(await outcome("GET", url, patience), bodies[name] ?? expected, name);
        if (how === "cut") continue;
        assert.equal(await outcome("HEAD", url, patience), expected, `HEAD: ${name}`);
      }
      assert.deepEqual(hostile.elsewhere.credentials, []);
      await fetch(hostile.elsewhere.url, { headers: { authorization: known } });
      assert.deepEqual(hostile.elsewhere.credentials, [known]);
    } finally {
      await hostile.stop();
    }
  });
});
