// Made from crate/src/protocol.rs by its tests. Do not edit.

export type LogText = string;

export type Event = { "started": { 
/**
 * The task's inputs by their names in task.json; an empty one may be missing.
 */
inputs: { [key in string]: string }, 
/**
 * The pipeline's public variables by their true names (`Build.BuildId`). No secrets.
 */
variables: { [key in string]: string }, } } | { "output": { 
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
 * What the system said; `null` when there is no such program on PATH.
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
number: string, } | { "type": "writeFile", 
/**
 * What it holds. It may be a secret.
 */
content: string, } | { "type": "spawn", 
/**
 * The handle for all that is said of it.
 */
process: number, 
/**
 * The arguments after the program's name.
 */
args: Array<string>, 
/**
 * Variables to add to its environment.
 */
env: { [key in string]: string }, } | { "type": "kill", 
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
result: Verdict, 
/**
 * One sentence for the result.
 */
message: LogText, };

export type Style = "plain" | "section" | "command" | "warning" | "error" | "debug";

export type Verdict = "Succeeded" | "SucceededWithIssues" | "Failed" | "Canceled";
