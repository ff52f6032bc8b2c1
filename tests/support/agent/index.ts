import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
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
  /** The environment that the job deploys to. */
  deploysTo?: DeploymentTarget;
  /** Whether the job runs in a container: the step itself still runs on this machine. */
  container?: boolean;
  /** What the step's `target` allows, beside what task.json does. */
  target?: { commands?: "restricted"; settableVariables?: "none" | string[] };
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

/** An environment, and the resource of it that a deployment job names: `environment: shop.production`. */
export interface DeploymentTarget {
  name: string;
  /** Azure DevOps fills its connection into every Kubernetes connection that the step leaves out. */
  resource?: { name: string; connection: Connection };
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
  /** The result as the run shows it, whatever the step said. */
  result: string;
  /** The result that the step said; empty where it said none. */
  told: string;
  message: string;
  exitCode: number | null;
  /** The output variables. */
  outputs: Record<string, string>;
  /** Those of them that became secret. */
  secretOutputs: string[];
  /** The first ten of each, as the summary shows them. */
  warnings: string[];
  errors: string[];
  /** The log as a person sees it. */
  log: string[];
  /** How far the step said it was, in percent, and with what. */
  progress: { percent: number; text: string }[];
  /** The Markdown of each summary. */
  summaries: string[];
  /** The heading of each. */
  summaryNames: string[];
  attachments: Attachment[];
  buildTags: string[];
  /** The build number that the step gave the build. */
  buildNumber?: string;
  canceled?: Cancellation;
  /** The command lines of processes that outlived the step, until the job ended. */
  leftBehind: string[];
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
   * PROCESS_SIGINT_TIMEOUT (7500 ms), then SIGKILL after PROCESS_SIGTERM_TIMEOUT (2500 ms) more, for
   * all that it started on Windows, and for the step alone elsewhere. Both are variables of the job.
   * In a container the signals do not arrive: the step runs on until the container is removed.
   */
  cancel(): void;
  /** Ends it in the same way when its time is over. */
  timeOut(): void;
}

interface Task {
  inputs: { name: string; aliases?: string[]; type: string; defaultValue?: string }[];
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
/** The most that a variable can have in the environment of Windows, in characters. */
const mostOfVariable = 32_766;
/** How many errors, and how many warnings, of a step the summary shows. */
const mostIssues = 10;
/** How much of a line the log shows while the step runs, in characters. */
const mostOfLiveLine = 1024;
/** The results, each worse than the one before. */
const results = ["Succeeded", "SucceededWithIssues", "Failed", "Canceled"];
/** By what the agent finds the processes of a job when the job ends. */
const lookupVariable = "VSTS_PROCESS_LOOKUP_ID";

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
  const { work, temp } = foldersOf(step);
  for (const folder of [work, temp]) mkdirSync(folder, { recursive: true });
  return { program: process.execPath, args: [target], cwd: work, env };
}

/** The folders of the job, which in a container are below `__w`. */
export function foldersOf({ tempFolder, variables, container }: Omit<Step, "inputs">): {
  work: string;
  temp: string;
} {
  const root = container ? path.join(tempFolder, "__w") : tempFolder;
  const given = variables["System.DefaultWorkingDirectory"];
  return {
    work: given ?? path.join(root, "s"),
    temp: container ? path.join(root, "_temp") : tempFolder,
  };
}

/** Runs a step as the agent of Azure Pipelines runs it: its environment, its logging commands. */
export function run(written: Step): RunningStep {
  const task = taskOf(written);
  const step = byNames(written, task);
  const { program, args, cwd, env } = commandOf(step, task);
  const child = spawn(program, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  const signals: NodeJS.Signals[] = [];
  let ending: "Canceled" | "Failed" | undefined;
  let since = 0;
  const outcome = follow(step, task, child).then(async (ended) => {
    ended.leftBehind = await endJob(env[lookupVariable] ?? "");
    if (ending === undefined) return ended;
    ended.canceled = { afterMs: Math.round(performance.now() - since), signals };
    ended.result = ending;
    if (ending === "Failed") ended.errors.push("The task has timed out.");
    return ended;
  });
  const end = (result: "Canceled" | "Failed") => {
    const ended = child.exitCode !== null || child.signalCode !== null;
    if (ended || ending !== undefined) return;
    ending = result;
    since = performance.now();
    const send = (signal: NodeJS.Signals) => {
      if (step.container) return;
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
        if (!step.container) signals.push("SIGKILL");
        const isWindows = process.platform === "win32";
        const all = isWindows ? processTree(child.pid ?? 0) : [child.pid ?? 0];
        for (const pid of all) kill(pid);
      });
    });
  };
  return {
    process: child,
    outcome,
    cancel: () => end("Canceled"),
    timeOut: () => end("Failed"),
  };
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended already.
  }
}

