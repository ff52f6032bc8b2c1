/** Runs pipelines of YAML: the steps of this task as an agent does, the others as far as they count. */
import { cpSync, mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import type { Connection, DeploymentTarget, Outcome } from ".";

type Values = Record<string, string>;

export interface PipelineStep {
  task?: string;
  name?: string;
  checkout?: string;
  download?: string;
  publish?: string;
  artifact?: string;
  script?: string;
  inputs?: Record<string, unknown>;
}

export interface Job {
  variables?: Values;
  steps?: PipelineStep[];
  environment?: string;
  strategy?: { runOnce: { deploy: { steps: PipelineStep[] } } };
}

export interface Stage {
  stage: string;
  /** The stages before it; that one where it is left out. */
  dependsOn?: string | string[];
  condition?: string;
  /** Somebody starts it by hand. */
  isManual?: boolean;
  jobs: Job[];
}

export interface Pipeline {
  resources?: { pipelines: { pipeline: string; source: string }[] };
  parameters?: { name: string; default: string }[];
  variables?: Values;
  stages?: Stage[];
  jobs?: Job[];
  steps?: PipelineStep[];
}

export interface TaskInput {
  name: string;
  aliases?: string[];
  type: string;
  required: boolean;
  options?: Record<string, string>;
  groupName?: string;
  visibleRule?: string;
  defaultValue: string;
}

/** What runs of pipelines share: who runs a step, and what earlier runs have left. */
export interface World {
  inputs: TaskInput[];
  /** Runs a step of this task. */
  run(
    inputs: Values,
    variables: Values,
    connections: Record<string, Connection>,
    deploysTo?: DeploymentTarget,
  ): Promise<Outcome>;
  /** The service connections by their names. */
  connections: Record<string, Connection>;
  /** The connections of the resources of environments, by names such as `shop.production`. */
  resources: Record<string, Connection>;
  /** Receives the images that are pushed. */
  pushed(repository: string, tag: string): Promise<void>;
  /** Whether a line of a shell succeeds. */
  script?(line: string): boolean;
  /** A folder in which a run and its artifacts are kept. */
  folder: string;
}

/** What a run came to: the steps of this task, in their order. */
export interface Run {
  outcomes: Outcome[];
  /** What became of each stage. */
  stages: Record<string, "Succeeded" | "Failed" | "Skipped">;
  /** The inputs of the steps of other tasks, without macros, by the tasks. */
  others: Record<string, Values>;
  /** The folder of its artifacts, a folder each. */
  artifacts: string;
}

/** Reads a pipeline, with its parameters in place. */
export function readPipeline(file: string, parameters: Values = {}): Pipeline {
  const text = readFileSync(file, "utf8");
  const { parameters: declared = [] }: Pipeline = parse(text);
  const known = new Map(declared.map(({ name, default: value }) => [name, value]));
  for (const [name, value] of Object.entries(parameters)) known.set(name, value);
  const expanded = text.replace(/\$\{\{ parameters\.(\w+) \}\}/g, (_, name) => {
    const value = known.get(name);
    if (value === undefined) throw new Error(`${file} has no parameter ${name}`);
    return value;
  });
  if (expanded.includes("${{")) throw new Error(`${file} has an expression that is not known here`);
  return parse(expanded);
}

/** The export of a classic release pipeline, as far as it is needed. */
export interface ReleaseExport {
  variables: Record<string, { value: string }>;
  environments: {
    name: string;
    variables: Record<string, { value: string }>;
    /** `conditionType` 1 is the start of the release, 2 the end of another stage. */
    conditions: { name: string; conditionType: number }[];
    deployPhases: { workflowTasks: WorkflowTask[] }[];
  }[];
}

export interface WorkflowTask {
  taskId: string;
  version: string;
  definitionType: string;
  enabled: boolean;
  inputs: Values;
}

/** The export of a classic release pipeline as a pipeline; every step of it is one of this task. */
export function ofExport({ variables, environments }: ReleaseExport): Pipeline {
  const values = (of: ReleaseExport["variables"]): Values =>
    Object.fromEntries(Object.entries(of).map(([name, { value }]) => [name, value]));
  const stages = environments.map(({ name, variables, conditions, deployPhases }) => ({
    stage: name,
    dependsOn: conditions.filter((one) => one.conditionType === 2).map((one) => one.name),
    isManual: conditions.length === 0,
    jobs: deployPhases.map(({ workflowTasks }) => ({
      variables: values(variables),
      steps: workflowTasks.map(({ inputs }) => ({ task: "KubectlSetImage@1", inputs })),
    })),
  }));
  return { variables: values(variables), stages };
}

/** Its jobs, in their order. */
export function jobsOf(pipeline: Pipeline): Job[] {
  return stagesOf(pipeline).flatMap(({ jobs }) => jobs);
}

function stagesOf({ stages, jobs, steps }: Pipeline): Stage[] {
  return stages ?? [{ stage: "", jobs: jobs ?? [{ steps: steps ?? [] }] }];
}

export function stepsOf({ steps, strategy }: Job): PipelineStep[] {
  return steps ?? strategy?.runOnce.deploy.steps ?? [];
}

/** The inputs of a step by their true names, as texts. */
export function inputsOf({ inputs = {} }: PipelineStep, known: TaskInput[]): Values {
  return Object.fromEntries(
    Object.entries(inputs).map(([written, value]) => {
      const input = known.find(({ name, aliases = [] }) => [name, ...aliases].includes(written));
      if (input === undefined) throw new Error(`the task has no input ${written}`);
      return [input.name, String(value)];
    }),
  );
}

/** Runs a pipeline; the artifacts of its pipeline resources are those of earlier runs. */
export async function runPipeline(
  world: World,
  pipeline: Pipeline,
  given: Values,
  resources: Record<string, Run> = {},
): Promise<Run> {
  const folder = path.join(world.folder, given["Build.BuildId"] ?? "");
  const run: Run = {
    outcomes: [],
    stages: {},
    others: {},
    artifacts: path.join(folder, "artifacts"),
  };
  let before: string[] = [];
  for (const stage of stagesOf(pipeline)) {
    const variables = { ...pipeline.variables, ...given };
    run.stages[stage.stage] = isToRun(stage, before, run.stages)
      ? await runStage(world, stage, variables, run, resources)
      : "Skipped";
    before = [stage.stage];
  }
  return run;
}

function isToRun(
  { dependsOn = [], condition, isManual }: Stage,
  before: string[],
  results: Run["stages"],
): boolean {
  if (isManual) return false;
  const needed = [dependsOn].flat();
  const isDone = (stage: string) => results[stage] === "Succeeded";
  if (condition === undefined) return (needed.length > 0 ? needed : before).every(isDone);
  const [, all = condition] = /^and\((.*)\)$/.exec(condition) ?? [];
  return all.split(/, */).every((part) => {
    const [, state, stage = ""] = /^(succeeded|failed)\('(\w+)'\)$/.exec(part) ?? [];
    if (state === undefined) throw new Error(`there is no such condition here: ${condition}`);
    return results[stage] === (state === "failed" ? "Failed" : "Succeeded");
  });
}

/** Runs the jobs of a stage, one after another, until a step fails. */
async function runStage(
  world: World,
  { stage, jobs }: Stage,
  given: Values,
  run: Run,
  resources: Record<string, Run>,
): Promise<"Succeeded" | "Failed"> {
  for (const [index, job] of jobs.entries()) {
    const folder = path.join(path.dirname(run.artifacts), stage, `job-${index}`);
    const variables: Values = {
      ...given,
      ...job.variables,
      "Pipeline.Workspace": folder,
      "Build.ArtifactStagingDirectory": path.join(folder, "a"),
    };
    mkdirSync(path.join(folder, "a"), { recursive: true });
    for (const step of stepsOf(job)) {
      if (step.script !== undefined) {
        if (world.script === undefined) throw new Error("there is no shell here");
        if (!world.script(expanded(step.script, variables))) return "Failed";
        continue;
      }
      const outcome = await runStep(world, step, variables, run, resources, targetOf(world, job));
      if (outcome === undefined) continue;
      run.outcomes.push(outcome);
      for (const [name, value] of Object.entries(outcome.outputs)) {
        if (step.name) variables[`${step.name}.${name}`] = value;
      }
      if (outcome.result === "Failed") return "Failed";
    }
  }
  return "Succeeded";
}

/** The environment of a deployment job, with its resource where it names one. */
function targetOf(world: World, { environment }: Job): DeploymentTarget | undefined {
  const [name, resource] = environment?.split(".") ?? [];
  if (name === undefined) return undefined;
  if (resource === undefined) return { name };
  const connection = world.resources[environment ?? ""];
  if (connection === undefined) throw new Error(`there is no environment ${environment}`);
  return { name, resource: { name: resource, connection } };
}

async function runStep(
  world: World,
  step: PipelineStep,
  variables: Values,
  { artifacts, others }: Run,
  resources: Record<string, Run>,
  target: DeploymentTarget | undefined,
): Promise<Outcome | undefined> {
  const workspace = variables["Pipeline.Workspace"] ?? "";
  const { task, download, publish, artifact = "", inputs = {} } = step;
  if (publish !== undefined) {
    const file = expanded(publish, variables);
    cpSync(file, path.join(artifacts, artifact, path.basename(file)));
  } else if (download === "current") {
    cpSync(path.join(artifacts, artifact), path.join(workspace, artifact), { recursive: true });
  } else if (download !== undefined && download !== "none") {
    const resource = resources[download];
    if (resource === undefined) throw new Error(`there is no pipeline resource ${download}`);
    const target = path.join(workspace, download, artifact);
    cpSync(path.join(resource.artifacts, artifact), target, { recursive: true });
  } else if (task === "Docker@2") {
    if (inputs.command !== "buildAndPush") return undefined;
    const [repository, tag] = [inputs.repository, inputs.tags].map(String);
    await world.pushed(expanded(repository ?? "", variables), expanded(tag ?? "", variables));
  } else if (task === "KubectlSetImage@1") {
    const typed = inputsOf(step, world.inputs);
    const connections: Record<string, Connection> = {};
    for (const { name, type } of world.inputs) {
      const connection = typed[name];
      if (!type.startsWith("connectedService:") || !connection) continue;
      const found = world.connections[connection];
      if (found === undefined) throw new Error(`there is no service connection ${connection}`);
      connections[name] = found;
      delete typed[name];
    }
    return world.run(typed, variables, connections, target);
  } else if (task !== undefined) {
    const texts = Object.entries(inputs).map(([name, value]) => [name, String(value)] as const);
    others[task] = Object.fromEntries(
      texts.map(([name, text]) => [name, expanded(text, variables)]),
    );
  } else if (download === undefined && step.checkout === undefined) {
    throw new Error(`there is no such step here: ${JSON.stringify(step)}`);
  }
  return undefined;
}

function expanded(text: string, variables: Values): string {
  return text.replace(/\$\(([^)]*)\)/g, (macro, name) => variables[name] ?? macro);
}
