/** The task of the packaged extension, run as the agent runs it, with real kubectl. */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import { root } from "../support/repository";
import { assertLogged, assertRan, podsOf, release, until, useStage } from "../support/stage";

const stage = useStage();
const line = "deployments/identityserver identityserver=$(ACR)/IdentityServer";
const setImage =
  "kubectl set image deployments/identityserver identityserver=contoso.azurecr.io/identityserver:4125";
const setInDefault = `${setImage} --namespace=default`;
const oldImage = "contoso.azurecr.io/identityserver:4124";
const newImage = "contoso.azurecr.io/identityserver:4125";

const build = { "System.HostType": "build", "Build.BuildId": "4125", ACR: "contoso.azurecr.io" };

function identityserver(): Promise<unknown> {
  return stage.server.deployment({
    name: "identityserver",
    containers: [
      { name: "identityserver", image: oldImage },
      { name: "proxy", image: "envoy:1.30" },
    ],
    replicas: 2,
  });
}

const imageOf = (name: string, container = name) => stage.imageOf("Deployment", name, container);

describe("setImage", () => {
  for (const [which, kubectl] of Object.entries({
    "the kubectl of this machine": undefined,
    ...(process.env.NEWER_KUBECTL && { "a newer kubectl": process.env.NEWER_KUBECTL }),
  })) {
    test(`sets the image of the build and waits until it runs, with ${which}`, async () => {
      await identityserver();
      const searched = kubectl && [path.dirname(kubectl), process.env.PATH].join(path.delimiter);
      const outcome = await stage.finish(
        { images: line },
        release,
        searched ? { PATH: searched } : {},
      );
      assertRan(outcome, "Succeeded");
      assertLogged(outcome, `##[command]${setInDefault}`);
      assertLogged(outcome, "deployment.apps/identityserver image updated");
      assertLogged(
        outcome,
        "deployment/identityserver  identityserver  contoso.azurecr.io/identityserver  4124 → 4125",
      );
      assertLogged(
        outcome,
        `✓ deployment/identityserver  identityserver  ${newImage}  2/2 ready (not verified: not checked in the registry)  (was 4124)`,
      );
      const pods = podsOf(outcome);
      assert.equal(pods.length, 2);
      for (const { name, ready, milliseconds } of pods) {
        assert.match(name, /^identityserver-/);
        assert.ok(ready && milliseconds >= 0 && milliseconds < 60_000, `${name}: ${milliseconds}`);
      }
      assert.equal(imageOf("identityserver"), newImage);
      assert.equal(imageOf("identityserver", "proxy"), "envoy:1.30");
      const patched = stage.changes.map(({ method, path }) => `${method} ${path}`);
      const patch = "PATCH /apis/apps/v1/namespaces/default/deployments/identityserver";
      assert.deepEqual(patched, [patch, patch], "the image, and the record of it");
      const { tag, image, commands } = outcome.outputs;
      assert.deepEqual(
        { tag, image, commands },
        { tag: "4125", image: newImage, commands: setInDefault },
      );
      const tooNew = /^kubectl v1\.35\.\S+ and the API server v1\.33\.\S+ are more than one minor/;
      const others = outcome.warnings.filter((text) => !(kubectl && tooNew.test(text)));
      assert.deepEqual([outcome.errors, others], [[], []]);
    });
  }

  test("takes every form of a line, and workloads of every kind", async () => {
    await identityserver();
    await stage.server.statefulSet({ name: "db", image: "contoso.azurecr.io/db:1", replicas: 2 });
    await stage.server.daemonSet({ name: "log", image: "contoso.azurecr.io/log:1" });
    await stage.server.cronJob({ name: "cleanup", image: "contoso.azurecr.io/cleanup:1" });
    const outcome = await stage.finish({
      images: [
        "deployment identityserver $(ACR)/identityserver",
        "sts/db '*=$(ACR)/db'",
        "kubectl set image ds/log app=$(ACR)/log:v2.0.1",
        "# found by its repository:",
        "$(ACR)/cleanup",
      ].join("\n"),
    });
    assertRan(outcome, "Succeeded");
    assert.equal(imageOf("identityserver"), newImage);
    const container = (kind: string, name: string) =>
      stage.server.get(kind, name)?.spec.template.spec.containers[0]?.image;
    assert.equal(container("StatefulSet", "db"), "contoso.azurecr.io/db:4125");
    assert.equal(container("DaemonSet", "log"), "contoso.azurecr.io/log:v2.0.1");
    const job = stage.server.get("CronJob", "cleanup")?.spec.jobTemplate.spec.template.spec;
    assert.equal(job.containers[0]?.image, "contoso.azurecr.io/cleanup:4125");
  });

  test("takes a line that was pasted with its flags, and says what --all means", async () => {
    for (const name of ["web", "api"]) {
      await stage.server.deployment({
        name,
        namespace: "shop",
        image: `contoso.azurecr.io/${name}:1`,
      });
    }
    await stage.server.statefulSet({
      name: "db",
      namespace: "shop",
      image: "contoso.azurecr.io/db:1",
    });
    const outcome = await stage.finish({
      images:
        "\ufeffkubectl -n shop set image deployments --all \\\r\n  app=$(ACR)/site --record # the shop\r\n",
    });
    assertRan(outcome, "Succeeded");
    assertLogged(outcome, "--all matches deployments in namespace shop (2): api, web");
    assertLogged(
      outcome,
      "images, line 1: --record is ignored: this step always records the cause of a change for kubectl rollout history",
    );
    const image = (kind: string, name: string) => stage.imageOf(kind, name, "app", "shop");
    for (const name of ["web", "api"]) {
      assert.equal(image("Deployment", name), "contoso.azurecr.io/site:4125");
    }
    assert.equal(image("StatefulSet", "db"), "contoso.azurecr.io/db:1");
  });

  test("goes to the namespace and the kubeconfig of its inputs", async () => {
    await identityserver();
    await stage.server.deployment({
      name: "web",
      namespace: "shop",
      image: "contoso.azurecr.io/web:1",
    });
    const outcome = await stage.finish(
      {
        images: "deployments/web app=$(ACR)/web",
        namespace: "shop",
        kubeconfig: path.join(stage.temp, "kubeconfig"),
      },
      release,
      { KUBECONFIG: undefined },
    );
    assertRan(outcome, "Succeeded");
    assert.ok(outcome.log.join("\n").includes("app=contoso.azurecr.io/web:4125 --namespace=shop"));
    assert.equal(
      stage.server.get("Deployment", "web", "shop")?.spec.template.spec.containers[0]?.image,
      "contoso.azurecr.io/web:4125",
    );
  });

  test("keeps a kubeconfig of text in a private file, and removes it", async () => {
    await identityserver();
    stage.server.images.behave(newImage, { kind: "runs", after: 500 });
    const step = stage.start({ images: line, kubeconfig: stage.server.kubeconfig() }, release, {
      KUBECONFIG: undefined,
    });
    const files = () =>
      readdirSync(stage.temp).filter((file) => /^kubectl-set-image-[^.]+$/.test(file));
    await until(() => files().length === 1);
    assert.equal(statSync(path.join(stage.temp, files()[0] ?? "")).mode & 0o777, 0o600);
    assertRan(await step.outcome, "Succeeded");
    assert.deepEqual(files(), []);
  });

  test("says that an image that is there already changes nothing", async () => {
    await identityserver();
    const outcome = await stage.finish({
      images: `deployments/identityserver identityserver=${oldImage}`,
    });
    assertRan(outcome, "SucceededWithIssues");
    assert.deepEqual(outcome.warnings, [
      `deployment/identityserver already has ${oldImage}, so Kubernetes does not start a rollout, even if the image was pushed again. Give every build a unique tag, or set whenUnchanged. [KSI316]`,
    ]);
    assert.deepEqual(stage.changes, []);
  });

  test("fails with the cause and the way back when the image cannot be pulled", async () => {
    await identityserver();
    stage.server.images.behave(newImage, "image-not-found");
    const outcome = await stage.finish({
      images: line,
      rolloutStatusTimeout: "4",
      failAfter: "imageMissing=off",
      onFailure: "keep",
    });
    assertRan(outcome, "Failed");
    const log = outcome.log.join("\n");
    assert.match(log, /The rollout timed out after 4s\. .*\[KSI520\]/);
    assert.match(
      log,
      /Cause {5}container identityserver cannot pull its image: .*\n {2}Pod {7}identityserver-\S+\n/,
    );
    assert.ok(log.includes(setInDefault.replace("4125", "4124")), log);
  });

  test("waits on when the API server answers 429 and 500 and closes watches", async () => {
    await identityserver();
    stage.server.faults.add({
      method: "GET",
      path: /deployments/,
      times: 1,
      fault: { kind: "status", code: 429, retryAfter: 1 },
    });
    stage.server.faults.add({
      query: /watch=/,
      times: 2,
      fault: { kind: "close-watch", after: 50 },
    });
    const outcome = await stage.finish({ images: line });
    assertRan(outcome, "Succeeded");
  });

  test("tells in full what the API server refuses, as text and not as commands", async () => {
    await identityserver();
    const message = "##vso[task.setvariable variable=tag]evil\n##[error]no";
    stage.server.faults.add({ method: "PATCH", fault: { kind: "status", code: 403, message } });
    const outcome = await stage.finish({ images: line });
    assertRan(outcome, "Failed");
    assert.equal(outcome.outputs.tag, "4125");
    assert.ok(
      outcome.log.some((text) => text.includes("# #vso[task.setvariable variable=tag]evil")),
    );
    assert.equal(imageOf("identityserver"), oldImage);
  });

  test("ends its kubectl and says what state things are in when it is canceled", async () => {
    await identityserver();
    stage.server.images.behave(newImage, "never-ready");
    const step = stage.start({ images: line, onFailure: "keep" });
    await until(() => imageOf("identityserver") === newImage);
    await until(() => stage.server.requests.some(({ query }) => query.includes("watch=")));
    step.cancel();
    const outcome = await step.outcome;
    assertRan(outcome, "Canceled");
    assert.match(outcome.log.join("\n"), /To roll back:/);
  });
});

