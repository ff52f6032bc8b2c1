import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { ApiServer, type ApiServerOptions, type Json, type KubeObject } from "./api-server";
import type { WatchEvent } from "./api-server/watch";

interface Outcome {
  code: number | null;
  out: string;
  err: string;
}

interface Kubectl {
  (...args: string[]): Promise<Outcome>;
  /** Its output, once it has exited with 0. */
  ok(...args: string[]): Promise<string>;
  /** What it says on stderr, once it has failed. */
  fails(...args: string[]): Promise<string>;
  start(...args: string[]): ReturnType<typeof spawn>;
}

const directory = mkdtempSync(join(tmpdir(), "api-server-"));
after(() => rmSync(directory, { recursive: true, force: true }));

function kubectlFor(program: string, server: ApiServer): Kubectl {
  const home = mkdtempSync(join(directory, "home-"));
  const kubeconfig = join(home, "kubeconfig");
  writeFileSync(kubeconfig, server.kubeconfig());
  const env = { PATH: process.env.PATH ?? "", HOME: home, KUBECONFIG: kubeconfig };
  const start = (...args: string[]) => spawn(program, args, { env });
  const run = (...args: string[]) =>
    new Promise<Outcome>((resolve, reject) => {
      const child = start(...args);
      let [out, err] = ["", ""];
      child.stdout.on("data", (chunk) => {
        out += chunk;
      });
      child.stderr.on("data", (chunk) => {
        err += chunk;
      });
      child.on("error", reject);
      child.on("close", (code) => resolve({ code, out, err }));
    });
  const ok = async (...args: string[]) => {
    const { code, out, err } = await run(...args);
    assert.equal(code, 0, `kubectl ${args.join(" ")}: ${out}${err}`);
    return out;
  };
  const fails = async (...args: string[]) => {
    const { code, out, err } = await run(...args);
    assert.notEqual(code, 0, `kubectl ${args.join(" ")} did not fail: ${out}`);
    return err;
  };
  return Object.assign(run, { ok, fails, start });
}

async function until<T>(what: string, look: () => T | undefined | false): Promise<T> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const seen = look();
    if (seen !== undefined && seen !== false) return seen;
    if (Date.now() > deadline) throw new Error(`${what} has not come about`);
    await pause(5);
  }
}

function imageOf({ spec }: KubeObject): string | undefined {
  return (spec.template ?? spec.jobTemplate?.spec.template ?? { spec }).spec.containers[0]?.image;
}

function podsOf(server: ApiServer, app: string): KubeObject[] {
  const pods = server.list("pods", "default");
  const living = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  return living.filter(({ metadata }) => metadata.labels?.app === app);
}

function waitingReason(server: ApiServer, image: string, list: "main" | "init" = "main") {
  const pod = podsOf(server, "web").find((each) =>
    [...(each.spec.initContainers ?? []), ...each.spec.containers].some((c) => c.image === image),
  );
  const { containerStatuses, initContainerStatuses } = pod?.status ?? {};
  const statuses = list === "main" ? containerStatuses : initContainerStatuses;
  return statuses?.find((each) => each.image === image)?.state.waiting?.reason;
}

async function request(server: ApiServer, method: string, path: string, body?: unknown, type = "") {
  const contentType = type || "application/json";
  const response = await fetch(`${server.url}${path}`, {
    method,
    headers: { "content-type": contentType },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const answer = (await response.json()) as KubeObject & { message?: string; items?: KubeObject[] };
  return { status: response.status, answer };
}

/** The events of a watch, collected until it is stopped or ends. */
function watching(server: ApiServer, path: string) {
  const controller = new AbortController();
  const events: WatchEvent[] = [];
  const ended = (async () => {
    const response = await fetch(`${server.url}${path}`, { signal: controller.signal });
    let rest = "";
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      const lines = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      events.push(...lines.map((line) => JSON.parse(line) as WatchEvent));
    }
  })().catch((error: Error) => {
    if (error.name !== "AbortError") throw error;
  });
  const shown = () =>
    events.map(({ type, object }) => `${type} ${(object as KubeObject).metadata.name}`);
  return { events, shown, ended, stop: () => controller.abort() };
}

const deployments = "/apis/apps/v1/namespaces/default/deployments";
const configMaps = "/api/v1/namespaces/default/configmaps";

function configMap(name: string, labels = {}) {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, labels } };
}

type Body = (server: ApiServer, kubectl: Kubectl) => Promise<void>;