/** Ends what is left of a job, and tells what that was. What is about to end may do so by itself. */
async function endJob(lookup: string): Promise<string[]> {
  let left = processesOf(lookup);
  for (let round = 0; round < 20 && left.length > 0; round += 1) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    left = processesOf(lookup);
  }
  for (const { pid } of left) kill(pid);
  return left.map(({ command }) => command);
}

/** The processes with this in their environment, as Linux tells. */
function processesOf(lookup: string): { pid: number; command: string }[] {
  if (process.platform !== "linux") return [];
  return readdirSync("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      if (!readFileSync(`/proc/${pid}/environ`, "utf8").includes(lookup)) return [];
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
      return [{ pid: Number(pid), command }];
    } catch {
      return [];
    }
  });
}

function taskOf({ taskFolder }: Step): Task {
  return JSON.parse(readFileSync(path.join(taskFolder, "task.json"), "utf8"));
}

function environment(step: Step, task: Task): NodeJS.ProcessEnv {
  const { work, temp } = foldersOf(step);
  const { publics: variables, secrets } = expandedVariables(
    {
      "Agent.TempDirectory": temp,
      "Agent.Version": "4.260.0",
      ...step.variables,
      "System.DefaultWorkingDirectory": work,
      ...environmentVariables(step.deploysTo),
      ...proxyVariables(step.proxy),
      ...certificateVariables(step.certificates),
    },
    secretVariables(step),
  );
  const connections = Object.entries(connectionsOf(step, task));
  const env: NodeJS.ProcessEnv = { ...process.env, ...step.environment };
  env[lookupVariable] = `vsts_${randomUUID()}`;
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
    const emptyPath = type === "filePath" ? work : "";
    const typed = (inputs[name] ?? defaultValue).trim() || emptyPath;
    env[`INPUT_${environmentName(name)}`] = expand(typed, { ...variables, ...secrets });
  }
  env.VSTS_PUBLIC_VARIABLES = JSON.stringify(Object.keys(variables));
  for (const [name, value] of Object.entries(secrets))
    env[`SECRET_${environmentName(name)}`] = value;
  env.VSTS_SECRET_VARIABLES = JSON.stringify(Object.keys(secrets));
  return env;
}

/** A step whose inputs have their own names, as the server hands them on where aliases are written. */
function byNames({ inputs, connections = {}, ...step }: Step, task: Task): Step {
  const named = <T>(written: Record<string, T>) =>
    Object.fromEntries(
      Object.entries(written).map(([name, value]): [string, T] => {
        const input = task.inputs.find(({ aliases }) => aliases?.includes(name));
        return [input?.name ?? name, value];
      }),
    );
  return { ...step, inputs: named(inputs), connections: named(connections) };
}

/** The connections of a step, with that of the environment where it leaves one out. */
function connectionsOf(
  { connections = {}, inputs, deploysTo }: Step,
  task: Task,
): Record<string, Connection> {
  const { resource } = deploysTo ?? {};
  const empty = task.inputs.filter(
    ({ name, type }) =>
      type === "connectedService:kubernetes" && !connections[name] && !inputs[name]?.trim(),
  );
  const filled = resource ? empty.map(({ name }) => [name, resource.connection]) : [];
  return { ...connections, ...Object.fromEntries(filled) };
}

