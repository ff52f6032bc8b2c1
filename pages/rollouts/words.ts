/** How something went, for its colour and its sign. */
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
  held: { text: "Set", tone: "good" },
  unchanged: { text: "Unchanged", tone: "calm" },
  rolledBack: { text: "Rolled back", tone: "back" },
  failed: { text: "Failed", tone: "bad" },
  deleted: { text: "Deleted meanwhile", tone: "bad" },
  setByAnother: { text: "Changed by somebody else", tone: "bad" },
  notDone: { text: "Not done", tone: "warn" },
};

export const resultWord = (result: string): Word => wordOf(results, result);
export const outcomeWord = (outcome: string): Word => wordOf(outcomes, outcome);

/** A time span, as exact as a reader wants it. */
export function span(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** A sentence, from what is the end of one. */
export function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function wordOf(words: Record<string, Word>, key: string): Word {
  return (Object.hasOwn(words, key) && words[key]) || { text: sentence(key), tone: "calm" };
}
