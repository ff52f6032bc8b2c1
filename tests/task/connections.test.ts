/** The packaged task, logged in by each kind of service connection, with real kubectl. */
import assert from "node:assert/strict";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { beforeEach, describe, test } from "node:test";
import type { Connection, Outcome, ProxySettings } from "../support/agent";
import { Azure, type AzureOptions, names, resources } from "../support/azure";
import {
  byCertificate,
  byFederation,
  byKubeconfig,
  byManagedIdentity,
  bySecret,
  byServiceAccount,
  ofJob,
} from "../support/azure/connections";
import { Guard } from "../support/network/guard";
import { broken } from "../support/network/misbehaviour";
import { RecordingProxy } from "../support/network/proxy";
import { assertLogged, assertRan, release, until, useStage } from "../support/stage";

const stage = useStage();
const { keep: started, assertRefused } = stage;
const images = { images: "deployments/web app=$(ACR)/app:4125", verifyImage: "off" };
const before = "contoso.azurecr.io/app:4124";
const after = "contoso.azurecr.io/app:4125";
/** kubectl by itself finds no cluster. */
const alone = { KUBECONFIG: undefined };
const token = "eyJhbGciOiJSUzI1NiJ9.of-the-service-account";

beforeEach(() =>
  stage.server.deployment({ name: "web", containers: [{ name: "app", image: before }] }),
);

const guard = (admits: (token: string) => boolean, names?: string[]) =>
  started(Guard.start(stage.server.url, admits, names));

/** Nothing is left of what was private, and the log has none of these. */
function assertKept(outcome: Outcome, ...secrets: string[]): void {
  const left = readdirSync(stage.temp).filter((file) => /^kubectl-set-image-[^.]+$/.test(file));
  assert.deepEqual(left, [], "private files are left");
  const log = outcome.log.join("\n");
  for (const secret of secrets) {
    assert.ok(!log.includes(secret), `the log has a secret: ${secret.slice(0, 8)}…`);
  }
}

