/** Faults of the API server, the network and kubectl: what the log says is true in the end. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Outcome } from "../support/agent";
import type { FaultKind } from "../support/api-server/faults";
import { assertLogged, assertRan, lastTable, release, until, useStage } from "../support/stage";
import { after, before, deployWeb, images } from "../support/web";

const stage = useStage();
const web = (options = {}) => deployWeb(stage, options);
const faults = () => stage.server.faults;
const debugging = { ...release, "System.Debug": "true" };

/** Every row of the last table is what the API server has. */
function assertTableIsTrue(outcome: Outcome, rows = 1): void {
  const table = lastTable(outcome);
  assert.equal(table.length, rows, table.join("\n"));
  for (const row of table) {
    const [, name = "", image] = /^deployment\/(\S+) app (\S+)( \(.*\))?$/.exec(row) ?? [];
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

  test("the list of a watch that gets no answer", async () => {
    await web();
    const list = { verb: "list", resource: "deployments" } as const;
    const hang = faults().add({ ...list, times: 1, fault: "hang" });
    const outcome = await stage.finish({ images }, debugging);
    assertRan(outcome, "Succeeded");
    assertTableIsTrue(outcome);
    assert.equal(hang.struck, 1);
    assertLogged(outcome, /The watch of deployments goes on after an error: timed out after 10s/);
  });

  test("429 with Retry-After on a list and on the change", async () => {
    await web();
    const busy = { kind: "status", code: 429, retryAfter: 2 } as const;
    const lists = faults().add({ verb: "list", resource: "deployments", times: 1, fault: busy });
    const changes = faults().add({ verb: "patch", times: 1, fault: busy });
    const outcome = await stage.finish({ images: "$(ACR)/web" });
    assertRan(outcome, "Succeeded");
    assertTableIsTrue(outcome);
    assert.deepEqual([lists.struck, changes.struck], [1, 1]);
    assertLogged(outcome, /^A request failed: .*\(429 TooManyRequests\)\. Trying again in 2s$/);
  });

  test("410 on a further page of a list, which is read from its beginning", async () => {
    const labels = { tier: "front" };
    for (const name of ["web", "shop"]) {
      await stage.server.deployment({ name, image: before, replicas: 1, labels });
    }
    for (let at = 0; at < 500; at += 1) {
      await stage.server.deployment({ name: `other-${at}`, image: before, replicas: 0 });
    }
    const gone = faults().add({
      verb: "list",
      resource: "deployments",
      query: /continue=/,
      times: 2,
      fault: { kind: "status", code: 410 },
    });
    const labelled = "deployments -l tier=front app=$(ACR)/web";
    const outcome = await stage.finish({ images: labelled }, debugging);
    assertRan(outcome, "Succeeded");
    assertTableIsTrue(outcome, 2);
    assert.equal(gone.struck, 2, "in the list of the plan, and in that of the watch");
    const pages = stage.server.requests.filter(({ query }) => query.includes("continue="));
    assert.ok(pages.length >= 4, `${pages.length} further pages`);
  });

  test("a watch that sends an event without an end", async () => {
    await web();
    stage.server.images.behave(after, { kind: "runs", after: 1000 });
    const endless = faults().add({
      resource: "deployments",
      times: 1,
      fault: { kind: "endless-watch", after: 0 },
    });
    const outcome = await stage.finish({ images }, debugging);
    assertRan(outcome, "Succeeded");
    assertTableIsTrue(outcome);
    assert.equal(endless.struck, 1);
    assertLogged(
      outcome,
      /The watch of deployments goes on after an error: unexpected answer of the API server/,
    );
  });

  test("watches that are no JSON: the lists before them tell", async () => {
    await web();
    stage.server.images.behave(after, { kind: "runs", after: 1000 });
    faults().add({ verb: "watch", fault: "garbage" });
    const outcome = await stage.finish({ images });
    assertRan(outcome, "Succeeded");
    assertTableIsTrue(outcome);
  });
});

