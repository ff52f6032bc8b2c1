/** The packaged task where Azure DevOps has its own rules: environments, outputs, cancel, containers. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { beforeEach, describe, test } from "node:test";
import type { Connection, Outcome } from "../support/agent";
import { Azure, names } from "../support/azure";
import { byKubeconfig, bySecret } from "../support/azure/connections";
import { Guard } from "../support/network/guard";
import { assertLogged, assertRan, release, until, useStage } from "../support/stage";
import { images } from "../support/web";

const stage = useStage();
const image = (tag: string, name = "web") => `contoso.azurecr.io/${name}:${tag}`;
const build = {
  "System.HostType": "build",
  "Build.BuildId": "4125",
  "Build.BuildNumber": "20261124.7",
  ACR: "contoso.azurecr.io",
};
/** kubectl by itself finds no cluster. */
const alone = { KUBECONFIG: undefined };

beforeEach(async () => {
  for (const namespace of ["default", "shop"]) {
    await stage.server.deployment({ name: "web", namespace, image: image("4124") });
  }
});

const imageIn = (namespace: string) => stage.imageOf("Deployment", "web", "app", namespace);

/** The connection of an environment's resource, or one by an Azure subscription. */
function boundTo(namespace: string, token?: string): Connection {
  const connection = byKubeconfig(stage.server.kubeconfig({ ...(token && { token }) }));
  const id = "0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9";
  return { ...connection, id, data: { ...connection.data, namespace } };
}

describe("the namespace of the service connection", () => {
  const run = (inputs: Record<string, string>, namespace = "shop") =>
    stage.finish(
      { images, ...inputs },
      release,
      alone,
      {},
      {
        connections: { kubernetesServiceEndpoint: boundTo(namespace) },
      },
    );

  test("is taken where the input is empty", async () => {
    const outcome = await run({});
    assertRan(outcome, "Succeeded");
    assertLogged(
      outcome,
      "Namespace shop is from the service connection; the input namespace overrides it",
    );
    assert.deepEqual([imageIn("shop"), imageIn("default")], [image("4125"), image("4124")]);
  });

  test("gives way to the input", async () => {
    const outcome = await run({ namespace: "default" });
    assertRan(outcome, "Succeeded");
    assert.ok(!outcome.log.join("\n").includes("from the service connection"));
    assert.deepEqual([imageIn("shop"), imageIn("default")], [image("4124"), image("4125")]);
  });

  test("is in the commands that are only printed", async () => {
    const { outputs } = await run({ dryRun: "client" });
    assert.match(outputs.commands ?? "", / --namespace=shop$/);
  });

  test("that is none is refused", async () => {
    stage.assertRefused(
      await run({}, "Kube_System"),
      'kubernetesServiceConnection: invalid namespace "Kube_System" of the service connection. Edit the service connection, or set the input namespace. [KSI105]',
    );
  });
});

describe("a deployment job on an environment", () => {
  const deploysTo = () => ({
    name: "shop",
    resource: { name: "production", connection: boundTo("shop") },
  });

  test("needs no connection of its own", async () => {
    const outcome = await stage.finish({ images }, build, alone, {}, { deploysTo: deploysTo() });
    assertRan(outcome, "Succeeded");
    assert.equal(imageIn("shop"), image("4125"));
  });

  test("takes the kubeconfig that the pipeline names instead", async () => {
    const kubeconfig = path.join(stage.temp, "kubeconfig");
    const inputs = { images, kubeconfig };
    const outcome = await stage.finish(inputs, build, alone, {}, { deploysTo: deploysTo() });
    assertRan(outcome, "Succeeded");
    assertLogged(
      outcome,
      "The environment shop.production sets kubernetesServiceConnection. The pipeline sets kubeconfig, which is used instead",
    );
    assert.deepEqual([imageIn("shop"), imageIn("default")], [image("4124"), image("4125")]);
  });

  test("takes the cluster of Azure that the pipeline names instead", async () => {
    const token = "token-of-the-cluster-itself";
    const api = await stage.keep(Guard.start(stage.server.url, (given) => given === token));
    const cluster = { server: api.url, ca: api.certificate.certificate, token };
    const azure = await stage.keep(Azure.start({ cluster: { ...cluster, users: "local" } }));
    const outcome = await stage.finish(
      { images, azureResourceGroup: names.resourceGroup, kubernetesCluster: names.cluster },
      { ...build, ...azure.variables },
      alone,
      {},
      { deploysTo: deploysTo(), connections: { azureSubscriptionEndpoint: bySecret(azure) } },
    );
    assertRan(outcome, "Succeeded");
    assertLogged(
      outcome,
      /^The environment shop\.production sets kubernetesServiceConnection\. .*which is used instead/,
    );
    assert.equal(imageIn("default"), image("4125"));
  });

  test("is named where two connections are filled in", async () => {
    const inputs = { images, connectionType: "kubernetesServiceConnection", kubeconfig: "/a" };
    const two = await stage.finish(inputs, build, alone, {}, { deploysTo: deploysTo() });
    stage.assertRefused(
      two,
      "kubeconfig: not allowed with connectionType: kubernetesServiceConnection, which authenticates with its service connection. The environment shop sets a Kubernetes service connection when the job names one of its resources. Set only one of them. [KSI114]",
    );
    const written = await stage.finish(
      { images, kubernetesCluster: "shop" },
      build,
      alone,
      {},
      {
        deploysTo: { name: "shop" },
        connections: { kubernetesServiceEndpoint: boundTo("shop") },
      },
    );
    stage.assertRefused(written, /The environment shop sets a Kubernetes service connection/);
  });
});

