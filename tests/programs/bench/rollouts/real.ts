import { ControlPlane } from "../../../support/cluster/control-plane";
import { RealCluster } from "../../../support/cluster/real";
import { besides, type Cluster, fields, nameOf } from "./cluster";

/** A real control plane, whose pods are stood in for. */
export class RealBench implements Cluster {
  private constructor(
    private readonly controlPlane: ControlPlane,
    private readonly cluster: RealCluster,
    private readonly deployments: number,
  ) {}

  static async start(program: string, deployments: number, others: number): Promise<RealBench> {
    const controlPlane = await ControlPlane.start(program);
    const cluster = await RealCluster.start(controlPlane.kubeconfig, "bench");
    const names = Array.from({ length: deployments }, (_, index) => nameOf(index));
    const image = "example/app:0";
    const all = [
      ...names.map((name) => ({ name, ...fields })),
      ...Array.from({ length: others }, (_, index) => besides(index)),
    ];
    await cluster.create(...all.map((each) => cluster.workload("Deployment", { image, ...each })));
    const bench = new RealBench(controlPlane, cluster, all.length);
    await bench.settle();
    return bench;
  }

  get kubeconfig(): string {
    return this.cluster.kubeconfig();
  }

  settle(): Promise<void> {
    return this.cluster.allSettled("deployments", this.deployments);
  }

  async stop(): Promise<void> {
    await this.cluster.close();
    await this.controlPlane.stop();
  }
}
