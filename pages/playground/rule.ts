/** Whether a `visibleRule` of task.json holds, such as `a = x && b != y || c = z`. */
export function holds(rule: string, values: Record<string, string>): boolean {
  return rule.split("||").some((all) => all.split("&&").every((term) => holdsTerm(term, values)));
}

function holdsTerm(term: string, values: Record<string, string>): boolean {
  const [, name = "", sign, value = ""] = /^\s*(\w+)\s*(!?=)\s*(.*?)\s*$/.exec(term) ?? [];
  return (values[name] === value) === (sign === "=");
}
