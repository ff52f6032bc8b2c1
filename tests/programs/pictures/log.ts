import { escaped, pageOf } from "./html";

const style = `
  body { width: 1100px; padding: 18px 0; background: #1f1e1d; color: #e8e6e4 }
  pre { font-size: 12.5px; line-height: 1.6; white-space: pre-wrap; overflow-wrap: anywhere;
    padding: 0 24px 0 64px; text-indent: -46px }
  pre i { display: inline-block; width: 30px; margin-right: 16px; text-indent: 0; color: #8a8886;
    font-style: normal; text-align: right }
  .section { color: #72c57a; font-weight: 600 }
  .command { color: #6cb8f6 }
  .warning { color: #f2c063 }
  .error { color: #ff8f8a }`;

/** The log of a step as the page of a run shows it: numbered, and coloured by its marks. */
export function logPage(lines: string[]): string {
  const body = lines.map((line, at) => {
    const [, mark = "", text = ""] = /^(?:##\[(\w+)\])?(.*)$/.exec(line) ?? [];
    return `<pre class="${mark}"><i>${at + 1}</i>${escaped(text) || " "}</pre>`;
  });
  return pageOf(style, body.join(""));
}
