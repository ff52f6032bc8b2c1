/** The oldest Node that runs the task. */
const oldest = 20;
const [major = ""] = process.versions.node.split(".");

if (Number(major) >= oldest) {
  const { load, unpackBeside } = require("./packed") as typeof import("./packed");
  const core = unpackBeside("core_bg.wasm");
  load<typeof import("./host")>("host.js").run(core);
} else {
  const words =
    `This task needs Node ${oldest} or newer, but the agent runs it with Node ` +
    `${process.versions.node}. Update the agent to 3.232.1 or newer, or its operating system, ` +
    `which may be too old for Node ${oldest}. [KSI705]`;
  process.stdout.write(`##vso[task.logissue type=error]${words}\n`);
  process.stdout.write(`##vso[task.complete result=Failed]${words}\n`);
}
