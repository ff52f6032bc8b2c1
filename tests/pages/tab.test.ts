/** The Rollouts tab, in Chromium, with what the packaged task attaches and with what it never would. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import type { BrowserContext, Frame, FrameLocator, Page } from "playwright-core";
import { AzureDevOps, planId, type Theme, timelineOf } from "../support/azure-devops";
import { openBrowser } from "../support/browser";
import { notWalked, violations } from "../support/browser/accessibility";
import { type Recording, record } from "../support/recordings";
import { json } from "../support/repository";
import { until } from "../support/stage";
import { unpackExtension } from "../support/vsix";

let extension: string;
let devops: AzureDevOps;
let context: BrowserContext;
let closeBrowser: () => Promise<void>;
let page: Page;
let tab: FrameLocator;
/** What went wrong in the browser. */
let problems: string[];

before(async () => {
  extension = mkdtempSync(path.join(tmpdir(), "kubectl-set-image-tab-"));
  await unpackExtension(extension);
  devops = await AzureDevOps.start(path.join(extension, "rollouts/index.html"));
  ({ context, close: closeBrowser } = await openBrowser());
});
after(async () => {
  await closeBrowser();
  devops.stop();
  rmSync(extension, { recursive: true, force: true });
});
beforeEach(async () => {
  devops.attached = [];
  devops.status = undefined;
  devops.signedOut = false;
  devops.workflowTasks = undefined;
  devops.instead.clear();
  problems = [];
  page = await context.newPage();
  page.setDefaultTimeout(10_000);
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  page.on("dialog", (dialog) => problems.push(dialog.message()));
  tab = page.frameLocator("iframe");
});
afterEach(() => page.close());

const attach = (content: string, step = "Kubectl Set Image", at = "2026-11-24T20:10:00Z") =>
  devops.attached.push({ step: ["Production", "Deploy", step], at, content });

async function open(of: "build" | "stage" = "build", theme: Theme = "light"): Promise<void> {
  await page.goto(devops.url(of, theme));
  await tab.locator("main[aria-busy=false]").waitFor();
}

function frame(): Frame {
  const frame = page.frames().at(-1);
  if (!frame) throw new Error("there is no tab");
  return frame;
}

/** What a script in the tab comes to. */
const inTab = (script: string): Promise<unknown> => frame().evaluate(script);

/** What a person reads, a line each. */
async function read(): Promise<string[]> {
  const text = await tab.locator("main").innerText();
  return text.split(/\n+/).map((line) => line.replace(/\s+/g, " ").trim());
}

async function assertReads(...expected: (string | RegExp)[]): Promise<void> {
  const lines = await read();
  const fits = (line: string) => (one: string | RegExp) =>
    typeof one === "string" ? one === line : one.test(line);
  let from = 0;
  for (const one of expected) {
    const found = lines.slice(from).findIndex((line) => fits(line)(one));
    assert.notEqual(found, -1, `${one} is not below line ${from} of\n${lines.join("\n")}`);
    from += found + 1;
  }
}

