/** Reads variables, a line each: `name = value`. */
export function variablesOf(text: string): Record<string, string> {
  const pairs = text.split("\n").map((line) => /^\s*([^=]+?)\s*=\s*(.*?)\s*$/.exec(line));
  return Object.fromEntries(
    pairs.flatMap((pair) => (pair ? [[pair[1] ?? "", pair[2] ?? ""]] : [])),
  );
}

/** Replaces `$(name)` once, without regard to case, as the agent does; an unknown one stays. */
export function expanded(text: string, variables: Record<string, string>): string {
  const values = new Map(Object.entries(variables).map(([n, value]) => [n.toLowerCase(), value]));
  return text.replace(/\$\(([^)]*)\)/g, (macro, name) => values.get(name.toLowerCase()) ?? macro);
}
