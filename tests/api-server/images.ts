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
  /** It runs, and its readiness probe fails. */
  | "never-ready"
  /** Its pod finds no node. */
  | "unschedulable"
  /** Its pod is not let in. */
  | "over-quota"
  | "denied-by-webhook";

export interface Behaviour {
  kind: BehaviourKind;
  /** Milliseconds from the start of the container until it is ready, or until it ends. */
  after?: number;
  /** What the container prints. */
  log?: string;
  /** With crash-loop: the exit code, 1 unless told. */
  exitCode?: number;
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
}
