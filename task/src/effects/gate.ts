import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import type { Agent, ClientRequest, RequestOptions } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import * as tl from "azure-pipelines-task-lib/task";
import type { ApiRequest, Launch } from "../protocol";
import type { Kubectl, Report } from "./kubectl";

/** The longest path of a socket, in bytes: that of macOS, which has the shortest. */
const longestPath = 103;
/** How often it is tried whether the proxy takes connections, in milliseconds. */
const tryEvery = 10;

/** Where the proxy listens, as a request is told of it. */
type Address = Pick<RequestOptions, "socketPath" | "host" | "port" | "headers">;

/** Node's HTTP: loaded while the proxy starts, since a step without it has no use for it. */
const http = () => require("node:http") as typeof import("node:http");

/** The way to the API server: `kubectl proxy`, and the requests that go through it. */
export class Gate {
  private address: Address | undefined;
  private folder: string | undefined;
  private agent: Agent | undefined;
  private readonly asked = new Map<number, ClientRequest>();

  constructor(
    private readonly kubectl: Kubectl,
    private readonly report: Report,
  ) {}

  open(gate: Launch): void {
    this.close();
    const { process: id } = gate;
    try {
      if (process.platform === "win32") this.openPort(gate);
      else this.openSocket(gate);
      this.agent ??= new (http().Agent)({ keepAlive: true });
    } catch (error) {
      this.report({ notStarted: { process: id, error: words(error) } });
    }
  }

  send(call: number, { method, path, contentType, body }: ApiRequest): void {
    if (!this.address) {
      this.report({ responseEnded: { call, error: "kubectl proxy does not run" } });
      return;
    }
    const headers: Record<string, string> = { ...(this.address.headers as object) };
    headers.accept = "application/json, */*";
    if (body) headers["content-type"] = contentType;
    const asked = http().request({ ...this.address, agent: this.agent, method, path, headers });
    this.asked.set(call, asked);
    const end = (error: string | null) => {
      if (this.asked.delete(call)) this.report({ responseEnded: { call, error } });
    };
    asked.on("response", (response) => {
      const { statusCode: status = 0 } = response;
      const headers = Object.entries(response.headers).map(([name, value]): [string, string] => [
        name,
        String(value),
      ]);
      this.report({ responseBegan: { call, status, headers } });
      response.on("data", (chunk: Buffer) => {
        if (this.asked.has(call)) this.report({ responseChunk: { call } }, chunk);
      });
      response.on("end", () => end(null));
      response.on("error", (error) => end(words(error)));
    });
    asked.on("error", (error) => end(words(error)));
    asked.end(body);
  }

  abort(call: number): void {
    const asked = this.asked.get(call);
    this.asked.delete(call);
    asked?.destroy();
  }

  /** Removes what the proxy leaves behind. */
  close(): void {
    this.address = undefined;
    if (this.folder) rmSync(this.folder, { recursive: true, force: true });
    this.folder = undefined;
  }

  /** A socket in a folder that only this user can enter (mkdtemp makes it so). */
  private openSocket(gate: Launch): void {
    this.folder = privateFolder();
    const socketPath = path.join(this.folder, "s");
    const { process: id } = gate;
    this.kubectl.start({ ...gate, args: [...gate.args, `--unix-socket=${socketPath}`] });
    const knock = () => {
      const socket = connect(socketPath);
      socket.on("connect", () => {
        socket.destroy();
        this.opened(id, { socketPath, headers: { host: "localhost" } });
      });
      socket.on("error", () => {
        if (this.kubectl.runs(id)) setTimeout(knock, tryEvery);
      });
    };
    if (this.kubectl.runs(id)) setTimeout(knock, 4 * tryEvery);
  }

  /** A port of this machine, and a name that requests have to know. */
  private openPort(gate: Launch): void {
    const host = `${randomBytes(16).toString("hex")}.localhost`;
    const { process: id } = gate;
    const args = [...gate.args, "--port=0", `--accept-hosts=^${host}$`];
    this.kubectl.start({ ...gate, args }, (line) => {
      const port = /127\.0\.0\.1:(\d+)/.exec(line)?.[1];
      if (port) this.opened(id, { host: "127.0.0.1", port, headers: { host } });
    });
  }

  private opened(id: number, address: Address): void {
    if (!this.kubectl.runs(id) || this.address) return;
    this.address = address;
    this.report({ gateOpened: { process: id } });
  }
}

/** A folder of this user alone, in which the path of a socket is short enough. */
function privateFolder(): string {
  const folders = [
    tl.getVariable("Agent.TempDirectory"),
    process.env.XDG_RUNTIME_DIR,
    tmpdir(),
    "/tmp",
  ];
  const problems: string[] = [];
  for (const folder of folders) {
    if (!folder) continue;
    const prefix = path.join(folder, "gate-");
    if (Buffer.byteLength(prefix) + "XXXXXX/s".length > longestPath) {
      problems.push(`the path ${folder} is too long`);
      continue;
    }
    try {
      return mkdtempSync(prefix);
    } catch (error) {
      problems.push(words(error));
    }
  }
  throw new Error(`no folder for its socket: ${problems.join("; ")}`);
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
