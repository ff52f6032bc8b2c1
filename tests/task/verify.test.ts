/** The packaged task asks a real registry for the images before it touches the cluster. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import type { Connection, ProxySettings } from "../support/agent";
import { Azure, names } from "../support/azure";
import {
  byCertificate,
  byFederation,
  byManagedIdentity,
  bySecret,
  containerRegistry,
  ofJob,
  registry as registryConnection,
} from "../support/azure/connections";
import { selfSigned } from "../support/network/certificate";
import { broken, type Misbehaviour, tooMany } from "../support/network/misbehaviour";
import { RecordingProxy } from "../support/network/proxy";
import {
  otherKinds,
  othersMissing,
  type PushOptions,
  Registry,
  type RegistryOptions,
  registryMissing,
  user,
} from "../support/registry";
import { Hostile } from "../support/registry/hostile";
import { assertLogged, assertRan, release, until, useStage } from "../support/stage";

const stage = useStage();
const { keep: started, assertRefused } = stage;
/** A registry that the nodes of the cluster pull from. */
const registryOf = (options: RegistryOptions = {}) =>
  started(
    Registry.start({
      ...options,
      pushed: (image, digest) => stage.server.images.names(image, digest),
    }),
  );

type Inputs = Record<string, string>;
type Handed = Parameters<typeof stage.start>[4];

const line = "deployments/identityserver identityserver=$(ACR)/identityserver";
const at = (host: string) => ({ ...release, ACR: host });

/** A release of build 4125, whose images are at this host. */
const run = (host: string, inputs: Inputs = {}, handed: Handed = {}) =>
  stage.finish({ images: line, verifyImage: "auto", ...inputs }, at(host), {}, {}, handed);

/** The workload as an earlier release left it. */
const identityserver = (host: string, image = `${host}/identityserver:4124`) =>
  stage.server.deployment({
    name: "identityserver",
    containers: [{ name: "identityserver", image }],
  });

const imageNow = () => stage.imageOf("Deployment", "identityserver", "identityserver");
const login = (registry: Registry, { name, password } = user): Handed => ({
  connections: { containerRegistry: registryConnection(registry.url, { name, password }) },
});

const skip = registryMissing ?? false;