test("an input is taken by each of its names", async () => {
  const connection = boundTo("shop");
  for (const name of ["kubernetesServiceEndpoint", "kubernetesServiceConnection"]) {
    const handed = { connections: { [name]: connection } };
    const outcome = await stage.finish({ images, dryRun: "Server" }, build, alone, {}, handed);
    assertRan(outcome, "Succeeded");
    assertLogged(outcome, /^Namespace shop is from the service connection/);
  }
});

test("values are taken as people write them", async () => {
  const written = { images, onFailure: "rollback", rolloutStatusTimeout: "10m", verifyImage: "no" };
  assertRan(await stage.finish(written, build), "Succeeded");
});

test("a value that is not allowed changes nothing", async () => {
  const wrong = { images, onFailure: "revert" };
  stage.assertRefused(
    await stage.finish(wrong, build),
    'onFailure: invalid value "revert". Use undo or keep. [KSI104]',
  );
});

describe("the link from an environment to the run", () => {
  const annotations = () =>
    Object.fromEntries(
      Object.entries(stage.server.get("Deployment", "web").metadata.annotations ?? {})
        .filter(([key]) => key.startsWith("azure-pipelines/"))
        .map(([key, value]) => [key.slice("azure-pipelines/".length), value]),
    );
  const pipeline = {
    "System.TeamFoundationCollectionUri": "https://dev.azure.com/contoso/",
    "System.TeamProject": "Shop",
    "System.DefinitionId": "12",
    "Build.DefinitionName": "web",
    "Agent.JobName": "Deploy it",
  };
  const ofBuild = {
    run: "20261124.7",
    pipeline: "web",
    pipelineId: "12",
    jobName: '"Deploy it"',
    runuri: "https://dev.azure.com/contoso/Shop/_build/results?buildId=4125",
    project: "Shop",
    org: "https://dev.azure.com/contoso/",
  };

  test("is written with the record, and goes back with the image", async () => {
    assertRan(await stage.finish({ images }, { ...build, ...pipeline }), "Succeeded");
    assert.deepEqual(annotations(), ofBuild);
    stage.server.images.behave(image("4126"), "image-not-found");
    const next = { "Build.BuildId": "4126", "Build.BuildNumber": "20261124.8" };
    assertRan(await stage.finish({ images }, { ...build, ...pipeline, ...next }), "Failed");
    assert.deepEqual(annotations(), ofBuild);
  });

  test("is taken away again where there was none", async () => {
    stage.server.images.behave(image("4125"), "image-not-found");
    assertRan(await stage.finish({ images }, { ...build, ...pipeline }), "Failed");
    assert.deepEqual(annotations(), {});
  });

  test("leads to a classic release, and to the one that puts back", async () => {
    const classic = {
      ...{ ...release, ...pipeline },
      "Release.ReleaseId": "77",
      "Release.DefinitionName": "Shop release",
      "Release.DefinitionId": "3",
    };
    assertRan(await stage.finish({ images }, classic), "Succeeded");
    const { run, pipeline: definition, pipelineId, runuri } = annotations();
    assert.deepEqual(
      [run, definition, pipelineId, runuri],
      [
        "77",
        "Shop release",
        "3",
        "https://dev.azure.com/contoso/Shop/_releaseProgress?releaseId=77",
      ],
    );
    const undo = { ...classic, "Release.ReleaseId": "78" };
    assertRan(await stage.finish({ command: "undo" }, undo), "Succeeded");
    assert.equal(annotations().run, "78");
  });
});

