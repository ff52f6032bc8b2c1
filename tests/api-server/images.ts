/** What becomes of a container, by its image. */
export type BehaviourKind =
  | "runs"
  | "image-not-found"
  | "crash-loop"
  | "never-ready"
  | "invalid-name"
  | "config-error"
  | "oom-killed"
  | "unschedulable";

export interface Behaviour {
  kind: BehaviourKind;
  /** Milliseconds from the start of the container until it is ready, or until it crashes. */
  after?: number;
  /** What the container prints. */
  log?: string;
  /** With crash-loop: the exit code, 1 unless told. */
  exitCode?: number;
}

interface Rule {
  pattern: string | RegExp;
  behaviour: Behaviour;
}

/** The behaviours of images; the newest rule that fits an image decides. */
export class Images {
  private readonly rules: Rule[] = [];

  constructor(private readonly changed: () => void) {}

  behave(pattern: string | RegExp, behaviour: BehaviourKind | Behaviour): void {
    const given = typeof behaviour === "string" ? { kind: behaviour } : behaviour;
    this.rules.unshift({ pattern, behaviour: given });
    this.changed();
  }

  behaviourOf(image: string): Behaviour {
    const rule = this.rules.find(({ pattern }) =>
      typeof pattern === "string" ? pattern === image : pattern.test(image),
    );
    return rule?.behaviour ?? { kind: "runs" };
  }
}
