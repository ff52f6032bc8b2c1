/** The packaged task on Windows' Node, with kubectl.exe, as the agent of Windows runs it. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { promisify } from "node:util";
import { build } from "esbuild";
import { coreScenarios, deploy, images, old, wanted } from "../support/core-scenarios";
import { root } from "../support/repository";
import { assertLogged, assertRan, release, until, useStage } from "../support/stage";
import {
  environment,
  install,
  nodes,
  ofStep,
  running,
  seen,
  start,
  startStepsThere,
} from "../support/windows/machine";

const stage = useStage();

let scratch = "";
/** A folder with kubectl.exe. */
let tools = "";
let cancel = "";

before(() => {
  scratch = mkdtempSync(path.join(tmpdir(), "kubectl-set-image-windows-"));
  tools = path.join(scratch, "tools");
  install("kubectl.exe", path.join(tools, "kubectl.exe"));
  startStepsThere(scratch);
});
after(() => rmSync(scratch, { recursive: true, force: true }));

/** Every step runs in a folder whose name is no word of ASCII. */
beforeEach(async () => {
  stage.temp = path.join(stage.temp, "agent work", "ü ß 日本");
  mkdirSync(stage.temp, { recursive: true });
  writeFileSync(path.join(stage.temp, "kubeconfig"), stage.server.kubeconfig());
  cancel = path.join(stage.temp, "cancel");
  await deploy(stage);
});

type Values = Record<string, string>;

interface Machine {
  node?: string;
  folders?: string[];
  environment?: Record<string, string | undefined>;
}

function step(inputs: Values, variables: Values = release, machine: Machine = {}) {
  const { node = nodes[0] ?? "", folders = [tools] } = machine;
  const env = { ...environment(node, folders, cancel), ...machine.environment };
  return stage.start(inputs, variables, env);
}

const finish = (...args: Parameters<typeof step>) => step(...args).outcome;

const imageOf = (name = "web") => stage.imageOf("Deployment", name);

/** The files that hold secrets while a step runs. */
const privateFiles = () =>
  readdirSync(stage.temp).filter((file) => /^kubectl-set-image-[^.]+$/.test(file));

for (const node of nodes) {
  describe(path.basename(path.dirname(node)), () => {
    coreScenarios(stage, {
      start: (inputs, variables) => step(inputs, variables, { node }),
      cancel: () => writeFileSync(cancel, ""),
      seen,
    });
  });
}

describe("a kubeconfig", () => {
  const without = { KUBECONFIG: undefined };

  for (const quote of ["", '"']) {
    test(`is taken by its path${quote && " between quotes"}`, async () => {
      const file = path.join(stage.temp, "my config");
      writeFileSync(file, stage.server.kubeconfig());
      const kubeconfig = `${quote}${seen(file)}${quote}`;
      assertRan(
        await finish({ images, kubeconfig }, release, { environment: without }),
        "Succeeded",
      );
      assert.equal(imageOf(), wanted);
    });
  }

  test("is taken by its text, of which nothing stays behind", async () => {
    stage.server.images.behave(wanted, { kind: "runs", after: 500 });
    const inputs = { images, kubeconfig: stage.server.kubeconfig() };
    const running = step(inputs, release, { environment: without });
    await until(() => privateFiles().length > 0);
    assertRan(await running.outcome, "Succeeded");
    assert.equal(imageOf(), wanted);
    assert.deepEqual(privateFiles(), []);
  });

  test("loses its secrets when another process keeps its file", async () => {
    const holder = start("hold.exe", seen(stage.temp), "kubectl-set-image-");
    try {
      const held = new Promise((resolve) => holder.stdout?.once("data", resolve));
      stage.server.images.behave(wanted, { kind: "runs", after: 1000 });
      const inputs = { images, kubeconfig: stage.server.kubeconfig() };
      const running = step(inputs, release, { environment: without });
      await held;
      assertRan(await running.outcome, "Succeeded");
      const sizes = privateFiles().map((file) => statSync(path.join(stage.temp, file)).size);
      assert.deepEqual(sizes, [0]);
    } finally {
      holder.kill();
    }
  });
});

test("a private file that another process holds open is written in place", async () => {
  const script = path.join(stage.temp, "script.js");
  const go = path.join(stage.temp, "go");
  const contents = `
    import { existsSync } from "node:fs";
    import { writePrivateFile } from "./private-files";
    const { written } = writePrivateFile("the old token", null);
    const timer = setInterval(() => {
      if (!existsSync(${JSON.stringify(seen(go))})) return;
      clearInterval(timer);
      console.log(JSON.stringify(writePrivateFile("the new one", written.path)));
    }, 20);
  `;
  const resolveDir = path.join(root, "task/src/effects");
  const stdin = { contents, resolveDir };
  await build({ stdin, bundle: true, platform: "node", outfile: script, logLevel: "error" });
  const holder = start("hold.exe", seen(stage.temp), "kubectl-set-image-");
  try {
    const held = new Promise((resolve) => holder.stdout?.once("data", resolve));
    const env = { ...process.env, ...environment(nodes[0] ?? "", [], cancel) };
    const step = promisify(execFile)(process.execPath, [script], {
      cwd: stage.temp,
      env: { ...env, AGENT_TEMPDIRECTORY: stage.temp },
    });
    await held;
    writeFileSync(go, "");
    const { stdout } = await step;
    const { written } = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
    assert.equal(readFileSync(ofStep(written.path), "utf8"), "the new one");
  } finally {
    holder.kill();
  }
});

