import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, afterEach, before, beforeEach } from "node:test";
import { promisify } from "node:util";
import { foldersOf, type Outcome, type RunningStep, run, type Step } from "./agent";
import { ApiServer } from "./api-server";
import { release } from "./release";
import { assertDocuments } from "./rollout-document";
import { unpackExtension } from "./vsix";

export { release };

type Values = Record<string, string>;
/** What else the agent hands over, and how it runs the step. */
export type Handed = Pick<
  Step,
  "connections" | "system" | "proxy" | "certificates" | "deploysTo" | "container" | "target"
>;
type Environment = Record<string, string | undefined>;

/** A server that a test starts. */
export interface Part {
  stop(): Promise<unknown>;
}

/** A pod, as the attachment of a run has it. */
interface Pod {
  name: string;
  ready: boolean;
  milliseconds: number;
}

/** The path of the kubectl of this machine. */
export const kubectl = execFileSync("sh", ["-c", "command -v kubectl"], {
  encoding: "utf8",
}).trim();

/** Where the packaged task runs: an API server and an agent's folder, new for every test. */
export class Stage {
  /** What the extension holds. */
  held: string[] = [];
  /** The unpacked task. */
  taskFolder = "";
  server!: ApiServer;
  /** The agent's folder, with a kubeconfig for the server. */
  temp = "";
  private readonly kept: Part[] = [];

  /** Starts the task. It asks no registry unless the inputs say so. */
  start(
    inputs: Values,
    variables: Values = release,
    environment: Environment = {},
    secrets: Values = {},
    handed: Handed = {},
  ): RunningStep {
    const { taskFolder, temp } = this;
    const kubeconfig = { KUBECONFIG: path.join(temp, "kubeconfig"), HOME: temp };
    return run({
      taskFolder,
      inputs: { verifyImage: "off", ...inputs },
      variables,
      secrets,
      ...handed,
      tempFolder: temp,
      environment: { ...kubeconfig, ...environment },
    });
  }

  /** The working directory of the step. */
  get work(): string {
    return foldersOf({ taskFolder: "", tempFolder: this.temp, variables: {} }).work;
  }

  async finish(...step: Parameters<Stage["start"]>): Promise<Outcome> {
    const outcome = await this.start(...step).outcome;
    assertDocuments(outcome);
    return outcome;
  }

  /** The image of a container in the template of a workload. */
  imageOf(kind: string, name: string, container = "app", namespace = "default"): string {
    const { spec } = this.server.get(kind, name, namespace);
    const template = kind === "CronJob" ? spec.jobTemplate.spec.template : spec.template;
    const { containers, initContainers = [] } = template?.spec ?? spec;
    const found = [...initContainers, ...containers].find(({ name }) => name === container);
    return found?.image ?? "";
  }

  /** What kubectl prints. */
  async kubectl(...args: string[]): Promise<string> {
    const env = { ...process.env, KUBECONFIG: path.join(this.temp, "kubeconfig"), HOME: this.temp };
    const { stdout } = await promisify(execFile)("kubectl", args, { env });
    return stdout;
  }

  /** An environment whose kubectl runs these lines of a shell first. */
  kubectlThat(lines: string): Record<string, string> {
    const folder = path.join(this.temp, "programs");
    mkdirSync(folder, { recursive: true });
    const program = path.join(folder, "kubectl");
    writeFileSync(program, `#!/bin/sh\n${lines}\nexec ${kubectl} "$@"\n`, { mode: 0o755 });
    return { PATH: [folder, process.env.PATH].join(path.delimiter) };
  }

  /** Stops a server of a test after it. */
  readonly keep = async <T extends Part>(starting: Promise<T>): Promise<T> => {
    const part = await starting;
    this.kept.push(part);
    return part;
  };

  async stopKept(): Promise<void> {
    for (const part of this.kept.splice(0)) await part.stop();
  }

  /** All is as it was, and the log has this error. */
  readonly assertRefused = (outcome: Outcome, error: string | RegExp): void => {
    assertRan(outcome, "Failed");
    const fits = (text: string) => (typeof error === "string" ? text === error : error.test(text));
    assert.ok(outcome.errors.some(fits), `${error} is not in\n${outcome.log.join("\n")}`);
    assert.equal(outcome.message, "Nothing was changed in the cluster");
    assert.deepEqual(this.changes, []);
  };

  /** Every request that was to change something. */
  get changes() {
    return this.server.requests.filter((request) => request.method !== "GET");
  }
}

/** A stage for the tests of a file. */
export function useStage(): Stage {
  const stage = new Stage();
  let extension: string;
  before(async () => {
    extension = mkdtempSync(path.join(tmpdir(), "kubectl-set-image-vsix-"));
    stage.held = await unpackExtension(extension);
    stage.taskFolder = path.join(extension, "task");
  });
  after(() => rmSync(extension, { recursive: true, force: true }));
  beforeEach(async () => {
    stage.server = await ApiServer.start();
    stage.temp = mkdtempSync(path.join(tmpdir(), "kubectl-set-image-task-"));
    mkdirSync(stage.work);
    writeFileSync(path.join(stage.temp, "kubeconfig"), stage.server.kubeconfig());
  });
  afterEach(async () => {
    await stage.stopKept();
    await stage.server.stop();
    rmSync(stage.temp, { recursive: true, force: true });
  });
  return stage;
}

/** Resolves once the condition holds. */
export async function until(condition: () => boolean): Promise<void> {
  for (const end = Date.now() + 60_000; !condition(); ) {
    if (Date.now() > end) throw new Error(`${condition} does not come true`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export function assertRan(outcome: Outcome, result: string): void {
  assert.equal(outcome.result, result, outcome.log.join("\n"));
  assert.equal(outcome.exitCode, 0);
}

/** The log has this line, or one like it. */
export function assertLogged(outcome: Outcome, line: string | RegExp): void {
  const fits = (text: string) => (typeof line === "string" ? text === line : line.test(text));
  assert.ok(outcome.log.some(fits), `${line} is not in\n${outcome.log.join("\n")}`);
}

/** The pods of all workloads, as the attachment tells. */
export function podsOf({ attachments }: Outcome): Pod[] {
  const { workloads } = JSON.parse(attachments[0]?.content ?? "");
  return workloads.flatMap(({ pods }: { pods: Pod[] }) => pods);
}

/** What each container has at the end of a step, by the result in its log: `deployment/web app IMAGE`. */
export function lastTable(outcome: Outcome): string[] {
  const head = outcome.log.findLastIndex((line) => /Result: /.test(line));
  assert.notEqual(head, -1, outcome.log.join("\n"));
  const rows = new Map<string, string>();
  for (const line of outcome.log.slice(head + 1)) {
    const deleted = /^✗ (\S+) {2}not rolled back: it has been deleted/.exec(line)?.[1];
    if (deleted) rows.set(`${deleted} app`, "gone");
    const [, kept, container, image] = /^✗ (\S+) {2}.*; (\S+): (.+)$/.exec(line) ?? [];
    if (kept) rows.set(`${kept} ${container}`, image ?? "");
    const [, title, name, now] =
      /^[✓↩–✗] (\S+) {2}(\S+) {2}(not known: \S+ or \S+|\S+(?: \([a-z][^)]*\))?)/.exec(line) ?? [];
    if (title && !kept) rows.set(`${title} ${name}`, now ?? "");
  }
  return [...rows].map(([name, image]) => `${name} ${image}`);
}
