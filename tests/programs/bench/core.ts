/**
 * How long the core, as WebAssembly, takes for 10,000 and 20,000 references: to complete them with
 * a tag, and to plan them on as many workloads. Twice the work in twice the time is linear.
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import { agent } from "../../../pages/playground/agent";
import type { Effect, Event } from "../../../task/src/protocol";
import { root } from "../../support/repository";

/** For how long each job is repeated, in milliseconds. */
const patience = process.argv.includes("--quick") ? 200 : 1000;
const sizes = [10_000, 20_000];

/** What is measured: a job of a size for the core. */
interface Job {
  begin: Event;
  /** What the API server answers to a path. */
  answers: Map<string, Uint8Array>;
  /** The effect with which the work is done. */
  ends: Effect["type"];
}

const deployments = "/apis/apps/v1/namespaces/default/deployments";
const page = 500;
const version: [string, Uint8Array] = ["/version", json({ gitVersion: "v1.33.0" })];

/** Of a proxy that logs its requests: the core reads the version of kubectl there. */
const proxyLog = Buffer.from("User-Agent: kubectl/v1.33.1 (linux/amd64)\n");

const jobs: Record<string, (n: number) => Job> = {
  "compute a tag for n references": (n) => ({
    begin: started("computeTag", (i) => `contoso.azurecr.io/team/app-${i}`, n),
    answers: new Map(),
    ends: "setVariable",
  }),
  "plan n workloads that are named": (n) => ({
    begin: started(
      "setImage",
      (i) => `deployments/app-${i} app=contoso.azurecr.io/team/app-${i}`,
      n,
    ),
    answers: named(n),
    ends: "spawn",
  }),
  "plan n workloads found by one repository": (n) => ({
    begin: started("setImage", () => "contoso.azurecr.io/team/app", 1),
    answers: listed(n),
    ends: "spawn",
  }),
};

const bindings = require("../../../dist/core/core");
bindings.initSync({
  module: readFileSync(path.join(root, "dist/core/core_bg.wasm")),
});

for (const [what, job] of Object.entries(jobs)) {
  const [once = 0, twice = 0] = sizes.map((n) => fastest(job(n)));
  const ratio = (twice / once).toFixed(1);
  console.log(`${what}: ${sizes[0]} in ${ms(once)}, ${sizes[1]} in ${ms(twice)}, ratio ${ratio}`);
}

/** The time of the fastest round, in milliseconds, from the first event to the last effect. */
function fastest(job: Job): number {
  let best = Number.POSITIVE_INFINITY;
  for (let spent = 0; spent < patience; ) {
    const core = new bindings.Core();
    const began = performance.now();
    play(core, job);
    const time = performance.now() - began;
    best = Math.min(best, time);
    spent += time;
    core.free();
  }
  return best;
}

/** Plays the host and the API server, in which every request is answered at once. */
function play(core: { handle(now: number, ...event: Happened): Effect[] }, job: Job): void {
  const happened: Happened[] = [[job.begin]];
  let ended = false;
  for (const next of happened) {
    for (const effect of core.handle(0, ...next)) {
      ended ||= effect.type === job.ends;
      if (effect.type === "readFile") happened.push([{ fileNotRead: { error: "ENOENT" } }]);
      if (effect.type === "openGate") {
        happened.push([{ gateOpened: { process: effect.process } }]);
        happened.push([{ output: { process: effect.process, stream: "stderr" } }, proxyLog]);
      }
      if (effect.type === "send") happened.push(...answer(effect, job.answers));
    }
  }
  if (!ended) throw new Error(`the core never came to ${job.ends}`);
}

type Happened = [Event, Uint8Array?];

function answer(
  { call, request }: Extract<Effect, { type: "send" }>,
  answers: Job["answers"],
): Happened[] {
  const body = answers.get(request.path);
  const status = body ? 200 : 404;
  return [
    [{ responseBegan: { call, status, headers: [["content-type", "application/json"]] } }],
    [{ responseChunk: { call } }, body ?? json({ kind: "Status", code: 404, reason: "NotFound" })],
    [{ responseEnded: { call, error: null } }],
  ];
}

function started(command: string, line: (i: number) => string, n: number): Event {
  const lines = Array.from({ length: n }, (_, i) => line(i)).join("\n");
  const variables = { "System.HostType": "release", "Build.BuildId": "4125" };
  return { started: { inputs: { command, images: lines, verifyImage: "off" }, variables, agent } };
}

function named(n: number): Job["answers"] {
  const pairs = Array.from({ length: n }, (_, i): [string, Uint8Array] => [
    `${deployments}/app-${i}`,
    json(deployment(i, `contoso.azurecr.io/team/app-${i}:4124`)),
  ]);
  return new Map([version, ...pairs]);
}

/** Pages of deployments, and no workloads of another kind. */
function listed(n: number): Job["answers"] {
  const all = Array.from({ length: n }, (_, i) =>
    deployment(i, "contoso.azurecr.io/team/app:4124"),
  );
  const first = `limit=${page}`;
  const answers = new Map([version]);
  for (let from = 0; from < n; from += page) {
    const metadata = { resourceVersion: "1", continue: from + page < n ? `${from + page}` : "" };
    const query = from === 0 ? first : `${first}&continue=${from}`;
    const items = all.slice(from, from + page);
    answers.set(`${deployments}?${query}`, json({ kind: "DeploymentList", metadata, items }));
  }
  const none = json({ metadata: { resourceVersion: "1" }, items: [] });
  for (const kind of ["apps/v1/statefulsets", "apps/v1/daemonsets", "batch/v1/cronjobs"]) {
    const [group, version, name] = kind.split("/");
    answers.set(`/apis/${group}/${version}/namespaces/default/${name}?${first}`, none);
  }
  return answers;
}

function deployment(i: number, image: string) {
  return {
    kind: "Deployment",
    metadata: { name: `app-${i}`, namespace: "default", uid: `${i}`, resourceVersion: "1" },
    spec: {
      selector: { matchLabels: { app: `app-${i}` } },
      template: { spec: { containers: [{ name: "app", image }] } },
    },
  };
}

function json(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

function ms(time: number): string {
  return `${time.toFixed(0)} ms`;
}
