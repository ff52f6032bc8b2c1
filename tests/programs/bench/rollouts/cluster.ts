import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { ApiServer } from "../../../support/api-server";

export const nameOf = (index: number) => `app-${index + 1}`;
/** What every deployment has, beside its name. */
export const fields = { replicas: 2, revisionHistoryLimit: 1 };

/** A deployment beside those that are rolled: it takes part in lists, and runs nothing. */
export const besides = (index: number) => ({ ...fields, name: `other-${index + 1}`, replicas: 0 });

/** Where so many deployments run. */
export interface Cluster {
  /** The text of a kubeconfig for it. */
  readonly kubeconfig: string;
  /** Resolves once the last rollout has left nothing behind. */
  settle(): Promise<void>;
  stop(): Promise<void>;
}

/** The small API server of the tests, in a process of its own. */
export class SmallCluster implements Cluster {
  private constructor(
    private readonly child: ChildProcess,
    readonly kubeconfig: string,
  ) {}

  static async start(deployments: number, others: number): Promise<SmallCluster> {
    const execArgv = ["--import", "tsx"];
    const numbers = [deployments, others].map(String);
    const child = fork(path.join(__dirname, "cluster.ts"), numbers, { execArgv });
    const [kubeconfig] = await once(child, "message");
    return new SmallCluster(child, kubeconfig);
  }

  async settle(): Promise<void> {
    this.child.send("settle");
    await once(this.child, "message");
  }

  async stop(): Promise<void> {
    this.child.send("stop");
    await once(this.child, "exit");
  }
}

async function serve(deployments: number, others: number): Promise<void> {
  const server = await ApiServer.start();
  const names = Array.from({ length: deployments }, (_, index) => nameOf(index));
  const settle = () => Promise.all(names.map((name) => server.settled("deployment", name)));
  const all = [
    ...names.map((name) => ({ name, ...fields })),
    ...Array.from({ length: others }, (_, index) => besides(index)),
  ];
  await Promise.all(all.map((each) => server.deployment(each)));
  process.on("message", async (asked) => {
    if (asked === "stop") {
      await server.stop();
      process.exit(0);
    }
    await settle();
    process.send?.("settled");
  });
  process.send?.(server.kubeconfig());
}

if (require.main === module) serve(Number(process.argv[2]), Number(process.argv[3]));
