/** The form of the step in the classic editor is short, and says what each field is. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { json } from "../support/repository";

interface Input {
  name: string;
  aliases?: string[];
  label: string;
  groupName?: string;
  helpMarkDown: string;
  options?: Record<string, string>;
}

const task = json("task/task.json");
const { homepage } = json("package.json");
const inputs: Input[] = task.inputs;

test("the form opens with eight fields, and everything else is in collapsed groups", () => {
  const open = inputs.filter(({ groupName }) => groupName === undefined);
  assert.deepEqual(
    open.map(({ label }) => label),
    [
      "Command",
      "Images",
      "Tag strategy",
      "Connection",
      "Service connection",
      "Namespace",
      "On failure",
      "Timeout",
    ],
  );
  const groups: { name: string; isExpanded: boolean; visibleRule?: string }[] = task.groups;
  for (const { name, isExpanded } of groups) {
    assert.equal(isExpanded, false, name);
    assert.ok(
      inputs.some(({ groupName }) => groupName === name),
      name,
    );
  }
  for (const { name, groupName } of inputs) {
    const isKnown = groups.some((group) => group.name === groupName);
    assert.ok(groupName === undefined || isKnown, name);
  }
});

test("every help text is one or two sentences of at most 25 words, with a link", () => {
  for (const { name, helpMarkDown } of [{ name: "the task", ...task }, ...inputs]) {
    const [, text = "", url] = /^(.+) \[[A-Z][A-Za-z ]+\]\((\S+)\)$/.exec(helpMarkDown) ?? [];
    assert.equal(url, homepage, `${name} has no link`);
    const sentences = text.replace(/`[^`]*`/g, "code").split(/(?<=[.!?]) /);
    assert.ok(sentences.length <= 2, `${name}: ${sentences.length} sentences`);
    for (const sentence of sentences) {
      assert.match(sentence, /\.$/, name);
      const words = sentence.split(" ").length;
      assert.ok(words <= 25, `${name}: ${words} words: ${sentence}`);
    }
  }
});

test("labels and values of the form fit a line", () => {
  for (const { name, label, options = {} } of inputs) {
    for (const text of [label, ...Object.values(options)]) {
      assert.ok(text.length <= 40, `${name}: ${text}`);
    }
  }
  assert.ok(task.friendlyName.length <= 40);
});

test("the name of a step repeats no word", () => {
  const commands = Object.keys(inputs[0]?.options ?? {});
  for (const command of commands) {
    const name = task.instanceNameFormat.replace("$(command)", command);
    assert.doesNotMatch(name, /\$\(/);
    const words = name
      .replace(/([a-z])([A-Z])/g, "$1 $2")
      .toLowerCase()
      .split(" ");
    assert.equal(new Set(words).size, words.length, name);
  }
});

test("rules of visibility name inputs and their values, with one operator each", () => {
  const ruled: { name: string; visibleRule?: string }[] = [...task.groups, ...inputs];
  for (const { name, visibleRule = "" } of ruled) {
    assert.ok(!(visibleRule.includes("&&") && visibleRule.includes("||")), name);
    for (const term of visibleRule.split(/&&|\|\|/).filter(Boolean)) {
      const [, other = "", value = ""] = /^\s*(\w+) !?= (\w+)\s*$/.exec(term) ?? [];
      const options = inputs.find((input) => input.name === other)?.options ?? {};
      assert.ok(value in options, `${name}: ${term}`);
    }
  }
});

test("every input and value that pipelines may have is still taken", () => {
  const promised: Record<string, string> = json("tests/project/promised-inputs.json");
  for (const [written, values] of Object.entries(promised)) {
    const input = inputs.find(({ name, aliases = [] }) => [name, ...aliases].includes(written));
    assert.ok(input, written);
    const offered = Object.keys(input.options ?? {});
    const gone = values.split(" ").filter((value) => value && !offered.includes(value));
    assert.deepEqual(gone, [], written);
  }
});
