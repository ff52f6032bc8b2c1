/**
 * This task against bare kubectl, on the same small API server in one run: the time until all pods
 * run the new image, and what it takes. `--quick` measures less, `--cluster` on a real control plane.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { type Command, commandOf } from "../../support/agent";
import { builtTask } from "../../support/repository";
import { type Cluster, nameOf, SmallCluster } from "./rollouts/cluster";
import { type Cost, measure } from "./rollouts/measure";
import { RealBench } from "./rollouts/real";

interface Case {
  /** How many are rolled. */
  deployments: number;
  /** How many more there are in the namespace. */
  others?: number;
  images: "one" | "distinct";
}

/** A cost, and how many kubectl processes were started. */
type Result = Cost & { processes: number };

const flag = { type: "boolean", default: false } as const;
const { values } = parseArgs({ options: { quick: flag, cluster: flag } });
const rounds = ({ deployments }: Case) => (values.quick ? 1 : deployments < 100 ? 5 : 3);
const cases: Case[] = [
  { deployments: 1, images: "one" },
  ...(values.quick ? [20] : [20, 100]).flatMap((deployments): Case[] => [
    { deployments, images: "one" },
    { deployments, images: "distinct" },
  ]),
  { deployments: 1, others: 999, images: "one" },
];

const folder = mkdtempSync(path.join(tmpdir(), "bench-"));
const kubectl = execFileSync("sh", ["-c", "command -v kubectl"], { encoding: "utf8" }).trim();
const started = path.join(folder, "started");

/** A kubectl that notes each start: a millisecond each, for both. */
function countingKubectl(): string {
  const programs = path.join(folder, "programs");
  mkdirSync(programs);
  const script = `#!/bin/sh\necho >> '${started}'\nexec '${kubectl}' "$@"\n`;
  writeFileSync(path.join(programs, "kubectl"), script);
  chmodSync(path.join(programs, "kubectl"), 0o755);
  return [programs, process.env.PATH].join(path.delimiter);
}

const PATH = countingKubectl();

/** Node reads this file at its own start, which takes as long as the task's: kubectl does not. */
const withoutAuthorities = { NODE_EXTRA_CA_CERTS: undefined };

/** What both are told: the image for each deployment, by index. */
function imageOf({ images }: Case, index: number, round: string): string {
  return images === "one" ? `example/app:${round}` : `example/app-${index + 1}:${round}`;
}

function bareKubectl(of: Case, round: string, cwd: string, env: NodeJS.ProcessEnv): Command {
  const targets = indices(of).map((index) => `deployments/${nameOf(index)}`);
  const settings =
    of.images === "one"
      ? [`kubectl set image ${targets.join(" ")} app=${imageOf(of, 0, round)}`]
      : targets.map((target, i) => `kubectl set image ${target} app=${imageOf(of, i, round)}`);
  const waits = targets.map((target) => `kubectl rollout status ${target}`);
  return { program: "bash", args: ["-c", [...settings, ...waits].join(" &&\n")], cwd, env };
}

function thisTask(of: Case, round: string, cwd: string, env: NodeJS.ProcessEnv): Command {
  const images = indices(of)
    .map((index) => `deployments/${nameOf(index)} app=${imageOf(of, index, round)}`)
    .join("\n");
  const variables = { "System.HostType": "release", "Build.BuildId": "1" };
  return commandOf({
    taskFolder: builtTask,
    inputs: { images, verifyImage: "off" },
    variables,
    tempFolder: cwd,
    environment: env,
  });
}

function indices({ deployments }: Case): number[] {
  return Array.from({ length: deployments }, (_, index) => index);
}

const contenders = {
  task: {
    command: thisTask,
    good: (code: number | null, said: string) => code === 0 && /result=Succeeded;/.test(said),
  },
  kubectl: { command: bareKubectl, good: (code: number | null) => code === 0 },
};

/** One rollout, in a home of its own: kubectl knows nothing of the cluster, as on a fresh agent. */
async function once(
  who: keyof typeof contenders,
  of: Case,
  round: string,
  cluster: Cluster,
): Promise<Result> {
  const home = mkdtempSync(path.join(folder, "home-"));
  const kubeconfig = path.join(home, "kubeconfig");
  writeFileSync(kubeconfig, cluster.kubeconfig);
  writeFileSync(started, "");
  const { command, good } = contenders[who];
  const env = {
    ...process.env,
    ...withoutAuthorities,
    PATH,
    HOME: home,
    KUBECONFIG: kubeconfig,
  };
  const cost = await measure(command(of, round, home, env), good);
  await cluster.settle();
  return { ...cost, processes: readFileSync(started, "utf8").length };
}

