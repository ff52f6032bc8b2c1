/** What the manifests say twice, said alike. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { json, read } from "../support/repository";

const task = json("task/task.json");

const manifest = json("vss-extension.json");
const { homepage, bugs } = json("package.json");

test("every link is that of package.json", () => {
  const { links, CustomerQnASupport: questions, publisher, id } = manifest;
  assert.deepEqual(links, { getstarted: { uri: homepage }, support: { uri: bugs.url } });
  assert.equal(task.helpUrl, homepage);
  const linked = read("task/task.json").match(/https:\/\/[^\s")]+/g) ?? [];
  const known = [homepage, bugs.url, "https://dl.k8s.io/release"];
  assert.deepEqual(
    linked.filter((link) => !known.includes(link)),
    [],
  );
  // Questions are asked on the Marketplace, unless another place is named for them.
  const own = `https://marketplace.visualstudio.com/items?itemName=${publisher}.${id}`;
  const asked = bugs.url.startsWith(own)
    ? { enableMarketplaceQnA: true }
    : { enableMarketplaceQnA: true, url: bugs.url };
  assert.deepEqual(questions, asked);
});

test("the extension is for Azure DevOps, and for the servers whose agents run the task", () => {
  assert.deepEqual(manifest.targets, [
    { id: "Microsoft.VisualStudio.Services.Cloud" },
    // Azure DevOps Server 2022 is the first that takes agents of version 3.
    { id: "Microsoft.TeamFoundation.Server", version: "[19.0,)" },
  ]);
  assert.deepEqual(Object.keys(task.execution), ["Node20_1", "Node24"]);
  // The first agent with Node 20 as Node20_1 that is released for all.
  assert.equal(task.minimumAgentVersion, "3.232.1");
  for (const page of ["README.md", "overview.md"]) {
    assert.match(read(page), /agent[^.]* 3\.232\.1/, page);
    assert.match(read(page), /Azure DevOps Server 2022/, page);
  }
});

test("the tabs ask the page whether to show themselves", () => {
  const { contributions } = manifest;
  const tabs = contributions.filter(({ type }: { type: string }) => /tab$/.test(type));
  assert.equal(tabs.length, 2);
  for (const { properties } of tabs) {
    assert.deepEqual([properties.registeredObjectId, properties.dynamic], ["rollouts", true]);
  }
});

test("the tabs are there for runs with this task", () => {
  const { contributions } = manifest;
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
