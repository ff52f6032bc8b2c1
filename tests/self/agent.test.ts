/** The stand-in for the agent, with tasks of a few lines. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { type RunningStep, run, type Step } from "../support/agent";

const folder = mkdtempSync(path.join(tmpdir(), "agent-"));
after(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;

/** A running step whose task is this script. */
function step(
  script: string,
  variables: Record<string, string> = {},
  mode?: string,
  handed: Partial<Step> = {},
): RunningStep {
  count += 1;
  const taskFolder = path.join(folder, `task-${count}`);
  const tempFolder = path.join(folder, `temp-${count}`);
  for (const each of [taskFolder, tempFolder]) mkdirSync(each);
  const commands = mode === undefined ? {} : { commands: { mode } };
  const named = [...Object.keys(handed.connections ?? {}), ...Object.keys(handed.inputs ?? {})];
  const task = {
    inputs: [
      ...[...new Set(named)].map((name) => ({ name, type: "string" })),
      { name: "cluster", type: "connectedService:kubernetes" },
    ],
    execution: { Node20_1: { target: "main.js" } },
    restrictions: { settableVariables: { allowed: ["tag"] }, ...commands },
  };
  writeFileSync(path.join(taskFolder, "task.json"), JSON.stringify(task));
  writeFileSync(path.join(taskFolder, "main.js"), script);
  return run({ taskFolder, inputs: {}, variables, tempFolder, ...handed });
}

const say = (...lines: string[]) =>
  lines.map((line) => `console.log(${JSON.stringify(line)});`).join("\n");
const hand = (command: string, name: string, content: string) =>
  `require("fs").writeFileSync(${JSON.stringify(name)}, ${JSON.stringify(content)});
   console.log("##vso[${command}]" + process.cwd() + "/" + ${JSON.stringify(name)});`;
const upload = (command: string, name: string, content: string) =>
  `${hand(command, name, content)}
   process.on("exit", () => require("fs").rmSync(${JSON.stringify(name)}));`;

