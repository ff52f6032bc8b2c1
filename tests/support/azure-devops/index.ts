/**
 * The parts of Azure DevOps that the Rollouts tab meets: the page that it is a frame of, with the
 * messages of the extension SDK, and the REST API that has the attachments.
 */
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";

/** A step that attached a document. */
export interface Attached {
  /** The names of what the step is in, from the stage to the task. */
  step: string[];
  /** When it was done. */
  at: string;
  /** Which attempt of the run or the stage it was part of; the first, unless told. */
  attempt?: number;
  content: string;
}

export type Theme = "light" | "dark";

/** The colours of Azure DevOps, as far as the tab asks for them. */
const themes: Record<Theme, Record<string, string>> = {
  light: {
    "palette-primary": "0, 120, 212",
    "palette-neutral-0": "255, 255, 255",
    "palette-neutral-2": "248, 248, 248",
    "palette-neutral-10": "218, 218, 218",
    "palette-neutral-100": "0, 0, 0",
    "background-color": "rgba(var(--palette-neutral-0), 1)",
    "text-primary-color": "rgba(var(--palette-neutral-100), .9)",
    "text-secondary-color": "rgba(var(--palette-neutral-100), .55)",
  },
  dark: {
    "palette-primary": "0, 120, 212",
    "palette-neutral-0": "32, 31, 30",
    "palette-neutral-2": "37, 36, 35",
    "palette-neutral-10": "72, 70, 68",
    "palette-neutral-100": "255, 255, 255",
    "background-color": "rgba(var(--palette-neutral-0), 1)",
    "text-primary-color": "rgba(var(--palette-neutral-100), 1)",
    "text-secondary-color": "rgba(var(--palette-neutral-100), .7)",
  },
};

const project = "6b9e5a1c-0000-4000-8000-000000000001";
/** The timeline of an attempt. Only that of the last one is what a build gives unasked. */
export const timelineOf = ({ attempt = 1 }: Pick<Attached, "attempt">) =>
  `6b9e5a1c-0000-4000-8000-${String(200 + attempt).padStart(12, "0")}`;
export const planId = "6b9e5a1c-0000-4000-8000-000000000003";
const attachments = "attachments/kubectl-set-image";
const token = "the token of the tab";
const areas = {
  "965220d5-5bb9-42cf-8d67-9b146df2a5a4": "build-service",
  "efc2f575-36ef-48e9-b672-0c6fb4a48ac5": "release-service",
};

const recordId = (at: number, depth: number) =>
  `00000000-0000-4000-8000-${String(at * 10 + depth).padStart(12, "0")}`;

export class AzureDevOps {
  /** What the run has. */
  attached: Attached[] = [];
  /** What a request of the REST API is answered with instead, while this is set. */
  status: number | undefined;
  /** The paths of the REST API that were asked for. */
  readonly requests: string[] = [];
  /** Whether the sign-in of the tab has expired. */
  signedOut = false;
  /** The taskId and definitionType of what the stage was to run. */
  workflowTasks: { taskId: string; definitionType?: string }[] | undefined;
  /** What a request is answered with instead, by the end of its path. */
  readonly instead = new Map<string, unknown>();
  private readonly server: Server;

  private constructor(private readonly page: string) {
    this.server = createServer((request, response) => this.answer(request, response));
  }

  /** Serves the page in this file as the tab. */
  static async start(page: string): Promise<AzureDevOps> {
    const started = new AzureDevOps(page);
    await new Promise<void>((resolve) => started.server.listen(0, "127.0.0.1", resolve));
    return started;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  /** The address of the page of a run whose tab is open. */
  url(of: "build" | "stage", theme: Theme = "light"): string {
    const { port } = this.server.address() as AddressInfo;
    return `http://127.0.0.1:${port}/run?of=${of}&theme=${theme}`;
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "", `http://${request.headers.host}`);
    const html = { "Content-Type": "text/html; charset=utf-8" };
    if (url.pathname === "/run") {
      const theme = themes[url.searchParams.get("theme") as Theme];
      const { workflowTasks } = this;
      response.writeHead(200, html).end(hostPage(url, theme, workflowTasks));
    } else if (url.pathname === "/tab") {
      response.writeHead(200, html).end(readFileSync(this.page));
    } else if (url.pathname === "/host.js") {
      const script = readFileSync(path.join(__dirname, "host.js"));
      response.writeHead(200, { "Content-Type": "text/javascript" }).end(script);
    } else if (url.pathname === "/favicon.ico") {
      response.writeHead(204).end();
    } else {
      this.answerRest(url, request, response);
    }
  }

