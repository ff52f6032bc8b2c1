/** What a run writes, says, hands over and passes to programs holds no secret of a connection. */
import assert from "node:assert/strict";
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeEach, describe, test } from "node:test";
import { stringify } from "yaml";
import type { Connection } from "../support/agent";
import { Azure, names, resources } from "../support/azure";
import {
  byCertificate,
  byFederation,
  byKubeconfig,
  byManagedIdentity,
  bySecret,
  byServiceAccount,
  containerRegistry,
  ofJob,
  registry as registryConnection,
} from "../support/azure/connections";
import { Guard } from "../support/network/guard";
import { assertRan, release, useStage } from "../support/stage";

const stage = useStage();
const { keep: started } = stage;
const images = { images: "deployments/web app=$(ACR)/app:4125" };
const image = "contoso.azurecr.io/app:4125";
const base64 = (text: string) => Buffer.from(text).toString("base64");

beforeEach(() =>
  stage.server.deployment({
    name: "web",
    containers: [{ name: "app", image: "contoso.azurecr.io/app:4124" }],
  }),
);

type Step = Parameters<typeof stage.start>;
interface Scene {
  inputs?: Step[0];
  variables?: Step[1];
  environment?: Step[2];
  secrets?: Step[3];
  handed?: Step[4];
  /** What may be seen nowhere. */
  hidden: string[];
  /** What the new container prints: a secret in every form that it may take there. */
  result?: string;
}

/** The forms in which a secret may come. */
const forms = (secret: string) => [
  secret,
  base64(secret),
  base64(`robot:${secret}`),
  encodeURIComponent(secret),
  JSON.stringify(secret).slice(1, -1),
  `'${secret.replaceAll("'", "''")}'`,
];

/** A kubectl that notes its arguments, and what its environment has beside the agent's. */
function spy(file: string): string {
  const note = `printf '%s\\n' "$*" >> '${file}'`;
  const given = `env | grep -viE '^(HTTPS?_PROXY|NO_PROXY|AAD_|AZURE_|INPUT_|ENDPOINT_|SECRET_)' >> '${file}'`;
  return `#!/bin/sh\n${note}\n${given}\nexec kubectl "$@"\n`;
}

/** Every file below a folder, but for the agent's own. */
function files(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const file = path.join(folder, name);
    if (!existsSync(file)) return [];
    return statSync(file).isDirectory() ? files(file) : [file];
  });
}

/** Runs a release whose container fails and prints every secret, and looks for them everywhere. */
async function assertHidden(scene: Scene): Promise<void> {
  const { inputs = {}, variables = release, environment = {}, secrets = {}, handed = {} } = scene;
  const log = scene.hidden.flatMap(forms).join("\n");
  stage.server.images.behave(image, { kind: "crash-loop", log });
  const spied = path.join(stage.temp, "spied");
  const kubectlPath = path.join(stage.temp, "spy");
  writeFileSync(kubectlPath, spy(spied));
  chmodSync(kubectlPath, 0o755);
  const before = new Set(files(stage.temp));
  const step = stage.start(
    { ...images, verifyImage: "off", kubectlPath, ...inputs },
    variables,
    environment,
    secrets,
    handed,
  );
  let written = "";
  step.process.stdout?.on("data", (chunk) => {
    written += chunk;
  });
  step.process.stderr?.on("data", (chunk) => {
    written += chunk;
  });
  const outcome = await step.outcome;
  assertRan(outcome, scene.result ?? "Failed");
  const isMask = (line: string) => line.includes("##vso[task.setsecret]");
  const isOfContainer = (line: string) => /^ {4}\| |\. Last output: "/.test(line);
  const said = written
    .split("\n")
    // The agent masks what the container prints, by what it was told to mask.
    .filter((line) => !isMask(line) && !isOfContainer(line));
  const shown = outcome.log.filter(isOfContainer);
  const left = files(stage.temp).filter((file) => !before.has(file) && file !== spied);
  const places: Record<string, string> = {
    "what the step writes": said.join("\n"),
    "the log": shown.join("\n"),
    "the summaries": outcome.summaries.join("\n"),
    "the attachments": outcome.attachments.map(({ content }) => content).join("\n"),
    "the output variables": JSON.stringify(outcome.outputs),
    "the arguments and the environment of kubectl": existsSync(spied)
      ? readFileSync(spied, "utf8")
      : "",
    "the cluster": JSON.stringify(stage.server.get("Deployment", "web", "default")),
    "the files that stay": left.map((file) => readFileSync(file, "latin1")).join("\n"),
  };
  for (const [place, text] of Object.entries(places)) {
    for (const secret of scene.hidden) {
      for (const form of forms(secret)) {
        const lines = text.split("\n").filter((line) => line.includes(form));
        assert.deepEqual(lines, [], `${place} has ${form}`);
      }
    }
  }
}

const token = "eyJhbGciOiJSUzI1NiJ9.of_the-robot*and|more";
const password = "open 'sesame' & \"more\" = 100%/+";
const ofProxy = "the proxy's & no other's";
const alone = { KUBECONFIG: undefined };