describe("logging commands", { concurrency: 2 }, () => {
  test("are recorded, and files are read while they are there", async () => {
    const outcome = await step(
      [
        upload("task.uploadsummary", "a.md", "# Done\n"),
        upload("task.addattachment type=rollout;name=story;", "b.json", "{}"),
        say(
          "##vso[task.setprogress value=40;]web 2/5",
          "##vso[build.addbuildtag]image-4125",
          "##vso[build.updatebuildnumber]1.2.3",
          "##vso[task.complete result=Succeeded;]done",
        ),
        "setTimeout(() => {}, 200);",
      ].join("\n"),
      { "System.HostType": "build" },
    ).outcome;
    const { result, message, log, progress, summaries, attachments, buildTags, buildNumber } =
      outcome;
    assert.deepEqual([result, message, log], ["Succeeded", "done", []]);
    assert.deepEqual(progress, [{ percent: 40, text: "web 2/5" }]);
    assert.deepEqual(summaries, ["# Done\n"]);
    assert.deepEqual(attachments, [{ type: "rollout", name: "story", content: "{}" }]);
    assert.deepEqual([buildTags, buildNumber], [["image-4125"], "1.2.3"]);
  });

  test("mask a secret from now on, as one text, and escaped", async () => {
    const { log, errors } = await step(
      say(
        'a hun"ter 2',
        '##vso[task.setsecret]hun"ter 2',
        "##vso[task.setsecret]line one%0Aline two",
        'b hun"ter 2, hun\\"ter 2 and hun%22ter%202, but not line one',
        '##vso[task.logissue type=error]c hun"ter 2',
      ),
    ).outcome;
    const shown = "b ***, *** and ***, but not line one";
    assert.deepEqual(log, ['a hun"ter 2', shown, "##[error]c ***"]);
    assert.deepEqual(errors, ["c ***"]);
  });

  test("count ten errors and ten warnings, and the log has all", async () => {
    const lines = Array.from({ length: 12 }, (_, at) => `##vso[task.logissue type=error]${at}`);
    const { errors, log } = await step(say(...lines)).outcome;
    assert.deepEqual([errors.length, errors.at(-1), log.length], [10, "9", 12]);
  });

  test("make a summary under its name, and a file's name is none that an agent takes", async () => {
    const { summaries, summaryNames, attachments } = await step(
      [
        hand("task.addattachment type=Distributedtask.Core.Summary;name=A page;", "c.md", "# A"),
        hand("task.uploadsummary", "d.md", "# B"),
      ].join("\n"),
    ).outcome;
    assert.deepEqual(
      [summaries, summaryNames],
      [
        ["# A", "# B"],
        ["A page", "d.md"],
      ],
    );
    assert.deepEqual(attachments, []);
    await assert.rejects(
      step(hand("task.addattachment type=x;name=a:b;", "e.md", "")).outcome,
      /can be no file's/,
    );
  });

  test("set an output that is secret only where the step says so, and no larger than Windows", async () => {
    const set = (more: string, value: string) =>
      step(say(`##vso[task.setvariable variable=tag;isOutput=true;${more}]${value}`)).outcome;
    const open = await set("issecret=false;", "42");
    assert.deepEqual([open.outputs, open.secretOutputs], [{ tag: "42" }, []]);
    assert.deepEqual((await set("issecret=true;", "42")).secretOutputs, ["tag"]);
    await assert.rejects(set("", "x".repeat(32_767)), /cannot bear the variable tag/);
  });

  test("are refused with a warning where the step's target restricts them", async () => {
    const script = say("##vso[task.uploadsummary]/x", "##vso[task.setvariable variable=tag]1");
    const target = { commands: "restricted", settableVariables: "none" } as const;
    const { result, outputs, summaries, warnings } = await step(script, {}, undefined, { target })
      .outcome;
    assert.deepEqual([result, outputs, summaries], ["Succeeded", {}, []]);
    assert.match(
      warnings.join("\n"),
      /uploadsummary\] is not allowed.*\n.*'tag' has been disabled/,
    );
  });

  test("that would change the build of a fork fail the step", async () => {
    const variables = { "System.HostType": "build", "System.PullRequest.IsFork": "True" };
    const script = say("##vso[build.addbuildtag]x", "##vso[task.complete result=Succeeded;]");
    const { result, told, buildTags } = await step(script, variables).outcome;
    assert.deepEqual([result, told, buildTags], ["Failed", "Succeeded", []]);
  });

  const refused: [string, Record<string, string>, string | undefined, RegExp][] = [
    [
      "build.addbuildtag]x",
      { "System.HostType": "release" },
      undefined,
      /build.addbuildtag is for builds/,
    ],
    ["task.uploadsummary]x", {}, "restricted", /restricts the task from .* task.uploadsummary/],
    ["task.uploadsummary]/none/such.md", {}, undefined, /no such file/],
    ["task.addattachment type=x;]y", {}, undefined, /lacks a type or a name/],
    ["artifact.upload]x", {}, undefined, /may not use the logging command artifact.upload/],
    ["task.setvariable variable=PATH;]x", {}, undefined, /may not set the variable PATH/],
  ];
  for (const [command, variables, mode, words] of refused) {
    test(`refuse ${command} ${mode ?? variables["System.HostType"] ?? ""}`, async () => {
      await assert.rejects(step(say(`##vso[${command}`), variables, mode).outcome, words);
    });
  }
});