  private answerRest(url: URL, request: IncomingMessage, response: ServerResponse): void {
    this.requests.push(url.pathname);
    const { headers } = request;
    const isKnown = headers.authorization === `Bearer ${token}` && !this.signedOut;
    const isAsked = ["x-tfs-fedauthredirect", "x-vss-reauthenticationaction"].some(
      (name) => headers[name] !== "Suppress",
    );
    if (!isKnown && isAsked) {
      return void response.writeHead(302, { Location: "/signin" }).end("<h1>Object moved</h1>");
    }
    const status = this.status ?? (isKnown ? undefined : 401);
    if (status) return void response.writeHead(status).end("<h1>an error page</h1>");
    const answer = this.rest(decodeURIComponent(url.pathname));
    if (answer === undefined) return void response.writeHead(404).end();
    response.writeHead(200).end(typeof answer === "string" ? answer : JSON.stringify(answer));
  }

  private rest(asked: string): unknown {
    for (const [end, answer] of this.instead) if (asked.endsWith(end)) return answer;
    const build = `/build-service/${project}/_apis/build/builds/4125`;
    const release = `/release-service/${project}/_apis/Release/releases/7`;
    const last = Math.max(1, ...this.attached.map(({ attempt = 1 }) => attempt));
    const ofTimeline = (wanted: string) =>
      this.attached.flatMap((one, at) => (timelineOf(one) === wanted ? records(one, at) : []));
    if (asked === `${build}/timeline`) {
      return { records: ofTimeline(timelineOf({ attempt: last })) };
    }
    if (asked.startsWith(`${build}/timeline/`)) {
      return { records: ofTimeline(asked.split("/").at(-1) ?? "") };
    }
    if (asked === release) return { id: 7, environments: [this.stage()] };
    const listed = this.attached.map((attached, at) => {
      const plan = `${release}/environments/3/attempts/${attached.attempt ?? 1}/plan/${planId}`;
      const timeline = timelineOf(attached);
      const ofStage = `${plan}/timelines/${timeline}/records/${recordId(at, 2)}/${attachments}`;
      const ofBuild = `${build}/${timeline}/${recordId(at, 2)}/${attachments}`;
      return {
        attached,
        lists: { [`${build}/${attachments}`]: ofBuild, [`${plan}/${attachments}`]: ofStage },
      };
    });
    const found = listed.find(({ lists }) =>
      Object.values(lists).some((path) => asked === `${path}/rollout.json`),
    );
    if (found) return found.attached.content;
    const value = listed.flatMap(({ attached, lists }) => {
      const path = lists[asked];
      const href = `https://elsewhere.example${path}/rollout.json`;
      return path
        ? [{ name: "rollout.json", createdOn: attached.at, _links: { self: { href } } }]
        : [];
    });
    return asked.endsWith(`/${attachments}`) ? { count: value.length, value } : undefined;
  }

  private stage() {
    const attempts = [...new Set(this.attached.map(({ attempt }) => attempt ?? 1))];
    const deploySteps = attempts.map((attempt) => {
      const tasks = this.attached.map(({ step }, at) => ({
        name: step.at(-1),
        timelineRecordId: recordId(at, 2),
      }));
      const phase = { name: "Agent job", runPlanId: planId, deploymentJobs: [{ tasks }] };
      const notYet = { name: "Later", deploymentJobs: [] };
      return { attempt, releaseDeployPhases: [phase, notYet] };
    });
    return { id: 3, name: "Production", deploySteps };
  }
}

/** The stage, the job and the task of a timeline. */
function records({ step, at: finishTime, attempt = 1 }: Attached, at: number) {
  const types = ["Stage", "Job", "Task"];
  return step.map((name, depth) => ({
    id: recordId(at, depth),
    parentId: depth > 0 ? recordId(at, depth - 1) : null,
    type: types[depth],
    name,
    finishTime,
    attempt,
  }));
}

/** The page of a run, with the tab as its frame. A click beside the frame changes the run. */
function hostPage(
  url: URL,
  theme: Record<string, string>,
  workflowTasks: AzureDevOps["workflowTasks"],
): string {
  const locations = Object.entries(areas).map(([area, path]) => [area, `${url.origin}/${path}/`]);
  const given = {
    of: url.searchParams.get("of"),
    areas: Object.fromEntries(locations),
    project: { id: project, name: "Shop" },
    theme,
    token,
    build: { id: 4125 },
    stage: {
      ...{ id: 3, releaseId: 7, name: "Production" },
      ...(workflowTasks && { deployPhasesSnapshot: [{ workflowTasks }] }),
    },
  };
  return `<!doctype html><meta charset="utf-8"><title>A run</title>
    <style>body { margin: 0 } iframe { border: 0; width: 100vw; height: 98vh; display: block }</style>
    <iframe title="Rollouts"></iframe>
    <script type="application/json" id="given">${JSON.stringify(given)}</script>
    <script src="/host.js"></script>`;
}