function suite(program: string): void {
  const test = (name: string, body: Body, options: ApiServerOptions = {}) =>
    it(name, { timeout: 60_000 }, async () => {
      const server = await ApiServer.start({ pace: 10, ...options });
      try {
        await body(server, kubectlFor(program, server));
      } finally {
        await server.stop();
      }
    });

  describe(`commands of ${program}`, { concurrency: 2 }, () => {
    test("set image rolls a deployment and rollout status sees it through", async (server, kubectl) => {
      await server.deployment({ name: "web", image: "example/app:1", replicas: 3 });
      const said = await kubectl.ok("set", "image", "deployment/web", "app=example/app:2");
      assert.equal(said, "deployment.apps/web image updated\n");
      const status = await kubectl.ok("rollout", "status", "deployment/web", "--timeout=10s");
      assert.match(status, /deployment "web" successfully rolled out/);
      assert.equal(imageOf(server.get("deployment", "web")), "example/app:2");
      assert.deepEqual(podsOf(server, "web").map(imageOf), Array(3).fill("example/app:2"));
      assert.equal(await kubectl.ok("set", "image", "deployment/web", "app=example/app:2"), "");

      const patch = server.requests.find(({ method }) => method === "PATCH");
      assert.match(patch?.userAgent ?? "", /^kubectl/);
      assert.equal(patch?.path, `${deployments}/web`);
      assert.match(patch?.query ?? "", /fieldManager=kubectl-set/);
      assert.equal(patch?.status, 200);
    });

    test("set image knows every kind", async (server, kubectl) => {
      await Promise.all([
        server.deployment({ name: "web" }),
        server.statefulSet({ name: "db" }),
        server.daemonSet({ name: "agent" }),
        server.cronJob({ name: "nightly" }),
        server.replicaSet({ name: "bare" }),
      ]);
      const containers = [{ name: "app", image: "example/app:1" }];
      server.create({
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "lone" },
        spec: { containers },
      });
      server.create({
        apiVersion: "v1",
        kind: "ReplicationController",
        metadata: { name: "elder" },
        spec: { template: { metadata: { labels: { app: "elder" } }, spec: { containers } } },
      });
      await Promise.all([server.settled("pod", "lone"), server.settled("rc", "elder")]);
      const targets = "deploy/web sts/db ds/agent cj/nightly rs/bare po/lone rc/elder".split(" ");
      await kubectl.ok("set", "image", ...targets, "app=example/app:2");
      for (const target of targets) {
        const [kind = "", name = ""] = target.split("/");
        assert.equal(imageOf(server.get(kind, name)), "example/app:2", target);
      }
      const restarted = await until("the restart", () => {
        const [status] = server.get("pod", "lone").status.containerStatuses ?? [];
        return status?.ready && status.image === "example/app:2" && status;
      });
      assert.equal(restarted.restartCount, 1);
      assert.match(await kubectl.ok("rollout", "status", "sts/db", "--timeout=10s"), /complete/);
      assert.match(await kubectl.ok("rollout", "status", "ds/agent", "--timeout=10s"), /success/);
    });

    test("set image runs dry, by label, for all and for every container", async (server, kubectl) => {
      const containers = [
        { name: "app", image: "example/app:1" },
        { name: "proxy", image: "example/proxy:1" },
      ];
      const initContainers = [{ name: "init", image: "example/init:1" }];
      await server.deployment({
        name: "web",
        containers,
        initContainers,
        labels: { tier: "front" },
      });
      await server.deployment({ name: "api", labels: { tier: "back" } });
      const before = server.get("deployment", "web").metadata;
      const dry = await kubectl.ok(
        ...["set", "image", "deploy/web", "app=example/app:2", "--dry-run=server", "-o", "json"],
      );
      assert.equal(imageOf(JSON.parse(dry)), "example/app:2");
      assert.deepEqual(server.get("deployment", "web").metadata, before);

      await kubectl.ok("set", "image", "deployments", "-l", "tier=front", "proxy=example/proxy:2");
      const [, proxy] = server.get("deployment", "web").spec.template.spec.containers;
      assert.equal(proxy?.image, "example/proxy:2");
      await kubectl.ok("set", "image", "deployments", "--all", "*=example/all:1");
      const { spec } = server.get("deployment", "web").spec.template;
      const images = [...spec.containers, ...(spec.initContainers ?? [])].map(({ image }) => image);
      assert.deepEqual(images, Array(3).fill("example/all:1"));
      assert.equal(imageOf(server.get("deployment", "api")), "example/all:1");
      const unknown = await kubectl.fails("set", "image", "deploy/web", "no=example/app:9");
      assert.match(unknown, /unable to find container named "no"/);
    });

    test("get shows what the real server shows", async (server, kubectl) => {
      await server.deployment({ name: "web", replicas: 2 });
      await server.statefulSet({ name: "db", namespace: "other" });
      await server.daemonSet({ name: "agent" });
      await server.cronJob({ name: "nightly" });
      const table = await kubectl.ok("get", "deploy,ds,cj,rs,po", "-o", "wide");
      assert.match(table, /NAME +READY +UP-TO-DATE +AVAILABLE +AGE +CONTAINERS +IMAGES +SELECTOR/);
      assert.match(table, /deployment.apps\/web +2\/2 +2 +2 +\d+s +app +example\/app:1 +app=web/);
      assert.match(table, /daemonset.apps\/agent +2 +2 +2 +2 +2 +<none>/);
      assert.match(table, /cronjob.batch\/nightly +0 3 \* \* \* +<none> +False +0 +<none>/i);
      assert.match(table, /pod\/web-\w+-\w+ +1\/1 +Running +0 +\d+s +10\.244/);
      assert.match(await kubectl.ok("get", "sts", "-A"), /other +db +1\/1/);
      assert.match(await kubectl.ok("get", "deploy", "web", "-o", "yaml"), /kind: Deployment/);

      const names = ["get", "-o", "jsonpath={.items[*].metadata.name}"];
      assert.equal(await kubectl.ok(...names, "deploy,ds"), "web agent");
      assert.equal(await kubectl.ok(...names, "ds", "-l", "app in (agent, web),!old"), "agent");
      assert.equal(await kubectl.ok(...names, "ds", "-l", "app notin (agent)"), "");
      const byField = await kubectl.ok(...names, "deploy", "--field-selector=metadata.name!=web");
      assert.equal(byField, "");
      assert.equal(await kubectl.ok("get", "deploy", "no", "--ignore-not-found"), "");
      const missing = await kubectl.fails("get", "deploy", "no");
      assert.equal(missing, 'Error from server (NotFound): deployments.apps "no" not found\n');
    });

    test("get --watch tells every change", async (server, kubectl) => {
      await server.deployment({ name: "web" });
      const child = kubectl.start(
        ...["get", "deploy/web", "--watch", "--output-watch-events", "-o", "json"],
      );
      let out = "";
      child.stdout?.on("data", (chunk) => {
        out += chunk;
      });
      const closed = new Promise((resolve) => child.on("close", resolve));
      await until("the first event", () => out.includes('"ADDED"'));
      // For one object kubectl drops the watch's first event, even if it already tells a change.
      await until("the watch", () =>
        server.requests.some(({ query, status }) => /watch=true/.test(query) && status === 200),
      );
      server.patch("deployment", "web", { metadata: { labels: { seen: "yes" } } });
      await until("the change", () => /"MODIFIED".*"seen": ?"yes"/s.test(out));
      server.delete("deployment", "web");
      await until("the end", () => out.includes('"DELETED"'));
      child.kill();
      await closed;
    });

    test("rollout history, undo, restart, pause and resume", async (server, kubectl) => {
      await server.deployment({ name: "web", image: "example/app:1", replicas: 2 });
      await kubectl.ok("annotate", "deploy/web", "kubernetes.io/change-cause=first");
      await kubectl.ok("set", "image", "deploy/web", "app=example/app:2");
      await kubectl.ok(
        "annotate",
        "deploy/web",
        "kubernetes.io/change-cause=second",
        "--overwrite",
      );
      await server.settled("deployment", "web");
      const history = await kubectl.ok("rollout", "history", "deploy/web");
      assert.match(history, /1 +first\n2 +second/);

      assert.match(await kubectl.ok("rollout", "undo", "deploy/web"), /rolled back/);
      await server.settled("deployment", "web");
      const { metadata } = server.get("deployment", "web");
      assert.equal(imageOf(server.get("deployment", "web")), "example/app:1");
      assert.equal(metadata.annotations?.["deployment.kubernetes.io/revision"], "3");
      assert.equal(metadata.annotations?.["kubernetes.io/change-cause"], "first");
      assert.equal(server.list("rs", "default").length, 2);
      await kubectl.ok("rollout", "undo", "deploy/web", "--to-revision=2");
      assert.equal(imageOf(server.get("deployment", "web")), "example/app:2");
      assert.match(
        await kubectl.fails("rollout", "undo", "deploy/web", "--to-revision=9"),
        /unable to find/,
      );

      await kubectl.ok("rollout", "restart", "deploy/web");
      await server.settled("deployment", "web");
      assert.equal(server.list("rs", "default").length, 3);
      await kubectl.ok("rollout", "pause", "deploy/web");
      await kubectl.ok("set", "image", "deploy/web", "app=example/app:3");
      await until("the pause", () => {
        const { metadata, status } = server.get("deployment", "web");
        return status.observedGeneration === metadata.generation;
      });
      assert.equal(server.list("rs", "default").length, 3);
      const { conditions } = server.get("deployment", "web").status;
      assert.equal(
        conditions?.find(({ type }) => type === "Progressing")?.reason,
        "DeploymentPaused",
      );
      assert.match(await kubectl.fails("rollout", "undo", "deploy/web"), /paused/);
      await kubectl.ok("rollout", "resume", "deploy/web");
      await server.settled("deployment", "web");
      assert.equal(server.list("rs", "default").length, 4);
    });

    test("undo of stateful and daemon sets reuses their revisions", async (server, kubectl) => {
      await server.statefulSet({ name: "db" });
      await server.daemonSet({ name: "agent" });
      for (const target of ["sts/db", "ds/agent"]) {
        const [kind = "", name = ""] = target.split("/");
        await kubectl.ok("set", "image", target, "app=example/app:2");
        await server.settled(kind, name);
        assert.match(await kubectl.ok("rollout", "history", target), /1 +<none>\n2 +<none>/);
        await kubectl.ok("rollout", "undo", target);
        await server.settled(kind, name);
        assert.equal(imageOf(server.get(kind, name)), "example/app:1");
        assert.match(await kubectl.ok("rollout", "history", target), /2 +<none>\n3 +<none>/);
      }
      assert.equal(server.list("controllerrevisions", "default").length, 4);
    });

    test("scale, label and patch", async (server, kubectl) => {
      await server.deployment({ name: "web" });
      await kubectl.ok("scale", "deploy/web", "--replicas=3");
      await server.settled("deployment", "web");
      assert.equal(podsOf(server, "web").length, 3);
      const before = server.get("deployment", "web").metadata.generation;
      await kubectl.ok("label", "deploy/web", "team=blue");
      assert.equal(server.get("deployment", "web").metadata.labels?.team, "blue");
      assert.equal(server.get("deployment", "web").metadata.generation, before);
      const minReady = '{"spec":{"minReadySeconds":0,"paused":null}}';
      await kubectl.ok("patch", "deploy/web", "--type=merge", "-p", minReady);
      const operation = '[{"op":"replace","path":"/spec/replicas","value":1}]';
      await kubectl.ok("patch", "deploy/web", "--type=json", "-p", operation);
      await server.settled("deployment", "web");
      assert.equal(podsOf(server, "web").length, 1);
      const empty = '{"spec":{"template":{"spec":{"containers":[{"name":"app","image":""}]}}}}';
      assert.equal(
        await kubectl.fails("patch", "deploy/web", "-p", empty),
        'The Deployment "web" is invalid: spec.template.spec.containers[0].image: Required value\n',
      );
      const selector = '{"spec":{"selector":{"matchLabels":{"app":"other"}}}}';
      const refused = await kubectl.fails("patch", "deploy/web", "-p", selector);
      assert.match(refused, /spec.selector: Invalid value: .*field is immutable/);
    });

    test("describe and events tell of a rollout", async (server, kubectl) => {
      await server.deployment({ name: "web" });
      const deployment = await kubectl.ok("describe", "deploy", "web");
      assert.match(deployment, /Image: +example\/app:1/);
      assert.match(deployment, /Progressing +True +NewReplicaSetAvailable/);
      assert.match(deployment, /ScalingReplicaSet .*Scaled up replica set web-\w+ from 0 to 1/);
      const [pod] = podsOf(server, "web");
      const described = await kubectl.ok("describe", "pod", pod?.metadata.name ?? "");
      assert.match(described, /Status: +Running/);
      assert.match(described, /Normal +Scheduled/);
      assert.match(
        described,
        /Normal +Started +\d+s +kubelet +(spec.containers\{app\}: )?Started container app/,
      );
      const events = await kubectl.ok("get", "events");
      assert.match(events, /LAST SEEN +TYPE +REASON +OBJECT +MESSAGE/);
      assert.match(events, /Normal +SuccessfulCreate +replicaset\/web-/);
    });

    test("create, apply and delete", async (server, kubectl) => {
      const file = join(mkdtempSync(join(directory, "manifest-")), "web.json");
      const manifest = (image: string) => ({
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { name: "web" },
        spec: {
          selector: { matchLabels: { app: "web" } },
          template: {
            metadata: { labels: { app: "web" } },
            spec: { containers: [{ name: "app", image, ports: [{ containerPort: 80 }] }] },
          },
        },
      });
      writeFileSync(file, JSON.stringify(manifest("example/app:1")));
      assert.equal(await kubectl.ok("apply", "-f", file), "deployment.apps/web created\n");
      await server.settled("deployment", "web");
      writeFileSync(file, JSON.stringify(manifest("example/app:2")));
      assert.equal(await kubectl.ok("apply", "-f", file), "deployment.apps/web configured\n");
      assert.equal(await kubectl.ok("apply", "-f", file), "deployment.apps/web unchanged\n");
      await server.settled("deployment", "web");
      assert.match(await kubectl.fails("create", "-f", file), /AlreadyExists/);
      assert.match(await kubectl.ok("delete", "-f", file), /deleted/);
      await until("the pods' end", () => server.list("pods", "default").length === 0);
      assert.equal(server.list("rs", "default").length, 0);
      await kubectl.ok("create", "-f", file);
      await server.settled("deployment", "web");
      const [pod] = podsOf(server, "web");
      await kubectl.ok("delete", "pod", pod?.metadata.name ?? "");
      await server.settled("deployment", "web");
      assert.notEqual(podsOf(server, "web")[0]?.metadata.name, pod?.metadata.name);
    });

    test("logs come from the behaviour of the image", async (server, kubectl) => {
      server.images.behave("example/app:1", { kind: "runs", log: "one\ntwo\nthree\n" });
      server.images.behave("example/app:2", {
        kind: "crash-loop",
        log: "no settings\n",
        exitCode: 7,
      });
      await server.deployment({ name: "web" });
      assert.equal(await kubectl.ok("logs", "deploy/web", "--tail=2"), "two\nthree\n");
      const [pod] = podsOf(server, "web");
      const previous = await kubectl.fails("logs", "--previous", pod?.metadata.name ?? "");
      assert.match(previous, /previous terminated container "app" in pod "web-.*" not found/);
      server.patch("deployment", "web", setImage("example/app:2"));
      const crashed = await until("a crash", () =>
        podsOf(server, "web").find(
          ({ status }) => status.containerStatuses?.[0]?.lastState.terminated?.exitCode === 7,
        ),
      );
      const log = await kubectl.ok("logs", "-c", "app", "--previous", crashed.metadata.name);
      assert.equal(log, "no settings\n");
    });

    test("faults reach kubectl as the real server's words", async (server, kubectl) => {
      await server.deployment({ name: "web" });
      const setting = ["set", "image", "deploy/web", "app=example/app:2"];
      const path = /deployments\/web$/;
      const once = async (fault: Parameters<ApiServer["faults"]["add"]>[0], words: RegExp) => {
        const handle = server.faults.add({ path, ...fault });
        assert.match(await kubectl.fails(...setting), words);
        handle.off();
      };
      await once(
        { method: "PATCH", fault: { kind: "status", code: 403 } },
        /deployments.apps "web" is forbidden: User "system:serviceaccount:default:release" cannot patch resource "deployments" in API group "apps" in the namespace "default"/,
      );
      await once({ fault: { kind: "status", code: 401 } }, /Unauthorized|must be logged in/);
      await once({ fault: { kind: "status", code: 500 } }, /Internal error occurred/);
      await once({ fault: { kind: "status", code: 503 } }, /unable to handle the request/);
      await once(
        { method: "PATCH", fault: { kind: "status", code: 409 } },
        /object has been modified/,
      );
      await once({ fault: "reset", method: "PATCH" }, /EOF|connection reset/);
      await once({ fault: "garbage", method: "GET" }, /invalid character|couldn't get|unable to/);
      assert.equal(imageOf(server.get("deployment", "web")), "example/app:1");

      server.faults.add({ path, times: 1, fault: { kind: "status", code: 429, retryAfter: 1 } });
      await kubectl.ok(...setting);
      assert.ok(server.requests.some(({ status }) => status === 429));

      server.faults.add({ path, after: 1, fault: "hang" });
      assert.equal((await kubectl("get", "deploy", "web")).code, 0);
      const hung = await kubectl.fails("get", "deploy", "web", "--request-timeout=300ms");
      assert.match(hung, /deadline exceeded|Timeout/i);
      assert.equal(server.requests.at(-1)?.status, 0);
    });

    test("rollout status outlives a watch that is closed", async (server, kubectl) => {
      await server.deployment({ name: "web" });
      server.images.behave("example/app:2", { kind: "runs", after: 500 });
      server.patch("deployment", "web", setImage("example/app:2"));
      const fault = { kind: "close-watch" as const, after: 50 };
      server.faults.add({ path: /deployments/, times: 1, fault });
      const said = await kubectl.ok("rollout", "status", "deploy/web", "--timeout=20s");
      assert.match(said, /successfully rolled out/);
    });

    test("a deadline that has passed fails the rollout", async (server, kubectl) => {
      server.images.behave(/:broken$/, "image-not-found");
      await server.deployment({ name: "web", progressDeadlineSeconds: 1 });
      await kubectl.ok("set", "image", "deploy/web", "app=example/app:broken");
      const said = await kubectl.fails("rollout", "status", "deploy/web", "--timeout=20s");
      assert.match(said, /deployment "web" exceeded its progress deadline/);
      const { conditions } = server.get("deployment", "web").status;
      const progressing = conditions?.find(({ type }) => type === "Progressing");
      assert.equal(progressing?.reason, "ProgressDeadlineExceeded");
      assert.match(progressing?.message ?? "", /^ReplicaSet "web-\w+" has timed out progressing.$/);
      assert.match(await kubectl.ok("get", "pods"), /0\/1 +(ErrImagePull|ImagePullBackOff) +0/);
      await kubectl.ok("rollout", "undo", "deploy/web");
      await server.settled("deployment", "web");
    });
  });
}

