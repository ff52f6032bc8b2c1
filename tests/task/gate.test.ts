/** The way to the API server: one kubectl proxy, which nobody else can use, and what becomes of it. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { type RequestOptions, request } from "node:http";
import path from "node:path";
import { describe, test } from "node:test";
import { Guard } from "../support/network/guard";
import {
  assertLogged,
  assertRan,
  kubectl,
  lastTable,
  release,
  until,
  useStage,
} from "../support/stage";
import { after, before, deployWeb, images } from "../support/web";

const stage = useStage();
const web = (options = {}) => deployWeb(stage, options);
const faults = () => stage.server.faults;

/** The processes of this machine whose arguments have a proxy for this stage. */
function proxies(): { pid: number; args: string[] }[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const args = readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0");
        const env = readFileSync(`/proc/${name}/environ`, "utf8");
        const own = args[1] === "proxy" && env.includes(`HOME=${stage.temp}\0`);
        return own ? [{ pid: Number(name), args }] : [];
      } catch {
        return [];
      }
    });
}

function flagOf(name: string): string {
  const flag = proxies()[0]?.args.find((arg) => arg.startsWith(`--${name}=`)) ?? "";
  return flag.slice(name.length + 3);
}

/** The status that a request to the proxy is answered with. */
function ask(how: RequestOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request(how, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    asked.on("error", reject);
    asked.end();
  });
}

/** Nothing is left of the way to the API server. */
async function assertClosed(): Promise<void> {
  await until(() => proxies().length === 0);
  assert.deepEqual(
    readdirSync(stage.temp).filter((name) => name.startsWith("gate-")),
    [],
  );
}

/** A kubeconfig for the server by https, with this user; kubectl authenticates with nothing less. */
async function byTls(user: object, trusted = true): Promise<string> {
  const guard = await stage.keep(Guard.start(stage.server.url, () => true));
  const config = JSON.parse(stage.server.kubeconfig());
  const authority = Buffer.from(guard.certificate.certificate).toString("base64");
  config.clusters[0].cluster = {
    server: guard.url,
    ...(trusted && { "certificate-authority-data": authority }),
  };
  config.users[0].user = user;
  const file = path.join(stage.temp, "by-tls");
  writeFileSync(file, JSON.stringify(config));
  return file;
}

/** A step whose new pods never become ready, once its rollout is watched. */
async function watchedStep(environment = {}) {
  await web();
  stage.server.images.behave(after, "never-ready");
  const step = stage.start({ images }, release, environment);
  await until(() => stage.server.requests.some(({ query }) => query.includes("watch=true")));
  return step;
}