describe("what is handed over", { concurrency: 2 }, () => {
  const taskLib = JSON.stringify(path.resolve("node_modules/azure-pipelines-task-lib/task"));
  const shown = (...expressions: string[]) =>
    `const lib = require(${taskLib});
     for (const each of [${expressions}]) console.log(JSON.stringify(each));
     console.log("##vso[task.complete result=Succeeded;]");`;
  const values = ({ log }: { log: string[] }) => log.map((line) => JSON.parse(line));

  test("a service connection, that of the job, and their secrets masked", async () => {
    const connection = {
      id: "3d5f7091-a2b4-46c8-9dae-bfc0d1e2f304",
      url: "https://management.azure.com/",
      scheme: "ServicePrincipal",
      parameters: { tenantid: "contoso", serviceprincipalkey: 'a "key"' },
      data: { subscriptionId: "one", "some.key": "two" },
    };
    const system = { url: "https://host/c/", scheme: "OAuth", parameters: { AccessToken: "job" } };
    const outcome = await step(
      shown(
        'lib.getInput("azure")',
        'lib.getEndpointUrl(lib.getInput("azure"))',
        'lib.getEndpointAuthorizationScheme(lib.getInput("azure"))',
        'lib.getEndpointAuthorizationParameter(lib.getInput("azure"), "tenantid")',
        'lib.getEndpointAuthorizationParameter(lib.getInput("azure"), "serviceprincipalkey")',
        'lib.getEndpointAuthorizationParameter(lib.getInput("azure"), "serviceprincipalkey").length',
        'lib.getEndpointAuthorization(lib.getInput("azure")).parameters.tenantid',
        'lib.getEndpointDataParameter(lib.getInput("azure"), "subscriptionid")',
        'JSON.parse(process.env["ENDPOINT_DATA_3d5f7091-a2b4-46c8-9dae-bfc0d1e2f304"])',
        'process.env["ENDPOINT_DATA_3d5f7091-a2b4-46c8-9dae-bfc0d1e2f304_SOME_KEY"]',
        'lib.getEndpointAuthorizationParameter("SYSTEMVSSCONNECTION", "AccessToken")',
        'lib.getEndpointUrl("SYSTEMVSSCONNECTION")',
      ),
      {},
      undefined,
      { connections: { azure: connection }, system },
    ).outcome;
    assert.deepEqual(values(outcome), [
      connection.id,
      connection.url,
      connection.scheme,
      "contoso",
      "***",
      7,
      "contoso",
      "one",
      connection.data,
      "two",
      "***",
      system.url,
    ]);
  });

  test("the proxy, and its password masked", async () => {
    const proxy = { url: "http://proxy:8080", username: "me", password: "p@ss", bypass: ["x"] };
    const script = shown("lib.getHttpProxyConfiguration()");
    const outcome = await step(script, {}, undefined, { proxy }).outcome;
    assert.deepEqual(values(outcome), [
      {
        proxyUrl: "http://proxy:8080",
        proxyUsername: "me",
        proxyPassword: "***",
        proxyBypassHosts: ["x"],
        proxyFormattedUrl: "http://me:***@proxy:8080",
      },
    ]);
  });

  test("inputs without the space around them, with secrets and with what variables have in them", async () => {
    const variables = { Registry: "$(Name).azurecr.io", Name: "contoso", Loop: "a$(Loop)" };
    const inputs = {
      plain: "  $(REGISTRY)/web \n",
      secret: "$(Password)",
      nested: "$($(Name))",
      loop: "$(Loop)",
      unknown: "$(Nothing)",
    };
    const script = shown(
      ...Object.keys(inputs).map((name) => `lib.getInput("${name}")`),
      'lib.getInput("secret").length',
      'process.env.COMBINED ?? "not here"',
      'lib.getVariable("combined")',
    );
    const outcome = await step(script, { ...variables, Combined: "$(Password)!" }, undefined, {
      inputs,
      secrets: { Password: "hunter2" },
    }).outcome;
    assert.deepEqual(values(outcome), [
      "contoso.azurecr.io/web",
      "***",
      "$(contoso)",
      "a$(Loop)",
      "$(Nothing)",
      7,
      "not here",
      "***!",
    ]);
  });

  test("the connection of the environment, where the step names none", async () => {
    const connection = { url: "https://api.shop", scheme: "Token", parameters: {} };
    const resource = { name: "production", connection: { ...connection, id: "of-environment" } };
    const run = (more: Partial<Step>) =>
      step(
        shown('lib.getInput("cluster")', 'lib.getVariable("Environment.ResourceName")'),
        {},
        undefined,
        { deploysTo: { name: "shop", resource }, ...more },
      ).outcome;
    assert.deepEqual(values(await run({})), ["of-environment", "production"]);
    const own = { cluster: { ...connection, id: "own" } };
    assert.deepEqual(values(await run({ connections: own })), ["own", "production"]);
  });

  test("a working folder that is not the temporary one, and URLs with a slash at their end", async () => {
    const connections = { azure: { id: "id", url: "https://x.test", scheme: "", parameters: {} } };
    const outcome = await step(
      shown(
        "process.cwd() === lib.getVariable('System.DefaultWorkingDirectory')",
        "process.cwd() === lib.getVariable('Agent.TempDirectory')",
        'lib.getEndpointUrl("id")',
      ),
      {},
      undefined,
      { connections },
    ).outcome;
    assert.deepEqual(values(outcome), [true, false, "https://x.test/"]);
  });

  test("no connection for an input that there is none of", () => {
    const taskFolder = path.join(folder, "task-0");
    mkdirSync(taskFolder);
    writeFileSync(path.join(taskFolder, "task.json"), '{"inputs": [], "execution": {}}');
    const connections = { azure: { url: "", scheme: "", parameters: {} } };
    const given = { taskFolder, inputs: {}, variables: {}, tempFolder: folder, connections };
    assert.throws(() => run(given), /the task has no input azure for a connection/);
  });
});