function setImage(image: string) {
  return { spec: { template: { spec: { containers: [{ name: "app", image }] } } } };
}

suite(process.env.KUBECTL ?? "kubectl");
if (process.env.NEWER_KUBECTL) suite(process.env.NEWER_KUBECTL);

function test(name: string, body: (server: ApiServer) => Promise<void>, options = {}): void {
  it(name, { timeout: 30_000 }, async () => {
    const server = await ApiServer.start({ pace: 5, ...options });
    try {
      await body(server);
    } finally {
      await server.stop();
    }
  });
}

describe("behaviours", { concurrency: 2 }, () => {
  const reasons = {
    "image-not-found": ["ErrImagePull", "ImagePullBackOff", "ErrImagePull"],
    "crash-loop": ["CrashLoopBackOff"],
    "oom-killed": ["CrashLoopBackOff"],
    "invalid-name": ["InvalidImageName"],
    "config-error": ["CreateContainerConfigError"],
  } as const;
  for (const [kind, expected] of Object.entries(reasons)) {
    test(`${kind} waits with ${expected.join(", then ")}`, async (server) => {
      server.images.behave("example/app:2", kind as keyof typeof reasons);
      await server.deployment({ name: "web" });
      server.patch("deployment", "web", setImage("example/app:2"));
      for (const reason of expected) {
        await until(reason, () => waitingReason(server, "example/app:2") === reason);
      }
      const events = server.list("events").map(({ reason }) => reason);
      assert.ok(
        events.includes(kind.endsWith("loop") || kind === "oom-killed" ? "BackOff" : "Failed"),
      );
      assert.equal(server.get("deployment", "web").status.availableReplicas, 1);
      server.images.behave("example/app:2", "runs");
      await server.settled("deployment", "web");
    });
  }

  test("a crash is remembered, counted and comes again", async (server) => {
    server.images.behave("example/app:2", { kind: "crash-loop", exitCode: 3 });
    server.images.behave("example/app:3", "oom-killed");
    await server.deployment({ name: "web" });
    for (const [image, exitCode, reason] of [
      ["example/app:2", 3, "Error"],
      ["example/app:3", 137, "OOMKilled"],
    ] as const) {
      server.patch("deployment", "web", setImage(image));
      const status = await until("two restarts", () => {
        const statuses = podsOf(server, "web").flatMap((pod) => pod.status.containerStatuses ?? []);
        return statuses.find((each) => each.image === image && each.restartCount >= 2);
      });
      assert.equal(status.lastState.terminated?.exitCode, exitCode);
      assert.equal(status.lastState.terminated?.reason, reason);
    }
  });

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

  test("unschedulable stays pending", async (server) => {
    server.images.behave("example/app:2", "unschedulable");
    await server.deployment({ name: "web" });
    server.patch("deployment", "web", setImage("example/app:2"));
    const pod = await until("Unschedulable", () =>
      podsOf(server, "web").find(
        ({ status }) => status.conditions?.[0]?.reason === "Unschedulable",
      ),
    );
    assert.equal(pod.status.phase, "Pending");
    assert.equal(pod.status.containerStatuses, undefined);
    const events = server.list("events").map(({ reason }) => reason);
    assert.ok(events.includes("FailedScheduling"));
  });

  test("init containers run first and hold the others up", async (server) => {
    const initContainers = [{ name: "init", image: "example/init:1" }];
    server.images.behave("example/init:1", "crash-loop");
    server.create(template("web", { initContainers }));
    await until(
      "the crash",
      () => waitingReason(server, "example/init:1", "init") === "CrashLoopBackOff",
    );
    assert.equal(waitingReason(server, "example/app:1"), "PodInitializing");
    server.images.behave("example/init:1", "runs");
    await server.settled("deployment", "web");
    const [init] = podsOf(server, "web")[0]?.status.initContainerStatuses ?? [];
    assert.equal(init?.state.terminated?.reason, "Completed");
  });
});

