/** The packaged task on the Nodes that agents run it with: NODES has their paths, a line each. */
import path from "node:path";
import { after, before, beforeEach, describe } from "node:test";
import { coreScenarios, deploy } from "../support/core-scenarios";
import { useStage } from "../support/stage";

const nodes = (process.env.NODES ?? "").split("\n").filter(Boolean);
const own = process.execPath;

describe("the task", { skip: nodes.length === 0 && "NODES names no Node" }, () => {
  for (const node of nodes) {
    describe(`on ${path.basename(path.dirname(node))}`, () => {
      const stage = useStage();
      before(() => {
        process.execPath = node;
      });
      after(() => {
        process.execPath = own;
      });
      beforeEach(() => deploy(stage));
      coreScenarios(stage, {
        start: (inputs, variables) => stage.start(inputs, variables),
        cancel: (step) => step.cancel(),
        seen: (file) => file,
      });
    });
  }
});
