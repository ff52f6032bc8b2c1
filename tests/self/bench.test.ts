/** What the benchmarks measure with. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { describe, test } from "node:test";
import { measure } from "../programs/bench/rollouts/measure";

const command = (script: string) => ({
  program: process.execPath,
  args: ["-e", script],
  cwd: tmpdir(),
  env: process.env,
});

const burn = `
  for (const end = Date.now() + 100; Date.now() < end; );
  const { user, system } = process.cpuUsage();
  console.log((user + system) / 1e6);`;

describe("measure", { skip: process.platform === "win32" }, () => {
  test("counts the processes that a command starts", async () => {
    const twice = `
      const { spawnSync } = require("node:child_process");
      for (let i = 0; i < 2; i += 1) spawnSync(process.execPath, ["-e", ${JSON.stringify(burn)}], { stdio: "inherit" });`;
    let told = 0;
    const { wall, cpu, memory, largest, own } = await measure(command(twice), (code, said) => {
      told = said
        .trim()
        .split("\n")
        .reduce((sum, line) => sum + Number(line), 0);
      return code === 0;
    });
    assert.ok(told > 0 && cpu > told, `${cpu} s, and the children told ${told} s`);
    assert.ok(wall >= 0.2);
    if (existsSync("/proc")) {
      assert.ok(largest > 10e6 && memory > largest, `${memory}, ${largest}`);
      assert.ok(own > 10e6 && own <= largest, `${own}, ${largest}`);
    }
  });

  test("tells what a command said that failed", async () => {
    const failing = measure(
      command("console.error('no such cluster'); process.exit(3)"),
      (code) => code === 0,
    );
    await assert.rejects(failing, /ended with 3:\nno such cluster/);
  });
});
