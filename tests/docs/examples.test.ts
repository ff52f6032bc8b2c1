/** The pipelines of examples/ name what the task has, and do what they say. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import path from "node:path";
import { beforeEach, describe, test } from "node:test";
import { parse } from "yaml";
import type { Outcome } from "../support/agent";
import {
  inputsOf,
  jobsOf,
  ofExport,
  type Pipeline,
  type PipelineStep,
  type ReleaseExport,
  type Run,
  readPipeline,
  runPipeline,
  stepsOf,
  type TaskInput,
  type World,
} from "../support/agent/pipelines";
import { Azure, names, resources } from "../support/azure";
import {
  byFederation,
  byKubeconfig,
  ofJob,
  registry as registryConnection,
} from "../support/azure/connections";
import { Guard } from "../support/network/guard";
import { Registry, registryMissing, user } from "../support/registry";
import { json, read, root } from "../support/repository";
import { assertRan, useStage } from "../support/stage";

const folder = path.join(root, "examples");
const files = readdirSync(folder).filter((file) => file.endsWith(".yml"));
const task = json("task/task.json");
const inputs: TaskInput[] = task.inputs;

const pipelineOf = (file: string, parameters = {}) =>
  readPipeline(path.join(folder, file), parameters);

const exported: ReleaseExport = json("examples/classic-release.json");

/** The steps of this task in a pipeline. */
function taskSteps(pipeline: Pipeline): PipelineStep[] {
  const steps = jobsOf(pipeline).flatMap(stepsOf);
  return steps.filter((step) => step.task?.startsWith("KubectlSetImage@"));
}

/** Whether a rule of task.json holds for the inputs of a step. */
function holds(rule: string, typed: Record<string, string>): boolean {
  return rule.split("||").some((part) =>
    part.split("&&").every((comparison) => {
      const [, name = "", sign, value] = /^\s*(\w+) (!?=) (\S*)\s*$/.exec(comparison) ?? [];
      const input = inputs.find((known) => known.name === name);
      assert.ok(input, `${rule} names the input ${name}`);
      return ((typed[name] ?? input.defaultValue) === value) === (sign === "=");
    }),
  );
}

test("there are examples, and their list names them all, the quick start first", () => {
  const list = read("examples/README.md");
  const rows = list.matchAll(/^\| \[(\S+\.(?:yml|json))\]\(\1\) +\|/gm);
  const named = [...rows].map(([, file]) => file);
  assert.equal(named[0], "quickstart.yml");
  assert.deepEqual(named.toSorted(), [...files, "classic-release.json"].toSorted());
});

test("the quick start of the README is that of quickstart.yml", () => {
  const [, yaml = ""] = /```yaml\n(.*?)```/s.exec(read("README.md")) ?? [];
  const steps = (pipeline: Pipeline) =>
    jobsOf(pipeline)
      .flatMap(stepsOf)
      .flatMap(({ task, inputs }) => (task ? [{ task, inputs }] : []));
  assert.deepEqual(steps(parse(yaml)), steps(pipelineOf("quickstart.yml")));
});

test("classic-release.json has this task, in the major version that it has", () => {
  const steps = exported.environments.flatMap(({ deployPhases }) =>
    deployPhases.flatMap(({ workflowTasks }) => workflowTasks),
  );
  assert.deepEqual(
    steps.map(({ taskId, version, definitionType, enabled }) => [
      taskId,
      version,
      definitionType,
      enabled,
    ]),
    exported.environments.map(() => [task.id, `${task.version.Major}.*`, "task", true]),
  );
});