describe("what the task attached is told from the top", () => {
  const cases: [Recording, (string | RegExp)[]][] = [
    [
      "success",
      [
        /^Succeeded after \d/,
        "Production › Deploy › Kubectl Set Image · 24 Nov 2026, 20:10",
        /^The images /,
        "shop/deployments/web",
        /Done$/,
        "contoso.azurecr.io/web:4124 → 4125",
        /^Done after /,
        /^New pods ready: 3 of 3/,
        "New pods",
        /^web-\w+-\w+$/,
        /^ready, .* old$/,
        "Container app",
        "Previous image",
        "contoso.azurecr.io/web:4124",
        "Image set",
        "contoso.azurecr.io/web:4125",
        "Runs now",
        "the image set",
      ],
    ],
    [
      "imageMissing",
      [
        /^Failed after \d/,
        "shop/deployments/web",
        /Failed, rolled back$/,
        "contoso.azurecr.io/web:4124 → 4125",
        /^Failed after .*: container app cannot pull its image in pod web-\S+: /,
        /^Rolled back$/,
        /^container app cannot pull its image: .*, .* old$/,
        "Runs now",
        "the previous image",
      ],
    ],
    [
      "crash",
      [
        /^Failed after \d/,
        /Failed$/,
        /^Failed after .*: container app is crash-looping .*exit code 3.* in pod web-\S+/,
        /^Last output of app in pod web-/,
        "listening on :8080",
        "FATAL: password authentication failed",
        "Kubernetes events",
        /^BackOff/,
        /^Back-off restarting failed container app/,
        "New pods ready: 0 of 3",
        "Runs now",
        "the image set",
        "To roll back",
        /^kubectl set image deployments\/web app=contoso.azurecr.io\/web:4124 .*Copy$/,
      ],
    ],
    [
      "canceled",
      [
        /^Canceled after \d/,
        /Rolled back$/,
        /^Rolled back; its pods were not waited for$/,
        "the previous image",
      ],
    ],
    [
      "several",
      [
        /^Succeeded after .*: 3 done; 1 image set$/,
        "shop/deployments/web",
        /Done$/,
        "shop/deployments/api",
        "shop/statefulsets/db",
        "shop/cronjobs/cleanup",
        "Image set",
        "contoso.azurecr.io/cleanup:4124 → 4125",
      ],
    ],
    [
      "oneOfSeveral",
      [
        /^Failed after .*: 1 failed; 2 rolled back$/,
        "shop/statefulsets/db",
        /Failed$/,
        /^Failed after .*: container app cannot pull its image in pod db-1: /,
        /^Rolled back, but not running: .*kubectl delete pods db-1/,
        "New pods",
        "db-1",
        "shop/deployments/web",
        "Rolled back",
        "shop/deployments/api",
        "Rolled back",
      ],
    ],
    [
      "thereAlready",
      [
        /^Succeeded with issues after \d/,
        /Done$/,
        "contoso.azurecr.io/web:4124",
        "this image, as before",
      ],
    ],
  ];
  for (const [name, expected] of cases) {
    test(name, async () => {
      const outcome = await record(name, path.join(extension, "task"));
      const [attachment] = outcome.attachments;
      assert.ok(attachment, outcome.log.join("\n"));
      attach(attachment.content);
      for (const of of ["build", "stage"] as const) {
        for (const theme of ["light", "dark"] as const) {
          await open(of, theme);
          await assertReads(...(of === "build" ? expected : expected.filter(isNotThePlace)));
          assert.deepEqual(await violations(frame()), [], `${name}, ${theme}`);
        }
      }
      assert.deepEqual(problems, []);
    });
  }
});

const isNotThePlace = (line: string | RegExp) => typeof line !== "string" || !line.includes("›");

/** A document with this in place of its parts. */
function made(parts: object = {}, workload: object = {}): string {
  return JSON.stringify({
    version: 1,
    result: "Succeeded",
    milliseconds: 61_000,
    workloads: [
      {
        namespace: "shop",
        kind: "deployments",
        name: "web",
        outcome: "done",
        result: "done after 61s",
        milliseconds: 61_000,
        containers: [{ name: "app", before: "a/web:1", set: "b/web:2", now: null }],
        pods: [],
        timeline: [],
        warnings: [],
        ...workload,
      },
    ],
    ...parts,
  });
}

/** Where the labels below the timeline stand, in hundredths of its width. */
const labels = async () => {
  const all = tab.locator(".axis span");
  const places = await all.evaluateAll((spans) => spans.map((span) => span.style.left));
  const texts = await all.allInnerTexts();
  return texts.map((text, at): [string, number] => [text, Number.parseFloat(places[at] ?? "")]);
};
const steps = (...times: number[]) =>
  times.map((milliseconds, at) => ({ milliseconds, wanted: 3, ready: Math.min(at, 3), old: 1 }));