function template(name: string, podSpec = {}) {
  const labels = { app: name };
  const containers = [{ name: "app", image: "example/app:1" }];
  const template = { metadata: { labels }, spec: { containers, ...podSpec } };
  const spec = { selector: { matchLabels: labels }, template };
  return { apiVersion: "apps/v1", kind: "Deployment", metadata: { name }, spec };
}

describe("controllers", { concurrency: 2 }, () => {
  test("a rolling update stays within maxSurge and maxUnavailable", async (server) => {
    await server.deployment({ name: "web", replicas: 4 });
    const seen = { most: 0, least: Number.POSITIVE_INFINITY };
    const watch = watching(server, `${deployments}?watch=true`);
    server.patch("deployment", "web", setImage("example/app:2"));
    await server.settled("deployment", "web");
    await until("the last event", () => {
      const last = watch.events.at(-1)?.object as KubeObject | undefined;
      return (
        last?.metadata.resourceVersion === server.get("deployment", "web").metadata.resourceVersion
      );
    });
    watch.stop();
    for (const { object } of watch.events) {
      const { replicas = 0, availableReplicas = 0 } = (object as KubeObject).status;
      seen.most = Math.max(seen.most, replicas);
      seen.least = Math.min(seen.least, availableReplicas);
    }
    assert.deepEqual(seen, { most: 5, least: 3 });
  });

  test("Recreate ends all old pods before the new ones", async (server) => {
    await server.deployment({ name: "web", replicas: 2, strategy: { type: "Recreate" } });
    const images = new Set<string>();
    server.patch("deployment", "web", setImage("example/app:2"));
    await until("the rollout", () => {
      const present = new Set(server.list("pods").map((pod) => imageOf(pod) ?? ""));
      assert.ok(present.size <= 1);
      for (const image of present) images.add(image);
      const { status } = server.get("deployment", "web");
      return images.has("example/app:2") && status.availableReplicas === 2;
    });
  });

  test("revisionHistoryLimit drops old replica sets", async (server) => {
    await server.deployment({ name: "web", revisionHistoryLimit: 1 });
    for (const image of ["example/app:2", "example/app:3", "example/app:4"]) {
      server.patch("deployment", "web", setImage(image));
      await server.settled("deployment", "web");
    }
    await until("the clean-up", () => server.list("rs").length === 2);
  });

  test("minReadySeconds delays availability", async (server) => {
    const started = Date.now();
    await server.deployment({ name: "web", minReadySeconds: 2 });
    assert.ok(Date.now() - started > 900);
  });

  test("a stateful set goes from the highest ordinal down to its partition", async (server) => {
    const updateStrategy = { type: "RollingUpdate", rollingUpdate: { partition: 1 } };
    await server.statefulSet({ name: "db", replicas: 3, updateStrategy });
    server.patch("statefulset", "db", setImage("example/app:2"));
    await server.settled("statefulset", "db");
    const images = () => podsOf(server, "db").map(imageOf);
    assert.deepEqual(images(), ["example/app:1", "example/app:2", "example/app:2"]);
    const { status } = server.get("statefulset", "db");
    assert.notEqual(status.currentRevision, status.updateRevision);
    server.patch("statefulset", "db", {
      spec: { updateStrategy: { rollingUpdate: { partition: 0 } } },
    });
    await server.settled("statefulset", "db");
    assert.deepEqual(images(), Array(3).fill("example/app:2"));
  });

  test("a stuck pod blocks an ordered stateful set until it is deleted", async (server) => {
    server.images.behave("example/app:2", "image-not-found");
    await server.statefulSet({ name: "db", replicas: 2 });
    server.patch("statefulset", "db", setImage("example/app:2"));
    const stuck = await until("a stuck pod", () =>
      podsOf(server, "db").find(
        ({ status }) => status.containerStatuses?.[0]?.state.waiting?.reason === "ImagePullBackOff",
      ),
    );
    assert.equal(stuck.metadata.name, "db-1");
    server.patch("statefulset", "db", setImage("example/app:1"));
    await pause(150);
    assert.equal(server.get("pod", "db-1").metadata.uid, stuck.metadata.uid);
    server.delete("pod", "db-1");
    await server.settled("statefulset", "db");
  });

  test("a parallel stateful set heals by itself", async (server) => {
    server.images.behave("example/app:2", "image-not-found");
    await server.statefulSet({ name: "db", replicas: 2, podManagementPolicy: "Parallel" });
    server.patch("statefulset", "db", setImage("example/app:2"));
    await until("a bad pod", () =>
      podsOf(server, "db").some((pod) => imageOf(pod) === "example/app:2"),
    );
    server.patch("statefulset", "db", setImage("example/app:1"));
    await until("the old image", () =>
      podsOf(server, "db").every((pod) => imageOf(pod) === "example/app:1"),
    );
    await server.settled("statefulset", "db");
  });

  test("a daemon set replaces node by node, and OnDelete waits", async (server) => {
    await server.daemonSet({ name: "agent" });
    await server.daemonSet({ name: "manual", updateStrategy: { type: "OnDelete" } });
    server.images.behave("example/app:2", "never-ready");
    for (const name of ["agent", "manual"]) server.patch("ds", name, setImage("example/app:2"));
    await until("one new pod", () => {
      const { updatedNumberScheduled, numberUnavailable } = server.get("ds", "agent").status;
      return updatedNumberScheduled === 1 && numberUnavailable === 1;
    });
    assert.deepEqual(podsOf(server, "manual").map(imageOf), Array(2).fill("example/app:1"));
    server.images.behave("example/app:2", "runs");
    await server.settled("ds", "agent");
    const [pod] = podsOf(server, "manual");
    server.delete("pod", pod?.metadata.name ?? "");
    await until(
      "its successor",
      () => server.get("ds", "manual").status.updatedNumberScheduled === 1,
    );
  });
});

