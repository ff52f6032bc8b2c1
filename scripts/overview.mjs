import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { everything } from "./reference.mjs";
import { main, root, step } from "./run.mjs";

const page = join(root, "overview.md");
const read = (file) => readFileSync(join(root, file), "utf8");

/**
 * The page of the Marketplace, out of the README: the Marketplace has the pictures of the extension, and
 * no other file of this repository. Comments in the README say what goes into it in place of links.
 */
function overview(readme) {
  return readme
    .replace(/^<!-- overview:skip -->\n.*?^<!-- overview:end -->\n\n?/gms, "")
    .replace(/^<!-- overview:file (\S+) -->$/gm, (_, file) => `\`\`\`yaml\n${read(file)}\`\`\``)
    .replace(/^<!-- overview:inputs -->$/gm, () => inputs())
    .replace(/(?<!!)\[([^\]]+)\]\((?!https:)[^)]+\)/g, (_, text) => text);
}

function inputs() {
  const text = everything(JSON.parse(read("task/task.json")));
  return text.replace(/^## .*\n\n/, "");
}

await main(import.meta.url, () => {
  const text = overview(read("README.md"));
  if (process.argv.includes("--print")) {
    process.stdout.write(text);
    return;
  }
  writeFileSync(page, text);
  step(page);
});