/** A kubeconfig for the server of the stage, with credentials that it does not look at. */
function kubeconfig() {
  const config = JSON.parse(stage.server.kubeconfig());
  const [{ name }] = config.users;
  const users = [
    { name, user: { token } },
    { name: "other", user: { username: "admin", password } },
    {
      name: "third",
      user: { "client-key-data": base64("-----BEGIN KEY-----\nMIIEthirdKey+/0=\n") },
    },
  ];
  const behind = {
    server: "https://other.contoso.test",
    "proxy-url": `http://robot:${encodeURIComponent(ofProxy)}@proxy.contoso.test:3128`,
  };
  return { ...config, users, clusters: [...config.clusters, { name: "other", cluster: behind }] };
}
const ofKubeconfig = [token, password, "MIIEthirdKey+/0=", ofProxy];

describe("no secret is seen", () => {
  for (const [what, written] of [
    ["YAML", (config: object) => stringify(config)],
    ["JSON", (config: object) => JSON.stringify(config)],
    ["base64", (config: object) => base64(stringify(config))],
    [
      "base64 of UTF-16",
      (config: object) => Buffer.from(stringify(config), "utf16le").toString("base64"),
    ],
  ] as [string, (config: object) => string][]) {
    test(`of a kubeconfig in a variable: ${what}`, () => {
      const text = written(kubeconfig());
      return assertHidden({
        inputs: { kubeconfig: text },
        environment: alone,
        secrets: { Config: text },
        hidden: ofKubeconfig,
      });
    });

    test(`of a kubeconfig in a service connection: ${what}`, () =>
      assertHidden({
        environment: alone,
        handed: { connections: { kubernetesServiceEndpoint: byKubeconfig(written(kubeconfig())) } },
        hidden: ofKubeconfig,
      }));
  }

  test("of a kubeconfig in a file", () => {
    const file = path.join(stage.temp, "of-a-user");
    writeFileSync(file, stringify(kubeconfig()));
    return assertHidden({ inputs: { kubeconfig: file }, environment: alone, hidden: ofKubeconfig });
  });

  for (const [what, spoil] of [
    ["whose line breaks are spaces", (text: string) => text.replaceAll("\n", " ")],
    ["whose line breaks are gone", (text: string) => text.replaceAll("\n", "")],
    ["whose base64 is cut", (text: string) => base64(text).slice(0, 401)],
  ] as [string, (text: string) => string][]) {
    test(`of a kubeconfig ${what}, which is refused`, async () => {
      const text = spoil(stringify(kubeconfig()));
      await assertHidden({
        inputs: { kubeconfig: text },
        environment: alone,
        hidden: [text, ...ofKubeconfig],
      });
      assert.equal(existsSync(path.join(stage.temp, "spied")), false, "kubectl was started");
    });
  }

  test("of a service account", async () => {
    const api = await started(Guard.start(stage.server.url, (given) => given === token));
    const connection = byServiceAccount(api.url, token, api.certificate.certificate);
    await assertHidden({
      environment: alone,
      handed: { connections: { kubernetesServiceEndpoint: connection } },
      hidden: [token],
    });
  });

  const logins: [string, (azure: Azure) => Connection, (azure: Azure) => string[]][] = [
    ["a secret", bySecret, () => [names.secret]],
    [
      "a certificate",
      byCertificate,
      (azure) => azure.clientCertificate.key.split("\n").filter((line) => line.length === 64),
    ],
    ["a managed identity", byManagedIdentity, () => []],
    ["workload identity federation", byFederation, () => [names.systemToken]],
  ];
  for (const [what, login, hidden] of logins) {
    test(`of Azure by ${what}`, async () => {
      let azure: Azure | undefined;
      const ofCluster = "token-of-the-cluster-itself";
      const admits = (given: string) =>
        given === ofCluster || azure?.knows(given, resources.cluster) === true;
      const api = await started(Guard.start(stage.server.url, admits));
      const ca = api.certificate.certificate;
      const cluster = { server: api.url, ca, users: "local" as const, token: ofCluster };
      azure = await started(Azure.start({ cluster }));
      await assertHidden({
        inputs: {
          connectionType: "azureResourceManager",
          azureResourceGroup: names.resourceGroup,
          kubernetesCluster: names.cluster,
        },
        variables: { ...release, ...azure.variables, AZURE_POD_IDENTITY_AUTHORITY_HOST: azure.url },
        environment: alone,
        handed: {
          connections: { azureSubscriptionEndpoint: login(azure) },
          system: ofJob(azure),
        },
        hidden: [ofCluster, ...hidden(azure)],
      });
    });
  }

  test("of a registry by a password", () =>
    assertHidden({
      inputs: { verifyImage: "auto" },
      handed: {
        connections: {
          containerRegistry: registryConnection("https://contoso.azurecr.io", {
            name: "robot",
            password,
          }),
        },
        proxy: { url: "http://127.0.0.1:9", username: "robot", password: `${password}proxy` },
      },
      hidden: [password, `${password}proxy`],
    }));

  test("of an Azure Container Registry", async () => {
    const azure = await started(Azure.start());
    await assertHidden({
      inputs: { verifyImage: "auto" },
      handed: {
        connections: { containerRegistry: containerRegistry("127.0.0.1:9", bySecret(azure)) },
      },
      hidden: [names.secret],
    });
  });

  test("of a proxy in the environment", () =>
    assertHidden({
      environment: {
        https_proxy: `http://robot:${encodeURIComponent(password)}@127.0.0.1:9`,
        NO_PROXY: "127.0.0.1",
      },
      inputs: { verifyImage: "auto" },
      hidden: [password],
    }));
});
