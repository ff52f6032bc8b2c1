import { name, version } from "../../task/task.json";

/** The step of a pipeline with these inputs, as YAML. */
export function stepOf(inputs: Record<string, string>): string {
  const lines = Object.entries(inputs).map(([input, value]) => `    ${input}: ${scalar(value)}\n`);
  const body = lines.length > 0 ? `  inputs:\n${lines.join("")}` : "";
  return `- task: ${name}@${version.Major}\n${body}`;
}

/** A text as YAML has it: plain where nothing can be mistaken, lines as they are, or else quoted. */
function scalar(text: string): string {
  if (isPlain(text)) return text;
  if (isBlock(text)) return `|-\n${text.replace(/^(?=.)/gm, "      ")}`;
  return JSON.stringify(text).replace(/[\u007f-\uffff]/g, escaped);
}

/** No sign that starts anything else, no comment or mapping in it, and no other type than a text. */
function isPlain(text: string): boolean {
  if (["true", "false"].includes(text) || /^(0|[1-9]\d{0,8})$/.test(text)) return true;
  const isWord = /^[A-Za-z/$][\x20-\x7e]*$/.test(text) && !/: |:$| #| $/.test(text);
  return isWord && !/^(null|yes|no|on|off|y|n|true|false)$/i.test(text);
}

/** Several lines that are kept by a block: printable, the first one neither empty nor indented. */
function isBlock(text: string): boolean {
  const isPrintable = /^[\x20-\x7e\n\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe]*$/.test(text);
  return isPrintable && /^\S.*\n/.test(text) && !text.endsWith("\n") && !/^ +$/m.test(text);
}

function escaped(sign: string): string {
  return `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
