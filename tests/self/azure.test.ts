/** The stand-ins for Azure and for the network before it, with fetch, curl and kubectl as clients. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash, createPrivateKey, randomUUID, X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { promisify } from "node:util";
import { ApiServer } from "../support/api-server";
import { Azure, type AzureOptions, names, resources } from "../support/azure";
import { byCertificate, byFederation, ofJob } from "../support/azure/connections";
import { Guard } from "../support/network/guard";
import { signed } from "../support/network/jwt";
import { tooMany } from "../support/network/misbehaviour";
import { RecordingProxy } from "../support/network/proxy";

const folder = mkdtempSync(join(tmpdir(), "azure-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const program = promisify(execFile);

type Form = Record<string, string>;
const scope = "https://management.azure.com//.default";
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

async function withAzure(options: AzureOptions, body: (azure: Azure) => Promise<void>) {
  const azure = await Azure.start(options);
  try {
    await body(azure);
  } finally {
    await azure.stop();
  }
}

async function documentOf(response: Response) {
  // biome-ignore lint/suspicious/noExplicitAny: what it holds is what the test asserts.
  return { status: response.status, ...((await response.json()) as any) };
}

async function token(azure: Azure, form: Form, tenant = names.tenant) {
  const grant = { grant_type: "client_credentials", client_id: names.client, scope };
  const body = new URLSearchParams({ ...grant, ...form });
  const url = `${azure.url}/${tenant}/oauth2/v2.0/token`;
  return documentOf(await fetch(url, { method: "POST", body }));
}

async function credentials(azure: Azure, token: string, path: Form = {}) {
  const { subscription, resourceGroup, cluster, action } = {
    ...names,
    action: "listClusterUserCredential",
    ...path,
  };
  const cluster_ = `providers/Microsoft.ContainerService/managedClusters/${cluster}`;
  const url = `${azure.url}/subscriptions/${subscription}/resourceGroups/${resourceGroup}/${cluster_}/${action}`;
  const headers = { authorization: `Bearer ${token}` };
  return documentOf(await fetch(`${url}?api-version=2024-05-01`, { method: "POST", headers }));
}

describe("Entra", { concurrency: 2 }, () => {
  test("gives a token for a secret, and says what is wrong with it", () =>
    withAzure({ expiresIn: 60 }, async (azure) => {
      const given = await token(azure, { client_secret: names.secret });
      assert.deepEqual([given.status, given.token_type, given.expires_in], [200, "Bearer", 60]);
      assert.ok(azure.knows(given.access_token, ...resources.arm), "the token is not known");
      assert.ok(!azure.knows(given.access_token, resources.cluster), "the token is for all");

      const wrong = await token(azure, { client_secret: "wrong" });
      assert.deepEqual([wrong.status, wrong.error], [401, "invalid_client"]);
      assert.match(wrong.error_description, /^AADSTS7000215: Invalid client secret provided\./);
      const codes = [
        await token(azure, { client_secret: names.secret }, "another"),
        await token(azure, { client_secret: names.secret, client_id: "another" }),
      ].map(({ status, error_codes: [code] }) => [status, code]);
      assert.deepEqual(codes, [
        [400, 90002],
        [400, 700016],
      ]);
      assert.deepEqual(azure.faults, []);

      await token(azure, { client_secret: names.secret, scope: "https://graph.test/.default" });
      assert.deepEqual(azure.faults, [
        `POST /${names.tenant}/oauth2/v2.0/token: scope is https://graph.test/.default`,
      ]);
      azure.misbehaviours.add("entra", tooMany(1), 1);
      const { status, headers } = await fetch(`${azure.url}/${names.tenant}/oauth2/v2.0/token`);
      assert.deepEqual([status, headers.get("retry-after")], [429, "1"]);
    }));

  test("gives a token for a certificate, once for each assertion", () =>
    withAzure({}, async (azure) => {
      const { x509, key } = azure.clientCertificate;
      const now = Math.floor(Date.now() / 1000);
      const claims = {
        aud: `${azure.url}/${names.tenant}/oauth2/v2.0/token`,
        iss: names.client,
        sub: names.client,
        jti: randomUUID(),
        nbf: now,
        exp: now + 300,
      };
      const x5t = createHash("sha1").update(x509.raw).digest("base64url");
      const ask = (more: object, header: Record<string, string> = { x5t }) => {
        const assertion = signed(header, { ...claims, ...more }, createPrivateKey(key));
        return token(azure, { client_assertion: assertion, client_assertion_type: assertionType });
      };
      assert.equal((await ask({})).status, 200);
      assert.deepEqual(azure.faults, []);
      const faults = [
        [await ask({}), "jti is used already"],
        [await ask({ jti: "2", aud: "x" }), "aud is not the token endpoint"],
        [await ask({ jti: "3", exp: now - 1 }), "exp is not within a day"],
        [await ask({ jti: "4" }, { x5t: "x" }), "there is no thumbprint of the certificate"],
      ];
      assert.deepEqual(
        faults.map(([answer]) => answer.status),
        [401, 401, 401, 401],
      );
      assert.deepEqual(
        azure.faults,
        faults.map(([, fault]) => `POST /${names.tenant}/oauth2/v2.0/token: ${fault}`),
      );
    }));

  test("gives a token for that of the job", () =>
    withAzure({}, async (azure) => {
      const { id } = byFederation(azure);
      const ask = async (bearer: string, connection = id) => {
        const plan = `plans/${names.plan}/jobs/${names.job}/oidctoken`;
        const path = `${names.project}/_apis/distributedtask/hubs/release/${plan}`;
        const query = `serviceConnectionId=${connection}&api-version=7.2-preview.1`;
        return fetch(`${azure.collection}${path}?${query}`, {
          method: "POST",
          headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json" },
        });
      };
      const job = ofJob(azure).parameters.AccessToken ?? "";
      const { oidcToken } = await documentOf(await ask(job));
      const form = { client_assertion: oidcToken, client_assertion_type: assertionType };
      for (const again of [1, 2]) assert.equal((await token(azure, form)).status, 200, `${again}`);
      assert.equal((await ask("another")).status, 401);
      assert.equal((await ask(job, "another")).status, 404);
      assert.deepEqual(azure.faults, []);
    }));

  test("does not know the job", () =>
    withAzure({ federated: false }, async (azure) => {
      const assertion = azure.tokens.issue("api://AzureADTokenExchange", 60);
      const form = { client_assertion: assertion, client_assertion_type: assertionType };
      assert.deepEqual((await token(azure, form)).error_codes, [700213]);
    }));
});

test("a machine gives a token of its identity", () =>
  withAzure({}, async (azure) => {
    const ask = async (query: Form, headers: Form = { Metadata: "true" }) => {
      const parameters = new URLSearchParams({ "api-version": "2018-02-01", ...query });
      const url = `${azure.url}/metadata/identity/oauth2/token?${parameters}`;
      return documentOf(await fetch(url, { headers }));
    };
    const given = await ask({ resource: resources.cluster });
    assert.deepEqual([given.expires_in, given.resource], ["86399", resources.cluster]);
    assert.equal((await ask({ resource: resources.cluster, client_id: "x" })).status, 400);
    assert.deepEqual(azure.faults, []);
    assert.equal((await ask({ resource: resources.cluster }, {})).status, 400);
    assert.deepEqual(azure.faults, [
      "GET /metadata/identity/oauth2/token: the header Metadata is not true",
    ]);
  }));

describe("the Resource Manager", { concurrency: 2 }, () => {
  const cluster = { server: "https://127.0.0.1:1" };

  test("refuses who may not, and what is not there", () =>
    withAzure({ cluster }, async (azure) => {
      const arm = azure.tokens.issue("https://management.azure.com", 60);
      const other = azure.tokens.issue(resources.cluster, 60);
      const codes = [
        await credentials(azure, arm, { subscription: "x" }),
        await credentials(azure, arm, { resourceGroup: "x" }),
        await credentials(azure, arm, { cluster: "x" }),
        await credentials(azure, other),
      ].map(({ status, error }) => `${status} ${error.code}`);
      assert.deepEqual(codes, [
        "404 SubscriptionNotFound",
        "404 ResourceGroupNotFound",
        "404 ResourceNotFound",
        "401 InvalidAuthenticationTokenAudience",
      ]);
      azure.options.authorized = false;
      assert.equal((await credentials(azure, arm)).error.code, "AuthorizationFailed");
      assert.deepEqual(azure.faults, []);
    }));

  test("has no credentials of an administrator for a cluster without local accounts", () =>
    withAzure({ cluster: { ...cluster, users: "entra" } }, async (azure) => {
      const arm = azure.tokens.issue(azure.url, 60);
      const action = "listClusterAdminCredential";
      const { status, error } = await credentials(azure, arm, { action });
      assert.deepEqual([status, error.code], [400, "BadRequest"]);
    }));
});

describe("a cluster's kubeconfig", { concurrency: 2 }, () => {
  /** Writes the kubeconfig that the Resource Manager gives, and asks kubectl. */
  async function kubectl(azure: Azure, action: string, args: string[], env: Form = {}) {
    const arm = azure.tokens.issue(azure.url, 60);
    const [{ name, value }] = (await credentials(azure, arm, { action })).kubeconfigs;
    const path = join(folder, randomUUID());
    writeFileSync(path, Buffer.from(value, "base64"));
    const environment = { PATH: process.env.PATH, HOME: folder, KUBECONFIG: path, ...env };
    const { stdout } = await program("kubectl", args, { env: environment });
    return { name, out: stdout.trim() };
  }

  async function withCluster(
    users: "local" | "entra" | "entra-pop",
    body: (azure: Azure, guard: Guard) => Promise<void>,
  ) {
    const server = await ApiServer.start();
    const azures: Azure[] = [];
    const isKnown = (token: string) =>
      token === "token-of-the-cluster" ||
      azures.some((azure) => azure.knows(token, resources.cluster));
    const guard = await Guard.start(server.url, isKnown, ["shop.hcp.test"]);
    const ca = guard.certificate.certificate;
    const azure = await Azure.start({ cluster: { server: guard.url, ca, users } });
    azures.push(azure);
    try {
      await body(azure, guard);
    } finally {
      await Promise.all([azure.stop(), guard.stop(), server.stop()]);
    }
  }

  const nodes = ["get", "nodes", "-o", "name"];

  test("lets in a user of the cluster itself", () =>
    withCluster("local", async (azure) => {
      const context = ["config", "current-context"];
      const user = "listClusterUserCredential";
      const admin = "listClusterAdminCredential";
      assert.equal((await kubectl(azure, user, nodes)).out, "node/node-1\nnode/node-2");
      assert.deepEqual(await kubectl(azure, user, context), { name: "clusterUser", out: "shop" });
      const asAdmin = await kubectl(azure, admin, context);
      assert.deepEqual(asAdmin, { name: "clusterAdmin", out: "shop-admin" });
    }));

  test("lets in a user of Entra, by a token for the cluster", () =>
    withCluster("entra-pop", async (azure, guard) => {
      const view = ["config", "view", "--raw", "-o", "jsonpath={.users[0].user.exec.args}"];
      const { out } = await kubectl(azure, "listClusterUserCredential", view);
      assert.deepEqual(JSON.parse(out), [
        ...["get-token", "--environment", "AzurePublicCloud", "--server-id", resources.cluster],
        ...["--client-id", "80faf920-1908-4b52-b5ef-a8e7bedfc67a", "--tenant-id", names.tenant],
        ...["--login", "devicecode", "--pop-enabled", "--pop-claims"],
        `u=/subscriptions/${names.subscription}/resourceGroups/${names.resourceGroup}`,
      ]);
      const ca = join(folder, "ca.pem");
      writeFileSync(ca, guard.certificate.certificate);
      const ask = (token: string) =>
        program("curl", [
          ...["--silent", "--output", join(folder, "answer"), "--write-out", "%{http_code}"],
          ...["--cacert", ca, "--header", `Authorization: Bearer ${token}`, `${guard.url}/api`],
        ]);
      const known = azure.tokens.issue(resources.cluster, 60);
      assert.equal((await ask(known)).stdout, "200");
      assert.equal((await ask("another")).stdout, "401");
      assert.deepEqual(guard.tokens, [known, "another"]);
    }));

  test("is reached by a proxy", () =>
    withCluster("local", async (azure, guard) => {
      azure.options.cluster = {
        server: "https://shop.hcp.test:443",
        ca: guard.certificate.certificate,
      };
      const user = { name: "me", password: "p@ss" };
      const routes = { "shop.hcp.test:443": guard.address };
      const proxy = await RecordingProxy.start({ user, routes });
      try {
        const action = "listClusterUserCredential";
        const by = (login: string) =>
          kubectl(azure, action, nodes, { HTTPS_PROXY: proxy.url.replace("//", `//${login}`) });
        assert.equal((await by("me:p%40ss@")).out, "node/node-1\nnode/node-2");
        assert.ok(proxy.requests.length > 0, "the proxy was not asked");
        for (const request of proxy.requests) {
          assert.deepEqual(request, {
            method: "CONNECT",
            target: "shop.hcp.test:443",
            passed: true,
          });
        }
        await assert.rejects(by(""), /Proxy Authentication Required/);
      } finally {
        await proxy.stop();
      }
    }));
});