const pipelines = [
  ...files.map((file): [string, Pipeline] => [file, pipelineOf(file)]),
  ["classic-release.json", ofExport(exported)] as const,
];
for (const [file, pipeline] of pipelines) {
  test(`${file} gives the task inputs and values that it has`, () => {
    const steps = taskSteps(pipeline);
    assert.ok(steps.length > 0, "no step of this task");
    for (const step of steps) {
      assert.equal(step.task, `${task.name}@${task.version.Major}`);
      const typed = inputsOf(step, inputs);
      assert.equal(
        Object.keys(typed).length,
        Object.keys(step.inputs ?? {}).length,
        "an input is named twice",
      );
      for (const [name, value] of Object.entries(typed)) {
        const input = inputs.find((known) => known.name === name);
        assert.ok(input, name);
        const isList = input.type === "pickList" && input.options !== undefined;
        if (isList) assert.ok(value in (input.options ?? {}), `${name}: ${value}`);
        if (input.type === "boolean") assert.match(value, /^(true|false)$/, name);
        if (input.visibleRule) assert.ok(holds(input.visibleRule, typed), `${name} does not count`);
        const group = task.groups.find(({ name }: { name: string }) => name === input.groupName);
        if (group?.visibleRule)
          assert.ok(holds(group.visibleRule, typed), `${name} does not count`);
      }
    }
  });
}

for (const file of files) {
  test(`${file} deploys from deployment jobs, and names its pools and triggers`, () => {
    const pipeline = pipelineOf(file);
    assert.ok("trigger" in pipeline, "no trigger: it would run for every branch");
    assert.ok("pool" in pipeline, "no pool");
    for (const job of jobsOf(pipeline)) {
      const changing = stepsOf(job)
        .filter((step) => step.task?.startsWith("KubectlSetImage@"))
        .map((step) => inputsOf(step, inputs))
        .filter(({ command = "setImage", dryRun = "none" }) => {
          return command !== "computeTag" && dryRun === "none";
        });
      if (changing.length > 0) assert.ok(job.environment, "a job that changes has no environment");
    }
    const aliases = (pipeline.resources?.pipelines ?? []).map(({ pipeline }) => pipeline);
    for (const step of taskSteps(pipeline)) {
      const { artifactAlias } = inputsOf(step, inputs);
      if (artifactAlias) assert.ok(aliases.includes(artifactAlias), artifactAlias);
    }
  });
}

