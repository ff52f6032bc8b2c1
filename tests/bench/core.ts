/**
 * How long the core, as WebAssembly, takes for 10,000 and 20,000 references: to complete them with
 * a tag, and to plan them on as many workloads. Twice the work in twice the time is linear.
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import type { Event } from "../../task/src/protocol";

/** For how long each job is repeated, in milliseconds. */
const patience = process.argv.includes("--quick") ? 200 : 1000;
const sizes = [10_000, 20_000];

type Happened = [Event, Uint8Array?];

/** What is measured: a job of a size for the core, as the events that it is made of. */
const jobs: Record<string, (n: number) => Happened[]> = {
  "compute a tag for n references": (n) => [
    started("computeTag", (i) => `contoso.azurecr.io/team/app-${i}`, n),
  ],
  "plan n workloads that are named": (n) => [
    started("setImage", (i) => `deployments/app-${i} app=contoso.azurecr.io/team/app-${i}`, n),
    ...workloads(n),
  ],
  "plan n workloads found by one repository": (n) => [
    started("setImage", () => "contoso.azurecr.io/team/app", 1),
    ...workloads(n, "contoso.azurecr.io/team/app:4124"),
  ],
};

const bindings = require("../../dist/core/core");
bindings.initSync({
  module: readFileSync(path.join(__dirname, "../../dist/core/core_bg.wasm")),
});

for (const [what, job] of Object.entries(jobs)) {
  const [once = 0, twice = 0] = sizes.map((n) => fastest(job(n)));
  const ratio = (twice / once).toFixed(1);
  console.log(`${what}: ${sizes[0]} in ${ms(once)}, ${sizes[1]} in ${ms(twice)}, ratio ${ratio}`);
}

/** The time of the fastest round, in milliseconds, from the first event to the last effect. */
function fastest(events: Happened[]): number {
  let best = Number.POSITIVE_INFINITY;
  for (let spent = 0; spent < patience; ) {
    const core = new bindings.Core();
    const began = performance.now();
    for (const [event, chunk] of events) core.handle(0, event, chunk);
    const time = performance.now() - began;
    best = Math.min(best, time);
    spent += time;
    core.free();
  }
  return best;
}

function started(command: string, line: (i: number) => string, n: number): Happened {
  const images = Array.from({ length: n }, (_, i) => line(i)).join("\n");
  const variables = { "System.HostType": "release", "Build.BuildId": "4125" };
  const agent = {
    connections: {},
    system: null,
    proxy: null,
    environment: {},
    authorities: [],
    kubeconfigs: [],
    ownCluster: null,
    os: "linux",
    arch: "x64",
  };
  return [{ started: { inputs: { command, images }, variables, agent } }];
}

/** What kubectl answers: n deployments of one container, each with an image of its own or this one. */
function workloads(n: number, image?: string): Happened[] {
  const items = Array.from({ length: n }, (_, i) => ({
    kind: "Deployment",
    metadata: { name: `app-${i}`, namespace: "shop", uid: `${i}` },
    spec: {
      selector: { matchLabels: { app: `app-${i}` } },
      template: {
        spec: {
          containers: [{ name: "app", image: image ?? `contoso.azurecr.io/team/app-${i}:4124` }],
        },
      },
    },
  }));
  const chunk = Buffer.from(JSON.stringify({ kind: "List", items }));
  return [
    [{ output: { process: 1, stream: "stdout" } }, chunk],
    [{ exited: { process: 1, code: 0 } }],
  ];
}

function ms(time: number): string {
  return `${time.toFixed(0)} ms`;
}
