import type { Workload } from "./document";

/** How something went, for its color and its sign. */
export type Tone = "good" | "warn" | "bad" | "back" | "calm";

interface Word {
  text: string;
  tone: Tone;
}

const results: Record<string, Word> = {
  Succeeded: { text: "Succeeded", tone: "good" },
  SucceededWithIssues: { text: "Succeeded with issues", tone: "warn" },
  Failed: { text: "Failed", tone: "bad" },
  Canceled: { text: "Canceled", tone: "calm" },
};

const outcomes: Record<string, Word> = {
  done: { text: "Done", tone: "good" },
  held: { text: "Image set", tone: "good" },
  unchanged: { text: "Unchanged", tone: "calm" },
  rolledBack: { text: "Rolled back", tone: "back" },
  failed: { text: "Failed", tone: "bad" },
  deleted: { text: "Deleted", tone: "bad" },
  setByAnother: { text: "Changed by another deployment", tone: "bad" },
  differs: { text: "Digest differs", tone: "bad" },
  notDone: { text: "Not finished", tone: "warn" },
};

export const resultWord = (result: string): Word => wordOf(results, result);

/** What became of a workload; one that failed itself is told from those rolled back with it. */
export function outcomeWord({ outcome, cause }: Workload): Word {
  if (outcome === "rolledBack" && cause !== undefined)
    return { text: "Failed, rolled back", tone: "bad" };
  return wordOf(outcomes, outcome);
}

/** A span of time as kubectl writes it; a short one to the tenth of a second. */
export function span(milliseconds: number): string {
  const tenths = Math.round(milliseconds / 100) / 10;
  if (Math.abs(tenths) < 10) return `${tenths}s`;
  const whole = Math.round(milliseconds / 1000);
  if (whole < 60) return `${whole}s`;
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours}h${minutes}m` : `${minutes}m${whole % 60}s`;
}

/** A sentence, from what is the end of one. */
export function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function wordOf(words: Record<string, Word>, key: string): Word {
  return (Object.hasOwn(words, key) && words[key]) || { text: sentence(key), tone: "calm" };
}