describe("cancel", { concurrency: 4, skip: process.platform === "win32" }, () => {
  const soon = { PROCESS_SIGINT_TIMEOUT: "300", PROCESS_SIGTERM_TIMEOUT: "200" };
  const alive = "setInterval(() => {}, 1000); console.log('ready');";
  const cases: [string, string, NodeJS.Signals[]][] = [
    ["that ends on the first signal", "process.on('SIGINT', () => process.exit(0));", ["SIGINT"]],
    [
      "that needs the second",
      "process.on('SIGINT', () => {}); process.on('SIGTERM', () => process.exit(0));",
      ["SIGINT", "SIGTERM"],
    ],
    [
      "that heeds none",
      "process.on('SIGINT', () => {}); process.on('SIGTERM', () => {});",
      ["SIGINT", "SIGTERM", "SIGKILL"],
    ],
  ];
  for (const [what, handlers, signals] of cases) {
    test(`of a step ${what}`, async () => {
      const running = step(handlers + alive, soon);
      await new Promise((resolve) => running.process.stdout?.once("data", resolve));
      running.cancel();
      const { canceled } = await running.outcome;
      assert.deepEqual(canceled?.signals, signals);
      const waited = [0, 300, 500][signals.length - 1] ?? 0;
      assert.ok((canceled?.afterMs ?? 0) >= waited - 5, `${canceled?.afterMs}`);
    });
  }

  test("is the result, whatever the step says, and its time being over is a failure", async () => {
    const script = `process.on("SIGINT", () => {
      console.log("##vso[task.complete result=Succeeded;]");
      process.exit(0);
    });`;
    for (const [how, result] of [
      ["cancel", "Canceled"],
      ["timeOut", "Failed"],
    ] as const) {
      const running = step(script + alive, soon);
      await new Promise((resolve) => running.process.stdout?.once("data", resolve));
      running[how]();
      const outcome = await running.outcome;
      assert.deepEqual([outcome.told, outcome.result], ["Succeeded", result]);
    }
  });

  test("does not reach a step in a container", async () => {
    const running = step(
      `process.on("SIGINT", () => console.log("heard")); process.on("SIGTERM", () => {}); ${alive}`,
      soon,
      undefined,
      { container: true },
    );
    await new Promise((resolve) => running.process.stdout?.once("data", resolve));
    running.cancel();
    const { result, log, canceled } = await running.outcome;
    assert.deepEqual([result, log, canceled?.signals], ["Canceled", ["ready"], []]);
  });

  test("leaves what the step started to the end of the job", {
    skip: !existsSync("/proc"),
  }, async () => {
    const running = step(
      `const child = require("child_process").spawn("sleep", ["60"], { detached: true });
       process.on("SIGINT", () => {}); process.on("SIGTERM", () => {});
       setInterval(() => {}, 1000); console.log(child.pid);`,
      soon,
    );
    const pid = await new Promise<number>((resolve) =>
      running.process.stdout?.once("data", (data) => resolve(Number(data))),
    );
    running.cancel();
    const { leftBehind } = await running.outcome;
    assert.deepEqual(leftBehind, ["sleep 60"]);
    // Nobody may have asked for its exit code: then it stays, as a zombie.
    const lives = () => {
      const stat = `/proc/${pid}/stat`;
      return existsSync(stat) && !/^\d+ \(sleep\) Z /.test(readFileSync(stat, "utf8"));
    };
    for (const end = Date.now() + 10_000; lives(); await pause(5)) assert.ok(Date.now() < end);
  });
});