describe("an output variable", () => {
  test("is no secret because a secret variable has its name, whatever its lines", async () => {
    const outcome = await stage.finish(
      { images: `${images}\ndeployments/api app=$(ACR)/api`, dryRun: "client" },
      release,
      {},
      { commands: "hush-hush", image: "hush-hush-too" },
    );
    assertRan(outcome, "Succeeded");
    assert.deepEqual(outcome.secretOutputs, []);
    assert.equal(outcome.outputs.image, `${image("4125")}\n${image("4125", "api")}`);
    assert.equal(outcome.outputs.commands?.split("\n").length, 2);
  });

  test("that a later step could not bear is empty, with a warning, and attached", async () => {
    const lines = Array.from(
      { length: 500 },
      (_, at) => `deployments/web-${at} app=$(ACR)/web-${at}`,
    );
    const outcome = await stage.finish({ images: lines.join("\n"), dryRun: "client" });
    assertRan(outcome, "Succeeded");
    assert.equal(outcome.outputs.commands?.length, 0);
    assert.match(
      outcome.warnings.join("\n"),
      /^The output variable commands is empty, since it would have \d+ characters and the limit is 24000\. Read its value from the attachment commands\.txt of the type kubectl-set-image-output\. \[KSI702\]$/m,
    );
    const attached = outcome.attachments.find(({ name }) => name === "commands.txt");
    assert.equal(attached?.content.split("\n").length, 500);
    assert.equal(attached?.type, "kubectl-set-image-output");
  });
});

test("of many failures the first that the summary shows is the cause of one", async () => {
  const all = Array.from({ length: 12 }, (_, at) => `app-${at}`);
  for (const name of all) {
    await stage.server.deployment({ name, image: image("4124", name) });
    stage.server.images.behave(image("4125", name), "image-not-found");
  }
  const outcome = await stage.finish({
    images: all.map((name) => `deployments/${name} app=$(ACR)/${name}`).join("\n"),
    onFailure: "keep",
  });
  assertRan(outcome, "Failed");
  assert.equal(outcome.errors.length, 10);
  for (const error of outcome.errors) {
    assert.match(error, /^deployment\/app-\d+: .*cannot pull its image/);
  }
});

test("the build of a fork keeps its tags and its number, and the step says so", async () => {
  const outcome = await stage.finish(
    { command: "computeTag", updateBuildNumber: "true" },
    { ...build, "System.PullRequest.IsFork": "True" },
  );
  assertRan(outcome, "Succeeded");
  assert.deepEqual([outcome.buildTags, outcome.buildNumber], [[], undefined]);
  assertLogged(outcome, /^This build is from a fork and cannot change itself: addBuildTag/);
});

describe("a step whose target restricts it", () => {
  const target = { commands: "restricted", settableVariables: "none" } as const;

  test("sets the images, without a summary and outputs", async () => {
    const outcome = await stage.finish({ images }, release, {}, {}, { target });
    assertRan(outcome, "Succeeded");
    assert.equal(imageIn("default"), image("4125"));
    assert.deepEqual([outcome.outputs, outcome.summaries, outcome.attachments], [{}, [], []]);
    const own = outcome.warnings.filter((words) => !/policy|has been disabled/.test(words));
    assert.deepEqual(own, []);
  });

  test("computes the tag, without a tag on the build", async () => {
    const restricted = { target: { commands: "restricted" } } as const;
    const outcome = await stage.finish({ command: "computeTag" }, build, {}, {}, restricted);
    assertRan(outcome, "Succeeded");
    assert.deepEqual([outcome.outputs, outcome.buildTags], [{ tag: "4125" }, []]);
  });
});

