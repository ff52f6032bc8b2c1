import { createHash } from "node:crypto";
import type { Clock } from "./clock";

/** What becomes of a container, by its image. */
export type BehaviourKind =
  | "runs"
  /** The pull fails, with a registry's words. */
  | "image-not-found"
  | "access-denied"
  | "rate-limited"
  | "registry-error"
  /** The container is never created. */
  | "invalid-name"
  | "config-error"
  /** It ends again and again: by itself, by the kernel, or by a probe of the kubelet. */
  | "crash-loop"
  | "oom-killed"
  | "liveness-failing"
  | "startup-failing"
  /** Its postStart hook fails, and the kubelet ends it; the program itself ends well. */
  | "hook-fails"
  /** Its pod is evicted, for more than its own emptyDir may hold. */
  | "exceeds-limit"
  /** It runs, and its readiness probe fails. */
  | "never-ready"
  /** Its pod does not end, as on a node that does not answer. */
  | "stays"
  /** Its pod finds no node. */
  | "unschedulable"
  /** Its pod is not let in. */
  | "over-quota"
  | "denied-by-webhook"
  | "denied-by-policy";

export interface Behaviour {
  kind: BehaviourKind;
  /** Milliseconds from the start of the container until it is ready, or until it ends. */
  after?: number;
  /** What the container prints. */
  log?: string;
  /** The node has removed the log of a run that another has followed. */
  logRemoved?: boolean;
  /** With crash-loop: the exit code, 1 unless told; with exceeds-limit: how the program ends. */
  exitCode?: number;
  /** With unschedulable: what an autoscaler says. */
  autoscaler?: "works" | "refuses";
  /** What the registry, the kubelet, the probe, the scheduler or the webhook says. */
  message?: string;
  /** Milliseconds from the first container that meets it until it is over and the image runs. */
  heals?: number;
}

interface Rule {
  pattern: string | RegExp;
  behaviour: Behaviour;
  met: boolean;
}

/** The behaviours of images; the newest rule that fits an image decides. */
export class Images {
  /** A mutating webhook: the image that a pod gets for the one its template names. */
  mirror = (image: string): string => image;
  private readonly rules: Rule[] = [];
  /** How often a tag was pushed again, and what each node has of it. */
  private readonly pushes = new Map<string, number>();
  private readonly copies = new Map<string, string>();
  private readonly named = new Map<string, string>();

  constructor(
    private readonly clock: Clock,
    private readonly changed: () => void,
  ) {}

  behave(pattern: string | RegExp, behaviour: BehaviourKind | Behaviour): void {
    const given = typeof behaviour === "string" ? { kind: behaviour } : behaviour;
    this.rules.unshift({ pattern, behaviour: given, met: false });
    this.changed();
  }

  behaviourOf(image: string): Behaviour {
    const rule = this.rules.find(({ pattern }) =>
      typeof pattern === "string" ? pattern === image : pattern.test(image),
    );
    if (rule === undefined) return { kind: "runs" };
    const { heals } = rule.behaviour;
    if (heals !== undefined && !rule.met) {
      this.clock.after(heals, () => {
        rule.behaviour = { kind: "runs" };
        this.changed();
      });
    }
    rule.met = true;
    return rule.behaviour;
  }

  /** The tag names other content from now on. */
  pushAgain(image: string): void {
    this.pushes.set(image, (this.pushes.get(image) ?? 0) + 1);
  }

  /** A registry has this digest for the reference from now on. */
  names(image: string, digest: string): void {
    this.named.set(image, digest);
  }

  /** The digest of what a reference names now. */
  digestOf(image: string): string {
    const [, pinned = this.named.get(image)] = image.split("@");
    const content = `${image}${"+".repeat(this.pushes.get(image) ?? 0)}`;
    return pinned ?? `sha256:${createHash("sha256").update(content).digest("hex")}`;
  }

  /** What a node runs by a pull policy: its copy where it has one and need not look. */
  pull(image: string, node: string, policy: unknown): string {
    const place = `${node} ${image}`;
    const copy = policy === "Always" ? undefined : this.copies.get(place);
    const digest = copy ?? this.digestOf(image);
    this.copies.set(place, digest);
    return digest;
  }
}