describe("dryRun", () => {
  test("client prints the commands and asks nobody", async () => {
    const outcome = await stage.finish({ images: line, dryRun: "client" });
    assertRan(outcome, "Succeeded");
    assert.equal(outcome.outputs.commands, setImage);
    assertLogged(outcome, `##[command]${setImage}`);
    assert.deepEqual(stage.server.requests, []);
  });

  test("server lets the API server check and changes nothing", async () => {
    await identityserver();
    const outcome = await stage.finish({ images: line, dryRun: "server" });
    assertRan(outcome, "Succeeded");
    assert.ok(
      outcome.log.includes("deployment.apps/identityserver image updated (server dry run)"),
    );
    assert.match(stage.changes[0]?.query ?? "", /dryRun=All/);
    assert.equal(imageOf("identityserver"), oldImage);
  });
});

describe("computeTag", () => {
  test("gives the build the tag that the release will set", async () => {
    const outcome = await stage.finish({ command: "computeTag", images: line }, build);
    assertRan(outcome, "Succeeded");
    assert.deepEqual(outcome.outputs, { tag: "4125", image: newImage });
    assert.deepEqual(stage.server.requests, []);
  });

  test("hands the tag over to a release in a file, and to the build", async () => {
    const staged = path.join(stage.work, "a");
    const inputs = { command: "computeTag", images: line, updateBuildNumber: "true" };
    const strategy = { tagStrategy: "template", tagTemplate: "{branch}-{date}.{counter}" };
    const outcome = await stage.finish(
      { ...inputs, ...strategy },
      {
        ...build,
        "Build.BuildNumber": "20261124.7",
        "Build.SourceBranch": "refs/heads/main",
        "Build.ArtifactStagingDirectory": staged,
        "System.PipelineStartTime": "2026-11-24 04:00:00+00:00",
      },
    );
    const tag = "main-20261124.7";
    assertRan(outcome, "Succeeded");
    assert.equal(outcome.outputs.tag, tag);
    assert.deepEqual([outcome.buildTags, outcome.buildNumber], [[tag], tag]);
    const file = path.join(staged, "kubectl-set-image.json");
    assert.equal(JSON.parse(readFileSync(file, "utf8")).tag, tag);

    await identityserver();
    for (const imagesFile of [file, "a/kubectl-set-image.json"]) {
      const set = await stage.finish({ images: line, imagesFile, dryRun: "client" });
      assertRan(set, "Succeeded");
      assert.equal(set.outputs.image, `contoso.azurecr.io/identityserver:${tag}`);
      assert.deepEqual([set.warnings, set.buildTags], [[], []]);
    }
    const everywhere = await stage.finish({ imagesFile: file });
    assertRan(everywhere, "Succeeded");
    assert.equal(imageOf("identityserver"), `contoso.azurecr.io/identityserver:${tag}`);
  });

  test("adds no tag to a release", async () => {
    const outcome = await stage.finish({ command: "computeTag" });
    assert.deepEqual([outcome.outputs, outcome.buildTags], [{ tag: "4125" }, []]);
  });

  const bom = "\ufeff";
  const encodings: [string, (text: string) => Buffer][] = [
    ["UTF-8", (text) => Buffer.from(text)],
    ["UTF-8 with a byte order mark", (text) => Buffer.from(bom + text)],
    ["UTF-16, as Windows PowerShell writes it", (text) => Buffer.from(bom + text, "utf16le")],
    ["UTF-16 of the other order", (text) => Buffer.from(bom + text, "utf16le").swap16()],
  ];
  for (const [encoding, encoded] of encodings) {
    test(`reads the version and the images of files in ${encoding}`, async () => {
      writeFileSync(path.join(stage.work, "VERSION"), encoded("v1.4.2\r\n"));
      const version = await stage.finish(
        {
          command: "computeTag",
          tagStrategy: "semver",
          versionFrom: "file",
          versionFile: "VERSION",
          addBuildTag: "false",
        },
        build,
      );
      assertRan(version, "Succeeded");
      assert.deepEqual([version.outputs, version.buildTags], [{ tag: "1.4.2" }, []]);

      const repository = "contoso.azurecr.io/identityserver";
      const images = {
        format: "kubectl-set-image",
        version: 1,
        tag: "4125",
        images: [{ repository, tag: "4125" }],
      };
      writeFileSync(path.join(stage.work, "tag.json"), encoded(JSON.stringify(images, null, 2)));
      const set = await stage.finish({ images: line, imagesFile: "tag.json", dryRun: "client" });
      assertRan(set, "Succeeded");
      assert.equal(set.outputs.image, newImage);
    });
  }

  test("says that a file in UTF-16 is too big", async () => {
    const text = `${bom}{"name":"${"x".repeat(1024 * 1024)}"}`;
    writeFileSync(path.join(stage.work, "tag.json"), Buffer.from(text, "utf16le"));
    const outcome = await stage.finish({ images: line, imagesFile: "tag.json" });
    assert.deepEqual(outcome.errors, [
      "imagesFile: tag.json is larger than 1024 KiB. Check the path. [KSI109]",
    ]);
  });

  test("needs no image", async () => {
    const outcome = await stage.finish({ command: "computeTag" }, build);
    assert.deepEqual(outcome.outputs, { tag: "4125" });
  });

  test("never gives latest", async () => {
    const outcome = await stage.finish(
      { command: "computeTag", images: "$(ACR)/app:latest" },
      build,
    );
    assertRan(outcome, "Failed");
    assert.deepEqual(outcome.outputs, {});
  });
});

