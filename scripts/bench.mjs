import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { main, root } from "./run.mjs";
import { buildCore } from "./wasm.mjs";

/** For how long each job is repeated, in milliseconds. */
const patience = 1000;
const sizes = [10_000, 20_000];

/** What is measured: a job of a size for the core, as the events that it is made of. */
const jobs = {
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

await main(import.meta.url, async () => {
  await buildCore();
  const core = load();
  for (const [what, job] of Object.entries(jobs)) {
    const [once, twice] = sizes.map((n) => fastest(core, job(n)));
    const ratio = (twice / once).toFixed(1);
    console.log(`${what}: ${sizes[0]} in ${ms(once)}, ${sizes[1]} in ${ms(twice)}, ratio ${ratio}`);
  }
});

function load() {
  const bindings = createRequire(import.meta.url)(join(root, "dist/core/core.js"));
  bindings.initSync({ module: readFileSync(join(root, "dist/core/core_bg.wasm")) });
  return bindings.Core;
}

/** The time of the fastest round, in milliseconds, from the first event to the last effect. */
function fastest(Core, events) {
  let best = Number.POSITIVE_INFINITY;
  for (let spent = 0; spent < patience; ) {
    const core = new Core();
    const began = performance.now();
    for (const [event, chunk] of events) core.handle(0, event, chunk);
    const time = performance.now() - began;
    best = Math.min(best, time);
    spent += time;
    core.free();
  }
  return best;
}

function started(command, line, n) {
  const images = Array.from({ length: n }, (_, i) => line(i)).join("\n");
  const variables = { "System.HostType": "release", "Build.BuildId": "4125" };
  return [{ started: { inputs: { command, images }, variables } }];
}

/** What kubectl answers: n deployments of one container, each with an image of its own or this one. */
function workloads(n, image) {
  const items = Array.from({ length: n }, (_, i) => ({
    kind: "Deployment",
    metadata: { name: `app-${i}`, namespace: "shop" },
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

function ms(time) {
  return `${time.toFixed(0)} ms`;
}