describe("verifyImage", { skip }, () => {
  const start = async (options: RegistryOptions = {}) => {
    const registry = await registryOf(options);
    await identityserver(registry.host);
    return registry;
  };

  test("says what the registry has, and sets it", async () => {
    const registry = await start();
    const digest = await registry.push("identityserver", "4125", {
      platforms: ["linux/amd64", "linux/arm64"],
    });
    const outcome = await run(registry.host);
    assertRan(outcome, "Succeeded");
    const image = `${registry.host}/identityserver:4125`;
    assertLogged(outcome, `${image} is in the registry: ${digest}, linux/amd64, linux/arm64`);
    assert.equal(imageNow(), image);
    assert.deepEqual(outcome.warnings, []);
  });

  test("fails on a tag that is missing, and names the nearest builds", async () => {
    const registry = await start();
    for (const tag of ["4098", "4119", "4123", "4124", "4126", "4200", "latest"]) {
      await registry.push("identityserver", tag);
    }
    const outcome = await run(registry.host);
    assertRefused(
      outcome,
      new RegExp(
        `^${registry.host}/identityserver:4125 was not found in the registry; the closest tags are .*4124.*4126`,
      ),
    );
  });

  test("names the nearest versions, and the nearest names", async () => {
    const registry = await start();
    for (const tag of ["1.4.1", "1.4.3", "2.0.0", "staging"]) {
      await registry.push("identityserver", tag);
    }
    const nearest = async (tag: string) => {
      const images = `deployments/identityserver identityserver=$(ACR)/identityserver:${tag}`;
      const { errors } = await run(registry.host, { images });
      return errors.join("\n");
    };
    assert.match(await nearest("1.4.2"), /the closest tags are 1\.4\.\d, 1\.4\.\d, 2\.0\.0\./);
    assert.match(await nearest("stagin"), /the closest tags are staging/);
  });

  test("fails on a tag whose digest is another", async () => {
    const registry = await start();
    await registry.push("identityserver", "4125");
    const images = `${line}:4125@sha256:${"0".repeat(64)}`;
    assertRefused(
      await run(registry.host, { images }),
      /identityserver:4125@sha256:0{64} was not found: the registry/,
    );
  });

  test("warns of nodes that the image has nothing for", async () => {
    const registry = await start();
    await registry.push("identityserver", "4125", { platforms: ["linux/amd64"] });
    stage.server.node("node-3", "linux/arm64");
    stage.server.node("node-4", "linux/arm64");
    const outcome = await run(registry.host);
    assertRan(outcome, "Succeeded");
    assert.deepEqual(outcome.warnings, [
      `${registry.host}/identityserver:4125 has no image for linux/arm64, which 2 nodes of the cluster are. A pod on such a node cannot start. Build the image for that platform too, or set a nodeSelector on kubernetes.io/os and kubernetes.io/arch. [KSI325]`,
    ]);
  });

  test("is content where it may not see the nodes", async () => {
    const registry = await start();
    await registry.push("identityserver", "4125", { platforms: ["linux/arm64"] });
    stage.server.faults.add({
      verb: "list",
      resource: "nodes",
      fault: { kind: "status", code: 403 },
    });
    const outcome = await run(registry.host);
    assertRan(outcome, "Succeeded");
    assert.deepEqual(outcome.warnings, []);
  });

  for (const auth of ["htpasswd", "token"] as const) {
    test(`logs in by the service connection: ${auth}`, async () => {
      const registry = await start({ auth, storage: true });
      await registry.push("identityserver", "4125", { platforms: ["linux/amd64"] });
      const outcome = await run(registry.host, {}, login(registry));
      assertRan(outcome, "Succeeded");
      assertLogged(
        outcome,
        /identityserver:4125 is in the registry: sha256:[0-9a-f]{64}, linux\/amd64$/,
      );
      assert.deepEqual(registry.tokens?.faults ?? [], []);
      const log = outcome.log.join("\n");
      assert.ok(!log.includes(user.password), "the log has the password");
    });

    test(`fails on a wrong password: ${auth}`, async () => {
      const registry = await start({ auth });
      await registry.push("identityserver", "4125");
      const wrong = login(registry, { name: user.name, password: "open barley" });
      assertRefused(
        await run(registry.host, {}, wrong),
        /identityserver:4125 was not checked: .* refuses the credentials.*Check in the service connection of containerRegistry/,
      );
    });

    test(`goes on without a login where none is given: ${auth}`, async () => {
      const registry = await start({ auth });
      await registry.push("identityserver", "4125");
      const outcome = await run(registry.host);
      assertRan(outcome, "Succeeded");
      assertLogged(outcome, /identityserver:4125 was not checked: .*containerRegistry/);
      assert.deepEqual(outcome.warnings, []);
    });
  }

  test("asks other registries without the login", async () => {
    const registry = await start({ auth: "htpasswd" });
    const other = await registryOf();
    await registry.push("identityserver", "4125");
    await other.push("proxy", "1.30.2");
    await stage.server.deployment({
      name: "edge",
      containers: [{ name: "proxy", image: `${other.host}/proxy:1.29` }],
    });
    const images = `${line}\ndeployments/edge proxy=${other.host}/proxy:1.30.2`;
    assertRan(await run(registry.host, { images }, login(registry)), "Succeeded");
    assert.deepEqual(
      other.requests.filter(({ headers }) => headers.authorization !== undefined),
      [],
    );
  });

  const logins: [string, (azure: Azure) => Connection][] = [
    ["a secret", bySecret],
    ["a certificate", byCertificate],
    ["a managed identity", (azure) => byManagedIdentity(azure, true)],
    ["workload identity federation", byFederation],
  ];
  for (const [what, of] of logins) {
    test(`logs in to Azure Container Registry by ${what}`, async () => {
      const azure = await started(Azure.start());
      const registry = await start({ auth: "acr", tokens: azure.registryTokens });
      await registry.push("identityserver", "4125");
      const variables = {
        ...at(registry.host),
        ...azure.variables,
        AZURE_POD_IDENTITY_AUTHORITY_HOST: azure.url,
      };
      const outcome = await stage.finish(
        { images: line, verifyImage: "required" },
        variables,
        {},
        {},
        {
          connections: { containerRegistry: containerRegistry(registry.host, of(azure)) },
          system: ofJob(azure),
        },
      );
      assertRan(outcome, "Succeeded");
      assert.deepEqual([azure.faults, registry.tokens?.faults], [[], []]);
      const asked = azure.requests.flatMap(({ query, body }) => [
        query.get("resource"),
        new URLSearchParams(body).get("scope"),
      ]);
      const audience = "https://management.core.windows.net/";
      const named = asked.filter((name) => name !== null);
      assert.ok(
        named.every((name) => name === audience || name === `${audience}/.default`),
        named.join("\n"),
      );
    });
  }

  test("says why Entra ID gives no token for the registry", async () => {
    const azure = await started(Azure.start());
    const registry = await start({ auth: "acr", tokens: azure.registryTokens });
    const federation = byFederation(azure);
    const stranger = {
      ...federation,
      parameters: { ...federation.parameters, serviceprincipalid: names.identity },
    };
    const outcome = await stage.finish(
      { images: line, verifyImage: "auto" },
      { ...at(registry.host), ...azure.variables },
      {},
      {},
      {
        connections: { containerRegistry: containerRegistry(registry.host, stranger) },
        system: ofJob(azure),
      },
    );
    assertRefused(
      outcome,
      /identityserver:4125 was not checked: .* refuses the credentials \(\S+ refused to authenticate with status 400: AADSTS700016: /,
    );
  });

  test("tries again what may pass", async () => {
    const registry = await start();
    await registry.push("identityserver", "4125");
    registry.misbehaviours.add("HEAD manifests", tooMany(1), 1);
    registry.misbehaviours.add("HEAD manifests", broken, 1);
    const outcome = await run(registry.host, {}, login(registry));
    assertRan(outcome, "Succeeded");
    assertLogged(outcome, /is in the registry/);
  });

  test("takes a registry that cannot be reached as its inputs say", async () => {
    await identityserver("127.0.0.1:9");
    const connection = {
      connections: { containerRegistry: registryConnection("http://127.0.0.1:9", user) },
    };
    const image = "127.0.0.1:9/identityserver:4125";
    const gives = `${image} was not checked: 127.0.0.1:9 cannot be reached (connect ECONNREFUSED 127.0.0.1:9). Check its name, and whether this agent can reach it (proxy, firewall)`;
    assertRefused(await run("127.0.0.1:9", { verifyImage: "required" }), `${gives}. [KSI454]`);
    const warned = await run("127.0.0.1:9", {}, connection);
    assertRan(warned, "Succeeded");
    assert.deepEqual(warned.warnings, [`${gives}. [KSI454]`]);
    const told = await run("127.0.0.1:9");
    assertLogged(told, gives);
    assert.equal(told.warnings.includes(gives), false);
  });

  test("trusts no certificate that vouches for itself, unless the agent does", async () => {
    const registry = await start({ tls: true });
    await registry.push("identityserver", "4125");
    assertRefused(
      await run(registry.host, {}, login(registry)),
      /identityserver:4125 was not checked: the certificate of \S+ is not trusted .*NODE_EXTRA_CA_CERTS/,
    );
    const authority = path.join(stage.temp, "authority.pem");
    writeFileSync(authority, registry.certificate?.certificate ?? "");
    const trusted = await stage.finish(
      { images: line, verifyImage: "required" },
      at(registry.host),
      { NODE_EXTRA_CA_CERTS: authority },
    );
    assertRan(trusted, "Succeeded");
  });

  test("goes by the agent's proxy", async () => {
    const registry = await registryOf({
      tls: { names: ["registry.contoso.test"] },
      name: "registry.contoso.test",
    });
    await identityserver(registry.host);
    await registry.push("identityserver", "4125");
    const authority = path.join(stage.temp, "authority.pem");
    writeFileSync(authority, registry.certificate?.certificate ?? "");
    const routes = { "registry.contoso.test:443": registry.address };
    const proxy = await started(RecordingProxy.start({ routes }));
    const outcome = await stage.finish(
      { images: line, verifyImage: "required" },
      at("registry.contoso.test"),
      { NODE_EXTRA_CA_CERTS: authority },
      {},
      { proxy: { url: proxy.url } },
    );
    assertRan(outcome, "Succeeded");
    assert.ok(proxy.asked.includes("CONNECT registry.contoso.test:443"), proxy.asked.join("\n"));
  });

  test("does not hold up a run that nobody asked to wait", async () => {
    const registry = await start();
    registry.misbehaviours.add("HEAD manifests", "hang");
    const outcome = await run(registry.host);
    assertRan(outcome, "Succeeded");
    assertLogged(outcome, /was not checked: \S+ cannot be reached \(timed out after 5s\)/);
  });

  test("asks nobody for undo", async () => {
    const registry = await start();
    await registry.push("identityserver", "4125");
    assertRan(await run(registry.host), "Succeeded");
    registry.requests.length = 0;
    assertRan(await run(registry.host, { command: "undo" }), "Succeeded");
    assert.equal(imageNow(), `${registry.host}/identityserver:4124`);
    assert.deepEqual(registry.requests, []);
  });

  test("is canceled while a registry hangs", async () => {
    const registry = await start();
    registry.misbehaviours.add("HEAD manifests", "hang");
    const inputs = { images: line, verifyImage: "required" };
    const step = stage.start(inputs, at(registry.host));
    await until(() => registry.requests.length > 0);
    step.cancel();
    const outcome = await step.outcome;
    assertRan(outcome, "Canceled");
    assert.deepEqual(stage.changes, []);
  });
});

const notFound: Misbehaviour = { kind: "status", code: 404, body: { errors: [] } };

describe("answers that contradict each other", { skip }, () => {
  const start = async () => {
    const registry = await registryOf();
    await identityserver(registry.host);
    const digest = await registry.push("identityserver", "4125");
    return { registry, digest };
  };

  test("a digest that HEAD names and GET denies is not set", async () => {
    const { registry, digest } = await start();
    registry.misbehaviours.add("GET manifests", notFound);
    const words = new RegExp(
      `identityserver:4125 is not available: \\S+ gives the digest ${digest}, but answers it with status 404\\. Push the image again`,
    );
    assertRefused(await run(registry.host, { verifyImage: "required" }), words);
    assertRefused(await run(registry.host, { pin: "digest" }), words);
    const warned = await run(registry.host);
    assertRan(warned, "Succeeded");
    assert.match(warned.warnings.join("\n"), words);
  });

  test("a digest that comes a moment later is taken", async () => {
    const { registry, digest } = await start();
    registry.misbehaviours.add("GET manifests", notFound, 1);
    const outcome = await run(registry.host, { pin: "digest" });
    assertRan(outcome, "Succeeded");
    assert.equal(imageNow(), `${registry.host}/identityserver:4125@${digest}`);
    assertLogged(outcome, /is in the registry: .*\(its first answer was not found\)$/);
  });

  test("an image that HEAD denies and GET gives is there", async () => {
    const { registry } = await start();
    registry.misbehaviours.add("HEAD manifests", notFound);
    const outcome = await run(registry.host, { verifyImage: "required" });
    assertRan(outcome, "Succeeded");
    assertLogged(outcome, /is in the registry: .*\(its answer to HEAD was not found\)$/);
  });

  test("an image that HEAD refuses and GET gives is there", async () => {
    const { registry } = await start();
    registry.misbehaviours.add("HEAD manifests", { kind: "status", code: 403 });
    const outcome = await run(registry.host, { verifyImage: "required" }, login(registry));
    assertRan(outcome, "Succeeded");
    assertLogged(outcome, /is in the registry: .*\(its answer to HEAD was status 403\)$/);
  });

  test("a tag that is listed and denied stops only what is required", async () => {
    const { registry } = await start();
    await registry.push("identityserver", "4124");
    registry.misbehaviours.add("HEAD manifests", notFound);
    registry.misbehaviours.add("GET manifests", notFound);
    const words = /lists the tag 4125, but its manifest is not found/;
    assertRefused(await run(registry.host, { verifyImage: "required" }), words);
    const warned = await run(registry.host);
    assertRan(warned, "Succeeded");
    assert.match(warned.warnings.join("\n"), words);
  });

  /** An index of two platforms, of which so many manifests were deleted. */
  const without = async (count: number) => {
    const { registry } = await start();
    const platforms = ["linux/amd64", "linux/arm64"];
    await registry.push("identityserver", "4125", { platforms });
    const manifests = `${registry.url}/v2/identityserver/manifests`;
    const accept = "application/vnd.oci.image.index.v1+json";
    const index = await fetch(`${manifests}/4125`, { headers: { accept } });
    for (const { digest } of JSON.parse(await index.text()).manifests.slice(0, count)) {
      const deleted = await fetch(`${manifests}/${digest}`, { method: "DELETE" });
      assert.equal(deleted.status, 202);
    }
    return registry.host;
  };

  test("a platform whose manifest was deleted is none of the image", async () => {
    const outcome = await run(await without(1), { verifyImage: "required" });
    assertRan(outcome, "Succeeded");
    assertLogged(outcome, /is in the registry: \S+, linux\/arm64; not found for linux\/amd64$/);
    assert.match(outcome.warnings.join("\n"), /has no image for linux\/amd64, which 2 nodes/);
  });

  test("an index whose manifests were all deleted is not set", async () => {
    const host = await without(2);
    const words =
      /4125 is not available: \S+ gives the digest sha256:[0-9a-f]{64}, but answers it with status 404/;
    assertRefused(await run(host, { verifyImage: "required" }), words);
    assertRefused(await run(host, { pin: "digest" }), words);
  });

  test("a refusal is no missing tag, unless the list says so", async () => {
    const { registry } = await start();
    const denied: Misbehaviour = { kind: "status", code: 403, body: { errors: [] } };
    registry.misbehaviours.add("HEAD manifests", denied);
    registry.misbehaviours.add("GET manifests", denied);
    const images = "deployments/identityserver identityserver=$(ACR)/identityserver:4126";
    assertRefused(
      await run(registry.host, { images }),
      /4126 was not found in the registry \(status 403, and the tag is not in its list\); the closest tags are 4125\./,
    );
    assertRan(await run(registry.host), "Succeeded");
  });
});

for (const kind of otherKinds) {
  describe(`the registry of ${kind}`, { skip: othersMissing ?? false }, () => {
    const start = async () => {
      const registry = await registryOf({ kind });
      await identityserver(registry.host);
      return registry;
    };

    test("has what was pushed, for each platform", async () => {
      const registry = await start();
      const platforms = ["linux/amd64", "linux/arm64"];
      const digest = await registry.push("identityserver", "4125", { platforms });
      const outcome = await run(registry.host, { pin: "digest" });
      assertRan(outcome, "Succeeded");
      const image = `${registry.host}/identityserver:4125`;
      assertLogged(outcome, `${image} is in the registry: ${digest}, linux/amd64, linux/arm64`);
      assert.equal(imageNow(), `${image}@${digest}`);
    });

    test("lacks what was not, and says what is near", async () => {
      const registry = await start();
      for (const tag of ["4123", "4124", "4126"]) await registry.push("identityserver", tag);
      assertRefused(
        await run(registry.host, { verifyImage: "required" }),
        /identityserver:4125 was not found in the registry; the closest tags are 4123, 4124, 4126\. Push/,
      );
    });

    test("lacks a whole repository", async () => {
      const registry = await start();
      assertRefused(
        await run(registry.host, { verifyImage: "required" }),
        /identityserver:4125 (was not found in the registry|was not checked: .* does not show it)/,
      );
    });

    test("lacks a digest", async () => {
      const registry = await start();
      await registry.push("identityserver", "4125");
      const images = `${line}:4125@sha256:${"0".repeat(64)}`;
      assertRefused(
        await run(registry.host, { images, verifyImage: "required" }),
        /the registry has the tag 4125, but not this digest\./,
      );
    });
  });
}

describe("where an image comes from", { skip }, () => {
  const commit = "3f1c9d2e4b5a69788766554433221100ffeeddcc";
  const other = "99887766554433221100ffeeddccbbaa00112233";
  const says = {
    created: "2026-11-24T03:12:00Z",
    labels: { "com.azure.dev.image.build.sourceversion": commit },
  };

  const released = async (push: PushOptions, sourceVersion: string) => {
    const registry = await registryOf();
    await identityserver(registry.host);
    const digest = await registry.push("identityserver", "4125", push);
    const variables = { ...at(registry.host), "Build.SourceVersion": sourceVersion };
    const outcome = await stage.finish({ images: line, verifyImage: "required" }, variables);
    return { registry, digest, outcome };
  };

  for (const platforms of [["linux/amd64"], ["linux/amd64", "linux/arm64"]]) {
    test(`is told of ${platforms}, with two requests more at most`, async () => {
      const { registry, digest, outcome } = await released({ platforms, says }, commit);
      assertRan(outcome, "Succeeded");
      assertLogged(
        outcome,
        `${registry.host}/identityserver:4125: built 2026-11-24T03:12:00Z, commit ${commit}`,
      );
      assert.deepEqual(outcome.warnings, []);
      const story = JSON.parse(outcome.attachments[0]?.content ?? "");
      const [container] = story.workloads[0].containers;
      assert.deepEqual(container.image, { digest, created: says.created, revision: commit });
      assert.equal(registry.requests.length, platforms.length === 1 ? 3 : 4);
    });
  }

  test("is a warning where it is another commit than the build's", async () => {
    const { registry, outcome } = await released({ says }, other);
    assertRan(outcome, "Succeeded");
    assert.deepEqual(outcome.warnings, [
      `${registry.host}/identityserver:4125 was built from commit ${commit}, but its tag 4125 is from a build of commit ${other}. Another build may push the same tag. Check which build pushes it, and artifactAlias. [KSI324]`,
    ]);
  });

  test("is not held against the labels that a base image left", async () => {
    const labels = {
      "org.opencontainers.image.revision": commit,
      "org.opencontainers.image.source": "https://github.com/contoso/base",
    };
    const { outcome } = await released({ says: { labels } }, other);
    assertRan(outcome, "Succeeded");
    assert.deepEqual(outcome.warnings, []);
  });
});

describe("the way to a registry", { skip }, () => {
  const name = "registry.contoso.test";

  /** A release whose registry is reached by the proxy of the agent alone. */
  const behind = async (
    options: RegistryOptions,
    proxySettings: Partial<ProxySettings> = {},
    of: (authority: string) => {
      handed?: Handed;
      environment?: Record<string, string>;
    } = () => ({}),
  ) => {
    const registry = await registryOf({ name, ...options });
    await identityserver(registry.host);
    await registry.push("identityserver", "4125");
    const routes = { [`${name}:443`]: registry.address, [`${name}:80`]: registry.address };
    const proxy = await started(RecordingProxy.start({ routes }));
    const authority = path.join(stage.temp, "authority.pem");
    writeFileSync(authority, registry.certificate?.certificate ?? "");
    const { handed, environment = { NODE_EXTRA_CA_CERTS: authority } } = of(authority);
    const outcome = await stage.finish(
      { images: line, verifyImage: "required" },
      at(name),
      environment,
      {},
      { proxy: { url: proxy.url, ...proxySettings }, ...handed },
    );
    return { outcome, proxy };
  };
  const tls = { names: [name] };

  for (const bypass of ["*.other.test", "172.", "contoso"]) {
    test(`is the proxy of the agent where its bypass list has ${bypass}`, async () => {
      const { outcome, proxy } = await behind({ tls }, { bypass: [bypass] });
      assertRan(outcome, "Succeeded");
      assert.ok(proxy.asked.includes(`CONNECT ${name}:443`), proxy.asked.join("\n"));
    });
  }

  test("is past the proxy for a host that a pattern with a star names", async () => {
    await identityserver(name);
    const proxy = await started(RecordingProxy.start());
    const outcome = await stage.finish(
      { images: line, verifyImage: "required" },
      at(name),
      {},
      {},
      { proxy: { url: proxy.url, bypass: ["*.contoso.test", "(", "nowhere"] } },
    );
    assertRefused(outcome, /The proxy was bypassed because of \.contoso\.test in NO_PROXY/);
    assert.deepEqual(proxy.asked, []);
    assertLogged(outcome, /"\(" in the bypass list of the agent's proxy is ignored/);
  });

  test("is the proxy of the environment in either spelling, with its login", async () => {
    const user = { name: "robot", password: "p@ss word" };
    const registry = await registryOf({ name, tls });
    await identityserver(registry.host);
    await registry.push("identityserver", "4125");
    const routes = { [`${name}:443`]: registry.address };
    const proxy = await started(RecordingProxy.start({ user, routes }));
    const authority = path.join(stage.temp, "authority.pem");
    writeFileSync(authority, registry.certificate?.certificate ?? "");
    const url = proxy.url.replace("//", `//robot:${encodeURIComponent(user.password)}@`);
    for (const variable of ["HTTPS_PROXY", "https_proxy"]) {
      proxy.requests.length = 0;
      const environment = {
        NODE_EXTRA_CA_CERTS: authority,
        [variable]: url,
        no_proxy: "172., .local,",
      };
      const inputs = { images: line, verifyImage: "required" };
      const outcome = await stage.finish(inputs, at(name), environment);
      assertRan(outcome, variable === "HTTPS_PROXY" ? "Succeeded" : "SucceededWithIssues");
      assert.ok(
        proxy.requests.some(({ target, passed }) => target === `${name}:443` && passed),
        variable,
      );
      assert.ok(!outcome.log.join("\n").includes(encodeURIComponent(user.password)));
    }
  });

  /** The file of an authority that vouches for nothing here. */
  const another = () => {
    const file = path.join(stage.temp, "another.pem");
    writeFileSync(file, selfSigned("ec").certificate);
    return file;
  };

  for (const [what, of] of [
    [
      "NODE_EXTRA_CA_CERTS beside another one of the agent",
      (own) => ({
        handed: { certificates: { ca: another() } },
        environment: { NODE_EXTRA_CA_CERTS: own },
      }),
    ],
    [
      "the one of the agent beside another NODE_EXTRA_CA_CERTS",
      (own) => ({
        handed: { certificates: { ca: own } },
        environment: { NODE_EXTRA_CA_CERTS: another() },
      }),
    ],
    [
      "the one of the agent beside a NODE_EXTRA_CA_CERTS that is not there",
      (own) => ({
        handed: { certificates: { ca: own } },
        environment: { NODE_EXTRA_CA_CERTS: path.join(stage.temp, "nowhere.pem") },
      }),
    ],
    [
      "one of several in the agent's file, as Windows saves it",
      (own) => {
        const lines = [own, another()].map((file) => readFileSync(file, "utf8")).join("");
        const file = path.join(stage.temp, "several.pem");
        writeFileSync(file, `\ufeff${lines.replaceAll("\n", "\r\n")}`);
        return { handed: { certificates: { ca: file } }, environment: {} };
      },
    ],
  ] as [string, Parameters<typeof behind>[2]][]) {
    test(`is trusted by every authority that is set: ${what}`, async () => {
      const { outcome } = await behind({ tls }, {}, of);
      assertRan(outcome, "Succeeded");
    });
  }

  test("names what is set already where none vouches for it", async () => {
    const { outcome } = await behind({ tls }, {}, () => ({
      handed: { certificates: { ca: another() } },
      environment: { NODE_EXTRA_CA_CERTS: another() },
    }));
    assertRefused(
      outcome,
      /--sslcacert of the agent and NODE_EXTRA_CA_CERTS are set but do not contain the certificate of its authority/,
    );
  });

  test("says in plain words that a server speaks no TLS", async () => {
    const { outcome } = await behind({});
    assertRefused(
      outcome,
      /registry\.contoso\.test does not support TLS\. Set up TLS, or set containerRegistry to a service connection with http:\/\//,
    );
  });

  test("is plain HTTP where the connection says so, with a warning", async () => {
    const connections = { containerRegistry: registryConnection(`http://${name}`, user) };
    const { outcome, proxy } = await behind({}, {}, () => ({ handed: { connections } }));
    assertRan(outcome, "Succeeded");
    assert.ok(proxy.asked.includes(`CONNECT ${name}:80`), proxy.asked.join("\n"));
    assert.match(
      outcome.warnings.join("\n"),
      /^registry\.contoso\.test is checked over plain HTTP, since its service connection has http:\/\//m,
    );
  });
});

describe("a hostile registry", { concurrency: 2 }, () => {
  test("does no harm, whatever it answers", async () => {
    const hostile = await started(Hostile.start());
    const host = hostile.registry.address;
    await identityserver(host);
    const connection = registryConnection(hostile.registry.url, user);
    for (const [what, how] of Object.entries(hostile.repertoire)) {
      if (what === "never answers") continue;
      hostile.behave(how);
      const inputs = { verifyImage: "required" };
      const outcome = await run(host, inputs, { connections: { containerRegistry: connection } });
      assertRefused(outcome, /^127\.0\.0\.1:\d+\/identityserver:4125 /);
      const log = outcome.log.join("\n");
      assert.ok(!log.includes("##vso"), `${what}: a logging command is in the log`);
      assert.ok(!log.includes(user.password), `${what}: the password is in the log`);
      const basic = Buffer.from(`${user.name}:${user.password}`).toString("base64");
      assert.ok(!log.includes(basic), `${what}: the password is in the log`);
      assert.deepEqual(outcome.outputs.x, undefined, `${what}: it sets a variable`);
      assert.deepEqual(hostile.elsewhere.credentials, [], `${what}: the login went elsewhere`);
    }
  });
});

describe("pin: digest", { skip }, () => {
  test("sets the digest of the tag, and again when the tag has moved", async () => {
    const registry = await registryOf();
    const { host } = registry;
    await identityserver(host);
    const images = `${line}:latest`;
    const first = await registry.push("identityserver", "latest", { label: "first" });
    const outcome = await run(host, { images, pin: "digest" });
    assertRan(outcome, "Succeeded");
    assert.equal(imageNow(), `${host}/identityserver:latest@${first}`);
    assert.equal(outcome.outputs.image, `${host}/identityserver:latest@${first}`);

    const unchanged = await run(host, { images, pin: "digest" });
    assertRan(unchanged, "SucceededWithIssues");

    const second = await registry.push("identityserver", "latest", { label: "second" });
    assert.notEqual(second, first);
    assertRan(await run(host, { images, pin: "digest" }), "Succeeded");
    assert.equal(imageNow(), `${host}/identityserver:latest@${second}`);
  });

  test("fails where the registry gives no digest", async () => {
    await identityserver("127.0.0.1:9");
    assertRefused(await run("127.0.0.1:9", { pin: "digest" }), /was not checked/);
  });

  for (const [inputs, other] of [
    [{ verifyImage: "off" }, "verifyImage: off"],
    [{ dryRun: "client" }, "dryRun: client"],
  ] as [Inputs, string][]) {
    test(`is refused with ${other}`, async () => {
      const outcome = await run("contoso.azurecr.io", { ...inputs, pin: "digest" });
      assertRefused(
        outcome,
        `pin: digest needs the registry check, which ${other} turns off. Change that, or set pin: none. [KSI119]`,
      );
    });
  }
});
