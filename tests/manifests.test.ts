/** What the manifests say twice, said alike. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";

const read = (file: string) => readFileSync(path.join(__dirname, "..", file), "utf8");
const task = JSON.parse(read("task/task.json"));

test("every manifest has the same version", () => {
  const { Major, Minor, Patch } = task.version;
  const version = `${Major}.${Minor}.${Patch}`;
  assert.equal(JSON.parse(read("vss-extension.json")).version, version);
  assert.equal(JSON.parse(read("package.json")).version, version);
  assert.match(read("Cargo.toml"), new RegExp(`^version = "${version}"$`, "m"));
});

test("the tabs are there for runs with this task", () => {
  const { contributions } = JSON.parse(read("vss-extension.json"));
  const tabs = contributions.filter(({ type }: { type: string }) => /tab$/.test(type));
  assert.deepEqual(
    tabs.map((tab: { properties: { supportsTasks: string[] } }) => tab.properties.supportsTasks),
    [[task.id], [task.id]],
  );
});

test("the task may set its output variables and no others", () => {
  const outputs = task.outputVariables.map(({ name }: { name: string }) => name);
  assert.deepEqual(task.restrictions.settableVariables.allowed, outputs);
});
