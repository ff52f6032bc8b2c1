import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { processTree } from "./process-tree";

/** A step of a pipeline, as the agent is handed it. */
export interface Step {
  /** The folder that holds task.json. */
  taskFolder: string;
  /** The inputs as they were typed: macros in them are still to be replaced. */
  inputs: Record<string, string>;
  /** The pipeline's variables by their true names. */
  variables: Record<string, string>;
  /** The secret ones, whose values the agent masks in the log. */
  secrets?: Record<string, string>;
  /** The service connections, by the inputs that name them. */
  connections?: Record<string, Connection>;
  /** The job's own connection to the collection. */
  system?: Connection;
  /** What the agent was told to reach the network by. */
  proxy?: ProxySettings;
  /** The files that the agent was configured with: --sslcacert, --sslclientcert and its key. */
  certificates?: { ca?: string; cert?: string; key?: string; password?: string };
  /** The agent's folder for what the job leaves behind. */
  tempFolder: string;
  /** What else the machine's environment has. */
  environment?: Record<string, string | undefined>;
  /** Called with every line as the log shows it, as soon as it is there. */
  onLine?: (line: string) => void;
}

/** A service connection as the agent is handed it. */
export interface Connection {
  /** Its GUID, which is the input's value. */
  id?: string;
  url: string;
  scheme: string;
  parameters: Record<string, string>;
  data?: Record<string, string>;
}

export interface ProxySettings {
  url: string;
  username?: string;
  password?: string;
  /** Regular expressions of URLs that are reached without it. */
  bypass?: string[];
}

/** What a step came to. */
export interface Outcome {
  result: string;
  message: string;
  exitCode: number | null;
  /** The output variables. */
  outputs: Record<string, string>;
  warnings: string[];
  errors: string[];
  /** The log as a person sees it. */
  log: string[];
  /** How far the step said it was, in percent, and with what. */
  progress: { percent: number; text: string }[];
  /** The Markdown of each summary. */
  summaries: string[];
  attachments: Attachment[];
  buildTags: string[];
  /** The build number that the step gave the build. */
  buildNumber?: string;
  canceled?: Cancellation;
}

/** A file that the step left for the run's tabs and tools. */
export interface Attachment {
  type: string;
  name: string;
  content: string;
}

/** What it took to end a step that was canceled. */
export interface Cancellation {
  /** Milliseconds from the cancel to the end. */
  afterMs: number;
  /** The signals that were sent until then. */
  signals: NodeJS.Signals[];
}

/** A running step. */
export interface RunningStep {
  process: ChildProcess;
  outcome: Promise<Outcome>;
  /**
   * Ends the step as the agent does when somebody cancels the run: SIGINT, then SIGTERM after
   * PROCESS_SIGINT_TIMEOUT (7500 ms), then SIGKILL for all it started after PROCESS_SIGTERM_TIMEOUT
   * (2500 ms) more. Both are variables of the job.
   */
  cancel(): void;
}

interface Task {
  inputs: { name: string; type: string; defaultValue?: string }[];
  execution: Record<string, { target: string }>;
  restrictions: { settableVariables: { allowed: string[] }; commands?: { mode: string } };
}

interface LoggingCommand {
  name: string;
  properties: Record<string, string>;
  data: string;
}

/** The parameters of a connection that the agent does not take for secrets. */
const publicParameters = [
  "acceptuntrustedcertificates",
  "accesstokenfetchingmethod",
  "accesstokentype",
  "audience",
  "authenticationtype",
  "authorizationtype",
  "completecallbackpayload",
  "expiresat",
  "idtoken",
  "issuedat",
  "oauthaccesstokenissupplied",
  "role",
  "scope",
  "tenantid",
  "unsecured",
  "usewindowssecurity",
];
const systemConnection = "SYSTEMVSSCONNECTION";

/** What `restrictions.commands.mode: restricted` leaves of those that are known here. */
const restricted = [
  "task.complete",
  "task.debug",
  "task.issue",
  "task.logissue",
  "task.setprogress",
  "task.setsecret",
  "task.setvariable",
];

/** What the agent starts for a step, and in which folder and environment. */
export interface Command {
  program: string;
  args: string[];
  cwd: string;
  env: NodeJS.ProcessEnv;
}