describe("one process for all that is read", () => {
  test("a rollout takes kubectl proxy and kubectl set image, and nothing is left of them", async () => {
    await web();
    const started = path.join(stage.temp, "started");
    const env = stage.kubectlThat(`echo "$1 $2" >> ${started}`);
    const outcome = await stage.finish({ images }, release, env);
    assertRan(outcome, "Succeeded");
    const verbs = readFileSync(started, "utf8").trim().split("\n");
    assert.deepEqual(
      verbs.map((verb) => verb.split(" --")[0]),
      ["proxy", "set image"],
    );
    assert.ok(outcome.log.length <= 20, outcome.log.join("\n"));
    await assertClosed();
  });

  const without: Record<string, string>[] = [{ dryRun: "client" }, { command: "computeTag" }];
  for (const inputs of without) {
    test(`${Object.entries(inputs)} starts no kubectl`, async () => {
      const env = stage.kubectlThat("echo must not run >&2; exit 3");
      const outcome = await stage.finish({ images, ...inputs }, release, env);
      assertRan(outcome, "Succeeded");
      assert.deepEqual(stage.server.requests, []);
    });
  }

  test("one workload among a thousand is read alone", async () => {
    await web();
    for (let i = 0; i < 30; i += 1) {
      await stage.server.deployment({ name: `other-${i}`, image: before, replicas: 0 });
    }
    stage.server.requests.length = 0;
    const outcome = await stage.finish({ images });
    assertRan(outcome, "Succeeded");
    for (const { path, query } of stage.server.requests.filter(({ method }) => method === "GET")) {
      if (!/\/(deployments|replicasets|pods)$/.test(path)) continue;
      assert.match(query, /metadata\.name=web|labelSelector=/, `${path}?${query}`);
    }
  });

  test("the cluster, its version and the namespace come first", async () => {
    await web();
    const outcome = await stage.finish({ images });
    const cluster = outcome.log.findIndex((line) => line.startsWith("Cluster "));
    assert.match(
      outcome.log[cluster] ?? "",
      /^Cluster {3}http:\/\/127\.0\.0\.1:\d+ \(Kubernetes 1\.\d+\.\d+, kubectl 1\.\d+\.\d+\), context local, namespace default$/,
    );
    assert.ok(cluster < outcome.log.findIndex((line) => line.includes("Plan")));
    assertLogged(outcome, /^\[ +\d+s\] deployment\/web {2}\d\/2 updated pods ready/);
  });

  test("what is read can be read again with the line that debugging shows", async () => {
    await web();
    const outcome = await stage.finish({ images }, { ...release, "System.Debug": "true" });
    const line = outcome.log.find((each) => /kubectl get --raw .*deployments\/web$/.test(each));
    const args = /kubectl (get --raw \S+)/.exec(line ?? "")?.[1]?.split(" ") ?? [];
    assert.equal(JSON.parse(await stage.kubectl(...args)).metadata.name, "web");
  });
});

describe("nobody else can use it", () => {
  test("the socket is in a folder of this user alone, and only what a run needs goes through", async () => {
    const step = await watchedStep();
    const socketPath = flagOf("unix-socket");
    assert.equal(statSync(path.dirname(socketPath)).mode & 0o777, 0o700);
    const status = (method: string, path: string) =>
      ask({ socketPath, method, path, headers: { host: "localhost" } });
    assert.equal(await status("GET", "/apis/apps/v1/namespaces/default/deployments/web"), 200);
    for (const [method, path] of [
      ["GET", "/api/v1/namespaces/default/secrets"],
      ["GET", "/api/v1/namespaces/default/pods/web/exec"],
      ["GET", "/api/v1/namespaces"],
      ["POST", "/apis/apps/v1/namespaces/default/deployments"],
      ["PUT", "/apis/apps/v1/namespaces/default/deployments/web"],
      ["DELETE", "/api/v1/namespaces/default/pods/web"],
    ] as const) {
      assert.equal(await status(method, path), 403, `${method} ${path}`);
    }
    step.cancel();
    await step.outcome;
    await assertClosed();
  });

  test("where Node opens no socket, the name of the host is the key", async () => {
    const fake = path.join(stage.temp, "windows.cjs");
    writeFileSync(fake, 'Object.defineProperty(process, "platform", { value: "win32" });\n');
    await web();
    stage.server.images.behave(after, { kind: "runs", after: 1500 });
    const step = stage.start({ images, kubectlPath: kubectl }, release, {
      NODE_OPTIONS: `--require ${fake}`,
    });
    await until(() => stage.server.requests.some(({ query }) => query.includes("watch=true")));
    const host = flagOf("accept-hosts").replace(/[\^$]/g, "");
    assert.match(host, /^[0-9a-f]{32}/);
    const pid = proxies()[0]?.pid;
    const port = execFileSync("sh", ["-c", `ss -ltnp | grep "pid=${pid},"`], { encoding: "utf8" });
    const listening = Number(/127\.0\.0\.1:(\d+)/.exec(port)?.[1]);
    const status = (name: string) =>
      ask({ host: "127.0.0.1", port: listening, path: "/version", headers: { host: name } });
    assert.equal(await status("localhost"), 403);
    assert.equal(await status("127.0.0.1"), 403);
    assert.equal(await status(host), 200);
    assertRan(await step.outcome, "Succeeded");
    await assertClosed();
  });
});

