import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";

/** A step of a pipeline, as the agent is handed it. */
export interface Step {
  /** The folder that holds task.json. */
  taskFolder: string;
  /** The inputs as they were typed: macros in them are still to be replaced. */
  inputs: Record<string, string>;
  /** The pipeline's variables by their true names. */
  variables: Record<string, string>;
  /** The agent's folder for what the job leaves behind. */
  tempFolder: string;
  /** What else the machine's environment has. */
  environment?: Record<string, string | undefined>;
  /** Called with every line as the log shows it, as soon as it is there. */
  onLine?: (line: string) => void;
}

/** What a step came to. */
export interface Outcome {
  result: string;
  message: string;
  exitCode: number | null;
  /** The output variables. */
  outputs: Record<string, string>;
  /** The tags that the step gave the build. */
  buildTags: string[];
  /** The number that the step gave the build. */
  buildNumber?: string;
  warnings: string[];
  errors: string[];
  /** Every percentage that was shown. */
  progress: number[];
  /** The Markdown pages for the summary of the run. */
  summaries: string[];
  attachments: { type: string; name: string; content: string }[];
  /** The log as a person sees it. */
  log: string[];
}

/** A running step. */
export interface RunningStep {
  process: ChildProcess;
  outcome: Promise<Outcome>;
  /** Ends the step as the agent does when somebody cancels the run. */
  cancel(): void;
}

interface Task {
  inputs: { name: string; type: string; defaultValue?: string }[];
  execution: Record<string, { target: string }>;
  restrictions: { settableVariables: { allowed: string[] } };
}

interface Command {
  name: string;
  properties: Record<string, string>;
  data: string;
}

/** Runs a step as the agent of Azure Pipelines runs it: its environment, its logging commands. */
export function run(step: Step): RunningStep {
  const task: Task = JSON.parse(readFileSync(path.join(step.taskFolder, "task.json"), "utf8"));
  const target = path.join(step.taskFolder, task.execution.Node20_1?.target ?? "");
  const child = spawn(process.execPath, [target], {
    cwd: step.tempFolder,
    env: environment(step, task),
    stdio: ["ignore", "pipe", "pipe"],
  });
  return { process: child, outcome: follow(step, task, child), cancel: () => child.kill("SIGINT") };
}

function environment(step: Step, task: Task): NodeJS.ProcessEnv {
  const variables = {
    "Agent.TempDirectory": step.tempFolder,
    "Agent.Version": "4.260.0",
    "System.DefaultWorkingDirectory": step.tempFolder,
    ...step.variables,
  };
  const env: NodeJS.ProcessEnv = { ...process.env, ...step.environment };
  for (const [name, value] of Object.entries(variables)) env[environmentName(name)] = value;
  for (const { name, type, defaultValue = "" } of task.inputs) {
    const emptyPath = type === "filePath" ? step.tempFolder : "";
    const typed = (step.inputs[name] ?? defaultValue) || emptyPath;
    env[`INPUT_${environmentName(name)}`] = expand(typed, variables);
  }
  env.VSTS_PUBLIC_VARIABLES = JSON.stringify(Object.keys(variables));
  env.VSTS_SECRET_VARIABLES = "[]";
  return env;
}

function environmentName(name: string): string {
  return name.replace(/[. ]/g, "_").toUpperCase();
}

/** Replaces macros once, without regard to case; an unknown one stays as it is. */
function expand(text: string, variables: Record<string, string>): string {
  const values = new Map(Object.entries(variables).map(([n, value]) => [n.toLowerCase(), value]));
  return text.replace(/\$\(([^)]*)\)/g, (macro, name) => values.get(name.toLowerCase()) ?? macro);
}

async function follow(step: Step, task: Task, child: ChildProcess): Promise<Outcome> {
  const outcome: Outcome = {
    result: "",
    message: "",
    exitCode: null,
    outputs: {},
    buildTags: [],
    warnings: [],
    errors: [],
    progress: [],
    summaries: [],
    attachments: [],
    log: [],
  };
  const inBuild = step.variables["System.HostType"] === "build";
  const show = (line: string) => {
    outcome.log.push(line);
    step.onLine?.(line);
  };
  const take = (line: string) => {
    const command = parseCommand(line);
    if (!command) return show(line);
    const { name, properties, data } = command;
    if (name === "task.complete") {
      outcome.result = properties.result ?? "";
      outcome.message = data;
    } else if (name === "task.setvariable") {
      const variable = properties.variable ?? "";
      if (!task.restrictions.settableVariables.allowed.includes(variable)) {
        throw new Error(`the task may not set the variable ${variable}`);
      }
      outcome.outputs[variable] = data;
    } else if (name === "task.issue" || name === "task.logissue") {
      const kind = properties.type === "error" ? "error" : "warning";
      outcome[`${kind}s`].push(data);
      show(`##[${kind}]${data}`);
    } else if (name === "task.setprogress") {
      outcome.progress.push(Number(properties.value));
    } else if (name === "task.uploadsummary") {
      outcome.summaries.push(readFileSync(data, "utf8"));
    } else if (name === "task.addattachment") {
      const { type = "", name = "" } = properties;
      outcome.attachments.push({ type, name, content: readFileSync(data, "utf8") });
    } else if (name === "build.addbuildtag" && inBuild) {
      outcome.buildTags.push(data);
    } else if (name === "build.updatebuildnumber" && inBuild) {
      outcome.buildNumber = data;
    } else if (name !== "task.debug") {
      throw new Error(`the task may not use the logging command ${name}`);
    }
  };
  const streams = [child.stdout, child.stderr].map(async (stream) => {
    if (!stream) return;
    for await (const line of createInterface({ input: stream })) take(line);
  });
  const exited = new Promise<number | null>((resolve) => child.on("close", resolve));
  await Promise.all(streams);
  outcome.exitCode = await exited;
  return outcome;
}

/** Reads a logging command, which the agent finds anywhere in a line. */
function parseCommand(line: string): Command | undefined {
  const match = /##vso\[([\w.]+)\s*([^\]]*)\](.*)$/.exec(line);
  if (!match) return undefined;
  const [, name = "", properties = "", data = ""] = match;
  const pairs = properties
    .split(";")
    .filter((pair) => pair.includes("="))
    .map((pair) => {
      const [key = "", value = ""] = pair.split(/=(.*)/s);
      return [key.trim(), unescaped(value)];
    });
  return { name, properties: Object.fromEntries(pairs), data: unescaped(data) };
}

function unescaped(text: string): string {
  return text
    .replace(/%0D/g, "\r")
    .replace(/%0A/g, "\n")
    .replace(/%5D/g, "]")
    .replace(/%3B/g, ";")
    .replace(/%AZP25/g, "%");
}