describe("the timeline of a rollout", () => {
  test("is drawn, and told to who does not see it", async () => {
    const timeline = [
      { milliseconds: 1000, wanted: 3, ready: 0, old: 3 },
      { milliseconds: 20_000, wanted: 3, ready: 2, old: 2 },
      { milliseconds: 61_000, wanted: 3, ready: 3, old: 0 },
    ];
    attach(made({}, { timeline }));
    await open();
    await assertReads("New pods ready: 3 of 3", "Old pods left: 0", "0s", "20s", "1m1s");
    assert.equal(
      await tab.getByRole("img").getAttribute("aria-label"),
      "After 1s 0 of 3 new pods ready, 3 old left; after 20s 2 of 3 new pods ready, 2 old left; " +
        "after 1m1s 3 of 3 new pods ready, 0 old left",
    );
    const paths = ".timeline path";
    const drawn = await tab
      .locator(paths)
      .evaluateAll((all) => all.map((one) => one.getAttribute("d")));
    assert.deepEqual(drawn, [
      "M0 25L444.9 25L444.9 0L960 0L960 25L1000 25L1000 25L960 25L960 50L444.9 50L444.9 100L0 100Z",
      "M0 100L444.9 100L444.9 50L960 50L960 25L1000 25L1000 100L960 100L960 100L444.9 100L444.9 100L0 100Z",
    ]);
  });

  test("of three seconds has even steps, each with its time", async () => {
    attach(made({}, { milliseconds: 3000, timeline: steps(1000, 2000, 3000) }));
    await open();
    assert.deepEqual(await labels(), [
      ["0s", 0],
      ["1s", 32],
      ["2s", 64],
      ["3s", 96],
    ]);
  });

  test("of half an hour shows what came before and after the long wait", async () => {
    const times = [2000, 5000, 1_795_000, 1_800_000];
    attach(made({}, { milliseconds: 1_800_000, timeline: steps(...times) }));
    await open();
    const shown = await labels();
    assert.deepEqual(
      shown.map(([text]) => text),
      ["0s", "2s", "5s", "30m0s"],
    );
    const widths = await tab.locator(".timeline path.new").getAttribute("d");
    const places = [...(widths ?? "").matchAll(/([\d.]+) [\d.]+/g)].map(([, x]) => Number(x));
    const stops = [...new Set(places)].sort((a, b) => a - b);
    const narrow = stops.filter((x, at) => at > 0 && x - (stops[at - 1] ?? 0) < 30);
    assert.deepEqual(narrow, [], `the steps are at ${stops}`);
  });

  test("has no labels that overlap, however wide the page", async () => {
    const times = Array.from({ length: 60 }, (_, at) => 1000 + at * at * 500);
    attach(made({}, { milliseconds: 1_800_000, timeline: steps(...times) }));
    for (const width of [320, 720, 1600]) {
      await page.setViewportSize({ width, height: 700 });
      await open();
      const boxes = await tab.locator(".axis span").evaluateAll((spans) =>
        spans.map((span) => {
          const { left, right } = span.getBoundingClientRect();
          return [left, right] as const;
        }),
      );
      const overlaps = boxes.filter(([left], at) => at > 0 && left < (boxes[at - 1]?.[1] ?? 0));
      assert.ok(boxes.length > 2, `${width}: ${boxes}`);
      assert.deepEqual(overlaps, [], `${width}: ${boxes}`);
    }
  });

  test("of pods says when each came and became ready", async () => {
    const pods = [
      { name: "web-1", ready: true, created: 2500, becameReady: 5000 },
      { name: "web-2", ready: false, created: 7500 },
      { name: "web-3", ready: true },
    ];
    attach(made({}, { milliseconds: 10_000, pods }));
    await open();
    const drawn = tab.getByRole("img");
    assert.deepEqual(
      await drawn.evaluateAll((all) => all.map((one) => one.getAttribute("aria-label"))),
      ["Created 7.5s after the change", "Created 2.5s after the change, ready 5s after it"],
    );
    const pieces = await tab
      .locator(".bar rect")
      .evaluateAll((all) =>
        all.map((one) => `${one.getAttribute("x")} ${one.getAttribute("width")}`),
      );
    assert.deepEqual(pieces, ["750 250", "250 250", "500 500"]);
  });
});

