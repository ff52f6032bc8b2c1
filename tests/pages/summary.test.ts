/** The summary of a run: its Markdown, as a browser shows it. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import type { BrowserContext, Page } from "playwright-core";
import { summaryPage } from "../programs/pictures/summary";
import { openBrowser } from "../support/browser";
import { type Recording, record } from "../support/recordings";
import { unpackExtension } from "../support/vsix";

let extension: string;
let context: BrowserContext;
let closeBrowser: () => Promise<void>;
let page: Page;

before(async () => {
  extension = mkdtempSync(path.join(tmpdir(), "kubectl-set-image-summary-"));
  await unpackExtension(extension);
  ({ context, close: closeBrowser } = await openBrowser());
  page = await context.newPage();
});
after(async () => {
  await closeBrowser();
  rmSync(extension, { recursive: true, force: true });
});

async function show(name: Recording, options = {}): Promise<void> {
  const { summaries, log } = await record(name, path.join(extension, "task"), options);
  assert.equal(summaries.length, 1, log.join("\n"));
  await page.setContent(summaryPage(summaries[0] ?? ""));
}

/** The texts of a row, a cell each. */
const row = (at: number) => page.locator("tbody tr").nth(at).locator("td").allInnerTexts();
const headings = () => page.locator("h2").allInnerTexts();
/** What is shown as code, once each. */
const code = async () => new Set(await page.locator("p code, li code").allInnerTexts());

test("the workload that failed stands first, before those that were rolled back with it", async () => {
  await show("oneOfSeveral");
  const [failed, ...others] = await Promise.all([0, 1, 2].map(row));
  assert.deepEqual(failed?.slice(0, 4), [
    "✗ Failed",
    "statefulset/db",
    "app",
    "contoso.azurecr.io/db:4124 → 4125",
  ]);
  assert.deepEqual(
    others.map((cells) => cells.slice(0, 2)),
    [
      ["↩ Rolled back", "deployment/web"],
      ["↩ Rolled back", "deployment/api"],
    ],
  );
  assert.deepEqual(await headings(), ["statefulset/db"]);
  const shown = await code();
  for (const name of ["statefulset/db", "db-1"]) assert.ok(shown.has(name), [...shown].join("\n"));
});

test("a failure is told with its pods, its events, its log and its timeline", async () => {
  await show("crash");
  assert.equal((await row(0))[0], "✗ Failed");
  assert.deepEqual(await headings(), ["deployment/web", "To roll back"]);
  const text = await page.locator("body").innerText();
  for (const part of [
    /^Failed after \d/,
    /Kubernetes events:\n\s*BackOff.*: Back-off restarting/,
    /Last output of app in pod web-\w+-\w+:\n\s*listening on :8080\n/,
    /new pods ready .*\nold pods left .*\n +0s .*\d+s/,
    /kubectl set image deployments\/web app=contoso\.azurecr\.io\/web:4124/,
  ])
    assert.match(text, part);
});

test("a workload that went well is a row, and has a section only where it is the only one", async () => {
  await show("several");
  const cells = await Promise.all([0, 1, 2, 3].map(row));
  assert.deepEqual(
    cells.map(([result, workload]) => `${result} ${workload}`),
    [
      "✓ Done deployment/web",
      "✓ Done deployment/api",
      "✓ Done statefulset/db",
      "✓ Image set cronjob/cleanup",
    ],
  );
  assert.deepEqual(await headings(), []);
  await show("success");
  assert.deepEqual(await headings(), ["deployment/web"]);
  assert.match(await page.locator("pre").innerText(), /^new pods ready /);
});

test("a narrow page needs no scrolling sideways", async () => {
  await page.setViewportSize({ width: 360, height: 700 });
  assert.equal(await page.evaluate("document.documentElement.scrollWidth > innerWidth"), false);
});
