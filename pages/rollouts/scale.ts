import { span } from "./words";

/** Where a moment stands between the change, at 0, and the end, at 1. */
export type Scale = (milliseconds: number) => number;

/** How much of the width the steps share evenly; the rest is shared out by time. */
const even = 0.4;

/**
 * A scale on which every step between two of these moments can be seen, however long another one
 * takes. Steps of the same length are drawn to scale.
 */
export function scaleOf(moments: number[], end: number): Scale {
  const until = Math.max(end, 1);
  const stops = [...new Set([0, ...moments.map((at) => Math.min(Math.max(at, 0), until)), until])];
  stops.sort((one, other) => one - other);
  const steps = stops.length - 1;
  const place = (stop: number, at: number) => (even * stop) / steps + ((1 - even) * at) / until;
  return (at) => {
    const next = stops.findIndex((stop) => stop >= at);
    if (next === -1) return 1;
    const [from = 0, to = 0] = [stops[next - 1], stops[next]];
    if (next === 0) return 0;
    return place(next - 1 + (at - from) / (to - from), at);
  };
}

export interface Label {
  text: string;
  /** Where it stands, as the scale has it. */
  at: number;
}

/** The width of the narrowest drawing and of a letter below it, in pixels. */
const [narrowest, letter] = [280, 8];

/** The times that there is room for below a drawing, the first and the last always among them. */
export function labels(scale: Scale, moments: number[], end: number): Label[] {
  const room = ({ text }: Label) => ((text.length + 1) * letter) / narrowest;
  const last = { text: span(end), at: scale(end) };
  const shown: Label[] = [{ text: "0s", at: 0 }];
  for (const moment of moments.toSorted((one, other) => one - other)) {
    const label = { text: span(moment), at: scale(moment) };
    const before = shown.at(-1) ?? label;
    const isFree = label.text !== before.text && label.at - before.at >= room(before);
    if (isFree && last.at - label.at >= room(label) + room(last)) shown.push(label);
  }
  return [...shown, last];
}