export function commandOf(step: Step, task = taskOf(step)): Command {
  const target = path.join(step.taskFolder, task.execution.Node20_1?.target ?? "");
  const env = environment(step, task);
  return { program: process.execPath, args: [target], cwd: step.tempFolder, env };
}

/** Runs a step as the agent of Azure Pipelines runs it: its environment, its logging commands. */
export function run(step: Step): RunningStep {
  const task = taskOf(step);
  const { program, args, cwd, env } = commandOf(step, task);
  const child = spawn(program, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  const signals: NodeJS.Signals[] = [];
  let canceledAt: number | undefined;
  const outcome = follow(step, task, child).then((ended) => {
    if (canceledAt !== undefined) {
      ended.canceled = { afterMs: Math.round(performance.now() - canceledAt), signals };
    }
    return ended;
  });
  const cancel = () => {
    const ended = child.exitCode !== null || child.signalCode !== null;
    if (ended || canceledAt !== undefined) return;
    canceledAt = performance.now();
    const send = (signal: NodeJS.Signals) => {
      signals.push(signal);
      child.kill(signal);
    };
    const wait = (name: string, ms: number, then: () => void) => {
      const timer = setTimeout(then, Number(step.variables[name] ?? ms));
      child.once("exit", () => clearTimeout(timer));
    };
    send("SIGINT");
    wait("PROCESS_SIGINT_TIMEOUT", 7500, () => {
      send("SIGTERM");
      wait("PROCESS_SIGTERM_TIMEOUT", 2500, () => {
        signals.push("SIGKILL");
        for (const pid of processTree(child.pid ?? 0)) kill(pid);
      });
    });
  };
  return { process: child, outcome, cancel };
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended already.
  }
}

function taskOf({ taskFolder }: Step): Task {
  return JSON.parse(readFileSync(path.join(taskFolder, "task.json"), "utf8"));
}

function environment(step: Step, task: Task): NodeJS.ProcessEnv {
  const variables = {
    "Agent.TempDirectory": step.tempFolder,
    "Agent.Version": "4.260.0",
    "System.DefaultWorkingDirectory": step.tempFolder,
    ...step.variables,
    ...proxyVariables(step.proxy),
    ...certificateVariables(step.certificates),
  };
  const secrets = secretVariables(step);
  const connections = Object.entries(step.connections ?? {});
  const env: NodeJS.ProcessEnv = { ...process.env, ...step.environment };
  for (const [name, value] of Object.entries(variables)) env[environmentName(name)] = value;
  for (const [input, connection] of connections) {
    if (!task.inputs.some(({ name }) => name === input)) {
      throw new Error(`the task has no input ${input} for a connection`);
    }
    Object.assign(env, connectionVariables(idOf(connection), connection));
  }
  if (step.system !== undefined) {
    const { data: _, ...system } = step.system;
    Object.assign(env, connectionVariables(systemConnection, system));
  }
  const inputs = { ...step.inputs };
  for (const [input, connection] of connections) inputs[input] = idOf(connection);
  for (const { name, type, defaultValue = "" } of task.inputs) {
    const emptyPath = type === "filePath" ? step.tempFolder : "";
    const typed = (inputs[name] ?? defaultValue) || emptyPath;
    env[`INPUT_${environmentName(name)}`] = expand(typed, variables);
  }
  env.VSTS_PUBLIC_VARIABLES = JSON.stringify(Object.keys(variables));
  for (const [name, value] of Object.entries(secrets))
    env[`SECRET_${environmentName(name)}`] = value;
  env.VSTS_SECRET_VARIABLES = JSON.stringify(Object.keys(secrets));
  return env;
}

function idOf({ id = "0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9" }: Connection): string {
  return id;
}

function connectionVariables(
  id: string,
  { url, scheme, parameters, data }: Connection,
): Record<string, string> {
  const variables: Record<string, string> = {
    [`ENDPOINT_URL_${id}`]: url,
    [`ENDPOINT_AUTH_${id}`]: JSON.stringify({ parameters, scheme }),
    [`ENDPOINT_AUTH_SCHEME_${id}`]: scheme,
  };
  for (const [key, value] of Object.entries(parameters))
    variables[`ENDPOINT_AUTH_PARAMETER_${id}_${environmentName(key)}`] = value;
  if (data === undefined) return variables;
  variables[`ENDPOINT_DATA_${id}`] = JSON.stringify(data);
  for (const [key, value] of Object.entries(data))
    variables[`ENDPOINT_DATA_${id}_${environmentName(key)}`] = value;
  return variables;
}