describe("what is wrong is said before anything is changed", () => {
  const defined =
    "in the Variables tab of the release pipeline (scope Release or stage Production), or in a variable group linked to it";
  const cases: [string, Record<string, string>, string][] = [
    [
      "no images",
      { images: "" },
      "images: not set. Write a line for each workload, such as deployments/identityserver identityserver=$(ACR)/identityserver. [KSI101]",
    ],
    [
      "a line that says nothing",
      { images: `${line}\ndeployments/identityserver` },
      'images, line 2: "deployments/identityserver" has no image after it. Write deployments/identityserver CONTAINER=IMAGE. [KSI133]',
    ],
    [
      "a flag for every workload",
      { images: "--all identityserver=$(ACR)/identityserver" },
      "images, line 1: --all needs a kind. Write deployments --all CONTAINER=IMAGE. [KSI139]",
    ],
    [
      "a flag that has an input of its own",
      {
        images: "deployments/identityserver identityserver=$(ACR)/identityserver --dry-run=client",
      },
      'images, line 1: unsupported flag "--dry-run=client". Set the input dryRun. [KSI136]',
    ],
    [
      "a forgotten repository",
      { images: "deployments/identityserver identityserver=$(ACR):$(Build.BuildId)" },
      'images, line 1: "contoso.azurecr.io:4125" names a registry without a repository. Write contoso.azurecr.io/REPOSITORY:4125. [KSI304]',
    ],
    [
      "a scheme",
      { images: "https://$(ACR)/identityserver" },
      'images, line 1: "https://contoso.azurecr.io/identityserver" has the scheme https://, which is not part of an image reference. Write contoso.azurecr.io/identityserver. [KSI303]',
    ],
    [
      "an output of a step in another job",
      { images: "$(ACR)/identityserver:$(web.tag)" },
      "images, line 1: $(web.tag) was not replaced, since no earlier step web of this job has set tag. Outputs of a classic release do not reach other jobs or stages. Pass the tag on with imagesFile, or compute it in this job. [KSI102]",
    ],
    [
      "one undefined variable in two lines",
      { images: "$(Registry)/identityserver\n# $(Other)\n$(Registry)/api" },
      `images, lines 1 and 3: $(Registry) was not replaced, since the variable Registry is not defined. Define Registry ${defined}. [KSI102]`,
    ],
    [
      "one undefined variable that a template would need",
      { images: line, tagStrategy: "template", tagTemplate: "$(Template)" },
      `tagTemplate: $(Template) was not replaced, since the variable Template is not defined. Define Template ${defined}. [KSI102]`,
    ],
    [
      "an unknown kind",
      { images: "deploymentz/identityserver identityserver=$(ACR)/identityserver" },
      'images, line 1: unknown kind of workload "deploymentz". Did you mean deployments? Use deployments (deploy), statefulsets (sts), daemonsets (ds), cronjobs (cj), replicasets (rs), replicationcontrollers (rc), pods (po). [KSI135]',
    ],
    [
      "no reference",
      { images: "deployments/identityserver identityserver=$(ACR)//identityserver" },
      'images, line 1: invalid image reference "contoso.azurecr.io//identityserver": the repository has an empty part between slashes. [KSI302]',
    ],
    [
      "latest",
      { images: "deployments/identityserver identityserver=$(ACR)/identityserver:latest" },
      `images, line 1: contoso.azurecr.io/identityserver:latest uses a mutable tag, so Kubernetes would not start a rollout and there would be nothing to roll back to. Remove ":latest" to use this build's tag (:4125), or set mutableTags: allow. [KSI301]`,
    ],
    [
      "no tag from anywhere",
      { images: line, tagStrategy: "none" },
      `images, line 1: contoso.azurecr.io/identityserver has no tag, which means the mutable tag latest, so Kubernetes would not start a rollout and there would be nothing to roll back to. Use a unique tag such as :$(Build.BuildId), or remove the tag and set tagStrategy: buildId. [KSI301]`,
    ],
    [
      "an undefined variable in images",
      { images: "deployments/identityserver identityserver=$(Registry)/identityserver" },
      `images, line 1: $(Registry) was not replaced, since the variable Registry is not defined. Define Registry ${defined}. [KSI102]`,
    ],
    ...["namespace", "context", "kubeconfig", "command", "dryRun", "rolloutStatusTimeout"].map(
      (input): [string, Record<string, string>, string] => [
        `an undefined variable in ${input}`,
        { images: line, [input]: "$(Undefined)" },
        `${input}: $(Undefined) was not replaced, since the variable Undefined is not defined. Define Undefined ${defined}. [KSI102]`,
      ],
    ),
    [
      "a container that the workload does not have",
      { images: "deployments/identityserver identityservr=$(ACR)/identityserver" },
      "container identityservr not found in deployments/identityserver. Did you mean identityserver? Containers: identityserver, proxy. [KSI312]",
    ],
    [
      "a workload that is not there",
      { images: "deployments/identity identityserver=$(ACR)/identityserver" },
      "deployments/identity not found in the namespace default. Check the name, the inputs namespace and context, and whether the workload has been deployed. [KSI310]",
    ],
  ];
  cases.push(
    [
      "a file of images that is not there",
      { images: line, imagesFile: "none.json" },
      `imagesFile: none.json cannot be read: ENOENT: no such file or directory, open 'WORK/none.json'. The path is relative to $(System.DefaultWorkingDirectory), where a classic release has each artifact in the folder of its alias. [KSI108]`,
    ],
    [
      "an older version where it may not be set",
      {
        images: "deployments/identityserver identityserver=$(ACR)/identityserver:4123",
        allowDowngrade: "false",
      },
      "deployments/identityserver identityserver: 4123 is older than the current 4124, and allowDowngrade is false. Release a newer version, or set allowDowngrade: true. [KSI319]",
    ],
  );
  for (const [what, inputs, message] of cases) {
    test(what, async () => {
      await identityserver();
      const outcome = await stage.finish(inputs);
      assertRan(outcome, "Failed");
      assert.deepEqual(outcome.errors, [message.replace("WORK", stage.work)]);
      assert.equal(outcome.message, "Nothing was changed in the cluster");
      assert.deepEqual(stage.changes, []);
    });
  }

  test("no kubectl", async () => {
    const empty = path.join(stage.temp, "empty");
    mkdirSync(empty);
    const outcome = await stage.finish({ images: line }, release, { PATH: empty });
    assertRan(outcome, "Failed");
    assert.deepEqual(outcome.errors, [
      "kubectl proxy cannot be started: kubectl not found on PATH. Set kubectlVersion, add the step Kubectl tool installer (KubectlInstaller@0) before this one, or install kubectl on the agent. [KSI401]",
    ]);
  });

  test("a capital letter in the repository is lowered, and the log says so", async () => {
    const outcome = await stage.finish({ images: line, dryRun: "client" });
    assertLogged(
      outcome,
      "contoso.azurecr.io/IdentityServer is read as contoso.azurecr.io/identityserver, since a repository has no capital letters and Docker pushes it under this name",
    );
  });
});

test("the extension holds what it needs and nothing else", () => {
  assert.deepEqual(stage.held.filter((file) => file !== "[Content_Types].xml").sort(), [
    "LICENSE",
    "THIRD-PARTY-NOTICES.txt",
    "extension.vsixmanifest",
    "extension.vsomanifest",
    ...readdirSync(path.join(root, "images"))
      .sort()
      .map((file) => `images/${file}`),
    "overview.md",
    "playground/index.html",
    "rollouts/index.html",
    "task/core_bg.wasm.br",
    "task/host.js.br",
    "task/icon.png",
    "task/main.js",
    "task/network.js.br",
    "task/task.json",
  ]);
  const { taskFolder } = stage;
  const sizes = readdirSync(taskFolder).map((file) => statSync(path.join(taskFolder, file)).size);
  const size = sizes.reduce((sum, bytes) => sum + bytes, 0);
  assert.ok(size <= 475_000, `the task has ${size} bytes`);
});