describe("run", () => {
  const stage = useStage();
  /** What the builds have pushed. */
  let pushed: string[] = [];
  let world: World;
  let toRun: Parameters<typeof stage.start>[4] = {};

  beforeEach(() => {
    pushed = [];
    toRun = {};
    const cluster = byKubeconfig(stage.server.kubeconfig());
    world = {
      inputs,
      folder: path.join(stage.temp, "runs"),
      connections: { production: cluster, "shop-staging": cluster, "shop-production": cluster },
      resources: {
        "shop.production": { ...cluster, data: { ...cluster.data, namespace: "shop" } },
      },
      pushed: async (repository, tag) => void pushed.push(`${repository}:${tag}`),
      run: (typed, variables, connections, deploysTo) => {
        const handed = { ...toRun, connections, ...(deploysTo && { deploysTo }) };
        return stage.finish(typed, variables, { KUBECONFIG: undefined }, {}, handed);
      },
    };
  });

  const ofBuild = (id = "4125") => ({
    "System.HostType": "build",
    "Build.BuildId": id,
    "Build.BuildNumber": "20261124.7",
    "Build.DefinitionName": "identityserver",
    "Build.SourceBranch": "refs/heads/main",
    "Build.SourceVersion": "3f1c0a9be7d24c5f8a6b1e0d9c8b7a6f5e4d3c2b",
    "System.PipelineStartTime": "2026-11-24 04:00:00+00:00",
  });
  /** A run of a release by itself, of these builds. */
  const ofRelease = (builds: Record<string, string>) => {
    const runIds = Object.entries(builds).map(([alias, id]) => [
      `resources.pipeline.${alias}.runID`,
      id,
    ]);
    return { ...ofBuild("9001"), ...Object.fromEntries(runIds) };
  };
  const acr = (image: string) => `contoso.azurecr.io/${image}`;
  const deployment = (name: string, namespace: string, image = `${name}:4124`, container = name) =>
    stage.server.deployment({
      name,
      namespace,
      containers: [{ name: container, image: acr(image) }],
    });

  function assertSucceeded({ outcomes }: Run, count: number): void {
    assert.equal(outcomes.length, count);
    for (const outcome of outcomes) {
      assertRan(outcome, "Succeeded");
      assert.deepEqual(outcome.warnings, []);
    }
  }
  const last = ({ outcomes }: Run): Outcome => {
    const outcome = outcomes.at(-1);
    assert.ok(outcome, "no step has run");
    return outcome;
  };

  /** The shop and its staging, after a build and its release. */
  async function released(): Promise<{ build: Run; release: Run }> {
    await deployment("identityserver", "staging");
    await deployment("identityserver", "shop");
    await stage.server.cronJob({
      name: "cleanup",
      namespace: "shop",
      image: acr("identityserver:4124"),
    });
    const build = await runPipeline(world, pipelineOf("build.yml"), ofBuild());
    const release = await runPipeline(
      world,
      pipelineOf("release.yml"),
      ofRelease({ build: "4125" }),
      { build },
    );
    return { build, release };
  }

  test("quickstart.yml pushes under the id of the run, and sets just that", async () => {
    await deployment("web", "shop");
    const run = await runPipeline(world, pipelineOf("quickstart.yml"), ofBuild());
    assertSucceeded(run, 1);
    assert.deepEqual(pushed, ["web:4125"]);
    assert.equal(stage.imageOf("Deployment", "web", "web", "shop"), acr("web:4125"));
  });

  describe("stages.yml", () => {
    const imageIn = (namespace: string) => stage.imageOf("Deployment", "web", "web", namespace);

    async function run(isSiteUp: boolean): Promise<Run> {
      for (const namespace of ["staging", "shop"]) await deployment("web", namespace);
      world.script = (line) => {
        assert.match(line, /^curl --fail /);
        return isSiteUp;
      };
      return runPipeline(world, pipelineOf("stages.yml"), ofBuild());
    }

    test("undoes nothing while the site answers", async () => {
      const { stages } = await run(true);
      assert.deepEqual(
        [stages.production, stages.check, stages.undo],
        ["Succeeded", "Succeeded", "Skipped"],
      );
      assert.equal(imageIn("shop"), acr("web:4125"));
    });

    test("rolls production back when the site does not answer, and leaves staging", async () => {
      const { stages } = await run(false);
      assert.deepEqual(
        [stages.production, stages.check, stages.undo],
        ["Succeeded", "Failed", "Succeeded"],
      );
      assert.equal(imageIn("shop"), acr("web:4124"));
      assert.equal(imageIn("staging"), acr("web:4125"));
    });

    test("stops before production when staging fails, and has nothing to undo", async () => {
      stage.server.images.behave(acr("web:4125"), "image-not-found");
      const { stages } = await run(true);
      assert.deepEqual(
        [stages.staging, stages.production, stages.check, stages.undo],
        ["Failed", "Skipped", "Skipped", "Skipped"],
      );
      assert.equal(imageIn("shop"), acr("web:4124"));
    });
  });

  test("helm.yml names the Helm release that owns the workload, and gives it the tag", async () => {
    await deployment("web", "shop");
    const metadata = {
      labels: { "app.kubernetes.io/managed-by": "Helm" },
      annotations: {
        "meta.helm.sh/release-name": "web",
        "meta.helm.sh/release-namespace": "shop",
      },
    };
    stage.server.patch("Deployment", "web", { metadata } as never, { namespace: "shop" });
    const run = await runPipeline(world, pipelineOf("helm.yml"), ofBuild());
    assertSucceeded(run, 1);
    assert.match(last(run).log.join("\n"), /managed by Helm release web in namespace shop/);
    const { releaseName, arguments: given } = run.others["HelmDeploy@1"] ?? {};
    assert.equal(releaseName, "web");
    assert.match(given ?? "", / image\.tag=4125$/);
    assert.equal(stage.imageOf("Deployment", "web", "web", "shop"), acr("web:4125"));
  });

  describe("classic-release.json", () => {
    const ofClassic = {
      "System.HostType": "release",
      "Release.ReleaseName": "Release-7",
      "Release.PrimaryArtifactSourceAlias": "_web",
      "Build.BuildId": "4125",
    };
    const imageIn = (namespace: string) => stage.imageOf("Deployment", "web", "web", namespace);

    /** The pipeline after its import, with the service connection filled in. */
    function imported(): Pipeline {
      const pipeline = ofExport(exported);
      for (const step of taskSteps(pipeline)) {
        assert.equal(step.inputs?.kubernetesServiceEndpoint, "");
        step.inputs = { ...step.inputs, kubernetesServiceEndpoint: "shop-production" };
      }
      return pipeline;
    }

    async function released(): Promise<Run> {
      for (const namespace of ["staging", "shop"]) await deployment("web", namespace);
      return runPipeline(world, imported(), ofClassic);
    }

    test("sets the image of the build in one stage after the other", async () => {
      const run = await released();
      assertSucceeded(run, 2);
      assert.equal(run.stages["Undo production"], "Skipped");
      for (const namespace of ["staging", "shop"])
        assert.equal(imageIn(namespace), acr("web:4125"));
    });

    test("rolls production back by the stage that is deployed by hand", async () => {
      await released();
      const { stages = [], ...pipeline } = imported();
      const byHand = stages
        .filter(({ isManual }) => isManual)
        .map((stage) => ({ ...stage, isManual: false }));
      assertSucceeded(await runPipeline(world, { ...pipeline, stages: byHand }, ofClassic), 1);
      assert.equal(imageIn("shop"), acr("web:4124"));
      assert.equal(imageIn("staging"), acr("web:4125"));
    });
  });

  test("build.yml pushes under the tag, and release.yml sets just that in each environment", async () => {
    const { build, release } = await released();
    assertSucceeded(build, 1);
    assert.deepEqual(pushed, ["identityserver:4125"]);
    assert.deepEqual(last(build).buildTags, ["4125"]);
    assertSucceeded(release, 2);
    const image = acr("identityserver:4125");
    for (const namespace of ["staging", "shop"]) {
      const found = stage.imageOf("Deployment", "identityserver", "identityserver", namespace);
      assert.equal(found, image, namespace);
    }
    assert.equal(stage.imageOf("CronJob", "cleanup", "app", "shop"), image);
  });

  test("release.yml stops before production when staging does not run", async () => {
    stage.server.images.behave(acr("identityserver:4125"), "image-not-found");
    const { release } = await released();
    assert.deepEqual(
      release.outcomes.map(({ result }) => result),
      ["Failed"],
    );
    for (const namespace of ["staging", "shop"]) {
      const found = stage.imageOf("Deployment", "identityserver", "identityserver", namespace);
      assert.equal(found, acr("identityserver:4124"), namespace);
    }
  });

  test("undo.yml puts back what the release has replaced", async () => {
    await released();
    const parameters = { workloads: "deployments/identityserver cronjobs/cleanup" };
    const undo = await runPipeline(world, pipelineOf("undo.yml", parameters), ofBuild("9002"));
    assertSucceeded(undo, 1);
    const old = acr("identityserver:4124");
    assert.equal(stage.imageOf("Deployment", "identityserver", "identityserver", "shop"), old);
    assert.equal(stage.imageOf("CronJob", "cleanup", "app", "shop"), old);
    assert.equal(
      stage.imageOf("Deployment", "identityserver", "identityserver", "staging"),
      acr("identityserver:4125"),
    );
  });

  test("a run that a pipeline resource triggered sets the image of that resource's build", async () => {
    await deployment("identityserver", "shop");
    const inputs = { images: "deployments/identityserver identityserver=$(ACR)/identityserver" };
    const variables = {
      ...ofRelease({ build: "4125", tools: "77" }),
      ACR: "contoso.azurecr.io",
      "Build.Reason": "ResourceTrigger",
      "resources.triggeringAlias": "build",
      "resources.triggeringCategory": "pipeline",
    };
    const outcome = await stage.finish({ ...inputs, namespace: "shop" }, variables);
    assertRan(outcome, "Succeeded");
    assert.equal(outcome.outputs.tag, "4125");
    assert.match(outcome.log.join("\n"), /^Tag {7}4125 \(resources\.pipeline\.build\.runID, /m);
    const unknown = { ...variables, "resources.triggeringAlias": "" };
    const refused = await stage.finish(
      { ...inputs, namespace: "shop" },
      {
        ...unknown,
        "resources.triggeringCategory": "",
      },
    );
    assertRan(refused, "Failed");
    assert.match(
      refused.errors[0] ?? "",
      /^artifactAlias: required, since resources\.triggeringAlias does not name/,
    );
  });

  test("environment.yml goes where the environment says, and leaves a link to its run", async () => {
    await deployment("identityserver", "staging");
    await deployment("identityserver", "shop");
    const build = await runPipeline(world, pipelineOf("build.yml"), ofBuild());
    const variables = {
      ...ofRelease({ build: "4125" }),
      "System.TeamFoundationCollectionUri": "https://dev.azure.com/contoso/",
      "System.TeamProject": "Shop",
    };
    const run = await runPipeline(world, pipelineOf("environment.yml"), variables, { build });
    assertSucceeded(run, 1);
    const found = (namespace: string) =>
      stage.imageOf("Deployment", "identityserver", "identityserver", namespace);
    assert.equal(found("shop"), acr("identityserver:4125"));
    assert.equal(found("staging"), acr("identityserver:4124"));
    const { annotations } = stage.server.get("Deployment", "identityserver", "shop").metadata;
    assert.equal(
      annotations?.["azure-pipelines/runuri"],
      "https://dev.azure.com/contoso/Shop/_build/results?buildId=9001",
    );
  });

  test("several-namespaces.yml sets each workload from its registry and its build", async () => {
    await deployment("web", "shop", "web:4124", "app");
    await deployment("web", "billing", "web:4124", "app");
    await stage.server.cronJob({ name: "invoices", namespace: "billing", image: acr("web:4124") });
    const harbor = "harbor.contoso.example/platform";
    await stage.server.deployment({
      name: "cache",
      namespace: "shop",
      containers: [
        { name: "redis", image: "redis:8.2" },
        { name: "metrics", image: `${harbor}/redis-exporter:1.61.0` },
      ],
    });
    await stage.server.daemonSet({
      name: "logs",
      namespace: "platform",
      labels: { tier: "agent" },
      containers: [{ name: "agent", image: `${harbor}/agent:77001` }],
    });
    const run = await runPipeline(
      world,
      pipelineOf("several-namespaces.yml"),
      ofRelease({ web: "4125", agent: "77001" }),
    );
    assertSucceeded(run, 2);
    for (const namespace of ["shop", "billing"]) {
      assert.equal(stage.imageOf("Deployment", "web", "app", namespace), acr("web:4125"));
    }
    assert.equal(stage.imageOf("CronJob", "invoices", "app", "billing"), acr("web:4125"));
    assert.equal(
      stage.imageOf("Deployment", "cache", "metrics", "shop"),
      `${harbor}/redis-exporter:1.62.0`,
    );
    assert.equal(stage.imageOf("Deployment", "cache", "redis", "shop"), "redis:8.2");
    assert.equal(stage.imageOf("DaemonSet", "logs", "agent", "platform"), `${harbor}/agent:77001`);
    assert.equal(last(run).outputs.changed, "false");
    const next = await runPipeline(world, pipelineOf("several-namespaces.yml"), {
      ...ofRelease({ web: "4126", agent: "77002" }),
      "Build.BuildId": "9003",
    });
    assert.equal(last(next).outputs.changed, "true");
    assert.equal(stage.imageOf("DaemonSet", "logs", "agent", "platform"), `${harbor}/agent:77002`);
  });

  test("pull-request.yml asks the cluster, and changes and pushes nothing", async () => {
    await deployment("identityserver", "staging");
    const ofPullRequest = {
      ...ofBuild(),
      "Build.Reason": "PullRequest",
      "Build.SourceBranch": "refs/pull/17/merge",
      "System.PullRequest.PullRequestId": "17",
    };
    const run = await runPipeline(world, pipelineOf("pull-request.yml"), ofPullRequest);
    assertSucceeded(run, 2);
    assert.deepEqual(pushed, []);
    assert.equal(last(run).outputs.image, acr("identityserver:pr17-4125"));
    assert.ok(stage.changes.length > 0, "the API server was not asked");
    for (const { query } of stage.changes) assert.match(query, /dryRun=All/);
    const found = stage.imageOf("Deployment", "identityserver", "identityserver", "staging");
    assert.equal(found, acr("identityserver:4124"));
  });

  test("pull-request.yml fails where the container goes by another name", async () => {
    await deployment("identityserver", "staging", "identityserver:4124", "app");
    const ofPullRequest = { ...ofBuild(), "Build.SourceBranch": "refs/pull/17/merge" };
    const run = await runPipeline(world, pipelineOf("pull-request.yml"), {
      ...ofPullRequest,
      "System.PullRequest.PullRequestId": "17",
    });
    assertRan(last(run), "Failed");
    assert.match(last(run).errors[0] ?? "", /identityserver/);
    assert.deepEqual(stage.changes, []);
  });

  const monorepo = ["web", "api", "worker"];

  test("monorepo.yml sets every image of the build wherever it runs", async () => {
    for (const name of monorepo) await deployment(name, "shop", `${name}:old`);
    await stage.server.cronJob({ name: "nightly", namespace: "shop", image: acr("worker:old") });
    const run = await runPipeline(world, pipelineOf("monorepo.yml"), ofBuild());
    assertSucceeded(run, 2);
    const tag = "20261124.7-3f1c0a9";
    assert.deepEqual(
      pushed,
      monorepo.map((name) => `${name}:${tag}`),
    );
    for (const name of monorepo) {
      assert.equal(stage.imageOf("Deployment", name, name, "shop"), acr(`${name}:${tag}`));
    }
    assert.equal(stage.imageOf("CronJob", "nightly", "app", "shop"), acr(`worker:${tag}`));
  });

  test("monorepo.yml sets all of them back when one does not start", async () => {
    for (const name of monorepo) await deployment(name, "shop", `${name}:old`);
    stage.server.images.behave(acr("api:20261124.7-3f1c0a9"), "image-not-found");
    const run = await runPipeline(world, pipelineOf("monorepo.yml"), ofBuild());
    assertRan(last(run), "Failed");
    for (const name of monorepo) {
      assert.equal(stage.imageOf("Deployment", name, name, "shop"), acr(`${name}:old`));
    }
  });

  describe("aks.yml", { skip: registryMissing ?? false }, () => {
    async function aks(): Promise<Registry> {
      const registry = await stage.keep(Registry.start());
      await stage.server.deployment({
        name: "identityserver",
        namespace: "shop",
        containers: [{ name: "identityserver", image: `${registry.host}/identityserver:4124` }],
      });
      let azure: Azure | undefined;
      const admits = (token: string) => azure?.knows(token, resources.cluster) === true;
      const api = await stage.keep(Guard.start(stage.server.url, admits));
      const ca = api.certificate.certificate;
      const cluster = { server: api.url, ca, users: "entra" as const };
      azure = await stage.keep(Azure.start({ cluster }));
      world.connections = {
        "contoso-production": byFederation(azure),
        contoso: registryConnection(registry.url, user),
      };
      toRun = { system: ofJob(azure) };
      const { run } = world;
      const ofAgent = { ...azure.variables, ACR: registry.host };
      world.run = (typed, variables, connections) =>
        run(typed, { ...variables, ...ofAgent }, connections);
      return registry;
    }
    const run = () => runPipeline(world, pipelineOf("aks.yml"), ofRelease({ build: "4125" }));
    const found = () => stage.imageOf("Deployment", "identityserver", "identityserver", "shop");

    test("logs in without a secret, and pins what the registry has", async () => {
      const registry = await aks();
      const digest = await registry.push("identityserver", "4125");
      assertSucceeded(await run(), 1);
      assert.equal(found(), `${registry.host}/identityserver:4125@${digest}`);
    });

    test("fails on a tag that nobody has pushed before it touches the cluster", async () => {
      const registry = await aks();
      await registry.push("identityserver", "4124");
      const outcome = last(await run());
      assertRan(outcome, "Failed");
      assert.match(outcome.errors[0] ?? "", /identityserver:4125 was not found in the registry/);
      assert.deepEqual(stage.changes, []);
      assert.equal(found(), `${registry.host}/identityserver:4124`);
    });

    test("is for the cluster that its inputs name", () => {
      const [step] = taskSteps(pipelineOf("aks.yml"));
      assert.deepEqual(
        [step?.inputs?.azureResourceGroup, step?.inputs?.kubernetesCluster],
        [names.resourceGroup, names.cluster],
      );
    });
  });
});
