import { mkdtempSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type Outcome, type RunningStep, run } from "../support/agent";
import type { Cluster } from "../support/cluster";
import { release } from "../support/stage";
import { type Verdict, verdictOf } from "./verdict";

type Values = Record<string, string>;

/** What a step has beyond its inputs. */
export interface Setting {
  variables?: Values;
  /** The text of the kubeconfig, where it is not that of the cluster's owner. */
  kubeconfig?: string;
  onLine?: (line: string) => unknown;
}

/** A cluster, and the packaged task to run in it. */
export class Scene {
  /** What every step that ended came to, in the order of their starts. */
  readonly verdicts: Verdict[] = [];

  constructor(
    readonly cluster: Cluster,
    private readonly taskFolder: string,
  ) {}

  /** Starts the task. It asks no registry unless the inputs say so. */
  start(inputs: Values, { variables, kubeconfig, onLine }: Setting = {}): RunningStep {
    const { cluster, taskFolder } = this;
    const tempFolder = mkdtempSync(path.join(cluster.home, "agent-"));
    const KUBECONFIG = path.join(tempFolder, "kubeconfig");
    writeFileSync(KUBECONFIG, kubeconfig ?? cluster.kubeconfig());
    return run({
      taskFolder,
      inputs: { verifyImage: "off", ...inputs },
      variables: { ...release, ...variables },
      tempFolder,
      environment: { KUBECONFIG, HOME: tempFolder },
      onLine: (line) => onLine?.(line),
    });
  }

  /** Runs a step to its end, which counts for the verdict. */
  async finish(inputs: Values, setting?: Setting): Promise<Outcome> {
    const outcome = await this.start(inputs, setting).outcome;
    this.verdicts.push(verdictOf(outcome, this.cluster.namespace));
    return outcome;
  }
}
