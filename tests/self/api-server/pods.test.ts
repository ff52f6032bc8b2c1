import assert from "node:assert/strict";
import { describe } from "node:test";
import type {
  ApiServer,
  Behaviour,
  BehaviourKind,
  ContainerStatus,
  KubeObject,
} from "../../support/api-server";
import { condition, type EventObject } from "../../support/api-server/objects";
import { workload } from "../../support/api-server/workloads";
import { imageOf, podsOf, setImage, test, until } from "./trial";

const bad = "example/app:2";

/** Sets the image that misbehaves on a deployment that runs. */
async function rollOut(server: ApiServer, behaviour: BehaviourKind | Behaviour): Promise<void> {
  server.images.behave(bad, behaviour);
  await server.deployment({ name: "web" });
  server.patch("deployment", "web", setImage(bad));
}

function badPod(server: ApiServer): KubeObject | undefined {
  return podsOf(server, "web").find((pod) => imageOf(pod) === bad);
}

function badStatus(server: ApiServer): ContainerStatus | undefined {
  return badPod(server)?.status.containerStatuses?.[0];
}

function initStatus(server: ApiServer): ContainerStatus | undefined {
  return podsOf(server, "web")[0]?.status.initContainerStatuses?.[0];
}

/** The events of an object, as `TYPE REASON: MESSAGE`. */
function eventsOf(server: ApiServer, uid: string | undefined): string[] {
  return server
    .list("events")
    .map((event) => event as EventObject)
    .filter(({ involvedObject }) => involvedObject.uid === uid)
    .map(({ type, reason, message }) => `${type} ${reason}: ${message}`);
}

const resolved = `failed to pull and unpack image "docker.io/${bad}": failed to resolve reference "docker.io/${bad}"`;
const manifest = "https://docker.io/v2/example/app/manifests/2";
const words: [Behaviour, string][] = [
  [
    { kind: "image-not-found" },
    `rpc error: code = NotFound desc = ${resolved}: docker.io/${bad}: not found`,
  ],
  [
    { kind: "access-denied" },
    `rpc error: code = Unknown desc = ${resolved}: pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials`,
  ],
  [
    { kind: "rate-limited" },
    `rpc error: code = Unknown desc = failed to pull and unpack image "docker.io/${bad}": failed to copy: httpReadSeeker: failed open: unexpected status code ${manifest}: 429 Too Many Requests - Server message: toomanyrequests: You have reached your unauthenticated pull rate limit.`,
  ],
  [
    { kind: "registry-error" },
    `rpc error: code = Unknown desc = ${resolved}: unexpected status from HEAD request to ${manifest}: 500 Internal Server Error`,
  ],
  [{ kind: "image-not-found", message: "manifest unknown" }, "manifest unknown"],
];

describe("an image that cannot be pulled", { concurrency: 2 }, () => {
  for (const [behaviour, message] of words) {
    test(`${behaviour.kind}: ${message.slice(-40)}`, async (server) => {
      await rollOut(server, behaviour);
      const waiting = (reason: string) =>
        until(reason, () => {
          const { waiting } = badStatus(server)?.state ?? {};
          return waiting?.reason === reason && waiting.message;
        });
      assert.equal(await waiting("ErrImagePull"), message);
      const backOff = `Back-off pulling image "${bad}"`;
      assert.equal(await waiting("ImagePullBackOff"), `${backOff}: ErrImagePull: ${message}`);
      assert.equal(await waiting("ErrImagePull"), message);
      const pod = badPod(server);
      assert.equal(pod?.status.phase, "Pending");
      assert.deepEqual(eventsOf(server, pod?.metadata.uid).slice(1), [
        `Normal Pulling: Pulling image "${bad}"`,
        `Warning Failed: Failed to pull image "${bad}": ${message}`,
        "Warning Failed: Error: ErrImagePull",
        `Normal BackOff: ${backOff}`,
        "Warning Failed: Error: ImagePullBackOff",
      ]);
      assert.equal(server.get("deployment", "web").status.availableReplicas, 1);
    });
  }
});

