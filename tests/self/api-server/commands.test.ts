import assert from "node:assert/strict";
import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { ApiServer, KubeObject } from "../../support/api-server";
import { deployments, directory, imageOf, podsOf, setImage, until, withKubectl } from "./trial";

/** A workload of every kind that has a template. */
const everyKind = (server: ApiServer) =>
  Promise.all([
    server.deployment({ name: "web" }),
    server.statefulSet({ name: "db" }),
    server.daemonSet({ name: "agent" }),
    server.cronJob({ name: "nightly" }),
    server.replicaSet({ name: "bare" }),
  ]);

withKubectl("commands", (test) => {
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
    await everyKind(server);
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
      return status?.ready && status.image === "docker.io/example/app:2" && status;
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

  test("get lists several kinds at once, of one namespace or of all", async (server, kubectl) => {
    await server.deployment({ name: "web" });
    await server.statefulSet({ name: "db", namespace: "shop" });
    await server.daemonSet({ name: "agent", namespace: "shop" });
    await server.cronJob({ name: "nightly", namespace: "shop" });
    const listed = async (...args: string[]) => {
      const json = await kubectl.ok("get", "deploy,sts,ds,cj,po", "-o", "json", ...args);
      const { items } = JSON.parse(json) as { items: KubeObject[] };
      return items
        .filter(({ kind }) => kind !== "Pod")
        .map(({ kind, metadata }) => `${metadata.namespace} ${kind} ${metadata.name}`);
    };
    const shop = ["shop StatefulSet db", "shop DaemonSet agent", "shop CronJob nightly"];
    assert.deepEqual(await listed(), ["default Deployment web"]);
    assert.deepEqual(await listed("-n", "shop"), shop);
    assert.deepEqual(await listed("-A"), ["default Deployment web", ...shop]);
  });

  test("get --watch tells of every kind", async (server, kubectl) => {
    await everyKind(server);
    const kinds = "deploy sts ds cj rs pods events".split(" ");
    const watches = kinds.map((kind) =>
      kubectl("get", kind, "--watch", "--output-watch-events", "-o", "json"),
    );
    const opened = () =>
      server.requests.filter(({ query, status }) => /watch=/.test(query) && status === 200);
    await until("the watches", () => opened().length === kinds.length);
    for (const target of ["deploy/web", "sts/db", "ds/agent", "cj/nightly", "rs/bare"]) {
      const [kind = "", name = ""] = target.split("/");
      server.patch(kind, name, { metadata: { annotations: { seen: "yes" } } });
    }
    await pause(200);
    server.endWatches("close-watch");
    for (const [index, { code, out }] of (await Promise.all(watches)).entries()) {
      assert.equal(code, 0);
      const told = /^\{"type":"MODIFIED".*"seen":"yes"/m.test(out);
      assert.equal(told, index < 5, kinds[index]);
      assert.match(out, /^\{"type":"ADDED"/);
    }
  });

  test("annotate and restart several at once", async (server, kubectl) => {
    await server.deployment({ name: "web" });
    await server.statefulSet({ name: "db" });
    const both = ["deploy/web", "sts/db"];
    const said = (word: string) => `deployment.apps/web ${word}\nstatefulset.apps/db ${word}\n`;
    const annotate = (...args: string[]) => kubectl.ok("annotate", ...both, ...args);
    assert.equal(await annotate("build=1", "note=x"), said("annotated"));
    const taken = await kubectl.fails("annotate", ...both, "build=2");
    assert.match(taken, /--overwrite is false but found the following declared annotation/);
    await annotate("build=2", "note-", "--overwrite");
    for (const target of both) {
      const [kind = "", name = ""] = target.split("/");
      const { build, note } = server.get(kind, name).metadata.annotations ?? {};
      assert.deepEqual([build, note], ["2", undefined]);
    }
    assert.equal(await kubectl.ok("rollout", "restart", ...both), said("restarted"));
    await server.settled("deployment", "web");
    await server.settled("statefulset", "db");
    const [pod] = podsOf(server, "db");
    assert.ok(pod?.metadata.annotations?.["kubectl.kubernetes.io/restartedAt"]);
  });

  test("get --watch tells every change of one object", async (server, kubectl) => {
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
    await kubectl.ok("annotate", "deploy/web", "kubernetes.io/change-cause=second", "--overwrite");
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
