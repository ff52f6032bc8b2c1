import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { ApiServer } from "../../api-server";

export const nameOf = (index: number) => `app-${index + 1}`;
const pods = 2;

/** The API server in a process of its own, with so many deployments that run. */
export class Cluster {
  private constructor(
    private readonly child: ChildProcess,
    readonly kubeconfig: string,
  ) {}

  static async start(deployments: number): Promise<Cluster> {
    const execArgv = ["--import", "tsx"];
    const child = fork(path.join(__dirname, "cluster.ts"), [String(deployments)], { execArgv });
    const [kubeconfig] = await once(child, "message");
    return new Cluster(child, kubeconfig);
  }

  /** Resolves once the last rollout has left nothing behind. */
  async settle(): Promise<void> {
    this.child.send("settle");
    await once(this.child, "message");
  }

  async stop(): Promise<void> {
    this.child.send("stop");
    await once(this.child, "exit");
  }
}

async function serve(deployments: number): Promise<void> {
  const server = await ApiServer.start();
  const names = Array.from({ length: deployments }, (_, index) => nameOf(index));
  const settle = () => Promise.all(names.map((name) => server.settled("deployment", name)));
  await Promise.all(
    names.map((name) => server.deployment({ name, replicas: pods, revisionHistoryLimit: 1 })),
  );
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

if (require.main === module) serve(Number(process.argv[2]));
