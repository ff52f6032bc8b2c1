/** The playground, in Chromium, opened as a file: it says what the packaged task says. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import type { BrowserContext, Page } from "playwright-core";
import { type Example, examples } from "../../pages/playground/examples";
import { holds } from "../../pages/playground/rule";
import { variablesOf } from "../../pages/playground/variables";
import task from "../../task/task.json";
import { run } from "../support/agent";
import { contrast, openBrowser } from "../support/browser";
import { builtTask, root } from "../support/repository";

const file = path.join(root, "dist/playground/index.html");

let context: BrowserContext;
let closeBrowser: () => Promise<void>;
let page: Page;
/** What went wrong in the browser, and what it asked for. */
let problems: string[];

before(async () => {
  ({ context, close: closeBrowser } = await openBrowser());
});
after(() => closeBrowser());
beforeEach(async () => {
  problems = [];
  page = await context.newPage();
  page.setDefaultTimeout(10_000);
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => problems.push(message.text()));
  page.on("dialog", (dialog) => problems.push(dialog.message()));
  page.on("request", (request) => {
    if (!/^(file|data):/.test(request.url())) problems.push(request.url());
  });
  await page.goto(pathToFileURL(file).href);
  await page.locator("section[aria-busy=false]").waitFor();
});
afterEach(async () => {
  await page.close();
  assert.deepEqual(problems, []);
});

const verdict = () => page.locator(".verdict").innerText();
const log = async () => (await page.getByLabel("Log").innerText()).trimEnd().split("\n");

/** What stands beside a name. */
async function value(name: string): Promise<string> {
  const pre = page.locator("dt", { hasText: new RegExp(`^${name}$`) }).locator("+ dd pre");
  return (await pre.count()) === 0 ? "" : pre.innerText();
}

/** The same step, run by the packaged task. */
async function byTheTask({ inputs, variables }: Example) {
  const tempFolder = mkdtempSync(path.join(tmpdir(), "kubectl-set-image-playground-"));
  try {
    const given = { ...variablesOf(variables), "Build.ArtifactStagingDirectory": "" };
    const step = { taskFolder: builtTask, tempFolder, inputs: { dryRun: "client", ...inputs } };
    return await run({ ...step, variables: given }).outcome;
  } finally {
    rmSync(tempFolder, { recursive: true, force: true });
  }
}

