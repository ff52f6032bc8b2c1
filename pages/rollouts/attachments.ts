import { Service } from "./rest";

/** An attachment of a run. */
export interface Attachment {
  /** Which step it is of: from the stage to the task. */
  step: string[];
  /** When the step was done. */
  at?: Date;
  /** Tells it apart from the others of the run. */
  key: string;
  content(): Promise<string>;
}

/** What the task attaches its document as, by crate/src/report/document.rs. */
const kind = "kubectl-set-image";

/** The build that the page shows, as far as it is needed. */
export interface Build {
  id: number;
}

/** The stage of a release that the page shows, as far as it is needed. */
export interface Stage {
  id: number;
  releaseId: number;
}

interface Listed {
  name: string;
  createdOn?: string;
  _links?: { self?: { href?: string } };
}

interface TimelineRecord {
  id: string;
  parentId?: string;
  type: string;
  name: string;
  startTime?: string;
  finishTime?: string;
}

interface Release {
  environments: { id: number; name: string; deploySteps?: Attempt[] }[];
}

interface Attempt {
  attempt: number;
  releaseDeployPhases?: Phase[];
}

interface Phase {
  name: string;
  runPlanId?: string;
  deploymentJobs?: { tasks?: { name: string; timelineRecordId: string }[] }[];
}

/** The attachments of a build, newest first. */
export async function ofBuild({ id }: Build): Promise<Attachment[]> {
  const service = await Service.of("build");
  const build = ["build", "builds", id];
  const { value } = await service.json<{ value: Listed[] }>(
    [...build, "attachments", kind],
    "5.0-preview.2",
  );
  if (value.length === 0) return [];
  const timeline = await service.json<{ records?: TimelineRecord[] } | null>(
    [...build, "timeline"],
    "5.0",
  );
  const records = new Map((timeline?.records ?? []).map((record) => [record.id, record]));
  const found = value.flatMap((listed): Attachment[] => {
    const place = placeOf(listed);
    if (!place) return [];
    const record = records.get(place.record);
    const path = [...build, place.timeline, place.record, "attachments", kind, listed.name];
    return [
      {
        step: stepOf(record, records),
        ...at(record?.finishTime ?? record?.startTime),
        key: path.join("/"),
        content: () => service.text(path, "5.0-preview.2"),
      },
    ];
  });
  return newestFirst(found);
}

/** The attachments of every attempt of a stage, newest first. */
export async function ofStage({ id, releaseId }: Stage): Promise<Attachment[]> {
  const service = await Service.of("release");
  const path = ["Release", "releases", releaseId];
  const release = await service.json<Release>(path, "5.0");
  const stage = release.environments.find((environment) => environment.id === id);
  const attempts = stage?.deploySteps ?? [];
  const found = attempts.flatMap(({ attempt, releaseDeployPhases = [] }) =>
    releaseDeployPhases.map(async ({ name, runPlanId, deploymentJobs = [] }) => {
      if (!runPlanId) return [];
      const plan = [...path, "environments", id, "attempts", attempt, "plan", runPlanId];
      const { value } = await service.json<{ value: Listed[] }>(
        [...plan, "attachments", kind],
        "5.0-preview.1",
      );
      const tasks = deploymentJobs.flatMap(({ tasks = [] }) => tasks);
      return value.flatMap((listed): Attachment[] => {
        const place = placeOf(listed);
        if (!place) return [];
        const task = tasks.find(({ timelineRecordId }) => timelineRecordId === place.record);
        const content = [...plan, "timelines", place.timeline, "records", place.record];
        content.push("attachments", kind, listed.name);
        const again = attempts.length > 1 ? [`Attempt ${attempt}`] : [];
        return [
          {
            step: [...again, name, ...(task ? [task.name] : [])],
            ...at(listed.createdOn),
            key: content.join("/"),
            content: () => service.text(content, "5.0-preview.1"),
          },
        ];
      });
    }),
  );
  return newestFirst((await Promise.all(found)).flat());
}

/** The record of the timeline that an attachment hangs on: only its address says it. */
function placeOf({ _links }: Listed): { timeline: string; record: string } | undefined {
  const address = _links?.self?.href ?? "";
  const [, timeline, record] =
    /([0-9a-f-]{36})\/(?:records\/)?([0-9a-f-]{36})\/attachments\//i.exec(address) ?? [];
  return timeline && record ? { timeline, record } : undefined;
}

function stepOf(
  record: TimelineRecord | undefined,
  records: Map<string, TimelineRecord>,
): string[] {
  if (!record) return [];
  const above = record.parentId ? stepOf(records.get(record.parentId), records) : [];
  const isShown = ["Stage", "Job", "Task"].includes(record.type) && record.name !== "__default";
  return isShown ? [...above, record.name] : above;
}

function at(time: string | undefined): { at?: Date } {
  return time ? { at: new Date(time) } : {};
}

function newestFirst(attachments: Attachment[]): Attachment[] {
  const time = ({ at }: Attachment) => at?.getTime() ?? 0;
  return attachments.sort((a, b) => time(b) - time(a));
}
