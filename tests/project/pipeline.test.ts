/** The pipeline that builds and publishes this extension says what the repository has. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import { parse } from "yaml";
import { json, read, root } from "../support/repository";

interface Step {
  script?: string;
  task?: string;
  publish?: string;
  download?: string;
  artifact?: string;
  condition?: string;
  inputs?: Record<string, string>;
  env?: Record<string, string>;
}

interface Job {
  job?: string;
  deployment?: string;
  environment?: string;
  steps?: Step[];
  strategy?: { runOnce: { deploy: { steps: Step[] } } };
}

interface Stage {
  stage: string;
  dependsOn?: string;
  condition?: string;
  variables?: { group?: string }[];
  jobs: Job[];
}

const text = read("azure-pipelines.yml");
const pipeline = parse(text);
const { scripts } = json("package.json");
const stages = new Map<string, Stage>(
  pipeline.stages.map((stage: Stage) => [stage.stage, stage] as const),
);

function stageOf(name: string): Stage {
  const stage = stages.get(name);
  assert.ok(stage, `there is no stage ${name}`);
  return stage;
}

function stepsOf(name: string): Step[] {
  return stageOf(name).jobs.flatMap(
    ({ steps, strategy }) => steps ?? strategy?.runOnce.deploy.steps ?? [],
  );
}

const scriptsOf = (name: string) => stepsOf(name).flatMap(({ script }) => script ?? []);
const everyScript = [...stages.keys()].flatMap(scriptsOf);

test("it runs for main, for pull requests to it, and for the tags of versions", () => {
  assert.deepEqual(pipeline.trigger, {
    branches: { include: ["main"] },
    tags: { include: ["v*"] },
  });
  assert.deepEqual(pipeline.pr, { branches: { include: ["main"] } });
  assert.match(pipeline.pool.vmImage, /^ubuntu-\d\d\.04$/);
});

test("its steps name scripts that there are", () => {
  const named = everyScript.flatMap((script) => [
    ...script.matchAll(/\bnpm (?:run ([\w:-]+)|(test))( --if-present)?/g),
  ]);
  assert.ok(named.length > 0, text);
  for (const [what, run, test, ifPresent] of named) {
    assert.ok(ifPresent || scripts[run ?? test ?? ""], `${what} is not in package.json`);
  }
});

test("its scripts are correct shell", () => {
  for (const script of everyScript) {
    const { status, stderr } = spawnSync("bash", ["-n", "-c", script], { encoding: "utf8" });
    assert.equal(status, 0, `${script}: ${stderr}`);
  }
});

test("it checks, audits and tests before it packs, and packs before it publishes", () => {
  const order = [
    /^npm ci$/,
    /npm run check/,
    /npm run audit -- --all/,
    /^npm test$/,
    /npm run test:cluster/,
    /npm run package -- --output/,
    /npm run package -- --built --dev/,
  ].map((wanted) => scriptsOf("build").findIndex((script) => wanted.test(script)));
  assert.ok(!order.includes(-1), `steps that are missing: ${order}`);
  assert.deepEqual(
    order,
    order.toSorted((one, other) => one - other),
  );
});

test("it installs what package.json and the scripts need", () => {
  const { engines } = json("package.json");
  for (const { inputs } of pipeline.stages
    .flatMap(({ stage }: Stage) => stepsOf(stage))
    .filter(({ task }: Step) => task === "UseNode@1")) {
    assert.equal(`>=${inputs.version.replace(".x", "")}`, engines.node);
  }
  const rust = scriptsOf("build").find((script) => script.includes("rustup"));
  assert.match(rust ?? "", /--component clippy,rustfmt --target wasm32-unknown-unknown/);
  assert.ok(
    stepsOf("build").some(({ task }) => task?.startsWith("GoTool@")),
    "Go is not installed",
  );
  const tests = stepsOf("build").find(({ script }) => script === "npm test");
  assert.deepEqual(tests?.env, { CHROMIUM: "/usr/bin/google-chrome" });
});

test("what a stage publishes is what the build has packed", () => {
  const packed = scriptsOf("build").flatMap(
    (script) => /--output "(.*)"/.exec(script)?.slice(1, 2) ?? [],
  );
  const published = stepsOf("build").filter(({ publish }) => publish !== undefined);
  assert.deepEqual(
    published.map(({ publish }) => publish),
    packed,
  );
  for (const name of ["dev", "public"]) {
    const [download] = stepsOf(name).filter(({ download }) => download === "current");
    assert.equal(download?.artifact, name);
    assert.ok(
      published.some(({ artifact }) => artifact === name),
      `the build publishes no artifact ${name}`,
    );
    const script = scriptsOf(name).at(-1) ?? "";
    assert.ok(script.includes(`--vsix "$(Pipeline.Workspace)"/${name}/*.vsix`), script);
  }
  assert.match(
    scriptsOf("build").find((script) => script.includes("--dev")) ?? "",
    /--number \$\(Build\.BuildId\) /,
  );
});

describe("it publishes", () => {
  for (const [name, environment, condition] of [
    [
      "dev",
      "marketplace-dev",
      "and(succeeded(), eq(variables['Build.SourceBranch'], 'refs/heads/main'))",
    ],
    [
      "public",
      "marketplace",
      "and(succeeded(), startsWith(variables['Build.SourceBranch'], 'refs/tags/v'))",
    ],
  ] as const) {
    test(`the extension ${name} after the build, where its environment lets it`, () => {
      const stage = stageOf(name);
      assert.equal(stage.dependsOn, "build");
      assert.equal(stage.condition, condition);
      assert.deepEqual(
        stage.jobs.map(({ deployment, environment }) => [deployment, environment]),
        [["publish", environment]],
      );
    });

    test(`the extension ${name} with a token that only that step has`, () => {
      const withToken = stepsOf(name).filter(({ env }) => env !== undefined);
      assert.deepEqual(
        withToken.map(({ env }) => env),
        [{ MARKETPLACE_TOKEN: "$(marketplaceToken)" }],
      );
      assert.deepEqual(stageOf(name).variables, [{ group: "marketplace" }]);
      assert.deepEqual(
        everyScript.filter((script) => script.includes("marketplaceToken")),
        [],
      );
    });
  }

  test("by options that tfx has", () => {
    const tfx = path.join(root, "node_modules/tfx-cli/_build");
    const known = ["exec/extension/default.js", "lib/tfcommand.js"]
      .map((file) => readFileSync(path.join(tfx, file), "utf8"))
      .flatMap((source) => [...source.matchAll(/registerCommandArgument\(\[?"(\w+)"/g)])
      .map(([, name = ""]) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`));
    const given = everyScript
      .filter((script) => script.includes("tfx extension publish"))
      .flatMap((script) => script.split("tfx extension publish")[1]?.match(/--[a-z-]+/g) ?? []);
    assert.deepEqual([...new Set(given)].sort(), [
      "--auth-type",
      "--no-prompt",
      "--share-with",
      "--token",
      "--vsix",
    ]);
    for (const option of given) assert.ok(known.includes(option.slice(2)), option);
  });
});

test("a tag that is not the version stops the build", () => {
  const step = stepsOf("build").find(({ condition }) => condition?.includes("refs/tags/v"));
  const { version } = json("package.json");
  const run = (tag: string) => {
    const env = { ...process.env, BUILD_SOURCEBRANCHNAME: tag };
    return spawnSync("bash", ["-c", step?.script ?? ""], { cwd: root, env, encoding: "utf8" });
  };
  assert.equal(run(`v${version}`).status, 0);
  const { status, stderr } = run("v0.0.1");
  assert.notEqual(status, 0);
  assert.match(stderr, new RegExp(`package\\.json has the version ${version}`));
});