function environmentVariables(target: DeploymentTarget | undefined): Record<string, string> {
  if (target === undefined) return {};
  const { name, resource } = target;
  return {
    "Environment.Name": name,
    "Environment.Id": "5",
    ...(resource && { "Environment.ResourceName": resource.name, "Environment.ResourceId": "7" }),
  };
}

/**
 * The variables with the values of others in them. What has a secret in it is one; what has itself in
 * it stays as it is.
 */
function expandedVariables(
  publics: Record<string, string>,
  secrets: Record<string, string>,
): { publics: Record<string, string>; secrets: Record<string, string> } {
  const all = new Map<string, { value: string; secret: boolean }>();
  for (const [name, value] of Object.entries(publics))
    all.set(name.toLowerCase(), { value, secret: false });
  for (const [name, value] of Object.entries(secrets))
    all.set(name.toLowerCase(), { value, secret: true });
  const resolved = (name: string, above: string[]): { value: string; secret: boolean } => {
    const key = name.toLowerCase();
    if (above.includes(key)) throw new RangeError(name);
    let { value, secret } = all.get(key) ?? { value: "", secret: false };
    value = replaceMacros(value, (nested) => {
      if (!all.has(nested.toLowerCase())) return undefined;
      const found = resolved(nested, [...above, key]);
      secret ||= found.secret;
      return found.value;
    });
    return { value, secret };
  };
  const expanded = { publics: {} as Record<string, string>, secrets: {} as Record<string, string> };
  for (const name of [...Object.keys(publics), ...Object.keys(secrets)]) {
    let found = all.get(name.toLowerCase()) ?? { value: "", secret: false };
    try {
      found = resolved(name, []);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
    expanded[found.secret ? "secrets" : "publics"][name] = found.value;
  }
  return expanded;
}

/** Replaces `$(name)` by what there is of it, which is not looked at again. */
function replaceMacros(text: string, value: (name: string) => string | undefined): string {
  let rest = text;
  let done = "";
  for (;;) {
    const from = rest.indexOf("$(");
    const to = from === -1 ? -1 : rest.indexOf(")", from);
    if (to === -1) return done + rest;
    const found = value(rest.slice(from + 2, to));
    done += rest.slice(0, from) + (found ?? "$");
    rest = found === undefined ? rest.slice(from + 1) : rest.slice(to + 1);
  }
}

function idOf({ id = "0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9" }: Connection): string {
  return id;
}

function connectionVariables(
  id: string,
  { url, scheme, parameters, data }: Connection,
): Record<string, string> {
  const variables: Record<string, string> = {
    [`ENDPOINT_URL_${id}`]: URL.canParse(url) ? new URL(url).href : url,
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

/** What the agent masks from the start. */
function secretsOf(step: Step, task: Task): string[] {
  const connections = [...Object.values(connectionsOf(step, task)), step.system];
  const parameters = connections.flatMap((connection) =>
    Object.entries(connection?.parameters ?? {})
      .filter(([key]) => !publicParameters.includes(key.toLowerCase()))
      .map(([, value]) => value),
  );
  const variables = Object.values(secretVariables(step)).flatMap((value) => [
    value,
    Buffer.from(value).toString("base64"),
  ]);
  return [...variables, ...parameters].flatMap(formsOf);
}

/** The forms in which a secret is masked, each of them as one text. */
function formsOf(secret: string): string[] {
  const unescaped = secret.replace(/\\([\\'"])/g, "$1").replaceAll("\\t", "\t");
  const forms = [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    unescaped,
  ];
  return forms.filter((form) => form.trim() !== "");
}

function environmentName(name: string): string {
  return name.replace(/[. ]/g, "_").toUpperCase();
}

/** Replaces macros once, without regard to case; an unknown one stays as it is. */
function expand(text: string, variables: Record<string, string>): string {
  const values = new Map(Object.entries(variables).map(([n, value]) => [n.toLowerCase(), value]));
  return replaceMacros(text, (name) => values.get(name.toLowerCase()));
}

async function follow(step: Step, task: Task, child: ChildProcess): Promise<Outcome> {
  const outcome: Outcome = {
    result: "",
    told: "",
    message: "",
    exitCode: null,
    outputs: {},
    secretOutputs: [],
    warnings: [],
    errors: [],
    log: [],
    progress: [],
    summaries: [],
    summaryNames: [],
    attachments: [],
    buildTags: [],
    leftBehind: [],
  };
  const secrets = secretsOf(step, task);
  let failed = false;
  const masked = (text: string) =>
    secrets
      .toSorted((one, other) => other.length - one.length)
      .reduce((rest, secret) => rest.replaceAll(secret, "***"), text);
  const show = (text: string) => {
    const line = masked(text);
    outcome.log.push(line);
    step.onLine?.(line.slice(0, mostOfLiveLine));
  };
  const issue = (kind: "error" | "warning", text: string) => {
    const shown = outcome[`${kind}s`];
    if (shown.length < mostIssues) shown.push(masked(text));
    show(`##[${kind}]${text}`);
  };
  const isRefused = (name: string) =>
    step.target?.commands === "restricted" && !restricted.includes(name);
  const isSettable = (variable: string) => {
    const { settableVariables: settable } = step.target ?? {};
    return settable === undefined || (settable !== "none" && settable.includes(variable));
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
    if (isRefused(name)) {
      const [area, event] = name.split(".");
      issue(
        "warning",
        `##vso[${area}.${event}] is not allowed in this step due to policy restrictions.`,
      );
      return;
    }
    switch (name) {
      case "task.complete":
        outcome.told = worse(outcome.told, properties.result ?? "");
        outcome.message = masked(data);
        break;
      case "task.setvariable": {
        const variable = properties.variable ?? "";
        if (!task.restrictions.settableVariables.allowed.includes(variable)) {
          throw new Error(`the task may not set the variable ${variable}`);
        }
        if (data.length > mostOfVariable) {
          throw new Error(`a later step on Windows cannot bear the variable ${variable}`);
        }
        if (properties.issecret?.toLowerCase() === "true") {
          outcome.secretOutputs.push(variable);
          secrets.push(...formsOf(data));
        }
        if (isSettable(variable)) outcome.outputs[variable] = data;
        else issue("warning", `Setting variable '${variable}' has been disabled by the task.`);
        break;
      }
      case "task.setsecret":
        secrets.push(...formsOf(data));
        break;
      case "task.issue":
      case "task.logissue": {
        issue(properties.type === "error" ? "error" : "warning", data);
        break;
      }
      case "task.setprogress":
        outcome.progress.push({ percent: Number(properties.value), text: masked(data) });
        break;
      case "task.uploadsummary":
        outcome.summaries.push(readFileSync(data, "utf8"));
        outcome.summaryNames.push(path.basename(data));
        break;
      case "task.addattachment": {
        const { type, name } = properties;
        if (!type || !name) throw new Error(`the attachment ${data} lacks a type or a name`);
        if (/[<>:"/\\|?*]/.test(type + name)) {
          throw new Error(`the type or the name of the attachment ${name} can be no file's`);
        }
        const content = readFileSync(data, "utf8");
        if (type === "Distributedtask.Core.Summary") {
          outcome.summaries.push(content);
          outcome.summaryNames.push(name);
        } else {
          outcome.attachments.push({ type, name, content });
        }
        break;
      }
      case "build.addbuildtag":
      case "build.updatebuildnumber":
        if (step.variables["System.PullRequest.IsFork"] === "True") {
          failed = true;
          issue("error", "Access denied. The build service of a fork may not edit the build.");
        } else if (name === "build.addbuildtag") outcome.buildTags.push(data);
        else outcome.buildNumber = data;
        break;
      case "task.debug":
        if (step.variables["System.Debug"]?.toLowerCase() === "true") show(`##[debug]${data}`);
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
  outcome.result = outcome.told || "Succeeded";
  if (outcome.exitCode) issue("error", `The process failed with exit code ${outcome.exitCode}`);
  if (outcome.exitCode !== 0) failed = true;
  if (failed) outcome.result = worse(outcome.result, "Failed");
  return outcome;
}

/** The worse one of two results. */
function worse(one: string, other: string): string {
  return results.indexOf(other) >= results.indexOf(one) ? other : one;
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
      return [key.trim().toLowerCase(), unescaped(value)];
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