describe("it is ended at every way out", () => {
  test("a failure", async () => {
    await web();
    stage.server.images.behave(after, "image-not-found");
    assertRan(await stage.finish({ images }), "Failed");
    await assertClosed();
  });

  test("a host that is killed by SIGTERM", async () => {
    const step = await watchedStep();
    step.process.kill("SIGTERM");
    assertRan(await step.outcome, "Canceled");
    await assertClosed();
  });

  test("a host that breaks down", async () => {
    const breaker = path.join(stage.temp, "breaker.cjs");
    const sign = path.join(stage.temp, "break");
    const look = `if (require("node:fs").existsSync(${JSON.stringify(sign)}))`;
    writeFileSync(
      breaker,
      `setInterval(() => { ${look} throw new Error("broken"); }, 20).unref();\n`,
    );
    const step = await watchedStep({ NODE_OPTIONS: `--require ${breaker}` });
    writeFileSync(sign, "");
    const outcome = await step.outcome;
    assertRan(outcome, "Failed");
    assert.match(
      outcome.errors.join("\n"),
      /The task failed unexpectedly, which is a bug: .*broken.*\[KSI704\]/,
    );
    await assertClosed();
  });
});

describe("it cannot be opened", () => {
  test("no kubectl", async () => {
    const outcome = await stage.finish({ images }, release, { PATH: "/nowhere" });
    stage.assertRefused(outcome, /kubectl proxy cannot be started: kubectl not found on PATH/);
  });

  test("a kubeconfig that is broken", async () => {
    const broken = path.join(stage.temp, "broken");
    writeFileSync(broken, "contexts: [");
    const outcome = await stage.finish({ images, kubeconfig: broken });
    stage.assertRefused(outcome, /The kubeconfig cannot be read: /);
    const told = await stage.finish({ images, kubeconfig: broken, namespace: "shop" });
    stage.assertRefused(told, /kubectl proxy cannot be started: error: error loading config file/);
  });

  test("a kubeconfig that is not there", async () => {
    const outcome = await stage.finish({ images, kubeconfig: "/nowhere/config" });
    stage.assertRefused(outcome, /kubeconfig: \/nowhere\/config cannot be read: ENOENT/);
  });

  test("a kubeconfig without a user: kubectl asks for a name, and nobody answers", async () => {
    const file = await byTls({});
    const outcome = await stage.finish({ images, kubeconfig: file });
    stage.assertRefused(
      outcome,
      /kubectl proxy cannot be started: kubectl asks "Please enter Username:", which a pipeline cannot answer/,
    );
  });

  test("a certificate that is not trusted", async () => {
    const file = await byTls({ token: "token" }, false);
    const outcome = await stage.finish({ images, kubeconfig: file });
    stage.assertRefused(
      outcome,
      /kubectl cannot reach the API server: .*x509: certificate signed by unknown authority/,
    );
  });

  /** A preload that keeps the folder of the socket from being made where the text says so. */
  const unwritable = (where: string) => {
    const file = path.join(stage.temp, "unwritable.cjs");
    const lines = [
      'const fs = require("node:fs");',
      "const { mkdtempSync } = fs;",
      "fs.mkdtempSync = (prefix, ...rest) => {",
      `  if (!(${where})) return mkdtempSync(prefix, ...rest);`,
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is one of the file
      "  throw Object.assign(new Error(`EACCES: permission denied, mkdtemp '${prefix}XXXXXX'`));",
      "};",
    ];
    writeFileSync(file, lines.join("\n"));
    return { NODE_OPTIONS: `--require ${file}` };
  };

  test("a folder that may not be written to: another one is taken", async () => {
    await web();
    const env = unwritable(`prefix.startsWith(${JSON.stringify(stage.temp)})`);
    assertRan(await stage.finish({ images }, release, env), "Succeeded");
    await assertClosed();
  });

  test("no folder that may be written to", async () => {
    const outcome = await stage.finish({ images }, release, unwritable("true"));
    stage.assertRefused(
      outcome,
      /kubectl proxy cannot be started: .*no folder for its socket: EACCES: permission denied/,
    );
  });

  test("no folder that its socket fits into", async () => {
    const deep = path.join(stage.temp, "d".repeat(100));
    mkdirSync(deep);
    await web();
    const outcome = await stage.finish({ images }, { ...release, "Agent.TempDirectory": deep });
    assertRan(outcome, "Succeeded");
    await assertClosed();
    assert.deepEqual(
      readdirSync(deep).filter((name) => name.startsWith("gate-")),
      [],
    );
  });

  test("a login plugin that is missing, or fails", async () => {
    for (const [command, words] of [
      ["/nowhere/login", /no such file or directory/],
      ["/bin/false", /exit code 1|exec: executable .*failed/],
    ] as const) {
      const exec = { apiVersion: "client.authentication.k8s.io/v1", interactiveMode: "Never" };
      const file = await byTls({ exec: { ...exec, command } });
      const outcome = await stage.finish({ images, kubeconfig: file });
      stage.assertRefused(outcome, /kubectl cannot reach the API server: .*getting credentials/);
      stage.assertRefused(outcome, words);
    }
  });

  test("no way to the API server", async () => {
    const config = stage.server.kubeconfig().replace(/127\.0\.0\.1:\d+/, "127.0.0.1:1");
    const file = path.join(stage.temp, "no-route");
    writeFileSync(file, config);
    const outcome = await stage.finish({ images, kubeconfig: file });
    stage.assertRefused(outcome, /kubectl cannot reach the API server: .*connection refused/);
  });
});