describe("the workload that failed", () => {
  const three = {
    result: "Failed",
    message: "deployment/api failed: container app is crash-looping; rolled back",
    workloads: ["web", "api", "job"].map((name) => ({
      ...JSON.parse(made()).workloads[0],
      name,
      outcome: name === "job" ? "done" : "rolledBack",
      ...(name === "api" && { cause: "app: crash-looping" }),
    })),
  };

  test("stands first and open, and is told from what was rolled back with it", async () => {
    attach(made(three));
    await open();
    const heads = await tab.locator("details.workload > summary").allInnerTexts();
    assert.deepEqual(
      heads.map((head) => [
        /(web|api|job)/.exec(head)?.[0],
        /Failed.*|Roll.*|Done/.exec(head)?.[0],
      ]),
      [
        ["api", "Failed, rolled back"],
        ["web", "Rolled back"],
        ["job", "Done"],
      ],
    );
    assert.equal(await tab.locator("details.workload[open]").count(), 1);
    await assertReads("Failed after 1m1s: 1 failed, rolled back; 1 rolled back; 1 done");
  });

  test("is named in the sentence of the run, as code", async () => {
    attach(made(three));
    await open();
    assert.deepEqual(await tab.locator("p.message code").allInnerTexts(), [
      "deployment/api",
      "app",
    ]);
  });
});

describe("the digest of an image", () => {
  const digest = `sha256:${"9f86d081884c".repeat(5)}0123`;
  const image = {
    digest,
    created: "2026-11-24T19:58:00Z",
    revision: "5f2c1d9e8b7a6f5e4d3c2b1a0f9e8d7c6b5a4f3e",
    source: "https://dev.azure.com/contoso/shop/_git/web",
  };
  const container = { name: "app", before: "a/web:1", set: "a/web:2", now: "a/web:2" };
  const shown = (parts: object, proof: object) =>
    attach(made({}, { containers: [{ ...container, ...parts }], proof }));

  test("is shown with its verdict, and where the image comes from", async () => {
    const words = "Verified: every new pod runs what was pushed";
    shown({ image }, { state: "verified", digests: { app: digest }, words });
    await open();
    await assertReads("Digest", `${digest} Copy`, "verified");
    await assertReads("Built", "24 Nov 2026, 19:58", "Commit", image.revision, "Source");
    const link = tab.getByRole("link", { name: image.source });
    assert.equal(await link.getAttribute("href"), image.source);
    assert.match((await link.getAttribute("rel")) ?? "", /noopener/);
  });

  test("says where pods run another one, or why nobody can tell", async () => {
    const differs = "Differs: container app of pod web-1 runs sha256:0a";
    shown({ image }, { state: "differs", digests: {}, words: differs });
    await open();
    await assertReads(differs, "Digest", `${digest} Copy`, "differs");
    devops.attached = [];
    const unknown = "Not verified: pod web-1 does not say what its container app runs";
    shown({}, { state: "unknown", digests: {}, words: unknown });
    await open();
    await assertReads(unknown, "Digest", "not verified");
  });

  test("comes with no link to what is no page", async () => {
    const proof = { state: "unknown", digests: {}, words: "Not verified" };
    for (const source of ["javascript:alert(1)", "https://", "git@github.com:contoso/web"]) {
      devops.attached = [];
      shown({ image: { ...image, source } }, proof);
      await open();
      await assertReads("Source", source);
      assert.equal(await tab.locator("main a").count(), 0, source);
    }
  });
});

describe("a command", () => {
  const command = "kubectl set image deployments/web app=a/web:1 --namespace=shop";
  const copied = () => page.evaluate("navigator.clipboard.readText()");

  test("can be copied, also where the frame may not use the clipboard", async () => {
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    attach(made({ rollbackCommands: [command] }));
    await open();
    for (const allowed of [true, false]) {
      await page.evaluate("navigator.clipboard.writeText('')");
      if (!allowed) await inTab("delete Navigator.prototype.clipboard");
      const button = tab.getByRole("button", { name: "Copy the command" });
      await button.click();
      await tab.getByText("Copied").waitFor();
      assert.equal(await copied(), command);
      await page.mouse.click(5, 757);
    }
  });

  test("in a sentence ends with it, and has a button", async () => {
    const rollback =
      "its pod blocks it. Delete it: kubectl delete pods web-1 -n shop. The rest goes on";
    attach(made({}, { rollback }));
    await open();
    assert.equal(
      await tab.locator(".command code").innerText(),
      "kubectl delete pods web-1 -n shop",
    );
    assert.equal(await tab.getByRole("button", { name: "Copy the command" }).count(), 1);
  });
});

