/** The Rollouts tab, in Chromium, with what the packaged task attaches and with what it never would. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import type { BrowserContext, FrameLocator, Page } from "playwright-core";
import { AzureDevOps, planId, type Theme, timelineOf } from "../support/azure-devops";
import { contrast, openBrowser } from "../support/browser";
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

/** What a script in the tab comes to. */
function inTab(script: string): Promise<unknown> {
  const frame = page.frames().at(-1);
  if (!frame) throw new Error("there is no tab");
  return frame.evaluate(script);
}

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
        "shop/deployments/web",
        /Done$/,
        "contoso.azurecr.io/web:4124 → 4125",
        /^Done after .*, every pod is replaced and available$/,
        /^app contoso.azurecr.io\/web:4124 contoso.azurecr.io\/web:4125 contoso.azurecr.io\/web:4125 the new one$/,
        "New pods",
        /^web-\w+-\w+$/,
        /^ready, .* old$/,
      ],
    ],
    [
      "imageMissing",
      [
        /^Failed after \d/,
        "shop/deployments/web",
        /Put back$/,
        "contoso.azurecr.io/web:4124 → 4125",
        /^Failed after .*: container app of pod web-\S+ cannot start, its image cannot be pulled/,
        "Its old images run again, every pod is available",
        /contoso.azurecr.io\/web:4124 the old one$/,
        /^app cannot start, its image cannot be pulled: .*, .* old$/,
      ],
    ],
    [
      "crash",
      [
        /^Failed after \d/,
        /Failed$/,
        /^Failed after .*: container app of pod web-\S+ ends again and again \(exit code 3/,
        /contoso.azurecr.io\/web:4125 the new one$/,
        "New pods, ready: 0 of 3",
        "Warnings of Kubernetes",
        /^BackOff/,
        /^Back-off restarting failed container app/,
        /^The last lines of app in the pod web-/,
        "listening on :8080",
        "FATAL: password authentication failed",
      ],
    ],
    [
      "canceled",
      [
        /^Canceled after \d/,
        /Put back$/,
        "Its old images are set again; their pods were not waited for",
        /contoso.azurecr.io\/web:4124 the old one$/,
      ],
    ],
    [
      "several",
      [
        /^Succeeded after .*: 3 done, 1 set$/,
        "shop/deployments/web",
        /Done$/,
        "shop/deployments/api",
        "shop/statefulsets/db",
        "shop/cronjobs/cleanup",
        "Set",
        "contoso.azurecr.io/cleanup:4124 → 4125",
      ],
    ],
    [
      "oneOfSeveral",
      [
        /^Failed after .*: 2 put back, 1 failed$/,
        "shop/statefulsets/db",
        /Failed$/,
        /^Failed after .*: container app of pod db-1 cannot start, its image cannot be pulled/,
        /^Its old images are set again, and do not all run: .* Delete it: kubectl delete pods db-1/,
        "New pods",
        "db-1",
      ],
    ],
    [
      "thereAlready",
      [/^Succeeded with issues after \d/, /Done$/, "contoso.azurecr.io/web:4124", /as before$/],
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
          assert.deepEqual(await inTab(contrast), [], `${name}, ${theme}`);
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
        result: "done after 61 s",
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

test("the course of a rollout is drawn, and told to who does not see it", async () => {
  const timeline = [
    { milliseconds: 1000, wanted: 3, ready: 0, old: 3 },
    { milliseconds: 20_000, wanted: 3, ready: 2, old: 2 },
    { milliseconds: 61_000, wanted: 3, ready: 3, old: 0 },
  ];
  attach(made({}, { timeline }));
  await open();
  await assertReads("New pods, ready: 3 of 3", "Old pods left: 0", "0 s", "1 min 1 s");
  const drawing = tab.getByRole("img");
  assert.equal(
    await drawing.getAttribute("aria-label"),
    "After 1.0 s 0 of 3 new pods ready, 3 old left; after 20 s 2 of 3 new pods ready, 2 old left; " +
      "after 1 min 1 s 3 of 3 new pods ready, 0 old left",
  );
  assert.deepEqual(
    await inTab("[...document.querySelectorAll('.timeline path')].map((p) => p.getAttribute('d'))"),
    [
      "M0 25L314.8 25L314.8 0L960 0L960 25L1000 25L1000 25L960 25L960 50L314.8 50L314.8 100L0 100Z",
      "M0 100L314.8 100L314.8 50L960 50L960 25L1000 25L1000 100L960 100L960 100L314.8 100L314.8 100L0 100Z",
    ],
  );
});

test("the time of each pod is drawn, and told to who does not see it", async () => {
  const pods = [
    { name: "web-1", ready: true, created: 1000, becameReady: 4000 },
    { name: "web-2", ready: false, created: 2000 },
    { name: "web-3", ready: true },
  ];
  attach(made({}, { milliseconds: 10_000, pods, timeline: [] }));
  await open();
  const labels = tab.getByRole("img");
  assert.deepEqual(
    await labels.evaluateAll((all) => all.map((one) => one.getAttribute("aria-label"))),
    ["Created 2.0 s after the change", "Created 1.0 s after the change, ready 4.0 s after it"],
  );
  const pieces = "[...document.querySelectorAll('.bar rect')]";
  assert.deepEqual(
    await inTab(`${pieces}.map((p) => [p.getAttribute('x'), p.getAttribute('width')].join(' '))`),
    ["200 800", "100 300", "400 600"],
  );
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
        "Failed after 1 min 1 s",
        `${above} › Third · 24 Nov 2026, 20:30`,
        "Canceled after 1 min 1 s",
        `${above} › Second · 24 Nov 2026, 20:20`,
        "Succeeded after 1 min 1 s",
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
      "Succeeded after 1 min 1 s",
      "Attempt 2 › Agent job › Kubectl Set Image · 24 Nov 2026, 20:40",
      "Failed after 1 min 1 s",
      "Attempt 1 › Agent job › Kubectl Set Image · 24 Nov 2026, 20:10",
    );
  });

  test("of several attempts of a run say of which", async () => {
    attach(made({ result: "Failed" }));
    attach(made(), "Kubectl Set Image", "2026-11-24T20:40:00Z");
    for (const [at, attached] of devops.attached.entries()) attached.attempt = at + 1;
    await open("build");
    await assertReads(
      "Succeeded after 1 min 1 s",
      "Attempt 2 › Production › Deploy › Kubectl Set Image · 24 Nov 2026, 20:40",
      "Failed after 1 min 1 s",
      "Attempt 1 › Production › Deploy › Kubectl Set Image · 24 Nov 2026, 20:10",
    );
  });

  test("are shown when those of another attempt cannot be listed", async () => {
    attach(made({ result: "Failed" }));
    attach(made());
    for (const [at, attached] of devops.attached.entries()) attached.attempt = at + 1;
    devops.instead.set(`/attempts/1/plan/${planId}/attachments/kubectl-set-image`, { value: 1 });
    await open("stage");
    await assertReads("Succeeded after 1 min 1 s", "Not shown");
  });

  test("of a timeline that is gone are shown without their places", async () => {
    attach(made());
    devops.instead.set("/timeline", null);
    devops.instead.set(`/timeline/${timelineOf({ attempt: 1 })}`, null);
    await open();
    await assertReads("Succeeded after 1 min 1 s", "Kubectl Set Image");
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
    await assertReads("Succeeded after 1 min 1 s");
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
  await assertReads("Postponed after 1 min 1 s", /Constructor$/, "a/web:1 → b/web:2", /not known$/);
});

test("a text from outside is a text", async () => {
  const evil = `<img src=x onerror="alert(1)"><script>alert(2)</script>&lt;b&gt;##vso[task.complete result=Succeeded;]\u202e\u0007`;
  const step = { milliseconds: 1, wanted: 1e9, ready: -5, old: 3 };
  attach(
    made(
      { result: evil },
      {
        ...{ namespace: evil, kind: evil, name: evil, outcome: evil, result: evil, rollback: evil },
        containers: [{ name: evil, before: evil, set: `${evil}2`, now: evil }],
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
  assert.equal(text.split("<img src=x onerror=").length - 1, 21, text);
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
      await assertReads("No rollout here yet", /The step Kubectl Set Image leaves one/, "inputs:");
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
        await tab.getByText("Succeeded after 1 min 1 s").waitFor();
      }
    });
  }

  test("an answer of another kind breaks nothing for good", async () => {
    attach(made());
    devops.instead.set("/attachments/kubectl-set-image", { value: 1 });
    for (const of of ["build", "stage"] as const) {
      await open(of);
      await assertReads(
        "The rollouts cannot be read",
        /^The page itself broke down, which is a bug/,
      );
    }
    devops.instead.clear();
    await page.mouse.click(5, 757);
    await tab.getByText("Succeeded after 1 min 1 s").waitFor();
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

test("the keyboard reaches everything", async () => {
  const log = { pod: "web-1", container: "app", lines: ["no database"] };
  const pods = Array.from({ length: 14 }, (_, at) => ({ name: `web-${at}`, ready: true }));
  attach(made({ result: "Failed" }, { outcome: "failed", pods, log }));
  await open();
  const focused = () => inTab("document.activeElement.innerText.split('\\n')[0]");
  const outline = () => inTab("getComputedStyle(document.activeElement).outlineStyle");
  const walked: unknown[] = [];
  for (let at = 0; at < 3; at += 1) {
    await page.keyboard.press("Tab");
    walked.push([await focused(), await outline()]);
  }
  assert.deepEqual(walked, [
    ["shop/deployments/web", "solid"],
    ["4 more", "solid"],
    ["no database", "solid"],
  ]);
  assert.equal(await tab.getByText("web-13").isVisible(), false);
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Enter");
  assert.equal(await tab.getByText("web-13").isVisible(), true);
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Space");
  assert.equal(await tab.getByText("done after").isVisible(), false);
});

test("a narrow page needs no scrolling sideways", async () => {
  attach(made({}, { namespace: "n".repeat(63), name: "w".repeat(253) }));
  await page.setViewportSize({ width: 380, height: 700 });
  await open();
  assert.equal(await inTab("document.documentElement.scrollWidth > innerWidth"), false);
});
