import packed from "packed-core";
import init, { Core } from "../../dist/core/core";
import type { Effect, Event } from "../../task/src/protocol";
import { agent } from "./agent";

/** What the core did until it ended, or wanted something that the page has not. */
export interface Run {
  effects: Effect[];
  /** The paths of the files that it read or would read. */
  files: string[];
}

/** Makes the core ready. */
export async function load(): Promise<void> {
  const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  await init({ module_or_path: await new Response(unpacked).arrayBuffer() });
}

/** Runs the step as far as it goes without a cluster; files are as given, and all can be written. */
export function run(
  inputs: Record<string, string>,
  variables: Record<string, string>,
  contents: Map<string, string>,
): Run {
  const core = new Core();
  const done: Run = { effects: [], files: [] };
  const events: Event[] = [{ started: { inputs, variables, agent } }];
  for (let next = events.shift(); next; next = events.shift()) {
    const effects: Effect[] = core.handle(Date.now(), next);
    done.effects.push(...effects);
    for (const effect of effects) {
      if (effect.type === "saveFile") events.push({ written: { path: effect.path } });
      if (effect.type !== "readFile") continue;
      done.files.push(effect.path);
      events.push(answer(contents.get(effect.path)));
    }
  }
  core.free();
  return done;
}

function answer(content: string | undefined): Event {
  return content === undefined
    ? { fileNotRead: { error: "this page has no such file yet" } }
    : { fileRead: { content } };
}
