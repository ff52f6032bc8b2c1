import type { Scene } from "../scene";
import { failures } from "./failures";
import { images } from "./images";
import { owners } from "./owners";
import { patience } from "./patience";
import { rights } from "./rights";
import { rollouts } from "./rollouts";
import { undo } from "./undo";

/** What happens in a cluster, whichever it is: each is played in two, and has to end the same. */
export interface Scenario {
  name: string;
  /** Whether its pods have to come to what the names of their images say. */
  pods: boolean;
  play(scene: Scene): Promise<void>;
}

/** By what they are about. */
export const scenarios: Record<string, Scenario[]> = {
  "the lines of images": images,
  "a rollout": rollouts,
  "a rollout that fails": failures,
  "what is no failure": patience,
  "who else sets the image": owners,
  "what a run leaves, and takes back": undo,
  "who may not do all": rights,
};