describe("what heals", { concurrency: 2 }, () => {
  const kinds: BehaviourKind[] = [
    "rate-limited",
    "registry-error",
    "config-error",
    "crash-loop",
    "never-ready",
    "unschedulable",
    "over-quota",
    "denied-by-webhook",
  ];
  for (const kind of kinds) {
    test(`${kind}, in its own time or when the test says so`, async (server) => {
      await rollOut(server, { kind, heals: 150 });
      await until("the trouble", () =>
        server.list("events").some((event) => event.type === "Warning"),
      );
      await server.settled("deployment", "web");
      assert.deepEqual(podsOf(server, "web").map(imageOf), [bad]);

      server.images.behave("example/app:3", kind);
      server.patch("deployment", "web", setImage("example/app:3"));
      server.images.behave("example/app:3", "runs");
      await server.settled("deployment", "web");
    });
  }
});

describe("a container that is not created", { concurrency: 2 }, () => {
  const invalid = `Failed to apply default image tag "${bad}": couldn't parse image name "${bad}": invalid reference format`;
  const cases: [Behaviour, reason: string, message: string, event: string][] = [
    [{ kind: "invalid-name" }, "InvalidImageName", invalid, "Error: InvalidImageName"],
    [
      { kind: "config-error" },
      "CreateContainerConfigError",
      'secret "settings" not found',
      'Error: secret "settings" not found',
    ],
    [
      { kind: "config-error", message: "couldn't find key PORT in ConfigMap default/web" },
      "CreateContainerConfigError",
      "couldn't find key PORT in ConfigMap default/web",
      "Error: couldn't find key PORT in ConfigMap default/web",
    ],
  ];
  for (const [behaviour, reason, message, event] of cases) {
    test(`${reason}: ${message.slice(0, 40)}`, async (server) => {
      await rollOut(server, behaviour);
      const waiting = await until(reason, () => {
        const { waiting } = badStatus(server)?.state ?? {};
        return waiting?.reason === reason && waiting;
      });
      assert.equal(waiting.message, message);
      const pod = badPod(server);
      assert.equal(pod?.status.phase, "Pending");
      assert.ok(eventsOf(server, pod?.metadata.uid).includes(`Warning Failed: ${event}`));
    });
  }
});

describe("a container that ends", { concurrency: 2 }, () => {
  const cases: [Behaviour, exitCode: number, reason: string, events: string[]][] = [
    [{ kind: "crash-loop" }, 1, "Error", []],
    [{ kind: "crash-loop", exitCode: 3, after: 20 }, 3, "Error", []],
    [{ kind: "oom-killed" }, 137, "OOMKilled", []],
    [
      { kind: "liveness-failing", after: 20 },
      137,
      "Error",
      [
        "Warning Unhealthy: Liveness probe failed: HTTP probe failed with statuscode: 503",
        "Normal Killing: Container app failed liveness probe, will be restarted",
      ],
    ],
    [
      { kind: "startup-failing", message: "Startup probe failed: connection refused" },
      137,
      "Error",
      [
        "Warning Unhealthy: Startup probe failed: connection refused",
        "Normal Killing: Container app failed startup probe, will be restarted",
      ],
    ],
  ];
  for (const [behaviour, exitCode, reason, events] of cases) {
    const { kind, after } = behaviour;
    test(`${kind} with ${exitCode}, after ${after ?? 0} ms, again and again`, async (server) => {
      await rollOut(server, behaviour);
      const ready = new Set<boolean>();
      const backOffs = new Map<number, string>();
      const last = await until("three restarts", () => {
        const status = badStatus(server);
        if (status?.state.running) ready.add(status.ready);
        const { waiting } = status?.state ?? {};
        if (status && waiting?.reason === "CrashLoopBackOff") {
          backOffs.set(status.restartCount, waiting.message?.split(" restarting")[0] ?? "");
        }
        return status && status.restartCount >= 3 && status;
      });
      assert.equal(last.lastState.terminated?.exitCode, exitCode);
      assert.equal(last.lastState.terminated?.reason, reason);
      // The first restart comes at once.
      assert.deepEqual(backOffs.get(0), undefined);
      assert.equal(backOffs.get(1), "back-off 10s");
      assert.equal(backOffs.get(2), "back-off 20s");
      assert.deepEqual([...ready], after === undefined ? [false] : [true]);
      const pod = badPod(server);
      const told = eventsOf(server, pod?.metadata.uid);
      for (const event of events) assert.ok(told.includes(event), told.join("\n"));
      const where = `container app in pod ${pod?.metadata.name}_default(${pod?.metadata.uid})`;
      assert.ok(told.includes(`Warning BackOff: Back-off restarting failed ${where}`));
      assert.equal(pod?.status.phase, "Running");
    });
  }
});

