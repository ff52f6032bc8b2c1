/** Which kubectl the packaged task runs: the one on PATH, the one of a path, or a published one. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import path from "node:path";
import { after as afterAll, beforeEach, describe, test } from "node:test";
import { version } from "../support/api-server/discovery";
import { close, listen } from "../support/network/loopback";
import { assertLogged, assertRan, release, useStage } from "../support/stage";

const stage = useStage();
const images = { images: "deployments/web app=$(ACR)/app:4125", verifyImage: "off" };
const platform = `${process.platform}/${process.arch === "x64" ? "amd64" : process.arch}`;

beforeEach(() =>
  stage.server.deployment({
    name: "web",
    containers: [{ name: "app", image: "contoso.azurecr.io/app:4124" }],
  }),
);

/** A kubectl that runs the one of this machine, and says with every call that it was it. */
function spy(): string {
  const calls = path.join(stage.temp, "calls");
  return `#!/bin/sh\necho "$@" >> '${calls}'\nexec kubectl "$@"\n`;
}

const calls = () => readFileSync(path.join(stage.temp, "calls"), "utf8").trim().split("\n");

describe("kubectlPath", () => {
  test("names the kubectl that is run", async () => {
    const kubectlPath = path.join(stage.temp, "our-kubectl");
    writeFileSync(kubectlPath, spy());
    chmodSync(kubectlPath, 0o755);
    assertRan(await stage.finish({ ...images, kubectlPath }), "Succeeded");
    assert.ok(
      calls().some((call) => call.startsWith("set image")),
      calls().join("\n"),
    );
  });

  test("names the folder that has it, between quotes", async () => {
    const kubectl = path.join(stage.temp, "kubectl");
    writeFileSync(kubectl, spy());
    chmodSync(kubectl, 0o755);
    assertRan(await stage.finish({ ...images, kubectlPath: `"${stage.temp}"` }), "Succeeded");
    assert.ok(
      calls().some((call) => call.startsWith("set image")),
      calls().join("\n"),
    );
  });

  test("is told where there is no such program", async () => {
    const kubectlPath = path.join(stage.temp, "nowhere");
    const outcome = await stage.finish({ ...images, kubectlPath });
    assertRan(outcome, "Failed");
    assertLogged(outcome, /##\[error\].*kubectl cannot be started: .*ENOENT/);
    assert.deepEqual(stage.changes, []);
  });

  test("and kubectlVersion are not taken together", async () => {
    const inputs = { ...images, kubectlPath: "/kubectl", kubectlVersion: "1.34.2" };
    const outcome = await stage.finish(inputs);
    assertRan(outcome, "Failed");
    assert.deepEqual(outcome.errors, [
      "kubectlVersion: not allowed with kubectlPath. Set only one of them. [KSI116]",
    ]);
  });
});

describe("kubectlVersion", () => {
  const asked: string[] = [];
  let files: Record<string, string> = {};
  const server = createServer((request, response) => {
    const { url = "" } = request;
    asked.push(url);
    const file = files[url];
    if (file?.startsWith("-> ")) response.writeHead(302, { location: file.slice(3) }).end();
    else response.writeHead(file === undefined ? 404 : 200).end(file);
  });
  let kubectlDownloadUrl = "";
  const listening = listen(server).then((port) => {
    kubectlDownloadUrl = `http://127.0.0.1:${port}/release`;
  });
  afterAll(() => close(server));

  const binary = `/release/v1.34.2/bin/${platform}/kubectl`;
  beforeEach(async () => {
    await listening;
    asked.length = 0;
    const program = spy();
    files = {
      "/release/stable.txt": "v1.34.2",
      "/release/stable-1.34.txt": "-> /elsewhere/stable-1.34.txt",
      "/elsewhere/stable-1.34.txt": "v1.34.2\n",
      [binary]: program,
      [`${binary}.sha256`]: createHash("sha256").update(program).digest("hex"),
    };
    mkdirSync(path.join(stage.temp, "tools"));
  });
  const run = (kubectlVersion: string) => {
    const variables = { ...release, "Agent.ToolsDirectory": path.join(stage.temp, "tools") };
    return stage.finish({ ...images, kubectlVersion, kubectlDownloadUrl }, variables);
  };

  for (const [version, first] of [
    ["1.34.2", []],
    ["v1.34.2", []],
    ["1.34", ["/release/stable-1.34.txt", "/elsewhere/stable-1.34.txt"]],
    ["stable", ["/release/stable.txt"]],
    ["latest", ["/release/stable.txt"]],
  ] as const) {
    test(`${version} is downloaded once, and then taken from the cache`, async () => {
      const outcome = await run(version);
      assertRan(outcome, "Succeeded");
      assertLogged(
        outcome,
        /^Using kubectl 1\.34\.2 at .*\/tools\/kubectl\/1\.34\.2\/\w+\/kubectl$/,
      );
      assert.ok(
        calls().some((call) => call.startsWith("set image")),
        calls().join("\n"),
      );
      assert.deepEqual(asked, [...first, `${binary}.sha256`, binary]);
      asked.length = 0;
      assertRan(await run(version), "SucceededWithIssues");
      assert.deepEqual(asked, first);
    });
  }

  test("comes from where the server sends on to", async () => {
    files["/mirror/kubectl"] = files[binary] ?? "";
    files[binary] = "-> ../../../../../mirror/kubectl";
    assertRan(await run("1.34.2"), "Succeeded");
    assert.deepEqual(asked, [`${binary}.sha256`, binary, "/mirror/kubectl"]);
  });

  for (const [what, spoilt, error] of [
    [
      "a program that is not the published one",
      { [binary]: "#!/bin/sh\necho gotcha\n" },
      /^kubectlVersion: http:\S+ cannot be downloaded: its SHA-256 is [0-9a-f]{64}, and the published one is [0-9a-f]{64}\. \[KSI406\]$/,
    ],
    [
      "no checksum",
      { [`${binary}.sha256`]: undefined },
      /^kubectlVersion: http:\S+\.sha256 not found\. Check that this version of kubectl exists\. \[KSI406\]$/,
    ],
    [
      "a checksum that is none",
      { [`${binary}.sha256`]: "<html>Sign in</html>" },
      /^kubectlVersion: unexpected answer of http:\S+\.sha256\. Check the proxies between this agent and it\. \[KSI406\]$/,
    ],
    [
      "no program",
      { [binary]: undefined },
      /^kubectlVersion: http:\S+ cannot be downloaded: it answers with status 404\. \[KSI406\]$/,
    ],
    [
      "a program that is sent on for ever",
      { [binary]: `-> ${binary}` },
      /^kubectlVersion: http:\S+ cannot be downloaded: it redirects too often, or to a URL without https\. \[KSI406\]$/,
    ],
    [
      "a page in place of the newest version",
      { "/release/stable.txt": "<html>Sign in</html>" },
      /^kubectlVersion: unexpected answer of http:\S+stable\.txt/,
    ],
    [
      "a redirect without an end",
      { "/release/stable.txt": "-> /release/stable.txt" },
      /^kubectlVersion: http:\S+stable\.txt answered with status 302\. \[KSI406\]$/,
    ],
  ] as [string, Record<string, string>, RegExp][]) {
    test(`is refused with ${what}`, async () => {
      files = { ...files, ...spoilt };
      const outcome = await run("stable");
      assertRan(outcome, "Failed");
      assert.equal(outcome.errors.length, 1, outcome.log.join("\n"));
      assert.match(outcome.errors[0] ?? "", error);
      assert.equal(outcome.message, "Nothing was changed in the cluster");
      assert.deepEqual(stage.server.requests, []);
    });
  }

  test("that is none is told", async () => {
    const outcome = await run("newest");
    assertRan(outcome, "Failed");
    assert.deepEqual(outcome.errors, [
      'kubectlVersion: invalid version "newest". Use a version such as 1.34.2, 1.34 for its newest patch, or stable for the newest release. [KSI117]',
    ]);
  });
});

test("a kubectl too far from the API server is warned of before the plan", async (t) => {
  const { gitVersion } = version;
  version.gitVersion = "v1.29.4";
  t.after(() => {
    version.gitVersion = gitVersion;
  });
  const { clientVersion } = JSON.parse(await stage.kubectl("version", "--client", "--output=json"));
  stage.server.requests.length = 0;
  const outcome = await stage.finish(images);
  assertRan(outcome, "Succeeded");
  assert.deepEqual(outcome.warnings, [
    `kubectl ${clientVersion.gitVersion} and the API server v1.29.4 are more than one minor version apart, which Kubernetes does not support. Set kubectlVersion to the version of the server. [KSI407]`,
  ]);
  const warned = outcome.log.findIndex((line) =>
    line.includes("more than one minor version apart"),
  );
  assert.ok(
    warned < outcome.log.indexOf("##[section]Plan: update 1 workload"),
    outcome.log.join("\n"),
  );
  const versions = stage.server.requests.filter(({ path }) => path === "/version");
  assert.equal(versions.length, 1);
});