describe("several attachments", () => {
  test("stand one after another, the newest first", async () => {
    attach(made(), "First", "2026-11-24T20:10:00Z");
    attach(made({ result: "Failed" }), "Third", "2026-11-24T20:30:00Z");
    attach(made({ result: "Canceled" }), "Second", "2026-11-24T20:20:00Z");
    for (const [of, above] of [
      ["build", "Production › Deploy"],
      ["stage", "Agent job"],
    ] as const) {
      await open(of);
      await assertReads(
        "Failed after 1m1s",
        `${above} › Third · 24 Nov 2026, 20:30`,
        "Canceled after 1m1s",
        `${above} › Second · 24 Nov 2026, 20:20`,
        "Succeeded after 1m1s",
        `${above} › First · 24 Nov 2026, 20:10`,
      );
    }
  });

  test("of several attempts of a stage say of which", async () => {
    attach(made({ result: "Failed" }));
    attach(made(), "Kubectl Set Image", "2026-11-24T20:40:00Z");
    for (const [at, attached] of devops.attached.entries()) attached.attempt = at + 1;
    await open("stage");
    await assertReads(
      "Succeeded after 1m1s",
      "Attempt 2 › Agent job › Kubectl Set Image · 24 Nov 2026, 20:40",
      "Failed after 1m1s",
      "Attempt 1 › Agent job › Kubectl Set Image · 24 Nov 2026, 20:10",
    );
  });

  test("of several attempts of a run say of which", async () => {
    attach(made({ result: "Failed" }));
    attach(made(), "Kubectl Set Image", "2026-11-24T20:40:00Z");
    for (const [at, attached] of devops.attached.entries()) attached.attempt = at + 1;
    await open("build");
    await assertReads(
      "Succeeded after 1m1s",
      "Attempt 2 › Production › Deploy › Kubectl Set Image · 24 Nov 2026, 20:40",
      "Failed after 1m1s",
      "Attempt 1 › Production › Deploy › Kubectl Set Image · 24 Nov 2026, 20:10",
    );
  });

  test("are shown when those of another attempt cannot be listed", async () => {
    attach(made({ result: "Failed" }));
    attach(made());
    for (const [at, attached] of devops.attached.entries()) attached.attempt = at + 1;
    devops.instead.set(`/attempts/1/plan/${planId}/attachments/kubectl-set-image`, { value: 1 });
    await open("stage");
    await assertReads("Succeeded after 1m1s", "Not shown");
  });

  test("of a timeline that is gone are shown without their places", async () => {
    attach(made());
    devops.instead.set("/timeline", null);
    devops.instead.set(`/timeline/${timelineOf({ attempt: 1 })}`, null);
    await open();
    await assertReads("Succeeded after 1m1s", "Kubectl Set Image");
  });

  test("come while the page is open, and leave the rest as it was", async () => {
    for (const of of ["build", "stage"] as const) {
      devops.attached = [];
      await open(of);
      attach(made());
      await page.mouse.click(5, 757);
      await tab.getByText("Succeeded after").waitFor();
      await tab.locator("summary").click();
      const { requests } = devops;
      const asked = requests.length;
      await page.mouse.click(5, 757);
      await until(() => requests.length >= asked + 2);
      assert.ok(!requests.slice(asked).some((path) => path.endsWith(".json")), `${requests}`);
      assert.equal(await tab.locator("details[open]").count(), 0);
    }
  });

  test("one that cannot be shown says why beside the others", async () => {
    attach(made());
    attach('{"version":1,"result":"Succ', "Cut");
    attach(made({ version: 2 }), "New");
    attach(made({}, { containers: [{ name: "app" }] }), "Odd");
    attach("null", "Null");
    await open();
    await assertReads("Succeeded after 1m1s");
    for (const why of [
      "This attachment is not JSON: it was cut off or changed.",
      "This rollout is written in version 2 of the format, and this tab reads version 1. Update " +
        "the extension Kubectl Set Image.",
      "This attachment is not what the task writes: its “before” is missing or of another kind.",
      "This attachment is not what the task writes: its “version” is missing or of another kind.",
    ])
      await assertReads("Not shown", why);
    assert.deepEqual(problems, []);
  });
});

test("words and results of a later version are shown as they are", async () => {
  attach(made({ result: "Postponed" }, { outcome: "constructor" }));
  await open();
  await assertReads("Postponed after 1m1s", /Constructor$/, "a/web:1 → b/web:2", /not known$/);
});