describe("an example says what the task says", () => {
  for (const example of examples) {
    test(example.name, async () => {
      await page.getByRole("button", { name: example.name }).click();
      const outcome = await byTheTask(example);
      assert.equal(await verdict(), `${outcome.result} ${outcome.message}`);
      for (const [name, expected] of Object.entries(outcome.outputs))
        assert.equal(await value(name), expected, name);
      const said = outcome.log.map((line) => line.replace(/^##\[\w+\]/, ""));
      const lines = (await log()).filter((line) => !line.startsWith("Wrote "));
      assert.deepEqual(lines, said);
    });
  }

  test("and among them are a tag, several commands and an error with its place", async () => {
    const button = (name: string) => page.getByRole("button", { name }).click();
    await button("A version");
    assert.equal(await value("tag"), "1.4.2");
    assert.equal(
      await value("commands"),
      "kubectl set image deployments/web app=contoso.azurecr.io/web:1.4.2\n" +
        "kubectl set image cronjobs/cleanup '*=contoso.azurecr.io/cleanup:1.4.2'",
    );
    await button("A mistake");
    assert.equal(await verdict(), "Failed Nothing was changed in the cluster");
    assert.match((await log()).join("\n"), /^images, line 1: \S+:latest is refused/m);
    await button("After another pipeline");
    assert.equal(await value("tag"), "4125");
    await button("In the build");
    assert.match(await value("/agent/_work/1/a/kubectl-set-image.json"), /"tag":"4125"/);
    assert.equal(await value("Tag of the build"), "4125");
  });
});

describe("the form is that of task.json", () => {
  test("with every input, its default and its help", async () => {
    for (const { name, label, defaultValue, type, options } of task.inputs) {
      const field = page.locator(`#input-${name}`);
      assert.equal(await page.locator(`label[for="input-${name}"]`).textContent(), label);
      if (options)
        assert.deepEqual(await field.locator("option").allTextContents(), Object.values(options));
      const link = page.locator(`#help-${name} a`);
      assert.equal(await link.getAttribute("href"), task.helpUrl);
      if (name === "images") continue;
      const isSwitch = type === "boolean";
      const is = isSwitch ? String(await field.isChecked()) : await field.inputValue();
      assert.equal(is, name === "dryRun" ? "client" : defaultValue, name);
    }
  });

  test("and shows what counts", async () => {
    const template = page.getByLabel("Tag template");
    const cluster = page.getByLabel("Namespace");
    assert.deepEqual([await template.isVisible(), await cluster.isVisible()], [false, true]);
    await page.getByLabel("Tag strategy").selectOption("template");
    await page.getByLabel("Command").selectOption("computeTag");
    assert.deepEqual([await template.isVisible(), await cluster.isVisible()], [true, false]);
    await template.fill("{branch}.{buildId}");
    assert.equal(await value("tag"), "main.4125");
    await page.getByLabel("Variables of the pipeline").fill("Build.BuildId = 7");
    assert.match(await verdict(), /^Failed /);
    assert.match((await log()).join("\n"), /^images, line 1: \$\(ACR\) was not /m);
  });

  const values = { a: "x", b: "y" };
  const rules: [string, boolean][] = [
    ["a = x", true],
    ["a=y", false],
    ["a != x", false],
    ["a = y || b = y", true],
    ["a = x && b = x", false],
    ["a = y && b = y || a = x", true],
    ["c = x", false],
    ["c != x", true],
  ];
  for (const [rule, expected] of rules)
    test(`the rule ${rule}`, () => assert.equal(holds(rule, values), expected));
});

test("a file that the step reads can be typed", async () => {
  await page.getByLabel("Tag strategy").selectOption("semver");
  await page.getByLabel("Version from").selectOption("file");
  await page.getByLabel("Version file").fill("drop/VERSION");
  assert.match(await verdict(), /^Failed/);
  await page.getByLabel("drop/VERSION").fill("1.7.0\n");
  assert.equal(await value("tag"), "1.7.0");
  await page.getByLabel("Tag strategy").selectOption("buildId");
  assert.equal(await page.getByLabel("drop/VERSION").isVisible(), false);
});

test("a text is a text", async () => {
  const evil = "<img src=x onerror=alert(1)>";
  await page.getByLabel("Images", { exact: true }).fill(`${evil} ##vso[task.complete]`);
  await page.getByLabel("Images file").fill(evil);
  assert.ok((await page.locator("body").innerText()).includes(evil), "it is not shown");
  assert.equal(await page.locator("img").count(), 0);
});

test("the keyboard is enough", async () => {
  const focused = () => page.evaluate("document.activeElement.innerText");
  for (const { name } of examples.slice(0, 2)) {
    await page.keyboard.press("Tab");
    assert.equal(await focused(), name);
  }
  assert.equal(
    await page.evaluate("getComputedStyle(document.activeElement).outlineStyle"),
    "solid",
  );
  await page.keyboard.press("Enter");
  assert.equal(await value("tag"), "1.4.2");
});

test("it can be read in every light, and on a narrow screen", async () => {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    for (const { name } of examples) {
      await page.getByRole("button", { name }).click();
      assert.deepEqual(await page.evaluate(contrast), [], `${name}, ${colorScheme}`);
    }
  }
  await page.setViewportSize({ width: 360, height: 700 });
  assert.equal(await page.evaluate("document.documentElement.scrollWidth > innerWidth"), false);
});

test("it is one file, which runs its own script and no other", () => {
  const html = readFileSync(file, "utf8");
  const [, policy = ""] = /Content-Security-Policy" content="([^"]*)"/.exec(html) ?? [];
  const hash = "'sha256-[\\w+/=]+'";
  assert.match(
    policy,
    new RegExp(`^default-src 'none'; script-src ${hash} 'wasm-unsafe-eval'; style-src ${hash}$`),
  );
  assert.ok(html.length < 650_000, `the page has ${html.length} characters`);
});
