import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** A real control plane in processes of its own, with nodes that stand in for real ones. */
export class ControlPlane {
  private constructor(
    private readonly child: ChildProcess,
    private readonly lines: AsyncIterator<string>,
    readonly kubeconfig: string,
    readonly version: string,
  ) {}

  /** Starts the program that `scripts/control-plane.mjs` builds. */
  static async start(program: string, ...options: string[]): Promise<ControlPlane> {
    const child = spawn(program, options, { stdio: ["pipe", "pipe", "inherit"] });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const { kubeconfig, version } = await answer(lines);
    return new ControlPlane(child, lines, kubeconfig ?? "", version ?? "");
  }

  /** Kills the API server; what is stored stays. */
  stopApiServer(): Promise<void> {
    return this.command("stop kube-apiserver");
  }

  /** Starts it again at its address; resolves once it is ready. */
  startApiServer(): Promise<void> {
    return this.command("start kube-apiserver");
  }

  async stop(): Promise<void> {
    const exited = once(this.child, "exit");
    this.child.stdin?.end();
    await exited;
  }

  private async command(line: string): Promise<void> {
    this.child.stdin?.write(`${line}\n`);
    const { failed } = await answer(this.lines);
    if (failed) throw new Error(`${line}: ${failed}`);
  }
}

async function answer(lines: AsyncIterator<string>): Promise<Record<string, string>> {
  const { value, done } = await lines.next();
  if (done) throw new Error("the control plane has ended");
  return JSON.parse(value);
}
