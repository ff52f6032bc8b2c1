// Made from crate/src/host by its tests. Do not edit.

export type LogText = string;

export type Secret = string;

export type Event = { "started": { 
/**
 * The task's inputs by their names in task.json; an empty one may be missing.
 */
inputs: { [key in string]: string }, 
/**
 * The pipeline's public variables by their true names (`Build.BuildId`). No secrets.
 */
variables: { [key in string]: string }, 
/**
 * What the agent hands over beside them.
 */
agent: Agent, } } | { "output": { 
/**
 * Which process.
 */
process: number, 
/**
 * Which of its two streams.
 */
stream: Stream, } } | { "exited": { 
/**
 * Which process.
 */
process: number, 
/**
 * Its exit code; `null` when a signal ended it.
 */
code: number | null, } } | { "notStarted": { 
/**
 * Which process.
 */
process: number, 
/**
 * What the system said; `null` when there is no such program.
 */
error: string | null, } } | { "gateOpened": { 
/**
 * Which process.
 */
process: number, } } | { "responseBegan": { 
/**
 * Which request.
 */
call: number, 
/**
 * The status code.
 */
status: number, 
/**
 * Names, in lower case, and values.
 */
headers: Array<[string, string]>, } } | { "responseChunk": { 
/**
 * Which request.
 */
call: number, } } | { "responseEnded": { 
/**
 * Which request.
 */
call: number, 
/**
 * What the system said where it broke off; `null` where all of it was reported.
 */
error: string | null, } } | { "answered": { 
/**
 * Which request.
 */
call: number, 
/**
 * The answer.
 */
answer: Answer, } } | { "notAnswered": { 
/**
 * Which request.
 */
call: number, 
/**
 * What the system said.
 */
error: string, } } | { "signed": { 
/**
 * Which one.
 */
call: number, 
/**
 * The signed JWT.
 */
assertion: Secret, } } | { "notSigned": { 
/**
 * Which one.
 */
call: number, 
/**
 * What the system said.
 */
error: string, } } | { "toolFound": { 
/**
 * The path of the program.
 */
path: string, } } | { "toolMoved": { 
/**
 * Where to, as the answer has it.
 */
location: string, } } | { "toolNotFound": { 
/**
 * What the system said; `null` when the agent's cache has no such tool.
 */
error: string | null, } } | { "woken": { 
/**
 * Which one.
 */
timer: number, } } | { "fileRead": { 
/**
 * What it holds, as UTF-8 with replacement characters for what is none: all of it, or a
 * little more than the limit.
 */
content: string, } } | { "fileNotRead": { 
/**
 * What the system said.
 */
error: string, } } | { "written": { 
/**
 * Its path.
 */
path: string, } } | { "notWritten": { 
/**
 * What the system said.
 */
error: string, } } | "canceled";

export type Agent = { 
/**
 * The service connections, by the names of the inputs that name them.
 */
connections: { [key in string]: Connection }, 
/**
 * The job's own connection to Azure DevOps.
 */
system: Connection | null, 
/**
 * The proxy that the agent was set up with.
 */
proxy: AgentProxy | null, 
/**
 * The files that kubectl reads where no kubeconfig is named: those of `KUBECONFIG`, else
 * `~/.kube/config`.
 */
kubeconfigs: Array<string>, 
/**
 * The URL of the API server of the cluster whose pod the agent is, where it is one.
 */
ownCluster: string | null, 
/**
 * The variables of the agent's environment that name proxies, by their names in upper or lower
 * case: `HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY`.
 */
environment: { [key in string]: Secret }, 
/**
 * What is set so that more authorities are trusted than Node knows: `--sslcacert`,
 * `NODE_EXTRA_CA_CERTS`.
 */
authorities: Array<string>, 
/**
 * The operating system, as Node names it: `linux`, `darwin`, `win32`.
 */
os: string, 
/**
 * The processor, as Node names it: `x64`, `arm64`.
 */
arch: string, };

export type Connection = { 
/**
 * Its id, a GUID.
 */
id: string, 
/**
 * Its URL.
 */
url: string, 
/**
 * How it logs in: `ServicePrincipal`, `Token`, `UsernamePassword` …
 */
scheme: string, 
/**
 * What it logs in with, by name.
 */
parameters: { [key in string]: Secret }, 
/**
 * What else it says, by name.
 */
data: { [key in string]: string }, };

export type AgentProxy = { 
/**
 * Its URL, such as `http://proxy.contoso.local:8080`.
 */
url: string, 
/**
 * Who logs in to it; empty where nobody has to.
 */
username: string, 
/**
 * The password.
 */
password: Secret, 
/**
 * Regular expressions of the URLs that are reached without it, or patterns with stars.
 */
bypass: Array<string>, };

export type Answer = { 
/**
 * The status code.
 */
status: number, 
/**
 * Names, in lower case, and values.
 */
headers: Array<[string, string]>, 
/**
 * The SHA-256 of the body, in lower case hex.
 */
sha256: string, };

export type Stream = "stdout" | "stderr";