describe("watches", { concurrency: 2 }, () => {
  test("start at a version, or with the present", async (server) => {
    server.create(configMap("old"));
    const { answer } = await request(server, "GET", configMaps);
    const { resourceVersion } = answer.metadata;
    const fromList = watching(server, `${configMaps}?watch=1&resourceVersion=${resourceVersion}`);
    server.create(configMap("new"));
    const fromPresent = watching(server, `${configMaps}?watch=1`);
    await until("both", () => fromList.events.length === 1 && fromPresent.events.length === 2);
    assert.deepEqual(fromList.shown(), ["ADDED new"]);
    assert.deepEqual(fromPresent.shown(), ["ADDED new", "ADDED old"]);
    server.delete("configmap", "old");
    await until("the deletion", () => fromList.shown().at(-1) === "DELETED old");
    fromList.stop();
    fromPresent.stop();
  });

  test("send what a selector makes of each change", async (server) => {
    const watch = watching(
      server,
      `${configMaps}?watch=1&labelSelector=${encodeURIComponent("on=yes")}`,
    );
    const set = (labels: Record<string, string | null>) =>
      server.patch("configmap", "a", { metadata: { labels } });
    await until("the watch", () => server.requests[0]?.status === 200);
    server.create(configMap("a"));
    set({ on: "yes" });
    set({ more: "yes" });
    set({ on: null });
    set({ more: null });
    await until("three events", () => watch.events.length === 3);
    assert.deepEqual(watch.shown(), ["ADDED a", "MODIFIED a", "DELETED a"]);
    watch.stop();
  });

  test("end after timeoutSeconds with a bookmark", async (server) => {
    server.create(configMap("a"));
    const query =
      "watch=1&allowWatchBookmarks=true&timeoutSeconds=1&fieldSelector=metadata.name%3Da";
    const watch = watching(server, `${configMaps}?${query}`);
    await watch.ended;
    assert.deepEqual(watch.events.map(({ type }) => type).slice(0, 2), ["ADDED", "BOOKMARK"]);
  });

  test("can stream the list first", async (server) => {
    server.create(configMap("a"));
    const query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan";
    const watch = watching(server, `${configMaps}?${query}&allowWatchBookmarks=true`);
    await until("the end of the list", () => watch.events[1]?.type === "BOOKMARK");
    const bookmark = watch.events[1]?.object as KubeObject | undefined;
    assert.equal(bookmark?.metadata.annotations?.["k8s.io/initial-events-end"], "true");
    watch.stop();
  });

  test(
    "from a forgotten version are told so",
    async (server) => {
      for (const name of ["a", "b", "c", "d"]) server.create(configMap(name));
      const watch = watching(server, `${configMaps}?watch=1&resourceVersion=2`);
      await watch.ended;
      const [event] = watch.events;
      assert.equal(event?.type, "ERROR");
      const status = event?.object as { code: number; reason: string; message: string } | undefined;
      assert.deepEqual([status?.code, status?.reason], [410, "Expired"]);
      assert.match(status?.message ?? "", /^too old resource version: 2 \(\d+\)$/);
    },
    { history: 3 },
  );

  test("can be many, and all end when the server stops", async (server) => {
    const watches = Array.from({ length: 50 }, () => watching(server, `${configMaps}?watch=1`));
    await until(
      "all watches",
      () => server.requests.filter(({ status }) => status === 200).length === 50,
    );
    server.create(configMap("a"));
    await until("all events", () => watches.every(({ events }) => events.length === 1));
    const ends = Promise.allSettled(watches.map(({ ended }) => ended));
    await server.stop();
    await ends;
  });
});

