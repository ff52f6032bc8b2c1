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
  /** What was to run in it when the release was made. */
  deployPhasesSnapshot?: { workflowTasks?: { taskId: string; definitionType?: string }[] }[];
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
  attempt?: number;
}

interface Timeline {
  records?: TimelineRecord[];
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

/** The attachments of a build, of all its attempts, newest first. */
export async function ofBuild({ id }: Build): Promise<Attachment[]> {
  const service = await Service.of("build");
  const build = ["build", "builds", id];
  const { value } = await service.json<{ value: Listed[] }>(
    [...build, "attachments", kind],
    "5.0-preview.2",
  );
  const places = value.flatMap((listed) => {
    const place = placeOf(listed);
    return place ? [{ ...place, name: listed.name }] : [];
  });
  if (places.length === 0) return [];
  const records = new Map<string, TimelineRecord>();
  const learn = async (...timeline: string[]) => {
    // Without it the attachments are shown all the same.
    const known = await service
      .json<Timeline | null>([...build, "timeline", ...timeline], "5.0")
      .catch(() => null);
    for (const record of known?.records ?? []) records.set(record.id, record);
  };
  await learn();
  // The records of earlier attempts are in timelines of their own.
  const unknown = places.filter(({ record }) => !records.has(record));
  await Promise.all([...new Set(unknown.map(({ timeline }) => timeline))].map((one) => learn(one)));
  const attempts = new Set(places.map(({ record }) => records.get(record)?.attempt ?? 1));
  const found = places.map(({ timeline, record: recordId, name }): Attachment => {
    const record = records.get(recordId);
    const path = [...build, timeline, recordId, "attachments", kind, name];
    const again = attempts.size > 1 && record ? [`Attempt ${record.attempt ?? 1}`] : [];
    return {
      step: [...again, ...stepOf(record, records)],
      ...at(record?.finishTime ?? record?.startTime),
      key: path.join("/"),
      content: () => service.text(path, "5.0-preview.2"),
    };
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
  const lists = attempts.flatMap(({ attempt, releaseDeployPhases = [] }) =>
    releaseDeployPhases.map(async ({ name, runPlanId, deploymentJobs = [] }) => {
      if (!runPlanId) return [];
      const again = attempts.length > 1 ? [`Attempt ${attempt}`] : [];
      const plan = [...path, "environments", id, "attempts", attempt, "plan", runPlanId];
      try {
        return await ofPlan(service, plan, [...again, name], deploymentJobs);
      } catch (error) {
        return error;
      }
    }),
  );
  const answers = await Promise.all(lists);
  const found = answers.flatMap((answer) => (Array.isArray(answer) ? answer : []));
  const errors = answers.filter((answer) => !Array.isArray(answer));
  if (errors.length > 0 && found.length === 0) throw errors[0];
  return [...newestFirst(found), ...errors.map(missing)];
}

/** The attachments of a phase of a stage. */
async function ofPlan(
  service: Service,
  plan: (string | number)[],
  above: string[],
  jobs: NonNullable<Phase["deploymentJobs"]>,
): Promise<Attachment[]> {
  const { value } = await service.json<{ value: Listed[] }>(
    [...plan, "attachments", kind],
    "5.0-preview.1",
  );
  const tasks = jobs.flatMap(({ tasks = [] }) => tasks);
  return value.flatMap((listed): Attachment[] => {
    const place = placeOf(listed);
    if (!place) return [];
    const task = tasks.find(({ timelineRecordId }) => timelineRecordId === place.record);
    const content = [...plan, "timelines", place.timeline, "records", place.record];
    content.push("attachments", kind, listed.name);
    return [
      {
        step: [...above, ...(task ? [task.name] : [])],
        ...at(listed.createdOn),
        key: content.join("/"),
        content: () => service.text(content, "5.0-preview.1"),
      },
    ];
  });
}

/** Stands for those that could not be listed beside others. */
function missing(error: unknown, place: number): Attachment {
  return { step: [], key: `missing ${place} ${error}`, content: () => Promise.reject(error) };
}

/**
 * Whether a stage is known to have no step of this task. What a task group has in it is not known.
 */
export function isWithout(stage: Stage | undefined, taskIds: string[]): boolean {
  const phases = stage?.deployPhasesSnapshot;
  if (!phases) return false;
  const tasks = phases.flatMap(({ workflowTasks = [] }) => workflowTasks);
  return !tasks.some(
    ({ taskId, definitionType }) =>
      definitionType === "metaTask" || taskIds.includes(taskId.toLowerCase()),
  );
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