test("a text from outside is a text", async () => {
  const evil = `<img src=x onerror="alert(1)"><script>alert(2)</script>&lt;b&gt;##vso[task.complete result=Succeeded;]\u202e\u0007`;
  const step = { milliseconds: 1, wanted: 1e9, ready: -5, old: 3 };
  const image = { digest: evil, created: evil, revision: evil, source: evil, version: evil };
  attach(
    made(
      { result: evil, message: evil, rollbackCommands: [evil] },
      {
        ...{ namespace: evil, kind: evil, name: evil, outcome: evil, result: evil },
        ...{ rollback: evil, cause: evil },
        containers: [{ name: evil, before: evil, set: `${evil}2`, now: evil, image }],
        proof: { state: evil, digests: { [evil]: evil }, words: evil },
        pods: [{ name: evil, ready: false, milliseconds: null, trouble: evil }],
        timeline: [step, { ...step, milliseconds: -1 }],
        warnings: [{ reason: evil, message: evil, times: 3 }],
        log: { pod: evil, container: evil, lines: [evil, evil] },
      },
    ),
    evil,
  );
  await open();
  const text = (await read()).join("\n");
  assert.equal(text.split("<img src=x onerror=").length - 1, 27, text);
  assert.ok(text.includes("&lt;b&gt;##vso[task.complete result=Succeeded;]"), text);
  assert.equal(await tab.locator("main :is(img, script, b b, iframe)").count(), 0);
  assert.deepEqual(problems, []);
});

