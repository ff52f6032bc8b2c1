/** What the manifests say twice, said alike. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";

const read = (file: string) => readFileSync(path.join(__dirname, "..", file), "utf8");
const task = JSON.parse(read("task/task.json"));

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