describe("it ends in mid-rollout", () => {
  test("once: it is started again, and the last table is true", async () => {
    await web();
    stage.server.images.behave(after, { kind: "runs", after: 1500 });
    const step = stage.start({ images });
    await until(() => stage.server.requests.some(({ query }) => query.includes("watch=true")));
    for (const { pid } of proxies()) process.kill(pid, "SIGKILL");
    const outcome = await step.outcome;
    assertRan(outcome, "Succeeded");
    assertLogged(outcome, /^kubectl proxy ended unexpectedly and is restarted/);
    assert.deepEqual(lastTable(outcome), [`deployment/web app ${after}`]);
    await assertClosed();
  });

  test("again: the step says that it does not know", async () => {
    const step = await watchedStep();
    const [first] = proxies();
    process.kill(first?.pid ?? 0, "SIGKILL");
    await until(() => proxies().some(({ pid }) => pid !== first?.pid));
    await new Promise((resolve) => setTimeout(resolve, 500));
    for (const { pid } of proxies()) process.kill(pid, "SIGKILL");
    const outcome = await step.outcome;
    assertRan(outcome, "Failed");
    assert.match(outcome.errors.join("\n"), /kubectl proxy ended again and is not restarted/);
    assert.match(outcome.errors.join("\n"), /cannot be watched: kubectl proxy has ended/);
    assert.deepEqual(lastTable(outcome), [`deployment/web app not known: ${before} or ${after}`]);
    await assertClosed();
  });
});