describe("a secret of several lines", () => {
  const token = "hush-hush-token";
  const words = (outcome: Outcome) => outcome.log.join("\n");
  const leak = () => {
    const fault = { kind: "status", code: 403, message: `the token is ${token}` } as const;
    stage.server.faults.add({ method: "PATCH", fault });
  };

  test("in a service connection is masked line by line", async () => {
    leak();
    const connections = { kubernetesServiceEndpoint: boundTo("default", token) };
    const outcome = await stage.finish({ images }, release, alone, {}, { connections });
    assertRan(outcome, "Failed");
    assert.match(words(outcome), /the token is \*\*\*/);
    assert.ok(!words(outcome).includes(token), words(outcome));
  });

  test("in a variable is masked line by line", async () => {
    leak();
    const secrets = { Kubeconfig: stage.server.kubeconfig({ token }) };
    const inputs = { images, kubeconfig: "$(Kubeconfig)" };
    const outcome = await stage.finish(inputs, release, alone, secrets);
    assertRan(outcome, "Failed");
    assert.match(words(outcome), /the token is \*\*\*/);
    assert.ok(!words(outcome).includes(token), words(outcome));
  });
});

describe("when the agent ends the step", { skip: process.platform === "win32" }, () => {
  const rollingOut = async (...more: Parameters<typeof stage.start>) => {
    stage.server.images.behave(image("4125"), "never-ready");
    const step = stage.start(...more);
    await until(() => imageIn("default") === image("4125"));
    await until(() => stage.server.requests.some(({ query }) => query.includes("watch=")));
    return step;
  };

  test("since its time is over, it rolls back, and the run shows a failure", async () => {
    const step = await rollingOut({ images });
    step.timeOut();
    const outcome = await step.outcome;
    assertRan(outcome, "Failed");
    assert.equal(outcome.told, "Canceled");
    assertLogged(
      outcome,
      "##[warning]The agent ends the step: it was canceled or has timed out. [KSI529]",
    );
    assert.equal(imageIn("default"), image("4124"));
    assert.deepEqual(outcome.leftBehind, []);
  });

  test("it takes no longer than the job's variables allow", async () => {
    stage.server.faults.add({ method: "GET", path: /deployments/, fault: "hang" });
    const variables = { ...release, PROCESS_SIGINT_TIMEOUT: "2100" };
    const step = stage.start({ images }, variables);
    await until(() => stage.server.requests.length > 0);
    step.cancel();
    const outcome = await step.outcome;
    assertRan(outcome, "Canceled");
    assert.deepEqual(outcome.canceled?.signals, ["SIGINT"]);
  });

  test("in a container, it does not hear of it, as it has said", async () => {
    const soon = { PROCESS_SIGINT_TIMEOUT: "100", PROCESS_SIGTERM_TIMEOUT: "100" };
    const step = await rollingOut({ images }, { ...release, ...soon }, {}, {}, { container: true });
    step.cancel();
    const outcome = await step.outcome;
    assert.deepEqual([outcome.result, outcome.told], ["Canceled", ""]);
    assertLogged(
      outcome,
      "This step runs in a container, where the agent cannot signal a cancellation: images that are set stay set. Add target: host to the step to roll back when the run is canceled",
    );
    assert.equal(imageIn("default"), image("4125"));
  });
});

test("a dry run in a container has nothing that could stay", async () => {
  const inputs = { images, dryRun: "server" };
  const { log } = await stage.finish(inputs, release, {}, {}, { container: true });
  assert.ok(!log.join("\n").includes("runs in a container"), log.join("\n"));
});

test("a Node that is too old is told in one sentence", async () => {
  const older = path.join(stage.temp, "older.cjs");
  writeFileSync(
    older,
    `const versions = { ...process.versions, node: "16.20.2" };
     Object.defineProperty(process, "versions", { value: versions });`,
  );
  const outcome = await stage.finish({ images }, release, { NODE_OPTIONS: `--require ${older}` });
  assertRan(outcome, "Failed");
  assert.deepEqual(outcome.log, [
    "##[error]This task needs Node 20 or newer, but the agent runs it with Node 16.20.2. Update the agent to 3.232.1 or newer, or its operating system, which may be too old for Node 20. [KSI705]",
  ]);
});
