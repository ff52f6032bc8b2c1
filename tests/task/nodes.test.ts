/** The packaged task on the Nodes that agents run it with: NODES has their paths, a line each. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { coreScenarios, deploy, old } from "../support/core-scenarios";
import { selfSigned } from "../support/network/certificate";
import { Registry, registryMissing } from "../support/registry";
import { assertRan, release, useStage } from "../support/stage";

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

      const reads = execFileSync(node, ["-p", "'getCACertificates' in tls"], { encoding: "utf8" });
      const skip = reads.trim() === "true" ? registryMissing : "it reads no store of the system";
      describe("the system's store beside what the agent has", { skip: skip ?? false }, () => {
        /** A registry that is trusted by the system alone, and that wants to see who asks. */
        const asked = async (handed: { cert: boolean; ca: boolean }, store: boolean) => {
          const [client, other] = [selfSigned(), selfSigned()];
          const tls = { clients: client.certificate };
          const registry = await stage.keep(Registry.start({ tls }));
          await registry.push("app", "4125");
          const file = (name: string, text: string) => {
            writeFileSync(path.join(stage.temp, name), text);
            return path.join(stage.temp, name);
          };
          const [cert, key] = [file("client.pem", client.certificate), file("key.pem", client.key)];
          const authority = store ? registry.certificate : other;
          return stage.finish(
            {
              images: `deployments/web app=${registry.host}/app`,
              verifyImage: "required",
              dryRun: "server",
            },
            release,
            { SSL_CERT_FILE: file("system.pem", authority?.certificate ?? "") },
            {},
            {
              certificates: {
                ...(handed.cert && { cert, key }),
                ...(handed.ca && { ca: file("ca.pem", other.certificate) }),
              },
            },
          );
        };

        for (const ca of [false, true]) {
          const beside = ca ? ", beside an authority of the agent" : "";
          test(`is trusted, and the client certificate is shown${beside}`, async () => {
            assertRan(await asked({ cert: true, ca }, true), "Succeeded");
          });
        }

        test("trusts no server that it does not know", async () => {
          const outcome = await asked({ cert: true, ca: true }, false);
          assertRan(outcome, "Failed");
          assert.match(outcome.errors[0] ?? "", /the certificate of \S+ is not trusted/);
        });

        test("opens no registry that wants a client certificate without one", async () => {
          const outcome = await asked({ cert: false, ca: true }, true);
          assertRan(outcome, "Failed");
          assert.match(outcome.errors[0] ?? "", /cannot be reached/);
          assert.equal(stage.imageOf("Deployment", "web"), old);
        });
      });
    });
  }
});