test("the page may run its own script and no other", async () => {
  const html = readFileSync(path.join(extension, "rollouts/index.html"), "utf8");
  const [, policy = ""] = /Content-Security-Policy" content="([^"]*)"/.exec(html) ?? [];
  assert.match(
    policy,
    /^default-src 'none'; script-src 'sha256-[\w+/=]+'; style-src 'unsafe-inline'; connect-src https: http:$/,
  );
  assert.ok(html.length < 40_000, `the page has ${html.length} characters`);
});

describe("the tab of a stage", () => {
  const { id } = json("task/task.json");
  const other = { taskId: "cbc316a2-586f-4def-be79-488a1f503564", definitionType: "task" };
  const cases: [string, "build" | "stage", typeof devops.workflowTasks, boolean][] = [
    ["is there for a stage that has the step", "stage", [other, { taskId: id }], false],
    ["is not there for a stage without it", "stage", [other], true],
    [
      "is there for a stage with a task group, which may have it",
      "stage",
      [{ ...other, definitionType: "metaTask" }],
      false,
    ],
    ["is there where nobody says what the stage has", "stage", undefined, false],
    ["is there for a run", "build", undefined, false],
  ];
  for (const [what, of, tasks, hidden] of cases) {
    test(what, async () => {
      devops.workflowTasks = tasks;
      await open(of);
      await page.locator(`body[data-hidden=${hidden}]`).waitFor();
    });
  }
});

test("an expired sign-in is told, and leads to no other page", async () => {
  attach(made());
  devops.signedOut = true;
  for (const of of ["build", "stage"] as const) {
    await open(of);
    await assertReads(
      "The rollouts cannot be read",
      "Azure DevOps does not take the sign-in of this tab (401). Reload the page.",
    );
  }
});

describe("when Azure DevOps has no attachment to give", () => {
  test("the page says how to get some", async () => {
    for (const of of ["build", "stage"] as const) {
      await open(of);
      await assertReads("No rollout yet", /The Kubectl Set Image step adds one/, "inputs:");
    }
  });

  const cases: [number, string][] = [
    [401, "Azure DevOps does not take the sign-in of this tab (401). Reload the page."],
    [
      403,
      "Azure DevOps does not let this tab read attachments (403). You need to be allowed to view " +
        "this pipeline, and the organisation to have approved the scopes of the extension.",
    ],
    [404, "Azure DevOps has no such run or attachment (404). Its retention may have removed it."],
    [500, "Azure DevOps has no answer now (500). Try again in a moment."],
  ];
  for (const [status, words] of cases) {
    test(`${status} is told in words, and can be tried again`, async () => {
      attach(made());
      for (const of of ["build", "stage"] as const) {
        devops.status = status;
        await open(of);
        await assertReads("The rollouts cannot be read", words, "Try again");
        devops.status = undefined;
        await tab.getByRole("button", { name: "Try again" }).click();
        await tab.getByText("Succeeded after 1m1s").waitFor();
      }
    });
  }

  test("an answer of another kind breaks nothing for good", async () => {
    attach(made());
    devops.instead.set("/attachments/kubectl-set-image", { value: 1 });
    for (const of of ["build", "stage"] as const) {
      await open(of);
      await assertReads("The rollouts cannot be read", /^The page itself failed, which is a bug/);
    }
    devops.instead.clear();
    await page.mouse.click(5, 757);
    await tab.getByText("Succeeded after 1m1s").waitFor();
  });

  test("a page that nobody can reach is told so", async () => {
    await page.route("**/_apis/**", (route) => route.abort());
    await open();
    await assertReads(
      "The rollouts cannot be read",
      "Azure DevOps cannot be reached. Check the network, then try again.",
    );
  });
});

/** A failure with everything that a page can have. */
function full(): string {
  const log = { pod: "web-1", container: "app", lines: ["no database"] };
  const pods = Array.from({ length: 14 }, (_, at) => ({ name: `web-${at}`, ready: true }));
  const image = { digest: `sha256:${"0".repeat(64)}`, source: "https://github.com/contoso/web" };
  const containers = [{ name: "app", before: "a/web:1", set: "a/web:2", now: "a/web:2", image }];
  const parts = { cause: "app: crash-looping", pods, log, containers, timeline: steps(1, 2, 3) };
  const rollbackCommands = ["kubectl set image deployments/web app=a/web:1"];
  return made({ result: "Failed", rollbackCommands }, { outcome: "failed", ...parts });
}

test("the keyboard reaches every control, which shows that it has the focus", async () => {
  attach(full());
  for (const theme of ["light", "dark"] as const) {
    await open("build", theme);
    assert.deepEqual(await notWalked(page, frame()), []);
  }
  const more = tab.getByText("4 more");
  await more.focus();
  await page.keyboard.press("Enter");
  assert.equal(await tab.getByText("web-13").isVisible(), true);
  await tab.locator("summary").first().focus();
  await page.keyboard.press("Space");
  assert.equal(await tab.getByText("Done after").isVisible(), false);
});

test("a phone needs no scrolling sideways, and reads as well", async () => {
  attach(full());
  attach(made({}, { namespace: "n".repeat(63), name: "w".repeat(253) }));
  await page.setViewportSize({ width: 360, height: 700 });
  for (const theme of ["light", "dark"] as const) {
    await open("build", theme);
    assert.equal(await inTab("document.documentElement.scrollWidth > innerWidth"), false);
    assert.deepEqual(await violations(frame()), []);
  }
});

test("a print has all that can be opened, on white, without buttons", async () => {
  attach(full());
  await open("build", "dark");
  await tab.locator("summary").first().click();
  await page.emulateMedia({ media: "print" });
  const [body, text] = await Promise.all(
    ["backgroundColor", "color"].map((of) => inTab(`getComputedStyle(document.body).${of}`)),
  );
  assert.deepEqual([body, text], ["rgb(255, 255, 255)", "rgb(0, 0, 0)"]);
  const seen = (selector: string) =>
    inTab(`[...document.querySelectorAll("${selector}")].filter((one) => one.checkVisibility({
      contentVisibilityAuto: true })).length`);
  assert.deepEqual(
    await Promise.all([seen(".pods li"), seen("button"), seen("footer")]),
    [14, 0, 0],
  );
  await page.emulateMedia({ media: "screen" });
});

test("the playground of the same package is one click away", async () => {
  await open();
  const link = tab.getByRole("link", { name: "Try inputs in the playground" });
  const href = (await link.getAttribute("href")) ?? "";
  assert.ok(existsSync(path.join(extension, "rollouts", href)), href);
  const { files } = json("vss-extension.json");
  const served = files.filter((file: { addressable?: boolean }) => file.addressable);
  const folders = served.map(({ packagePath }: { packagePath?: string }) => packagePath);
  assert.ok(folders.includes("playground") && folders.includes("rollouts"), `${folders}`);
});
