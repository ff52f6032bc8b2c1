import { drawing } from "../element";
import type { Tone } from "./words";

const strokes: Record<Tone, string> = {
  good: "M4.5 8.2 7 10.7 11.5 5.6",
  warn: "M8 4.2v4.6M8 11.4v.4",
  bad: "M5.3 5.3 10.7 10.7M10.7 5.3 5.3 10.7",
  back: "M5 6.6h4.4a2.2 2.2 0 0 1 0 4.4H6.6M7.1 4.4 4.9 6.6 7.1 8.8",
  calm: "M4.8 8h6.4",
};

/** A round sign beside a word that says the same. */
export function sign(tone: Tone): SVGElement {
  return drawing(
    "svg",
    { class: `sign ${tone}`, viewBox: "0 0 16 16", "aria-hidden": "true" },
    drawing("circle", { cx: "8", cy: "8", r: "8" }),
    drawing("path", { d: strokes[tone] }),
  );
}
