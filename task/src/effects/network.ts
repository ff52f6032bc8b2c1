import * as tl from "azure-pipelines-task-lib/task";
import type * as Network from "../network";
import { load } from "../packed";
import type { Event, Request } from "../protocol";
import type { Report } from "./kubectl";

/** Asks servers and gets tools. What it takes is loaded with the first call. */
export class Online {
  private network: typeof Network | undefined;

  constructor(private readonly report: Report) {}

  ask(call: number, request: Request): void {
    this.load()
      .ask(request)
      .then(
        ([answer, body]) => this.report({ answered: { call, answer } }, body),
        (error) => this.report({ notAnswered: { call, error: words(error) } }),
      );
  }

  findTool(name: string, file: string, version: string): Event {
    try {
      const path = this.load().findTool(name, file, version);
      return path ? { toolFound: { path } } : { toolNotFound: { error: null } };
    } catch (error) {
      return { toolNotFound: { error: words(error) } };
    }
  }

  getTool(tool: Parameters<typeof Network.getTool>[0]): void {
    this.load()
      .getTool(tool)
      .then(
        (event) => this.report(event),
        (error) => this.report({ toolNotFound: { error: words(error) } }),
      );
  }

  private load(): typeof Network {
    this.network ??= load<typeof Network>("network.js", { "azure-pipelines-task-lib/task": tl });
    return this.network;
  }
}

function words(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  if (!code || error.message.includes(code)) return error.message;
  return error.message ? `${error.message} (${code})` : code;
}
