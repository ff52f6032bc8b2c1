import * as SDK from "azure-devops-extension-sdk";
import { id as devTaskId } from "../../task/task.dev.json";
import { id as taskId } from "../../task/task.json";
import { element } from "../element";
import {
  type Attachment,
  type Build,
  isWithout,
  ofBuild,
  ofStage,
  type Stage,
} from "./attachments";
import { read, Unreadable } from "./document";
import { NoAnswer } from "./rest";
import { followTheme } from "./theme";
import { notShown, rollout } from "./view";

const example = `- task: KubectlSetImage@1
  inputs:
    images: deployments/web app=contoso.azurecr.io/web`;

/** What is on the page: the keys of its attachments. */
let shown: string | undefined;
let showing = Promise.resolve();

/** Shows what there is, once what is on its way is there. */
function show(list: () => Promise<Attachment[]>): Promise<void> {
  showing = showing.then(() => showNow(list));
  return showing;
}

async function showNow(list: () => Promise<Attachment[]>): Promise<void> {
  try {
    const attachments = await list();
    const keys = attachments.map(({ key }) => key).join("\n");
    if (keys === shown) return;
    const sections = await Promise.all(attachments.map(section));
    replace(...(sections.length > 0 ? sections : [none()]));
    shown = keys;
  } catch (error) {
    replace(failure(wordsOf(error), list));
    shown = undefined;
  }
}

async function section(attachment: Attachment): Promise<HTMLElement> {
  try {
    return rollout(read(await attachment.content()), attachment);
  } catch (error) {
    return notShown(wordsOf(error), attachment);
  }
}

function wordsOf(error: unknown): string {
  if (error instanceof NoAnswer || error instanceof Unreadable) return error.message;
  return `The page itself failed, which is a bug in it: ${error}`;
}

function none(): HTMLElement {
  return element(
    "section",
    { class: "none" },
    element("h2", {}, "No rollout yet"),
    element(
      "p",
      {},
      "The Kubectl Set Image step adds one when it sets images or rolls them back. Compute tag, ",
      "dry runs and steps that stop before they change anything add none.",
    ),
    element("pre", { tabindex: "0", role: "region", "aria-label": "Example of a step" }, example),
  );
}

function failure(why: string, list: () => Promise<Attachment[]>): HTMLElement {
  const again = element("button", { type: "button" }, "Try again");
  again.addEventListener("click", () => show(list));
  return element(
    "section",
    { class: "none", role: "alert" },
    element("h2", {}, "The rollouts cannot be read"),
    element("p", {}, why),
    again,
  );
}

function replace(...content: HTMLElement[]): void {
  document.querySelector(".rollouts")?.replaceChildren(...content);
  document.querySelector("main")?.setAttribute("aria-busy", "false");
}

/** The page is the tab of a build run or that of a stage of a release: the host says which. */
async function start(): Promise<void> {
  followTheme();
  SDK.register("rollouts", {
    updateContext: (stage: Stage) => showStage(stage),
    isInvisible: (state?: Context) => isWithout(stageOf(state), [taskId, devTaskId]),
  });
  await SDK.init({ loaded: false });
  const { onBuildChanged, releaseEnvironment } = SDK.getConfiguration();
  if (typeof onBuildChanged === "function") {
    onBuildChanged((build: Build) => show(() => ofBuild(build)));
  } else {
    await showStage(releaseEnvironment);
  }
  await SDK.notifyLoadSucceeded();
}

/** The host hands a stage in alone at first, and as part of more when it has changed. */
type Context = Stage | { releaseEnvironment?: Stage };

function stageOf(context: Context | undefined): Stage | undefined {
  if (!context) return undefined;
  return "releaseId" in context ? context : context.releaseEnvironment;
}

function showStage(context: Context | undefined): Promise<void> {
  return show(async () => {
    const stage = stageOf(context);
    if (!stage) throw new NoAnswer("This page is for a run, or for a stage of a release.");
    return ofStage(stage);
  });
}

start();
