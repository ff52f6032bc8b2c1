import assert from "node:assert/strict";
import { describe } from "node:test";
import type { ApiServer, Json, KubeObject } from "../../support/api-server";
import { configMap, configMaps, deployments, request, test, until, watching } from "./trial";

/** The metadata of a list, or of why it does not go on. */
interface Page {
  resourceVersion: string;
  continue?: string;
  remainingItemCount?: number;
}

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

describe("lists", { concurrency: 2 }, () => {
  const names = (answer: { items?: KubeObject[] }) =>
    answer.items?.map(({ metadata }) => metadata.name);
  const list = (server: ApiServer, query: string) =>
    request(server, "GET", `${configMaps}?limit=2${query}`);

  test("show on every page the state that the first is of", async (server) => {
    for (const name of ["a", "b", "c", "d"]) server.create(configMap(name, { on: "yes" }));
    const first = await list(server, "");
    const { continue: next, remainingItemCount, resourceVersion } = first.answer.metadata as Page;
    assert.deepEqual(names(first.answer), ["a", "b"]);
    assert.equal(remainingItemCount, 2);
    server.delete("configmap", "c");
    server.create(configMap("bb"));
    const second = await list(server, `&continue=${next}`);
    assert.deepEqual(names(second.answer), ["c", "d"]);
    assert.deepEqual(second.answer.metadata, { resourceVersion });
    const selected = await list(server, "&labelSelector=on");
    assert.deepEqual(names(selected.answer), ["a", "b"]);
    assert.ok(!("remainingItemCount" in selected.answer.metadata), "selected ones are not counted");
  });

  test("that are too old to go on may go on with the newest state", async (server) => {
    for (const name of ["a", "b", "c"]) server.create(configMap(name));
    const first = await list(server, "");
    server.create(configMap("d"));
    server.forgetHistory();
    const old = await list(server, `&continue=${(first.answer.metadata as Page).continue}`);
    assert.deepEqual([old.status, old.answer.reason], [410, "Expired"]);
    const second = await list(server, `&continue=${(old.answer.metadata as Page).continue}`);
    assert.deepEqual(names(second.answer), ["c", "d"]);
    assert.equal((await list(server, "&continue=x")).status, 400);
  });
});

describe("field selectors", { concurrency: 2 }, () => {
  test("are of the fields that a kind has them for", async (server) => {
    const events = "/api/v1/namespaces/default/events";
    const { status } = await request(server, "GET", `${events}?fieldSelector=reason!%3DPulled`);
    assert.equal(status, 200);
    for (const [path, field, words] of [
      [events, "message", "field label not supported: message"],
      [
        deployments,
        "spec.replicas",
        '"spec.replicas" is not a known field selector: only "metadata.name", "metadata.namespace"',
      ],
    ]) {
      const { status, answer } = await request(server, "GET", `${path}?fieldSelector=${field}%3D1`);
      assert.deepEqual([status, answer.message], [400, words]);
    }
  });
});

describe("service accounts", { concurrency: 2 }, () => {
  const rbac = "rbac.authorization.k8s.io";
  const who = { name: "release", namespace: "default" };
  type Refusal = { message: string; details: object };

  function grant(server: ApiServer, rule: object) {
    const roleRef = { apiGroup: rbac, kind: "Role", name: "release" };
    const subjects = [{ kind: "ServiceAccount", ...who }];
    const head = { apiVersion: `${rbac}/v1`, metadata: who };
    server.create({ apiVersion: "v1", kind: "ServiceAccount", metadata: who });
    server.create({ ...head, kind: "Role", rules: [{ apiGroups: [""], ...rule }] });
    server.create({ ...head, kind: "RoleBinding", roleRef, subjects });
    return async (path: string) => {
      const headers = { "impersonate-user": "system:serviceaccount:default:release" };
      const response = await fetch(`${server.url}${path}`, { headers });
      return { status: response.status, answer: (await response.json()) as Refusal };
    };
  }

  test("may do what their role says, on what it names", async (server) => {
    for (const name of ["a", "b"]) server.create(configMap(name));
    const rule = { resources: ["configmaps"], verbs: ["get", "list"], resourceNames: ["a"] };
    const ask = grant(server, rule);
    assert.equal((await ask(`${configMaps}/a`)).status, 200);
    assert.equal((await ask(`${configMaps}?fieldSelector=metadata.name%3Da`)).status, 200);
    for (const path of [configMaps, `${configMaps}/b`, `${configMaps}/a?watch=1`, deployments])
      assert.equal((await ask(path)).status, 403, path);
    const { answer } = await ask(`${configMaps}/b`);
    assert.equal(
      answer.message,
      'configmaps "b" is forbidden: User "system:serviceaccount:default:release" cannot get resource "configmaps" in API group "" in the namespace "default"',
    );
    assert.deepEqual(answer.details, { name: "b", kind: "configmaps" });
  });

  test("need a right of its own for what is under an object", async (server) => {
    const ask = grant(server, { resources: ["pods"], verbs: ["get"] });
    const { answer } = await ask("/api/v1/namespaces/default/pods/web/log");
    assert.match(answer.message, /cannot get resource "pods\/log"/);
  });
});