export type Effect = { "type": "log", 
/**
 * How the log shows it.
 */
style: Style, 
/**
 * The line; see [`LogText`] for what it cannot contain.
 */
text: LogText, } | { "type": "setVariable", 
/**
 * One of the names under `outputVariables` in task.json.
 */
name: string, 
/**
 * Its value; it may have several lines.
 */
value: string, } | { "type": "setProgress", 
/**
 * From 0 to 100.
 */
percent: number, } | { "type": "summarise", 
/**
 * The page.
 */
markdown: string, } | { "type": "attach", 
/**
 * What kind of document it is; tools look for it.
 */
kind: string, 
/**
 * Its name.
 */
name: string, 
/**
 * The document.
 */
content: string, } | { "type": "readFile", 
/**
 * Its path, relative to `System.DefaultWorkingDirectory`.
 */
path: string, 
/**
 * The most that is wanted of it, in bytes; reading ends one byte later.
 */
limit: number, } | { "type": "saveFile", 
/**
 * Its path, relative to `System.DefaultWorkingDirectory`.
 */
path: string, 
/**
 * What it holds. No secret.
 */
content: string, } | { "type": "addBuildTag", 
/**
 * The tag.
 */
tag: string, } | { "type": "updateBuildNumber", 
/**
 * The number.
 */
number: string, } | { "type": "mask", 
/**
 * The text.
 */
secret: Secret, } | { "type": "writeFile", 
/**
 * The path of such a file that is to be written anew; `null` for a new one.
 */
path: string | null, 
/**
 * What it holds.
 */
content: Secret, } | { "type": "fetch", 
/**
 * The handle of the answer.
 */
call: number, 
/**
 * The request.
 */
request: Request, } | { "type": "sign", 
/**
 * The handle of the signed one.
 */
call: number, 
/**
 * What to sign, and with what.
 */
assertion: Assertion, } | { "type": "findTool", 
/**
 * Its name.
 */
name: string, 
/**
 * The name of the program's file.
 */
file: string, 
/**
 * Its version, as semver.org has them.
 */
version: string, } | { "type": "getTool", 
/**
 * Its name.
 */
name: string, 
/**
 * The name of the program's file.
 */
file: string, 
/**
 * Its version, as semver.org has them.
 */
version: string, 
/**
 * Where it is.
 */
url: string, 
/**
 * The SHA-256 that it has to have, in lower case hex.
 */
sha256: string, 
/**
 * The most that it can have, in bytes.
 */
limit: number, 
/**
 * How long the download may take, in milliseconds.
 */
timeoutMs: number, 
/**
 * The proxy that it goes by, with user and password in its URL; `null` for none.
 */
proxy: Secret | null, } | { "type": "spawn" } & Launch | { "type": "openGate" } & Launch | { "type": "send", 
/**
 * The handle of the answer.
 */
call: number, 
/**
 * The request.
 */
request: ApiRequest, } | { "type": "abort", 
/**
 * Which request.
 */
call: number, } | { "type": "kill", 
/**
 * Which process.
 */
process: number, } | { "type": "wake", 
/**
 * The handle to report.
 */
timer: number, 
/**
 * How long to wait, in milliseconds.
 */
afterMs: number, } | { "type": "finish", 
/**
 * The step's result.
 */
result: TaskResult, 
/**
 * One sentence for the result.
 */
message: LogText, };

export type Launch = { 
/**
 * The handle for all that is said of it.
 */
process: number, 
/**
 * The path of the program; `null` for the kubectl on PATH.
 */
program: string | null, 
/**
 * The arguments after the program's name.
 */
args: Array<string>, 
/**
 * Variables of its environment.
 */
env: { [key in string]: Secret }, };

export type Request = { 
/**
 * `GET`, `HEAD` or `POST`.
 */
method: string, 
/**
 * The absolute URL, `https://` or `http://`. A server that sends on may put a secret behind its
 * question mark.
 */
url: string, 
/**
 * Names and values.
 */
headers: Array<[string, Secret]>, 
/**
 * What is sent; empty for nothing.
 */
body: Secret, 
/**
 * The most that is wanted of the answer's body, in bytes; reading ends one byte later.
 */
limit: number, 
/**
 * How long the answer may take, in milliseconds.
 */
timeoutMs: number, 
/**
 * The proxy that it goes by, with user and password in its URL; `null` for none.
 */
proxy: Secret | null, };

export type ApiRequest = { 
/**
 * `GET`, `PATCH` or `DELETE`.
 */
method: string, 
/**
 * The path with its query, such as `/version`.
 */
path: string, 
/**
 * The media type of the body; empty where there is none.
 */
contentType: string, 
/**
 * What is sent; empty for nothing.
 */
body: string, };

export type Assertion = { 
/**
 * The certificate and its private key, as PEM.
 */
certificate: Secret, 
/**
 * Whom it is for: the URL of the token endpoint.
 */
audience: string, 
/**
 * Who says it: the client's id.
 */
issuer: string, };

export type Style = "plain" | "section" | "command" | "group" | "endgroup" | "warning" | "error" | "debug";

export type TaskResult = "Succeeded" | "SucceededWithIssues" | "Failed" | "Canceled";
