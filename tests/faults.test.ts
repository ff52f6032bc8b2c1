/** Faults of the API server, the network and kubectl: what the log says is true in the end. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Outcome } from "./agent";
import { assertLogged, assertRan, lastTable, until, useStage } from "./stage";

const stage = useStage();
const images = "deployments/web app=$(ACR)/web";
const before = "contoso.azurecr.io/web:4124";
const after = "contoso.azurecr.io/web:4125";
const web = (options = {}) =>
  stage.server.deployment({ name: "web", image: before, replicas: 2, ...options });
const faults = () => stage.server.faults;

/** Every row of the last table is what the API server has. */
function assertTableIsTrue(outcome: Outcome, rows = 1): void {
  const table = lastTable(outcome);
  assert.equal(table.length, rows, table.join("\n"));
  for (const row of table) {
    const [, name = "", image] = /^deployments\/(\S+) app (\S+) \(/.exec(row) ?? [];
    assert.equal(image, stage.imageOf("Deployment", name), row);
  }
}

describe("what passes is tried again", () => {
  const once = { times: 2 } as const;
  for (const code of [429, 500, 503, 504]) {
    test(`${code} on a question and on the change`, async () => {
      await web();
      const status = { kind: "status", code } as const;
      faults().add({ verb: "get", resource: "deployments", fault: status, ...once });
      faults().add({ verb: "patch", fault: status, ...once });
      const outcome = await stage.finish({ images });
      assertRan(outcome, "Succeeded");
      assertTableIsTrue(outcome);
      assert.equal(stage.imageOf("Deployment", "web"), after);
    });
  }

  test("a cut connection", async () => {
    await web();
    faults().add({ verb: "get", resource: "deployments", fault: "reset", ...once });
    faults().add({ verb: "patch", fault: "reset", ...once });
    const outcome = await stage.finish({ images });
    assertRan(outcome, "Succeeded");
    assertTableIsTrue(outcome);
  });

  test("a change that is made while its answer is lost", async () => {
    await web();
    faults().add({ verb: "patch", times: 1, fault: "lost-answer" });
    const outcome = await stage.finish({ images });
    assertRan(outcome, "Succeeded");
    assertTableIsTrue(outcome);
    assert.equal(stage.imageOf("Deployment", "web"), after);
  });

  test("a conflict", async () => {
    await web();
    faults().add({ verb: "patch", times: 1, fault: { kind: "status", code: 409 } });
    const outcome = await stage.finish({ images });
    assertRan(outcome, "Succeeded");
    assertTableIsTrue(outcome);
  });

  for (const kind of ["close-watch", "reset-watch", "expire-watch"] as const) {
    test(`${kind}, for every watch, twice`, async () => {
      await web();
      stage.server.images.behave(after, { kind: "runs", after: 400 });
      faults().add({ times: 8, fault: { kind, after: 100 } });
      const outcome = await stage.finish({ images });
      assertRan(outcome, "Succeeded");
      assertTableIsTrue(outcome);
    });
  }

  test("a watch whose resource version is too old", async () => {
    await web();
    faults().add({ verb: "watch", times: 2, fault: { kind: "status", code: 410 } });
    const outcome = await stage.finish({ images });
    assertRan(outcome, "Succeeded");
    assertTableIsTrue(outcome);
  });

  test("a watch that connects and tells nothing", async () => {
    await web();
    const { struck } = faults().add({
      verb: "list",
      resource: "deployments",
      times: 1,
      fault: "hang",
    });
    const outcome = await stage.finish({ images });
    assertRan(outcome, "Succeeded");
    assertTableIsTrue(outcome);
    assert.equal(struck, 0);
  });
});

describe("what does not pass ends with what is true", () => {
  test("a hang of the change", async () => {
    await web();
    faults().add({ verb: "patch", times: 1, fault: "hang" });
    const outcome = await stage.finish({ images, rolloutStatusTimeout: "3" });
    assertRan(outcome, "Failed");
    assert.match(
      outcome.errors.join("\n"),
      /The image cannot be set: kubectl gave no answer in time/,
    );
    assertTableIsTrue(outcome);
    assert.equal(outcome.message, "The images could not be set; every workload has its old ones");
  });

  test("a hang of the question", async () => {
    await web();
    faults().add({ verb: "get", resource: "deployments", fault: "hang" });
    const outcome = await stage.finish({ images, rolloutStatusTimeout: "2" });
    assertRan(outcome, "Failed");
    assert.match(
      outcome.errors.join("\n"),
      /The workloads cannot be read: no answer within 2s\. The API server may be unreachable/,
    );
    assert.equal(outcome.message, "Nothing was changed in the cluster");
  });

  test("401 in the middle", async () => {
    await web();
    stage.server.images.behave(after, "never-ready");
    const unauthorized = { kind: "status", code: 401 } as const;
    const step = stage.start({ images });
    await until(() => stage.server.requests.some(({ query }) => query.includes("watch=")));
    faults().add({ fault: unauthorized });
    stage.server.disconnect();
    const outcome = await step.outcome;
    assertRan(outcome, "Failed");
    assert.match(
      outcome.errors.join("\n"),
      /The rollout cannot be watched any longer: .*Unauthorized/,
    );
    assert.deepEqual(lastTable(outcome), [`deployments/web app not known: ${before} or ${after}`]);
    assert.equal(
      outcome.message,
      "The new images do not all run, and not every old one is back: see the last table",
    );
    assertLogged(outcome, `  kubectl set image deployments/web app=${before} --namespace=default`);
  });

  for (const resource of ["events", "pods", "replicasets"]) {
    test(`403 on ${resource} is done without`, async () => {
      await web();
      stage.server.images.behave(after, { kind: "runs", after: 1000 });
      faults().add({ resource, fault: { kind: "status", code: 403 } });
      const outcome = await stage.finish({ images });
      assertRan(outcome, "Succeeded");
      assertLogged(outcome, /cannot be watched, so .*Forbidden/);
      assertTableIsTrue(outcome);
    });
  }

  test("403 on events, and the rollout is still judged", async () => {
    await web();
    stage.server.images.behave(after, "image-not-found");
    faults().add({ resource: "events", fault: { kind: "status", code: 403 } });
    const outcome = await stage.finish({ images });
    assertRan(outcome, "Failed");
    assert.match(outcome.errors[0] ?? "", /its image cannot be pulled/);
    assertTableIsTrue(outcome);
  });

  test("403 on the change of the third of five", async () => {
    const names = ["one", "two", "three", "four", "five"];
    for (const name of names) await web({ name, image: `contoso.azurecr.io/${name}:1` });
    faults().add({ verb: "patch", name: "three", fault: { kind: "status", code: 403 } });
    const lines = names.map((name) => `deployments/${name} app=$(ACR)/${name}`);
    const outcome = await stage.finish({ images: lines.join("\n") });
    assertRan(outcome, "Failed");
    assert.match(outcome.errors[0] ?? "", /^The image cannot be set: .*forbidden/i);
    assert.equal(outcome.message, "The new images do not all run; the old ones are back");
    assertTableIsTrue(outcome, 5);
    for (const name of names)
      assert.equal(stage.imageOf("Deployment", name), `contoso.azurecr.io/${name}:1`);
  });

  test("a workload that is deleted meanwhile", async () => {
    await web();
    stage.server.images.behave(after, "never-ready");
    const step = stage.start({ images });
    await until(() => stage.server.requests.some(({ query }) => query.includes("watch=")));
    setTimeout(() => stage.server.delete("Deployment", "web"), 500);
    const outcome = await step.outcome;
    assertRan(outcome, "Failed");
    assert.match(outcome.errors.join("\n"), /deployments\/web: somebody deleted it during the/);
    assert.deepEqual(lastTable(outcome), ["deployments/web – the workload is gone"]);
  });

  test("a workload that is deleted before it is watched", async () => {
    await web();
    const afterwards = () => stage.server.delete("Deployment", "web");
    faults().add({ verb: "patch", name: "web", times: 1, afterwards });
    const outcome = await stage.finish({ images });
    assertRan(outcome, "Failed");
    assertLogged(outcome, /deployments\/web: is gone: somebody deleted it/);
    assert.deepEqual(lastTable(outcome), ["deployments/web – the workload is gone"]);
  });

  test("an image of somebody else, set meanwhile", async () => {
    await web();
    stage.server.images.behave(after, "never-ready");
    const theirs = "contoso.azurecr.io/web:hotfix";
    const template = { spec: { containers: [{ name: "app", image: theirs }] } };
    const set = () => stage.server.patch("Deployment", "web", { spec: { template } });
    const afterwards = () => setTimeout(set, 300);
    faults().add({ verb: "patch", name: "web", times: 1, afterwards });
    const outcome = await stage.finish({ images });
    assertRan(outcome, "Failed");
    assert.match(
      outcome.warnings.join("\n"),
      /is left alone: another deployment has set app to \S+:hotfix/,
    );
    assert.deepEqual(lastTable(outcome), [`deployments/web app ${theirs} (set by somebody else)`]);
    assert.equal(stage.imageOf("Deployment", "web"), theirs);
  });

  test("an answer that is no JSON", async () => {
    await web();
    faults().add({ verb: "get", resource: "deployments", fault: "garbage" });
    const outcome = await stage.finish({ images });
    assertRan(outcome, "Failed");
    assert.equal(outcome.message, "Nothing was changed in the cluster");
    assert.equal(stage.imageOf("Deployment", "web"), before);
  });

  test("an undo that is refused", async () => {
    await web();
    stage.server.images.behave(after, "image-not-found");
    faults().add({ verb: "patch", after: 2, fault: { kind: "status", code: 403 } });
    const outcome = await stage.finish({ images });
    assertRan(outcome, "Failed");
    assert.match(outcome.log.join("\n"), /its old images could not be set again: .*forbidden/i);
    assertTableIsTrue(outcome);
    assert.equal(stage.imageOf("Deployment", "web"), after);
    assertLogged(outcome, `  kubectl set image deployments/web app=${before} --namespace=default`);
  });

  test("a record that may not be left is a warning", async () => {
    await web();
    faults().add({ verb: "patch", after: 1, fault: { kind: "status", code: 403 } });
    const outcome = await stage.finish({ images });
    assert.equal(outcome.result, "SucceededWithIssues", outcome.log.join("\n"));
    assert.match(
      outcome.warnings.join("\n"),
      /The record of the change cannot be left on its workload, .*forbidden/i,
    );
    assertTableIsTrue(outcome);
  });
});

describe("much output", () => {
  test("10 MB of a list", async () => {
    await web();
    faults().add({ method: "GET", fault: { kind: "padding", bytes: 10_000_000 } });
    const outcome = await stage.finish({ images });
    assertRan(outcome, "Succeeded");
    assertTableIsTrue(outcome);
  });

  test("10 MB of an error are cut", async () => {
    await web();
    const message = `##vso[task.complete]${"x".repeat(10_000_000)}`;
    faults().add({ verb: "patch", fault: { kind: "status", code: 403, message } });
    const outcome = await stage.finish({ images });
    assertRan(outcome, "Failed");
    assert.ok(outcome.log.every((line) => line.length < 5000));
    assertTableIsTrue(outcome);
  });
});