async function compare(of: Case): Promise<Record<keyof typeof contenders, Result>> {
  const cluster = await (values.cluster
    ? RealBench.start(process.env.CONTROL_PLANE ?? "", of.deployments, of.others ?? 0)
    : SmallCluster.start(of.deployments, of.others ?? 0));
  const results: Record<keyof typeof contenders, Result[]> = { task: [], kubectl: [] };
  try {
    for (let round = 0; round < rounds(of); round += 1) {
      const order = ["task", "kubectl"] as const;
      for (const who of round % 2 === 0 ? order : [...order].reverse()) {
        results[who].push(await once(who, of, `${round}-${who}`, cluster));
      }
    }
  } finally {
    await cluster.stop();
  }
  return { task: medians(results.task), kubectl: medians(results.kubectl) };
}

function medians(results: Result[]): Result {
  const median = (field: keyof Result) => medianOf(results.map((result) => result[field]));
  return {
    wall: median("wall"),
    cpu: median("cpu"),
    memory: median("memory"),
    largest: median("largest"),
    own: median("own"),
    processes: median("processes"),
  };
}

function medianOf(values: number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

/** How long the task takes that computes a tag, and node that does nothing: seconds. */
async function starts(): Promise<{ task: number; node: number }> {
  const home = mkdtempSync(path.join(folder, "home-"));
  const step = commandOf({
    taskFolder: builtTask,
    inputs: { command: "computeTag", images: "example/app" },
    variables: { "System.HostType": "build", "Build.BuildId": "1" },
    tempFolder: home,
    environment: { HOME: home, ...withoutAuthorities },
  });
  const empty = path.join(home, "empty.js");
  writeFileSync(empty, "");
  const task: number[] = [];
  const node: number[] = [];
  for (let round = 0; round < (values.quick ? 5 : 30); round += 1) {
    task.push((await measure(step, (_, said) => /result=Succeeded;/.test(said))).wall);
    node.push((await measure({ ...step, args: [empty] }, (code) => code === 0)).wall);
  }
  return { task: medianOf(task), node: medianOf(node) };
}

const columns: [name: string, field: keyof Result, show: (value: number) => string][] = [
  ["wall", "wall", (value) => `${value.toFixed(2)} s`],
  ["CPU", "cpu", (value) => `${value.toFixed(2)} s`],
  ["memory of all", "memory", megabytes],
  ["largest process", "largest", megabytes],
  ["kubectl started", "processes", String],
];

function milliseconds(seconds: number): string {
  return `${Math.round(seconds * 1000)} ms`;
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}

function row({ deployments, others, images }: Case, task: Result, kubectl: Result): string[] {
  const what = others
    ? `${deployments} of ${deployments + others} deployments`
    : `${deployments} deployment${deployments === 1 ? "" : "s"}`;
  const which = deployments === 1 ? "" : images === "one" ? ", one image" : ", an image each";
  return [
    `${what}${which}`,
    ...columns.map(([, field, show]) => {
      const ratio = kubectl[field] === 0 ? "-" : (task[field] / kubectl[field]).toFixed(2);
      return `${ratio} (${show(task[field])} : ${show(kubectl[field])})`;
    }),
    megabytes(task.own),
  ];
}

function print(rows: string[][]): void {
  const widths = rows[0]?.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  for (const row of rows) {
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths?.[column] ?? 0))
        .join("  ")
        .trimEnd(),
    );
  }
}

async function main(): Promise<void> {
  const rows = [["", ...columns.map(([name]) => name), "the task's own process"]];
  for (const of of cases) {
    const { task, kubectl } = await compare(of);
    rows.push(row(of, task, kubectl));
    console.log(`  ${rows.at(-1)?.slice(0, 2).join(": wall ")}`);
  }
  const { task, node } = await starts();
  console.log(`
This task : bare kubectl, and their ratio, below 1 where this task takes less.
Medians of rounds in turns (${cases.map(rounds).join(", ")}), ${cpus().length} processors, Node ${process.version}, ${kubectl}.
Bare kubectl is \`kubectl set image ... && kubectl rollout status ...\`: one set image for one image
or one for each, then one rollout status after another. Given names, kubectl itself sends 10 requests
at once and then 5 a second, so one set image of many takes (2 x deployments - 10) / 5 s. Both roll
the same deployments of 2 pods on ${values.cluster ? "a real kube-apiserver" : "an API server"} in a process of its own, whose work is not counted.
Processor time is what the system counts for the whole tree of processes; memory is sampled every
20 ms and counts what processes share once for each (0 where there is no /proc). NODE_EXTRA_CA_CERTS
is not set: Node reads that file at its own start, for about 100 ms.
Start of the task (computeTag) over node's own: ${(task / node).toFixed(2)} (${milliseconds(task)} : ${milliseconds(node)}).
`);
  print(rows);
}

main().then(
  () => rmSync(folder, { recursive: true, force: true }),
  (error: Error) => {
    rmSync(folder, { recursive: true, force: true });
    console.error(error.message);
    process.exitCode = 1;
  },
);