describe("kubectl", () => {
  /** A folder with a batch file of this name. */
  function batch(name = "kubectl.cmd"): string {
    const folder = mkdtempSync(path.join(scratch, "batch-"));
    writeFileSync(path.join(folder, name), "@echo a batch file\r\n@exit /b 1\r\n");
    return folder;
  }
  const refusal = /kubectl cannot be started: \S.*kubectl\.(cmd|bat) is a batch file/i;

  test("is kubectl.exe, though Path has a batch file before it", async () => {
    const folders = [batch(), tools];
    assertRan(await finish({ images }, release, { folders }), "Succeeded");
    assert.equal(imageOf(), wanted);
  });

  for (const name of ["kubectl.cmd", "kubectl.bat"]) {
    test(`is refused where Path has ${name} alone`, async () => {
      const outcome = await finish({ images }, release, { folders: [batch(name)] });
      stage.assertRefused(outcome, refusal);
    });
  }

  test("is refused where kubectlPath names a batch file", async () => {
    const kubectlPath = seen(path.join(batch(), "kubectl.cmd"));
    stage.assertRefused(await finish({ images, kubectlPath }), refusal);
  });

  test("is told not to be there", async () => {
    stage.assertRefused(
      await finish({ images }, release, { folders: [] }),
      /kubectl not found on PATH/,
    );
  });

  for (const [what, kubectlPath] of [
    ["a path with spaces", () => path.join(tools, "kubectl.exe")],
    ["a path between quotes", () => path.join(tools, "kubectl.exe"), '"'],
    ["a folder", () => tools],
  ] as [string, () => string, string?][]) {
    test(`is found by kubectlPath: ${what}`, async () => {
      const quote = what.includes("quotes") ? '"' : "";
      const given = `${quote}${seen(kubectlPath())}${quote}`;
      const outcome = await finish({ images, kubectlPath: given }, release, { folders: [] });
      assertRan(outcome, "Succeeded");
      assert.equal(imageOf(), wanted);
    });
  }

  test("ends with the step, though another program stands before it", async () => {
    const folder = mkdtempSync(path.join(scratch, "shim-"));
    install("shim.exe", path.join(folder, "kubectl.exe"));
    install("kubectl.exe", path.join(folder, "real", "kubectl.exe"));
    const seenRunning = new Set<string>();
    stage.server.images.behave(wanted, { kind: "runs", after: 1500 });
    const step = finish({ images }, release, { folders: [folder] });
    const timer = setInterval(() => {
      for (const line of running(path.join(folder, "real")) ?? []) seenRunning.add(line);
    }, 20);
    assertRan(await step, "Succeeded");
    clearInterval(timer);
    assert.equal(imageOf(), wanted);
    if (running(folder) === undefined) {
      // Windows does not remove the file of a program that runs.
      rmSync(folder, { recursive: true });
      return;
    }
    assert.ok(seenRunning.size > 0);
    assert.deepEqual(running(folder), []);
  });
});

describe("the length of a command line", () => {
  const digest = (of: number) => `sha256:${of.toString(16).padStart(64, "0")}`;
  const repository =
    "contoso.azurecr.io/a-folder-of-many-teams/a-rather-long-name-of-an-application";

  test("is kept for many workloads", async () => {
    const names = Array.from({ length: 40 }, (_, at) => `worker-${at}-${"x".repeat(40)}`);
    for (const name of names) {
      await stage.server.deployment({ name, containers: [{ name: "app", image: old }] });
    }
    const lines = names.map((name) => `deployments/${name} app=${repository}@${digest(1)}`);
    const outcome = await finish({ images: lines.join("\n") });
    assertRan(outcome, "Succeeded");
    for (const name of names) assert.equal(imageOf(name), `${repository}@${digest(1)}`);
  });

  test("is kept for workloads with many containers, there and back", async () => {
    const names = ["one", "two", "three"];
    const containers = Array.from({ length: 60 }, (_, at) => ({
      name: `c${at}`,
      image: `a.io/app:${at}`,
    }));
    for (const name of names) await stage.server.deployment({ name, containers });
    const pairs = containers.map(({ name }, at) => `${name}=${repository}@${digest(at)}`);
    const lines = names.map((name) => `deployments/${name} ${pairs.join(" ")}`);
    stage.server.images.behave(`${repository}@${digest(7)}`, "image-not-found");
    const outcome = await finish({ images: lines.join("\n") });
    assertRan(outcome, "Failed");
    for (const name of names) assert.equal(stage.imageOf("Deployment", name, "c59"), "a.io/app:59");
  });

  test("is told before anything changes where the way back would pass it", async () => {
    const containers = Array.from({ length: 240 }, (_, at) => ({
      name: `container-${at}`,
      image: `${repository}@${digest(at)}`,
    }));
    await stage.server.deployment({ name: "crowd", containers });
    const outcome = await finish({ images: "deployments/crowd *=$(ACR)/app" });
    const error = /^deployments\/crowd gets so many images .* and Windows allows 32766\. /;
    stage.assertRefused(outcome, error);
  });
});

test("a version is read from a file of UTF-16, as PowerShell 5.1 writes it", async () => {
  mkdirSync(stage.work, { recursive: true });
  writeFileSync(path.join(stage.work, "VERSION"), "\ufeff1.4.2\r\n", "utf16le");
  const inputs = {
    command: "computeTag",
    images: "$(ACR)/app",
    tagStrategy: "semver",
    versionFrom: "file",
    versionFile: "VERSION",
  };
  const variables = {
    ...release,
    "System.HostType": "build",
    "Build.SourceBranch": "refs/heads/main",
  };
  const outcome = await finish(inputs, variables);
  assertRan(outcome, "Succeeded");
  assertLogged(outcome, /1\.4\.2/);
});
