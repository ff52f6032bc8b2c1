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
  inputs?: Record<string, unknown>;
}

export interface Job {
  variables?: Values;
  steps?: PipelineStep[];
  environment?: string;
  strategy?: { runOnce: { deploy: { steps: PipelineStep[] } } };
}

export interface Pipeline {
  resources?: { pipelines: { pipeline: string; source: string }[] };
  parameters?: { name: string; default: string }[];
  variables?: Values;
  stages?: { stage: string; jobs: Job[] }[];
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
  /** A folder in which a run and its artifacts are kept. */
  folder: string;
}

/** What a run came to: the steps of this task, in their order. */
export interface Run {
  outcomes: Outcome[];
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

/** Its jobs, in their order. */
export function jobsOf({ stages, jobs, steps }: Pipeline): Job[] {
  return stages?.flatMap((stage) => stage.jobs) ?? jobs ?? [{ steps: steps ?? [] }];
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
  const number = given["Build.BuildId"] ?? "";
  const artifacts = path.join(world.folder, number, "artifacts");
  const outcomes: Outcome[] = [];
  for (const [index, job] of jobsOf(pipeline).entries()) {
    const folder = path.join(world.folder, number, `job-${index}`);
    const variables: Values = {
      ...pipeline.variables,
      ...job.variables,
      "Pipeline.Workspace": folder,
      "Build.ArtifactStagingDirectory": path.join(folder, "a"),
      ...given,
    };
    mkdirSync(path.join(folder, "a"), { recursive: true });
    for (const step of stepsOf(job)) {
      const target = targetOf(world, job);
      const outcome = await runStep(world, step, variables, artifacts, resources, target);
      if (outcome === undefined) continue;
      outcomes.push(outcome);
      for (const [name, value] of Object.entries(outcome.outputs)) {
        if (step.name) variables[`${step.name}.${name}`] = value;
      }
      if (outcome.result === "Failed") return { outcomes, artifacts };
    }
  }
  return { outcomes, artifacts };
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
  artifacts: string,
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
      if (!type.startsWith("connectedService:") || connection === undefined) continue;
      const found = world.connections[connection];
      if (found === undefined) throw new Error(`there is no service connection ${connection}`);
      connections[name] = found;
      delete typed[name];
    }
    return world.run(typed, variables, connections, target);
  } else if (download === undefined && step.checkout === undefined) {
    throw new Error(`there is no such step here: ${JSON.stringify(step)}`);
  }
  return undefined;
}

function expanded(text: string, variables: Values): string {
  return text.replace(/\$\(([^)]*)\)/g, (macro, name) => variables[name] ?? macro);
}
