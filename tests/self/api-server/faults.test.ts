import assert from "node:assert/strict";
import { describe } from "node:test";
import type { ApiServer, Fault, FaultKind, WatchEnd } from "../../support/api-server";
import {
  configMap,
  configMaps,
  imageOf,
  request,
  setImage,
  test,
  until,
  watching,
  withKubectl,
} from "./trial";

const forbidden = (verb: string, resource: string, group: string, name = "") =>
  `${resource}${group && `.${group}`}${name && ` "${name}"`} is forbidden: User "system:serviceaccount:default:release" cannot ${verb} resource "${resource}" in API group "${group}" in the namespace "default"`;

withKubectl("faults", (test) => {
  const set = ["set", "image", "deploy/web", "app=example/app:2"];
  const list = ["get", "deploy", "-o", "json"];
  const watch = [...list, "--watch", "--output-watch-events"];
  const status = (code: number, message?: string): FaultKind => ({
    kind: "status",
    code,
    ...(message !== undefined && { message }),
  });

  const words: [string, string[], Fault, RegExp][] = [
    ["403 on a patch", set, { verb: "patch", fault: status(403) }, /is forbidden: User .* patch/],
    ["401 on all", list, { fault: status(401) }, /^error: You must be logged in to the server/],
    ["401 on a watch", watch, { verb: "watch", fault: status(401) }, /You must be logged in/],
    ["500", set, { name: "web", fault: status(500) }, /Internal error occurred/],
    [
      "503",
      list,
      { verb: "list", fault: status(503) },
      /^Error from server \(ServiceUnavailable\)/,
    ],
    ["409 on a patch", set, { verb: "patch", fault: status(409) }, /object has been modified/],
    ["410 on a watch", watch, { verb: "watch", fault: status(410) }, /too old resource version/],
    ["403 on events", ["get", "ev"], { resource: "events", fault: status(403) }, /list .*"events"/],
    ["a cut connection", set, { verb: "patch", fault: "reset" }, /EOF|connection reset/],
    ["no JSON", list, { verb: "list", fault: "garbage" }, /^error: invalid character '<'/],
  ];
  test("reach kubectl as the real server's words", async (server, kubectl) => {
    await server.deployment({ name: "web" });
    for (const [what, args, fault, expected] of words) {
      const handle = server.faults.add(fault);
      assert.match(await kubectl.fails(...args), expected, what);
      assert.ok(handle.struck > 0, what);
      handle.off();
    }
    assert.equal(imageOf(server.get("deployment", "web")), "example/app:1");
  });

  test("pass when Retry-After says when", async (server, kubectl) => {
    await server.deployment({ name: "web" });
    const retry = { kind: "status", code: 429, retryAfter: 1 } as const;
    server.faults.add({ name: "web", times: 1, fault: retry });
    await kubectl.ok(...set);
    assert.deepEqual(
      server.requests.flatMap(({ status }) => (status === 429 ? status : [])),
      [429],
    );
  });

  test("hang from the second request on", async (server, kubectl) => {
    await server.deployment({ name: "web" });
    server.faults.add({ name: "web", after: 1, fault: "hang" });
    assert.equal((await kubectl("get", "deploy", "web")).code, 0);
    const hung = await kubectl.fails("get", "deploy", "web", "--request-timeout=300ms");
    assert.match(hung, /deadline exceeded|Timeout/i);
    assert.equal(server.requests.at(-1)?.status, 0);
  });

  test("refuse the patch of the third of five workloads", async (server, kubectl) => {
    const names = ["a", "b", "c", "d", "e"];
    await Promise.all(names.map((name) => server.deployment({ name })));
    server.faults.add({ verb: "patch", resource: "deploy", name: "c", fault: status(403) });
    const targets = names.map((name) => `deploy/${name}`);
    const { code, out, err } = await kubectl("set", "image", ...targets, "app=example/app:2");
    assert.equal(code, 1);
    assert.equal(
      err,
      `error: failed to patch image update to pod template: ${forbidden("patch", "deployments", "apps", "c")}\n`,
    );
    const said = ["a", "b", "d", "e"].map((name) => `deployment.apps/${name} image updated\n`);
    assert.equal(out, said.join(""));
    assert.equal(imageOf(server.get("deploy", "c")), "example/app:1");
  });

  test("refuse the events and nothing else", async (server, kubectl) => {
    await server.deployment({ name: "web" });
    server.faults.add({ resource: "events", fault: status(403) });
    const { code, out, err } = await kubectl("get", "deploy,events", "-o", "name");
    assert.deepEqual([code, out], [1, "deployment.apps/web\n"]);
    assert.equal(err, `Error from server (Forbidden): ${forbidden("list", "events", "")}\n`);
  });

  test("lose the answer of what is done all the same", async (server, kubectl) => {
    await server.deployment({ name: "web" });
    server.faults.add({ verb: "patch", fault: "lost-answer" });
    assert.match(await kubectl.fails(...set), /^error: failed to patch image .*: EOF\n$/);
    assert.equal(imageOf(server.get("deployment", "web")), "example/app:2");
  });

  test("delete a workload once its image was set", async (server, kubectl) => {
    await server.deployment({ name: "web" });
    const afterwards = () => server.delete("deployment", "web");
    server.faults.add({ verb: "patch", name: "web", afterwards });
    assert.equal(await kubectl.ok(...set), "deployment.apps/web image updated\n");
    const gone = await kubectl.fails("rollout", "status", "deploy/web");
    assert.equal(gone, 'Error from server (NotFound): deployments.apps "web" not found\n');
  });

  test("change a workload between kubectl's read and its patch", async (server, kubectl) => {
    await server.deployment({ name: "web" });
    const afterwards = () => {
      server.patch("deployment", "web", setImage("example/app:other"));
    };
    const handle = server.faults.add({ verb: "get", name: "web", times: 1, afterwards });
    await kubectl.ok(...set);
    assert.equal(handle.struck, 1);
    assert.equal(server.get("deployment", "web").metadata.generation, 3);
  });

  test("answer with 10 MB, of a list and of an error", async (server, kubectl) => {
    await Promise.all(["a", "b"].map((name) => server.deployment({ name })));
    const handle = server.faults.add({
      verb: "list",
      fault: { kind: "padding", bytes: 10_000_000 },
    });
    const { items } = JSON.parse(await kubectl.ok(...list));
    assert.deepEqual(
      items.map(
        ({ metadata }: { metadata: { name: string; annotations: { padding: string } } }) => [
          metadata.name,
          metadata.annotations.padding.length,
        ],
      ),
      [
        ["a", 5_000_000],
        ["b", 5_000_000],
      ],
    );
    handle.off();
    server.faults.add({ verb: "list", fault: status(500, "x".repeat(10_000_000)) });
    assert.equal((await kubectl.fails(...list)).length, 10_000_036);
  });

  test("are switched on and off at any moment", async (server, kubectl) => {
    await server.deployment({ name: "web" });
    const handle = server.faults.add({ fault: status(401) });
    await kubectl.fails(...list);
    handle.off();
    await kubectl.ok(...list);
    handle.on();
    await kubectl.fails(...list);
    assert.ok(handle.struck >= 2);
  });

  test("end a watch of kubectl, which exits with 0 then", async (server, kubectl) => {
    await server.deployment({ name: "web" });
    for (const how of ["close-watch", "reset-watch", "expire-watch"] as const) {
      server.requests.length = 0;
      const running = kubectl(...watch);
      await until("the watch", () => opened(server) === 1);
      server.endWatches(how, "deployments");
      const { code, out, err } = await running;
      assert.deepEqual([code, err], [0, ""], how);
      assert.match(out, /^\{"type":"ADDED"/);
      const told = /\n\{"type":"ERROR","object":\{.*"reason":"Expired".*"code":410\}\}\n$/.test(
        out,
      );
      assert.equal(told, how === "expire-watch", how);
    }
  });

  test("leave a watch of kubectl open that sends nothing", async (server, kubectl) => {
    await server.deployment({ name: "web" });
    server.faults.add({ fault: { kind: "silence-watch", after: 0 } });
    const child = kubectl.start(...watch);
    let out = "";
    child.stdout?.on("data", (chunk) => {
      out += chunk;
    });
    const closed = new Promise((resolve) => child.on("close", resolve));
    await until("the watch", () => opened(server) === 1);
    server.patch("deployment", "web", setImage("example/app:2"));
    await server.settled("deployment", "web");
    assert.equal(out.match(/^\{"type"/gm)?.length, 1);
    child.kill();
    await closed;
  });

  test("close a watch that rollout status outlives", async (server, kubectl) => {
    await server.deployment({ name: "web" });
    server.images.behave("example/app:2", { kind: "runs", after: 500 });
    server.patch("deployment", "web", setImage("example/app:2"));
    const fault = { kind: "close-watch", after: 50 } as const;
    server.faults.add({ resource: "deployments", times: 1, fault });
    const said = await kubectl.ok("rollout", "status", "deploy/web", "--timeout=20s");
    assert.match(said, /successfully rolled out/);
  });
});

function opened(server: ApiServer): number {
  return server.requests.filter(({ query, status }) => /watch=/.test(query) && status === 200)
    .length;
}

describe("faults of requests", { concurrency: 2 }, () => {
  test("strike by verb, resource, namespace and name", async (server) => {
    for (const namespace of ["default", "other"]) {
      for (const name of ["a", "b"]) {
        server.create({ ...configMap(name), metadata: { name, namespace } });
      }
    }
    const selected = `${configMaps}?fieldSelector=metadata.name%3Db`;
    const asked: [method: string, path: string][] = [
      ["GET", configMaps],
      ["GET", selected],
      ["GET", `${configMaps}/a`],
      ["GET", `${configMaps}/b`],
      ["GET", `${configMaps.replace("default", "other")}/b`],
      ["GET", "/api/v1/namespaces/default/secrets"],
      ["DELETE", `${configMaps}/b`],
    ];
    const cases: [Fault, number[]][] = [
      [{ verb: "list" }, [0, 1, 5]],
      [{ verb: "list", resource: "cm" }, [0, 1]],
      [{ verb: "delete" }, [6]],
      [{ name: "b" }, [1, 3, 4, 6]],
      [{ name: "b", namespace: "other" }, [4]],
      [{ method: "DELETE" }, [6]],
      [{ path: /secrets/ }, [5]],
      [{ query: /metadata.name/ }, [1]],
      [{ resource: "configmaps", after: 1, times: 2 }, [1, 2]],
    ];
    for (const [fault, expected] of cases) {
      const handle = server.faults.add({ ...fault, fault: { kind: "status", code: 418 } });
      const struck: number[] = [];
      for (const [index, [method, path]] of asked.entries()) {
        if (method === "DELETE" && !expected.includes(index)) continue;
        if ((await request(server, method, path)).status === 418) struck.push(index);
      }
      assert.deepEqual(struck, expected, JSON.stringify(fault));
      handle.off();
    }
  });

  test("delay an answer", async (server) => {
    server.faults.add({ fault: { kind: "delay", milliseconds: 300 } });
    const started = Date.now();
    assert.equal((await request(server, "GET", configMaps)).status, 200);
    assert.ok(Date.now() - started >= 295);
  });

  const ends: [WatchEnd, string[], ended: boolean][] = [
    ["close-watch", ["ADDED a"], true],
    ["expire-watch", ["ADDED a", "ERROR undefined"], true],
    ["silence-watch", ["ADDED a"], false],
  ];
  for (const [how, expected, ended] of ends) {
    test(`${how} comes at a moment of the test, and each time while a fault is on`, async (server) => {
      server.create(configMap("a"));
      const watch = watching(server, `${configMaps}?watch=1`);
      await until("the first event", () => watch.events.length === 1);
      server.endWatches(how, "secrets");
      server.endWatches(how, "configmaps");
      if (ended) await watch.ended;
      server.create(configMap("b"));
      const soon = { kind: how, after: 50 };
      server.faults.add({ resource: "configmaps", fault: soon });
      const other = watching(server, `${configMaps}?watch=1&fieldSelector=metadata.name%3Da`);
      if (ended) await other.ended;
      else await until("the first event", () => other.events.length === 1);
      assert.deepEqual([watch.shown(), other.shown()], [expected, expected]);
      watch.stop();
      other.stop();
    });
  }

  test("reset-watch cuts the connection", async (server) => {
    const watch = watching(server, `${configMaps}?watch=1`);
    const failed = assert.rejects(watch.ended);
    await until("the watch", () => opened(server) === 1);
    server.endWatches("reset-watch");
    await failed;
  });

  test("history that is forgotten expires every earlier version", async (server) => {
    server.create(configMap("a"));
    const { resourceVersion } = server.get("configmap", "a").metadata;
    server.create(configMap("b"));
    server.forgetHistory();
    const late = watching(server, `${configMaps}?watch=1&resourceVersion=${resourceVersion}`);
    await late.ended;
    assert.deepEqual(late.shown(), ["ERROR undefined"]);
    const newest = server.get("configmap", "b").metadata.resourceVersion;
    const fresh = watching(server, `${configMaps}?watch=1&resourceVersion=${newest}`);
    await until("the watch", () => opened(server) === 2);
    server.create(configMap("c"));
    await until("the change", () => fresh.shown()[0] === "ADDED c");
    fresh.stop();
  });
});
