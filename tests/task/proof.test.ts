/** What runs is what was pushed: the digests of pods against those of a real registry. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Outcome } from "../support/agent";
import { Registry, registryMissing } from "../support/registry";
import { assertLogged, assertRan, lastTable, release, useStage } from "../support/stage";

const stage = useStage();
const skip = registryMissing ?? false;

/** What the attachment says of a workload. */
function told(outcome: Outcome, at = 0) {
  const attachment = outcome.attachments.find(({ name }) => name === "rollout.json");
  return JSON.parse(attachment?.content ?? "{}").workloads[at];
}

describe("the proof by digest", { skip }, () => {
  const images = "deployments/web app=$(ACR)/web";

  /** A registry that has a build, and the workload with the build before it. */
  async function scene(tag = "4125") {
    const registry = await stage.keep(Registry.start());
    const image = `${registry.host}/web:${tag}`;
    const digest = await registry.push("web", tag, { platforms: ["linux/amd64"] });
    stage.server.images.names(image, digest);
    const before = `${registry.host}/web:4124`;
    await stage.server.deployment({ name: "web", image: before, replicas: 2 });
    const run = (inputs = {}) =>
      stage.finish({ images, verifyImage: "auto", ...inputs }, { ...release, ACR: registry.host });
    return { registry, image, digest, before, run };
  }

  /** Every node has another content under the tag, and need not look. */
  async function copiedBefore(image: string, digest: string) {
    stage.server.images.names(image, `sha256:${"c".repeat(64)}`);
    await stage.server.daemonSet({ name: "earlier", image });
    stage.server.images.names(image, digest);
  }

  test("is verified where every new pod has the digest of the registry", async () => {
    const { digest, run } = await scene();
    const outcome = await run();
    assertRan(outcome, "Succeeded");
    assertLogged(outcome, new RegExp(`2/2 ready, running ${digest.slice(0, 19)} \\(verified\\)`));
    assert.deepEqual(told(outcome).proof.state, "verified");
    assert.deepEqual(told(outcome).proof.digests, { app: digest });
    assert.equal(JSON.parse(outcome.outputs.result ?? "").workloads[0].proof.state, "verified");
    const [summary = ""] = outcome.summaries;
    assert.ok(summary.includes(`| \`${digest.slice(0, 19)}\` verified |`), summary);
    assert.ok(summary.includes(`| \`${digest}\` |`), summary);
  });

  test("differs where a node has a copy of the tag: a warning with pod, node and cure", async () => {
    const { image, digest, run } = await scene();
    await copiedBefore(image, digest);
    const outcome = await run();
    assertRan(outcome, "SucceededWithIssues");
    const warning = outcome.warnings.find((text) => text.includes("imagePullPolicy"));
    assert.match(warning ?? "", /container app of pod web-\S+ on node node-\d runs sha256:cccc/);
    assert.match(warning ?? "", new RegExp(`but the registry has ${digest}.*Set pin: digest`));
    assert.equal(told(outcome).proof.state, "differs");
  });

  test("is a failure, and rolled back, where verifyImage is required", async () => {
    const { image, digest, before, run } = await scene();
    await copiedBefore(image, digest);
    const outcome = await run({ verifyImage: "required" });
    assertRan(outcome, "Failed");
    assert.match(outcome.errors[0] ?? "", /on node node-\d runs sha256:cccc/);
    assert.equal(stage.imageOf("Deployment", "web"), before);
    assert.match(outcome.message, /^deployment\/\w+ failed: .*; rolled back/);
  });

  test("a restart says beforehand that it pulls nothing, and pin: digest does", async () => {
    const { image, digest, run } = await scene();
    await copiedBefore(image, digest);
    await run();
    const restarted = await run({ whenUnchanged: "restart" });
    assertRan(restarted, "SucceededWithIssues");
    assert.match(
      restarted.warnings[0] ?? "",
      /With imagePullPolicy: IfNotPresent, .*Set pin: digest/,
    );
    assert.equal(told(restarted).proof.state, "differs");
    const pinned = await run({ whenUnchanged: "restart", pin: "digest" });
    assertRan(pinned, "Succeeded");
    assert.equal(stage.imageOf("Deployment", "web"), `${image}@${digest}`);
    assert.equal(told(pinned).proof.state, "verified");
  });

  test("is unknown, with the reason, where the registry was not asked", async () => {
    const { run } = await scene();
    const outcome = await run({ verifyImage: "off" });
    assertRan(outcome, "Succeeded");
    assert.equal(told(outcome).proof.state, "unknown");
    assertLogged(outcome, /not verified: not checked in the registry/);
  });

  test("pods that differ among themselves are found out without a registry", async () => {
    const { image, run } = await scene();
    stage.server.images.names(image, `sha256:${"c".repeat(64)}`);
    stage.server.images.pull(image, "node-1", "IfNotPresent");
    stage.server.images.names(image, `sha256:${"d".repeat(64)}`);
    const outcome = await run({ verifyImage: "off" });
    assertRan(outcome, "SucceededWithIssues");
    assert.match(outcome.warnings.join("\n"), /most other pods run sha256:/);
  });
});

