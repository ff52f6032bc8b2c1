import { readFileSync } from "node:fs";
import path from "node:path";
import * as tl from "azure-pipelines-task-lib/task";
import type { Core } from "../../dist/core/core";
import { connection, connections, kubeconfigs, network, ownCluster } from "./connections";
import { coreOf } from "./core";
import { sign } from "./effects/assertion";
import { attach, hide, summarise } from "./effects/documents";
import { readFile, saveFile } from "./effects/files";
import { Gate } from "./effects/gate";
import { Kubectl } from "./effects/kubectl";
import { complete, log, setOutput } from "./effects/log";
import { Online } from "./effects/network";
import { removePrivateFiles, writePrivateFile } from "./effects/private-files";
import { quietly } from "./effects/quietly";
import type { Effect, Event, TaskResult } from "./protocol";

interface Task {
  helpUrl: string;
  inputs: { name: string; type: string }[];
}

const { helpUrl, inputs }: Task = JSON.parse(
  readFileSync(path.join(__dirname, "task.json"), "utf8"),
);
let core: Core;
const kubectl = new Kubectl(report);
const gate = new Gate(kubectl, report);
const online = new Online(report);
const happened: [Event, Uint8Array | undefined][] = [];
/** Whether an event is in the core's hands; none is before the core is there. */
let handling = true;
let finished = false;

/** Hands every event to the core, one at a time, and carries out what it answers. */
function report(event: Event, chunk?: Uint8Array): void {
  happened.push([event, chunk]);
  if (!handling) handle();
}

function handle(): void {
  handling = true;
  for (let next = happened.shift(); next && !finished; next = happened.shift()) {
    const effects: Effect[] = core.handle(Date.now(), ...next);
    for (const effect of effects) carryOut(effect);
  }
  handling = false;
}

function carryOut(effect: Effect): void {
  switch (effect.type) {
    case "log":
      log(effect.style, effect.text);
      break;
    case "setVariable":
      setOutput(effect.name, effect.value);
      break;
    case "setProgress":
      tl.setProgress(effect.percent, "Rollout");
      break;
    case "summarise":
      summarise(effect.markdown);
      break;
    case "attach":
      attach(effect.kind, effect.name, effect.content);
      break;
    case "readFile":
      report(readFile(effect.path, effect.limit));
      break;
    case "saveFile":
      report(saveFile(effect.path, effect.content));
      break;
    case "addBuildTag":
      tl.addBuildTag(effect.tag);
      break;
    case "updateBuildNumber":
      tl.updateBuildNumber(effect.number);
      break;
    case "writeFile":
      report(writePrivateFile(effect.content, effect.path));
      break;
    case "mask":
      hide(effect.secret);
      break;
    case "fetch":
      online.ask(effect.call, effect.request);
      break;
    case "sign":
      report(sign(effect.call, effect.assertion));
      break;
    case "findTool":
      report(online.findTool(effect.name, effect.file, effect.version));
      break;
    case "getTool":
      online.getTool(effect);
      break;
    case "spawn":
      kubectl.start(effect);
      break;
    case "openGate":
      gate.open(effect);
      break;
    case "send":
      gate.send(effect.call, effect.request);
      break;
    case "abort":
      gate.abort(effect.call);
      break;
    case "kill":
      kubectl.kill(effect.process);
      break;
    case "wake":
      setTimeout(() => report({ woken: { timer: effect.timer } }), effect.afterMs);
      break;
    case "finish":
      finish(effect.result, effect.message);
      break;
    default:
      effect satisfies never;
  }
}

function finish(result: TaskResult, message: string): void {
  if (finished) return;
  finished = true;
  if (result === "Failed") log("plain", `Codes such as [KSI101] are explained at ${helpUrl}`);
  kubectl.killAll();
  complete(result, message, () => process.exit(0));
}

function breakDown(error: unknown): void {
  const what = error instanceof Error ? error.message : String(error);
  if (finished) process.exit(0);
  log(
    "error",
    `The task failed unexpectedly, which is a bug: ${what.replace(/\s+/g, " ")}. [KSI704]`,
  );
  finish("Failed", "The task failed unexpectedly. Check what the workloads run now");
}

process.on("uncaughtException", breakDown);
process.on("unhandledRejection", breakDown);
process.on("beforeExit", () => breakDown("nothing is left to wait for"));
process.on("exit", () => {
  gate.close();
  removePrivateFiles();
});
process.stdout.on("error", () => {
  kubectl.killAll();
  process.exit(0);
});
for (const signal of ["SIGINT", "SIGTERM", "SIGBREAK"] as const) {
  process.on(signal, () => report("canceled"));
}

const named = (values: [string, string | undefined][]) =>
  Object.fromEntries(values.filter((pair): pair is [string, string] => pair[1] !== undefined));

const started = quietly(() => ({
  inputs: named(inputs.map(({ name }) => [name, tl.getInput(name)])),
  variables: named(
    tl
      .getVariables()
      .filter(({ secret }) => !secret)
      .map(({ name, value }) => [name, value]),
  ),
  agent: {
    connections: connections(inputs),
    system: connection("SYSTEMVSSCONNECTION") ?? null,
    ...network(),
    kubeconfigs: kubeconfigs(),
    ownCluster: ownCluster(),
    os: process.platform,
    arch: process.arch,
  },
}));

/** Runs the step, with the WebAssembly of the core. */
export async function run(wasm: Promise<Buffer>): Promise<void> {
  happened.unshift([{ started }, undefined]);
  core = coreOf(await wasm);
  handle();
}
