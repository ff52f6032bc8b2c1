/** What becomes of a rollout: causes, undo, records, several workloads, as a person sees them. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import type { Behaviour, BehaviourKind } from "../support/api-server";
import {
  assertLogged,
  assertRan,
  lastTable,
  podsOf,
  release,
  until,
  useStage,
} from "../support/stage";
import { after, before, deployWeb, images } from "../support/web";

const stage = useStage();

const web = (options = {}) => deployWeb(stage, options);

describe("a rollout that cannot succeed fails early, says why, and is undone", () => {
  const cases: [BehaviourKind, Partial<Behaviour>, string, RegExp][] = [
    ["image-not-found", {}, "", /cannot pull its image in pod \S+: .*web:4125: not found/],
    ["access-denied", {}, "", /cannot pull its image in pod \S+: .*(denied|unauthorized|401|403)/i],
    ["rate-limited", {}, "imagePull=1", /cannot pull its image in pod \S+: .*toomanyrequests/i],
    ["invalid-name", {}, "", /has an invalid image name/],
    [
      "config-error",
      {},
      "config=1",
      /cannot start \(CreateContainerConfigError\) in pod \S+: .*not found/,
    ],
    [
      "crash-loop",
      { exitCode: 3, log: "no database" },
      "",
      /is crash-looping \(exit code 3, [2-9] restarts\)/,
    ],
    ["oom-killed", {}, "", /exceeds its memory limit \(OOMKilled, \d restart/],
    [
      "liveness-failing",
      { after: 500 },
      "",
      /is restarted, since its liveness probe fails \(\d restarts\)/,
    ],
    [
      "startup-failing",
      { after: 500 },
      "",
      /is restarted, since its startup probe fails \(\d restarts\)/,
    ],
    ["never-ready", {}, "readiness=1", /is not ready, since its readiness probe fails/],
    ["unschedulable", {}, "unschedulable=1", /cannot be scheduled: .*nodes are available/],
    ["over-quota", {}, "refused=1", /its pods cannot be created: .*exceeded quota/],
    ["denied-by-webhook", {}, "denied=1", /its pods cannot be created: .*denied the request/],
    ["denied-by-policy", {}, "denied=1", /its pods cannot be created: .*denied request: image/],
    [
      "hook-fails",
      {},
      "",
      /its postStart hook fails \(FailedPostStartHook, [2-9] restarts\) in pod \S+: PostStartHook failed/,
    ],
    ["exceeds-limit", {}, "", /was evicted for exceeding its own limits: Usage of EmptyDir/],
  ];
  for (const [kind, more, failAfter, cause] of cases) {
    test(kind, async () => {
      await web({ minReadySeconds: more.after ? 2 : 0 });
      stage.server.images.behave(after, { kind, ...more });
      const outcome = await stage.finish({ images, failAfter });
      assertRan(outcome, "Failed");
      assert.equal(outcome.errors.length, 1, outcome.errors.join("\n"));
      assert.match(outcome.errors[0] ?? "", /^deployment\/web: /);
      assert.match(outcome.errors[0] ?? "", cause);
      assert.match(outcome.errors[0] ?? "", / \[KSI5\d\d\]$/);
      const gone = outcome.log.filter((line) => /kubectl (describe|logs)/.test(line));
      assert.deepEqual(gone, [], "no command that needs a pod which the rollback removed");
      assert.match(outcome.message, /^deployment\/web failed: .*; rolled back to \S+$/);
      assert.equal(stage.imageOf("Deployment", "web"), before);
      assert.deepEqual(lastTable(outcome), [`deployment/web app ${before}`]);
      assert.equal(outcome.outputs.changed, "false");
      await stage.server.settled("Deployment", "web");
    });
  }

  test("also for its own limits where the program ends well", async () => {
    await web();
    stage.server.images.behave(after, { kind: "exceeds-limit", exitCode: 0 });
    const outcome = await stage.finish({ images });
    assertRan(outcome, "Failed");
    assert.match(outcome.errors[0] ?? "", /was evicted for exceeding its own limits: Usage/);
  });

  test("as soon as the autoscaler says that it brings no node", async () => {
    await web();
    stage.server.images.behave(after, { kind: "unschedulable", autoscaler: "refuses" });
    const outcome = await stage.finish({ images, failAfter: "unschedulable=1" });
    assertRan(outcome, "Failed");
    assert.match(
      outcome.errors[0] ?? "",
      /The autoscaler says: pod didn't trigger scale-up: 1 max/,
    );
  });

  test("with the node where a pod does not end", async () => {
    await stage.server.daemonSet({
      name: "agent",
      image: "contoso.azurecr.io/agent:1",
      podSpec: { terminationGracePeriodSeconds: 1 },
    });
    stage.server.loseNode("node-1");
    const outcome = await stage.finish({
      images: "ds/agent app=$(ACR)/agent",
      failAfter: "termination=1",
      onFailure: "keep",
    });
    assertRan(outcome, "Failed");
    assert.match(
      outcome.errors[0] ?? "",
      /^daemonset\/agent: pod agent-\S+ is still terminating on node node-1/,
    );
  });

  test("with the last lines of the container and the warnings of Kubernetes", async () => {
    await web({ minReadySeconds: 2 });
    const log = "connecting\n##vso[task.complete result=Succeeded;]no database";
    stage.server.images.behave(after, { kind: "crash-loop", after: 500, log });
    const outcome = await stage.finish({ images });
    assertRan(outcome, "Failed");
    const text = outcome.log.join("\n");
    assert.match(text, / {2}Output of app, last 2 lines:\n {4}\| connecting\n/);
    assert.ok(text.includes("    | # #vso[task.complete result=Succeeded;]no database"), text);
    assert.match(text, / {2}Event {5}BackOff: /);
  });

  test("also in an init container", async () => {
    await web({ initContainers: [{ name: "migrate", image: "contoso.azurecr.io/migrate:1" }] });
    stage.server.images.behave("contoso.azurecr.io/migrate:4125", { kind: "crash-loop" });
    const outcome = await stage.finish({ images: "deployments/web migrate=$(ACR)/migrate" });
    assertRan(outcome, "Failed");
    assert.match(
      outcome.errors[0] ?? "",
      /init container migrate is crash-looping .* in pod web-\S+/,
    );
    assertLogged(outcome, /migrate \(init\) +contoso.azurecr.io\/migrate +1 → 4125$/);
    assert.equal(stage.imageOf("Deployment", "web", "migrate"), "contoso.azurecr.io/migrate:1");
  });

  test("at the progress deadline of the deployment", async () => {
    await web({ progressDeadlineSeconds: 1 });
    stage.server.images.behave(after, "never-ready");
    const outcome = await stage.finish({ images, failAfter: "readiness=off" });
    assertRan(outcome, "Failed");
    assert.match(outcome.errors[0] ?? "", /The rollout has exceeded its progress deadline/);
    assert.equal(stage.imageOf("Deployment", "web"), before);
  });

  test("at the timeout, with what keeps it", async () => {
    await web();
    stage.server.images.behave(after, "never-ready");
    const outcome = await stage.finish({ images, rolloutStatusTimeout: "2" });
    assertRan(outcome, "Failed");
    assert.equal(outcome.errors.length, 1, outcome.errors.join("\n"));
    assert.match(
      outcome.errors[0] ?? "",
      /^The rollout timed out after \ds\. Fix what it waits for, or increase rolloutStatusTimeout\. \[KSI520\]$/,
    );
    assert.match(
      outcome.log.join("\n"),
      /✗ deployment\/web {2}app {2}\S+ {2}0\/2 ready\n {2}Cause {5}container app is not ready, since its readiness probe fails: /,
    );
    assert.equal(stage.imageOf("Deployment", "web"), before);
  });
});

describe("a trouble that passes fails nothing", () => {
  for (const kind of ["rate-limited", "registry-error", "unschedulable", "never-ready"] as const) {
    test(kind, async () => {
      await web();
      stage.server.images.behave(after, { kind, heals: 800 });
      const outcome = await stage.finish({ images });
      assertRan(outcome, "Succeeded");
      assert.equal(stage.imageOf("Deployment", "web"), after);
    });
  }

  test("a node that the autoscaler brings after the limit", async () => {
    await web();
    const behaviour = { kind: "unschedulable", autoscaler: "works", heals: 2_500 } as const;
    stage.server.images.behave(after, behaviour);
    const outcome = await stage.finish({ images, failAfter: "unschedulable=1" });
    assertRan(outcome, "Succeeded");
  });

  test("an init container that takes its time", async () => {
    await web({ initContainers: [{ name: "migrate", image: "contoso.azurecr.io/migrate:1" }] });
    const behaviour = { kind: "runs", after: 2_000 } as const;
    stage.server.images.behave("contoso.azurecr.io/migrate:4125", behaviour);
    const images = "deployments/web app=$(ACR)/web migrate=$(ACR)/migrate";
    const outcome = await stage.finish({ images, failAfter: "readiness=1" });
    assertRan(outcome, "Succeeded");
  });

  test("a program that dies before it was available", async () => {
    const db = { name: "db", image: "contoso.azurecr.io/db:1", replicas: 1, minReadySeconds: 2 };
    await stage.server.statefulSet(db);
    const behaviour = { kind: "crash-loop", after: 500, heals: 1_200 } as const;
    stage.server.images.behave("contoso.azurecr.io/db:4125", behaviour);
    const outcome = await stage.finish({ images: "sts/db app=$(ACR)/db" });
    assertRan(outcome, "Succeeded");
    assert.equal(stage.server.get("StatefulSet", "db").status.availableReplicas, 1);
  });

  test("a webhook that gives pods another image", async () => {
    await web();
    stage.server.images.mirror = (image) => image.replace("contoso.azurecr.io", "mirror.local");
    const outcome = await stage.finish({ images });
    assertRan(outcome, "Succeeded");
    assertLogged(outcome, /^✓ .* {2}2\/2 ready \(not verified: .*\) {2}\(was \S+\)$/);
    assert.deepEqual(
      podsOf(outcome).map(({ name, ready }) => [name.slice(0, 4), ready]),
      [
        ["web-", true],
        ["web-", true],
      ],
    );
  });
});

describe("what is left as it is", () => {
  test("onFailure keep leaves the new image and tells the way back", async () => {
    await web();
    stage.server.images.behave(after, "image-not-found");
    const outcome = await stage.finish({ images, onFailure: "keep" });
    assertRan(outcome, "Failed");
    assert.equal(stage.imageOf("Deployment", "web"), after);
    assert.deepEqual(lastTable(outcome), [`deployment/web app ${after}`]);
    assertLogged(
      outcome,
      `To roll back: kubectl set image deployments/web app=${before} --namespace=default`,
    );
    assert.equal(outcome.outputs.changed, "true");
  });

  test("a paused deployment is set and not waited for", async () => {
    await web({ paused: true });
    const outcome = await stage.finish({ images });
    assertRan(outcome, "SucceededWithIssues");
    assert.match(outcome.warnings.join("\n"), /deployment is paused.*kubectl rollout resume/);
    assert.equal(stage.imageOf("Deployment", "web"), after);
  });

  test("pods that somebody has to delete", async () => {
    await stage.server.statefulSet({
      name: "db",
      image: "contoso.azurecr.io/db:1",
      replicas: 2,
      updateStrategy: { type: "OnDelete" },
    });
    const outcome = await stage.finish({ images: "sts/db app=$(ACR)/db" });
    assertRan(outcome, "SucceededWithIssues");
    assert.match(outcome.warnings.join("\n"), /update strategy is OnDelete/);
  });

  test("the pods below the partition of a stateful set", async () => {
    await stage.server.statefulSet({
      name: "db",
      image: "contoso.azurecr.io/db:1",
      replicas: 3,
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 2 } },
    });
    const outcome = await stage.finish({ images: "sts/db app=$(ACR)/db" });
    assertRan(outcome, "Succeeded");
    assert.deepEqual(
      podsOf(outcome).map(({ name, ready }) => [name, ready]),
      [["db-2", true]],
    );
  });

  test("a deployment of no pods is done at once, and says that nothing runs it", async () => {
    await web({ replicas: 0 });
    const outcome = await stage.finish({ images });
    assertRan(outcome, "Succeeded");
    assertLogged(
      outcome,
      /^✓ deployment\/web {2}app {2}\S+ {2}the image is set; the workload is scaled to 0 replicas/,
    );
  });

  test("a stateful set whose partition is above all its pods", async () => {
    await stage.server.statefulSet({
      name: "db",
      image: "contoso.azurecr.io/db:1",
      replicas: 2,
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 2 } },
    });
    const outcome = await stage.finish({ images: "sts/db app=$(ACR)/db" });
    assertRan(outcome, "SucceededWithIssues");
    assert.match(outcome.warnings.join("\n"), /partition of the StatefulSet is above all its pods/);
  });

  test("a cron job is set, and nothing is waited for", async () => {
    await stage.server.cronJob({ name: "cleanup", image: "contoso.azurecr.io/cleanup:1" });
    const outcome = await stage.finish({ images: "cronjobs/cleanup app=$(ACR)/cleanup" });
    assertRan(outcome, "Succeeded");
    assertLogged(outcome, /^✓ cronjob\/cleanup {2}.* {2}the image is set; the next job uses it/);
    const watches = stage.server.requests.filter(({ query }) => query.includes("watch="));
    assert.deepEqual(watches, []);
  });
});

describe("an image that is there already", () => {
  const unchanged = { images: `deployments/web app=${before}` };
  test("is accepted, when it is asked to be", async () => {
    await web();
    const outcome = await stage.finish({ ...unchanged, whenUnchanged: "succeed" });
    assertRan(outcome, "Succeeded");
    assert.deepEqual(outcome.warnings, []);
    assert.deepEqual(stage.changes, []);
  });

  test("fails the step, when it is asked to", async () => {
    await web();
    const outcome = await stage.finish({ ...unchanged, whenUnchanged: "fail" });
    assertRan(outcome, "Failed");
    assert.deepEqual(outcome.errors, [
      `deployments/web already has ${before}, and whenUnchanged is fail. Give every build a unique tag, or set whenUnchanged to warn, succeed or restart. [KSI316]`,
    ]);
    assert.deepEqual(stage.changes, []);
  });

  test("has its pods replaced, when they are to be", async () => {
    await web();
    const pods = () => stage.server.list("Pod").map(({ metadata }) => metadata.name);
    const old = pods();
    const outcome = await stage.finish({ ...unchanged, whenUnchanged: "restart" });
    assertRan(outcome, "Succeeded");
    assertLogged(outcome, "##[command]kubectl rollout restart deployments/web --namespace=default");
    assert.ok(!old.some((name) => pods().includes(name)));
  });
});

describe("several workloads", () => {
  test("of one kind are found by a label", async () => {
    await web({ labels: { tier: "front" } });
    await stage.server.deployment({ name: "api", image: "contoso.azurecr.io/api:1" });
    const outcome = await stage.finish({
      images: "deployments -l 'tier in (front, edge)' app=$(ACR)/web",
    });
    assertRan(outcome, "Succeeded");
    assert.equal(stage.imageOf("Deployment", "web"), after);
    assert.equal(stage.imageOf("Deployment", "api"), "contoso.azurecr.io/api:1");
  });

  test("a selector that fits none is an error", async () => {
    await web();
    const outcome = await stage.finish({ images: "deployments -l tier=front app=$(ACR)/web" });
    assertRan(outcome, "Failed");
    assert.match(
      outcome.errors[0] ?? "",
      /^the selector tier=front matches nothing in the namespace default\. Compare it with/,
    );
    assert.deepEqual(stage.changes, []);
  });

  test("in several namespaces, named in every way", async () => {
    for (const namespace of ["shop", "pay", "lab"]) {
      await web({ namespace });
      await stage.server.cronJob({ name: "job", namespace, image: "contoso.azurecr.io/job:1" });
    }
    const outcome = await stage.finish({
      namespace: "shop, pay",
      images: ["lab/deployments/web app=$(ACR)/web", "$(ACR)/web", "lab,pay: $(ACR)/job"].join(
        "\n",
      ),
    });
    assertRan(outcome, "Succeeded");
    for (const namespace of ["shop", "pay", "lab"])
      assert.equal(stage.imageOf("Deployment", "web", "app", namespace), after);
    const job = (namespace: string) => stage.imageOf("CronJob", "job", "app", namespace);
    assert.deepEqual(["shop", "pay", "lab"].map(job), [
      "contoso.azurecr.io/job:1",
      "contoso.azurecr.io/job:4125",
      "contoso.azurecr.io/job:4125",
    ]);
    assertLogged(outcome, /^✓ lab\/deployment\/web {2}app {2}/);
    assert.deepEqual(JSON.parse(outcome.outputs.previousImages ?? "")["shop/deployments/web"], {
      app: before,
    });
  });

  test("20 deployments with one image take five processes", async () => {
    const names = Array.from({ length: 20 }, (_, at) => `web-${at}`);
    for (const name of names) await web({ name, replicas: 1 });
    const lines = names.map((name) => `deployments/${name} app=$(ACR)/web`);
    const started = path.join(stage.temp, "started");
    const env = stage.kubectlThat(`echo "$1 $2" >> ${started}`);
    const outcome = await stage.finish({ images: lines.join("\n") }, release, env);
    assertRan(outcome, "Succeeded");
    const verbs = readFileSync(started, "utf8").trim().split("\n");
    const setting = verbs.filter((verb) => verb === "set image");
    assert.equal(setting.length, 4, "five together, so that kubectl does not hold itself back");
    assert.equal(verbs.length, 5, verbs.join("\n"));
    assert.equal(stage.changes.length, 40, "each gets its image and its record");
    const watches = stage.server.requests.filter(({ query }) => query.includes("watch=true"));
    assert.ok(watches.length <= 4, "one watch for all of a kind");
    for (const name of names) assert.equal(stage.imageOf("Deployment", name), after);
  });

  test("20 deployments with an image each take a process each", async () => {
    const names = Array.from({ length: 20 }, (_, at) => `web-${at}`);
    for (const name of names) {
      await web({ name, image: `contoso.azurecr.io/${name}:1`, replicas: 1 });
    }
    const lines = names.map((name) => `deployments/${name} app=$(ACR)/${name}`);
    const started = path.join(stage.temp, "started");
    const env = stage.kubectlThat(`echo "$1 $2" >> ${started}`);
    const outcome = await stage.finish({ images: lines.join("\n") }, release, env);
    assertRan(outcome, "Succeeded");
    assert.equal(readFileSync(started, "utf8").trim().split("\n").length, 21);
    for (const name of names) {
      assert.equal(stage.imageOf("Deployment", name), `contoso.azurecr.io/${name}:4125`);
    }
  });

  test("are all undone when one of them fails", async () => {
    await web();
    await stage.server.daemonSet({ name: "agent", image: "contoso.azurecr.io/agent:1" });
    await stage.server.cronJob({ name: "job", image: "contoso.azurecr.io/job:1" });
    stage.server.images.behave("contoso.azurecr.io/agent:4125", "image-not-found");
    const lines = ["ds/agent app=$(ACR)/agent", images, "cj/job app=$(ACR)/job"];
    const outcome = await stage.finish({ images: lines.join("\n") });
    assertRan(outcome, "Failed");
    assert.deepEqual(lastTable(outcome), [
      "daemonset/agent app contoso.azurecr.io/agent:1",
      `deployment/web app ${before}`,
      "cronjob/job app contoso.azurecr.io/job:1",
    ]);
    assert.equal(stage.imageOf("DaemonSet", "agent"), "contoso.azurecr.io/agent:1");
    assert.equal(stage.imageOf("Deployment", "web"), before);
    assert.equal(stage.imageOf("CronJob", "job"), "contoso.azurecr.io/job:1");
  });
});

describe("the pod of a stateful set that blocks the undo", () => {
  const db = "contoso.azurecr.io/db";
  const setUp = async () => {
    await stage.server.statefulSet({ name: "db", image: `${db}:1`, replicas: 2 });
    stage.server.images.behave(`${db}:4125`, "image-not-found");
  };

  test("is named, and left to a person", async () => {
    await setUp();
    const outcome = await stage.finish({ images: "sts/db app=$(ACR)/db" });
    assertRan(outcome, "Failed");
    const text = outcome.log.join("\n");
    assert.match(
      text,
      /statefulset\/db: the pod db-1 of the failed rollout blocks it\. Set deleteStuckPods: true/,
    );
    assert.match(text, /or run kubectl delete pods db-1/);
    assert.deepEqual(lastTable(outcome), [`statefulset/db app ${db}:1 (previous image)`]);
    assert.equal(stage.imageOf("StatefulSet", "db"), `${db}:1`);
  });

  test("is deleted when that is asked for", async () => {
    await setUp();
    const outcome = await stage.finish({ images: "sts/db app=$(ACR)/db", deleteStuckPods: "true" });
    assertRan(outcome, "Failed");
    assertLogged(
      outcome,
      /^↩ statefulset\/db {2}.* {2}\(rolled back, after pod db-1 was deleted\)$/,
    );
    await stage.server.settled("StatefulSet", "db");
  });
});

describe("what a run leaves on a workload", () => {
  const annotations = (name = "web") => stage.server.get("Deployment", name).metadata.annotations;

  test("is the change cause, which kubectl rollout history shows", async () => {
    await web();
    assertRan(
      await stage.finish({ images }, { ...release, "Build.SourceVersion": "0123456789abcdef0123" }),
      "Succeeded",
    );
    const cause = `kubectl set image app=${after} (release Release-7, stage Production, build 4125, commit 0123456789ab)`;
    assert.equal(annotations()?.["kubernetes.io/change-cause"], cause);
    const history = await stage.kubectl("rollout", "history", "deployments/web");
    assert.ok(history.includes(cause), history);
  });

  test("lets a later step undo it", async () => {
    await web();
    await stage.server.deployment({ name: "api", image: "contoso.azurecr.io/api:1" });
    assertRan(await stage.finish({ images }), "Succeeded");
    const outcome = await stage.finish({ command: "undo", images: "deployments/web" });
    assertRan(outcome, "Succeeded");
    assert.equal(outcome.message, "The previous images are set and run");
    assert.equal(stage.imageOf("Deployment", "web"), before);
    assertLogged(
      outcome,
      `##[command]kubectl set image deployments/web app=${before} --namespace=default`,
    );
    assert.equal(annotations()?.["kubectl-set-image/replaced"], undefined);
    const again = await stage.finish({ command: "undo", images: "deployments/web" });
    assertRan(again, "Failed");
    assert.match(again.errors[0] ?? "", /^deployments\/web has no record of a previous image/);
  });

  test("is found without a line", async () => {
    await web();
    await stage.server.deployment({ name: "api", image: "contoso.azurecr.io/api:1" });
    assertRan(await stage.finish({ images }), "Succeeded");
    assertRan(await stage.finish({ command: "undo" }), "Succeeded");
    assert.equal(stage.imageOf("Deployment", "web"), before);
    assert.equal(stage.imageOf("Deployment", "api"), "contoso.azurecr.io/api:1");
    const nothing = await stage.finish({ command: "undo" });
    assertRan(nothing, "SucceededWithIssues");
    assert.equal(
      nothing.message,
      "Nothing to roll back: no workload has a record of a previous image",
    );
  });

  test("is not believed once somebody else has set another image", async () => {
    await web();
    assertRan(await stage.finish({ images }), "Succeeded");
    const theirs = "contoso.azurecr.io/web:hotfix";
    const template = { spec: { containers: [{ name: "app", image: theirs }] } };
    stage.server.patch("Deployment", "web", { spec: { template } });
    const outcome = await stage.finish({ command: "undo", images: "deployments/web" });
    assertRan(outcome, "Failed");
    assert.equal(outcome.message, "Nothing was rolled back");
    assert.match(
      outcome.warnings[0] ?? "",
      /not rolled back: app was set to \S+:hotfix by another deployment/,
    );
    assert.equal(stage.imageOf("Deployment", "web"), theirs);
  });

  test("is what was there before, when the run undid itself", async () => {
    await web();
    assertRan(await stage.finish({ images }), "Succeeded");
    const left = annotations();
    const next = { ...release, "Build.BuildId": "4126" };
    stage.server.images.behave("contoso.azurecr.io/web:4126", "image-not-found");
    assertRan(await stage.finish({ images }, next), "Failed");
    for (const key of ["kubectl-set-image/replaced", "kubernetes.io/change-cause"])
      assert.equal(annotations()?.[key], left?.[key]);
  });
});

describe("the report", () => {
  test("has a summary, a document for tools, and output variables", async () => {
    await web();
    stage.server.images.behave(after, {
      kind: "crash-loop",
      log: "<b>no</b> `database` | ##vso[x]y",
    });
    const outcome = await stage.finish({ images });
    assertRan(outcome, "Failed");
    const [summary = ""] = outcome.summaries;
    assert.deepEqual(outcome.summaryNames, ["Kubectl Set Image"]);
    assert.match(
      summary,
      /^\*\*Failed\*\* after \d+s\. .*`deployment\/web` failed: container `app` /,
    );
    assert.match(
      summary,
      /\n\| ✗ Failed, rolled back \| `deployment\/web` \| `app` \| `\S+:4124` → `4125` \| `\S+:4124` /,
    );
    assert.match(summary, /\n {4}old pods left {3}█/);
    assert.match(summary, /\n {4}<b>no<\/b> `database` \| ##vso\[x\]y\n/);
    const [document] = outcome.attachments;
    assert.deepEqual([document?.type, document?.name], ["kubectl-set-image", "rollout.json"]);
    const story = JSON.parse(document?.content ?? "");
    assert.equal(story.version, 1);
    const [workload] = story.workloads;
    assert.deepEqual(
      [workload.kind, workload.name, workload.outcome],
      ["deployments", "web", "rolledBack"],
    );
    assert.deepEqual(workload.containers, [{ name: "app", before, set: after, now: before }]);
    assert.match(workload.cause, /^container app /);
    assert.deepEqual(story.rollbackCommands, []);
    assert.deepEqual(workload.log.lines, ["<b>no</b> `database` | ##vso[x]y"]);
    assert.ok(workload.timeline.length > 0);
    assert.equal(outcome.outputs.changed, "false");
    assert.deepEqual(JSON.parse(outcome.outputs.previousImages ?? ""), {
      "default/deployments/web": { app: before },
    });
    const result = JSON.parse(outcome.outputs.result ?? "");
    assert.equal(result.result, "Failed");
    assert.match(result.workloads[0].result, /is crash-looping/);
  });

  test("masks secrets in what it hands over, as the agent does in the log", async () => {
    await web();
    const token = 'hush "quoted" \\ hush';
    stage.server.images.behave(after, { kind: "crash-loop", log: `token is ${token}` });
    const outcome = await stage.finish({ images }, release, {}, { Token: token });
    assertRan(outcome, "Failed");
    assertLogged(outcome, "    | token is ***");
    const [summary = ""] = outcome.summaries;
    assert.match(summary, /\n {4}token is \*\*\*\n/);
    const [document] = outcome.attachments;
    const story = JSON.parse(document?.content ?? "");
    assert.deepEqual(story.workloads[0].log.lines, ["token is ***"]);
  });

  test("shows how far the rollout is", async () => {
    await web();
    stage.server.images.behave(after, { kind: "runs", after: 2500 });
    const outcome = await stage.finish({ images });
    assertRan(outcome, "Succeeded");
    assert.equal(outcome.outputs.changed, "true");
    assert.equal(outcome.progress.at(-1)?.percent, 100);
    assertLogged(outcome, /^\[ +\d+s\] deployment\/web {2}0\/2 updated pods ready/);
    const moves = outcome.log
      .map((line) => /^\[ +\d+s\] (deployment\/web {2}\d\/2 updated pods ready.*)/.exec(line)?.[1])
      .filter((line) => line !== undefined);
    const still = moves.filter((line, at) => line === moves[at - 1]);
    assert.deepEqual(still, [], "a line for each move, and none where nothing moved");
    assert.ok(moves.length >= 3, moves.join("\n"));
  });
});

describe("a step that is canceled", () => {
  const cancelled = async (inputs = {}) => {
    await web();
    stage.server.images.behave(after, "never-ready");
    const step = stage.start({ images, ...inputs });
    await until(() => stage.imageOf("Deployment", "web") === after);
    await until(() => stage.server.requests.some(({ query }) => query.includes("watch=")));
    step.cancel();
    const outcome = await step.outcome;
    assert.deepEqual(outcome.canceled?.signals, ["SIGINT"], "it ends before the second signal");
    return outcome;
  };

  test("puts the old image back in time", async () => {
    const outcome = await cancelled();
    assertRan(outcome, "Canceled");
    assert.equal(outcome.message, "Canceled; rolled back to 4124");
    assert.equal(stage.imageOf("Deployment", "web"), before);
    assert.deepEqual(lastTable(outcome), [`deployment/web app ${before}`]);
  });

  test("keeps the new one where that is asked for", async () => {
    const outcome = await cancelled({ onFailure: "keep" });
    assertRan(outcome, "Canceled");
    assert.equal(outcome.message, "Canceled; the new images stay set");
    assert.equal(stage.imageOf("Deployment", "web"), after);
    assert.deepEqual(lastTable(outcome), [`deployment/web app ${after}`]);
    assertLogged(
      outcome,
      `To roll back: kubectl set image deployments/web app=${before} --namespace=default`,
    );
  });

  test("before the change leaves everything as it was", async () => {
    await web();
    stage.server.faults.add({ resource: "deployments", verb: "get", fault: "hang" });
    const step = stage.start({ images });
    await until(() => stage.server.requests.some(({ path }) => path.endsWith("/deployments/web")));
    step.cancel();
    const outcome = await step.outcome;
    assertRan(outcome, "Canceled");
    assert.equal(outcome.message, "Nothing was changed in the cluster");
    assert.deepEqual(stage.changes, []);
  });

  test("during the change puts back what was set", async () => {
    await web();
    await stage.server.deployment({ name: "api", image: "contoso.azurecr.io/api:1" });
    stage.server.faults.add({ verb: "patch", name: "web", times: 1, fault: "hang" });
    const step = stage.start({ images: `deployments/api app=$(ACR)/api\n${images}` });
    await until(() => stage.imageOf("Deployment", "api") === "contoso.azurecr.io/api:4125");
    step.cancel();
    const outcome = await step.outcome;
    assertRan(outcome, "Canceled");
    assert.deepEqual(lastTable(outcome), [
      "deployment/api app contoso.azurecr.io/api:1",
      `deployment/web app ${before}`,
    ]);
    assert.equal(stage.imageOf("Deployment", "api"), "contoso.azurecr.io/api:1");
  });

  test("says what is not known when the API server does not answer", async () => {
    await web();
    stage.server.images.behave(after, "never-ready");
    const step = stage.start({ images });
    await until(() => stage.server.requests.some(({ query }) => query.includes("watch=")));
    stage.server.faults.add({ fault: "hang" });
    step.cancel();
    const outcome = await step.outcome;
    assertRan(outcome, "Canceled");
    assert.equal(outcome.message, "Canceled; not fully rolled back: see the result");
    assert.deepEqual(lastTable(outcome), [`deployment/web app not known: ${before} or ${after}`]);
  });
});