function proxyVariables(proxy: ProxySettings | undefined): Record<string, string> {
  if (proxy === undefined) return {};
  const { url, username, bypass } = proxy;
  return {
    "agent.proxyurl": url,
    ...(username !== undefined && { "agent.proxyusername": username }),
    ...(bypass !== undefined && { "agent.proxybypasslist": JSON.stringify(bypass) }),
  };
}

function certificateVariables({ ca, cert, key, password }: Step["certificates"] = {}) {
  return {
    ...(ca !== undefined && { "agent.cainfo": ca }),
    ...(cert !== undefined && { "agent.clientcert": cert }),
    ...(key !== undefined && { "agent.clientcertkey": key }),
    ...(password !== undefined && { "agent.clientcertpassword": password }),
  };
}

function secretVariables({ secrets, proxy }: Step): Record<string, string> {
  const { password } = proxy ?? {};
  return { ...secrets, ...(password !== undefined && { "agent.proxypassword": password }) };
}

/** What the agent masks from the start, in the forms in which it may come. */
function secretsOf(step: Step): string[] {
  const connections = [...Object.values(step.connections ?? {}), step.system];
  const parameters = connections.flatMap((connection) =>
    Object.entries(connection?.parameters ?? {})
      .filter(([key]) => !publicParameters.includes(key.toLowerCase()))
      .map(([, value]) => value),
  );
  const forms = [...Object.values(secretVariables(step)), ...parameters].flatMap((secret) => [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
  ]);
  return forms.filter(Boolean);
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
    warnings: [],
    errors: [],
    log: [],
    progress: [],
    summaries: [],
    attachments: [],
    buildTags: [],
  };
  const secrets = secretsOf(step);
  const masked = (text: string) =>
    secrets
      .toSorted((one, other) => other.length - one.length)
      .reduce((rest, secret) => rest.replaceAll(secret, "***"), text);
  const show = (text: string) => {
    const line = masked(text);
    outcome.log.push(line);
    step.onLine?.(line);
  };
  const take = (line: string) => {
    const command = parseCommand(line);
    if (!command) return show(line);
    const { name, properties, data } = command;
    if (task.restrictions.commands?.mode === "restricted" && !restricted.includes(name)) {
      throw new Error(`task.json restricts the task from the logging command ${name}`);
    }
    if (name.startsWith("build.") && step.variables["System.HostType"] !== "build") {
      throw new Error(`the logging command ${name} is for builds`);
    }
    switch (name) {
      case "task.complete":
        outcome.result = properties.result ?? "";
        outcome.message = masked(data);
        break;
      case "task.setvariable": {
        const variable = properties.variable ?? "";
        if (!task.restrictions.settableVariables.allowed.includes(variable)) {
          throw new Error(`the task may not set the variable ${variable}`);
        }
        outcome.outputs[variable] = data;
        break;
      }
      case "task.setsecret":
        secrets.push(...data.split(/[\r\n]+/).filter(Boolean));
        break;
      case "task.issue":
      case "task.logissue": {
        const kind = properties.type === "error" ? "error" : "warning";
        outcome[`${kind}s`].push(masked(data));
        show(`##[${kind}]${data}`);
        break;
      }
      case "task.setprogress":
        outcome.progress.push({ percent: Number(properties.value), text: masked(data) });
        break;
      case "task.uploadsummary":
        outcome.summaries.push(readFileSync(data, "utf8"));
        break;
      case "task.addattachment": {
        const { type, name } = properties;
        if (!type || !name) throw new Error(`the attachment ${data} lacks a type or a name`);
        outcome.attachments.push({ type, name, content: readFileSync(data, "utf8") });
        break;
      }
      case "build.addbuildtag":
        outcome.buildTags.push(data);
        break;
      case "build.updatebuildnumber":
        outcome.buildNumber = data;
        break;
      case "task.debug":
        break;
      default:
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
function parseCommand(line: string): LoggingCommand | undefined {
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