describe("a Kubernetes service connection", () => {
  const run = (
    connection: Connection,
    inputs: Record<string, string> = {},
    environment: Record<string, string | undefined> = alone,
  ) =>
    stage.finish(
      { ...images, ...inputs },
      release,
      environment,
      {},
      {
        connections: { kubernetesServiceEndpoint: connection },
      },
    );

  test("with a kubeconfig, and a context of it", async () => {
    const { contexts, ...kubeconfig } = JSON.parse(stage.server.kubeconfig());
    const named = contexts.map((context: object) => ({ ...context, name: "shop" }));
    const text = JSON.stringify({ ...kubeconfig, contexts: named, "current-context": "" });
    const outcome = await run(byKubeconfig(text, "shop"));
    assertRan(outcome, "Succeeded");
    assertLogged(
      outcome,
      "##[command]kubectl set image deployments/web app=contoso.azurecr.io/app:4125 --namespace=default --context=***",
    );
    assert.equal(stage.imageOf("Deployment", "web"), after);
    assertKept(outcome);
  });

  for (const kind of ["ServiceAccount", "AzureSubscription"] as const) {
    test(`with the token and the certificate of a service account: ${kind}`, async () => {
      const api = await guard((given) => given === token);
      const authority = api.certificate.certificate;
      const outcome = await run(byServiceAccount(api.url, token, authority, kind));
      assertRan(outcome, "Succeeded");
      assert.equal(stage.imageOf("Deployment", "web"), after);
      assert.deepEqual(outcome.warnings, []);
      assertKept(outcome, token, Buffer.from(token).toString("base64"));
    });
  }

  test("keeps the kubeconfig in a file of its own that nobody else can read", async () => {
    const api = await guard((given) => given === token);
    stage.server.images.behave(after, { kind: "runs", after: 1500 });
    const connections = {
      kubernetesServiceEndpoint: byServiceAccount(api.url, token, api.certificate.certificate),
    };
    const step = stage.start(images, release, alone, {}, { connections });
    const files = () => readdirSync(stage.temp).filter((file) => /image-[^.]+$/.test(file));
    await until(() => stage.changes.length > 0);
    const modes = files().map((file) => statSync(path.join(stage.temp, file)).mode & 0o777);
    assert.deepEqual(modes, [0o600]);
    step.cancel();
    const outcome = await step.outcome;
    assertRan(outcome, "Canceled");
    assertKept(outcome, token);
  });

  test("leaves nothing behind when nobody reads the log any more", async () => {
    const api = await guard((given) => given === token);
    stage.server.images.behave(after, { kind: "runs", after: 1500 });
    const connections = {
      kubernetesServiceEndpoint: byServiceAccount(api.url, token, api.certificate.certificate),
    };
    const step = stage.start(images, release, alone, {}, { connections });
    await until(() => stage.changes.length > 0);
    const ended = once(step.process, "exit");
    step.process.stdout?.destroy();
    await ended;
    const left = readdirSync(stage.temp).filter((file) => /image-[^.]+$/.test(file));
    assert.deepEqual(left, []);
  });

  test("that trusts no certificate is refused by kubectl", async () => {
    const api = await guard((given) => given === token);
    const outcome = await run(byServiceAccount(api.url, token));
    assertRefused(
      outcome,
      /^The workloads cannot be read: .*certificate signed by unknown authority/,
    );
    assertKept(outcome, token);
  });

  test("that trusts every certificate is taken with a warning", async () => {
    const api = await guard((given) => given === token);
    const connection = byServiceAccount(api.url, token);
    connection.data = { ...connection.data, acceptUntrustedCerts: "true" };
    const outcome = await run(connection);
    assertRan(outcome, "Succeeded");
    assert.deepEqual(outcome.warnings, [
      "The connection accepts untrusted certificates, so an attacker between this agent and the API server can read the token. Set the CA certificate of the cluster in the connection. [KSI411]",
    ]);
  });

  test("with a token that has expired", async () => {
    const api = await guard(() => false);
    const outcome = await run(byServiceAccount(api.url, token, api.certificate.certificate));
    assertRefused(outcome, /^The workloads cannot be read: .*Unauthorized/);
    assertKept(outcome, token);
  });

  for (const [what, spoilt, error] of [
    [
      "no token",
      { parameters: { apiToken: "" } },
      "kubernetesServiceConnection: apiToken of the service connection is not set. Edit it in Project settings, Service connections, and save it again. [KSI419]",
    ],
    [
      "a token that is not base64",
      { parameters: { apiToken: "{not base64}" } },
      "kubernetesServiceConnection: the token of the service connection is not base64. Copy it from the secret as kubectl get secret --output=json prints it. [KSI421]",
    ],
    [
      "a token of several lines",
      { parameters: { apiToken: Buffer.from("a\nb").toString("base64") } },
      "kubernetesServiceConnection: the token of the service connection has invalid characters. Copy it from the secret as kubectl get secret --output=json prints it. [KSI421]",
    ],
    [
      "a certificate that is not base64",
      { parameters: { serviceAccountCertificate: "-----BEGIN" } },
      "kubernetesServiceConnection: the certificate of the service connection is not base64. Copy it from the secret as kubectl get secret --output=json prints it. [KSI421]",
    ],
    [
      "a URL that is not safe",
      { url: "http://cluster.contoso.test/" },
      'kubernetesServiceConnection: invalid URL "http://cluster.contoso.test/" of the service connection. Use a URL that begins with https://. [KSI421]',
    ],
    [
      "a login that is not known",
      { data: { authorizationType: "Carrier" } },
      'kubernetesServiceConnection: the service connection authenticates with "Carrier", which is not supported. Use Kubeconfig, ServiceAccount and AzureSubscription. [KSI420]',
    ],
  ] as const) {
    test(`with ${what}`, async () => {
      const whole = byServiceAccount("https://cluster.contoso.test", token, "authority");
      const outcome = await run({
        ...whole,
        ...spoilt,
        parameters: { ...whole.parameters, ...("parameters" in spoilt && spoilt.parameters) },
      });
      assertRefused(outcome, error);
    });
  }

  test("that is meant and is empty", async () => {
    const inputs = { ...images, connectionType: "kubernetesServiceConnection" };
    assertRefused(
      await stage.finish(inputs),
      "kubernetesServiceConnection: required with connectionType: kubernetesServiceConnection. Set it, or set another connectionType. [KSI103]",
    );
  });

  test("beside a cluster of Azure, and nothing says which is meant", async () => {
    assertRefused(
      await run(byKubeconfig("kind: Config"), { kubernetesCluster: "shop" }),
      "connectionType: required, since a Kubernetes service connection and an AKS cluster are both set. Set it to kubernetesServiceConnection or azureResourceManager. [KSI113]",
    );
  });

  test("of a service account has no contexts", async () => {
    assertRefused(
      await run(byServiceAccount("https://cluster.contoso.test", token), { context: "shop" }),
      "context: the service connection authenticates with a service account, which has no contexts. Remove context. [KSI115]",
    );
  });

  test("and a kubeconfig beside it", async () => {
    const outcome = await run(byKubeconfig("kind: Config"), { kubeconfig: "/some/where" });
    assertRefused(
      outcome,
      "kubeconfig: not allowed with connectionType: kubernetesServiceConnection, which authenticates with its service connection. Set only one of them. [KSI114]",
    );
  });

  test("that this pipeline may not use", async () => {
    const inputs = { ...images, kubernetesServiceEndpoint: names.connection };
    const outcome = await stage.finish(inputs, release, alone);
    assertRefused(
      outcome,
      "kubernetesServiceConnection: service connection not found for this job. Check in Project settings, Service connections, that it exists and that this pipeline has permission to use it. [KSI418]",
    );
  });
});

