/** The playground, in Chromium, opened as a file: it says what the packaged task says. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import type { BrowserContext, Page } from "playwright-core";
import { parse } from "yaml";
import { type Example, examples } from "../../pages/playground/examples";
import { fragmentOf, givenOf, maybeSecret } from "../../pages/playground/link";
import { holds } from "../../pages/playground/rule";
import { stepOf } from "../../pages/playground/step";
import { variablesOf } from "../../pages/playground/variables";
import task from "../../task/task.json";
import { run } from "../support/agent";
import { openBrowser } from "../support/browser";
import { notWalked, violations } from "../support/browser/accessibility";
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

const verdict = () => page.locator(".result > p").first().innerText();
const log = async () => (await page.getByLabel("Log").innerText()).trimEnd().split("\n");

/** Shows the fields of every group. */
const openGroups = () =>
  page.evaluate("document.querySelectorAll('form details').forEach((one) => { one.open = true })");

/** What stands beside a name. */
async function value(name: string): Promise<string> {
  const code = page.locator("dt", { hasText: new RegExp(`^${name}$`) }).locator("+ dd code");
  return (await code.count()) === 0 ? "" : code.innerText();
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
      // The page has its own links to what explains the codes.
      const told = outcome.log.filter((line) => !line.startsWith("Codes such as "));
      const said = told.map((line) => line.replace(/^##\[\w+\]/, ""));
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
    assert.match((await log()).join("\n"), /^images, line 1: \S+:latest uses a mutable tag/m);
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

  test("and has its groups open as there", async () => {
    const open = await page
      .locator("form details")
      .evaluateAll((all) => all.map((one) => one.hasAttribute("open")));
    const groups: { isExpanded?: boolean }[] = task.groups;
    assert.deepEqual(
      open,
      groups.map(({ isExpanded }) => isExpanded === true),
    );
  });

  test("and shows what counts", async () => {
    await openGroups();
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
  await openGroups();
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
  await openGroups();
  await page.getByLabel("Images", { exact: true }).fill(`${evil} ##vso[task.complete]`);
  await page.getByLabel("Images file").fill(evil);
  assert.ok((await page.locator("body").innerText()).includes(evil), "it is not shown");
  assert.equal(await page.locator("img").count(), 0);
});

describe("copy as YAML", () => {
  const step = async () => parse(await page.getByLabel("Step", { exact: true }).innerText());

  for (const example of examples) {
    test(`gives the step of the example ${example.name}`, async () => {
      await page.getByRole("button", { name: example.name }).click();
      const [{ task: name, inputs }] = await step();
      assert.equal(name, `${task.name}@${task.version.Major}`);
      assert.deepEqual(inputs, example.inputs);
    });
  }

  test("puts it on the clipboard, without what is as task.json has it", async () => {
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await openGroups();
    await page.getByLabel("Namespace").fill("shop");
    await page.getByRole("button", { name: "Copy as YAML" }).click();
    await page.getByText("Copied").waitFor();
    const copied = String(await page.evaluate("navigator.clipboard.readText()"));
    assert.equal(
      copied,
      `- task: KubectlSetImage@1
  inputs:
    images: deployments/identityserver identityserver=$(ACR)/identityserver
    namespace: shop
`,
    );
  });

  test("leaves out what a hidden field has, and so does the run", async () => {
    await openGroups();
    await page.getByLabel("Tag strategy").selectOption("template");
    await page.getByLabel("Tag template").fill("{nonsense}");
    assert.match(await verdict(), /^Failed/);
    await page.getByLabel("Tag strategy").selectOption("buildId");
    assert.match(await verdict(), /^Succeeded/);
    const [{ inputs }] = await step();
    assert.deepEqual(Object.keys(inputs), ["images"]);
  });

  const texts = [
    ...["web", "a: b", "a #b", "a:", "#a", "- a", "?", "*", "&a", "!a", "|", ">", "%a", "@a", "`a"],
    ...["", " ", " a", "a ", "true", "false", "True", "yes", "No", "null", "~", "0", "060", "60"],
    ...["1e3", "0x10", "1_000", "1.0", ".5", "-1", "2026-11-24", "1:30", "=", "<<", "---", "..."],
    ...["{branch}-{buildId}", "[a]", "a, b", "'a'", '"a"', "a\\b", "$(ACR)/web", "*=$(ACR)/web"],
    ...[
      "a\nb",
      "a\n  b\n\nc",
      "\na",
      "a\n",
      "a\n\n",
      " a\nb",
      "a\r\nb",
      "a\tb",
      "a\nb\tc",
      "# a\nb",
    ],
    ...[
      "a\n \nb",
      "a \nb ",
      "- a\n- b",
      "ä",
      "日本\nb",
      "\u2028a",
      "a\n\u2028",
      "\ufeffa",
      "😀",
      "\u0000",
    ],
    ...["a\n\u0085b", "--- a\nb", "a\n---\nb", "a\n# b\nc: d"],
  ];
  test("is YAML of the same text, whatever is typed", () => {
    for (const text of texts) {
      const written = stepOf({ images: text, namespace: "shop" });
      const typed = parse(written, { schema: "failsafe" });
      assert.deepEqual(typed[0].inputs, { images: text, namespace: "shop" }, written);
      for (const version of ["1.1", "1.2"] as const) {
        const [{ inputs }] = parse(written, { version });
        assert.equal(String(inputs.images), text, `YAML ${version}: ${written}`);
      }
    }
  });
});

describe("the link", () => {
  const kubeconfig = "apiVersion: v1\nkind: Config\nusers: []";

  test("brings back what was typed, and sends it nowhere", async () => {
    await page.getByRole("button", { name: "A template" }).click();
    await page.getByRole("button", { name: "Copy link" }).click();
    const address = page.url();
    assert.match(address, /#images=shop%2Cbilling%3A.*&tagStrategy=template&/);
    const log = await page.getByLabel("Log").innerText();
    await page.goto("about:blank");
    await page.goto(address);
    await page.locator("section[aria-busy=false]").waitFor();
    assert.equal(await page.getByLabel("Log").innerText(), log);
  });

  test("never has what may be secret, and the page says so", async () => {
    await openGroups();
    await page.locator("#input-kubeconfig").fill("/home/agent/.kube/config");
    const variables = page.getByLabel("Variables of the pipeline");
    await variables.fill(`${await variables.inputValue()}\nDB_PASSWORD = hush`);
    await page.getByRole("button", { name: "Copy link" }).click();
    assert.doesNotMatch(page.url(), /hush|PASSWORD|kube/);
    assert.equal(
      await page.locator(".note").innerText(),
      "Not in the link, since it may be secret: kubeconfig, $DB_PASSWORD.",
    );
  });

  const jwt = `eyJhbGciOiJSUzI1NiJ9.${"a".repeat(20)}`;
  const secrets: [string, string][] = [
    ["kubeconfig", "config"],
    ["namespace", kubeconfig],
    ["images", "-----BEGIN PRIVATE KEY-----"],
    ["$X", jwt],
    ["$X", `ghp_${"a".repeat(36)}`],
    ["$X", "https://someone:hush@registry.example"],
    ["$X", "https://contoso.blob.core.windows.net/a?sv=1&sig=abc"],
    ["$X", `client-key-data: ${"A".repeat(8)}`],
    ["$X", Buffer.from("a key of thirty-two bytes and more, in base64").toString("base64")],
    ["$ClientSecret", "a"],
    ["$System.AccessToken", "a"],
  ];
  for (const [name, value] of secrets) {
    test(`${name} is kept out of it where it is ${JSON.stringify(value).slice(0, 40)}`, () => {
      const inputs = name.startsWith("$") ? {} : { [name]: value };
      const variables = name.startsWith("$") ? `${name.slice(1)} = ${value}` : "";
      const { fragment, left } = fragmentOf({ inputs, variables });
      assert.deepEqual([fragment, left], ["#", [name]]);
    });
  }

  test("has commits, digests and everything of the examples", () => {
    for (const { inputs, variables } of examples) {
      const { fragment, left } = fragmentOf({ inputs, variables });
      assert.deepEqual(left, []);
      assert.deepEqual(givenOf(fragment), { inputs, variables });
    }
    assert.equal(maybeSecret("images", `web@sha256:${"0".repeat(64)}`), false);
  });

  test("that names what the task has not is read without it", () => {
    assert.equal(givenOf(""), undefined);
    assert.equal(givenOf("#nonsense=1"), undefined);
    const given = givenOf("#nonsense=1&images=a&kubeconfig=b&$A=c%26d");
    assert.deepEqual(given, { inputs: { images: "a" }, variables: "A = c&d" });
  });
});

test("the keyboard reaches every control, which shows that it has the focus", async () => {
  const focused = () => page.evaluate("document.activeElement.innerText");
  for (const { name } of examples.slice(0, 2)) {
    await page.keyboard.press("Tab");
    assert.equal(await focused(), name);
  }
  await page.keyboard.press("Enter");
  assert.equal(await value("tag"), "1.4.2");
  await openGroups();
  assert.deepEqual(await notWalked(page), []);
});

test("it can be read in every light, and on a narrow screen", async () => {
  for (const width of [1120, 360]) {
    await page.setViewportSize({ width, height: 700 });
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      for (const { name } of examples) {
        await page.getByRole("button", { name }).click();
        await openGroups();
        assert.deepEqual(await violations(page), [], `${name}, ${colorScheme}, ${width}`);
        assert.equal(
          await page.evaluate("document.documentElement.scrollWidth > innerWidth"),
          false,
        );
      }
    }
  }
});

test("on a phone the outcome stays in sight while the last field is filled in", async () => {
  await page.setViewportSize({ width: 360, height: 640 });
  await openGroups();
  const images = page.getByLabel("Images", { exact: true });
  await images.fill("nonsense");
  const isSeen = () =>
    page.locator(".first").evaluate((one) => {
      const { top, bottom } = one.getBoundingClientRect();
      return top >= 0 && bottom <= 640;
    });
  const last = page.locator("form summary").last();
  await last.scrollIntoViewIfNeeded();
  await last.focus();
  assert.ok(Number(await page.evaluate("scrollY")) > 300, "the page is not scrolled");
  assert.match(await verdict(), /^Failed/);
  assert.ok(await isSeen(), "the first error is out of sight");
});

test("a print has the outcome and every open field, without buttons", async () => {
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  assert.equal(
    await page.evaluate("getComputedStyle(document.body).backgroundColor"),
    "rgb(255, 255, 255)",
  );
  assert.equal(await page.getByRole("button").count(), 0);
  assert.equal(await page.getByLabel("Log").isVisible(), true);
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
