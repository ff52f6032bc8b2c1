import type { IncomingMessage, ServerResponse } from "node:http";
import type { Container, Draft, KubeObject } from "../api-server";
import { templateOf } from "../api-server/defaulting";
import { type Certificate, selfSigned } from "../network/certificate";
import { answer, textOf } from "../network/loopback";
import { LoopbackServer } from "../network/server";

/** `admission.k8s.io/v1`, AdmissionReview. */
interface Review {
  apiVersion: string;
  kind: string;
  request: { uid: string; object: KubeObject };
}

/** An admission webhook that rewrites the images of pod templates, as that of a mirror does. */
export class Webhook extends LoopbackServer<Certificate> {
  private constructor(private readonly rewrite: (image: string) => string) {
    super(selfSigned());
  }

  static start(rewrite: (image: string) => string): Promise<Webhook> {
    return new Webhook(rewrite).listening();
  }

  protected async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const review: Review = JSON.parse(await textOf(request));
    answer(response, 200, answerTo(review, this.rewrite));
  }

  /** The object that has an API server ask it, for the workloads of a namespace. */
  configuration(namespace: string): Draft {
    const url = `${this.url}/`;
    const caBundle = Buffer.from(this.certificate.certificate).toString("base64");
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
      clientConfig: { url, caBundle },
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