describe("a pod", { concurrency: 2 }, () => {
  test("never-ready runs with a failing probe", async (server) => {
    server.images.behave("example/app:2", "never-ready");
    await server.deployment({ name: "web" });
    server.patch("deployment", "web", setImage("example/app:2"));
    const pod = await until("Unhealthy", () => {
      const event = server.list("events").find(({ reason }) => reason === "Unhealthy");
      const { uid } = (event?.involvedObject ?? {}) as { uid?: string };
      return podsOf(server, "web").find(({ metadata }) => metadata.uid === uid);
    });
    const ready = pod.status.conditions?.find(({ type }) => type === "Ready");
    assert.equal(pod.status.phase, "Running");
    assert.equal(ready?.status, "False");
    assert.equal(ready?.message, "containers with unready status: [app]");
  });

  test("init containers run first and hold the others up", async (server) => {
    const initContainers = [{ name: "init", image: "example/init:1" }];
    server.images.behave("example/init:1", "crash-loop");
    server.create(template("web", { initContainers }));
    await until(
      "the crash",
      () => initStatus(server)?.state.waiting?.reason === "CrashLoopBackOff",
    );
    assert.equal(
      podsOf(server, "web")[0]?.status.containerStatuses?.[0]?.state.waiting?.reason,
      "PodInitializing",
    );
    server.images.behave("example/init:1", "runs");
    await server.settled("deployment", "web");
    const [init] = podsOf(server, "web")[0]?.status.initContainerStatuses ?? [];
    assert.equal(init?.state.terminated?.reason, "Completed");
  });

  test("that finds no node tells so in the scheduler's way", async (server) => {
    await rollOut(server, "unschedulable");
    const message =
      "0/2 nodes are available: 2 Insufficient cpu. preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod.";
    const pod = await until("Unschedulable", () => {
      const bad = badPod(server);
      return bad?.status.conditions?.[0]?.reason === "Unschedulable" && bad;
    });
    const { type, status, reason, message: said } = pod.status.conditions?.[0] ?? {};
    assert.deepEqual(
      [type, status, reason, said],
      ["PodScheduled", "False", "Unschedulable", message],
    );
    assert.deepEqual([pod.status.phase, pod.status.containerStatuses], ["Pending", undefined]);
    const event = await until("a repeated event", () => {
      const all = server.list("events").map((each) => each as EventObject);
      return all.find(({ reason, series }) => reason === "FailedScheduling" && series);
    });
    assert.equal(event.message, message);
    assert.equal(event.involvedObject.uid, pod.metadata.uid);
    assert.equal(event.series?.count, 2);
    assert.match(event.eventTime ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    assert.deepEqual(
      [event.firstTimestamp, event.lastTimestamp, event.count, event.source],
      [null, null, undefined, {}],
    );
  });

  test("that exceeds its own limit is evicted, in both forms", async (server) => {
    for (const [app, exitCode, phase, reason] of [
      ["loud", 137, "Failed", "Evicted"],
      ["quiet", 0, "Succeeded", undefined],
    ] as const) {
      server.images.behave(`${app}:1`, { kind: "exceeds-limit", exitCode });
      server.create(workload("Deployment", { name: app, image: `${app}:1` }));
      const pod = await until("an evicted pod", () =>
        podsOf(server, app).find(({ status }) => status.phase === phase),
      );
      assert.equal(pod.status.reason, reason);
      const words = 'Usage of EmptyDir volume "cache" exceeds the limit "10Mi". ';
      assert.ok(eventsOf(server, pod.metadata.uid).includes(`Warning Evicted: ${words}`));
      assert.equal(condition(pod, "DisruptionTarget"), undefined);
    }
  });

  test("on a node that is lost is not ready, and does not end", async (server) => {
    await server.daemonSet({ name: "agent" });
    server.loseNode("node-1");
    const pod = podsOf(server, "agent").find(({ spec }) => spec.nodeName === "node-1");
    assert.ok(pod);
    assert.equal(condition(pod, "Ready")?.status, "False");
    assert.equal(condition(pod, "ContainersReady")?.status, "True");
    const { uid, name } = pod.metadata;
    assert.ok(eventsOf(server, uid).includes("Warning NodeNotReady: Node is not ready"));
    server.delete("pod", name);
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(server.get("pod", name).metadata.uid, uid);
    server.delete("pod", name, "default", 0);
    assert.ok(!podsOf(server, "agent").some(({ metadata }) => metadata.uid === uid));
  });

  test("runs the node's copy of a tag that was pushed again", async (server) => {
    const image = "contoso.azurecr.io/web:stable";
    const running = async (name: string, policy: string) => {
      const containers = [{ name: "app", image, imagePullPolicy: policy }];
      await server.daemonSet({ name, containers });
      return podsOf(server, name).map(({ status }) => status.containerStatuses?.[0]?.imageID);
    };
    const id = () => `contoso.azurecr.io/web@${server.images.digestOf(image)}`;
    const first = id();
    assert.deepEqual(await running("one", "IfNotPresent"), [first, first]);
    server.images.pushAgain(image);
    assert.notEqual(id(), first);
    assert.deepEqual(await running("two", "IfNotPresent"), [first, first]);
    assert.deepEqual(await running("three", "Always"), [id(), id()]);
  });

  test("that waits for a readiness gate is not ready", async (server) => {
    const podSpec = { readinessGates: [{ conditionType: "shop.example/open" }] };
    server.create(workload("Deployment", { name: "web", podSpec }));
    const pod = await until("a gated pod", () =>
      podsOf(server, "web").find((pod) => condition(pod, "Ready")?.reason?.includes("Gates")),
    );
    assert.equal(condition(pod, "ContainersReady")?.status, "True");
  });

  test("that somebody or its node holds does not end", async (server) => {
    server.images.behave("example/app:stays", "stays");
    await server.deployment({ name: "web", replicas: 1 });
    await server.deployment({ name: "held", replicas: 1, image: "example/app:stays" });
    const [web, held] = ["web", "held"].map((name) => podsOf(server, name)[0]?.metadata.name ?? "");
    assert.ok(web && held);
    server.patch("pod", web, { metadata: { finalizers: ["shop.example/drain"] } });
    for (const name of [web, held]) server.delete("pod", name);
    await new Promise((resolve) => setTimeout(resolve, 200));
    for (const name of [web, held]) assert.ok(server.get("pod", name).metadata.deletionTimestamp);
    server.patch("pod", web, { metadata: { finalizers: null } });
    server.delete("pod", held, "default", 0);
    const names = () => server.list("pod").map(({ metadata }) => metadata.name);
    await until("both are gone", () => [web, held].every((name) => !names().includes(name)));
  });

  test("that is evicted stays as Failed, and another comes", async (server) => {
    await Promise.all([
      server.deployment({ name: "web" }),
      server.statefulSet({ name: "db" }),
      server.daemonSet({ name: "agent" }),
    ]);
    const before = new Map(["web", "db", "agent"].map((app) => [app, podsOf(server, app)]));
    for (const [pod] of before.values()) server.evict(pod?.metadata.name ?? "");
    const name = before.get("web")?.[0]?.metadata.name ?? "";
    const { status, metadata } = server.get("pod", name);
    assert.deepEqual(
      [status.phase, status.reason, status.message],
      [
        "Failed",
        "Evicted",
        "The node was low on resource: memory. Threshold quantity: 100Mi, available: 61Mi. ",
      ],
    );
    assert.equal(status.containerStatuses?.[0]?.state.terminated?.exitCode, 137);
    assert.ok(eventsOf(server, metadata.uid).includes(`Warning Evicted: ${status.message}`));
    await until("the successors", () =>
      ["web", "db", "agent"].every((app) => {
        const running = podsOf(server, app).filter(({ status }) => status.phase === "Running");
        return running.length === before.get(app)?.length;
      }),
    );
    await server.settled("deployment", "web");
    assert.equal(server.get("pod", name).status.phase, "Failed");
    const reasons = server.list("events").map(({ reason }) => reason);
    assert.ok(reasons.includes("RecreatingFailedPod") && reasons.includes("FailedDaemonPod"));
  });

  test("gets the image that a mutating webhook gives it", async (server) => {
    server.images.mirror = (image) => `mirror.local/${image}`;
    await server.deployment({ name: "web" });
    assert.equal(imageOf(server.get("deployment", "web")), "example/app:1");
    const [pod] = podsOf(server, "web");
    assert.equal(pod && imageOf(pod), "mirror.local/example/app:1");
    assert.equal(pod?.status.containerStatuses?.[0]?.image, "mirror.local/example/app:1");
    server.images.behave("mirror.local/example/app:2", "image-not-found");
    server.patch("deployment", "web", setImage("example/app:2"));
    await until("ErrImagePull", () =>
      podsOf(server, "web").some(
        ({ status }) => status.containerStatuses?.[0]?.state.waiting?.reason === "ErrImagePull",
      ),
    );
  });
});

describe("pods that are not let in", { concurrency: 2 }, () => {
  const quota = "exceeded quota: pods, requested: pods=1, used: pods=4, limited: pods=4";
  const denial = `admission webhook "images.example.com" denied the request: image ${bad} is not signed`;
  for (const kind of ["over-quota", "denied-by-webhook"] as const) {
    test(`${kind} is told by each controller`, async (server) => {
      await Promise.all([
        server.deployment({ name: "web" }),
        server.statefulSet({ name: "db" }),
        server.daemonSet({ name: "agent" }),
      ]);
      server.images.behave(bad, kind);
      for (const target of ["deploy/web", "sts/db", "ds/agent"]) {
        const [kind = "", name = ""] = target.split("/");
        server.patch(kind, name, setImage(bad));
      }
      const failure = (kind: string) =>
        until(`${kind} FailedCreate`, () =>
          server
            .list("events")
            .map((event) => event as EventObject)
            .find((event) => event.reason === "FailedCreate" && event.involvedObject.kind === kind),
        );
      const refusal = (pod: string) =>
        kind === "over-quota" ? `pods "${pod}" is forbidden: ${quota}` : denial;
      const named = (message: string) => /"([\w-]+)" is forbidden/.exec(message)?.[1] ?? "";

      const { message: ofSet, involvedObject } = await failure("ReplicaSet");
      assert.equal(ofSet, `Error creating: ${refusal(named(ofSet))}`);
      const { message: ofDaemon } = await failure("DaemonSet");
      assert.equal(ofDaemon, `Error creating: ${refusal(named(ofDaemon))}`);
      const { message: ofOrdinal } = await failure("StatefulSet");
      assert.equal(ofOrdinal, `create Pod db-0 in StatefulSet db failed error: ${refusal("db-0")}`);

      for (const [resource, name] of [
        ["rs", involvedObject.name],
        ["deployment", "web"],
      ] as const) {
        const condition = await until("ReplicaFailure", () =>
          server
            .get(resource, name)
            .status.conditions?.find(({ type }) => type === "ReplicaFailure"),
        );
        assert.deepEqual([condition.status, condition.reason], ["True", "FailedCreate"]);
        assert.equal(condition.message, refusal(named(condition.message ?? "")));
      }

      server.images.behave(bad, "runs");
      for (const target of ["deploy/web", "sts/db", "ds/agent"]) {
        const [kind = "", name = ""] = target.split("/");
        await server.settled(kind, name);
      }
      const { conditions } = server.get("deployment", "web").status;
      assert.equal(
        conditions?.find(({ type }) => type === "ReplicaFailure"),
        undefined,
      );
    });
  }
});

function template(name: string, podSpec = {}) {
  const labels = { app: name };
  const containers = [{ name: "app", image: "example/app:1" }];
  const template = { metadata: { labels }, spec: { containers, ...podSpec } };
  const spec = { selector: { matchLabels: labels }, template };
  return { apiVersion: "apps/v1", kind: "Deployment", metadata: { name }, spec };
}
