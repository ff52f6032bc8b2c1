import { pageOf } from "./html";

const style = `
  body { width: 1100px; padding: 20px 28px 26px }
  h1 { margin-bottom: 8px; font-size: 21px; font-weight: 600 }
  h2 { margin: 20px 0 6px; font-size: 16px; font-weight: 600 }
  p { margin-bottom: 8px; overflow-wrap: anywhere }
  table { border-collapse: collapse; margin: 10px 0 }
  th, td { padding: 5px 10px; border: 1px solid #dad8d6; text-align: left; font-size: 13px }
  th { background: #f8f7f6; font-weight: 600 }
  pre { margin: 8px 0; padding: 10px 14px; background: #f5f4f3; font-size: 12.5px; line-height: 1.35 }
  ul { margin: 6px 0; padding-left: 22px }`;

/** The Markdown of the run's summary, as far as the task writes it: its texts are escaped already. */
export function summaryPage(markdown: string): string {
  const blocks = markdown.trimEnd().split(/\n{2,}/);
  return pageOf(style, blocks.map(block).join(""));
}

function block(text: string): string {
  const lines = text.split("\n");
  if (text.startsWith("# ")) return `<h1>${text.slice(2)}</h1>`;
  if (text.startsWith("## ")) return `<h2>${text.slice(3)}</h2>`;
  if (text.startsWith("    ")) return `<pre>${lines.map((line) => line.slice(4)).join("\n")}</pre>`;
  if (text.startsWith("- "))
    return `<ul>${lines.map((line) => `<li>${line.slice(2)}</li>`).join("")}</ul>`;
  if (text.startsWith("| ")) return table(lines);
  return `<p>${text}</p>`;
}

function table([head = "", _, ...rows]: string[]): string {
  const row = (line: string, cell: string) =>
    `<tr>${line
      .slice(2, -2)
      .split(" | ")
      .map((text) => `<${cell}>${text}</${cell}>`)
      .join("")}</tr>`;
  return `<table>${row(head, "th")}${rows.map((line) => row(line, "td")).join("")}</table>`;
}