describe("Azure Resource Manager", () => {
  const aks = {
    ...images,
    connectionType: "azureResourceManager",
    azureResourceGroup: names.resourceGroup,
    kubernetesCluster: names.cluster,
  };
  type Login = (azure: Azure) => Connection;

  /** Azure before a cluster that takes the tokens of Azure alone. */
  async function cluster(
    users: "local" | "entra" | "entra-pop",
    options: AzureOptions = {},
  ): Promise<Azure> {
    let azure: Azure | undefined;
    const ofCluster = "token-of-the-cluster-itself";
    const admits = (given: string) =>
      given === ofCluster || azure?.knows(given, resources.cluster) === true;
    const api = await guard(admits);
    const ca = api.certificate.certificate;
    const reached = { server: api.url, ca, users, token: ofCluster };
    azure = await started(Azure.start({ cluster: reached, ...options }));
    return azure;
  }

  const handed = (azure: Azure, login: Login) => ({
    connections: { azureSubscriptionEndpoint: login(azure) },
    system: ofJob(azure),
  });

  const variables = (azure: Azure) => ({
    ...release,
    ...azure.variables,
    AZURE_POD_IDENTITY_AUTHORITY_HOST: azure.url,
  });

  const run = (
    azure: Azure,
    login: Login = bySecret,
    inputs: Record<string, string> = {},
    environment: Record<string, string | undefined> = alone,
  ) => stage.finish({ ...aks, ...inputs }, variables(azure), environment, {}, handed(azure, login));

  /** A run whose agent has this proxy. */
  const runBehind = (proxy: ProxySettings, azure: Azure, login: Login = bySecret) =>
    stage.finish(aks, variables(azure), alone, {}, { ...handed(azure, login), proxy });

  const logins: [string, Login, string][] = [
    ["a secret", bySecret, names.secret],
    ["a certificate", byCertificate, "PRIVATE KEY"],
    ["the identity of the machine", byManagedIdentity, "eyJ"],
    ["an identity that was given to the machine", (azure) => byManagedIdentity(azure, true), "eyJ"],
    ["workload identity federation", byFederation, names.systemToken],
  ];
  for (const [what, login, secret] of logins) {
    test(`by ${what}, to a cluster with users of its own`, async () => {
      const azure = await cluster("local");
      const outcome = await run(azure, login);
      assertRan(outcome, "Succeeded");
      assert.equal(stage.imageOf("Deployment", "web"), after);
      assert.deepEqual(azure.faults, []);
      assertKept(outcome, secret, "token-of-the-cluster-itself");
    });

    test(`by ${what}, to a cluster with Entra ID and no kubelogin`, async () => {
      const azure = await cluster("entra");
      const outcome = await run(azure, login);
      assertRan(outcome, "Succeeded");
      assert.equal(stage.imageOf("Deployment", "web"), after);
      assert.deepEqual(azure.faults, []);
      assertKept(outcome, secret);
    });
  }

  test("as the administrator of the cluster", async () => {
    const azure = await cluster("local");
    assertRan(await run(azure, bySecret, { useClusterAdmin: "true" }), "Succeeded");
    const asked = azure.requests.map(({ path }) => path.split("/").at(-1));
    assert.deepEqual(asked, ["token", "listClusterAdminCredential"]);
  });

  test("renews a token that expires while the rollout lasts", async () => {
    const azure = await cluster("entra", { expiresIn: 4 });
    stage.server.images.behave(after, { kind: "runs", after: 6000 });
    const outcome = await run(azure);
    assertRan(outcome, "Succeeded");
    assertLogged(outcome, "Renewed the token for the cluster");
    assert.deepEqual(azure.faults, []);
    assertKept(outcome);
  });

  test("says that a token cannot be renewed, and goes on", async () => {
    const azure = await cluster("entra", { expiresIn: 6 });
    stage.server.images.behave(after, { kind: "runs", after: 4000 });
    const step = stage.start(aks, variables(azure), alone, {}, handed(azure, bySecret));
    await until(() => stage.changes.length > 0);
    azure.misbehaviours.add("entra", { kind: "status", code: 400, headers: {}, body: "{}" });
    const outcome = await step.outcome;
    assertRan(outcome, "Succeeded");
    assert.deepEqual(outcome.warnings, [
      `The token for the cluster expires soon and cannot be renewed: ${azure.address} refused to authenticate with status 400. [KSI431]`,
    ]);
  });

  test("leaves a login that a bare token cannot do to kubelogin, with what it needs", async () => {
    const azure = await cluster("entra-pop");
    const folder = path.join(stage.temp, "bin");
    const seen = path.join(stage.temp, "kubelogin-was-given");
    const bound = azure.tokens.issue(resources.cluster, 3600, {});
    const credential = {
      apiVersion: "client.authentication.k8s.io/v1beta1",
      kind: "ExecCredential",
      status: { token: bound },
    };
    mkdirSync(folder);
    const script = [
      "#!/bin/sh",
      `env | grep -E '^(AAD_|AZURE_[ACT])' | sort > '${seen}'`,
      `cat <<'END'\n${JSON.stringify(credential)}\nEND`,
    ];
    writeFileSync(path.join(folder, "kubelogin"), `${script.join("\n")}\n`);
    chmodSync(path.join(folder, "kubelogin"), 0o755);
    const searched = [folder, process.env.PATH].join(path.delimiter);
    const outcome = await run(azure, bySecret, {}, { ...alone, PATH: searched });
    assertRan(outcome, "Succeeded");
    assert.equal(stage.imageOf("Deployment", "web"), after);
    assert.deepEqual(readFileSync(seen, "utf8").trim().split("\n"), [
      "AAD_LOGIN_METHOD=spn",
      `AZURE_AUTHORITY_HOST=${azure.url}/`,
      "AZURE_CLIENT_CERTIFICATE_PATH=",
      `AZURE_CLIENT_ID=${names.client}`,
      `AZURE_CLIENT_SECRET=${names.secret}`,
      `AZURE_TENANT_ID=${names.tenant}`,
    ]);
    assertKept(outcome, names.secret);
  });

  test("takes the context that is asked for, and no other", async () => {
    const azure = await cluster("entra");
    assertRan(await run(azure, bySecret, { context: names.cluster }), "Succeeded");
    const outcome = await run(azure, bySecret, {
      context: "another",
      images: `${images.images}-x`,
    });
    assertRan(outcome, "Failed");
    assertLogged(outcome, /context.*another/);
  });

  test("is taken where it alone is filled in", async () => {
    const azure = await cluster("local");
    assertRan(await run(azure, bySecret, { connectionType: "auto" }), "Succeeded");
    assert.notEqual(azure.requests.length, 0);
  });

  test("does not ask for the identity of the machine by the proxy", async () => {
    const azure = await cluster("local");
    const proxy = await started(RecordingProxy.start());
    const outcome = await runBehind({ url: proxy.url }, azure, byManagedIdentity);
    assertRan(outcome, "Succeeded");
    assert.deepEqual(proxy.asked, [], "neither this machine nor its identity is behind the proxy");
  });

  test("says that kubelogin is missing where only it can log in", async () => {
    const azure = await cluster("entra-pop");
    const outcome = await run(azure);
    assertRefused(outcome, /^The workloads cannot be read: .*kubelogin/);
  });

  const host = (azure: Azure) => azure.address;
  const wrong: [string, AzureOptions, Login, Record<string, string>, (azure: Azure) => string][] = [
    [
      "a wrong secret",
      {},
      (azure) => bySecret(azure, "wrong~secret"),
      {},
      (azure) =>
        `azureSubscriptionConnection: ${host(azure)} refused to authenticate with status 401: AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '***'. Set the secret of the service connection to the value of a client secret, not its ID`,
    ],
    [
      "a secret that has expired",
      { secretExpired: true },
      bySecret,
      {},
      (azure) =>
        `azureSubscriptionConnection: ${host(azure)} refused to authenticate with status 401: AADSTS7000222: The provided client secret keys for app '***' are expired. Visit the Azure portal to create new keys for your app: https://aka.ms/NewClientSecret. The secret of the service connection has expired. Create a new one for the application, and save it in the service connection`,
    ],
    [
      "a federation that the application does not know",
      { federated: false },
      byFederation,
      {},
      (azure) =>
        `azureSubscriptionConnection: ${host(azure)} refused to authenticate with status 401: AADSTS700213: No matching federated identity record found for presented assertion subject 'sc://contoso/shop/production'. Check your federated identity credential Subject, Audience and Issuer against the presented assertion. Set issuer and subject of the application's federated credential to the values in the service connection`,
    ],
    [
      "no role on the cluster",
      { authorized: false },
      bySecret,
      {},
      () =>
        "azureSubscriptionConnection: no permission to read the credentials of the cluster shop. Assign it the role Azure Kubernetes Service Cluster User Role on the cluster",
    ],
    [
      "a group that is not there",
      {},
      bySecret,
      { azureResourceGroup: "shop-prod" },
      () =>
        `azureResourceGroup: resource group shop-prod not found in the subscription ${names.subscription}. Check the name and the service connection. [KSI428]`,
    ],
    [
      "a cluster that is not there",
      {},
      bySecret,
      { kubernetesCluster: "shops" },
      () =>
        `kubernetesCluster: cluster shops not found in the resource group ${names.resourceGroup} of the subscription ${names.subscription}. Check the name and the resource group. [KSI428]`,
    ],
    [
      "a certificate that is none",
      {},
      (azure) => ({
        ...bySecret(azure),
        parameters: {
          ...bySecret(azure).parameters,
          authenticationType: "spnCertificate",
          servicePrincipalCertificate: "no PEM",
        },
      }),
      {},
      () => "azureSubscriptionConnection: the certificate of the service connection cannot sign: ",
    ],
    [
      "no resource group",
      {},
      bySecret,
      { azureResourceGroup: "" },
      () =>
        "azureResourceGroup: required with connectionType: azureResourceManager. Set it, or set another connectionType",
    ],
  ];
  for (const [what, options, login, inputs, error] of wrong) {
    test(`with ${what}`, async () => {
      const azure = await cluster("local", options);
      const outcome = await run(azure, login, inputs);
      assertRan(outcome, "Failed");
      const [first = ""] = outcome.errors;
      assert.ok(first.startsWith(error(azure)), outcome.log.join("\n"));
      assert.deepEqual(stage.changes, []);
      assertKept(outcome, names.secret, "wrong~secret");
    });
  }

  for (const [what, part, how, error] of [
    [
      "Entra breaks down",
      "entra",
      broken,
      /^azureSubscriptionConnection: \S+ refused to authenticate with status 50\d/,
    ],
    [
      "Entra answers no JSON",
      "entra",
      "no-json",
      /unexpected answer of \S+: the token is missing\. \[KSI427\]$/,
    ],
    [
      "Entra answers without an end",
      "entra",
      "endless",
      /unexpected answer of \S+: the token is missing\. \[KSI427\]$/,
    ],
    [
      "Entra resets the connection",
      "entra",
      "reset",
      /^azureSubscriptionConnection: \S+ cannot be reached: .*ECONNRESET.*Check its name, and whether this agent can reach it \(proxy, firewall\)\. \[KSI424\]$/,
    ],
    [
      "the Resource Manager answers no JSON",
      "arm",
      "no-json",
      /unexpected answer of \S+: the kubeconfig of the cluster shop is missing\. \[KSI427\]$/,
    ],
    [
      "the Resource Manager answers without an end",
      "arm",
      "endless",
      /unexpected answer of \S+: the kubeconfig of the cluster shop is missing\. \[KSI427\]$/,
    ],
  ] as const) {
    test(`while ${what}`, async () => {
      const azure = await cluster("local");
      azure.misbehaviours.add(part, how);
      const outcome = await run(azure);
      assertRefused(outcome, error);
      assertKept(outcome, names.secret);
    });
  }

  test("tries again what may pass", async () => {
    const azure = await cluster("local");
    azure.misbehaviours.add("entra", broken, 1);
    azure.misbehaviours.add("arm", "reset", 2);
    const outcome = await run(azure);
    assertRan(outcome, "Succeeded");
    assert.deepEqual(azure.faults, []);
  });

  test("is canceled while the login hangs", async () => {
    const azure = await cluster("local");
    azure.misbehaviours.add("entra", "hang");
    const step = stage.start(aks, variables(azure), alone, {}, handed(azure, bySecret));
    await until(() => azure.requests.length > 0);
    step.cancel();
    const outcome = await step.outcome;
    assertRan(outcome, "Canceled");
    assert.equal(outcome.message, "Nothing was changed in the cluster");
    assertKept(outcome, names.secret);
  });

  test("goes by the agent's proxy, to Azure and to the cluster", async () => {
    const api = await guard(() => true, ["cluster.contoso.test"]);
    const server = "https://cluster.contoso.test:6443";
    const reached = { server, ca: api.certificate.certificate, users: "entra" as const };
    const azure = await started(Azure.start({ cluster: reached }));
    const user = { name: "robot", password: "p@ss word" };
    const routes = { "cluster.contoso.test:6443": api.address };
    const proxy = await started(RecordingProxy.start({ user, routes }));
    const settings = { url: proxy.url, username: user.name, password: user.password };
    const outcome = await runBehind({ ...settings, bypass: ["nowhere\\.contoso\\.test"] }, azure);
    assertRan(outcome, "Succeeded");
    assert.ok(proxy.asked.includes("CONNECT cluster.contoso.test:6443"), proxy.asked.join("\n"));
    assert.ok(!proxy.asked.includes(`CONNECT ${azure.address}`), "this machine needs no proxy");
    assert.ok(
      proxy.requests.every(({ passed }) => passed),
      "the proxy was asked without a login",
    );
    assertKept(outcome, user.password, encodeURIComponent(user.password));
  });

  test("does not go by the proxy where it is bypassed", async () => {
    const azure = await cluster("local");
    const proxy = await started(RecordingProxy.start());
    const outcome = await runBehind({ url: proxy.url, bypass: ["127\\.0\\.0\\.1"] }, azure);
    assertRan(outcome, "Succeeded");
    assert.deepEqual(proxy.asked, []);
  });
});

test("no connection: the kubeconfig of the agent", async () => {
  assertRan(await stage.finish({ ...images, connectionType: "none" }), "Succeeded");
  assert.equal(existsSync(path.join(stage.temp, "kubeconfig")), true, "it is the agent's");
});