describe("what is stored is the goal", () => {
  const digest = `sha256:${"a".repeat(64)}`;
  const rewrite = (image: string) =>
    image.startsWith("mirror.local/") ? image : `mirror.local/${image}@${digest}`;

  test("an image that a webhook rewrites is rolled out, and put back by undo", async () => {
    stage.server.rewriteImages(rewrite);
    await web();
    const outcome = await stage.finish({ images });
    assertRan(outcome, "Succeeded");
    assertLogged(
      outcome,
      new RegExp(`an admission webhook changed the image of app from \\S+ to ${rewrite(after)}`),
    );
    assert.equal(stage.imageOf("Deployment", "web"), rewrite(after));
    const undone = await stage.finish({ images: "deployments/web", command: "undo" });
    assertRan(undone, "Succeeded");
    assert.equal(stage.imageOf("Deployment", "web"), rewrite(before));
  });

  test("an image that a webhook rewrites and that fails is put back", async () => {
    stage.server.rewriteImages(rewrite);
    await web();
    stage.server.images.behave(rewrite(after), "image-not-found");
    const outcome = await stage.finish({ images });
    assertRan(outcome, "Failed");
    assert.equal(stage.imageOf("Deployment", "web"), rewrite(before));
    assert.match(outcome.message, /^deployment\/web failed: .*; rolled back/);
  });

  test("another writer is named", async () => {
    await web();
    stage.server.images.behave(after, "never-ready");
    const step = stage.start({ images });
    await until(() => stage.server.requests.some(({ query }) => query.includes("watch=true")));
    const change = ["set", "image", "deployments/web", "app=contoso.azurecr.io/web:9"];
    await stage.kubectl(...change, "--field-manager=argocd-controller");
    const outcome = await step.outcome;
    assertRan(outcome, "Failed");
    assert.match(
      outcome.errors.join("\n"),
      /another deployment \(field manager argocd-controller\) set app to contoso\.azurecr\.io\/web:9/,
    );
    assert.equal(stage.imageOf("Deployment", "web"), "contoso.azurecr.io/web:9");
  });

  test("an image that a controller takes back once its rollout is done fails, and names it", async () => {
    await web();
    await web({ name: "slow", image: "contoso.azurecr.io/slow:1", replicas: 1 });
    stage.server.images.behave("contoso.azurecr.io/slow:4125", { kind: "runs", after: 6000 });
    const step = stage.start({ images: `${images}\ndeployments/slow app=$(ACR)/slow` });
    await until(() => {
      const { spec, status } = stage.server.get("Deployment", "web") as {
        spec: { replicas: number };
        status: { updatedReplicas?: number; availableReplicas?: number; replicas?: number };
      };
      const { updatedReplicas, availableReplicas, replicas } = status;
      const all = [updatedReplicas, availableReplicas, replicas].every((n) => n === spec.replicas);
      return all && stage.imageOf("Deployment", "web") === after;
    });
    const change = ["set", "image", "deployments/web", `app=${before}`];
    await stage.kubectl(...change, "--field-manager=argocd-controller");
    const outcome = await step.outcome;
    assertRan(outcome, "Failed");
    assert.match(outcome.errors.join("\n"), /deployment\/web.*argocd-controller/);
  });

  test("a warning of the API server is a warning of the step", async () => {
    await web();
    const text = 'would violate PodSecurity "restricted:latest" ##vso[task.complete]';
    faults().add({ verb: "patch", times: 1, fault: { kind: "warning", text } });
    const outcome = await stage.finish({ images });
    assert.match(outcome.warnings.join("\n"), /The API server warns: would violate PodSecurity/);
    assert.doesNotMatch(outcome.warnings.join("\n"), /##vso/);
  });
});

describe("rights that are fewer", () => {
  const forbidden = { kind: "status", code: 403 } as const;

  test("by name, for two workloads", async () => {
    await web();
    await web({ name: "api" });
    for (const verb of ["list", "watch"]) {
      const query = /^(?!.*metadata\.name=)/;
      faults().add({ verb, resource: "deployments", query, fault: forbidden });
    }
    const both = "deployments/web deployments/api app=$(ACR)/web";
    const outcome = await stage.finish({ images: both });
    assertRan(outcome, "Succeeded");
    for (const name of ["web", "api"]) assert.equal(stage.imageOf("Deployment", name), after);
  });

  test("no watch of deployments: they are read again and again, and the log says so once", async () => {
    await web();
    stage.server.images.behave(after, { kind: "runs", after: 1500 });
    faults().add({ verb: "watch", resource: "deployments", fault: forbidden });
    faults().add({ verb: "list", resource: "deployments", fault: forbidden });
    const outcome = await stage.finish({ images });
    assertRan(outcome, "Succeeded");
    const said = outcome.log.filter((line) =>
      line.startsWith("No permission to watch deployments"),
    );
    assert.equal(said.length, 1, outcome.log.join("\n"));
  });
});