test("a proxy takes plain requests", () =>
  withAzure({}, async (azure) => {
    const routes = { "metadata.test:80": azure.address };
    const proxy = await RecordingProxy.start({ routes });
    try {
      const url = "http://metadata.test/metadata/identity/oauth2/token";
      const query = `api-version=2018-02-01&resource=${resources.cluster}`;
      const args = ["--silent", "--proxy", proxy.url, "--header", "Metadata: true"];
      const { stdout } = await program("curl", [...args, `${url}?${query}`]);
      assert.ok(azure.knows(JSON.parse(stdout).access_token, resources.cluster), stdout);
      assert.deepEqual(proxy.asked, ["GET metadata.test:80"]);
    } finally {
      await proxy.stop();
    }
  }));

test("is reached by its names, with a certificate's key from a connection", async () => {
  const name = "login.microsoftonline.com";
  const azure = await Azure.start({ tls: { names: [name] } });
  const proxy = await RecordingProxy.start({ routes: { [`${name}:443`]: azure.address } });
  try {
    const { parameters } = byCertificate(azure);
    const key = createPrivateKey(parameters.servicePrincipalCertificate ?? "");
    const { raw } = new X509Certificate(parameters.servicePrincipalCertificate ?? "");
    const { tenantid = "", serviceprincipalid: client = "" } = parameters;
    const url = `https://${name}/${tenantid}/oauth2/v2.0/token`;
    const now = Math.floor(Date.now() / 1000);
    const claims = { aud: url, iss: client, sub: client, jti: "1", nbf: now, exp: now + 300 };
    const header = { "x5t#S256": createHash("sha256").update(raw).digest("base64url") };
    const form = new URLSearchParams({
      grant_type: "client_credentials",
      client_id: client,
      scope: `${resources.cluster}/.default`,
      client_assertion: signed(header, claims, key),
      client_assertion_type: assertionType,
    });
    const ca = join(folder, "azure.pem");
    writeFileSync(ca, azure.certificate?.certificate ?? "");
    const args = ["--silent", "--proxy", proxy.url, "--cacert", ca, "--data", `${form}`, url];
    const { access_token } = JSON.parse((await program("curl", args)).stdout);
    assert.deepEqual(azure.faults, []);
    assert.ok(azure.knows(access_token, resources.cluster), "the token is not for the cluster");
    assert.deepEqual(proxy.asked, [`CONNECT ${name}:443`]);
  } finally {
    await Promise.all([azure.stop(), proxy.stop()]);
  }
});