describe("writes", { concurrency: 2 }, () => {
  const strategic = "application/strategic-merge-patch+json";

  test("refuse a version that is no longer the newest", async (server) => {
    server.create(configMap("a"));
    const { answer: read } = await request(server, "GET", `${configMaps}/a`);
    server.patch("configmap", "a", { data: { seen: "yes" } });
    const { status, answer } = await request(server, "PUT", `${configMaps}/a`, read);
    assert.equal(status, 409);
    assert.equal(
      answer.message,
      'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
    );
    const { resourceVersion } = read.metadata;
    const patch = { metadata: { resourceVersion }, data: {} };
    assert.equal((await request(server, "PATCH", `${configMaps}/a`, patch, strategic)).status, 409);
  });

  test("count generations for the spec and keep the status apart", async (server) => {
    await server.deployment({ name: "web" });
    const { answer: before } = await request(server, "GET", `${deployments}/web`);
    const body = { ...before, spec: { ...before.spec, replicas: 2 }, status: { replicas: 9 } };
    const { answer: after } = await request(server, "PUT", `${deployments}/web`, body);
    assert.equal(after.metadata.generation, (before.metadata.generation ?? 0) + 1);
    assert.equal(after.status.replicas, 1);
    const same = await request(server, "PATCH", `${deployments}/web`, {}, strategic);
    const { answer: now } = await request(server, "GET", `${deployments}/web`);
    assert.equal(same.answer.metadata.generation, now.metadata.generation);
  });

  test("merge lists by key, in the order asked for", async (server) => {
    const containers = [
      { name: "app", image: "example/app:1", env: [{ name: "A", value: "1" }] },
      {
        name: "proxy",
        image: "example/proxy:1",
        ports: [{ containerPort: 80 }, { containerPort: 81 }],
      },
    ];
    const path = `${deployments}/web`;
    await server.deployment({ name: "web", containers });
    const patch = async (spec: object) => {
      const body = { spec: { template: { spec } } };
      const { answer } = await request(server, "PATCH", path, body, strategic);
      return answer.spec.template.spec.containers;
    };
    const changed = await patch({
      "$setElementOrder/containers": [{ name: "proxy" }, { name: "app" }],
      containers: [
        { name: "app", env: [{ name: "B", value: "2" }] },
        { name: "proxy", ports: [{ $patch: "delete", containerPort: 80 }] },
      ],
    });
    assert.deepEqual(
      changed.map(({ name }) => name),
      ["proxy", "app"],
    );
    assert.deepEqual(changed[0]?.ports, [{ containerPort: 81, protocol: "TCP" }]);
    assert.deepEqual(changed[1]?.env, [
      { name: "A", value: "1" },
      { name: "B", value: "2" },
    ]);
    const fewer = await patch({ containers: [{ $patch: "delete", name: "proxy" }] });
    assert.deepEqual(
      fewer.map(({ name }) => name),
      ["app"],
    );
    const other = { name: "other", image: "example/other:1" };
    const replaced = await patch({ containers: [{ $patch: "replace" }, other] });
    assert.deepEqual(
      replaced.map(({ name }) => name),
      ["other"],
    );
  });

  test("keep only retained keys and replace whole objects", async (server) => {
    await server.deployment({ name: "web" });
    const recreate = { $retainKeys: ["type"], type: "Recreate" };
    const kept = server.patch("deployment", "web", { spec: { strategy: recreate } });
    assert.deepEqual(kept.spec.strategy, { type: "Recreate" });
    server.patch("deployment", "web", { metadata: { annotations: { a: "1", b: "2" } } });
    const annotations = { $patch: "replace", c: "3" };
    const replaced = server.patch("deployment", "web", { metadata: { annotations } });
    assert.deepEqual(replaced.metadata.annotations, { c: "3" });
  });

  test("take JSON patches and merge patches", async (server) => {
    server.create({ ...configMap("a"), data: { "a/b": "1", list: "x" } });
    const patch: Json = [
      { op: "test", path: "/data/a~1b", value: "1" },
      { op: "move", from: "/data/list", path: "/data/moved" },
      { op: "copy", from: "/data/moved", path: "/data/copied" },
      { op: "remove", path: "/data/a~1b" },
    ];
    const { data } = server.patch("configmap", "a", patch, { type: "json" });
    assert.deepEqual(data, { moved: "x", copied: "x" });
    const merged = server.patch("configmap", "a", { data: { moved: null } }, { type: "merge" });
    assert.deepEqual(merged.data, { copied: "x" });
    const failing = [{ op: "test", path: "/data/copied", value: "y" }];
    const type = "application/json-patch+json";
    const { status, answer } = await request(server, "PATCH", `${configMaps}/a`, failing, type);
    assert.equal(status, 422);
    assert.match(answer.message ?? "", /testing value \/data\/copied failed/);
  });

  test("are recorded with what was asked and answered", async (server) => {
    await request(server, "POST", `${configMaps}?dryRun=All`, configMap("a"));
    await request(server, "GET", `${configMaps}/a`);
    const seen = server.requests.map(({ method, path, query, status }) => [
      method,
      path,
      query,
      status,
    ]);
    assert.deepEqual(seen, [
      ["POST", configMaps, "dryRun=All", 201],
      ["GET", `${configMaps}/a`, "", 404],
    ]);
    assert.deepEqual(server.requests[0]?.body, configMap("a"));
    assert.deepEqual(server.list("configmaps"), []);
  });
});
