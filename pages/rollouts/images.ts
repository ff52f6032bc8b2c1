import { copyButton } from "../copy";
import { element } from "../element";
import type { Container, Image, Proof } from "./document";
import { sign } from "./sign";
import type { Tone } from "./words";

/** The images of a container: the previous one, the one that was set, and what is known of them. */
export function images(container: Container, proof: Proof | undefined): HTMLElement {
  const { name, before, set, now, image } = container;
  const changed = before === set ? [] : [row("Previous image", code(before))];
  return element(
    "section",
    { class: "part" },
    element("h4", {}, "Container ", element("code", {}, name)),
    element(
      "dl",
      { class: "images" },
      ...[
        ...changed,
        row(before === set ? "Image" : "Image set", code(set)),
        row("Runs now", ...(now === undefined ? ["not known"] : which(now, before, set))),
        ...digest(container, proof),
        ...(image ? origin(image) : []),
      ].flat(),
    ),
  );
}

/**
 * An image and its successor: what both share once and quietly, what differs in full. The one that
 * is there now is bold; a successor that is gone again is struck out.
 */
export function change({ before, set, now }: Container): HTMLElement {
  if (before === set) return code(set);
  const shared = sharedStart(before, set);
  const isBack = now === before;
  return element(
    "code",
    {},
    element("span", { class: "shared" }, set.slice(0, shared)),
    element(isBack ? "b" : "span", {}, before.slice(shared)),
    element("span", { class: "arrow" }, " → "),
    element(isBack ? "s" : "b", {}, set.slice(shared)),
  );
}

type Part = HTMLElement | SVGElement | string;

function row(name: string, ...value: Part[]): HTMLElement[] {
  return [element("dt", {}, name), element("dd", {}, ...value)];
}

function which(now: string, before: string, set: string): Part[] {
  if (now === before && now === set) return ["this image, as before"];
  if (now === set) return ["the image set"];
  if (now === before) return ["the previous image"];
  return [code(now), " set by another deployment"];
}

const verdicts: Record<string, [Tone, string]> = {
  verified: ["good", "verified"],
  differs: ["bad", "differs"],
};
const unknown: [Tone, string] = ["calm", "not verified"];

/** The digest that the pods should run, and whether they do. */
function digest({ name, image }: Container, proof: Proof | undefined): HTMLElement[][] {
  const known = proof?.digests[name] ?? image?.digest;
  const isVerified = proof?.digests[name] !== undefined;
  if (known === undefined && proof === undefined) return [];
  const copied =
    known === undefined ? [] : [code(known), " ", copyButton(() => known, "the digest"), " "];
  return [row("Digest", ...copied, ...(proof ? [verdict(proof, isVerified)] : []))];
}

function verdict({ state }: Proof, isVerified: boolean): HTMLElement {
  const [tone, text] = ((state !== "verified" || isVerified) && verdicts[state]) || unknown;
  return element("span", { class: `outcome ${tone}` }, sign(tone), text);
}

/** When and from what it was built. Whoever pushed the image wrote it. */
function origin({ created, revision, source, version }: Image): HTMLElement[][] {
  const built = created === undefined ? Number.NaN : Date.parse(created);
  const time = Number.isNaN(built) ? undefined : new Date(built);
  return [
    ...(version === undefined ? [] : [row("Version", code(version))]),
    ...(time
      ? [
          row(
            "Built",
            element(
              "time",
              { datetime: time.toISOString() },
              time.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" }),
            ),
          ),
        ]
      : []),
    ...(revision === undefined ? [] : [row("Commit", code(revision))]),
    ...(source === undefined ? [] : [row("Source", link(source))]),
  ];
}

/** A link where the text is the address of a page, and else the text. */
function link(text: string): Part {
  const isPage = /^https?:\/\/[^\s/]/.test(text) && URL.canParse(text);
  if (!isPage) return code(text);
  return element("a", { href: text, target: "_blank", rel: "noopener noreferrer" }, text);
}

function code(text: string): HTMLElement {
  return element("code", {}, text);
}

/** How long the common start is, up to the end of a part of the names. */
function sharedStart(a: string, b: string): number {
  let end = 0;
  for (let at = 0; at < a.length && a[at] === b[at]; at += 1) {
    if ("/:@".includes(a.charAt(at))) end = at + 1;
  }
  return end;
}
