import { element } from "../element";

/** The little Markdown of task.json's help: paragraphs, strong words, code and links. */
export function markdown(text: string): HTMLElement[] {
  return text.split(/\n{2,}/).map((paragraph) => element("p", {}, ...spans(paragraph)));
}

function spans(text: string): (HTMLElement | string)[] {
  return text.split(/(\*\*[^*]+\*\*|`[^`]+`|\[[^\]]+\]\([^)]+\))/).map((part) => {
    if (/^\*\*.+\*\*$/.test(part)) return element("strong", {}, part.slice(2, -2));
    if (/^`.+`$/.test(part)) return element("code", {}, part.slice(1, -1));
    const [, name, href] = /^\[(.+)\]\((https:.+)\)$/.exec(part) ?? [];
    if (name && href) return element("a", { href, target: "_blank", rel: "noreferrer" }, name);
    return part;
  });
}