describe("what does not pass ends with what is true", () => {
  test("a hang of the change", async () => {
    await web();
    faults().add({ verb: "patch", times: 1, fault: "hang" });
    const outcome = await stage.finish({ images, rolloutStatusTimeout: "3" });
    assertRan(outcome, "Failed");
    assert.match(outcome.errors.join("\n"), /The image cannot be set: kubectl timed out/);
    assertTableIsTrue(outcome);
    assert.match(
      outcome.message,
      /^deployment\/\w+ cannot be updated: .*; every workload has its previous images$/,
    );
  });

  test("a hang of the question", async () => {
    await web();
    faults().add({ verb: "get", resource: "deployments", fault: "hang" });
    const outcome = await stage.finish({ images, rolloutStatusTimeout: "2" });
    assertRan(outcome, "Failed");
    assert.match(
      outcome.errors.join("\n"),
      /The workloads cannot be read: timed out after 2s\. The API server may be unreachable/,
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
    assert.match(outcome.errors.join("\n"), /The rollout cannot be watched: .*Unauthorized/);
    assert.deepEqual(lastTable(outcome), [`deployment/web app not known: ${before} or ${after}`]);
    assert.match(outcome.message, /; not fully rolled back: see the result$/);
    assertLogged(
      outcome,
      `To roll back: kubectl set image deployments/web app=${before} --namespace=default`,
    );
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
    assert.match(outcome.errors[0] ?? "", /cannot pull its image/);
    assertTableIsTrue(outcome);
  });

  test("403 on the change of the third of five", async () => {
    const names = ["one", "two", "three", "four", "five"];
    for (const name of names) await web({ name, image: `contoso.azurecr.io/${name}:1` });
    faults().add({ verb: "patch", name: "three", fault: { kind: "status", code: 403 } });
    const lines = names.map((name) => `deployments/${name} app=$(ACR)/${name}`);
    const outcome = await stage.finish({ images: lines.join("\n") });
    assertRan(outcome, "Failed");
    assert.match(outcome.errors[0] ?? "", /^The image cannot be set: .*forbidden.*\[KSI526\]$/i);
    assert.match(outcome.message, /^deployment\/\w+ cannot be updated: .*; rolled back/);
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
    assert.match(
      outcome.errors.join("\n"),
      /deployment\/web: it was deleted during the rollout\. .*\[KSI524\]/,
    );
    assert.deepEqual(lastTable(outcome), ["deployment/web app gone"]);
  });

  test("a workload that is deleted before it is watched", async () => {
    await web();
    const afterwards = () => stage.server.delete("Deployment", "web");
    faults().add({ verb: "patch", name: "web", times: 1, afterwards });
    const outcome = await stage.finish({ images });
    assertRan(outcome, "Failed");
    assertLogged(outcome, /deployment\/web: not rolled back: it has been deleted/);
    assert.deepEqual(lastTable(outcome), ["deployment/web app gone"]);
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
      /not rolled back: app was set to \S+:hotfix by another deployment \(field manager kubectl\)/,
    );
    assert.deepEqual(lastTable(outcome), [
      `deployment/web app ${theirs} (set by another deployment)`,
    ]);
    assert.equal(stage.imageOf("Deployment", "web"), theirs);
  });

  test("an answer that is no JSON", async () => {
    await web();
    faults().add({ verb: "get", resource: "deployments", fault: "garbage" });
    const outcome = await stage.finish({ images });
    stage.assertRefused(
      outcome,
      /^The workloads cannot be read: unexpected answer of the API server: /,
    );
    assert.equal(stage.imageOf("Deployment", "web"), before);
  });

  test("answers that are no JSON while the rollout is watched", async () => {
    await web();
    stage.server.images.behave(after, "never-ready");
    const step = stage.start({ images });
    await until(() => stage.server.requests.some(({ query }) => query.includes("watch=")));
    faults().add({ method: "GET", fault: "garbage" });
    stage.server.disconnect();
    const outcome = await step.outcome;
    assertRan(outcome, "Failed");
    assert.match(
      outcome.errors.join("\n"),
      /The rollout cannot be watched: unexpected answer of the API server/,
    );
    assert.deepEqual(lastTable(outcome), [`deployment/web app not known: ${before} or ${after}`]);
    assertLogged(
      outcome,
      `To roll back: kubectl set image deployments/web app=${before} --namespace=default`,
    );
  });

  test("an undo that is refused", async () => {
    await web();
    stage.server.images.behave(after, "image-not-found");
    faults().add({ verb: "patch", after: 2, fault: { kind: "status", code: 403 } });
    const outcome = await stage.finish({ images });
    assertRan(outcome, "Failed");
    assert.match(
      outcome.log.join("\n"),
      /✗ deployment\/web {2}cannot be rolled back: .*forbidden/i,
    );
    assertTableIsTrue(outcome);
    assert.equal(stage.imageOf("Deployment", "web"), after);
    assertLogged(
      outcome,
      `To roll back: kubectl set image deployments/web app=${before} --namespace=default`,
    );
  });

  test("a record that may not be left is a warning", async () => {
    await web();
    faults().add({ verb: "patch", after: 1, fault: { kind: "status", code: 403 } });
    const outcome = await stage.finish({ images });
    assert.equal(outcome.result, "SucceededWithIssues", outcome.log.join("\n"));
    assert.match(
      outcome.warnings.join("\n"),
      /The change cannot be recorded on its workload, .*forbidden.*\[KSI528\]$/i,
    );
    assertTableIsTrue(outcome);
  });
});

describe("a cancel while kubectl sets the image", () => {
  const canceledAt = async (fault: FaultKind) => {
    await web();
    const change = faults().add({ verb: "patch", times: 1, fault });
    const step = stage.start({ images });
    await until(() => change.struck === 1);
    step.cancel();
    const outcome = await step.outcome;
    assertRan(outcome, "Canceled");
    assert.deepEqual(outcome.canceled?.signals, ["SIGINT"], "it ends before the second signal");
    assert.deepEqual(outcome.leftBehind, []);
    assert.equal(stage.imageOf("Deployment", "web"), before);
    assert.deepEqual(lastTable(outcome), [`deployment/web app ${before}`]);
    return outcome;
  };

  test("waits for a change that is on its way, and takes it back", async () => {
    const outcome = await canceledAt({ kind: "delay", milliseconds: 1000 });
    assert.equal(outcome.message, "Canceled; rolled back to 4124");
    const bodies = stage.changes.map(({ body }) => JSON.stringify(body));
    assert.ok(bodies[0]?.includes(after) && bodies.some((body) => body.includes(before)));
    assertLogged(
      outcome,
      `##[command]kubectl set image deployments/web app=${before} --namespace=default`,
    );
  });

  test("ends a kubectl that gets no answer", async () => {
    const outcome = await canceledAt("hang");
    assert.equal(outcome.message, "Canceled; every workload has its previous images");
    const patches = stage.changes.filter(({ path }) => path.endsWith("/deployments/web"));
    assert.equal(patches.length, 1, "nothing is to be put back");
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
