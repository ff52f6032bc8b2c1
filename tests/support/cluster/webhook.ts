import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import type { Container, Draft, KubeObject } from "../api-server";
import { templateOf } from "../api-server/defaulting";
import { selfSigned } from "../network/certificate";

/** `admission.k8s.io/v1`, AdmissionReview. */
interface Review {
  apiVersion: string;
  kind: string;
  request: { uid: string; object: KubeObject };
}

/** An admission webhook that rewrites the images of pod templates, as that of a mirror does. */
export class Webhook {
  private constructor(
    private readonly server: Server,
    private readonly certificate: string,
  ) {}

  static start(rewrite: (image: string) => string): Promise<Webhook> {
    const { certificate, key } = selfSigned();
    const server = createServer({ cert: certificate, key }, async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const review: Review = JSON.parse(Buffer.concat(chunks).toString());
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify(answerTo(review, rewrite)));
    });
    return new Promise((resolve) => {
      server.listen(0, "127.0.0.1", () => resolve(new Webhook(server, certificate)));
    });
  }

  /** The object that has an API server ask it, for the workloads of a namespace. */
  configuration(namespace: string): Draft {
    const { port } = this.server.address() as AddressInfo;
    const url = `https://127.0.0.1:${port}/`;
    const rule = {
      apiGroups: ["apps"],
      apiVersions: ["v1"],
      operations: ["CREATE", "UPDATE"],
      resources: ["deployments", "statefulsets", "daemonsets"],
    };
    const webhook = {
      name: "images.kubectl-set-image.example",
      admissionReviewVersions: ["v1"],
      sideEffects: "None",
      clientConfig: { url, caBundle: Buffer.from(this.certificate).toString("base64") },
      rules: [rule],
      namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
    };
    return {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "MutatingWebhookConfiguration",
      metadata: { name: namespace },
      webhooks: [webhook],
    };
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}

function answerTo({ apiVersion, kind, request }: Review, rewrite: (image: string) => string) {
  const { uid, object } = request;
  const pod = templateOf(object)?.spec;
  const operations = (["containers", "initContainers"] as const).flatMap((list) =>
    (pod?.[list] ?? []).map(({ image }: Container, at) => ({
      op: "replace",
      path: `/spec/template/spec/${list}/${at}/image`,
      value: rewrite(image),
    })),
  );
  const patch = Buffer.from(JSON.stringify(operations)).toString("base64");
  const response = { uid, allowed: true, patchType: "JSONPatch", patch };
  return { apiVersion, kind, response };
}