describe("who else sets the image", () => {
  const images = "deployments/web app=contoso.azurecr.io/web";
  const before = "contoso.azurecr.io/web:4124";

  async function owned(metadata: object) {
    await stage.server.deployment({ name: "web", image: before });
    stage.server.patch("Deployment", "web", { metadata } as never);
    return stage.finish({ images });
  }

  test("a release of Helm is a line", async () => {
    const outcome = await owned({
      labels: { "app.kubernetes.io/managed-by": "Helm" },
      annotations: {
        "meta.helm.sh/release-name": "shop",
        "meta.helm.sh/release-namespace": "default",
      },
    });
    assertRan(outcome, "Succeeded");
    assertLogged(outcome, /^deployment\/web is managed by Helm release shop in namespace default/);
  });

  test("a controller that heals drift is a warning", async () => {
    const outcome = await owned({ labels: { "argocd.argoproj.io/instance": "shop" } });
    assert.match(outcome.warnings[0] ?? "", /is managed by Argo CD application shop, which sets/);
  });

  test("labels that are half there are nothing", async () => {
    const outcome = await owned({ labels: { "app.kubernetes.io/managed-by": "Helm" } });
    assertRan(outcome, "Succeeded");
    assert.doesNotMatch(outcome.log.join("\n"), /managed by/);
  });
});

describe("what is rolled back", () => {
  const images = "deployments/web app=$(ACR)/web\ndeployments/api app=$(ACR)/api";
  const of = (name: string, tag: number) => `contoso.azurecr.io/${name}:${tag}`;

  async function scene() {
    for (const name of ["web", "api"]) {
      await stage.server.deployment({ name, image: of(name, 4124) });
    }
    stage.server.images.behave(of("api", 4125), "image-not-found");
  }

  test("one failure rolls back every workload of the step", async () => {
    await scene();
    const outcome = await stage.finish({ images });
    assertRan(outcome, "Failed");
    for (const name of ["web", "api"])
      assert.equal(stage.imageOf("Deployment", name), of(name, 4124));
  });

  test("with the scope of the workload, the good ones stay", async () => {
    await scene();
    const outcome = await stage.finish({ images, onFailureScope: "workload" });
    assertRan(outcome, "Failed");
    assert.equal(stage.imageOf("Deployment", "web"), of("web", 4125));
    assert.equal(stage.imageOf("Deployment", "api"), of("api", 4124));
    assert.deepEqual(lastTable(outcome), [
      `deployment/api app ${of("api", 4124)}`,
      `deployment/web app ${of("web", 4125)}`,
    ]);
  });
});

describe("the last lines of a container", () => {
  test("are those of the run that is still there", async () => {
    const image = "contoso.azurecr.io/web:4125";
    await stage.server.deployment({ name: "web", image: "contoso.azurecr.io/web:4124" });
    const behaviour = { kind: "crash-loop", log: "FATAL: no database", logRemoved: true } as const;
    stage.server.images.behave(image, { ...behaviour, exitCode: 3 });
    const outcome = await stage.finish({ images: "deployments/web app=$(ACR)/web" });
    assertRan(outcome, "Failed");
    assertLogged(outcome, / {4}\| FATAL: no database/);
    assert.doesNotMatch(outcome.log.join("\n"), /unable to retrieve container logs/);
  });
});
